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

GROUND_COLOUR = rgb("#c8c8ba")
MOST_CELLS = 250_000
SLOPE, WIDEST = 3.0, 160.0


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


def skirt(
    vertices: NDArray[np.float32], triangles: NDArray[np.int32], bottom: float
) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    """Slopes from every border of a surface outwards and down to `bottom`.

    They fall one in `SLOPE`, or steeper where that would take them beyond `WIDEST` metres.
    Vertices (v, 3) and triangles (t, 3), counter-clockwise from above.
    """
    edges = np.concatenate([triangles[:, [i, (i + 1) % 3]] for i in range(3)]).astype(np.int64)
    key = np.sort(edges, axis=1) @ np.array([len(vertices), 1])
    _, first, count = np.unique(key, return_index=True, return_counts=True)
    border = edges[first[count == 1]]
    rim, local = np.unique(border, return_inverse=True)
    local = local.reshape(border.shape)
    top = vertices[rim].astype(np.float64)
    along = top[local[:, 1], :2] - top[local[:, 0], :2]
    # The surface lies to the left of its border, so outwards is to the right.
    right = np.column_stack([along[:, 1], -along[:, 0]])
    right /= np.maximum(np.linalg.norm(right, axis=1, keepdims=True), 1e-9)
    out = np.zeros((len(rim), 2))
    np.add.at(out, local.ravel(), np.repeat(right, 2, axis=0))
    out /= np.maximum(np.linalg.norm(out, axis=1, keepdims=True), 1e-9)
    drop = np.maximum(top[:, 2] - bottom, 0.0)
    foot = top.copy()
    foot[:, :2] += out * np.minimum(SLOPE * drop, WIDEST)[:, None]
    foot[:, 2] = np.minimum(bottom, top[:, 2])
    a, b = local[:, 0], local[:, 1]
    low = len(rim)
    faces = np.concatenate(
        [np.stack([a, low + a, low + b], axis=1), np.stack([a, low + b, b], axis=1)]
    )
    return np.concatenate([top, foot]).astype(np.float32), faces.astype(np.int32)


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
        self._hem = around.stage.material("terrain", smooth_normals=True, of_plain=True)
        self._skirt: Surface | None = None
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
        if layer.surface == "ground":
            self._draw_skirt(layer)

    def _draw_skirt(self, layer: ElevationLayer) -> None:
        """Lead the ground down into the plain, which lies a metre under its lowest place."""
        bottom = float(np.nanmin(layer.heights)) - self.around.frame.origin[2] - 1.5
        vertices, triangles = skirt(self._vertices, self._triangles, bottom)
        if len(triangles):
            self._skirt = Surface(
                self.around.stage, vertices, triangles, None, self._hem,
                normals=vertex_normals(vertices, triangles),
            )  # fmt: skip
            self._skirt.hide_bounds()

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
        for surface in (self._surface, self._skirt):
            if surface is not None:
                surface.set_visible(visible)

    def nbytes(self) -> int:
        """Bytes of arrays held."""
        return self._vertices.nbytes + self._triangles.nbytes * 2

    def _clear(self) -> None:
        for surface in (self._surface, self._skirt):
            if surface is not None:
                surface.remove()
        self._surface = self._skirt = None
        self._vertices, self._triangles = np.empty((0, 3), np.float32), np.empty((0, 3), np.int32)

    def remove(self) -> None:
        """Take the ground off the stage."""
        self._clear()
        self.around.stage.release(self.material)
        self.around.stage.release(self._hem)
        self._layer = None
