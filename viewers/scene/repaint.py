"""Each frame drawn once: when the window is painted again, the last frame is shown as it is.

The widget that shows VTK's pictures in Qt asks for a whole new frame whenever it is painted, also
when it is painted because a frame has just been drawn. So everything would be drawn twice.
"""

from __future__ import annotations

from typing import Any


class DrawnOnce:
    """Lets the interactor draw in a paint event only where no frame of that size stands ready.

    Parameters
    ----------
    window, interactor
        `vtkRenderWindow` and its `vtkRenderWindowInteractor`, whose `Render` paint events call.
    """

    def __init__(self, window: Any, interactor: Any) -> None:
        self._interactor = interactor
        self._tags = [
            (window, window.AddObserver("EndEvent", self._stands)),
            (window, window.AddObserver("WindowResizeEvent", self._needed)),
        ]

    def _stands(self, *_: Any) -> None:
        self._interactor.EnableRenderOff()

    def _needed(self, *_: Any) -> None:
        self._interactor.EnableRenderOn()

    def anew(self) -> None:
        """Let the next paint event draw: what was drawn went with its surface."""
        self._needed()

    def close(self) -> None:
        """Paint events draw again."""
        for owner, tag in self._tags:
            owner.RemoveObserver(tag)
        self._tags.clear()
        self._needed()
