"""What a change of theme would wait for, drawn beforehand while nothing else is asked for."""

from __future__ import annotations

from PySide6.QtCore import QObject, QTimer

from viewers.theme import prepare_icons

EVERY_MS = 60


class Warming(QObject):
    """Draws the icons that are in use in the colours of the other theme, one at a time, until `close`."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._left = prepare_icons()
        self._timer = QTimer(self)
        self._timer.setInterval(EVERY_MS)
        self._timer.timeout.connect(self._next)
        self._timer.start()

    @property
    def done(self) -> bool:
        """Whether all are drawn."""
        return not self._timer.isActive()

    def _next(self) -> None:
        if next(self._left, None) is None:
            self.close()

    def close(self) -> None:
        """Draw no more."""
        self._timer.stop()
