"""Which city objects are buildings, ground and areas, and which of their geometries to take."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from layers.readers.cityjson_file import Chunk
from layers.readers.cityjson_geometry import Gathering

BUILDING_TYPES = ("Building", "BuildingPart", "BuildingInstallation")
AREA_ROLES: Mapping[str, str] = {
    "Road": "roads",
    "TransportSquare": "roads",
    "TransportationComplex": "roads",
    "Railway": "features",
    "WaterBody": "water",
    "Waterway": "water",
    "PlantCover": "green",
    "LandUse": "features",
    "Bridge": "features",
    "BridgePart": "features",
    "Tunnel": "features",
    "TunnelPart": "features",
    "OtherConstruction": "features",
    "GenericCityObject": "features",
    "CityFurniture": "features",
}
RELIEF, TREE = "TINRelief", "SolitaryVegetationObject"
_SURFACES = ("Solid", "MultiSolid", "CompositeSolid", "MultiSurface", "CompositeSurface")
_SOLIDS = _SURFACES[:3]
_DEEPEST = 8  # parents above a part; the standard needs one


@dataclass(slots=True)
class Survey:
    """Buildings as gathered: row i of each list is one building.

    `lod` is the level of detail taken; below 1 it is an outline without height.
    """

    faces: Gathering = field(default_factory=Gathering)
    ids: list[str] = field(default_factory=list)
    lod: list[float] = field(default_factory=list)
    solid: list[bool] = field(default_factory=list)
    attributes: list[dict[str, Any]] = field(default_factory=list)
    repeated: int = 0


@dataclass(slots=True)
class Things:
    """Objects of one type other than buildings."""

    faces: Gathering = field(default_factory=Gathering)
    ids: list[str] = field(default_factory=list)
    attributes: list[dict[str, Any]] = field(default_factory=list)
    places: list[tuple[float, float, float]] = field(default_factory=list)


@dataclass(slots=True)
class Gathered:
    """All that was found in a file."""

    buildings: Survey = field(default_factory=Survey)
    relief: Things = field(default_factory=Things)
    trees: Things = field(default_factory=Things)
    areas: dict[str, Things] = field(default_factory=dict)
    skipped: dict[str, int] = field(default_factory=dict)


def gathered(chunks: Iterable[Chunk], *, name: str, most: int = 0) -> Gathered:
    """Walk through `chunks` once; with `most` stop after so many buildings."""
    found = Gathered()
    used: set[str] = set()
    for chunk in chunks:
        found.buildings.faces.use(chunk.vertices)
        groups: dict[str, list[str]] = {}
        for id, thing in chunk.objects.items():
            kind = thing["type"]
            if kind in BUILDING_TYPES:
                groups.setdefault(_root(id, chunk.objects), []).append(id)
            elif kind == RELIEF:
                _add_thing(found.relief, chunk, id, name)
            elif kind == TREE:
                _add_tree(found.trees, chunk, id)
            elif kind in AREA_ROLES:
                _add_thing(found.areas.setdefault(kind, Things()), chunk, id, name)
            else:
                found.skipped[kind] = found.skipped.get(kind, 0) + 1
        for root, members in groups.items():
            if most and len(found.buildings.ids) >= most:
                return found
            if not _add_building(found.buildings, chunk, root, members, used, name):
                found.skipped["Building"] = found.skipped.get("Building", 0) + 1
    return found


def level(geometry: Mapping[str, Any]) -> float:
    """The level of detail as a number; 0 where it is not stated."""
    try:
        return float(str(geometry.get("lod", 0)))
    except ValueError:
        return 0.0


def _root(id: str, objects: Mapping[str, Any]) -> str:
    for _ in range(_DEEPEST):
        parents = objects[id].get("parents") or objects[id].get("parent")
        parent = parents[0] if isinstance(parents, list) and parents else parents
        if not isinstance(parent, str) or parent not in objects:
            return id
        id = parent
    return id


def _best(thing: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The surfaces of the highest level of detail; a solid before loose surfaces."""
    geometry = thing.get("geometry")
    fitting = [
        g
        for g in (geometry if isinstance(geometry, list) else [])
        if isinstance(g, dict) and g.get("type") in _SURFACES and g.get("boundaries")
    ]
    return max(fitting, key=lambda g: (level(g), g["type"] in _SOLIDS)) if fitting else None


