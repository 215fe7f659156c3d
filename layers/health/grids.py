"""Where the cells of a grid are, and which cell a place falls into."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from layers.kinds.elevation import ElevationLayer
from layers.kinds.imagery import ImageryLayer

Grid = ElevationLayer | ImageryLayer


def cells_of(grid: Grid) -> NDArray[Any]:
    """Heights (rows, cols) or colours (rows, cols, 3)."""
    return grid.heights if isinstance(grid, ElevationLayer) else grid.pixels


def step_for(grid: Grid, most: int) -> int:
    """Every how many-th row and column to look at, so that at most about `most` cells remain."""
    return max(1, int(np.ceil(np.sqrt(grid.count / most))))


def middles(grid: Grid, every: int = 1) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """x and y (n,) of the middles of every `every`-th row and column, row by row."""
    rows, cols = cells_of(grid).shape[:2]
    row, col = np.meshgrid(np.arange(0, rows, every), np.arange(0, cols, every), indexing="ij")
    x = grid.west + (col.ravel() + 0.5) * grid.cell_x
    y = grid.north - (row.ravel() + 0.5) * grid.cell_y
    return x.astype(np.float64, copy=False), y.astype(np.float64, copy=False)


def picked(
    grid: Grid, x: NDArray[np.float64], y: NDArray[np.float64]
) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """Cell values under the places that lie inside the grid, and which those places are (n,)."""
    cells = cells_of(grid)
    rows, cols = cells.shape[:2]
    with np.errstate(invalid="ignore"):
        col = np.floor((x - grid.west) / grid.cell_x)
        row = np.floor((grid.north - y) / grid.cell_y)
        inside = (col >= 0) & (col < cols) & (row >= 0) & (row < rows)
    return cells[row[inside].astype(np.intp), col[inside].astype(np.intp)], inside


def heights_at(
    grid: ElevationLayer, x: NDArray[np.float64], y: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Height of the cell under each place (n,), NaN outside and where nothing was measured."""
    values = np.full(len(x), np.nan)
    here, inside = picked(grid, x, y)
    values[inside] = here
    return values
