"""Grids resampled into another CRS."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from affine import Affine
from numpy.typing import NDArray
from rasterio.enums import Resampling
from rasterio.errors import RasterioError
from rasterio.warp import calculate_default_transform, reproject, transform_bounds

from layers.crs import describe
from layers.errors import CrsError
from layers.kinds.elevation import ElevationLayer
from layers.kinds.imagery import ImageryLayer
from layers.kinds.layer import Bounds
from layers.notices import Notice
from layers.progress import SILENT, Progress

_PAPER = 255
_MOST_CELLS = 400_000_000
_MARGIN = 1e-9
_STRIP_CELLS = 4_000_000


class _Grid(NamedTuple):
    """Where cells of a warped grid come to lie."""

    transform: Affine
    rows: int
    cols: int


def warp_elevation(layer: ElevationLayer, crs: str, progress: Progress = SILENT) -> ElevationLayer:
    """`layer` on square cells in `crs`: bilinear between heights, NaN where none were measured.

    It is made strip by strip, so that beside the two grids little is held.

    Raises
    ------
    CrsError
        It cannot be mapped into `crs`.
    """
    rows, cols = layer.heights.shape
    grid = _target(layer.name, layer.crs, crs, rows, cols, layer.bounds)
    here = Affine(layer.cell_x, 0, layer.west, 0, -layer.cell_y, layer.north)
    heights = np.full((grid.rows, grid.cols), np.nan, dtype=np.float32)
    _in_strips(
        layer, layer.heights, heights, here, grid, crs, Resampling.bilinear, np.nan, progress
    )
    if np.isnan(np.fmax.reduce(heights, axis=None)):
        raise _no_way(layer.name, crs)
    filled: NDArray[np.bool_] | None = None
    if layer.filled is not None:
        mask = np.zeros((grid.rows, grid.cols), dtype=np.uint8)
        flags = layer.filled.view(np.uint8)
        _in_strips(layer, flags, mask, here, grid, crs, Resampling.nearest, None, progress)
        filled = mask.view(bool)
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


def _in_strips(
    layer: ElevationLayer,
    source: NDArray[Any],
    destination: NDArray[Any],
    here: Affine,
    grid: _Grid,
    crs: str,
    resampling: Resampling,
    nodata: float | None,
    progress: Progress,
) -> None:
    """As `_reproject`; GDAL copies what it is given, so it is given a strip and what that needs."""
    step = max(1, _STRIP_CELLS // grid.cols)
    for row in range(0, grid.rows, step):
        progress.step(row / grid.rows)
        rows = min(step, grid.rows - row)
        strip = _Grid(grid.transform @ Affine.translation(0, row), rows, grid.cols)
        window = _needed(strip, crs, layer.crs, here, source.shape)
        if window is None:
            continue
        part, there = source[window], here @ Affine.translation(window[1].start, window[0].start)
        place = destination[row : row + rows]
        _reproject(layer, part, place, there, strip, crs, resampling, nodata)


def _needed(
    strip: _Grid, crs: str, source_crs: str, here: Affine, shape: tuple[int, ...]
) -> tuple[slice, slice] | None:
    """The rows and columns of a source at `here` that lie under a strip; None where none do."""
    west, north = strip.transform.c, strip.transform.f
    east, south = strip.transform @ (strip.cols, strip.rows)
    try:
        box = transform_bounds(crs, source_crs, west, south, east, north, densify_pts=101)
    except (RasterioError, ValueError):
        return (slice(0, shape[0]), slice(0, shape[1]))
    if not np.isfinite(box).all():
        return (slice(0, shape[0]), slice(0, shape[1]))
    cols = np.sort([(box[0] - here.c) / here.a, (box[2] - here.c) / here.a])
    rows = np.sort([(box[1] - here.f) / here.e, (box[3] - here.f) / here.e])
    # Bulges between the places looked at, and neighbours to interpolate with.
    c0, c1 = np.clip(_widened(cols), 0, shape[1]).astype(int)
    r0, r1 = np.clip(_widened(rows), 0, shape[0]).astype(int)
    return (slice(r0, r1), slice(c0, c1)) if r1 > r0 and c1 > c0 else None


def _widened(ends: NDArray[np.float64]) -> NDArray[np.float64]:
    more = 4.0 + 0.01 * float(ends[1] - ends[0])
    return np.array([np.floor(ends[0] - more), np.ceil(ends[1] + more)])


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
