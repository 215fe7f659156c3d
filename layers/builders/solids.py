"""Footprints into closed blocks, all of them in one batch."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from layers.builders.rings import Rings, clean_rings, spans
from layers.builders.triangulate import triangulate
from layers.errors import CityError
from layers.kinds.buildings import METHODS, BuildingsLayer
from layers.kinds.mesh import FLOOR, ROOF, WALL, SolidBatch

EDITED = METHODS.index("edited")
Origin = tuple[float, float, float]


def extrude(
    footprints: NDArray[np.object_],
    ground: ArrayLike,
    height: ArrayLike,
    *,
    origin: Origin,
    sink: float = 0.0,
) -> SolidBatch:
    """Upright blocks over `footprints`: closed, outward, corners shared within a block.

    A footprint that has no area in float32 gives no faces; its row is left out of `face_solid`.

    Parameters
    ----------
    footprints : Polygon or MultiPolygon, shape (n,), holes allowed, any direction of rings
    ground : shape (n,), metres, the height of the floor
    height : shape (n,), metres above `ground`, above zero
    origin : world x, y, z that the vertices are relative to
    sink : metres the floor is put below `ground`, so that no gap shows on a slope

    Returns
    -------
    SolidBatch
        The faces of a block are its floor, its walls, its roof, in this order.

    Raises
    ------
    CityError
        Not areas, or a height that is not above zero.
    """
    footprints = np.asarray(footprints, dtype=object)
    low = np.broadcast_to(np.asarray(ground, dtype=np.float64), footprints.shape) - origin[2]
    rise = np.broadcast_to(np.asarray(height, dtype=np.float64), footprints.shape)
    if not (rise > 0).all() or not np.isfinite(low).all():
        raise CityError("A solid needs a ground that is a number and a height above zero")
    rings = clean_rings(footprints, origin=(origin[0], origin[1]))
    flat, flat_polygon, _ = triangulate(rings)
    triangles, solid, kind = _faces(rings, flat, rings.owner[flat_polygon])
    return SolidBatch(
        origin=origin,
        vertices=_vertices(rings, low - sink, low + rise),
        triangles=triangles,
        face_solid=solid,
        face_kind=kind,
    )


def solids_of(buildings: BuildingsLayer, *, origin: Origin, sink: float = 0.0) -> SolidBatch:
    """Solids of all `buildings`: their own surfaces where they have some, else blocks.

    Own surfaces count for rows of level of detail 2 that nobody has edited; `sink` is for blocks.
    """
    model = buildings.model
    own = np.zeros(buildings.count, dtype=bool)
    if model is not None:
        own[np.unique(model.face_solid)] = True
        own &= (buildings.lod >= 2) & (buildings.method != EDITED)
    rows = np.flatnonzero(~own)
    blocks = extrude(
        buildings.footprints[rows],
        buildings.ground[rows],
        buildings.height[rows],
        origin=origin,
        sink=sink,
    )
    face_solid = rows[blocks.face_solid].astype(np.int32)
    if model is None or not own.any():
        return _with_rows(blocks, face_solid)
    return _merged(_taken(model, own, origin), _with_rows(blocks, face_solid))


def open_edges(batch: SolidBatch, *, count: int = 0) -> NDArray[np.int64]:
    """How many edges of each solid lack the neighbour that runs along them the other way.

    Parameters
    ----------
    count : number of solids; 0 takes it from the highest row in `face_solid`

    Returns
    -------
    int64, shape (solids,); 0 for a closed solid
    """
    solids = count or (int(batch.face_solid.max()) + 1 if len(batch.face_solid) else 0)
    result = np.zeros(solids, dtype=np.int64)
    if not len(batch.triangles):
        return result
    corner, size = _own_corners(batch)
    start, end = corner.ravel(), np.roll(corner, -1, axis=1).ravel()
    key = np.minimum(start, end) * size + np.maximum(start, end)
    order = np.argsort(key, kind="stable")
    key, sign = key[order], np.sign(end - start)[order]
    first = np.flatnonzero(np.concatenate([[True], key[1:] != key[:-1]]))
    unmatched = np.abs(np.add.reduceat(sign, first))
    owner = np.repeat(batch.face_solid, 3)[order][first]
    np.add.at(result, owner, unmatched)
    return result


def volumes(batch: SolidBatch, *, count: int = 0) -> NDArray[np.float64]:
    """Signed volume of each solid in cubic metres, positive when its faces look outward.

    Divergence theorem: a sixth of the sum of triple products, taken about each solid's own corner
    so that solids far from the origin keep their digits.
    """
    solids = count or (int(batch.face_solid.max()) + 1 if len(batch.face_solid) else 0)
    if not len(batch.triangles):
        return np.zeros(solids)
    first = np.zeros(solids, dtype=np.int64)
    first[batch.face_solid[::-1]] = batch.triangles[::-1, 0]
    points = batch.vertices.astype(np.float64)
    about = points[first[batch.face_solid]]
    a, b, c = (points[batch.triangles[:, k]] - about for k in range(3))
    triple = np.einsum("ij,ij->i", a, np.cross(b, c))
    return np.bincount(batch.face_solid, triple / 6, minlength=solids).astype(np.float64)


def _vertices(
    rings: Rings, low: NDArray[np.float64], high: NDArray[np.float64]
) -> NDArray[np.float32]:
    """All lower corners, then all upper corners."""
    corners = np.diff(rings.starts[rings.polygons])
    owner = np.repeat(rings.owner, corners)
    half = len(rings.xy)
    vertices = np.empty((2 * half, 3), dtype=np.float32)
    vertices[:half, :2] = vertices[half:, :2] = rings.xy
    vertices[:half, 2] = low[owner]
    vertices[half:, 2] = high[owner]
    return vertices


def _faces(
    rings: Rings, flat: NDArray[np.int64], flat_owner: NDArray[np.int64]
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.uint8]]:
    half = len(rings.xy)
    a, b = np.arange(half), rings.following()
    wall_owner = np.repeat(rings.owner, np.diff(rings.starts[rings.polygons]))
    solids = int(rings.owner.max()) + 1 if len(rings.owner) else 0
    caps = np.bincount(flat_owner, minlength=solids)
    walls = 2 * np.bincount(wall_owner, minlength=solids)
    total = 2 * caps + walls
    start = np.cumsum(total) - total

    triangles = np.empty((int(total.sum()), 3), dtype=np.int32)
    kind = np.empty(len(triangles), dtype=np.uint8)
    # what is made per cap or wall is already in the order of solids, so each goes to its span
    floor, roof = spans(start, caps), spans(start + caps + walls, caps)
    wall = spans(start + caps, walls)
    triangles[floor] = flat[:, ::-1]
    triangles[roof] = flat + half
    # the last corner of both triangles is where the wall begins: façades are counted from there
    triangles[wall[0::2]] = np.column_stack([b, b + half, a])
    triangles[wall[1::2]] = np.column_stack([b + half, a + half, a])
    kind[floor], kind[wall], kind[roof] = FLOOR, WALL, ROOF
    return triangles, np.repeat(np.arange(solids, dtype=np.int32), total), kind


def _own_corners(batch: SolidBatch) -> tuple[NDArray[np.int64], int]:
    """Corner numbers that no two solids share, and how many there are."""
    triangles = batch.triangles.astype(np.int64)
    owner = np.full(len(batch.vertices), -1, dtype=np.int64)
    owner[triangles] = batch.face_solid[:, None]
    if (owner[triangles] == batch.face_solid[:, None]).all():
        return triangles, len(batch.vertices)
    pairs = batch.face_solid[:, None] * np.int64(len(batch.vertices)) + triangles
    known, numbers = np.unique(pairs, return_inverse=True)
    return numbers.reshape(-1, 3), len(known)


def _with_rows(batch: SolidBatch, face_solid: NDArray[np.int32]) -> SolidBatch:
    return SolidBatch(
        origin=batch.origin,
        vertices=batch.vertices,
        triangles=batch.triangles,
        face_solid=face_solid,
        face_kind=batch.face_kind,
    )


def _taken(model: SolidBatch, own: NDArray[np.bool_], origin: Origin) -> SolidBatch:
    """The faces of the rows that are `own`, moved to `origin`."""
    face = own[model.face_solid]
    used, corner = np.unique(model.triangles[face], return_inverse=True)
    shift = np.asarray(model.origin) - np.asarray(origin)
    return SolidBatch(
        origin=origin,
        vertices=(model.vertices[used].astype(np.float64) + shift).astype(np.float32),
        triangles=corner.reshape(-1, 3).astype(np.int32),
        face_solid=model.face_solid[face],
        face_kind=model.face_kind[face],
    )


def _merged(one: SolidBatch, other: SolidBatch) -> SolidBatch:
    solid = np.concatenate([one.face_solid, other.face_solid])
    order = np.argsort(solid, kind="stable")
    return SolidBatch(
        origin=one.origin,
        vertices=np.concatenate([one.vertices, other.vertices]),
        triangles=np.concatenate([one.triangles, other.triangles + np.int32(len(one.vertices))])[
            order
        ],
        face_solid=solid[order],
        face_kind=np.concatenate([one.face_kind, other.face_kind])[order],
    )
