"""Tube houses (nhà ống) in their rows: floors, roofs, stair heads, tanks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import Polygon

from twin.demo.lots import Row, axes, cut_block, rows_of
from twin.demo.plan import Block
from twin.demo.shapes import CONCRETE, PLAIN, TILE, TIN, Colour, disc, rectangle
from twin.demo.ward import Building, Ward, ring_of

SLABS: tuple[Colour, ...] = (
    (186, 181, 172), (170, 166, 160), (196, 190, 178), (158, 152, 146), (203, 199, 192),
    (180, 166, 148), (146, 148, 150), (192, 176, 158),
)  # fmt: skip
SHEETS: tuple[Colour, ...] = (
    (150, 84, 70), (134, 76, 66), (162, 100, 84), (98, 122, 146), (116, 138, 154), (84, 108, 134),
    (116, 132, 118), (150, 150, 148), (128, 114, 104), (172, 174, 174), (160, 158, 152),
)  # fmt: skip
TILES: tuple[Colour, ...] = ((158, 92, 66), (142, 80, 60), (170, 104, 76), (126, 78, 62))
STEEL: Colour = (214, 219, 224)
TANK_BLUE: Colour = (58, 104, 168)
STOREY = 3.3
GROUND_STOREY = 3.9


Frame = tuple[NDArray[np.float64], NDArray[np.float64], float, float]
"""Middle, direction, length and width of an outline, as `axes` gives them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quarter:
    """How houses of one quarter are: plot depth, floors with weights, old tiled roofs."""

    depth: float
    floors: tuple[int, ...]
    weights: tuple[float, ...]
    tiled: float
    tin: float
    merge: float
    built: tuple[int, int]
    straight: bool = False


QUARTERS = {
    "lang": Quarter(depth=20, floors=(1, 2, 3, 4, 5, 6), weights=(3, 8, 26, 34, 22, 7), tiled=0.04,
                    tin=0.36, merge=0.04, built=(1988, 2022)),
    "pho_co": Quarter(depth=24, floors=(1, 2, 3, 4, 5, 6), weights=(4, 18, 27, 26, 18, 7),
                      tiled=0.24, tin=0.3, merge=0.07, built=(1930, 2020)),
    "lien_ke": Quarter(depth=18, floors=(4, 5), weights=(7, 3), tiled=0.0, tin=0.05, merge=0.0,
                       built=(2012, 2019), straight=True),
    "bai": Quarter(depth=18, floors=(1, 2, 3), weights=(5, 4, 1), tiled=0.02, tin=0.8, merge=0.1,
                   built=(1990, 2018)),
}  # fmt: skip


def build_rows(ward: Ward, block: Block, rng: np.random.Generator) -> None:
    """Cut `block` into alleys and plots and put a house on each."""
    quarter = QUARTERS[block.use]
    leaves, alleys = cut_block(block.area, rng, depth=quarter.depth, straight=quarter.straight)
    ward.alleys += alleys
    edge = shapely.boundary(block.area)
    shapely.prepare(edge)
    for leaf in leaves:
        for row in rows_of(leaf, rng, merge=quarter.merge):
            fronting = shapely.distance(edge, np.array(row.outlines)) < 2.0
            slope = rng.choice(("even", "mixed"), p=(0.25, 0.75))
            usual = int(rng.choice(quarter.floors, p=_share(quarter.weights)))
            for i in range(len(row.plots)):
                if block.use == "bai" and rng.random() < 0.3:
                    continue
                floors = int(rng.choice(quarter.floors, p=_share(quarter.weights)))
                if slope == "even" or quarter.straight:
                    floors = usual
                if fronting[i] and rng.random() < 0.6:
                    floors = min(floors + int(rng.integers(1, 3)), 6 if block.use != "bai" else 3)
                _house(ward, row, i, floors, quarter, bool(fronting[i]), block.use, rng)


def _share(weights: tuple[float, ...]) -> NDArray[np.float64]:
    array = np.array(weights, dtype=np.float64)
    shares: NDArray[np.float64] = array / array.sum()
    return shares


def _kind(outline: Polygon, frame: Frame) -> str:
    _, _, long, short = frame
    full = outline.area / max(long * short, 1e-6)
    return "nha_ong" if 3 <= short <= 5 and 12 <= long <= 25 and full > 0.8 else "nha_o"


