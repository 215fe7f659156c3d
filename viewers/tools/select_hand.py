"""The hand that draws a rectangle or a polygon on the screen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QGuiApplication, QKeyEvent

from viewers.scene.canvas import Canvas
from viewers.scene.hand import Hand
from viewers.scene.preview import Preview

How = Literal["replace", "add", "remove"]
Take = Callable[[NDArray[np.float64], How], None]
"""(corners in pixels (n, 2), how) is called for each shape that was drawn."""
CLICK_PIXELS = 4.0


def how_now() -> How:
    """Shift adds, Ctrl or Alt takes away."""
    held = QGuiApplication.keyboardModifiers()
    if held & Qt.KeyboardModifier.ShiftModifier:
        return "add"
    taking = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier
    return "remove" if held & taking else "replace"


class SelectHand(QObject, Hand):
    """Draws one shape after another until it is taken off. Wheel and right button stay the camera's."""

    keys = frozenset({Qt.Key.Key_Escape, Qt.Key.Key_Backspace, Qt.Key.Key_Return, Qt.Key.Key_Enter})

    def __init__(self, kind: Literal["rect", "polygon"], canvas: Canvas, take: Take) -> None:
        super().__init__()
        assert canvas.scene is not None
        self.kind = kind
        self._canvas, self._take = canvas, take
        self._preview = Preview(canvas.scene)
        self._corners: list[tuple[float, float]] = []

    def press(self, x: float, y: float, *, button: str, shift: bool) -> bool:
        if button != "left":
            return False
        if self.kind == "rect":
            self._corners = [(x, y)]
        return True

    def move(self, x: float, y: float, *, dragging: bool) -> bool:
        if self.kind == "rect" and dragging and self._corners:
            self._draw(_rectangle(self._corners[0], (x, y)))
        elif self.kind == "polygon" and self._corners:
            self._draw(np.array([*self._corners, (x, y)]))
        return True

    def release(self, x: float, y: float, *, button: str, dragged: bool) -> bool:
        if self.kind == "polygon":
            self._corners.append((x, y))
            self._draw(np.array(self._corners))
            return True
        if self._corners:
            start, self._corners = self._corners[0], []
            if abs(x - start[0]) < CLICK_PIXELS and abs(y - start[1]) < CLICK_PIXELS:
                self._end(np.array([(x, y)]))
            else:
                self._end(_rectangle(start, (x, y)))
        return True

    def double(self, x: float, y: float) -> bool:
        self._finish()
        return True

    def key(self, event: QKeyEvent) -> bool:
        if event.key() == Qt.Key.Key_Escape:
            if self._corners:
                self._corners = []
                self._draw(np.empty((0, 2)))
            else:
                self._canvas.set_hand(None)
            return True
        if event.key() == Qt.Key.Key_Backspace:
            del self._corners[-1:]
            self._draw(np.array(self._corners, float).reshape(-1, 2))
            return True
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._finish()
            return True
        return False

    def _finish(self) -> None:
        corners, self._corners = self._corners, []
        if self.kind == "polygon" and len(corners) >= 3:
            self._end(np.array(corners))
        else:
            self._draw(np.empty((0, 2)))

    def _end(self, shape: NDArray[np.float64]) -> None:
        self._preview.band(np.empty((0, 2)))
        self._take(shape, how_now())

    def _draw(self, shape: NDArray[np.float64]) -> None:
        self._preview.band(shape)
        self._preview.draw()

    def left(self) -> None:
        self._preview.close()


def _rectangle(one: tuple[float, float], other: tuple[float, float]) -> NDArray[np.float64]:
    (a, b), (c, d) = one, other
    return np.array([(a, b), (c, b), (c, d), (a, d)], float)
