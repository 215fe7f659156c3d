"""What covers the ground and the roofs, as a list of coloured patches in the order they are painted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import LineString, Polygon

from twin.demo.plan import Street
from twin.demo.settle import Settled
from twin.demo.shapes import Colour

ASPHALT, GRASS, WATER, PAVING = 4, 5, 6, 7
"""Materials of the ground; those of roofs are in `shapes`."""

_LIGHT = np.array([-0.45, 0.45, 0.77])
"""Towards the sky's brighter side; only sloping faces show it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Patch:
    """A polygon, or a ring (n, 2), of one colour; `height` in metres above its ground."""

    area: Polygon | NDArray[np.float64]
    colour: Colour
    material: int
    angle: float = 0.0
    height: float = 0.0


def cover(settled: Settled) -> list[Patch]:
    """All patches within the window, lowest first."""
    window = shapely.box(*settled.window).buffer(5)
    patches = _land(settled) + _streets(settled) + _waters(settled)
    patches += _roofs(settled.ward.things.roofs) + _roofs(settled.ward.shapes.roofs)
    return [patch for patch in patches if _meets(patch.area, window)]


def outline(area: Polygon | NDArray[np.float64]) -> dict[str, Any]:
    """The polygon as rasterio takes it, made without the detours of shapely's own."""
    if isinstance(area, np.ndarray):
        ring = area.tolist()
        return {"type": "Polygon", "coordinates": [[*ring, ring[0]]]}
    rings = [area.exterior, *area.interiors]
    return {
        "type": "Polygon",
        "coordinates": [shapely.get_coordinates(ring).tolist() for ring in rings],
    }


def _meets(area: Polygon | NDArray[np.float64], window: Polygon) -> bool:
    x0, y0, x1, y1 = window.bounds
    if isinstance(area, np.ndarray):
        x, y = area[0]
        return bool(x0 - 60 < x < x1 + 60 and y0 - 60 < y < y1 + 60)
    return not area.is_empty and bool(area.intersects(window))


def _land(settled: Settled) -> list[Patch]:
    plan, ward = settled.ward.map, settled.ward
    x0, y0, x1, y1 = settled.window
    whole = shapely.box(x0 - 10, y0 - 10, x1 + 10, y1 + 10)
    patches = [Patch(area=whole, colour=(150, 145, 134), material=PAVING)]
    patches += _pieces(plan.dyke.buffer(27, cap_style="flat"), (112, 132, 74), GRASS)
    for block in plan.blocks:
        tone = {"pho_co": (140, 134, 126), "bai": (136, 126, 100)}.get(block.use, (148, 141, 130))
        if block.use in ("cong_vien", "vuon_hoa", "ruong", "cay"):
            continue
        patches.append(Patch(area=block.area, colour=tone, material=PAVING))
    for paint in ward.paint:
        green = paint.colour[1] > paint.colour[0] + 8 and paint.colour[1] > paint.colour[2] + 20
        material = GRASS if green else PAVING
        patches.append(Patch(area=paint.area, colour=paint.colour, material=material))
    for alley in ward.alleys:
        area = alley.line.buffer(alley.width / 2, cap_style="flat")
        patches.append(Patch(area=area, colour=(128, 125, 121), material=ASPHALT))
    return patches


def _streets(settled: Settled) -> list[Patch]:
    streets = settled.ward.map.streets
    patches = []
    for street in streets:
        if street.pavement:
            area = street.line.buffer(street.width / 2 + street.pavement, cap_style="flat")
            tone = (176, 160, 146) if street.rank in ("dai_lo", "vanh_dai") else (164, 155, 146)
            patches += _pieces(area, tone, PAVING)
    patches += _pieces(settled.ward.map.promenade, (188, 172, 154), PAVING)
    lawn = settled.ward.map.lake.buffer(14).difference(settled.ward.map.lake.buffer(7))
    patches += _pieces(lawn, (104, 128, 72), GRASS)
    for street in streets:
        area = street.line.buffer(street.width / 2, cap_style="flat")
        grey = 96 if street.width > 12 else 106
        patches += _pieces(area, (grey, grey + 1, grey + 4), ASPHALT)
    for street in streets:
        patches += _markings(street, streets)
    return patches


def _markings(street: Street, streets: tuple[Street, ...]) -> list[Patch]:
    """Dashes and edge lines on wide streets, a planted strip in the middle of the ring road."""
    if street.width < 10:
        return []
    others = [s for s in streets if s is not street and s.line.intersects(street.line.buffer(12))]
    crossing = shapely.union_all([s.line.buffer(s.width / 2 + 5) for s in others])
    free = street.line.difference(crossing)
    patches: list[Patch] = []
    if street.rank == "vanh_dai":
        patches += _pieces(free.buffer(2.0, cap_style="flat"), (98, 124, 68), GRASS)
        for shift in (-9.5, -6.0, 6.0, 9.5):
            patches += _dashes(street.line.offset_curve(shift).difference(crossing))
    elif street.rank == "dai_lo":
        patches += _pieces(free.buffer(0.22, cap_style="flat"), (226, 214, 150), PAVING)
        for shift in (-3.6, 3.6):
            patches += _dashes(street.line.offset_curve(shift).difference(crossing))
    elif street.rank != "duong_de":
        patches += _dashes(free)
    if street.width >= 13:
        patches += _zebras(street, others)
    return patches


