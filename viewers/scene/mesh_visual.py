"""A mesh that came as triangles, such as the relief of a CityJSON file, led down into the plain."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from layers.kinds.layer import Layer
from layers.kinds.mesh import MeshLayer
from twin.style import Style
from viewers.scene.hem import skirt, vertex_normals
from viewers.scene.ramps import rgb
from viewers.scene.stage import Surface
from viewers.scene.visual import Rays, Surroundings, Visual

COLOUR = "#bfbaaa"
"""As that of other ground: pale enough to read shadows, darker than the roofs that stand on it."""


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
        self._hem = around.stage.material("terrain", smooth_normals=True, of_plain=True)
        self._surface: Surface | None = None
        self._skirt: Surface | None = None
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
                self._draw_hem(layer)
                self.set_visible(self.visible)
            self.version += 1
        self._layer, self._style = layer, style
        self.material.property.SetColor(*(rgb(style.color or COLOUR) / 255.0))
        self.material.set_opacity(style.opacity)
        return True

    def _draw_hem(self, layer: MeshLayer) -> None:
        """Lead the border of the relief down to where the plain lies, so that it looks not cut off."""
        vertices, triangles = joined(self._vertices, np.asarray(layer.triangles))
        bottom = float(self._vertices[:, 2].min()) - 1.5
        slope, faces = skirt(vertices, triangles, bottom)
        if len(faces):
            self._skirt = Surface(
                self.around.stage, slope, faces, None, self._hem,
                normals=vertex_normals(slope, faces),
            )  # fmt: skip
            self._skirt.hide_bounds()

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
        for surface in (self._surface, self._skirt):
            if surface is not None:
                surface.set_visible(visible)

    def nbytes(self) -> int:
        """Bytes of arrays held."""
        return self._vertices.nbytes

    def _clear(self) -> None:
        for surface in (self._surface, self._skirt):
            if surface is not None:
                surface.remove()
        self._surface = self._skirt = None

    def remove(self) -> None:
        """Take the mesh off the stage."""
        self._clear()
        self.around.stage.release(self.material)
        self.around.stage.release(self._hem)
        self._layer, self._vertices = None, np.empty((0, 3), np.float32)


def joined(
    vertices: NDArray[np.float32], triangles: NDArray[np.int32]
) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    """The same triangles with one vertex at each place, counter-clockwise from above; those that
    stand upright or have no area are left out."""
    places, inverse = np.unique(vertices, axis=0, return_inverse=True)
    faces = inverse.reshape(-1)[triangles].astype(np.int32)
    a, b, c = (places[faces[:, k], :2].astype(np.float64) for k in range(3))
    turn = (b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) - (b[:, 1] - a[:, 1]) * (c[:, 0] - a[:, 0])
    faces = np.where((turn < 0)[:, None], faces[:, ::-1], faces)[np.abs(turn) > 1e-9]
    return places, np.ascontiguousarray(faces)
