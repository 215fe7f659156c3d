"""CAD drawings: closed lines are areas, and each drawing layer speaks for itself."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import shapely
from numpy.typing import NDArray

from layers.notices import Notice
from layers.readers.repair import repaired
from layers.readers.roles import DIMENSIONS, fitting, role_of_name
from layers.readers.table import Table


def drawing_parts(table: Table) -> list[Table]:
    """`table` itself, or a drawing split by role; roles come from the names of its layers.

    A closed line with an extent becomes an area where its layer's role asks for areas, or where
    its layer has no role; on a layer of roads it stays a line.
    """
    if table.driver != "DXF" or "Layer" not in table.columns:
        return [table]
    drawn = np.array([role_of_name(str(name or "")) for name in table.columns["Layer"]], object)
    geometry, closed = _areas(table.geometry, drawn)
    roles = np.array(
        [
            role if role and dimension in DIMENSIONS[role] else "features"
            for role, dimension in zip(drawn, shapely.get_dimensions(geometry), strict=True)
        ],
        dtype=object,
    )
    whole = replace(table, geometry=geometry, notices=(*table.notices, *_notices(closed, table)))
    parts = []
    for number, role in enumerate(sorted(set(roles.tolist()))):
        part = replace(whole.rows(roles == role), role=role, layer=role)
        part = part.rows(fitting(role, part.geometry))
        parts.append(part if number == 0 else replace(part, notices=()))
    return parts


def _areas(
    geometry: NDArray[np.object_], roles: NDArray[np.object_]
) -> tuple[NDArray[np.object_], int]:
    rings = (shapely.get_type_id(geometry) == 1) & shapely.is_closed(geometry)
    rings &= (shapely.get_num_coordinates(geometry) >= 4) & (roles != "roads")
    rows = np.flatnonzero(rings)
    if not len(rows):
        return geometry, 0
    outlines = shapely.polygons(
        shapely.linearrings(
            shapely.get_coordinates(geometry[rows], include_z=False),
            indices=_indices(geometry[rows]),
        )
    )
    mended = repaired(np.asarray(outlines, dtype=object))
    result = geometry.copy()
    result[rows[mended.rows]] = mended.geometry
    return result, len(mended.rows)


def _indices(lines: NDArray[np.object_]) -> NDArray[np.intp]:
    return np.repeat(np.arange(len(lines)), shapely.get_num_coordinates(lines))


def _notices(closed: int, table: Table) -> tuple[Notice, ...]:
    if not closed:
        return ()
    what = f"{closed} closed lines of the drawing were taken for areas"
    return (
        Notice(code="rings-to-areas", what=what, source=table.title, count=closed, severity="info"),
    )
