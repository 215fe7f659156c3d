"""Checks for surplus: two layers of a city that say the same."""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray

from layers.health.finding import Finding, Found
from layers.health.grids import heights_at, middles, picked, step_for
from layers.health.subject import Subject, common
from layers.kinds.buildings import BuildingsLayer
from layers.kinds.elevation import ElevationLayer
from layers.kinds.features import FeatureLayer
from layers.kinds.imagery import ImageryLayer
from layers.kinds.layer import Layer
from layers.kinds.mesh import MeshLayer
from layers.kinds.pointcloud import PointCloudLayer

SAMPLE = 2000
"""Things of a layer that are looked for in the other one, evenly picked."""

REPEATED = 0.8
"""From this share on the layers say the same."""

SAME_AREA_IOU = 0.5
SAME_LINE_M = 2.0
SAME_POINT_M = 1.0
SAME_HEIGHT_M = 0.1
SAME_COLOUR = 10.0
_MOST_CELLS = 40_000


def layer_repeated(subject: Subject) -> Finding | None:
    """The largest share of this layer that another layer of the same kind and role holds too."""
    alike = [other for other in subject.context if _alike(subject.layer, other)]
    if not alike:
        return None
    shares = [(repeated_share(subject, other), other) for other in alike]
    found = tuple(
        Found(
            what=f"{part:.0%} of it is also in “{other.name}”: the two say the same",
            count=1,
            fix="Keep the one with the better grade and take the other away.",
        )
        for part, other in shares
        if part >= REPEATED
    )
    worst = max(part for part, _ in shares)
    return Finding(bad=worst if found else 0.0, total=len(alike), found=found)


def repeated_share(subject: Subject, other: Layer) -> float:
    """Share of the sampled things of the subject's layer that `other` holds too, 0 … 1."""
    layer = subject.layer
    if isinstance(layer, FeatureLayer | BuildingsLayer):
        return _repeated_features(subject, Subject(other, today=subject.today))
    if isinstance(layer, ElevationLayer) and isinstance(other, ElevationLayer):
        return _repeated_heights(layer, other)
    if isinstance(layer, PointCloudLayer) and isinstance(other, PointCloudLayer):
        return _repeated_points(layer, other)
    if isinstance(layer, ImageryLayer) and isinstance(other, ImageryLayer):
        return _repeated_pixels(layer, other)
    if isinstance(layer, MeshLayer) and isinstance(other, MeshLayer):
        return float(
            layer.vertices.shape == other.vertices.shape
            and np.array_equal(layer.vertices, other.vertices)
            and layer.offset == other.offset
        )
    return 0.0


def _alike(layer: Layer, other: Layer) -> bool:
    if type(layer) is not type(other):
        return False
    if isinstance(layer, FeatureLayer) and isinstance(other, FeatureLayer):
        return layer.role == other.role
    if isinstance(layer, ElevationLayer) and isinstance(other, ElevationLayer):
        return layer.surface == other.surface
    return True


