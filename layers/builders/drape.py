"""Areas and lines laid on the ground."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray

from layers.arrays import frozen
from layers.builders.ground import sample
from layers.builders.inside import moved
from layers.builders.ribbons import ribbons
from layers.builders.rings import clean_rings, spans
from layers.builders.seams import without_hanging
from layers.builders.triangulate import triangulate
from layers.errors import CityError
from layers.kinds.elevation import ElevationLayer

Origin = tuple[float, float, float]
Clip = Callable[
    [NDArray[np.object_], NDArray[np.float64], int, NDArray[np.float64], float],
    NDArray[np.object_],
]
"""(areas, their boxes, axis, start of each one's strip, size) → what lies in the strips."""
STEP_M = 3.0
"""Areas and lines are cut at least this often to follow the ground."""
FLAT_M = 0.05
"""Metres from a plane within which ground counts as flat: pieces are cut no finer there.

Triangles pass through the ground at their corners, so they differ from it by up to twice as much.
"""
WIDEST_FLAT = 64
"""Cells along the side of the largest block that is looked at for being flat."""
MOST_SAMPLES = 2_000_000
MOST_PIECES = 120_000
"""Areas are cut coarser rather than into more pieces than this."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SurfaceBatch:
    """Many surfaces in one set of arrays.

    Attributes
    ----------
    vertices : float32, shape (v, 3), metres from the origin they were made for
    triangles : int32, shape (t, 3), counter-clockwise from above
    face_row : int32, shape (t,), ascending row of the geometry each triangle belongs to
    """

    vertices: NDArray[np.float32]
    triangles: NDArray[np.int32]
    face_row: NDArray[np.int32]

    def __post_init__(self) -> None:
        for name, dtype, ndim in (
            ("vertices", np.float32, 2),
            ("triangles", np.int32, 2),
            ("face_row", np.int32, 1),
        ):
            values = frozen(getattr(self, name), dtype=dtype, ndim=ndim, name=name)
            object.__setattr__(self, name, values)


def drape_areas(
    geometries: NDArray[np.object_],
    ground: ElevationLayer | None,
    *,
    origin: Origin,
    lift: float = 0.05,
    step: float = STEP_M,
    flat: float = FLAT_M,
) -> SurfaceBatch:
    """Areas as triangles that lie `lift` metres above `ground`.

    Areas are cut along a square mesh so that they bend with the ground. Its lines are lines of
    `terrain_mesh` of the same `ground`, every `step` metres or every cell where these are wider, or
    as `MOST_PIECES` allows; wider where the ground is flat within `flat` metres. Where it is coarser
    than the ground's cells, humps between its lines stand through by up to twice that much with
    flat ground, by more else: drape over the `decimated` ground that is drawn.

    Parameters
    ----------
    geometries : Polygon or MultiPolygon, shape (n,); others give no triangles
    ground : terrain in the same CRS; None is flat at 0. Beyond its edge it goes on level
    """
    geometries = np.asarray(geometries, dtype=object)
    rows = np.flatnonzero(np.isin(shapely.get_type_id(geometries), (3, 6)))
    areas = shapely.force_2d(geometries[rows])
    if ground is not None and len(areas):
        corner = (ground.west + ground.cell_x / 2, ground.north - ground.cell_y / 2, 0.0)
        which, areas = _cut(moved(areas, corner), _whole_cells(step, ground), ground, flat)
        areas, rows = moved(areas, (-corner[0], -corner[1], 0.0)), rows[which]
    rings = clean_rings(areas, origin=origin[:2])
    triangles, polygon, _ = triangulate(rings)
    if ground is not None:
        triangles, polygon = without_hanging(rings.xy, triangles, polygon)
        order = np.argsort(polygon, kind="stable")
        triangles, polygon = triangles[order], polygon[order]
    vertices = _laid(rings.xy + origin[:2], ground, origin, lift)
    return SurfaceBatch(
        vertices=vertices,
        triangles=triangles.astype(np.int32),
        face_row=rows[rings.owner[polygon]].astype(np.int32),
    )


def drape_lines(
    geometries: NDArray[np.object_],
    widths_m: ArrayLike,
    ground: ElevationLayer | None,
    *,
    origin: Origin,
    lift: float = 0.08,
    step: float = STEP_M,
    flat: float = FLAT_M,
) -> SurfaceBatch:
    """Lines as ribbons with mitred joins that lie `lift` metres above `ground`.

    Parameters
    ----------
    geometries : LineString or MultiLineString, shape (n,); others give no triangles
    widths_m : one width for all or one for each, metres, above zero

    Raises
    ------
    CityError
        A width that is not above zero.
    """
    geometries = np.asarray(geometries, dtype=object)
    widths = np.broadcast_to(np.asarray(widths_m, dtype=np.float64), geometries.shape)
    if not (widths > 0).all():
        raise CityError("A line needs a width above zero to be drawn on the ground")
    fitting = np.flatnonzero(np.isin(shapely.get_type_id(geometries), (1, 2, 5)))
    lines, part = shapely.get_parts(shapely.force_2d(geometries[fitting]), return_index=True)
    rows = fitting[part]
    if ground is not None:
        lines = _bent(lines, ground, max(step, ground.cell_x, ground.cell_y), flat)
    xy, triangles, line = ribbons(lines, widths[rows])
    return SurfaceBatch(
        vertices=_laid(xy, ground, origin, lift),
        triangles=triangles.astype(np.int32),
        face_row=rows[line].astype(np.int32),
    )


def _bent(
    lines: NDArray[np.object_], ground: ElevationLayer, step: float, flat: float
) -> NDArray[np.object_]:
    """`lines` with corners every `step` metres on segments that leave the ground by more than
    `flat` metres; the others stay as they are."""
    xy, line = shapely.get_coordinates(lines, return_index=True)
    own = np.zeros(len(xy), dtype=bool)  # starts a segment of its line
    own[:-1] = line[1:] == line[:-1]
    length = np.zeros(len(xy))
    length[:-1] = np.hypot(*np.diff(xy, axis=0).T)
    parts = np.where(own, np.maximum(np.ceil(length / step), 1), 1).astype(np.int64)
    segment = np.repeat(np.arange(len(xy)), parts)
    share = spans(np.zeros_like(parts), parts) / parts[segment]
    following = np.minimum(segment + 1, len(xy) - 1)
    fine = xy[segment] + (xy[following] - xy[segment]) * share[:, None]
    z = _heights(fine, ground)
    ends = _heights(xy, ground)
    straight = ends[segment] + (ends[following] - ends[segment]) * share
    # Where nothing is known, nothing bends.
    rough = np.zeros(len(xy), dtype=bool)
    rough[segment[np.abs(z - straight) > flat]] = True
    kept = (share == 0) | rough[segment]
    bent: NDArray[np.object_] = lines.copy()  # those without a corner stay
    return np.asarray(shapely.linestrings(fine[kept], indices=line[segment[kept]], out=bent))


def _heights(xy: NDArray[np.float64], ground: ElevationLayer) -> NDArray[np.float64]:
    west, south, east, north = ground.bounds
    return sample(ground, np.clip(xy, (west, south), (east, north)))


def _cut(
    areas: NDArray[np.object_], step: float, ground: ElevationLayer, flat: float
) -> tuple[NDArray[np.int64], NDArray[np.object_]]:
    """Pieces of `areas` along a square mesh, and the row each piece belongs to."""
    step = max(step, float(np.sqrt(shapely.area(areas).sum() / MOST_PIECES)))
    # pieces along outlines cost most: count them too
    step = max(step, 2 * float(shapely.length(areas).sum()) / MOST_PIECES)
    areas = areas.copy()
    invalid = ~shapely.is_valid(areas)
    areas[invalid] = shapely.buffer(areas[invalid], 0)
    rows, pieces = _mesh(areas, step, _clipped, ground, flat)
    # the quick clipping promises nothing for rings that touch the cut: what lost area goes again
    size = shapely.area(areas)
    cut = np.bincount(rows, shapely.area(pieces), minlength=len(areas))
    wrong = np.flatnonzero(np.abs(cut - size) > 1e-6 * size + 1e-6)
    if len(wrong):
        again, better = _mesh(areas[wrong], step, _intersected, ground, flat)
        good = ~np.isin(rows, wrong)
        rows = np.concatenate([rows[good], wrong[again]])
        pieces = np.concatenate([pieces[good], better])
    order = np.argsort(rows, kind="stable")
    return rows[order], pieces[order]


def _whole_cells(step: float, ground: ElevationLayer) -> float:
    """`step` as a whole number of the ground's cells; cells that are no squares cannot be met."""
    if abs(ground.cell_x - ground.cell_y) > 1e-9 * ground.cell_x:
        return max(step, ground.cell_x, ground.cell_y)
    return ground.cell_x * max(1, round(step / ground.cell_x))


def _mesh(
    areas: NDArray[np.object_], step: float, clip: Clip, ground: ElevationLayer, flat: float
) -> tuple[NDArray[np.int64], NDArray[np.object_]]:
    """Cut from coarse to fine: a wide area falls into simple parts before there are many."""
    rows = np.arange(len(areas))
    done: list[tuple[NDArray[np.int64], NDArray[np.object_]]] = []
    size = step
    while size < _widest(areas):
        size *= 2
    while size >= step:
        rows, areas = _quartered(rows, areas, size, clip)
        if size > step:
            even = _on_flat(areas, size, ground, flat)
            done.append((rows[even], areas[even]))
            rows, areas = rows[~even], areas[~even]
        size /= 2
    done.append((rows, areas))
    return np.concatenate([d[0] for d in done]), np.concatenate([d[1] for d in done])


def _on_flat(
    areas: NDArray[np.object_], size: float, ground: ElevationLayer, off: float
) -> NDArray[np.bool_]:
    """Which areas, each within one field of a mesh of `size`, lie where the ground is flat."""
    even = np.zeros(len(areas), dtype=bool)
    wide_x, wide_y = size / ground.cell_x, size / ground.cell_y
    if max(wide_x, wide_y) > WIDEST_FLAT or not len(areas):
        return even
    boxes = shapely.bounds(areas)
    middle = (boxes[:, :2] + boxes[:, 2:]) / 2
    fields, which = np.unique(np.floor(middle / size).astype(np.int64), axis=0, return_inverse=True)
    # rows of the ground go south
    first_row = np.floor(-(fields[:, 1] + 1) * wide_y + 1e-6).astype(np.int64)
    first_col = np.floor(fields[:, 0] * wide_x + 1e-6).astype(np.int64)
    tall, wide = (int(np.ceil(w - 1e-6)) + 1 + (w % 1 > 1e-6) for w in (wide_y, wide_x))
    group = max(1, MOST_SAMPLES // (tall * wide))
    flat = [
        _flat_fields(ground, first_row[i : i + group], first_col[i : i + group], tall, wide, off)
        for i in range(0, len(fields), group)
    ]
    even[:] = np.concatenate(flat)[which.reshape(-1)]
    return even


def _flat_fields(
    ground: ElevationLayer,
    first_row: NDArray[np.int64],
    first_col: NDArray[np.int64],
    tall: int,
    wide: int,
    off: float,
) -> NDArray[np.bool_]:
    """Whether heights of fields (n,) of `tall` × `wide` samples lie within `off` of a plane."""
    rows, cols = ground.heights.shape
    row = np.clip(first_row[:, None] + np.arange(tall), 0, rows - 1)
    col = np.clip(first_col[:, None] + np.arange(wide), 0, cols - 1)
    z = ground.heights[row[:, :, None], col[:, None, :]].astype(np.float64)
    z -= z.mean(axis=(1, 2), keepdims=True)
    v = (np.arange(tall) - (tall - 1) / 2)[None, :, None]
    u = (np.arange(wide) - (wide - 1) / 2)[None, None, :]
    # u and v are orthogonal over a full field, so each slope of the least squares stands alone
    z -= u * ((z * u).sum(axis=(1, 2), keepdims=True) / (tall * (u * u).sum())) + v * (
        (z * v).sum(axis=(1, 2), keepdims=True) / (wide * (v * v).sum())
    )
    # holes are unknown, and unknown is not flat
    return np.asarray(np.abs(z).max(axis=(1, 2)) <= off)


def _widest(areas: NDArray[np.object_]) -> float:
    boxes = shapely.bounds(areas)
    wide = np.maximum(boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1])
    return float(np.nanmax(wide, initial=0.0))


def _quartered(
    rows: NDArray[np.int64], areas: NDArray[np.object_], size: float, clip: Clip
) -> tuple[NDArray[np.int64], NDArray[np.object_]]:
    """`areas` cut along the lines at whole multiples of `size`."""
    for axis in (0, 1):
        boxes = shapely.bounds(areas)
        first = np.floor(boxes[:, axis] / size).astype(np.int64)
        strips = np.ceil(boxes[:, axis + 2] / size).astype(np.int64) - first
        across = strips > 1
        owner = np.repeat(np.flatnonzero(across), strips[across])
        strip = spans(first[across], strips[across])
        pieces = clip(areas[owner], boxes[owner], axis, (strip * size).astype(np.float64), size)
        parts, piece = shapely.get_parts(pieces, return_index=True)
        solid = np.isin(shapely.get_type_id(parts), (3, 6)) & (shapely.area(parts) > 1e-9)
        rows = np.concatenate([rows[~across], rows[owner[piece[solid]]]])
        areas = np.concatenate([areas[~across], parts[solid]])
    return rows, areas


def _clipped(
    areas: NDArray[np.object_],
    boxes: NDArray[np.float64],
    axis: int,
    start: NDArray[np.float64],
    size: float,
) -> NDArray[np.object_]:
    """Each area within its strip; one rectangle serves all areas of a strip (5 × faster)."""
    pieces = np.empty(len(areas), dtype=object)
    order = np.argsort(start, kind="stable")
    for group in np.split(order, np.flatnonzero(np.diff(start[order])) + 1):
        if not len(group):
            continue
        low, high = boxes[group, :2].min(axis=0) - size, boxes[group, 2:].max(axis=0) + size
        low[axis], high[axis] = start[group[0]], start[group[0]] + size
        pieces[group] = shapely.clip_by_rect(areas[group], *low, *high)
    return pieces


def _intersected(
    areas: NDArray[np.object_],
    boxes: NDArray[np.float64],
    axis: int,
    start: NDArray[np.float64],
    size: float,
) -> NDArray[np.object_]:
    """As `_clipped`, the slow and sure way."""
    low, high = boxes[:, :2] - size, boxes[:, 2:] + size
    low[:, axis], high[:, axis] = start, start + size
    strips = shapely.box(low[:, 0], low[:, 1], high[:, 0], high[:, 1])
    return np.asarray(shapely.intersection(areas, strips))


def _laid(
    xy: NDArray[np.float64], ground: ElevationLayer | None, origin: Origin, lift: float
) -> NDArray[np.float32]:
    height = np.zeros(len(xy))
    if ground is not None:
        height = _heights(xy, ground)
    unknown = np.isnan(height)
    if unknown.any() and not unknown.all():
        # over holes: corners of one piece follow each other, so carry the last known height along
        last = np.maximum.accumulate(np.where(unknown, -1, np.arange(len(height))))
        last[last < 0] = int(np.argmin(unknown))
        height = height[last]
    height = np.nan_to_num(height, nan=0.0)
    local: NDArray[np.float64] = np.column_stack([xy, height + lift]) - np.asarray(origin)
    return local.astype(np.float32)
