"""Which building lies in which tile: a quadtree that is as deep as the city is dense."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

LEAF = 1024
"""Most buildings of a tile that holds all of its buildings."""
KEPT = 600
"""Buildings of their own in a tile that merges the others."""
CELLS = 24
"""A merging tile is divided into so many cells a side; what is left over in a cell becomes one block."""
MOST_DEPTH = 16
LOST = 0.4
"""Share of a building's size that is lost when it stands as part of a block."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Quadtree:
    """Nodes from the root on, parents before their children.

    Attributes
    ----------
    order : int64 (n,), rows of the layer so that those of each node stand together
    first, last : int64 (m,), each node's part of `order`
    parent : int64 (m,), −1 for the root; leaf : bool (m,)
    corner : float64 (m, 2), lower left of the node's square; side : float64 (m,)
    low, high : float64 (m, 3), box of what stands in the node; x, y of the CRS, z of `vertical`
    error : float64 (m,), metres that the node's tile is off what stands there; 0 for a leaf
    faces : int64 (m,), about how many triangles its tile has
    """

    order: NDArray[np.int64]
    first: NDArray[np.int64]
    last: NDArray[np.int64]
    parent: NDArray[np.int64]
    leaf: NDArray[np.bool_]
    corner: NDArray[np.float64]
    side: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    error: NDArray[np.float64]
    faces: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.first)

    def rows(self, node: int) -> NDArray[np.int64]:
        """Rows of the layer that stand in `node`."""
        return self.order[self.first[node] : self.last[node]]

    def children(self) -> list[NDArray[np.int64]]:
        """The children of each node."""
        found: list[NDArray[np.int64]] = [np.empty(0, np.int64)] * len(self)
        by_parent = np.argsort(self.parent, kind="stable")
        parents = self.parent[by_parent]
        for node in np.unique(parents[parents >= 0]).tolist():
            start, end = np.searchsorted(parents, (node, node + 1))
            found[node] = by_parent[start:end]
        return found

    def arrays(self) -> dict[str, NDArray[Any]]:
        """For a file; `from_arrays` is the inverse."""
        found = {name: getattr(self, name) for name in self.__slots__}
        return found | {"leaf": self.leaf.astype(np.uint8)}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Quadtree:
        """From what `arrays` gave."""
        given = {name: arrays[name] for name in cls.__slots__ if name != "leaf"}
        return cls(leaf=arrays["leaf"].view(np.bool_), **given)


def plan(
    boxes: NDArray[np.float64],
    ground: NDArray[np.float64],
    height: NDArray[np.float32],
    size: NDArray[np.float32],
    faces: NDArray[np.int64],
) -> Quadtree:
    """The quadtree of buildings with these boxes (n, 4), sizes (n,) in metres and triangles (n,).

    `size` is how much of a picture a building is; the largest stay themselves in tiles that merge.
    """
    middle = (boxes[:, :2] + boxes[:, 2:]) / 2
    corner = middle.min(axis=0) - 0.5
    side = float((middle.max(axis=0) - corner).max()) + 0.5
    code = _morton(middle, corner, side)
    order = np.argsort(code, kind="stable")
    nodes = _split(code[order])
    first, last, parent, depth, prefix = (
        np.array(part, np.int64) for part in zip(*nodes, strict=True)
    )
    leaf = (last - first <= LEAF) | (depth >= MOST_DEPTH)
    node_side = np.asarray(side / 2.0**depth, np.float64)
    grid = np.column_stack([_compact(prefix), _compact(prefix >> 1)])
    low, high = _node_boxes(
        first, last, leaf, parent, boxes[order], ground[order], (ground + height)[order]
    )
    error, count = _errors(first, last, leaf, node_side, size[order], faces[order])
    # What a tile loses is never less than what its children lose.
    for node in range(len(first) - 1, 0, -1):
        error[parent[node]] = max(error[parent[node]], error[node] * 1.01)
    return Quadtree(
        order=order, first=first, last=last, parent=parent, leaf=leaf,
        corner=corner + grid * node_side[:, None], side=node_side, low=low, high=high,
        error=error, faces=count,
    )  # fmt: skip


