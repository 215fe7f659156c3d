"""OpenStreetMap's tags: what a thing is for, and its measures as numbers."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import orjson
import shapely
from numpy.typing import NDArray

from layers.readers.table import Table, mended_table
from layers.text import mended

LICENCE = "ODbL 1.0"
ATTRIBUTION = "© OpenStreetMap contributors"
CRS = "EPSG:4326"

Tags = Mapping[str, str]

_NUMBER = r"(\d+(?:[.,]\d+)?)"
_METRES = re.compile(rf"^\s*~?\s*{_NUMBER}\s*(m|metres?|meters?)?\s*$", re.IGNORECASE)
_FEET = re.compile(rf"^\s*{_NUMBER}\s*(?:'|ft|feet|foot)\s*(?:{_NUMBER}\s*(?:\"|''|in))?\s*$", re.I)
_HSTORE = re.compile(r'"((?:[^"\\]|\\.)*)"=>"((?:[^"\\]|\\.)*)"')
_FOOT, _INCH = 0.3048, 0.0254

_GREEN = {
    "landuse": (
        *("grass", "forest", "meadow", "village_green", "recreation_ground", "orchard"),
        *("allotments", "flowerbed", "greenfield", "plant_nursery", "vineyard", "cemetery"),
    ),
    "leisure": ("park", "garden", "nature_reserve", "golf_course", "dog_park"),
    "natural": ("wood", "scrub", "grassland", "heath", "wetland", "shrubbery"),
}
_WATER = {
    "natural": ("water", "bay"),
    "landuse": ("reservoir", "basin", "salt_pond"),
    "waterway": ("riverbank", "dock"),
    "leisure": ("swimming_pool",),
}
_NO = (None, "", "no", "none")

_TEXTS: Mapping[str, tuple[str, ...]] = {
    "footprints": ("name", "building", "amenity", "shop", "roof:shape", "start_date"),
    "roads": ("name", "highway", "oneway", "maxspeed", "surface", "bridge", "tunnel", "layer"),
    "water": ("name", "natural", "waterway", "water"),
    "green": ("name", "landuse", "leisure", "natural"),
    "trees": ("name", "species", "genus", "leaf_type"),
    "features": ("name", "amenity", "shop", "tourism", "landuse", "leisure", "highway", "railway"),
}
_MEASURES: Mapping[str, tuple[tuple[str, str], ...]] = {
    "footprints": (("height", "height"), ("min_height", "min_height"), ("roof:height",) * 2),
    "roads": (("width", "width"),),
    "water": (("width", "width"),),
    "trees": (("height", "height"), ("crown", "diameter_crown")),
}
_COUNTS: Mapping[str, tuple[str, ...]] = {
    "footprints": ("building:levels", "building:min_level", "roof:levels"),
    "roads": ("lanes",),
}


@dataclass(slots=True)
class Rows:
    """OSM things one after another: geometry (or None), tags, and "way/123"."""

    geometry: list[Any] = field(default_factory=list)
    tags: list[Tags] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)


def metres(text: str | None) -> float:
    """A length as OSM writes it, in metres: "12", "12 m", "12,5", "40'", "40' 6\\"", "40 ft".

    Of several ("3;4") the first; NaN where it is none. Without a unit it is metres (OSM wiki,
    Key:height).
    """
    first = (text or "").split(";")[0]
    found = _METRES.match(first)
    if found:
        return float(found[1].replace(",", "."))
    found = _FEET.match(first)
    if found:
        inches = float((found[2] or "0").replace(",", "."))
        return float(found[1].replace(",", ".")) * _FOOT + inches * _INCH
    return math.nan


def count(text: str | None) -> float:
    """A number such as floors or lanes; of several ("3;4") the first, NaN where it is none."""
    try:
        value = float((text or "").split(";")[0].replace(",", "."))
    except ValueError:
        return math.nan
    return value if math.isfinite(value) and value >= 0 else math.nan


def other_tags(text: str | None) -> dict[str, str]:
    """The tags that OGR packs into one column, as JSON or as an hstore."""
    if not text:
        return {}
    if text.startswith("{"):
        return {str(key): str(value) for key, value in orjson.loads(text).items()}
    return {
        re.sub(r"\\(.)", r"\1", key): re.sub(r"\\(.)", r"\1", value)
        for key, value in _HSTORE.findall(text)
    }


def role_of(tags: Tags, dimension: int) -> str:
    """The role of a thing by its tags (OSM wiki, Map features); "" where it has none of interest."""
    if dimension == 2 and tags.get("building") not in _NO:
        return "footprints"
    if tags.get("highway") not in _NO and dimension > 0:
        return "roads"
    if dimension == 0:
        return "trees" if tags.get("natural") == "tree" else "features" if tags else ""
    if tags.get("waterway") not in _NO and dimension == 1:
        return "water"
    if dimension == 2:
        for role, known in (("water", _WATER), ("green", _GREEN)):
            if any(tags.get(key) in values for key, values in known.items()):
                return role
    return "features" if tags else ""


def is_area(tags: Tags) -> bool:
    """Whether a closed way with these tags is an area (OSM wiki, Key:area, and OGR's osmconf)."""
    if tags.get("area") == "yes":
        return True
    if tags.get("area") == "no" or tags.get("highway") or tags.get("barrier"):
        return False
    keys = ("building", "landuse", "leisure", "amenity", "tourism", "shop", "building:part")
    if any(tags.get(key) not in _NO for key in keys):
        return True
    return tags.get("natural") not in (*_NO, "coastline", "tree_row", "cliff")


def tables(rows: Rows, *, name: str, date: str = "", notices: tuple[Any, ...] = ()) -> list[Table]:
    """One table per role, features apart by dimension."""
    shapes = np.full(len(rows.geometry), None, dtype=object)
    shapes[:] = rows.geometry
    dimensions = shapely.get_dimensions(shapes).tolist()
    groups: dict[tuple[str, str], list[int]] = {}
    for row, (tags, dimension) in enumerate(zip(rows.tags, dimensions, strict=True)):
        role = role_of(tags, dimension)
        if role == "features":
            groups.setdefault((role, ("places", "lines", "areas")[max(dimension, 0)]), []).append(
                row
            )
        elif role:
            groups.setdefault((role, role), []).append(row)
    result: list[Table] = []
    order = list(_TEXTS)
    for (role, layer), chosen in sorted(groups.items(), key=lambda item: order.index(item[0][0])):
        table = mended_table(
            shapes[chosen],
            _columns(role, [rows.tags[r] for r in chosen], [rows.ids[r] for r in chosen]),
            crs=CRS,
            title=f"{name} · {layer}",
            layer=layer,
            role=role,
            driver="OpenStreetMap",
            encoding="utf-8",
            licence=LICENCE,
            attribution=ATTRIBUTION,
            date=date,
            notices=notices if not result else (),
        )
        if len(table.geometry):
            result.append(table)
    return result


def _columns(role: str, tags: Sequence[Tags], ids: Sequence[str]) -> dict[str, NDArray[Any]]:
    columns: dict[str, NDArray[Any]] = {"osm_id": _objects(list(ids))}
    for key in _TEXTS[role]:
        listed = [mended(tag[key], "") if key in tag else None for tag in tags]
        if any(listed):
            columns[key] = _objects(listed)
    for column, key in _MEASURES.get(role, ()):
        columns[column] = np.array([metres(tag.get(key)) for tag in tags])
    for key in _COUNTS.get(role, ()):
        columns[key] = np.array([count(tag.get(key)) for tag in tags])
    columns["tags"] = _objects([orjson.dumps(dict(tag)).decode() for tag in tags])
    return columns


def _objects(listed: list[Any]) -> NDArray[Any]:
    result = np.empty(len(listed), dtype=object)
    result[:] = listed
    return result
