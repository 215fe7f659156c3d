"""The first look at a city."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest

from layers.frame import Frame
from layers.kinds.elevation import ElevationLayer
from twin.city import City
from twin.first_view import first_view, local_zone


def city_at(crs: str, west: float, north: float) -> City:
    ground = ElevationLayer(
        id="g",
        name="g",
        crs=crs,
        heights=np.zeros((2, 2)),
        west=west,
        north=north,
        cell_x=1,
        cell_y=1,
    )
    return City(name="c", frame=Frame(crs=crs), layers={"g": ground})


@pytest.mark.parametrize(
    ("crs", "west", "north", "hours"),
    [
        ("EPSG:5897", 586_500.0, 2_326_000.0, 7),  # Hà Nội, 105.8° E
        ("EPSG:28992", 84_900.0, 447_500.0, 0),  # Delft, 4.4° E
        ("EPSG:26910", 495_000.0, 4_877_000.0, -8),  # Eugene, 123.1° W
    ],
)
def test_the_clock_is_the_places_own(crs, west, north, hours):
    assert local_zone(city_at(crs, west, north)).utcoffset(None) == timedelta(hours=hours)


def test_a_new_city_is_seen_in_its_morning():
    view = first_view(city_at("EPSG:5897", 586_500.0, 2_326_000.0), hidden={"b", "a"})
    assert view == {"hidden": ["a", "b"], "sun_time": "2026-06-21T09:30:00+07:00"}
