"""Which tiles of a terrain pyramid a frame needs: error on screen, one level apart at most."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from layers.tiles.terrain import TILE, Key, TerrainPyramid
from viewers.scene.eye import Eye

Texel = Callable[[int, NDArray[np.float64], NDArray[np.float64]], NDArray[np.float64]]
"""Level, low and high corners of tiles → side of a picture's cell in each, metres; 0 where a finer
level would show no more."""
LEAST_SQUARES = 8
"""Tiles within a tile of the raster's own cells have at least so many squares a side."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What may be lost on the screen, pixels: `error` of height, `texel` of a picture's cell."""

    error: float
    texel: float
    most: int


@dataclass(slots=True)
class Cut:
    """A choice of tiles.

    Attributes
    ----------
    split : tiles whose children stand in for them
    leaves : tiles that are drawn or lie out of sight, together the whole terrain
    seen : those of `leaves` in sight
    urgency : pixels lost with each tile in sight instead of its children
    """

    split: set[Key] = field(default_factory=set)
    leaves: list[Key] = field(default_factory=list)
    seen: set[Key] = field(default_factory=set)
    urgency: dict[Key, float] = field(default_factory=dict)


class Chooser:
    """Chooses tiles of one pyramid; boxes in scene coordinates.

    Parameters
    ----------
    origin
        World position of the scene's (0, 0, 0).
    """

    def __init__(
        self,
        pyramid: TerrainPyramid,
        origin: tuple[float, float, float],
        *,
        deepest: int | None = None,
    ) -> None:
        self.pyramid = pyramid
        lowest = -int(np.log2(TILE // LEAST_SQUARES))
        self.deepest = lowest if deepest is None else max(lowest, deepest)
        self._origin = np.asarray(origin)
        self._boxes: dict[int, tuple[NDArray[np.float64], NDArray[np.float64]]] = {}

    def boxes(self, level: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Low and high corners (rows × cols, 3) of the tiles of a level."""
        if level not in self._boxes:
            p, h = self.pyramid, self.pyramid.heights
            rows, cols = p.tiles(level)
            width, height = p.side(level)
            west = h.west + h.cell_x / 2 + np.arange(cols) * width
            north = h.north - h.cell_y / 2 - np.arange(rows) * height
            x, y = (a.reshape(-1) for a in np.meshgrid(west, north))
            low_z, high_z = (a.reshape(-1).astype(np.float64) for a in p.heights_of(level))
            slack = p.errors(level).reshape(-1)
            low = np.column_stack([x, y - height, low_z - slack]) - self._origin
            high = np.column_stack([x + width, y, high_z + slack]) - self._origin
            self._boxes[level] = (low, high)
        return self._boxes[level]

    def forget(self) -> None:
        """Heights changed: boxes are found anew."""
        self._boxes.clear()

    def wanted(self, eye: Eye, limits: Limits, texel: Texel) -> tuple[set[Key], dict[Key, float]]:
        """Tiles to split for this eye, and the pixels lost without."""
        p = self.pyramid
        split: set[Key] = set()
        urgency: dict[Key, float] = {}
        level, rows, cols = p.levels - 1, p.tiles(p.levels - 1)[0], p.tiles(p.levels - 1)[1]
        number = np.arange(rows * cols)
        while len(number):
            low, high = (corner[number] for corner in self.boxes(level))
            known = np.isfinite(low[:, 2])
            number, low, high = number[known], low[known], high[known]
            lost = self._lost(eye, low, high, level, number, limits, texel)
            lost = np.where(eye.sees(low, high), lost, 0.0)
            width = p.tiles(level)[1]
            for n, pixels in zip(number.tolist(), lost.tolist(), strict=True):
                urgency[Key(level, *divmod(n, width))] = pixels
            chosen = number[lost > 1]
            if level <= self.deepest or not len(chosen):
                break
            split.update(Key(level, *divmod(n, width)) for n in chosen.tolist())
            number = self._children(level, chosen)
            level -= 1
        return split, urgency

    def _lost(
        self,
        eye: Eye,
        low: NDArray[np.float64],
        high: NDArray[np.float64],
        level: int,
        number: NDArray[np.int64],
        limits: Limits,
        texel: Texel,
    ) -> NDArray[np.float64]:
        """Pixels lost with these tiles, in parts of what may be."""
        scale = eye.pixels_per_metre(low, high)
        error = self.pyramid.errors(level).reshape(-1)[number]
        return np.asarray(
            np.maximum(error * scale / limits.error, texel(level, low, high) * scale / limits.texel)
        )

    def _children(self, level: int, number: NDArray[np.int64]) -> NDArray[np.int64]:
        row, col = np.divmod(number, self.pyramid.tiles(level)[1])
        rows, cols = self.pyramid.tiles(level - 1)
        r = (2 * row[:, None] + np.array([0, 0, 1, 1])).reshape(-1)
        c = (2 * col[:, None] + np.array([0, 1, 0, 1])).reshape(-1)
        inside = (r < rows) & (c < cols)
        return np.asarray((r * cols + c)[inside])

    def children(self, key: Key) -> list[Key]:
        """The up to four tiles one level finer."""
        rows, cols = self.pyramid.tiles(key.level - 1)
        return [
            Key(key.level - 1, r, c)
            for r in (2 * key.row, 2 * key.row + 1)
            for c in (2 * key.col, 2 * key.col + 1)
            if r < rows and c < cols
        ]

    def balanced(self, split: Collection[Key]) -> set[Key]:
        """`split` and what else must be, so that neighbours are at most one level apart."""
        out = set(split)
        by_level: dict[int, set[Key]] = {}
        for key in split:
            by_level.setdefault(key.level, set()).add(key)
        for level in range(min(by_level, default=0), self.pyramid.levels - 1):
            above = by_level.setdefault(level + 1, set())
            for key in by_level.get(level, ()):
                above.update(self._held_by(key))
            out |= above
        return out

    def _held_by(self, key: Key) -> Iterable[Key]:
        """Tiles one level coarser that must be split where `key` is: its parent and those of its
        neighbours."""
        rows, cols = self.pyramid.tiles(key.level)
        for r, c in ((0, 0), (-1, 0), (1, 0), (0, -1), (0, 1)):
            row, col = key.row + r, key.col + c
            if 0 <= row < rows and 0 <= col < cols:
                yield Key(key.level + 1, row >> 1, col >> 1)

    def cut(self, split: set[Key], resident: Callable[[Key], bool]) -> Cut:
        """The finest choice within `split` (balanced) that can be drawn with what is resident."""
        p = self.pyramid
        made = Cut()
        level = p.levels - 1
        rows, cols = p.tiles(level)
        front = [Key(level, r, c) for r in range(rows) for c in range(cols)]
        while front:
            following: list[Key] = []
            for key in front:
                children = self.children(key) if key in split else []
                if children and self._may_split(key, made.split) and all(map(resident, children)):
                    made.split.add(key)
                    following += children
                else:
                    made.leaves.append(key)
            front = following
        return made

    def _may_split(self, key: Key, done: set[Key]) -> bool:
        return key.level == self.pyramid.levels - 1 or all(k in done for k in self._held_by(key))
