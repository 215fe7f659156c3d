"""Checks of building heights: there, plausible, measured, and in keeping with the points."""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray

from layers.health.finding import Finding, share
from layers.health.grids import heights_at
from layers.health.roofs import roof_points
from layers.health.subject import Subject
from layers.kinds.buildings import METHODS, BuildingsLayer
from layers.kinds.elevation import ElevationLayer
from layers.readers import columns as names

LOWEST_M, HIGHEST_M = 2.0, 830.0
"""No one stands in less than 2 m; the highest building on Earth has 828 m."""

STOREY_M = (2.2, 6.0)
"""Storeys of real buildings, from a low attic to a factory hall."""

TRUST = {
    "lidar": 1.0, "dsm": 1.0, "model": 1.0, "edited": 1.0, "attribute": 0.8, "floors": 0.5,
    "default": 0.0,
}  # fmt: skip
"""How much a height counts by the way it was found."""

ACCURACY_M = {1: 5.0, 2: 2.0}
"""Height accuracy proposed for each level of detail: CityGML 2.0 (OGC 12-019), 6.2, table 3."""

ENOUGH_POINTS = 5


def heights_plausible(subject: Subject) -> Finding | None:
    """Known heights below 2 m or above 830 m."""
    heights = _heights(subject)
    known = np.isfinite(heights)
    if isinstance(subject.layer, BuildingsLayer):
        known &= subject.layer.method != METHODS.index("default")
    if not known.any():
        return None
    low, high = known & (heights < LOWEST_M), known & (heights > HIGHEST_M)
    rows = np.flatnonzero(low | high)
    median = float(np.median(heights[known]))
    trap = ": this column does not hold metres" if low.sum() > known.sum() / 2 else ""
    return share(
        len(rows),
        int(known.sum()),
        f"{int(low.sum()):,} of {int(known.sum()):,} heights are lower than {LOWEST_M:g} m, "
        f"{int(high.sum()):,} higher than {HIGHEST_M:g} m; the median is {median:.2f}{trap}",
        "Do not build with these heights; ask the owner what the numbers mean.",
        where=subject.at(rows),
    )


def storeys_plausible(subject: Subject) -> Finding | None:
    """Buildings whose height divided by their floors is no storey."""
    heights, floors = _heights(subject), _floors(subject)
    if isinstance(subject.layer, BuildingsLayer):
        heights = np.where(subject.layer.method == METHODS.index("floors"), np.nan, heights)
        heights = np.where(subject.layer.method == METHODS.index("default"), np.nan, heights)
    both = np.isfinite(heights) & (heights > 0) & (floors > 0)
    if not both.any():
        return None
    storey = np.full(len(heights), np.nan)
    storey[both] = heights[both] / floors[both]
    with np.errstate(invalid="ignore"):
        rows = np.flatnonzero(both & ((storey < STOREY_M[0]) | (storey > STOREY_M[1])))
    median = float(np.median(storey[both]))
    feet = " (3.3 m is 10.8 ft: feet taken for metres?)" if 7.2 <= median <= 20 else ""
    return share(
        len(rows),
        int(both.sum()),
        f"{len(rows):,} of {int(both.sum()):,} buildings have storeys outside "
        f"{STOREY_M[0]:g}–{STOREY_M[1]:g} m; the median is {median:.2f}{feet}",
        "Compare height and floors with a photograph; state the unit of height when importing.",
        where=subject.at(rows),
    )


def heights_known(subject: Subject) -> Finding | None:
    """Footprints for which neither a height, nor floors, nor a survey is there."""
    if subject.role != "footprints" or not len(subject.geometry):
        return None
    heights, floors = _heights(subject), _floors(subject)
    with np.errstate(invalid="ignore"):
        known = (heights >= LOWEST_M) | (floors > 0)
    for other in subject.context:
        if other.kind == "points" or (
            isinstance(other, ElevationLayer)
            and other.surface in ("surface", "buildings-above-ground")
        ):
            west, south, east, north = other.bounds
            middles = shapely.get_coordinates(shapely.centroid(subject.geometry))
            known |= (
                (middles[:, 0] >= west)
                & (middles[:, 0] <= east)
                & (middles[:, 1] >= south)
                & (middles[:, 1] <= north)
            )
    rows = np.flatnonzero(~known)
    return share(
        len(rows),
        len(known),
        f"{len(rows):,} of {len(known):,} footprints have no height in metres, no floors, and no "
        "LiDAR or surface grid over them",
        "Add LiDAR, a surface grid, or the number of floors; else they get a default height.",
        where=subject.at(rows),
    )


