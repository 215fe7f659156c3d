"""Writing a file so that the old one stays whole until the new one is."""

from __future__ import annotations

import contextlib
import errno
import os
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
}


def write_error(path: Path, damage: OSError) -> WriteError:
    """The `WriteError` that says in words why `path` could not be written."""
    return WriteError(
        f"{path.name} could not be written: {damage.strerror or damage}",
        hint=_HINTS.get(damage.errno or 0, f"Look at {path.parent}, then try again."),
    )


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
        for leftover in path.parent.glob(f"{temporary.name}*"):
            with contextlib.suppress(OSError):
                if leftover.is_dir():
                    shutil.rmtree(leftover)
                else:
                    leftover.unlink()
