"""Public buildings: schools, market, pagoda, opera house, offices of the administration, gardens."""

from __future__ import annotations

import numpy as np
import shapely
from shapely import Polygon

from twin.demo.forms import LAWN, OCHRE, Vector, hotels, laid_out, pick
from twin.demo.houses import build_rows
from twin.demo.lots import axes
from twin.demo.plan import Block
from twin.demo.shapes import PLAIN, TILE, disc, rectangle
from twin.demo.ward import Building, Paint, Ward


def school(ward: Ward, block: Block, rng: np.random.Generator) -> None:
    """A school around a yard with a sports ground; what is left of the block becomes houses."""
    middle, along, long, short = axes(block.area)
    if long > 130:
        half = rectangle(middle - along * long / 4 * 1.02, along, long / 2, short * 1.4)
        for part in shapely.get_parts(block.area.difference(Polygon(half).buffer(2))):
            if part.area > 400:
                build_rows(ward, Block(area=part, use="lang"), rng)
        parts = shapely.get_parts(block.area.intersection(Polygon(half)))
        area = max(parts, key=lambda part: part.area)
        middle, along, long, short = axes(area)
    else:
        area = block.area
    across = np.array([-along[1], along[0]])
    plot = laid_out(ward, area, (176, 154, 134), "DGD")
    pitch = rectangle(
        middle - across * short * 0.08, along, min(long * 0.45, 46), min(short * 0.34, 28)
    )
    ward.paint.append(Paint(area=Polygon(pitch), colour=(92, 132, 70)))
    wings = (
        (middle + across * (short / 2 - 11), along, long * 0.74, 11.0, 4),
        (middle - along * (long / 2 - 10), across, short * 0.5, 10.0, 3),
        (middle + along * (long / 2 - 10), across, short * 0.5, 10.0, 3),
    )
    for place, direction, length, width, floors in wings:
        outline = rectangle(place, direction, length, width)
        if not area.contains(Polygon(outline)):
            continue
        eaves = floors * 3.7
        owner = ward.add(
            Building(outline=Polygon(outline), kind="truong_hoc", floors=floors, main=eaves + 0.9,
                     top=eaves + 1.8, year=int(rng.integers(1975, 2015)),
                     use="trường học", plot=plot)
        )  # fmt: skip
        ward.shapes.gable(outline, 0, eaves, eaves + 1.8, owner, (150, 82, 68), hip=0.04)
    ward.groves.append((area, 32))


def market(ward: Ward, block: Block, rng: np.random.Generator) -> None:
    """A market hall under rows of blue sheet roofs, with stalls around."""
    plot = laid_out(ward, block.area, (152, 146, 140), "DCH")
    middle, along, long, short = axes(block.area)
    across = np.array([-along[1], along[0]])
    length, width = long - 16, (short - 18) / 3
    for step in (-1, 0, 1):
        outline = rectangle(middle + across * step * (width + 0.1), along, length, width)
        owner = ward.add(
            Building(outline=Polygon(outline), kind="cho", floors=2, main=9.6, top=11.2,
                     year=1996, use="chợ", plot=plot)
        )  # fmt: skip
        ward.shapes.gable(outline, 0, 8.0, 11.2, owner, (76, 112, 146))
    for u in np.arange(-long / 2 + 4, long / 2 - 4, 3.4):
        for side in (-1, 1):
            spot = middle + along * u + across * side * (short / 2 - 3.4)
            stall = rectangle(spot, along, 2.8, 2.6)
            colour = pick(((190, 88, 66), (72, 116, 168), (204, 196, 180), (92, 138, 96)), rng)
            if block.area.contains(Polygon(stall)):
                ward.things.block(stall, 1.9, 2.4, ward.add_thing(spot), colour, material=PLAIN)


def temple(ward: Ward, block: Block, rng: np.random.Generator) -> None:
    """A pagoda of three halls one behind the other, gate and tower, among old trees."""
    plot = laid_out(ward, block.area, (178, 150, 124), "TIN")
    middle, along, long, _ = axes(block.area)
    across = np.array([-along[1], along[0]])
    ward.paint.append(Paint(area=block.area.buffer(-12), colour=(118, 128, 84)))
    for step, (length, width) in zip(
        (-26.0, -6.0, 15.0), ((20, 11), (26, 14), (18, 11)), strict=True
    ):
        hall(ward, middle + along * step, across, length, width, plot, "chùa", 1790)
    tower(ward, middle + along * min(36.0, long / 2 - 8), plot)
    ward.groves.append((block.area, 90))


