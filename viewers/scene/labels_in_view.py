"""Labels of a scene's layers chosen for the coming frame: the same in the window and in pictures."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from viewers.scene.labels import LabelStage
from viewers.scene.scene import Scene
from viewers.scene.shadow import nearest

BEHIND_M, BEHIND = 4.0, 0.01
"""A place is covered by what stands so much before it: metres, and share of its distance."""
ABOVE_M = 8.0
"""A place counts as seen while what is so high above it is seen: over bushes, through small trees."""


def look(stage: LabelStage, scene: Scene) -> None:
    """Choose and draw the labels of the frame that `scene` is about to draw."""
    camera = scene.renderer.GetActiveCamera()
    size = scene.camera.size_of(scene.renderer)
    parallel = 0.0
    if camera.GetParallelProjection():
        parallel = size[1] / max(2 * camera.GetParallelScale(), 1e-6)
    stage.look(
        scene.renderer,
        size,
        moving=scene.moving,
        pixels_per_radian=float(size[1] / (2 * np.tan(np.radians(camera.GetViewAngle()) / 2))),
        parallel=parallel,
        frozen=scene.camera.in_parts,
        covered=None if scene.moving else _covered(scene),
    )


def _covered(scene: Scene) -> Callable[[NDArray[np.float64]], NDArray[np.bool_]] | None:
    """Which places something stands before, by rays over what throws shadows."""
    world = scene.light.world
    if world is None:
        return None
    camera = scene.renderer.GetActiveCamera()
    eye = np.array(camera.GetPosition())
    ahead = np.array(camera.GetDirectionOfProjection())
    flat = bool(camera.GetParallelProjection())

    def covered(where: NDArray[np.float64]) -> NDArray[np.bool_]:
        where = where + np.array([0.0, 0.0, ABOVE_M])
        way = where - eye
        if flat:
            way = np.outer(way @ ahead, ahead)
        distance = np.linalg.norm(way, axis=1)
        direction = (way / np.maximum(distance, 1e-6)[:, None]).astype(np.float32)
        start = (where - way).astype(np.float32)
        first = nearest(world.parts(scene.light.cut), start, direction)
        behind: NDArray[np.bool_] = first < distance - np.maximum(BEHIND_M, BEHIND * distance)
        return behind

    return covered
