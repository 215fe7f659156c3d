"""The ground: a nearly flat delta, a lake with banks, the dyke, the flood plain and the river.

Heights in metres; the dyke's measures follow what a city dyke of the delta looks like: crest about six
metres above the streets, slopes of one in three.
"""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy import ndimage
from shapely import LineString, Polygon

from twin.demo.plan import SIDE, Map

STREET, CREST, PLAIN_LEVEL = 6.6, 12.6, 8.4
LAKE_LEVEL, POND_LEVEL, RIVER_LEVEL = 5.3, 5.6, 4.1
CREST_HALF, SLOPE = 4.5, 3.0
MARGIN = 60.0
GRID = 3.0


class Relief:
    """True ground (or water surface) of the ward; local metres."""

    def __init__(self, plan: Map, *, seed: int) -> None:
        count = int((SIDE + 2 * MARGIN) / GRID) + 1
        axis = np.arange(count) * GRID - MARGIN
        x, y = np.meshgrid(axis, axis)
        ground = STREET + _swell(count, seed)
        ground = _with_dyke(ground, x, y, plan.dyke, plan.river)
        dry = ground.copy()
        ground = _with_water(ground, x, y, plan.lake, LAKE_LEVEL, bank=5.0)
        ground = _with_water(ground, x, y, plan.pond, POND_LEVEL, bank=4.0)
        island = shapely.contains_xy(plan.islet.buffer(-1), x, y)
        ground[island] = np.minimum(dry[island], LAKE_LEVEL + 1.1)
        self.heights = ground
        self.start = -MARGIN

    def at(self, x: NDArray[np.floating], y: NDArray[np.floating]) -> NDArray[np.float64]:
        """Height at local `x`, `y` (any shape), bilinear."""
        rows = (np.asarray(y, dtype=np.float64) - self.start) / GRID
        columns = (np.asarray(x, dtype=np.float64) - self.start) / GRID
        found: NDArray[np.float64] = ndimage.map_coordinates(
            self.heights, [rows, columns], order=1, mode="nearest"
        )
        return found

    def mesh(
        self, bounds: tuple[float, float, float, float]
    ) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
        """The ground within local `bounds` and a margin as vertices and triangles."""
        low_c, low_r, high_c, high_r = (
            int(np.clip((value - self.start) / GRID + step, 0, len(self.heights) - 1))
            for value, step in zip(bounds, (-16, -16, 17, 17), strict=True)
        )
        part = self.heights[low_r : high_r + 1, low_c : high_c + 1]
        rows, columns = part.shape
        x = self.start + np.arange(low_c, high_c + 1) * GRID
        y = self.start + np.arange(low_r, high_r + 1) * GRID
        points = np.empty((rows, columns, 3), dtype=np.float32)
        points[..., 0], points[..., 1], points[..., 2] = x, y[:, None], part
        index = np.arange(rows * columns, dtype=np.int32).reshape(rows, columns)
        a, b = index[:-1, :-1].ravel(), index[:-1, 1:].ravel()
        c, d = index[1:, 1:].ravel(), index[1:, :-1].ravel()
        triangles = np.concatenate(
            [np.stack([a, b, c], axis=1), np.stack([a, c, d], axis=1)]
        ).astype(np.int32)
        return points.reshape(-1, 3), triangles


def _swell(count: int, seed: int) -> NDArray[np.float64]:
    """Rises of a few decimetres over some hundred metres, from a few smoothed random numbers."""
    coarse = np.random.default_rng([seed, 11]).normal(0, 1, (14, 14))
    grown = ndimage.zoom(coarse, count / 14, order=3, mode="nearest", grid_mode=True)
    swell: NDArray[np.float64] = 0.32 * grown[:count, :count]
    return swell


def _with_dyke(
    ground: NDArray[np.float64],
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    dyke: LineString,
    river: Polygon,
) -> NDArray[np.float64]:
    axis = np.asarray(dyke.coords)
    shift = x - np.interp(y, axis[:, 1], axis[:, 0])
    bank = np.asarray(river.exterior.coords)[:-3]
    from_bank = np.interp(y, bank[:, 1], bank[:, 0]) - x
    outside = PLAIN_LEVEL + 0.5 * (ground - STREET) - 0.6 * np.clip(1 - from_bank / 60, 0, 1)
    outside = np.minimum(outside, RIVER_LEVEL + np.clip(from_bank, 0, None) * 0.45)
    base = np.where(shift > 0, outside, ground)
    body = CREST - np.clip(np.abs(shift) - CREST_HALF, 0, None) / SLOPE
    return np.where(from_bank <= 0, RIVER_LEVEL, np.maximum(base, body))


def _with_water(
    ground: NDArray[np.float64],
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    water: Polygon,
    level: float,
    *,
    bank: float,
) -> NDArray[np.float64]:
    """The water's level within, and a slope up to the ground over `bank` metres around."""
    low_x, low_y, high_x, high_y = water.buffer(bank + 1).bounds
    near = (x >= low_x) & (x <= high_x) & (y >= low_y) & (y <= high_y)
    away = shapely.distance(water, shapely.points(x[near], y[near]))
    share = np.clip(away / bank, 0, 1)
    shaped = ground.copy()
    shaped[near] = level + (ground[near] - level) * share
    return shaped
