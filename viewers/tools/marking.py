"""Marks that a tool leaves over the city, for as long as the tool wants them there."""

from __future__ import annotations

import numpy as np

from viewers.scene.marks import Mark, Marks
from viewers.scene.scene import Scene
from viewers.tools.tool import Desk


class Marking:
    """Owns the marks of one tool; they follow the theme, and go with the city."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._marks: Marks | None = None
        self._scene: Scene | None = None
        self._theme = desk.session.view.theme
        desk.session.opened.connect(self.clear)
        desk.session.view_changed.connect(self._follow_theme)

    def put(self, key: str, mark: Mark) -> None:
        """Draw a mark from the next frame on; nothing before there is a scene."""
        scene = self._desk.stage.scene
        if scene is None or scene.city is None:
            return
        if self._marks is None or self._scene is not scene:
            self.end()
            self._scene = scene
            self._marks = Marks(scene.renderer, scene.camera.origin)
            self._marks.ratio = self._desk.stage.canvas.devicePixelRatioF()
            scene.each_frame.append(self._marks.look)
        self._marks.put(key, mark)

    def remove(self, key: str) -> None:
        """Take a mark away."""
        if self._marks is not None:
            self._marks.remove(key)

    def clear(self) -> None:
        """Take all marks away; another city stands in another frame."""
        scene = self._desk.stage.scene
        if self._marks is not None and scene is not None:
            city = self._desk.session.city
            self._marks.move_to(np.asarray(city.frame.origin) if city is not None else np.zeros(3))

    def redraw(self) -> None:
        """Show what changed."""
        self._desk.stage.canvas.redraw()

    def _follow_theme(self) -> None:
        theme = self._desk.session.view.theme
        if theme != self._theme:
            self._theme = theme
            if self._marks is not None:
                self._marks.restyle()

    def end(self) -> None:
        """Let go of the scene."""
        if self._marks is not None and self._scene is not None:
            if self._marks.look in self._scene.each_frame:
                self._scene.each_frame.remove(self._marks.look)
            self._marks.clear()
        self._marks = self._scene = None
