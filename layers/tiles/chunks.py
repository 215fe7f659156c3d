"""A batch of many solids cut into chunks whose prefixes are coarser levels. Pure numpy."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LEVELS = (1.0, 0.55, 0.28, 0.13, 0.05, 0.0)
"""Share of a chunk's things that each level shows, the most important first."""
MOST_CHUNKS = 240


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Chunk:
    """Things that stand together, the most visible first.

    Attributes
    ----------
    rows : int32 (n,), rows of the layer, in this order
    vertices : float32 (v, 3); triangles : int32 (t, 3); face_row : int32 (t,)
    face_start : int64 (n + 1,), first triangle of each thing in `rows`
    vertex_row : int32 (v,), the layer's row each vertex belongs to
    size : float32 (n,), metres, visual importance, descending
    """

    rows: NDArray[np.int32]
    vertices: NDArray[np.float32]
    triangles: NDArray[np.int32]
    face_row: NDArray[np.int32]
    face_kind: NDArray[np.uint8]
    face_start: NDArray[np.int64]
    vertex_row: NDArray[np.int32]
    size: NDArray[np.float32]

    @property
    def box(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Lowest and highest corner."""
        return self.vertices.min(axis=0), self.vertices.max(axis=0)

    def level_triangles(self) -> NDArray[np.int64]:
        """Triangles of each of `LEVELS`."""
        return np.asarray(self.face_start[self._kept()])

    def level_error(self) -> NDArray[np.float64]:
        """Metres lost at each of `LEVELS`: the size of the largest thing left out."""
        padded = np.append(self.size, np.float32(0)).astype(np.float64)
        return np.asarray(padded[self._kept()])

    def _kept(self) -> NDArray[np.int64]:
        return np.asarray(np.ceil(np.array(LEVELS) * len(self.rows)), np.int64)


def cell_size(bounds: tuple[float, float, float, float], *, least: float = 250.0) -> float:
    """Side of a chunk, metres: 250 m, more where that would make too many of them."""
    area = max(bounds[2] - bounds[0], 1.0) * max(bounds[3] - bounds[1], 1.0)
    return max(least, float(np.sqrt(area / MOST_CHUNKS)))


def assign(xy: NDArray[np.float64], cell: float) -> NDArray[np.int64]:
    """The chunk of each position (n, 2): numbers from 0, row by row."""
    if not len(xy):
        return np.empty(0, np.int64)
    grid = np.floor((xy - xy.min(axis=0)) / cell).astype(np.int64)
    key = grid[:, 1] * (int(grid[:, 0].max()) + 1) + grid[:, 0]
    return np.unique(key, return_inverse=True)[1].astype(np.int64)


def cut(
    vertices: NDArray[np.float32],
    triangles: NDArray[np.int32],
    face_row: NDArray[np.int32],
    face_kind: NDArray[np.uint8],
    *,
    chunk_of_row: NDArray[np.int64],
    size_of_row: NDArray[np.float32],
) -> dict[int, Chunk]:
    """Chunks by number; `chunk_of_row` and `size_of_row` are per row of the layer.

    Rows with chunk −1 are left out, as are rows without a triangle.
    """
    keep = chunk_of_row[face_row] >= 0
    if not keep.all():
        triangles, face_row, face_kind = triangles[keep], face_row[keep], face_kind[keep]
    if not len(triangles):
        return {}
    present = np.unique(face_row)
    order = present[np.lexsort((present, -size_of_row[present], chunk_of_row[present]))]
    rank = np.full(len(chunk_of_row), -1, np.int64)
    rank[order] = np.arange(len(order))
    faces = np.argsort(rank[face_row], kind="stable")
    triangles, face_row, face_kind = triangles[faces], face_row[faces], face_kind[faces]
    vertices, triangles, vertex_row = _own_vertices(vertices, triangles, face_row, rank)
    counts = np.bincount(rank[face_row], minlength=len(order))
    start = np.concatenate([[0], np.cumsum(counts)])
    vertex_start = np.searchsorted(rank[vertex_row], np.arange(len(order) + 1))
    chunk_number = chunk_of_row[order]
    edges = np.flatnonzero(np.diff(chunk_number, prepend=-1, append=-2))
    chunks = {}
    for a, b in itertools.pairwise(edges):
        f, v = slice(start[a], start[b]), slice(vertex_start[a], vertex_start[b])
        chunks[int(chunk_number[a])] = Chunk(
            rows=order[a:b].astype(np.int32),
            vertices=np.ascontiguousarray(vertices[v]),
            triangles=np.ascontiguousarray(triangles[f] - np.int32(vertex_start[a])),
            face_row=np.ascontiguousarray(face_row[f]),
            face_kind=np.ascontiguousarray(face_kind[f]),
            face_start=start[a : b + 1] - start[a],
            vertex_row=np.ascontiguousarray(vertex_row[v]),
            size=size_of_row[order[a:b]].astype(np.float32),
        )
    return chunks


def _own_vertices(
    vertices: NDArray[np.float32],
    triangles: NDArray[np.int32],
    face_row: NDArray[np.int32],
    rank: NDArray[np.int64],
) -> tuple[NDArray[np.float32], NDArray[np.int32], NDArray[np.int32]]:
    """Vertices in the order of their things; ones that things share are given to each."""
    row = np.full(len(vertices), -1, np.int32)
    for corner in range(3):
        row[triangles[:, corner]] = face_row
    shared = False
    for corner in range(3):
        shared = shared or bool((row[triangles[:, corner]] != face_row).any())
    if shared:
        vertices = vertices[triangles.ravel()]
        row = np.repeat(face_row, 3)
        triangles = np.arange(len(row), dtype=np.int32).reshape(-1, 3)
    used = np.flatnonzero(row >= 0)
    order = used[np.argsort(rank[row[used]], kind="stable")]
    new = np.full(len(vertices), -1, np.int32)
    new[order] = np.arange(len(order), dtype=np.int32)
    return vertices[order], new[triangles], row[order]
