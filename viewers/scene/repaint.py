"""Each frame drawn once: when the window is painted again, the last frame is shown as it is.

The widget that shows VTK's pictures in Qt asks for a whole new frame whenever it is painted, also
when it is painted because a frame has just been drawn. So everything would be drawn twice.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QEvent, QObject, QTimer
from PySide6.QtWidgets import QWidget


class DrawnOnce(QObject):
    """Lets the interactor draw in a paint event only where no frame of that size stands ready.

    A view that comes back from behind another page draws nothing at the sizes it gets on its way: a
    city is about to be shown, and where none is, `redraw` is called.

    Parameters
    ----------
    window, interactor
        `vtkRenderWindow` and its `vtkRenderWindowInteractor`, whose `Render` paint events call.
    view
        The widget that is shown and hidden.
    """

    def __init__(
        self, window: Any, interactor: Any, view: QWidget, redraw: Callable[[], None]
    ) -> None:
        super().__init__(view)
        self._interactor, self._view, self._redraw = interactor, view, redraw
        self._waits = False
        self._tags = [
            (window, window.AddObserver("EndEvent", self._stands)),
            (window, window.AddObserver("WindowResizeEvent", self._needed)),
        ]
        view.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Hide and not event.spontaneous():
            self._waits = True
            self._interactor.EnableRenderOff()
        if event.type() == QEvent.Type.Show and self._waits:
            QTimer.singleShot(0, self, self._draw_if_nobody_did)
        return False

    def _draw_if_nobody_did(self) -> None:
        if self._waits:
            self._redraw()

    def _stands(self, *_: Any) -> None:
        self._waits = False
        self._interactor.EnableRenderOff()

    def _needed(self, *_: Any) -> None:
        if not self._waits:
            self._interactor.EnableRenderOn()

    def anew(self) -> None:
        """Let the next paint event draw: what was drawn went with its surface."""
        self._needed()

    def close(self) -> None:
        """Paint events draw again."""
        self._view.removeEventFilter(self)
        for owner, tag in self._tags:
            owner.RemoveObserver(tag)
        self._tags.clear()
        self._waits = False
        self._needed()
