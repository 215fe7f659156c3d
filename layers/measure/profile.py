"""What a vertical cut along a line meets: the ground, and buildings with their roofs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from layers.builders.ground import sample
from layers.errors import CityError
from layers.kinds.buildings import BuildingsLayer
from layers.kinds.elevation import ElevationLayer
from layers.progress import SILENT, Progress

FINEST_M, MOST_STATIONS = 0.25, 2000
STEEP = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Block:
    """A building that the line crosses.

    Attributes
    ----------
    layer, row, id : which building
    at : float64 (k,), metres along the line, ascending, from wall to wall
    top : float64 (k,), metres above the datum, of the roof there
    ground : metres above the datum, the building's own
    """

    layer: str
    row: int
    id: str
    at: NDArray[np.float64]
    top: NDArray[np.float64]
    ground: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Profile:
    """A cut along a line.

    Attributes
    ----------
    corners : float64 (c, 2), the line, metres
    at : float64 (n,), metres along the line, ascending; every corner is among them
    places : float64 (n, 2), metres
    ground : float64 (n,), metres above the datum; NaN where no ground is known
    blocks : buildings in the order the line meets them
    """

    corners: NDArray[np.float64]
    at: NDArray[np.float64]
    places: NDArray[np.float64]
    ground: NDArray[np.float64]
    blocks: tuple[Block, ...] = ()

    def place_at(self, along: float) -> tuple[float, float]:
        """Where on the map one is so many metres along the line."""
        x = np.interp(along, self.at, self.places[:, 0])
        y = np.interp(along, self.at, self.places[:, 1])
        return (float(x), float(y))

    def ground_at(self, along: float) -> float:
        """Height of the ground there; NaN where it is not known."""
        return float(np.interp(along, self.at, self.ground))

    def top_at(self, along: float) -> float:
        """Height of the highest roof there; NaN where there is none."""
        tops = [
            float(np.interp(along, b.at, b.top))
            for b in self.blocks
            if b.at[0] <= along <= b.at[-1]
        ]
        return max(tops, default=float("nan"))


def profile(
    corners: NDArray[np.float64],
    ground: ElevationLayer | None,
    buildings: Sequence[BuildingsLayer] = (),
    progress: Progress = SILENT,
) -> Profile:
    """Cut `ground` and `buildings` along the line through `corners`.

    Ground is read as finely as its cells, but at no more than `MOST_STATIONS` places. Roofs of
    blocks are level; those of models are as their triangles are.

    Parameters
    ----------
    corners : float64, shape (c, 2), metres, at least two different ones

    Raises
    ------
    CityError
        The line has no length.
    """
    line = np.asarray(corners, np.float64)
    kept = np.concatenate([[True], np.hypot(*np.diff(line, axis=0).T) > 1e-6])
    line = line[kept]
    if len(line) < 2:
        raise CityError("The line of a profile needs two different points", code="profile-short")
    length = np.hypot(*np.diff(line, axis=0).T)
    ends = np.concatenate([[0.0], np.cumsum(length)])
    step = max(FINEST_M, ends[-1] / MOST_STATIONS)
    if ground is not None:
        step = max(step, min(ground.cell_x, ground.cell_y) / 2)
    at = np.unique(np.concatenate([np.arange(0.0, ends[-1], step), ends]))
    places = np.column_stack([np.interp(at, ends, line[:, axis]) for axis in (0, 1)])
    heights = np.full(len(at), np.nan) if ground is None else sample(ground, places)
    blocks: list[Block] = []
    for number, layer in enumerate(buildings):
        progress.step(number / len(buildings), "Cutting buildings")
        blocks += _blocks(layer, line, ends)
    blocks.sort(key=lambda block: float(block.at[0]))
    return Profile(corners=line, at=at, places=places, ground=heights, blocks=tuple(blocks))


def _blocks(
    layer: BuildingsLayer, line: NDArray[np.float64], ends: NDArray[np.float64]
) -> list[Block]:
    way = shapely.LineString(line)
    shapely.prepare(way)
    rows = np.flatnonzero(shapely.intersects(way, layer.footprints))
    found: list[Block] = []
    for number in range(len(line) - 1):
        start, along = line[number], line[number + 1] - line[number]
        length = float(np.hypot(*along))
        inside = shapely.intersection(
            layer.footprints[rows], shapely.LineString(line[number : number + 2])
        )
        parts, owner = shapely.get_parts(inside, return_index=True)
        straight = (shapely.get_type_id(parts) == 1) & ~shapely.is_empty(parts)
        for part, index in zip(parts[straight], owner[straight], strict=True):
            ahead = np.sort((shapely.get_coordinates(part) - start) @ along / length)
            if ahead[-1] - ahead[0] > 1e-3:
                span = (float(ahead[0]), float(ahead[-1]))
                found.append(
                    _block(
                        layer, int(rows[index]), span, start, along / length, float(ends[number])
                    )
                )
    return found


def _block(
    layer: BuildingsLayer,
    row: int,
    span: tuple[float, float],
    start: NDArray[np.float64],
    along: NDArray[np.float64],
    before: float,
) -> Block:
    """The part of one building between `span`, metres from `start`, which lies `before` metres on."""
    base, flat = float(layer.ground[row]), float(layer.ground[row] + layer.height[row])
    at = np.array(span)
    top = np.full(2, flat)
    if layer.model is not None:
        count = int(np.clip((span[1] - span[0]) / FINEST_M, 2, 400))
        # A hair inside, for walls stand exactly on the ends.
        at = np.linspace(span[0] + 1e-4, span[1] - 1e-4, count)
        top = _roof(layer, row, start + at[:, None] * along)
        top = np.where(np.isfinite(top), top, flat)
    return Block(
        layer=layer.id, row=row, id=str(layer.ids[row]), at=at + before, top=top, ground=base
    )


def _roof(layer: BuildingsLayer, row: int, xy: NDArray[np.float64]) -> NDArray[np.float64]:
    """Highest face of a model over each place (k, 2); NaN where there is none."""
    model = layer.model
    assert model is not None
    first, last = np.searchsorted(model.face_solid, (row, row + 1))
    corners = model.vertices[model.triangles[first:last]].astype(np.float64)
    a, b, c = (corners[:, i] for i in range(3))
    local = xy - np.asarray(model.origin[:2])
    double = (b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) - (c[:, 0] - a[:, 0]) * (b[:, 1] - a[:, 1])
    lying = np.abs(double) > STEEP
    a, b, c, double = a[lying], b[lying], c[lying], double[lying]
    x, y = local[:, 0:1], local[:, 1:2]
    v = ((x - a[:, 0]) * (c[:, 1] - a[:, 1]) - (c[:, 0] - a[:, 0]) * (y - a[:, 1])) / double
    w = ((b[:, 0] - a[:, 0]) * (y - a[:, 1]) - (x - a[:, 0]) * (b[:, 1] - a[:, 1])) / double
    within = (v >= -1e-9) & (w >= -1e-9) & (v + w <= 1 + 1e-9)
    z = a[:, 2] + v * (b[:, 2] - a[:, 2]) + w * (c[:, 2] - a[:, 2])
    highest: NDArray[np.float64] = np.where(within, z, -np.inf).max(axis=1, initial=-np.inf)
    return np.where(np.isfinite(highest), highest + model.origin[2], np.nan)
