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
_BLOCK = 1 << 14
"""Points whose numbers stay in a core's nearest cache together."""


def _spread() -> NDArray[np.uint64]:
    """For each axis and either half of a cell's number (3, 2, 1024): its bits at their places."""
    bits = np.zeros(1024, dtype=np.uint64)
    for bit in range(10):
        bits |= (np.arange(1024, dtype=np.uint64) >> np.uint64(bit) & np.uint64(1)) << np.uint64(
            3 * bit
        )
    return np.array([[bits << np.uint64(axis), bits << np.uint64(30 + axis)] for axis in range(3)])


_SPREAD = _spread()
_SHARED = np.full(2048, DEPTH, dtype=np.uint8)
"""Levels whose cells two codes share, by the exponent (biased) of what differs between them."""
_SHARED[1023 : 1023 + 3 * DEPTH] = DEPTH - 1 - np.arange(3 * DEPTH) // 3


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
    result = np.empty(len(xyz), dtype=np.uint64)
    per_metre, inside = 2**DEPTH / cube.side, True
    for start in range(0, len(xyz), _BLOCK):
        block = xyz[start : start + _BLOCK]
        made = result[start : start + _BLOCK]
        cell, part = np.empty(len(block), dtype=np.intp), np.empty(len(block), dtype=np.uint64)
        for axis, name in enumerate("XYZ"):
            at = block[name] * (scale[axis] * per_metre)
            at += (shift[axis] - cube.corner[axis]) * per_metre
            if not (at.min() >= 0.0 and at.max() < 2**DEPTH):
                inside = False
                np.clip(at, 0.0, 2**DEPTH - 1, out=at)
            np.copyto(cell, at, casting="unsafe")
            low, high = _SPREAD[axis]
            if axis:
                made |= low.take(cell & 1023, out=part, mode="clip")
            else:
                low.take(cell & 1023, out=made, mode="clip")
            cell >>= 10
            made |= high.take(cell, out=part, mode="clip")
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
    rows, levels, nodes, sizes = [], [], [], []
    for here in range(DEEPEST + 1):
        those = np.flatnonzero(level == here)
        if not len(those):
            continue
        node = quickly[those] >> np.uint64(3 * (DEPTH - here))
        starts = np.append(0, np.flatnonzero(node[1:] != node[:-1]) + 1)
        rows.append(order[those])
        nodes.append(node[starts])
        levels.append(np.full(len(starts), here, dtype=np.uint8))
        sizes.append(np.diff(np.append(starts, len(those))))
    ends = np.concatenate([[0], np.cumsum(np.concatenate(sizes))])
    return Levelled(np.concatenate(rows), np.concatenate(levels), np.concatenate(nodes), ends)


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
    left = _Left(np.arange(len(code), dtype=np.int32), _shared(code))
    for here in range(DEEPEST):
        if here >= top and len(left.row):
            left = _leaves(level, left, here)
        if not len(left.row):
            return level, True
        if here + GRID > depth:
            return level, False
        left = _one_a_cell(code, level, left, here, rng)
    return level, depth >= DEEPEST


class _Left(NamedTuple):
    """Points that have no level yet: their rows, and how many levels each shares with the one before
    it; so a byte each tells where cells of any level begin."""

    row: NDArray[np.int32]
    shared: NDArray[np.uint8]

    def runs(self, level: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Start and length of each run of points in one cell of `level`."""
        first = self.shared < level
        first[0] = True
        starts = np.flatnonzero(first)
        return starts, np.diff(np.append(starts, len(first)))


def _shared(code: NDArray[np.uint64]) -> NDArray[np.uint8]:
    """How many levels each code shares with the one before it; the first with none."""
    shared = np.zeros(len(code), dtype=np.uint8)
    for start in range(1, len(code), _BLOCK):
        end = min(start + _BLOCK, len(code))
        shared[start:end] = _alike(code[start:end], code[start - 1 : end - 1])
    return shared


def _alike(one: NDArray[np.uint64], other: NDArray[np.uint64]) -> NDArray[np.uint8]:
    differs = (one ^ other).view(np.int64)
    # Without its second highest bit none is rounded up to the next power of two.
    differs &= ~(differs >> 1)
    exponent = differs.astype(np.float64).view(np.int64) >> 52
    return _SHARED.take(exponent, mode="clip")


def _leaves(level: NDArray[np.uint8], left: _Left, here: int) -> _Left:
    """Let nodes with few points keep them all; what is left."""
    _, counts = left.runs(here)
    small = counts <= LEAF
    if not small.any():
        return left
    ends = np.cumsum(counts)
    if small.all():
        level[left.row] = here
        return _Left(left.row[:0], left.shared[:0])
    stay = np.repeat(~small, counts)
    for end, count in zip(ends[small].tolist(), counts[small].tolist(), strict=True):
        level[left.row[end - count : end]] = here
    return _Left(left.row[stay], left.shared[stay])


def _one_a_cell(
    code: NDArray[np.uint64],
    level: NDArray[np.uint8],
    left: _Left,
    here: int,
    rng: np.random.Generator,
) -> _Left:
    starts, counts = left.runs(here + GRID)
    picked = starts + (rng.random(len(starts)) * counts).astype(np.int64)
    level[left.row[picked]] = here
    stay = np.ones(len(left.row), dtype=bool)
    stay[picked] = False
    # Those that stand behind one that was picked have another before them now.
    behind = np.append(stay[1:], False)[picked]
    row, shared = left.row[stay], left.shared[stay]
    place = (picked - np.arange(len(picked)))[behind]
    place = place[place > 0]
    shared[place] = _alike(code[row[place]], code[row[place - 1]])
    return _Left(row, shared)
