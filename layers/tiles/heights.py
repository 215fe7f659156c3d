"""Where the heights of a terrain pyramid come from: an array, or a file read by windows."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rasterio.windows import Window

from layers.errors import ReadError
from layers.kinds.elevation import ElevationLayer
from layers.kinds.layer import Bounds
from layers.readers.raster_grid import opened


class Heights(ABC):
    """A grid of heights, north up, read by windows; safe in several threads.

    Attributes
    ----------
    rows, cols : size of the grid
    west, north : outer corner of cell (0, 0), metres
    cell_x, cell_y : sides of a cell, metres
    """

    rows: int
    cols: int
    west: float
    north: float
    cell_x: float
    cell_y: float

    @abstractmethod
    def read(self, row: int, col: int, rows: int, cols: int) -> NDArray[np.float32]:
        """Heights of a window that lies within the grid, metres; NaN where unknown."""

    @property
    def bounds(self) -> Bounds:
        """min x, min y, max x, max y."""
        east = self.west + self.cols * self.cell_x
        return (self.west, self.north - self.rows * self.cell_y, east, self.north)


class LayerHeights(Heights):
    """The heights of a layer; an array mapped from disk is read as it is needed."""

    def __init__(self, layer: ElevationLayer) -> None:
        self._heights = layer.heights
        self.rows, self.cols = layer.heights.shape
        self.west, self.north = layer.west, layer.north
        self.cell_x, self.cell_y = layer.cell_x, layer.cell_y

    def read(self, row: int, col: int, rows: int, cols: int) -> NDArray[np.float32]:
        """See `Heights.read`."""
        return self._heights[row : row + rows, col : col + cols]


class FileHeights(Heights):
    """The first band of a north-up raster; nothing but the window asked for is held."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with opened(path) as file:
            t = file.transform
            if t.b or t.d or not (t.a > 0 and t.e < 0):
                raise ReadError(f"{path.name} is not north up", code="raster-turned")
            self.rows, self.cols = file.height, file.width
            self.west, self.north, self.cell_x, self.cell_y = t.c, t.f, t.a, -t.e

    def read(self, row: int, col: int, rows: int, cols: int) -> NDArray[np.float32]:
        """See `Heights.read`."""
        with opened(self._path) as file:  # a dataset of rasterio may not be shared by threads
            raw = file.read(1, window=Window(col, row, cols, rows), masked=True)
            scale, offset = np.float32(file.scales[0]), np.float32(file.offsets[0])
        heights: NDArray[np.float32] = np.ma.filled(raw.astype(np.float32), np.nan)
        return heights if scale == 1 and offset == 0 else heights * scale + offset


def flat(bounds: Bounds, height: float) -> LayerHeights:
    """A level ground over `bounds`, in about a hundred cells a side."""
    cells = 129
    layer = ElevationLayer(
        id="level",
        name="Level ground",
        crs="level",
        heights=np.full((cells, cells), height, np.float32),
        west=bounds[0],
        north=bounds[3],
        cell_x=(bounds[2] - bounds[0]) / cells,
        cell_y=(bounds[3] - bounds[1]) / cells,
    )
    return LayerHeights(layer)
