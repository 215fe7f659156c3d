"""Lake, park, dyke and fields, the ward's trees, and what stands about in the streets."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import LineString, Polygon

from twin.demo.civic import hall, tower
from twin.demo.lots import axes
from twin.demo.plan import Block, Street
from twin.demo.shapes import PLAIN, Colour, disc, rectangle
from twin.demo.ward import Paint, Ward

SPECIES: tuple[tuple[str, float, float, Colour], ...] = (
    ("Sấu", 13.0, 3.9, (62, 92, 44)), ("Xà cừ", 17.0, 5.6, (66, 98, 50)),
    ("Phượng vĩ", 10.5, 4.6, (104, 108, 52)), ("Bằng lăng", 9.0, 3.0, (98, 112, 76)),
    ("Hoa sữa", 12.0, 3.4, (72, 106, 54)), ("Bàng", 11.0, 4.2, (92, 110, 52)),
    ("Lộc vừng", 8.5, 3.8, (84, 108, 50)), ("Liễu", 8.0, 3.0, (116, 140, 76)),
    ("Đa", 18.0, 8.0, (56, 84, 42)), ("Muồng", 12.0, 4.4, (88, 116, 58)),
    ("Chuối", 3.6, 1.5, (110, 146, 66)), ("Cau vua", 11.0, 1.9, (96, 126, 70)),
)  # fmt: skip
"""Name, usual height, usual crown radius (metres), colour from above."""

CAR_COLOURS: tuple[Colour, ...] = (
    (236, 236, 234), (44, 46, 50), (182, 184, 188), (150, 44, 42), (52, 84, 140), (120, 122, 126),
)  # fmt: skip
BUS: Colour = (214, 164, 60)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trees:
    """All trees as columns; local metres. `species` is a row of `SPECIES`."""

    xy: NDArray[np.float64]
    height: NDArray[np.float64]
    crown: NDArray[np.float64]
    species: NDArray[np.int64]


def lake_side(ward: Ward) -> None:
    """Promenade, the islet's temple and its bridge, and the boats."""
    plan = ward.map
    place = np.array(plan.islet.centroid.coords[0])
    ward.paint.append(Paint(area=plan.islet, colour=(112, 128, 76)))
    plot = ward.add_plot(plan.islet, "TIN")
    hall(ward, place, np.array([0.0, 1.0]), 11, 8, plot, "đền", 1841)
    shore = np.array(shapely.shortest_line(plan.lake.exterior, plan.islet.exterior).coords)
    reach = np.hypot(*(shore[1] - shore[0]))
    bridge = rectangle(shore.mean(axis=0), (shore[1] - shore[0]) / reach, reach + 5, 2.6)
    ward.things.block(
        bridge, 0.9, 1.3, ward.add_thing(shore.mean(axis=0)), (176, 64, 52), material=PLAIN
    )
    middle = np.array([612.0, 600.0])
    ward.paint.append(Paint(area=Polygon(disc(middle, 7, corners=20)), colour=(118, 130, 80)))
    tower(ward, middle, plot)
    rng = np.random.default_rng(5)
    for _ in range(9):
        spot = np.array([rng.uniform(560, 700), rng.uniform(540, 860)])
        if plan.lake.buffer(-14).contains(shapely.Point(spot)):
            turn = rng.uniform(0, np.pi)
            boat = rectangle(spot, np.array([np.cos(turn), np.sin(turn)]), 3.4, 1.8)
            ward.things.block(boat, 0, 1.4, ward.add_thing(spot), (240, 240, 236), material=PLAIN)


