"""Still water: the level that a lake, a pond or a canal lies at, and the ground under it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import shapely
from numpy.typing import NDArray

from layers.builders.ground import sample
from layers.kinds.elevation import ElevationLayer

EVEN_M = 0.5
"""Ground within an outline that varies by less (10th to 90th percentile) is the water's own surface."""
STILL_M = 1.5
"""A shore that varies by more is a river's: it has no one level."""
RIM_STEPS = 2_000
"""Places along a shore that are looked at, at most."""
MOST_CELLS = 16_000_000
"""A larger ground stays as it is: water lies over it as it can."""


def still_levels(
    geometries: NDArray[np.object_], ground: ElevationLayer | None
) -> NDArray[np.float64]:
    """The height of each water, metres; NaN for rivers, for what is no area, and where the ground is
    not known.

    Where the ground within the outline is even it is the water's surface (a laser does not see
    through it), and its median counts; else it is the bed, and the level is the lowest tenth of
    the shore.
    """
    levels = np.full(len(geometries), np.nan)
    areas = np.flatnonzero(np.isin(shapely.get_type_id(geometries), (3, 6)))
    for row in areas if ground is not None else ():
        assert ground is not None
        levels[row] = _level(geometries[row], ground)
    return levels


def with_water(ground: ElevationLayer, waters: Sequence[NDArray[np.object_]]) -> ElevationLayer:
    """`ground` that nowhere stands through still water: cells within its outline are lowered to its
    level. The very same layer where nothing has to be lowered.

    Parameters
    ----------
    waters : areas in the ground's CRS, of one layer each
    """
    if ground.heights.size > MOST_CELLS:
        return ground
    found: NDArray[np.float32] | None = None
    for geometries in waters:
        levels = still_levels(geometries, ground)
        for row in np.flatnonzero(np.isfinite(levels)).tolist():
            window, inside = _inside(geometries[row], ground)
            heights = ground.heights if found is None else found
            high = inside & (heights[window] > levels[row])
            if high.any():
                if found is None:
                    found = np.array(ground.heights)
                found[window][high] = np.float32(levels[row])
    return ground if found is None else replace(ground, heights=found)


def _level(area: shapely.Geometry, ground: ElevationLayer) -> float:
    window, inside = _inside(area, ground)
    within = ground.heights[window][inside]
    within = within[np.isfinite(within)]
    if not len(within):
        return float("nan")
    low, middle, high = np.percentile(within, (10, 50, 90))
    if high - low <= EVEN_M:
        return float(middle)
    step = max(area.length / RIM_STEPS, min(ground.cell_x, ground.cell_y))
    shore = shapely.get_coordinates(shapely.segmentize(area.boundary, step))
    rim = sample(ground, shore)
    rim = rim[np.isfinite(rim)]
    if not len(rim):
        return float("nan")
    low, high = np.percentile(rim, (10, 90))
    return float(low) if high - low <= STILL_M else float("nan")


def _inside(
    area: shapely.Geometry, ground: ElevationLayer
) -> tuple[tuple[slice, slice], NDArray[np.bool_]]:
    """The window of the grid around `area`, and which of its cells have their middle within."""
    west, south, east, north = area.bounds
    rows, cols = ground.heights.shape
    c0 = int(np.clip(np.floor((west - ground.west) / ground.cell_x), 0, cols))
    c1 = int(np.clip(np.ceil((east - ground.west) / ground.cell_x), c0, cols))
    r0 = int(np.clip(np.floor((ground.north - north) / ground.cell_y), 0, rows))
    r1 = int(np.clip(np.ceil((ground.north - south) / ground.cell_y), r0, rows))
    window = (slice(r0, r1), slice(c0, c1))
    if r1 == r0 or c1 == c0:
        return window, np.zeros((r1 - r0, c1 - c0), bool)
    # Here, for a city without water is drawn without the library that reads rasters.
    from rasterio.features import rasterize
    from rasterio.transform import from_origin

    corner = from_origin(
        ground.west + c0 * ground.cell_x, ground.north - r0 * ground.cell_y,
        ground.cell_x, ground.cell_y,
    )  # fmt: skip
    mask = rasterize([area], out_shape=(r1 - r0, c1 - c0), transform=corner, dtype=np.uint8)
    return window, np.asarray(mask != 0)
