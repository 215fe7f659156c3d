"""The faces of a cut: where planes go through solids, as filled areas. Arrays in, arrays out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import mapbox_earcut
import numpy as np
import shapely
from numpy.typing import NDArray

from viewers.scene.cut import Cut
from viewers.view_state import ClipBox

Vector = NDArray[np.float64]
FAR_M = 100_000.0
GRID_M = 0.002
"""Corners of neighbouring faces that are this near count as one."""
PROFILE_STEPS = 160
EARTH_M = (8.0, 25.0)
"""Earth shown below the lowest ground of a section: at least, and at most."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Facet:
    """One flat side of what a cut leaves.

    Attributes
    ----------
    point, normal : on the side, and out of what is left
    u, v : unit vectors in the side; v points up where the side is no floor
    region : what of the plane belongs to the side, in (u, v) metres from `point`
    """

    point: Vector
    normal: Vector
    u: Vector
    v: Vector
    region: shapely.Geometry

    def flat(self, points: NDArray[np.floating]) -> Vector:
        """(u, v) of points (…, 3)."""
        return np.asarray((points - self.point) @ np.stack([self.u, self.v]).T)

    def space(self, uv: Vector) -> Vector:
        """Points (n, 3) of (u, v)."""
        return np.asarray(self.point + uv @ np.stack([self.u, self.v]))


def facets(cut: Cut) -> list[Facet]:
    """The sides that `cut` makes: of its plane, of its box, each only where the other leaves it."""
    made = []
    if cut.plane is not None:
        whole = shapely.box(-FAR_M, -FAR_M, FAR_M, FAR_M)
        side = _facet(cut.offset * cut.normal, cut.normal, whole)
        if cut.box is not None:
            across = _box_in(cut, side)
            region = whole.difference(across) if cut.box.flipped else across
            side = _facet(side.point, side.normal, region)
        made.append(side)
    for side in _box_sides(cut) if cut.box is not None else ():
        region = side.region
        if cut.plane is not None:
            region = region.intersection(_half_plane(cut, side))
        if not region.is_empty:
            made.append(_facet(side.point, side.normal, region))
    return [side for side in made if not side.region.is_empty]


def _facet(point: Vector, normal: Vector, region: shapely.Geometry) -> Facet:
    upright = abs(normal[2]) < 0.999
    u = np.cross([0.0, 0.0, 1.0], normal) if upright else np.array([1.0, 0.0, 0.0])
    u = u / np.linalg.norm(u)
    v = np.cross(normal, u)
    if upright and v[2] < 0:
        u, v = -u, -v
    return Facet(point=point, normal=normal, u=u, v=v, region=region)


def _box_sides(cut: Cut) -> Iterator[Facet]:
    corners = np.array([[a, b, c] for a in (-1, 1) for b in (-1, 1) for c in (-1, 1)])
    world = cut.middle + (corners * cut.half) @ cut.axes
    for axis in range(3):
        for end in (-1.0, 1.0):
            point = cut.middle + end * cut.half[axis] * cut.axes[axis]
            side = _facet(point, end * cut.sign * cut.axes[axis], shapely.Point())
            around = shapely.MultiPoint(side.flat(world[corners[:, axis] == end])).convex_hull
            yield _facet(side.point, side.normal, around)


def _box_in(cut: Cut, side: Facet) -> shapely.Geometry:
    """The part of a plane inside the box."""
    corners = np.array([[a, b, c] for a in (-1, 1) for b in (-1, 1) for c in (-1, 1)])
    world = cut.middle + (corners * cut.half) @ cut.axes
    away = (world - side.point) @ side.normal
    a, b = np.array(
        [(i, j) for i in range(8) for j in range(i) if (corners[i] != corners[j]).sum() == 1]
    ).T
    crossed = (away[a] < 0) != (away[b] < 0)
    if not crossed.any():
        return shapely.Polygon()
    share = (away[a] / (away[a] - away[b] + 1e-300))[crossed, None]
    points = world[a][crossed] * (1 - share) + world[b][crossed] * share
    return shapely.MultiPoint(side.flat(points)).convex_hull


