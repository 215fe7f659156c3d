"""The rings of many polygons as flat arrays, cleaned so that every corner turns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from layers.errors import CityError

_MOST_PASSES = 100  # each pass takes one more fold off a spike; what is left is patched later


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rings:
    """Corners of all rings, one ring after the other, without the closing corner.

    The first ring of a polygon is its outline, counter-clockwise; the others are holes, clockwise.

    Attributes
    ----------
    xy : float64, shape (n, 2), metres from the origin; every number fits float32
    starts : int64, shape (rings + 1,), first corner of each ring
    polygons : int64, shape (polygons + 1,), first ring of each polygon
    owner : int64, shape (polygons,), ascending row of the geometry a polygon belongs to
    """

    xy: NDArray[np.float64]
    starts: NDArray[np.int64]
    polygons: NDArray[np.int64]
    owner: NDArray[np.int64]

    def following(self) -> NDArray[np.int64]:
        """Index of the next corner along the ring, shape (n,)."""
        return _neighbours(self.starts)[1]


def clean_rings(
    geometries: NDArray[np.object_], *, origin: tuple[float, float], grid: float = 0.0
) -> Rings:
    """Rings of `geometries` relative to `origin`, as they will stand in float32.

    Repeated corners, corners on a straight line and spikes are taken out: none of them changes the
    area, and each of them makes an ear-clipping triangulation leave gaps. Holes without area go,
    and polygons without area go with their holes, so a geometry may be left without any polygon.

    Parameters
    ----------
    geometries : Polygon or MultiPolygon, shape (n,); z is not read
    grid : metres; above zero, corners are whole multiples of it instead, counted in it

    Raises
    ------
    CityError
        A geometry of another type.
    """
    types = shapely.get_type_id(geometries)
    if not np.isin(types, (3, 6)).all():
        raise CityError(
            "Only areas can be made into solids or surfaces",
            hint="Leave points and lines out, or buffer them first.",
            code="not-areas",
        )
    if not len(geometries):
        empty = np.zeros(1, dtype=np.int64)
        return Rings(xy=np.zeros((0, 2)), starts=empty, polygons=empty, owner=empty[:0])
    xy, starts, polygons, owner = _flatten(geometries)
    local = xy - np.asarray(origin)
    local = np.rint(local / grid) if grid > 0 else local.astype(np.float32).astype(np.float64)
    keep = np.ones(len(local), dtype=bool)
    keep[starts[1:][np.diff(starts) > 0] - 1] = False  # a ring repeats its first corner at its end
    local, starts = _drop(local, starts, ~keep)
    local, starts = _straighten(local, starts)
    return _oriented(*_without_empty(local, starts, polygons, owner))


def ring_areas(xy: NDArray[np.float64], starts: NDArray[np.int64]) -> NDArray[np.float64]:
    """Signed area of each ring in square metres, positive counter-clockwise."""
    area = np.zeros(len(starts) - 1)
    length = np.diff(starts)
    filled = length > 0
    if filled.any():
        # relative to each ring's first corner: a small ring far out keeps its digits
        base = np.repeat(xy[starts[:-1][filled]], length[filled], axis=0)
        a, b = xy - base, xy[_neighbours(starts)[1]] - base
        doubled = a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]
        area[filled] = np.add.reduceat(doubled, starts[:-1][filled]) / 2
    return area


def corner_turns(xy: NDArray[np.float64], starts: NDArray[np.int64]) -> NDArray[np.float64]:
    """Cross product at each corner: above zero where the ring turns left, zero where straight.

    Exact for coordinates that fit float32: their differences and products fit float64.
    """
    before, after = _neighbours(starts)
    a, b, c = xy[before], xy, xy[after]
    turns: NDArray[np.float64] = (b[:, 0] - a[:, 0]) * (c[:, 1] - b[:, 1]) - (b[:, 1] - a[:, 1]) * (
        c[:, 0] - b[:, 0]
    )
    return turns


def spans(starts: NDArray[Any], lengths: NDArray[Any]) -> NDArray[np.int64]:
    """`starts[i] … starts[i] + lengths[i] − 1` for all i, one after the other."""
    ends = np.cumsum(lengths)
    total = int(ends[-1]) if len(ends) else 0
    shift = np.repeat(np.asarray(starts, dtype=np.int64) - (ends - lengths), lengths)
    flat: NDArray[np.int64] = np.arange(total, dtype=np.int64) + shift
    return flat


def _flatten(
    geometries: NDArray[np.object_],
) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    _, xy, offsets = shapely.to_ragged_array(geometries, include_z=False)
    starts, polygons = (np.asarray(part, dtype=np.int64) for part in offsets[:2])
    if len(offsets) == 3:
        parts_until = np.asarray(offsets[2], dtype=np.int64)
    else:
        parts_until = np.arange(len(geometries) + 1)
    parts = parts_until[1:] - parts_until[:-1]
    return xy, starts, polygons, np.repeat(np.arange(len(geometries)), parts)


def _neighbours(starts: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Index of the corner before and after each corner, along its own ring."""
    filled = np.diff(starts) > 0
    first, last = starts[:-1][filled], starts[1:][filled] - 1
    total = int(starts[-1])
    before, after = np.arange(-1, total - 1), np.arange(1, total + 1)
    before[first] = last
    after[last] = first
    return before, after


