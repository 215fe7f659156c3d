"""What every layer has: an id, a name, a place on Earth, a source."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

from layers.errors import CityError
from layers.notices import Notice
from layers.source import Source

Bounds = tuple[float, float, float, float]
"""(min x, min y, max x, max y) in the layer's CRS."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Layer:
    """Data of one kind in one CRS; never changed, only replaced.

    Attributes
    ----------
    id : unique in a city, lower-case ASCII with dashes
    name : shown to people, NFC
    crs : "EPSG:n" or WKT of the horizontal CRS of the numbers in this layer
    vertical : name of the vertical datum, "" where heights mean nothing or are unknown
    """

    kind: ClassVar[str] = "layer"

    id: str
    name: str
    crs: str
    vertical: str = ""
    source: Source | None = None
    notices: tuple[Notice, ...] = ()

    def _check_layer(self) -> None:
        if not self.id:
            raise CityError("A layer needs an id")
        if not self.crs:
            raise CityError(f"{self.name} does not say where on Earth it lies")

    def with_fields(self, **changes: Any) -> Self:
        """This layer with other values of some fields; the others are shared, not read."""
        return replace(self, **changes)

    @property
    def bounds(self) -> Bounds:
        """Extent of the data."""
        raise TypeError(f"{type(self).__name__} does not say its bounds")

    @property
    def count(self) -> int:
        """How many things it holds: features, points, cells, buildings."""
        raise TypeError(f"{type(self).__name__} does not say its count")
