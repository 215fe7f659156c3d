"""From files to an open city: look into them, ask, build in a process, keep as a draft."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtWidgets import QDialog, QFileDialog

from layers.crs import VIETNAM, transformer
from layers.crs_guess import Candidate
from layers.errors import Cancelled, CityError
from layers.health.records import Assessment
from layers.notices import Notice
from layers.progress import Progress
from layers.readers.registry import SourcePreview, all_readers, preview
from twin.city import City
from twin.project.recognise import is_project
from twin.project.store import Project
from viewers.additions import Addition, new_addition, read_addition, remove_addition
from viewers.dialogs.crs_choices import candidates_of
from viewers.dialogs.crs_field import titled
from viewers.dialogs.import_dialog import ImportDialog, ImportRequest
from viewers.drafts import is_draft, new_draft, remove_draft
from viewers.i18n import mark, prepare, tr
from viewers.making import assess_project, make_addition, make_city, make_demo
from viewers.saving import Saving, project_filter
from viewers.session import Session
from viewers.settings import Settings
from viewers.tasks import Task, Tasks
from viewers.view_state import ViewState
from viewers.window import Window
from viewers.worker import in_process

FILES_MAX = 200
WARM_MS = 1500
OPENING = "opening"
"""One city is opened at a time; a newer wish replaces an older."""
HEALTH = "health"
MANY = 150_000
"""Buildings from which on their health is checked only when asked, in a process of its own."""


class Opening(QObject):
    """Opens and adds; everything slow in tasks, heavy things in processes, everything asked in dialogs."""

    told = Signal(object)  # tuple[Notice, ...]
    failed = Signal(object, str)  # exception, name of what failed

    def __init__(
        self,
        window: Window,
        session: Session,
        tasks: Tasks,
        settings: Settings,
        saving: Saving,
    ) -> None:
        super().__init__(window)
        self._window, self._session = window, session
        self._tasks, self._settings = tasks, settings
        self._saving = saving
        self.dialog: ImportDialog | None = None
        self._looking: list[Task] = []
        self._warm = QTimer(self)
        self._warm.setSingleShot(True)
        self._warm.timeout.connect(self._learn_names)
        self._warm.start(WARM_MS)

    def _learn_names(self) -> None:
        """Names of systems, and sentences of other languages, take a while the first time."""

        def work(_: Progress) -> None:
            prepare()
            for code in VIETNAM:
                titled(code)

        if not self._tasks.is_closed:
            self._tasks.run("", work, quiet=True)

    # -- projects ---------------------------------------------------------------------------

    def ask_project(self) -> None:
        """Let a project be chosen, and open it."""
        name, _ = QFileDialog.getOpenFileName(
            self._window, tr("Open project"), self._settings.folder, project_filter()
        )
        if name:
            self._settings.folder = str(Path(name).parent)
            self.open_project(Path(name))

    def open_project(self, path: Path) -> None:
        """Open `path` once what is open now may be left; a failure leaves that open."""
        if not self._saving.may_leave():
            return
        self._run_opening(
            mark("Opening the project"),
            path,
            lambda progress: ready(Project.open(path, progress=progress)),
        )

    def open_demo(self) -> None:
        """Build the demo where it does not stand yet, and open it."""
        if not self._saving.may_leave():
            return

        def work(progress: Progress) -> Project:
            path = in_process(make_demo, progress=progress.part(0.0, 0.9))
            return ready(Project.open(path, progress=progress.part(0.9, 1.0)))

        self._run_opening(mark("Building the demo"), Path("demo"), work)

    def _run_opening(self, label: str, path: Path, work: Callable[[Progress], Project]) -> None:
        self._tasks.run(
            label,
            work,
            key=OPENING,
            done=self._take_project,
            dropped=Project.close,
            failed=lambda error: self.failed.emit(error, path.name),
        )

    def _take_project(self, project: Project) -> None:
        draft = is_draft(project.path)
        self.leave()
        self._session.open(project, draft=draft)
        if not draft:
            self._settings.add_recent(project.path)
        self.told.emit(tuple(project.notices))
        if buildings_of(project.city) < MANY:
            self.check_health()
        else:
            self._session.show_health({})  # it takes minutes: when it is asked for

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
        self._looking = [self._look_into(path, dialog) for path in found]
        dialog.finished.connect(lambda result: self._answered(dialog, result))
        dialog.open()

    def _look_into(self, path: Path, dialog: ImportDialog) -> Task:
        return self._tasks.run(
            mark("Looking into files"),
            lambda _: _looked(path),
            quiet=True,
            done=lambda found: self._if_open(dialog, lambda: dialog.show_previews(path, *found)),
            failed=lambda error: self._if_open(dialog, lambda: dialog.show_failure(path, error)),
        )

    def _if_open(self, dialog: ImportDialog, show: Callable[[], None]) -> None:
        if self.dialog is dialog:
            show()

    def _answered(self, dialog: ImportDialog, result: int) -> None:
        self.dialog = None
        for task in self._looking:  # nobody waits for them, and others wait behind them
            self._tasks.cancel(task)
        if result == QDialog.DialogCode.Accepted:
            self._build(dialog.request())
        dialog.deleteLater()

    def _build(self, request: ImportRequest) -> None:
        if self._session.project is not None:
            self._add(self._session.project, request)
            return
        path = new_draft(request.name)
        sources, name, crs = request.sources, request.name, request.crs

        def work(progress: Progress) -> tuple[Project, tuple[Notice, ...]]:
            try:
                told = in_process(
                    make_city, sources, name, crs, path, progress=progress.part(0.0, 0.95)
                )
                return ready(Project.open(path, progress=progress.part(0.95, 1.0))), told
            except BaseException:
                remove_draft(path)
                raise

        self._tasks.run(
            mark("Building the city"),
            work,
            key=OPENING,
            done=self._take_built,
            dropped=_drop_built,
            failed=lambda error: self.failed.emit(error, name),
        )

    def _take_built(self, built: tuple[Project, tuple[Notice, ...]]) -> None:
        project, told = built
        self.leave()
        self._session.open(project, draft=True)
        self.told.emit((*told, *project.notices))
        self.check_health()

    def _add(self, project: Project, request: ImportRequest) -> None:
        folder = new_addition()
        path = folder / "added.gpkg"
        sources = request.sources

        def work(progress: Progress) -> Addition:
            try:
                told = in_process(make_addition, project.path, sources, path, progress=progress)
                return read_addition(path, *told)
            finally:
                remove_addition(folder)

        self._tasks.run(
            mark("Adding files"),
            work,
            done=lambda found: self._take_layers(project, found),
            failed=lambda error: self.failed.emit(error, sources[0].path if sources else ""),
        )

    def _take_layers(self, project: Project, found: Addition) -> None:
        """All layers in one step of undo, kept by a worker; hidden ones are hidden first."""
        if project is not self._session.project:
            return  # another city was opened meanwhile
        self._session.look(hidden=self._session.view.hidden | found.hidden)
        try:
            self._saving.exclusively(
                mark("Adding files"), lambda progress: project.do(found.edit, progress)
            )
        except Cancelled:
            return
        except CityError as error:
            self.failed.emit(error, "")
            return
        self.told.emit(found.notices)
        self.check_health()

    def leave(self) -> None:
        """Close what is open, and what is computed about it."""
        self._tasks.cancel_key(HEALTH)
        self._saving.leave()

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

        project = self._session.project

        def work(progress: Progress) -> Mapping[str, Assessment]:
            if project is not None and buildings_of(city) >= MANY:
                found: Mapping[str, Assessment] = in_process(
                    assess_project, project.path, progress=progress
                )
                return found
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


def buildings_of(city: City) -> int:
    """How many buildings a city has."""
    return sum(layer.count for layer in city.layers.values() if layer.kind == "buildings")


def ready(project: Project) -> Project:
    """In a worker: what the window asks first of a city, so that it has not to wait for it then."""
    from viewers.scene.registry import prepare
    from viewers.scene.sun import sun_vector

    prepare(project.city.layers.values(), project.tile_folder)
    frame = project.city.frame
    with contextlib.suppress(CityError):
        transformer(frame.crs, "EPSG:4326").transform(*frame.origin[:2])
        sun_vector(frame.crs, *frame.origin[:2], ViewState().sun_time)
    return project


def _drop_built(built: tuple[Project, tuple[Notice, ...]]) -> None:
    """A city that was built and is not wanted any more."""
    built[0].close()
    remove_draft(built[0].path)


def _looked(
    path: Path,
) -> tuple[Sequence[SourcePreview], list[tuple[Candidate, ...]]]:
    """In a worker: what `path` holds, and the systems that would fit what states none."""
    found = preview(path)
    return found, [candidates_of(one) for one in found]


def known_files(paths: Iterable[Path]) -> Iterable[Path]:
    """Files a reader knows: those given, and those in given folders, in order of their names."""
    suffixes = tuple(s for spec in all_readers() for s in spec.suffixes)
    for path in paths:
        if path.is_dir():
            inside = (p for p in sorted(path.rglob("*")) if p.name.lower().endswith(suffixes))
            yield from (p for p in inside if p.is_file())
        else:
            yield path