def _drop(
    xy: NDArray[np.float64], starts: NDArray[np.int64], gone: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    kept = np.concatenate([[0], np.cumsum(~gone)])
    return xy[~gone], kept[starts]


def _straighten(
    xy: NDArray[np.float64], starts: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    for _ in range(_MOST_PASSES):
        same = (xy == xy[_neighbours(starts)[1]]).all(axis=1)
        if same.any():
            xy, starts = _drop(xy, starts, same)
        # without repeats, neighbouring corners that both lie straight lie on one line, so that
        # taking them out together loses no corner
        straight = corner_turns(xy, starts) == 0
        if straight.any():
            xy, starts = _drop(xy, starts, straight)
        elif not same.any():
            break
    return xy, starts


def _without_empty(
    xy: NDArray[np.float64],
    starts: NDArray[np.int64],
    polygons: NDArray[np.int64],
    owner: NDArray[np.int64],
) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    length = np.diff(starts)
    good = (length >= 3) & (ring_areas(xy, starts) != 0)
    polygon_of = np.repeat(np.arange(len(owner)), np.diff(polygons))
    outline = np.zeros(len(length), dtype=bool)
    has_ring = np.diff(polygons) > 0
    outline[polygons[:-1][has_ring]] = True
    standing = np.zeros(len(owner), dtype=bool)
    standing[polygon_of[outline & good]] = True
    good &= standing[polygon_of]
    xy, _ = _drop(xy, starts, np.repeat(~good, length))
    starts = np.concatenate([[0], np.cumsum(length[good])])
    rings = np.bincount(polygon_of[good], minlength=len(owner))[standing]
    return xy, starts, np.concatenate([[0], np.cumsum(rings)]), owner[standing]


def _oriented(
    xy: NDArray[np.float64],
    starts: NDArray[np.int64],
    polygons: NDArray[np.int64],
    owner: NDArray[np.int64],
) -> Rings:
    outline = np.zeros(len(starts) - 1, dtype=bool)
    outline[polygons[:-1]] = True
    wrong = (ring_areas(xy, starts) > 0) != outline
    if wrong.any():
        length = np.diff(starts)
        turned = np.repeat(wrong, length)
        mirror = np.repeat(starts[:-1] + starts[1:] - 1, length)
        order = np.arange(len(xy))
        order[turned] = mirror[turned] - order[turned]
        xy = xy[order]
    return Rings(xy=xy, starts=starts, polygons=polygons, owner=owner)
