"""Solids and surfaces as binary glTF 2.0."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from layers.atomic import atomic
from layers.errors import WriteError
from layers.kinds.mesh import FLOOR, OTHER, ROOF, WALL, SolidBatch
from layers.progress import SILENT, Progress

ARRAY_BUFFER, ELEMENT_ARRAY_BUFFER = 34962, 34963
UINT8, UINT32, FLOAT32 = 5121, 5125, 5126
_GLB_LIMIT = 2**32 - 1
_FEATURES = "EXT_mesh_features"

Colour = tuple[float, float, float, float]
"""sRGB red, green, blue and alpha, 0…1."""

FACE_NAMES = {FLOOR: "floors", WALL: "walls", ROOF: "roofs", OTHER: "other"}
FACE_COLOURS: dict[int, Colour] = {
    FLOOR: (0.55, 0.53, 0.50, 1.0),
    WALL: (0.88, 0.85, 0.80, 1.0),
    ROOF: (0.72, 0.45, 0.36, 1.0),
    OTHER: (0.75, 0.75, 0.75, 1.0),
}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GltfMesh:
    """One named mesh with one material.

    Attributes
    ----------
    vertices : float32, shape (v, 3), metres from the file's origin, east, north, up
    triangles : int32, shape (t, 3), counter-clockwise from outside
    feature : int, shape (t,), which thing each triangle belongs to, or None
    names : what the numbers in `feature` are called; "" where nothing stands
    smooth : normals shared at vertices (terrain) instead of one for each face (buildings)
    vertex_colours : uint8, shape (v, 4), linear red, green, blue and alpha that `colour` is
        multiplied by, or None
    bare : no normals at all, vertices as they are: half the size; viewers shade each face flat then
        (glTF 2.0, 3.7.2.1)
    own : float32, shape (v, 4), four numbers at each vertex for one's own viewer, as `_SITE`, or None
    extras : anything for one's own viewer, kept at the node
    """

    name: str
    vertices: NDArray[np.float32]
    triangles: NDArray[np.int32]
    colour: Colour = (0.8, 0.8, 0.8, 1.0)
    feature: NDArray[np.integer] | None = None
    names: Sequence[str] = field(default=())
    smooth: bool = False
    vertex_colours: NDArray[np.uint8] | None = None
    bare: bool = False
    own: NDArray[np.float32] | None = None
    extras: dict[str, Any] = field(default_factory=dict)


def solid_meshes(
    batch: SolidBatch,
    names: Sequence[str] = (),
    *,
    colours: dict[int, Colour] = FACE_COLOURS,
    prefix: str = "buildings",
) -> list[GltfMesh]:
    """One mesh for each kind of face in `batch`; `names[row]` is a building's id."""
    meshes = []
    for kind in np.unique(batch.face_kind).tolist():
        face = batch.face_kind == kind
        meshes.append(
            GltfMesh(
                name=f"{prefix}-{FACE_NAMES.get(kind, 'other')}",
                vertices=batch.vertices,
                triangles=batch.triangles[face],
                colour=colours.get(kind, FACE_COLOURS[OTHER]),
                feature=batch.face_solid[face],
                names=names,
            )
        )
    return meshes


def write_gltf(
    path: Path,
    meshes: Sequence[GltfMesh],
    *,
    origin: tuple[float, float, float],
    crs: str = "",
    vertical: str = "",
    title: str = "",
    progress: Progress = SILENT,
) -> None:
    """Write `meshes` as one GLB (Khronos glTF 2.0 specification, 2021, chapters 3 and 4).

    glTF's axes are x east, y up, z south. World coordinates are those plus `origin`, which stands
    with the CRS in `asset.extras`. Each vertex carries the number of its building in
    `_FEATURE_ID_0` (EXT_mesh_features); the mesh's `extras.names` gives the ids.

    Raises
    ------
    WriteError
        Nothing to write, more than a GLB can hold (4 GiB), or the file cannot be written.
    """
    filled = [mesh for mesh in meshes if len(mesh.triangles)]
    if not filled:
        raise WriteError("There is nothing with a surface to write", code="nothing-to-write")
    asset: dict[str, Any] = {"version": "2.0", "generator": "Dothi"}
    asset["extras"] = {
        "origin": list(origin),
        "crs": crs,
        "vertical": vertical,
        "axes": "x east, y up, z south",
        "title": title,
    }
    binary = _Binary()
    gltf: dict[str, Any] = {
        "asset": asset,
        "scene": 0,
        "scenes": [{"name": title or "city", "nodes": list(range(len(filled)))}],
        "nodes": [_node(mesh, k) for k, mesh in enumerate(filled)],
        "materials": [_material(mesh) for mesh in filled],
        "meshes": [],
    }
    if any(mesh.feature is not None for mesh in filled):
        gltf["extensionsUsed"] = [_FEATURES]
    for done, mesh in enumerate(filled):
        progress.step(done / len(filled), f"Writing {mesh.name}")
        gltf["meshes"].append(_mesh(mesh, done, binary))
    gltf |= {
        "accessors": binary.accessors,
        "bufferViews": binary.views,
        "buffers": [{"byteLength": binary.length}],
    }
    _write(path, orjson.dumps(gltf), binary)
    progress.step(1.0, f"Wrote {path.name}")


