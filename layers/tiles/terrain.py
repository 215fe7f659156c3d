"""The pyramid of a terrain: grids of half as many nodes each, and for each tile how far it is off.

Level 0 has the raster's own cells, level l every 2^l-th; a tile has `TILE` squares a side. Meshes
are made of a tile's grid when they are wanted (`layers.tiles.terrain_mesh`); what costs a look at
the whole raster is kept here. In a folder it is built once, goes on where a killed process
stopped, and only tiles whose heights changed are done again.
"""

from __future__ import annotations

import contextlib
import json
import threading
import weakref
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from layers.builders import rtin
from layers.errors import Cancelled, WriteError
from layers.progress import SILENT, Progress
from layers.tiles.heights import Heights

AT_ONCE = 1_500_000
"""Cells of which tiles are built when they are shown; more are built once, in a folder."""
TILE = 128
VERSION = 2
FINEST_M, COARSEST_M = 0.02, 0.25
"""Tolerance of tiles of the raster's own cells is a twentieth of a cell, between these."""
_INDEX = np.dtype(
    [("error", "<f4"), ("lost", "<f4"), ("low", "<f4"), ("high", "<f4"), ("digest", "<u4")]
)


class Key(NamedTuple):
    """A tile: its level (0 the raster's cells, negative within a tile of them), row and column."""

    level: int
    row: int
    col: int


class Step(NamedTuple):
    """One row of tiles to be built."""

    level: int
    row: int


