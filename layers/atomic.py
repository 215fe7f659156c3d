"""Writing a file so that the old one stays whole until the new one is."""

from __future__ import annotations

import contextlib
import errno
import glob
import os
import re
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path

from layers.errors import WriteError

_HINTS = {
    errno.ENOSPC: "The disk is full: free some space or choose another place.",
    errno.EROFS: "The disk is read-only: choose another place.",
    errno.EACCES: "You may not write there: choose another folder.",
    errno.EPERM: "You may not write there: choose another folder.",
    errno.ENOENT: "The folder does not exist: choose another one.",
    errno.ENOTDIR: "What should be its folder is a file: choose another folder.",
    errno.EISDIR: "A folder has that name: choose another name.",
    errno.EFBIG: "The disk takes no file of that size: choose another disk.",
    errno.EDQUOT: "Your share of the disk is used up: free some space or choose another place.",
}


_BESIDE = ("-journal", "-wal", "-shm", "-try")
_LEFT = re.compile(r"\.[0-9a-f]{8}-")


def write_error(path: Path, damage: OSError) -> WriteError:
    """The `WriteError` that says in words why `path` could not be written."""
    return WriteError(
        f"{path.name} could not be written: {damage.strerror or damage}",
        hint=_HINTS.get(damage.errno or 0, f"Look at {path.parent}, then try again."),
    )


def check_takes(path: Path, *, size: int = 1 << 16) -> None:
    """Whether a file of `size` bytes can be written at `path`, where nothing is.

    For libraries that do not say why they could not: they speak of SQL, the system of the disk.

    Raises
    ------
    OSError
        It cannot be.
    """
    try:
        with path.open("xb") as file:
            file.write(bytes(size))
            os.fsync(file.fileno())
    finally:
        path.unlink(missing_ok=True)


def sweep(path: Path) -> None:
    """Remove what an `atomic(path)` left whose process was killed; only while nobody else writes
    `path`."""
    for beside in ("", *_BESIDE):
        for leftover in path.parent.glob(f".????????-{glob.escape(path.name)}{beside}"):
            if _LEFT.match(leftover.name):
                _remove(leftover)


def unwritten(name: str) -> str:
    """The name that the file will have whose temporary name is `name`; people know no other."""
    return _LEFT.sub("", name)


def _remove(leftover: Path) -> None:
    with contextlib.suppress(OSError):
        if leftover.is_dir():
            shutil.rmtree(leftover)
        else:
            leftover.unlink()


@contextlib.contextmanager
def atomic(path: Path) -> Iterator[Path]:
    """A temporary path beside `path`; it takes the place of `path` when the block ends well.

    The temporary file, or folder, is removed when the block fails, and `path` stays as it was. Its
    name ends as `path` does, so that writers which go by the suffix work.

    Raises
    ------
    WriteError
        The disk is full, read-only, or the folder cannot be written.
    """
    temporary = path.with_name(f".{uuid.uuid4().hex[:8]}-{path.name}")
    try:
        yield temporary
        if temporary.is_file():
            with temporary.open("rb+") as file:
                os.fsync(file.fileno())
        os.replace(temporary, path)  # noqa: PTH105  Path.replace hides which name failed
    except OSError as damage:
        raise write_error(path, damage) from damage
    finally:
        # Also what a library puts beside its file; a folder that is none has nothing in it.
        with contextlib.suppress(OSError):
            for leftover in path.parent.glob(f"{glob.escape(temporary.name)}*"):
                _remove(leftover)
