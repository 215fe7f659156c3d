"""The ground as a pane of glass: how much of it is seen, and a dark floor far below."""

from __future__ import annotations

from viewers.scene.camera import Camera
from viewers.scene.picking import Picker
from viewers.scene.stage import Stage, Surface, ground_disc

BELOW_M = 40.0
"""The floor under a ground that is seen through; no network of a city lies deeper than its metro."""
FLOOR = (0.40, 0.37, 0.34)
CLEAR = 0.95
"""From this opacity down the cursor goes through the ground to what lies in it."""


class Underground:
    """Owns the floor; tells materials, eye and cursor that there is something below the ground."""

    def __init__(self, stage: Stage, camera: Camera, picker: Picker) -> None:
        self._stage, self._camera, self._picker = stage, camera, picker
        self._material = stage.material("floor")
        self._material.property.SetColor(*FLOOR)
        self._floor: Surface | None = None
        self._at = float("nan")

    def show(self, opacity: float) -> bool:
        """Show the ground with this opacity, 0 … 1; True where that changed anything."""
        seen_through = opacity < CLEAR
        self._camera.below = self._picker.see_through = seen_through
        changed = self._stage.set_ground_opacity(opacity)
        z = self._stage.ground_z - BELOW_M
        if seen_through and z != self._at and z == z:
            self._clear()
            self._at = z
            vertices, triangles = ground_disc(z)
            self._floor = Surface(self._stage, vertices, triangles, None, self._material)
            self._floor.hide_bounds()
            return True
        if not seen_through and self._floor is not None:
            self._clear()
            return True
        return changed

    def _clear(self) -> None:
        if self._floor is not None:
            self._floor.remove()
        self._floor, self._at = None, float("nan")

    def close(self) -> None:
        """Take the floor off the stage."""
        self._clear()
        self._stage.release(self._material)
