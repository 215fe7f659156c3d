"""Coordinate systems: what a text means, its units and datum, and whether numbers fit it."""

from __future__ import annotations

import math
import re
from functools import lru_cache
from typing import Literal

import msgspec
from pyproj import CRS, Transformer
from pyproj.exceptions import CRSError, ProjError

from layers.crs_guess import VIETNAM as VIETNAM
from layers.crs_guess import Candidate as Candidate
from layers.crs_guess import candidates as candidates
from layers.crs_guess import explain_candidates as explain_candidates
from layers.errors import CrsError
from layers.kinds.layer import Bounds

_OUTSIDE_DEGREES = 3.0
"""How far from a CRS's stated area data may lie before people are told."""
_LONGEST_TEXT = 100_000
_SHAPES = re.compile(r"[A-Za-z]{2,8}(_\d+)?:\S+|urn:|https?://www\.opengis\.net/|\+|\w+\s*\[|\{")
"""How a CRS begins; PROJ would take any text for the beginning of a name and search for it."""


class CrsInfo(msgspec.Struct, frozen=True, kw_only=True):
    """A coordinate system in words and numbers.

    Attributes
    ----------
    name : as the register or the file calls it
    authority : "EPSG:n" of the whole (compound included), "" where it has none
    is_projected : whether x and y are lengths, not degrees
    unit_name : horizontal unit: "metre", "US survey foot", "foot", "degree" …
    metres_per_unit : horizontal; NaN for degrees
    vertical_name : name of the vertical part, "" where there is none
    vertical_metres_per_unit : NaN where there is no vertical part
    area : where it is used, "" where unknown
    """

    name: str
    authority: str
    is_projected: bool
    unit_name: str
    metres_per_unit: float
    vertical_name: str
    vertical_metres_per_unit: float
    area: str


class Misfit(msgspec.Struct, frozen=True, kw_only=True):
    """Why numbers do not fit a CRS: "impossible" is an error, "outside" worth a notice."""

    severity: Literal["impossible", "outside"]
    sentence: str


def normalise(crs_text: str) -> str:
    """`crs_text` as "EPSG:n" where it is in the register, else as WKT.

    Understands "EPSG:n", "n", "EPSG:h+v", URNs, PROJ strings, WKT 1 and 2. A hand-written WKT
    whose name is an EPSG code counts as that code where projection, parameters and unit agree.

    Raises
    ------
    CrsError
        The text means no coordinate system.
    """
    return _as_text(_parse(crs_text))


def describe(crs: str) -> CrsInfo:
    """What is known about `crs`; raises `CrsError` as `normalise` does."""
    whole = _parse(crs)
    flat, vertical = _split(whole)
    unit, factor = _unit(flat)
    vertical_factor = math.nan
    vertical_name = ""
    if vertical is not None:
        vertical_name = vertical.name
        vertical_factor = float(vertical.axis_info[-1].unit_conversion_factor or 1.0)
    elif len(whole.axis_info) == 3 and not whole.is_geocentric:
        vertical_name = "ellipsoidal height"
        vertical_factor = float(whole.axis_info[2].unit_conversion_factor)
    area = whole.area_of_use or flat.area_of_use
    return CrsInfo(
        name=whole.name,
        authority=_authority(whole),
        is_projected=flat.is_projected,
        unit_name=unit,
        metres_per_unit=factor,
        vertical_name=vertical_name,
        vertical_metres_per_unit=vertical_factor,
        area=str(area.name) if area else "",
    )


def horizontal(crs: str) -> str:
    """The horizontal part of `crs`, normalised.

    Raises
    ------
    CrsError
        `crs` is geocentric or vertical only, or means nothing.
    """
    flat, _ = _split(_parse(crs))
    if flat.is_geocentric or flat.is_vertical:
        kind = "geocentric" if flat.is_geocentric else "vertical only"
        raise CrsError(
            f"{flat.name or 'The coordinate system'} is {kind}: it has no map plane",
            hint="State the projected coordinate system of the data, e.g. EPSG:5897 for Hanoi.",
            code="crs-not-horizontal",
        )
    return _as_text(flat)


@lru_cache(maxsize=64)
def transformer(src: str, dst: str) -> Transformer:
    """Transformation of float64 (x, y) = (east or longitude, north or latitude), kept for reuse.

    PROJ chooses the operation that is best where the data lies. Safe in threads.

    Raises
    ------
    CrsError
        Either text means nothing, or no transformation leads from one to the other.
    """
    try:
        return Transformer.from_crs(_parse(src), _parse(dst), always_xy=True)
    except ProjError as failure:
        raise CrsError(
            f"No way is known from {_short(src)} to {_short(dst)}",
            hint="Check the coordinate systems of the file and of the project.",
            code="crs-no-path",
        ) from failure


def misfit(crs: str, bounds: Bounds) -> Misfit | None:
    """Why `bounds` cannot, or should hardly, be coordinates in `crs`; None where they fit."""
    whole = _parse(crs)
    if not all(math.isfinite(value) for value in bounds):
        return Misfit(severity="impossible", sentence="The extent is not made of finite numbers")
    name = whole.name
    if whole.is_geocentric:
        # The Earth's surface is 6 353–6 385 km from its centre; no x, y of a map reach that
        # together with a small z, and none of our layers holds geocentric numbers.
        return Misfit(
            severity="impossible",
            sentence="The file claims geocentric coordinates, but holds those of a map",
        )
    flat, _ = _split(whole)
    low_x, low_y, high_x, high_y = bounds
    if flat.is_geographic and not (
        -360 <= low_x <= high_x <= 360 and -90.001 <= low_y <= high_y <= 90.001
    ):
        return Misfit(
            severity="impossible",
            sentence=f"{name} is in degrees, but the numbers reach {max(map(abs, bounds)):.0f}",
        )
    return _outside(flat, bounds)


