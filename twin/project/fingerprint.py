"""Whether a source file is still the one it was: size, time, SHA-256."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import msgspec

from layers.errors import ReadError
from layers.progress import SILENT, Progress

AT_ONCE = 64 << 20
"""Bytes up to which a file is hashed while someone waits: a tenth of a second."""

_CHUNK = 4 << 20

State = Literal["same", "moved", "changed", "touched"]
"""A file was "touched" if only its time differs and it is too large to hash while someone waits."""


class SourceFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file outside the project.

    Attributes
    ----------
    path : from the project's folder, with forward slashes; absolute only on another drive
    size : bytes
    modified : time of its last change, nanoseconds since 1970
    sha256 : of its content, "" until computed
    """

    path: str
    size: int
    modified: int
    sha256: str = ""


def sha256(path: Path, progress: Progress = SILENT) -> str:
    """Fingerprint of a file's content; safe in a worker, may be cancelled."""
    digest = hashlib.sha256()
    size = max(path.stat().st_size, 1)
    read = 0
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
                read += len(chunk)
                progress.step(read / size, f"Checking {path.name}")
    except OSError as damage:
        raise ReadError(
            f"{path.name} could not be read: {damage.strerror or damage}",
            hint="Is its drive still there?",
        ) from damage
    return digest.hexdigest()


def mark(path: Path, folder: Path, *, hash_up_to: int = AT_ONCE) -> SourceFile:
    """`path` as it is now, for a project in `folder`; hashed if not larger than `hash_up_to`."""
    found = path.stat()
    return SourceFile(
        path=relative(path, folder),
        size=found.st_size,
        modified=found.st_mtime_ns,
        sha256=sha256(path) if found.st_size <= hash_up_to else "",
    )


def state(file: SourceFile, folder: Path, *, hash_up_to: int = AT_ONCE) -> State:
    """Whether the file is still there and the same; hashes only if its time differs."""
    path = absolute(file.path, folder)
    try:
        found = path.stat()
    except OSError:
        return "moved"
    if found.st_size != file.size:
        return "changed"
    if found.st_mtime_ns == file.modified:
        return "same"
    if not file.sha256 or found.st_size > hash_up_to:
        return "touched"
    try:
        return "same" if sha256(path) == file.sha256 else "changed"
    except ReadError:
        return "moved"


def check(
    files: Mapping[str, SourceFile], folder: Path, progress: Progress = SILENT
) -> dict[str, tuple[State, SourceFile]]:
    """Hash each file, however large; for a worker. States, and the files with their fingerprints.

    A file without a fingerprint yet gets one if its size and time are those noted.
    """
    result: dict[str, tuple[State, SourceFile]] = {}
    for place, (key, file) in enumerate(files.items()):
        part = progress.part(place / len(files), (place + 1) / len(files))
        path = absolute(file.path, folder)
        try:
            found = path.stat()
            now = msgspec.structs.replace(
                file, size=found.st_size, modified=found.st_mtime_ns, sha256=sha256(path, part)
            )
        except (OSError, ReadError):
            result[key] = ("moved", file)
            continue
        if file.sha256:
            same = now.sha256 == file.sha256
        else:
            same = (now.size, now.modified) == (file.size, file.modified)
        result[key] = ("same", now) if same else ("changed", file)
    return result


def relative(path: Path, folder: Path) -> str:
    """`path` as seen from `folder`, with forward slashes; absolute where there is no way."""
    try:
        return Path(os.path.relpath(path, folder)).as_posix()
    except ValueError:  # another drive on Windows
        return path.resolve().as_posix()


def absolute(path: str, folder: Path) -> Path:
    """The file that `relative` named."""
    return Path(os.path.normpath(folder / path))
