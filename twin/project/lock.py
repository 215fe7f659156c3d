"""One writer at a time: a lock beside the project that ends with its process."""

from __future__ import annotations

import contextlib
import errno
import os
import platform
import sqlite3
from pathlib import Path

from layers.errors import CityError

_TRIES = 3


class Locked(CityError):  # noqa: N818  says what the project is
    """Another process has the project open for writing."""

    code = "project-open-elsewhere"


class ProjectLock:
    """Held from construction until `release`, or until the process ends, however it ends.

    The lock is that of a tiny SQLite file, `NAME.gpkg-lock`: SQLite knows how to lock on each
    system, and the system lets go when a process is killed. The file may stay behind then; it does
    not lock by being there.

    Raises
    ------
    Locked
        Someone else has it; the message says who.
    OSError
        No file can be made in that folder.
    """

    def __init__(self, project: Path) -> None:
        self._path = project.with_name(f"{project.name}-lock")
        self._project = project
        self._connection: sqlite3.Connection | None = None
        for _ in range(_TRIES):
            before = _identity(self._path)
            connection = self._take(is_new=before is None)
            # Whoever held it may have removed the file between our opening and our locking it.
            if _identity(self._path) is not None and before in (None, _identity(self._path)):
                self._connection = connection
                return
            connection.close()
        raise OSError(f"{self._path} could not be locked")

    def _take(self, *, is_new: bool) -> sqlite3.Connection:
        connection = None
        try:
            connection = sqlite3.connect(
                self._path, isolation_level=None, timeout=0.2, check_same_thread=False
            )
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("CREATE TABLE IF NOT EXISTS holder (pid INTEGER, host TEXT)")
            connection.execute("DELETE FROM holder")
            connection.execute("INSERT INTO holder VALUES (?, ?)", (os.getpid(), platform.node()))
            connection.execute("COMMIT")
            connection.execute("BEGIN IMMEDIATE")  # others may read who holds it, none may take it
        except sqlite3.Error as damage:
            code = getattr(damage, "sqlite_errorcode", 0) & 0xFF
            holder = _holder(connection) if connection is not None else ""
            if connection is not None:
                connection.close()
            if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
                raise Locked(
                    f"{self._project.name} is already open{holder}",
                    hint="Close it there, or look at it here without changing it.",
                ) from damage
            if is_new:
                with contextlib.suppress(OSError):
                    self._path.unlink()  # it could not be filled
            reason = errno.ENOSPC if code == sqlite3.SQLITE_FULL else errno.EACCES
            raise OSError(reason, f"{self._path.name}: {damage}") from damage
        return connection

    def release(self) -> None:
        """Let others in; releasing twice does no harm."""
        if self._connection is None:
            return
        # Elsewhere than on Windows the file goes while it is still ours, so that nobody can lock a
        # file that is about to vanish; Windows removes no open file.
        with contextlib.suppress(OSError):
            self._path.unlink()
        with contextlib.suppress(sqlite3.Error):
            self._connection.execute("ROLLBACK")
        self._connection.close()
        self._connection = None
        if os.name == "nt":
            with contextlib.suppress(OSError):
                self._path.unlink()


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return (found.st_dev, found.st_ino)


def _holder(connection: sqlite3.Connection) -> str:
    try:
        pid, host = connection.execute("SELECT pid, host FROM holder").fetchone()
    except (sqlite3.Error, TypeError):
        return ""
    return f" on this computer (process {pid})" if host == platform.node() else f" on {host}"
