"""The hand that sets points: snaps, shows what comes, takes back, ends."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Qt, QTimer
from PySide6.QtGui import QGuiApplication, QKeyEvent

from viewers.measurements import LEAST, MOST
from viewers.scene.canvas import Canvas
from viewers.scene.hand import Hand
from viewers.scene.marks import Mark, Shape
from viewers.scene.preview import Preview
from viewers.scene.snapping import Snap, Snapper
from viewers.scene.tags import Tag

SNAP_SHAPES: dict[str, Shape] = {
    "vertex": "square", "edge": "diamond", "point": "ring", "surface": "disc",
}  # fmt: skip
SNAP_SIZES = {"vertex": 17.0, "edge": 17.0, "point": 15.0, "surface": 7.0}
KEYS = frozenset({Qt.Key.Key_Escape, Qt.Key.Key_Backspace, Qt.Key.Key_Return, Qt.Key.Key_Enter})
Tags = Callable[[str, NDArray[np.float64], NDArray[np.float64]], tuple[Tag, ...]]
"""(kind, points, spreads) → words to show while drawing."""
Take = Callable[[str, NDArray[np.float64], NDArray[np.float64]], bool]
"""(kind, points (n, 3), spreads (n, 2)) → whether it was taken; where not, drawing goes on."""


class MeasureHand(QObject, Hand):
    """Collects points of one kind of measurement after another until it is taken off.

    A click sets a point, dragging still turns the city. Alt draws to nothing.
    """

    keys = KEYS

    def __init__(
        self,
        kind: str,
        canvas: Canvas,
        tags: Tags,
        take: Take,
    ) -> None:
        super().__init__()
        assert canvas.scene is not None
        scene, ratio = canvas.scene, canvas.devicePixelRatioF()
        self._canvas = canvas
        self.kind = kind
        self._scene, self._ratio, self._tags, self._take = scene, ratio, tags, take
        self._snapper = Snapper(scene)
        self._preview = Preview(scene)
        self._preview.marks.ratio = ratio
        self._snaps: list[Snap] = []
        self._cursor: tuple[float, float] | None = None
        self._snap: Snap | None = None
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.setInterval(5)
        self._later.timeout.connect(self._follow)

    # -- what the hand does -----------------------------------------------------------------

    def move(self, x: float, y: float, *, dragging: bool) -> bool:
        self._cursor = (x, y)
        if not self._later.isActive():
            self._later.start()
        return False

    def clicked(self, x: float, y: float) -> None:
        """Set a point at a pixel."""
        snap = self._snap_at(x, y)
        if snap is None or (self._snaps and self._snaps[-1].where == snap.where):
            return
        self._snaps.append(snap)
        if len(self._snaps) == MOST.get(self.kind):
            self.finish()
        else:
            self._show(snap)

    def double(self, x: float, y: float) -> bool:
        self.finish()
        return True

    def key(self, event: QKeyEvent) -> bool:
        if event.key() == Qt.Key.Key_Escape:
            if self._snaps:
                self._snaps.clear()
                self._show(self._snap)
            else:
                self._canvas.set_hand(None)
            return True
        if event.key() == Qt.Key.Key_Backspace:
            del self._snaps[-1:]
            self._show(self._snap)
            return True
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.finish()
            return True
        return False

    def finish(self) -> None:
        """End this measurement, where it has enough points; the next click begins another."""
        if len(self._snaps) < LEAST[self.kind]:
            return
        kept = list(self._snaps)
        self._snaps.clear()
        self._preview.marks.clear()
        if not self._take(self.kind, *self._arrays(kept)):
            self._snaps = kept
            self._show(self._snap)

    def left(self) -> None:
        self._later.stop()
        self._preview.close()

    # -- what is seen -----------------------------------------------------------------------

    def _snap_at(self, x: float, y: float) -> Snap | None:
        alt = QGuiApplication.keyboardModifiers() & Qt.KeyboardModifier.AltModifier
        return self._snapper.at(x, y, ratio=self._ratio, free=bool(alt))

    def _follow(self) -> None:
        if self._cursor is None or self._scene.moving or self._scene.city is None:
            return
        self._snap = self._snap_at(*self._cursor)
        self._show(self._snap)

    @staticmethod
    def _arrays(snaps: list[Snap]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        points = np.array([s.where for s in snaps], float).reshape(-1, 3)
        return points, np.array([s.spread for s in snaps], float).reshape(-1, 2)

    def _show(self, snap: Snap | None) -> None:
        marks = self._preview.marks
        coming = [*self._snaps, snap] if snap is not None and self._snaps else list(self._snaps)
        points, spreads = self._arrays(coming)
        marks.remove("line")
        if len(points):
            closed = self.kind == "area" and len(points) > 2
            tags = self._tags(self.kind, points, spreads)
            marks.put("line", Mark(line=points, closed=closed, dots=points[:-1], tags=tags))
        marks.remove("snap")
        if snap is not None:
            shape, size = SNAP_SHAPES[snap.kind], SNAP_SIZES[snap.kind]
            marks.put("snap", Mark(dots=np.array([snap.where]), shape=shape, size=size))
        self._preview.draw()
