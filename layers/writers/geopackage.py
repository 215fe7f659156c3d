"""Vector layers as a GeoPackage that any GIS opens."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from layers.atomic import atomic, check_takes
from layers.errors import WriteError
from layers.kinds.buildings import METHODS, BuildingsLayer
from layers.kinds.features import FeatureLayer
from layers.kinds.layer import Layer
from layers.notices import Notice
from layers.progress import SILENT, Progress

_TAKEN = ("fid", "geom", "geometry", "ogc_fid")
"""Column names that GeoPackage drivers use themselves."""

_Fields = dict[str, NDArray[Any]]


def write_geopackage(
    path: Path, layers: Iterable[Layer], *, progress: Progress = SILENT
) -> tuple[Notice, ...]:
    """Write features and buildings, each as a layer named by its id (OGC 12-128r19).

    Buildings have what was found out about them as columns (`id`, `height`, `ground`, `method`,
    `points`, `rmse`, `floors`, `use`, `lod`) beside those they came with; a column of the same name
    gets "_source". Layers of other kinds are left out and told.

    Raises
    ------
    WriteError
        Nothing that a GeoPackage can hold, or the file cannot be written; what was at `path` stays.
    """
    listed = list(layers)
    vectors = [layer for layer in listed if isinstance(layer, FeatureLayer | BuildingsLayer)]
    if not vectors:
        raise WriteError(
            "There is no vector layer to write",
            hint="A GeoPackage holds features and buildings; choose other layers.",
            code="nothing-to-write",
        )
    with atomic(path) as temporary:
        for done, layer in enumerate(vectors):
            progress.step(done / len(vectors), f"Writing {layer.name}")
            if isinstance(layer, BuildingsLayer):
                geometry, fields = layer.footprints, _building_fields(layer)
            else:
                geometry, fields = layer.geometry, _named(layer.columns, taken=())
            _write(temporary, path, layer, geometry, fields, first=done == 0)
    progress.step(1.0, f"Wrote {path.name}")
    left_out = [layer.name for layer in listed if layer not in vectors]
    if not left_out:
        return ()
    return (
        Notice(
            code="layers-left-out",
            what=f"{', '.join(left_out)} are no vector layers and were not written",
            hint="Export rasters and points in formats of their own.",
            source=path.name,
            count=len(left_out),
        ),
    )


def _building_fields(layer: BuildingsLayer) -> _Fields:
    ours: _Fields = {
        "id": layer.ids,
        "height": layer.height,
        "ground": layer.ground,
        "method": np.array([METHODS[m] for m in layer.method.tolist()], dtype=object),
        "points": layer.points,
        "rmse": layer.rmse,
        "floors": layer.floors,
        "use": layer.use,
        "lod": layer.lod,
    }
    return ours | _named(layer.columns, taken=tuple(ours))


def _named(columns: Mapping[str, NDArray[Any]], *, taken: tuple[str, ...]) -> _Fields:
    """Columns under names that differ in more than capitals and are not `taken`."""
    used = {name.lower() for name in (*taken, *_TAKEN)}
    result: _Fields = {}
    for name, values in columns.items():
        free, number = name, 1
        while free.lower() in used:
            number += 1
            free = f"{name}_source" if number == 2 else f"{name}_source{number}"
        used.add(free.lower())
        result[free] = values
    return result


def _write(
    temporary: Path,
    path: Path,
    layer: Layer,
    geometry: NDArray[np.object_],
    fields: _Fields,
    *,
    first: bool,
) -> None:
    from pyogrio import raw
    from pyogrio.errors import DataLayerError, DataSourceError

    kind, multi = _geometry_type(geometry)
    if multi:
        geometry = _multi(geometry)
    columns = [_storable(values) for values in fields.values()]
    try:
        with warnings.catch_warnings():
            # It notes that some geometries of a layer have z and some do not, which is allowed.
            warnings.simplefilter("ignore")
            raw.write(
                str(temporary),
                shapely.to_wkb(geometry, flavor="iso"),
                [values for values, _ in columns],
                fields=list(fields),
                field_mask=[mask for _, mask in columns],
                layer=layer.id,
                driver="GPKG",
                geometry_type=kind,
                crs=layer.crs,
                encoding="UTF-8",
                append=not first,
                layer_metadata={"title": layer.name},
            )
    except (DataSourceError, DataLayerError, RuntimeError) as damage:
        check_takes(temporary.with_name(f"{temporary.name}-try"))
        raise WriteError(
            f"{layer.name} could not be written to {path.name}: {damage}",
            hint="Look whether the folder can be written and the disk has space.",
        ) from damage


def _geometry_type(geometry: NDArray[np.object_]) -> tuple[str, bool]:
    """OGR's name of the type, and whether single parts are to be made multi."""
    types = set(shapely.get_type_id(geometry).tolist())
    solid = " Z" if shapely.has_z(geometry).all() else ""
    for single, multi, name in ((0, 4, "Point"), (1, 5, "LineString"), (3, 6, "Polygon")):
        if types == {single}:
            return name + solid, False
        if types <= {single, multi}:
            return f"Multi{name}{solid}", True
    return "Unknown", False


def _multi(geometry: NDArray[np.object_]) -> NDArray[np.object_]:
    """Each single part as a geometry of one part; GDAL leaves those with z single."""
    result = geometry.copy()
    types = shapely.get_type_id(geometry)
    makers = {0: shapely.multipoints, 1: shapely.multilinestrings, 3: shapely.multipolygons}
    for single, make in makers.items():
        which = np.flatnonzero((types == single) & ~shapely.is_empty(geometry))
        if len(which):
            result[which] = make(geometry[which], indices=np.arange(len(which)))
    return result


def _storable(values: NDArray[Any]) -> tuple[NDArray[Any], NDArray[np.bool_] | None]:
    """A column as GDAL stores it, and which of its rows are empty."""
    kind = values.dtype.kind
    if kind == "f":
        wide = values if values.dtype.itemsize in (4, 8) else values.astype(np.float32)
        return wide, np.isnan(wide)
    if kind == "u":
        return values.astype(np.int64 if values.dtype.itemsize >= 4 else np.int32), None
    if kind == "i":
        return values.astype(np.int32 if values.dtype.itemsize < 4 else values.dtype), None
    if kind == "b":
        return values, None
    if kind == "M":
        return values.astype("datetime64[ms]"), np.isnat(values)
    texts = np.array([_text(value) for value in values.tolist()], dtype=object)
    return texts, np.array([text is None for text in texts], dtype=bool)


def _text(value: Any) -> str | None:
    if value is None or value != value:
        return None
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    return str(value)
