"""Rays over what stands in the scene: for picking, and for the maps of shadow and open sky."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

import numpy as np
from embreex.rtcore_scene import EmbreeScene
from numpy.typing import NDArray

from viewers.scene.cut import Cut
from viewers.scene.packing import Code, coded_pair
from viewers.scene.shadow import Box, Parts, ShadowMap, cast_depth, ray_scene, sky_map
from viewers.scene.visual import Rays


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Hit:
    """What a ray met first: `layer`, `row` of the layer, scene position, distance, normal."""

    layer: str
    row: int
    where: NDArray[np.float64]
    distance: float
    normal: NDArray[np.float64]


class _Group:
    """Layers that a cut treats alike, in one Embree scene."""

    def __init__(self, names: list[str], rays: Mapping[str, Rays]) -> None:
        self.names = names
        self._rows = [rays[name][2] for name in names]
        self.scene: EmbreeScene = ray_scene([rays[name][:2] for name in names])

    def first(
        self, origin: NDArray[np.float64], direction: NDArray[np.float64], cut: Cut | None
    ) -> Hit | None:
        if cut is None:
            return self._met(origin, direction, 0.0, np.inf)
        for low, high in cut.spans(origin[None], direction[None]):
            if low[0] < high[0]:
                hit = self._met(origin, direction, float(low[0]), float(high[0]))
                if hit is not None:
                    return hit
        return None

    def _met(
        self, origin: NDArray[np.float64], direction: NDArray[np.float64], low: float, high: float
    ) -> Hit | None:
        found = self.scene.run(
            (origin + low * direction).astype(np.float32).reshape(1, 3),
            direction.astype(np.float32).reshape(1, 3),
            query="INTERSECT",
            output=True,
        )
        geometry, primitive = int(found["geomID"][0]), int(found["primID"][0])
        distance = low + float(found["tfar"][0])
        if geometry < 0 or geometry >= len(self.names) or primitive < 0 or distance > high:
            return None
        normal = np.asarray(found["Ng"][0], float)
        normal /= max(float(np.linalg.norm(normal)), 1e-12)
        return Hit(
            layer=self.names[geometry],
            row=int(self._rows[geometry][primitive]),
            where=origin + distance * direction,
            distance=distance,
            normal=normal,
        )


class RayWorld:
    """Triangles of some layers in Embree scenes; frozen, safe in any thread.

    `ground` names the layers that are ground: a cut may leave them whole.
    """

    def __init__(self, rays: Mapping[str, Rays], *, ground: Collection[str] = ()) -> None:
        names = [n for n in rays if n not in ground], [n for n in rays if n in ground]
        self._groups = [_Group(group, rays) for group in names if group]
        self._ground = frozenset(ground)
        self.empty = not rays
        lows = [one[0].min(axis=0) for one in rays.values()]
        highs = [one[0].max(axis=0) for one in rays.values()]
        self.low = np.min(lows, axis=0).astype(float) if lows else np.zeros(3)
        self.high = np.max(highs, axis=0).astype(float) if highs else np.zeros(3)

    def parts(self, cut: Cut | None = None) -> Parts:
        """The scenes, each with what `cut` takes from it."""
        return [(group.scene, self._cut_for(group, cut)) for group in self._groups]

    def _cut_for(self, group: _Group, cut: Cut | None) -> Cut | None:
        whole = cut is not None and not cut.ground and group.names[0] in self._ground
        return None if whole else cut

    def first(
        self, origin: NDArray[np.float64], direction: NDArray[np.float64], cut: Cut | None = None
    ) -> Hit | None:
        """The first triangle that a ray meets in what `cut` leaves."""
        hits = [
            group.first(
                np.asarray(origin, float), np.asarray(direction, float), self._cut_for(group, cut)
            )
            for group in self._groups
        ]
        return min(
            (hit for hit in hits if hit is not None), key=lambda hit: hit.distance, default=None
        )

    def box(self) -> Box:
        """Bounds of everything."""
        (a, b, c), (d, e, f) = self.low.tolist(), self.high.tolist()
        return (a, d, b, e, c, f)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LightMaps:
    """Shadow maps of one sun and the open-sky map of one set of solids.

    `world` is what they were cast over, `cut` what was taken from it, `of` says for what they hold.
    """

    world: RayWorld
    of: tuple[object, ...]
    area: tuple[float, float, float]
    near: ShadowMap
    far: ShadowMap
    sky: NDArray[np.float32]
    sky_scale: tuple[float, float]
    sky_shift: tuple[float, float]
    cut: Cut | None = None
    sky_code: Code = field(init=False)
    """The open sky as the graphics card gets it."""

    def __post_init__(self) -> None:
        # Here, and so by the worker that cast it: it takes a while.
        object.__setattr__(self, "sky_code", coded_pair(self.sky))


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
    cut: Cut | None = None,
) -> LightMaps:
    """Maps for a view of `radius` metres around `middle`; parts of `before` that hold are kept.

    What is cut away throws no shadow and hides no sky.
    """
    parts = world.parts(cut)
    near_box = around(world, middle, radius)
    if near_box[0] >= near_box[1] or near_box[2] >= near_box[3]:
        near_box = world.box()
    near = cast_depth(parts, sun, near_box, size)
    if before is not None and before.world is world and before.cut == cut:
        sky, scale, shift = before.sky, before.sky_scale, before.sky_shift
        far = before.far if same_sun else cast_depth(parts, sun, world.box(), size)
    else:
        sky, scale, shift = sky_map(parts, world.box(), floor=floor)
        far = cast_depth(parts, sun, world.box(), size)
    return LightMaps(
        world=world,
        of=of,
        area=(float(middle[0]), float(middle[1]), radius),
        near=near,
        far=far,
        sky=sky,
        sky_scale=scale,
        sky_shift=shift,
        cut=cut,
    )
