"""A walker stays on the ground, climbs what a foot climbs, and goes through no wall."""

from __future__ import annotations

import numpy as np
import pytest
import pyvista as pv
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent
from scene_city import buildings, city_of

from viewers.scene.camera import EYE_HEIGHT
from viewers.scene.scene import Scene
from viewers.scene.walking import RADIUS, Walker, floor_at, free_spot, step_from
from viewers.view_state import CameraPose, ViewState

NONE = Qt.KeyboardModifier.NoModifier
VIEW = ViewState(shadows=False, occlusion=False, edges=False)


@pytest.fixture
def scene():
    plotter = pv.Plotter(off_screen=True, window_size=(200, 150), lighting="none")
    made = Scene(plotter)
    # A house of 10 × 10 × 8 m; a kerb of 0.15 m; steps of 0.4 m; a wall of 0.7 m.
    made.show(
        city_of(
            buildings(
                [(10, -5, 20, 5), (-10, 5, 10, 20), (-10, -20, -8, -5), (-8, -20, -6, -5), (0, -20, 5, -10)],
                [8.0, 0.15, 0.4, 0.8, 0.7],
            )
        ),
        VIEW,
    )  # fmt: skip
    made.set_still()
    yield made
    made.close()
    plotter.close()


def walked(scene, start, direction, metres, pace=0.3):
    feet = np.array([*start, floor_at(scene.picker, *start, 0.0)])
    way = np.array(direction, float) / np.hypot(*direction)
    for _ in range(round(metres / pace)):
        feet = step_from(scene.picker, feet, way * pace)
    return feet


def test_a_wall_stops_the_walker_at_arm_s_length(scene):
    x, y, z = walked(scene, (0.0, 0.0), (1, 0), 30)
    assert 10 - RADIUS - 0.3 <= x <= 10 - RADIUS + 1e-6
    assert (y, z) == pytest.approx((0.0, 0.0), abs=1e-6)


def test_along_a_wall_the_walker_slides(scene):
    x, y, _ = walked(scene, (8.0, -4.0), (1, 1), 12)
    assert x < 10 - RADIUS + 0.31
    assert y > 2.0  # held up by nothing along the wall


def test_a_running_step_longer_than_the_house_does_not_jump_through_it(scene):
    feet = step_from(scene.picker, np.array([5.0, 0.0, 0.0]), np.array([20.0, 0.0]))
    assert feet[0] < 10


def test_kerbs_and_steps_are_climbed_and_come_down_from(scene):
    assert walked(scene, (0.0, 0.0), (0, 1), 10)[2] == pytest.approx(0.15, abs=1e-3)
    assert walked(scene, (0.0, 0.0), (0, 1), 30)[2] == pytest.approx(0.0, abs=1e-3)
    up = walked(scene, (-12.0, -10.0), (1, 0), 5)
    assert up[2] == pytest.approx(0.8, abs=1e-3)  # 0.4 m, then 0.4 m more
    assert walked(scene, (-4.0, -12.0), (-1, 0), 8)[0] > -6 + 0.05  # 0.8 m at once is too high


def test_a_low_wall_is_no_step(scene):
    assert walked(scene, (2.0, -5.0), (0, -1), 20)[1] > -10


def test_who_would_begin_inside_a_house_begins_before_its_door(scene):
    x, y = free_spot(scene.picker, 15.0, 0.0)
    assert not (10 <= x <= 20 and -5 <= y <= 5)
    assert np.hypot(x - 15, y) <= 11


def test_the_eye_stands_at_one_metre_seventy_and_walks_by_the_clock(scene):
    walker = Walker()
    scene.camera.pose = CameraPose(eye=(588000, 2325900, 80), target=(588000, 2325990, 0))
    scene.camera.pose = walker.begin(scene)
    assert scene.camera.eye[2] == pytest.approx(EYE_HEIGHT) and EYE_HEIGHT == 1.7
    before = scene.camera.eye
    walker.key(QKeyEvent(QEvent.Type.KeyPress, Qt.Key.Key_W, NONE), down=True)
    for _ in range(10):
        walker.walk(scene, 0.1)
    slow = float(np.hypot(*(scene.camera.eye - before)[:2]))
    assert slow == pytest.approx(2.2, rel=0.02)
    assert scene.camera.eye[2] == pytest.approx(EYE_HEIGHT, abs=0.16)
