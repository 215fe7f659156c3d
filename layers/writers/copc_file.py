"""The bytes of a COPC file: head, chunk after chunk, table, octree (COPC 1.0; LAS 1.4 R15)."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Any, BinaryIO, NamedTuple

import lazrs
import numpy as np
from numpy.typing import NDArray
from pyproj import CRS

from layers.writers.copc_levels import GRID, Cube

HEAD_BYTES = 375
_VLR = struct.Struct("<H16sHH32s")
_EVLR = struct.Struct("<H16sHQ32s")
_ENTRY = struct.Struct("<iiiiQii")
_INFO_BYTES = 160
_WKT_BIT, _COMPRESSED = 0x10, 0x80
_TIME_AT = 22
"""Byte of the GPS time in a record (LAS 1.4 R15, table 16); it is not kept."""
_RETURNS = 0x11
"""Return 1 of 1: which return a point was is not kept."""


class Entry(NamedTuple):
    """One node: where it stands in the octree, and where its chunk stands in the file."""

    level: int
    x: int
    y: int
    z: int
    offset: int
    size: int
    points: int


class Extent(NamedTuple):
    """Smallest and largest whole numbers X, Y, Z of all points."""

    low: tuple[int, int, int]
    high: tuple[int, int, int]


class Layout:
    """What is the same for all points of one file: format, scale, shift, coordinate system.

    Parameters
    ----------
    coloured
        Whether points have red, green and blue (format 7, else 6).
    scale, shift
        A coordinate is `X * scale + shift`.
    crs
        Of the coordinates; heights are in metres.
    """

    def __init__(
        self,
        cube: Cube,
        *,
        coloured: bool,
        scale: NDArray[np.float64],
        shift: NDArray[np.float64],
        crs: str,
    ) -> None:
        self.cube, self.coloured, self.scale, self.shift = cube, coloured, scale, shift
        self.format = 7 if coloured else 6
        self._wkt = CRS.from_user_input(crs).to_wkt("WKT1_GDAL").encode() + b"\0"
        self.vlr = lazrs.LazVlr.new_for_compression(self.format, 0, True)
        self._laszip = bytes(self.vlr.record_data())
        # All of its bytes have a name: numpy would not copy what has none.
        record: list[Any] = [("X", "<i4"), ("Y", "<i4"), ("Z", "<i4"), ("intensity", "<u2")]
        record += [("returns", "u1"), ("flags", "u1"), ("classification", "u1"), ("user", "u1")]
        record += [("angle", "<i2"), ("source", "<u2"), ("code", "<u8")]
        self.record = np.dtype([*record, ("rgb", "<u2", (3,))] if coloured else record)

    @property
    def points_at(self) -> int:
        """Where points begin, after head and records."""
        return HEAD_BYTES + 3 * _VLR.size + _INFO_BYTES + len(self._laszip) + len(self._wkt)

    def records(self, count: int) -> NDArray[Any]:
        """Room for `count` records of the file: position, intensity, class and colour are to come.

        Until a record is compressed, `code` stands where the time would.
        """
        made = np.zeros(count, dtype=self.record)
        made["returns"] = _RETURNS
        return made

    def compressed(self, records: NDArray[np.uint8]) -> bytes:
        """One chunk; `records` (n, bytes of one) lose their codes."""
        records[:, _TIME_AT : _TIME_AT + 8] = 0
        data: bytes = lazrs.compress_points(self.vlr, records, False)
        (table_at,) = struct.unpack_from("<q", data)  # a file in small: with a table of its own
        return data[8:table_at]

    def begin(self, file: BinaryIO) -> None:
        """Make room for what is known only at the end; chunks follow."""
        file.write(bytes(self.points_at + 8))

    def finish(self, file: BinaryIO, entries: Sequence[Entry], extent: Extent) -> None:
        """Write table and octree behind the chunks, and the head before them."""
        in_file = sorted(entries, key=lambda entry: entry.offset)
        file.seek(0, 2)
        table_at = file.tell()
        lazrs.write_chunk_table(file, [(one.points, one.size) for one in in_file], self.vlr)
        file.seek(0, 2)
        tree_at = file.tell()
        tree = b"".join(_ENTRY.pack(*one) for one in sorted(entries))
        file.write(_EVLR.pack(0, b"copc", 1000, len(tree), b"COPC hierarchy") + tree)
        file.seek(self.points_at)
        file.write(struct.pack("<q", table_at))
        file.seek(0)
        file.write(self._head(sum(one.points for one in entries), tree_at, extent))
        file.write(self._records(tree_at + _EVLR.size, len(tree)))

    def _head(self, count: int, tree_at: int, extent: Extent) -> bytes:
        """The public header block (LAS 1.4 R15, table 3)."""
        low = np.array(extent.low) * self.scale + self.shift
        high = np.array(extent.high) * self.scale + self.shift
        ends = [end for pair in zip(high, low, strict=True) for end in pair]
        return (
            struct.pack("<4sHHIHH8sBB", b"LASF", 0, _WKT_BIT, 0, 0, 0, bytes(8), 1, 4)
            + struct.pack("<32s32sHH", b"Dothi", b"Dothi", 0, 0)
            + struct.pack("<HII", HEAD_BYTES, self.points_at, 3)
            + struct.pack("<BH", self.format | _COMPRESSED, self.record.itemsize)
            + struct.pack("<I5I", 0, 0, 0, 0, 0, 0)
            + struct.pack("<3d3d", *self.scale, *self.shift)
            + struct.pack("<6d", *ends)
            + struct.pack("<QQIQ15Q", 0, tree_at, 1, count, count, *[0] * 14)
        )

    def _records(self, tree_at: int, tree_bytes: int) -> bytes:
        half = self.cube.side / 2
        info = struct.pack(
            "<5dQQ2d88x",
            *(corner + half for corner in self.cube.corner),
            half,
            self.cube.side / 2**GRID,
            tree_at,
            tree_bytes,
            0.0,
            0.0,
        )
        return b"".join(
            _VLR.pack(0, user, number, len(data), b"") + data
            for user, number, data in (
                (b"copc", 1, info),  # it must be the first
                (b"laszip encoded", 22204, self._laszip),
                (b"LASF_Projection", 2112, self._wkt),
            )
        )
