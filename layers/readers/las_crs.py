"""The coordinate system that a LAS file states: as WKT, as GeoTIFF keys, or both at once."""

from __future__ import annotations

import struct
from typing import Any, NamedTuple

from layers.crs import describe, normalise
from layers.errors import CrsError
from layers.notices import Notice
from layers.readers.las_file import LasFile

_PROJECTION = "LASF_Projection"
_WKT, _KEYS, _DOUBLES, _TEXTS = 2112, 34735, 34736, 34737
_VERTICAL_UNITS_KEY = 4099
_UNITS = {9001: 1.0, 9002: 0.3048, 9003: 1200 / 3937}
"""EPSG unit codes that GeoTIFF keys use (OGC 19-008r4, 7.4)."""


class Stated(NamedTuple):
    """What the file says: CRS ("" for nothing), metres per height if said apart, notices."""

    crs: str
    metres_per_height: float | None
    notices: tuple[Notice, ...]


def stated_crs(las: LasFile) -> Stated:
    """The CRS in the file's records; WKT goes before GeoTIFF keys (LAS 1.4 R15, 2.4)."""
    name = las.path.name
    notices: list[Notice] = []
    found: dict[str, str] = {}
    for source, text in (("WKT", _wkt(las)), ("GeoTIFF keys", _from_keys(las))):
        if not text:
            continue
        try:
            found[source] = normalise(text)
        except CrsError as failure:
            what = f"The coordinate system in its {source} cannot be understood: {failure.what}"
            notices.append(Notice(code="crs-not-understood", what=what, source=name))
    if len(found) == 2 and _differ(*found.values()):
        first, second = (describe(crs).name for crs in found.values())
        notices.append(
            Notice(
                code="crs-stated-twice",
                what=f"It states two coordinate systems: {first} (WKT, used) "
                f"and {second} (GeoTIFF keys)",
                hint="Choose the other one if the data lies at a wrong place.",
                source=name,
            )
        )
    crs = next(iter(found.values()), "")
    return Stated(crs, _vertical_unit(las), tuple(notices))


def _differ(one: str, other: str) -> bool:
    first, second = describe(one), describe(other)
    if first.name == second.name:
        return False
    return not (first.authority and first.authority == second.authority)


def _records(las: LasFile, record_id: int) -> list[bytes]:
    """Data of all VLRs, then EVLRs, of the projection with this id."""
    every = [*las.header.vlrs, *(las.header.evlrs or [])]
    return [
        bytes(vlr.record_data_bytes())
        for vlr in every
        if vlr.user_id == _PROJECTION and vlr.record_id == record_id
    ]


def _wkt(las: LasFile) -> str:
    for raw in _records(las, _WKT):
        text = raw.split(b"\0")[0].decode("utf-8", errors="replace").strip()
        if text:
            return text
    return ""


def _vertical_unit(las: LasFile) -> float | None:
    for raw in _records(las, _KEYS):
        for key, place, _, value in struct.iter_unpack("<4H", raw[8 : len(raw) // 8 * 8]):
            if key == _VERTICAL_UNITS_KEY and place == 0:
                return _UNITS.get(value)
    return None


def _from_keys(las: LasFile) -> str:
    """GeoTIFF keys as WKT, by GDAL: it knows projections spelled out in parameters too."""
    keys = _records(las, _KEYS)
    if not keys or len(keys[0]) < 16:
        return ""
    doubles, texts = _records(las, _DOUBLES), _records(las, _TEXTS)
    tiff = _tiny_tiff(keys[0], doubles[0] if doubles else b"", texts[0] if texts else b"")
    return _read_crs(tiff)


def _read_crs(tiff: bytes) -> str:
    import rasterio  # slow to import, and few files need it
    from rasterio.errors import RasterioError
    from rasterio.io import MemoryFile

    try:
        with rasterio.Env(CPL_LOG="OFF"), MemoryFile(tiff) as memory, memory.open() as file:
            crs: Any = file.crs
            return str(crs.to_wkt()) if crs else ""
    except (RasterioError, ValueError):
        return ""


def _tiny_tiff(keys: bytes, doubles: bytes, texts: bytes) -> bytes:
    """A TIFF of one pixel that carries the three GeoTIFF tags (TIFF 6.0, section 2)."""
    short, double, ascii_ = 3, 12, 2
    number_of_keys = min(struct.unpack_from("<H", keys, 6)[0], len(keys) // 8 - 1)
    keys = keys[: 8 * (number_of_keys + 1)]
    keys = keys[:6] + struct.pack("<H", number_of_keys) + keys[8:]
    tags: list[tuple[int, int, int, bytes]] = [
        (256, short, 1, struct.pack("<H", 1)),  # width
        (257, short, 1, struct.pack("<H", 1)),  # height
        (258, short, 1, struct.pack("<H", 8)),  # bits
        (259, short, 1, struct.pack("<H", 1)),  # not compressed
        (262, short, 1, struct.pack("<H", 1)),  # black is zero
        (273, short, 1, struct.pack("<H", 8)),  # the pixel's place
        (277, short, 1, struct.pack("<H", 1)),  # one band
        (278, short, 1, struct.pack("<H", 1)),  # one row a strip
        (279, short, 1, struct.pack("<H", 1)),  # one byte a strip
        (33550, double, 3, struct.pack("<3d", 1, 1, 0)),  # cell size
        (33922, double, 6, struct.pack("<6d", 0, 0, 0, 0, 0, 0)),  # tie point
        (34735, short, len(keys) // 2, keys),
    ]
    if doubles:
        tags.append((34736, double, len(doubles) // 8, doubles[: len(doubles) // 8 * 8]))
    if texts:
        tags.append((34737, ascii_, len(texts) + 1, texts + b"\0"))
    data_at = 10 + 2 + 12 * len(tags) + 4
    directory, data = struct.pack("<H", len(tags)), b""
    for tag, kind, count, value in tags:
        directory += struct.pack("<HHI", tag, kind, count)
        if len(value) <= 4:
            directory += value.ljust(4, b"\0")
        else:
            directory += struct.pack("<I", data_at + len(data))
            data += value + b"\0" * (len(value) % 2)
    return b"II*\0" + struct.pack("<I", 10) + b"\0\0" + directory + b"\0\0\0\0" + data
