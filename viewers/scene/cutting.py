"""The cut of a scene: told to shaders, light and cursor at once, its faces filled when it rests."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from viewers.scene.camera import Camera
from viewers.scene.chunked_mesh import ChunkActor, ChunkedMesh
from viewers.scene.cut import Cut
from viewers.scene.loader import Loader
from viewers.scene.picking import Picker
from viewers.scene.rays import RayWorld
from viewers.scene.section import Facet, earth_area, facets, solid_areas, triangulated
from viewers.scene.stage import Stage, Surface
from viewers.scene.surface_shader import FILLED
from viewers.scene.visual import Rays, Visual

log = logging.getLogger(__name__)
Solids = list[tuple[NDArray[np.float32], NDArray[np.int32], NDArray[np.int32]]]
"""Vertices, triangles and rows of the chunks that a cut goes through."""
WAITING_S = 0.03


def colour_of(kind: str) -> NDArray[np.uint8]:
    """The colour a cut shows such a solid filled with; earth for terrain."""
    return np.asarray(np.rint(np.sqrt(FILLED[kind]) * 255), np.uint8)


class Cutting:
    """Owns the filled faces of what is cut; a worker finds those of the houses."""

    def __init__(self, stage: Stage, loader: Loader, camera: Camera, picker: Picker) -> None:
        self._stage, self._loader = stage, loader
        self._camera, self._picker = camera, picker
        self._material = stage.material("line")
        self._material.whole = True
        self._material.set_cut(None)
        self._earth: Surface | None = None
        self._houses: list[Surface] = []
        self._filled: tuple[object, ...] | None = None

    def set(self, cut: Cut | None) -> bool:
        """Cut this from the next frame on; True where it is another cut."""
        if cut == self._stage.cut:
            return False
        self._stage.set_cut(cut)
        self._clear()
        return True

    def fill(self, visuals: Mapping[str, Visual], *, wait: bool = False) -> None:
        """Fill the faces of earth and houses where they are out of date; of houses when `complete`."""
        cut, bounds = self._stage.cut, self._camera.bounds
        if cut is None or bounds is None:
            return
        solids = {k: v for k, v in visuals.items() if v.visible and v.kind == "building"}
        told = (cut, *((k, getattr(v, "version", 0), _drawn(v)) for k, v in solids.items()))
        if told != self._filled:
            sides = facets(cut)
            if self._filled is None or self._filled[0] != cut:
                self._clear()
                self._fill_earth(cut, sides, bounds)
            self._filled = told
            near = {layer_id: _near(visual, sides) for layer_id, visual in solids.items()}
            self._loader.want(self, ())
            self._loader.ask(self, told, np.inf, lambda _: _faces(near, sides))
        if wait:
            self.complete(np.inf)

    def _fill_earth(self, cut: Cut, sides: list[Facet], bounds: NDArray[np.float64]) -> None:
        if not cut.ground:
            return
        heights = self._picker.ground_heights
        earth = [(side, earth_area(side, bounds, heights)) for side in sides]
        rays = joined([(side, area, 0) for side, area in earth if not area.is_empty])
        if rays is not None:
            self._earth = self._surface(rays, "terrain")

    def complete(self, seconds: float) -> bool:
        """Put the faces of houses that came on the stage; True when none are owed."""
        if seconds > 0 and self._loader.owes(self):
            self._loader.wait(self, 60.0 if np.isinf(seconds) else min(seconds, WAITING_S))
            while (taken := self._loader.take(self)) is not None:
                if taken[0] == self._filled:
                    self._put(taken[1])
        return not self._loader.owes(self)

    def _put(self, found: Any) -> None:
        if isinstance(found, Exception):
            log.warning("The faces of a cut could not be filled: %s", found)
            return
        self._drop_houses()
        self._houses = [self._surface(rays, "building") for rays in found.values()]
        self._picker.faces = RayWorld(found) if found else None

    def _surface(self, rays: Rays, kind: str) -> Surface:
        vertices, triangles, _ = rays
        colours = np.tile(colour_of(kind), (len(triangles), 1))
        surface = Surface(self._stage, vertices, triangles, colours, self._material)
        surface.hide_bounds()
        return surface

    def _drop_houses(self) -> None:
        for surface in self._houses:
            surface.remove()
        self._houses, self._picker.faces = [], None

    def _clear(self) -> None:
        self._loader.forget(self)
        self._drop_houses()
        if self._earth is not None:
            self._earth.remove()
        self._earth, self._filled = None, None

    def close(self) -> None:
        """Take the faces off the stage."""
        self._clear()
        self._stage.release(self._material)


def _drawn(visual: Visual) -> tuple[tuple[int, int], ...]:
    """Which chunks of a layer are drawn, and how finely."""
    return tuple((id(actor), actor.level) for actor in _actors(visual) if actor.level >= 0)


def _actors(visual: Visual) -> list[ChunkActor]:
    """The chunks of a layer of solids."""
    mesh: ChunkedMesh | None = getattr(visual, "mesh", None)
    return [] if mesh is None else list(mesh.chunks.values())


def _near(visual: Visual, sides: list[Facet]) -> Solids:
    """What of a layer is drawn now and crossed by a side; arrays that nobody writes to."""
    found: Solids = []
    for actor in _actors(visual):
        if actor.level < 0:
            continue
        corners = np.array(
            [[x, y, z] for x in (actor.low[0], actor.high[0]) for y in (actor.low[1], actor.high[1])
             for z in (actor.low[2], actor.high[2])]
        )  # fmt: skip
        away = [(corners - side.point) @ side.normal for side in sides]
        if any(one.min() <= 0 <= one.max() for one in away):
            count = int(actor.triangles[actor.level])
            rows = np.asarray(actor.chunk.face_row)[:count]
            found.append((actor.chunk.vertices, actor.corners[:count], rows))
    return found


def _faces(near: Mapping[str, Solids], sides: list[Facet]) -> dict[str, Rays]:
    """The filled faces of each layer; in a worker."""
    found: dict[str, Rays] = {}
    for layer_id, solids in near.items():
        areas = [
            (side, area, row)
            for vertices, triangles, rows in solids
            for side in sides
            for row, area in solid_areas(vertices, triangles, rows, side)
        ]
        rays = joined(areas)
        if rays is not None:
            found[layer_id] = rays
    return found


def joined(areas: list[tuple[Facet, Any, int]]) -> Rays | None:
    """Areas in their sides as one mesh, with the row of each triangle; None where there are none."""
    vertices, triangles, rows, start = [], [], [], 0
    for side, area, row in areas:
        uv, faces = triangulated(area)
        vertices.append(side.space(uv).astype(np.float32))
        triangles.append(faces + np.int32(start))
        rows.append(np.full(len(faces), row, np.int32))
        start += len(uv)
    if not start:
        return None
    return np.concatenate(vertices), np.concatenate(triangles), np.concatenate(rows)