def _house(
    ward: Ward,
    row: Row,
    i: int,
    floors: int,
    quarter: Quarter,
    fronting: bool,
    use: str,
    rng: np.random.Generator,
) -> None:
    outline, terrace = row.outlines[i], row.terraces[i]
    frame = axes(outline)
    kind = _kind(outline, frame)
    if kind == "nha_o" and outline.area > 130 and fronting and use != "bai":
        floors = int(rng.integers(6, 10))
    if outline.area < 24:
        floors = min(floors, 2)
    year = int(rng.integers(*quarter.built))
    plot = ward.add_plot(row.plots[i], "ODT")
    trade = fronting and rng.random() < (0.7 if use == "pho_co" else 0.5)
    owner = ward.add(
        Building(outline=outline, kind=kind, floors=floors, main=0.0, top=0.0, year=year,
                 use="kinh doanh kết hợp ở" if trade else "nhà ở", plot=plot)
    )  # fmt: skip
    height = GROUND_STOREY + (floors - 1) * STOREY + rng.uniform(-0.35, 0.35)
    draw = rng.random()
    if floors <= 3 and draw < quarter.tiled:
        main, top = _pitched(ward, owner, outline, frame, height, TILES, TILE, 0.42, rng)
    elif draw < quarter.tiled + quarter.tin and _boxy(outline, frame):
        main, top = _pitched(ward, owner, outline, frame, height, SHEETS, TIN, 0.13, rng)
    else:
        main, top = _slab(ward, owner, outline, frame, terrace, row, height, floors, rng)
    ward.buildings[owner].main, ward.buildings[owner].top = main, top


def _boxy(outline: Polygon, frame: Frame) -> bool:
    _, _, long, short = frame
    return bool(outline.area > 0.9 * long * short)


def _pitched(
    ward: Ward,
    owner: int,
    outline: Polygon,
    frame: Frame,
    eaves: float,
    colours: tuple[Colour, ...],
    material: int,
    slope: float,
    rng: np.random.Generator,
) -> tuple[float, float]:
    middle, along, long, short = frame
    colour = _near(colours[int(rng.integers(len(colours)))], rng)
    rise = slope * short
    if not _boxy(outline, frame):
        ward.shapes.block(ring_of(outline), 0, eaves, owner, colour, material=material)
        return eaves, eaves
    box = rectangle(middle, along, long - 0.05, short - 0.05)
    ward.shapes.gable(box, 0, eaves, eaves + rise, owner, colour, material=material)
    return eaves + rise / 2, eaves + rise


def _slab(
    ward: Ward,
    owner: int,
    outline: Polygon,
    frame: Frame,
    terrace: Polygon,
    row: Row,
    height: float,
    floors: int,
    rng: np.random.Generator,
) -> tuple[float, float]:
    """A flat roof: top floor set back or not, stair head, steel tank, sheet roof over a part."""
    colour = _near(SLABS[int(rng.integers(len(SLABS)))], rng)
    parapet = float(rng.uniform(0.5, 1.1))
    stepped = floors >= 3 and terrace.area > 0.55 * outline.area and rng.random() < 0.45
    shapes = ward.shapes
    if stepped:
        shapes.block(
            ring_of(outline), 0, height - STOREY, owner, _near(colour, rng), parapet=parapet
        )
        shapes.block(ring_of(terrace), height - STOREY, height, owner, colour, parapet=0.3)
        upper = terrace
    else:
        shapes.block(ring_of(outline), 0, height, owner, colour, parapet=parapet)
        upper = outline
    top = height
    middle, along, long, short = axes(upper) if stepped else frame
    inward = along if along @ row.toward_street < 0 else -along
    if floors >= 3 and long > 7 and short > 2.6 and rng.random() < 0.75:
        size = min(short - 0.5, 3.2), float(rng.uniform(2.8, 4.6))
        place = middle + inward * rng.uniform(-0.1, 0.22) * long
        head = rectangle(place, along, size[1], size[0])
        if upper.contains(Polygon(head)):
            lift = float(rng.uniform(2.3, 2.8))
            sheet = _near(SHEETS[int(rng.integers(len(SHEETS)))], rng)
            tin = rng.random() < 0.5
            shapes.block(head, height, height + lift, owner, sheet if tin else colour,
                         material=TIN if tin else CONCRETE)  # fmt: skip
            top = height + lift
            if rng.random() < 0.6:
                _tank(ward, owner, place, height + lift, rng)
                top += 1.3
    if short > 2.8 and rng.random() < 0.5:
        place = middle - inward * rng.uniform(0.15, 0.3) * long
        if upper.contains(Polygon(disc(place, 0.8))):
            _tank(ward, owner, place, height, rng)
            top = max(top, height + 1.3)
    return height, top


def _tank(
    ward: Ward, owner: int, place: NDArray[np.float64], height: float, rng: np.random.Generator
) -> None:
    colour = STEEL if rng.random() < 0.8 else TANK_BLUE
    ring = disc(place, float(rng.uniform(0.55, 0.8)))
    ward.shapes.block(ring, height, height + 1.3, owner, colour, material=PLAIN)


def _near(colour: Colour, rng: np.random.Generator) -> Colour:
    """A colour like this one, as paint and weather make it."""
    shift = rng.normal(0, 7) + rng.normal(0, 3, 3)
    red, green, blue = np.clip(np.asarray(colour) + shift, 20, 250).astype(int)
    return int(red), int(green), int(blue)
