"""Solids that came with gaps or with faces turned the wrong way, made closed and outward."""

from __future__ import annotations

from collections import defaultdict, deque
from dataclasses import dataclass
from itertools import pairwise

import mapbox_earcut
import numpy as np
from numpy.typing import NDArray

from layers.kinds.mesh import FLOOR, ROOF, WALL

MOST_TRIANGLES = 20_000
"""Of one solid that is mended; mending is done triangle by triangle."""
MOST_HOLE = 2_000
"""Corners of one hole that is filled."""
UPRIGHT = 0.17
"""A fill whose normal rises less than 10° from the horizontal is a wall."""

Ints = NDArray[np.int64]
Edge = tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed:
    """Triangles of solids after mending.

    Attributes
    ----------
    triangles : int64 (t, 3), rows of the vertices given
    owner : int64 (t,), ascending ; kind : uint8 (t,)
    mended : solids that had open edges and are closed now, ascending
    open : solids that could not be closed, as they were, ascending
    """

    triangles: Ints
    owner: Ints
    kind: NDArray[np.uint8]
    mended: Ints
    open: Ints


def closed(
    vertices: NDArray[np.float64], triangles: Ints, owner: Ints, kind: NDArray[np.uint8]
) -> Closed:
    """Close what is open: corners at one place joined, faces turned alike, holes filled.

    Solids without an open edge are not touched. A solid counts as closed when each edge is run
    along as often one way as the other and its volume is above zero.

    Parameters
    ----------
    vertices : float64 (v, 3)
    triangles : int64 (t, 3) ; owner : int64 (t,), ascending, the solid of each ; kind : uint8 (t,)
    """
    gaping = np.unique(owner[_open_faces(triangles, owner)])
    faulty = np.union1d(gaping, owner[_degenerate(triangles)])
    if not len(faulty):
        none = np.empty(0, dtype=np.int64)
        return Closed(triangles=triangles, owner=owner, kind=kind, mended=none, open=none)
    begin, end = np.searchsorted(owner, faulty), np.searchsorted(owner, faulty, side="right")
    whole = ~np.isin(owner, faulty)
    parts = [(triangles[whole], owner[whole], kind[whole])]
    mended: list[int] = []
    left: list[int] = []
    for solid, first, last in zip(faulty.tolist(), begin, end, strict=True):
        before = triangles[first:last], kind[first:last]
        after = _mend(vertices, *before)
        (left if after is None else mended).append(solid)
        corners, kinds = before if after is None else after
        parts.append((corners, np.full(len(corners), solid, dtype=np.int64), kinds))
    new, whose, kinds = (np.concatenate([part[k] for part in parts]) for k in range(3))
    order = np.argsort(whose, kind="stable")
    return Closed(
        triangles=new[order],
        owner=whose[order],
        kind=kinds[order].astype(np.uint8),
        mended=np.intersect1d(np.array(mended, dtype=np.int64), gaping),
        open=np.array(left, dtype=np.int64),
    )


def _degenerate(triangles: Ints) -> NDArray[np.bool_]:
    a, b, c = triangles.T
    same: NDArray[np.bool_] = (a == b) | (b == c) | (c == a)
    return same


