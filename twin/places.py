"""Where a place on Earth lies as seen from a city."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from pyproj import Geod

from layers.coordinates import WGS84, Reading, readings
from layers.crs import transformer
from layers.kinds.layer import Bounds
from twin.city import City

Direction = Literal["N", "NE", "E", "SE", "S", "SW", "W", "NW"]
DIRECTIONS: tuple[Direction, ...] = ("N", "NE", "E", "SE", "S", "SW", "W", "NW")
_EARTH = Geod(ellps="WGS84")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One meaning of written coordinates, seen from a city.

    Attributes
    ----------
    reading : what they mean
    x, y : in the project's system, metres
    away : metres from the edge of the city along the Earth, 0 inside it
    direction : from the middle of the city
    """

    reading: Reading
    x: float
    y: float
    away: float
    direction: Direction


class Places:
    """Reads coordinates for one city."""

    def __init__(self, city: City) -> None:
        self.crs = city.frame.crs
        x, y = city.frame.origin[:2]
        self.box: Bounds = city.bounds or (x, y, x, y)
        middle = ((self.box[0] + self.box[2]) / 2, (self.box[1] + self.box[3]) / 2)
        lon, lat = transformer(self.crs, WGS84).transform(*middle)
        self.middle = (float(lon), float(lat))

    def read(self, text: str) -> tuple[Place, ...]:
        """Places that `text` can mean, those in the city first; raises `CityError` as `readings`."""
        found = [self._place(one) for one in readings(text, crs=self.crs, near=self.middle)]
        known = [place for place in found if place is not None]
        return tuple(sorted(known, key=lambda place: place.away > 0))

    def _place(self, reading: Reading) -> Place | None:
        x, y = transformer(WGS84, self.crs).transform(reading.lon, reading.lat)
        if reading.crs == self.crs:
            x, y = reading.x, reading.y
        if not (math.isfinite(x) and math.isfinite(y)):
            return None
        west, south, east, north = self.box
        nearest = (min(max(x, west), east), min(max(y, south), north))
        lon, lat = transformer(self.crs, WGS84).transform(*nearest)
        inside = nearest == (x, y)
        away = 0.0 if inside else float(_EARTH.inv(lon, lat, reading.lon, reading.lat)[2])
        turn = float(_EARTH.inv(*self.middle, reading.lon, reading.lat)[0]) % 360
        return Place(
            reading=reading,
            x=float(x),
            y=float(y),
            away=away,
            direction=DIRECTIONS[round(turn / 45) % 8],
        )
