"""What a layer is for, guessed from its name, its columns and its geometry."""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from layers.readers.columns import folded

DIMENSIONS: Mapping[str, tuple[int, ...]] = {
    "footprints": (2,),
    "parcels": (2,),
    "zoning": (2,),
    "green": (2,),
    "water": (1, 2),
    "roads": (1, 2),
    "trees": (0,),
    "features": (0, 1, 2),
}
"""The dimensions of geometry that each role can be drawn and reckoned with."""

# English, Dutch (BGT), Vietnamese without marks, Swedish, French. A word ending in "*" also begins
# a longer one. Order matters: "cay xanh" is green before "cay" is trees.
_WORDS: tuple[tuple[str, str], ...] = (
    (
        "parcels",
        "parcel* cadast* plot* perceel percelen thua thuadat diachinh fastighet* parcelle*",
    ),
    (
        "zoning",
        "zoning* zone zones landuse land_use quyhoach qh sdd sudungdat detaljplan bestemming*",
    ),
    ("footprints", "building* footprint* bldg* pand panden bat batiment* byggnad* hus nha toanha"),
    ("footprints", "congtrinh house* hoogbouw nhao khoinha"),
    (
        "green",
        "green* park parks plantcover vegetation grass begroeid* cayxanh congvien grnt gronska",
    ),
    ("green", "begroeidterreindeel* thamco forest* wood skog vegetatie* parkmark"),
    ("trees", "tree* boom bomen cay caybong trad arbre* canopy"),
    (
        "water",
        "water* waterdeel* lake* river* ho song kenh muong matnuoc mattnuoc thuyvan vatten* sjo",
    ),
    ("water", "hydro* stream* canal* pond* waterbody eau"),
    (
        "roads",
        "road* street* highway* wegdeel* weg wegen duong duongpho giaothong gt vag vagar gata",
    ),
    ("roads", "route* rue pho tim_duong timduong transport* overbruggingsdeel"),
)
_COLUMNS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("roads", ("highway", "oneway", "maxspeed", "lanes", "surfacematerial", "sulan", "solan")),
    ("trees", ("crown", "species", "loaicay", "tradart", "genus")),
    ("parcels", ("mathua", "sothua", "sothututhua", "sotobando", "parcelid", "fastighet")),
    (
        "footprints",
        ("identificatiebagpnd", "buildinglevels", "byggnadsna", "sotang", "measuredheight"),
    ),
    ("water", ("waterway",)),
)
_CLASSIFYING = ("type", "natural", "fclass", "class", "kind", "category", "loai", "phanloai")
_VALUES: Mapping[str, tuple[str, ...]] = {
    "water": (
        *("water", "riverbank", "lake", "river", "reservoir", "pond", "canal"),
        *("ho", "song", "matnuoc"),
    ),
    "green": ("park", "wood", "forest", "grass", "garden", "scrub", "meadow", "congvien"),
    "footprints": ("building", "house", "apartments", "nha", "nhao", "congtrinh"),
    "trees": ("tree", "cayxanh", "caybongmat"),
    "roads": (
        *("residential", "primary", "secondary", "tertiary", "service", "footway", "trunk"),
        *("unclassified", "duong"),
    ),
}
_MOST = 0.6  # share of values that must agree


def guess_role(
    names: Iterable[str], columns: Mapping[str, NDArray[Any]], geometry: NDArray[np.object_]
) -> str:
    """The role (of `layers.kinds.features.ROLES`) that names, columns, then values speak for.

    A role whose geometry the layer does not have is not guessed; "features" is the answer where
    nothing speaks.
    """
    have = set(np.unique(shapely.get_dimensions(geometry)).tolist()) if len(geometry) else {0, 1, 2}
    for name in names:
        found = role_of_name(name, have)
        if found:
            return found
    known = {folded(column) for column in columns}
    for role, telling in _COLUMNS:
        if known & set(telling) and have & set(DIMENSIONS[role]):
            return role
    found = _role_of_values(columns)
    return found if have & set(DIMENSIONS[found]) else "features"


def role_of_name(name: str, have: Iterable[int] = (0, 1, 2)) -> str:
    """The role that a name of a layer or file speaks for, "" for none."""
    words = _words(name)
    joined = "".join(words)
    pairs = {a + b for a, b in itertools.pairwise(words)}
    for role, listed in _WORDS:
        if not set(have) & set(DIMENSIONS[role]):
            continue
        for pattern in listed.split():
            stem = pattern.rstrip("*").replace("_", "")
            if stem in words or stem in pairs or stem == joined:
                return role
            if pattern.endswith("*") and any(word.startswith(stem) for word in words):
                return role
    return ""


def fitting(role: str, geometry: NDArray[np.object_]) -> NDArray[np.bool_]:
    """Which geometries have a dimension that `role` can be drawn with."""
    result: NDArray[Any] = np.isin(
        shapely.get_dimensions(geometry), DIMENSIONS.get(role, (0, 1, 2))
    )
    return result


def _role_of_values(columns: Mapping[str, NDArray[Any]]) -> str:
    """The role that most values of a classifying column name; "features" where they differ."""
    for name, values in columns.items():
        if folded(name) not in _CLASSIFYING or values.dtype.kind != "O":
            continue
        words = [folded(value) for value in values.tolist() if isinstance(value, str) and value]
        for role, telling in _VALUES.items():
            if words and sum(word in telling for word in words) >= _MOST * len(words):
                return role
    return "features"


def _words(name: str) -> list[str]:
    apart = re.sub(r"(?<=[a-zà-ỹ])(?=[A-ZÀ-Ỹ])", " ", unicodedata.normalize("NFC", name))
    return [folded(word) for word in re.split(r"[\W_\d]+", apart) if folded(word)]
