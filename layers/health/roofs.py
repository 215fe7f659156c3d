"""Which roof points of the city's point clouds lie on which building."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from layers.builders.inside import points_inside
from layers.health.subject import Subject
from layers.kinds.pointcloud import BUILDING, GROUND, NOISE, WATER, PointCloudLayer

MOST_POINTS = 200_000
"""Points looked up; more are thinned evenly, and the finding says so."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RoofPoints:
    """Roof points and the building each lies on.

    Attributes
    ----------
    row : int64 (k,), row of the layer
    z : float64 (k,), metres
    every : one of how many points was looked up
    note : "" or that it was a sample
    """

    row: NDArray[np.int64]
    z: NDArray[np.float64]
    every: int
    note: str


def roof_points(subject: Subject) -> RoofPoints | None:
    """Points of class building, or all that are not ground, water or noise where there is none.

    None where no point cloud of the city meets the layer.
    """
    clouds = [o for o in subject.context if isinstance(o, PointCloudLayer)]
    if not clouds or not len(subject.geometry) or subject.bounds is None:
        return None
    low_x, low_y, high_x, high_y = subject.bounds
    parts = []
    for cloud in clouds:
        roof = _is_roof(cloud)
        local = cloud.xyz
        inside = (
            (local[:, 0] >= low_x - cloud.offset[0])
            & (local[:, 0] <= high_x - cloud.offset[0])
            & (local[:, 1] >= low_y - cloud.offset[1])
            & (local[:, 1] <= high_y - cloud.offset[1])
        )
        if not inside.any():
            continue
        picked = local[inside & roof].astype(np.float64) + np.asarray(cloud.offset)
        thinning = cloud.total / len(local)
        parts.append((picked, thinning))
    if not parts:
        return None
    points = np.concatenate([part for part, _ in parts])
    every = max(1, -(-len(points) // MOST_POINTS))
    sample = points[::every]
    # A cloud that was thinned while reading holds fewer points per building than the survey did.
    factor = every * max(1, round(max(thinning for _, thinning in parts)))
    pairs = list(points_inside(subject.geometry, sample[:, :2]))
    row = np.concatenate([areas for areas, _ in pairs] or [np.empty(0, dtype=np.int64)])
    hit = np.concatenate([points for _, points in pairs] or [np.empty(0, dtype=np.int64)])
    note = f"One of {factor} points was looked at." if factor > 1 else ""
    return RoofPoints(row=row, z=sample[hit, 2], every=factor, note=note)


def _is_roof(cloud: PointCloudLayer) -> NDArray[np.bool_]:
    classes = cloud.classification
    if classes is None:
        return np.ones(len(cloud.xyz), dtype=bool)
    roof = classes == BUILDING
    if roof.any():
        return np.asarray(roof)
    return ~np.isin(classes, (GROUND, WATER, *NOISE))
