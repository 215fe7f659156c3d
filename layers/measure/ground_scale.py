"""How much longer the ground is than the map: the projection's scale and the height above it."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from pyproj import CRS, Proj

from layers.crs import horizontal, transformer


def grid_factor(crs: str, x: float, y: float, height: float = 0.0) -> float:
    """Length on the map for one metre on the ground at (x, y) and `height` above the ellipsoid.

    The projection's scale (the root of its areal scale, exact for conformal ones) times R/(R+h)
    with the mean radius of curvature R (IOGP 373-7-2, 2019, part 2; Torge 2001, *Geodesy*, 6.2).
    A height above the sea may stand in: 30 m between the two change it by 5 in a million.
    1 where the map has no scale there.
    """
    flat = CRS.from_user_input(horizontal(crs))
    if not flat.is_projected or flat.geodetic_crs is None:
        return 1.0
    lon, lat = transformer(crs, str(flat.geodetic_crs.to_wkt())).transform(x, y)
    if not (math.isfinite(lon) and math.isfinite(lat)):
        return 1.0
    scale = math.sqrt(Proj(flat).get_factors(lon, lat).areal_scale)
    return scale * _lower(flat, lat, height)


def _lower(flat: CRS, lat: float, height: float) -> float:
    shape = flat.ellipsoid
    if shape is None or not math.isfinite(height):
        return 1.0
    a, b = shape.semi_major_metre, shape.semi_minor_metre
    e2 = 1 - (b / a) ** 2
    w = 1 - e2 * math.sin(math.radians(lat)) ** 2
    radius = a * math.sqrt(1 - e2) / w
    return radius / (radius + height)


def ground_lengths(crs: str, points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Level lengths on the ground, metres, of a line's segments.

    Parameters
    ----------
    points : float64, shape (n, 3), metres in `crs`
    """
    step = np.diff(points, axis=0)
    middle = (points[:-1] + points[1:]) / 2
    factor = [grid_factor(crs, *(float(v) for v in place)) for place in middle]
    found: NDArray[np.float64] = np.hypot(step[:, 0], step[:, 1]) / np.array(factor)
    return found
