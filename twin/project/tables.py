"""Features and buildings as ordinary layers of the GeoPackage, for QGIS and everyone."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from layers.errors import CityError, ReadError
from layers.kinds.buildings import METHODS, BuildingsLayer
from layers.kinds.features import FeatureLayer
from layers.notices import Notice
from layers.progress import SILENT, Progress
from twin.city import BuildingChange
from twin.project import touched
from twin.project.columns import (
    ColumnSpec,
    decoded,
    encoded,
    objects,
    short_decimals,
    spec_of,
    table_columns,
)
from twin.project.database import Database, quoted
from twin.project.geometry import from_blobs, to_blobs, type_name, z_code
from twin.project.schema import ensure_srs

_STANDING = (
    ("id", "TEXT"),
    ("ground", "REAL"),
    ("height", "REAL"),
    ("method", "TEXT"),
    ("points", "INTEGER"),
    ("rmse", "REAL"),
    ("floors", "INTEGER"),
    ("use", "TEXT"),
    ("lod", "INTEGER"),
)
_SURVEYED = (
    ("changed", "TEXT"),
    ("surveyed_height", "REAL"),
    ("surveyed_method", "TEXT"),
    ("surveyed_rmse", "REAL"),
    ("surveyed_floors", "INTEGER"),
    ("surveyed_use", "TEXT"),
)
_AS_SURVEYED = {
    "id": "id",
    "ground": "ground",
    "height": "coalesce(surveyed_height, height)",
    "method": "coalesce(surveyed_method, method)",
    "points": "points",
    "rmse": "surveyed_rmse",
    "floors": "coalesce(surveyed_floors, floors)",
    "use": "coalesce(surveyed_use, use)",
    "lod": "lod",
}
BATCH = 4096
"""Rows that are written between two steps of progress."""

_RESERVED = re.compile(r"(gpkg|rtree|sqlite|dothi)_", re.IGNORECASE)

Fields = dict[str, Any]


def free_table(database: Database, wanted: str) -> str:
    """A table's name that is not taken, as near to `wanted` as can be."""
    name = re.sub(r"[^\w-]", "_", wanted)[:60] or "layer"
    if _RESERVED.match(name):
        name = f"layer_{name}"
    taken = {str(row[0]).lower() for row in database.rows("SELECT name FROM sqlite_master")}
    free, number = name, 2
    while free.lower() in taken:
        free, number = f"{name}_{number}", number + 1
    return free


def write_features(
    database: Database, table: str, layer: FeatureLayer, progress: Progress = SILENT
) -> tuple[ColumnSpec, ...]:
    """Make `table` of all features; how their attributes are kept."""
    specs = _specs(layer.columns, {"fid", "geom"})
    srs = _create(database, table, layer, layer.geometry, [(s.column, s.sql) for s in specs])
    values = [encoded(layer.columns[s.name], s) for s in specs]
    progress.step(0.1)
    names = [s.column for s in specs]
    blobs = to_blobs(layer.geometry, srs)
    _insert(database, table, names, blobs, values, progress.part(0.2, 1.0))
    return specs


def read_features(
    database: Database, table: str, specs: Sequence[ColumnSpec]
) -> tuple[Fields, tuple[Notice, ...]]:
    """Geometry and attributes of `table`, without rows that have no geometry (any more)."""
    columns = _select(database, table, [quoted(s.column) for s in specs])
    geometry = from_blobs(columns[0])
    whole = np.array([one is not None for one in geometry], dtype=bool)
    with_values = _attributes(table, columns[1:], specs)
    return {
        "geometry": geometry[whole],
        "columns": {name: values[whole] for name, values in with_values.items()},
    }, _dropped(table, whole)


def write_buildings(
    database: Database, table: str, layer: BuildingsLayer, progress: Progress = SILENT
) -> tuple[ColumnSpec, ...]:
    """Make `table` of all buildings as surveyed; how their attributes are kept.

    Values that a person may change stand twice: as they are, for everyone who opens the file, and
    as surveyed.
    """
    ours = [*_STANDING, *_SURVEYED]
    specs = _specs(layer.columns, {"fid", "geom", *(name for name, _ in ours)})
    srs = _create(
        database, table, layer, layer.footprints, ours + [(s.column, s.sql) for s in specs]
    )
    survey = {"floors": layer.floors.tolist(), "use": layer.use.tolist()}
    survey |= {name: short_decimals(getattr(layer, name)) for name in ("height", "rmse")}
    survey["method"] = [METHODS[index] for index in layer.method]
    nothing = [None] * layer.count
    values: list[list[Any]] = [
        layer.ids.tolist(),
        layer.ground.tolist(),
        survey["height"],
        survey["method"],
        layer.points.tolist(),
        survey["rmse"],
        survey["floors"],
        survey["use"],
        layer.lod.tolist(),
        nothing,
        survey["height"],
        survey["method"],
        survey["rmse"],
        survey["floors"],
        survey["use"],
    ]
    values += [encoded(layer.columns[s.name], s) for s in specs]
    names = [name for name, _ in ours] + [s.column for s in specs]
    progress.step(0.1)
    blobs = to_blobs(layer.footprints, srs)
    _insert(database, table, names, blobs, values, progress.part(0.2, 1.0))
    database.execute(f"CREATE INDEX {quoted(table + '_by_id')} ON {quoted(table)} (id)")
    return specs