def _node(mesh: GltfMesh, number: int) -> dict[str, Any]:
    node: dict[str, Any] = {"name": mesh.name, "mesh": number}
    return node | {"extras": mesh.extras} if mesh.extras else node


class _Binary:
    """The binary chunk as it grows, with the views and accessors into it."""

    def __init__(self) -> None:
        self.parts: list[NDArray[Any]] = []
        self.views: list[dict[str, Any]] = []
        self.accessors: list[dict[str, Any]] = []
        self.length = 0

    def add(self, values: NDArray[Any], *, target: int, kind: str, bounds: bool = False) -> int:
        """Append float32, uint32 or (as 0 … 1) uint8 `values`; the number of their accessor."""
        values = np.ascontiguousarray(values)
        types = {np.dtype(np.uint32): UINT32, np.dtype(np.uint8): UINT8}
        accessor: dict[str, Any] = {
            "bufferView": len(self.views),
            "componentType": types.get(values.dtype, FLOAT32),
            "count": len(values),
            "type": kind,
        }
        if values.dtype == np.uint8:
            accessor["normalized"] = True
        if bounds:
            accessor["min"] = np.atleast_1d(values.min(axis=0)).tolist()
            accessor["max"] = np.atleast_1d(values.max(axis=0)).tolist()
        view = {"buffer": 0, "byteOffset": self.length, "byteLength": values.nbytes}
        self.views.append(view | {"target": target})
        self.accessors.append(accessor)
        self.parts.append(values)
        self.length += values.nbytes  # whole words: a number or a row of bytes has four
        return len(self.accessors) - 1


def _mesh(mesh: GltfMesh, material: int, binary: _Binary) -> dict[str, Any]:
    corner, normals, indices, feature = _plain(mesh) if mesh.bare else _shaded(mesh)
    upright = mesh.vertices[corner][:, [0, 2, 1]] * np.array([1, 1, -1], dtype=np.float32)
    attributes = {"POSITION": binary.add(upright, target=ARRAY_BUFFER, kind="VEC3", bounds=True)}
    if normals is not None:
        turned = normals[:, [0, 2, 1]] * np.array([1, 1, -1], dtype=np.float32)
        attributes["NORMAL"] = binary.add(turned, target=ARRAY_BUFFER, kind="VEC3")
    if mesh.vertex_colours is not None:
        shown = np.asarray(mesh.vertex_colours, np.uint8)[corner]
        attributes["COLOR_0"] = binary.add(shown, target=ARRAY_BUFFER, kind="VEC4")
    if mesh.own is not None:
        given = np.asarray(mesh.own, np.float32)[corner]
        attributes["_SITE"] = binary.add(given, target=ARRAY_BUFFER, kind="VEC4")
    primitive: dict[str, Any] = {"attributes": attributes, "material": material, "mode": 4}
    result: dict[str, Any] = {"name": mesh.name, "primitives": [primitive]}
    if feature is not None:
        attributes["_FEATURE_ID_0"] = binary.add(
            feature.astype(np.float32), target=ARRAY_BUFFER, kind="SCALAR"
        )
        count = max(len(mesh.names), int(feature.max()) + 1)
        primitive["extensions"] = {
            _FEATURES: {"featureIds": [{"featureCount": count, "attribute": 0}]}
        }
        if len(mesh.names):
            result["extras"] = {"names": [str(name) for name in mesh.names]}
    primitive["indices"] = binary.add(
        indices.astype(np.uint32).reshape(-1), target=ELEMENT_ARRAY_BUFFER, kind="SCALAR"
    )
    return result


