"""Getting at a project file: alone and for writing, or else only to look at it."""

from __future__ import annotations

import contextlib
import errno
import os
from dataclasses import dataclass, field
from pathlib import Path

from layers.atomic import sweep
from layers.errors import CityError, ReadError, WriteError
from layers.notices import Notice
from twin.city import City
from twin.project.database import Database
from twin.project.lock import Locked, ProjectLock
from twin.project.recognise import check_no_source
from twin.project.schema import check_file, check_length, check_tables

SUFFIX = ".gpkg"
SIDECARS = ("-journal", "-wal", "-shm")
"""What SQLite puts beside a file that is being written."""


@dataclass(slots=True, kw_only=True)
class Opened:
    """A file that is open, and the lock that goes with it; `lock` None: only to look at."""

    database: Database
    lock: ProjectLock | None
    notices: list[Notice] = field(default_factory=list)

    def look_only(self) -> None:
        """Write no more; let others in."""
        if self.lock is not None:
            self.lock.release()
            self.lock = None

    def close(self) -> None:
        """Close the file, then let others in."""
        self.database.close()
        if self.lock is not None:
            self.lock.release()


def open_file(path: Path, *, read_only: bool = False) -> Opened:
    """Open the project file `path`; read-only, with a notice, where it cannot be for writing.

    Raises
    ------
    ReadError
        It is missing, cut, damaged, no project, or written by a newer version.
    """
    check_file(path)
    if not any(path.with_name(path.name + suffix).exists() for suffix in SIDECARS):
        check_length(path)
    notices: list[Notice] = []
    lock = None if read_only else _try_lock(path, notices)
    if lock is not None:
        sweep(path)
    try:
        database = _connect(path, lock, notices)
    except BaseException:
        if lock is not None:
            lock.release()
        raise
    if lock is not None and any(one.code == "project-read-only" for one in notices):
        lock.release()
        lock = None
    return Opened(database=database, lock=lock, notices=notices)


def lock_for_new(path: Path, city: City | None = None) -> ProjectLock:
    """The lock of a project, of `city`, that is about to be written to `path`.

    Raises
    ------
    WriteError
        It is open elsewhere, or the folder is missing or cannot be written, or `city` was read from
        that very file.
    """
    if city is not None:
        check_no_source(path, city)
    if path.suffix.lower() != SUFFIX:
        raise WriteError(
            f"{path.name} is no name for a project", hint=f"Let it end in {SUFFIX}.", code="suffix"
        )
    if not os.path.isdir(path.parent):  # noqa: PTH112  False too where one may not look
        raise WriteError(
            f"{path.name} could not be written: there is no folder {path.parent.name}",
            hint="The folder does not exist: choose another one.",
        )
    try:
        lock = ProjectLock(path)
    except Locked as held:
        raise WriteError(
            held.what, hint="Close it there, or choose another name.", code=held.code
        ) from held
    except OSError as damage:
        if damage.errno == errno.ENOSPC:
            raise WriteError(
                f"{path.name} could not be written: the disk is full",
                hint="Free some space, or choose another disk.",
                code="disk-full",
            ) from damage
        raise WriteError(
            f"{path.name} could not be written: its folder does not take new files",
            hint="You may not write there, or the disk is full: choose another folder.",
        ) from damage
    sweep(path)
    return lock


def clear_way(path: Path) -> None:
    """Before `path` is replaced: take away what SQLite left beside the old file, so that it is not
    taken for the new one's."""
    if path.exists():
        # Opening it undoes what a crash left half written; then nothing of worth lies beside it.
        with contextlib.suppress(CityError):
            Database(path, readonly=False).close()
    for suffix in SIDECARS:
        with contextlib.suppress(OSError):
            path.with_name(path.name + suffix).unlink()


def _try_lock(path: Path, notices: list[Notice]) -> ProjectLock | None:
    try:
        return ProjectLock(path)
    except Locked as held:
        notices.append(
            Notice(
                code=held.code,
                what=f"{held.what}, so it can only be looked at here",
                hint="Close it there and open it again, or use Save as…",
                source=path.name,
            )
        )
    except OSError:
        notices.append(_read_only(path))
    return None


def _connect(path: Path, lock: ProjectLock | None, notices: list[Notice]) -> Database:
    database = Database(path, readonly=lock is None)
    try:
        if lock is not None and not database.writable:
            database.close()
            notices.append(_read_only(path))
            database = Database(path, readonly=True)
        try:
            database.rows("SELECT count(*) FROM sqlite_master")
        except WriteError as refused:
            raise ReadError(
                f"{path.name} was not closed properly and cannot be put right where it is",
                hint=f"Copy it, with the file {path.name}-journal, to where you may write.",
                code="project-needs-repair",
            ) from refused
        check_length(path)
        check_tables(database)
    except BaseException:
        database.close()
        raise
    return database


def _read_only(path: Path) -> Notice:
    return Notice(
        code="project-read-only",
        what=f"{path.name} may not be written, so it can only be looked at",
        hint="Use Save as… to put it where you may write.",
        source=path.name,
    )
