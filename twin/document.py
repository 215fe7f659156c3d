"""The one door for changes: do, undo, redo, one `changed` signal."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from psygnal import EmitLoopError, Signal

from layers.errors import CityError
from twin.city import City
from twin.edits.edit import Edit

Action = Literal["do", "undo", "redo", "load"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Change:
    """What happened: the city before and after, and by which edit."""

    before: City
    after: City
    edit: Edit
    action: Action


Recorder = Callable[[Change], None]
"""Writes one journal row; raises `CityError` when it cannot, and then nothing changes."""


Step = tuple[City, Edit]
"""A city to go to, and the edit between it and the city now."""


class Document:
    """Owns the city as it stands now.

    Each change is recorded first (one committed journal row), then becomes visible, then is
    announced. A listener of `changed` may not answer with another change. What a listener raises
    comes out of `do`, `undo` or `redo`; the change stands all the same.

    Undo keeps the earlier cities: as many as there were edits, each sharing all but what its edit
    touched.
    """

    changed = Signal(Change)

    def __init__(
        self,
        city: City,
        *,
        record: Recorder | None = None,
        done: Sequence[Step] = (),
        undone: Sequence[Step] = (),
    ) -> None:
        """`done` and `undone`: steps as `replay` gives them, the next one last."""
        self._city = city
        self._record = record
        self._done = list(done)
        self._undone = list(undone)
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
        self._refuse_echo()
        before = self._city
        after = edit.apply(before)
        if after is before:
            return
        change = Change(before=before, after=after, edit=edit, action="do")
        self._keep(change)
        self._done.append((before, edit))
        self._undone.clear()
        self._announce(change)

    def undo(self) -> None:
        """Go back to the very same city as before the last edit."""
        self._refuse_echo()
        if not self._done:
            return
        after, edit = self._done[-1]
        change = Change(before=self._city, after=after, edit=edit, action="undo")
        self._keep(change)
        self._undone.append((change.before, self._done.pop()[1]))
        self._announce(change)

    def redo(self) -> None:
        """Do again what was undone last; the very same city as after it."""
        self._refuse_echo()
        if not self._undone:
            return
        after, edit = self._undone[-1]
        change = Change(before=self._city, after=after, edit=edit, action="redo")
        self._keep(change)
        self._done.append((change.before, self._undone.pop()[1]))
        self._announce(change)

    def load(self, city: City, edit: Edit, *, done: Sequence[Step], undone: Sequence[Step]) -> None:
        """Stand at another city, as when a missing layer was found again; not a step of undo.

        Nothing is recorded; `changed` is announced with the action "load".
        """
        self._refuse_echo()
        change = Change(before=self._city, after=city, edit=edit, action="load")
        self._city = city
        self._done = list(done)
        self._undone = list(undone)
        self._announce(change)

    def _refuse_echo(self) -> None:
        if self._announcing:
            raise CityError("A listener answered a change with another change", code="echo")

    def _keep(self, change: Change) -> None:
        if self._record is not None:
            self._record(change)
        self._city = change.after

    def _announce(self, change: Change) -> None:
        self._announcing = True
        try:
            self.changed.emit(change)
        except EmitLoopError as failed:
            # The signal's own error repeats its whole stack as text; people get the listener's.
            raise failed.__cause__ or failed from None
        finally:
            self._announcing = False


class LayerFound(Edit, frozen=True, kw_only=True, tag="layer-found"):
    """The `edit` of a "load": the data of `layer` came back. Never recorded."""

    layer: str

    @property
    def label(self) -> str:
        return f"find layer {self.layer}"

    def apply(self, city: City) -> City:
        return city


def replay(
    city: City, steps: Iterable[tuple[Action, Edit | None]]
) -> tuple[City, list[Step], list[Step], list[tuple[int, CityError]]]:
    """Do again what a journal says, from the city it began with.

    A "do" whose edit is None or no longer fits leaves the city as it is but counts as a step, so
    that the undos after it take back what they took back then.

    Returns
    -------
    city, done, undone
        As they were after the last step.
    failed
        (place in `steps`, why) of each step that could not be done again.
    """
    done: list[Step] = []
    undone: list[Step] = []
    failed: list[tuple[int, CityError]] = []
    for place, (action, edit) in enumerate(steps):
        if action == "do":
            try:
                if edit is None:
                    raise CityError("Its data could not be read")
                after = edit.apply(city)
            except CityError as problem:
                failed.append((place, problem))
                edit, after = edit or LayerFound(layer=""), city
            done.append((city, edit))
            undone.clear()
            city = after
        else:
            taken, given = (done, undone) if action == "undo" else (undone, done)
            if not taken:
                failed.append((place, CityError(f"There is nothing to {action}")))
                continue
            after, step = taken.pop()
            given.append((city, step))
            city = after
    return city, done, undone, failed
