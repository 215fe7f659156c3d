"""Where the sun stands, and the light and sky that follow from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from layers.errors import CityError
from viewers.scene.night import lit_shares

if TYPE_CHECKING:
    from pyproj import Transformer

Vector = NDArray[np.float64]
REFRACTION_AT_RISE = 0.5667
"""Degrees, of the sun at the horizon; below it no refraction is applied."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SunPosition:
    """Degrees; azimuth clockwise from true north; elevation corrected for refraction."""

    azimuth: float
    elevation: float


def sun_position(
    latitude: float,
    longitude: float,
    when: datetime,
    *,
    altitude: float = 0.0,
    pressure: float | None = None,
    temperature: float = 20.0,
    delta_t: float = 69.2,
) -> SunPosition:
    """Sun over a place.

    Parameters
    ----------
    latitude, longitude : degrees, WGS 84
    when : with an offset from UTC
    altitude : metres above sea level
    pressure : pascals, None for the standard atmosphere at `altitude`
    temperature : °C
    delta_t : seconds between terrestrial time and UT1

    Notes
    -----
    NREL SPA through pvlib: Reda & Andreas 2004, *Solar position algorithm for solar radiation
    applications*, Solar Energy 76(5).

    Raises
    ------
    CityError
        `when` does not say its offset from UTC.
    """
    if when.tzinfo is None:
        raise CityError(
            "The sun needs a time with its offset from UTC", hint="Write 2026-06-21T09:30+07:00."
        )
    if pressure is None:
        pressure = 101325.0 * (1.0 - 2.25577e-5 * altitude) ** 5.25588
    _, _, elevation, _, azimuth, _ = _spa().solar_position(
        np.array([when.timestamp()]), latitude, longitude, altitude, pressure / 100.0,
        temperature, delta_t, REFRACTION_AT_RISE,
    )  # fmt: skip
    return SunPosition(azimuth=float(azimuth[0]), elevation=float(elevation[0]))


@lru_cache(maxsize=1)
def _spa() -> Any:
    """pvlib's module of the algorithm alone: the whole package would cost the first picture 2 s."""
    package = find_spec("pvlib")
    if package is None or not package.submodule_search_locations:
        raise CityError("pvlib is not installed", hint="Install it: pip install pvlib.")
    path = Path(package.submodule_search_locations[0]) / "spa.py"
    spec = spec_from_file_location("pvlib_spa_alone", path)
    assert spec is not None and spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@lru_cache(maxsize=32)
def _to_geographic(crs: str) -> Transformer:
    from pyproj import Transformer

    return Transformer.from_crs(crs, "EPSG:4326", always_xy=True)


@lru_cache(maxsize=32)
def place_of(crs: str, x: float, y: float) -> tuple[float, float, float]:
    """Latitude, longitude and grid convergence there, degrees.

    Grid convergence is the azimuth of the grid's north, clockwise from true north. Kept, since PROJ
    prepares a transformation for each thread anew: a worker may ask first.
    """
    transform = _to_geographic(crs).transform
    lon, lat = transform(x, y)
    lon_north, lat_north = transform(x, y + 100.0)
    if not np.all(np.isfinite([lon, lat, lon_north, lat_north])):
        raise CityError("The place of this city on Earth could not be found", code="crs-missing")
    # A degree of longitude and one of latitude differ on the ellipsoid (GRS 80: e² = 0.00669438).
    flat = (1 - 0.00669438 * np.sin(np.radians(lat)) ** 2) / (1 - 0.00669438)
    east = (lon_north - lon) * np.cos(np.radians(lat)) * flat
    return float(lat), float(lon), float(np.degrees(np.arctan2(east, lat_north - lat)))


def direction(azimuth: float, elevation: float, *, convergence: float = 0.0) -> Vector:
    """Unit vector towards the sun in scene axes (x east of the grid, y its north, z up)."""
    grid, high = np.radians(azimuth - convergence), np.radians(elevation)
    return np.array(
        [np.sin(grid) * np.cos(high), np.cos(grid) * np.cos(high), np.sin(high)], dtype=np.float64
    )


def sun_vector(crs: str, x: float, y: float, when: datetime) -> Vector:
    """Unit vector towards the sun over world (x, y), scene axes."""
    latitude, longitude, convergence = place_of(crs, x, y)
    sun = sun_position(latitude, longitude, when)
    return direction(sun.azimuth, sun.elevation, convergence=convergence)


