"""Ground told from what stands on it, by shape alone."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from layers.builders.fill import fill_grid

WINDOW_M = 18.0
SLOPE = 0.15
SCALE = 1.25
"""Defaults of Pingel, Clarke & McBride (2013), table 3: optimised over the ISPRS samples."""
_WIDEST_M = 40.0


def ground_surface(
    lowest: NDArray[np.float32],
    *,
    cell: float,
    near: float,
    window: float = WINDOW_M,
    slope: float = SLOPE,
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The bare ground under a grid of lowest heights: simple morphological filter, SMRF.

    The grid is opened with windows that grow to `window`; what sinks by more than `slope` × window
    stood on the ground. Square windows instead of the paper's discs: the filter then costs the same
    at every size. Reference: T. J. Pingel, K. C. Clarke, W. A. McBride, "An improved simple
    morphological filter for the terrain classification of airborne LIDAR data", ISPRS J. 77
    (2013) 21–30.

    Parameters
    ----------
    lowest : float32, shape (rows, cols), metres, NaN where there are no points
    cell : metres
    near : metres a point may lie from level ground and still be ground
    window : metres, half the side of the largest thing that stands on the ground
    slope : steepest ground, metres per metre

    Returns
    -------
    surface : float32, same shape: the bare ground, without gaps
    allowed : float32, same shape: how far from it a point may be, more on slopes
    """
    surface = fill_grid(lowest)
    pit = ndimage.grey_closing(surface, size=(3, 3)) - surface > 5 * cell
    surface = fill_grid(np.where(pit, np.nan, surface).astype(np.float32))
    last, stands = surface, np.zeros(surface.shape, dtype=bool)
    most = max(1, round(min(window, _WIDEST_M) / cell))
    for radius in range(1, most + 1):
        opened = _opened(last, 2 * radius + 1)
        stands |= last - opened > slope * radius * cell
        last = opened
    bare = fill_grid(np.where(stands | np.isnan(lowest), np.nan, surface).astype(np.float32))
    if min(bare.shape) < 2:
        return bare, np.full_like(bare, near)
    down, across = np.gradient(bare, cell)
    return bare, (near + SCALE * np.hypot(down, across)).astype(np.float32)


def _opened(grid: NDArray[np.float32], size: int) -> NDArray[np.float32]:
    lowered = ndimage.minimum_filter(grid, size=size, mode="nearest")
    opened: NDArray[np.float32] = ndimage.maximum_filter(lowered, size=size, mode="nearest")
    return opened
