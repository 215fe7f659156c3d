"""Checks between grids: cells in line, surface over ground, three heights that add up."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from layers.health.finding import Finding, Found, share
from layers.health.grids import heights_at, middles, step_for
from layers.health.records import MAX_PLACES
from layers.health.subject import Subject, as_places
from layers.kinds.elevation import ElevationLayer
from layers.kinds.layer import Layer

IN_LINE = 0.1
"""Part of a cell that two grids may drift against each other over their common extent."""

AGREE_M = 1.0
BELOW_M = 0.5
_MOST_CELLS = 1_000_000


def grids_aligned(subject: Subject) -> Finding | None:
    """Other grids whose cells drift against this one's by more than a tenth of a cell."""
    layer = subject.layer
    if not isinstance(layer, ElevationLayer):
        return None
    others = [o for o in subject.context if isinstance(o, ElevationLayer) and _meet(layer, o)]
    if not others:
        return None
    found = []
    for other in others:
        drift = grid_drift(layer, other)
        if drift > IN_LINE:
            found.append(
                Found(
                    what=f"Cells of {other.cell_x:.6g} × {other.cell_y:.6g} m in “{other.name}” do "
                    f"not line up with {layer.cell_x:.6g} × {layer.cell_y:.6g} m here: they drift "
                    f"by up to {drift:.2f} cells",
                    count=1,
                    fix="Resample one to the grid of the other before comparing cell by cell.",
                    where=((layer.west, layer.north),),
                )
            )
    return Finding(bad=len(found) / len(others), total=len(others), found=tuple(found))


def grids_agree(subject: Subject) -> Finding | None:
    """Cells where height above ground is not surface minus ground, by more than 1 m."""
    layer = subject.layer
    if not isinstance(layer, ElevationLayer) or layer.surface != "buildings-above-ground":
        return None
    ground, surface = _other(subject, "ground"), _other(subject, "surface")
    if ground is None or surface is None:
        return None
    x, y, above, every = _looked_at(layer)
    difference = np.abs(above - (heights_at(surface, x, y) - heights_at(ground, x, y)))
    return _disagreement(
        x,
        y,
        difference,
        AGREE_M,
        every,
        f"“{surface.name}” minus “{ground.name}” differs by more than {AGREE_M:g} m from the "
        "height above ground",
        "Find out which of the three is from another survey, and leave that one out.",
    )


def surface_over_ground(subject: Subject) -> Finding | None:
    """Cells of a surface that lie more than 0.5 m below the ground."""
    layer = subject.layer
    if not isinstance(layer, ElevationLayer) or layer.surface != "surface":
        return None
    ground = _other(subject, "ground")
    if ground is None:
        return None
    x, y, heights, every = _looked_at(layer)
    return _disagreement(
        x,
        y,
        heights_at(ground, x, y) - heights,
        BELOW_M,
        every,
        f"The surface lies more than {BELOW_M:g} m below “{ground.name}”",
        "Check date and vertical datum of both: one of them is not of this ground.",
    )


def grid_drift(one: ElevationLayer, other: ElevationLayer) -> float:
    """Largest shift between the cell edges of two grids over what they share, in finer cells."""
    west, south, east, north = _common(one, other)
    drift = 0.0
    for here, there, start_here, start_there, length in (
        (one.cell_x, other.cell_x, one.west, other.west, east - west),
        (one.cell_y, other.cell_y, -one.north, -other.north, north - south),
    ):
        fine, coarse = min(here, there), max(here, there)
        times = max(1.0, round(coarse / fine))
        per_cell = abs(coarse / fine - times)
        offset = ((start_there - start_here) / fine) % 1.0
        drift = max(drift, per_cell * length / coarse, min(offset, 1.0 - offset))
    return drift


def _disagreement(
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    difference: NDArray[np.float64],
    limit: float,
    every: int,
    what: str,
    fix: str,
) -> Finding | None:
    known = np.isfinite(difference)
    total = int(known.sum())
    if not total:
        return None
    wrong = np.flatnonzero(known & (np.where(known, difference, 0) > limit))
    worst = wrong[np.argsort(-difference[wrong])][:MAX_PLACES]
    size = f" in {len(wrong):,} of {total:,} cells; median {np.median(difference[known]):.2f} m, "
    return share(
        len(wrong),
        total,
        f"{what}{size}most {difference[known].max():.2f} m",
        fix,
        where=as_places(np.column_stack([x[worst], y[worst]])),
        note=f"One of {every * every} cells was looked at." if every > 1 else "",
    )


def _other(subject: Subject, surface: str) -> ElevationLayer | None:
    fitting = (
        o
        for o in subject.context
        if isinstance(o, ElevationLayer) and o.surface == surface and _meet(subject.layer, o)
    )
    return next(fitting, None)


def _looked_at(
    layer: ElevationLayer,
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], int]:
    """x, y and height of cell middles, at most about a million, and the step between them."""
    every = step_for(layer, _MOST_CELLS)
    x, y = middles(layer, every)
    return x, y, layer.heights[::every, ::every].ravel().astype(np.float64), every


def _common(one: Layer, other: Layer) -> tuple[float, float, float, float]:
    first, second = one.bounds, other.bounds
    return (
        max(first[0], second[0]),
        max(first[1], second[1]),
        min(first[2], second[2]),
        min(first[3], second[3]),
    )


def _meet(one: Layer, other: Layer) -> bool:
    west, south, east, north = _common(one, other)
    return west < east and south < north
