"""A raster file opened, checked and read as north-up arrays of bounded size."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.enums import Resampling
from rasterio.errors import RasterioError
from rasterio.vrt import WarpedVRT
from rasterio.windows import Window

from layers.errors import ReadError
from layers.kinds.layer import Bounds
from layers.progress import Progress
from layers.readers.registry import ReadOptions

MOST_CELLS = 250_000_000
"""Cells read at once without an overview: 1 GB of heights, 15.8 × 15.8 km at 1 m."""
_LARGEST_BLOCK = 512 * 1024 * 1024
_STRIP = 8_000_000
_SAFE = {
    # A file on the disk must not make us fetch from the net or run code (VRT).
    "CPL_VSIL_CURL_ALLOWED_EXTENSIONS": "{none}",
    "GDAL_VRT_ENABLE_PYTHON": "NO",
    "GDAL_DISABLE_READDIR_ON_OPEN": "FALSE",
    "CPL_LOG": "OFF",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """The part of a raster that is read, and at which size.

    Attributes
    ----------
    window : columns and rows of the file
    rows, cols : size of what comes out
    west, north : outer corner of the north-western cell, in the file's CRS
    cell_x, cell_y : sides of one cell that comes out, above zero
    flip_x, flip_y : whether the file's columns run west, or its rows north
    whole : (rows, cols) that the file has there
    """

    window: Window
    rows: int
    cols: int
    west: float
    north: float
    cell_x: float
    cell_y: float
    flip_x: bool
    flip_y: bool
    whole: tuple[int, int]

    @property
    def reduced(self) -> bool:
        """Whether fewer cells come out than the file has there."""
        height, width = int(self.window.height), int(self.window.width)
        return self.rows < height or self.cols < width

    @property
    def bounds(self) -> Bounds:
        """Extent in the file's CRS."""
        return (
            self.west,
            self.north - self.rows * self.cell_y,
            self.west + self.cols * self.cell_x,
            self.north,
        )


@contextlib.contextmanager
def opened(path: Path) -> Iterator[Any]:
    """`path` as a rasterio dataset; rasterio's errors become `ReadError`."""
    try:
        with rasterio.Env(**_SAFE), rasterio.open(path) as file:
            _check_blocks(path, file)
            yield file
    except RasterioError as failure:
        raise ReadError(
            f"{path.name} could not be read as a raster: {_first_line(failure)}",
            hint="It may be cut off or damaged: copy or download it again.",
            code="file-truncated" if _looks_cut_off(failure) else "format-damaged",
        ) from failure
    except MemoryError as failure:
        raise _too_large(path, 0) from failure


@contextlib.contextmanager
def north_up(path: Path, file: Any, crs: str) -> Iterator[tuple[Any, bool]]:
    """`file`, or a warped view of it where it is rotated or placed by control points; and which.

    Raises
    ------
    ReadError
        The file says nothing of where its pixels lie.
    """
    points, points_crs = file.gcps
    tilted = bool(file.transform.b or file.transform.d)
    if not tilted and not (points and file.transform.is_identity):
        if file.transform.is_identity and not file.crs:
            raise ReadError(
                f"{path.name} does not say where its pixels lie",
                hint="Put its world file (.tfw, .jgw) beside it, or save it as a GeoTIFF.",
                code="raster-no-place",
            )
        yield file, False
        return
    with WarpedVRT(
        file,
        src_crs=points_crs or file.crs or crs or None,
        crs=points_crs or file.crs or crs or None,
        resampling=Resampling.nearest
        if file.colorinterp[0].name == "palette"
        else Resampling.bilinear,
        nodata=file.nodata if file.nodata is not None else _nothing(file),
    ) as view:
        yield view, True


def grid_of(path: Path, file: Any, options: ReadOptions) -> Grid:
    """Which cells to read, by `options.bounds` and `options.max_pixels`.

    Raises
    ------
    ReadError
        Nothing of it lies in the window, or it is too large to be read whole.
    """
    t = file.transform
    if not (t.a and t.e and all(map(math.isfinite, (t.a, t.c, t.e, t.f)))):
        raise ReadError(f"{path.name} has cells of no size", code="format-damaged")
    window = _window(path, file, options.bounds)
    rows, cols = int(window.height), int(window.width)
    if options.max_pixels and rows * cols > options.max_pixels:
        shrink = math.sqrt(options.max_pixels / (rows * cols))
        rows, cols = max(1, int(rows * shrink)), max(1, int(cols * shrink))
    if rows * cols > MOST_CELLS:
        raise _too_large(path, rows * cols)
    x = (t.c + t.a * window.col_off, t.c + t.a * (window.col_off + window.width))
    y = (t.f + t.e * window.row_off, t.f + t.e * (window.row_off + window.height))
    return Grid(
        window=window,
        rows=rows,
        cols=cols,
        west=min(x),
        north=max(y),
        cell_x=abs(x[1] - x[0]) / cols,
        cell_y=abs(y[1] - y[0]) / rows,
        flip_x=t.a < 0,
        flip_y=t.e > 0,
        whole=(int(window.height), int(window.width)),
    )


