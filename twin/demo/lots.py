"""Cutting a block into alleys, plots and outlines of tube houses."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import LineString, Polygon

from twin.demo.plan import smooth

INSET = 0.04
"""Half the joint between two houses that stand wall to wall, metres."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alley:
    """An alley (`rank` "ngo") or one that leaves it ("ngach")."""

    line: LineString
    width: float
    rank: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A row of plots side by side.

    `plots` and `outlines` belong together; `terraces` is the rear part of each outline that stays
    when the front of the top floor steps back.
    """

    plots: list[Polygon]
    outlines: list[Polygon]
    terraces: list[Polygon]
    along: NDArray[np.float64]
    toward_street: NDArray[np.float64]


def axes(area: Polygon) -> tuple[NDArray[np.float64], NDArray[np.float64], float, float]:
    """Middle, unit vector of the longer side, length and width of the least rectangle around."""
    corners = shapely.get_coordinates(shapely.minimum_rotated_rectangle(area)).tolist()
    if len(corners) < 4:
        return np.zeros(2), np.array([1.0, 0.0]), 0.0, 0.0
    (ax, ay), (bx, by), (cx, cy) = corners[:3]
    first, second = math.hypot(bx - ax, by - ay), math.hypot(cx - bx, cy - by)
    middle = np.array([(ax + cx) / 2, (ay + cy) / 2])
    if first < second:
        return middle, np.array([(cx - bx) / second, (cy - by) / second]), second, first
    return middle, np.array([(bx - ax) / first, (by - ay) / first]), first, second


def cut_block(
    area: Polygon, rng: np.random.Generator, *, depth: float = 20.0, straight: bool = False
) -> tuple[list[Polygon], list[Alley]]:
    """Cut `area` by alleys until two rows of plots at most `depth` deep fit each piece."""
    leaves: list[Polygon] = []
    alleys: list[Alley] = []
    open_pieces = [(area, 0)]
    while open_pieces:
        piece, level = open_pieces.pop()
        middle, along, length, width = axes(piece)
        if piece.area < 60 or (width <= 2 * depth and length <= 5.5 * depth):
            leaves.append(piece)
            continue
        across = np.array([-along[1], along[0]])
        if width > 2 * depth and (length < 1.9 * width or length < 5.5 * depth):
            count = int(np.ceil(width / (2 * depth)))
            shift = ((count // 2) / count - 0.5) * width + rng.uniform(-1.5, 1.5)
            start, end = middle + across * shift, along
            reach = length
        else:
            shift = rng.uniform(-0.08, 0.08) * length
            start, end = middle + along * shift, across
            reach = width
        alley_width = (3.4, 2.6, 2.1)[min(level, 2)] + rng.uniform(-0.4, 0.7)
        wander = 0.3 if straight else min(3.2, reach * 0.03)
        line = _wandering(start, end, reach + 8, wander, rng)
        parts = shapely.get_parts(piece.difference(line.buffer(alley_width / 2)))
        if len(parts) < 2:
            leaves.append(piece)
            continue
        rank = "ngo" if level == 0 else "ngach"
        alleys += [
            Alley(line=run, width=float(alley_width), rank=rank)
            for run in shapely.get_parts(line.intersection(piece))
            if run.length > 6
        ]
        open_pieces += [(part, level + 1) for part in parts if part.area > 25]
    return leaves, alleys


def rows_of(
    leaf: Polygon, rng: np.random.Generator, *, merge: float = 0.04, yards: float = 0.55
) -> list[Row]:
    """Two rows back to back, or one where the piece is too shallow for two."""
    middle, along, length, width = axes(leaf)
    if width < 5 or leaf.area < 30:
        return []
    across = np.array([-along[1], along[0]])
    sides = (1.0, -1.0) if width > 25 else (float(rng.choice([-1.0, 1.0])),)
    rows = []
    for side in sides:
        back = 0.0 if len(sides) == 2 else -width / 2
        row = _row(leaf, middle, along, across * side, back, length, width, rng, merge, yards)
        if row is not None:
            rows.append(row)
    return rows


def _row(
    leaf: Polygon,
    middle: NDArray[np.float64],
    along: NDArray[np.float64],
    outward: NDArray[np.float64],
    back: float,
    length: float,
    width: float,
    rng: np.random.Generator,
    merge: float,
    yards: float,
) -> Row | None:
    half = length / 2
    cuts = _cuts(length, rng, merge) - half
    left, right = cuts[:-1], cuts[1:]
    front = width / 2 + 1
    plots = shapely.intersection(
        _boxes(middle, along, outward, left, right, np.full(len(left), back), front), leaf
    )
    deep = width / 2 - back
    yard = np.where(
        rng.random(len(left)) < yards, rng.uniform(0.9, 0.16 * deep + 1.0, len(left)), 0.06
    )
    rear = back + np.minimum(yard, max(deep - 8.0, 0.06))
    outlines = shapely.intersection(
        _boxes(middle, along, outward, left + INSET, right - INSET, rear, front), leaf.buffer(-0.05)
    )
    step = width / 2 - rng.uniform(2.4, 4.2, len(left))
    terraces = shapely.intersection(
        _boxes(middle, along, outward, left + INSET, right - INSET, rear, step), leaf.buffer(-0.05)
    )
    plots, outlines, terraces = _whole(plots), _whole(outlines), _whole(terraces)
    good = (shapely.area(plots) > 18) & (shapely.area(outlines) > 16)
    if not good.any():
        return None
    return Row(
        plots=list(plots[good]),
        outlines=list(outlines[good]),
        terraces=list(terraces[good]),
        along=along,
        toward_street=outward,
    )


def _cuts(length: float, rng: np.random.Generator, merge: float) -> NDArray[np.float64]:
    """Plot boundaries along a row: 3.3 to 4.9 m apart, now and then two plots in one hand."""
    count = max(1, round(length / 4.15))
    widths = rng.uniform(0.84, 1.16, count)
    cuts = np.concatenate([[0.0], np.cumsum(widths / widths.sum() * length)])
    inner = rng.random(count - 1) >= merge if count > 1 else np.empty(0, dtype=bool)
    kept: NDArray[np.float64] = cuts[np.concatenate([[True], inner, [True]])]
    return kept


def _boxes(
    middle: NDArray[np.float64],
    along: NDArray[np.float64],
    outward: NDArray[np.float64],
    left: NDArray[np.float64],
    right: NDArray[np.float64],
    rear: NDArray[np.float64],
    front: float | NDArray[np.float64],
) -> NDArray[np.object_]:
    ends = np.broadcast_to(front, left.shape)
    u = np.stack([left, right, right, left, left], axis=1)[..., None]
    v = np.stack([rear, rear, ends, ends, rear], axis=1)[..., None]
    boxes: NDArray[np.object_] = shapely.polygons(middle + u * along + v * outward)
    return boxes


def _whole(found: NDArray[np.object_]) -> NDArray[np.object_]:
    """The largest piece of each, without needless vertices, counter-clockwise."""
    whole = np.array([_largest(geometry) for geometry in found], dtype=object)
    plain: NDArray[np.object_] = shapely.orient_polygons(shapely.simplify(whole, 0.05))
    return plain


def _largest(found: shapely.Geometry) -> Polygon:
    if isinstance(found, Polygon):
        return found
    parts = [part for part in shapely.get_parts(found) if isinstance(part, Polygon)]
    return max(parts, key=lambda part: part.area) if parts else Polygon()


def _wandering(
    start: NDArray[np.float64],
    along: NDArray[np.float64],
    length: float,
    wander: float,
    rng: np.random.Generator,
) -> LineString:
    count = max(3, int(length / 22) + 2)
    run = np.linspace(-length / 2, length / 2, count)
    sway = rng.normal(0, wander, count)
    sway[[0, -1]] *= 0.3
    across = np.array([-along[1], along[0]])
    points = start + run[:, None] * along + sway[:, None] * across
    return LineString(smooth(points, times=2))
