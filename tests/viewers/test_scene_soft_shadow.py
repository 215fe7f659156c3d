"""The edge of a shadow is as wide as the sun's disc makes it, told by the pixels of a picture."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import numpy as np
import pytest
from scene_city import EAST, NORTH, buildings, city_of

from viewers.scene.packing import BLOCK, REACH, coded_depth
from viewers.scene.pictures import off_screen
from viewers.view_state import CameraPose, ViewState

WHEN = datetime(2026, 3, 21, 9, 0, tzinfo=timezone(timedelta(hours=7)))
HALF = 4.0
"""Metres from the middle of the picture to its upper edge."""


def edge_width(height: float) -> float:
    """Metres on the ground across the edge of a roof's shadow."""
    city = city_of(buildings([(-30.0, -30.0, 30.0, 30.0)], [height]))
    view = ViewState(sun_time=WHEN, occlusion=False, edges=False)
    with off_screen(city, view, (256, 256)) as scene:
        sun = scene.light.sun_at(city, view)
        # The eastern sun: the western edge of the roof throws its shadow so far to the west.
        shift = -sun[:2] / sun[2] * height
        x, y = -30.0 + shift[0], shift[1]
        pose = CameraPose(
            eye=(EAST + x, NORTH + y, 400.0),
            target=(EAST + x, NORTH + y, 0.0),
            up=(0.0, 1.0, 0.0),
            parallel_scale=HALF,
        )
        scene.camera.pose = pose
        pixels = np.asarray(scene.screenshot())[96:160, :, :3].astype(float).mean(axis=(0, 2))
    light = (pixels - pixels.min()) / np.ptp(pixels)
    pixel = 2 * HALF / 256
    return float(((light > 0.1) & (light < 0.9)).sum()) * pixel


def test_the_edge_of_a_shadow_widens_with_the_distance_to_the_roof() -> None:
    assert edge_width(120.0) > 2.5 * edge_width(6.0)


def test_a_shadow_from_afar_is_as_wide_as_the_disc_of_the_sun() -> None:
    """0.533° of it, spread over the ground by the slant of the rays.

    The edge runs north and its shadow lies h·x/z west of it, for a sun at (x, y, z): as the sun moves
    by one radian, that changes by h·√(x² + z²)/z². From 10 % to 90 % of a disc's area are 0.687 of its
    width.
    """
    height = 150.0
    wide = edge_width(height)
    city = city_of(buildings([(-30.0, -30.0, 30.0, 30.0)], [height]))
    with off_screen(city, ViewState(sun_time=WHEN), (64, 64)) as scene:
        sun = scene.light.sun_at(city, ViewState(sun_time=WHEN))
    x, z = float(sun[0]), float(sun[2])
    expected = height * np.radians(0.533) * np.hypot(x, z) / z**2 * 0.687
    assert wide == pytest.approx(expected, rel=0.25)


def test_the_fourth_part_of_a_map_is_no_lower_than_what_stands_around() -> None:
    rng = np.random.default_rng(4)
    depth = np.zeros((70, 45), np.float32)
    for row, column in rng.integers(0, (70, 45), (12, 2)):
        depth[row, column] = rng.uniform(5, 90)
    code = coded_depth(depth)
    peak = code.low + code.span * code.parts[..., 3].astype(float) / 255.0
    for row in range(0, 70, 7):
        for column in range(0, 45, 5):
            around = depth[
                max(row - REACH, 0) : row + REACH + 1, max(column - REACH, 0) : column + REACH + 1
            ]
            assert peak[row, column] >= around.max()
            wider = 3 * BLOCK + REACH
            beyond = depth[
                max(row - wider, 0) : row + wider + 1, max(column - wider, 0) : column + wider + 1
            ]
            assert peak[row, column] <= beyond.max() + 2.1 * code.span / 255.0
