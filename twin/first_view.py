"""How a city is first looked at, as the project keeps it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta, timezone
from typing import Any

from pyproj import Transformer

from twin.city import City

MORNING = datetime(2026, 6, 21, 9, 30)
"""A long, clear day; the sun stands high enough for streets and low enough for shadows."""


def first_view(city: City, hidden: Iterable[str] = ()) -> dict[str, Any]:
    """The view of a new project: what is hidden, and a morning at the place itself."""
    zone = local_zone(city)
    return {"hidden": sorted(hidden), "sun_time": MORNING.replace(tzinfo=zone).isoformat()}


def local_zone(city: City) -> timezone:
    """The nautical time zone of the city's middle: whole hours, 15° of longitude each.

    Law may say otherwise (summer time); in Viet Nam it says the same, UTC+7.
    """
    bounds = city.bounds
    if bounds is None:
        return timezone(timedelta(hours=7))
    there = Transformer.from_crs(city.frame.crs, "EPSG:4326", always_xy=True)
    longitude, _ = there.transform((bounds[0] + bounds[2]) / 2, (bounds[1] + bounds[3]) / 2)
    return timezone(timedelta(hours=round(longitude / 15)))
