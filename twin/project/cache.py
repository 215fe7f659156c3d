"""The folder beside a project: arrays that can be made again, ready to be mapped into memory."""

from __future__ import annotations

import contextlib
import json
import re
import shutil
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from layers.atomic import atomic, unwritten
from layers.progress import SILENT, Progress

SLICE = 16 << 20
"""Bytes that are written between two steps of progress."""

TILES = "tiles"
_KEY = re.compile(r"[A-Za-z0-9._-]{1,80}")


class Cache:
    """`NAME.cache/KEY/ARRAY.npy`; may be deleted at any time, as a whole or in part.

    Never the only copy of anything. What is there was written whole: an entry is a folder that got
    its name when it was complete.
    """

    def __init__(self, folder: Path, *, writable: bool = True) -> None:
        self.folder = folder
        self.writable = writable

    def get(self, key: str) -> dict[str, NDArray[Any]] | None:
        """The arrays under `key`, read-only and read from disk as they are used; None if any is
        missing or cut."""
        entry = self._entry(key)
        try:
            stated = json.loads((entry / "entry.json").read_text(encoding="utf-8"))
            arrays: dict[str, NDArray[Any]] = {}
            for name, (dtype, shape) in stated.items():
                file = entry / f"{_checked(name)}.npy"
                # numpy maps no empty array
                array = np.load(file, mmap_mode="r" if 0 not in shape else None, allow_pickle=False)
                if array.dtype.str != dtype or list(array.shape) != shape:
                    return None
                arrays[name] = array
        except (OSError, ValueError, TypeError, AttributeError):
            return None
        return arrays

    def put(
        self, key: str, arrays: Mapping[str, NDArray[Any]], progress: Progress = SILENT
    ) -> None:
        """Keep `arrays` under `key`, in place of what was there; nothing happens where the folder
        may not be written.

        Raises
        ------
        WriteError
            The disk is full; nothing of it stays behind.
        """
        if not self.writable:
            return
        entry = self._entry(key)
        self.drop(key)
        with contextlib.suppress(OSError):
            self.folder.mkdir(exist_ok=True)
        try:
            with atomic(entry) as temporary:
                temporary.mkdir()
                stated = {}
                for place, (name, array) in enumerate(arrays.items()):
                    part = progress.part(place / len(arrays), (place + 1) / len(arrays))
                    _save(temporary / f"{_checked(name)}.npy", array, part)
                    stated[name] = (array.dtype.str, array.shape)
                (temporary / "entry.json").write_text(json.dumps(stated), encoding="utf-8")
        except BaseException:
            self._leave_no_empty_folder()
            raise

    def drop(self, key: str) -> None:
        """Forget what is kept under `key`."""
        if self.writable:
            shutil.rmtree(self._entry(key), ignore_errors=True)
            self._leave_no_empty_folder()

    def keep_only(self, keys: Collection[str]) -> None:
        """Forget all but `keys`, and what a killed process left half written."""
        if not self.writable or not self.folder.is_dir():
            return
        for entry in self.folder.iterdir():
            half = unwritten(entry.name) != entry.name
            known = entry.name in keys or entry.name.removesuffix("-columns") in keys
            if half or (not known and (entry / "entry.json").exists()):
                shutil.rmtree(entry, ignore_errors=True)
        tiles = self.folder / TILES
        for entry in tiles.iterdir() if tiles.is_dir() else ():
            if entry.name not in keys:
                shutil.rmtree(entry, ignore_errors=True)

    def tiles(self, key: str) -> Path | None:
        """The folder for tiles of the data under `key`; None where none are and none may be made."""
        folder = self.folder / TILES / _checked(key)
        return folder if self.writable or folder.is_dir() else None

    def _leave_no_empty_folder(self) -> None:
        with contextlib.suppress(OSError):
            self.folder.rmdir()  # goes only if nothing is in it

    def _entry(self, key: str) -> Path:
        return self.folder / _checked(key)


def _save(path: Path, array: NDArray[Any], progress: Progress) -> None:
    """What `numpy.save` writes, in slices."""
    descr = np.lib.format.dtype_to_descr(array.dtype)
    with path.open("xb") as file:
        np.lib.format.write_array_header_2_0(
            file, {"descr": descr, "fortran_order": False, "shape": array.shape}
        )
        rows = max(1, SLICE * len(array) // max(array.nbytes, 1)) if array.ndim else 1
        for start in range(0, len(array) if array.ndim else 1, rows):
            progress.step(start / max(len(array), 1) if array.ndim else 0.0)
            file.write((array[start : start + rows] if array.ndim else array).tobytes())


def cache_folder(project: Path) -> Path:
    """Where the cache of `project` is: NAME.cache for NAME.gpkg."""
    return project.with_name(f"{project.stem}.cache")


def _checked(name: str) -> str:
    if not _KEY.fullmatch(name) or name.startswith("."):
        raise ValueError(f"{name!r} cannot be a name in the cache")
    return name
