"""Right-triangulated irregular networks over square grids of heights, many tiles at once.

Evans, Kirkpatrick & Townsend (2001), "Right-triangulated irregular networks", Algorithmica 30:
a square is two right triangles; each is split at the middle of its longest side, again and again,
until the surface is near enough to the heights. A node may only be used where the nodes that its
triangles stand on are used too; errors that grow towards those make every cut at one tolerance a
closed surface.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

Grids = NDArray[np.float32]
"""Heights of tiles, shape (tiles, n + 1, n + 1), n a power of two; row 0 in the north, NaN for holes."""


def split_errors(z: Grids) -> Grids:
    """The tolerance below which each node is needed, metres; the shape of `z`.

    Corners of the tile are always used and have none. Along the border of a hole it is infinite, so
    that no triangle spans it.
    """
    holes = bool(np.isnan(z).any())
    error = np.zeros_like(z)
    step = 2
    while step < z.shape[-1]:
        half = step // 2
        for of, at in ((z, error), (z.swapaxes(1, 2), error.swapaxes(1, 2))):
            own = _missed(of[:, ::step, half::step], *_edge_ends(of, step), holes=holes)
            if half > 1:
                _raise_by_squares(own, at[:, half // 2 :: half, half // 2 :: half])
            at[:, ::step, half::step] = own
        own = _missed(z[:, half::step, half::step], *_diagonal_ends(z, step), holes=holes)
        for edge in _edges_around(error, step):
            np.maximum(own, edge, out=own)
        error[:, half::step, half::step] = own
        step *= 2
    return error


def kept(error: Grids, tolerance: NDArray[np.floating[Any]]) -> NDArray[np.bool_]:
    """Which nodes a surface needs that stays within about `tolerance` metres (tiles,)."""
    needed: NDArray[np.bool_] = error > tolerance[:, None, None]
    needed[:, :: error.shape[1] - 1, :: error.shape[2] - 1] = True
    return needed


def surface(z: Grids, needed: NDArray[np.bool_]) -> Grids:
    """Height of the triangles over `needed` at every node."""
    out = np.array(z)
    step = z.shape[-1] - 1
    while step > 1:
        half = step // 2
        ends = _diagonal_ends(out, step)
        _lower(out[:, half::step, half::step], needed[:, half::step, half::step], *ends)
        for of, which in ((out, needed), (out.swapaxes(1, 2), needed.swapaxes(1, 2))):
            at = (slice(None), slice(None, None, step), slice(half, None, step))
            _lower(of[at], which[at], *_edge_ends(of, step))
        step = half
    return out


def coarser_errors(z: Grids) -> NDArray[np.float32]:
    """Metres (tiles,) by which a grid of every second node at most differs from all nodes."""
    holes = bool(np.isnan(z).any())
    worst = np.zeros(len(z), np.float32)
    parts = [_missed(z[:, 1::2, 1::2], *_diagonal_ends(z, 2), holes=holes)]
    parts += [
        _missed(of[:, ::2, 1::2], *_edge_ends(of, 2), holes=holes) for of in (z, z.swapaxes(1, 2))
    ]
    for part in parts:
        flat = part.reshape(len(z), -1)
        # The border of a hole is no error of height.
        np.maximum(worst, np.where(np.isfinite(flat), flat, 0).max(axis=1), out=worst)
    return worst


def triangles(needed: NDArray[np.bool_]) -> NDArray[np.int32]:
    """Triangles (t, 3) of one tile (n + 1, n + 1): numbers of nodes row by row, counter-clockwise
    as seen from above with north up."""
    n = needed.shape[0] - 1
    flat = np.ascontiguousarray(needed).reshape(-1)
    side = n + 1
    north_west, north_east, south_west, south_east = 0, n, n * side, n * side + n
    # a and b are the ends of the longest side, c the right angle.
    a = np.array([south_east, north_west], np.int64)
    b = np.array([north_west, south_east], np.int64)
    c = np.array([south_west, north_east], np.int64)
    done: list[NDArray[np.int64]] = []
    for depth in range(2 * n.bit_length() - 2):
        # a + b is even in rows and in columns, so the middle of the numbers is the middle node.
        middle = (a + b) >> 1
        split = flat[middle] if depth < 2 * (n.bit_length() - 1) else np.zeros(len(a), bool)
        if not split.all():
            whole = ~split
            done.append(np.stack([a[whole], b[whole], c[whole]], axis=1))
        a, b, c, middle = a[split], b[split], c[split], middle[split]
        if not len(a):
            break
        a, b, c = np.concatenate([c, b]), np.concatenate([a, c]), np.concatenate([middle, middle])
    if len(a):
        done.append(np.stack([a, b, c], axis=1))
    return np.concatenate(done).astype(np.int32)


def _edge_ends(z: Grids, step: int) -> tuple[Grids, Grids]:
    """Heights at both ends of each horizontal edge of squares of side `step`."""
    return z[:, ::step, :-1:step], z[:, ::step, step::step]


def _diagonal_ends(z: Grids, step: int) -> tuple[Grids, Grids]:
    """Heights at both ends of the diagonal that each square of side `step` is split along."""
    falls = _falls((z.shape[1] - 1) // step)
    west = np.where(falls, z[:, :-1:step, :-1:step], z[:, step::step, :-1:step])
    east = np.where(falls, z[:, step::step, step::step], z[:, :-1:step, step::step])
    return west, east


def _falls(squares: int) -> NDArray[np.bool_]:
    """Whether a square's diagonal runs from north-west to south-east."""
    number = np.arange(squares)
    falls: NDArray[np.bool_] = (number[:, None] + number[None, :]) % 2 == 0
    return falls


def _missed(middle: Grids, one: Grids, other: Grids, *, holes: bool) -> Grids:
    missed: Grids = np.abs(middle - (one + other) / 2)
    if holes:
        inside = np.isnan(middle) & np.isnan(one) & np.isnan(other)
        missed = np.where(
            np.isnan(missed), np.where(inside, np.float32(0), np.float32(np.inf)), missed
        )
    return missed


def _raise_by_squares(own: Grids, squares: Grids) -> None:
    """Raise the errors of edges' middles to those of the quarter squares that stand on them."""
    pairs = squares.reshape(*squares.shape[:2], -1, 2).max(axis=3)
    np.maximum(own[:, :-1], pairs[:, 0::2], out=own[:, :-1])
    np.maximum(own[:, 1:], pairs[:, 1::2], out=own[:, 1:])


def _edges_around(error: Grids, step: int) -> Iterator[Grids]:
    half = step // 2
    yield error[:, :-1:step, half::step]
    yield error[:, step::step, half::step]
    yield error[:, half::step, :-1:step]
    yield error[:, half::step, step::step]


def _lower(at: Grids, needed: NDArray[np.bool_], one: Grids, other: Grids) -> None:
    np.copyto(at, (one + other) / 2, where=~needed)
