"""A layer at a glance, for the import dialog."""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray

from layers.crs import candidates, describe, misfit
from layers.errors import CrsError
from layers.kinds.features import ROLES
from layers.readers.columns import height_column, height_notice
from layers.readers.registry import ReadOptions, SourcePreview
from layers.readers.roles import guess_role
from layers.readers.table import Table

_MOST_SHAPES = 200
_MOST_VERTICES = 60

Sample = tuple[tuple[tuple[float, float], ...], ...]


def looked_at(
    table: Table, options: ReadOptions, *, count: int, kind: str = "features", role: str = ""
) -> SourcePreview:
    """What is to be said about `table`; its CRS may be missing or wrong."""
    role = role or (options.role if options.role in ROLES else table.role)
    role = role or guess_role((table.layer, table.title), table.columns, table.geometry)
    diagnosis = [(notice.code, notice.what) for notice in table.notices]
    crs, name, units = table.crs, "", ""
    likely: tuple[str, ...] = ()
    if crs:
        try:
            info = describe(crs)
            name, units = info.name, info.unit_name
            odd = misfit(crs, table.bounds)
            if odd is not None:
                diagnosis.append((f"crs-{odd.severity}", odd.sentence))
                likely = candidates(table.bounds) if odd.severity == "impossible" else ()
        except CrsError as unknown:
            diagnosis.append((unknown.code, unknown.what))
            crs = ""
    if not crs:
        likely = candidates(table.bounds)
        diagnosis.append(("crs-missing", "The file does not say where on Earth it lies"))
    column = height_column(table.columns) if role == "footprints" else ""
    doubt = height_notice(column, table.columns[column]) if column else None
    if doubt is not None:
        diagnosis.append((doubt.code, doubt.what))
    return SourcePreview(
        layer=table.layer,
        kind=kind,
        role=role,
        count=count,
        crs=crs,
        crs_name=name,
        candidates=likely,
        bounds=table.bounds,
        units=units,
        columns=tuple(table.columns),
        sample=sample(table.geometry),
        diagnosis=tuple(diagnosis),
    )


def sample(geometry: NDArray[np.object_]) -> Sample:
    """Up to 200 outlines, lines or points, spread over the layer, each of few vertices."""
    step = max(1, -(-len(geometry) // _MOST_SHAPES))
    result = []
    for shape in geometry[::step]:
        parts = shapely.get_parts(shape)
        if not len(parts):
            continue
        largest = parts[int(np.argmax(shapely.area(parts) + shapely.length(parts)))]
        if shapely.get_type_id(largest) == 3:
            largest = shapely.get_exterior_ring(largest)
        places = shapely.get_coordinates(largest)
        thin = places[:: max(1, -(-len(places) // _MOST_VERTICES))]
        result.append(tuple((float(x), float(y)) for x, y in thin))
    return tuple(result)
