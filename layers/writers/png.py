"""A PNG written row by row, so that a picture of any size needs the memory of a few rows."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

SIGNATURE = b"\x89PNG\r\n\x1a\n"
ROWS = 64
"""So many rows are filtered at once."""


class PngRows:
    """Writes 8-bit colour rows, from the top, to an open file.

    PNG specification, third edition (W3C 2025): chunks in 5, filters in 9, `iTXt` in 11.3.3.4.

    Parameters
    ----------
    file
        Open for writing bytes.
    text
        Keyword → text kept in the file ("Title", "Copyright"), any letters.
    """

    def __init__(
        self, file: BinaryIO, width: int, height: int, *, text: Mapping[str, str] | None = None
    ) -> None:
        self._file, self._width, self._left = file, width, height
        self._pack = zlib.compressobj(6)
        self._above = np.zeros((1, width * 3), np.uint8)
        file.write(SIGNATURE)
        self._chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
        for keyword, words in (text or {}).items():
            if words:
                head = keyword.encode("latin-1") + b"\0\0\0\0\0"
                self._chunk(b"iTXt", head + words.encode("utf-8"))

    def add(self, rows: NDArray[np.uint8]) -> None:
        """Append `rows`, uint8 (n, width, 3).

        Raises
        ------
        ValueError
            They are not as wide as the picture, or more than are left.
        """
        if rows.shape[1:] != (self._width, 3) or len(rows) > self._left:
            raise ValueError(rows.shape)
        self._left -= len(rows)
        for start in range(0, len(rows), ROWS):
            part = np.ascontiguousarray(rows[start : start + ROWS]).reshape(-1, self._width * 3)
            self._data(self._pack.compress(_filtered(part, self._above)))
            self._above = part[-1:].copy()

    def finish(self) -> None:
        """Write the end; every row must have come.

        Raises
        ------
        ValueError
            Some did not.
        """
        if self._left:
            raise ValueError(self._left)
        self._data(self._pack.flush())
        self._chunk(b"IEND", b"")

    def _data(self, packed: bytes) -> None:
        if packed:
            self._chunk(b"IDAT", packed)

    def _chunk(self, name: bytes, data: bytes) -> None:
        self._file.write(struct.pack(">I", len(data)) + name + data)
        self._file.write(struct.pack(">I", zlib.crc32(name + data)))


def _filtered(rows: NDArray[np.uint8], above: NDArray[np.uint8]) -> bytes:
    """Each row by the filter that leaves the smallest sum of differences (specification, 12.7)."""
    up = np.vstack([above, rows[:-1]])
    left, corner = _shifted(rows), _shifted(up)
    tried = np.stack([rows - left, rows - up, rows - _paeth(left, up, corner)])
    cost = np.abs(tried.view(np.int8).astype(np.int16)).sum(axis=2, dtype=np.int64)
    best = cost.argmin(axis=0)
    out = np.empty((len(rows), rows.shape[1] + 1), np.uint8)
    out[:, 0] = np.array([1, 2, 4], np.uint8)[best]
    out[:, 1:] = tried[best, np.arange(len(rows))]
    return out.tobytes()


def _shifted(rows: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Each byte's neighbour one pixel to the left."""
    out = np.zeros_like(rows)
    out[:, 3:] = rows[:, :-3]
    return out


def _paeth(
    left: NDArray[np.uint8], up: NDArray[np.uint8], corner: NDArray[np.uint8]
) -> NDArray[np.uint8]:
    a, b, c = (part.astype(np.int16) for part in (left, up, corner))
    to_a, to_b = np.abs(b - c), np.abs(a - c)
    to_c = np.abs(a + b - 2 * c)
    nearest_left = (to_a <= to_b) & (to_a <= to_c)
    return np.where(nearest_left, left, np.where(to_b <= to_c, up, corner)).astype(np.uint8)