def outline_in(side: Facet, bounds: NDArray[np.float64]) -> Vector:
    """Corners (n, 3) of the part of a plane within bounds (6,), in their order; empty if it misses."""
    middle, size = (bounds[0::2] + bounds[1::2]) / 2, bounds[1::2] - bounds[0::2]
    box = ClipBox(middle=tuple(middle.tolist()), size=tuple((size * 1.02 + 4.0).tolist()))
    area = _box_in(Cut(origin=(0.0, 0.0, 0.0), box=box), side)
    if shapely.get_type_id(area) != 3:
        return np.empty((0, 3))
    return side.space(shapely.get_coordinates(area)[:-1])


def _half_plane(cut: Cut, side: Facet) -> shapely.Geometry:
    """The part of a side that the plane leaves, as a very large polygon."""
    along = np.array([cut.normal @ side.u, cut.normal @ side.v])
    length = float(np.linalg.norm(along))
    away = cut.offset - float(cut.normal @ side.point)
    if length < 1e-9:
        return shapely.box(-FAR_M, -FAR_M, FAR_M, FAR_M) if away >= 0 else shapely.Polygon()
    along /= length
    across = np.array([-along[1], along[0]]) * FAR_M
    edge = along * away / length
    return shapely.Polygon(
        [edge - across, edge + across, edge + across - along * FAR_M, edge - across - along * FAR_M]
    )


def crossings(
    vertices: NDArray[np.floating], triangles: NDArray[np.integer], side: Facet
) -> tuple[Vector, NDArray[np.int64]]:
    """Where triangles meet a plane: segments (n, 2, 2) in (u, v), and which triangle each is of."""
    away = (vertices - side.point) @ side.normal
    below = (away < 0)[triangles]
    which = np.flatnonzero(below.any(axis=1) & ~below.all(axis=1))
    corners, below = triangles[which], below[which]
    # The corner that is alone on its side; the plane crosses the two edges from there.
    lone = np.where(below.sum(axis=1) == 1, below.argmax(axis=1), (~below).argmax(axis=1))
    rows = np.arange(len(which))
    ends = []
    for step in (1, 2):
        a, b = corners[rows, lone], corners[rows, (lone + step) % 3]
        # Always from the lower number, so that both faces of an edge find the very same point.
        a, b = np.minimum(a, b), np.maximum(a, b)
        share = (away[a] / (away[a] - away[b]))[:, None]
        ends.append(side.flat(vertices[a] * (1 - share) + vertices[b] * share))
    return np.stack(ends, axis=1), which


def filled(segments: Vector) -> shapely.Geometry:
    """The areas that the outlines of one solid's section enclose; see `filled_each`."""
    return filled_each(segments, np.zeros(len(segments), np.int64))[1][0]


