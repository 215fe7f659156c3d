"""Lengths, areas and angles of points in space, by plain geometry."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from layers.builders.drape import drape_areas
from layers.errors import CityError
from layers.kinds.elevation import ElevationLayer

Points = NDArray[np.float64]
"""float64, shape (n, 3), metres in one projected CRS."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Lengths:
    """A line through points, segment by segment; all metres, shape (n - 1,).

    Attributes
    ----------
    space : in space
    level : on the map's plane
    rise : up is positive
    """

    space: NDArray[np.float64]
    level: NDArray[np.float64]
    rise: NDArray[np.float64]


def lengths(points: Points) -> Lengths:
    """Lengths of the segments of a line."""
    step = np.diff(_checked(points, 1), axis=0)
    level = np.hypot(step[:, 0], step[:, 1])
    return Lengths(space=np.hypot(level, step[:, 2]), level=level, rise=step[:, 2])


@dataclass(frozen=True, slots=True, kw_only=True)
class Areas:
    """An area within a closed ring of points.

    Attributes
    ----------
    level : m², on the map's plane
    plane : m², on the plane the ring lies in; the same as `level` where it is level
    perimeter, level_perimeter : metres, in space and on the map's plane
    off_plane : metres, how far the points lie from that plane at most
    """

    level: float
    plane: float
    perimeter: float
    level_perimeter: float
    off_plane: float


def areas(points: Points) -> Areas:
    """Areas within the ring of `points`; the last one is joined to the first.

    The area on its own plane is the length of the ring's area vector (Newell's method; Tampieri
    1992, *Graphics Gems III*, V.5), exact where the points lie in a plane.

    Raises
    ------
    CityError
        Fewer than three points, or the ring crosses itself.
    """
    ring = _checked(points, 3)
    if is_crossed(ring):
        raise CityError(
            "The area crosses itself",
            hint="Take back the last point with Backspace and go around it.",
            code="area-crosses",
        )
    closed = np.vstack([ring, ring[:1]])
    found = lengths(closed)
    local = ring - ring.mean(axis=0)
    normal = np.cross(local, np.roll(local, -1, axis=0)).sum(axis=0) / 2
    plane = float(np.linalg.norm(normal))
    off = np.abs(local @ (normal / plane)).max() if plane > 1e-12 else 0.0
    return Areas(
        level=abs(float(normal[2])),
        plane=plane,
        perimeter=float(found.space.sum()),
        level_perimeter=float(found.level.sum()),
        off_plane=float(off),
    )


def is_crossed(ring: Points) -> bool:
    """Whether a ring of points crosses itself, on the plane in which it is largest."""
    if len(ring) < 4:
        return False
    local = ring - ring.mean(axis=0)
    normal = np.cross(local, np.roll(local, -1, axis=0)).sum(axis=0)
    keep = [axis for axis in range(3) if axis != int(np.argmax(np.abs(normal)))]
    return not shapely.linearrings(ring[:, keep]).is_simple


def surface_area(points: Points, ground: ElevationLayer) -> float:
    """m² of `ground` within the ring of `points`, hills and hollows included.

    The sum of the triangles of the ring's area laid on the ground, which are as fine as the
    ground is rough. NaN where the ground does not reach.
    """
    ring = _checked(points, 3)
    west, south, east, north = ground.bounds
    low, high = ring[:, :2].min(axis=0), ring[:, :2].max(axis=0)
    if low[0] < west or low[1] < south or high[0] > east or high[1] > north:
        return float("nan")
    area = np.array([shapely.polygons(ring[:, :2])], dtype=object)
    origin = (float(ring[0, 0]), float(ring[0, 1]), 0.0)
    batch = drape_areas(area, ground, origin=origin, lift=0.0)
    a, b, c = (batch.vertices[batch.triangles[:, i]].astype(np.float64) for i in range(3))
    return float(np.linalg.norm(np.cross(b - a, c - a), axis=1).sum() / 2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Angle:
    """The angle at a corner, degrees, 0 … 180: in space and on the map's plane."""

    space: float
    level: float


def angle(points: Points) -> Angle:
    """The angle at the second of three points.

    Raises
    ------
    CityError
        Not three points, or one side has no length.
    """
    if points.shape != (3, 3):
        raise CityError("An angle needs three points", code="angle-points")
    one, other = points[0] - points[1], points[2] - points[1]
    return Angle(space=_between(one, other), level=_between(one[:2], other[:2]))


def _between(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    size = float(np.linalg.norm(one) * np.linalg.norm(other))
    if size < 1e-12:
        return float("nan")
    if len(one) == 2:
        across = abs(float(one[0] * other[1] - one[1] * other[0]))
    else:
        across = float(np.linalg.norm(np.cross(one, other)))
    # The arc tangent stays sharp near 0° and 180°, where the arc cosine does not.
    return float(np.degrees(np.arctan2(across, float(one @ other))))


def bearing(start: NDArray[np.float64], end: NDArray[np.float64]) -> float:
    """Grid bearing from one point to another, degrees clockwise from grid north, 0 … 360."""
    return float(np.degrees(np.arctan2(end[0] - start[0], end[1] - start[1])) % 360.0)


def _checked(points: Points, least: int) -> Points:
    array = np.asarray(points, np.float64)
    if array.ndim != 2 or array.shape[1] != 3 or not np.isfinite(array).all():
        raise CityError("Points to measure must be finite numbers x, y, z")
    count = len(array)
    if count < least:
        raise CityError(f"At least {least} points are needed, got {count}")
    return array
