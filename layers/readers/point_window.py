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
from layers.readers.copc_tree import point_at
from layers.readers.las_file import FIELDS, open_las
from layers.readers.laz_chunks import batches_of
from layers.readers.point_sink import PointSink

_SAME_M = 0.01


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


def point_shown(
    layer: PointCloudLayer, row: int, where: tuple[float, float, float]
) -> PointCloudLayer:
    """The one point that a picture of `layer` showed in `row` at the world position `where`.

    A picture may count rows through the layer or through its octree, whichever it was drawn from:
    the position tells which.

    Raises
    ------
    ReadError
        It is in neither, or the octree's file is gone.
    """
    if row < layer.count and np.abs(_world(layer, row) - where).max() < _SAME_M:
        return _one(layer, layer.xyz[row : row + 1], layer.offset, row)
    if layer.tiles is not None:
        found = point_at(layer.tiles.path, row, metres_per_height=layer.tiles.metres_per_height)
        x, y, z = np.round(found.xyz[0]).tolist()
        return replace(
            layer,
            tiles=None,
            total=1,
            offset=(x, y, z),
            xyz=(found.xyz - np.array([x, y, z])).astype(np.float32),
            classification=found.classification,
            intensity=found.intensity,
            rgb=found.rgb,
        )
    # Drawn from an octree made since the layer was opened: then the layer holds every point.
    away = np.zeros(layer.count, dtype=np.float32)
    for axis in range(3):
        at = layer.xyz[:, axis] - np.float32(where[axis] - layer.offset[axis])
        np.maximum(away, np.abs(at, out=at), out=away)
    nearest = int(np.argmin(away))
    if away[nearest] > 10 * _SAME_M:
        raise ReadError(f"{layer.name} holds no point {row}", code="no-points")
    return _one(layer, layer.xyz[nearest : nearest + 1], layer.offset, nearest)


def _world(layer: PointCloudLayer, row: int) -> NDArray[np.float64]:
    found: NDArray[np.float64] = layer.xyz[row].astype(np.float64) + np.asarray(layer.offset)
    return found


def _one(
    layer: PointCloudLayer,
    xyz: NDArray[np.float32],
    offset: tuple[float, float, float],
    row: int,
) -> PointCloudLayer:
    fields: dict[str, Any] = {
        name: None if values is None else values[row : row + 1]
        for name in ("classification", "intensity", "rgb")
        for values in (getattr(layer, name),)
    }
    return replace(layer, tiles=None, total=1, offset=offset, xyz=xyz, **fields)
