"""Columns of many buildings in the cache, so that a city opens without reading its tables."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from layers.errors import WriteError
from layers.kinds.buildings import BuildingsLayer
from layers.kinds.layer import Layer
from layers.kinds.mesh import SolidBatch
from layers.tiles.outlines import Outlines
from layers.tiles.stored import NUMBERS, Categories, Columns, StoredBuildings, Texts
from twin.project import touched
from twin.project.cache import Cache
from twin.project.database import Database

LEAST = 20_000
"""Buildings from which on it is worth it: a smaller table is read in a moment."""

Arrays = dict[str, NDArray[Any]]


def name_of(key: str) -> str:
    """The cache's entry for the columns of the data under `key`."""
    return f"{key}-columns"


def keep(database: Database, cache: Cache, key: str, table: str, layer: BuildingsLayer) -> None:
    """Put the columns of `layer`, as they stand in `table`, into the cache; nothing where they are
    few, or nothing may be written. In the caller's transaction."""
    if layer.count < LEAST or not cache.writable:
        return
    if not touched.mark(database, table):
        touched.watch(database, table)
    arrays = pack(layer, touched.mark(database, table))
    if arrays is not None:
        with contextlib.suppress(WriteError):  # a full disk: the table is read next time
            cache.put(name_of(key), arrays)


def find(
    database: Database, cache: Cache, key: str, table: str, head: Layer, model: SolidBatch | None
) -> StoredBuildings | None:
    """The layer over its columns in the cache; None where they are not there or of another day."""
    if not table:
        return None
    arrays = cache.get(name_of(key))
    if arrays is None:
        return None
    return unpack(arrays, mark=touched.mark(database, table), head=head, model=model)


def pack(layer: BuildingsLayer, mark: str) -> Arrays | None:
    """The layer's columns as numbers; `mark` is that of the table they stand in.

    None where a column holds what no text can say.
    """
    arrays: Arrays = {name: getattr(layer, name) for name in NUMBERS}
    outlines = Outlines.of(layer.footprints)
    arrays |= {f"outlines.{name}": array for name, array in outlines.arrays().items()}
    for field, found in (("ids", Texts.arrays(layer.ids)), ("use", Categories.arrays(layer.use))):
        arrays |= {f"{field}.{name}": array for name, array in found.items()}
    for number, (name, values) in enumerate(layer.columns.items()):
        column = _packed(values)
        if column is None:
            return None
        arrays |= {f"column{number}.{k}": v for k, v in column.items()}
        arrays[f"column{number}.name"] = np.frombuffer(name.encode(), np.uint8)
    arrays["areas"] = outlines.areas().astype(np.float32)
    arrays["outlines_mark"] = np.frombuffer(outlines.mark().encode(), np.uint8)
    arrays["bounds"] = np.array(layer.bounds)
    arrays["mark"] = np.frombuffer(mark.encode(), np.uint8)
    return arrays


def unpack(
    arrays: Mapping[str, NDArray[Any]],
    *,
    mark: str,
    head: Layer,
    model: SolidBatch | None,
) -> StoredBuildings | None:
    """The layer over what `pack` gave; None where the table was written since, or parts do not fit."""
    try:
        if not mark or arrays["mark"].tobytes().decode() != mark:
            return None
        parts = {field: _part(arrays, field) for field in ("outlines", "ids", "use")}
        west, south, east, north = arrays["bounds"].tolist()
        stored = Columns(
            ids=Texts(parts["ids"]),
            use=Categories(parts["use"]),
            outlines=Outlines.from_arrays(parts["outlines"]),
            bounds=(west, south, east, north),
            areas=arrays["areas"],
            mark=arrays["outlines_mark"].tobytes().decode(),
            attributes=lambda: dict(_columns(arrays)),
        )
        return StoredBuildings.over(head, stored, arrays, model)
    except (KeyError, ValueError, IndexError, TypeError):
        return None


def _packed(values: NDArray[Any]) -> Arrays | None:
    if values.dtype.kind != "O":
        return {"values": values}
    types = {type(value) for value in values.tolist()} - {type(None)}
    if types <= {str}:
        return Texts.arrays(values)
    if not types <= {str, int, float, bool, list, dict}:
        return None
    texts = np.empty(len(values), object)
    texts[:] = [None if v is None else msgspec.json.encode(v).decode() for v in values.tolist()]
    return Texts.arrays(texts) | {"json": np.ones(1, np.uint8)}


def _columns(arrays: Mapping[str, NDArray[Any]]) -> Iterator[tuple[str, NDArray[Any]]]:
    number = 0
    while f"column{number}.name" in arrays:
        part = _part(arrays, f"column{number}")
        name = part["name"].tobytes().decode()
        if "values" in part:
            yield name, part["values"]
        else:
            texts = Texts(part).all()
            if "json" in part:
                texts[:] = [None if t is None else msgspec.json.decode(t) for t in texts.tolist()]
            yield name, texts
        number += 1


def _part(arrays: Mapping[str, NDArray[Any]], field: str) -> Arrays:
    return {
        name.partition(".")[2]: array
        for name, array in arrays.items()
        if name.startswith(f"{field}.")
    }
