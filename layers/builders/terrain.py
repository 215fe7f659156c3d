"""The ground as a surface of triangles."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from layers.builders.ground import decimated, sample
from layers.kinds.elevation import ElevationLayer

Mesh = tuple[NDArray[np.float32], NDArray[np.int32], NDArray[np.float32]]


def terrain_mesh(
    elevation: ElevationLayer, *, origin: tuple[float, float, float], max_cells: int = 250_000
) -> Mesh:
    """`elevation` as triangles over the middles of its cells, out to its very edge.

    Cells are averaged in blocks until at most `max_cells` are left
    (`layers.builders.ground.decimated`); what is draped over that layer lies on these triangles.
    Where a corner has no height there is a hole.

    Returns
    -------
    vertices : float32, shape (v, 3), metres from `origin`
    triangles : int32, shape (t, 3), counter-clockwise from above
    uv : float32, shape (v, 2): 0…1 from west to east and from south to north of the layer's bounds
    """
    coarse = decimated(elevation, max_cells=max_cells)
    west, south, east, north = elevation.bounds
    x, y = grid_lines(coarse)
    x, y = np.clip(x, west, east), np.clip(y, south, north)  # blocks may stand out over the edge
    grid_x, grid_y = np.meshgrid(x, y)
    flat = np.column_stack([grid_x.ravel(), grid_y.ravel()])
    height = sample(coarse, flat)
    vertices = np.column_stack([flat, height]) - np.asarray(origin)
    uv = (flat - [west, south]) / [east - west, north - south]

    rows, cols = len(y), len(x)
    corner = np.arange(rows * cols, dtype=np.int32).reshape(rows, cols)
    nw, ne = corner[:-1, :-1].ravel(), corner[:-1, 1:].ravel()
    sw, se = corner[1:, :-1].ravel(), corner[1:, 1:].ravel()
    triangles = np.stack(
        [np.column_stack([nw, sw, se]), np.column_stack([nw, se, ne])], axis=1
    ).reshape(-1, 3)
    holes = np.isnan(height)
    if holes.any():
        triangles = triangles[~holes[triangles].any(axis=1)]
        used = np.unique(triangles)
        number = np.zeros(len(vertices), dtype=np.int32)
        number[used] = np.arange(len(used), dtype=np.int32)
        vertices, uv, triangles = vertices[used], uv[used], number[triangles]
    return vertices.astype(np.float32), triangles, uv.astype(np.float32)


def grid_lines(elevation: ElevationLayer) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """x (eastward) and y (southward) of the mesh's lines: middles of cells and the outer edges."""
    rows, cols = elevation.heights.shape
    west, south, east, north = elevation.bounds
    x = west + (np.arange(cols) + 0.5) * elevation.cell_x
    y = north - (np.arange(rows) + 0.5) * elevation.cell_y
    return np.concatenate([[west], x, [east]]), np.concatenate([[north], y, [south]])