def park(ward: Ward, block: Block) -> None:
    """The park: winding paths, pond, a round bandstand, flower beds, two tennis courts."""
    area, pond = block.area, ward.map.pond
    ward.add_plot(area, "DKV")
    ward.paint.append(Paint(area=area, colour=(100, 128, 70)))
    middle, along, long, short = axes(area)
    across = np.array([-along[1], along[0]])
    turn = np.linspace(0, 2 * np.pi, 90)
    wave = 1 + 0.06 * np.sin(3 * turn)
    loop = middle + (
        (long * 0.41 * wave * np.cos(turn))[:, None] * along
        + (short * 0.40 * wave * np.sin(turn))[:, None] * across
    )
    paths = [LineString(loop).buffer(2.4), pond.buffer(7).difference(pond.buffer(2.5))]
    for start in np.linspace(0.4, 6.7, 7)[:-1]:
        ray = np.array([np.cos(start), np.sin(start)]) * max(long, short)
        bend = np.array([-ray[1], ray[0]]) * 0.08
        points = np.array([middle, middle + ray * 0.3 + bend, middle + ray * 0.7])
        paths.append(LineString(points).buffer(1.8).difference(pond.buffer(4)))
    sand = (202, 186, 158)
    merged = shapely.union_all(paths).intersection(area)
    ward.paint += [Paint(area=p, colour=sand) for p in shapely.get_parts(merged)]
    court = middle - along * long * 0.36 - across * short * 0.33
    for step in (0, 1):
        spot = court + along * step * 20
        ward.paint.append(
            Paint(area=Polygon(rectangle(spot, across, 34, 17)), colour=(70, 118, 92))
        )
        ward.paint.append(
            Paint(area=Polygon(rectangle(spot, across, 23, 10)), colour=(176, 96, 70))
        )
    rng = np.random.default_rng(9)
    for _ in range(26):
        bed = disc(middle + rng.uniform(-0.42, 0.42, 2) * (long, short), rng.uniform(1.5, 3.2))
        colour = ((190, 70, 80), (206, 160, 60), (160, 90, 150))[int(rng.integers(3))]
        if area.contains(Polygon(bed)) and not Polygon(bed).intersects(pond.buffer(3)):
            ward.paint.append(Paint(area=Polygon(bed), colour=colour))
    ward.groves.append((area.difference(pond.buffer(2)).difference(merged), 78))


def fields(ward: Ward, block: Block, rng: np.random.Generator) -> None:
    """Vegetable plots, banana groves and a few huts on the flood plain."""
    low_x, low_y, high_x, high_y = block.area.bounds
    greens: tuple[Colour, ...] = (
        (122, 142, 70), (104, 132, 62), (146, 152, 86), (134, 118, 82), (96, 124, 66), (158, 140, 98),
    )  # fmt: skip
    ward.paint.append(Paint(area=block.area, colour=(126, 128, 82)))
    y = low_y
    while y < high_y:
        deep = float(rng.uniform(9, 22))
        x = low_x
        while x < high_x:
            wide = float(rng.uniform(22, 52))
            lean = rng.uniform(-2, 2)
            bed = Polygon(
                [(x + 1, y + lean), (x + wide - 1, y - lean), (x + wide - 1, y + deep - 1.4 - lean),
                 (x + 1, y + deep - 1.4 + lean)]
            ).intersection(block.area)  # fmt: skip
            colour = greens[int(rng.integers(len(greens)))]
            for part in shapely.get_parts(bed):
                if part.geom_type == "Polygon" and part.area > 30:
                    ward.paint.append(Paint(area=part, colour=colour))
                    if rng.random() < 0.12:
                        ward.groves.append((part, 260))
            x += wide
        y += deep
    ward.add_plot(block.area, "BHK")


def street_things(ward: Ward, rng: np.random.Generator) -> None:
    """Cars and buses along the streets, on the right-hand side."""
    for street in ward.map.streets:
        if street.width < 7:
            continue
        gap = {"vanh_dai": 17.0, "dai_lo": 22.0}.get(street.rank, 38.0)
        for side in (-1, 1):
            for lane in range(1 + (street.width > 16) + (street.width > 30)):
                _lane(ward, street, side, lane, gap, rng)


def _lane(
    ward: Ward, street: Street, side: int, lane: int, gap: float, rng: np.random.Generator
) -> None:
    position = rng.uniform(0, gap)
    shift = side * (street.width / 2 - 2.2 - 3.3 * lane)
    while position < street.line.length - 8:
        here, ahead = (np.array(street.line.interpolate(position + d).coords[0]) for d in (0, 3))
        along = (ahead - here) / max(np.hypot(*(ahead - here)), 1e-6)
        spot = here + np.array([-along[1], along[0]]) * shift
        bus = rng.random() < 0.05 and street.width > 12
        colour = BUS if bus else CAR_COLOURS[int(rng.integers(len(CAR_COLOURS)))]
        size = (11.5, 2.5, 3.1) if bus else (4.3, 1.8, 1.5)
        ring = rectangle(spot, along, size[0], size[1])
        ward.things.block(ring, 0.15, size[2], ward.add_thing(spot), colour, material=PLAIN)
        position += gap * rng.uniform(0.45, 1.9) + size[0]


