"""Which points lie in which areas, for many of both and in bounded memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import shapely
from numpy.typing import NDArray

from layers.builders.rings import spans
from layers.kinds.elevation import ElevationLayer

Pairs = tuple[NDArray[np.int64], NDArray[np.int64]]
"""Row of the area, row of the point; ascending by area."""

Strips = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]
"""Row of the area, first candidate, number of candidates."""

MOST_PAIRS = 2_000_000
"""Pairs tried at once: about 100 MB. One area with more candidates is still tried whole."""
_POINTS_PER_CELL = 32


def points_inside(areas: NDArray[np.object_], xy: NDArray[np.floating]) -> Iterator[Pairs]:
    """Pairs of area and point, in blocks of ascending areas.

    Points are sorted into square cells; an area looks only into the cells that its box covers, and
    each point found there is tested exactly. Points on the boundary count as outside.

    Parameters
    ----------
    areas : Polygon or MultiPolygon, shape (n,); an empty one holds nothing
    xy : float, shape (m, 2), in the same coordinates
    """
    if not len(xy) or not len(areas):
        return
    boxes = shapely.bounds(areas)
    low, high = xy.min(axis=0).astype(np.float64), xy.max(axis=0).astype(np.float64)
    size = max(float(np.sqrt(np.prod(high - low + 1e-6) / len(xy) * _POINTS_PER_CELL)), 1e-3)
    # so that a row of far strays costs no more cells than points
    size = max(size, float((high - low).max()) / 30_000)
    cols, rows = (int(n) + 1 for n in (high - low) // size)
    col, row = (((xy[:, k].astype(np.float64) - low[k]) / size).astype(np.int64) for k in (0, 1))
    cell = row * cols + col
    order = np.argsort(cell, kind="stable")
    cell = cell[order]

    def strips(which: NDArray[np.int64]) -> Strips:
        box = boxes[which]
        c0, c1 = (_clipped((box[:, k] - low[0]) / size, cols) for k in (0, 2))
        r0, r1 = (_clipped((box[:, k] - low[1]) / size, rows) for k in (1, 3))
        tall = r1 - r0 + 1
        strip_row = spans(r0, tall)
        first = np.searchsorted(cell, strip_row * cols + np.repeat(c0, tall), side="left")
        last = np.searchsorted(cell, strip_row * cols + np.repeat(c1, tall), side="right")
        return np.repeat(which, tall), first, last - first

    meets = (boxes[:, 0] <= high[0]) & (boxes[:, 2] >= low[0])
    meets &= (boxes[:, 1] <= high[1]) & (boxes[:, 3] >= low[1])  # NaN of empty areas: False
    for area, first, count in _blocks(np.flatnonzero(meets), strips):
        yield _within(areas, boxes, xy, np.repeat(area, count), order[spans(first, count)])


def cells_inside(areas: NDArray[np.object_], grid: ElevationLayer) -> Iterator[Pairs]:
    """Pairs of area and cell (row × cols + col) whose middle lies in the area, in blocks."""
    rows, cols = grid.heights.shape
    boxes = shapely.bounds(areas)

    def strips(which: NDArray[np.int64]) -> Strips:
        box = boxes[which]
        c0, c1 = (_clipped((box[:, k] - grid.west) / grid.cell_x, cols) for k in (0, 2))
        r0, r1 = (_clipped((grid.north - box[:, k]) / grid.cell_y, rows) for k in (3, 1))
        tall = r1 - r0 + 1
        first = spans(r0, tall) * cols + np.repeat(c0, tall)
        return np.repeat(which, tall), first, np.repeat(c1 - c0 + 1, tall)

    west, south, east, north = grid.bounds
    meets = (boxes[:, 0] < east) & (boxes[:, 2] > west)
    meets &= (boxes[:, 1] < north) & (boxes[:, 3] > south)
    for area, first, count in _blocks(np.flatnonzero(meets), strips):
        cell, owner = spans(first, count), np.repeat(area, count)
        middle = cell_middles(grid, cell)
        found = shapely.contains_xy(_ready(areas, owner), middle[:, 0], middle[:, 1])
        yield owner[found], cell[found]


def cell_middles(grid: ElevationLayer, cell: NDArray[np.int64]) -> NDArray[np.float64]:
    """World x and y of the middles of cells (row × cols + col), shape (n, 2)."""
    cols = grid.heights.shape[1]
    return np.column_stack(
        [
            grid.west + (cell % cols + 0.5) * grid.cell_x,
            grid.north - (cell // cols + 0.5) * grid.cell_y,
        ]
    )


def moved(areas: NDArray[np.object_], offset: tuple[float, float, float]) -> NDArray[np.object_]:
    """`areas` relative to `offset`, as a cloud's points are."""
    shift = np.asarray(offset[:2])

    def relative(xy: NDArray[np.float64]) -> NDArray[np.float64]:
        local: NDArray[np.float64] = xy - shift
        return local

    return np.asarray(shapely.transform(areas, relative))


def _clipped(place: NDArray[np.float64], count: int) -> NDArray[np.int64]:
    return np.clip(np.floor(place), 0, count - 1).astype(np.int64)


def _blocks(
    which: NDArray[np.int64], strips: Callable[[NDArray[np.int64]], Strips]
) -> Iterator[Strips]:
    """Strips of candidates in blocks of at most about `MOST_PAIRS`, areas kept whole."""
    for group in np.array_split(which, max(1, -(-len(which) // 20_000))):
        if not len(group):
            continue
        area, first, count = strips(group)
        filled = count > 0
        area, first, count = area[filled], first[filled], count[filled]
        part = np.cumsum(count) // MOST_PAIRS
        begins = np.searchsorted(area, area[np.flatnonzero(np.diff(part, prepend=-1))])
        for a, b in zip(begins, [*begins[1:], len(area)], strict=True):
            if b > a:
                yield area[a:b], first[a:b], count[a:b]


def _within(
    areas: NDArray[np.object_],
    boxes: NDArray[np.float64],
    xy: NDArray[np.floating],
    owner: NDArray[np.int64],
    point: NDArray[np.int64],
) -> Pairs:
    x, y = xy[point, 0].astype(np.float64), xy[point, 1].astype(np.float64)
    box = boxes[owner]
    near = (x > box[:, 0]) & (x < box[:, 2]) & (y > box[:, 1]) & (y < box[:, 3])
    owner, point, x, y = owner[near], point[near], x[near], y[near]
    found = shapely.contains_xy(_ready(areas, owner), x, y)
    return owner[found], point[found]


def _ready(areas: NDArray[np.object_], owner: NDArray[np.int64]) -> NDArray[np.object_]:
    shapely.prepare(areas[np.unique(owner)])
    return areas[owner]
