"""From files to an open city: look into them, ask, build in a task, keep as a draft; save and leave."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QDialog, QFileDialog

from layers.errors import CityError
from layers.health.records import Assessment
from layers.kinds.layer import Layer
from layers.notices import Notice
from layers.progress import Progress
from layers.readers.registry import all_readers, preview
from twin.city import City
from twin.edits.registry import AddLayer
from twin.project.store import Project
from viewers.dialogs.ask import SaveQuestion
from viewers.dialogs.import_dialog import ImportDialog, ImportRequest
from viewers.drafts import is_draft, new_draft, remove_draft
from viewers.i18n import mark, tr
from viewers.session import Session
from viewers.settings import Settings
from viewers.tasks import Tasks
from viewers.window import Window

if TYPE_CHECKING:
    from twin.build import BuildResult

FILES_MAX = 200
OPENING = "opening"
"""One city is opened at a time; a newer wish replaces an older."""
HEALTH = "health"


class Opening(QObject):
    """Opens, adds, saves and leaves; everything slow in tasks, everything asked in dialogs."""

    told = Signal(object)  # tuple[Notice, ...]
    failed = Signal(object, str)  # exception, name of what failed
    saved = Signal()

    def __init__(self, window: Window, session: Session, tasks: Tasks, settings: Settings) -> None:
        super().__init__(window)
        self._window, self._session = window, session
        self._tasks, self._settings = tasks, settings
        self.dialog: ImportDialog | None = None

    # -- projects ---------------------------------------------------------------------------

    def ask_project(self) -> None:
        """Let a project be chosen, and open it."""
        name, _ = QFileDialog.getOpenFileName(
            self._window, tr("Open project"), self._settings.folder, _filter()
        )
        if name:
            self._settings.folder = str(Path(name).parent)
            self.open_project(Path(name))

    def open_project(self, path: Path) -> None:
        """Open `path` once what is open now may be left; a failure leaves that open."""
        if not self.may_leave():
            return
        self._run_opening(
            mark("Opening the project"),
            path,
            lambda progress: Project.open(path, progress=progress),
        )

    def open_demo(self) -> None:
        """Build the demo where it does not stand yet, and open it."""
        if not self.may_leave():
            return

        def work(progress: Progress) -> Project:
            from twin.demo.project import demo_city

            path = demo_city(progress=progress.part(0.0, 0.9))
            return Project.open(path, progress=progress.part(0.9, 1.0))

        self._run_opening(mark("Building the demo"), Path("demo"), work)

    def _run_opening(self, label: str, path: Path, work: Callable[[Progress], Project]) -> None:
        self._tasks.run(
            label,
            work,
            key=OPENING,
            done=self._take_project,
            failed=lambda error: self.failed.emit(error, path.name),
        )

    def _take_project(self, project: Project) -> None:
        draft = is_draft(project.path)
        self.leave()
        self._session.open(project, draft=draft)
        if not draft:
            self._settings.add_recent(project.path)
        self.told.emit(tuple(project.notices))
        self.check_health()

    # -- files ------------------------------------------------------------------------------

    def ask_files(self) -> None:
        """Let files be chosen, and look into them."""
        suffixes = sorted({f"*{s}" for spec in all_readers() for s in spec.suffixes})
        names, _ = QFileDialog.getOpenFileNames(
            self._window,
            tr("Open files"),
            self._settings.folder,
            f"{tr('Known files')} ({' '.join(suffixes)});;{tr('All files')} (*)",
        )
        if names:
            self._settings.folder = str(Path(names[0]).parent)
            self.open_files([Path(name) for name in names])

    def open_files(self, paths: Sequence[Path]) -> None:
        """Open a project, or show what files and folders hold and ask how to build them."""
        if len(paths) == 1 and is_project(paths[0]):
            self.open_project(paths[0])
            return
        found = list(islice(known_files(paths), FILES_MAX))
        if not found:
            error = CityError(
                "There is no file in it that can be read",
                hint="Maps, LiDAR, rasters, CityJSON and OpenStreetMap files can be opened.",
                code="nothing-to-read",
            )
            self.failed.emit(error, paths[0].name if paths else "")
            return
        city = self._session.city
        dialog = ImportDialog(
            found, project_crs=city.frame.crs if city is not None else "", parent=self._window
        )
        self.dialog = dialog
        for path in found:
            self._look_into(path, dialog)
        dialog.finished.connect(lambda result: self._answered(dialog, result))
        dialog.open()

    def _look_into(self, path: Path, dialog: ImportDialog) -> None:
        self._tasks.run(
            mark("Looking into files"),
            lambda _: preview(path),
            quiet=True,
            done=lambda found: self._if_open(dialog, lambda: dialog.show_previews(path, found)),
            failed=lambda error: self._if_open(dialog, lambda: dialog.show_failure(path, error)),
        )

    def _if_open(self, dialog: ImportDialog, show: Callable[[], None]) -> None:
        if self.dialog is dialog:
            show()

    def _answered(self, dialog: ImportDialog, result: int) -> None:
        self.dialog = None
        if result == QDialog.DialogCode.Accepted:
            self._build(dialog.request())
        dialog.deleteLater()

    def _build(self, request: ImportRequest) -> None:
        city = self._session.city
        if city is not None:
            self._add(city, request)
            return

        def work(progress: Progress) -> tuple[Project, BuildResult]:
            from twin.build import city_from_files  # heavy: geometry, rasters, point clouds

            result = city_from_files(
                request.sources,
                name=request.name,
                crs=request.crs,
                progress=progress.part(0.0, 0.9),
            )
            return _as_draft(result), result

        self._tasks.run(
            mark("Building the city"),
            work,
            key=OPENING,
            done=self._take_built,
            failed=lambda error: self.failed.emit(error, request.name),
        )

    def _take_built(self, built: tuple[Project, BuildResult]) -> None:
        project, result = built
        self.leave()
        self._session.open(project, draft=True)
        self.told.emit(result.notices)
        self.check_health()

    def _add(self, city: City, request: ImportRequest) -> None:
        def work(progress: Progress) -> tuple[list[Layer], list[Notice]]:
            from twin.build import add_files

            return add_files(city, request.sources, progress=progress)

        self._tasks.run(
            mark("Adding files"),
            work,
            done=self._take_layers,
            failed=lambda error: self.failed.emit(error, request.name),
        )

    def _take_layers(self, added: tuple[list[Layer], list[Notice]]) -> None:
        layers, notices = added
        for layer in layers:
            self._session.do(AddLayer(layer=layer))
        self.told.emit(tuple(notices))
        self.check_health()

    # -- saving and leaving -----------------------------------------------------------------

    def save(self) -> bool:
        """Save where the project lies; a draft asks where to."""
        project = self._session.project
        if project is None:
            return False
        if self._session.draft or project.read_only:
            return self.save_as()
        return self._write(project.save)

    def save_as(self) -> bool:
        """Ask where to, save there, go on there."""
        project = self._session.project
        if project is None:
            return False
        start = Path(self._settings.folder) / f"{project.path.stem}.gpkg"
        name, _ = QFileDialog.getSaveFileName(self._window, tr("Save as"), str(start), _filter())
        if not name:
            return False
        path = Path(name)
        path = path if path.suffix.lower() == ".gpkg" else path.with_name(f"{path.name}.gpkg")
        self._settings.folder = str(path.parent)
        return self.save_to(path)

    def save_to(self, path: Path) -> bool:
        """Save at `path` and go on there; False where it could not be written."""
        project = self._session.project
        if project is None:
            return False
        before = project.path
        if not self._write(lambda: project.save_as(path)):
            return False
        self._session.draft = False
        if before != project.path:
            remove_draft(before)
        self._settings.add_recent(project.path)
        self.saved.emit()
        return True

    def _write(self, write: Callable[[], None]) -> bool:
        try:
            write()
        except CityError as error:
            self.failed.emit(error, "")
            return False
        self.saved.emit()
        return True

    def may_leave(self) -> bool:
        """Whether what is open may be left: a draft is asked about, the rest is safe already."""
        city = self._session.city
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
        self._tasks.cancel_key(HEALTH)
        if project is not None:
            path = project.path
            self._session.open(None)
            if draft:
                remove_draft(path)

    # -- health -----------------------------------------------------------------------------

    def check_health(self) -> None:
        """Assess all layers in a task; a newer question replaces an older."""
        city = self._session.city
        if city is None or not city.layers:
            self._session.show_health({})
            return
        layers: Mapping[str, Any] = {
            layer_id: city.standing(layer_id) if layer.kind == "buildings" else layer
            for layer_id, layer in city.layers.items()
        }

        def work(progress: Progress) -> Mapping[str, Assessment]:
            from layers.health.assess import assess_city

            return assess_city(layers, progress)

        self._tasks.run(
            mark("Checking data health"),
            work,
            key=HEALTH,
            done=self._session.show_health,
            failed=lambda error: self.failed.emit(error, tr("Data health")),
        )
        self._session.health_changed.emit()


def _as_draft(result: BuildResult) -> Project:
    path = new_draft(result.city.name)
    try:
        return Project.create(path, result.city, view={"hidden": sorted(result.hidden)})
    except BaseException:
        remove_draft(path)
        raise


def known_files(paths: Iterable[Path]) -> Iterable[Path]:
    """Files a reader knows: those given, and those in given folders, in order of their names."""
    suffixes = tuple(s for spec in all_readers() for s in spec.suffixes)
    for path in paths:
        if path.is_dir():
            inside = (p for p in sorted(path.rglob("*")) if p.name.lower().endswith(suffixes))
            yield from (p for p in inside if p.is_file())
        else:
            yield path


def is_project(path: Path) -> bool:
    """Whether the file is a project of ours: a GeoPackage with our tables."""
    import sqlite3
    from contextlib import closing

    if path.suffix.lower() != ".gpkg" or not path.is_file():
        return False
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as database:
            found = database.execute(
                "SELECT count(*) FROM sqlite_master WHERE name LIKE 'dothi\\_%' ESCAPE '\\'"
            ).fetchone()
    except sqlite3.Error:
        return False
    return bool(found and found[0])


def _filter() -> str:
    return f"{tr('Dothi project')} (*.gpkg)"
