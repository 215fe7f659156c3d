"""Networks in the earth: pipes and cables as tubes, seen where the ground is seen through."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from layers.builders.pipes import pipes
from layers.kinds.features import FeatureLayer
from layers.kinds.layer import Layer
from twin.style import Style
from viewers.scene.chosen import mask_of, with_chosen
from viewers.scene.colouring import by_column, plain
from viewers.scene.marked_visual import MarkedVisual
from viewers.scene.ramps import rgb
from viewers.scene.stage import Surface
from viewers.scene.visual import Rays, Surroundings

COLOUR = "#2f8fb5"
SELECTED = np.array([255, 140, 40], np.uint8)


class PipesVisual(MarkedVisual):
    """Draws lines of a `FeatureLayer` that lie underground."""

    drapes = True
    underground = True
    kind = "feature"

    def __init__(self, around: Surroundings) -> None:
        super().__init__(around)
        self.version = 0
        self.material = around.stage.material("pipe")
        self._surface: Surface | None = None
        self._rays: Rays | None = None
        self._layer: FeatureLayer | None = None
        self._style: Style | None = None
        self._of_row: NDArray[np.uint8] = np.empty((0, 3), np.uint8)

    def show(self, layer: Layer, style: Style) -> bool:
        """Draw the layer; see `Visual.show`."""
        assert isinstance(layer, FeatureLayer)
        before = self._style
        if layer is self._layer and style == before:
            return False
        anew = layer is not self._layer or before is None or before.size != style.size
        self._layer, self._style = layer, style
        if anew:
            self._draw(layer, style)
        self.legend = None
        if style.color_by in layer.columns:
            values = layer.columns[style.color_by]
            self._of_row, self.legend = by_column(
                values, style, layer=layer.id, title=style.color_by
            )
        else:
            self._of_row = plain(layer.count, rgb(style.color or COLOUR))
        self.material.set_opacity(style.opacity)
        self._write()
        return True

    def _draw(self, layer: FeatureLayer, style: Style) -> None:
        self._clear()
        self.version += 1
        origin, low = self.around.frame.origin, self.around.stage.ground_z
        plain_z = float(origin[2]) + (0.0 if np.isnan(low) else float(low))
        batch = pipes(layer, self.around.ground, origin=origin, plain_z=plain_z, size=style.size)
        if not len(batch.triangles):
            return
        colours = np.zeros((len(batch.triangles), 3), np.uint8)
        self._surface = Surface(
            self.around.stage, batch.vertices, batch.triangles, colours, self.material
        )
        self._surface.set_visible(self.visible)
        self._rays = (
            np.asarray(batch.vertices), np.asarray(batch.triangles), np.asarray(batch.face_row)
        )  # fmt: skip
        if len(self._hidden):
            self._leave_out()

    def _write(self) -> None:
        if self._surface is None or self._rays is None:
            return
        of_row = with_chosen(self._of_row, self._chosen)
        if self._selected is not None and self._selected < len(of_row):
            of_row = of_row.copy()
            of_row[self._selected] = SELECTED
        self._surface.recolour(of_row[self._rays[2]])

    def _leave_out(self) -> bool:
        if self._layer is None or self._surface is None or self._rays is None:
            return False
        self._surface.leave_out(mask_of(self._hidden, self._layer.count)[self._rays[2]])
        self.version += 1
        return True

    def rays(self) -> Rays | None:
        """The tubes, without what is hidden."""
        if self._rays is None or self._layer is None:
            return None
        vertices, triangles, rows = self._rays
        there = ~mask_of(self._hidden, self._layer.count)[rows]
        return (vertices, triangles[there], rows[there]) if there.any() else None

    @property
    def box(self) -> NDArray[np.float64] | None:
        """See `Visual.box`."""
        if self._surface is None:
            return None
        return np.array(self._surface.data.GetBounds())

    def set_visible(self, visible: bool) -> None:
        """Hide or show."""
        self.visible = visible
        if self._surface is not None:
            self._surface.set_visible(visible)

    def nbytes(self) -> int:
        """Bytes of arrays held."""
        return 0 if self._rays is None else sum(part.nbytes for part in self._rays)

    def _clear(self) -> None:
        if self._surface is not None:
            self._surface.remove()
        self._surface = self._rays = None

    def remove(self) -> None:
        """Take the tubes off the stage."""
        self._clear()
        self.around.stage.release(self.material)
        self._layer = None
