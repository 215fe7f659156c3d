"""Where a frame is looked at from, as visuals need it to choose what they draw."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from vtkmodules.vtkRenderingCore import vtkCamera

from viewers.scene.budget import in_frustum


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Eye:
    """The camera of one frame, scene metres.

    Attributes
    ----------
    position, direction : float64 (3,); the second is a unit vector into the picture
    planes : float64 (6, 4), normal and offset of the frustum, inside positive
    pixels_per_radian : in the middle of the picture
    parallel : pixels a metre for an orthographic picture, 0 for one in perspective
    size : width and height of the picture, pixels
    moving : whether something moves, so that nothing may be waited for
    fine, edges : whether surfaces are lit finely, and outlined
    triangles, points : what all visuals together may draw in this frame; None for everything that
        can be seen, up to `most` triangles
    """

    position: NDArray[np.float64]
    direction: NDArray[np.float64]
    planes: NDArray[np.float64]
    pixels_per_radian: float
    parallel: float
    size: tuple[int, int]
    moving: bool
    fine: bool
    edges: bool
    triangles: int | None
    points: int | None
    most: int = 2_500_000

    def sees(self, low: NDArray[np.float64], high: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Which boxes (n, 3 low and high corners) are in sight."""
        return in_frustum(low, high, self.planes)

    def pixels_per_metre(
        self, low: NDArray[np.float64], high: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Pixels that a metre covers at the nearest part of each box (n,)."""
        if self.parallel:
            return np.full(len(low), self.parallel)
        nearest = np.clip(self.position, low, high)
        away = np.linalg.norm(nearest - self.position, axis=1)
        return np.asarray(self.pixels_per_radian / np.maximum(away, 1.0))


def eye_of(
    camera: vtkCamera,
    size: tuple[int, int],
    *,
    moving: bool,
    fine: bool = False,
    edges: bool = False,
    triangles: int | None,
    points: int | None,
    most: int = 2_500_000,
) -> Eye:
    """The eye of `camera` for a picture of `size` pixels."""
    width, height = size
    flat = [0.0] * 24
    camera.GetFrustumPlanes(width / max(height, 1), flat)
    parallel = 0.0
    if camera.GetParallelProjection():
        parallel = height / max(2 * camera.GetParallelScale(), 1e-6)
    return Eye(
        position=np.array(camera.GetPosition()),
        direction=np.array(camera.GetDirectionOfProjection()),
        planes=np.array(flat).reshape(6, 4),
        pixels_per_radian=float(height / (2 * np.tan(np.radians(camera.GetViewAngle()) / 2))),
        parallel=parallel,
        size=size,
        moving=moving,
        fine=fine,
        edges=edges,
        triangles=triangles,
        points=points,
        most=most,
    )
