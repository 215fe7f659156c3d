"""Checks of areas: valid, not twice, not overlapping, neither slivers nor whole blocks."""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray

from layers.health.finding import Finding, share
from layers.health.records import MAX_PLACES, Places
from layers.health.subject import Pairs, Subject, common
from layers.notices import Notice

SLIVER_M2 = 1.0
"""An outline under this is no building, parcel or lake, but a leftover of drawing."""

OVERSIZE_M2 = 5000.0
"""A footprint above this is more often a block or a city's grey surroundings than one building."""

SAME_IOU = 0.98
"""Two outlines are the same one drawn twice from this share (intersection / union) on."""

SHARED_M2 = 1.0
"""Ground that two outlines share counts as built twice from this on."""

LEFT_OUT = (
    "geometry-missing",
    "geometry-empty",
    "geometry-collapsed",
    "coordinates-not-finite",
    "rings-broken",
)
"""Notices of readers about features that did not come in."""

ONE_USE_ROLES = ("buildings", "footprints", "parcels", "zoning")
"""Where one piece of ground may belong to one outline only."""

BROAD_ROLES = (*ONE_USE_ROLES, "water", "green")
"""What is never smaller than 1 m²; walls, kerbs and signs are."""


def invalid_outlines(subject: Subject) -> Finding | None:
    """Outlines that cross themselves, now or before the reader repaired them."""
    if not len(subject.outlines):
        return None
    wrong = np.flatnonzero(~subject.valid)
    repaired = sum(notice.count for notice in _repairs(subject))
    # A layer may hold lines beside a few areas, and repairs are told of both together.
    total = len(subject.geometry)
    count = min(len(wrong) + repaired, total)
    return share(
        count,
        total,
        f"{count:,} of {total:,} outlines crossed themselves or were not closed; "
        f"{repaired:,} were repaired when they were read",
        "Repair them in the source file, so that everyone gets the same outlines.",
        where=subject.places(subject.outlines[wrong]) + _where_repaired(subject),
    )


def features_dropped(subject: Subject) -> Finding | None:
    """Features that the reader could not use and left out."""
    if not len(subject.geometry):
        return None
    left_out = [notice for notice in subject.layer.notices if notice.code in LEFT_OUT]
    count = sum(notice.count for notice in left_out)
    return share(
        count,
        count + len(subject.geometry),
        f"{count:,} features of the file could not be used: "
        + "; ".join(notice.what for notice in left_out),
        "Repair them in the source file and read it again.",
        where=tuple(notice.where for notice in left_out if notice.where is not None),
    )


def slivers(subject: Subject) -> Finding | None:
    """Outlines under 1 m²."""
    if subject.role not in BROAD_ROLES or not len(subject.outlines):
        return None
    rows = np.flatnonzero(subject.areas < SLIVER_M2)
    return share(
        len(rows),
        len(subject.outlines),
        f"{len(rows):,} outlines are smaller than {SLIVER_M2:g} m²",
        "Delete them, or merge them into the outline they belong to.",
        where=subject.places(subject.outlines[rows[np.argsort(subject.areas[rows])]]),
    )


def oversized_outlines(subject: Subject) -> Finding | None:
    """Building outlines above 5 000 m²."""
    if not subject.is_built or not len(subject.outlines):
        return None
    rows = np.flatnonzero(subject.areas > OVERSIZE_M2)
    return share(
        len(rows),
        len(subject.outlines),
        f"{len(rows):,} outlines are larger than {OVERSIZE_M2:,.0f} m²: "
        "blocks rather than buildings",
        "Look at each: take out blocks and surroundings that are not one building.",
        where=subject.places(subject.outlines[rows[np.argsort(-subject.areas[rows])]]),
    )


def duplicate_outlines(subject: Subject) -> Finding | None:
    """Outlines drawn twice."""
    if not len(subject.outlines):
        return None
    pairs = subject.pairs
    same = pairs.shared >= SAME_IOU * pairs.union
    again = np.unique(pairs.second[same])
    return share(
        len(again),
        len(subject.outlines),
        f"{len(again):,} outlines repeat another one of the same layer",
        "Delete the repetition that has fewer attributes.",
        where=subject.places(subject.outlines[again]),
        note=_note(pairs),
    )


def overlapping_outlines(subject: Subject) -> Finding | None:
    """Pairs of outlines whose interiors meet, however little."""
    if subject.role not in ONE_USE_ROLES or not len(subject.outlines):
        return None
    pairs = subject.pairs
    count = len(pairs.first)
    least = "" if pairs.complete else "at least "
    involved = len(np.unique(np.concatenate([pairs.first, pairs.second])))
    found = share(
        count,
        count,
        f"{least}{count:,} pairs of outlines overlap; {int((pairs.shared > 0.01).sum()):,} of them "
        f"by more than 0.01 m², {int((pairs.shared > SHARED_M2).sum()):,} by more than 1 m²",
        "Snap common walls to common corners, largest overlaps first.",
        where=_where_shared(subject, pairs, np.argsort(-pairs.shared)),
    )
    return Finding(
        bad=involved / len(subject.outlines),
        total=len(subject.outlines),
        found=found.found,
        note=_note(pairs),
    )


def ground_built_twice(subject: Subject) -> Finding | None:
    """Pairs of outlines that share more than 1 m²."""
    if subject.role not in ONE_USE_ROLES or not len(subject.outlines):
        return None
    pairs = subject.pairs
    much = np.flatnonzero(pairs.shared > SHARED_M2)
    much = much[np.argsort(-pairs.shared[much])]
    rows = np.unique(np.concatenate([pairs.first[much], pairs.second[much]]))
    found = share(
        len(much),
        len(much),
        f"{len(much):,} pairs of outlines share more than {SHARED_M2:g} m² of ground, "
        f"{pairs.shared[much].sum():,.0f} m² in all",
        "Decide which outline stands there, and cut or delete the other.",
        where=_where_shared(subject, pairs, much),
    )
    return Finding(
        bad=len(rows) / len(subject.outlines), total=len(subject.outlines), found=found.found
    )


def _where_shared(subject: Subject, pairs: Pairs, order: NDArray[np.intp]) -> Places:
    some = order[:MAX_PLACES]
    first, second = subject.outlines[pairs.first[some]], subject.outlines[pairs.second[some]]
    # Not the centroid: two outlines may meet at both ends and not in the middle.
    places = np.asarray(shapely.point_on_surface(common(first, second)), dtype=object)
    # Outlines may share less than a float can say: then the place is where they come nearest.
    thin = shapely.is_empty(places)
    seams = shapely.shortest_line(shapely.centroid(first[thin]), shapely.boundary(second[thin]))
    places[thin] = shapely.get_point(seams, 1)
    return subject.positions(shapely.get_coordinates(places))


def _repairs(subject: Subject) -> list[Notice]:
    return [n for n in subject.layer.notices if n.code in ("rings-repaired", "rings-closed")]


def _where_repaired(subject: Subject) -> Places:
    return tuple(notice.where for notice in _repairs(subject) if notice.where is not None)


def _note(pairs: Pairs) -> str:
    return "" if pairs.complete else "Counting stopped early: there are more overlapping pairs."
