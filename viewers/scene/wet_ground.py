"""The ground as it is drawn: with still water lying in it."""

from __future__ import annotations

from collections.abc import Collection

from layers.builders.waters import with_water
from layers.kinds.elevation import ElevationLayer
from layers.kinds.features import FeatureLayer
from twin.city import City


class WetGround:
    """Remembers the drawn ground of a ground and the waters in it."""

    def __init__(self) -> None:
        self.drawn: ElevationLayer | None = None
        """What is drawn of the city's ground; None where it has none."""
        self._ground: ElevationLayer | None = None
        self._waters: list[FeatureLayer] = []

    def see(self, city: City, ground: ElevationLayer | None, hidden: Collection[str]) -> bool:
        """Look at the visible waters of `city`; True where another ground is drawn from now on."""
        waters = [
            layer for key, layer in city.layers.items()
            if isinstance(layer, FeatureLayer) and layer.role == "water" and key not in hidden
        ]  # fmt: skip
        same = len(waters) == len(self._waters) and all(
            a.geometry is b.geometry for a, b in zip(waters, self._waters, strict=True)
        )
        if ground is self._ground and (same or ground is None):
            return False
        before = self.drawn
        self._ground, self._waters = ground, waters
        if ground is None:
            self.drawn = None
        else:
            self.drawn = with_water(ground, [layer.geometry for layer in waters])
        return self.drawn is not before

    def of(self, layer: ElevationLayer) -> ElevationLayer:
        """What is drawn of `layer`."""
        return self.drawn if layer is self._ground and self.drawn is not None else layer
