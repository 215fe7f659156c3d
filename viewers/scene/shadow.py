"""Maps of depth along the sun's rays and of the city from above, cast with Embree: arrays in, arrays out."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np
from embreex.mesh_construction import TriangleMesh
from embreex.rtcore_scene import EmbreeScene
from numpy.typing import NDArray

from viewers.scene.cut import Cut
from viewers.scene.packing import Code, coded_depth

Box = tuple[float, float, float, float, float, float]
"""min x, max x, min y, max y, min z, max z, scene metres."""
Parts = Sequence[tuple[EmbreeScene, Cut | None]]
"""Scenes that rays go through together, each with what is cut away from it."""
PIECE, TREE = 4_000, 100_000
"""Triangles that are copied, and triangles that a tree is built of, without a pause: some ten
milliseconds each."""
ROWS = 8
"""Rows of a map cast together: fewer calls for the same rays."""
NOTHING = 1e8
"""Embree says a distance above this where nothing was met."""


WIDEST_BLUR = 100.0
"""Texels; what stands alone on a few metres is not blurred over thousands of them."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ShadowMap:
    """Nearest surface as seen from the sun.

    Attributes
    ----------
    depth : float32 (size, size), metres along the direction *towards the sun*, from the plane
        through `origin_depth`; −1e9 where nothing stands. A point is in shadow where its own
        depth is less than the map's.
    matrix : float64 (3, 4), scene (x, y, z, 1) → u, v (0 … 1) and depth (metres)
    texel : metres per texel
    code : the depths as the graphics card gets them
    """

    depth: NDArray[np.float32]
    matrix: NDArray[np.float64]
    texel: float
    code: Code = field(init=False)

    def __post_init__(self) -> None:
        # Here, and so by the worker that cast it: it takes a while.
        object.__setattr__(self, "code", coded_depth(self.depth))


Mesh = tuple[NDArray[np.float32], NDArray[np.int32]]
"""Vertices (v, 3), triangles (t, 3)."""


def in_pieces(vertices: NDArray[np.float32], triangles: NDArray[np.int32]) -> Iterator[Mesh]:
    """A mesh as meshes of at most `PIECE` triangles, in their order; whole where it is small."""
    if len(triangles) <= PIECE:
        yield vertices, triangles
        return
    for start in range(0, len(triangles), PIECE):
        part = triangles[start : start + PIECE]
        low, high = int(part.min()), int(part.max())
        if high - low < 4 * PIECE:
            yield vertices[low : high + 1], part - np.int32(low)
        else:
            used, inverse = np.unique(part, return_inverse=True)
            yield vertices[used], inverse.reshape(-1, 3).astype(np.int32)


def ray_scene(meshes: Iterable[Mesh]) -> EmbreeScene:
    """An Embree scene of meshes; those of at most `PIECE` triangles have the geometry ids of their order.

    Larger ones are handed over in pieces: Embree's Python keeps the lock while it copies one, and with it
    the window. It keeps it, too, while it builds the tree: `in_trees` says how much one should hold.
    """
    scene = EmbreeScene()
    any_there = False
    for mesh in meshes:
        for vertices, triangles in in_pieces(*mesh):
            any_there = True
            TriangleMesh(
                scene,
                np.ascontiguousarray(vertices, dtype=np.float32),
                np.ascontiguousarray(triangles, dtype=np.int32),
            )
    if any_there:
        # The first ray builds the tree; two threads must not both try.
        down = np.array([[0.0, 0.0, -1.0]], np.float32)
        scene.run(np.zeros((1, 3), np.float32), down, query="DISTANCE")
    return scene


def in_trees(counts: Sequence[int]) -> list[range]:
    """Pieces of so many triangles, in order, as runs of about `TREE` triangles."""
    ends = np.cumsum(counts)
    number = (ends - 1) // TREE if len(ends) else ends
    cuts = [0, *(np.flatnonzero(np.diff(number)) + 1).tolist(), len(counts)]
    return [range(a, b) for a, b in itertools.pairwise(cuts) if b > a]


def nearest(
    parts: Parts, origin: NDArray[np.float32], direction: NDArray[np.float32]
) -> NDArray[np.float64]:
    """Distance of the first surface left along each ray (n, 3); `inf` where there is none.

    A ray goes only through what is kept: it starts where it comes in, and what it meets beyond
    where it leaves does not count.
    """
    best = np.full(len(origin), np.inf)
    for scene, cut in parts:
        found = _first_in(scene, cut, origin, direction)
        np.minimum(best, found, out=best)
    return best


def _first_in(
    scene: EmbreeScene,
    cut: Cut | None,
    origin: NDArray[np.float32],
    direction: NDArray[np.float32],
) -> NDArray[np.float64]:
    if cut is None:
        far = np.asarray(scene.run(origin, direction, query="DISTANCE"), dtype=np.float64)
        return np.where(far < NOTHING, far, np.inf)
    start, ahead = origin.astype(np.float64), direction.astype(np.float64)
    best = np.full(len(origin), np.inf)
    for low, high in cut.spans(start, ahead):
        rows = np.flatnonzero((low < high) & np.isinf(best))
        if not len(rows):
            continue
        inside = (start[rows] + low[rows, None] * ahead[rows]).astype(np.float32)
        there = np.ascontiguousarray(direction[rows])
        far = np.asarray(scene.run(inside, there, query="DISTANCE"), dtype=np.float64)
        met = (far < NOTHING) & (low[rows] + far <= high[rows])
        best[rows[met]] = (low[rows] + far)[met]
    return best


