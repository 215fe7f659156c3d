"""Answers of the Overpass API in JSON: nodes, ways and multipolygons with their tags."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import shapely

from layers.errors import ReadError
from layers.kinds.layer import Layer
from layers.notices import Notice
from layers.progress import Progress
from layers.readers.filters import refuse_where
from layers.readers.looking import looked_at
from layers.readers.osm import layers_of
from layers.readers.osm_tags import Rows, is_area, tables
from layers.readers.registry import ReadOptions, SourcePreview
from layers.readers.table import Table

Place = tuple[float, float]


def read(path: Path, document: Any, options: ReadOptions, progress: Progress) -> list[Layer]:
    """One layer per role of what an Overpass answer holds.

    Raises
    ------
    ReadError
        Its elements are not those of Overpass, or nothing has both tags and a place.
    """
    refuse_where(path.name, options)
    progress.step(0.3, f"Sorting {path.name}")
    found = _tables(path, document)
    if options.bounds is not None:
        window = shapely.box(*options.bounds)
        cut = [table.rows(shapely.intersects(table.geometry, window)) for table in found]
        found = [table for table in cut if len(table.geometry)]
    return layers_of(path, found, options)


def preview(path: Path, document: Any) -> list[SourcePreview]:
    """What the answer holds, role by role."""
    found = _tables(path, document)
    return [
        looked_at(table, ReadOptions(), count=len(table.geometry), role=table.role)
        for table in found
    ]


def _tables(path: Path, document: Any) -> list[Table]:
    try:
        rows, lost = _rows(document["elements"])
    except (KeyError, TypeError, ValueError, AttributeError):
        raise ReadError(
            f"{path.name} looks like an Overpass answer, but its elements are not right",
            hint="Ask for it again with [out:json] and “out body; >; out skel;” or “out geom;”.",
            code="overpass-invalid",
        ) from None
    facts = document.get("osm3s")
    stamp = str(facts.get("timestamp_osm_base", ""))[:10] if isinstance(facts, dict) else ""
    found = tables(rows, name=path.name, date=stamp, notices=_notices(lost, path.name))
    if not found:
        raise ReadError(
            f"{path.name} holds nothing that has both tags and a place",
            hint="Ask Overpass with “out geom;”, or with “out body; >; out skel;”.",
            code="nothing-found",
        )
    return found


def _rows(elements: list[dict[str, Any]]) -> tuple[Rows, int]:
    """Tagged elements with their shapes, and how many had no place."""
    nodes = {
        e["id"]: (float(e["lon"]), float(e["lat"]))
        for e in elements
        if e["type"] == "node" and "lon" in e
    }
    ways = {e["id"]: _way(e, nodes) for e in elements if e["type"] == "way"}
    rows, lost = Rows(), 0
    for element in elements:
        tags = element.get("tags")
        if not tags:
            continue
        tags = {str(key): str(value) for key, value in tags.items()}
        shape = _shape(element, tags, nodes, ways)
        if shape is None:
            lost += element["type"] != "relation"
            continue
        rows.geometry.append(shape)
        rows.tags.append(tags)
        rows.ids.append(f"{element['type']}/{element['id']}")
    return rows, lost


def _way(element: Mapping[str, Any], nodes: Mapping[Any, Place]) -> list[Place]:
    if element.get("geometry"):
        return [(float(p["lon"]), float(p["lat"])) for p in element["geometry"] if p]
    return [nodes[id] for id in element.get("nodes", ()) if id in nodes]


def _shape(
    element: Mapping[str, Any],
    tags: Mapping[str, str],
    nodes: Mapping[Any, Place],
    ways: Mapping[Any, list[Place]],
) -> Any:
    kind = element["type"]
    if kind == "node":
        return shapely.Point(nodes[element["id"]]) if element["id"] in nodes else None
    if kind == "way" and len(ways[element["id"]]) >= 2:
        places = ways[element["id"]]
        if len(places) >= 4 and places[0] == places[-1] and is_area(tags):
            return shapely.Polygon(places)
        return shapely.LineString(places)
    if kind == "relation" and tags.get("type") in ("multipolygon", "boundary"):
        return _multipolygon(element, ways)
    centre = element.get("center")
    return shapely.Point(float(centre["lon"]), float(centre["lat"])) if centre else None


def _multipolygon(element: Mapping[str, Any], ways: Mapping[Any, list[Place]]) -> Any:
    """Outer rings less inner ones; None where no ring closes."""
    lines: dict[str, list[Any]] = {"outer": [], "inner": []}
    for member in element.get("members", ()):
        if member.get("type") != "way":
            continue
        places = ways.get(member.get("ref")) or _way(member, {})
        role = "inner" if member.get("role") == "inner" else "outer"
        if len(places) >= 2:
            lines[role].append(shapely.LineString(places))
    outer, inner = (
        shapely.union_all(shapely.get_parts(shapely.polygonize([shapely.union_all(found)])))
        if found
        else shapely.Polygon()
        for found in lines.values()
    )
    shape = shapely.difference(outer, inner)
    return None if shape.is_empty else shape


def _notices(lost: int, name: str) -> tuple[Notice, ...]:
    if not lost:
        return ()
    what = f"{lost} tagged things came without their nodes and were left out"
    hint = "Ask Overpass with “out geom;”."
    return (Notice(code="nodes-missing", what=what, hint=hint, source=name, count=lost),)