def _dashes(line: shapely.Geometry) -> list[Patch]:
    patches = []
    for part in shapely.get_parts(line):
        starts = np.arange(2.0, part.length - 4, 8.0)
        ends = shapely.line_interpolate_point(part, np.stack([starts, starts + 3.2], axis=1))
        runs = shapely.linestrings(shapely.get_coordinates(ends).reshape(-1, 2, 2))
        patches += [
            Patch(area=area, colour=(222, 222, 216), material=PAVING)
            for area in shapely.buffer(runs, 0.17, cap_style="flat")
        ]
    return patches


def _zebras(street: Street, others: list[Street]) -> list[Patch]:
    """Crossings on both sides of each junction."""
    patches = []
    for other in others:
        if other.width < 8:
            continue
        for point in shapely.get_parts(street.line.intersection(other.line)):
            if point.geom_type != "Point":
                continue
            middle = street.line.project(point)
            for side in (-1, 1):
                at = middle + side * (other.width / 2 + other.pavement * 0.5 + 3.2)
                if not 3 < at < street.line.length - 3:
                    continue
                here, ahead = shapely.get_coordinates(
                    shapely.line_interpolate_point(street.line, [at - 1.5, at + 1.5])
                )
                along = (ahead - here) / np.hypot(*(ahead - here))
                across = np.array([-along[1], along[0]])
                for step in np.arange(-street.width / 2 + 0.8, street.width / 2 - 0.5, 1.1):
                    bar = LineString([here + across * step, ahead + across * step])
                    area = bar.buffer(0.27, cap_style="flat")
                    patches.append(Patch(area=area, colour=(214, 214, 208), material=PAVING))
    return patches


def _waters(settled: Settled) -> list[Patch]:
    plan = settled.ward.map
    islet = Polygon(shapely.Point(612, 600).buffer(7).exterior)
    patches = [
        Patch(area=plan.lake.buffer(0.8), colour=(196, 188, 172), material=PAVING),
        Patch(area=plan.lake, colour=(72, 104, 80), material=WATER),
        Patch(area=plan.lake.buffer(-9), colour=(64, 97, 76), material=WATER),
        Patch(area=plan.lake.buffer(-24), colour=(58, 91, 72), material=WATER),
        Patch(area=plan.pond.buffer(0.8), colour=(180, 172, 156), material=PAVING),
        Patch(area=plan.pond, colour=(84, 110, 84), material=WATER),
        Patch(area=plan.river.buffer(5), colour=(176, 154, 122), material=PAVING),
        Patch(area=plan.river, colour=(158, 128, 98), material=WATER),
        Patch(area=plan.river.buffer(-14), colour=(148, 116, 88), material=WATER),
        Patch(area=plan.river.buffer(-34), colour=(140, 108, 82), material=WATER),
    ]
    for area in (plan.islet, islet):
        patches.append(Patch(area=area, colour=(170, 160, 140), material=PAVING))
        patches.append(Patch(area=area.buffer(-1.2), colour=(108, 126, 72), material=GRASS))
    return patches


def _roofs(
    roofs: list[tuple[NDArray[np.float64], int, Colour, int, float]],
) -> list[Patch]:
    if not roofs:
        return []
    heights = np.array([face[:, 2].max() for face, *_ in roofs])
    corners = np.stack([face[:3] for face, *_ in roofs])
    colours = np.array([roof[2] for roof in roofs], dtype=np.float64)
    normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-9)
    normal *= np.where(normal[:, 2:] > 0, 1, -1)
    light = np.where(normal[:, 2] > 0.9999, 1.0, 0.62 + 0.5 * normal @ _LIGHT)
    shown = np.clip(colours * light[:, None], 0, 255).astype(int).tolist()
    return [
        Patch(
            area=roofs[i][0][:, :2],
            colour=(shown[i][0], shown[i][1], shown[i][2]),
            material=roofs[i][3],
            angle=roofs[i][4],
            height=float(heights[i]),
        )
        for i in np.argsort(heights, kind="stable").tolist()
    ]


def _pieces(area: shapely.Geometry, colour: Colour, material: int) -> list[Patch]:
    return [
        Patch(area=part, colour=colour, material=material)
        for part in shapely.get_parts(area)
        if part.geom_type == "Polygon" and part.area > 0.05
    ]
