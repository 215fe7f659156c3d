"""Walking the street: which keys are held, where they lead, and what stands in the way."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent

from viewers.scene.camera import EYE_HEIGHT
from viewers.scene.picking import Picker
from viewers.scene.scene import Scene
from viewers.view_state import CameraPose

Vector = NDArray[np.float64]
WALK, RUN = 2.2, 8.0
"""Metres a second; a brisk walk is 1.8 (Bohannon and Andrews 2011), a little more feels right."""
TURN = 1.6
"""Radians a second."""
STEP_UP = 0.5
"""What a foot climbs without a thought: a kerb (0.15 m), a stair (0.2 m), a low wall to sit on."""
RADIUS = 0.35
"""No wall comes nearer to the eye than this."""
SHIN, CHEST = STEP_UP + 0.1, 1.5
WIDE_ANGLE = 55.0
"""Degrees; in the street more is seen at once than from above."""
LONGEST_S = 0.15
LEAVE_M = 45.0
WALK_KEYS = {
    Qt.Key.Key_W: (1, 0), Qt.Key.Key_Up: (1, 0), Qt.Key.Key_S: (-1, 0), Qt.Key.Key_Down: (-1, 0),
    Qt.Key.Key_A: (0, -1), Qt.Key.Key_D: (0, 1),
}  # fmt: skip
TURN_KEYS = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}
DOWN, UP = np.array([0.0, 0.0, -1.0]), np.array([0.0, 0.0, 1.0])


def floor_at(picker: Picker, x: float, y: float, feet: float) -> float:
    """What a person whose feet are at `feet` stands on at (x, y): a floor in reach, or the ground."""
    start = np.array([x, y, feet + STEP_UP])
    ground = picker.ground_below(start)
    hit = picker.first_of(start, DOWN, without="tree")
    if hit is None or hit.where[2] < ground:
        return ground
    return float(hit.where[2])


def step_from(picker: Picker, feet: Vector, step: Vector) -> Vector:
    """Where feet (3,) come by a step (2,), metres: along walls, over kerbs, never through.

    A wall in the way takes from the step what goes into it, once, and then the rest; what is
    higher than `STEP_UP` stops it.
    """
    for _ in range(2):
        length = float(np.hypot(step[0], step[1]))
        if length < 1e-6:
            return feet
        wall = _wall(picker, feet, step / length, length + RADIUS)
        if wall is None:
            break
        into = float(step @ wall)
        if into >= 0:
            break
        step = step - wall * into
    else:
        if _wall(picker, feet, step / max(float(np.hypot(*step)), 1e-9), RADIUS) is not None:
            return feet
    there = feet[:2] + step
    floor = floor_at(picker, float(there[0]), float(there[1]), float(feet[2]))
    if floor - float(feet[2]) > STEP_UP:
        return feet
    return np.array([there[0], there[1], floor])


def _wall(picker: Picker, feet: Vector, ahead: Vector, reach: float) -> Vector | None:
    """The level normal, towards the walker, of the wall within `reach` at shin or chest."""
    best: tuple[float, Vector] | None = None
    direction = np.array([ahead[0], ahead[1], 0.0])
    for height in (SHIN, CHEST):
        hit = picker.first_of(feet + UP * height, direction, without="tree")
        if hit is None or hit.distance > reach or (best is not None and hit.distance > best[0]):
            continue
        flat = np.array(hit.normal[:2], float)
        size = float(np.hypot(flat[0], flat[1]))
        if size < 0.5:
            continue  # a slope to walk on
        flat /= size
        best = (hit.distance, -flat if float(flat @ ahead) > 0 else flat)
    return None if best is None else best[1]


def free_spot(picker: Picker, x: float, y: float) -> tuple[float, float]:
    """The nearest place under the open sky, looked for in rings; the place itself if there is none."""
    for radius in (0.0, 2.0, 4.0, 7.0, 11.0, 16.0, 24.0, 36.0, 54.0, 80.0):
        for turn in np.linspace(0, 2 * np.pi, 1 if radius == 0 else 16, endpoint=False):
            px, py = x + radius * np.sin(turn), y + radius * np.cos(turn)
            above = np.array([px, py, picker.ground_below(np.array([px, py, 0.0])) + 0.2])
            if picker.first_of(above, UP, without="tree") is None:
                return float(px), float(py)
    return x, y


class Walker:
    """Steps of the eye along the ground, as long as a key is held."""

    def __init__(self) -> None:
        self._keys: set[Qt.Key] = set()
        self._running = False
        self._last = 0.0
        self._feet: Vector | None = None
        self._angle = 35.0

    def begin(self, scene: Scene) -> CameraPose:
        """Where to go down to the street: an open place near the middle of the view."""
        self.stop()
        camera = scene.camera
        self._angle = camera.pose.view_angle
        x, y = free_spot(scene.picker, *camera.target[:2].tolist())
        ground = np.array([x, y, scene.picker.ground_below(np.array([x, y, 0.0]))])
        self._feet = ground
        return replace(camera.street(ground), view_angle=WIDE_ANGLE)

    def leave(self, scene: Scene) -> CameraPose:
        """Up from the street, where the city is seen again."""
        self.stop()
        self._feet = None
        pose = scene.camera.pose
        ahead = np.subtract(pose.target, pose.eye)
        flat = np.array([ahead[0], ahead[1], 0.0])
        flat /= max(float(np.linalg.norm(flat)), 1e-9)
        scene.camera.pose = replace(pose, view_angle=self._angle)
        eye = scene.camera.eye - flat * LEAVE_M * 1.5 + UP * LEAVE_M
        return scene.camera.after(lambda: scene.camera.look(eye, scene.camera.eye + flat * 20.0))

    def key(self, event: QKeyEvent, *, down: bool) -> bool:
        """Take a key; False where it is none for walking."""
        key = Qt.Key(event.key())
        if key == Qt.Key.Key_Shift:
            self._running = down
            return True
        if key not in WALK_KEYS and key not in TURN_KEYS:
            return False
        self._running = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        if not event.isAutoRepeat():
            if down and not self._keys:
                self._last = time.perf_counter()
            (self._keys.add if down else self._keys.discard)(key)
        return True

    def stop(self) -> None:
        """Stand still."""
        self._keys.clear()
        self._running = False

    def step(self, scene: Scene) -> bool:
        """Walk for one frame; False where no key is held."""
        if not self._keys:
            return False
        now = time.perf_counter()
        seconds, self._last = min(now - self._last, LONGEST_S), now
        self.walk(scene, max(seconds, 0.001))
        return True

    def walk(self, scene: Scene, seconds: float) -> None:
        """Go where the held keys lead for so long."""
        ahead = sum(WALK_KEYS[k][0] for k in self._keys if k in WALK_KEYS)
        aside = sum(WALK_KEYS[k][1] for k in self._keys if k in WALK_KEYS)
        turn = sum(TURN_KEYS[k] for k in self._keys if k in TURN_KEYS)
        camera = scene.camera
        if turn:
            camera.turn_head(turn * TURN * seconds, 0.0)
        gaze = camera.target - camera.eye
        flat = gaze[:2] / max(float(np.hypot(gaze[0], gaze[1])), 1e-9)
        way = flat * ahead + np.array([flat[1], -flat[0]]) * aside
        size = float(np.hypot(way[0], way[1]))
        feet = self._feet if self._feet is not None else camera.eye - UP * EYE_HEIGHT
        if float(np.hypot(*(feet - camera.eye)[:2])) > 1.0:
            feet = camera.eye - UP * EYE_HEIGHT  # a flight took the eye elsewhere
        if size > 0:
            speed = RUN if self._running else WALK
            feet = step_from(scene.picker, feet, way / size * speed * seconds)
        self._feet = feet
        eye = np.array([feet[0], feet[1], camera.eye[2]])
        # The eye follows stairs and kerbs softly.
        eye[2] += (feet[2] + EYE_HEIGHT - eye[2]) * min(1.0, 14.0 * seconds)
        camera.look(eye, eye + gaze)
