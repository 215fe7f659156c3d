"""From the last save to the last edit: the journal done again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import cast

from layers.errors import CityError
from layers.notices import Notice
from layers.progress import SILENT, Progress
from twin.city import City
from twin.document import Action, Step, replay
from twin.edits.edit import Edit
from twin.edits.registry import decode
from twin.project import journal, snapshot
from twin.project.contents import Contents
from twin.project.journal import JournalRow
from twin.project.snapshot import AbsentLayer


@dataclass(slots=True, kw_only=True)
class Replayed:
    """A project's city after its last edit.

    Attributes
    ----------
    done, undone : steps since the last save, for the document
    absent : layers whose data could not be had
    waiting : whether recorded edits could not be done again; then nothing may be saved over them
    broken : whether the journal was changed from outside; the city is as it was before that
    """

    city: City
    done: Sequence[Step]
    undone: Sequence[Step]
    absent: tuple[AbsentLayer, ...]
    waiting: bool
    broken: bool
    notices: list[Notice] = field(default_factory=list)


def replayed(contents: Contents, progress: Progress = SILENT) -> Replayed:
    """The city as saved, then every edit since; what cannot be done again is told, not lost."""
    database = contents.database
    name = database.path.name
    base, absent = snapshot.read(contents, progress)
    saved = snapshot.saved_seq(database)
    rows = journal.rows(database, after=saved)
    found: list[Notice] = []
    broken = journal.first_broken(rows, seq=saved, previous=journal.hash_at(database, saved))
    if broken is not None:
        found.append(_broken(name, broken))
        rows = rows[: broken - saved - 1]
    steps = [(cast(Action, row.action), _edit(contents, row, found, progress)) for row in rows]
    city, done, undone, failed = replay(base, steps)
    if failed:
        found.append(_failed(name, len(failed), failed[0][1]))
    found += contents.notices
    contents.notices.clear()
    return Replayed(
        city=city,
        done=done,
        undone=undone,
        absent=tuple(absent),
        waiting=bool(failed),
        broken=broken is not None,
        notices=found,
    )


def _edit(
    contents: Contents, row: JournalRow, found: list[Notice], progress: Progress
) -> Edit | None:
    if row.action != "do":
        return None
    try:
        return decode(row.edit, lambda key: contents.find(key, progress))
    except CityError as problem:
        found.append(
            Notice(
                code=problem.code,
                what=f"Edit {row.seq} could not be read again: {problem.what}",
                hint=problem.hint,
                source=contents.database.path.name,
            )
        )
        return None


def _broken(name: str, seq: int) -> Notice:
    return Notice(
        code="journal-broken",
        what=f"The journal of {name} was changed from outside at row {seq}",
        hint="The plan is shown as it was before that row; go on from there with Save as…",
        source=name,
        severity="error",
    )


def _failed(name: str, count: int, why: CityError) -> Notice:
    return Notice(
        code="edits-waiting",
        what=f"{count} recorded edits could not be done again: {why.what}",
        hint="They stay in the file. Show where the missing layer's file is.",
        source=name,
        count=count,
    )
