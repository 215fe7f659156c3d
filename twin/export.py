"""A city for other programs: CityJSONSeq, GeoPackage, glTF."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from layers.builders.solids import solids_of
from layers.builders.terrain import terrain_mesh
from layers.errors import CityError, WriteError
from layers.kinds.buildings import BuildingsLayer
from layers.kinds.elevation import ElevationLayer
from layers.kinds.mesh import SolidBatch
from layers.progress import SILENT, Progress
from layers.writers.cityjsonseq import write_cityjsonseq
from layers.writers.geopackage import write_geopackage
from layers.writers.gltf import GltfMesh, solid_meshes, write_gltf
from twin.city import City
from twin.project.recognise import check_no_source, is_project

FORMATS = (".city.jsonl", ".gpkg", ".glb")
TERRAIN_CELLS = 250_000
GROUND_COLOUR = (0.66, 0.66, 0.60, 1.0)


def export_city(city: City, out: Path, *, progress: Progress = SILENT) -> int:
    """Write what stands now, edits included; returns the number of buildings.

    CityJSONSeq holds the buildings, a GeoPackage all vector layers, glTF the buildings and the ground.

    Raises
    ------
    CityError
        The suffix is not one of `FORMATS`, there is nothing to write, or it cannot be written.
    """
    name = out.name.lower()
    if not name.endswith(FORMATS):
        raise CityError(
            f"{out.name}: a city is not written in this format",
            hint=f"Choose a name that ends with {', '.join(FORMATS)}.",
            code="format-unknown",
        )
    check_no_source(out, city)
    if is_project(out):
        raise WriteError(
            f"{out.name} is a project of Dothi, so it is not written over",
            hint="Choose another name.",
            code="would-lose-data",
        )
    standing = [
        city.standing(layer.id) if isinstance(layer, BuildingsLayer) else layer
        for layer in city.layers.values()
    ]
    buildings = [layer for layer in standing if isinstance(layer, BuildingsLayer) and layer.count]
    if name.endswith(".gpkg"):
        write_geopackage(out, standing, progress=progress)
    elif not buildings:
        raise CityError(
            f"{city.name} has no buildings to write",
            hint="Add footprints first.",
            code="nothing-to-write",
        )
    elif name.endswith(".glb"):
        _write_glb(city, buildings, out, progress)
    else:
        write_cityjsonseq(out, merged(buildings, name=city.name), progress=progress)
    return sum(layer.count for layer in buildings)


def _write_glb(
    city: City, buildings: Sequence[BuildingsLayer], out: Path, progress: Progress
) -> None:
    origin = city.frame.origin
    meshes: list[GltfMesh] = []
    for layer in buildings:
        solids = solids_of(layer, origin=origin)
        meshes += solid_meshes(solids, [str(x) for x in layer.ids], prefix=layer.id)
    for ground in city.layers.values():
        if isinstance(ground, ElevationLayer) and ground.surface == "ground":
            vertices, triangles, _ = terrain_mesh(ground, origin=origin, max_cells=TERRAIN_CELLS)
            meshes.append(
                GltfMesh(
                    name=ground.id,
                    vertices=vertices,
                    triangles=triangles,
                    colour=GROUND_COLOUR,
                    smooth=True,
                )
            )
    write_gltf(
        out,
        meshes,
        origin=origin,
        crs=city.frame.crs,
        vertical=city.frame.vertical,
        title=city.name,
        progress=progress,
    )


def merged(layers: Sequence[BuildingsLayer], *, name: str) -> BuildingsLayer:
    """Several layers of buildings as one; an id that two have gets its layer's id before it.

    Columns that not all layers have are left out: a file of buildings has one set of attributes.
    """
    if len(layers) == 1:
        return layers[0]
    every = [str(one) for layer in layers for one in layer.ids]
    repeated = {one for one, times in Counter(every).items() if times > 1}
    ids = [
        f"{layer.id}-{one}" if str(one) in repeated else str(one)
        for layer in layers
        for one in layer.ids
    ]
    columns = {
        key: np.concatenate([np.asarray(layer.columns[key], dtype=object) for layer in layers])
        for key in layers[0].columns
        if all(key in layer.columns for layer in layers)
    }
    parts: dict[str, Any] = {
        key: np.concatenate([getattr(layer, key) for layer in layers])
        for key in (
            "footprints",
            "ground",
            "height",
            "method",
            "points",
            "rmse",
            "floors",
            "use",
            "lod",
        )
    }
    return replace(
        layers[0],
        name=name,
        ids=np.array(ids, dtype=object),
        columns=columns,
        model=_models(layers),
        **parts,
    )


def _models(layers: Sequence[BuildingsLayer]) -> SolidBatch | None:
    first = next((layer.model for layer in layers if layer.model is not None), None)
    if first is None:
        return None
    origin = np.asarray(first.origin)
    vertices, triangles, solids, kinds = [], [], [], []
    row = corner = 0
    for layer in layers:
        model = layer.model
        if model is not None:
            vertices.append(model.vertices + (np.asarray(model.origin) - origin).astype(np.float32))
            triangles.append(model.triangles + np.int32(corner))
            solids.append(model.face_solid + np.int32(row))
            kinds.append(model.face_kind)
            corner += len(model.vertices)
        row += layer.count
    return SolidBatch(
        origin=first.origin,
        vertices=np.concatenate(vertices),
        triangles=np.concatenate(triangles),
        face_solid=np.concatenate(solids),
        face_kind=np.concatenate(kinds),
    )
