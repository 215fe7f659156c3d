"""The larger forms of dwellings and work: collective blocks, towers, offices, villas."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import Polygon

from twin.demo.houses import SHEETS, SLABS, TILES
from twin.demo.lots import axes
from twin.demo.plan import Block
from twin.demo.shapes import PLAIN, TILE, TIN, Colour, disc, rectangle
from twin.demo.ward import Building, Paint, Ward, ring_of

Vector = NDArray[np.float64]
YARD: Colour = (168, 160, 148)
LAWN: Colour = (104, 128, 72)
OCHRE: Colour = (196, 164, 104)


def spots(
    area: Polygon,
    length: float,
    width: float,
    gap_along: float,
    gap_across: float,
    *,
    fit: float = 1.0,
) -> Iterator[tuple[Vector, Vector]]:
    """Middles and directions of `length` × `width` boxes in rows that lie within `area`.

    The gaps are the least ones; they grow until the rows fill the area. `fit` is the share of a
    box's sides that must lie within.
    """
    middle, along, long, short = axes(area)
    across = np.array([-along[1], along[0]])
    columns = max(1, int((long + gap_along) // (length + gap_along)))
    rows = max(1, int((short + gap_across) // (width + gap_across)))
    gap_along = min((long - columns * length) / max(columns, 1), 2.2 * gap_along)
    gap_across = min((short - rows * width) / max(rows, 1), 2.2 * gap_across)
    for row in range(rows):
        for column in range(columns):
            u = (column - (columns - 1) / 2) * (length + gap_along)
            v = (row - (rows - 1) / 2) * (width + gap_across)
            place = middle + along * u + across * v
            if area.contains(Polygon(rectangle(place, along, fit * length, fit * width))):
                yield place, along


def pick(colours: tuple[Colour, ...], rng: np.random.Generator) -> Colour:
    """One of the colours."""
    return colours[int(rng.integers(len(colours)))]


def laid_out(ward: Ward, area: Polygon, colour: Colour, plot_use: str) -> int:
    """Colour the ground and enter it as one parcel; its row."""
    ward.paint.append(Paint(area=area, colour=colour))
    return ward.add_plot(area, plot_use)


def collective(ward: Ward, block: Block, rng: np.random.Generator) -> None:
    """Khu tập thể: slabs of four or five floors in rows, with cages hung on the fronts."""
    plot = laid_out(ward, block.area, (150, 146, 132), "ODT")
    for place, along in spots(block.area.buffer(-4), 58, 11.5, 9, 15):
        floors = int(rng.choice((4, 5), p=(0.35, 0.65)))
        height = floors * 3.2 + 0.6
        outline = rectangle(place, along, 58, 11.5)
        owner = ward.add(
            Building(outline=Polygon(outline), kind="tap_the", floors=floors, main=height,
                     top=height + 2.4, year=int(rng.integers(1962, 1988)),
                     use="nhà tập thể", plot=plot)
        )  # fmt: skip
        grey = pick(SLABS, rng)
        ward.shapes.block(outline, 0, height, owner, grey, parapet=0.4)
        across = np.array([-along[1], along[0]])
        lawn = Polygon(rectangle(place + across * 13.5, along, 54, 7)).intersection(block.area)
        if lawn.geom_type == "Polygon" and rng.random() < 0.75:
            ward.paint.append(Paint(area=lawn, colour=LAWN))
        for step in (-1, 0, 1):
            spot = place + along * 19.3 * step
            ward.shapes.block(rectangle(spot, along, 4.2, 5.5), height, height + 2.4, owner, grey)
        for _ in range(16):
            side, floor = float(rng.choice((-1, 1))), int(rng.integers(0, floors))
            spot = place + along * rng.uniform(-26, 26) + across * side * 6.3
            ring = rectangle(spot, along, float(rng.uniform(2.6, 4)), 1.1)
            sheet = pick(SHEETS, rng)
            bottom = 3.2 * floor + 0.5
            ward.shapes.block(ring, bottom, bottom + 2.6, owner, sheet, material=TIN)
    ward.groves.append((block.area.buffer(-3), 95))


def towers(ward: Ward, block: Block, rng: np.random.Generator) -> None:
    """Towers of 20 to 35 floors on podiums in a row along the ring road, offices where none fits."""
    plot = laid_out(ward, block.area, (156, 152, 144), "TMD")
    ring = next(s.line for s in ward.map.streets if s.rank == "vanh_dai")
    inner, taken = block.area.buffer(-2), 0
    shapely.prepare(inner)
    for at in np.arange(26.0, ring.length, 6.0):
        if at < taken:
            continue
        here, ahead = shapely.get_coordinates(
            shapely.line_interpolate_point(ring, [at, min(at + 4, ring.length)])
        )
        along = (ahead - here) / max(float(np.hypot(*(ahead - here))), 1e-6)
        for side in (-1, 1):
            place = here + np.array([-along[1], along[0]]) * side * 66
            if not inner.contains(Polygon(rectangle(place, along, 64, 60))):
                continue
            taken = int(at) + 76
            lawn = Polygon(rectangle(place, along, 70, 66)).intersection(block.area)
            ward.paint.append(Paint(area=shapely.get_parts(lawn)[0], colour=LAWN))
            if rng.random() < 0.1:
                continue
            yard = Polygon(rectangle(place, along, 64, 52))
            ward.paint.append(Paint(area=yard, colour=(170, 164, 154)))
            _tower(ward, place, along, plot, rng)
    if not taken:
        for place, along in spots(block.area.buffer(-3), 26, 20, 7, 7):
            _office(ward, place, along, plot, rng)
    ward.groves.append((block.area.buffer(-2), 85))


def _tower(ward: Ward, place: Vector, along: Vector, plot: int, rng: np.random.Generator) -> None:
    across = np.array([-along[1], along[0]])
    low = int(rng.integers(3, 6))
    podium_height = low * 4.5
    twin = rng.random() < 0.4
    podium = Polygon(rectangle(place, along, 60, 44))
    year = int(rng.integers(2006, 2023))
    slabs = []
    for side in (-1, 1) if twin else (0,):
        size = (22.0, 30.0) if twin else (float(rng.uniform(32, 44)), float(rng.uniform(24, 30)))
        slabs.append((place + along * 15.5 * side + across * rng.uniform(-3, 3), size))
    bodies = [Polygon(_cut_corners(spot, along, *size)) for spot, size in slabs]
    floors = int(rng.integers(20, 36))
    ward_podium = podium.difference(shapely.union_all([b.buffer(0.05) for b in bodies]))
    owner = ward.add(
        Building(outline=ward_podium, kind="khoi_de", floors=low, main=podium_height,
                 top=podium_height, year=year, use="thương mại dịch vụ", plot=plot)
    )  # fmt: skip
    ward.shapes.block(ring_of(podium), 0, podium_height, owner, (160, 162, 158), parapet=1.0)
    garden = podium.buffer(-4).difference(shapely.union_all([b.buffer(3) for b in bodies]))
    for part in shapely.get_parts(garden):
        if part.area > 40:
            ward.shapes.flat(
                ring_of(part.simplify(0.1)), podium_height + 0.05, owner, LAWN, material=PLAIN
            )
    use = str(rng.choice(("chung cư", "văn phòng"), p=(0.7, 0.3)))
    for (spot, size), body in zip(slabs, bodies, strict=True):
        storeys = floors - int(rng.integers(0, 3))
        height = podium_height + (storeys - low) * 3.4
        crown = float(rng.uniform(4, 8))
        row = ward.add(
            Building(outline=body, kind="thap", floors=storeys, main=height, top=height + crown,
                     year=year, use=use, plot=plot)
        )  # fmt: skip
        roof = pick(((172, 174, 176), (188, 182, 172), (150, 156, 162)), rng)
        ward.shapes.block(ring_of(body), 0, height, row, roof, parapet=1.4)
        core = rectangle(spot, along, size[0] * 0.42, size[1] * 0.45)
        ward.shapes.block(core, height, height + crown, row, (196, 198, 198))
        if rng.random() < 0.5:
            pad = disc(spot, min(size) * 0.18, corners=16)
            ward.shapes.flat(pad, height + crown + 0.02, row, (92, 112, 98), material=PLAIN)


def _cut_corners(place: Vector, along: Vector, length: float, width: float) -> Vector:
    """A box with cut corners, which reads as a tower from afar."""
    box, cut = rectangle(place, along, length, width), 2.4
    ring = [
        corner + (other - corner) / np.hypot(*(other - corner)) * cut
        for i, corner in enumerate(box)
        for other in (box[i - 1], box[(i + 1) % 4])
    ]
    return np.array(ring)


def _office(
    ward: Ward,
    place: Vector,
    along: Vector,
    plot: int,
    rng: np.random.Generator,
    *,
    longest: float = 26.0,
) -> None:
    floors = int(rng.integers(7, 15) if longest > 20 else rng.integers(4, 7))
    height = 4.5 + (floors - 1) * 3.6
    length, width = rng.uniform(longest - 5, longest), rng.uniform(16, 20)
    outline = rectangle(place, along, float(length), float(width))
    owner = ward.add(
        Building(outline=Polygon(outline), kind="van_phong", floors=floors, main=height,
                 top=height + 3.2, year=int(rng.integers(1996, 2021)),
                 use=str(rng.choice(("văn phòng", "khách sạn"))), plot=plot)
    )  # fmt: skip
    ward.shapes.block(outline, 0, height, owner, pick(SLABS, rng), parapet=1.1)
    ward.shapes.block(rectangle(place, along, 9, 7), height, height + 3.2, owner, (190, 190, 188))
    across = np.array([-along[1], along[0]])
    for side in (-1, 1):
        unit = rectangle(place + along * 6 * side + across * 5, along, 2.6, 2)
        ward.shapes.block(unit, height, height + 1.5, owner, (206, 208, 206), material=PLAIN)


def hotels(ward: Ward, block: Block, rng: np.random.Generator) -> None:
    """Hotels and offices of seven to fourteen floors around the lake."""
    plot = laid_out(ward, block.area, YARD, "TMD")
    for place, along in spots(block.area.buffer(-2.5), 27, 21, 5, 6, fit=0.95):
        if rng.random() < 0.9:
            _office(ward, place, along, plot, rng)
    ward.groves.append((block.area, 70))


def villas(ward: Ward, block: Block, rng: np.random.Generator) -> None:
    """French-quarter villas: hipped tile roofs in gardens, here and there an office."""
    ward.paint.append(Paint(area=block.area, colour=(160, 152, 140)))
    for place, along in spots(block.area.buffer(-1), 20, 25, 1.4, 1.6, fit=0.82):
        whole = Polygon(rectangle(place, along, 21, 26)).intersection(block.area)
        land = max(shapely.get_parts(whole), key=lambda part: part.area)
        plot = laid_out(ward, land, LAWN if rng.random() < 0.55 else YARD, "ODT")
        if rng.random() < 0.09:
            _office(ward, place, along, plot, rng, longest=19.5)
            continue
        _villa(ward, place, along, plot, rng)
        ward.groves.append((land, 75))


def _villa(ward: Ward, place: Vector, along: Vector, plot: int, rng: np.random.Generator) -> None:
    across = np.array([-along[1], along[0]])
    floors = int(rng.choice((2, 3), p=(0.65, 0.35)))
    eaves = 4.2 + (floors - 1) * 3.9
    long, wide = float(rng.uniform(14, 18)), float(rng.uniform(10.5, 13))
    colour = pick(TILES, rng)
    body = rectangle(place - across * 1.5, along, long, wide)
    wing = rectangle(place + across * (wide / 2 + 0.5) + along * rng.uniform(-3, 3), along, 6, 6)
    outline = shapely.orient_polygons(Polygon(body).union(Polygon(wing)))
    rise = wide * 0.36
    owner = ward.add(
        Building(outline=outline, kind="biet_thu", floors=floors, main=eaves + rise / 2,
                 top=eaves + rise, year=int(rng.integers(1908, 1942)),
                 use=str(rng.choice(("biệt thự", "cơ quan", "nhà hàng"), p=(0.6, 0.25, 0.15))),
                 plot=plot)
    )  # fmt: skip
    ward.shapes.gable(body, 0, eaves, eaves + rise, owner, colour, material=TILE, hip=0.34)
    turned = np.roll(wing, -1, axis=0) if rng.random() < 0.5 else wing
    ward.shapes.gable(turned, 0, eaves - 0.6, eaves + 1.3, owner, colour, material=TILE, hip=0.2)
    shed = rectangle(place + across * 11 - along * 6, along, 7, 3.6)
    if Polygon(shed).distance(outline) < 0.3:
        return
    row = ward.add(
        Building(outline=Polygon(shed), kind="nha_phu", floors=1, main=3.2, top=3.2,
                 year=int(rng.integers(1950, 2010)), use="nhà phụ", plot=plot)
    )  # fmt: skip
    ward.shapes.block(shed, 0, 3.2, row, pick(SHEETS, rng), material=TIN)
