"""What lies within a shape on the screen, and what of it rays from the eye meet first; for workers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from layers.progress import Progress
from viewers.i18n import mark
from viewers.scene.cut import Cut
from viewers.scene.projecting import project_by, rays_by, table_of
from viewers.scene.rays import trees_of
from viewers.scene.scene import Scene
from viewers.scene.visual import Rays
from viewers.view_state import Rows

MOST_RAYS = 150_000
FINEST_PIXELS = 2.0
CLEAR_M, CLEAR_SHARE = 0.5, 0.004
"""How far before a place on the ground rays may end: the ground is drawn coarser far away."""
MOST_FACES = 64
"""Faces that were cut away a ray goes through at most."""
PAST_M = 1e-3
LOOKING = mark("Looking for what is seen")
Shape = NDArray[np.float64]
"""Corners (n, 2) of a polygon, pixels from the lower left corner."""
Places = Mapping[str, NDArray[np.float64]]
"""World positions (n, 3) of the rows of layers."""


def within(pixels: NDArray[np.float64], shape: Shape) -> NDArray[np.bool_]:
    """Which pixels (n, 2) lie within a polygon."""
    low, high = shape.min(axis=0), shape.max(axis=0)
    with np.errstate(invalid="ignore"):
        found: NDArray[np.bool_] = ((pixels >= low) & (pixels <= high)).all(axis=1)
    near = np.flatnonzero(found)
    if len(near) and not _is_upright(shape):
        area = shapely.make_valid(shapely.polygons(shape))
        shapely.prepare(area)
        found[near] = shapely.contains_xy(area, pixels[near, 0], pixels[near, 1])
    return found


def _is_upright(shape: Shape) -> bool:
    """Whether the shape is a rectangle along the edges of the screen."""
    step = np.abs(np.roll(shape, -1, axis=0) - shape)
    return len(shape) == 4 and bool((step.min(axis=1) == 0).all())


@dataclass(frozen=True, slots=True, eq=False)
class Sight:
    """What the camera saw at one moment, so that a worker may ask it.

    Attributes
    ----------
    table : float64 (4, 4), scene to clip coordinates
    size : of the window, pixels
    origin : of the scene in the world
    """

    table: NDArray[np.float64]
    size: tuple[int, int]
    origin: NDArray[np.float64]

    @classmethod
    def of(cls, scene: Scene) -> Sight:
        """In the window's thread: what is seen now."""
        size = scene.window.GetSize()
        return cls(table_of(scene.renderer, size), size, np.array(scene.camera.origin, float))

    def project(
        self, places: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Pixels and depth of world positions; see `project_many`."""
        return project_by(self.table, places - self.origin, self.size)

    def rays(self, pixels: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Origins and directions through pixels, scene metres; see `rays_through`."""
        return rays_by(self.table, pixels, self.size)


def seen_within(scene: Scene, shape: Shape) -> Callable[[Rows, Places, Progress], Rows]:
    """A question for a worker: which rows do rays over the shape, and to their places, meet first?

    What the camera sees, and what stands there, is read here, in the window's thread.
    """
    sight, cut, city = Sight.of(scene), scene.picker.cut, scene.city
    visuals = {k: scene.visual(k) for k in (city.layers if city is not None else ())}
    shown = {k: v for k, v in visuals.items() if v is not None and v.visible}
    later = {k: v.rays_later() for k, v in shown.items()}
    ground = {k for k, v in shown.items() if getattr(v, "is_ground", False)}

    def look(rows: Rows, places: Places, progress: Progress) -> Rows:
        solid = {}
        for number, (layer_id, call) in enumerate(later.items()):
            progress.step(0.7 * number / max(len(later), 1), LOOKING)
            solid[layer_id] = call()
        rays = {k: found for k, found in solid.items() if found is not None}
        names = list(rays)
        whole = {
            n for n, k in enumerate(names) if k in ground and cut is not None and not cut.ground
        }
        first = _First(rays, cut, whole)
        aims = {k: _Aim(places[k], sight) for k in rows}
        pixels = np.concatenate([_grid(shape, sight.size), *(aim.pixels for aim in aims.values())])
        progress.step(0.8)
        layer, row, _ = first.of(*sight.rays(pixels[np.isfinite(pixels).all(axis=1)]))
        met: dict[str, NDArray[np.int64]] = {}
        for number, layer_id in enumerate(names):
            if layer_id in aims:
                met[layer_id] = np.intersect1d(row[layer == number], rows[layer_id])
        for layer_id in aims.keys() - rays.keys():
            met[layer_id] = rows[layer_id][aims[layer_id].in_sight(first)]
        return Rows(met)

    return look


class _First:
    """What rays meet first of what is left; `whole` are numbers of layers that are not cut."""

    def __init__(self, rays: Mapping[str, Rays], cut: Cut | None, whole: set[int]) -> None:
        self._trees = trees_of(rays, rays)
        number = {name: n for n, name in enumerate(rays)}
        self._layers = [np.array([number[name] for name in tree.names]) for tree in self._trees]
        self._cut, self._whole = cut, whole

    def of(
        self, origins: NDArray[np.float64], directions: NDArray[np.float64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
        """Number of the layer (−1 for none), row and distance of what each ray meets first."""
        layer, row, away = self._met(origins, directions)
        if self._cut is None:
            return layer, row, away
        going = self._lost(layer, origins, directions, away)
        for _ in range(MOST_FACES):
            if not len(going):
                break
            start = origins[going] + (away[going, None] + PAST_M) * directions[going]
            there, on, further = self._met(start, directions[going])
            layer[going], row[going] = there, on
            away[going] += PAST_M + further
            going = going[self._lost(there, start, directions[going], further)]
        layer[going] = -1
        return layer, row, away

    def _met(
        self, origins: NDArray[np.float64], directions: NDArray[np.float64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
        count = len(origins)
        layer, row = np.full(count, -1, np.int64), np.full(count, -1, np.int64)
        away = np.full(count, np.inf)
        for tree, layers in zip(self._trees, self._layers, strict=True):
            geometry, on, far, _ = tree.first(origins, directions)
            nearer = np.flatnonzero(far < away)
            layer[nearer] = layers[geometry[nearer]]
            row[nearer], away[nearer] = on[nearer], far[nearer]
        return layer, row, away

    def _lost(
        self,
        layer: NDArray[np.int64],
        origins: NDArray[np.float64],
        directions: NDArray[np.float64],
        away: NDArray[np.float64],
    ) -> NDArray[np.int64]:
        """Rays that met what is cut away."""
        assert self._cut is not None
        met = np.flatnonzero((layer >= 0) & ~np.isin(layer, list(self._whole)))
        return met[~self._cut.keeps(origins[met] + away[met, None] * directions[met])]


class _Aim:
    """Rays to places (n, 3) of the world."""

    def __init__(self, places: NDArray[np.float64], sight: Sight) -> None:
        self.pixels, depth = sight.project(places)
        self._origins, self._along = sight.rays(self.pixels)
        local = places - sight.origin
        self._reach = np.einsum("ij,ij->i", local - self._origins, self._along)
        self._ahead = (depth > 0) & np.isfinite(self._reach)

    def in_sight(self, first: _First) -> NDArray[np.bool_]:
        """Which of them nothing solid stands before."""
        origins, along = np.nan_to_num(self._origins), np.nan_to_num(self._along, nan=1.0)
        _, _, away = first.of(origins, along)
        with np.errstate(invalid="ignore"):
            clear = away > self._reach - CLEAR_M - CLEAR_SHARE * self._reach
        seen: NDArray[np.bool_] = self._ahead & clear
        return seen


def _grid(shape: Shape, size: tuple[int, int]) -> NDArray[np.float64]:
    """Pixels within a shape, every few of them."""
    low = np.maximum(shape.min(axis=0), 0)
    high = np.minimum(shape.max(axis=0), np.array(size) - 1.0)
    if (high <= low).any():
        return np.empty((0, 2))
    step = max(FINEST_PIXELS, float(np.sqrt(np.prod(high - low) / MOST_RAYS)))
    axes = [np.arange(a, b, step) for a, b in zip(low, high, strict=True)]
    pixels = np.stack(np.meshgrid(*axes), -1).reshape(-1, 2)
    return pixels[within(pixels, shape)]
