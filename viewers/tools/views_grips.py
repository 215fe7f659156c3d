"""Things over the picture that can be taken with the mouse before the camera or any tool."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, QPoint, Qt
from PySide6.QtGui import QCursor, QKeyEvent, QMouseEvent, QWheelEvent

from viewers.scene.canvas import Canvas

CLICK_PIXELS = 3


class Grip:
    """One thing to take; positions are device pixels from the lower left corner."""

    cursor = Qt.CursorShape.PointingHandCursor

    def holds(self, x: float, y: float) -> bool:
        """Whether it is under this pixel."""
        return False

    def pressed(self, x: float, y: float) -> None:
        """It was taken."""

    def dragged(self, x: float, y: float) -> None:
        """It is held and moved."""

    def released(self, x: float, y: float, *, moved: bool) -> None:
        """It was let go; `moved` tells a drag from a click."""


class Grips(QObject):
    """Stands before the canvas: gives a press on a grip to that grip, all else to the canvas."""

    def __init__(self, canvas: Canvas) -> None:
        super().__init__(canvas)
        self._canvas = canvas
        self._grips: list[Grip] = []
        self._held: Grip | None = None
        self._start = QPoint()
        self._moved = self._over = False
        self.keys: list[KeyHand] = []
        self.before: list[Callable[[float, float], None]] = []
        """Told of each press and turn of the wheel before anybody has it."""
        canvas.ready.connect(self._watch)
        self._watch()

    def _watch(self) -> None:
        view = self._canvas.view
        if view is not None:
            view.removeEventFilter(self)
            view.installEventFilter(self)

    def add(self, grip: Grip) -> None:
        """Offer a grip; the last one offered lies on top."""
        if grip not in self._grips:
            self._grips.append(grip)

    def remove(self, grip: Grip) -> None:
        """Take a grip away."""
        if grip in self._grips:
            self._grips.remove(grip)
        if self._held is grip:
            self._held = None

    def at(self, x: float, y: float) -> Grip | None:
        """The topmost grip under a pixel."""
        return next((grip for grip in reversed(self._grips) if grip.holds(x, y)), None)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if self._canvas.scene is None or watched is not self._canvas.view:
            return False
        kind = event.type()
        if isinstance(event, QKeyEvent) and kind == QEvent.Type.ShortcutOverride:
            return self._override(event)
        if isinstance(event, QKeyEvent) and kind == QEvent.Type.KeyPress:
            return any(hand.key(event) for hand in self.keys)
        if isinstance(event, QWheelEvent):
            for call in self.before:
                call(*self._canvas.pixel(event.position()))
        if not isinstance(event, QMouseEvent):
            return False
        x, y = self._canvas.pixel(event.position())
        if kind in (QEvent.Type.MouseButtonPress, QEvent.Type.MouseButtonDblClick):
            return self._press(event, x, y)
        if kind == QEvent.Type.MouseMove:
            return self._move(event, x, y)
        if kind == QEvent.Type.MouseButtonRelease and self._held is not None:
            held, self._held = self._held, None
            held.released(x, y, moved=self._moved)
            return True
        return False

    def _override(self, event: QKeyEvent) -> bool:
        """A key that a tool waits for in the view is the tool's, not a shortcut's."""
        if any(hand.wants(event) for hand in self.keys):
            event.accept()
            return True
        return False

    def _press(self, event: QMouseEvent, x: float, y: float) -> bool:
        for call in self.before:
            call(x, y)
        if event.button() != Qt.MouseButton.LeftButton or self._held is not None:
            return self._held is not None
        self._held = self.at(x, y)
        if self._held is None:
            return False
        self._start, self._moved = event.position().toPoint(), False
        self._held.pressed(x, y)
        return True

    def _move(self, event: QMouseEvent, x: float, y: float) -> bool:
        if self._held is not None:
            away = (event.position().toPoint() - self._start).manhattanLength()
            self._moved = self._moved or away >= CLICK_PIXELS
            if self._moved:
                self._held.dragged(x, y)
            return True
        view = self._canvas.view
        over = self.at(x, y) if event.buttons() == Qt.MouseButton.NoButton else None
        if view is not None and over is not None:
            view.setCursor(QCursor(over.cursor))
        elif view is not None and self._over:
            view.unsetCursor()
        self._over = over is not None
        return False


class KeyHand:
    """What takes keys in the view before the canvas."""

    def wants(self, event: QKeyEvent) -> bool:
        """Whether a key comes here even where a shortcut has it."""
        return False

    def key(self, event: QKeyEvent) -> bool:
        """A key went down; True where it was taken."""
        return False
