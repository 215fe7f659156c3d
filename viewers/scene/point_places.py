"""Where the points of a streamed cloud stand: those in the picture at once, the others from their file."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from layers.progress import SILENT, Progress
from layers.readers.copc_tree import PointTree, read_node
from viewers.view_state import NO_ROWS

MOST = 4_000_000
"""Points that are tried for one shape; coarse nodes go first, so that what is left out is the finest."""


class Places:
    """World positions of points by their rows, which count through the nodes of the octree.

    Needs neither Qt nor VTK, so a worker may ask.

    Parameters
    ----------
    held
        Points (n, 3), metres from the tree's offset, of nodes that are in memory.
    left_out
        Of a node's points those that are not drawn, as a mask; None where all are.
    """

    def __init__(
        self,
        tree: PointTree,
        held: Mapping[int, NDArray[np.float32]],
        left_out: Callable[[int], NDArray[np.bool_] | None] = lambda _: None,
    ) -> None:
        self.tree = tree
        self._held = dict(held)
        self._left_out = left_out

    def _xyz(self, node: int) -> NDArray[np.float32]:
        found = self._held.get(node)
        if found is None:
            found = self._held[node] = read_node(self.tree, node, ()).xyz
        return found

    def _split(self, rows: NDArray[np.int64]) -> Iterator[tuple[int, NDArray[np.int64]]]:
        """Nodes that hold some of `rows` (ascending), and which of their points these are."""
        ends = np.searchsorted(rows, self.tree.starts)
        for node in np.flatnonzero(np.diff(ends)).tolist():
            yield node, rows[ends[node] : ends[node + 1]] - self.tree.starts[node]

    def of(self, rows: NDArray[np.int64]) -> NDArray[np.float64]:
        """World positions (k, 3) of `rows`, which ascend; those beyond the last point are left out.

        Raises
        ------
        ReadError
            The file is gone or damaged.
        """
        found = [self._xyz(node)[inside] for node, inside in self._split(rows)]
        xyz = np.concatenate(found) if found else np.empty((0, 3), np.float32)
        return np.asarray(xyz.astype(np.float64) + np.asarray(self.tree.offset))

    def box(self, rows: NDArray[np.int64]) -> NDArray[np.float64] | None:
        """Lowest and highest corner (2, 3) about `rows`, world metres; nothing is read for it."""
        low, high = np.full(3, np.inf), np.full(3, -np.inf)
        for node, inside in self._split(rows):
            held = self._held.get(node)
            ends = (self.tree.low[node], self.tree.high[node])
            if held is not None:
                ends = (held[inside].min(axis=0), held[inside].max(axis=0))
            low, high = np.minimum(low, ends[0]), np.maximum(high, ends[1])
        return np.array([low, high]) + np.asarray(self.tree.offset) if len(rows) else None

    def within(
        self,
        meets: Callable[[NDArray[np.float64]], NDArray[np.bool_]],
        inside: Callable[[NDArray[np.float64]], NDArray[np.bool_]],
        *,
        most: int = MOST,
        progress: Progress = SILENT,
    ) -> tuple[NDArray[np.int64], bool]:
        """Rows of the points that are drawn, or would be from nearer, and lie inside something.

        Parameters
        ----------
        meets
            Which boxes may hold such points, of their corners (n, 8, 3), world metres.
        inside
            Which points (n, 3) do, world metres.

        Returns
        -------
        The rows, ascending, and whether nodes were left out because `most` points were tried.
        """
        tree = self.tree
        offset = np.asarray(tree.offset)
        nodes = np.flatnonzero(meets(_corners(tree.low + offset, tree.high + offset)))
        tried = nodes[np.cumsum(tree.points[nodes]) <= max(most, int(tree.points[0]))]
        parts = [np.empty(0, np.int64)]
        for number, node in enumerate(tried.tolist()):
            progress.step(number / len(tried))
            keep = inside(self._xyz(node).astype(np.float64) + offset)
            without = self._left_out(node)
            if without is not None:
                keep &= ~without
            parts.append(np.flatnonzero(keep) + tree.starts[node])
        return np.concatenate(parts), len(tried) < len(nodes)


def _corners(low: NDArray[np.float64], high: NDArray[np.float64]) -> NDArray[np.float64]:
    """The eight corners (n, 8, 3) of boxes."""
    pick = np.array([[bool(number >> axis & 1) for axis in range(3)] for number in range(8)])
    return np.where(pick[None], high[:, None], low[:, None])


class Shown:
    """Which points of a cloud stand out, which are left out, by rows of the octree."""

    def __init__(self, tree: PointTree) -> None:
        self._starts = tree.starts
        self.chosen = self.hidden = self.only = NO_ROWS

    def _of(self, rows: NDArray[np.int64], node: int) -> NDArray[np.int64]:
        first, last = np.searchsorted(rows, self._starts[node : node + 2])
        return np.asarray(rows[first:last] - self._starts[node])

    def chosen_in(self, node: int) -> NDArray[np.int64]:
        """Points of `node` that stand out."""
        return self._of(self.chosen, node)

    def left_out_of(self, node: int) -> NDArray[np.bool_] | None:
        """A mask over the points of `node`; None where all are drawn."""
        hidden = self._of(self.hidden, node)
        if not len(hidden) and not len(self.only):
            return None
        mask = np.full(int(self._starts[node + 1] - self._starts[node]), len(self.only) > 0)
        mask[self._of(self.only, node)] = False
        mask[hidden] = True
        return mask
