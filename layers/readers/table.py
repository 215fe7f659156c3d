"""Geometry and columns as read, and the feature layers that become of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import shapely
from numpy.typing import NDArray

from layers.errors import ReadError
from layers.kinds.features import ROLES, FeatureLayer
from layers.kinds.layer import Bounds
from layers.notices import Notice
from layers.readers.columns import height_column, height_notice, id_column
from layers.readers.place import Place, place, source_of
from layers.readers.registry import ReadOptions
from layers.readers.repair import merged, repaired, slivers
from layers.readers.roles import fitting, guess_role

_STRETCHED = "EPSG:3857"
"""Web Mercator's metres are longer than true ones, 1.07 times at Hanoi, 1.6 times at Delft."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """One layer of a file before it has a place on Earth.

    Attributes
    ----------
    geometry : object array (n,) of shapely geometries, valid, none empty
    columns : attribute name → array (n,)
    crs : as the file states it, "" where it does not
    layer : name inside the file, "" for the only one
    title : name for people and notices
    driver, encoding : as in `Source`
    role : "" where it is to be guessed
    licence, attribution, date : as the file states them
    """

    geometry: NDArray[np.object_]
    columns: Mapping[str, NDArray[Any]]
    crs: str
    title: str
    layer: str = ""
    driver: str = ""
    encoding: str = ""
    role: str = ""
    licence: str = ""
    attribution: str = ""
    date: str = ""
    notices: tuple[Notice, ...] = field(default=())

    @property
    def bounds(self) -> Bounds:
        """Extent in the file's own numbers."""
        low_x, low_y, high_x, high_y = shapely.total_bounds(self.geometry)
        return (float(low_x), float(low_y), float(high_x), float(high_y))

    def rows(self, mask: NDArray[Any]) -> Table:
        """The table of some rows: a mask, or indices."""
        return replace(
            self,
            geometry=self.geometry[mask],
            columns={name: values[mask] for name, values in self.columns.items()},
        )


def mended_table(
    geometry: NDArray[np.object_], columns: Mapping[str, NDArray[Any]], **facts: Any
) -> Table:
    """A table of the rows whose geometry is usable, with notices of what was repaired."""
    result = repaired(geometry, source=facts["title"])
    kept = {name: values[result.rows] for name, values in columns.items()}
    notices = (*facts.pop("notices", ()), *result.notices)
    return Table(geometry=result.geometry, columns=kept, notices=notices, **facts)


def feature_layers(
    path: Path, table: Table, options: ReadOptions, *, id: str, name: str
) -> list[FeatureLayer]:
    """`table` as a layer of its role; what that role cannot be made of as a second one.

    Raises
    ------
    CrsError
        Nobody says where it lies, or what is said is impossible.
    """
    role = options.role if options.role in ROLES else table.role
    role = role or guess_role((table.layer, name), table.columns, table.geometry)
    flat = not shapely.has_z(table.geometry).any()
    where = place(table.title, table.crs, table.bounds, options, heights=not flat)
    fits = fitting(role, table.geometry)
    notices = list(table.notices) + list(where.notices)
    if not fits.any():
        raise ReadError(
            f"{table.title} holds nothing that can be {role}",
            hint="Choose another role, or leave it to be found out.",
            code="role-unfit",
        )
    if fits.all():
        return [_layer(path, table, options, where, role, id, name, notices)]
    rest = table.rows(~fits)
    notices.append(
        Notice(
            code="mixed-geometry",
            what=f"{len(rest.geometry)} geometries cannot be {role}; they are a layer of their own",
            source=table.title,
            count=len(rest.geometry),
            severity="info",
        )
    )
    return [
        _layer(path, table.rows(fits), options, where, role, id, name, notices),
        _layer(path, rest, options, where, "features", f"{id}-other", f"{name} · other", []),
    ]


def _layer(
    path: Path,
    table: Table,
    options: ReadOptions,
    where: Place,
    role: str,
    id: str,
    name: str,
    notices: list[Notice],
) -> FeatureLayer:
    found = notices + _checks(table, where, role)
    source = source_of(path, options, driver=table.driver, where=where, layer=table.layer)
    source = msgspec.structs.replace(
        source,
        encoding=table.encoding,
        licence=source.licence or table.licence,
        attribution=source.attribution or table.attribution,
        date=source.date or table.date,
    )
    return FeatureLayer(
        id=id,
        name=name,
        crs=where.crs,
        vertical=where.vertical,
        source=source,
        notices=merged(found),
        geometry=_in_metres(table.geometry, where.metres_per_height),
        columns=table.columns,
        role=role,
        id_column=_identifier(table, options),
    )


def _identifier(table: Table, options: ReadOptions) -> str:
    asked = options.id_column
    if asked and asked not in table.columns:
        raise ReadError(
            f"{table.title} has no column “{asked}”",
            hint=f"It has {', '.join(list(table.columns)[:20]) or 'no columns at all'}.",
            code="column-missing",
        )
    return asked or id_column(table.columns)


def _checks(table: Table, where: Place, role: str) -> list[Notice]:
    found = []
    true_metres = where.units == "metre" and where.crs != _STRETCHED
    if true_metres and role in ("footprints", "parcels", "zoning"):
        found.append(slivers(table.geometry, source=table.title))
    name = height_column(table.columns) if role == "footprints" else ""
    if name:
        found.append(height_notice(name, table.columns[name], source=table.title))
    return [notice for notice in found if notice is not None]


def _in_metres(geometry: NDArray[np.object_], factor: float) -> NDArray[np.object_]:
    if factor == 1.0 or not shapely.has_z(geometry).any():
        return geometry
    scale = np.array([1.0, 1.0, factor])
    tall = shapely.has_z(geometry)
    result = geometry.copy()
    result[tall] = shapely.transform(geometry[tall], lambda xyz: xyz * scale, include_z=True)
    return result
