"""Broken geometry made valid where that is possible, and counted always."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray

from layers.notices import Notice, Severity
from layers.readers.tangle import MOST_CROSSINGS, MOST_FOR_LINEWORK, crossings

Geometries = NDArray[np.object_]

LEAST_TANGLED = 300
"""Outlines with fewer corners cannot cross themselves too often to be repaired."""
SLIVER_M2 = 1.0
"""An area smaller than this is no building, plot or pond but a slip of drawing."""

_PLACE = re.compile(r"\[([^\s\]]+) ([^\s\]]+)")


class Repaired(NamedTuple):
    """What `repaired` kept.

    Attributes
    ----------
    geometry : object array (n,) of valid, finite, non-empty geometries
    rows : intp (n,), the row of the input each of them comes from
    notices : what was repaired, dropped or noticed
    """

    geometry: Geometries
    rows: NDArray[np.intp]
    notices: tuple[Notice, ...]


def from_wkb(wkb: ArrayLike, *, source: str = "") -> tuple[Geometries, tuple[Notice, ...]]:
    """Geometries of WKB, shape (n,); None where there is none or it is beyond repair.

    Rings that are not closed are closed; rings of fewer than four points cannot be.
    """
    raw = np.asarray(wkb, dtype=object)
    geometry: Geometries = np.asarray(shapely.from_wkb(raw, on_invalid="ignore"), dtype=object)
    broken = np.flatnonzero(_present(raw) & ~_present(geometry))
    if not len(broken):
        return geometry, ()
    geometry = geometry.copy()
    geometry[broken] = _closed(raw[broken])
    hopeless = broken[~_present(geometry[broken])]
    closed = broken[_present(geometry[broken])]
    found = [
        _notice("rings-closed", "outlines were not closed and have been", geometry, closed, source),
        _notice(
            "rings-broken",
            "geometries have rings of too few points or damaged bytes and were left out",
            geometry,
            hopeless,
            source,
        ),
    ]
    return geometry, tuple(notice for notice in found if notice is not None)


def repaired(geometry: ArrayLike, *, source: str = "") -> Repaired:
    """The usable ones of `geometry`, made valid (OGC 06-103r4, 6.1), with notices.

    Null, empty, infinite and collapsed ones are left out. Areas lose their heights; points and
    lines keep theirs where any differs from zero. Of a mixed collection the parts of the highest
    dimension stay. Duplicates are counted, not removed.
    """
    given: Geometries = np.asarray(geometry, dtype=object)
    notices: list[Notice | None] = []
    rows = np.arange(len(given))

    def drop(bad: NDArray[np.bool_], code: str, what: str) -> None:
        nonlocal given, rows
        notices.append(_notice(code, what, given, np.flatnonzero(bad), source))
        given, rows = given[~bad], rows[~bad]

    drop(~_present(given), "geometry-missing", "rows have no geometry and were left out")
    drop(shapely.is_empty(given), "geometry-empty", "geometries are empty and were left out")
    drop(
        ~_finite(given), "coordinates-not-finite", "geometries lie at no real place; were left out"
    )
    given, mixed = _of_one_dimension(given)
    notices.append(
        _notice(
            "collections-reduced",
            "mixed collections were reduced to their parts of the highest dimension",
            given,
            mixed,
            source,
            severity="info",
        )
    )
    given, flattened = _with_sensible_heights(given)
    notices.append(
        _notice(
            "heights-dropped",
            "areas carry heights, which were dropped",
            given,
            flattened,
            source,
            severity="info",
        )
    )
    drop(
        _tangled(given),
        "geometry-tangled",
        "areas cross themselves thousands of times and could not be repaired; were left out",
    )
    given, notice = _made_valid(given, source)
    notices.append(notice)
    drop(
        shapely.is_empty(given),
        "geometry-collapsed",
        "geometries have no extent (areas without area, lines without length); were left out",
    )
    notices.append(_duplicates(given, source))
    return Repaired(given, rows, tuple(notice for notice in notices if notice is not None))


def polygons_only(geometry: ArrayLike) -> Geometries:
    """Each geometry reduced to its Polygon or MultiPolygon; an empty Polygon where it has none."""
    given: Geometries = np.asarray(geometry, dtype=object)
    kinds = shapely.get_type_id(given)
    other = np.flatnonzero((kinds != 3) & (kinds != 6))
    if not len(other):
        return given
    result = given.copy()
    for row in other:
        result[row] = _parts_of_dimension(given[row], 2)
    return result


def slivers(geometry: ArrayLike, *, source: str = "") -> Notice | None:
    """A notice of areas under `SLIVER_M2`, or None; coordinates must be in metres."""
    given: Geometries = np.asarray(geometry, dtype=object)
    small = (shapely.get_dimensions(given) == 2) & (shapely.area(given) < SLIVER_M2)
    return _notice(
        "slivers",
        f"areas are smaller than {SLIVER_M2:g} m²",
        given,
        np.flatnonzero(small),
        source,
        hint="They are kept; remove them if they are slips of drawing.",
    )


def merged(notices: Iterable[Notice]) -> tuple[Notice, ...]:
    """Notices of the same code, sentence and source as one, with their counts added."""
    found: dict[tuple[str, str, str], Notice] = {}
    for notice in notices:
        key = (notice.code, notice.source, notice.hint)
        before = found.get(key)
        if before is None:
            found[key] = notice
        else:
            total = before.count + notice.count
            what = re.sub(r"^\d+ ", f"{total} ", before.what)
            found[key] = Notice(
                code=before.code,
                what=what,
                hint=before.hint,
                source=before.source,
                count=total,
                severity=before.severity,
                where=before.where or notice.where,
            )
    return tuple(found.values())


def _present(values: NDArray[np.object_]) -> NDArray[np.bool_]:
    return np.fromiter((value is not None for value in values), dtype=bool, count=len(values))


def _closed(raw: NDArray[np.object_]) -> Geometries:
    try:
        return np.asarray(shapely.from_wkb(raw, on_invalid="fix"), dtype=object)
    except (TypeError, ValueError):  # shapely < 2.1 knows no "fix"
        return np.full(len(raw), None, dtype=object)


def _finite(geometry: Geometries) -> NDArray[np.bool_]:
    good = np.ones(len(geometry), dtype=bool)
    places, rows = shapely.get_coordinates(geometry, return_index=True)
    good[rows[~np.isfinite(places).all(axis=1)]] = False
    return good


def _of_one_dimension(geometry: Geometries) -> tuple[Geometries, NDArray[np.intp]]:
    collections = np.flatnonzero(shapely.get_type_id(geometry) == 7)
    if not len(collections):
        return geometry, collections
    result = geometry.copy()
    for row in collections:
        result[row] = _parts_of_dimension(geometry[row], shapely.get_dimensions(geometry[row]))
    return result, collections


def _parts_of_dimension(geometry: Any, dimension: int) -> Any:
    parts = shapely.get_parts(geometry)
    while (shapely.get_type_id(parts) >= 4).any():
        parts = shapely.get_parts(parts)
    parts = parts[shapely.get_dimensions(parts) == dimension]
    if len(parts) == 1:
        return parts[0]
    gather = (shapely.multipoints, shapely.multilinestrings, shapely.multipolygons)[dimension]
    return gather(parts) if len(parts) else shapely.Polygon()


def _with_sensible_heights(geometry: Geometries) -> tuple[Geometries, NDArray[np.intp]]:
    """Areas in 2D; points and lines in 3D where the layer has any height but zero.

    The rows given back are areas whose heights said something.
    """
    tall = shapely.has_z(geometry)
    if not tall.any():
        return shapely.force_2d(geometry), np.empty(0, dtype=np.intp)
    places, index = shapely.get_coordinates(geometry[tall], include_z=True, return_index=True)
    telling = np.zeros(len(geometry), dtype=bool)
    real = np.isfinite(places[:, 2]) & (places[:, 2] != 0)
    telling[np.flatnonzero(tall)[np.unique(index[real])]] = True
    area = shapely.get_dimensions(geometry) == 2
    result = geometry.copy()
    keep_lines = bool((telling & ~area).any())
    flat = area | ~tall if keep_lines else np.ones(len(geometry), dtype=bool)
    result[flat] = shapely.force_2d(geometry[flat])
    return result, np.flatnonzero(telling & area)


def _tangled(geometry: Geometries) -> NDArray[np.bool_]:
    tangled = np.zeros(len(geometry), dtype=bool)
    bad = (shapely.get_dimensions(geometry) == 2) & ~shapely.is_valid(geometry)
    for row in np.flatnonzero(bad & (shapely.get_num_coordinates(geometry) > LEAST_TANGLED)):
        tangled[row] = crossings(geometry[row]) > MOST_CROSSINGS
    return tangled


def _made_valid(geometry: Geometries, source: str) -> tuple[Geometries, Notice | None]:
    bad = np.flatnonzero(~shapely.is_valid(geometry))
    if not len(bad):
        return geometry, None
    result = geometry.copy()
    for row in bad:
        result[row] = _valid(geometry[row])
    bad = bad[~shapely.is_empty(result[bad])]  # what is left of the others is told as collapsed
    if not len(bad):
        return result, None
    reasons = shapely.is_valid_reason(geometry[bad])
    kinds: dict[str, int] = {}
    for reason in reasons:
        kind = reason.split("[")[0].strip().lower()
        kinds[kind] = kinds.get(kind, 0) + 1
    told = ", ".join(f"{kind} {count}×" for kind, count in sorted(kinds.items()))
    place = _PLACE.search(reasons[0])
    return result, Notice(
        code="rings-repaired",
        what=f"{len(bad)} geometries were not valid and have been repaired ({told})",
        source=source,
        count=len(bad),
        where=(float(place[1]), float(place[2])) if place else None,
    )


def _valid(geometry: Any) -> Any:
    """`geometry` made valid in its own dimension; empty where nothing of it is left.

    "structure" keeps shells and holes what they were and counts no area twice; where it loses
    more than "linework" finds (loops wound the wrong way), the latter is taken.
    """
    dimension = shapely.get_dimensions(geometry)
    if dimension == 1:
        parts = shapely.get_parts(geometry)
        whole = parts[shapely.is_valid(parts)]
        return shapely.multilinestrings(whole) if len(whole) else shapely.LineString()
    found = []
    ways: tuple[dict[str, Any], ...] = (
        {"method": "structure", "keep_collapsed": False},
        {"method": "linework"},
    )
    if dimension == 2 and crossings(geometry) > MOST_FOR_LINEWORK:
        ways = ways[:1]
    for way in ways:
        try:
            valid: Any = shapely.make_valid(geometry, **way)
        except shapely.errors.GEOSException:
            continue
        found.append(_parts_of_dimension(valid, dimension))
    if not found:
        return shapely.Polygon()
    if dimension == 2 and len(found) == 2 and found[0].area < 0.5 * found[1].area:
        return found[1]
    return found[0]


def _duplicates(geometry: Geometries, source: str) -> Notice | None:
    seen: set[bytes] = set()
    again: list[int] = []
    for row, raw in enumerate(shapely.to_wkb(shapely.normalize(geometry))):
        if raw in seen:
            again.append(row)
        seen.add(raw)
    return _notice(
        "duplicates",
        "geometries are exact copies of another",
        geometry,
        np.array(again, dtype=np.intp),
        source,
        hint="They are kept; remove them if they are no separate things.",
    )


def _notice(
    code: str,
    what: str,
    geometry: Geometries,
    rows: NDArray[np.intp],
    source: str,
    *,
    hint: str = "",
    severity: Severity = "warning",
) -> Notice | None:
    if not len(rows):
        return None
    return Notice(
        code=code,
        what=f"{len(rows)} {what}",
        hint=hint,
        source=source,
        count=len(rows),
        severity=severity,
        where=_place(geometry[rows]),
    )


def _place(geometry: Geometries) -> tuple[float, float] | None:
    places = shapely.get_coordinates(geometry)
    places = places[np.isfinite(places).all(axis=1)]
    return (float(places[0, 0]), float(places[0, 1])) if len(places) else None
