"""A picture of the ground: orthophoto or map."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from layers.arrays import frozen
from layers.errors import CityError
from layers.kinds.layer import Bounds, Layer


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ImageryLayer(Layer):
    """Colours on a rectangular grid, north up.

    Attributes
    ----------
    pixels : uint8, shape (rows, cols, 3), RGB; row 0 is the northern edge
    west, north : outer corner of pixel (0, 0), metres in `crs`
    cell_x, cell_y : metres per pixel, above zero
    full_size : (rows, cols) of the file where `pixels` is a reduced overview
    """

    kind: ClassVar[str] = "imagery"

    pixels: NDArray[np.uint8]
    west: float
    north: float
    cell_x: float
    cell_y: float
    full_size: tuple[int, int] = (0, 0)

    def __post_init__(self) -> None:
        self._check_layer()
        object.__setattr__(
            self, "pixels", frozen(self.pixels, dtype=np.uint8, ndim=3, name="pixels", columns=3)
        )
        if not (self.cell_x > 0 and self.cell_y > 0):
            raise CityError(f"{self.name}: pixel size must be above zero")

    @property
    def bounds(self) -> Bounds:
        rows, cols, _ = self.pixels.shape
        return (
            self.west,
            self.north - rows * self.cell_y,
            self.west + cols * self.cell_x,
            self.north,
        )

    @property
    def count(self) -> int:
        return int(self.pixels.shape[0] * self.pixels.shape[1])