_Corners = tuple[
    NDArray[np.int64],
    NDArray[np.float32] | None,
    NDArray[np.int64],
    NDArray[np.integer[Any]] | None,
]


def _plain(mesh: GltfMesh) -> _Corners:
    """Vertices as they are; one that things share has the number of the last of them."""
    used, corner = np.unique(mesh.triangles.astype(np.int64), return_inverse=True)
    corner = corner.reshape(-1, 3)
    return used, None, corner, _of_corners(mesh.feature, corner, len(used))


def _shaded(mesh: GltfMesh) -> _Corners:
    """Corners with a normal each: the vertex of each, its normal, triangles, feature of each."""
    triangles = mesh.triangles.astype(np.int64)
    points = mesh.vertices.astype(np.float64)
    a, b, c = (points[triangles[:, k]] for k in range(3))
    facing = np.cross(b - a, c - a)
    length = np.linalg.norm(facing, axis=1)
    drawn = length > 0  # what has no area cannot be seen and has no normal
    triangles, facing, length = triangles[drawn], facing[drawn], length[drawn]
    feature = None if mesh.feature is None else np.asarray(mesh.feature)[drawn]
    if mesh.smooth:
        used, corner = np.unique(triangles, return_inverse=True)
        corner = corner.reshape(-1, 3)
        total = np.zeros((len(used), 3))
        for k in range(3):  # the cross product weighs by area
            np.add.at(total, corner[:, k], facing)
        size = np.linalg.norm(total, axis=1, keepdims=True)
        normals = np.where(size > 0, total / np.where(size > 0, size, 1), [0.0, 0.0, 1.0])
        return used, normals.astype(np.float32), corner, _of_corners(feature, corner, len(used))
    facing /= length[:, None]
    # corners are shared by faces of one vertex and one direction, told apart to a thousandth
    step = np.rint((facing + 1) * 511).astype(np.int64)
    direction = (step[:, 0] << 20) | (step[:, 1] << 10) | step[:, 2]
    key = (triangles << 30) | direction[:, None]
    _, first, corner = np.unique(key, return_index=True, return_inverse=True)
    corner = corner.reshape(-1, 3)
    return (
        triangles.reshape(-1)[first],
        facing[first // 3].astype(np.float32),
        corner,
        _of_corners(feature, corner, len(first)),
    )


def _of_corners(
    feature: NDArray[np.integer] | None, corner: NDArray[np.int64], count: int
) -> NDArray[np.integer[Any]] | None:
    if feature is None:
        return None
    result = np.zeros(count, dtype=np.int64)
    result[corner] = feature[:, None]
    return result


def _material(mesh: GltfMesh) -> dict[str, Any]:
    red, green, blue, alpha = mesh.colour
    material: dict[str, Any] = {
        "name": mesh.name,
        "pbrMetallicRoughness": {
            "baseColorFactor": [*map(_linear, (red, green, blue)), alpha],
            "metallicFactor": 0.0,
            "roughnessFactor": 0.9,
        },
    }
    if alpha < 1:
        material["alphaMode"] = "BLEND"
    return material


def _linear(srgb: float) -> float:
    """glTF wants linear factors: the inverse of sRGB's curve (IEC 61966-2-1)."""
    return srgb / 12.92 if srgb <= 0.04045 else ((srgb + 0.055) / 1.055) ** 2.4


def _write(path: Path, text: bytes, binary: _Binary) -> None:
    text += b" " * (-len(text) % 4)
    total = 12 + 8 + len(text) + 8 + binary.length
    if total > _GLB_LIMIT:
        raise WriteError(
            f"{path.name} would be {total / 2**30:.1f} GiB; a GLB file holds at most 4 GiB",
            hint="Export fewer layers or a smaller area.",
        )
    with atomic(path) as temporary, temporary.open("wb") as file:
        file.write(struct.pack("<4sII", b"glTF", 2, total))
        file.write(struct.pack("<I4s", len(text), b"JSON") + text)
        file.write(struct.pack("<I4s", binary.length, b"BIN\0"))
        for part in binary.parts:
            file.write(part.astype(part.dtype.newbyteorder("<"), copy=False).tobytes())