def _morton(xy: NDArray[np.float64], corner: NDArray[np.float64], side: float) -> NDArray[np.int64]:
    cells = 1 << MOST_DEPTH
    grid = np.clip((xy - corner) / side * cells, 0, cells - 1).astype(np.int64)
    return _spread(grid[:, 0]) | (_spread(grid[:, 1]) << 1)


def _spread(values: NDArray[np.int64]) -> NDArray[np.int64]:
    """Bits of numbers below 2^16 with a gap before each (Morton 1966)."""
    v = values & 0xFFFF
    v = (v | (v << 8)) & 0x00FF00FF
    v = (v | (v << 4)) & 0x0F0F0F0F
    v = (v | (v << 2)) & 0x33333333
    return np.asarray((v | (v << 1)) & 0x55555555)


def _compact(values: NDArray[np.int64]) -> NDArray[np.int64]:
    """The inverse of `_spread`."""
    v = values & 0x55555555
    v = (v | (v >> 1)) & 0x33333333
    v = (v | (v >> 2)) & 0x0F0F0F0F
    v = (v | (v >> 4)) & 0x00FF00FF
    return np.asarray((v | (v >> 8)) & 0x0000FFFF)


def _split(code: NDArray[np.int64]) -> list[tuple[int, int, int, int, int]]:
    """(first, last, parent, depth, Morton prefix) of each node; only nodes that hold something."""
    nodes: list[tuple[int, int, int, int, int]] = [(0, len(code), -1, 0, 0)]
    at = 0
    while at < len(nodes):
        first, last, _, depth, prefix = nodes[at]
        if last - first > LEAF and depth < MOST_DEPTH:
            shift = 2 * (MOST_DEPTH - depth - 1)
            ends = [(4 * prefix + quarter) << shift for quarter in range(5)]
            cuts = first + np.searchsorted(code[first:last], ends)
            for quarter in range(4):
                a, b = int(cuts[quarter]), int(cuts[quarter + 1])
                if a < b:
                    nodes.append((a, b, at, depth + 1, 4 * prefix + quarter))
        at += 1
    return nodes


def _node_boxes(
    first: NDArray[np.int64],
    last: NDArray[np.int64],
    leaf: NDArray[np.bool_],
    parent: NDArray[np.int64],
    boxes: NDArray[np.float64],
    bottom: NDArray[np.float64],
    top: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    low = np.full((len(first), 3), np.inf)
    high = np.full((len(first), 3), -np.inf)
    for node in np.flatnonzero(leaf).tolist():
        part = slice(first[node], last[node])
        low[node] = (*boxes[part, :2].min(axis=0), bottom[part].min())
        high[node] = (*boxes[part, 2:].max(axis=0), top[part].max())
    for node in range(len(first) - 1, 0, -1):
        low[parent[node]] = np.minimum(low[parent[node]], low[node])
        high[parent[node]] = np.maximum(high[parent[node]], high[node])
    return low, high


def _errors(
    first: NDArray[np.int64],
    last: NDArray[np.int64],
    leaf: NDArray[np.bool_],
    side: NDArray[np.float64],
    size: NDArray[np.float32],
    faces: NDArray[np.int64],
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    error, count = np.zeros(len(first)), np.zeros(len(first), np.int64)
    summed = np.concatenate([[0], np.cumsum(faces)])
    for node in range(len(first)):
        a, b = int(first[node]), int(last[node])
        if leaf[node]:
            count[node] = summed[b] - summed[a]
            continue
        part = size[a:b]
        split = len(part) - KEPT
        where = np.argpartition(part, split)
        merged, kept = where[:split], where[split:]
        largest = float(np.percentile(part[merged], 95))
        error[node] = LOST * largest + 0.05 * float(side[node]) / CELLS
        count[node] = int(faces[a:b][kept].sum()) + 10 * min(CELLS**2, split)
    return error, count
