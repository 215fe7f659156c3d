"""A conversion's own folder: what is done already, so that a killed one goes on where it was."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from layers.atomic import write_error

_Row = TypeVar("_Row", bound=msgspec.Struct)


class Work:
    """Files that only grow, and a journal that says how long each was when a step was done.

    A step that was cut off is not in the journal: what it wrote is cut away, and it is done again.
    """

    def __init__(self, folder: Path, plan: bytes) -> None:
        """`plan` says what is to be done; a folder with another plan is emptied first."""
        self.folder = folder
        try:
            if folder.is_dir() and self._read("plan.json") != plan:
                shutil.rmtree(folder)
            folder.mkdir(parents=True, exist_ok=True)
            if not (folder / "plan.json").exists():
                (folder / "plan.json").write_bytes(plan)
        except OSError as damage:
            raise write_error(folder, damage) from damage

    def _read(self, name: str) -> bytes:
        try:
            return (self.folder / name).read_bytes()
        except OSError:
            return b""

    def rows(self, name: str, kind: type[_Row]) -> list[_Row]:
        """The rows of the journal `name`, up to the first that is not whole."""
        rows: list[_Row] = []
        for line in self._read(f"{name}.jsonl").split(b"\n")[:-1]:
            try:
                rows.append(msgspec.json.decode(line, type=kind))
            except msgspec.MsgspecError:
                break
        return rows

    @contextlib.contextmanager
    def going_on(
        self, name: str, rows: Sequence[msgspec.Struct], lengths: Mapping[str, int]
    ) -> Iterator[Writing]:
        """The journal `name` after `rows`, and files cut to `lengths` bytes, for writing."""
        with contextlib.ExitStack() as stack:
            try:
                journal = stack.enter_context((self.folder / f"{name}.jsonl").open("wb"))
                journal.write(b"".join(msgspec.json.encode(row) + b"\n" for row in rows))
                files: dict[str, BinaryIO] = {}
                for file, length in lengths.items():
                    path = self.folder / file
                    files[file] = stack.enter_context(path.open("r+b" if path.exists() else "w+b"))
                    files[file].truncate(length)
                    files[file].seek(length)
                yield Writing(journal, files)
            except OSError as damage:
                raise write_error(self.folder, damage) from damage

    def holds(self, name: str, length: int) -> bool:
        """Whether the file `name` is at least so long."""
        try:
            return (self.folder / name).stat().st_size >= length
        except OSError:
            return length == 0

    def all_rows(self, name: str, dtype: np.dtype[Any]) -> NDArray[Any]:
        """All rows of the file `name`."""
        return np.fromfile(self.folder / name, dtype=dtype)

    def remove(self) -> None:
        """Take it all away."""
        shutil.rmtree(self.folder, ignore_errors=True)


class Writing:
    """Open files of a `Work`."""

    def __init__(self, journal: BinaryIO, files: dict[str, BinaryIO]) -> None:
        self._journal, self.files = journal, files

    def done(self, row: msgspec.Struct) -> None:
        """A step is done: what it wrote counts from now on."""
        for file in self.files.values():
            file.flush()
        self._journal.write(msgspec.json.encode(row) + b"\n")
        self._journal.flush()
