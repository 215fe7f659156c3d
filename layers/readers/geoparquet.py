"""GeoParquet 1.0 and 1.1: columns and geometry through Arrow."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import orjson
import shapely
from numpy.typing import NDArray

from layers.errors import ReadError
from layers.kinds.layer import Layer
from layers.progress import Progress
from layers.readers.attributes import attributes
from layers.readers.filters import refuse_where
from layers.readers.layer_ids import ids_and_names
from layers.readers.looking import looked_at
from layers.readers.registry import ReadOptions, SourcePreview
from layers.readers.table import Table, feature_layers, mended_table

_LOOK_ROWS = 5000


def read(path: Path, options: ReadOptions, progress: Progress) -> list[Layer]:
    """The features of `path` as a layer.

    A file that states no system is in longitude and latitude (GeoParquet 1.1, "crs").

    Raises
    ------
    ReadError
        It is no Parquet, has no geometry, or nothing fits the filter.
    """
    progress.step(0.1, f"Reading {path.name}")
    table = _table(path, options)
    progress.step(0.9, f"Placing {path.name}")
    ((id, name),) = ids_and_names(path, [""])
    return list(feature_layers(path, table, options, id=id, name=name))


def preview(path: Path, options: ReadOptions) -> list[SourcePreview]:
    """What `path` holds, by its first few thousand rows."""
    import pyarrow.parquet as parquet

    table = _table(path, options, most=_LOOK_ROWS)
    return [looked_at(table, options, count=parquet.ParquetFile(path).metadata.num_rows)]


def _table(path: Path, options: ReadOptions, *, most: int = 0) -> Table:
    frame = _frame(path, options, most)
    geometry = np.asarray(frame.geometry.array, dtype=object)
    names = [str(name) for name in frame.columns if name != frame.geometry.name]
    texts = attributes(
        names,
        [_plain(frame[name].to_numpy()) for name in names],
        raw=False,
        asked=options.encoding,
        source=path.name,
    )
    table = mended_table(
        geometry,
        texts.columns,
        crs=_crs(frame.crs),
        title=path.name,
        driver="GeoParquet",
        encoding=texts.encoding,
        notices=texts.notices,
    )
    if not len(table.geometry):
        raise ReadError(
            f"{path.name} holds no geometry that can be used",
            hint="Check the window and the filter." if options.bounds else "Choose another file.",
            code="nothing-found",
        )
    return table


def _frame(path: Path, options: ReadOptions, most: int) -> Any:
    import geopandas
    import pyarrow
    import pyarrow.parquet as parquet

    refuse_where(path.name, options)
    try:
        if most:
            batch = next(parquet.ParquetFile(path).iter_batches(batch_size=most), None)
            if batch is None:
                raise ValueError("it has no rows")
            frame = geopandas.GeoDataFrame.from_arrow(pyarrow.Table.from_batches([batch]))
        else:
            frame = geopandas.read_parquet(path)
    except (ValueError, TypeError, OSError, KeyError, pyarrow.ArrowException) as damage:
        raise ReadError(
            f"{path.name} could not be read as GeoParquet: {str(damage).splitlines()[0][:200]}",
            hint="It may be cut off, or a plain Parquet table without geometry.",
        ) from damage
    except shapely.errors.ShapelyError as damage:
        raise ReadError(
            f"{path.name} holds damaged geometry: {damage}",
            hint="Export it again with the program it comes from.",
        ) from damage
    if options.bounds is not None:
        west, south, east, north = options.bounds
        frame = frame.cx[west:east, south:north]
    return frame


def _crs(crs: Any) -> str:
    if crs is None:
        return ""
    code = crs.to_epsg()
    if code is None and crs.to_authority() == ("OGC", "CRS84"):
        code = 4326
    return f"EPSG:{code}" if code else str(crs.to_wkt())


def _plain(values: NDArray[Any]) -> NDArray[Any]:
    """Arrow's lists and records as JSON texts, missing texts as None; numbers and texts as they are."""
    if values.dtype.kind != "O":
        return values
    result = np.empty(len(values), dtype=object)
    result[:] = [_text(value) for value in values.tolist()]
    return result


def _text(value: Any) -> Any:
    if value is None or isinstance(value, str | int | bool) or (value != value) is True:
        return None if value is not None and value != value else value
    if isinstance(value, float):
        return value
    return orjson.dumps(value, default=str, option=orjson.OPT_SERIALIZE_NUMPY).decode()
