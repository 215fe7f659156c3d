"""Checks of road lines: of some length, not twice, joined to the network."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from layers.health.finding import Finding, share
from layers.health.subject import Subject
from layers.health.values import repeated

SHORT_M = 0.1
JOINED_M = 0.05
NEAR_M = 2.0
"""An end this near another road without touching it was meant to touch it."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Network:
    """Which line ends touch which other lines.

    Attributes
    ----------
    ends : shapely points (2 n,), first and last point of line i at 2 i and 2 i + 1, in metres
    joined : bool (2 n,), the end touches another line, or closes its own
    near : bool (2 n,), a loose end within `NEAR_M` of another line
    component : int32 (n,), lines joined to each other share a number
    """

    ends: NDArray[np.object_]
    joined: NDArray[np.bool_]
    near: NDArray[np.bool_]
    component: NDArray[np.int32]


def roads_zero_length(subject: Subject) -> Finding | None:
    """Lines shorter than 0.1 m."""
    if not len(subject.lines):
        return None
    rows = np.flatnonzero(shapely.length(subject.lines) < SHORT_M)
    return share(
        len(rows),
        len(subject.lines),
        f"{len(rows):,} roads are shorter than {SHORT_M:g} m",
        "Delete them.",
        where=subject.places(subject.lines[rows]),
    )


def roads_repeated(subject: Subject) -> Finding | None:
    """Lines with the same points as another one, in either direction."""
    if not len(subject.lines):
        return None
    keys = shapely.to_wkb(shapely.normalize(shapely.set_precision(subject.lines, 0.001)))
    rows = np.flatnonzero(repeated(np.asarray(keys, dtype=object)))
    return share(
        len(rows),
        len(subject.lines),
        f"{len(rows):,} roads repeat another one point by point",
        "Delete the repetition.",
        where=subject.places(subject.lines[rows]),
    )


def roads_apart(subject: Subject) -> Finding | None:
    """Roads that are not joined to the largest connected part."""
    if len(subject.lines) < 2:
        return None
    network = subject.once("network", lambda: network_of(subject.lines))
    sizes = np.bincount(network.component)
    rows = np.flatnonzero(network.component != sizes.argmax())
    return share(
        len(rows),
        len(subject.lines),
        f"{len(rows):,} of {len(subject.lines):,} roads are cut off from the rest, in "
        f"{len(sizes) - 1:,} parts",
        "Join their ends to the road they lead to; routes and walking times need it.",
        where=subject.places(subject.lines[rows]),
    )


def roads_undershoot(subject: Subject) -> Finding | None:
    """Loose ends within 2 m of another road."""
    if len(subject.lines) < 2:
        return None
    network = subject.once("network", lambda: network_of(subject.lines))
    rows = np.flatnonzero(network.near)
    loose = int((~network.joined).sum())
    return share(
        len(rows),
        len(network.ends),
        f"{len(rows):,} road ends stop within {NEAR_M:g} m of another road without touching it "
        f"({loose:,} of {len(network.ends):,} ends are loose)",
        "Snap these ends to the road beside them.",
        where=subject.places(network.ends[rows]),
    )


def network_of(lines: NDArray[np.object_]) -> Network:
    """How `lines`, in metres, hang together: joined where an end touches another line."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    parts = np.asarray(shapely.line_merge(lines), dtype=object)
    multi = shapely.get_type_id(parts) == 5
    parts[multi] = shapely.get_geometry(parts[multi], 0)
    count = len(parts)
    ends = np.empty(2 * count, dtype=object)
    ends[0::2] = shapely.get_point(parts, 0)
    ends[1::2] = shapely.get_point(parts, -1)
    tree = shapely.STRtree(lines)
    end, line = tree.query(ends, predicate="dwithin", distance=NEAR_M)
    other = end // 2 != line
    end, line = end[other], line[other]
    touch = shapely.distance(ends[end], lines[line]) <= JOINED_M
    joined = np.repeat(np.asarray(shapely.is_closed(parts), dtype=bool), 2)
    joined[end[touch]] = True
    near = np.zeros(2 * count, dtype=bool)
    near[end[~touch]] = True
    links = coo_array(
        (np.ones(int(touch.sum()), dtype=np.int8), (end[touch] // 2, line[touch])),
        shape=(count, count),
    )
    component = connected_components(links, directed=False)[1]
    return Network(
        ends=ends, joined=joined, near=near & ~joined, component=component.astype(np.int32)
    )
