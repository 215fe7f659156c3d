"""The orthophoto: the ward from straight above, painted from its patches and crowns."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.features import rasterize
from rasterio.transform import from_origin
from scipy import ndimage

from layers.progress import SILENT, Progress
from twin.demo.ground_cover import PAVING, Patch, cover, outline
from twin.demo.nature import SPECIES, Trees
from twin.demo.settle import Settled
from twin.demo.shapes import CONCRETE, TILE, TIN

PIXEL = 0.3
"""Side of a pixel, metres."""
STRIP = 512
COARSE = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Ortho:
    """The picture and where it lies.

    Attributes
    ----------
    rgb : uint8, shape (rows, cols, 3), row 0 in the north
    window : local metres
    """

    rgb: NDArray[np.uint8]
    window: tuple[float, float, float, float]

    def at(self, x: NDArray[np.floating], y: NDArray[np.floating]) -> NDArray[np.uint8]:
        """Colour of the pixel at local `x`, `y` (n,), shape (n, 3)."""
        column = ((x - self.window[0]) / PIXEL).astype(np.int32)
        row = ((self.window[3] - y) / PIXEL).astype(np.int32)
        rows, columns, _ = self.rgb.shape
        found: NDArray[np.uint8] = self.rgb[
            np.clip(row, 0, rows - 1), np.clip(column, 0, columns - 1)
        ]
        return found


@dataclass(frozen=True, slots=True)
class _Table:
    """Per patch (row 0: nothing): colour, material, direction of its pattern, height."""

    colour: NDArray[np.float32]
    material: NDArray[np.uint8]
    cos: NDArray[np.float32]
    sin: NDArray[np.float32]
    height: NDArray[np.float32]


def paint(settled: Settled, *, progress: Progress = SILENT) -> Ortho:
    """Paint the window of `settled`."""
    x0, y0, x1, y1 = settled.window
    rows, columns = round((y1 - y0) / PIXEL), round((x1 - x0) / PIXEL)
    patches = cover(settled)
    progress.step(0.2, "Painting the orthophoto")
    label = rasterize(
        ((outline(patch.area), number) for number, patch in enumerate(patches, start=1)),
        out_shape=(rows, columns),
        transform=from_origin(x0, y1, PIXEL, PIXEL),
        dtype="int32",
    )
    table = _table(patches)
    progress.step(0.5)
    shade = _shade(table.height[label[::COARSE, ::COARSE]])
    mottle = _mottle(shade.shape, settled.seed)
    rgb = np.empty((rows, columns, 3), dtype=np.uint8)

    def strip(start: int) -> None:
        stop = min(start + STRIP, rows)
        rgb[start:stop] = _strip(label, start, stop, table, shade, mottle, settled)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(strip, range(0, rows, STRIP)))
    progress.step(0.8)
    _stamp(rgb, label, table.height, settled.trees, settled)
    return Ortho(rgb=rgb, window=settled.window)


def write_ortho(path: Path, ortho: Ortho, *, west: float, north: float, crs: str) -> None:
    """Write a tiled JPEG-in-TIFF with overviews."""
    rows, columns, _ = ortho.rgb.shape
    with rasterio.open(
        path, "w", driver="GTiff", width=columns, height=rows, count=3, dtype="uint8", crs=crs,
        transform=from_origin(west, north, PIXEL, PIXEL), tiled=True, blockxsize=512,
        blockysize=512, compress="jpeg", photometric="ycbcr", jpeg_quality=88, num_threads=2,
    ) as file:  # fmt: skip
        file.write(np.moveaxis(ortho.rgb, 2, 0))
        file.update_tags(TIFFTAG_IMAGEDESCRIPTION="Dothi demo ward, painted")
    with rasterio.open(path, "r+") as file:
        factors = [f for f in (2, 4, 8, 16) if max(rows, columns) / f > 200]
        file.build_overviews(factors, rasterio.enums.Resampling.average)


def _table(patches: list[Patch]) -> _Table:
    angle = np.array([0.0] + [patch.angle for patch in patches])
    return _Table(
        np.array([(120, 118, 112)] + [patch.colour for patch in patches], dtype=np.float32),
        np.array([PAVING] + [patch.material for patch in patches], dtype=np.uint8),
        np.cos(angle).astype(np.float32),
        np.sin(angle).astype(np.float32),
        np.array([0.0] + [patch.height for patch in patches], dtype=np.float32),
    )


def _shade(height: NDArray[np.float32]) -> NDArray[np.float32]:
    """How much sky each coarse cell sees, 0.6 … 1: a soft darkness in alleys and at walls."""
    near = ndimage.gaussian_filter(height, 3.0 / (PIXEL * COARSE))
    wide = ndimage.gaussian_filter(height, 9.0 / (PIXEL * COARSE))
    hollow = np.clip((near - height) / 11, 0, 1) * 0.6 + np.clip((wide - height) / 24, 0, 1) * 0.4
    return (1 - 0.42 * hollow).astype(np.float32)


def _mottle(shape: tuple[int, ...], seed: int) -> NDArray[np.float32]:
    """Smooth unevenness around 0, about ±1, from patches of 3 to 40 m."""
    rng = np.random.default_rng([seed, 21])
    total = np.zeros(shape, dtype=np.float32)
    for scale, weight in ((3.0, 0.5), (12.0, 0.5), (40.0, 0.6)):
        noise = rng.standard_normal(shape, dtype=np.float32)
        soft = ndimage.gaussian_filter(noise, scale / (PIXEL * COARSE), truncate=2.5)
        total += weight * soft / soft.std()
    return total


def _strip(
    label: NDArray[np.int32],
    start: int,
    stop: int,
    table: _Table,
    shade: NDArray[np.float32],
    mottle: NDArray[np.float32],
    settled: Settled,
) -> NDArray[np.uint8]:
    part = label[start:stop]
    rows, columns = part.shape
    kind = table.material[part]
    fine = np.random.default_rng([settled.seed, 22, start]).standard_normal(
        (rows, columns), dtype=np.float32
    )
    large = _grown(mottle, start, stop, columns)
    gain = np.array([0.020, 0.014, 0.040, 0.008, 0.022, 0.055, 0.010, 0.026], dtype=np.float32)
    slow = np.array([0.026, 0.020, 0.030, 0.004, 0.020, 0.065, 0.030, 0.026], dtype=np.float32)
    light = 1 + gain[kind] * fine + slow[kind] * large
    light += _sheet_pattern(part, kind, table, start)
    light *= _grown(shade, start, stop, columns)
    light *= _edges(label, start, stop, kind, table.height)
    shown = table.colour[part] * light[..., None]
    return np.clip(shown, 0, 255).astype(np.uint8)


def _grown(coarse: NDArray[np.float32], start: int, stop: int, columns: int) -> NDArray[np.float32]:
    """Rows `start` … `stop` of the coarse grid at full size, bilinear."""
    at = (np.arange(start, stop) + 0.5) / COARSE - 0.5
    low = np.clip(np.floor(at).astype(int), 0, len(coarse) - 1)
    high = np.clip(low + 1, 0, len(coarse) - 1)
    share = (at - low).astype(np.float32)[:, None]
    rows = coarse[low] * (1 - share) + coarse[high] * share
    across = (np.arange(columns) + 0.5) / COARSE - 0.5
    left = np.clip(np.floor(across).astype(int), 0, coarse.shape[1] - 1)
    right = np.clip(left + 1, 0, coarse.shape[1] - 1)
    part = (across - left).astype(np.float32)
    grown: NDArray[np.float32] = rows[:, left] * (1 - part) + rows[:, right] * part
    return grown


def _sheet_pattern(
    part: NDArray[np.int32], kind: NDArray[np.uint8], table: _Table, start: int
) -> NDArray[np.float32]:
    """Ribs of sheet roofs and courses of tiles, across the ridge; nothing elsewhere."""
    pattern = np.zeros(part.shape, dtype=np.float32)
    row, column = np.nonzero((kind == TIN) | (kind == TILE))
    which = part[row, column]
    x = column.astype(np.float32) * PIXEL
    y = (row + start).astype(np.float32) * -PIXEL
    along = table.cos[which] * x + table.sin[which] * y
    across = -table.sin[which] * x + table.cos[which] * y
    tin = kind[row, column] == TIN
    ribs = np.where(
        tin, 0.055 * np.sin(along * (2 * np.pi / 1.1)), 0.05 * np.sin(across * (2 * np.pi / 0.95))
    )
    pattern[row, column] = ribs
    return pattern


def _edges(
    label: NDArray[np.int32],
    start: int,
    stop: int,
    kind: NDArray[np.uint8],
    height: NDArray[np.float32],
) -> NDArray[np.float32]:
    """Dark seams where two roofs meet; a light rim on the upper side of a step."""
    part = label[start:stop]
    above = (
        label[max(start - 1, 0) : stop - 1] if start else np.vstack([label[:1], label[: stop - 1]])
    )
    left = np.hstack([part[:, :1], part[:, :-1]])
    own = height[part]
    factor = np.ones(part.shape, dtype=np.float32)
    for other in (above, left):
        beside = height[other]
        seam = (part != other) & ((own > 1) | (beside > 1))
        factor[seam & (own <= beside)] = 0.8
        rim = seam & (own > beside + 0.3) & (kind == CONCRETE)
        factor[rim] = 1.12
    return factor


def _stamp(
    rgb: NDArray[np.uint8],
    label: NDArray[np.int32],
    height: NDArray[np.float32],
    trees: Trees,
    settled: Settled,
) -> None:
    """Draw the crowns, low ones first; a roof above a crown hides it."""
    x0, y0, x1, y1 = settled.window
    rng = np.random.default_rng([settled.seed, 23])
    inside = (
        (trees.xy[:, 0] > x0)
        & (trees.xy[:, 0] < x1)
        & (trees.xy[:, 1] > y0)
        & (trees.xy[:, 1] < y1)
    )
    order = np.flatnonzero(inside)
    order = order[np.argsort(trees.height[order], kind="stable")]
    crowns: dict[tuple[int, int], tuple[NDArray[np.float32], NDArray[np.bool_]]] = {}
    tint = rng.normal(1.0, 0.09, (len(order), 1)) + rng.normal(0, 0.035, (len(order), 3))
    variant = rng.integers(0, 12, len(order))
    for number, tree in enumerate(order):
        radius = max(3, round(float(trees.crown[tree]) / PIXEL))
        key = (radius, int(variant[number]))
        if key not in crowns:
            crowns[key] = _crown(radius, key[1])
        light, mask = crowns[key]
        column = int((trees.xy[tree, 0] - x0) / PIXEL) - radius
        row = int((y1 - trees.xy[tree, 1]) / PIXEL) - radius
        side = 2 * radius + 1
        r0, r1 = max(row, 0), min(row + side, rgb.shape[0])
        c0, c1 = max(column, 0), min(column + side, rgb.shape[1])
        cut = (slice(r0 - row, r1 - row), slice(c0 - column, c1 - column))
        seen = mask[cut] & (height[label[r0:r1, c0:c1]] < trees.height[tree])
        colour = np.asarray(SPECIES[trees.species[tree]][3]) * tint[number]
        patch = rgb[r0:r1, c0:c1]
        shown = np.clip(light[cut][seen][:, None] * colour.astype(np.float32), 0, 255)
        patch[seen] = shown.astype(np.uint8)


def _crown(radius: int, variant: int) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Light and outline of a crown of `radius` pixels: a lumpy dome of leaves."""
    rng = np.random.default_rng([31, radius, variant])
    axis = (np.arange(2 * radius + 1) - radius) / radius
    x, y = np.meshgrid(axis, -axis)
    away, turn = np.hypot(x, y), np.arctan2(y, x)
    phase = rng.uniform(0, 2 * np.pi, 3)
    reach = 0.88 + 0.07 * np.sin(3 * turn + phase[0]) + 0.06 * np.sin(5 * turn + phase[1])
    reach += 0.05 * np.sin(9 * turn + phase[2])
    dome = np.sqrt(np.clip(1 - (away / reach) ** 2, 0, 1))
    leaves = ndimage.gaussian_filter(rng.standard_normal(x.shape), 1.1)
    leaves /= max(float(leaves.std()), 1e-6)
    light = 0.62 + 0.42 * dome + 0.16 * (y - x) / 1.4 + 0.13 * leaves
    return light.astype(np.float32), away < reach