def _add_building(
    survey: Survey, chunk: Chunk, root: str, members: list[str], used: set[str], name: str
) -> bool:
    found = [(id, chunk.objects[id]["type"], _best(chunk.objects[id])) for id in members]
    shaped = [(id, kind, best) for id, kind, best in found if best is not None]
    if not shaped:
        return False
    lod = max(level(best) for _, _, best in shaped)
    row = len(survey.ids)
    solid = True
    for id, kind, best in shaped:
        own = level(best)
        coarser = own < lod and (own < 1 or (kind == "Building" and len(shaped) > 1))
        if not coarser:
            survey.faces.add(best, row, name=name, id=id)
            solid &= best["type"] in _SOLIDS
    unique = root
    while unique in used:
        unique += "-2"
    survey.repeated += unique != root
    used.add(unique)
    survey.ids.append(unique)
    survey.lod.append(lod)
    survey.solid.append(solid)
    survey.attributes.append(_merged(chunk.objects, root, members))
    return True


def _merged(objects: Mapping[str, Any], root: str, members: list[str]) -> dict[str, Any]:
    """Attributes of the building; what it lacks comes from its parts: agreed, else the largest
    number, else all texts."""
    result = _attributes(objects[root])
    said: dict[str, list[Any]] = {}
    for id in members:
        if id != root and objects[id]["type"] == "BuildingPart":
            for key, value in _attributes(objects[id]).items():
                if value is not None:
                    said.setdefault(key, []).append(value)
    for key, values in said.items():
        if result.get(key) is None:
            result[key] = _agreed(values)
    return result


def _agreed(values: list[Any]) -> Any:
    if all(value == values[0] for value in values):
        return values[0]
    if all(isinstance(value, (int, float)) for value in values):
        return max(values)
    return "; ".join(sorted({str(value) for value in values}))


def _attributes(thing: Mapping[str, Any]) -> dict[str, Any]:
    found = thing.get("attributes")
    return dict(found) if isinstance(found, dict) else {}


def _add_thing(things: Things, chunk: Chunk, id: str, name: str) -> None:
    if not things.faces.vertices or things.faces.vertices[-1] is not chunk.vertices:
        things.faces.use(chunk.vertices)
    best = _best(chunk.objects[id])
    if best is not None:
        things.faces.add(best, len(things.ids), name=name, id=id)
    things.ids.append(id)
    things.attributes.append(_attributes(chunk.objects[id]))


def _add_tree(things: Things, chunk: Chunk, id: str) -> None:
    """A tree stands where its template is put, or at the lowest middle of its own shape."""
    rows = _corners(chunk.objects[id].get("geometry"), len(chunk.vertices))
    if not len(rows):
        return
    places: NDArray[np.float64] = chunk.vertices[rows]
    x, y = places[:, :2].mean(axis=0)
    things.places.append((float(x), float(y), float(places[:, 2].min())))
    things.ids.append(id)
    height = float(np.ptp(places[:, 2]))
    extra = {"height": height} if height > 0 else {}
    things.attributes.append({**extra, **_attributes(chunk.objects[id])})


def _corners(geometry: Any, count: int) -> list[int]:
    """Indices anywhere in a geometry, of those that exist; at most 100 000."""
    found: list[int] = []
    stack: list[Any] = [g.get("boundaries") for g in geometry or [] if isinstance(g, dict)]
    while stack and len(found) < 100_000:
        item = stack.pop()
        if isinstance(item, list):
            stack += item
        elif isinstance(item, int) and 0 <= item < count:
            found.append(item)
    return found
