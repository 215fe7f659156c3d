"""How often an outline crosses itself: what decides whether repairing it can end."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely

SAMPLED = 200
MOST_FOR_LINEWORK = 1_000
"""Noding lines costs about a second for this many crossings and grows with their square."""
MOST_CROSSINGS = 50_000
"""An outline that crosses itself more often is not a drawing; repairing it would take minutes."""


def crossings(geometry: Any) -> float:
    """About how many pairs of segments of `geometry` cross; exact up to `SAMPLED` segments.

    Longer outlines are judged by `SAMPLED` of their segments, so the time is bounded by the number
    of segments, not of crossings.
    """
    parts = shapely.get_parts(geometry)
    rings = shapely.get_rings(parts) if len(parts) else np.empty(0, dtype=object)
    places, ring = shapely.get_coordinates(rings, return_index=True)
    joined = ring[1:] == ring[:-1]
    segments = shapely.linestrings(np.stack([places[:-1][joined], places[1:][joined]], axis=1))
    if not len(segments):
        return 0.0
    chosen = np.unique(np.linspace(0, len(segments) - 1, SAMPLED).astype(np.intp))
    pairs = shapely.STRtree(segments).query(segments[chosen], predicate="crosses")
    return float(pairs.shape[1] / 2 * len(segments) / len(chosen))
