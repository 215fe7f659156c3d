"""What is open: project, document, view, bookmarks, health; one place that says when it changed."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from PySide6.QtCore import QObject, Signal

from layers.errors import CityError
from layers.health.records import Assessment
from layers.kinds.pointcloud import PointCloudLayer
from twin.city import City
from twin.document import Change, Document
from twin.edits.edit import Edit
from twin.project.store import Project
from viewers.bridge import Bridge
from viewers.saved_view import view_from, view_to
from viewers.view_state import Bookmark, CameraPose, Picked, Rows, ViewState

log = logging.getLogger(__name__)
Step = Callable[[Document], None]
ROWS = ("chosen", "hidden_rows", "only_rows")
NOTHING: Mapping[str, Assessment] = MappingProxyType({})


class Session(QObject):
    """Owns the open project and how it is looked at.

    `draft` tells that the file lies among the drafts: it is safe there, but was not saved where
    the user wants it.
    """

    opened = Signal()  # another city, or none
    city_changed = Signal(object)  # Change
    view_changed = Signal()
    bookmarks_changed = Signal()
    health_changed = Signal()
    failed = Signal(object)  # exception of an edit

    def __init__(self, bridge: Bridge, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._bridge = bridge
        bridge.changed.connect(self._follow)
        self.project: Project | None = None
        self.draft = False
        self.view = ViewState()
        self.bookmarks: tuple[Bookmark, ...] = ()
        self.assessed: Mapping[str, Assessment] = NOTHING
        self.camera_now: Callable[[], CameraPose | None] = lambda: None
        self._waiting: list[Step] | None = None

    @property
    def document(self) -> Document | None:
        """The one door for changes; None where nothing is open."""
        return self.project.document if self.project is not None else None

    @property
    def city(self) -> City | None:
        """The city now; None where nothing is open."""
        return self.project.document.city if self.project is not None else None

    def open(self, project: Project | None, *, draft: bool = False) -> None:
        """Put `project` in the place of what was open; that one is closed."""
        if self.project is not None:
            self._leave_view()
            self.project.close()
        self.project, self.draft = project, draft
        self.assessed = NOTHING
        kept = project.view if project is not None else {}
        # What fits every city stays as the user set it: light, quality, theme.
        fresh = replace(
            self.view,
            hidden=frozenset(),
            hidden_rows=Rows(),
            only_rows=Rows(),
            selected=None,
            chosen=Rows(),
        )
        self.view, self.bookmarks = view_from(kept, fresh)
        self._bridge.listen(self.document)
        self.opened.emit()

    def do(self, edit: Edit) -> bool:
        """Ask the document; a refusal is told through `failed`. False while it is `held`, too."""
        return self._attempt(lambda document: document.do(edit))

    def undo(self) -> bool:
        """Take back the last edit."""
        return self._attempt(lambda document: document.undo())

    def redo(self) -> bool:
        """Do again what was taken back."""
        return self._attempt(lambda document: document.redo())

    def _attempt(self, step: Step) -> bool:
        if self._waiting is not None:
            self._waiting.append(step)
            return False
        if self.document is None:
            return False
        try:
            step(self.document)
        except CityError as error:
            self.failed.emit(error)
            return False
        return True

    @property
    def held(self) -> bool:
        """Whether a worker writes the project, so that edits wait."""
        return self._waiting is not None

    def hold(self) -> None:
        """Let edits wait from now on: a worker writes the project."""
        if self._waiting is None:
            self._waiting = []

    def release(self) -> None:
        """Do, in their order, the edits that waited; none is lost."""
        waiting, self._waiting = self._waiting or [], None
        for step in waiting:
            self._attempt(step)

    def look(self, **changes: Any) -> None:
        """Look at the city otherwise: fields of `ViewState`."""
        after = replace(self.view, **changes)
        if after != self.view:
            self.view = after
            self.view_changed.emit()

    def select(self, picked: Picked | None) -> None:
        """Select one thing everywhere; None for nothing at all."""
        self.look(selected=picked, chosen=self.view.chosen if picked is not None else Rows())

    def keep(self, bookmarks: tuple[Bookmark, ...]) -> None:
        """Have these bookmarks from now on."""
        self.bookmarks = bookmarks
        self.bookmarks_changed.emit()

    def show_health(self, assessed: Mapping[str, Assessment]) -> None:
        """Take new assessments."""
        self.assessed = MappingProxyType(dict(assessed))
        self.health_changed.emit()

    def grades(self) -> dict[str, str]:
        """Grade per layer id."""
        return {layer_id: one.grade for layer_id, one in self.assessed.items()}

    def save_view(self, camera: CameraPose | None) -> None:
        """Keep in the project how it is looked at now."""
        if self.project is not None:
            # Rows of points count otherwise once their octree is made: they are not kept.
            layers = self.project.document.city.layers
            kept = {k for k, v in layers.items() if not isinstance(v, PointCloudLayer)}
            view = replace(self.view, hidden_rows=self.view.hidden_rows.only(frozenset(kept)))
            self.project.save_view(view_to(view, self.bookmarks, camera))

    def forget_points(self) -> None:
        """No point is chosen or hidden any more: from now on their rows count otherwise."""
        if self.city is None:
            return
        kept = {k for k, v in self.city.layers.items() if not isinstance(v, PointCloudLayer)}
        changes: dict[str, Any] = {
            name: getattr(self.view, name).only(frozenset(kept)) for name in ROWS
        }
        if self.view.selected is not None and self.view.selected.layer not in kept:
            changes["selected"] = None
        self.look(**changes)

    def _leave_view(self) -> None:
        """Bookmarks and what is hidden go with the project; not worth failing for."""
        try:
            self.save_view(self.camera_now())
        except CityError as error:
            log.warning("How the city was looked at could not be kept: %s", error)

    def close(self) -> None:
        """Close the project; nothing is said any more."""
        self._bridge.listen(None)
        if self.project is not None:
            self.project.close()
            self.project = None

    def _follow(self, change: Change) -> None:
        selected = self.view.selected
        if selected is not None and not _stands(change, selected):
            self.view = replace(self.view, selected=None)
        gone = self.view.hidden - set(change.after.layers)
        if gone:
            self.view = replace(self.view, hidden=self.view.hidden - gone)
        same = {k: v for k, v in change.after.layers.items() if _as_many(change, k)}
        for name in ROWS:
            rows = getattr(self.view, name).only(same)
            if rows is not getattr(self.view, name):
                self.view = replace(self.view, **{name: rows})
        self.city_changed.emit(change)


def _stands(change: Change, selected: Picked) -> bool:
    return _as_many(change, selected.layer)


def _as_many(change: Change, layer: str) -> bool:
    """Whether the layer has as many rows as before, so that row numbers still mean the same."""
    before, after = change.before.layers.get(layer), change.after.layers.get(layer)
    return after is not None and before is not None and after.count == before.count
