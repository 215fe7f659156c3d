"""OpenStreetMap files, PBF and XML: buildings, roads, water, green, trees and the rest."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from layers.errors import ReadError
from layers.kinds.features import ROLES
from layers.kinds.layer import Layer
from layers.notices import Notice
from layers.progress import Progress
from layers.readers.dataset import ogr_errors
from layers.readers.filters import refuse_where
from layers.readers.layer_ids import ids_and_names
from layers.readers.looking import looked_at
from layers.readers.osm_tags import Rows, other_tags, tables
from layers.readers.registry import ReadOptions, SourcePreview
from layers.readers.repair import from_wkb, merged
from layers.readers.table import Table, feature_layers

_LAYERS = ("points", "lines", "multipolygons")
_NO_TAGS = ("osm_id", "osm_way_id", "other_tags", "z_order", "type")
_LARGEST = 400 * 2**20
_LOOK_ROWS = 20_000


def read(path: Path, options: ReadOptions, progress: Progress) -> list[Layer]:
    """One layer per role that the file has; only the asked one with `options.role` or `.layer`.

    Raises
    ------
    ReadError
        The file is damaged, too large to take whole, or holds nothing that was asked for.
    """
    refuse_where(path.name, options)
    return layers_of(path, _tables(path, options, progress), options)


def preview(path: Path, options: ReadOptions) -> list[SourcePreview]:
    """What `path` holds, role by role; counts are of its first things where it is large."""
    found = _tables(path, options, Progress(), most=_LOOK_ROWS)
    return [
        looked_at(table, ReadOptions(), count=len(table.geometry), role=table.role)
        for table in found
    ]


def layers_of(path: Path, found: Sequence[Table], options: ReadOptions) -> list[Layer]:
    """Layers of OSM tables: all, or those of the asked role or name."""
    chosen = list(found)
    if options.layer:
        chosen = [table for table in found if table.layer == options.layer]
    elif options.role in ROLES:
        chosen = [table for table in found if table.role == options.role]
    if not chosen:
        have = ", ".join(table.layer for table in found)
        raise ReadError(
            f"{path.name} holds no {options.layer or options.role or 'tagged things'}",
            hint=f"It has {have}." if have else "Choose a larger extract.",
            code="nothing-found",
        )
    names = ids_and_names(path, [table.layer for table in chosen])
    result: list[Layer] = []
    for table, (id, name) in zip(chosen, names, strict=True):
        result += feature_layers(path, table, options, id=id, name=name)
    return result


def _tables(path: Path, options: ReadOptions, progress: Progress, most: int = 0) -> list[Table]:
    if path.stat().st_size > _LARGEST and options.bounds is None and not most:
        raise ReadError(
            f"{path.name} is {path.stat().st_size / 2**20:.0f} MiB: too much to take whole",
            hint="Cut the town out first (osmium extract -b …), or give a window.",
            code="file-too-large",
        )
    rows = Rows()
    notices: list[Notice] = []
    for step, layer in enumerate(_LAYERS):
        progress.step(0.8 * step / len(_LAYERS), f"Reading {layer} of {path.name}")
        notices += _add(rows, path, layer, options, most)
    progress.step(0.85, f"Sorting {path.name}")
    found = tables(rows, name=path.name, notices=merged(notices))
    if not found:
        raise ReadError(
            f"{path.name} holds no tagged points, lines or areas",
            hint="Choose a larger extract or another window.",
            code="nothing-found",
        )
    return found


def _add(rows: Rows, path: Path, layer: str, options: ReadOptions, most: int) -> tuple[Notice, ...]:
    import pyogrio

    ask: dict[str, Any] = {"layer": layer, "max_features": most or None, "TAGS_FORMAT": "JSON"}
    if options.bounds is not None:
        ask["bbox"] = options.bounds
    with ogr_errors(path.name):
        meta, _, raw, values = pyogrio.raw.read(str(path), **ask)
    geometry, notices = from_wkb(raw, source=path.name)
    names = [str(name) for name in meta["fields"]]
    plain = [(n, v.tolist()) for n, v in zip(names, values, strict=True) if n not in _NO_TAGS]
    columns = dict(zip(names, values, strict=True))
    packed = columns["other_tags"].tolist()
    ids = _ids(columns, layer, len(raw))
    for row in range(len(raw)):
        if geometry[row] is None:
            continue  # told as broken
        tags = {name: str(column[row]) for name, column in plain if column[row] is not None}
        tags.update(other_tags(packed[row]))
        rows.geometry.append(geometry[row])
        rows.tags.append(tags)
        rows.ids.append(ids[row])
    return notices


def _ids(columns: dict[str, Any], layer: str, count: int) -> list[str]:
    own = columns["osm_id"].tolist()
    if layer != "multipolygons":
        kind = "node" if layer == "points" else "way"
        return [f"{kind}/{id}" for id in own]
    ways = columns["osm_way_id"].tolist()
    return [f"way/{ways[r]}" if ways[r] else f"relation/{own[r]}" for r in range(count)]
