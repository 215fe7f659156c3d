"""Which nodes of a point cloud a frame needs, and how much of each: by how far apart points show."""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from layers.readers.copc_tree import PointTree
from viewers.scene.eye import Eye

SHARES = (1.0, 0.5, 0.25, 0.125, 0.0625)
"""Parts of a node that are drawn; a share between two takes the larger one."""
FINEST = 1.0
"""Pixels between neighbours that no picture needs to go below."""
FLATTEST = 0.2


class Choice(NamedTuple):
    """Nodes in sight that add something to the picture, and what.

    Attributes
    ----------
    nodes : rows of the tree, coarse ones first
    pixels : between neighbours on the screen once the node is drawn
    """

    nodes: NDArray[np.int64]
    pixels: NDArray[np.float64]


class Boxes:
    """Where the nodes of a tree stand in the scene; closer known once a node's points are there.

    Parameters
    ----------
    shift
        Of the tree's offset in the scene, metres.
    """

    def __init__(self, tree: PointTree, shift: NDArray[np.float64]) -> None:
        self.tree = tree
        self.low, self.high = tree.low + shift, tree.high + shift
        ends = np.searchsorted(tree.level, np.arange(int(tree.level.max()) + 2))
        self._levels = [slice(int(a), int(b)) for a, b in pairwise(ends)]
        self._below: dict[int, list[int]] = {}
        for row, parent in enumerate(tree.parent.tolist()):
            self._below.setdefault(parent, []).append(row)

    def met(self, node: int, low: NDArray[np.float64], high: NDArray[np.float64]) -> None:
        """The points of `node` lie between `low` and `high`, scene metres: so do those below it,
        almost."""
        self.low[node], self.high[node] = low, high
        slack = 2 * self.tree.spacing[node]
        for row in self._below.get(node, ()):
            # Sideways the octree cuts close enough; upwards a flat city leaves most of it empty.
            bottom = min(max(self.low[row, 2], low[2] - slack), self.high[row, 2])
            top = max(min(self.high[row, 2], high[2] + slack), bottom)
            self.low[row, 2], self.high[row, 2] = bottom, top

    def choose(self, eye: Eye, *, finest: float = FINEST) -> Choice:
        """Nodes whose points would be less than `finest` pixels apart without those below them are
        where it ends."""
        tree = self.tree
        deeper = np.zeros(len(tree), dtype=bool)
        chosen, pixels = [], []
        for level in self._levels:
            parent = tree.parent[level]
            rows = np.flatnonzero((parent < 0) | deeper[parent]) + level.start
            if not len(rows):
                continue
            rows = rows[eye.sees(self.low[rows], self.high[rows])]
            apart = tree.spacing[rows] * self._per_metre(eye, rows)
            # Half of what the node above shows: nothing is added where that is fine already.
            adds = (2 * apart > finest) | (tree.parent[rows] < 0)
            rows, apart = rows[adds], apart[adds]
            deeper[rows] = apart > finest
            chosen.append(rows)
            pixels.append(apart)
        if not chosen:
            return Choice(np.empty(0, np.int64), np.empty(0))
        return Choice(np.concatenate(chosen), np.concatenate(pixels))

    def _per_metre(self, eye: Eye, rows: NDArray[np.int64]) -> NDArray[np.float64]:
        if eye.parallel:
            return np.full(len(rows), eye.parallel)
        low, high = self.low[rows], self.high[rows]
        near = np.maximum(
            np.linalg.norm(np.clip(eye.position, low, high) - eye.position, axis=1), 1.0
        )
        # A large node is farther away in most of its parts than in its nearest.
        middle = np.linalg.norm((low + high) / 2 - eye.position, axis=1)
        scale = eye.pixels_per_radian / np.sqrt(near * np.maximum(middle, near))
        # Seen at a slant, points on the ground stand closer on the screen.
        return np.asarray(scale * np.sqrt(np.clip(abs(eye.direction[2]), FLATTEST, 1.0)))


def shares(
    points: NDArray[np.int64],
    pixels: NDArray[np.float64],
    roots: NDArray[np.bool_],
    budget: int | None,
    *,
    finest: float = FINEST,
) -> tuple[NDArray[np.int64], float]:
    """How much of each node to draw so that all show their points equally far apart.

    Parameters
    ----------
    points, pixels
        Of each node: how many it has, and pixels between neighbours with all of them.
    roots
        Nodes without another above that is drawn too.
    budget
        Points of all together; None for what a still picture can show.

    Returns
    -------
    Index into `SHARES` of each node, −1 for none of it, and the pixels between neighbours.
    """

    def at(apart: float) -> NDArray[np.int64]:
        # Points per area go with the inverse square of the distance between them; what stands
        # above a node in the tree shows a quarter of what the node does.
        density = (pixels / apart) ** 2
        wanted = np.minimum(np.where(roots, density, (density - 0.25) / 0.75), 1.0)
        part = (wanted[:, None] <= np.array(SHARES)).sum(axis=1) - 1
        return np.asarray(np.where(wanted > 0, part, -1))

    def count(index: NDArray[np.int64]) -> float:
        drawn = index >= 0
        return float((points[drawn] * np.array(SHARES)[index[drawn]]).sum())

    chosen = at(finest)
    if budget is None or count(chosen) <= budget:
        return chosen, finest
    low, high = finest, finest * 2
    while count(at(high)) > budget and high < 1e4:
        low, high = high, high * 2
    for _ in range(10):
        middle = (low + high) / 2
        low, high = (middle, high) if count(at(middle)) > budget else (low, middle)
    return at(high), high
