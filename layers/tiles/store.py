"""A tile on disk: named arrays in one file, mapped into memory when it is read."""

from __future__ import annotations

import contextlib
import json
import mmap
import os
import struct
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from layers.atomic import write_error

MAGIC = b"dothi-tile-1"
_ALIGN = 64
_HEAD = struct.Struct("<12sI")
_KINDS = "biuf"
MOST_HEADER = 1 << 20

Arrays = dict[str, NDArray[Any]]


def write_tile(path: Path, arrays: Mapping[str, NDArray[Any]], facts: Mapping[str, Any]) -> None:
    """Write `arrays` (numbers only) and `facts` (JSON) to `path`, whole or not at all.

    Not forced to the disk: a tile that a pulled plug cut is told by its length and made again.

    Raises
    ------
    WriteError
        The disk is full or may not be written.
    """
    described: dict[str, tuple[str, tuple[int, ...], int]] = {}
    place = 0
    for name, array in arrays.items():
        described[name] = (array.dtype.str, array.shape, place)
        place += -(-array.nbytes // _ALIGN) * _ALIGN
    head = json.dumps({"facts": dict(facts), "arrays": described, "bytes": place}).encode()
    start = -(-(_HEAD.size + len(head)) // _ALIGN) * _ALIGN
    temporary = path.with_name(f".{uuid.uuid4().hex[:8]}-{path.name}")
    try:
        with temporary.open("wb") as file:
            file.write(_HEAD.pack(MAGIC, len(head)))
            file.write(head)
            for name, array in arrays.items():
                file.seek(start + described[name][2])
                file.write(np.ascontiguousarray(array).data)
            file.truncate(start + place)
        os.replace(temporary, path)  # noqa: PTH105  Path.replace hides which name failed
    except OSError as damage:
        raise write_error(path, damage) from damage
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


def read_tile(path: Path) -> tuple[Arrays, dict[str, Any]] | None:
    """Arrays (read-only, read from the disk as they are used) and facts of a tile.

    None where there is none, or what is there is cut or is none of ours: make it again.
    """
    try:
        with path.open("rb") as file:
            magic, length = _HEAD.unpack(file.read(_HEAD.size))
            if magic != MAGIC or length > MOST_HEADER:
                return None
            head = json.loads(file.read(length))
            start = -(-(_HEAD.size + length) // _ALIGN) * _ALIGN
            size = os.fstat(file.fileno()).st_size
            if size != start + head["bytes"]:
                return None
            mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        arrays = {
            name: _view(mapped, dtype, tuple(shape), start + place, size)
            for name, (dtype, shape, place) in head["arrays"].items()
        }
        return arrays, dict(head["facts"])
    except (OSError, ValueError, TypeError, KeyError, AttributeError, struct.error):
        return None


def _view(
    mapped: mmap.mmap, dtype: str, shape: tuple[int, ...], place: int, size: int
) -> NDArray[Any]:
    kind = np.dtype(dtype)
    count = int(np.prod(shape, dtype=np.int64))
    if kind.kind not in _KINDS or min(shape, default=0) < 0:
        raise ValueError(dtype)
    if place < 0 or place + count * kind.itemsize > size:
        raise ValueError(place)
    if not count:
        return np.empty(shape, kind)
    return np.frombuffer(mapped, kind, count, place).reshape(shape)
