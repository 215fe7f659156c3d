"""CityJSON 1.0, 1.1, 2.0 and CityJSON text sequences: buildings with their own roofs, ground, areas."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import shapely

from layers.crs import describe
from layers.errors import ReadError
from layers.kinds.features import ROLES, FeatureLayer
from layers.kinds.layer import Bounds, Layer
from layers.kinds.mesh import MeshLayer
from layers.notices import Notice
from layers.progress import Progress
from layers.readers.cityjson_buildings import Model, buildings_of, layer_of_buildings
from layers.readers.cityjson_columns import columns_of
from layers.readers.cityjson_file import CityFile, open_city
from layers.readers.cityjson_geometry import checked, outlines, united
from layers.readers.cityjson_objects import AREA_ROLES, Gathered, Things, gathered
from layers.readers.cityjson_triangles import triangles_of
from layers.readers.filters import refuse_where
from layers.readers.layer_ids import ids_and_names
from layers.readers.looking import looked_at
from layers.readers.place import Place, place, source_of
from layers.readers.registry import ReadOptions, SourcePreview
from layers.readers.repair import repaired
from layers.readers.table import Table
from layers.source import Source

_LOOK_BUILDINGS = 500


def read(path: Path, options: ReadOptions, progress: Progress) -> list[Layer]:
    """Buildings, relief, trees and areas of `path`, each as a layer.

    Raises
    ------
    ReadError
        It is no CityJSON, is damaged, or holds nothing that can be shown.
    CrsError
        It does not say where on Earth it lies.
    """
    with open_city(path) as city:
        refuse_where(path.name, options)
        _refuse_degrees(path, city, options)
        progress.step(0.1, f"Reading {path.name}")
        found = gathered(city.chunks, name=path.name)
        progress.step(0.5, f"Shaping {path.name}")
        model = buildings_of(found.buildings, name=path.name)
        ground = _relief(found.relief, path.name)
        tables = _tables(found, city, path.name)
        bounds = _bounds(model, ground, tables)
        if bounds is None:
            raise _nothing(path, found)
        where = place(path.name, city.crs, bounds, options)
        if options.bounds is not None:
            tables, ground = _cropped(tables, ground, options.bounds)
        progress.step(0.8, f"Placing {path.name}")
        layers = _layers(path, options, city, found, model, ground, tables, where)
        return _asked(layers, options, path.name)


def preview(path: Path, options: ReadOptions) -> list[SourcePreview]:
    """What `path` holds, by its first buildings; all objects are counted."""
    with open_city(path) as city:
        found = gathered(city.chunks, name=path.name)
        model = buildings_of(found.buildings, name=path.name, most=_LOOK_BUILDINGS)
        result = []
        if model is not None and len(model.footprints):
            columns = columns_of(found.buildings.attributes[: len(model.footprints)])
            seen = Table(
                geometry=model.footprints[~shapely.is_empty(model.footprints)],
                columns=columns,
                crs=city.crs,
                title=path.name,
                layer="Building",
                notices=tuple(_skipped(found, path.name)),
            )
            count = len(found.buildings.ids)
            result.append(
                looked_at(seen, options, count=count, kind="buildings", role="footprints")
            )
        result += [
            looked_at(table, options, count=len(table.geometry), role=table.role)
            for table in _tables(found, city, path.name)
        ]
        ground = _relief(found.relief, path.name)
        if ground is not None:
            result.append(_relief_preview(ground, city))
    if not result:
        raise _nothing(path, found)
    return result


def _cropped(
    tables: list[Table], ground: tuple[Any, Any] | None, bounds: Bounds
) -> tuple[list[Table], tuple[Any, Any] | None]:
    """Areas and triangles of the ground that meet the window."""
    window = shapely.box(*bounds)
    cut = [table.rows(shapely.intersects(table.geometry, window)) for table in tables]
    if ground is not None:
        vertices, triangles = ground
        corners = vertices[triangles, :2]
        meets = (corners.min(axis=1) <= bounds[2:]) & (corners.max(axis=1) >= bounds[:2])
        triangles = triangles[meets.all(axis=1)]
        used, compact = np.unique(triangles, return_inverse=True)
        ground = (vertices[used], compact.reshape(-1, 3).astype(np.int32)) if len(used) else None
    return [table for table in cut if len(table.geometry)], ground


def _asked(layers: list[Layer], options: ReadOptions, name: str) -> list[Layer]:
    """Only the layer of the asked type of city object, or of the asked role."""
    if not layers:
        raise ReadError(
            f"{name} holds nothing in the window that was asked for",
            hint="Check the window; it is in the coordinates of the file.",
            code="nothing-found",
        )
    chosen = layers
    if options.layer:
        chosen = [one for one in layers if one.source and one.source.layer == options.layer]
    elif options.role in ROLES and options.role != "footprints":
        chosen = [one for one in layers if getattr(one, "role", "") == options.role]
    if not chosen:
        have = ", ".join(one.source.layer for one in layers if one.source)
        raise ReadError(
            f"{name} holds no {options.layer or options.role}",
            hint=f"It has {have}.",
            code="nothing-found",
        )
    return chosen


def _refuse_degrees(path: Path, city: CityFile, options: ReadOptions) -> None:
    given = options.crs and (options.force_crs or not city.crs)
    stated = options.crs if given else city.crs
    if stated and not describe(stated).is_projected:
        raise ReadError(
            f"{path.name} is in degrees; solids need metres",
            hint="Reproject it first: cjio in.json crs_reproject <EPSG> save out.json.",
            code="cityjson-degrees",
        )


def _layers(
    path: Path,
    options: ReadOptions,
    city: CityFile,
    found: Gathered,
    model: Model | None,
    ground: tuple[Any, Any] | None,
    tables: list[Table],
    where: Place,
) -> list[Layer]:
    source = msgspec.structs.replace(
        source_of(path, options, driver=f"CityJSON {city.version}", where=where, date=city.date),
        attribution=options.attribution or city.title,
        encoding="utf-8",
    )
    titles = [""] * bool(model) + [table.layer for table in tables] + ["TINRelief"] * bool(ground)
    names = iter(ids_and_names(path, titles))
    notices = [*where.notices, *_skipped(found, path.name)]
    layers: list[Layer] = []
    facts: dict[str, Any] = {"crs": where.crs, "vertical": where.vertical}

    def of(kind: str) -> Source:
        return msgspec.structs.replace(source, layer=kind)

    if model is not None:
        id, name = next(names)
        layers += layer_of_buildings(
            model,
            found.buildings,
            metres=where.metres_per_height,
            window=options.bounds,
            id=id,
            name=name,
            notices=notices,
            source=of("Building"),
            **facts,
        )
    for table in tables:
        id, name = next(names)
        layers.append(
            FeatureLayer(
                id=id,
                name=name,
                geometry=table.geometry,
                columns=table.columns,
                role=table.role,
                notices=table.notices,
                source=of(table.layer),
                **facts,
            )
        )
    if ground is not None:
        id, name = next(names)
        vertices, triangles = ground
        offset = np.floor(vertices.min(axis=0))
        layers.append(
            MeshLayer(
                id=id,
                name=name,
                offset=(float(offset[0]), float(offset[1]), 0.0),
                vertices=(vertices - [offset[0], offset[1], 0.0])
                * [1.0, 1.0, where.metres_per_height],
                triangles=triangles,
                source=of("TINRelief"),
                **facts,
            )
        )
    return layers


def _relief(things: Things, name: str) -> tuple[Any, Any] | None:
    """Vertices float64 (v, 3) and triangles (t, 3) of all reliefs together."""
    faces = checked(things.faces, name=name)
    if not len(faces.owner):
        return None
    triangles, _, _ = triangles_of(faces)
    used, compact = np.unique(triangles, return_inverse=True)
    return faces.vertices[used], compact.reshape(-1, 3).astype(np.int32)


def _tables(found: Gathered, city: CityFile, name: str) -> list[Table]:
    tables = []
    for kind, things in found.areas.items():
        faces = checked(things.faces, name=name)
        areas = united(outlines(faces), faces.owner, len(things.ids))
        tables.append(_table(areas, things, city, kind, AREA_ROLES[kind], name))
    if found.trees.ids:
        points = np.asarray(shapely.points(np.array(found.trees.places)), dtype=object)
        tables.append(_table(points, found.trees, city, "Tree", "trees", name))
    return [table for table in tables if len(table.geometry)]


def _table(geometry: Any, things: Things, city: CityFile, kind: str, role: str, name: str) -> Table:
    mended = repaired(geometry, source=f"{name} · {kind}")
    columns = columns_of([things.attributes[row] for row in mended.rows])
    ids = np.empty(len(mended.rows), dtype=object)
    ids[:] = [things.ids[row] for row in mended.rows]
    return Table(
        geometry=mended.geometry,
        columns={"cityjson_id": ids, **columns},
        crs=city.crs,
        title=f"{name} · {kind}",
        layer=kind,
        role=role,
        notices=mended.notices,
    )


def _bounds(model: Model | None, ground: Any, tables: list[Table]) -> Any:
    boxes = [table.bounds for table in tables]
    if model is not None:
        boxes.append(model.bounds)
    if ground is not None:
        low, high = ground[0].min(axis=0), ground[0].max(axis=0)
        boxes.append((float(low[0]), float(low[1]), float(high[0]), float(high[1])))
    if not boxes:
        return None
    table = np.array(boxes)
    return (*table[:, :2].min(axis=0).tolist(), *table[:, 2:].max(axis=0).tolist())


def _relief_preview(ground: Any, city: CityFile) -> SourcePreview:
    vertices, triangles = ground
    low, high = vertices.min(axis=0), vertices.max(axis=0)
    return SourcePreview(
        layer="TINRelief",
        kind="mesh",
        role="ground",
        count=len(triangles),
        crs=city.crs,
        bounds=(float(low[0]), float(low[1]), float(high[0]), float(high[1])),
    )


def _skipped(found: Gathered, name: str) -> list[Notice]:
    notices = []
    if found.skipped:
        told = ", ".join(f"{kind} {count}×" for kind, count in sorted(found.skipped.items()))
        notices.append(
            Notice(
                code="objects-skipped",
                what=f"Objects without surfaces or of kinds not shown here were left out: {told}",
                source=name,
                count=sum(found.skipped.values()),
                severity="info",
            )
        )
    if found.buildings.repeated:
        notices.append(
            Notice(
                code="ids-repeated",
                what=f"{found.buildings.repeated} buildings had the id of another; “-2” was added",
                source=name,
                count=found.buildings.repeated,
            )
        )
    return notices


def _nothing(path: Path, found: Gathered) -> ReadError:
    kinds = ", ".join(sorted(found.skipped)[:6])
    return ReadError(
        f"{path.name} holds no buildings, ground or areas" + (f", only {kinds}" if kinds else ""),
        hint="Check that its objects have surfaces (Solid or MultiSurface).",
        code="nothing-found",
    )
