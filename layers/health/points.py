"""Checks of LiDAR: dense enough, classified, little noise, heights that are possible."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from layers.health.finding import Finding, Found, share, whole
from layers.health.subject import Subject, as_places
from layers.kinds.pointcloud import BUILDING, GROUND, NOISE, PointCloudLayer

ENOUGH_PER_M2 = 8.0
"""USGS Lidar Base Specification, table 1: 8 pulses/m² for quality level 1, 2 for level 2."""

SAMPLE = 500_000
"""Points looked at where every one would take too long."""

_FAR_M = 100.0
_PER_CELL = 20


def point_density(subject: Subject) -> Finding | None:
    """Points per m² of the ground they cover, against 8."""
    layer = subject.layer
    if not isinstance(layer, PointCloudLayer):
        return None
    density = layer.total / covered_m2(layer, subject.scale)
    return Finding(
        bad=max(0.0, 1 - density / ENOUGH_PER_M2),
        total=layer.total,
        found=(
            (
                Found(
                    what=f"{density:.1f} points/m²; roofs need about {ENOUGH_PER_M2:g}",
                    count=1,
                    fix="Add a denser survey where roof shapes matter; blocks need less.",
                ),
            )
            if density < ENOUGH_PER_M2
            else ()
        ),
        note=_sampled(layer),
    )


def classes_present(subject: Subject) -> Finding | None:
    """No classes at all (1), no ground (0.7), ground but no buildings (0.3)."""
    layer = subject.layer
    if not isinstance(layer, PointCloudLayer):
        return None
    present = set() if layer.classification is None else set(np.unique(layer.classification))
    if not present - {0, 1}:
        bad, what = 1.0, f"None of the {layer.count:,} points is classified"
    elif GROUND not in present:
        bad, what = 0.7, "No point is classified as ground"
    elif BUILDING not in present:
        bad, what = (
            0.3,
            "No point is classified as building; heights rest on all that is not ground",
        )
    else:
        return Finding(bad=0.0, total=layer.count)
    found = Found(what=what, count=layer.count, fix="Classify it: PDAL filters.smrf finds ground.")
    return Finding(bad=bad, total=layer.count, found=(found,))


def noise(subject: Subject) -> Finding | None:
    """Points of the noise classes 7 and 18, or more than 100 m off all others."""
    layer = subject.layer
    if not isinstance(layer, PointCloudLayer):
        return None
    sample, every = _sample(layer)
    z = sample[:, 2]
    low, high = np.quantile(z, (0.001, 0.999))
    bad = (z < low - _FAR_M) | (z > high + _FAR_M)
    if layer.classification is not None:
        bad |= np.isin(layer.classification[::every], NOISE)
    where = sample[bad, :2][:1000].astype(np.float64) + np.asarray(layer.offset[:2])
    count = min(int(bad.sum()) * every, layer.count)
    return share(
        count,
        layer.count,
        f"About {count:,} points are noise (class 7 or 18, or {_FAR_M:g} m off all others)",
        "Leave them out when reading, or clean the cloud at its source.",
        where=as_places(where),
        note=_sampled(layer),
    )


def repeated_points(subject: Subject) -> Finding | None:
    """Points that stand at exactly the place of another one."""
    layer = subject.layer
    if not isinstance(layer, PointCloudLayer):
        return None
    start = max(0, (layer.count - SAMPLE // 4) // 2)
    run = np.ascontiguousarray(layer.xyz[start : start + SAMPLE // 4])
    # Repetitions lie in strips that were delivered twice or right after one another: a run of
    # neighbours in the file shows the second, the check of surplus layers the first.
    keys = run.view(np.dtype((np.void, run.dtype.itemsize * 3))).ravel()
    _, first = np.unique(keys, return_index=True)
    again = np.ones(len(keys), dtype=bool)
    again[first] = False
    count = int(again.sum())
    where = run[again, :2][:1000].astype(np.float64) + np.asarray(layer.offset[:2])
    note = f"Looked at {len(keys):,} points in a row." if len(keys) < layer.count else ""
    return share(
        count,
        len(keys),
        f"{count:,} of {len(keys):,} points stand exactly where another one does",
        "Drop repeated points when the cloud is thinned or tiled.",
        where=as_places(where),
        note=note,
    )


def colours_told(subject: Subject) -> Finding | None:
    """Intensity and colour that say something."""
    layer = subject.layer
    if not isinstance(layer, PointCloudLayer):
        return None
    silent = []
    if layer.intensity is None or not layer.intensity.any():
        silent.append("intensity")
    if layer.rgb is None or not layer.rgb.any():
        silent.append("colour")
    return whole(
        len(silent) / 2,
        f"The points have no {' and no '.join(silent)}",
        "Colour them from an orthophoto of the same year.",
    )


def covered_m2(layer: PointCloudLayer, scale: tuple[float, float]) -> float:
    """m² of the cells that hold points; cells are chosen so that full ones hold about 20."""
    sample, _ = _sample(layer)
    xy = sample[:, :2].astype(np.float64) * scale
    low = xy.min(axis=0)
    extent = np.maximum(xy.max(axis=0) - low, 0.01)
    cell = max(float(np.sqrt(extent[0] * extent[1] * _PER_CELL / len(xy))), 0.01)
    # Whole cells only: half-empty ones at the edge would make a small cloud look sparse.
    size = np.maximum(np.round(extent / cell), 1).astype(int)
    step = extent / size
    index = np.minimum(((xy - low) / step).astype(np.int64), size - 1)
    filled = np.zeros(int(size[0]) * int(size[1]), dtype=bool)
    filled[index[:, 0] * size[1] + index[:, 1]] = True
    return float(filled.sum() * step[0] * step[1])


def _sample(layer: PointCloudLayer) -> tuple[NDArray[np.float32], int]:
    every = max(1, -(-layer.count // SAMPLE))
    return layer.xyz[::every], every


def _sampled(layer: PointCloudLayer) -> str:
    every = max(1, -(-layer.count // SAMPLE))
    return f"One of {every} points was looked at." if every > 1 else ""
