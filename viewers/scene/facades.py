"""What the shader must know of each building to draw its façades: ground, height, floors, use, walls."""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from layers.kinds.buildings import BuildingsLayer
from layers.kinds.mesh import WALL
from layers.tiles.blocks import MERGED
from layers.tiles.chunks import Chunk
from layers.tiles.stored import StoredBuildings

PATTERNS = (
    "unknown", "house", "apartments", "office", "commercial", "industrial", "public", "mixed",
    "religious",
)  # fmt: skip
"""Kinds of façade; the shader knows them by their index."""
WORDS = {
    "mixed": ("mixed", "ket hop o", "hon hop", "shophouse"),
    "house": ("nha o", "biet thu", "villa", "house", "residential", "detached", "terrace", "dwelling"),
    "apartments": ("apartment", "chung cu", "tap the", "dormitory", "ky tuc xa"),
    "office": ("office", "van phong", "co quan", "tru so", "administrative", "government", "civic"),
    "commercial": (
        "commercial", "retail", "shop", "mall", "supermarket", "hotel", "restaurant", "thuong mai",
        "dich vu", "khach san", "nha hang", "sieu thi", "cho",
    ),
    "industrial": (
        "industrial", "warehouse", "factory", "nha xuong", "cong nghiep", "kho", "nha phu", "garage",
        "shed", "barn",
    ),
    "public": (
        "public", "school", "education", "university", "college", "kindergarten", "hospital",
        "health", "clinic", "theatre", "museum", "library", "truong", "benh vien", "tram y te",
        "nha hat", "bao tang", "thu vien", "nha van hoa", "cong cong",
    ),
    "religious": ("religious", "church", "temple", "pagoda", "chua", "den", "dinh", "nha tho", "mieu"),
}  # fmt: skip
"""Words in a use, folded, that tell its kind; the first kind that fits counts."""
WINDOWLESS = ("nha phu", "garage", "shed", "barn", "thap")
CODES = 32
OWN = 16
"""Added where a building brings surfaces of its own: its walls are not one quad each."""
MOST_FLOORS = 250
STOREY_M = 3.3
"""Height of a storey where the building does not say how many it has."""


def folded(text: str) -> str:
    """Small letters without marks."""
    plain = unicodedata.normalize("NFD", text.lower().replace("đ", "d"))
    return "".join(c for c in plain if not unicodedata.combining(c)).replace("_", " ")


@lru_cache(maxsize=4096)
def pattern_of(use: str) -> int:
    """Index in `PATTERNS` for what a use says, in Vietnamese or English; 0 where it says nothing."""
    words = f" {folded(use)} "
    for kind in ("mixed", "apartments", "public", "religious", "office", "commercial", "industrial",
                 "house"):  # fmt: skip
        if any(f" {word}" in words for word in WORDS[kind]):
            return PATTERNS.index(kind)
    return 0


def patterns_of(layer: BuildingsLayer) -> NDArray[np.uint8]:
    """Index in `PATTERNS` of each building (n,); quick also where uses lie on a disk."""
    stored = layer.stored_use if isinstance(layer, StoredBuildings) else None
    if stored is not None:
        names = np.array([pattern_of(str(name or "")) for name in stored.names], np.uint8)
        return names[stored.codes] if len(names) else np.zeros(layer.count, np.uint8)
    return np.array([pattern_of(str(use or "")) for use in layer.use.tolist()], np.uint8)


def site_of(
    chunk: Chunk,
    patterns: NDArray[np.uint8],
    floors: NDArray[np.int16],
    ground: NDArray[np.float64],
    height: NDArray[np.float32],
    own: NDArray[np.bool_] | None = None,
    *,
    origin_z: float,
) -> NDArray[np.float32]:
    """Four numbers for each vertex of a tile; see `sites`."""
    wall = wall_lengths(chunk.vertices, chunk.triangles, chunk.face_kind)
    row = chunk.vertex_row
    return sites(row, wall, patterns, floors, ground, height, own, origin_z=origin_z)


def sites(
    row: NDArray[np.integer[Any]],
    wall: NDArray[np.float32],
    patterns: NDArray[np.uint8],
    floors: NDArray[np.int16],
    ground: NDArray[np.float64],
    height: NDArray[np.float32],
    own: NDArray[np.bool_] | None = None,
    *,
    origin_z: float,
) -> NDArray[np.float32]:
    """Four numbers for each vertex (v, 4).

    Parameters
    ----------
    row, wall : (v,), the building of each vertex, and `wall_lengths`
    patterns, floors, ground, height : (n,), of all buildings; see `patterns_of`, `BuildingsLayer`
    own : bool (n,), which are drawn with surfaces of their own; None where none are

    Returns
    -------
    Ground in scene metres; height above it; metres of the wall that begins at this vertex, the last
    of its triangles' corners; and `CODES` × floors + `OWN` where that holds + pattern.
    """
    found = np.empty((len(row), 4), np.float32)
    high = np.maximum(height[row], 0.1)
    found[:, 0], found[:, 1] = ground[row] - origin_z, high
    found[:, 2] = wall
    stated = floors[row].astype(np.int32)
    # Floors that cannot be true of this height would make windows that no one could look out of.
    known = (stated > 0) & (high > 2.0 * stated) & (high < 12.0 * stated)
    guessed = np.maximum(np.rint(high / STOREY_M), 1)
    storeys = np.minimum(np.where(known, stated, guessed), MOST_FLOORS)
    code = patterns[row].astype(np.int32)
    if own is not None:
        code = code + OWN * own[row]
    found[:, 3] = CODES * storeys + code
    return found


def wall_lengths(
    vertices: NDArray[np.float32], triangles: NDArray[np.int32], face_kind: NDArray[np.uint8]
) -> NDArray[np.float32]:
    """Length of the wall that begins at each vertex (v,), metres; 0 where none does.

    The last corner of both triangles of a wall is where it begins: see `layers.builders.solids`.
    """
    length = np.zeros(len(vertices), np.float32)
    walls = triangles[face_kind % MERGED == WALL]
    xy = vertices[:, :2]
    start = xy[walls[:, 2]]
    one, other = (np.hypot(*(xy[walls[:, k]] - start).T) for k in (0, 1))
    length[walls[:, 2]] = np.maximum(one, other)
    return length
