"""Vector files that OGR reads: GeoPackage, Shapefile, GeoJSON, FlatGeobuf, DXF, MapInfo, SQLite."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from layers.errors import ReadError
from layers.kinds.features import ROLES
from layers.kinds.layer import Layer
from layers.notices import Notice
from layers.progress import Progress
from layers.readers.archive import members
from layers.readers.attributes import attributes
from layers.readers.dataset import Dataset, datasets, file_layers, ogr_errors, open_options
from layers.readers.dxf import drawing_parts
from layers.readers.layer_ids import ids_and_names
from layers.readers.looking import looked_at
from layers.readers.registry import ReadOptions, SourcePreview
from layers.readers.repair import from_wkb
from layers.readers.roles import role_of_name
from layers.readers.table import Table, feature_layers, mended_table

_LOOK_ROWS = 5000
_CITY_ENDINGS = (".city.json", ".city.jsonl")


def read(path: Path, options: ReadOptions, progress: Progress) -> list[Layer]:
    """All feature layers of `path`, or the one that `options.layer` or `options.role` ask for.

    With a role and several layers the first whose name speaks for that role is read. Tables
    without geometry are passed over with a notice.

    Raises
    ------
    ReadError
        The file is damaged, is not what its name says, or nothing in it fits `options`.
    CrsError
        It does not say where on Earth it lies.
    """
    city = _city_inside(path)
    if city is not None:
        found: list[Layer] = city.read(path, options, progress)
        return found
    tables = []
    wanted = _wanted(path, options)
    for step, (dataset, layer) in enumerate(wanted):
        progress.step(0.9 * step / len(wanted), f"Reading {dataset.title} {layer}".strip())
        tables.append(_table(dataset, layer, options, title=len(wanted) > 1))
    parts = [part for table in tables if table is not None for part in drawing_parts(table)]
    parts = _asked_part(parts, options)
    if not parts:
        raise _nothing(path, options)
    progress.step(0.95, f"Placing {path.name}")
    names = ids_and_names(path, [part.layer if len(parts) > 1 else "" for part in parts])
    result: list[Layer] = []
    for part, (id, name) in zip(parts, names, strict=True):
        result += feature_layers(path, part, options, id=id, name=name)
    return result


def preview(path: Path, options: ReadOptions) -> list[SourcePreview]:
    """What each layer of `path` holds, by its first few thousand rows."""
    city = _city_inside(path)
    if city is not None:
        found: list[SourcePreview] = city.preview(path, options)
        return found
    result = []
    for dataset in datasets(path):
        for layer in file_layers(dataset):
            count = _count(dataset, layer)
            table = _table(dataset, layer, options, title=True, most=_LOOK_ROWS)
            for part in drawing_parts(table) if table is not None else ():
                whole = len(part.geometry) < _LOOK_ROWS or part.driver == "DXF"
                rows = len(part.geometry) if whole else count
                result.append(looked_at(part, options, count=rows))
    if not result:
        raise _nothing(path, options)
    return result


def _wanted(path: Path, options: ReadOptions) -> list[tuple[Dataset, str]]:
    found = [(data, layer) for data in datasets(path) for layer in file_layers(data)]
    if not found:
        raise ReadError(
            f"{path.name} holds no layer with geometry",
            hint="Choose a file with points, lines or areas.",
            code="no-geometry",
        )
    if options.layer:
        asked = [pair for pair in found if options.layer in _titles(*pair)]
        if not asked and not any(data.suffix == ".dxf" for data, _ in found):
            raise ReadError(
                f"{path.name} has no layer “{options.layer}”",
                hint=f"It has {', '.join(layer for _, layer in found[:20])}.",
                code="layer-missing",
            )
        return asked or found
    if options.role in ROLES and len(found) > 1:
        speaking = [p for p in found if any(role_of_name(t) == options.role for t in _titles(*p))]
        return (speaking or found)[:1]
    return found


def _titles(dataset: Dataset, layer: str) -> tuple[str, ...]:
    return (layer, dataset.inside, Path(dataset.inside).stem) if dataset.inside else (layer,)


def _table(
    dataset: Dataset, layer: str, options: ReadOptions, *, title: bool, most: int = 0
) -> Table | None:
    name = f"{dataset.title} · {layer}" if title and dataset.suffix != ".shp" else dataset.title
    meta, raw, values, decode = _rows(dataset, layer, options, most)
    if raw is None:
        return None
    texts = attributes(
        [str(field) for field in meta["fields"]],
        list(values),
        raw=decode,
        stated=dataset.stated or str(meta.get("encoding") or ""),
        asked=options.encoding,
        source=name,
    )
    geometry, broken = from_wkb(raw, source=name)
    table = mended_table(
        geometry,
        texts.columns,
        crs=str(meta["crs"] or ""),
        title=name,
        layer=layer,
        driver=_driver(dataset),
        encoding=texts.encoding,
        notices=(*dataset.notices, *texts.notices, *broken, *_curves(meta, len(raw), name)),
    )
    return table if len(table.geometry) else None


def _rows(
    dataset: Dataset, layer: str, options: ReadOptions, most: int
) -> tuple[Any, Any, Any, bool]:
    """(facts, WKB, columns, whether texts are still bytes) of one layer."""
    import pyogrio

    ask: dict[str, Any] = {"layer": layer, "max_features": most or None, **open_options(dataset)}
    if options.where:
        ask["where"] = options.where
    if options.bounds is not None:
        ask["bbox"] = options.bounds
    with ogr_errors(dataset.title, filter=options.where):
        try:
            meta, _, raw, values = pyogrio.raw.read(dataset.target, **ask)
            return meta, raw, values, "encoding" in ask
        except UnicodeDecodeError:
            ask["encoding"] = "ISO-8859-1"
            meta, _, raw, values = pyogrio.raw.read(dataset.target, **ask)
            return meta, raw, values, True


def _count(dataset: Dataset, layer: str) -> int:
    import pyogrio

    with ogr_errors(dataset.title):
        facts = pyogrio.read_info(dataset.target, layer=layer, force_feature_count=True)
    return int(facts["features"])


def _curves(meta: Any, count: int, source: str) -> Sequence[Notice]:
    kind = str(meta.get("geometry_type") or "")
    if not any(word in kind for word in ("Curve", "Surface", "Circular", "Compound")):
        return ()
    what = f"{count} geometries may hold arcs, which were turned into short straight lines"
    return (
        Notice(code="curves-linearised", what=what, source=source, count=count, severity="info"),
    )


def _driver(dataset: Dataset) -> str:
    names = {
        ".gpkg": "GPKG",
        ".shp": "ESRI Shapefile",
        ".geojson": "GeoJSON",
        ".json": "GeoJSON",
        ".fgb": "FlatGeobuf",
        ".dxf": "DXF",
        ".tab": "MapInfo TAB",
        ".mif": "MapInfo MIF",
        ".sqlite": "SQLite",
    }
    return names.get(dataset.suffix, dataset.suffix.lstrip(".").upper())


def _asked_part(parts: list[Table], options: ReadOptions) -> list[Table]:
    """Of a drawing's parts only the asked layer; a role asked for is that of the fitting parts."""
    if not parts or parts[0].driver != "DXF":
        return parts
    if options.layer and options.layer != "entities":
        drawn = [part.rows(part.columns["Layer"] == options.layer) for part in parts]
        return [part for part in drawn if len(part.geometry)]
    if options.role in ROLES:
        return [part for part in parts if part.role == options.role] or parts
    return parts


def _city_inside(path: Path) -> Any:
    """The reader of CityJSON where a ZIP holds that; found by name, as siblings import no circles."""
    if path.suffix.lower() != ".zip":
        return None
    names = [info.filename.lower() for info in members(path)]
    if not any(name.endswith(_CITY_ENDINGS) for name in names):
        return None
    return importlib.import_module("layers.readers.cityjson")


def _nothing(path: Path, options: ReadOptions) -> ReadError:
    asked = options.where or options.bounds is not None or options.layer
    what = "holds nothing that was asked for" if asked else "holds no usable geometry"
    return ReadError(
        f"{path.name} {what}",
        hint="Check the filter, the window and the layer." if asked else "Choose another file.",
        code="nothing-found",
    )
