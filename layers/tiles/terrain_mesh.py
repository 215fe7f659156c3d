"""A tile of a terrain pyramid as triangles with a skirt, ready to be drawn."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from layers.builders import rtin
from layers.tiles.terrain import TILE, Key, TerrainPyramid

Origin = tuple[float, float, float]
_HALO = 2


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TerrainTile:
    """Triangles of one tile.

    Attributes
    ----------
    vertices : float32, shape (v, 3), metres from the origin they were made for
    normals : float32, shape (v, 3), the same on both sides of a border between tiles of one level
    uv : float32, shape (v, 3): 0…1 from west to east and from south to north of the whole tile, and
        how many metres a corner of the skirt hangs below its edge
    triangles : int32, shape (t, 3), counter-clockwise from above; the skirt's come last
    surface : how many triangles are of the surface, not of the skirt
    error : metres that the surface is off the raster at most
    """

    vertices: NDArray[np.float32]
    normals: NDArray[np.float32]
    uv: NDArray[np.float32]
    triangles: NDArray[np.int32]
    surface: int
    error: float

    @property
    def nbytes(self) -> int:
        """Bytes of the arrays."""
        held = (self.vertices, self.normals, self.uv, self.triangles)
        return sum(array.nbytes for array in held)


def tile_mesh(pyramid: TerrainPyramid, key: Key, origin: Origin) -> TerrainTile | None:
    """The triangles of one tile; None where the raster holds nothing there.

    Its skirt hangs down from its four sides as far as this tile and its neighbours, the next
    coarser ones among them, can be apart.
    """
    n = TILE >> max(-key.level, 0)
    row, col = key.row * n, key.col * n
    wide = pyramid.nodes(key.level, row - _HALO, col - _HALO, n + 1 + 2 * _HALO, n + 1 + 2 * _HALO)
    z = wide[_HALO:-_HALO, _HALO:-_HALO]
    if not np.isfinite(z).any():
        return None
    needed = rtin.kept(rtin.split_errors(z[None]), np.array([pyramid.tolerance(key)]))
    error = pyramid.error(key)
    if key.level < 0:
        off = np.abs(rtin.surface(z[None], needed) - z)
        error = float(off[np.isfinite(off)].max(initial=0.0))
    needed = needed[0]
    x = pyramid.x_of(np.arange(col, col + n + 1), key.level)
    y = pyramid.y_of(np.arange(row, row + n + 1), key.level)
    corners = rtin.triangles(needed)
    corners = corners[_solid(corners, z, x, y)]
    if not len(corners):
        return None
    used = np.unique(corners)
    new = np.full((n + 1) ** 2, -1, np.int32)
    new[used] = np.arange(len(used), dtype=np.int32)
    r, c = np.divmod(used, n + 1)
    vertices = np.column_stack([x[c], y[r], z[r, c]]) - np.asarray(origin)
    west, south, east, north = extent(pyramid, key)
    uv = np.column_stack([(x[c] - west) / (east - west), (y[r] - south) / (north - south), 0 * r])
    made = TerrainTile(
        vertices=vertices.astype(np.float32),
        normals=_normals(wide, pyramid, key.level)[r, c],
        uv=uv.astype(np.float32),
        triangles=new[corners],
        surface=len(corners),
        error=error,
    )
    rows, cols = pyramid.shapes[max(key.level, 0)]
    sides = _sides(r, c, min(n, rows - 1 - row), min(n, cols - 1 - col))
    made, sides = _with_rim(made, sides, _edges(pyramid, key, n, origin))
    return _with_skirt(made, sides, _depth(pyramid, key))


def _sides(
    r: NDArray[np.int64], c: NDArray[np.int64], last_row: int, last_col: int
) -> list[NDArray[np.int32]]:
    """Vertices along north, south, west and east, each with the tile to its left; what lies beyond
    the raster's last nodes lies on them."""
    r, c = np.minimum(r, last_row), np.minimum(c, last_col)
    lines = []
    for at, along in ((r == 0, -c), (r == last_row, c), (c == 0, r), (c == last_col, -r)):
        which = np.flatnonzero(at)
        lines.append(which[np.unique(along[which], return_index=True)[1]].astype(np.int32))
    return lines


def _edges(pyramid: TerrainPyramid, key: Key, n: int, origin: Origin) -> list[float | None]:
    """Where the raster ends to the north, south, west and east, where that is in this tile."""
    west, south, east, north = pyramid.heights.bounds
    rows, cols = pyramid.shapes[max(key.level, 0)]
    return [
        north - origin[1] if key.row == 0 else None,
        south - origin[1] if (key.row + 1) * n >= rows - 1 else None,
        west - origin[0] if key.col == 0 else None,
        east - origin[0] if (key.col + 1) * n >= cols - 1 else None,
    ]


def extent(pyramid: TerrainPyramid, key: Key) -> tuple[float, float, float, float]:
    """min x, min y, max x, max y of the whole tile, in the raster's CRS; it may reach over its edge."""
    width, height = pyramid.side(key.level)
    h = pyramid.heights
    west, north = h.west + h.cell_x / 2 + key.col * width, h.north - h.cell_y / 2 - key.row * height
    return (west, north - height, west + width, north)


