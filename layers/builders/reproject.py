"""Bringing a layer from its CRS into the project's."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, TypeVar, cast

import numpy as np
import shapely
from numpy.typing import NDArray

from layers.builders.moved import moved
from layers.builders.warp import warp_elevation, warp_imagery
from layers.crs import describe, horizontal
from layers.errors import CityError, CrsError
from layers.kinds.buildings import BuildingsLayer
from layers.kinds.elevation import ElevationLayer
from layers.kinds.features import FeatureLayer
from layers.kinds.imagery import ImageryLayer
from layers.kinds.layer import Layer
from layers.kinds.mesh import MeshLayer
from layers.kinds.pointcloud import PointCloudLayer
from layers.notices import Notice
from layers.progress import SILENT, Progress

_Kind = TypeVar("_Kind", bound=Layer)
_Offset = tuple[float, float, float]


def to_crs(layer: _Kind, crs: str, progress: Progress = SILENT) -> _Kind:
    """`layer` in `crs`, of the same kind; the very same object where it is there already.

    Vectors and points are moved by PROJ, elevation and imagery resampled (bilinear) onto square
    cells of about their own size. Heights stay as they are: vertical datums are not changed.

    Parameters
    ----------
    crs
        "EPSG:n" or WKT; of a compound CRS only the horizontal part counts.

    Raises
    ------
    CrsError
        Either CRS means nothing, or (almost) nothing of the layer can be mapped into `crs`.
    """
    there = horizontal(crs)
    if there == horizontal(layer.crs):
        return layer if layer.crs == there else replace(layer, crs=there)
    progress.step(0.0, f"Bringing {layer.name} to {describe(there).name}")
    brought: Layer
    if isinstance(layer, PointCloudLayer):
        brought = _points(layer, there, progress)
    elif isinstance(layer, FeatureLayer):
        brought = _features(layer, there)
    elif isinstance(layer, BuildingsLayer):
        brought = _buildings(layer, there)
    elif isinstance(layer, MeshLayer):
        offset, vertices = _vertices(layer, layer.vertices, layer.offset, there)
        brought = replace(layer, crs=there, offset=offset, vertices=vertices)
    elif isinstance(layer, ElevationLayer):
        brought = warp_elevation(layer, there, progress)
    elif isinstance(layer, ImageryLayer):
        brought = warp_imagery(layer, there, progress)
    else:
        raise CityError(f"{layer.name}: layers of kind {layer.kind} cannot change their CRS")
    progress.step(1.0)
    return cast(_Kind, brought)


def _points(layer: PointCloudLayer, crs: str, progress: Progress) -> PointCloudLayer:
    world = layer.world()
    progress.step(0.2)
    xy = moved(np.ascontiguousarray(world[:, :2]), layer.crs, crs)
    progress.step(0.8)
    good = np.isfinite(xy[:, 0]) & np.isfinite(xy[:, 1])
    lost = int(len(good) - good.sum())
    _refuse_if_most(layer, lost, len(good), crs)
    middle = np.round((np.nanmin(xy[good], axis=0) + np.nanmax(xy[good], axis=0)) / 2)
    offset = (float(middle[0]), float(middle[1]), layer.offset[2])
    xyz = np.empty((len(xy), 3), dtype=np.float32)
    for axis in range(2):
        xyz[:, axis] = np.where(good, xy[:, axis] - middle[axis], 0.0)
    xyz[:, 2] = layer.xyz[:, 2]
    fields: dict[str, Any] = {"xyz": xyz}
    for name in ("classification", "intensity", "rgb"):
        fields[name] = getattr(layer, name)
    if lost:
        fields = {name: None if v is None else v[good] for name, v in fields.items()}
    notices = (*layer.notices, *_lost_notice(layer, "points", lost, crs))
    return replace(layer, crs=crs, offset=offset, notices=notices, tiles=None, **fields)


def _features(layer: FeatureLayer, crs: str) -> FeatureLayer:
    geometry = _geometries(layer.geometry, layer.crs, crs)
    good = _finite(geometry)
    lost = int(len(good) - good.sum())
    _refuse_if_most(layer, lost, len(good), crs)
    if not lost:
        return replace(layer, crs=crs, geometry=geometry)
    return replace(
        layer,
        crs=crs,
        geometry=geometry[good],
        columns={name: values[good] for name, values in layer.columns.items()},
        notices=(*layer.notices, *_lost_notice(layer, "features", lost, crs)),
    )


def _buildings(layer: BuildingsLayer, crs: str) -> BuildingsLayer:
    footprints = _geometries(layer.footprints, layer.crs, crs)
    if lost := int((~_finite(footprints)).sum()):
        _refuse_if_most(layer, len(footprints), len(footprints), crs, lost)
    model = layer.model
    if model is not None:
        origin, vertices = _vertices(layer, model.vertices, model.origin, crs)
        model = replace(model, origin=origin, vertices=vertices)
    return replace(layer, crs=crs, footprints=footprints, model=model)


def _geometries(geometry: NDArray[np.object_], src: str, dst: str) -> NDArray[np.object_]:
    """Each geometry moved vertex by vertex; z, where there is one, stays."""
    out = np.empty(len(geometry), dtype=object)
    has_z = shapely.has_z(geometry)
    for rows, z in ((~has_z, False), (has_z, True)):
        if not rows.any():
            continue

        def move(at: NDArray[np.float64]) -> NDArray[np.float64]:
            at = at.copy()
            at[:, :2] = moved(np.ascontiguousarray(at[:, :2]), src, dst)
            return at

        out[rows] = shapely.transform(geometry[rows], move, include_z=z)
    return out


def _finite(geometry: NDArray[np.object_]) -> NDArray[np.bool_]:
    good: NDArray[np.bool_] = np.isfinite(shapely.bounds(geometry)).all(axis=1)
    return good


def _vertices(
    layer: Layer, vertices: NDArray[np.float32], offset: _Offset, crs: str
) -> tuple[_Offset, NDArray[np.float32]]:
    if not len(vertices):
        return offset, vertices
    world = vertices.astype(np.float64) + np.asarray(offset)
    world[:, :2] = moved(np.ascontiguousarray(world[:, :2]), layer.crs, crs)
    lost = int((~np.isfinite(world[:, :2]).all(axis=1)).sum())
    if lost:  # a surface with holes torn into it is no surface
        _refuse_if_most(layer, len(world), len(world), crs, lost)
    middle = np.round((world[:, :2].min(axis=0) + world[:, :2].max(axis=0)) / 2)
    origin = (float(middle[0]), float(middle[1]), offset[2])
    return origin, (world - np.asarray(origin)).astype(np.float32)


def _refuse_if_most(layer: Layer, lost: int, total: int, crs: str, said: int | None = None) -> None:
    if lost * 2 <= total and lost < total:
        return
    raise CrsError(
        f"{layer.name}: {lost if said is None else said} of {total} places cannot be mapped "
        f"into {describe(crs).name}",
        hint="Check the coordinate systems of the file and of the project.",
        code="crs-no-path",
    )


def _lost_notice(layer: Layer, what: str, lost: int, crs: str) -> tuple[Notice, ...]:
    if not lost:
        return ()
    sentence = f"Left out: {what} that cannot be mapped into {describe(crs).name}"
    return (Notice(code="outside-crs", what=sentence, source=layer.name, count=lost),)
