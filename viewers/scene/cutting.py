"""The cut of a scene: told to shaders, light and cursor at once, its faces filled when it rests."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from viewers.scene.chunked_mesh import ChunkActor, ChunkedMesh
from viewers.scene.cut import Cut
from viewers.scene.material import FILLED
from viewers.scene.rays import RayWorld
from viewers.scene.section import Facet, earth_area, facets, solid_areas, triangulated
from viewers.scene.stage import Stage, Surface
from viewers.scene.visual import Rays, Visual

Heights = Callable[[NDArray[np.float64]], NDArray[np.float64]]


def colour_of(kind: str) -> NDArray[np.uint8]:
    """The colour a cut shows such a solid filled with; earth for terrain."""
    return np.asarray(np.rint(np.sqrt(FILLED[kind]) * 255), np.uint8)


class Cutting:
    """Owns the filled faces of what is cut."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._material = stage.material("line")
        self._material.whole = True
        self._material.set_cut(None)
        self._surfaces: list[Surface] = []
        self._filled: tuple[object, ...] | None = None
        self.world: RayWorld | None = None
        """The faces as the cursor meets them, each with its layer and row."""

    @property
    def cut(self) -> Cut | None:
        """What is cut away now."""
        return self._stage.cut

    def set(self, cut: Cut | None) -> bool:
        """Cut this from the next frame on; True where it is another cut."""
        if cut == self._stage.cut:
            return False
        self._stage.set_cut(cut)
        self._clear()
        return True

    def fill(
        self, visuals: Mapping[str, Visual], bounds: NDArray[np.float64] | None, heights: Heights
    ) -> bool:
        """Fill the faces of solids and earth, where that is out of date; True where it was."""
        cut = self._stage.cut
        if cut is None or bounds is None:
            return False
        solids = {k: v for k, v in visuals.items() if v.visible and v.kind == "building"}
        told = (cut, *((k, getattr(v, "version", 0), _drawn(v)) for k, v in solids.items()))
        if told == self._filled:
            return False
        self._clear()
        self._filled = told
        sides = facets(cut)
        found: dict[str, Rays] = {}
        for layer_id, visual in solids.items():
            rays = _faces(visual, sides)
            if rays is not None:
                found[layer_id] = rays
                self._put(rays, "building")
        self.world = RayWorld(found) if found else None
        if cut.ground:
            earth = [(side, earth_area(side, bounds, heights)) for side in sides]
            rays = _joined([(side, area, 0) for side, area in earth if not area.is_empty])
            if rays is not None:
                self._put(rays, "terrain")
        return True

    def _put(self, rays: Rays, kind: str) -> None:
        vertices, triangles, _ = rays
        colours = np.tile(colour_of(kind), (len(triangles), 1))
        surface = Surface(self._stage, vertices, triangles, colours, self._material)
        surface.hide_bounds()
        self._surfaces.append(surface)

    def _clear(self) -> None:
        for surface in self._surfaces:
            surface.remove()
        self._surfaces, self._filled, self.world = [], None, None

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


def _faces(visual: Visual, sides: list[Facet]) -> Rays | None:
    """The filled faces of one layer of solids."""
    areas = []
    for actor in _actors(visual):
        if actor.level < 0:
            continue
        chunk, count = actor.chunk, int(actor.triangles[actor.level])
        corners = np.array(
            [[x, y, z] for x in (actor.low[0], actor.high[0]) for y in (actor.low[1], actor.high[1])
             for z in (actor.low[2], actor.high[2])]
        )  # fmt: skip
        for side in sides:
            away = (corners - side.point) @ side.normal
            if away.min() > 0 or away.max() < 0:
                continue
            rows, faces = np.asarray(chunk.face_row)[:count], actor.corners[:count]
            for row, area in solid_areas(chunk.vertices, faces, rows, side):
                areas.append((side, area, row))
    return _joined(areas)


def _joined(areas: list[tuple[Facet, object, int]]) -> Rays | None:
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
