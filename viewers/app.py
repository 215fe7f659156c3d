"""The composition root: makes the objects, joins them, closes them in order."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterable
from pathlib import Path

from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QApplication

from layers.errors import CityError
from layers.memory import live_long
from layers.notices import Notice
from twin.document import Change
from viewers.additions import sweep_additions
from viewers.arranging import Arranging
from viewers.bridge import Bridge
from viewers.commands import Commands
from viewers.drafts import left_drafts, remove_draft, thumbnail_of
from viewers.finding import Finding, lost
from viewers.i18n import forget_translator, set_language
from viewers.opening import HEALTH, Opening
from viewers.preparing import Preparing
from viewers.saved_view import pose_from
from viewers.saving import Saving
from viewers.session import Session
from viewers.settings import Settings
from viewers.stage_view import StageView
from viewers.tasks import Task, Tasks
from viewers.theme import apply_theme
from viewers.thumbnail import Thumbnail
from viewers.tidying import Tidying
from viewers.tools import registry
from viewers.tools.tool import Desk
from viewers.view_state import CameraPose, Picked
from viewers.warming import Warming
from viewers.window import Window

log = logging.getLogger(__name__)
REDRAW_MS = 60


class App(QObject):
    """Everything that makes the window, joined in one place.

    Parameters
    ----------
    settings
        Preferences; a file of their own in tests.
    """

    def __init__(self, settings: Settings | None = None) -> None:
        self.qt = application()
        super().__init__()
        self.settings = settings or Settings()
        set_language(self.settings.language)
        apply_theme(self.settings.theme)
        self.tidying = Tidying(self)
        self.tasks = Tasks(self)
        self.bridge = Bridge(self)
        self.session = Session(self.bridge, self)
        self.session.look(theme=self.settings.theme)
        self.window = Window(self._may_close, more=registry.table())
        self.stage = StageView(self.tasks, self)
        self.session.camera_now = self.stage.pose
        self.stage.set_memory(self.settings.memory_mb * 2**20)
        self.window.set_canvas(self.stage.canvas)
        self.thumbnail = Thumbnail(lambda: self.stage.scene, self.tasks, self)
        parts = (self.window, self.session)
        self.saving = Saving(*parts, self.tasks, self.settings)
        self.arranging = Arranging(self.session, self.tasks, self)
        self.opening = Opening(*parts, self.tasks, self.settings, self.saving)
        self.finding = Finding(*parts, self.saving, self.settings)
        self.commands = Commands(*parts, self.opening, self.saving, self.settings, self.stage)
        desk = Desk(
            window=self.window, session=self.session, stage=self.stage, tasks=self.tasks,
            settings=self.settings,
        )  # fmt: skip
        self.tools = [one(desk) for one in registry.classes()]
        self.commands.tools = {
            spec.id: tool for tool in self.tools for spec in tool.ACTIONS if spec is not None
        }
        self.preparing = Preparing(self.session, self.tasks, self)
        self.warming = Warming(self)
        sweep_additions()
        self._closed = False
        self._redraw = QTimer(self)
        self._redraw.setSingleShot(True)
        self._redraw.setInterval(REDRAW_MS)
        self._redraw.timeout.connect(self._show_stage)
        self._join_panels()
        self._join_models()
        self._show_opened()
        kept = self.settings.geometry()
        if kept is not None:
            self.window.restore(*kept)

    # -- joining ----------------------------------------------------------------------------

    def _join_panels(self) -> None:
        window, session, commands = self.window, self.session, self.commands
        window.asked.connect(self._run_command)
        window.dropped.connect(self.opening.open_files)
        window.closed.connect(self.close)
        layers = window.layers
        layers.asked.connect(session.do)
        layers.visibility_asked.connect(lambda name, on: self._set_visible((name,), on))
        layers.group_visibility_asked.connect(self._set_visible)
        layers.zoom_asked.connect(commands.zoom_to_layer)
        layers.style_asked.connect(commands.style_layer)
        layers.remove_asked.connect(commands.remove_layer)
        layers.properties_asked.connect(commands.show_properties)
        layers.open_asked.connect(self.opening.ask_files)
        layers.selected.connect(self._choose_layer)
        for panel in (layers, window.notices):
            panel.locate_asked.connect(self.finding.ask_file)
            panel.give_up_asked.connect(self.finding.ask_give_up)
        window.inspector.asked.connect(session.do)
        window.notices.fly_asked.connect(commands.fly_to_place)
        window.health.fly_asked.connect(commands.fly_to_place)
        window.health.assess_asked.connect(self.opening.check_health)
        window.bookmarks.fly_asked.connect(commands.fly_to)
        window.bookmarks.add_asked.connect(commands.add_bookmark)
        window.bookmarks.rename_asked.connect(commands.rename_bookmark)
        window.bookmarks.remove_asked.connect(commands.remove_bookmark)
        window.sun.time_asked.connect(lambda when: session.look(sun_time=when))
        window.sun.shadows_asked.connect(lambda on: session.look(shadows=on))
        window.status.cancel_asked.connect(self.tasks.cancel)
        welcome = window.welcome
        welcome.demo_asked.connect(self.opening.open_demo)
        welcome.files_asked.connect(self.opening.ask_files)
        welcome.project_asked.connect(self.opening.ask_project)
        welcome.recent_asked.connect(self.opening.open_project)

    def _join_models(self) -> None:
        session, stage = self.session, self.stage
        session.opened.connect(self.thumbnail.close)  # another city is on screen
        session.opened.connect(self._show_opened)
        session.city_changed.connect(self._show_change)
        session.view_changed.connect(self._show_view)
        session.bookmarks_changed.connect(self._show_bookmarks)
        session.health_changed.connect(self._show_health)
        session.failed.connect(self._tell_error)
        stage.canvas.picked.connect(self._select)
        stage.place_changed.connect(self.window.status.show_place)
        stage.speed_changed.connect(self.window.status.show_speed)
        stage.legends_changed.connect(lambda: self.window.legend.show_legends(stage.legends()))
        stage.walking_changed.connect(self._show_walking)
        self.tasks.changed.connect(lambda: self.window.status.show_tasks(self.tasks.running))
        self.tasks.failed.connect(self._tell_task)
        self.arranging.arranged.connect(self._show_stage)
        self.opening.told.connect(self._tell_notices)
        self.opening.failed.connect(self._tell_error)
        self.saving.failed.connect(self._tell_error)
        self.saving.saved.connect(self._saved)
        self.finding.failed.connect(self._tell_error)
        self.finding.found.connect(self._show_found)

    # -- opening from outside ---------------------------------------------------------------

    def open_project(self, path: Path) -> None:
        """Open a project; what goes wrong is told in the window."""
        self.opening.open_project(path)

    def open_files(self, paths: list[Path]) -> None:
        """Open files of any kind: asks how to build them."""
        self.opening.open_files(paths)

    def new_project(self) -> None:
        """Back to the welcome page."""
        self.commands.new_project()

    def show(self) -> None:
        """Show the window."""
        self.window.show()

    # -- showing ----------------------------------------------------------------------------

    def _show_opened(self) -> None:
        city, project = self.session.city, self.session.project
        if city is None or project is None:
            drafts = [path for path in left_drafts() if project is None or path != project.path]
            paths = [*drafts, *self.settings.recent]
            self.window.welcome.show_recent([(path, thumbnail_of(path)) for path in paths])
            self.window.show_welcome()
        else:
            self.window.show_city()
            self.stage.canvas.tile_folder = project.tile_folder
            self.stage.open(city, self.session.view, pose_from(project.view.get("camera")))
        self.window.show_recent(self.settings.recent, self.opening.open_project)
        self._show_lost()
        self._show_city()
        self._show_bookmarks()
        self._show_health()

    def _show_change(self, _change: Change) -> None:
        self._show_city()
        self._show_stage()

    def _show_city(self) -> None:
        self._show_layers()
        self._show_selected()
        self._show_quality()
        self._show_state()

    def _show_layers(self) -> None:
        session, project = self.session, self.session.project
        absent = project.absent if project is not None else ()
        self.window.layers.show_city(session.city, session.view.hidden, session.grades(), absent)

    def _show_found(self) -> None:
        """A file was located, or its layer given up: what was told of it is settled."""
        project = self.session.project
        if project is not None:
            self.window.notices.settle(project.notices)
            self._show_lost()
            self._show_city()
            self.opening.check_health()

    def _show_lost(self) -> None:
        project = self.session.project
        found = lost(project.notices, project) if project is not None else []
        absent = {one.id for one in project.absent} if project is not None else set()
        self.window.notices.show_lost(found, absent)

    def _show_state(self) -> None:
        session, document = self.session, self.session.document
        undo = document.undo_label if document is not None else None
        redo = document.redo_label if document is not None else None
        met = {
            "city": session.city is not None,
            "undo": undo is not None,
            "redo": redo is not None,
            "selection": session.view.selected is not None,
            "layer": bool(self.window.layers.current()),
        }
        true = frozenset(name for name, is_met in met.items() if is_met)
        self.window.show_state(true, undo, redo)
        name = session.city.name if session.city is not None else ""
        self.window.show_title(name, saved=not session.draft)

    def _show_selected(self) -> None:
        selected = self.session.view.selected
        grade = self.session.grades().get(selected.layer, "") if selected is not None else ""
        if not self.window.inspector.show_many(self.session.city, self.session.view.chosen):
            self.window.inspector.show_picked(self.session.city, selected, grade)

    def _show_view(self) -> None:
        self._show_layers()
        self._show_selected()
        self._show_quality()
        self._show_state()
        self._redraw.start()

    def _show_quality(self) -> None:
        view = self.session.view
        for name in ("shadows", "occlusion", "edges"):
            self.window.actions_table[name].setChecked(getattr(view, name))
        self.window.sun.show_view(view, self.stage.sun(view))

    def _show_stage(self) -> None:
        city = self.session.city
        if city is not None and not self._closed:
            self.stage.show(city, self.session.view)

    def _show_bookmarks(self) -> None:
        self.window.bookmarks.show_bookmarks(self.session.bookmarks)

    def _show_health(self) -> None:
        busy = any(task.key == HEALTH for task in self.tasks.running)
        self.window.health.show_health(self.session.city, self.session.assessed, busy=busy)
        self._show_layers()
        self._show_selected()

    def _show_walking(self, walking: bool) -> None:
        self.window.actions_table.show_walking(walking)

    # -- asking -----------------------------------------------------------------------------

    def _run_command(self, action: str) -> None:
        try:
            self.commands.run(action)
        except CityError as error:
            self._tell_error(error)

    def _select(self, picked: Picked | None) -> None:
        self.session.select(picked)
        if picked is not None:
            self.window.layers.choose(picked.layer)

    def _choose_layer(self, layer_id: str) -> None:
        if layer_id:
            self.window.health.choose(layer_id)
        self._show_state()

    def _set_visible(self, ids: Iterable[str], visible: bool) -> None:
        hidden = self.session.view.hidden
        hidden = hidden.difference(ids) if visible else hidden.union(ids)
        self.session.look(hidden=hidden)

    def _tell_notices(self, notices: tuple[Notice, ...]) -> None:
        if notices:
            self.window.notices.tell(*notices)

    def _tell_error(self, error: BaseException, source: str = "") -> None:
        log.debug("Told in the window", exc_info=error)
        self.window.notices.tell_error(error, source)
        self.window.tell_failure(error)
        self._show_city()

    def _tell_task(self, task: Task, error: BaseException) -> None:
        self._tell_error(error, task.label)

    def _saved(self) -> None:
        self._show_state()
        self.window.show_recent(self.settings.recent, self.opening.open_project)
        self._keep_picture()

    # -- closing ----------------------------------------------------------------------------

    def _may_close(self) -> bool:
        return self._closed or self.saving.may_leave()

    def _keep_picture(self) -> None:
        """A picture of the project for the welcome page; not worth failing for."""
        project = self.session.project
        if project is not None and not self.session.draft:
            self.thumbnail.keep(thumbnail_of(project.path))

    def close(self) -> None:
        """Tools off, tasks cancelled and waited for, bridge, canvas; in this order, once."""
        if self._closed:
            return
        self._closed = True
        self._redraw.stop()
        self.thumbnail.close()
        self.warming.close()
        self.stage.canvas.set_hand(None)
        for tool in self.tools:
            tool.end()
        self.stage.canvas.walking = False
        pose = self.stage.pose()
        self.settings.set_geometry(*self.window.state())
        self.tasks.close()
        self.session.release()  # a worker wrote the project until now; edits that waited are done
        self._keep_view(pose)
        draft = self.session.project.path if self.session.draft and self.session.project else None
        self.session.close()
        self.bridge.close()
        if draft is not None:
            remove_draft(draft)
        self.stage.close()
        self.tidying.close()
        self.settings.sync()
        forget_translator()
        self.window.close()
        self.window.deleteLater()

    def _keep_view(self, pose: CameraPose | None) -> None:
        try:
            self.session.save_view(pose)
        except CityError as error:
            log.warning("How the city was looked at could not be kept: %s", error)


def application() -> QApplication:
    """The Qt application; made if there is none."""
    existing = QApplication.instance()
    if isinstance(existing, QApplication):
        return existing
    live_long()
    made = QApplication(sys.argv[:1])
    made.setApplicationName("Dothi")
    made.setOrganizationName("dothi")
    return made
