"""The slope that leads the border of a ground down into the plain around it."""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray

SLOPE, WIDEST = 3.0, 160.0


def vertex_normals(
    vertices: NDArray[np.float32], triangles: NDArray[np.int32]
) -> NDArray[np.float32]:
    """Unit normals (v, 3), each the mean of its triangles' by area."""
    a, b, c = (vertices[triangles[:, i]] for i in range(3))
    face = np.cross(b - a, c - a).astype(np.float64)
    normal = np.zeros(vertices.shape)
    for axis in range(3):
        for corner in range(3):
            normal[:, axis] += np.bincount(
                triangles[:, corner], weights=face[:, axis], minlength=len(vertices)
            )
    length: NDArray[np.float64] = np.linalg.norm(normal, axis=1, keepdims=True)
    return (normal / np.maximum(length, 1e-12)).astype(np.float32)


def skirt(
    vertices: NDArray[np.float32], triangles: NDArray[np.int32], bottom: float
) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    """Slopes from every border of a surface outwards and down to `bottom`.

    They fall one in `SLOPE`, or steeper where that would take them beyond `WIDEST` metres.
    Vertices (v, 3) and triangles (t, 3), counter-clockwise from above.
    """
    edges = np.concatenate([triangles[:, [i, (i + 1) % 3]] for i in range(3)]).astype(np.int64)
    key = np.sort(edges, axis=1) @ np.array([len(vertices), 1])
    _, first, count = np.unique(key, return_index=True, return_counts=True)
    return slopes(vertices, edges[first[count == 1]], bottom)


def slopes(
    vertices: NDArray[np.float32], border: NDArray[np.int64], bottom: float
) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    """As `skirt`, from border edges (n, 2) that have the surface to their left."""
    rim, local = np.unique(border, return_inverse=True)
    local = local.reshape(border.shape)
    top = vertices[rim].astype(np.float64)
    along = top[local[:, 1], :2] - top[local[:, 0], :2]
    # The surface lies to the left of its border, so outwards is to the right.
    right = np.column_stack([along[:, 1], -along[:, 0]])
    right /= np.maximum(np.linalg.norm(right, axis=1, keepdims=True), 1e-9)
    out = np.zeros((len(rim), 2))
    np.add.at(out, local.ravel(), np.repeat(right, 2, axis=0))
    out /= np.maximum(np.linalg.norm(out, axis=1, keepdims=True), 1e-9)
    drop = np.maximum(top[:, 2] - bottom, 0.0)
    foot = top.copy()
    foot[:, :2] += out * np.minimum(SLOPE * drop, WIDEST)[:, None]
    foot[:, 2] = np.minimum(bottom, top[:, 2])
    a, b = local[:, 0], local[:, 1]
    low = len(rim)
    faces = np.concatenate(
        [np.stack([a, low + a, low + b], axis=1), np.stack([a, low + b, b], axis=1)]
    )
    return np.concatenate([top, foot]).astype(np.float32), faces.astype(np.int32)


def walls(
    vertices: NDArray[np.float32], border: NDArray[np.int64], bottom: float
) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    """As `slopes`, straight down; each edge has corners of its own, so that walls meet sharply."""
    top = vertices[border]
    foot = top.copy()
    foot[..., 2] = np.minimum(bottom, top[..., 2])
    corners = np.concatenate([top, foot], axis=1).reshape(-1, 3)
    first = 4 * np.arange(len(border))[:, None]
    faces = np.concatenate([first + np.array([0, 2, 3]), first + np.array([0, 3, 1])])
    return corners.astype(np.float32), faces.astype(np.int32)


def grid_border(
    z: NDArray[np.float32], x: NDArray[np.float64], y: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Corners (v, 3) of the border of a grid of nodes (holes are NaN), and its edges (n, 2) with the
    surface to their left; rows go south, columns east."""
    rows, cols = z.shape
    known = np.isfinite(z)
    square = np.zeros((rows + 1, cols + 1), bool)
    square[1:-1, 1:-1] = known[:-1, :-1] & known[:-1, 1:] & known[1:, :-1] & known[1:, 1:]
    number = np.arange(rows * cols).reshape(rows, cols)
    above, below = square[:-1, 1:-1], square[1:, 1:-1]
    left, right = square[1:-1, :-1], square[1:-1, 1:]
    west, east, north, south = number[:, :-1], number[:, 1:], number[:-1], number[1:]
    edges = [
        np.column_stack([east[below & ~above], west[below & ~above]]),
        np.column_stack([west[above & ~below], east[above & ~below]]),
        np.column_stack([north[right & ~left], south[right & ~left]]),
        np.column_stack([south[left & ~right], north[left & ~right]]),
    ]
    border = np.concatenate(edges)
    rim, local = np.unique(border, return_inverse=True)
    r, c = np.divmod(rim, cols)
    return np.column_stack([x[c], y[r], z[r, c]]), local.reshape(border.shape)


def straightened(
    corners: NDArray[np.float64], border: NDArray[np.int64], tolerance: float
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """The border of a grid with fewer edges: of each straight side (in plan) those corners are kept that
    tell its heights to within `tolerance` metres (Douglas and Peucker 1973).

    All corners come `tolerance` lower, so that no edge stands over the surface that it bounds.
    """
    first, last = corners[border[:, 0]], corners[border[:, 1]]
    way = last[:, :2] - first[:, :2]
    axis = (np.abs(way[:, 1]) > np.abs(way[:, 0])).astype(int)
    rows = np.arange(len(border))
    sense = np.sign(way[rows, axis])
    order = np.lexsort([first[rows, axis] * sense, first[rows, 1 - axis], sense, axis])
    sides = border[order]
    same = (np.diff(axis[order]) == 0) & (np.diff(sense[order]) == 0)
    cuts = np.flatnonzero(~(same & (sides[1:, 0] == sides[:-1, 1]))) + 1
    kept = []
    for side in np.split(sides, cuts):
        chain = np.append(side[:, 0], side[-1, 1])
        place = np.abs(corners[chain] - corners[chain[0]])[:, :2].sum(axis=1)
        line = shapely.linestrings(place, corners[chain, 2])
        told = shapely.get_coordinates(shapely.simplify(line, tolerance, preserve_topology=False))
        chain = chain[np.searchsorted(place, told[:, 0])]
        kept.append(np.column_stack([chain[:-1], chain[1:]]))
    return corners - (0.0, 0.0, tolerance), np.concatenate(kept)