def sun_axes(sun: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Two unit vectors that span the plane across the rays."""
    helper = np.array([0.0, 0.0, 1.0]) if abs(sun[2]) < 0.99 else np.array([0.0, 1.0, 0.0])
    right = np.cross(helper, sun)
    right /= np.linalg.norm(right)
    return right, np.cross(sun, right)


def cast_depth(
    parts: Parts, sun: NDArray[np.float64], bounds: Box, size: int, *, workers: int = 2
) -> ShadowMap:
    """Depth of the nearest surface along the rays of `sun`, over what covers `bounds`.

    `sun` is the unit vector towards the sun. Rays start above everything and run in rows, so
    that neighbours hit neighbours.
    """
    right, up = sun_axes(sun)
    corners = np.array(
        [[x, y, z] for x in bounds[0:2] for y in bounds[2:4] for z in bounds[4:6]], dtype=np.float64
    )
    across, along = corners @ np.stack([right, up]).T, corners @ sun
    low, high = across.min(axis=0), across.max(axis=0)
    side = float(max((high - low).max(), 1.0)) * 1.02
    texel = side / size
    # Snapped to whole texels, so that edges do not crawl when the area moves.
    start = np.floor(((low + high) / 2 - side / 2) / texel) * texel
    middle, top = float(along.mean()), float(along.max()) + 5000.0
    steps = (np.arange(size) + 0.5) * texel
    depth = np.empty((size, size), np.float32)
    ahead = np.broadcast_to((-sun).astype(np.float32), (ROWS * size, 3))
    first_row = (start[0] + steps)[:, None] * right + top * sun

    def band(rows: range) -> None:
        for row in range(rows.start, rows.stop, ROWS):
            at = start[1] + steps[row : min(row + ROWS, rows.stop)]
            origin = (first_row[None] + at[:, None, None] * up).reshape(-1, 3).astype(np.float32)
            far = nearest(parts, origin, ahead[: len(origin)]).reshape(len(at), size)
            depth[row : row + len(at)] = np.where(np.isfinite(far), top - middle - far, -1e9)

    cut = np.linspace(0, size, workers * 4 + 1).astype(int)
    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(band, [range(a, b) for a, b in itertools.pairwise(cut)]))
    matrix = np.zeros((3, 4))
    matrix[0, :3], matrix[0, 3] = right / side, -start[0] / side
    matrix[1, :3], matrix[1, 3] = up / side, -start[1] / side
    matrix[2, :3], matrix[2, 3] = sun, -middle
    return ShadowMap(depth=depth, matrix=matrix, texel=texel)


def shadow_map(
    vertices: NDArray[np.float32],
    triangles: NDArray[np.int32],
    sun: NDArray[np.float64],
    bounds: Box,
    size: int = 2048,
) -> ShadowMap:
    """`cast_depth` of one mesh."""
    parts = [(ray_scene([(vertices, triangles)]), None)]
    return cast_depth(parts, np.asarray(sun, float), bounds, size)


def sky_map(
    parts: Parts, bounds: Box, size: int = 1024, *, floor: float | None = None
) -> tuple[NDArray[np.float32], tuple[float, float], tuple[float, float]]:
    """Mean height of what stands around, near and far: float32 (size, size, 2), metres.

    The surface from above, blurred over about 5 m and 25 m: what lies lower than its surroundings
    sees less sky. Cheap, the same from every side, and without the bands of a screen-space method.

    `floor` is the height where nothing stands, the lowest of `bounds` by default.

    Returns
    -------
    map, scale, shift : `uv = xy * scale + shift`
    """
    from scipy.ndimage import gaussian_filter

    flat: Box = (*bounds[:4], bounds[5], bounds[5])
    seen = cast_depth(parts, np.array([0.0, 0.0, 1.0]), flat, size)
    height = seen.depth.astype(np.float64) - seen.matrix[2, 3]
    empty = height < -1e8
    height[empty] = bounds[4] if floor is None else floor
    near = gaussian_filter(
        height.astype(np.float32), float(np.clip(4.0 / seen.texel, 0.8, WIDEST_BLUR)), truncate=2.5
    )
    far = gaussian_filter(
        height.astype(np.float32), float(np.clip(20.0 / seen.texel, 1.0, WIDEST_BLUR)), truncate=2.5
    )
    # For the vertical ray `sun_axes` gives right = (1, 0, 0) and up = (0, 1, 0), or their opposites.
    scale = (float(seen.matrix[0, 0]), float(seen.matrix[1, 1]))
    shift = (float(seen.matrix[0, 3]), float(seen.matrix[1, 3]))
    return np.stack([near, far], axis=2).astype(np.float32), scale, shift
