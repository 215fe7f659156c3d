"""Walking the street: which keys are held, and where they lead."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent

from viewers.scene.scene import Scene

WALK_M_PER_S = 4.0
TURN = 0.03
"""Radians a frame."""
WALK_KEYS = {
    Qt.Key.Key_W: (1, 0), Qt.Key.Key_Up: (1, 0), Qt.Key.Key_S: (-1, 0), Qt.Key.Key_Down: (-1, 0),
    Qt.Key.Key_A: (0, -1), Qt.Key.Key_D: (0, 1),
}  # fmt: skip
TURN_KEYS = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}


class Walker:
    """Steps of the eye along the ground, as long as a key is held."""

    def __init__(self) -> None:
        self._keys: set[Qt.Key] = set()

    def key(self, event: QKeyEvent, *, down: bool) -> bool:
        """Take a key; False where it is none for walking."""
        key = Qt.Key(event.key())
        if key not in WALK_KEYS and key not in TURN_KEYS:
            return False
        if not event.isAutoRepeat():
            (self._keys.add if down else self._keys.discard)(key)
        return True

    def stop(self) -> None:
        """Stand still."""
        self._keys.clear()

    def step(self, scene: Scene) -> bool:
        """Walk for one frame; False where no key is held."""
        if not self._keys:
            return False
        length = WALK_M_PER_S * max(scene.seconds, 0.016)
        ahead = sum(WALK_KEYS[k][0] for k in self._keys if k in WALK_KEYS)
        aside = sum(WALK_KEYS[k][1] for k in self._keys if k in WALK_KEYS)
        turn = sum(TURN_KEYS[k] for k in self._keys if k in TURN_KEYS)
        camera = scene.camera
        if turn:
            camera.turn_head(turn * TURN, 0.0)
        camera.walk(ahead * length, aside * length, scene.picker.ground_below(camera.eye))
        return True
