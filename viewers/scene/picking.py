"""What is under the cursor: a ray over solids, terrain and trees; points and features near its end."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from layers.frame import Frame
from viewers.scene.cut import Cut
from viewers.scene.rays import Hit, RayWorld
from viewers.scene.visual import Visual
from viewers.view_state import Picked

Vector = NDArray[np.float64]
NEAR_PIXELS, CONE = 4.0, float(np.tan(np.radians(0.25)))
"""How near a point must be to the cursor, and by how much the cone of a picking ray widens."""


class Picker:
    """Owns the rays' world; it is built at the first question after something changed."""

    def __init__(self) -> None:
        self.plain_z = 0.0
        self.cut: Cut | None = None
        """What is cut away, and so not met."""
        self.see_through = False
        """Whether the cursor goes through the ground to what lies in it."""
        self.pixel_m = 0.0
        """Metres that a pixel covers where there is no perspective, else 0."""
        self.faces: RayWorld | None = None
        """The filled faces of the cut."""
        self._visuals: dict[str, Visual] = {}
        self._frame: Frame | None = None
        self._worlds: dict[str, tuple[object, RayWorld]] = {}

    def set_visuals(self, visuals: Mapping[str, Visual], frame: Frame | None) -> None:
        """What can be hit from now on; layers that did not change keep their tree."""
        self._visuals = dict(visuals)
        self._frame = frame
        self._worlds = {k: v for k, v in self._worlds.items() if k in visuals}

    def _world(self, layer_id: str) -> RayWorld | None:
        visual = self._visuals[layer_id]
        state = (id(visual), getattr(visual, "version", 0))
        known = self._worlds.get(layer_id)
        if known is not None and known[0] == state:
            return known[1]
        rays = visual.rays()
        if rays is None:
            return None
        ground = [layer_id] if getattr(visual, "is_ground", False) else []
        world = RayWorld({layer_id: rays}, ground=ground)
        self._worlds[layer_id] = (state, world)
        return world

    def first(self, origin: Vector, direction: Vector) -> Hit | None:
        """The nearest hit over all layers with triangles."""
        return self.first_of(origin, direction)

    def first_of(self, origin: Vector, direction: Vector, *, without: str = "") -> Hit | None:
        """The nearest hit over layers that are not of the kind `without`."""
        best = self.faces.first(origin, direction) if self.faces is not None else None
        if best is not None and best.layer not in self._visuals:
            best = None
        for layer_id, visual in self._visuals.items():
            if without and getattr(visual, "kind", "") == without:
                continue
            if getattr(visual, "underground", False) and not self._open_ground:
                continue
            hit = self._hit(layer_id, origin, direction)
            if hit is not None and (best is None or hit.distance < best.distance):
                best = hit
        return best

    @property
    def _open_ground(self) -> bool:
        """Whether what lies in the earth can be met."""
        return self.see_through or (self.cut is not None and self.cut.ground)

    def _hit(self, layer_id: str, origin: Vector, direction: Vector) -> Hit | None:
        own: Callable[..., Hit | None] | None = getattr(self._visuals[layer_id], "first_hit", None)
        if own is not None:
            return own(origin, direction, layer_id, self.cut)
        world = self._world(layer_id)
        return world.first(origin, direction, self.cut) if world is not None else None

    def plain(self, origin: Vector, direction: Vector) -> Vector | None:
        """Where a ray meets the plain around the city."""
        if direction[2] >= -1e-6:
            return None
        distance = (self.plain_z - origin[2]) / direction[2]
        if not 0 < distance < 60_000:
            return None
        where = origin + distance * direction
        away = self.cut is not None and self.cut.ground and not self.cut.keeps(where[None])[0]
        return None if away else where

    def position(self, origin: Vector, direction: Vector) -> tuple[float, float, float] | None:
        """World position of the first hit, the plain included."""
        hit = self.first(origin, direction)
        where = hit.where if hit is not None else self.plain(origin, direction)
        return None if where is None else self._world_of(where)

    def ground_below(self, where: Vector) -> float:
        """Scene height of the terrain (or the plain) under a scene position."""
        above = np.array([where[0], where[1], 9000.0])
        for layer_id, visual in self._visuals.items():
            if not getattr(visual, "is_ground", False):
                continue
            world = self._world(layer_id)
            hit = world.first(above, np.array([0.0, 0.0, -1.0])) if world is not None else None
            if hit is not None:
                return float(hit.where[2])
        return self.plain_z

    def ground_heights(self, places: Vector) -> Vector:
        """`ground_below` of many places (n, 2), scene coordinates."""
        return np.array([self.ground_below(place) for place in places])

    def pick(self, origin: Vector, direction: Vector) -> Picked | None:
        """The thing a ray meets first: building (with storey), tree, point, feature, or ground."""
        hit = self.first(origin, direction)
        if self.see_through and (
            hit is None or getattr(self._visuals[hit.layer], "is_ground", False)
        ):
            below = [k for k, v in self._visuals.items() if getattr(v, "underground", False)]
            hits = [found for k in below if (found := self._hit(k, origin, direction)) is not None]
            hit = min(hits, key=lambda one: one.distance, default=hit)
        end = hit.where if hit is not None else self.plain(origin, direction)
        reach = float(np.linalg.norm(end - origin)) if end is not None else 60_000.0
        point = self._nearest(origin, direction, reach)
        if point is not None:
            return point
        if hit is not None and not getattr(self._visuals[hit.layer], "is_ground", False):
            return self._picked(hit.layer, hit.row, hit.where)
        if end is None:
            return None
        feature = self._on_ground(end)
        if feature is not None:
            return feature
        return self._picked(hit.layer, hit.row, hit.where) if hit is not None else None

    def _nearest(self, origin: Vector, direction: Vector, reach: float) -> Picked | None:
        best: tuple[float, Picked] | None = None
        if self.pixel_m > 0:
            # Points are sought in a cone from the eye; here it begins where it is a few pixels wide.
            ahead = max(reach - NEAR_PIXELS * self.pixel_m / CONE, 0.0)
            origin, reach = origin + ahead * direction, reach - ahead
        for layer_id, visual in self._visuals.items():
            search: Callable[..., Any] | None = getattr(visual, "nearest_to_ray", None)
            found = search(origin, direction, reach) if search is not None else None
            if found is not None and self.cut is not None and not self.cut.keeps(found[2][None])[0]:
                continue
            if found is not None and (best is None or found[1] < best[0]):
                row, along, where = found
                best = (along, self._picked(layer_id, row, where))
        return best[1] if best is not None else None

    def _on_ground(self, where: Vector) -> Picked | None:
        for layer_id in reversed(list(self._visuals)):
            search: Callable[..., int | None] | None = getattr(
                self._visuals[layer_id], "row_at", None
            )
            row = search(where) if search is not None else None
            if row is not None:
                return self._picked(layer_id, row, where)
        return None

    def _picked(self, layer_id: str, row: int, where: Vector) -> Picked:
        visual = self._visuals[layer_id]
        part: Callable[..., str] | None = getattr(visual, "part_at", None)
        return Picked(
            layer=layer_id,
            row=row,
            kind=getattr(visual, "kind", "layer"),
            where=self._world_of(where),
            part=part(row, where) if part is not None else "",
        )

    def _world_of(self, where: Vector) -> tuple[float, float, float]:
        world = where if self._frame is None else self._frame.to_world(where)
        return (float(world[0]), float(world[1]), float(world[2]))
