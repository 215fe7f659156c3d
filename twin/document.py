"""The one door for changes: do, undo, redo, one `changed` signal."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from psygnal import Signal

from layers.errors import CityError
from twin.city import City
from twin.edits.edit import Edit


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Change:
    """What happened: the city before and after, and by which edit."""

    before: City
    after: City
    edit: Edit
    action: Literal["do", "undo", "redo"]


Recorder = Callable[[Change], None]
"""Writes one journal row; raises `CityError` when it cannot, and then nothing changes."""


class Document:
    """Owns the city as it stands now.

    Each change is recorded first (one committed journal row), then becomes visible. A listener of
    `changed` may not answer with another change.
    """

    changed = Signal(Change)

    def __init__(self, city: City, *, record: Recorder | None = None) -> None:
        self._city = city
        self._record = record
        self._done: list[tuple[City, Edit]] = []
        self._undone: list[tuple[City, Edit]] = []
        self._announcing = False

    @property
    def city(self) -> City:
        """The city now."""
        return self._city

    @property
    def undo_label(self) -> str | None:
        """What `undo` would take back; None where there is nothing."""
        return self._done[-1][1].label if self._done else None

    @property
    def redo_label(self) -> str | None:
        """What `redo` would do again; None where there is nothing."""
        return self._undone[-1][1].label if self._undone else None

    def do(self, edit: Edit) -> None:
        """Apply, record, announce; nothing happens where `edit` changes nothing.

        Raises
        ------
        CityError
            The edit does not fit the city, or its journal row could not be written.
        """
        after = edit.apply(self._city)
        if after is self._city:
            return
        before = self._city
        self._step(Change(before=before, after=after, edit=edit, action="do"))
        self._done.append((before, edit))
        self._undone.clear()
        self._announce(before, edit, "do")

    def undo(self) -> None:
        """Go back to the very same city as before the last edit."""
        if not self._done:
            return
        before, edit = self._done[-1]
        now = self._city
        self._step(Change(before=now, after=before, edit=edit, action="undo"))
        self._done.pop()
        self._undone.append((now, edit))
        self._announce(now, edit, "undo")

    def redo(self) -> None:
        """Do again what was undone last."""
        if not self._undone:
            return
        after, edit = self._undone[-1]
        now = self._city
        self._step(Change(before=now, after=after, edit=edit, action="redo"))
        self._undone.pop()
        self._done.append((now, edit))
        self._announce(now, edit, "redo")

    def _step(self, change: Change) -> None:
        if self._announcing:
            raise CityError("A listener answered a change with another change", code="echo")
        if self._record is not None:
            self._record(change)
        self._city = change.after

    def _announce(self, before: City, edit: Edit, action: Literal["do", "undo", "redo"]) -> None:
        self._announcing = True
        try:
            self.changed.emit(Change(before=before, after=self._city, edit=edit, action=action))
        finally:
            self._announcing = False
