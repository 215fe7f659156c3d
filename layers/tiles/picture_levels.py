"""Coarser copies of a large picture that has none itself, kept beside the project: its own file is
never touched."""

from __future__ import annotations

import contextlib
import json
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.errors import RasterioError
from rasterio.transform import from_origin
from rasterio.windows import Window

from layers.errors import WriteError
from layers.progress import SILENT, Progress
from layers.tiles.imagery import Level, Picture

FIRST = 4
"""The finest copy has cells of so many of the file's; finer views read the file itself."""
BLOCK = 512
STATED = "levels.json"
FOLDER = "picture"
"""The folder of the copies in that of their layer."""


def wanted(picture: Picture) -> bool:
    """Whether views of `picture` between its file and its overview would read very many pixels: the
    file is much finer than the overview, and has no overviews of its own."""
    return picture.cell * FIRST * 1.1 < picture.own_cell and not picture.has_overviews


class Levels:
    """Asks for the copies of a picture in the folder of its layer until they are there."""

    def __init__(self, picture: Picture, folder: Path) -> None:
        self._picture, self._folder = picture, folder / FOLDER
        self._known: tuple[Level, ...] = ()

    def __call__(self) -> tuple[Level, ...]:
        if not self._known and (self._folder / STATED).exists():
            self._known = known_levels(self._folder, self._picture)
        return self._known


def known_levels(folder: Path, picture: Picture) -> tuple[Level, ...]:
    """The copies in `folder`, the finest first; none unless all are there and of this very file."""
    with contextlib.suppress(OSError, ValueError):
        stated = json.loads((folder / STATED).read_text(encoding="utf-8"))
        if stated["of"] == picture.stamp:
            levels = [Level(folder / name, float(cell)) for name, cell in stated["levels"]]
            if all(level.path.exists() for level in levels):
                return tuple(levels)
    return ()


def build_levels(picture: Picture, folder: Path, progress: Progress = SILENT) -> int:
    """Make the copies that are not in `folder` yet; how many were made.

    Each is half as fine as the one before, until the picture's own overview is reached. What was
    finished before a stop stays.

    Raises
    ------
    Cancelled
        As `progress` was asked to.
    CityError
        The file is gone or damaged, or there is no room on the disk.
    """
    if known_levels(folder, picture):
        return 0
    made: list[Level] = []
    count = 0
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / STATED).unlink(missing_ok=True)
        for number, factor in enumerate(_factors(picture)):
            # Each has a quarter of the pixels of the one before.
            part = progress.part(1 - 0.25**number, 1 - 0.25 ** (number + 1))
            level = Level(folder / f"picture-{factor}-{_tag(picture)}.tif", picture.cell * factor)
            if not level.path.exists():
                _write(picture.with_levels(made), level, part)
                count += 1
            made.append(level)
        stated = {"of": picture.stamp, "levels": [[x.path.name, x.cell] for x in made]}
        (folder / STATED).write_text(json.dumps(stated), encoding="utf-8")
    except (OSError, RasterioError) as damage:
        raise WriteError(
            f"Coarser copies of a picture could not be written in {folder.name}: {damage}",
            hint="Free space on the disk.",
        ) from damage
    for old in set(folder.glob("picture-*")) - {level.path for level in made}:
        with contextlib.suppress(OSError):
            old.unlink()
    return count


def _factors(picture: Picture) -> Iterator[int]:
    factor = FIRST
    while picture.cell * factor * 1.1 < picture.own_cell:
        yield factor
        factor *= 2


def _tag(picture: Picture) -> str:
    return f"{zlib.crc32(json.dumps(picture.stamp).encode()):08x}"


def _write(picture: Picture, level: Level, progress: Progress) -> None:
    west, south, east, north = picture.bounds
    cols = max(1, round((east - west) / level.cell))
    rows = max(1, round((north - south) / level.cell))
    half = level.path.with_suffix(".part")
    with rasterio.open(
        half, "w", driver="GTiff", width=cols, height=rows, count=4, dtype="uint8", tiled=True,
        blockxsize=BLOCK, blockysize=BLOCK, compress="deflate", predictor=2, zlevel=3,
        photometric="RGB", alpha="YES", BIGTIFF="IF_SAFER",
        transform=from_origin(west, north, level.cell, level.cell),
    ) as file:  # fmt: skip
        total = -(-rows // BLOCK) * -(-cols // BLOCK)
        for done, (row, col) in enumerate(
            (r, c) for r in range(0, rows, BLOCK) for c in range(0, cols, BLOCK)
        ):
            progress.step(done / total, "Preparing the picture")
            block = _block(picture, west + col * level.cell, north - row * level.cell, level.cell)
            tall, wide = min(BLOCK, rows - row), min(BLOCK, cols - col)
            file.write(np.moveaxis(block[:tall, :wide], 2, 0), window=Window(col, row, wide, tall))
    half.replace(level.path)


def _block(picture: Picture, west: float, north: float, cell: float) -> NDArray[np.uint8]:
    side = BLOCK * cell
    return picture.read((west, north - side, west + side, north), BLOCK)[::-1]
