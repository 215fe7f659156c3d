"""Buildings as a CityJSON 2.0 text sequence."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from layers.atomic import atomic
from layers.builders.rings import Rings, clean_rings
from layers.builders.solids import EDITED
from layers.crs import describe
from layers.kinds.buildings import METHODS, BuildingsLayer
from layers.kinds.mesh import FLOOR, ROOF, WALL
from layers.progress import SILENT, Progress

GRID_M = 0.001
SURFACES = ("GroundSurface", "WallSurface", "RoofSurface")
"""CityJSON 2.0.1, 3.3, in the order of `FLOOR`, `WALL`, `ROOF`."""

Json = dict[str, Any]


def write_cityjsonseq(
    path: Path, buildings: BuildingsLayer, *, progress: Progress = SILENT
) -> None:
    """Write `buildings` as CityJSONSeq: a header line, then one CityJSONFeature a line.

    Rows with surfaces of their own (level of detail 2, not edited) are written with them, the rest
    as LoD 1 blocks with ground, wall and roof surfaces. A building of several parts has one
    BuildingPart each. Coordinates are millimetres from the lower corner of all.
    CityJSON 2.0.1 (https://www.cityjson.org/specs/2.0.1/), chapters 1–4 and 8.

    Raises
    ------
    WriteError
        The file cannot be written; what was at `path` stays.
    """
    translate = _lower_corner(buildings)
    with atomic(path) as temporary, temporary.open("wb") as file:
        file.write(orjson.dumps(_header(buildings, translate)) + b"\n")
        for done, feature in enumerate(_features(buildings, translate)):
            if done % 1000 == 0:
                progress.step(done / max(buildings.count, 1), f"Writing {path.name}")
            file.write(orjson.dumps(feature, option=orjson.OPT_SERIALIZE_NUMPY) + b"\n")
    progress.step(1.0, f"Wrote {path.name}")


def _lower_corner(buildings: BuildingsLayer) -> list[float]:
    x, y, _, _ = buildings.bounds
    ground = float(buildings.ground.min())
    if buildings.model is not None and len(buildings.model.vertices):
        low = buildings.model.vertices.min(axis=0) + np.asarray(buildings.model.origin)
        x, y, ground = min(x, low[0]), min(y, low[1]), min(ground, float(low[2]))
    return [float(np.floor(x)), float(np.floor(y)), float(np.floor(ground))]


def _header(buildings: BuildingsLayer, translate: list[float]) -> Json:
    west, south, east, north = buildings.bounds
    low, high = buildings.ground.min(), (buildings.ground + buildings.height).max()
    metadata: Json = {
        "geographicalExtent": [float(n) for n in (west, south, low, east, north, high)],
        "title": buildings.name,
    }
    authority = describe(buildings.crs).authority
    known = re.fullmatch(r"([A-Za-z]+):(\w+)", authority)
    if known:  # anything else cannot be said in CityJSON
        metadata["referenceSystem"] = (
            f"https://www.opengis.net/def/crs/{known[1].upper()}/0/{known[2]}"
        )
    return {
        "type": "CityJSON",
        "version": "2.0",
        "transform": {"scale": [GRID_M] * 3, "translate": translate},
        "metadata": metadata,
        "CityObjects": {},
        "vertices": [],
    }


def _features(buildings: BuildingsLayer, translate: list[float]) -> Iterator[Json]:
    rings = clean_rings(buildings.footprints, origin=(translate[0], translate[1]), grid=GRID_M)
    first_part = np.searchsorted(rings.owner, np.arange(buildings.count + 1))
    low = np.rint((buildings.ground - translate[2]) / GRID_M).astype(np.int64)
    high = np.rint((buildings.ground + buildings.height - translate[2]) / GRID_M).astype(np.int64)
    high = np.maximum(high, low + 1)
    own = _own_faces(buildings)
    for row, attributes in enumerate(_attributes(buildings)):
        name = str(buildings.ids[row])
        building: Json = {"type": "Building", "attributes": attributes}
        objects = {name: building}
        vertices: list[list[int]] = []
        parts = range(first_part[row], first_part[row + 1])
        if row in own:
            building["geometry"] = [_own_geometry(buildings, own[row], translate, vertices)]
        elif len(parts) == 1:
            building["geometry"] = [_block(rings, parts[0], low[row], high[row], vertices)]
        elif len(parts):
            building["children"] = []
            for number, part in enumerate(parts, start=1):
                child = f"{name}-part{number}"
                building["children"].append(child)
                objects[child] = {
                    "type": "BuildingPart",
                    "parents": [name],
                    "geometry": [_block(rings, part, low[row], high[row], vertices)],
                }
        yield {
            "type": "CityJSONFeature",
            "id": name,
            "CityObjects": objects,
            "vertices": vertices,
        }


def _block(rings: Rings, polygon: int, low: int, high: int, vertices: list[list[int]]) -> Json:
    """A block over one polygon; its corners are added to `vertices`."""
    first_ring, last_ring = rings.polygons[polygon : polygon + 2].tolist()
    starts = rings.starts[first_ring : last_ring + 1]
    xy = rings.xy[starts[0] : starts[-1]].astype(np.int64).tolist()
    base, half = len(vertices), len(xy)
    vertices += [[x, y, int(low)] for x, y in xy]
    vertices += [[x, y, int(high)] for x, y in xy]
    loops = [
        list(range(base + a, base + b))
        for a, b in zip(
            (starts[:-1] - starts[0]).tolist(), (starts[1:] - starts[0]).tolist(), strict=True
        )
    ]
    floor = [loop[::-1] for loop in loops]
    roof = [[corner + half for corner in loop] for loop in loops]
    walls = [
        [[a, b, b + half, a + half]]
        for loop in loops
        for a, b in zip(loop, loop[1:] + loop[:1], strict=True)
    ]
    return {
        "type": "Solid",
        "lod": "1",
        "boundaries": [[floor, roof, *walls]],
        "semantics": {
            "surfaces": [{"type": surface} for surface in SURFACES],
            "values": [[FLOOR, ROOF, *[WALL] * len(walls)]],
        },
    }


def _own_faces(buildings: BuildingsLayer) -> dict[int, NDArray[np.int64]]:
    """Faces of the model for each row that is written with its own surfaces."""
    model = buildings.model
    if model is None or not len(model.face_solid):
        return {}
    order = np.argsort(model.face_solid, kind="stable")
    rows, first = np.unique(model.face_solid[order], return_index=True)
    faces = np.split(order, first[1:])
    own = (buildings.lod >= 2) & (buildings.method != EDITED)
    return {int(row): mine for row, mine in zip(rows, faces, strict=True) if own[row]}


def _own_geometry(
    buildings: BuildingsLayer,
    faces: NDArray[np.int64],
    translate: list[float],
    vertices: list[list[int]],
) -> Json:
    """The model's triangles, without those that vanish in whole millimetres."""
    model = buildings.model
    assert model is not None
    used, corner = np.unique(model.triangles[faces], return_inverse=True)
    world = model.vertices[used].astype(np.float64) + np.asarray(model.origin)
    grid = np.rint((world - translate) / GRID_M).astype(np.int64)
    places, number = np.unique(grid, axis=0, return_inverse=True)
    base = len(vertices)
    vertices += places.tolist()
    triangles = number.reshape(-1)[corner.reshape(-1, 3)]
    a, b, c = triangles.T
    kept = (a != b) & (b != c) & (c != a)
    kinds = model.face_kind[faces][kept].tolist()
    values = [kind if kind < len(SURFACES) else None for kind in kinds]
    surfaces = [[ring] for ring in (triangles[kept] + base).tolist()]
    closed = _balanced(triangles[kept])
    return {
        "type": "Solid" if closed else "MultiSurface",
        "lod": "2",
        "boundaries": [surfaces] if closed else surfaces,
        "semantics": {
            "surfaces": [{"type": surface} for surface in SURFACES],
            "values": [values] if closed else values,
        },
    }


def _balanced(triangles: NDArray[np.int64]) -> bool:
    start, end = triangles.ravel(), np.roll(triangles, -1, axis=1).ravel()
    size = int(triangles.max(initial=0)) + 1
    there, back = np.sort(start * size + end), np.sort(end * size + start)
    return bool(np.array_equal(there, back))


def _attributes(buildings: BuildingsLayer) -> Iterator[Json]:
    columns = {
        name: np.asarray(values).tolist()
        for name, values in buildings.columns.items()
        if values.dtype.kind in "biufOU"
    }
    ours = [
        getattr(buildings, name).tolist()
        for name in ("ids", "height", "ground", "method", "points", "rmse", "floors", "use")
    ]
    for row, (name, height, ground, method, points, rmse, floors, use) in enumerate(
        zip(*ours, strict=True)
    ):
        came = {key: _plain(values[row]) for key, values in columns.items()}
        yield {key: value for key, value in came.items() if value is not None} | {
            "id": name,
            "height": round(height, 3),
            "measuredHeight": round(height, 3),
            "ground": round(ground, 3),
            "method": METHODS[method],
            "points": points,
            "rmse": None if rmse != rmse else round(rmse, 3),
            "floors": floors or None,
            "storeysAboveGround": floors or None,
            "use": use or None,
        }


def _plain(value: Any) -> Any:
    """A value as JSON can hold it, None for anything else."""
    if isinstance(value, float):
        return value if np.isfinite(value) else None
    return value if isinstance(value, bool | int | str) else None
