"""The journal: one row per change, each sealed with the one before."""

from __future__ import annotations

import getpass
import hashlib
from collections.abc import Iterable
from typing import Any

import msgspec

from twin.project.database import Database
from twin.project.schema import meta, now, set_meta

SEED = "0" * 64
"""`previous` of the first row."""


class JournalRow(msgspec.Struct, frozen=True, kw_only=True):
    """One change as it was recorded.

    Attributes
    ----------
    seq : from 1, without gaps
    time : ISO 8601, UTC
    author : who, as the system or the caller said
    action : "do", "undo" or "redo"
    edit : JSON of the edit that was done or taken back
    previous, hash : SHA-256, hexadecimal; `hash` is over the fields above and `previous`
    """

    seq: int
    time: str
    author: str
    action: str
    edit: str
    previous: str
    hash: str

    @property
    def seal(self) -> str:
        """What `hash` must be."""
        parts = [self.seq, self.time, self.author, self.action, self.edit, self.previous]
        return hashlib.sha256(msgspec.json.encode(parts)).hexdigest()


def append(database: Database, *, author: str, action: str, edit: str) -> int:
    """Add a row inside the caller's transaction; its number."""
    last = database.rows("SELECT seq, hash FROM dothi_journal ORDER BY seq DESC LIMIT 1")
    number, previous = (int(last[0][0]), str(last[0][1])) if last else (0, SEED)
    row = JournalRow(
        seq=number + 1,
        time=now(),
        author=author,
        action=action,
        edit=edit,
        previous=previous,
        hash="",
    )
    row = msgspec.structs.replace(row, hash=row.seal)
    database.execute(
        "INSERT INTO dothi_journal VALUES (?,?,?,?,?,?,?)", msgspec.structs.astuple(row)
    )
    # Kept apart, so that rows taken off the end are missed.
    set_meta(database, {"journal": row.hash})
    return row.seq


def rows(database: Database, *, after: int = 0) -> list[JournalRow]:
    """Rows with a number above `after`, in order."""
    found = database.rows(
        "SELECT seq, time, author, action, edit, previous, hash FROM dothi_journal"
        " WHERE seq > ? ORDER BY seq",
        (after,),
    )
    return [_row(values) for values in found]


def count(database: Database) -> int:
    """How many rows there are."""
    return int(database.rows("SELECT count(*) FROM dothi_journal")[0][0])


def last(database: Database) -> int:
    """Number of the last row, 0 where there is none."""
    return int(database.rows("SELECT coalesce(max(seq), 0) FROM dothi_journal")[0][0])


def hash_at(database: Database, seq: int) -> str:
    """The seal of row `seq`; that before the first row for 0."""
    found = database.rows("SELECT hash FROM dothi_journal WHERE seq = ?", (seq,))
    return str(found[0][0]) if found else SEED


def first_broken(rows: Iterable[JournalRow], *, seq: int = 0, previous: str = SEED) -> int | None:
    """Number the first row that is not as it was written, or stands where another was, should
    have; None where all are whole. `seq` and `previous` are those of the row before."""
    for row in rows:
        seq += 1
        if row.seq != seq or row.previous != previous or row.hash != row.seal:
            return seq
        previous = row.hash
    return None


def intact(database: Database) -> bool:
    """Whether no row was changed, removed, inserted or taken off the end since it was written."""
    all_rows = rows(database)
    head = all_rows[-1].hash if all_rows else SEED
    return first_broken(all_rows) is None and meta(database).get("journal", SEED) == head


def login_name() -> str:
    """Who works here, as the system knows; "" for a user without a name, as in some containers."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return ""


def _row(values: tuple[Any, ...]) -> JournalRow:
    seq, *texts = values
    time, author, action, edit, previous, seal = (str(text) for text in texts)
    return JournalRow(
        seq=int(seq),
        time=time,
        author=author,
        action=action,
        edit=edit,
        previous=previous,
        hash=seal,
    )