def plant(ward: Ward, rng: np.random.Generator) -> Trees:
    """Trees along the streets, around the lake, on the dyke's foot, and in groves and gardens."""
    spots: list[NDArray[np.float64]] = []
    kinds: list[NDArray[np.int64]] = []
    for number, street in enumerate(ward.map.streets):
        if street.pavement < 2.8 or street.rank == "duong_de":
            continue
        found = _along(street, 8.0 if street.pavement >= 4 else 12.0, rng)
        usual = (0, 1, 4, 5, 3, 2)[number % 6]
        spots.append(found)
        kinds.append(
            np.where(rng.random(len(found)) < 0.82, usual, rng.integers(0, 10, len(found)))
        )
    for offset, kind, gap in ((3.5, 7, 9.0), (11.0, 6, 10.0), (18.0, 0, 11.0)):
        ring = ward.map.lake.buffer(offset).exterior
        at = np.arange(0, ring.length, gap)
        points = shapely.get_coordinates(shapely.line_interpolate_point(ring, at))
        spots.append(points + rng.normal(0, 0.9, points.shape))
        kinds.append(
            np.where(rng.random(len(points)) < 0.75, kind, rng.integers(0, 10, len(points)))
        )
    for area, per_hectare in ward.groves:
        found = _scattered(area, per_hectare, rng)
        banana = per_hectare > 200
        spots.append(found)
        kinds.append(np.full(len(found), 10) if banana else rng.integers(0, 12, len(found)))
    islet = np.array([[642.0, 792.0], [655, 808], [640, 806], [608, 597], [617, 604]])
    spots.append(islet)
    kinds.append(np.array([8, 6, 6, 8, 6]))
    return _free(ward, np.concatenate(spots), np.concatenate(kinds), rng)


def _along(street: Street, gap: float, rng: np.random.Generator) -> NDArray[np.float64]:
    rows = []
    reach = street.width / 2 + min(street.pavement * 0.4, 2.4)
    for side in (-1, 1):
        line = street.line.offset_curve(side * reach)
        at = np.arange(gap / 2, line.length, gap)
        points = shapely.get_coordinates(shapely.line_interpolate_point(line, at))
        rows.append(points[rng.random(len(points)) < 0.88] if len(points) else np.empty((0, 2)))
    found = np.concatenate(rows)
    moved: NDArray[np.float64] = found + rng.normal(0, 0.35, found.shape)
    return moved


def _scattered(area: Polygon, per_hectare: float, rng: np.random.Generator) -> NDArray[np.float64]:
    low_x, low_y, high_x, high_y = area.bounds
    count = rng.poisson((high_x - low_x) * (high_y - low_y) * per_hectare / 1e4)
    points = np.column_stack([rng.uniform(low_x, high_x, count), rng.uniform(low_y, high_y, count)])
    shapely.prepare(area)
    inside: NDArray[np.float64] = points[shapely.contains_xy(area, points[:, 0], points[:, 1])]
    return inside


def _free(
    ward: Ward, xy: NDArray[np.float64], kind: NDArray[np.int64], rng: np.random.Generator
) -> Trees:
    """Only trees that stand neither in a house, a carriageway nor the water, nor too near."""
    points = shapely.points(xy)
    houses = shapely.STRtree([b.outline for b in ward.buildings])
    blocked = np.zeros(len(xy), dtype=bool)
    blocked[houses.query(points, predicate="dwithin", distance=1.6)[0]] = True
    roads = shapely.union_all([s.line.buffer(s.width / 2 + 0.5) for s in ward.map.streets])
    courts = shapely.union_all(
        [p.area for p in ward.paint if p.colour in ((70, 118, 92), (92, 132, 70))]
    )
    islands = ward.map.islet.union(shapely.Point(612, 600).buffer(6))
    lake = ward.map.lake.difference(islands)
    for zone in (roads, courts, ward.map.river, ward.map.pond, lake):
        shapely.prepare(zone)
        blocked |= shapely.contains_xy(zone, xy[:, 0], xy[:, 1])
    xy, kind = xy[~blocked], kind[~blocked]
    usual = np.array([(s[1], s[2]) for s in SPECIES])[kind]
    age = np.clip(rng.normal(1.0, 0.2, len(xy)), 0.5, 1.5)
    crown = usual[:, 1] * age * rng.uniform(0.9, 1.1, len(xy))
    free = _thinned(xy, crown)
    height = usual[:, 0] * age * rng.uniform(0.92, 1.08, len(xy))
    return Trees(xy=xy[free], height=height[free], crown=crown[free], species=kind[free])


def _thinned(xy: NDArray[np.float64], crown: NDArray[np.float64]) -> NDArray[np.int64]:
    """Rows that keep a distance of 0.85 of a crown to every row kept before."""
    near = shapely.STRtree(shapely.points(xy))
    left, right = near.query(shapely.points(xy), predicate="dwithin", distance=5.0)
    apart = np.hypot(*(xy[left] - xy[right]).T)
    close = (left > right) & (apart < 0.85 * np.minimum(crown[left], crown[right]))
    keep = np.ones(len(xy), dtype=bool)
    for late, early in sorted(zip(left[close].tolist(), right[close].tolist(), strict=True)):
        if keep[early]:
            keep[late] = False
    return np.flatnonzero(keep)
