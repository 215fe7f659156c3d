"""One view dissolves into the next: the last picture lies over the window and goes away."""

from __future__ import annotations

import time

import numpy as np
from PySide6.QtCore import QObject, QTimer

from viewers.film.telling import FADE_S
from viewers.scene.capture import as_shown
from viewers.scene.poses import ease
from viewers.wall.words import Over

LAST = "story-last-picture"
STEP_MS = 25


class Fade(QObject):
    """Keeps what is seen as a picture over the view until it has faded."""

    def __init__(self, over: Over, parent: QObject, seconds: float = FADE_S) -> None:
        super().__init__(parent)
        self._over, self._seconds, self._began = over, seconds, 0.0
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._step)

    def begin(self) -> None:
        """Hold what is seen now over whatever is shown from here on, and let it go."""
        scene, furniture = self._over.scene, self._over.furniture
        if scene is None or furniture is None:
            return
        last = as_shown(scene.window)
        opaque = np.full((*last.shape[:2], 1), 255, np.uint8)
        furniture.drop(LAST)
        furniture.image(LAST, np.concatenate([last, opaque], axis=2), 0, 0)
        self._began = time.perf_counter()
        self._timer.start(STEP_MS)

    def _step(self) -> None:
        furniture = self._over.furniture
        if furniture is None or LAST not in furniture.names():
            return
        share = min((time.perf_counter() - self._began) / self._seconds, 1.0)
        if share < 1.0:
            furniture.dim(LAST, 1.0 - ease(share))
            self._timer.start(STEP_MS)
        else:
            furniture.drop(LAST)
        self._over.again()

    def end(self) -> None:
        """Take the last picture away at once."""
        self._timer.stop()
        if self._over.furniture is not None:
            self._over.furniture.drop(LAST)
