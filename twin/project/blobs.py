"""Arrays inside the project file, packed; for what is small or exists nowhere else."""

from __future__ import annotations

import math
import zlib
from collections.abc import Mapping
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from layers.errors import ReadError
from layers.progress import SILENT, Progress
from twin.project.database import Database

PART = 8 << 20
"""Bytes of an array in one row; packing never needs more than a few times this."""

_DTYPES = frozenset({"<f4", "<f8", "<i4", "<i8", "|u1", "<u2", "<u4", "|b1", "|i1", "<i2"})
_MOST_PACKED = 1040
"""zlib packs at most 1 : 1032, so more than this is a lie about the size."""


class ArraySpec(msgspec.Struct, frozen=True):
    """Type and shape of one array."""

    dtype: str
    shape: tuple[int, ...]

    @property
    def nbytes(self) -> int:
        """Size unpacked."""
        return math.prod(self.shape) * np.dtype(self.dtype).itemsize


def spec(array: NDArray[Any]) -> ArraySpec:
    """Type and shape of `array`."""
    return ArraySpec(array.dtype.newbyteorder("<").str, tuple(int(n) for n in array.shape))


def write(
    database: Database,
    content: str,
    arrays: Mapping[str, NDArray[Any]],
    progress: Progress = SILENT,
) -> None:
    """Keep `arrays` under `content`."""
    whole, done = sum(array.nbytes for array in arrays.values()), 0
    for name, array in arrays.items():
        little = np.ascontiguousarray(array).astype(spec(array).dtype, copy=False)
        data = little.reshape(-1).view(np.uint8)
        size = little.dtype.itemsize
        step = PART // size * size
        for part, start in enumerate(range(0, max(len(data), 1), step)):
            progress.step(done / max(whole, 1))
            done += step
            # Bytes of equal weight together: heights that change slowly pack twice as well.
            shuffled = data[start : start + step].reshape(-1, size).T.tobytes()
            database.execute(
                "INSERT INTO dothi_blobs VALUES (?,?,?,?)",
                (content, name, part, zlib.compress(shuffled, 1)),
            )


def read(
    database: Database, content: str, specs: Mapping[str, ArraySpec]
) -> dict[str, NDArray[Any]]:
    """The arrays kept under `content`.

    Raises
    ------
    ReadError
        A part is missing, damaged, or larger than it says.
    """
    return {name: _read(database, content, name, wanted) for name, wanted in specs.items()}


def _read(database: Database, content: str, name: str, wanted: ArraySpec) -> NDArray[Any]:
    damaged = ReadError(
        f"{database.path.name} is damaged: {name} of {content} cannot be unpacked",
        hint="Go back to a copy of it.",
        code="project-damaged",
    )
    packed = database.rows(
        "SELECT sum(length(data)) FROM dothi_blobs WHERE content = ? AND name = ?", (content, name)
    )[0][0]
    if wanted.dtype not in _DTYPES or any(n < 0 for n in wanted.shape):
        raise damaged
    if packed is None or wanted.nbytes > packed * _MOST_PACKED:
        raise damaged
    data = np.empty(wanted.nbytes, dtype=np.uint8)
    size = np.dtype(wanted.dtype).itemsize
    filled = 0
    parts = database.rows(
        "SELECT part FROM dothi_blobs WHERE content = ? AND name = ? ORDER BY part", (content, name)
    )
    for (part,) in parts:
        ((blob,),) = database.rows(
            "SELECT data FROM dothi_blobs WHERE content = ? AND name = ? AND part = ?",
            (content, name, part),
        )
        room = min(PART, wanted.nbytes - filled)
        try:
            unpacking = zlib.decompressobj()
            piece = unpacking.decompress(bytes(blob), max(room, 1))
            more = unpacking.decompress(unpacking.unconsumed_tail, 1)
        except (zlib.error, TypeError) as damage:
            raise damaged from damage
        if more or not unpacking.eof or len(piece) > room or len(piece) % size:
            raise damaged
        shuffled = np.frombuffer(piece, dtype=np.uint8).reshape(size, -1)
        data[filled : filled + len(piece)] = shuffled.T.reshape(-1)
        filled += len(piece)
    if filled != wanted.nbytes:
        raise damaged
    return data.view(wanted.dtype).reshape(wanted.shape)


def drop(database: Database, content: str) -> None:
    """Forget the arrays kept under `content`."""
    database.execute("DELETE FROM dothi_blobs WHERE content = ?", (content,))
