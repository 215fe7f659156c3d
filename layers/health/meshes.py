"""Checks of triangles: each with an area."""

from __future__ import annotations

import numpy as np

from layers.health.finding import Finding, share
from layers.health.subject import Subject, as_places
from layers.kinds.mesh import MeshLayer

FLAT_M2 = 1e-6


def flat_triangles(subject: Subject) -> Finding | None:
    """Triangles without an area."""
    layer = subject.layer
    if not isinstance(layer, MeshLayer) or not len(layer.triangles):
        return None
    corners = layer.vertices[layer.triangles]
    cross = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    flat = np.linalg.norm(cross, axis=1) / 2 < FLAT_M2
    where = corners[flat, 0, :2][:1000].astype(np.float64) + np.asarray(layer.offset[:2])
    return share(
        int(flat.sum()),
        len(layer.triangles),
        f"{int(flat.sum()):,} of {len(layer.triangles):,} triangles have no area",
        "Clean the mesh where it was made: merge equal vertices, drop flat triangles.",
        where=as_places(where),
    )
