"""How wide points are drawn: as far apart as they stand, so that what is near closes into a surface."""

from __future__ import annotations

from typing import Any

from vtkmodules.vtkRenderingCore import vtkRenderWindow

from layers.kinds.layer import Bounds
from viewers.scene.eye import Eye
from viewers.scene.material import Material

STILL, MOVING = (2.0, 14.0), (1.0, 3.0)
"""Pixels; points wider than one cost software GL several times as much."""
_PROGRAM_POINT_SIZE = 0x8642
"""OpenGL 3.2: each corner says in the shader how wide its point is."""


def gap_of(bounds: Bounds, total: int) -> float:
    """Metres between neighbours of a cloud of `total` points over `bounds`, seen from above."""
    area = (bounds[2] - bounds[0]) * (bounds[3] - bounds[1])
    return float(max(area / max(total, 1), 1e-6) ** 0.5)


def set_sizes(
    material: Material,
    window: vtkRenderWindow,
    eye: Eye,
    *,
    gap: float,
    apart: float,
    given: float = 0.0,
) -> None:
    """Set how wide the coming frame draws the points that wear `material`.

    Parameters
    ----------
    gap
        Metres between neighbours where all points of the cloud are drawn.
    apart
        Pixels between neighbours, where the frame draws some of them.
    given
        Pixels that the user wants; 0 for as many as are needed.
    """
    drawn_by: Any = window  # OpenGL's window; its state is not told of in the stubs
    drawn_by.GetState().vtkglEnable(_PROGRAM_POINT_SIZE)
    least, most = MOVING if eye.moving else STILL
    least = min(max(least, apart), most)
    if given:
        least = most = given
    if eye.parallel:
        least = most = min(max(least, gap * eye.parallel), most)
    # A little wider than the gap: points stand at random, not on a grid.
    material.set_point_size(1.3 * gap * eye.pixels_per_radian, least, most)