def _outside(flat: CRS, bounds: Bounds) -> Misfit | None:
    middle = ((bounds[0] + bounds[2]) / 2, (bounds[1] + bounds[3]) / 2)
    lon, lat = transformer(_as_text(flat), "EPSG:4326").transform(*middle)
    if not (math.isfinite(lon) and math.isfinite(lat)):
        return Misfit(
            severity="impossible", sentence=f"The numbers lie outside what {flat.name} can map"
        )
    area = flat.area_of_use
    if area is None:
        return None
    west, east = area.west, area.east + (360 if area.east < area.west else 0)
    lon += 360 if lon < west - _OUTSIDE_DEGREES else 0
    inside = (
        west - _OUTSIDE_DEGREES <= lon <= east + _OUTSIDE_DEGREES
        and area.south - _OUTSIDE_DEGREES <= lat <= area.north + _OUTSIDE_DEGREES
    )
    if inside:
        return None
    return Misfit(
        severity="outside",
        sentence=f"By {flat.name} the data lies at {lon:.3f}° E, {lat:.3f}° N, "
        f"far from where that system is used ({_first_words(area.name)})",
    )


@lru_cache(maxsize=256)
def _parse(text: str) -> CRS:
    cleaned = text.strip().strip("\0").strip()
    if re.fullmatch(r"\d{4,6}", cleaned):
        cleaned = f"EPSG:{cleaned}"
    try:
        if len(cleaned) > _LONGEST_TEXT or not _SHAPES.match(cleaned):
            raise CRSError("of no shape that a coordinate system has")
        # Written out once and read again, a CRS says the same in the same words for ever after.
        settled = CRS.from_wkt(CRS.from_user_input(cleaned).to_wkt())
        return _recognised(settled)
    except (CRSError, ProjError, ValueError, UnicodeError) as failure:
        raise CrsError(
            f"{_short(text)} is not a coordinate system known here",
            hint="Give an EPSG code, e.g. EPSG:5897 (Hanoi) or EPSG:4326 (longitude, latitude).",
            code="crs-unknown",
        ) from failure


def _recognised(crs: CRS) -> CRS:
    """The register's own CRS where `crs` says the same without saying so."""
    named = re.fullmatch(r"EPSG:{1,2}(\d{4,6})", crs.name.strip(), flags=re.IGNORECASE)
    if named and crs.to_authority() is None:
        try:
            meant = CRS.from_epsg(int(named.group(1)))
        except CRSError:
            return crs
        if _same_projection(crs, meant):
            return meant
    return crs


def _same_projection(one: CRS, other: CRS) -> bool:
    """Same projection, parameters and units; datums may differ in name."""
    if not (one.is_projected and other.is_projected):
        return False
    first, second = one.coordinate_operation, other.coordinate_operation
    if first is None or second is None or first.method_name != second.method_name:
        return False
    if _unit(one)[1] != _unit(other)[1]:
        return False

    left, right = (
        {p.name: float(p.value) * float(p.unit_conversion_factor) for p in operation.params}
        for operation in (first, second)
    )
    return left.keys() == right.keys() and all(
        math.isclose(left[name], right[name], rel_tol=1e-9, abs_tol=1e-9) for name in left
    )


def _split(crs: CRS) -> tuple[CRS, CRS | None]:
    """Horizontal part and vertical part; a bound CRS of the register loses its binding."""
    if crs.is_compound:
        flat, *rest = crs.sub_crs_list
        vertical = rest[0] if rest else None
        if vertical is not None and vertical.is_bound and vertical.source_crs is not None:
            vertical = vertical.source_crs
        return _split(flat)[0], vertical
    if crs.is_bound and crs.source_crs is not None:
        # A bound CRS without a code keeps its binding: it is all that is known of its datum.
        if crs.source_crs.is_compound or crs.source_crs.to_authority() is not None:
            return _split(crs.source_crs)
        return crs, None
    if len(crs.axis_info) == 3 and not crs.is_geocentric:
        return crs.to_2d(), None
    return crs, None


def _unit(flat: CRS) -> tuple[str, float]:
    """Name of the horizontal unit, and its metres (NaN for degrees)."""
    inner = flat.source_crs if flat.is_bound and flat.source_crs is not None else flat
    if not inner.axis_info:
        return "metre", 1.0
    axis = inner.axis_info[0]
    if inner.is_geographic:
        return str(axis.unit_name), math.nan
    return str(axis.unit_name), float(axis.unit_conversion_factor)


def _authority(crs: CRS) -> str:
    # A bound CRS compares equal to its unbound source; its code would drop the binding silently.
    return "" if crs.is_bound else _code(str(crs.to_wkt()))


@lru_cache(maxsize=256)
def _code(wkt: str) -> str:
    """The register's code; kept, as the search takes 0.2 s where the WKT names none."""
    found = CRS.from_wkt(wkt).to_authority(auth_name="EPSG")
    return f"EPSG:{found[1]}" if found else ""


def _as_text(crs: CRS) -> str:
    return _authority(crs) or str(crs.to_wkt())


def _short(text: str) -> str:
    named = re.match(r'\s*\w+\s*\[\s*"([^"]{1,60})"', text)
    return named.group(1) if named else repr(text[:60])


def _first_words(area: str) -> str:
    return area if len(area) <= 60 else area[:57].rsplit(" ", 1)[0] + " …"
