"""LAS, LAZ and COPC into point clouds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from layers.crs import describe
from layers.errors import CrsError, ReadError
from layers.kinds.layer import Bounds, Layer
from layers.kinds.pointcloud import PointCloudLayer, PointTiles
from layers.memory import give_back
from layers.notices import Notice
from layers.progress import SILENT, Progress
from layers.readers.copc import chunks_for
from layers.readers.las_crs import Stated, stated_crs
from layers.readers.las_file import FIELDS, LasFile, open_las
from layers.readers.laz_chunks import batches, batches_of, first_points
from layers.readers.place import Place, layer_id, layer_name, place, source_of
from layers.readers.point_sink import PointSink
from layers.readers.registry import ReadOptions, SourcePreview

_SAMPLE = 200
_SAMPLE_FROM = 5_000
_FARTHEST = 1e9
"""Units; the Earth is 4 · 10⁷ m around."""


def read(path: Path, options: ReadOptions, progress: Progress = SILENT) -> list[Layer]:
    """Read a LAS, LAZ or COPC file as one `PointCloudLayer`.

    x and y stay in the file's CRS and unit, z comes in metres. With `max_points` points are
    thinned evenly while reading: from LAS and LAZ those of rank ⌊i·n/max⌋ in file order, from COPC
    whole levels of its octree, coarse first; the layer then says where the others are (`tiles`).

    Raises
    ------
    ReadError
        The file is cut off, damaged, contradicts itself, or holds no points (in the window).
    CrsError
        It does not say where on Earth it lies, or something that its numbers cannot be.
    """
    las = open_las(path)
    if not las.count:
        raise ReadError(
            f"{path.name} holds no points", hint="Choose another file.", code="no-points"
        )
    stated = stated_crs(las)
    where = _place(las, stated, options)
    sink = _gather(las, options, where, progress)
    notices = (*stated.notices, *where.notices, *_extent_notice(las, sink.extent))
    progress.step(1.0, f"Read {path.name}")
    give_back()  # what decompressing took
    return [
        PointCloudLayer(
            id=layer_id(path),
            name=layer_name(path),
            crs=where.crs,
            vertical=where.vertical,
            source=source_of(path, options, driver=las.driver, where=where, date=_date(las)),
            notices=notices,
            total=las.count,
            tiles=_tiles(las, where, sink),
            **sink.arrays(),
        )
    ]


def preview(path: Path, options: ReadOptions) -> list[SourcePreview]:
    """What the file holds, by its head and a few of its points; never raises for the CRS."""
    las = open_las(path)
    stated = stated_crs(las)
    diagnosis = [(notice.code, notice.what) for notice in stated.notices]
    candidates: tuple[str, ...] = ()
    try:
        where = _place(las, stated, options)
        diagnosis += [(notice.code, notice.what) for notice in where.notices]
    except CrsError as failure:
        candidates = failure.candidates
        diagnosis.append((failure.code, failure.what))
    if not las.count:
        diagnosis.append(("no-points", "It holds no points"))
    sample = first_points(las, _SAMPLE_FROM)
    if las.count and not len(sample):
        diagnosis.append(("file-truncated", "Its points are damaged or cut off"))
    crs = stated.crs or options.crs
    info = describe(crs) if crs else None
    return [
        SourcePreview(
            layer="",
            kind="points",
            role="lidar",
            count=las.count,
            crs=stated.crs,
            crs_name=info.name if info else "",
            candidates=candidates,
            bounds=las.bounds,
            units=info.unit_name if info else "",
            columns=_columns(las),
            sample=_outlines(las, sample),
            diagnosis=tuple(diagnosis),
        )
    ]


def placed(path: Path, options: ReadOptions) -> tuple[LasFile, Place]:
    """The head of `path`, and where its points lie; raises as `read`."""
    las = open_las(path)
    return las, _place(las, stated_crs(las), options)


def _place(las: LasFile, stated: Stated, options: ReadOptions) -> Place:
    return place(
        las.path.name,
        stated.crs,
        _trusted_bounds(las),
        options,
        metres_per_height=stated.metres_per_height,
    )


def _trusted_bounds(las: LasFile) -> Bounds:
    """The head's extent, or that of the first points where the head's is none."""
    low_x, low_y, high_x, high_y = las.bounds
    if np.abs(las.bounds).max() < _FARTHEST and low_x <= high_x and low_y <= high_y:
        return las.bounds
    x, y = _xy(las, first_points(las, _SAMPLE_FROM))
    if not len(x):
        return (0.0, 0.0, 0.0, 0.0)
    return (float(x.min()), float(y.min()), float(x.max()), float(y.max()))


def _gather(las: LasFile, options: ReadOptions, where: Place, progress: Progress) -> PointSink:
    expected, source = _records(las, options, progress)
    sink = PointSink(
        las,
        expected=expected,
        keep=options.max_points,
        bounds=options.bounds,
        metres_per_height=where.metres_per_height,
        fields=_fields(options),
    )
    for records in source:
        sink.take(records)
    if not sink.count:
        raise ReadError(
            f"{las.path.name} holds no points in the window asked for",
            hint=f"Its points lie in {_words(las.bounds)}.",
            code="no-points",
        )
    return sink


def _tiles(las: LasFile, where: Place, sink: PointSink) -> PointTiles | None:
    if not las.is_copc or sink.count == las.count:
        return None
    return PointTiles(las.path, where.metres_per_height)


def _fields(options: ReadOptions) -> tuple[str, ...]:
    if unknown := set(options.fields) - set(FIELDS):
        raise ReadError(
            f"Points have no {', '.join(sorted(unknown))} here",
            hint=f"There are {', '.join(FIELDS)}.",
            code="field-unknown",
        )
    return options.fields or FIELDS


def _records(
    las: LasFile, options: ReadOptions, progress: Progress
) -> tuple[int, Iterator[NDArray[Any]]]:
    """How many records come, and the records."""
    fields = _fields(options)
    if las.is_copc and (options.bounds is not None or 0 < options.max_points < las.count):
        chunks = chunks_for(las, keep=options.max_points, bounds=options.bounds)
        return sum(chunk.points for chunk in chunks), batches_of(
            las, chunks, progress, fields=fields
        )
    return las.count, batches(las, progress, fields=fields)


def _extent_notice(las: LasFile, extent: Bounds) -> tuple[Notice, ...]:
    """A notice where points lie outside the extent that the head states."""
    scale = max(abs(float(las.header.scales[0])), abs(float(las.header.scales[1])))
    stated, slack = las.bounds, 2 * scale  # heads are often rounded to the scale
    inside = (
        extent[0] >= stated[0] - slack
        and extent[1] >= stated[1] - slack
        and extent[2] <= stated[2] + slack
        and extent[3] <= stated[3] + slack
    )
    if inside:
        return ()
    return (
        Notice(
            code="extent-wrong",
            what=f"Its head states the extent {_words(stated)}, but points lie in {_words(extent)}",
            source=las.path.name,
        ),
    )


def _columns(las: LasFile) -> tuple[str, ...]:
    colour = ("rgb",) if "red" in (las.record.names or ()) else ()
    extra = tuple(str(name) for name in las.header.point_format.extra_dimension_names)
    return ("classification", "intensity", *colour, *extra)


def _xy(las: LasFile, records: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    scales, offsets = las.header.scales, las.header.offsets
    return records["X"] * scales[0] + offsets[0], records["Y"] * scales[1] + offsets[1]


def _outlines(las: LasFile, records: NDArray[Any]) -> tuple[tuple[tuple[float, float], ...], ...]:
    x, y = _xy(las, records[:: max(1, -(-len(records) // _SAMPLE))])
    return tuple(((float(a), float(b)),) for a, b in zip(x, y, strict=True))


def _date(las: LasFile) -> str:
    created = las.header.creation_date
    return created.isoformat() if created else ""


def _words(bounds: Bounds) -> str:
    return ", ".join(f"{value:.2f}" for value in bounds)
