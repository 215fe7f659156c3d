"""A film of a city that stands still casts its light once."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import numpy as np
from scene_city import EAST, NORTH, buildings, city_of

from twin.city import City
from viewers.film.making import draw
from viewers.scene.pictures import off_screen
from viewers.view_state import CameraPose, ViewState

SIZE = (160, 90)
NOON = datetime(2026, 3, 21, 11, 0, tzinfo=timezone(timedelta(hours=7)))


def town() -> City:
    """900 houses over a kilometre: more than one tile."""
    x, y = np.meshgrid(np.arange(30) * 36.0, np.arange(30) * 36.0)
    boxes = [(a, b, a + 14.0, b + 12.0) for a, b in zip(x.ravel(), y.ravel(), strict=True)]
    return city_of(buildings(boxes, [6.0 + n % 9 for n in range(len(boxes))]))


def eye(x: float, y: float, z: float) -> CameraPose:
    return CameraPose(
        eye=(EAST + x, NORTH + y, z), target=(EAST + 520.0, NORTH + 520.0, 0.0), view_angle=35.0
    )


def test_an_eye_that_moves_casts_nothing_anew_and_a_sun_that_moves_keeps_the_solids() -> None:
    view = ViewState(sun_time=NOON)
    city = town()
    with off_screen(city, view, SIZE, camera=eye(-900.0, -900.0, 500.0)) as scene:
        draw(scene, SIZE, draft=False)
        first, maps = scene.light.world, scene.light._maps
        assert first is not None and maps is not None
        for place in ((-900.0, 1900.0, 500.0), (1900.0, 1900.0, 500.0)):
            scene.camera.pose = eye(*place)
            draw(scene, SIZE, draft=False)
            assert scene.light._maps is maps
        later = ViewState(sun_time=NOON + timedelta(hours=3))
        scene.show(city, later)
        draw(scene, SIZE, draft=False)
        assert scene.light.world is first
        assert scene.light._maps is not maps