def sun_vectors(crs: str, x: float, y: float, times: Sequence[datetime]) -> Vector:
    """Unit vectors (n, 3) towards the sun over world (x, y) at many times, scene axes."""
    latitude, longitude, convergence = place_of(crs, x, y)
    seconds = np.array([when.timestamp() for when in times])
    _, _, elevation, _, azimuth, _ = _spa().solar_position(
        seconds, latitude, longitude, 0.0, 1013.25, 20.0, 69.2, REFRACTION_AT_RISE
    )
    grid, high = np.radians(azimuth - convergence), np.radians(elevation)
    return np.column_stack([np.sin(grid) * np.cos(high), np.cos(grid) * np.cos(high), np.sin(high)])


@dataclass(frozen=True, slots=True, kw_only=True)
class Atmosphere:
    """Linear light and sky colours of one moment; each (r, g, b)."""

    sun: tuple[float, float, float]
    sun_light: tuple[float, float, float]
    sky_light: tuple[float, float, float]
    bounce_light: tuple[float, float, float]
    zenith: tuple[float, float, float]
    horizon: tuple[float, float, float]
    glow: tuple[float, float, float]
    night: float
    lit: tuple[float, float, float]
    """Shares of the windows of homes, offices and shops that are lit, where it is dark."""


# Elevation in degrees; colours are linear. Chosen by eye: warm low sun, calm blue noon.
_STOPS = np.array([-18.0, -6.0, 0.0, 8.0, 25.0, 60.0, 90.0])
_SUN = [(0, 0, 0), (0, 0, 0), (0.30, 0.11, 0.03), (0.82, 0.50, 0.27), (0.98, 0.82, 0.63),
        (0.98, 0.88, 0.75), (0.98, 0.89, 0.77)]  # fmt: skip
_AMBIENT = [(0.040, 0.050, 0.092), (0.05, 0.07, 0.125), (0.14, 0.16, 0.23), (0.24, 0.27, 0.35),
            (0.30, 0.345, 0.43), (0.33, 0.375, 0.455), (0.335, 0.38, 0.46)]  # fmt: skip
_BOUNCE = [(0.018, 0.020, 0.028), (0.032, 0.032, 0.042), (0.09, 0.08, 0.08), (0.19, 0.16, 0.135),
           (0.27, 0.24, 0.205), (0.29, 0.265, 0.23), (0.29, 0.265, 0.23)]  # fmt: skip
_ZENITH = [(0.008, 0.012, 0.035), (0.03, 0.05, 0.13), (0.10, 0.17, 0.33), (0.17, 0.30, 0.53),
           (0.15, 0.33, 0.64), (0.14, 0.32, 0.64), (0.14, 0.32, 0.64)]  # fmt: skip
_HORIZON = [(0.070, 0.074, 0.115), (0.13, 0.135, 0.20), (0.43, 0.37, 0.375), (0.66, 0.63, 0.60),
            (0.84, 0.84, 0.81), (0.82, 0.85, 0.84), (0.82, 0.85, 0.84)]  # fmt: skip
_GLOW = [(0, 0, 0), (0.26, 0.12, 0.07), (0.9, 0.42, 0.14), (0.75, 0.48, 0.24),
         (0.42, 0.33, 0.22), (0.30, 0.27, 0.20), (0.30, 0.27, 0.20)]  # fmt: skip


def atmosphere(sun: Vector, *, theme: str = "light", hour: float = 20.0) -> Atmosphere:
    """Light and sky for a unit vector towards the sun at a local hour; the dark theme dims sky and haze."""
    elevation = float(np.degrees(np.arcsin(np.clip(sun[2], -1.0, 1.0))))

    def at(
        stops: list[tuple[float, float, float]], factor: float = 1.0
    ) -> tuple[float, float, float]:
        table = np.array(stops, dtype=float)
        r, g, b = (float(np.interp(elevation, _STOPS, table[:, i])) * factor for i in range(3))
        return (r, g, b)

    # The eye adapts: a low sun leaves the city nearly as bright as a high one.
    level = float(np.dot(at(_SUN), (0.3, 0.5, 0.2))) * max(float(sun[2]), 0.0)
    level += float(np.dot(at(_AMBIENT), (0.3, 0.5, 0.2)))
    open_up = float(np.clip((1.12 / max(level, 1e-3)) ** 0.65, 1.0, 1.55))
    dim = 0.22 if theme == "dark" else 1.0
    return Atmosphere(
        sun=(float(sun[0]), float(sun[1]), float(sun[2])),
        sun_light=at(_SUN, open_up),
        sky_light=at(_AMBIENT, open_up),
        bounce_light=at(_BOUNCE, open_up),
        zenith=at(_ZENITH, dim * 0.8 if dim < 1 else 1.0),
        horizon=at(_HORIZON, dim * 0.6 if dim < 1 else 1.0),
        glow=at(_GLOW, 0.5 if dim < 1 else 1.0),
        night=float(np.clip((2.0 - elevation) / 8.0, 0.0, 1.0)),
        lit=lit_shares(hour),
    )