def _solid(
    corners: NDArray[np.int32],
    z: NDArray[np.float32],
    x: NDArray[np.float64],
    y: NDArray[np.float64],
) -> NDArray[np.bool_]:
    """Triangles with a height at each corner that are no lines beyond the raster's edge."""
    r, c = np.divmod(corners, z.shape[1])
    known = np.isfinite(z[r, c]).all(axis=1)
    px, py = x[c], y[r]
    twice = (px[:, 1] - px[:, 0]) * (py[:, 2] - py[:, 0]) - (px[:, 2] - px[:, 0]) * (
        py[:, 1] - py[:, 0]
    )
    return np.asarray(known & (twice > 0))


def _normals(wide: NDArray[np.float32], pyramid: TerrainPyramid, level: int) -> NDArray[np.float32]:
    """Slope over five nodes, averaged across three, so that what was measured badly does not
    glitter: Sobel's operator drawn out."""
    h = pyramid.heights
    scale = 2.0 ** max(level, 0)
    core = wide[_HALO:-_HALO, _HALO:-_HALO]

    def shifted(down: int, right: int) -> NDArray[np.float32]:
        part = wide[
            _HALO + down : wide.shape[0] - _HALO + down,
            _HALO + right : wide.shape[1] - _HALO + right,
        ]
        return np.where(np.isnan(part), core, part)

    weights = ((-1, 1.0), (0, 2.0), (1, 1.0))
    east = sum(w * (shifted(k, 2) - shifted(k, -2)) for k, w in weights) / (16 * h.cell_x * scale)
    north = sum(w * (shifted(-2, k) - shifted(2, k)) for k, w in weights) / (16 * h.cell_y * scale)
    normal = np.stack([-np.nan_to_num(east), -np.nan_to_num(north), np.ones_like(core)], axis=2)
    normal /= np.linalg.norm(normal, axis=2, keepdims=True)
    return normal.astype(np.float32)


def _depth(pyramid: TerrainPyramid, key: Key) -> float:
    """How far a skirt must hang: this tile's error, and that of its worst neighbour one coarser."""
    level = min(key.level + 1, pyramid.levels - 1)
    errors = pyramid.errors(level)
    row, col = (key.row >> 1, key.col >> 1) if level > key.level else (key.row, key.col)
    around = errors[max(row - 1, 0) : row + 2, max(col - 1, 0) : col + 2]
    return 1.1 * (pyramid.error(key) + float(around.max())) + 0.02


def _with_rim(
    tile: TerrainTile, sides: list[NDArray[np.int32]], edges: list[float | None]
) -> tuple[TerrainTile, list[NDArray[np.int32]]]:
    """The outer half cell, level, along sides (north, south, west, east) where `edges` says at which
    y or x the raster ends; and the sides as they are then."""
    out = tile
    for number, edge in enumerate(edges):
        line = sides[number]
        if edge is None or len(line) < 2:
            continue
        axis = 1 if number < 2 else 0
        foot = out.vertices[line].copy()
        foot[:, axis] = edge
        new = len(out.vertices) + np.arange(len(line), dtype=np.int32)
        a, b, c, d = line[:-1], line[1:], new[:-1], new[1:]
        faces = np.concatenate([np.stack([a, c, d], axis=1), np.stack([a, d, b], axis=1)])
        out = replace(
            out,
            vertices=np.concatenate([out.vertices, foot]),
            normals=np.concatenate([out.normals, out.normals[line]]),
            uv=np.concatenate([out.uv, out.uv[line]]),
            triangles=np.concatenate([out.triangles, faces]).astype(np.int32),
            surface=out.surface + len(faces),
        )
        sides[number] = new
        # The sides across it now reach its corners, so that they make the rim's corners too.
        for other in (2, 3) if number < 2 else ():
            across = sides[other]
            for end, corner in ((0, new[0]), (0, new[-1]), (-1, new[0]), (-1, new[-1])):
                old = line[0] if corner == new[0] else line[-1]
                if len(across) and across[end] == old:
                    ends = ([corner], across) if end == 0 else (across, [corner])
                    sides[other] = np.concatenate(ends).astype(np.int32)
                    break
    return out, sides


def _with_skirt(tile: TerrainTile, sides: list[NDArray[np.int32]], depth: float) -> TerrainTile:
    tops, faces = [], []
    count = len(tile.vertices)
    for line in sides:
        if len(line) < 2:
            continue
        low = count + np.arange(len(line), dtype=np.int32)
        a, b, c, d = line[:-1], line[1:], low[:-1], low[1:]
        # The tile lies to the left of the line, so that its wall looks outwards.
        faces += [np.stack([a, c, d], axis=1), np.stack([a, d, b], axis=1)]
        tops.append(line)
        count += len(line)
    if not tops:
        return tile
    top = np.concatenate(tops)
    foot = tile.vertices[top] - np.array([0, 0, depth], np.float32)
    return replace(
        tile,
        vertices=np.concatenate([tile.vertices, foot]),
        normals=np.concatenate([tile.normals, tile.normals[top]]),
        uv=np.concatenate([tile.uv, tile.uv[top] + np.array([0, 0, depth], np.float32)]),
        triangles=np.concatenate([tile.triangles, *faces]).astype(np.int32),
    )