def hall(
    ward: Ward,
    place: Vector,
    along: Vector,
    length: float,
    width: float,
    plot: int,
    use: str,
    year: int,
) -> None:
    """A timber hall under a steep double roof of old tiles."""
    outline = rectangle(place, along, length, width)
    owner = ward.add(
        Building(outline=Polygon(outline), kind="den_chua", floors=1, main=4.4, top=8.6, year=year,
                 use=use, plot=plot)
    )  # fmt: skip
    ward.shapes.gable(outline, 0, 3.2, 5.6, owner, (134, 78, 58), material=TILE, hip=0.3)
    upper = rectangle(place, along, length * 0.7, width * 0.52)
    ward.shapes.gable(upper, 4.6, 5.8, 8.6, owner, (146, 84, 60), material=TILE, hip=0.18)


def tower(ward: Ward, place: Vector, plot: int) -> None:
    """A small stupa of four steps."""
    owner = ward.add(
        Building(outline=Polygon(disc(place, 3.2)), kind="den_chua", floors=4, main=4.0, top=14.0,
                 year=1812, use="tháp", plot=plot)
    )  # fmt: skip
    for step in range(4):
        ring = disc(place, 3.2 - 0.65 * step)
        colour = (168 - 9 * step, 104 + 8 * step, 78 + 8 * step)
        ward.shapes.block(ring, 3.5 * step, 3.5 * step + 3.5, owner, colour, material=TILE)


def theatre(ward: Ward, block: Block, rng: np.random.Generator) -> None:
    """The block south of the lake: an opera house on a square; hotels at its sides."""
    square = Polygon(rectangle(np.array([800.0, 520.0]), np.array([1.0, 0.0]), 96, 120))
    near, far = block.area.intersection(square), block.area.difference(square.buffer(4))
    plot = laid_out(ward, near, (190, 180, 164), "DVH")
    east, place = np.array([0.05, 1.0]) / np.hypot(0.05, 1), np.array([812.0, 512.0])
    body = rectangle(place, east, 54, 34)
    owner = ward.add(
        Building(outline=Polygon(body), kind="nha_hat", floors=3, main=19.2, top=27.0, year=1911,
                 use="nhà hát", plot=plot)
    )  # fmt: skip
    ward.shapes.gable(body, 0, 16.0, 22.5, owner, (104, 112, 120), material=TILE, hip=0.3)
    across = np.array([-east[1], east[0]])
    for side in (-1, 1):
        corner = rectangle(place + east * 23 + across * side * 13, east, 9, 9)
        ward.shapes.gable(corner, 12, 18, 24, owner, (92, 104, 112), material=TILE, hip=0.5)
    ward.shapes.gable(rectangle(place - east * 8, east, 18, 20), 16, 22, 27, owner, (92, 104, 112),
                      material=TILE, hip=0.45)  # fmt: skip
    for part in shapely.get_parts(far):
        if part.area > 700:
            strip = part.intersection(shapely.box(400, 440, 880, 478))
            green = part.difference(strip.buffer(3))
            for piece in shapely.get_parts(strip):
                if piece.area > 700:
                    hotels(ward, Block(area=piece, use="khach_san"), rng)
            for piece in shapely.get_parts(green):
                garden(ward, Block(area=piece, use="vuon_hoa"), rng)


def offices(ward: Ward, block: Block, rng: np.random.Generator) -> None:
    """A seat of the administration: a long ochre building with wings behind lawns."""
    plot = laid_out(ward, block.area, LAWN, "TSC")
    middle, along, long, short = axes(block.area)
    across = np.array([-along[1], along[0]])
    for place, direction, length, width in (
        (middle, along, long * 0.66, 17.0),
        (middle + along * long * 0.28 - across * 24, across, 26.0, 14.0),
        (middle - along * long * 0.28 - across * 24, across, 26.0, 14.0),
    ):
        outline = rectangle(place, direction, length, width)
        owner = ward.add(
            Building(outline=Polygon(outline), kind="cong_so", floors=3, main=15.6, top=18.2,
                     year=1925, use="trụ sở cơ quan", plot=plot)
        )  # fmt: skip
        ward.shapes.gable(outline, 0, 13.0, 18.2, owner, (150, 88, 64), material=TILE, hip=0.12)
    court = rectangle(middle + across * short * 0.3, along, long * 0.5, short * 0.2)
    ward.paint.append(Paint(area=Polygon(court), colour=OCHRE))
    ward.groves.append((block.area, 45))


def garden(ward: Ward, block: Block, rng: np.random.Generator) -> None:
    """A public garden: lawn, crossing paths, many trees."""
    laid_out(ward, block.area, LAWN, "DKV")
    middle, along, long, short = axes(block.area)
    across = np.array([-along[1], along[0]])
    for direction, length in ((along, long), (across, short)):
        path = Polygon(rectangle(middle, direction, length, 5)).intersection(block.area)
        ward.paint += [Paint(area=p, colour=(196, 182, 160)) for p in shapely.get_parts(path)]
    centre = Polygon(disc(middle, 9, corners=24)).intersection(block.area)
    ward.paint += [Paint(area=p, colour=(204, 190, 170)) for p in shapely.get_parts(centre)]
    ward.groves.append((block.area, 110))
