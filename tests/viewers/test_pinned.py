"""Pictures at pinned cameras look as they did.

A generated block with every kind of façade, trees, water and roads, at four cameras and hours. What is
drawn may differ by rounding from driver to driver, so pictures are compared with a tolerance. After a
change that is meant, look at the new pictures and renew them:

    DOTHI_RENEW_PICTURES=1 python -m pytest tests/viewers/test_pinned.py
"""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path

import numpy as np
import pytest
import shapely
from PIL import Image
from scene_city import CRS, EAST, NORTH, buildings, city_of

from layers.kinds.features import FeatureLayer
from twin.city import City
from viewers.scene.pictures import off_screen
from viewers.view_state import CameraPose, ViewState

HERE = Path(__file__).parent / "pinned"
SIZE = (320, 180)
MEAN, WORST = 2.0, 24.0
"""Most that a channel (0 … 255) may differ: on average, and in all but one of a hundred pixels."""
USES = (
    "nhà ở",
    "kinh doanh kết hợp ở",
    "chung cư",
    "văn phòng",
    "thương mại dịch vụ",
    "trường học",
    "",
)
EYES = {
    "morning-above": ((-150.0, -190.0, 120.0), (10.0, 20.0, 5.0), 9, {}),
    "noon-street": ((-58.0, -34.0, 2.0), (40.0, 26.0, 9.0), 12, {}),
    "evening-water": ((70.0, -120.0, 9.0), (10.0, 30.0, 8.0), 17, {}),
    "night": ((-90.0, -150.0, 70.0), (10.0, 20.0, 8.0), 20, {"edges": False}),
}


def block() -> City:
    """Seven rows of houses, one use each, 9 to 45 m high, by a pond with trees around it."""
    boxes, heights, uses = [], [], []
    for row, use in enumerate(USES):
        for column in range(5):
            x, y = -70.0 + 28.0 * column, -20.0 + 22.0 * row
            boxes.append((x, y, x + 20.0, y + 14.0))
            heights.append(9.0 + 6.0 * ((row + 2 * column) % 7))
            uses.append(use)
    houses = buildings(boxes, heights)
    angle = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    around = [shapely.Point(EAST + 45 * np.cos(a), NORTH - 90 + 33 * np.sin(a)) for a in angle]
    pond = shapely.Polygon([(EAST + 38 * np.cos(a), NORTH - 90 + 26 * np.sin(a)) for a in angle])
    street = shapely.LineString([(EAST - 100, NORTH - 40), (EAST + 100, NORTH - 40)])

    def features(role, *shapes):
        return FeatureLayer(
            id=role, name=role, crs=CRS, role=role, geometry=np.array(shapes, dtype=object)
        )

    return city_of(
        replace(houses, use=np.array(uses, dtype=object)),
        features("water", pond),
        features("trees", *around),
        features("roads", street),
    )


def draw(name: str, *, known_use: str | None = None) -> np.ndarray:
    """One of the pictures; `known_use` is then the use of all buildings."""
    eye, target, hour, flags = EYES[name]
    origin = np.array([EAST, NORTH, 0.0])
    when = datetime(2026, 3, 21, hour, tzinfo=timezone(timedelta(hours=7)))
    pose = CameraPose(eye=tuple(origin + eye), target=tuple(origin + target))
    city = block()
    if known_use is not None:
        houses = city.buildings_layer("buildings")
        city = city.with_layer(replace(houses, use=np.full(houses.count, known_use, object)))
    with off_screen(city, ViewState(sun_time=when, **flags), SIZE, camera=pose) as scene:
        return np.asarray(scene.screenshot())[..., :3]


@pytest.mark.parametrize("name", list(EYES))
def test_a_picture_at_a_pinned_camera_looks_as_it_did(name):
    found, path = draw(name), HERE / f"{name}.png"
    if os.environ.get("DOTHI_RENEW_PICTURES"):
        Image.fromarray(found).save(path, optimize=True)
    known = np.asarray(Image.open(path).convert("RGB"))
    assert found.shape == known.shape
    off = np.abs(found.astype(int) - known.astype(int))
    assert off.mean() < MEAN, f"{name}: {off.mean():.2f} on average"
    assert np.percentile(off.max(axis=2), 99) < WORST


def test_the_pinned_pictures_tell_day_from_night_and_use_from_use():
    """What the tolerance lets pass is far less than what a change of light or façades makes."""
    known = {
        name: np.asarray(Image.open(HERE / f"{name}.png").convert("RGB"), int) for name in EYES
    }
    assert known["night"].mean() < 0.5 * known["morning-above"].mean()
    lit = (known["night"].max(axis=2) > 150).mean()
    assert 0.003 < lit < 0.25
    other = draw("noon-street", known_use="").astype(int)
    off = np.abs(other - known["noon-street"]).max(axis=2)
    assert np.percentile(off, 99) > 2 * WORST
