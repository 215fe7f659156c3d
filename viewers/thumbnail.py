"""The small picture of a project for the welcome page."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator
from pathlib import Path

from PySide6.QtCore import QObject, QSize, Qt, QTimer

from viewers.picture import Pixels, image_of, write_image
from viewers.scene.capture import read_in_parts
from viewers.scene.scene import Scene
from viewers.tasks import Tasks

SIZE = QSize(480, 270)
PART = 1_000_000
"""Bytes of the picture that are read between two turns of the window: a few milliseconds."""
REST_MS = 50


class Thumbnail(QObject):
    """Takes the small picture of a project off what is on screen, a part at a time, while the window lives.

    Parameters
    ----------
    scene
        The scene that is looked at now, or None.
    """

    def __init__(
        self, scene: Callable[[], Scene | None], tasks: Tasks, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._scene, self._tasks = scene, tasks
        self._path: Path | None = None
        self._reading: Generator[Pixels | None] | None = None
        self._timer = QTimer(self)
        self._timer.setInterval(REST_MS)
        self._timer.timeout.connect(self._read)

    def keep(self, path: Path) -> None:
        """Write what is on screen to `path` once it stands still."""
        self._path, self._reading = path, None
        self._timer.start()

    def close(self) -> None:
        """Take none any more."""
        self._timer.stop()
        self._reading = None

    def _read(self) -> None:
        scene, path = self._scene(), self._path
        if scene is None or path is None or self._tasks.is_closed:
            self.close()
            return
        if scene.moving or not scene.renders or min(scene.window.GetActualSize()) < 1:
            return
        if self._reading is None:
            self._reading = read_in_parts(scene.window, PART)
        try:
            picture = next(self._reading)
        except StopIteration:  # another frame came in between: again
            self._reading = None
            return
        if picture is not None:
            self.close()
            self._tasks.run("", lambda _: keep_thumbnail(path, picture), quiet=True)


def keep_thumbnail(path: Path, pixels: Pixels) -> None:
    """Write `pixels`, uint8 (height, width, 3), small to `path`; for a worker, not worth failing for."""
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        keep, smooth = Qt.AspectRatioMode.KeepAspectRatioByExpanding, Qt.TransformationMode
        small = image_of(pixels).scaled(SIZE, keep, smooth.SmoothTransformation)
        write_image(small, str(path), "PNG")
