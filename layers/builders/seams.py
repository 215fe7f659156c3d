"""Seams between large and small pieces closed, so that nothing shines through."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Indices = NDArray[np.int64]


def without_hanging(
    xy: NDArray[np.float64], triangles: Indices, face: Indices
) -> tuple[Indices, Indices]:
    """Triangles split where a corner of another one stands on one of their level or upright sides.

    A mesh of squares of different size has such corners where small ones meet a large one: drawn,
    the two sides of the seam differ by a hair, and from the plane of the large one if it is laid on
    ground. Split, both sides have the same corners.

    Parameters
    ----------
    xy : float64, shape (v, 2)
    triangles : int64, shape (t, 3), rows of `xy`
    face : int64, shape (t,), what each triangle belongs to

    Returns
    -------
    triangles, face : those that were whole first, then the parts of the others
    """
    for axis in (0, 1):
        lines = _on_lines(xy, axis)
        for side in range(3):
            triangles, face = _split(triangles, face, side, lines)
    return triangles, face


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Lines:
    """Places in the order of the line they lie on, and along it.

    `of_corner` is the key of each corner's place, `line` the number of its line; `key` are the keys
    in order, each once, and `corner` is one corner at each.
    """

    of_corner: Indices
    line: Indices
    key: Indices
    corner: Indices


def _on_lines(xy: NDArray[np.float64], axis: int) -> _Lines:
    """Lines of equal `axis`."""
    _, line = np.unique(xy[:, axis], return_inverse=True)
    _, place = np.unique(xy[:, 1 - axis], return_inverse=True)
    of_corner = line.astype(np.int64) * (int(place.max(initial=0)) + 1) + place
    key, corner = np.unique(of_corner, return_index=True)
    return _Lines(of_corner=of_corner, line=line, key=key, corner=corner)


def _split(triangles: Indices, face: Indices, side: int, lines: _Lines) -> tuple[Indices, Indices]:
    """Split at the corners on the side that begins at corner `side` of each triangle."""
    a, b, c = (triangles[:, (side + k) % 3] for k in range(3))
    level = np.flatnonzero(lines.line[a] == lines.line[b])
    key, corner = lines.key, lines.corner
    at = lines.of_corner[a[level]], lines.of_corner[b[level]]
    low = np.searchsorted(key, np.minimum(*at), side="right")
    high = np.searchsorted(key, np.maximum(*at), side="left")
    between = high - low
    hit = between > 0
    which, low, between = level[hit], low[hit], between[hit]
    if not len(which):
        return triangles, face
    forward = at[0][hit] < at[1][hit]
    # a, the corners between in order, b; a part of the fan around c for each pair of followers
    parts = between + 1
    owner = np.repeat(np.arange(len(which)), parts)
    step = np.arange(len(owner)) - np.repeat(np.cumsum(parts) - parts, parts)

    def on_side(number: Indices) -> Indices:
        inner = np.clip(number - 1, 0, between[owner] - 1)
        turned = np.where(forward[owner], inner, between[owner] - 1 - inner)
        found = corner[low[owner] + turned]
        found = np.where(number == 0, a[which][owner], found)
        return np.asarray(np.where(number > between[owner], b[which][owner], found))

    made = np.stack([on_side(step), on_side(step + 1), c[which][owner]], axis=1)
    # Sides keep their numbers, so that those not looked at yet are found again.
    made = np.roll(made, side, axis=1)
    whole = np.ones(len(triangles), dtype=bool)
    whole[which] = False
    return (
        np.concatenate([triangles[whole], made]),
        np.concatenate([face[whole], face[which][owner]]),
    )
