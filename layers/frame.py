"""The project's coordinates: float64 world in one CRS, float32 scene around a local origin."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from layers.errors import CityError


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """Project CRS and local origin.

    Attributes
    ----------
    crs : "EPSG:n" or WKT; projected, metres
    origin : world x, y, z of the scene's (0, 0, 0), metres; x and y whole kilometres
    vertical : name of the vertical datum, shown to people
    """

    crs: str
    origin: tuple[float, float, float] = (0.0, 0.0, 0.0)
    vertical: str = ""

    def __post_init__(self) -> None:
        if len(self.origin) != 3 or not all(np.isfinite(self.origin)):
            raise CityError(f"The frame's origin must be three finite numbers, got {self.origin}")

    @classmethod
    def around(
        cls, crs: str, bounds: tuple[float, float, float, float], *, vertical: str = ""
    ) -> Frame:
        """A frame whose origin is the whole kilometre nearest to the middle of `bounds`."""
        middle_x = (bounds[0] + bounds[2]) / 2
        middle_y = (bounds[1] + bounds[3]) / 2
        return cls(
            crs=crs,
            origin=(round(middle_x / 1000) * 1000.0, round(middle_y / 1000) * 1000.0, 0.0),
            vertical=vertical,
        )

    def to_world(self, scene: ArrayLike) -> NDArray[np.float64]:
        """Scene (n, 3) or (3,) → world float64, metres."""
        world: NDArray[np.float64] = np.asarray(scene, dtype=np.float64) + np.asarray(self.origin)
        return world
