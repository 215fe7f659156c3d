"""The lines that draw a solid: roof outlines, ridges and corners, found from its triangles."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

SHARPEST_HIDDEN = 0.94
"""Cosine of the angle (20°) up to which the fold between two faces draws no line."""


def solid_edges(vertices: NDArray[np.float32], triangles: NDArray[np.int32]) -> NDArray[np.int32]:
    """Edges (n, 2) where two faces meet at a fold of more than 20°, or where one face ends.

    Vertices at the same millimetre count as one, so solids whose faces do not share corners work.
    """
    if not len(triangles):
        return np.empty((0, 2), np.int32)
    low = vertices.min(axis=0)
    grid = np.rint((vertices - low) * 200.0).astype(np.int64)
    span = grid.max(axis=0) + 1
    key = (grid[:, 2] * span[1] + grid[:, 1]) * span[0] + grid[:, 0]
    corner = np.unique(key, return_inverse=True)[1][triangles]
    a, b, c = (vertices[triangles[:, i]] for i in range(3))
    normal = np.cross(b - a, c - a)
    length = np.linalg.norm(normal, axis=1, keepdims=True)
    normal = normal / np.maximum(length, 1e-12)
    start, end = corner.ravel(), np.roll(corner, -1, axis=1).ravel()
    pair = np.stack([triangles.ravel(), np.roll(triangles, -1, axis=1).ravel()], axis=1)
    edge = np.minimum(start, end) * (int(corner.max()) + 1) + np.maximum(start, end)
    order = np.argsort(edge, kind="stable")
    edge, face = edge[order], np.repeat(np.arange(len(triangles)), 3)[order]
    first = np.flatnonzero(np.concatenate([[True], edge[1:] != edge[:-1]]))
    count = np.diff(np.append(first, len(edge)))
    second = np.minimum(first + 1, len(edge) - 1)
    fold = np.einsum("ij,ij->i", normal[face[first]], normal[face[second]])
    drawn = (count != 2) | (fold < SHARPEST_HIDDEN)
    shown: NDArray[np.int32] = pair[order[first[drawn]]].astype(np.int32)
    return shown
