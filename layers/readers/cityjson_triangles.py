"""Faces of city objects cut into triangles on their planes."""

from __future__ import annotations

import mapbox_earcut
import numpy as np

from layers.readers.cityjson_geometry import Faces, Floats, Ints

_MOST_CORNERS = 50_000  # of one face; cutting grows faster than its corners


def triangles_of(faces: Faces) -> tuple[Ints, Ints, int]:
    """Triangles (t, 3) as rows of `vertices`, the face of each, ascending, and how many faces failed.

    Faces are cut on the plane along the axis nearest to their normal: that keeps what is inside.
    Triangles turn as their face does.
    """
    corners = faces.ring_start[faces.face_start[1:]] - faces.ring_start[faces.face_start[:-1]]
    single = np.diff(faces.face_start) == 1
    start = faces.ring_start[faces.face_start[:-1]]
    flat = _flattened(faces, corners)
    three = np.flatnonzero(single & (corners == 3))
    cut = [faces.index[start[three, None] + np.arange(3)]]
    whose = [three]
    four = np.flatnonzero(single & (corners == 4))
    cut.append(_quads(faces, flat, start[four]))
    whose.append(np.repeat(four, 2))
    failed = 0
    for face in np.flatnonzero(~(single & (corners <= 4))):
        local = _ears(faces, flat, int(face)) if corners[face] <= _MOST_CORNERS else None
        if local is None or not len(local):
            failed += 1
            continue
        cut.append(faces.index[start[face] + local])
        whose.append(np.full(len(local), face))
    triangles, owner = np.concatenate(cut), np.concatenate(whose)
    order = np.argsort(owner, kind="stable")
    triangles, owner = triangles[order], owner[order]
    a, b, c = (faces.vertices[triangles[:, k]] for k in range(3))
    turned = np.einsum("ij,ij->i", np.cross(b - a, c - a), faces.normal[owner]) < 0
    triangles[turned] = triangles[turned][:, ::-1]
    return triangles, owner, failed


def _flattened(faces: Faces, corners: Ints) -> Floats:
    """Every corner on its face's plane: (corners, 2)."""
    axis = np.argmax(np.abs(faces.normal), axis=1)
    of_corner = np.repeat(axis, corners)
    places = faces.vertices[faces.index]
    places = places - (places.min(axis=0) if len(places) else 0.0)
    rows = np.arange(len(places))
    flat: Floats = np.stack(
        [places[rows, (of_corner + 1) % 3], places[rows, (of_corner + 2) % 3]], axis=1
    )
    return flat


def _quads(faces: Faces, flat: Floats, start: Ints) -> Ints:
    """Two triangles for each outline of four corners: cut at the corner that turns inward, if any."""
    a, b, c, d = (flat[start + k] for k in range(4))

    def area(p: Floats, q: Floats, r: Floats) -> Floats:
        u, v = q - p, r - p
        doubled: Floats = u[:, 0] * v[:, 1] - u[:, 1] * v[:, 0]
        return doubled

    good = area(a, b, c) * area(a, c, d) > 0
    ways = np.where(
        good[:, None, None],
        np.array([[0, 1, 2], [0, 2, 3]])[None],
        np.array([[0, 1, 3], [1, 2, 3]])[None],
    )
    result: Ints = faces.index[(start[:, None, None] + ways).reshape(-1, 3)]
    return result


def _ears(faces: Faces, flat: Floats, face: int) -> Ints | None:
    rings = faces.ring_start[faces.face_start[face] : faces.face_start[face + 1] + 1]
    start, ends = rings[0], (rings[1:] - rings[0]).astype(np.uint32)
    found = mapbox_earcut.triangulate_float64(flat[start : rings[-1]], ends)
    return np.asarray(found, dtype=np.int64).reshape(-1, 3)
