"""Surfaces of city objects: gathered flat, checked at once, seen from above."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from layers.errors import ReadError
from layers.kinds.mesh import FLOOR, OTHER, ROOF, WALL
from layers.readers.repair import polygons_only

UNKNOWN = 255
_KINDS = {
    "GroundSurface": FLOOR,
    "WallSurface": WALL,
    "RoofSurface": ROOF,
    "OuterFloorSurface": ROOF,
    "OuterCeilingSurface": OTHER,
    "ClosureSurface": WALL,
    "Window": WALL,
    "Door": WALL,
}
_FLAT_M2 = 1e-8
_MANY = 8  # faces from which on their union is first tried along shared edges
_UPRIGHT = 0.17  # a face whose normal rises less than 10° from the horizontal is a wall

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(slots=True)
class Gathering:
    """Faces of many objects as flat lists, filled object by object."""

    index: list[int] = field(default_factory=list)
    ring_sizes: list[int] = field(default_factory=list)
    face_rings: list[int] = field(default_factory=list)
    face_owner: list[int] = field(default_factory=list)
    face_kind: list[int] = field(default_factory=list)
    vertices: list[Floats] = field(default_factory=list)
    begins: list[int] = field(default_factory=list)

    def use(self, vertices: Floats) -> None:
        """From now on indices mean rows of `vertices`: float64 (n, 3), world."""
        self.vertices.append(vertices)
        self.begins.append(len(self.index))

    def add(self, geometry: Any, owner: int, *, name: str, id: str) -> None:
        """Add the outer surfaces of one CityJSON geometry.

        Raises
        ------
        ReadError
            Its lists are not nested as its type demands.
        """
        try:
            faces, kinds = _faces(geometry)
            for face, kind in zip(faces, kinds, strict=True):
                for ring in face:
                    if not isinstance(ring, list):
                        raise TypeError
                    self.index.extend(ring)
                    self.ring_sizes.append(len(ring))
                self.face_rings.append(len(face))
                self.face_owner.append(owner)
                self.face_kind.append(kind)
        except (TypeError, KeyError, IndexError, AttributeError):
            raise ReadError(
                f"{name}: the boundaries of “{id[:60]}” are not nested as its geometry type says",
                hint="Check the file with cjval, or export it again.",
                code="cityjson-invalid",
            ) from None


@dataclass(frozen=True, slots=True, kw_only=True)
class Faces:
    """Checked faces.

    Attributes
    ----------
    index : int64, corners of all rings one after another, rows of `vertices`
    ring_start : int64 (r + 1,), where each ring begins in `index`
    face_start : int64 (f + 1,), which ring each face begins with; its first is the outline
    owner : int64 (f,) ; kind : uint8 (f,), `UNKNOWN` where the file does not say
    normal : float64 (f, 3), twice the area long, outward if the file is right
    vertices : float64 (v, 3), world
    dropped : faces left out because they have no area
    """

    index: Ints
    ring_start: Ints
    face_start: Ints
    owner: Ints
    kind: NDArray[np.uint8]
    normal: Floats
    vertices: Floats
    dropped: int

    def chosen(self, mask: NDArray[Any]) -> Faces:
        """Only the faces of `mask`."""
        return _choose(self, mask, self.dropped)

    def heights(self) -> tuple[Floats, Floats]:
        """Lowest and highest z of each face, (f,)."""
        z = self.vertices[self.index, 2]
        starts = self.ring_start[self.face_start[:-1]]
        if not len(starts):
            return np.empty(0), np.empty(0)
        return np.minimum.reduceat(z, starts), np.maximum.reduceat(z, starts)


def checked(gathering: Gathering, *, name: str) -> Faces:
    """The gathered faces, none flat or of fewer than three corners.

    Raises
    ------
    ReadError
        An index is no whole number or points to no vertex.
    """
    index = _indices(gathering, name)
    parts = gathering.vertices or [np.empty((0, 3))]
    vertices = parts[0] if len(parts) == 1 else np.concatenate(parts)
    sizes = np.array(gathering.ring_sizes, dtype=np.int64)
    ring_start = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    filled = sizes > 0
    repeated = np.zeros(len(sizes), dtype=bool)
    repeated[filled] = (index[ring_start[:-1][filled]] == index[ring_start[1:][filled] - 1]) & (
        sizes[filled] > 1
    )
    keep = np.ones(len(index), dtype=bool)
    keep[ring_start[1:][repeated] - 1] = False
    sizes = sizes - repeated
    ring_start = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    face_start = np.concatenate([[0], np.cumsum(gathering.face_rings)]).astype(np.int64)
    faces = Faces(
        index=index[keep],
        ring_start=ring_start,
        face_start=face_start,
        owner=np.array(gathering.face_owner, dtype=np.int64),
        kind=np.array(gathering.face_kind, dtype=np.uint8),
        normal=np.zeros((len(gathering.face_owner), 3)),
        vertices=vertices,
        dropped=0,
    )
    return _without_flat(faces)


def kinds_by_slope(faces: Faces) -> NDArray[np.uint8]:
    """`kind`, where unknown decided by slope: upright is wall, up is roof, down and low is floor."""
    length = np.linalg.norm(faces.normal, axis=1)
    rise = faces.normal[:, 2] / np.maximum(length, 1e-12)
    low, high = faces.heights()
    owners = int(faces.owner.max()) + 1 if len(faces.owner) else 0
    base, top = np.full(owners, np.inf), np.full(owners, -np.inf)
    np.minimum.at(base, faces.owner, low)
    np.maximum.at(top, faces.owner, high)
    lower_half = high < (base + top)[faces.owner] / 2
    slope = np.where(np.abs(rise) < _UPRIGHT, WALL, np.where(rise > 0, ROOF, OTHER))
    slope[(slope == OTHER) & lower_half] = FLOOR
    return np.where(faces.kind == UNKNOWN, slope, faces.kind).astype(np.uint8)


def outlines(faces: Faces) -> NDArray[np.object_]:
    """Each face seen from above: object array (f,) of valid polygons, empty where upright."""
    places = faces.vertices[faces.index, :2]
    rings = len(faces.ring_start) - 1
    if not rings:
        return np.empty(0, dtype=object)
    of_ring = np.repeat(np.arange(rings), np.diff(faces.ring_start))
    loops = np.asarray(shapely.linearrings(places, indices=of_ring), dtype=object)
    of_face = np.repeat(np.arange(len(faces.owner)), np.diff(faces.face_start))
    shapes = np.asarray(shapely.polygons(loops, indices=of_face), dtype=object)
    bad = ~shapely.is_valid(shapes)
    shapes[bad] = polygons_only(shapely.make_valid(shapes[bad]))
    shapes[shapely.area(shapes) < _FLAT_M2] = shapely.Polygon()
    return shapes


def united(shapes: NDArray[np.object_], owner: Ints, count: int) -> NDArray[np.object_]:
    """The union of the shapes of each owner, object array (count,); empty where it has none."""
    result = np.full(count, shapely.Polygon(), dtype=object)
    real = ~shapely.is_empty(shapes)
    shapes, owner = shapes[real], owner[real]
    order = np.argsort(owner, kind="stable")
    shapes, owner = shapes[order], owner[order]
    starts = np.flatnonzero(np.diff(owner, prepend=-1))
    for start, end in zip(starts, [*starts[1:], len(owner)], strict=True):
        group = shapes[start:end]
        result[owner[start]] = group[0] if len(group) == 1 else _union(group)
    return polygons_only(result)


def _union(group: NDArray[np.object_]) -> Any:
    """The union; of many faces that only touch, found from their shared edges, 20 times faster."""
    if len(group) >= _MANY:
        try:
            quick = shapely.coverage_union_all(group)
        except shapely.errors.GEOSException:
            return shapely.union_all(group)
        total = float(shapely.area(group).sum())
        if quick.is_valid and abs(quick.area - total) <= 1e-6 * total:
            return quick
    return shapely.union_all(group)


def _faces(geometry: Any) -> tuple[Sequence[Any], Sequence[int]]:
    """Outer faces of a geometry, and the kind of each."""
    kind, boundaries = geometry["type"], geometry["boundaries"]
    semantics = geometry.get("semantics") or {}
    surfaces = [_KINDS.get(s.get("type"), OTHER) for s in semantics.get("surfaces") or []]
    values = semantics.get("values")
    if kind in ("MultiSurface", "CompositeSurface"):
        return boundaries, _kinds_of(boundaries, values, surfaces)
    solids = [boundaries] if kind == "Solid" else boundaries
    told = [values] if kind == "Solid" else values or [None] * len(solids)
    faces: list[Any] = []
    kinds: list[int] = []
    for solid, value in zip(solids, told, strict=False):
        shell = solid[0]
        faces += shell
        kinds += _kinds_of(shell, value[0] if value else None, surfaces)
    return faces, kinds


def _kinds_of(faces: Sequence[Any], values: Any, surfaces: Sequence[int]) -> list[int]:
    if not isinstance(values, list) or len(values) != len(faces):
        return [UNKNOWN] * len(faces)
    return [
        surfaces[v] if isinstance(v, int) and 0 <= v < len(surfaces) else UNKNOWN for v in values
    ]


def _indices(gathering: Gathering, name: str) -> Ints:
    """Indices as rows of all vertices together."""
    hint = "Check the file with cjval, or export it again."
    listed = gathering.index
    try:
        index = np.array(listed) if listed else np.empty(0, dtype=np.int64)
    except (ValueError, OverflowError):
        index = np.empty(0, dtype=object)
    if index.ndim != 1 or index.dtype.kind not in "iu" or len(index) != len(listed):
        raise ReadError(
            f"{name}: its surfaces are not made of whole numbers that name vertices",
            hint=hint,
            code="cityjson-invalid",
        )
    counts = np.array([len(part) for part in gathering.vertices], dtype=np.int64)
    corners = np.diff([*gathering.begins, len(listed)])
    limit = np.repeat(counts, corners)
    bad = (index < 0) | (index >= limit)
    if bad.any():
        raise ReadError(
            f"{name}: {int(bad.sum())} corners name vertices that do not exist, such as "
            f"{int(index[bad][0])}, where there are {int(limit[bad][0])}",
            hint=hint,
            code="vertex-missing",
        )
    shift: Ints = index + np.repeat(np.cumsum(counts) - counts, corners)
    return shift.astype(np.int64)


def _without_flat(faces: Faces) -> Faces:
    sizes = np.diff(faces.ring_start)
    # a hole of two corners is no hole; an outline of two corners is no face
    rings = np.diff(faces.face_start)
    first = faces.face_start[:-1]
    good = (rings > 0) & (
        sizes[np.minimum(first, max(len(sizes) - 1, 0))] >= 3 if len(sizes) else False
    )
    of_face = np.repeat(np.arange(len(rings)), rings)
    keep_ring = (sizes >= 3) & good[of_face] if len(sizes) else np.empty(0, dtype=bool)
    kept = _pick_rings(faces, good, keep_ring, of_face)
    normal = _normals(kept)
    kept = _replace_normal(kept, normal)
    real = np.linalg.norm(normal, axis=1) / 2 > _FLAT_M2
    return _choose(kept, real, int((~good).sum() + (~real).sum()))


def _pick_rings(faces: Faces, face_mask: Any, ring_mask: Any, of_face: Ints) -> Faces:
    sizes = np.diff(faces.ring_start)
    corner_mask = np.repeat(ring_mask, sizes)
    rings = np.bincount(of_face[ring_mask], minlength=len(face_mask))[face_mask]
    return Faces(
        index=faces.index[corner_mask],
        ring_start=np.concatenate([[0], np.cumsum(sizes[ring_mask])]).astype(np.int64),
        face_start=np.concatenate([[0], np.cumsum(rings)]).astype(np.int64),
        owner=faces.owner[face_mask],
        kind=faces.kind[face_mask],
        normal=faces.normal[face_mask],
        vertices=faces.vertices,
        dropped=faces.dropped,
    )


def _choose(faces: Faces, mask: NDArray[Any], dropped: int) -> Faces:
    rings = np.diff(faces.face_start)
    of_face = np.repeat(np.arange(len(rings)), rings)
    kept = _pick_rings(faces, mask, mask[of_face], of_face)
    return _replace_normal(kept, kept.normal, dropped)


def _replace_normal(faces: Faces, normal: Floats, dropped: int = 0) -> Faces:
    return Faces(
        index=faces.index,
        ring_start=faces.ring_start,
        face_start=faces.face_start,
        owner=faces.owner,
        kind=faces.kind,
        normal=normal,
        vertices=faces.vertices,
        dropped=dropped,
    )


def _normals(faces: Faces) -> Floats:
    """Newell's normals of the outlines: (f, 3), twice the area long."""
    if not len(faces.owner):
        return np.empty((0, 3))
    starts = faces.ring_start[:-1]
    places = faces.vertices[faces.index]
    places = places - np.repeat(places[starts], np.diff(faces.ring_start), axis=0)
    following = np.arange(len(places)) + 1
    following[faces.ring_start[1:] - 1] = starts
    sums: Floats = np.add.reduceat(np.cross(places, places[following]), starts, axis=0)
    return sums[faces.face_start[:-1]]
