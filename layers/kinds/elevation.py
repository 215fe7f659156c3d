"""Heights as a regular grid: ground, surface, or height above ground."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from layers.arrays import frozen
from layers.errors import CityError
from layers.kinds.layer import Bounds, Layer

Surface = Literal["ground", "surface", "buildings-above-ground", "canopy-above-ground"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ElevationLayer(Layer):
    """Heights on a rectangular grid, north up.

    Attributes
    ----------
    heights : float32, shape (rows, cols), metres above `vertical`, or above ground (`surface`)
        Row 0 is the northern edge. NaN where nothing was measured.
    west, north : metres in `crs`
        The outer corner of cell (0, 0), not its middle.
    cell_x, cell_y : metres, above zero
        Sides of one cell; they may differ (Bilbao: 2.502058 × 2.502409).
    surface : what the heights are of
    filled : bool, shape (rows, cols), or None
        True where the height was interpolated, not measured.
    """

    kind: ClassVar[str] = "elevation"

    heights: NDArray[np.float32]
    west: float
    north: float
    cell_x: float
    cell_y: float
    surface: Surface = "ground"
    filled: NDArray[np.bool_] | None = None

    def __post_init__(self) -> None:
        self._check_layer()
        object.__setattr__(
            self, "heights", frozen(self.heights, dtype=np.float32, ndim=2, name="heights")
        )
        if 0 in self.heights.shape:
            raise CityError(f"{self.name} has no cells")
        if not (self.cell_x > 0 and self.cell_y > 0):
            raise CityError(
                f"{self.name}: cell size must be above zero, got {self.cell_x} × {self.cell_y}"
            )
        if self.filled is not None:
            object.__setattr__(
                self, "filled", frozen(self.filled, dtype=np.bool_, ndim=2, name="filled")
            )
            if self.filled.shape != self.heights.shape:
                raise CityError(f"{self.name}: the mask of filled cells has another shape")

    @property
    def bounds(self) -> Bounds:
        rows, cols = self.heights.shape
        return (
            self.west,
            self.north - rows * self.cell_y,
            self.west + cols * self.cell_x,
            self.north,
        )

    @property
    def count(self) -> int:
        return int(self.heights.size)
