"""Layers whose files moved, changed or are gone: located again, or given up."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QFileDialog

from layers.errors import Cancelled, CityError, ReadError
from layers.notices import Notice
from layers.progress import Progress
from twin.project.store import Project
from viewers.dialogs.ask import Confirm
from viewers.i18n import mark, tr
from viewers.saving import Saving
from viewers.session import Session
from viewers.settings import Settings
from viewers.window import Window

CODES = frozenset({"source-moved", "source-changed", "source-read-otherwise", "model-missing"})
"""Notices of a project that locating a file settles."""


class Finding(QObject):
    """Asks for files, and lets the project read them."""

    failed = Signal(object, str)  # exception, name of what failed
    found = Signal()

    def __init__(
        self, window: Window, session: Session, saving: Saving, settings: Settings
    ) -> None:
        super().__init__(window)
        self._window, self._session = window, session
        self._saving, self._settings = saving, settings

    def ask_file(self, layer_id: str) -> None:
        """Let the file of a layer be chosen, and read it."""
        project = self._session.project
        if project is None or self._session.held:
            return
        name = name_of(project, layer_id)
        was = path_of(project, layer_id)
        start = was.parent if was is not None and was.parent.is_dir() else self._settings.folder
        same_kind = f"*{was.suffix}" if was is not None and was.suffix else "*"
        chosen, _ = QFileDialog.getOpenFileName(
            self._window,
            tr("Where is the file of “{name}”?", name=name),
            str(start),
            f"{was.name if was is not None else tr('Files')} ({same_kind});;{tr('All files')} (*)",
        )
        if chosen:
            self._settings.folder = str(Path(chosen).parent)
            self.locate(layer_id, Path(chosen))

    def locate(self, layer_id: str, path: Path, *, accept_changed: bool = False) -> bool:
        """Read the layer from `path`; another file than it was is asked about.

        Files that others miss and that lie in the same folder under their old names are taken too.
        """
        project = self._session.project
        if project is None or self._session.held:
            return False

        def work(progress: Progress) -> None:
            project.relocate(
                layer_id, path, accept_changed=accept_changed, progress=progress.part(0.0, 0.6)
            )
            relocate_beside(project, path.parent, progress.part(0.6, 1.0))

        try:
            self._saving.exclusively(mark("Looking into files"), work)
        except Cancelled:
            self.found.emit()  # what was read until then is there
            return False
        except ReadError as error:
            if error.code == "source-differs" and self._may_differ(project, layer_id, path):
                return self.locate(layer_id, path, accept_changed=True)
            if error.code != "source-differs":
                self.failed.emit(error, path.name)
            return False
        except CityError as error:
            self.failed.emit(error, path.name)
            return False
        self.found.emit()
        return True

    def _may_differ(self, project: Project, layer_id: str, path: Path) -> bool:
        question = Confirm(
            tr("Take another file?"),
            tr(
                "{file} is not the file that “{layer}” was read from. It can take its place: "
                "the layer is then read anew, and edits of what it no longer holds are left out.",
                file=path.name,
                layer=name_of(project, layer_id),
            ),
            tr("Take it"),
            self._window,
        )
        taken = bool(question.exec())
        question.deleteLater()
        return taken

    def ask_give_up(self, layer_id: str) -> None:
        """Take a layer that is not found out of the project, once that was confirmed."""
        project = self._session.project
        if project is None or self._session.held:
            return
        question = Confirm(
            tr("Give up “{name}”?", name=name_of(project, layer_id)),
            tr(
                "The layer and the edits made in it leave the project for good. "
                "This cannot be undone."
            ),
            tr("Give up"),
            self._window,
        )
        sure = bool(question.exec())
        question.deleteLater()
        if sure:
            self.give_up(layer_id)

    def give_up(self, layer_id: str) -> bool:
        """Take a layer that is not found out of the project for good."""
        project = self._session.project
        if project is None or self._session.held:
            return False
        try:
            self._saving.exclusively(
                mark("Saving the city"), lambda progress: project.give_up(layer_id, progress)
            )
        except Cancelled:
            return False
        except CityError as error:
            self.failed.emit(error, name_of(project, layer_id))
            return False
        self.found.emit()
        return True


def relocate_beside(project: Project, folder: Path, progress: Progress) -> None:
    """Take files of other layers that are missed, too, from `folder`, where they are the same."""
    for layer_id in lost(project.notices, project):
        was = path_of(project, layer_id)
        if was is None or was.exists() or not (folder / was.name).is_file():
            continue
        try:
            project.relocate(layer_id, folder / was.name, progress=progress)
        except ReadError:
            continue  # another file of this name: its notice stays, and asks


def lost(notices: Iterable[Notice], project: Project) -> list[str]:
    """Ids of layers whose file can be located: absent ones, and those a notice tells of."""
    known = set(project.city.layers)
    told = [one.source for one in notices if one.code in CODES and one.source in known]
    return list(dict.fromkeys([*(one.id for one in project.absent), *told]))


def name_of(project: Project, layer_id: str) -> str:
    """What people call the layer, absent or not."""
    layer = project.city.layers.get(layer_id)
    if layer is not None:
        return layer.name
    return next((one.name for one in project.absent if one.id == layer_id), layer_id)


def path_of(project: Project, layer_id: str) -> Path | None:
    """Where the layer's file was; None where none is known."""
    layer = project.city.layers.get(layer_id)
    if layer is not None:
        return Path(layer.source.path) if layer.source is not None else None
    content = next((one.content for one in project.absent if one.id == layer_id), "")
    file = project.source_files().get(content)
    return project.path.parent / file.path if file is not None else None
