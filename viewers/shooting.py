"""A picture of the window's own view, of any size: drawn part by part here, written by a worker."""

from __future__ import annotations

import queue
from collections.abc import Iterator
from pathlib import Path

from PySide6.QtCore import QObject, Qt, QTimer
from PySide6.QtWidgets import QProgressDialog, QWidget

from layers.errors import Cancelled
from layers.progress import Progress
from viewers.i18n import mark, tr
from viewers.picture import Furniture, Pixels, write_picture
from viewers.scene.scene import Scene
from viewers.scene.tiles import bands, window_size
from viewers.tasks import Tasks

LABEL = mark("Saving the picture")
SMALLEST = (640, 360)
"""A view smaller than this is made larger to draw in, or there would be too many parts."""
WAIT_S = 0.2


class Shooting(QObject):
    """One picture on its way. The window takes no other input meanwhile but the stop.

    Parameters
    ----------
    scene
        What is drawn, from where its camera stands.
    """

    def __init__(
        self,
        scene: Scene,
        tasks: Tasks,
        path: Path,
        size: tuple[int, int],
        furniture: Furniture,
        *,
        title: str = "",
        parent: QWidget,
    ) -> None:
        super().__init__(parent)
        self._scene, self._tasks = scene, tasks
        own: tuple[int, int] = tuple(scene.window.GetSize())
        small = own[0] < SMALLEST[0] or own[1] < SMALLEST[1]
        self._bands = bands(scene, size, window_size(size) if small else own)
        self._ready: queue.Queue[Pixels] = queue.Queue(maxsize=1)
        self._next: Pixels | None = None
        self._left = size[1]
        self._over = False
        self._dialog = QProgressDialog(tr(LABEL), tr("Stop"), 0, 100, parent)
        self._dialog.setWindowTitle("Dothi")
        self._dialog.setWindowModality(Qt.WindowModality.WindowModal)
        self._dialog.setMinimumDuration(600)
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._step)

        def work(progress: Progress) -> None:
            write_picture(path, self._taken(progress), size, furniture, title=title)

        self._task = tasks.run(LABEL, work, done=self._end, failed=self._fail, stopped=self._end)
        self._dialog.canceled.connect(lambda: tasks.cancel(self._task))
        tasks.closed.connect(self._end)
        self._timer.start(0)

    def _taken(self, progress: Progress) -> Iterator[Pixels]:
        """In the worker: rows as they come."""
        while self._left > 0:
            if progress.cancelled or self._over:
                raise Cancelled()
            try:
                rows = self._ready.get(timeout=WAIT_S)
            except queue.Empty:
                continue
            self._left -= len(rows)
            yield rows

    def _step(self) -> None:
        """Draw one part, unless the worker has still to take the last row of them."""
        if self._next is not None:
            try:
                self._ready.put_nowait(self._next)
            except queue.Full:
                self._timer.setInterval(20)
                return
            self._next = None
            self._timer.setInterval(0)
        if self._task.progress.cancelled or self._over:
            self._timer.stop()
            return
        self._scene.window.SetSwapBuffers(False)
        try:
            done, self._next = next(self._bands, (1.0, None))
        finally:
            self._scene.window.SetSwapBuffers(True)
        self._task.fraction = done
        self._dialog.setValue(round(done * 99))
        if done >= 1.0 and self._next is None:
            self._timer.stop()

    def _fail(self, error: BaseException) -> None:
        self._end()
        self._tasks.failed.emit(self._task, error)

    def _end(self, _result: object = None) -> None:
        if self._over:
            return
        self._over = True
        self._timer.stop()
        self._bands.close()
        self._dialog.reset()
        self._dialog.deleteLater()
        if not self._tasks.is_closed and self._scene.city is not None:
            self._scene.set_still(cast=False)
        self.deleteLater()
