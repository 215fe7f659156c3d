"""Polygons with holes into triangles that leave no gap along any edge."""

from __future__ import annotations

from collections import Counter

import mapbox_earcut
import numpy as np
from numpy.typing import NDArray

from layers.builders.rings import Rings, corner_turns, spans


def triangulate(rings: Rings) -> tuple[NDArray[np.int64], NDArray[np.int64], int]:
    """Counter-clockwise triangles of all polygons.

    Every edge of every ring is the edge of exactly one triangle and every other edge joins two, so
    walls put up along the rings close. Convex outlines are fanned, the rest goes through ear
    clipping (Mapbox earcut). A triangulation of n corners and h holes has n + 2h − 2 triangles
    (Euler); where earcut gives fewer it has left corners out, and the gaps are patched.

    Returns
    -------
    triangles : int64, shape (t, 3), rows of `rings.xy`; the triangles of a polygon are adjacent
    polygon : int64, shape (t,), ascending
    patched : number of polygons whose gaps were patched
    """
    count = len(rings.owner)
    first = rings.starts[rings.polygons[:-1]]
    corners = rings.starts[rings.polygons[1:]] - first
    single = np.diff(rings.polygons) == 1
    polygon_of = np.repeat(np.arange(count), corners)
    reflex = corner_turns(rings.xy, rings.starts) < 0
    reflexes = np.bincount(polygon_of[reflex], minlength=count)
    # a quadrilateral with one reflex corner is a fan around that corner
    hub = np.zeros(count, dtype=np.int64)
    hub[polygon_of[reflex]] = (np.arange(len(reflex)) - first[polygon_of])[reflex]
    fanned = single & ((reflexes == 0) | ((corners == 4) & (reflexes == 1)))

    fans = np.flatnonzero(fanned)
    fan_triangles = _fan(first[fans], corners[fans], hub[fans])
    fan_polygon = np.repeat(fans, corners[fans] - 2)
    ear_triangles, ear_polygon, patched = _clip_ears(rings, np.flatnonzero(~fanned))
    triangles = np.concatenate([fan_triangles, ear_triangles])
    polygon = np.concatenate([fan_polygon, ear_polygon])
    order = np.argsort(polygon, kind="stable")
    return triangles[order], polygon[order], patched


def _fan(
    first: NDArray[np.int64], corners: NDArray[np.int64], hub: NDArray[np.int64]
) -> NDArray[np.int64]:
    count = corners - 2
    step = spans(np.ones_like(first), count)
    first, corners, hub = (np.repeat(a, count) for a in (first, corners, hub))
    return np.column_stack(
        [
            first + hub,
            first + (hub + step) % corners,
            first + (hub + step + 1) % corners,
        ]
    )


def _clip_ears(
    rings: Rings, which: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], int]:
    found: list[NDArray[np.uint32]] = []
    firsts = rings.starts[rings.polygons[which]].tolist()
    ends = rings.starts[rings.polygons[which + 1]].tolist()
    ring_from, ring_to = rings.polygons[which].tolist(), rings.polygons[which + 1].tolist()
    xy, starts, cut = rings.xy, rings.starts, mapbox_earcut.triangulate_float64
    ring_ends = starts[1:]
    for a, b, r, s in zip(firsts, ends, ring_from, ring_to, strict=True):
        inner = np.array([b - a], dtype=np.uint32) if s - r == 1 else ring_ends[r:s] - a
        found.append(cut(xy[a:b], np.asarray(inner, dtype=np.uint32)))
    counts = np.array([len(f) // 3 for f in found], dtype=np.int64)
    rings_of = np.array(ring_to, dtype=np.int64) - ring_from
    wanted = np.array(ends, dtype=np.int64) - firsts + 2 * (rings_of - 1) - 2
    short = np.flatnonzero(counts != wanted)
    for row in short.tolist():
        spokes = starts[ring_from[row] : ring_to[row] + 1] - firsts[row]
        found[row] = _patch(found[row].reshape(-1, 3), spokes).reshape(-1)
        counts[row] = len(found[row]) // 3
    if not found:
        return np.zeros((0, 3), dtype=np.int64), np.zeros(0, dtype=np.int64), 0
    flat = np.concatenate(found).astype(np.int64) + np.repeat(firsts, counts * 3)
    return flat.reshape(-1, 3), np.repeat(which, counts), len(short)


def _patch(triangles: NDArray[np.uint32], starts: NDArray[np.int64]) -> NDArray[np.uint32]:
    """Add triangles (mostly without area) so that the boundary is exactly the rings.

    The wanted boundary less the present one is balanced at every corner, so it falls apart into
    closed loops; each loop is fanned.
    """
    missing: Counter[tuple[int, int]] = Counter()
    for a, b in zip(starts[:-1].tolist(), starts[1:].tolist(), strict=True):
        for corner in range(a, b):
            _add_edge(missing, corner, corner + 1 if corner + 1 < b else a)
    for a, b, c in triangles.tolist():
        for start, end in ((a, b), (b, c), (c, a)):
            _add_edge(missing, end, start)
    patches: list[tuple[int, int, int]] = []
    for loop in _loops(missing):
        patches += [(loop[0], loop[k], loop[k + 1]) for k in range(1, len(loop) - 1)]
    return np.concatenate([triangles, np.array(patches, dtype=np.uint32).reshape(-1, 3)])


def _add_edge(edges: Counter[tuple[int, int]], start: int, end: int) -> None:
    if edges[(end, start)] > 0:
        edges[(end, start)] -= 1
    else:
        edges[(start, end)] += 1


def _loops(edges: Counter[tuple[int, int]]) -> list[list[int]]:
    leaving: dict[int, list[int]] = {}
    for (start, end), times in edges.items():
        leaving.setdefault(start, []).extend([end] * times)
    loops = []
    for start, ends in leaving.items():
        while ends:
            path, place = [start], {start: 0}
            while True:
                corner = leaving[path[-1]].pop()
                if corner in place:  # cut the loop off the path, go on with the rest
                    at = place[corner]
                    loops.append(path[at:])
                    for gone in path[at + 1 :]:
                        del place[gone]
                    path = path[: at + 1]
                    if at == 0:
                        break
                else:
                    place[corner] = len(path)
                    path.append(corner)
    return loops
