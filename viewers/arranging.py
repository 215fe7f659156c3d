"""Large point clouds are arranged as octrees, once, while people work with what is there already."""

from __future__ import annotations

import logging
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from layers.errors import CityError
from layers.kinds.pointcloud import PointCloudLayer
from layers.progress import Progress
from layers.readers.registry import ReadOptions
from twin.project.point_tiles import LEAST, tiles_of
from twin.project.sources import source_path
from twin.project.store import Project
from viewers.i18n import mark
from viewers.making import make_point_tiles
from viewers.session import Session
from viewers.tasks import Tasks
from viewers.worker import in_process

log = logging.getLogger(__name__)
KEY = "points"
"""One cloud after another: each needs a core and much of the disk."""


def _arrange(
    source: Path, options: ReadOptions, crs: str, folder: Path, progress: Progress
) -> None:
    in_process(make_point_tiles, source, options, crs, folder, progress=progress)


class Arranging(QObject):
    """Watches what is open; tells `arranged` when a cloud can be streamed from now on.

    What it makes can be made again, so a failure is no worse than drawing as before; it is not
    tried twice.
    """

    arranged = Signal()

    def __init__(self, session: Session, tasks: Tasks, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session, self._tasks = session, tasks
        self._tried: set[tuple[Project, str]] = set()
        self._busy = False
        session.opened.connect(self._begin_anew)
        session.city_changed.connect(lambda _: self._next())

    def _begin_anew(self) -> None:
        self._tasks.cancel_key(KEY)
        self._tried.clear()
        self._busy = False
        self._next()

    def _next(self) -> None:
        project, city = self._session.project, self._session.city
        if self._busy or project is None or city is None or project.read_only:
            return
        for layer in city.layers.values():
            if not isinstance(layer, PointCloudLayer) or (project, layer.id) in self._tried:
                continue
            source, folder = source_path(layer), project.tile_folder(layer)
            small = max(layer.count, layer.total) < LEAST
            if small or source is None or folder is None or tiles_of(layer, folder) is not None:
                continue
            options = project.options_of(layer)
            if options is None or options.bounds is not None:
                continue  # a part of a file stays as it was read
            self._tried.add((project, layer.id))
            self._busy = True
            self._tasks.run(
                mark("Arranging points"),
                partial(_arrange, source, options, city.frame.crs, folder),
                key=KEY,
                done=lambda _: self._ended(),
                failed=self._failed,
                stopped=self._stopped,
            )
            return

    def _ended(self) -> None:
        self._busy = False
        self._session.forget_points()
        self.arranged.emit()
        self._next()

    def _failed(self, error: BaseException) -> None:
        log.warning("Points could not be arranged: %s", error)
        self._busy = False
        if not isinstance(error, CityError):
            raise error
        self._next()

    def _stopped(self) -> None:
        self._busy = False
