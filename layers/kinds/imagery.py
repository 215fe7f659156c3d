"""A picture of the ground: orthophoto or map."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from layers.arrays import frozen
from layers.errors import CityError
from layers.kinds.layer import Bounds, Layer

OVERVIEW_PIXELS = 4096 * 4096
"""A larger picture is held as an overview of about so many pixels, unless more are asked for."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ImageryLayer(Layer):
    """Colours on a rectangular grid, north up.

    A large picture holds an overview of itself; `layers.tiles.imagery.Picture` reads any part of it
    from its file (`source`) as finely as the file has it, also after it was brought to another CRS.

    Attributes
    ----------
    pixels : uint8, shape (rows, cols, 3), RGB; row 0 is the northern edge
    west, north : outer corner of pixel (0, 0), metres in `crs`
    cell_x, cell_y : metres per pixel, above zero
    full_size : (rows, cols) that the file has of this where `pixels` is an overview, else zeros
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

    @property
    def full_count(self) -> int:
        """Pixels that the file has of this, or that are held where it has no more."""
        return max(self.full_size[0] * self.full_size[1], self.count)