def read_buildings(
    database: Database, table: str, specs: Sequence[ColumnSpec]
) -> tuple[Fields, tuple[Notice, ...]]:
    """The buildings of `table` as surveyed, without rows that lost their outline, id or height.

    Rows that another program added have no survey: what stands there counts as surveyed.
    """
    columns = _select(database, table, [*_AS_SURVEYED.values(), *(quoted(s.column) for s in specs)])
    found = dict(zip(_AS_SURVEYED, columns[1:], strict=False))
    footprints = from_blobs(columns[0])
    try:
        height = np.array(found["height"], dtype=np.float64)
        fields: Fields = {
            "ids": objects(found["id"]),
            "footprints": footprints,
            "ground": np.array(found["ground"], dtype=np.float64),
            "height": height.astype(np.float32),
            "method": _methods(found["method"]),
            "points": _whole(found["points"], np.int32),
            "rmse": np.array(found["rmse"], dtype=np.float32),
            "floors": _whole(found["floors"], np.int16),
            "use": objects(["" if use is None else str(use) for use in found["use"]]),
            "lod": np.maximum(_whole(found["lod"], np.uint8), 1).astype(np.uint8),
        }
    except (TypeError, ValueError) as damage:
        raise ReadError(
            f"The table {table} holds something else than numbers: {damage}",
            hint="Put it right in QGIS, or go back to a copy of the project.",
            code="layer-damaged",
        ) from damage
    outlined = np.array([one is not None for one in footprints], dtype=bool)
    named = np.array([isinstance(one, str) and one != "" for one in found["id"]], dtype=bool)
    measured = (fields["height"] > 0) & np.isfinite(fields["height"])
    whole = outlined & named & measured & np.isfinite(fields["ground"])
    fields = {name: values[whole] for name, values in fields.items()}
    attributes = _attributes(table, columns[len(_AS_SURVEYED) + 1 :], specs)
    fields["columns"] = {name: values[whole] for name, values in attributes.items()}
    return fields, _dropped(table, whole)


def write_changes(database: Database, table: str, changes: Mapping[str, BuildingChange]) -> None:
    """Write what people changed over the survey, and the survey where they did not."""
    with touched.unmarked(database, table):
        _write_changes(database, quoted(table), changes)


def _write_changes(database: Database, name: str, changes: Mapping[str, BuildingChange]) -> None:
    database.execute(
        f"UPDATE {name} SET height=surveyed_height, method=surveyed_method, rmse=surveyed_rmse,"
        " floors=surveyed_floors, use=surveyed_use, changed=NULL WHERE changed IS NOT NULL"
    )
    rows = []
    for building, change in changes.items():
        named = [f for f in ("height", "floors", "use") if getattr(change, f) is not None]
        higher = change.height is not None
        rows.append(
            (change.height, higher, higher, change.floors, change.use, ",".join(named), building)
        )
    database.execute_many(
        f"UPDATE {name} SET height=coalesce(?, height),"
        " method=CASE WHEN ? THEN 'edited' ELSE method END,"
        " rmse=CASE WHEN ? THEN NULL ELSE rmse END,"
        " floors=coalesce(?, floors), use=coalesce(?, use), changed=? WHERE id=?",
        rows,
    )


def read_changes(
    database: Database, table: str, *, only_stated: bool = False
) -> dict[str, BuildingChange]:
    """What differs from the survey, by us or by someone in QGIS; values that make no sense do
    not count. `only_stated`: nobody but us wrote the table, which need not be searched then."""
    differs = " OR ".join(
        f"({name} IS NOT surveyed_{name} AND surveyed_{name} IS NOT NULL)"
        for name in ("height", "floors", "use")
    )
    if only_stated:
        differs = "0"
    rows = database.rows(
        "SELECT id, height, floors, use, coalesce(changed, ''), surveyed_height, surveyed_floors,"
        f" surveyed_use FROM {quoted(table)} WHERE changed IS NOT NULL OR {differs}"
    )
    changes: dict[str, BuildingChange] = {}
    for building, height, floors, use, named, *survey in rows:
        stated = str(named).split(",")
        new_height = "height" in stated or height != survey[0]
        new_floors = "floors" in stated or floors != survey[1]
        new_use = "use" in stated or use != survey[2]
        change = BuildingChange(
            height=height if new_height and isinstance(height, float) and height > 0 else None,
            floors=floors
            if new_floors and isinstance(floors, int) and 0 <= floors <= 32767
            else None,
            use=use if new_use and isinstance(use, str) else None,
        )
        if change != BuildingChange() and isinstance(building, str):
            changes[building] = change
    return changes