def filled_each(
    segments: Vector, of: NDArray[np.integer]
) -> tuple[NDArray[np.int64], NDArray[np.object_]]:
    """Whose sections there are, and the areas that the outlines of each enclose, holes left open.

    Solids here have no floor: where outlines end in the open, ends are joined in their order
    along u, as the floor would join them.

    Parameters
    ----------
    segments : (n, 2, 2) in (u, v)
    of : (n,) whose outline each segment is of
    """
    whose, own = np.unique(of, return_inverse=True)
    ends = np.rint(segments / GRID_M).astype(np.int64)
    long = (ends[:, 0] != ends[:, 1]).any(axis=1)
    ends, own = ends[long], own[long]
    if not len(ends):
        return whose.astype(np.int64), np.full(len(whose), shapely.Polygon(), object)
    named = np.column_stack([np.repeat(own, 2), ends.reshape(-1, 2)])
    points, count = np.unique(named, axis=0, return_counts=True)
    # Each outline has an even number of open ends, and they are sorted: by whose, then along u.
    loose = points[count % 2 == 1]
    pairs = loose[: len(loose) // 2 * 2].reshape(-1, 2, 3)
    all_ends = np.concatenate([ends, pairs[:, :, 1:]]).astype(np.float64) * GRID_M
    own = np.concatenate([own, pairs[:, 0, 0]])
    order = np.argsort(own, kind="stable")
    lines = shapely.linestrings(all_ends[order])
    areas = np.full(len(whose), shapely.Polygon(), object)
    there = np.unique(own)
    place = np.searchsorted(there, own[order])
    outlines = shapely.multilinestrings(lines, indices=place)
    made = shapely.build_area(outlines)
    # Outlines that cross themselves enclose nothing until they are cut where they cross.
    empty = shapely.is_empty(made) | ~shapely.is_valid(made)
    if empty.any():
        made[empty] = shapely.build_area(shapely.node(outlines[empty]))
    areas[there] = made
    return whose.astype(np.int64), areas


def triangulated(area: shapely.Geometry) -> tuple[Vector, NDArray[np.int32]]:
    """Corners (n, 2) and triangles (t, 3) of polygons with holes."""
    points: list[Vector] = []
    faces: list[NDArray[np.int32]] = []
    start = 0
    for polygon in shapely.get_parts(area):
        if shapely.get_type_id(polygon) != 3 or polygon.area < 1e-4:
            continue
        rings = [polygon.exterior, *polygon.interiors]
        uv = [shapely.get_coordinates(ring)[:-1] for ring in rings]
        corners = np.concatenate(uv)
        ends = np.cumsum([len(ring) for ring in uv]).astype(np.uint32)
        found = mapbox_earcut.triangulate_float64(corners, ends).reshape(-1, 3)
        points.append(corners)
        faces.append(found.astype(np.int32) + start)
        start += len(corners)
    if not points:
        return np.empty((0, 2)), np.empty((0, 3), np.int32)
    return np.concatenate(points), np.concatenate(faces)


def solid_areas(
    vertices: NDArray[np.float32],
    triangles: NDArray[np.int32],
    row: NDArray[np.int32],
    side: Facet,
) -> list[tuple[int, shapely.Geometry]]:
    """Row and section of each solid with one side of a cut; `row` says whose each triangle is."""
    segments, which = crossings(vertices, triangles, side)
    if not len(segments):
        return []
    whose, areas = filled_each(segments, row[which])
    shapely.prepare(side.region)
    across = ~shapely.is_empty(areas) & ~shapely.covers(side.region, areas)
    areas[across] = shapely.intersection(areas[across], side.region)
    return [(k, a) for k, a in zip(whose.tolist(), areas, strict=True) if not a.is_empty]


def earth_area(
    side: Facet, bounds: NDArray[np.float64], height_at: Callable[[Vector], Vector]
) -> shapely.Geometry:
    """Earth below the ground in an upright side, or the floor of a pit; nothing for a slanting one.

    Parameters
    ----------
    bounds : of the city (6,), beyond which a plane without end shows no earth
    height_at : heights of the ground (n,) at places (n, 2), scene metres
    """
    if side.normal[2] > 0.999:
        return _pit_floor(side, bounds, height_at)
    if abs(side.normal[2]) > 0.02:
        return shapely.Polygon()
    corners = np.array([[x, y, 0.0] for x in bounds[:2] for y in bounds[2:4]])
    inside = side.flat(corners)[:, 0]
    west, _, east, _ = side.region.bounds
    low, high = max(west, float(inside.min())), min(east, float(inside.max()))
    if low >= high:
        return shapely.Polygon()
    u = np.linspace(low, high, PROFILE_STEPS)
    ground = height_at(side.space(np.column_stack([u, np.zeros(len(u))]))[:, :2]) - side.point[2]
    deep = float(ground.min()) - float(np.clip(0.02 * (high - low), *EARTH_M))
    if side.region.bounds[1] > -FAR_M / 2:
        deep = side.region.bounds[1] - 1.0
    if deep >= ground.min():
        return shapely.Polygon()
    ring = np.concatenate([np.column_stack([u, ground]), [[high, deep], [low, deep]]])
    return shapely.Polygon(ring).buffer(0).intersection(side.region)


def _pit_floor(
    side: Facet, bounds: NDArray[np.float64], height_at: Callable[[Vector], Vector]
) -> shapely.Geometry:
    """A level side that lies in the earth, as far as the city goes."""
    corners = np.array([[x, y, 0.0] for x in bounds[:2] for y in bounds[2:4]])
    area = side.region.intersection(shapely.MultiPoint(side.flat(corners)).convex_hull)
    if area.is_empty:
        return shapely.Polygon()
    middle = side.space(shapely.get_coordinates(shapely.point_on_surface(area)))
    return area if height_at(middle[:, :2])[0] > middle[0, 2] else shapely.Polygon()
