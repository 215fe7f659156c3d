"""Heights of a raster, strip by strip, so that nothing is held but the grid itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rasterio.windows import Window

from layers.progress import Progress
from layers.readers.raster_grid import Grid, band

STRIP_CELLS = 4_000_000
UNSTATED = (-9999.0, -32768.0, -32767.0, -99999.0)
"""Written for "not measured" by common programs, also where the file does not say so."""
BEYOND_EARTH = 15_000.0
"""Metres; no ground is as high or as deep (Everest 8 849, Challenger Deep −10 935)."""


def read_heights(
    file: Any, grid: Grid, metres: float, progress: Progress
) -> tuple[NDArray[np.float32], int, int]:
    """Band 1 in metres, NaN where nothing was measured; how many cells held an unstated sign for that,
    and how many a height that is none on Earth.

    Parameters
    ----------
    metres : of one of the file's units of height
    """
    heights = np.empty((grid.rows, grid.cols), np.float32)
    scale, offset = np.float32(file.scales[0]), np.float32(file.offsets[0])
    guessed = impossible = 0
    for rows, raw in _strips(file, grid, progress):
        part = heights[rows]
        part[:] = np.ma.getdata(raw)
        part[np.ma.getmaskarray(raw)] = np.nan
        if file.nodata is None:
            unstated = np.isin(part, UNSTATED)
            part[unstated] = np.nan
            guessed += int(unstated.sum())
        if scale != 1.0 or offset != 0.0:
            part *= scale
            part += offset
        if metres != 1.0:
            part *= np.float32(metres)
        with np.errstate(invalid="ignore"):
            beyond = np.abs(part) > BEYOND_EARTH
        part[beyond] = np.nan
        impossible += int(beyond.sum())
    return heights, guessed, impossible


def _strips(file: Any, grid: Grid, progress: Progress) -> Iterator[tuple[slice, Any]]:
    """Rows of the grid, and what the file holds there (masked), north up."""
    if grid.reduced:
        yield slice(0, grid.rows), band(file, 1, grid, progress, masked=True)
        return
    step = max(1, STRIP_CELLS // grid.cols)
    for row in range(0, grid.rows, step):
        progress.step(row / grid.rows)
        tall = min(step, grid.rows - row)
        part = Window(grid.window.col_off, grid.window.row_off + row, grid.cols, tall)
        raw = file.read(1, window=part, masked=True)
        rows = slice(row, row + tall)
        if grid.flip_y:
            raw, rows = raw[::-1], slice(grid.rows - row - tall, grid.rows - row)
        yield rows, raw[:, ::-1] if grid.flip_x else raw
