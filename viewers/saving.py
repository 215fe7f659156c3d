"""Saving and leaving: written by a worker while the window lives on; edits made meanwhile wait."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QFileDialog

from layers.errors import Cancelled, CityError
from layers.progress import Progress
from viewers.dialogs.ask import SaveQuestion
from viewers.drafts import remove_draft
from viewers.i18n import mark, tr
from viewers.session import Session
from viewers.settings import Settings
from viewers.tasks import Tasks
from viewers.window import Window

WAIT_MS = 4000


class Saving(QObject):
    """Saves what is open, asks before a draft is left, closes what is open."""

    failed = Signal(object, str)  # exception, name of what failed
    saved = Signal()

    def __init__(self, window: Window, session: Session, tasks: Tasks, settings: Settings) -> None:
        super().__init__(window)
        self._window, self._session = window, session
        self._tasks, self._settings = tasks, settings

    def save(self) -> bool:
        """Save where the project lies; a draft asks where to."""
        project = self._session.project
        if project is None or self._session.held:
            return False
        if self._session.draft or project.read_only:
            return self.save_as()
        done = self._write(project.save)
        if done:
            self.saved.emit()
        return done

    def save_as(self) -> bool:
        """Ask where to, save there, go on there."""
        project = self._session.project
        if project is None or self._session.held:
            return False
        start = Path(self._settings.folder) / f"{project.path.stem}.gpkg"
        name, _ = QFileDialog.getSaveFileName(
            self._window, tr("Save as"), str(start), project_filter()
        )
        if not name:
            return False
        path = Path(name)
        path = path if path.suffix.lower() == ".gpkg" else path.with_name(f"{path.name}.gpkg")
        self._settings.folder = str(path.parent)
        return self.save_to(path)

    def save_to(self, path: Path) -> bool:
        """Save at `path` and go on there; False where it could not be written."""
        project = self._session.project
        if project is None or self._session.held:
            return False
        before = project.path
        if not self._write(lambda progress: project.save_as(path, progress)):
            return False
        self._session.draft = False
        if before != project.path:
            remove_draft(before)
        self._settings.add_recent(project.path)
        self.saved.emit()
        return True

    def _write(self, write: Callable[[Progress], None]) -> bool:
        try:
            self.exclusively(mark("Saving the city"), write)
        except Cancelled:
            return False  # stopped, or the window was closed: nothing was written
        except CityError as error:
            self.failed.emit(error, "")
            return False
        return True

    def exclusively(self, label: str, work: Callable[[Progress], Any]) -> Any:
        """Let a worker write the project; come back when it is done, with the result of `work`.

        The window lives on; edits wait until then. Raises what `work` raised: `Cancelled` where a
        stop was asked for and `work` heard it in time.
        """
        self._session.hold()
        try:
            return self._tasks.wait(label, work)
        finally:
            self._session.release()

    def may_leave(self) -> bool:
        """Whether what is open may be left: a draft is asked about, the rest is safe already."""
        city = self._session.city
        if self._session.held:
            self._window.status.showMessage(tr("The city is being written: one moment"), WAIT_MS)
            return False
        if city is None or not self._session.draft:
            return True
        question = SaveQuestion(city.name, self._window)
        question.exec()
        question.deleteLater()
        if question.answer == "save":
            return self.save_as()
        return question.answer == "discard"

    def leave(self) -> None:
        """Close what is open; a draft that was not saved goes."""
        project, draft = self._session.project, self._session.draft
        if project is not None:
            path = project.path
            self._session.open(None)
            if draft:
                remove_draft(path)


def project_filter() -> str:
    """For file dialogs."""
    return f"{tr('Dothi project')} (*.gpkg)"
