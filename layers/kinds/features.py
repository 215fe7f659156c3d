"""Points, lines and areas with attributes: roads, water, green, trees, parcels, zoning …"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import shapely
from numpy.typing import NDArray

from layers.arrays import frozen, frozen_columns
from layers.kinds.layer import Bounds, Layer

ROLES = ("roads", "water", "green", "trees", "parcels", "zoning", "footprints", "features")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FeatureLayer(Layer):
    """Simple features (OGC 06-103r4) as columns.

    Attributes
    ----------
    geometry : object array of shapely geometries, shape (n,); none is empty or None
    columns : attribute name → array of shape (n,); text columns are object arrays of str or None
    role : one of `ROLES`
    id_column : the column that identifies a feature, "" for row numbers
    """

    kind: ClassVar[str] = "features"

    geometry: NDArray[np.object_]
    columns: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    role: str = "features"
    id_column: str = ""

    def __post_init__(self) -> None:
        self._check_layer()
        geometry = frozen(self.geometry, dtype=object, ndim=1, name="geometry")
        object.__setattr__(self, "geometry", geometry)
        object.__setattr__(self, "columns", frozen_columns(self.columns, length=len(geometry)))

    @property
    def bounds(self) -> Bounds:
        low_x, low_y, high_x, high_y = shapely.total_bounds(self.geometry)
        return (float(low_x), float(low_y), float(high_x), float(high_y))

    @property
    def count(self) -> int:
        return len(self.geometry)
