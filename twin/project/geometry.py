"""Geometries as GeoPackage blobs (OGC 12-128r17, 2.1.3): a short header, then ISO WKB."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

_ENVELOPE = {0: 0, 1: 32, 2: 48, 3: 48, 4: 64}
"""Bytes of the envelope by its code."""

_NAMES = {
    0: "POINT",
    1: "LINESTRING",
    2: "LINESTRING",
    3: "POLYGON",
    4: "MULTIPOINT",
    5: "MULTILINESTRING",
    6: "MULTIPOLYGON",
    7: "GEOMETRYCOLLECTION",
}


def to_blobs(geometries: NDArray[np.object_], srs: int) -> list[bytes]:
    """Each geometry as a blob with its envelope (min x, max x, min y, max y), little endian."""
    bounds = shapely.bounds(geometries)[:, [0, 2, 1, 3]]
    wkb = shapely.to_wkb(geometries, byte_order=1, flavor="iso")
    head = struct.Struct("<2sBBi4d")
    return [
        head.pack(b"GP", 0, 0b00000011, srs, *box) + bytes(body)
        for box, body in zip(bounds.tolist(), wkb, strict=True)
    ]


def from_blobs(blobs: Sequence[Any]) -> NDArray[np.object_]:
    """Each blob as a geometry; None where it is empty or no geometry."""
    array: NDArray[np.object_] = np.empty(len(blobs), dtype=object)
    array[:] = shapely.from_wkb(_bodies(blobs), on_invalid="ignore")
    array[shapely.is_empty(array)] = None
    return array


def type_name(geometries: NDArray[np.object_]) -> str:
    """The one type all of them have, else "GEOMETRY"."""
    names = {_NAMES[number] for number in np.unique(shapely.get_type_id(geometries)).tolist()}
    return names.pop() if len(names) == 1 else "GEOMETRY"


def z_code(geometries: NDArray[np.object_]) -> int:
    """0 no heights, 1 all have heights, 2 some have."""
    has = shapely.has_z(geometries)
    return 0 if not has.any() else 1 if has.all() else 2


def _bodies(blobs: Sequence[Any]) -> list[bytes | None]:
    # All rows that one program wrote begin alike; then there is nothing to look at row by row.
    if all(type(blob) is bytes for blob in blobs) and len({blob[:4] for blob in blobs}) == 1:
        start = len(blobs[0]) - len(_body(blobs[0]) or b"")
        return [blob[start:] for blob in blobs]
    return [_body(blob) for blob in blobs]


def _body(blob: Any) -> bytes | None:
    if not isinstance(blob, bytes) or len(blob) < 8 or blob[:2] != b"GP":
        return None
    envelope = _ENVELOPE.get(blob[3] >> 1 & 0b111)
    return None if envelope is None else blob[8 + envelope :]
