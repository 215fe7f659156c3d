"""LiDAR points."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from layers.arrays import frozen
from layers.errors import CityError
from layers.kinds.layer import Bounds, Layer

GROUND = 2
LOW_VEGETATION, MEDIUM_VEGETATION, HIGH_VEGETATION = 3, 4, 5
BUILDING = 6
NOISE = (7, 18)
WATER = 9
"""Classes of the ASPRS LAS 1.4 specification (R15), table 17."""


class PointTiles(NamedTuple):
    """A COPC file with all points of a layer, in the layer's CRS.

    `metres_per_height` is what heights in it are to be multiplied with.
    """

    path: Path
    metres_per_height: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PointCloudLayer(Layer):
    """Points with what was measured about each.

    Attributes
    ----------
    offset : world x, y, z (metres, float64) that `xyz` is relative to
    xyz : float32, shape (n, 3), metres from `offset`
    classification : uint8, shape (n,), ASPRS classes; None where the file has none but zeros
    intensity : uint16, shape (n,), or None
    rgb : uint8, shape (n, 3), or None where absent or all zero
    total : points in the file; more than n where it was thinned
    tiles : where all of them can be read, node by node; None where there is no such file
    """

    kind: ClassVar[str] = "points"

    offset: tuple[float, float, float]
    xyz: NDArray[np.float32]
    classification: NDArray[np.uint8] | None = None
    intensity: NDArray[np.uint16] | None = None
    rgb: NDArray[np.uint8] | None = None
    total: int = 0
    tiles: PointTiles | None = None

    def __post_init__(self) -> None:
        self._check_layer()
        xyz = frozen(self.xyz, dtype=np.float32, ndim=2, name="xyz", columns=3)
        object.__setattr__(self, "xyz", xyz)
        if not len(xyz):
            raise CityError(f"{self.name} holds no points")
        for name, dtype, ndim in (
            ("classification", np.uint8, 1),
            ("intensity", np.uint16, 1),
            ("rgb", np.uint8, 2),
        ):
            values = getattr(self, name)
            if values is not None:
                object.__setattr__(
                    self, name, frozen(values, dtype=dtype, ndim=ndim, name=name, length=len(xyz))
                )
        if self.total < len(xyz):
            object.__setattr__(self, "total", len(xyz))

    @property
    def bounds(self) -> Bounds:
        # Column by column: six times as fast as over rows of three (0.18 s for 5.8 M points).
        x, y = self.xyz[:, 0], self.xyz[:, 1]
        return (
            float(x.min()) + self.offset[0],
            float(y.min()) + self.offset[1],
            float(x.max()) + self.offset[0],
            float(y.max()) + self.offset[1],
        )

    @property
    def count(self) -> int:
        return len(self.xyz)

    def world(self) -> NDArray[np.float64]:
        """All points in world coordinates: float64, shape (n, 3), a new array."""
        world: NDArray[np.float64] = self.xyz.astype(np.float64) + np.asarray(self.offset)
        return world
