"""The ground, and other grids of heights: triangles with smooth normals, a picture or a ramp on them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from layers.builders.terrain import terrain_mesh
from layers.kinds.elevation import ElevationLayer
from layers.kinds.layer import Layer
from twin.style import Style
from viewers.scene.colouring import by_number
from viewers.scene.ramps import rgb
from viewers.scene.stage import Surface
from viewers.scene.visual import Rays, Surroundings, Visual

GROUND_COLOUR = rgb("#d6d1c4")
MOST_CELLS = 250_000


def vertex_normals(
    vertices: NDArray[np.float32], triangles: NDArray[np.int32]
) -> NDArray[np.float32]:
    """Unit normals (v, 3), each the mean of its triangles' by area."""
    a, b, c = (vertices[triangles[:, i]] for i in range(3))
    face = np.cross(b - a, c - a).astype(np.float64)
    normal = np.zeros(vertices.shape)
    for axis in range(3):
        for corner in range(3):
            normal[:, axis] += np.bincount(
                triangles[:, corner], weights=face[:, axis], minlength=len(vertices)
            )
    length = np.linalg.norm(normal, axis=1, keepdims=True)
    return (normal / np.maximum(length, 1e-12)).astype(np.float32)


class TerrainVisual(Visual):
    """Draws an `ElevationLayer`; heights above ground are not drawn."""

    casts_shadow = True
    takes_picture = True
    kind = "terrain"

    def __init__(self, around: Surroundings) -> None:
        super().__init__(around)
        self.material = around.stage.material("terrain", smooth_normals=True)
        self.is_ground = True
        self.version = 0
        self._surface: Surface | None = None
        self._vertices: NDArray[np.float32] = np.empty((0, 3), np.float32)
        self._triangles: NDArray[np.int32] = np.empty((0, 3), np.int32)
        self._layer: ElevationLayer | None = None
        self._style: Style | None = None

    def show(self, layer: Layer, style: Style) -> bool:
        """Draw the layer; see `Visual.show`."""
        assert isinstance(layer, ElevationLayer)
        if layer is self._layer and style == self._style:
            return False
        if layer is not self._layer:
            self._clear()
            # Heights above ground are not a surface in space.
            if layer.surface in ("ground", "surface"):
                self._draw(layer)
            self.is_ground = layer.surface == "ground"
            self.version += 1
        self._layer, self._style = layer, style
        self._colour(style)
        self.set_visible(self.visible)
        return True

    def _draw(self, layer: ElevationLayer) -> None:
        vertices, triangles, _ = terrain_mesh(
            layer, origin=self.around.frame.origin, max_cells=MOST_CELLS
        )
        self._vertices, self._triangles = vertices, triangles
        if not len(triangles):
            return
        self._surface = Surface(
            self.around.stage, vertices, triangles, np.zeros((len(triangles), 3), np.uint8),
            self.material, normals=vertex_normals(vertices, triangles),
        )  # fmt: skip

    def _colour(self, style: Style) -> None:
        self.legend = None
        if self._surface is None or self._layer is None:
            return
        count = len(self._triangles)
        if style.color_by == "height":
            middle = self._vertices[self._triangles, 2].mean(axis=1) + self.around.frame.origin[2]
            colours, self.legend = by_number(
                middle, style, layer=self._layer.id, title="Height of the ground", unit="m"
            )
        else:
            plain = rgb(style.color) if style.color else GROUND_COLOUR
            colours = np.tile(plain, (count, 1))
        self._surface.recolour(colours)
        self.material.set_opacity(style.opacity)

    @property
    def box(self) -> NDArray[np.float64] | None:
        """See `Visual.box`."""
        if not len(self._triangles):
            return None
        known = self._vertices[np.isfinite(self._vertices[:, 2])]
        low, high = known.min(axis=0), known.max(axis=0)
        return np.array([low[0], high[0], low[1], high[1], low[2], high[2]], dtype=float)

    def rays(self) -> Rays | None:
        """The triangles drawn; row 0 for all."""
        if not len(self._triangles):
            return None
        return self._vertices, self._triangles, np.zeros(len(self._triangles), np.int32)

    def set_visible(self, visible: bool) -> None:
        """Hide or show."""
        self.visible = visible
        if self._surface is not None:
            self._surface.set_visible(visible)

    def nbytes(self) -> int:
        """Bytes of arrays held."""
        return self._vertices.nbytes + self._triangles.nbytes * 2

    def _clear(self) -> None:
        if self._surface is not None:
            self._surface.remove()
        self._surface = None
        self._vertices, self._triangles = np.empty((0, 3), np.float32), np.empty((0, 3), np.int32)

    def remove(self) -> None:
        """Take the ground off the stage."""
        self._clear()
        self.around.stage.release(self.material)
        self._layer = None
