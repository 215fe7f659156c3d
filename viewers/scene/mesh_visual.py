"""A mesh that came as triangles, such as the relief of a CityJSON file."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from layers.kinds.layer import Layer
from layers.kinds.mesh import MeshLayer
from twin.style import Style
from viewers.scene.ramps import rgb
from viewers.scene.stage import Surface
from viewers.scene.visual import Rays, Surroundings, Visual

COLOUR = "#cfcabd"


class MeshVisual(Visual):
    """Draws a `MeshLayer`, flat-shaded."""

    casts_shadow = True
    takes_picture = True
    is_ground = True
    kind = "mesh"

    def __init__(self, around: Surroundings) -> None:
        super().__init__(around)
        self.material = around.stage.material("mesh")
        self.version = 0
        self._surface: Surface | None = None
        self._vertices: NDArray[np.float32] = np.empty((0, 3), np.float32)
        self._layer: MeshLayer | None = None
        self._style: Style | None = None

    def show(self, layer: Layer, style: Style) -> bool:
        """Draw the layer; see `Visual.show`."""
        assert isinstance(layer, MeshLayer)
        if layer is self._layer and style == self._style:
            return False
        if layer is not self._layer:
            self._clear()
            shift = np.asarray(layer.offset) - np.asarray(self.around.frame.origin)
            self._vertices = (layer.vertices + shift).astype(np.float32)
            if len(layer.triangles):
                self._surface = Surface(
                    self.around.stage, self._vertices, layer.triangles, None, self.material
                )
                self._surface.set_visible(self.visible)
            self.version += 1
        self._layer, self._style = layer, style
        self.material.property.SetColor(*(rgb(style.color or COLOUR) / 255.0))
        self.material.set_opacity(style.opacity)
        return True

    @property
    def box(self) -> NDArray[np.float64] | None:
        """See `Visual.box`."""
        if not len(self._vertices):
            return None
        low, high = self._vertices.min(axis=0), self._vertices.max(axis=0)
        return np.array([low[0], high[0], low[1], high[1], low[2], high[2]], dtype=float)

    def rays(self) -> Rays | None:
        """The triangles as they are; row 0 for all."""
        if self._layer is None or not len(self._layer.triangles):
            return None
        count = len(self._layer.triangles)
        return self._vertices, np.asarray(self._layer.triangles), np.zeros(count, np.int32)

    def set_visible(self, visible: bool) -> None:
        """Hide or show."""
        self.visible = visible
        if self._surface is not None:
            self._surface.set_visible(visible)

    def nbytes(self) -> int:
        """Bytes of arrays held."""
        return self._vertices.nbytes

    def _clear(self) -> None:
        if self._surface is not None:
            self._surface.remove()
        self._surface = None

    def remove(self) -> None:
        """Take the mesh off the stage."""
        self._clear()
        self.around.stage.release(self.material)
        self._layer, self._vertices = None, np.empty((0, 3), np.float32)
