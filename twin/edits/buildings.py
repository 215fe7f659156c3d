"""Edits of one building: height, use, floors. Its id never changes."""

from __future__ import annotations

import unicodedata

from layers.errors import CityError
from twin.city import City
from twin.edits.edit import Edit

TALLEST = 1000.0
"""Metres; the tallest building that stands has 828 m (Burj Khalifa)."""

MOST_FLOORS = 300
LONGEST_USE = 100


class SetBuildingHeight(Edit, frozen=True, kw_only=True, tag="set-building-height"):
    """Raise or lower one building to `height` metres above its ground."""

    layer: str
    building: str
    height: float

    @property
    def label(self) -> str:
        return f"set {self.building} to {self.height:g} m"

    def apply(self, city: City) -> City:
        if not 0 < self.height <= TALLEST:
            raise CityError(
                f"A building cannot be {self.height:g} m high",
                hint=f"Heights go from above 0 to {TALLEST:g} m.",
                code="height-impossible",
            )
        return city.with_building_change(self.layer, self.building, height=self.height)


class SetBuildingUse(Edit, frozen=True, kw_only=True, tag="set-building-use"):
    """Say what one building is used for; "" where it is not known."""

    layer: str
    building: str
    use: str

    @property
    def label(self) -> str:
        return f"set use of {self.building} to {self.use or 'unknown'}"

    def apply(self, city: City) -> City:
        use = unicodedata.normalize("NFC", self.use).strip()
        if len(use) > LONGEST_USE:
            raise CityError(
                f"A use has at most {LONGEST_USE} letters, this one has {len(use)}", code="use-long"
            )
        return city.with_building_change(self.layer, self.building, use=use)


class SetBuildingFloors(Edit, frozen=True, kw_only=True, tag="set-building-floors"):
    """Say how many floors one building has above ground; 0 where it is not known."""

    layer: str
    building: str
    floors: int

    @property
    def label(self) -> str:
        return f"set {self.building} to {self.floors} floors"

    def apply(self, city: City) -> City:
        if not 0 <= self.floors <= MOST_FLOORS:
            raise CityError(
                f"A building cannot have {self.floors} floors",
                hint=f"Floors go from 0 (unknown) to {MOST_FLOORS}.",
                code="floors-impossible",
            )
        return city.with_building_change(self.layer, self.building, floors=self.floors)
