"""Buildings as columns: outline, ground, height, and how each was found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import shapely
from numpy.typing import NDArray

from layers.arrays import frozen, frozen_columns
from layers.errors import CityError
from layers.kinds.layer import Bounds, Layer
from layers.kinds.mesh import SolidBatch

METHODS = ("lidar", "dsm", "attribute", "floors", "default", "model", "edited")
"""How a height was found, best measured first; `method` holds the index. "model": the source came
with its own surfaces (CityJSON); "edited": a person set it."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BuildingsLayer(Layer):
    """The survey of buildings; what a scenario changes lies over it in the city.

    Attributes
    ----------
    ids : object array of str, shape (n,), unique, never changed
    footprints : object array of shapely Polygon or MultiPolygon, 2D, valid, in `crs`
    ground : float64 (n,), metres above `vertical`: lowest ground at the outline
    height : float32 (n,), metres above `ground`, above zero
    method : uint8 (n,), index into `METHODS`
    points : int32 (n,), LiDAR points or raster cells the height rests on, 0 where none
    rmse : float32 (n,), metres, of roof points against the solid's top; NaN where none
    floors : int16 (n,), 0 where unknown
    use : object array of str (n,), "" where unknown
    lod : uint8 (n,), 1 block, 2 own roof surfaces
    columns : attributes as they came
    model : surfaces where the source came with them (face index = row), else None
    """

    kind: ClassVar[str] = "buildings"

    ids: NDArray[np.object_]
    footprints: NDArray[np.object_]
    ground: NDArray[np.float64]
    height: NDArray[np.float32]
    method: NDArray[np.uint8]
    points: NDArray[np.int32]
    rmse: NDArray[np.float32]
    floors: NDArray[np.int16]
    use: NDArray[np.object_]
    lod: NDArray[np.uint8]
    columns: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    model: SolidBatch | None = None

    def __post_init__(self) -> None:
        self._check_layer()
        length = len(self.ids)
        for name, dtype in (
            ("ids", object),
            ("footprints", object),
            ("ground", np.float64),
            ("height", np.float32),
            ("method", np.uint8),
            ("points", np.int32),
            ("rmse", np.float32),
            ("floors", np.int16),
            ("use", object),
            ("lod", np.uint8),
        ):
            values = getattr(self, name)
            object.__setattr__(
                self, name, frozen(values, dtype=dtype, ndim=1, name=name, length=length)
            )
        object.__setattr__(self, "columns", frozen_columns(self.columns, length=length))
        if length and not (self.height > 0).all():
            raise CityError(f"{self.name}: every building's height must be above zero")
        if length and self.method.max() >= len(METHODS):
            raise CityError(f"{self.name}: unknown method of height")

    def id_at(self, row: int) -> str:
        """The id of one building."""
        return str(self.ids[row])

    def row_of(self, name: str) -> int | None:
        """The row of the building with the id `name`; None where there is none."""
        rows = np.flatnonzero(self.ids == name)
        return int(rows[0]) if len(rows) else None

    def use_at(self, row: int) -> str:
        """The use of one building, "" where unknown."""
        return str(self.use[row])

    def same_outlines(self, other: BuildingsLayer) -> bool:
        """Whether `other` is the same survey, with other heights or attributes at most."""
        return self.footprints is other.footprints

    @property
    def bounds(self) -> Bounds:
        low_x, low_y, high_x, high_y = shapely.total_bounds(self.footprints)
        return (float(low_x), float(low_y), float(high_x), float(high_y))

    @property
    def count(self) -> int:
        return len(self.ids)