def _repeated_features(subject: Subject, other: Subject) -> float:
    mine, theirs = subject.geometry, other.geometry
    if not len(mine) or not len(theirs):
        return 0.0
    if subject.scale != (1.0, 1.0):
        scale = np.asarray(subject.scale)
        mine = shapely.transform(mine, lambda xy: xy * scale)
        theirs = shapely.transform(theirs, lambda xy: xy * scale)
    some = mine[:: max(1, -(-len(mine) // SAMPLE))]
    some, theirs = some[shapely.is_valid(some)], theirs[shapely.is_valid(theirs)]
    if not len(some) or not len(theirs):
        return 0.0
    dimension = shapely.get_dimensions(some)
    same = np.zeros(len(some), dtype=bool)
    tree = shapely.STRtree(theirs)
    areas = np.flatnonzero(dimension == 2)
    same[areas] = _best_iou(some[areas], theirs, tree) >= SAME_AREA_IOU
    lines = np.flatnonzero(dimension == 1)
    same[lines] = _along(some[lines], tree)
    points = np.flatnonzero(dimension == 0)
    near = tree.query(some[points], predicate="dwithin", distance=SAME_POINT_M)[0]
    same[points[near]] = True
    return float(same.mean())


def _best_iou(
    some: NDArray[np.object_], theirs: NDArray[np.object_], tree: shapely.STRtree
) -> NDArray[np.float64]:
    mine, other = tree.query(some, predicate="intersects")
    shared = shapely.area(common(some[mine], theirs[other]))
    union = shapely.area(some[mine]) + shapely.area(theirs[other]) - shared
    best = np.zeros(len(some))
    np.maximum.at(best, mine, np.divide(shared, union, out=np.zeros_like(shared), where=union > 0))
    return best


def _along(lines: NDArray[np.object_], tree: shapely.STRtree) -> NDArray[np.bool_]:
    """Whether all of five points along each line have a line of the other layer beside them."""
    steps = (0.1, 0.3, 0.5, 0.7, 0.9)
    beside = np.ones(len(lines), dtype=bool)
    for step in steps:
        points = shapely.line_interpolate_point(lines, step, normalized=True)
        hit = np.zeros(len(lines), dtype=bool)
        hit[tree.query(points, predicate="dwithin", distance=SAME_LINE_M)[0]] = True
        beside &= hit
    return beside


def _repeated_heights(layer: ElevationLayer, other: ElevationLayer) -> float:
    every = step_for(layer, _MOST_CELLS)
    heights = layer.heights[::every, ::every].ravel()
    known = np.isfinite(heights)
    if not known.any():
        return 0.0
    there = heights_at(other, *middles(layer, every))
    with np.errstate(invalid="ignore"):
        same = np.abs(heights - there) <= SAME_HEIGHT_M
    return float(same[known].mean())


def _repeated_pixels(layer: ImageryLayer, other: ImageryLayer) -> float:
    every = step_for(layer, _MOST_CELLS)
    there, inside = picked(other, *middles(layer, every))
    mine = layer.pixels[::every, ::every].reshape(-1, 3)[inside].astype(np.float32)
    same = np.zeros(len(inside), dtype=bool)
    same[inside] = np.abs(mine - there.astype(np.float32)).mean(axis=1) <= SAME_COLOUR
    return float(same.mean())


def _repeated_points(layer: PointCloudLayer, other: PointCloudLayer) -> float:
    """Share of sampled points that the other cloud holds too, to the centimetre."""
    every = max(1, -(-layer.count // SAMPLE))
    mine = layer.xyz[::every].astype(np.float64) + np.asarray(layer.offset)
    low, high = mine.min(axis=0) - 0.01, mine.max(axis=0) + 0.01
    x, y = other.xyz[:, 0], other.xyz[:, 1]
    near = (x >= low[0] - other.offset[0]) & (x <= high[0] - other.offset[0])
    near &= (y >= low[1] - other.offset[1]) & (y <= high[1] - other.offset[1])
    theirs = other.xyz[near].astype(np.float64) + np.asarray(other.offset)
    # A tree of millions of points costs seconds: keep those in the square metres of the sample.
    theirs = theirs[np.isin(_square_metre(theirs), np.unique(_square_metre(mine)))]
    if not len(theirs):
        return 0.0
    from scipy.spatial import cKDTree

    # float32 offsets blur the third decimal: one centimetre, not equality.
    distance, _ = cKDTree(theirs).query(mine, distance_upper_bound=0.01)
    return float(np.isfinite(distance).mean())


def _square_metre(xyz: NDArray[np.float64]) -> NDArray[np.int64]:
    east, north = np.floor(xyz[:, 0]).astype(np.int64), np.floor(xyz[:, 1]).astype(np.int64)
    key: NDArray[np.int64] = (east << 32) ^ (north & 0xFFFFFFFF)
    return key
