"""All points of a layer inside a window, whether it holds them itself or its octree does."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from layers.errors import ReadError
from layers.kinds.layer import Bounds
from layers.kinds.pointcloud import PointCloudLayer
from layers.progress import SILENT, Progress
from layers.readers.copc import chunks_for
from layers.readers.las_file import FIELDS, open_las
from layers.readers.laz_chunks import batches_of
from layers.readers.point_sink import PointSink


def points_inside(
    layer: PointCloudLayer, bounds: Bounds, *, progress: Progress = SILENT
) -> PointCloudLayer | None:
    """The cloud inside `bounds` (the layer's CRS) with every point there is; None for no point.

    Raises
    ------
    ReadError
        The file of its octree is gone or damaged.
    """
    if layer.tiles is None:
        return _of_arrays(layer, bounds)
    las = open_las(layer.tiles.path)
    if not las.is_copc:
        raise ReadError(f"{las.path.name} is not a COPC file", code="format-damaged")
    chunks = chunks_for(las, keep=0, bounds=bounds)
    sink = PointSink(
        las,
        expected=sum(chunk.points for chunk in chunks),
        keep=0,
        bounds=bounds,
        metres_per_height=layer.tiles.metres_per_height,
        fields=FIELDS,
    )
    for records in batches_of(las, chunks, progress):
        sink.take(records)
    if not sink.count:
        return None
    return replace(layer, tiles=None, total=sink.count, **sink.arrays())


def _of_arrays(layer: PointCloudLayer, bounds: Bounds) -> PointCloudLayer | None:
    inside: NDArray[np.bool_] = np.ones(layer.count, dtype=bool)
    for axis in range(2):
        at = layer.xyz[:, axis].astype(np.float64) + layer.offset[axis]
        inside &= (at >= bounds[axis]) & (at <= bounds[axis + 2])
    if not inside.any():
        return None
    fields: dict[str, Any] = {
        name: None if values is None else values[inside]
        for name in ("classification", "intensity", "rgb")
        for values in (getattr(layer, name),)
    }
    return replace(layer, xyz=layer.xyz[inside], total=0, **fields)
