"""Which tiles of buildings a frame draws, and which it wants to be loaded."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from layers.tiles.quadtree import Quadtree
from viewers.scene.eye import Eye

FINEST = 1.0
"""Pixels that a tile may be off; finer is not seen."""
CALM = 1.25
"""A tolerance is kept while it holds the budget and is no coarser than this times what it must be, so
that tiles do not flicker."""
FINER = 2
"""Levels below a tile that may stand for it."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Choice:
    """What a frame should draw.

    Attributes
    ----------
    tolerance : pixels that a tile may be off
    wanted : int64 (k,), the tiles that hold it, the most urgent first
    urgency : float64 (k,), pixels that the picture is off without it
    """

    tolerance: float
    wanted: NDArray[np.int64]
    urgency: NDArray[np.float64]


def choose_tiles(
    tree: Quadtree,
    shift: NDArray[np.float64],
    eye: Eye,
    *,
    budget: int | None,
    before: float = 0.0,
    all_around: bool = False,
) -> Choice:
    """The tiles with the least error on the screen within `budget` triangles; None: as fine as seen.

    Parameters
    ----------
    shift : float64 (3,), of the tree's coordinates over the scene's
    before : tolerance of the last frame
    all_around : also tiles out of sight, as for what throws shadows
    """
    low, high = tree.low - shift, tree.high - shift
    scale = eye.pixels_per_metre(low, high)
    off = tree.error * scale
    seen = np.ones(len(tree), bool) if all_around else eye.sees(low, high)
    above = np.where(tree.parent >= 0, off[tree.parent], np.inf)
    off = np.where(tree.leaf, 0.0, off)

    def at(tolerance: float) -> NDArray[np.bool_]:
        return np.asarray(seen & (off <= tolerance) & (above > tolerance))

    limit = eye.most if budget is None else budget
    tolerance = _tolerance(at, tree.faces, limit, float(off.max(initial=1.0)), before)
    wanted = np.flatnonzero(at(tolerance))
    urgency = np.minimum(above[wanted], 1e6)
    order = np.argsort(-urgency, kind="stable")
    return Choice(tolerance=tolerance, wanted=wanted[order], urgency=urgency[order])


def _tolerance(
    at: Callable[[float], NDArray[np.bool_]],
    faces: NDArray[np.int64],
    limit: int,
    largest: float,
    before: float,
) -> float:
    def count(tolerance: float) -> int:
        return int(faces[at(tolerance)].sum())

    if count(FINEST) <= limit:
        return FINEST
    low, high = FINEST, largest + 1.0
    for _ in range(18):
        middle = float(np.sqrt(low * high))
        if count(middle) <= limit:
            high = middle
        else:
            low = middle
    return before if high <= before <= high * CALM else high


def standing(
    parent: NDArray[np.int64],
    children: Sequence[NDArray[np.int64]],
    wanted: Iterable[int],
    resident: Collection[int],
) -> list[int]:
    """Tiles to draw now: those wanted, or what stands for them until they are loaded.

    Finer tiles that are there and cover all of it go first, then the nearest coarser one. Nothing is
    drawn twice; what nothing stands for is left out.
    """
    chosen: set[int] = set()
    for node in wanted:
        if node in resident:
            chosen.add(node)
            continue
        below = _cover(node, children, resident, FINER)
        if below is not None:
            chosen.update(below)
            continue
        above = int(parent[node])
        while above >= 0 and above not in resident:
            above = int(parent[above])
        if above >= 0:
            chosen.add(above)
    return [node for node in chosen if not _under(node, parent, chosen)]


def _cover(
    node: int, children: Sequence[NDArray[np.int64]], resident: Collection[int], deep: int
) -> list[int] | None:
    """Resident tiles under `node` that hold all that it holds; None where some are missing."""
    if deep == 0 or not len(children[node]):
        return None
    found: list[int] = []
    for child in children[node].tolist():
        if child in resident:
            found.append(child)
            continue
        below = _cover(child, children, resident, deep - 1)
        if below is None:
            return None
        found += below
    return found


def _under(node: int, parent: NDArray[np.int64], chosen: Collection[int]) -> bool:
    above = int(parent[node])
    while above >= 0:
        if above in chosen:
            return True
        above = int(parent[above])
    return False
