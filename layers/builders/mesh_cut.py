"""Areas cut along a square mesh, finely where the ground under them is rough."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import shapely
from numpy.typing import NDArray

from layers.builders.rings import spans
from layers.kinds.elevation import ElevationLayer

Clip = Callable[
    [NDArray[np.object_], NDArray[np.float64], int, NDArray[np.float64], float],
    NDArray[np.object_],
]
"""(areas, their boxes, axis, start of each one's strip, size) → what lies in the strips."""
HUMPS = 4.0
"""Pieces of ground that is so many times farther from a plane than counts as flat are cut along its
cells: what stands out of the others is hidden by how they are drawn
(`viewers.scene.surface_shader`)."""
WIDEST_FLAT = 64
"""Cells along the side of the largest block that is looked at for being flat."""
MOST_SAMPLES = 2_000_000
MOST_PIECES = 120_000
"""Areas are cut coarser rather than into more pieces than this."""


def cut(
    areas: NDArray[np.object_], step: float, ground: ElevationLayer, flat: float
) -> tuple[NDArray[np.int64], NDArray[np.object_]]:
    """Pieces of `areas` along a square mesh, and the row each piece belongs to."""
    step = max(step, float(np.sqrt(shapely.area(areas).sum() / MOST_PIECES)))
    # pieces along outlines cost most: count them too
    step = whole_cells(
        max(step, 2 * float(shapely.length(areas).sum()) / MOST_PIECES), ground, upwards=True
    )
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


def whole_cells(step: float, ground: ElevationLayer, *, upwards: bool = False) -> float:
    """`step` as a whole number of the ground's cells; cells that are no squares cannot be met."""
    if abs(ground.cell_x - ground.cell_y) > 1e-9 * ground.cell_x:
        return max(step, ground.cell_x, ground.cell_y)
    cells = step / ground.cell_x
    return ground.cell_x * max(1, int(np.ceil(cells - 1e-9)) if upwards else round(cells))


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
    rough = _rough(areas, step, ground, HUMPS * flat)
    done.append((rows[~rough], areas[~rough]))
    cell = min(ground.cell_x, ground.cell_y)
    done.append(_quartered(rows[rough], areas[rough], cell, clip))
    return np.concatenate([d[0] for d in done]), np.concatenate([d[1] for d in done])


def _rough(
    areas: NDArray[np.object_], step: float, ground: ElevationLayer, off: float
) -> NDArray[np.bool_]:
    """Which pieces of a mesh of `step` are cut along the ground's cells: those farther than `off` from
    a plane, or of very many the roughest."""
    cells = step / min(ground.cell_x, ground.cell_y)
    none = np.zeros(len(areas), dtype=bool)
    if cells < 1.5:
        return none
    for doubled in range(6):
        rough = ~_on_flat(areas, step, ground, off * 2**doubled)
        if np.count_nonzero(rough) * cells**2 <= MOST_PIECES:
            return rough
    return none


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