def rename(database: Database, table: str, name: str) -> None:
    """Let others see the layer's name; two layers of one name keep their tables' names apart."""
    taken = database.rows(
        "SELECT 1 FROM gpkg_contents WHERE identifier = ? AND table_name <> ?", (name, table)
    )
    shown = f"{name} ({table})" if taken else name
    database.execute(
        "UPDATE OR IGNORE gpkg_contents SET identifier = ? WHERE table_name = ?", (shown, table)
    )


def drop(database: Database, table: str) -> None:
    """Take the table away."""
    for ours in ("gpkg_geometry_columns", "gpkg_contents"):
        database.execute(f"DELETE FROM {ours} WHERE table_name = ?", (table,))
    database.execute(f"DROP TABLE IF EXISTS {quoted(table)}")
    touched.forget(database, table)


def _specs(columns: Mapping[str, NDArray[Any]], taken: set[str]) -> tuple[ColumnSpec, ...]:
    names = table_columns(list(columns), taken)
    return tuple(
        spec_of(name, column, values)
        for column, (name, values) in zip(names, columns.items(), strict=True)
    )


def _create(
    database: Database,
    table: str,
    layer: FeatureLayer | BuildingsLayer,
    geometry: NDArray[np.object_],
    columns: Sequence[tuple[str, str]],
) -> int:
    srs = ensure_srs(database, layer.crs)
    listed = "".join(f", {quoted(name)} {sql}" for name, sql in columns)
    database.execute(
        f"CREATE TABLE {quoted(table)} (fid INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,"
        f" geom {type_name(geometry)}{listed})"
    )
    bounds = layer.bounds if layer.count else (None,) * 4
    database.execute(
        "INSERT INTO gpkg_contents (table_name, data_type, min_x, min_y, max_x, max_y, srs_id)"
        " VALUES (?, 'features', ?, ?, ?, ?, ?)",
        (table, *bounds, srs),
    )
    database.execute(
        "INSERT INTO gpkg_geometry_columns VALUES (?, 'geom', ?, ?, ?, 0)",
        (table, type_name(geometry), srs, z_code(geometry)),
    )
    rename(database, table, layer.name)
    return srs


def _insert(
    database: Database,
    table: str,
    names: Sequence[str],
    blobs: list[bytes],
    values: Sequence[list[Any]],
    progress: Progress,
) -> None:
    listed = ", ".join(["geom", *map(quoted, names)])
    places = ", ".join("?" * (len(names) + 1))
    rows = zip(blobs, *values, strict=True)
    for start in range(0, len(blobs), BATCH):
        progress.step(start / len(blobs))
        database.execute_many(
            f"INSERT INTO {quoted(table)} ({listed}) VALUES ({places})", islice(rows, BATCH)
        )


def _select(database: Database, table: str, names: Sequence[str]) -> list[tuple[Any, ...]]:
    listed = ", ".join(["geom", *names])
    try:
        rows = database.rows(f"SELECT {listed} FROM {quoted(table)} ORDER BY fid")
    except CityError as damage:
        raise ReadError(
            f"The table {table} is not what it was: {damage.what}",
            hint="Was it changed in another program? Go back to a copy of the project.",
            code="layer-damaged",
        ) from damage
    return list(zip(*rows, strict=True)) if rows else [()] * (len(names) + 1)


def _attributes(
    table: str, columns: Sequence[Sequence[Any]], specs: Sequence[ColumnSpec]
) -> dict[str, NDArray[Any]]:
    try:
        return {s.name: decoded(values, s) for s, values in zip(specs, columns, strict=True)}
    except (ValueError, TypeError, OverflowError) as damage:
        raise ReadError(
            f"An attribute in the table {table} is not what it was: {damage}",
            hint="Was it changed in another program? Go back to a copy of the project.",
            code="layer-damaged",
        ) from damage


def _methods(names: Sequence[Any]) -> NDArray[np.uint8]:
    index = {name: number for number, name in enumerate(METHODS)}
    return np.array([index.get(name, index["default"]) for name in names], dtype=np.uint8)


def _whole(values: Sequence[Any], dtype: type[np.integer[Any]]) -> NDArray[Any]:
    numbers = np.nan_to_num(np.array(values, dtype=np.float64))
    return np.clip(numbers, 0, np.iinfo(dtype).max).astype(dtype)


def _dropped(table: str, whole: NDArray[np.bool_]) -> tuple[Notice, ...]:
    count = int((~whole).sum())
    if not count:
        return ()
    return (
        Notice(
            code="rows-left-out",
            what=f"{count} rows of the table {table} have no usable outline, id or height",
            hint="Complete them in QGIS; they stay in the file.",
            source=table,
            count=count,
        ),
    )
