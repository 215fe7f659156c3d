"""The octree of a project's points: made once beside the project, and what stands for a cloud then."""

from __future__ import annotations

import contextlib
import json
import shutil
from pathlib import Path

import msgspec
import numpy as np

from layers.atomic import atomic
from layers.kinds.layer import Layer
from layers.kinds.pointcloud import PointCloudLayer, PointTiles
from layers.memory import give_back
from layers.progress import SILENT, Progress
from layers.readers.registry import ReadOptions
from twin.project import parts
from twin.project.cache import Cache

LEAST = 1_000_000
"""Points from which on a cloud is worth an octree; fewer are drawn from memory."""
SAMPLE = 1_000_000
"""Points of a layer whose others stay in its octree."""
FILE, ELSEWHERE = "points.copc.laz", "points.json"
_SAMPLE = "sample"


def tiles_in(folder: Path | None) -> PointTiles | None:
    """The octree kept in `folder`, or the one that it says is good as it is; None where none is."""
    if folder is None:
        return None
    if (folder / FILE).is_file():
        return PointTiles(folder / FILE)
    try:
        said = json.loads((folder / ELSEWHERE).read_text(encoding="utf-8"))
        found = PointTiles(Path(said["path"]), float(said["metres_per_height"]))
        same = found.path.stat().st_mtime_ns == said["modified"]
    except (OSError, ValueError, TypeError, KeyError):
        return None
    return found if same else None


def tiles_of(layer: PointCloudLayer, folder: Path | None) -> PointTiles | None:
    """Where the points of `layer` can be read node by node; `folder` is that of its tiles."""
    if layer.tiles is not None and layer.tiles.path.is_file():
        return layer.tiles
    return tiles_in(folder)


def make_tiles(
    source: Path, options: ReadOptions, crs: str, folder: Path, progress: Progress = SILENT
) -> None:
    """Arrange the points of `source` as an octree in `folder`, in the project's `crs`.

    A COPC file in that CRS is good as it is. Goes on where an earlier call was stopped or killed.

    Raises
    ------
    ReadError, CrsError
        The source is gone, damaged, or does not say where it lies.
    WriteError
        The disk is full, or may not be written.
    """
    from layers.readers.pointcloud import placed, read
    from layers.writers.copc import to_copc

    folder.mkdir(parents=True, exist_ok=True)
    las, place = placed(source, options)
    if las.is_copc and place.crs == crs:
        said = {
            "path": str(source),
            "metres_per_height": place.metres_per_height,
            "modified": source.stat().st_mtime_ns,
        }
        with atomic(folder / ELSEWHERE) as temporary:
            temporary.write_text(json.dumps(said), encoding="utf-8")
    else:
        to_copc([(source, options)], folder / FILE, crs=crs, progress=progress.part(0.0, 0.97))
    tiles = tiles_in(folder)
    if tiles is None:
        return
    progress.step(0.97, f"Arranging {source.name}")
    told = ReadOptions(crs=crs, force_crs=True, max_points=SAMPLE)
    if tiles.path == source:
        told = msgspec.structs.replace(options, max_points=SAMPLE)
    (layer,) = read(tiles.path, told)
    assert isinstance(layer, PointCloudLayer)
    arrays = {**parts.arrays_of(layer), "offset": np.asarray(layer.offset, dtype=np.float64)}
    Cache(folder).put(_SAMPLE, arrays)
    give_back()


def light(cache: Cache, key: str, head: Layer, scalars: parts.Scalars) -> PointCloudLayer | None:
    """The cloud under `key` with some of its points in hand, the others in its octree; None where it
    has none."""
    folder = cache.tiles(key)
    tiles = tiles_in(folder)
    arrays = Cache(folder, writable=False).get(_SAMPLE) if folder is not None else None
    if tiles is None or arrays is None or "offset" not in arrays:
        return None
    x, y, z = np.array(arrays.pop("offset")).tolist()
    there = msgspec.structs.replace(scalars, offset=(x, y, z))
    layer = parts.put_together(PointCloudLayer.kind, head, there, arrays, {"tiles": tiles})
    assert isinstance(layer, PointCloudLayer)
    return layer


def forget(cache: Cache, key: str) -> None:
    """The points under `key` are others from now on: their octree is no more."""
    folder = cache.tiles(key)
    if folder is not None and cache.writable:
        with contextlib.suppress(OSError):
            shutil.rmtree(folder)
