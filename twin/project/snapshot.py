"""The city as of the last save: its layers in order, their looks, what was changed of buildings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import msgspec

from layers.errors import CityError, ReadError
from layers.frame import Frame
from layers.kinds.features import FeatureLayer
from layers.kinds.layer import Layer
from layers.notices import Notice
from layers.progress import SILENT, Progress
from layers.readers.registry import ReadOptions
from layers.source import Source
from twin.city import BuildingChange, City
from twin.edits.registry import header
from twin.project import journal, stories
from twin.project.contents import Contents
from twin.project.database import Database
from twin.project.headers import with_absolute_path, with_path
from twin.project.schema import meta, now, set_meta
from twin.style import Style


class AbsentLayer(msgspec.Struct, frozen=True, kw_only=True):
    """A layer of the project whose data could not be had; kept until it is found or removed.

    `why` says what happened, `hint` what to try; `content` is its key.
    """

    id: str
    name: str
    kind: str
    content: str
    why: str
    hint: str = ""
    code: str = ""


def write(
    contents: Contents,
    city: City,
    absent: Sequence[AbsentLayer] = (),
    options: Mapping[str, ReadOptions] = MappingProxyType({}),
    progress: Progress = SILENT,
) -> None:
    """Make `city` the saved one, in the caller's transaction; rows of `absent` layers stay.

    Raises
    ------
    Cancelled
        `progress` was cancelled; the caller's transaction undoes what was written.
    """
    database = contents.database
    waiting = {one.id: one for one in absent if one.id not in city.layers}
    kept: set[str] = {one.content for one in waiting.values()}
    listed = database.rows("SELECT id FROM dothi_layers")
    database.execute_many(
        "DELETE FROM dothi_layers WHERE id = ?", [row for row in listed if row[0] not in waiting]
    )
    count = max(len(city.layers), 1)
    for position, layer in enumerate(city.layers.values()):
        part = progress.part(position / count, (position + 1) / count)
        part.step(0.0)
        key = contents.keep(layer, options.get(layer.id), part)
        kept.add(key)
        contents.rename(key, layer.name)
        database.execute(
            "INSERT INTO dothi_layers VALUES (?,?,?,?,?,?,?,?,?,?,?)",
            _row(position, layer, city.styles.get(layer.id), key, contents),
        )
        if layer.kind == "buildings":
            contents.write_changes(key, city.changes.get(layer.id, {}))
    progress.step(1.0)
    contents.drop_all_but(kept)
    stories.write(database, city)
    set_meta(
        database,
        {
            "name": city.name,
            "frame": msgspec.json.encode(city.frame).decode(),
            "saved": now(),
            "saved_seq": str(journal.last(database)),
        },
    )


def read(contents: Contents, progress: Progress = SILENT) -> tuple[City, list[AbsentLayer]]:
    """The saved city, and the layers whose data could not be had."""
    stated = meta(contents.database)
    rows = contents.database.rows(
        "SELECT id, kind, name, vertical, style, source, notices, content FROM dothi_layers"
        " ORDER BY position, id"
    )
    layers: dict[str, Layer] = {}
    styles: dict[str, Style] = {}
    changes: dict[str, Mapping[str, BuildingChange]] = {}
    absent: list[AbsentLayer] = []
    for place, (name, kind, shown, _, style, *rest) in enumerate(rows):
        key = str(rest[-1])
        part = progress.part(place / len(rows), (place + 1) / len(rows))
        try:
            layer = _layer(contents, shown, rest, part)
            changed = contents.changes(key)
        except CityError as problem:
            absent.append(
                AbsentLayer(
                    id=str(name),
                    name=str(shown),
                    kind=str(kind),
                    content=key,
                    why=problem.what,
                    hint=problem.hint,
                    code=problem.code,
                )
            )
            continue
        layers[layer.id] = layer
        if style is not None:
            styles[layer.id] = _decode(contents.database, style, Style)
        if changed:
            changes[layer.id] = MappingProxyType(dict(changed))
    frame = frame_of(contents.database)
    told, pictures = stories.read(contents.database)
    city = City(
        name=stated.get("name", ""), frame=frame, layers=layers, styles=styles, changes=changes,
        stories=told, pictures=pictures,
    )  # fmt: skip
    return city, absent


def frame_of(database: Database) -> Frame:
    """The project's coordinates."""
    frame: Frame = _decode(database, meta(database).get("frame", ""), Frame)
    return frame


def saved_seq(database: Database) -> int:
    """Number of the last journal row that the saved city holds."""
    stated = meta(database).get("saved_seq", "0")
    return int(stated) if stated.isdigit() else 0


def _row(
    position: int, layer: Layer, style: Style | None, key: str, contents: Contents
) -> tuple[Any, ...]:
    head = with_path(header(layer), contents.folder)
    return (
        layer.id,
        position,
        layer.kind,
        layer.name,
        layer.role if isinstance(layer, FeatureLayer) else "",
        layer.crs,
        layer.vertical,
        None if style is None else msgspec.json.encode(style).decode(),
        None if head.source is None else msgspec.json.encode(head.source).decode(),
        msgspec.json.encode(layer.notices).decode(),
        key,
    )


def _layer(contents: Contents, name: Any, rest: Sequence[Any], progress: Progress) -> Layer:
    source, notices, key = rest
    layer = contents.find(str(key), progress)
    head = replace(
        header(layer),
        name=str(name),
        source=None if source is None else _decode(contents.database, source, Source),
        notices=_decode(contents.database, notices, tuple[Notice, ...]),
    )
    head = with_absolute_path(head, contents.folder)
    if (head.name, head.source, head.notices) == (layer.name, layer.source, layer.notices):
        return layer
    return layer.with_fields(name=head.name, source=head.source, notices=head.notices)


def _decode(database: Database, text: Any, wanted: Any) -> Any:
    try:
        return msgspec.json.decode(str(text), type=wanted)
    except msgspec.MsgspecError as damage:
        raise ReadError(
            f"{database.path.name} is damaged: {damage}",
            hint="Go back to a copy of it.",
            code="project-damaged",
        ) from damage
