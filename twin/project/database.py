"""One connection to a project file: whole transactions, and errors in words."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from layers.atomic import unwritten
from layers.errors import CityError, ReadError, WriteError
from layers.progress import SILENT, Progress

BUSY_SECONDS = 5.0
"""How long to wait for another program, such as QGIS, that is just writing."""

COPIED_PAGES = 2048
"""Pages of 4 KiB that are copied between two steps of progress."""

LONGEST_VALUE = 1 << 28
"""Bytes of one text or blob; a damaged or hostile file cannot ask for more memory at once."""


class Database:
    """A project file that is open.

    Durable: a transaction that ended is on the disk (`synchronous=EXTRA`, which also writes the
    folder after the rollback journal went). A rollback journal and not a write-ahead log, because
    the latter needs shared memory and does not work on network drives.
    """

    def __init__(self, path: Path, *, readonly: bool, fresh: bool = False) -> None:
        """Open `path`; `fresh` makes a new file, fast and without a rollback journal."""
        self.path = path
        self._lock = threading.RLock()
        mode = "rwc" if fresh else "ro" if readonly else "rw"
        with _in_words(path):
            # Opened by a worker, used by the window: one at a time, held by the lock above.
            self._connection = sqlite3.connect(
                f"{_uri(path)}?mode={mode}",
                uri=True,
                isolation_level=None,
                timeout=BUSY_SECONDS,
                check_same_thread=False,
            )
        try:
            self._prepare(readonly=readonly, fresh=fresh)
        except BaseException:
            self._connection.close()
            raise

    def _prepare(self, *, readonly: bool, fresh: bool) -> None:
        self._connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LONGEST_VALUE)
        self.execute("PRAGMA trusted_schema=OFF")
        if fresh:
            self.execute("PRAGMA journal_mode=OFF")
            self.execute("PRAGMA synchronous=OFF")
        elif not readonly:
            with contextlib.suppress(CityError):  # QGIS left a write-ahead log and is still there
                self.execute("PRAGMA journal_mode=DELETE")
            self.execute("PRAGMA synchronous=EXTRA")

    def rows(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """All rows of a query."""
        with self._lock, _in_words(self.path):
            return self._connection.execute(sql, values).fetchall()

    def execute(self, sql: str, values: Sequence[Any] = ()) -> int:
        """Run one statement; how many rows it changed."""
        with self._lock, _in_words(self.path):
            return self._connection.execute(sql, values).rowcount

    def execute_many(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        """Run one statement for each of `rows`."""
        with self._lock, _in_words(self.path):
            self._connection.executemany(sql, rows)

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """All of the block is written, or nothing of it.

        Raises
        ------
        WriteError
            The disk is full or read-only, or another program holds the file.
        """
        with self._lock:
            self.execute("BEGIN IMMEDIATE")
            try:
                yield
                self.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    with contextlib.suppress(sqlite3.Error):
                        self._connection.execute("ROLLBACK")
                raise

    @property
    def writable(self) -> bool:
        """Whether something can be written; SQLite opens a write-protected file without a word, and
        begins transactions there, too."""
        with self._lock:
            try:
                self.execute("BEGIN IMMEDIATE")
                self.execute("PRAGMA user_version=0")
            except WriteError:
                return False
            finally:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
        return True

    def copy_to(self, path: Path, progress: Progress = SILENT) -> None:
        """Copy the whole file to `path`, as it stands now."""

        def copied(_: int, left: int, whole: int) -> None:
            progress.step(1.0 - left / max(whole, 1))

        with self._lock, _in_words(path):
            target = sqlite3.connect(path)
            try:
                target.execute("PRAGMA journal_mode=OFF")
                self._connection.backup(target, pages=COPIED_PAGES, progress=copied)
            finally:
                target.close()

    def close(self) -> None:
        """Close the file; closing twice does no harm."""
        with self._lock:
            self._connection.close()


def quoted(name: str) -> str:
    """A table's or column's name as SQL wants it."""
    return '"' + name.replace('"', '""') + '"'


def _uri(path: Path) -> str:
    uri = path.resolve().as_uri()
    # \\server\share: SQLite takes no host in a URI, so the path begins with two slashes instead.
    return uri if uri.startswith("file:///") else uri.replace("file://", "file:////", 1)


@contextlib.contextmanager
def _in_words(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as damage:
        raise _error(path.name, damage) from damage
    except UnicodeError as damage:
        raise WriteError(
            f"A text could not be written to {path.name}: {damage}",
            hint="Choose the encoding of its source and import it again.",
        ) from damage


def _error(name: str, damage: sqlite3.Error) -> CityError:
    name = unwritten(name)
    code = getattr(damage, "sqlite_errorcode", 0) & 0xFF
    if code == sqlite3.SQLITE_FULL:
        return WriteError(
            f"{name} could not be written: the disk is full",
            hint="Free some space, or use Save as… to another disk; nothing of it was lost.",
            code="disk-full",
        )
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return WriteError(
            f"{name} is being written by another program",
            hint="Stop editing it there (QGIS?), then try again.",
            code="project-busy",
        )
    if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM):
        return WriteError(
            f"{name} may not be written",
            hint="Use Save as… to put it where you may write.",
            code="project-read-only",
        )
    if code == sqlite3.SQLITE_IOERR:
        return WriteError(
            f"{name} could not be read or written: {damage}",
            hint="Is the disk full, or its drive gone? Use Save as… to another disk.",
            code="disk-failed",
        )
    if code == sqlite3.SQLITE_NOTADB:
        return ReadError(
            f"{name} is not a GeoPackage", hint="Choose a project file.", code="not-geopackage"
        )
    return ReadError(
        f"{name} is damaged: {damage}",
        hint="Go back to a copy of it; what can still be read is also shown by ogrinfo.",
        code="project-damaged",
    )