def heights_measured(subject: Subject) -> Finding | None:
    """How heights were found: 1 minus the mean trust in the method."""
    layer = subject.layer
    if not isinstance(layer, BuildingsLayer) or not layer.count:
        return None
    trust = np.array([TRUST[name] for name in METHODS])[layer.method]
    counts = np.bincount(layer.method, minlength=len(METHODS))
    by = ", ".join(f"{n:,} by {m}" for m, n in zip(METHODS, counts, strict=True) if n)
    rows = np.flatnonzero(trust < 1)
    finding = share(
        len(rows),
        layer.count,
        f"{len(rows):,} of {layer.count:,} heights are not measured ({by})",
        "Add LiDAR or a surface grid that covers them.",
        where=subject.at(rows[np.argsort(trust[rows], kind="stable")]),
    )
    return Finding(bad=float(1 - trust.mean()), total=finding.total, found=finding.found)


def heights_against_points(subject: Subject) -> Finding | None:
    """Buildings whose top misses the roof points by more than their level of detail allows."""
    layer = subject.layer
    if not isinstance(layer, BuildingsLayer):
        return None
    roofs = subject.once("roofs", lambda: roof_points(subject))
    if roofs is None:
        return _recorded_errors(subject, layer)
    squares = (roofs.z - (layer.ground + layer.height)[roofs.row]) ** 2
    counts = np.bincount(roofs.row, minlength=layer.count)
    checked = counts >= ENOUGH_POINTS
    if not checked.any():
        return None
    rmse = np.full(layer.count, np.nan)
    sums = np.bincount(roofs.row, weights=squares, minlength=layer.count)
    rmse[checked] = np.sqrt(sums[checked] / counts[checked])
    return _errors(subject, layer, rmse, roofs.note)


def points_cover_outlines(subject: Subject) -> Finding | None:
    """Building outlines with fewer than five roof points on them."""
    if not subject.is_built or not len(subject.outlines):
        return None
    roofs = subject.once("roofs", lambda: roof_points(subject))
    if roofs is None:
        return None
    counts = np.bincount(roofs.row, minlength=len(subject.geometry)) * roofs.every
    rows = np.flatnonzero(counts < ENOUGH_POINTS)
    return share(
        len(rows),
        len(subject.geometry),
        f"{len(rows):,} of {len(subject.geometry):,} outlines have fewer than {ENOUGH_POINTS} "
        "roof points on them",
        "Survey them, or check whether the building still stands.",
        where=subject.at(rows),
        note=roofs.note,
    )


def ground_under_outlines(subject: Subject) -> Finding | None:
    """Building outlines whose middle has no ground height under it."""
    grounds = [
        o for o in subject.context if isinstance(o, ElevationLayer) and o.surface == "ground"
    ]
    if not subject.is_built or not grounds or not len(subject.outlines):
        return None
    middles = shapely.get_coordinates(shapely.centroid(subject.geometry))
    stands = np.zeros(len(middles), dtype=bool)
    for ground in grounds:
        stands |= np.isfinite(heights_at(ground, middles[:, 0], middles[:, 1]))
    rows = np.flatnonzero(~stands)
    return share(
        len(rows),
        len(middles),
        f"{len(rows):,} of {len(middles):,} outlines lie where the terrain has no height",
        "Add terrain for the whole area, or cut the outlines to it.",
        where=subject.at(rows),
    )


def _errors(
    subject: Subject, layer: BuildingsLayer, rmse: NDArray[np.float64], note: str
) -> Finding:
    allowed = np.where(layer.lod >= 2, ACCURACY_M[2], ACCURACY_M[1])
    checked = np.isfinite(rmse)
    with np.errstate(invalid="ignore"):
        rows = np.flatnonzero(checked & (rmse > allowed))
    rows = rows[np.argsort(-rmse[rows])]
    return share(
        len(rows),
        int(checked.sum()),
        f"{len(rows):,} of {int(checked.sum()):,} tops miss their roof points by more than "
        f"CityGML allows (LoD1 5 m, LoD2 2 m RMSE); the median RMSE is "
        f"{float(np.median(rmse[checked])):.2f} m",
        "Look at the worst: wrong outline, crane, tree over the roof, or rebuilt since the survey.",
        where=subject.at(rows),
        note=note,
    )


def _recorded_errors(subject: Subject, layer: BuildingsLayer) -> Finding | None:
    """The errors that the builder recorded, where the points are no longer at hand."""
    if not np.isfinite(layer.rmse).any():
        return None
    return _errors(subject, layer, layer.rmse.astype(np.float64), "As recorded when it was built.")


def _heights(subject: Subject) -> NDArray[np.float64]:
    if isinstance(subject.layer, BuildingsLayer):
        return subject.layer.height.astype(np.float64)
    if subject.role != "footprints":
        return np.full(len(subject.geometry), np.nan)
    return _numbers(subject, names.height_column(subject.columns))


def _floors(subject: Subject) -> NDArray[np.float64]:
    if isinstance(subject.layer, BuildingsLayer):
        return subject.layer.floors.astype(np.float64)
    return np.nan_to_num(_numbers(subject, names.floors_column(subject.columns)))


def _numbers(subject: Subject, column: str) -> NDArray[np.float64]:
    if not column:
        return np.full(len(subject.geometry), np.nan)
    return names.numbers(subject.columns[column])