class _Shared:
    """What those share that build in one folder: whose turn it is, and whether people stopped it."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.stopped = False


_folders: weakref.WeakValueDictionary[Path, _Shared] = weakref.WeakValueDictionary()
_turn = threading.Lock()


def _shared(folder: Path | None) -> _Shared:
    if folder is None:
        return _Shared()
    with _turn:
        found = _folders.get(folder.absolute())
        if found is None:
            found = _folders[folder.absolute()] = _Shared()
        return found


class TerrainPyramid:
    """The levels over one raster.

    Parameters
    ----------
    heights
        The raster.
    folder
        Where levels are kept; None keeps them in memory. May be deleted at any time when nobody
        reads it.

    Attributes
    ----------
    levels : how many there are; the last is one tile
    rebuilt : tiles made, not found as they were, since this object exists
    """

    def __init__(self, heights: Heights, folder: Path | None = None) -> None:
        self.heights = heights
        self.folder = folder
        self.rebuilt = 0
        self._shared = _shared(folder)
        self.finest = float(np.clip(heights.cell_x / 20, FINEST_M, COARSEST_M))
        shape = (max(heights.rows, 2), max(heights.cols, 2))
        self.shapes = [shape]
        while max(self.shapes[-1]) > TILE + 1:
            rows, cols = self.shapes[-1]
            self.shapes.append((-(-(rows - 1) // 2) + 1, -(-(cols - 1) // 2) + 1))
        self.levels = len(self.shapes)
        self._grids: dict[int, NDArray[np.float32]] = {}
        self._index: list[NDArray[Any]] = []
        with self._shared.lock:
            if folder is not None:
                self._check_folder(folder)
            for level, (rows, cols) in enumerate(self.shapes):
                if level:
                    self._grids[level] = self._kept(f"level-{level}", (rows, cols), np.dtype("<f4"))
                self._index.append(self._kept(f"index-{level}", self.tiles(level), _INDEX))

    # -- shape ------------------------------------------------------------------------------

    def tiles(self, level: int) -> tuple[int, int]:
        """Rows and columns of tiles of a level; negative levels halve those of level 0."""
        if level < 0:
            rows, cols = self.shapes[0]
            side = TILE >> -level
        else:
            (rows, cols), side = self.shapes[level], TILE
        return (max(1, -(-(rows - 1) // side)), max(1, -(-(cols - 1) // side)))

    def side(self, level: int) -> tuple[float, float]:
        """Metres from west to east and north to south of a whole tile."""
        scale = TILE * 2.0**level
        return (self.heights.cell_x * scale, self.heights.cell_y * scale)

    def x_of(self, node: NDArray[np.int64], level: int) -> NDArray[np.float64]:
        """x of columns of nodes: middles of cells."""
        h = self.heights
        return _place(node, max(level, 0), h.cols, h.west, h.cell_x)

    def y_of(self, node: NDArray[np.int64], level: int) -> NDArray[np.float64]:
        """y of rows of nodes."""
        h = self.heights
        return _place(node, max(level, 0), h.rows, h.north, -h.cell_y)

    def nodes(self, level: int, row: int, col: int, rows: int, cols: int) -> NDArray[np.float32]:
        """Heights of nodes; beyond the raster those of its edge go on."""
        have_rows, have_cols = self.shapes[max(level, 0)]
        r, c = np.arange(row, row + rows), np.arange(col, col + cols)
        r, c = np.clip(r, 0, have_rows - 1), np.clip(c, 0, have_cols - 1)
        if level <= 0:
            r, c = np.minimum(r, self.heights.rows - 1), np.minimum(c, self.heights.cols - 1)
            block = self.heights.read(
                int(r[0]), int(c[0]), int(r[-1] - r[0]) + 1, int(c[-1] - c[0]) + 1
            )
        else:
            block = self._grids[level][r[0] : r[-1] + 1, c[0] : c[-1] + 1]
        return np.asarray(block[np.ix_(r - r[0], c - c[0])], dtype=np.float32)

    # -- what is known of tiles -------------------------------------------------------------

    def error(self, key: Key) -> float:
        """Metres that the drawn surface is off the raster at most, anywhere in the tile.

        Where a level's last nodes stand closer than its others, along the raster's east and south,
        it does not hold for the cells between those.
        """
        return float(self.errors(key.level)[key.row, key.col])

    def errors(self, level: int) -> NDArray[np.float32]:
        """Stated errors of all tiles of a level, metres; estimates for negative levels."""
        if level >= 0:
            return np.asarray(self._index[level]["error"])
        share = np.repeat(np.repeat(self._index[0]["error"], 1 << -level, 0), 1 << -level, 1)
        rows, cols = self.tiles(level)
        return np.asarray(share[:rows, :cols] * np.float32(0.5**-level))

    def heights_of(self, level: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Lowest and highest of each tile, metres; NaN where it holds nothing."""
        if level >= 0:
            return self._index[level]["low"], self._index[level]["high"]
        rows, cols = self.tiles(level)
        scale = 1 << -level
        low, high = (
            np.repeat(np.repeat(self._index[0][name], scale, 0), scale, 1)[:rows, :cols]
            for name in ("low", "high")
        )
        return low, high

    def tolerance(self, key: Key) -> float:
        """What the triangles of a tile may be off its own grid, metres."""
        if key.level < 0:
            return self.finest * 0.5**-key.level
        return max(self.finest, float(self._index[key.level]["lost"][key.row, key.col]))

    @property
    def complete(self) -> bool:
        """Whether every tile has been built; whether it is of the present heights, `build` knows."""
        return all(bool(index["digest"].all()) for index in self._index)

    # -- building ---------------------------------------------------------------------------

    def steps(self) -> list[Step]:
        """All rows of tiles, in an order in which they can be built."""
        return [
            Step(level, row) for level in range(self.levels) for row in range(self.tiles(level)[0])
        ]

    def build(self, progress: Progress = SILENT, wanted: Callable[[], bool] = lambda: True) -> bool:
        """Build what is missing or of other heights; False where it was not wanted any more.

        Two may build in one folder of this process: what one made, the other finds. Where people
        stop one that shows its progress, the others end, too.

        Raises
        ------
        Cancelled
            As `progress` was asked to; what was built is kept.
        """
        steps = self.steps()
        if progress is not SILENT:
            self._shared.stopped = False
        for number, step in enumerate(steps):
            try:
                progress.step(number / len(steps), "Preparing the terrain")
            except Cancelled:
                self._shared.stopped = True
                raise
            if not wanted() or self._shared.stopped:
                return False
            with self._shared.lock:
                self.run(step)
        return True

    def run(self, step: Step) -> int:
        """Build one row of tiles, unless it stands; how many tiles were made."""
        level, row = step
        width = self.tiles(level)[1]
        below = TILE if level == 0 else 2 * TILE
        finer = max(level - 1, 0)
        block = self.nodes(finer, row * below, 0, below + 1, width * below + 1)
        tiles = [block[:, j * below : (j + 1) * below + 1] for j in range(width)]
        digests = self._digests(level, row, tiles)
        index = self._index[level]
        stale = np.flatnonzero(index["digest"][row] != digests)
        if not len(stale):
            return 0
        stacked = np.stack([tiles[j] for j in stale])
        lost = np.zeros(len(stale), np.float32)
        if level:
            lost = rtin.coarser_errors(stacked) + self._children(level, row, "lost", np.max)[stale]
            stacked = stacked[:, ::2, ::2]
            self._write_grid(level, row, stale, stacked)
        needed = rtin.kept(rtin.split_errors(stacked), np.maximum(self.finest, lost))
        off = np.abs(rtin.surface(stacked, needed) - stacked)
        record = index[row]
        known = np.isfinite(stacked)
        record["error"][stale] = lost + np.where(known, np.nan_to_num(off), 0).max(axis=(1, 2))
        record["lost"][stale] = lost
        lows, highs = _extent(stacked, known)
        if level:
            lows = np.fmin(lows, self._children(level, row, "low", np.fmin.reduce)[stale])
            highs = np.fmax(highs, self._children(level, row, "high", np.fmax.reduce)[stale])
        record["low"][stale], record["high"][stale] = lows, highs
        self._flush(level)  # what a digest vouches for must be there first
        record["digest"][stale] = digests[stale]
        self.rebuilt += len(stale)
        return len(stale)

    def _digests(self, level: int, row: int, tiles: list[NDArray[np.float32]]) -> NDArray[Any]:
        if level == 0:
            found = [zlib.crc32(np.ascontiguousarray(tile).tobytes()) for tile in tiles]
        else:
            below = self._below(level, row, "digest")
            found = [
                zlib.crc32(np.ascontiguousarray(below[j]).tobytes()) for j in range(len(below))
            ]
        return np.array([digest or 1 for digest in found], np.uint32)

    def _below(self, level: int, row: int, name: str) -> NDArray[Any]:
        """A value of the up to four children of each tile of a row: (tiles, 4)."""
        finer = self._index[level - 1][name]
        rows = np.minimum([2 * row, 2 * row + 1], len(finer) - 1)
        cols = np.minimum(np.arange(2 * self.tiles(level)[1]), finer.shape[1] - 1)
        pairs = finer[np.ix_(rows, cols)].reshape(2, -1, 2)
        return np.asarray(pairs.transpose(1, 0, 2).reshape(-1, 4))

    def _children(self, level: int, row: int, name: str, how: Any) -> NDArray[np.float32]:
        return np.asarray(how(self._below(level, row, name), axis=1))

    def _write_grid(
        self, level: int, row: int, cols: NDArray[np.int64], tiles: NDArray[np.float32]
    ) -> None:
        grid = self._grids[level]
        for col, tile in zip(cols.tolist(), tiles, strict=True):
            part = grid[row * TILE : (row + 1) * TILE + 1, col * TILE : (col + 1) * TILE + 1]
            part[:] = tile[: part.shape[0], : part.shape[1]]

    # -- the folder -------------------------------------------------------------------------

    def _check_folder(self, folder: Path) -> None:
        """Take what is there where it is of such a raster; else begin anew."""
        h = self.heights
        stated = json.dumps(
            [VERSION, TILE, h.rows, h.cols, h.west, h.north, h.cell_x, h.cell_y], sort_keys=True
        )
        told = folder / "terrain.json"
        with contextlib.suppress(OSError, ValueError):
            if told.read_text(encoding="utf-8") == stated:
                return
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for old in folder.glob("*.npy"):
                old.unlink()
            told.write_text(stated, encoding="utf-8")
        except OSError as damage:
            raise WriteError(
                f"The terrain could not be prepared in {folder.name}: {damage}",
                hint="Free space on the disk, or close other windows of this city.",
            ) from damage

    def _kept(self, name: str, shape: tuple[int, int], kind: np.dtype[Any]) -> NDArray[Any]:
        if self.folder is None:
            return np.zeros(shape, kind)
        file = self.folder / f"{name}.npy"
        with contextlib.suppress(OSError, ValueError):
            found = np.load(file, mmap_mode="r+", allow_pickle=False)
            if found.shape == shape and found.dtype == kind:
                return np.asanyarray(found)
        try:
            return np.lib.format.open_memmap(file, mode="w+", dtype=kind, shape=shape)
        except (OSError, ValueError) as damage:
            raise WriteError(
                f"The terrain could not be prepared in {self.folder.name}: {damage}",
                hint="Free space on the disk.",
            ) from damage

    def _flush(self, level: int) -> None:
        grid = self._grids.get(level)
        if isinstance(grid, np.memmap):
            grid.flush()


def _place(
    node: NDArray[np.int64], level: int, cells: int, start: float, cell: float
) -> NDArray[np.float64]:
    if cells == 1:  # two nodes within the one cell, so that there is a surface
        return np.asarray(start + (0.25 + 0.5 * np.clip(node, 0, 1)) * cell)
    number = np.clip(node.astype(np.int64) << level, 0, cells - 1)
    return np.asarray(start + (number + 0.5) * cell)


def _extent(
    z: NDArray[np.float32], known: NDArray[np.bool_]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Lowest and highest of each grid; NaN where nothing is known."""
    empty = ~known.any(axis=(1, 2))
    low = np.where(known, z, np.float32(np.inf)).min(axis=(1, 2))
    high = np.where(known, z, np.float32(-np.inf)).max(axis=(1, 2))
    low[empty] = high[empty] = np.nan
    return low, high
