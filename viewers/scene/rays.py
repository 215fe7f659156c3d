"""Rays over what stands in the scene: for picking, and for the maps of shadow and open sky."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from embreex.rtcore_scene import EmbreeScene
from numpy.typing import NDArray

from viewers.scene.shadow import Box, ShadowMap, cast_depth, ray_scene, sky_map
from viewers.scene.visual import Rays


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Hit:
    """What a ray met first: `layer`, `row` of the layer, scene position, distance, normal."""

    layer: str
    row: int
    where: NDArray[np.float64]
    distance: float
    normal: NDArray[np.float64]


class RayWorld:
    """Triangles of some layers in one Embree scene; frozen, safe in any thread."""

    def __init__(self, rays: Mapping[str, Rays]) -> None:
        self.names = tuple(rays)
        self._rows = [rays[name][2] for name in self.names]
        self._scene: EmbreeScene = ray_scene([rays[name][:2] for name in self.names])
        self.empty = not self.names
        lows = [rays[name][0].min(axis=0) for name in self.names]
        highs = [rays[name][0].max(axis=0) for name in self.names]
        self.low = np.min(lows, axis=0).astype(float) if lows else np.zeros(3)
        self.high = np.max(highs, axis=0).astype(float) if highs else np.zeros(3)

    def first(self, origin: NDArray[np.float64], direction: NDArray[np.float64]) -> Hit | None:
        """The first triangle a ray meets."""
        if self.empty:
            return None
        found = self._scene.run(
            np.asarray(origin, np.float32).reshape(1, 3),
            np.asarray(direction, np.float32).reshape(1, 3),
            query="INTERSECT",
            output=True,
        )
        geometry, primitive = int(found["geomID"][0]), int(found["primID"][0])
        if geometry < 0 or geometry >= len(self.names) or primitive < 0:
            return None
        distance = float(found["tfar"][0])
        normal = np.asarray(found["Ng"][0], float)
        normal /= max(float(np.linalg.norm(normal)), 1e-12)
        return Hit(
            layer=self.names[geometry],
            row=int(self._rows[geometry][primitive]),
            where=np.asarray(origin, float) + distance * np.asarray(direction, float),
            distance=distance,
            normal=normal,
        )

    def box(self) -> Box:
        """Bounds of everything."""
        (a, b, c), (d, e, f) = self.low.tolist(), self.high.tolist()
        return (a, d, b, e, c, f)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LightMaps:
    """Shadow maps of one sun and the open-sky map of one set of solids.

    `world` is what they were cast over, `of` says for what they hold.
    """

    world: RayWorld
    of: tuple[object, ...]
    area: tuple[float, float, float]
    near: ShadowMap
    far: ShadowMap
    sky: NDArray[np.float32]
    sky_scale: tuple[float, float]
    sky_shift: tuple[float, float]


def around(world: RayWorld, middle: NDArray[np.float64], radius: float) -> Box:
    """The part of the world within `radius` of `middle`, full height."""
    whole = world.box()
    return (
        max(whole[0], middle[0] - radius),
        min(whole[1], middle[0] + radius),
        max(whole[2], middle[1] - radius),
        min(whole[3], middle[1] + radius),
        whole[4],
        whole[5],
    )


def light_maps(
    world: RayWorld,
    sun: NDArray[np.float64],
    middle: NDArray[np.float64],
    radius: float,
    *,
    of: tuple[object, ...] = (),
    size: int = 2048,
    floor: float | None = None,
    before: LightMaps | None = None,
    same_sun: bool = False,
) -> LightMaps:
    """Maps for a view of `radius` metres around `middle`; parts of `before` that hold are kept."""
    near_box = around(world, middle, radius)
    if near_box[0] >= near_box[1] or near_box[2] >= near_box[3]:
        near_box = world.box()
    near = cast_depth(world._scene, sun, near_box, size)
    if before is not None and before.world is world:
        sky, scale, shift = before.sky, before.sky_scale, before.sky_shift
        far = before.far if same_sun else cast_depth(world._scene, sun, world.box(), size)
    else:
        sky, scale, shift = sky_map(world._scene, world.box(), floor=floor)
        far = cast_depth(world._scene, sun, world.box(), size)
    return LightMaps(
        world=world,
        of=of,
        area=(float(middle[0]), float(middle[1]), radius),
        near=near,
        far=far,
        sky=sky,
        sky_scale=scale,
        sky_shift=shift,
    )
