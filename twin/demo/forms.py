"""The larger forms: collective blocks, towers, villas, schools, market, temple, offices."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import Polygon

from twin.demo.houses import SHEETS, SLABS, TILES, build_rows
from twin.demo.lots import axes
from twin.demo.plan import Block
from twin.demo.shapes import PLAIN, TILE, TIN, Colour, disc, rectangle
from twin.demo.ward import Building, Paint, Ward, ring_of

Vector = NDArray[np.float64]
YARD: Colour = (168, 160, 148)
LAWN: Colour = (104, 128, 72)
OCHRE: Colour = (196, 164, 104)


def spots(
    area: Polygon, length: float, width: float, gap_along: float, gap_across: float
) -> Iterator[tuple[Vector, Vector]]:
    """Middles and directions of `length` × `width` boxes in rows that lie within `area`."""
    middle, along, long, short = axes(area)
    across = np.array([-along[1], along[0]])
    columns = max(1, int((long + gap_along) // (length + gap_along)))
    rows = max(1, int((short + gap_across) // (width + gap_across)))
    for row in range(rows):
        for column in range(columns):
            u = (column - (columns - 1) / 2) * (length + gap_along)
            v = (row - (rows - 1) / 2) * (width + gap_across)
            place = middle + along * u + across * v
            if area.contains(Polygon(rectangle(place, along, length, width))):
                yield place, along


def _pick(colours: tuple[Colour, ...], rng: np.random.Generator) -> Colour:
    return colours[int(rng.integers(len(colours)))]


def _ground(ward: Ward, area: Polygon, colour: Colour, plot_use: str) -> int:
    ward.paint.append(Paint(area=area, colour=colour))
    return ward.add_plot(area, plot_use)


def collective(ward: Ward, block: Block, rng: np.random.Generator) -> None:
    """Khu tập thể: slabs of four or five floors in rows, with cages hung on the fronts."""
    plot = _ground(ward, block.area, (150, 146, 132), "ODT")
    for place, along in spots(block.area.buffer(-4), 58, 11.5, 9, 15):
        floors = int(rng.choice((4, 5), p=(0.35, 0.65)))
        height = floors * 3.2 + 0.6
        outline = rectangle(place, along, 58, 11.5)
        owner = ward.add(
            Building(outline=Polygon(outline), kind="tap_the", floors=floors, main=height,
                     top=height + 2.4, year=int(rng.integers(1962, 1988)),
                     use="nhà tập thể", plot=plot)
        )  # fmt: skip
        grey = _pick(SLABS, rng)
        ward.shapes.block(outline, 0, height, owner, grey, parapet=0.4)
        across = np.array([-along[1], along[0]])
        for step in (-1, 0, 1):
            spot = place + along * 19.3 * step
            ward.shapes.block(rectangle(spot, along, 4.2, 5.5), height, height + 2.4, owner, grey)
        for _ in range(16):
            side, floor = float(rng.choice((-1, 1))), int(rng.integers(0, floors))
            spot = place + along * rng.uniform(-26, 26) + across * side * 6.3
            ring = rectangle(spot, along, float(rng.uniform(2.6, 4)), 1.1)
            sheet = _pick(SHEETS, rng)
            bottom = 3.2 * floor + 0.5
            ward.shapes.block(ring, bottom, bottom + 2.6, owner, sheet, material=TIN)
    ward.groves.append((block.area.buffer(-3), 55))


def towers(ward: Ward, block: Block, rng: np.random.Generator) -> None:
    """Towers of 20 to 35 floors on podiums along the ring road."""
    plot = _ground(ward, block.area, (158, 154, 146), "TMD")
    count = 0
    for place, along in spots(block.area.buffer(-5), 62, 48, 14, 12):
        if rng.random() < 0.16:
            ward.paint.append(Paint(area=Polygon(rectangle(place, along, 56, 44)), colour=LAWN))
            continue
        _tower(ward, place, along, plot, rng)
        count += 1
    if not count:
        for place, along in spots(block.area.buffer(-3), 26, 20, 7, 7):
            _office(ward, place, along, plot, rng)
    ward.groves.append((block.area.buffer(-2), 45))


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
        roof = _pick(((172, 174, 176), (188, 182, 172), (150, 156, 162)), rng)
        ward.shapes.block(ring_of(body), 0, height, row, roof, parapet=1.4)
        core = rectangle(spot, along, size[0] * 0.42, size[1] * 0.45)
        ward.shapes.block(core, height, height + crown, row, (196, 198, 198))
        if rng.random() < 0.5:
            pad = disc(spot, min(size) * 0.18, corners=16)
            ward.shapes.flat(pad, height + crown + 0.02, row, (92, 112, 98), material=PLAIN)


def _cut_corners(place: Vector, along: Vector, length: float, width: float) -> Vector:
    """A box with cut corners, which reads as a tower from afar."""
    box, cut = rectangle(place, along, length, width), 2.4
    ring = []
    for i, corner in enumerate(box):
        for other in (box[i - 1], box[(i + 1) % 4]):
            ring.append(corner + (other - corner) / np.hypot(*(other - corner)) * cut)
    return np.array(ring)


def _office(ward: Ward, place: Vector, along: Vector, plot: int, rng: np.random.Generator) -> None:
    floors = int(rng.integers(7, 15))
    height = 4.5 + (floors - 1) * 3.6
    outline = rectangle(place, along, float(rng.uniform(21, 26)), float(rng.uniform(16, 20)))
    owner = ward.add(
        Building(outline=Polygon(outline), kind="van_phong", floors=floors, main=height,
                 top=height + 3.2, year=int(rng.integers(1996, 2021)),
                 use=str(rng.choice(("văn phòng", "khách sạn"))), plot=plot)
    )  # fmt: skip
    ward.shapes.block(outline, 0, height, owner, _pick(SLABS, rng), parapet=1.1)
    ward.shapes.block(rectangle(place, along, 9, 7), height, height + 3.2, owner, (190, 190, 188))
    across = np.array([-along[1], along[0]])
    for side in (-1, 1):
        unit = rectangle(place + along * 8 * side + across * 4, along, 3, 2)
        ward.shapes.block(unit, height, height + 1.5, owner, (206, 208, 206), material=PLAIN)


def hotels(ward: Ward, block: Block, rng: np.random.Generator) -> None:
    """Hotels and offices of seven to fourteen floors around the lake."""
    plot = _ground(ward, block.area, YARD, "TMD")
    for place, along in spots(block.area.buffer(-2.5), 27, 21, 5, 6):
        if rng.random() < 0.9:
            _office(ward, place, along, plot, rng)
    ward.groves.append((block.area, 30))


def villas(ward: Ward, block: Block, rng: np.random.Generator) -> None:
    """French-quarter villas: hipped tile roofs in gardens, here and there an office."""
    for place, along in spots(block.area.buffer(-1), 22, 27, 0.5, 0.8):
        land = Polygon(rectangle(place, along, 22, 27))
        plot = _ground(ward, land, LAWN if rng.random() < 0.55 else YARD, "ODT")
        if rng.random() < 0.09:
            _office(ward, place, along, plot, rng)
            continue
        _villa(ward, place, along, plot, rng)
        ward.groves.append((land, 75))


def _villa(ward: Ward, place: Vector, along: Vector, plot: int, rng: np.random.Generator) -> None:
    across = np.array([-along[1], along[0]])
    floors = int(rng.choice((2, 3), p=(0.65, 0.35)))
    eaves = 4.2 + (floors - 1) * 3.9
    long, wide = float(rng.uniform(14, 18)), float(rng.uniform(10.5, 13))
    colour = _pick(TILES, rng)
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
    row = ward.add(
        Building(outline=Polygon(shed), kind="nha_phu", floors=1, main=3.2, top=3.2,
                 year=int(rng.integers(1950, 2010)), use="nhà phụ", plot=plot)
    )  # fmt: skip
    ward.shapes.block(shed, 0, 3.2, row, _pick(SHEETS, rng), material=TIN)


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
    plot = _ground(ward, area, (186, 150, 120), "DGD")
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
        ward.shapes.gable(outline, 0, eaves, eaves + 1.8, owner, (166, 72, 58), hip=0.04)
    ward.groves.append((area, 32))


def market(ward: Ward, block: Block, rng: np.random.Generator) -> None:
    """A market hall under rows of blue sheet roofs, with stalls around."""
    plot = _ground(ward, block.area, (152, 146, 140), "DCH")
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
            colour = _pick(((190, 88, 66), (72, 116, 168), (204, 196, 180), (92, 138, 96)), rng)
            if block.area.contains(Polygon(stall)):
                ward.things.block(stall, 1.9, 2.4, ward.add_thing(spot), colour, material=PLAIN)


def temple(ward: Ward, block: Block, rng: np.random.Generator) -> None:
    """A pagoda of three halls one behind the other, gate and tower, among old trees."""
    plot = _ground(ward, block.area, (178, 150, 124), "TIN")
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
    plot = _ground(ward, near, (190, 180, 164), "DVH")
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
    plot = _ground(ward, block.area, LAWN, "TSC")
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
    _ground(ward, block.area, LAWN, "DKV")
    middle, along, long, short = axes(block.area)
    across = np.array([-along[1], along[0]])
    for direction, length in ((along, long), (across, short)):
        path = Polygon(rectangle(middle, direction, length, 5)).intersection(block.area)
        ward.paint += [Paint(area=p, colour=(196, 182, 160)) for p in shapely.get_parts(path)]
    centre = Polygon(disc(middle, 9, corners=24)).intersection(block.area)
    ward.paint += [Paint(area=p, colour=(204, 190, 170)) for p in shapely.get_parts(centre)]
    ward.groves.append((block.area, 110))


FORMS: dict[str, Callable[[Ward, Block, np.random.Generator], None]] = {
    "lang": build_rows, "pho_co": build_rows, "lien_ke": build_rows, "bai": build_rows,
    "tap_the": collective, "cao_tang": towers, "khach_san": hotels, "biet_thu": villas,
    "truong": school, "cho": market, "chua": temple, "nha_hat": theatre, "cong_so": offices,
    "vuon_hoa": garden, "cay": garden,
}  # fmt: skip
