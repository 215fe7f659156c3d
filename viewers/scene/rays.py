"""Rays over what stands in the scene: for picking, and for the maps of shadow and open sky."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from embreex.rtcore_scene import EmbreeScene
from numpy.typing import NDArray

from viewers.scene.cut import Cut
from viewers.scene.packing import Code, coded_pair
from viewers.scene.shadow import (
    Box,
    Parts,
    ShadowMap,
    cast_depth,
    in_pieces,
    in_trees,
    ray_scene,
    sky_map,
)
from viewers.scene.visual import Rays


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Hit:
    """What a ray met first: `layer`, `row` of the layer, scene position, distance, normal."""

    layer: str
    row: int
    where: NDArray[np.float64]
    distance: float
    normal: NDArray[np.float64]


class Tree:
    """Pieces of layers in one Embree scene."""

    def __init__(self, pieces: Sequence[tuple[str, Rays]]) -> None:
        self.names = [name for name, _ in pieces]
        """The layer of each geometry."""
        self._rows = np.concatenate([rows for _, (_, _, rows) in pieces])
        sizes = [len(triangles) for _, (_, triangles, _) in pieces]
        self._first_face = np.cumsum([0, *sizes[:-1]])
        self.scene: EmbreeScene = ray_scene([piece[:2] for _, piece in pieces])

    def first(
        self, origins: NDArray[np.float64], directions: NDArray[np.float64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
        """Geometry (−1 for none), row of its layer, distance and normal of what each ray meets first."""
        found = self.scene.run(
            origins.astype(np.float32), directions.astype(np.float32),
            query="INTERSECT", output=True,
        )  # fmt: skip
        geometry, face = (np.asarray(found[k]).astype(np.int64) for k in ("geomID", "primID"))
        met = (geometry >= 0) & (geometry < len(self.names)) & (face >= 0)
        rows = np.full(len(origins), -1, np.int64)
        rows[met] = self._rows[self._first_face[geometry[met]] + face[met]]
        away = np.where(met, np.asarray(found["tfar"], float), np.inf)
        return np.where(met, geometry, -1), rows, away, np.asarray(found["Ng"], float)


def trees_of(rays: Mapping[str, Rays], names: Iterable[str]) -> list[Tree]:
    """Layers in Embree scenes, each built quickly enough that the window does not wait for it."""
    pieces = [(name, piece) for name in names for piece in _row_pieces(rays[name])]
    runs = in_trees([len(triangles) for _, (_, triangles, _) in pieces])
    return [Tree(pieces[run.start : run.stop]) for run in runs]


def _row_pieces(rays: Rays) -> Iterator[Rays]:
    """Triangles with their rows in pieces that each get one geometry id; see `ray_scene`."""
    start = 0
    for vertices, triangles in in_pieces(*rays[:2]):
        end = start + len(triangles)
        yield vertices, triangles, rays[2][start:end]
        start = end


class _Group:
    """Layers that a cut treats alike."""

    def __init__(self, names: list[str], rays: Mapping[str, Rays]) -> None:
        self.names = names
        self.trees = trees_of(rays, names)

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
        best: Hit | None = None
        start = (origin + low * direction).reshape(1, 3)
        for tree in self.trees:
            geometry, row, away, across = tree.first(start, direction.reshape(1, 3))
            distance = low + float(away[0])
            if geometry[0] < 0 or distance > high:
                continue
            if best is None or distance < best.distance:
                best = Hit(
                    layer=tree.names[geometry[0]],
                    row=int(row[0]),
                    where=origin + distance * direction,
                    distance=distance,
                    normal=across[0] / max(float(np.linalg.norm(across[0])), 1e-12),
                )
        return best


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
        return [(tree.scene, self._cut_for(one, cut)) for one in self._groups for tree in one.trees]

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
