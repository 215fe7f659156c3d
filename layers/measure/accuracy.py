"""How far a measured number can be trusted, and so how many digits it deserves."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from layers.kinds.buildings import METHODS, BuildingsLayer
from layers.kinds.elevation import ElevationLayer
from layers.kinds.features import FeatureLayer
from layers.kinds.layer import Layer
from layers.kinds.pointcloud import PointCloudLayer

Spread = tuple[float, float]
"""Standard deviation of a point, metres: of its place on the map, and of its height."""

HEIGHT_M = {
    "lidar": 0.3, "dsm": 1.0, "attribute": 0.5, "floors": 1.5, "default": 5.0, "model": 0.2,
    "edited": 0.05,
}  # fmt: skip
"""Of a roof's height by how it was found, where the building has no error of its own. Ours: a
scan's usual error against a block's flat top; half a storey per counted floor and more where
nothing is known."""
OUTLINE_M, DRAWN_M, MODEL_M = 0.5, 2.0, 0.2
"""Of an outline: from a survey or a plan; from OpenStreetMap, drawn over pictures; of a 3D model.
Ours: no format we read states it."""
SCAN_M, GROUND_M = 0.1, 0.2
"""Of a LiDAR point on the map, and of a scanned ground's height (flat ground, ASPRS 2015 class
20 cm)."""
MOST_DIGITS = 2


def spread_at(layer: Layer | None, row: int) -> Spread:
    """How far a place on something of `layer` may be off; the plain around the city if None."""
    if isinstance(layer, BuildingsLayer):
        own = float(layer.rmse[row])
        method = METHODS[int(layer.method[row])]
        height = own if math.isfinite(own) and own > 0 else HEIGHT_M[method]
        return (MODEL_M if method == "model" else _outline(layer), height)
    if isinstance(layer, ElevationLayer):
        # Across the map a grid says nothing finer than its cells.
        return (max(layer.cell_x, layer.cell_y) / 2, GROUND_M)
    if isinstance(layer, PointCloudLayer):
        return (SCAN_M, SCAN_M)
    if isinstance(layer, FeatureLayer):
        return (_outline(layer), GROUND_M)
    return (0.0, 5.0) if layer is None else (OUTLINE_M, OUTLINE_M)


def _outline(layer: Layer) -> float:
    source = layer.source
    drawn = source is not None and (
        "osm" in source.driver.lower() or "OpenStreetMap" in source.attribution
    )
    return DRAWN_M if drawn else OUTLINE_M


def with_pixel(spread: Spread, metres: float) -> Spread:
    """`spread` of a place that was pointed at where a pixel covers `metres`, and not snapped."""
    half = metres / 2
    return (math.hypot(spread[0], half), math.hypot(spread[1], half))


def of_length(spreads: NDArray[np.float64]) -> float:
    """Standard deviation of a line's length, metres.

    Parameters
    ----------
    spreads : shape (n,), metres, of each of its points; taken as independent
    """
    inner = 2.0 * float((spreads[1:-1] ** 2).sum())
    ends = float(spreads[0] ** 2 + spreads[-1] ** 2) if len(spreads) > 1 else 0.0
    return math.sqrt(ends + inner)


def of_area(points: NDArray[np.float64], spreads: NDArray[np.float64]) -> float:
    """Standard deviation of an area, m²: each point moves it by half the line between its two
    neighbours (propagation through the surveyor's formula).

    Parameters
    ----------
    points : shape (n, 2 or 3), metres, a ring
    spreads : shape (n,), metres
    """
    across = np.roll(points, -1, axis=0) - np.roll(points, 1, axis=0)
    return float(np.sqrt(((np.linalg.norm(across, axis=1) / 2 * spreads) ** 2).sum()))


def of_angle(points: NDArray[np.float64], spreads: NDArray[np.float64]) -> float:
    """Standard deviation, degrees, of the angle at the second of three points."""
    first = max(float(np.linalg.norm(points[0] - points[1])), 1e-9)
    second = max(float(np.linalg.norm(points[2] - points[1])), 1e-9)
    chord = float(np.linalg.norm(points[2] - points[0]))
    moved = (
        (spreads[0] / first) ** 2
        + (spreads[2] / second) ** 2
        + (spreads[1] * chord / (first * second)) ** 2
    )
    return min(math.degrees(math.sqrt(float(moved))), 180.0)


def digits(spread: float, most: int = MOST_DIGITS) -> int:
    """Decimals whose last one still says something: 0.03 → 2, 0.3 → 1, 3 → 0."""
    if not math.isfinite(spread) or spread >= 1:
        return 0
    if spread <= 0:
        return most
    return min(most, math.ceil(-math.log10(spread) - 1e-9))


def rounded(value: float, spread: float) -> float:
    """`value` without digits that mean nothing: to tens where tens of it are uncertain."""
    if not math.isfinite(spread) or spread < 10:
        return value
    step = 10.0 ** math.floor(math.log10(spread))
    return round(value / step) * step
