"""Pictures of the ground read by windows: of any part, at any size, from file or overview."""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.enums import Resampling
from rasterio.errors import RasterioError
from rasterio.vrt import WarpedVRT
from rasterio.windows import Window

from layers.errors import CityError
from layers.kinds.imagery import ImageryLayer
from layers.kinds.layer import Bounds
from layers.progress import SILENT
from layers.readers.raster_colour import Colours, hides
from layers.readers.raster_grid import Grid, north_up, opened

RGBA = NDArray[np.uint8]
FINE_ENOUGH = 1.1
"""An overview is used where its cells are at most so many times those asked for."""
_MOST_WINDOW = 64_000_000


class Level(NamedTuple):
    """A coarser copy of a picture: RGBA in the layer's CRS, north up, over the same bounds."""

    path: Path
    cell: float


class Picture:
    """One layer's picture; safe in several threads.

    Coarse parts come from the layer's own pixels. Finer ones come from its file, where that is still
    the file it was read from; through a warped view of it, where it is in another CRS.

    Attributes
    ----------
    bounds : what it covers, in the layer's CRS
    cell : metres per pixel of the finest there is
    own_cell : metres per pixel of the layer's own pixels
    has_overviews : whether the file brings coarser copies itself
    stamp : what tells this picture of this file from others
    levels : asked for coarser copies made elsewhere; see `layers.tiles.picture_levels`
    """

    def __init__(self, layer: ImageryLayer) -> None:
        self._pixels = layer.pixels
        self._crs = layer.crs
        self._own = self.own_cell = max(layer.cell_x, layer.cell_y)
        self.levels: Callable[[], Sequence[Level]] = lambda: ()
        self.has_overviews = False
        self._cells = (layer.cell_x, layer.cell_y)
        self.bounds: Bounds = layer.bounds
        self._file = file_of(layer)
        self._larger = layer.full_size != (0, 0)
        self._file_crs = layer.source.file_crs if layer.source is not None else ""
        self._colours: Colours | None = None
        self._masked: NDArray[np.uint8] | None = None
        self.cell = self._own
        if self._file is not None and self._larger:
            with contextlib.suppress(CityError), self._open() as view:
                self.cell = min(self._own, float(max(abs(view.transform.a), abs(view.transform.e))))
            with contextlib.suppress(CityError), opened(self._file) as file:
                self.has_overviews = bool(file.overviews(1))
        self.stamp = _stamp(self._file, self._crs, self.bounds)

    def with_levels(self, levels: Sequence[Level]) -> Picture:
        """The same picture, with these coarser copies."""
        other = copy.copy(self)
        other.levels = lambda: levels
        return other

    @contextlib.contextmanager
    def _open(self) -> Iterator[Any]:
        """The file, north up, in the layer's CRS."""
        assert self._file is not None
        with opened(self._file) as file, north_up(self._file, file, self._file_crs) as (view, _):
            source = self._file_crs or (view.crs.to_wkt() if view.crs else self._crs)
            if _same(source, self._crs):
                yield view
                return
            with WarpedVRT(
                view, src_crs=source, crs=self._crs, resampling=Resampling.bilinear, add_alpha=True
            ) as warped:
                yield warped

    def read(self, bounds: Bounds, size: int) -> RGBA:
        """Colours of a square or rectangle: uint8 (size, size, 4), row 0 in the south; transparent
        where there is no picture.

        Raises
        ------
        ReadError
            The file is gone or damaged.
        """
        texel = max(bounds[2] - bounds[0], bounds[3] - bounds[1]) / size
        if self._file is None or self._own <= texel * FINE_ENOUGH or self.cell >= self._own:
            return self._from_overview(bounds, size)
        fitting = [level for level in self.levels() if level.cell <= texel * FINE_ENOUGH]
        if fitting:
            with contextlib.suppress(CityError, RasterioError):
                return self._from_level(fitting[-1], bounds, size)
        return self._from_file(bounds, size)

    def _from_level(self, level: Level, bounds: Bounds, size: int) -> RGBA:
        west, _, _, north = self.bounds
        with opened(level.path) as file:
            left = max(int((bounds[0] - west) / level.cell) - 2, 0)
            top = max(int((north - bounds[3]) / level.cell) - 2, 0)
            right = min(int((bounds[2] - west) / level.cell) + 3, file.width)
            bottom = min(int((north - bounds[1]) / level.cell) + 3, file.height)
            if right <= left or bottom <= top:
                return self._from_overview(bounds, size)
            block = np.moveaxis(
                file.read(window=Window(left, top, right - left, bottom - top)), 0, 2
            )
        corner = (west + left * level.cell, north - top * level.cell)
        return _sampled(block, corner, (level.cell, level.cell), bounds, size)

    def _from_overview(self, bounds: Bounds, size: int) -> RGBA:
        if self._masked is None:
            self._masked = self._with_mask()
        west, _, _, north = self.bounds
        return _sampled(self._masked, (west, north), self._cells, bounds, size)

    def _with_mask(self) -> NDArray[np.uint8]:
        """The layer's own pixels; with what is transparent in the file, where anything is."""
        rows, cols = self._pixels.shape[:2]
        if self._file is None:
            return self._pixels
        with contextlib.suppress(CityError), self._open() as view:
            if not hides(view):
                return self._pixels
            t, (west, south, east, north) = view.transform, self.bounds
            left, top = round((west - t.c) / t.a), round((north - t.f) / t.e)
            right, bottom = round((east - t.c) / t.a), round((south - t.f) / t.e)
            window = Window(left, top, right - left, bottom - top)
            if min(left, top) >= 0 and right <= view.width and bottom <= view.height:
                mask = view.dataset_mask(
                    window=window, out_shape=(rows, cols), resampling=Resampling.nearest
                )
                return np.dstack([self._pixels, np.where(mask == 0, 0, 255).astype(np.uint8)])
        return self._pixels

    def _from_file(self, bounds: Bounds, size: int) -> RGBA:
        with self._open() as view:
            t = view.transform
            shrink = max(1, int((bounds[2] - bounds[0]) / size / abs(t.a)))
            # A pixel more on each side, to interpolate to the very edge.
            left = int(np.floor((bounds[0] - t.c) / t.a)) - shrink
            right = int(np.ceil((bounds[2] - t.c) / t.a)) + shrink
            top = int(np.floor((bounds[3] - t.f) / t.e)) - shrink
            bottom = int(np.ceil((bounds[1] - t.f) / t.e)) + shrink
            left, top = max(left, 0), max(top, 0)
            right, bottom = min(right, view.width), min(bottom, view.height)
            if right <= left or bottom <= top or (right - left) * (bottom - top) > _MOST_WINDOW:
                return self._from_overview(bounds, size)
            rows, cols = max(1, (bottom - top) // shrink), max(1, (right - left) // shrink)
            grid = Grid(
                window=Window(left, top, right - left, bottom - top), rows=rows, cols=cols,
                west=t.c + left * t.a, north=t.f + top * t.e,
                cell_x=(right - left) * t.a / cols, cell_y=-(bottom - top) * t.e / rows,
                flip_x=False, flip_y=False, whole=(view.height, view.width),
            )  # fmt: skip
            if self._colours is None:
                self._colours = Colours(view)
            pixels = self._colours.read(view, grid, SILENT)
            block = np.dstack([pixels, self._colours.seen(view, grid)])
        return _sampled(block, (grid.west, grid.north), (grid.cell_x, grid.cell_y), bounds, size)


def composed(pictures: Sequence[Picture], bounds: Bounds, size: int) -> RGBA | None:
    """Pictures over each other, the last on top; None where none reaches into `bounds`."""
    out: RGBA | None = None
    for picture in pictures:
        if not _meet(picture.bounds, bounds):
            continue
        part = picture.read(bounds, size)
        if out is None:
            out = part
        else:
            over = part[..., 3] > 0
            out[over] = part[over]
    return out if out is not None and out[..., 3].any() else None


def file_of(layer: ImageryLayer) -> Path | None:
    """The file that the layer was read from; None where it is gone or is another one by now."""
    source = layer.source
    if source is None or not source.path:
        return None
    path = Path(source.path)
    try:
        return path if path.stat().st_size == source.size or not source.size else None
    except OSError:
        return None


def _stamp(file: Path | None, crs: str, bounds: Bounds) -> list[Any]:
    if file is None:
        return []
    try:
        found = file.stat()
    except OSError:
        return []
    return [str(file), found.st_size, found.st_mtime_ns, crs, list(bounds)]


def _sampled(
    block: NDArray[np.uint8],
    corner: tuple[float, float],
    cells: tuple[float, float],
    bounds: Bounds,
    size: int,
) -> RGBA:
    """`block` (rows, cols, 3 or 4), north-west corner at `corner`, between its cells at the middles of
    size × size cells over `bounds`."""
    texel_x, texel_y = (bounds[2] - bounds[0]) / size, (bounds[3] - bounds[1]) / size
    x = bounds[0] + (np.arange(size) + 0.5) * texel_x
    y = bounds[1] + (np.arange(size) + 0.5) * texel_y
    rows, cols = block.shape[:2]
    col, row = (x - corner[0]) / cells[0] - 0.5, (corner[1] - y) / cells[1] - 0.5
    in_x, in_y = (col > -0.5001) & (col < cols - 0.4999), (row > -0.5001) & (row < rows - 0.4999)
    out = np.zeros((size, size, 4), np.uint8)
    if not in_x.any() or not in_y.any():
        return out
    # Only what is looked at, in blocks where many cells fall into one.
    step_x, step_y = max(1, int(texel_x / cells[0])), max(1, int(texel_y / cells[1]))
    c0, c1 = max(int(col[in_x].min()) - step_x, 0), min(int(col[in_x].max()) + 2 + step_x, cols)
    r0, r1 = max(int(row[in_y].min()) - step_y, 0), min(int(row[in_y].max()) + 2 + step_y, rows)
    part, step_y, step_x = _blocks(block[r0:r1, c0:c1], step_y, step_x)
    col, row = (col - c0 + 0.5) / step_x - 0.5, (row - r0 + 0.5) / step_y - 0.5
    mixed = _bilinear(part, row, col)
    out[..., : part.shape[2]] = np.rint(mixed)
    inside = in_y[:, None] & in_x[None, :]
    if part.shape[2] == 4:
        inside &= out[..., 3] >= 128
    out[..., 3] = 255 * inside
    if not inside.all() and inside.any():
        out[~inside, :3] = out[inside, :3].mean(axis=0)  # what shines through at the border
    return out


def _blocks(
    part: NDArray[np.uint8], step_y: int, step_x: int
) -> tuple[NDArray[np.float32], int, int]:
    step_y, step_x = min(step_y, part.shape[0]), min(step_x, part.shape[1])
    if step_x == step_y == 1:
        return part.astype(np.float32), 1, 1
    rows, cols = part.shape[0] // step_y, part.shape[1] // step_x
    whole = part[: rows * step_y, : cols * step_x]
    total = np.zeros((rows, cols, part.shape[2]), np.float32)
    for down in range(step_y):
        for right in range(step_x):
            total += whole[down::step_y, right::step_x]
    means: NDArray[np.float32] = (total / (step_x * step_y)).astype(np.float32)
    return means, step_y, step_x


def _bilinear(
    part: NDArray[np.float32], row: NDArray[np.float64], col: NDArray[np.float64]
) -> NDArray[np.float32]:
    rows, cols = part.shape[:2]
    row, col = np.clip(row, 0, rows - 1), np.clip(col, 0, cols - 1)
    r0, c0 = (
        np.minimum(row.astype(int), max(rows - 2, 0)),
        np.minimum(col.astype(int), max(cols - 2, 0)),
    )
    r1, c1 = np.minimum(r0 + 1, rows - 1), np.minimum(c0 + 1, cols - 1)
    v, u = (row - r0).astype(np.float32)[:, None, None], (col - c0).astype(np.float32)[:, None]
    lines = part[r0] * (1 - v) + part[r1] * v
    mixed: NDArray[np.float32] = lines[:, c0] * (1 - u) + lines[:, c1] * u
    return mixed


def _meet(one: Bounds, other: Bounds) -> bool:
    across = one[0] < other[2] and other[0] < one[2]
    return across and one[1] < other[3] and other[1] < one[3]


def _same(one: str, other: str) -> bool:
    return one == other or rasterio.crs.CRS.from_user_input(
        one
    ) == rasterio.crs.CRS.from_user_input(other)
