"""Grids resampled into another CRS."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from affine import Affine
from numpy.typing import NDArray
from rasterio.enums import Resampling
from rasterio.errors import RasterioError
from rasterio.warp import calculate_default_transform, reproject

from layers.crs import describe
from layers.errors import CrsError
from layers.kinds.elevation import ElevationLayer
from layers.kinds.imagery import ImageryLayer
from layers.kinds.layer import Bounds
from layers.notices import Notice
from layers.progress import Progress

_PAPER = 255
_MOST_CELLS = 400_000_000
_MARGIN = 1e-9


class _Grid(NamedTuple):
    """Where cells of a warped grid come to lie."""

    transform: Affine
    rows: int
    cols: int


def warp_elevation(layer: ElevationLayer, crs: str) -> ElevationLayer:
    """`layer` on square cells in `crs`: bilinear between heights, NaN where none were measured.

    Raises
    ------
    CrsError
        It cannot be mapped into `crs`.
    """
    rows, cols = layer.heights.shape
    grid = _target(layer.name, layer.crs, crs, rows, cols, layer.bounds)
    here = Affine(layer.cell_x, 0, layer.west, 0, -layer.cell_y, layer.north)
    heights = np.full((grid.rows, grid.cols), np.nan, dtype=np.float32)
    _reproject(layer, layer.heights, heights, here, grid, crs, Resampling.bilinear, np.nan)
    if not np.isfinite(heights).any():
        raise _no_way(layer.name, crs)
    filled: NDArray[np.bool_] | None = None
    if layer.filled is not None:
        mask = np.zeros((grid.rows, grid.cols), dtype=np.uint8)
        flags = layer.filled.astype(np.uint8)
        _reproject(layer, flags, mask, here, grid, crs, Resampling.nearest, None)
        filled = mask.astype(bool)
    return replace(
        layer,
        crs=crs,
        heights=heights,
        west=grid.transform.c,
        north=grid.transform.f,
        cell_x=grid.transform.a,
        cell_y=-grid.transform.e,
        filled=filled,
        notices=(*layer.notices, _warped_notice(layer, grid, crs)),
    )


def warp_imagery(layer: ImageryLayer, crs: str, progress: Progress) -> ImageryLayer:
    """`layer` on square pixels in `crs`; white where there is no picture.

    Of a large picture this is the overview; its file is looked at through a warped view.
    """
    rows, cols, _ = layer.pixels.shape
    grid = _target(layer.name, layer.crs, crs, rows, cols, layer.bounds)
    here = Affine(layer.cell_x, 0, layer.west, 0, -layer.cell_y, layer.north)
    pixels = np.empty((grid.rows, grid.cols, 3), dtype=np.uint8)
    for index in range(3):
        progress.step(index / 3)
        band = np.full((grid.rows, grid.cols), _PAPER, dtype=np.uint8)
        source = np.ascontiguousarray(layer.pixels[..., index])
        _reproject(layer, source, band, here, grid, crs, Resampling.bilinear, None)
        pixels[..., index] = band
    return replace(
        layer,
        crs=crs,
        pixels=pixels,
        west=grid.transform.c,
        north=grid.transform.f,
        cell_x=grid.transform.a,
        cell_y=-grid.transform.e,
        notices=(*layer.notices, _warped_notice(layer, grid, crs)),
    )


def _target(name: str, src: str, dst: str, rows: int, cols: int, bounds: Bounds) -> _Grid:
    try:
        transform, width, height = calculate_default_transform(src, dst, cols, rows, *bounds)
    except (RasterioError, ValueError) as failure:
        raise _no_way(name, dst) from failure
    if not (width and height and transform.a > _MARGIN) or width * height > _MOST_CELLS:
        raise _no_way(name, dst)
    return _Grid(transform, int(height), int(width))


def _reproject(
    layer: ElevationLayer | ImageryLayer,
    source: NDArray[Any],
    destination: NDArray[Any],
    here: Affine,
    grid: _Grid,
    crs: str,
    resampling: Resampling,
    nodata: float | None,
) -> None:
    try:
        reproject(
            source,
            destination,
            src_transform=here,
            src_crs=layer.crs,
            dst_transform=grid.transform,
            dst_crs=crs,
            src_nodata=nodata,
            dst_nodata=nodata,
            resampling=resampling,
            # What the source does not reach keeps what it was filled with.
            init_dest_nodata=False,
        )
    except (RasterioError, ValueError) as failure:
        raise _no_way(layer.name, crs) from failure


def _warped_notice(layer: ElevationLayer | ImageryLayer, grid: _Grid, crs: str) -> Notice:
    return Notice(
        code="grid-warped",
        what=f"It was resampled to {grid.cols} × {grid.rows} cells in {describe(crs).name}",
        source=layer.name,
        severity="info",
    )


def _no_way(name: str, crs: str) -> CrsError:
    return CrsError(
        f"{name} cannot be mapped into {describe(crs).name}",
        hint="Check the coordinate systems of the file and of the project.",
        code="crs-no-path",
    )
