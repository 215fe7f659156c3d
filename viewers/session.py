"""What is open: project, document, view, bookmarks, health; one place that says when it changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType
from typing import Any

from PySide6.QtCore import QObject, Signal

from layers.errors import CityError
from layers.health.records import Assessment
from twin.city import City
from twin.document import Change, Document
from twin.edits.edit import Edit
from twin.project.store import Project
from viewers.bridge import Bridge
from viewers.view_state import Bookmark, CameraPose, Picked, ViewState

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
            self.project.close()
        self.project, self.draft = project, draft
        self.assessed = NOTHING
        kept = project.view if project is not None else {}
        # What fits every city stays as the user set it: light, quality, theme.
        fresh = replace(self.view, hidden=frozenset(), selected=None)
        self.view, self.bookmarks = view_from(kept, fresh)
        self._bridge.listen(self.document)
        self.opened.emit()

    def do(self, edit: Edit) -> bool:
        """Ask the document; a refusal is told through `failed`."""
        return self._attempt(lambda document: document.do(edit))

    def undo(self) -> bool:
        """Take back the last edit."""
        return self._attempt(lambda document: document.undo())

    def redo(self) -> bool:
        """Do again what was taken back."""
        return self._attempt(lambda document: document.redo())

    def _attempt(self, step: Any) -> bool:
        if self.document is None:
            return False
        try:
            step(self.document)
        except CityError as error:
            self.failed.emit(error)
            return False
        return True

    def look(self, **changes: Any) -> None:
        """Look at the city otherwise: fields of `ViewState`."""
        after = replace(self.view, **changes)
        if after != self.view:
            self.view = after
            self.view_changed.emit()

    def select(self, picked: Picked | None) -> None:
        """Select one thing everywhere."""
        self.look(selected=picked)

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
            self.project.save_view(view_to(self.view, self.bookmarks, camera))

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
        self.city_changed.emit(change)


def _stands(change: Change, selected: Picked) -> bool:
    before = change.before.layers.get(selected.layer)
    after = change.after.layers.get(selected.layer)
    return after is not None and before is not None and after.count == before.count


# -- the view as the project keeps it -------------------------------------------------------------


def view_to(
    view: ViewState, bookmarks: tuple[Bookmark, ...], camera: CameraPose | None
) -> dict[str, Any]:
    """JSON of how the city is looked at; world coordinates, so it fits any frame."""
    return {
        "hidden": sorted(view.hidden),
        "sun_time": view.sun_time.isoformat(),
        "camera": _pose_to(camera) if camera is not None else None,
        "bookmarks": [{"name": b.name, "camera": _pose_to(b.camera)} for b in bookmarks],
    }


def view_from(kept: Mapping[str, Any], fresh: ViewState) -> tuple[ViewState, tuple[Bookmark, ...]]:
    """View and bookmarks of a project; what cannot be understood is left as in `fresh`."""
    changes: dict[str, Any] = {}
    hidden = kept.get("hidden")
    if isinstance(hidden, list):
        changes["hidden"] = frozenset(str(name) for name in hidden)
    try:
        changes["sun_time"] = datetime.fromisoformat(str(kept.get("sun_time")))
    except ValueError:
        changes["sun_time"] = fresh.sun_time
    if changes["sun_time"].tzinfo is None:
        changes["sun_time"] = fresh.sun_time
    found = []
    entries = kept.get("bookmarks")
    for entry in entries if isinstance(entries, list) else []:
        pose = pose_from(entry.get("camera")) if isinstance(entry, dict) else None
        if pose is not None:
            found.append(Bookmark(name=str(entry.get("name", "")), camera=pose))
    return replace(fresh, **changes), tuple(found)


def _pose_to(pose: CameraPose) -> dict[str, Any]:
    return {
        "eye": list(pose.eye),
        "target": list(pose.target),
        "up": list(pose.up),
        "view_angle": pose.view_angle,
        "parallel_scale": pose.parallel_scale,
    }


def pose_from(kept: object) -> CameraPose | None:
    """A camera as the project keeps it; None where it is none."""
    if not isinstance(kept, dict):
        return None
    try:
        return CameraPose(
            eye=_triple(kept["eye"]),
            target=_triple(kept["target"]),
            up=_triple(kept.get("up", (0.0, 0.0, 1.0))),
            view_angle=float(kept.get("view_angle", 35.0)),
            parallel_scale=float(kept.get("parallel_scale", 0.0)),
        )
    except (KeyError, TypeError, ValueError):
        return None


def _triple(values: Any) -> tuple[float, float, float]:
    x, y, z = (float(value) for value in values)
    return (x, y, z)
