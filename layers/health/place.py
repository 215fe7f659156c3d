"""What a CRS says about place and size: parsed once, true metres per unit at a place."""

from __future__ import annotations

import functools

import pyproj
from pyproj.exceptions import CRSError, ProjError

from layers.crs import transformer
from layers.errors import CrsError
from layers.kinds.layer import Bounds

_STEP = 1e-4
"""Part of the extent, or of a degree, over which the scale is measured."""


@functools.lru_cache(maxsize=64)
def parsed(crs: str) -> pyproj.CRS | None:
    """The CRS, None where PROJ does not understand it."""
    try:
        return pyproj.CRS.from_user_input(crs)
    except CRSError:
        return None


def same_place(first: str, second: str) -> bool:
    """Whether numbers in two CRSs may be compared as they are."""
    if first == second:
        return True
    one, other = parsed(first), parsed(second)
    return one is not None and other is not None and bool(one.equals(other, ignore_axis_order=True))


def lonlat(crs: str, xy: tuple[tuple[float, float], ...]) -> tuple[tuple[float, float], ...] | None:
    """Positions as WGS 84 longitude and latitude; None where they cannot be brought there."""
    try:
        to_wgs = transformer(crs, "EPSG:4326")
        xs, ys = to_wgs.transform([x for x, _ in xy], [y for _, y in xy])
    except (ProjError, CrsError):
        return None
    return tuple(zip(map(float, xs), map(float, ys), strict=True))


@functools.lru_cache(maxsize=256)
def metres_per_unit(crs: str, bounds: Bounds) -> tuple[float, float]:
    """Metres on the ground that one unit of x and of y is worth in the middle of `bounds`.

    Measured on the WGS 84 ellipsoid (Karney 2013, through PROJ), so that degrees, feet and the
    stretched metres of web Mercator all come out as metres. A scale within half a per cent of 1 is
    taken as 1: a UTM zone's own scale shall not change what "1 m²" means to its users.
    """
    x, y = (bounds[0] + bounds[2]) / 2, (bounds[1] + bounds[3]) / 2
    system = parsed(crs)
    step = _STEP if system is not None and system.is_geographic else 1.0
    corners = lonlat(crs, ((x, y), (x + step, y), (x, y + step)))
    if corners is None or not all(abs(value) <= 360 for corner in corners for value in corner):
        return (1.0, 1.0)
    middle, east, north = corners
    geod = pyproj.Geod(ellps="WGS84")
    scales = tuple(float(geod.inv(*middle, *other)[2]) / step for other in (east, north))
    return (_neat(scales[0]), _neat(scales[1]))


def _neat(scale: float) -> float:
    return scale if abs(scale - 1) > 0.005 and scale > 0 else 1.0