def bounds_of(file: Any) -> Bounds:
    """Extent of the whole file, whichever way its rows and columns run."""
    low_x, low_y, high_x, high_y = file.bounds
    return (min(low_x, high_x), min(low_y, high_y), max(low_x, high_x), max(low_y, high_y))


def band(
    file: Any,
    index: int,
    grid: Grid,
    progress: Progress,
    *,
    masked: bool = False,
    smooth: bool = True,
) -> Any:
    """Band `index` (from 1) as an array (rows, cols), north up; from overviews where reduced."""
    kind = np.dtype(file.dtypes[index - 1])
    if grid.reduced:
        # An average over very many cells would have to read them all.
        few = bool(file.overviews(index)) or grid.window.width * grid.window.height <= MOST_CELLS
        values = file.read(
            index,
            window=grid.window,
            out_shape=(grid.rows, grid.cols),
            resampling=Resampling.average if smooth and few else Resampling.nearest,
            masked=masked,
        )
        progress.step(1.0)
        return _turned(values, grid)
    values = (
        np.ma.empty((grid.rows, grid.cols), dtype=kind)
        if masked
        else np.empty((grid.rows, grid.cols), dtype=kind)
    )
    step = max(1, _STRIP // grid.cols)
    for row in range(0, grid.rows, step):
        progress.step(row / grid.rows)
        height = min(step, grid.rows - row)
        part = Window(grid.window.col_off, grid.window.row_off + row, grid.cols, height)
        values[row : row + height] = file.read(index, window=part, masked=masked)
    return _turned(values, grid)


def alpha(file: Any, grid: Grid) -> NDArray[np.uint8]:
    """GDAL's mask, uint8 (rows, cols): 0 where there is no picture."""
    mask = file.dataset_mask(
        window=grid.window, out_shape=(grid.rows, grid.cols), resampling=Resampling.nearest
    )
    turned: NDArray[np.uint8] = _turned(mask, grid)
    return turned


def _turned(values: Any, grid: Grid) -> Any:
    if grid.flip_y:
        values = values[::-1]
    return values[:, ::-1] if grid.flip_x else values


def _window(path: Path, file: Any, bounds: Bounds | None) -> Window:
    if bounds is None:
        return Window(0, 0, file.width, file.height)
    t = file.transform
    cols = sorted(((bounds[0] - t.c) / t.a, (bounds[2] - t.c) / t.a))
    rows = sorted(((bounds[1] - t.f) / t.e, (bounds[3] - t.f) / t.e))
    # A hair of tolerance, so that a window along cell borders takes no cell beyond them.
    left, right = max(0, math.floor(cols[0] + 1e-6)), min(file.width, math.ceil(cols[1] - 1e-6))
    top, bottom = max(0, math.floor(rows[0] + 1e-6)), min(file.height, math.ceil(rows[1] - 1e-6))
    if right <= left or bottom <= top:
        words = ", ".join(f"{value:.2f}" for value in bounds_of(file))
        raise ReadError(
            f"{path.name} does not reach into the window asked for",
            hint=f"It covers {words}.",
            code="window-empty",
        )
    return Window(left, top, right - left, bottom - top)


def _check_blocks(path: Path, file: Any) -> None:
    """Refuse blocks that alone would fill memory: GDAL makes room for a whole one."""
    for (rows, cols), kind in zip(file.block_shapes, file.dtypes, strict=True):
        if rows * cols * np.dtype(kind).itemsize > _LARGEST_BLOCK:
            raise _too_large(path, rows * cols)


def _nothing(file: Any) -> float | None:
    """A value for cells beside a turned raster, where the file has none of its own."""
    kind = np.dtype(file.dtypes[0])
    if kind.kind == "f":
        return float("nan")
    return float(np.iinfo(kind).min) if kind.kind == "i" else None


def _too_large(path: Path, cells: int) -> ReadError:
    size = f"{cells / 1e6:,.0f} million cells at once".replace(",", " ") if cells else "too much"
    return ReadError(
        f"{path.name} would need {size}, more than there is room for",
        hint="Read an overview of it (max_pixels), or only a part (bounds).",
        code="raster-too-large",
    )


def _looks_cut_off(failure: Exception) -> bool:
    text = f"{failure} {failure.__cause__ or ''}".lower()
    return "read" in text or "strip" in text or "tile" in text


def _first_line(failure: Exception) -> str:
    cause = failure.__cause__ or failure
    return (str(cause) or str(failure) or type(failure).__name__).splitlines()[0]
