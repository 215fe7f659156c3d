"""After a large city was opened: its tiles are made ahead, while people look at it already."""

from __future__ import annotations

import os

from PySide6.QtCore import QObject

from twin.pyramids import build_pyramids, unprepared
from viewers.i18n import mark
from viewers.session import Session
from viewers.tasks import Tasks

TILES = "tiles"
WORKERS = max(1, (os.cpu_count() or 2) - 1)
"""Key of the task."""


class Preparing(QObject):
    """Runs one task per opened project; it may be stopped, and goes on the next time."""

    def __init__(self, session: Session, tasks: Tasks, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session, self._tasks = session, tasks
        session.opened.connect(self._begin)

    def _begin(self) -> None:
        project = self._session.project
        if project is None:
            self._tasks.cancel_key(TILES)
            return
        if not project.read_only and unprepared(project):
            # In processes of their own, so that the picture goes on meanwhile.
            self._tasks.run(
                mark("Preparing tiles"),
                lambda progress: build_pyramids(project, workers=WORKERS, progress=progress),
                key=TILES,
                failed=lambda _: None,
            )
