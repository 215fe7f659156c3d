"""Triangles: one batch of many solids, and a mesh as a layer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from layers.arrays import frozen
from layers.errors import CityError
from layers.kinds.layer import Bounds, Layer

FLOOR, WALL, ROOF, OTHER = 0, 1, 2, 3
"""Kinds of face: CityGML 2.0 GroundSurface, WallSurface, RoofSurface, anything else."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SolidBatch:
    """Many solids in one set of arrays, never one object each.

    Attributes
    ----------
    origin : world x, y, z in metres that `vertices` are relative to
    vertices : float32, shape (v, 3), metres from `origin`
    triangles : int32, shape (t, 3), counter-clockwise from outside; faces of one solid are adjacent
    face_solid : int32, shape (t,), ascending row of the building each triangle belongs to
    face_kind : uint8, shape (t,), `FLOOR`, `WALL`, `ROOF` or `OTHER`
    """

    origin: tuple[float, float, float]
    vertices: NDArray[np.float32]
    triangles: NDArray[np.int32]
    face_solid: NDArray[np.int32]
    face_kind: NDArray[np.uint8]

    def __post_init__(self) -> None:
        fix = object.__setattr__
        fix(
            self,
            "vertices",
            frozen(self.vertices, dtype=np.float32, ndim=2, name="vertices", columns=3),
        )
        fix(
            self,
            "triangles",
            frozen(self.triangles, dtype=np.int32, ndim=2, name="triangles", columns=3),
        )
        count = len(self.triangles)
        fix(
            self,
            "face_solid",
            frozen(self.face_solid, dtype=np.int32, ndim=1, name="face_solid", length=count),
        )
        fix(
            self,
            "face_kind",
            frozen(self.face_kind, dtype=np.uint8, ndim=1, name="face_kind", length=count),
        )
        if count and not 0 <= int(self.triangles.min()) <= int(self.triangles.max()) < len(
            self.vertices
        ):
            raise CityError("A triangle points to a vertex that does not exist")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MeshLayer(Layer):
    """A surface of triangles, such as a terrain relief of a CityJSON file.

    Attributes
    ----------
    offset : world x, y, z in metres that `vertices` are relative to
    vertices : float32, shape (v, 3); triangles : int32, shape (t, 3)
    """

    kind: ClassVar[str] = "mesh"

    offset: tuple[float, float, float]
    vertices: NDArray[np.float32]
    triangles: NDArray[np.int32]

    def __post_init__(self) -> None:
        self._check_layer()
        fix = object.__setattr__
        fix(
            self,
            "vertices",
            frozen(self.vertices, dtype=np.float32, ndim=2, name="vertices", columns=3),
        )
        fix(
            self,
            "triangles",
            frozen(self.triangles, dtype=np.int32, ndim=2, name="triangles", columns=3),
        )
        if len(self.triangles) and not 0 <= int(self.triangles.min()) <= int(
            self.triangles.max()
        ) < len(self.vertices):
            raise CityError(f"{self.name}: a triangle points to a vertex that does not exist")

    @property
    def bounds(self) -> Bounds:
        low = self.vertices.min(axis=0).astype(float) + self.offset
        high = self.vertices.max(axis=0).astype(float) + self.offset
        return (float(low[0]), float(low[1]), float(high[0]), float(high[1]))

    @property
    def count(self) -> int:
        return len(self.triangles)
