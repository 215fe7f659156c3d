"""The point of a cloud that a ray comes close to."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

PICK_DEGREES = 0.25
LEAST_M = 0.15
"""A point is hit within a quarter of a degree, and within so many metres at any distance."""
ACROSS_COST = 20.0
"""A metre beside the ray is as bad as so many metres farther along it."""


BLOCK = 512
"""Points that are looked at together; as they follow each other they mostly stand together."""


class Blocks(NamedTuple):
    """Boxes around each `BLOCK` points of a cloud, float64 (k, 3)."""

    low: NDArray[np.float64]
    high: NDArray[np.float64]


def blocks_of(xyz: NDArray[np.float32]) -> Blocks:
    """The boxes of a cloud (n, 3)."""
    starts = np.arange(0, len(xyz), BLOCK)
    return Blocks(
        np.minimum.reduceat(xyz, starts, axis=0).astype(np.float64),
        np.maximum.reduceat(xyz, starts, axis=0).astype(np.float64),
    )


def nearest_in(
    xyz: NDArray[np.float32],
    blocks: Blocks,
    origin: NDArray[np.float64],
    direction: NDArray[np.float64],
    reach: float,
    left_out: NDArray[np.bool_] | None = None,
) -> Near | None:
    """As `nearest`, but looks only at the blocks that the ray comes close to, and not at what is
    left out."""
    at = entries(blocks.low, blocks.high, origin, direction)
    hit = np.flatnonzero(at <= reach + 1.5)
    if not len(hit):
        return None
    rows = (hit[:, None] * BLOCK + np.arange(BLOCK)).ravel()
    rows = rows[rows < len(xyz)]
    if left_out is not None:
        rows = rows[~left_out[rows]]
    found = nearest(xyz[rows], origin, direction, reach)
    return None if found is None else found._replace(row=int(rows[found.row]))


class Near(NamedTuple):
    """A point close to a ray: its row, metres along the ray, and how bad it is (less is better)."""

    row: int
    along: float
    cost: float


def nearest(
    xyz: NDArray[np.float32],
    origin: NDArray[np.float64],
    direction: NDArray[np.float64],
    reach: float,
) -> Near | None:
    """The best of `xyz` (n, 3) within `reach` metres along a ray from `origin`, in the same frame."""
    away = xyz - origin.astype(np.float32)
    ahead = direction.astype(np.float32)
    along = away @ ahead
    across = np.einsum("ij,ij->i", away, away) - along * along
    limit = np.maximum(along * np.float32(np.tan(np.radians(PICK_DEGREES))), LEAST_M)
    near = np.flatnonzero((along > 0.1) & (along < reach + 1.5) & (across < limit * limit))
    if not len(near):
        return None
    cost = along[near] + ACROSS_COST * np.sqrt(np.maximum(across[near], 0.0))
    best = int(np.argmin(cost))
    return Near(int(near[best]), float(along[near[best]]), float(cost[best]))


def entries(
    low: NDArray[np.float64],
    high: NDArray[np.float64],
    origin: NDArray[np.float64],
    direction: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Metres along a ray to where it comes close to each box (n, 3 corners); infinite where never."""
    farthest = np.linalg.norm(np.maximum(np.abs(low - origin), np.abs(high - origin)), axis=1)
    grow = np.maximum(farthest * np.tan(np.radians(PICK_DEGREES)), LEAST_M)[:, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        one = (low - grow - origin) / direction
        other = (high + grow - origin) / direction
    # A ray along a face divides nothing by nothing: inside there, for all of its length.
    near = np.nanmax(np.minimum(one, other), axis=1)
    far = np.nanmin(np.maximum(one, other), axis=1)
    return np.where((near <= far) & (far > 0), np.maximum(near, 0.0), np.inf)
