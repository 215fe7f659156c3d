"""Many places on the screen at once."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def project_many(
    places: NDArray[np.float64], renderer: Any, size: tuple[int, int]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Pixels of scene positions (n, 3) from the lower left corner, as `Camera.project` counts them.

    Returns
    -------
    pixels : float64 (n, 2); NaN behind the eye
    depth : float64 (n,), metres before the eye along the gaze; 1 in parallel projection
    """
    return project_by(table_of(renderer, size), places, size)


def project_by(
    table: NDArray[np.float64], places: NDArray[np.float64], size: tuple[int, int]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """As `project_many`, from what `table_of` said earlier: for a worker."""
    clip = np.asarray(places, np.float64) @ table[:, :3].T + table[:, 3]
    depth = clip[:, 3]
    with np.errstate(divide="ignore", invalid="ignore"):
        flat = np.where(depth[:, None] > 0, clip[:, :2] / depth[:, None], np.nan)
    return (flat + 1) / 2 * np.array(size, float) - 0.5, depth


def rays_through(
    pixels: NDArray[np.float64], renderer: Any, size: tuple[int, int]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Origins (n, 3) and unit directions (n, 3) of the rays through pixels, scene metres."""
    return rays_by(table_of(renderer, size), pixels, size)


def rays_by(
    table: NDArray[np.float64], pixels: NDArray[np.float64], size: tuple[int, int]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """As `rays_through`, from what `table_of` said earlier: for a worker."""
    flat = (pixels + 0.5) / np.array(size, float) * 2 - 1
    back = np.linalg.inv(table)
    ends = []
    for depth in (-1.0, 1.0):
        clip = np.column_stack([flat, np.full(len(flat), depth), np.ones(len(flat))]) @ back.T
        ends.append(clip[:, :3] / clip[:, 3:])
    along = ends[1] - ends[0]
    return ends[0], along / np.linalg.norm(along, axis=1, keepdims=True)


def table_of(renderer: Any, size: tuple[int, int]) -> NDArray[np.float64]:
    """World to clip coordinates, (4, 4)."""
    aspect = size[0] / max(size[1], 1)
    matrix = renderer.GetActiveCamera().GetCompositeProjectionTransformMatrix(aspect, -1, 1)
    return np.array([[matrix.GetElement(i, j) for j in range(4)] for i in range(4)])
