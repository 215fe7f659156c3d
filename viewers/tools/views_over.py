"""What all tools of the view share: the layers over the picture, and what may be taken there."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PySide6.QtCore import QObject, Signal

from viewers.i18n import language
from viewers.scene.overlay import FURNITURE, LABELS, Overlay
from viewers.scene.scene import Scene
from viewers.sprites import Pixels
from viewers.stage_view import StageView
from viewers.theme import theme
from viewers.tools.tool import Desk
from viewers.tools.views_grips import Grips


class Over(QObject):
    """Owns the layers over the picture from when the view is on screen until it ends."""

    ready = Signal()

    def __init__(self, stage: StageView) -> None:
        super().__init__(stage)
        self._stage = stage
        self.grips = Grips(stage.canvas)
        self.furniture: Overlay | None = None
        self.labels: Overlay | None = None
        self.draws: list[Callable[[Scene], None]] = []
        """Called before each frame, once there is a scene."""
        self._sprites: dict[tuple[object, ...], Pixels] = {}
        stage.canvas.ready.connect(self._begin)
        if stage.scene is not None:
            self._begin()

    @property
    def scene(self) -> Scene | None:
        """The scene; None before the view was on screen and after it ended."""
        return self._stage.scene if self.furniture is not None else None

    @property
    def ratio(self) -> float:
        """Device pixels per logical pixel."""
        return float(self._stage.canvas.devicePixelRatioF())

    def _begin(self) -> None:
        scene = self._stage.scene
        if scene is None or self.furniture is not None:
            return
        self.labels = Overlay(scene.window, layer=LABELS)
        self.furniture = Overlay(scene.window, layer=FURNITURE)
        scene.each_frame.append(self._draw)
        self.ready.emit()

    def _draw(self) -> None:
        scene = self.scene
        if scene is not None and scene.city is not None:
            for draw in self.draws:
                draw(scene)

    def sprite(self, key: tuple[object, ...], make: Callable[[], Pixels]) -> Pixels:
        """A small picture, made once for each theme, language and screen."""
        whole = (*key, theme(), language(), self.ratio)
        if whole not in self._sprites:
            if len(self._sprites) > 500:
                self._sprites.clear()
            self._sprites[whole] = np.ascontiguousarray(make())
        return self._sprites[whole]

    def again(self) -> None:
        """Draw what is there once more, plainly at first."""
        scene = self.scene
        if scene is not None and scene.city is not None:
            self._stage.canvas.redraw()

    def close(self) -> None:
        """Take the layers off the window; safe to call twice."""
        scene, self.draws = self.scene, []
        if scene is not None and self._draw in scene.each_frame:
            scene.each_frame.remove(self._draw)
        for overlay in (self.labels, self.furniture):
            if overlay is not None:
                overlay.close()
        self.labels = self.furniture = None


def over(desk: Desk) -> Over:
    """The one `Over` of a desk."""
    found = desk.stage.findChild(Over)
    return found if isinstance(found, Over) else Over(desk.stage)
