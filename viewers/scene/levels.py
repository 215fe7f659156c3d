"""Before each frame: which chunks are in sight, at which level, and how near and far the eye sees."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from vtkmodules.vtkRenderingCore import vtkCamera

from viewers.scene.budget import choose_levels, in_frustum
from viewers.scene.chunked_mesh import ChunkedMesh
from viewers.scene.stage import HORIZON_M

EDGE_PIXELS = 2.2
"""A metre must be at least this many pixels for outlines to be drawn."""

LOST_PIXELS = 0.5
"""Things smaller than this on the screen are left out even when there is time to draw them."""


def frustum_planes(camera: vtkCamera, aspect: float) -> NDArray[np.float64]:
    """Six planes (6, 4): normal and offset, inside positive."""
    flat = [0.0] * 24
    camera.GetFrustumPlanes(aspect, flat)
    return np.array(flat).reshape(6, 4)


def distances(
    eye: NDArray[np.float64], low: NDArray[np.float64], high: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Metres from the eye to the nearest point of each box."""
    nearest = np.clip(eye, low, high)
    return np.asarray(np.linalg.norm(nearest - eye, axis=1))


def pixels_per_radian(camera: vtkCamera, height: int) -> float:
    """Pixels that one radian covers in the middle of the picture."""
    return float(height / (2 * np.tan(np.radians(camera.GetViewAngle()) / 2)))


def level_of_each(
    error: NDArray[np.float64], pixels_per_metre: NDArray[np.float64], tolerance: float
) -> NDArray[np.int64]:
    """The coarsest level of each chunk (k, levels) that is off by `tolerance` pixels at most."""
    on_screen = error * pixels_per_metre[:, None]
    return np.asarray(np.maximum((on_screen <= tolerance).sum(axis=1) - 1, 0))


def choose(
    meshes: Sequence[ChunkedMesh],
    camera: vtkCamera,
    *,
    aspect: float,
    height: int,
    budget: int | None,
    edges: bool,
    fine: bool,
) -> None:
    """Set the levels of all chunks; `budget` None draws everything in sight that fills a pixel."""
    planes = frustum_planes(camera, aspect)
    eye = np.array(camera.GetPosition())
    scale = pixels_per_radian(camera, height)
    in_sight = [in_frustum(m.low, m.high, planes) for m in meshes]
    away = [distances(eye, m.low, m.high) for m in meshes]
    if camera.GetParallelProjection():
        flat = height / max(2 * camera.GetParallelScale(), 1e-6)
        away = [np.full(len(d), scale / flat) for d in away]
    wanted = sum(int(m.triangles[s, 0].sum()) for m, s in zip(meshes, in_sight, strict=True))
    for mesh, seen, distance in zip(meshes, in_sight, away, strict=True):
        levels = np.full(len(seen), -1, np.int64)
        if budget is None or wanted <= budget:
            on_screen = mesh.error[seen] * (scale / np.maximum(distance[seen], 1.0))[:, None]
            levels[seen] = (on_screen <= LOST_PIXELS).sum(axis=1) - 1
        else:
            share = int(mesh.triangles[seen, 0].sum()) / max(wanted, 1)
            levels[seen] = choose_levels(
                mesh.error[seen],
                mesh.triangles[seen],
                distance[seen],
                pixels_per_radian=scale,
                budget=int(budget * share),
                before=mesh.levels()[seen],
            )
        mesh.show_levels(levels, fine=fine)
        mesh.show_edges(
            seen & (distance < scale / EDGE_PIXELS) if edges else np.zeros(len(seen), bool)
        )


def clip_range(
    camera: vtkCamera, bounds: NDArray[np.float64] | None, ground_z: float
) -> tuple[float, float]:
    """Near and far planes of this frame: far to the horizon, near as far out as can be.

    A near plane at a fifth of the height above the highest thing keeps depth exact: nothing can be
    closer than that from above, and from inside the city half a metre is close enough.
    """
    eye = np.array(camera.GetPosition())
    if camera.GetParallelProjection():
        reach = HORIZON_M / 4
        camera.SetClippingRange(-reach, reach)
        return (-reach, reach)
    if bounds is None:
        free = abs(eye[2] - (0.0 if np.isnan(ground_z) else ground_z))
    else:
        low, high = bounds[0::2], bounds[1::2]
        free = float(np.linalg.norm(np.clip(eye, low, high) - eye))
        if not np.isnan(ground_z):
            free = min(free, abs(eye[2] - ground_z)) if eye[2] > ground_z else free
    near = float(np.clip(free * 0.3, 0.4, 500.0))
    far = HORIZON_M * 1.2
    camera.SetClippingRange(near, far)
    return (near, far)
