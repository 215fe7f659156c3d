"""Which node of an octree each point goes to: coarse nodes take one point a cell, leaves the rest."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

DEPTH = 20
"""Cells of a code lie this many halvings below the root."""
GRID = 7
"""A node has 2⁷ cells a side; of each it keeps one point."""
LEAF = 32_000
"""A node whose remaining points are no more keeps them all: decompressed in some 15 ms."""
DEEPEST = DEPTH - GRID
_BLOCK = 1 << 16
"""Points whose numbers stay in a core's cache together."""

_SPREAD = np.zeros(1024, dtype=np.uint64)
for _bit in range(10):
    _SPREAD |= ((np.arange(1024, dtype=np.uint64) >> np.uint64(_bit)) & np.uint64(1)) << np.uint64(
        3 * _bit
    )


class Cube(NamedTuple):
    """The root of an octree: its lowest corner and the length of its edge, metres."""

    corner: tuple[float, float, float]
    side: float


class Levelled(NamedTuple):
    """Points in the order of their nodes.

    Attributes
    ----------
    order : rows of the points given, node after node, neighbours together within each
    level, code : uint8 and uint64, of each node
    starts : first place in `order` of each node, and the end
    """

    order: NDArray[np.int64]
    level: NDArray[np.uint8]
    code: NDArray[np.uint64]
    starts: NDArray[np.int64]


def codes(
    xyz: NDArray[Any], cube: Cube, scale: NDArray[np.float64], shift: NDArray[np.float64]
) -> tuple[NDArray[np.uint64], bool]:
    """Morton code (Morton 1966) of each point's cell, x lowest; and whether all lie in `cube`.

    Parameters
    ----------
    xyz
        Fields X, Y, Z, whole numbers; coordinates are `X * scale + shift`.
    """
    result = np.zeros(len(xyz), dtype=np.uint64)
    per_metre, inside = 2**DEPTH / cube.side, True
    for start in range(0, len(xyz), _BLOCK):
        block = slice(start, start + _BLOCK)
        for axis, name in enumerate("XYZ"):
            at = xyz[name][block] * (scale[axis] * per_metre)
            at += (shift[axis] - cube.corner[axis]) * per_metre
            if not (at.min() >= 0.0 and at.max() < 2**DEPTH):
                inside = False
                np.clip(at, 0.0, 2**DEPTH - 1, out=at)
            cell = at.astype(np.int32)
            spread = _SPREAD[cell >> 10]
            spread <<= np.uint64(30)
            spread |= _SPREAD[cell & 1023]
            spread <<= np.uint64(axis)
            result[block] |= spread
    return result, inside


def place_of(code: int, level: int) -> tuple[int, int, int]:
    """x, y, z of a node in the grid of its level, from its code at that level."""
    found = [0, 0, 0]
    for bit in range(level):
        for axis in range(3):
            found[axis] |= (code >> (3 * bit + axis) & 1) << bit
    return (found[0], found[1], found[2])


def levelled(code: NDArray[np.uint64], *, top: int, rng: np.random.Generator) -> Levelled:
    """Give the points below one node of level `top` their nodes, all of its ancestors included.

    Where several points stand in a cell any of them is taken, so that a coarse level shows no
    pattern of its own.
    """
    quickly, order, depth = _sorted(code, top)
    level, deep_enough = _levels(quickly, top, depth, rng)
    if not deep_enough:
        order = np.argsort(code, kind="stable")
        quickly = code[order]
        level, _ = _levels(quickly, top, DEPTH, rng)
    code = quickly
    by_level = np.argsort(level, kind="stable")
    order, level, code = order[by_level], level[by_level], code[by_level]
    node = code >> (np.uint64(3) * (np.uint64(DEPTH) - level))
    new = np.flatnonzero((node[1:] != node[:-1]) | (level[1:] != level[:-1])) + 1
    starts = np.concatenate([[0], new, [len(order)]])
    first = starts[:-1]
    return Levelled(order, level[first], node[first], starts)


def _sorted(
    code: NDArray[np.uint64], top: int
) -> tuple[NDArray[np.uint64], NDArray[np.int64], int]:
    """The codes below a node of level `top` in ascending order down to a depth, the row of each,
    and that depth.

    Codes are cut to as many bits as go into one number together with the row: numpy sorts plain
    numbers several times as fast as it finds the order of them.
    """
    bits = max(int(len(code) - 1).bit_length(), 1)
    keep = 3 * (DEPTH - top)
    spare = max(keep + bits - 64, 0)
    key = (code & np.uint64((1 << keep) - 1)) >> np.uint64(spare)
    key <<= np.uint64(bits)
    key |= np.arange(len(code), dtype=np.uint64)
    key.sort()
    key &= np.uint64((1 << bits) - 1)
    order = key.astype(np.int64)
    return code[order], order, DEPTH - -(-spare // 3)


def _levels(
    code: NDArray[np.uint64], top: int, depth: int, rng: np.random.Generator
) -> tuple[NDArray[np.uint8], bool]:
    """The level of each point; and whether `code`, sorted down to `depth`, was sorted enough."""
    level = np.full(len(code), DEEPEST, dtype=np.uint8)
    left = np.arange(len(code))
    for here in range(DEEPEST):
        if here >= top and len(left):
            left = _leaves(code, level, left, here)
        if not len(left):
            return level, True
        if here + GRID > depth:
            return level, False
        left = _one_a_cell(code, level, left, here, rng)
    return level, depth >= DEEPEST


def _runs(key: NDArray[np.uint64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Start and length of each run of equal keys."""
    starts = np.concatenate([[0], np.flatnonzero(key[1:] != key[:-1]) + 1])
    return starts, np.diff(np.append(starts, len(key)))


def _leaves(
    code: NDArray[np.uint64], level: NDArray[np.uint8], left: NDArray[np.int64], here: int
) -> NDArray[np.int64]:
    """Let nodes with few points keep them all; what is left."""
    _, counts = _runs(code[left] >> np.uint64(3 * (DEPTH - here)))
    small = np.repeat(counts <= LEAF, counts)
    level[left[small]] = here
    return left[~small]


def _one_a_cell(
    code: NDArray[np.uint64],
    level: NDArray[np.uint8],
    left: NDArray[np.int64],
    here: int,
    rng: np.random.Generator,
) -> NDArray[np.int64]:
    starts, counts = _runs(code[left] >> np.uint64(3 * (DEPTH - here - GRID)))
    picked = starts + (rng.random(len(starts)) * counts).astype(np.int64)
    level[left[picked]] = here
    others = np.ones(len(left), dtype=bool)
    others[picked] = False
    return left[others]