def _open_faces(triangles: Ints, owner: Ints) -> NDArray[np.bool_]:
    """Triangles with an edge that lacks the neighbour that runs along it the other way."""
    start, end = triangles.ravel(), np.roll(triangles, -1, axis=1).ravel()
    whose = np.repeat(owner, 3)
    low, high = np.minimum(start, end), np.maximum(start, end)
    order = np.lexsort((high, low, whose))
    low, high, whose = low[order], high[order], whose[order]
    new = np.ones(len(order), dtype=bool)
    new[1:] = (low[1:] != low[:-1]) | (high[1:] != high[:-1]) | (whose[1:] != whose[:-1])
    first = np.flatnonzero(new)
    unmatched = np.add.reduceat(np.sign(end - start)[order], first) if len(first) else first
    bad = np.repeat(unmatched != 0, np.diff([*first, len(order)]))
    faces = np.zeros(len(triangles), dtype=bool)
    faces[order[bad] // 3] = True
    return faces


def _mend(
    vertices: NDArray[np.float64], triangles: Ints, kind: NDArray[np.uint8]
) -> tuple[Ints, NDArray[np.uint8]] | None:
    """One solid, closed and outward; None where that cannot be."""
    if len(triangles) > MOST_TRIANGLES:
        return None
    triangles = _joined(vertices, triangles)
    keep = ~_degenerate(triangles)
    # Faces that are there twice, either way round, part nothing from nothing: one of them stays.
    _, first = np.unique(np.sort(triangles, axis=1), axis=0, return_index=True)
    once = np.zeros(len(triangles), dtype=bool)
    once[first] = True
    keep &= once
    triangles, kind = triangles[keep], kind[keep]
    if not len(triangles):
        return None
    # Where more than two faces meet at many edges, turning may make it worse: then as they came.
    for turned in (_turned_alike(triangles), triangles):
        found = _filled(vertices, turned, kind)
        if found is not None:
            return found
    return None


def _filled(
    vertices: NDArray[np.float64], triangles: Ints, kind: NDArray[np.uint8]
) -> tuple[Ints, NDArray[np.uint8]] | None:
    filled = _fill(vertices, triangles)
    if filled is None:
        return None
    if len(filled):
        triangles = np.concatenate([triangles, filled])
        kind = np.concatenate([kind, _kind_of(vertices, filled)])
    if _open_faces(triangles, np.zeros(len(triangles), dtype=np.int64)).any():
        return None
    triangles = _outward(vertices, triangles)
    return (triangles, kind) if _volume(vertices, triangles) > 0 else None


def _joined(vertices: NDArray[np.float64], triangles: Ints) -> Ints:
    """Corners at the very same place under one number."""
    used, corner = np.unique(triangles, return_inverse=True)
    _, first, same = np.unique(vertices[used], axis=0, return_index=True, return_inverse=True)
    joined: Ints = used[first[same.ravel()]][corner.reshape(-1, 3)]
    return joined


def _turned_alike(triangles: Ints) -> Ints:
    """Neighbours across an edge that only two faces share run along it opposite ways; each patch of
    faces keeps the direction that most of its faces have."""
    faces_at: dict[Edge, list[int]] = defaultdict(list)
    for number, (a, b, c) in enumerate(triangles.tolist()):
        for start, end in ((a, b), (b, c), (c, a)):
            faces_at[(min(start, end), max(start, end))].append(number)
    turn = np.zeros(len(triangles), dtype=bool)
    seen = np.zeros(len(triangles), dtype=bool)
    for seed in range(len(triangles)):
        if seen[seed]:
            continue
        seen[seed] = True
        patch, waiting = [seed], deque([seed])
        while waiting:
            one = waiting.popleft()
            for start, end in _edges(triangles[one]):
                pair = faces_at[(min(start, end), max(start, end))]
                if len(pair) != 2:
                    continue
                other = pair[1] if pair[0] == one else pair[0]
                if seen[other]:
                    continue
                seen[other] = True
                same_way = (start, end) in _edges(triangles[other])
                turn[other] = turn[one] ^ same_way
                patch.append(other)
                waiting.append(other)
        turned = np.array(patch)[turn[patch]]
        if 2 * len(turned) > len(patch):
            turn[patch] = ~turn[patch]
    result = triangles.copy()
    result[turn] = result[turn][:, ::-1]
    return result


def _edges(triangle: Ints) -> list[Edge]:
    a, b, c = triangle.tolist()
    return [(a, b), (b, c), (c, a)]


def _fill(vertices: NDArray[np.float64], triangles: Ints) -> Ints | None:
    """Triangles over the holes; None where an edge of a hole leads nowhere."""
    missing: dict[Edge, int] = defaultdict(int)
    for triangle in triangles:
        for start, end in _edges(triangle):
            if missing[(start, end)] > 0:
                missing[(start, end)] -= 1
            else:
                missing[(end, start)] += 1
    leads: dict[int, list[int]] = defaultdict(list)
    for (start, end), count in missing.items():
        leads[start] += [end] * count
    found: list[Ints] = []
    for start in list(leads):
        while leads[start]:
            loop = _loop(leads, start)
            if loop is None or len(loop) > MOST_HOLE:
                return None
            found.append(_cap(vertices, loop))
    return np.concatenate(found) if found else np.empty((0, 3), dtype=np.int64)


def _loop(leads: dict[int, list[int]], start: int) -> list[int] | None:
    """One way along missing edges that comes back to where it began, no corner twice."""
    way, place = [start], {start: 0}
    while leads[way[-1]]:
        following = leads[way[-1]].pop()
        if following in place:
            at = place[following]
            # What lies before the smaller loop is put back, to be walked another time.
            for one, other in pairwise(way[: at + 1]):
                leads[one].append(other)
            return way[at:]
        place[following] = len(way)
        way.append(following)
    return None


def _cap(vertices: NDArray[np.float64], loop: list[int]) -> Ints:
    """Triangles over a loop of corners, turning as it does; a fan where it has no area."""
    corners = np.array(loop, dtype=np.int64)
    places = vertices[corners] - vertices[corners].mean(axis=0)
    normal = np.cross(places, np.roll(places, -1, axis=0)).sum(axis=0)
    fan: Ints = np.stack([np.full(len(loop) - 2, corners[0]), corners[1:-1], corners[2:]], axis=1)
    axis = int(np.argmax(np.abs(normal)))
    if len(loop) == 3 or abs(normal[axis]) < 1e-9:
        return fan
    flat = places[:, [(axis + 1) % 3, (axis + 2) % 3]]
    ends = np.array([len(loop)], dtype=np.uint32)
    cut: Ints = mapbox_earcut.triangulate_float64(flat, ends).astype(np.int64).reshape(-1, 3)
    if len(cut) != len(loop) - 2:
        return fan
    a, b, c = (flat[cut[:, k]] for k in range(3))
    area = (b - a)[:, 0] * (c - a)[:, 1] - (b - a)[:, 1] * (c - a)[:, 0]
    if area.sum() * normal[axis] < 0:
        cut = cut[:, ::-1]
    return corners[cut]


def _kind_of(vertices: NDArray[np.float64], triangles: Ints) -> NDArray[np.uint8]:
    a, b, c = (vertices[triangles[:, k]] for k in range(3))
    normal = np.cross(b - a, c - a)
    rise = normal[:, 2] / np.maximum(np.linalg.norm(normal, axis=1), 1e-12)
    sloping = np.where(rise > 0, ROOF, FLOOR)
    return np.where(np.abs(rise) < UPRIGHT, WALL, sloping).astype(np.uint8)


def _outward(vertices: NDArray[np.float64], triangles: Ints) -> Ints:
    """Turned as a whole where it is inside out."""
    return triangles[:, ::-1] if _volume(vertices, triangles) < 0 else triangles


def _volume(vertices: NDArray[np.float64], triangles: Ints) -> float:
    a, b, c = (vertices[triangles[:, k]] - vertices[triangles[0, 0]] for k in range(3))
    return float(np.einsum("ij,ij->i", a, np.cross(b, c)).sum() / 6)
