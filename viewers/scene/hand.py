"""What owns the mouse in the view before the camera does, and the gate its events go through."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent, QMouseEvent

BUTTONS = {
    Qt.MouseButton.LeftButton: "left",
    Qt.MouseButton.MiddleButton: "middle",
    Qt.MouseButton.RightButton: "right",
}


def with_shift(event: QMouseEvent) -> bool:
    """Whether the shift key is held."""
    return bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)


class Hand:
    """What owns the mouse while it is in `Canvas.hand`; positions are device pixels from the lower
    left corner. Each method tells whether it took the event; the camera has what is left.
    """

    keys: frozenset[Qt.Key] = frozenset()
    """Keys that are its own even where the window has a shortcut for them."""

    def press(self, x: float, y: float, *, button: str, shift: bool) -> bool:
        """A button ("left", "middle", "right") went down."""
        return False

    def move(self, x: float, y: float, *, dragging: bool) -> bool:
        """The cursor moved."""
        return False

    def release(self, x: float, y: float, *, button: str, dragged: bool) -> bool:
        """The button came up; `dragged` tells a drag from a click."""
        return False

    def double(self, x: float, y: float) -> bool:
        """A double click, after the press and release of its first click."""
        return False

    def key(self, event: QKeyEvent) -> bool:
        """A key went down in the view."""
        return False

    def left(self) -> None:
        """The hand was taken off the canvas: another tool, Esc, another city."""


class Gate:
    """Lets the hand go first; remembers whether it took the press."""

    def __init__(self) -> None:
        self.hand: Hand | None = None
        self.taken = False

    def give(self, hand: Hand | None) -> bool:
        """Give the mouse to `hand`, None for the camera; False where it had it."""
        if hand is self.hand:
            return False
        before, self.hand, self.taken = self.hand, hand, False
        if before is not None:
            before.left()
        return True

    def press(self, event: QMouseEvent, at: tuple[float, float]) -> None:
        """A button went down."""
        button = BUTTONS.get(event.button(), "")
        self.taken = self.hand is not None and self.hand.press(
            *at, button=button, shift=with_shift(event)
        )

    def move(self, at: tuple[float, float], *, held: bool) -> None:
        """The cursor moved; with a button held only where the hand took the press."""
        if self.hand is not None and (self.taken or not held):
            self.hand.move(*at, dragging=held)

    def release(self, button: Qt.MouseButton, at: tuple[float, float], *, dragged: bool) -> bool:
        """A button came up; True where the hand had taken its press."""
        if not self.taken or self.hand is None:
            return False
        self.taken = False
        self.hand.release(*at, button=BUTTONS.get(button, ""), dragged=dragged)
        return True

    def double(self, at: tuple[float, float]) -> bool:
        """A double click; True where the hand took it."""
        return self.hand is not None and self.hand.double(*at)

    def claims(self, event: QKeyEvent) -> bool:
        """Keep a key from the window's shortcuts where the hand wants it."""
        if self.hand is None or event.key() not in self.hand.keys:
            return False
        event.accept()
        return True

    def key(self, event: QKeyEvent) -> bool:
        """A key went down; True where the hand took it."""
        return self.hand is not None and self.hand.key(event)
