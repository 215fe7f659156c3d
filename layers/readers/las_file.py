"""The head of a LAS or LAZ file, checked before anything is believed or made room for."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import laspy
import numpy as np
from laspy.errors import LaspyException
from numpy.typing import NDArray

from layers.errors import ReadError
from layers.kinds.layer import Bounds

FIELDS = ("classification", "intensity", "rgb")
"""What of a point is kept beside x, y and z."""

_SIGNATURE = b"LASF"
_VLR_HEAD, _EVLR_HEAD = 54, 60
_COLOUR_AT = {2: 20, 3: 28, 5: 28, 7: 30, 8: 30, 10: 30}
"""Byte of the red value in a point record (ASPRS LAS 1.4 R15, tables 7–16)."""
_SMALLEST_RECORD = {0: 20, 1: 28, 2: 26, 3: 34, 4: 57, 5: 63, 6: 30, 7: 36, 8: 38, 9: 59, 10: 67}
_LARGEST_SCALE, _FARTHEST = 1e3, 1e9
"""Units of the file: coarser or farther is no survey on this Earth (4 · 10⁷ m around)."""
_LASZIP = ("laszip encoded", 22204)


@dataclass(frozen=True, slots=True, kw_only=True)
class LasFile:
    """A LAS or LAZ file whose head was read and makes sense.

    Attributes
    ----------
    path : where it is
    header : laspy's header, VLRs and EVLRs included
    size : bytes of the file
    record : dtype of one point record with the fields X, Y, Z, intensity, classes and, where the
        point format has them, red, green, blue; its item size is that of the file
    laszip : the LASzip VLR's data, b"" for an uncompressed file
    is_copc : whether points lie as an octree
    """

    path: Path
    header: Any
    size: int
    record: np.dtype[Any]
    laszip: bytes
    is_copc: bool

    @property
    def count(self) -> int:
        """Points that the header claims."""
        return int(self.header.point_count)

    @property
    def format(self) -> int:
        """Point data record format, 0–10."""
        return int(self.header.point_format.id)

    @property
    def driver(self) -> str:
        """Name of the format, for people."""
        family = "COPC" if self.is_copc else "LAZ" if self.laszip else "LAS"
        return f"{family} {self.header.version.major}.{self.header.version.minor}"

    @property
    def bounds(self) -> Bounds:
        """Extent by the header, in the file's own numbers."""
        low, high = self.header.mins, self.header.maxs
        return (float(low[0]), float(low[1]), float(high[0]), float(high[1]))

    def classes(self, records: NDArray[Any]) -> NDArray[np.uint8]:
        """ASPRS classes of `records`; the older formats keep flags in the upper three bits."""
        raw: NDArray[np.uint8] = records["classes"]
        return raw if self.format >= 6 else raw & np.uint8(0x1F)


def open_las(path: Path) -> LasFile:
    """Read and check the head of `path`.

    Raises
    ------
    ReadError
        It is no LAS file, is cut off within its head, or its head contradicts itself.
    """
    try:
        size = path.stat().st_size
        with path.open("rb") as stream:
            evlrs = _check_raw(path, stream.read(375), size)
            stream.seek(0)
            header = laspy.LasHeader.read_from(stream, read_evlrs=evlrs)
    except OSError as failure:
        raise ReadError(
            f"{path.name} could not be read: {failure.strerror or failure}"
        ) from failure
    except (
        LaspyException,
        ValueError,
        struct.error,
        IndexError,
        KeyError,
        OverflowError,
    ) as failure:
        raise _damaged(path, str(failure)) from failure
    return LasFile(
        path=path,
        header=header,
        size=size,
        record=_record(path, header),
        laszip=_laszip(path, header),
        is_copc=_is_copc(header),
    )


def _check_raw(path: Path, head: bytes, size: int) -> bool:
    """Whether EVLRs can be read; `ReadError` where sizes in the head cannot be.

    laspy believes these numbers and would loop or allocate for them.
    """
    if len(head) < 227 or head[:4] != _SIGNATURE:
        raise ReadError(
            f"{path.name} is not a LAS or LAZ file, or only the beginning of one",
            hint="Copy or download it again.",
            code="format-damaged",
        )
    head_size, points_at, vlrs = struct.unpack_from("<HII", head, 94)
    if not 227 <= head_size <= points_at or points_at > size:
        raise _damaged(path, f"points would begin at byte {points_at} of {size}")
    if vlrs * _VLR_HEAD > points_at:
        raise _damaged(path, f"there is no room for {vlrs} variable records")
    record_format, record_size = struct.unpack_from("<BH", head, 104)
    smallest = _SMALLEST_RECORD.get(record_format & 0x3F)
    if smallest is None or record_size < smallest:
        raise _damaged(path, f"point format {record_format & 0x3F} in {record_size} bytes")
    if head[25] < 4 or len(head) < 247:
        return False
    start, number = struct.unpack_from("<QI", head, 235)
    # A file cut off before its EVLRs still tells its CRS and how much of it is left.
    return bool(start + number * _EVLR_HEAD <= size)


def _record(path: Path, header: Any) -> np.dtype[Any]:
    """Our own view on a record: extra dimensions of any name cannot disturb it."""
    record_format = int(header.point_format.id)
    names = ["X", "Y", "Z", "intensity", "classes"]
    formats = ["<i4", "<i4", "<i4", "<u2", "u1"]
    offsets = [0, 4, 8, 12, 16 if record_format >= 6 else 15]
    colour = _COLOUR_AT.get(record_format)
    if colour is not None:
        names += ["red", "green", "blue"]
        formats += ["<u2"] * 3
        offsets += [colour, colour + 2, colour + 4]
    scale, shift = np.abs(header.scales), np.abs(header.offsets)
    if not (np.isfinite(scale).all() and np.isfinite(shift).all()):
        raise _damaged(path, "scale or offset is not a number")
    if not ((scale > 0).all() and scale.max() <= _LARGEST_SCALE and shift.max() <= _FARTHEST):
        raise _damaged(path, f"scales {header.scales} and offsets {header.offsets} are of no map")
    return np.dtype(
        {
            "names": names,
            "formats": formats,
            "offsets": offsets,
            "itemsize": int(header.point_format.size),
        }
    )


def _laszip(path: Path, header: Any) -> bytes:
    if not header.are_points_compressed:
        return b""
    for vlr in header.vlrs:
        if (vlr.user_id, vlr.record_id) == _LASZIP:
            return bytes(vlr.record_data)
    raise _damaged(path, "its points are compressed, but it does not say how")


def _is_copc(header: Any) -> bool:
    first = header.vlrs[0] if len(header.vlrs) else None
    return first is not None and (first.user_id, first.record_id) == ("copc", 1)


def _damaged(path: Path, why: str) -> ReadError:
    return ReadError(
        f"{path.name} has a damaged head: {why}",
        hint="Copy or download it again, or repair it with a LAS tool.",
        code="format-damaged",
    )
