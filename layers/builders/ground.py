"""The ground as a grid: from LiDAR points, with its gaps closed, and read at any place."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from layers.builders.fill import fill_grid
from layers.errors import CityError
from layers.kinds.elevation import ElevationLayer
from layers.kinds.pointcloud import GROUND, NOISE, PointCloudLayer
from layers.notices import Notice
from layers.progress import SILENT, Progress

MOST_CELLS = 16_000_000
"""A grid is made coarser rather than larger than this: one stray point may lie in another country."""
NEAR_GROUND_M = 0.5
"""How far from the derived surface a point still counts as ground (SMRF's elevation threshold)."""

Grid = tuple[float, float, int, int]
"""west, north, rows, cols"""


def ground_from_points(
    points: Sequence[PointCloudLayer],
    *,
    cell: float = 1.0,
    id: str = "ground",
    name: str = "Ground",
    progress: Progress = SILENT,
) -> ElevationLayer:
    """The ground under `points` as a grid that covers all of them.

    A cell has the median height of the points classified as ground (ASPRS class 2) in it: a stray
    point under the street or on a car does not move it. Cells without are filled
    (`layers.builders.fill`) and flagged. Clouds that have no ground class are classified here by
    the simple morphological filter SMRF; a notice says so.

    Parameters
    ----------
    points : clouds in one CRS, at least one
    cell : metres

    Raises
    ------
    CityError
        No points, or none of them ground.
    """
    if not points:
        raise CityError("The ground cannot be found without LiDAR points", code="no-points")
    if not cell > 0:
        raise CityError(f"The ground's cell size must be above zero, got {cell:g}")
    grid, cell, notices = _grid(points, cell)
    cells, heights = _ground_points(points, grid, cell, notices, progress)
    if not len(cells):
        raise CityError(
            f"{points[0].name} holds no ground points",
            hint="Give a terrain raster, or points with class 2.",
            code="no-ground",
        )
    progress.step(0.6, "Ground: filling gaps")
    heights_grid = _medians(cells, heights, grid)
    missing = np.isnan(heights_grid)
    progress.step(0.7, "Ground: filling gaps")
    filled = fill_grid(heights_grid)
    progress.step(1.0, "Ground")
    return ElevationLayer(
        id=id,
        name=name,
        crs=points[0].crs,
        vertical=points[0].vertical,
        source=points[0].source,
        notices=tuple(notices),
        heights=filled,
        west=grid[0],
        north=grid[1],
        cell_x=cell,
        cell_y=cell,
        surface="ground",
        filled=missing,
    )


def fill_gaps(elevation: ElevationLayer) -> ElevationLayer:
    """`elevation` without NaN; what was filled is flagged. The very same layer where none was."""
    missing = np.isnan(elevation.heights)
    if not missing.any():
        return elevation
    flags = missing if elevation.filled is None else missing | elevation.filled
    notice = Notice(
        code="gaps-filled",
        what=f"{elevation.name}: {int(missing.sum())} cells without a height were interpolated",
        source=elevation.name,
        count=int(missing.sum()),
        severity="info",
    )
    return replace(
        elevation,
        heights=fill_grid(elevation.heights),
        filled=flags,
        notices=(*elevation.notices, notice),
    )


def sample(elevation: ElevationLayer, xy: NDArray[np.float64]) -> NDArray[np.float64]:
    """Heights at `xy`, bilinear between the middles of cells.

    Parameters
    ----------
    xy : float64, shape (n, 2), metres in the layer's CRS

    Returns
    -------
    float64, shape (n,); NaN outside the grid and where none of the four cells has a height. Where
    some of the four have none, the others count alone; in the outer half cell the height is level.
    """
    heights = elevation.heights
    rows, cols = heights.shape
    col = (xy[:, 0] - elevation.west) / elevation.cell_x - 0.5
    row = (elevation.north - xy[:, 1]) / elevation.cell_y - 0.5
    with np.errstate(invalid="ignore"):
        inside = (col >= -0.5) & (col <= cols - 0.5) & (row >= -0.5) & (row <= rows - 0.5)
    col = np.where(inside, np.clip(col, 0, cols - 1), 0)
    row = np.where(inside, np.clip(row, 0, rows - 1), 0)
    c0, r0 = col.astype(np.int64), row.astype(np.int64)
    c1, r1 = np.minimum(c0 + 1, cols - 1), np.minimum(r0 + 1, rows - 1)
    u, v = col - c0, row - r0
    total = np.zeros(len(xy))
    weights = np.zeros(len(xy))
    for r, c, weight in (
        (r0, c0, (1 - u) * (1 - v)),
        (r0, c1, u * (1 - v)),
        (r1, c0, (1 - u) * v),
        (r1, c1, u * v),
    ):
        value = heights[r, c].astype(np.float64)
        weight = np.where(np.isnan(value), 0.0, weight)
        total += np.where(weight > 0, value, 0.0) * weight
        weights += weight
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(inside & (weights > 0), total / weights, np.nan)


def decimated(elevation: ElevationLayer, *, max_cells: int) -> ElevationLayer:
    """`elevation` with whole blocks of cells averaged until at most `max_cells` are left.

    What was filled stays flagged where all of a block was. The same layer where it fits already.
    """
    rows, cols = elevation.heights.shape
    step = max(1, math.ceil(math.sqrt(rows * cols / max(max_cells, 1))))
    while step > 1 and -(-rows // step) * -(-cols // step) > max_cells:
        step += 1
    if step == 1:
        return elevation
    step_r, step_c = min(step, rows), min(step, cols)
    pad = ((0, -rows % step_r), (0, -cols % step_c))
    values = np.pad(elevation.heights, pad, constant_values=np.nan)
    shape = (len(values) // step_r, step_r, values.shape[1] // step_c, step_c)
    known = np.isfinite(values)
    count = known.reshape(shape).sum(axis=(1, 3))
    total = np.where(known, values, 0).reshape(shape).sum(axis=(1, 3), dtype=np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        means = (total / count).astype(np.float32)
    filled = None
    if elevation.filled is not None:
        flags = np.pad(elevation.filled, pad, constant_values=True)
        filled = np.asarray(flags.reshape(shape).all(axis=(1, 3)))
    return replace(
        elevation,
        heights=means,
        cell_x=elevation.cell_x * step_c,
        cell_y=elevation.cell_y * step_r,
        filled=filled,
    )


def _grid(points: Sequence[PointCloudLayer], cell: float) -> tuple[Grid, float, list[Notice]]:
    boxes = np.array([cloud.bounds for cloud in points])
    west, south = boxes[:, :2].min(axis=0)
    east, north = boxes[:, 2:].max(axis=0)
    notices: list[Notice] = []
    fits = math.sqrt((east - west + cell) * (north - south + cell) / MOST_CELLS)
    if fits > cell:
        notices.append(
            Notice(
                code="ground-coarser",
                what=f"The ground has cells of {fits:.3g} m instead of {cell:g} m: "
                f"the points spread over {(east - west) / 1000:.3g} km",
                hint="Look for stray points far outside, or read a window of the files.",
                source=points[0].name,
            )
        )
        cell = fits
    west, north = math.floor(west / cell) * cell, math.ceil(north / cell) * cell
    rows = max(1, math.ceil((north - south) / cell + 1e-9))
    cols = max(1, math.ceil((east - west) / cell + 1e-9))
    return (float(west), float(north), rows, cols), cell, notices


def _ground_points(
    points: Sequence[PointCloudLayer],
    grid: Grid,
    cell: float,
    notices: list[Notice],
    progress: Progress,
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    classified = [c for c in points if _count_ground(c)]
    unknown = [c for c in points if c.classification is None or not len(classified)]
    parts = []
    for done, cloud in enumerate(classified):
        progress.step(0.3 * done / len(points), f"Ground: {cloud.name}")
        assert cloud.classification is not None
        parts.append(_cells(cloud, cloud.classification == GROUND, grid, cell))
    if unknown:
        progress.step(0.3, "Ground: telling it from what stands on it")
        parts.append(_derived(unknown, grid, cell))
        notices.append(
            Notice(
                code="ground-derived",
                what="The points say not which of them are ground; it was derived from their shape",
                hint="Classified points (class 2) or a terrain raster give a surer ground.",
                source=unknown[0].name,
                count=len(unknown),
            )
        )
    return np.concatenate([p[0] for p in parts]), np.concatenate([p[1] for p in parts])


def _count_ground(cloud: PointCloudLayer) -> int:
    found = cloud.classification
    return 0 if found is None else int(np.count_nonzero(found == GROUND))


def _cells(
    cloud: PointCloudLayer, mask: NDArray[np.bool_] | None, grid: Grid, cell: float
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Cell number in `grid` and world height of the points in `mask`."""
    xyz = cloud.xyz if mask is None else cloud.xyz[mask]
    west, north, rows, cols = grid
    # float32 sums would move points at the border of cells, but never far: offsets are added first
    col = ((xyz[:, 0] + (cloud.offset[0] - west)) / cell).astype(np.int64)
    row = (((north - cloud.offset[1]) - xyz[:, 1].astype(np.float64)) / cell).astype(np.int64)
    flat = np.clip(row, 0, rows - 1) * cols + np.clip(col, 0, cols - 1)
    return flat, xyz[:, 2] + np.float64(cloud.offset[2])


def _derived(
    clouds: Sequence[PointCloudLayer], grid: Grid, cell: float
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    parts = [_cells(cloud, _not_noise(cloud), grid, cell) for cloud in clouds]
    cells = np.concatenate([p[0] for p in parts])
    heights = np.concatenate([p[1] for p in parts])
    base = float(heights.min()) if len(heights) else 0.0
    lowest = np.full(grid[2] * grid[3], np.inf, dtype=np.float32)
    np.minimum.at(lowest, cells, (heights - base).astype(np.float32))
    lowest[np.isinf(lowest)] = np.nan
    # Here, for its SciPy would cost every start that only samples a ground a second.
    from layers.builders.smrf import ground_surface

    surface, allowed = ground_surface(
        lowest.reshape(grid[2], grid[3]), cell=cell, near=NEAR_GROUND_M
    )
    above = heights - base - surface.reshape(-1)[cells]
    ground = np.abs(above) <= allowed.reshape(-1)[cells]
    return cells[ground], heights[ground]


def _not_noise(cloud: PointCloudLayer) -> NDArray[np.bool_] | None:
    if cloud.classification is None:
        return None
    return ~np.isin(cloud.classification, NOISE)


def _medians(
    cells: NDArray[np.int64], heights: NDArray[np.float64], grid: Grid
) -> NDArray[np.float32]:
    """The (lower) median of the heights in each cell, NaN where there is none."""
    low = heights.min()
    # one key to sort by: the cell, then the height in steps of a millimetre
    step = np.minimum((heights - low) * 1000, 2**24 - 1).astype(np.int64)
    order = np.argsort(cells * 2**24 + step)
    counts = np.bincount(cells, minlength=grid[2] * grid[3])
    filled = np.flatnonzero(counts)
    first = (np.cumsum(counts) - counts)[filled]
    result = np.full(grid[2] * grid[3], np.nan, dtype=np.float32)
    result[filled] = heights[order[first + (counts[filled] - 1) // 2]]
    return result.reshape(grid[2], grid[3])
