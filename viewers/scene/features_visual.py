"""Roads, water, green, parcels, points: what lies on the ground, in the colours of its role."""

from __future__ import annotations

import logging
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from layers.kinds.features import FeatureLayer
from layers.kinds.layer import Layer
from twin.style import Style
from viewers.scene.chosen import mask_of, with_chosen
from viewers.scene.chunked_mesh import ChunkedMesh
from viewers.scene.colouring import by_column, plain
from viewers.scene.eye import Eye
from viewers.scene.feature_cells import FeatureCells, are_many
from viewers.scene.feature_shapes import MARK_M, Shape, line_widths, shapes_of
from viewers.scene.marked_visual import MarkedVisual
from viewers.scene.ramps import rgb
from viewers.scene.stage import Surface
from viewers.scene.visual import Surroundings

log = logging.getLogger(__name__)

COLOURS = {
    "roads": "#b3afa8", "water": "#5f8ea3", "green": "#a3b98a", "parcels": "#d8cfae",
    "zoning": "#d9c9a8", "footprints": "#c9bfae", "features": "#c98f5f", "trees": "#7d9a66",
}  # fmt: skip
SELECTED = np.array([255, 140, 40], np.uint8)
PICK_M = 4.0
WAITING_S = 0.03
"""How long a step may wait for a worker; hands are not kept waiting longer."""


class FeaturesVisual(MarkedVisual):
    """Draws areas and lines draped, points as markers; workers make their triangles, of very many
    features in cells."""

    drapes = True
    kind = "feature"

    def __init__(self, around: Surroundings) -> None:
        super().__init__(around)
        self.version = 0
        self._parts: list[tuple[Surface, NDArray[np.int32]]] = []
        self._materials: list[Any] = []
        self._layer: FeatureLayer | None = None
        self._style: Style | None = None
        self._of_row: NDArray[np.uint8] = np.empty((0, 3), np.uint8)
        self._box: NDArray[np.float64] | None = None
        self._tree: shapely.STRtree | None = None
        self._widths: NDArray[np.float64] = np.empty(0)
        self._asked = 0
        self._cells: FeatureCells | None = None
        self._paint: NDArray[np.uint8] | None = None

    def show(self, layer: Layer, style: Style) -> bool:
        """Draw the layer; see `Visual.show`."""
        assert isinstance(layer, FeatureLayer)
        before = self._style
        if layer is self._layer and style == before:
            return False
        anew = layer is not self._layer or before is None or before.size != style.size
        self._layer, self._style = layer, style
        if anew:
            self._ask(layer, style)
        self._colour(layer, style)
        return True

    def _ask(self, layer: FeatureLayer, style: Style) -> None:
        """Let a worker make the triangles; what is drawn stays until they are there."""
        self._tree = None
        self._widths = widths = line_widths(layer, style)
        around = self.around
        ground, origin, marker = around.ground, around.frame.origin, style.size or MARK_M
        around.loader.forget(self)
        self._asked += 1
        if are_many(layer):
            self._use_cells(layer, marker)
            return
        around.loader.ask(
            self,
            self._asked,
            float("inf"),
            lambda _: shapes_of(layer, widths, ground, origin, marker=marker),
        )
        if self._box is None and layer.count:
            west, south, east, north = np.asarray(layer.bounds) - np.tile(origin[:2], 2)
            z = 0.0 if ground is None else float(np.nanmean(ground.heights[::8, ::8])) - origin[2]
            self._box = np.array([west, east, south, north, z, z])

    def _use_cells(self, layer: FeatureLayer, marker: float) -> None:
        self._clear()
        self.version += 1
        self._cells = FeatureCells(
            self.around, layer, self._widths, marker=marker, colours=self._painted,
            hidden=lambda: mask_of(self._hidden, layer.count),
        )  # fmt: skip
        self._materials = list(self._cells.materials.values())
        self._box = self._cells.box

    def look(self, eye: Eye) -> None:
        """See `Visual.look`."""
        if self._cells is not None:
            self._cells.look(eye)

    def meshes(self) -> tuple[ChunkedMesh, ...]:
        """See `Visual.meshes`; none where there are few features."""
        if self._cells is None or not self.visible:
            return ()
        return tuple(self._cells.meshes.values())

    def complete(self, seconds: float) -> bool:
        """See `Visual.complete`."""
        if self._cells is not None:
            return not self.visible or self._cells.complete(seconds)
        loader = self.around.loader
        if seconds > 0 and loader.owes(self):
            if seconds > WAITING_S:
                loader.wait(self, seconds if np.isinf(seconds) else WAITING_S)
            while (taken := loader.take(self)) is not None:
                if taken[0] == self._asked:
                    self._put(taken[1])
        return not loader.owes(self)

    def _put(self, shapes: list[Shape] | Exception) -> None:
        if self._layer is None or self._style is None:
            return
        if isinstance(shapes, Exception):
            log.warning("%s could not be drawn: %s", self._layer.name, shapes)
            return
        self._clear()
        self.version += 1
        for shape in shapes:
            self._add(shape)
        boxes = [surface.data.GetBounds() for surface, _ in self._parts]
        if boxes:
            stacked = np.array(boxes)
            self._box = np.array([f(stacked[:, i]) for i, f in enumerate([np.min, np.max] * 3)])
        if len(self._hidden):
            self._leave_out()
        self._colour(self._layer, self._style)

    def _add(self, shape: Shape) -> None:
        material = self.around.stage.material(shape.look, bias=shape.bias)
        self._materials.append(material)
        colours = np.zeros((len(shape.triangles), 3), np.uint8)
        surface = Surface(self.around.stage, shape.vertices, shape.triangles, colours, material)
        surface.set_visible(self.visible)
        self._parts.append((surface, shape.face_row))

    def _colour(self, layer: FeatureLayer, style: Style) -> None:
        self.legend = None
        if style.color_by in layer.columns:
            values = layer.columns[style.color_by]
            self._of_row, self.legend = by_column(
                values, style, layer=layer.id, title=style.color_by
            )
        else:
            chosen = rgb(style.color or COLOURS.get(layer.role, COLOURS["features"]))
            vary = 0.03 if layer.role in ("green", "zoning", "parcels") and not style.color else 0.0
            self._of_row = plain(len(layer.geometry), chosen, vary=vary)
        for material in self._materials:
            material.set_opacity(style.opacity)
        self._write()

    def _painted(self) -> NDArray[np.uint8]:
        """The colour of each feature, what is chosen and selected standing out."""
        if self._paint is None:
            self._paint = with_chosen(self._of_row, self._chosen)
            if self._selected is not None and self._selected < len(self._paint):
                self._paint = self._paint.copy()
                self._paint[self._selected] = SELECTED
        return self._paint

    def _write(self) -> None:
        self._paint = None
        if self._cells is not None:
            self._cells.recolour()
        for surface, face_row in self._parts:
            surface.recolour(self._painted()[face_row])

    def _leave_out(self) -> bool:
        if self._layer is None:
            return False
        if self._cells is not None:
            return self._cells.leave_out()
        hidden = mask_of(self._hidden, self._layer.count)
        for surface, face_row in self._parts:
            surface.leave_out(hidden[face_row])
        return True

    def row_at(self, where: NDArray[np.float64]) -> int | None:
        """The feature at a place on the ground, scene coordinates; the smallest where several lie."""
        if self._layer is None or not self.visible:
            return None
        if self._tree is None:
            self._tree = shapely.STRtree(self._layer.geometry)
        x, y = (np.asarray(where[:2]) + self.around.frame.origin[:2]).tolist()
        point = shapely.Point(x, y)
        reach = max(PICK_M, float(self._widths.max()) / 2 if len(self._widths) else 0.0)
        rows = self._tree.query(point, predicate="dwithin", distance=reach)
        if not len(rows):
            return None
        shapes = self._layer.geometry[rows]
        dimension = shapely.get_dimensions(shapes)
        allowed = np.where(
            dimension == 2, 0.0, np.where(dimension == 1, self._widths[rows] / 2, PICK_M)
        )
        away = shapely.distance(shapes, point)
        fits = away <= np.maximum(allowed, np.where(dimension == 1, 1.5, 0.0))
        fits &= ~np.isin(rows, self._hidden)
        if not fits.any():
            return None
        rows, shapes, dimension = rows[fits], shapes[fits], dimension[fits]
        return int(rows[np.lexsort((shapely.area(shapes), dimension))[0]])

    @property
    def box(self) -> NDArray[np.float64] | None:
        """See `Visual.box`."""
        return self._box

    def set_visible(self, visible: bool) -> None:
        """Hide or show."""
        self.visible = visible
        for surface, _ in self._parts:
            surface.set_visible(visible)
        if self._cells is not None and not visible:
            self._cells.draw_none()

    def nbytes(self) -> int:
        """Bytes of the faces' colours and rows."""
        held = self._cells.nbytes() if self._cells is not None else 0
        return held + sum(face_row.nbytes * 2 for _, face_row in self._parts)

    def _clear(self) -> None:
        for surface, _ in self._parts:
            surface.remove()
        for material in self._materials:
            self.around.stage.release(material)
        self._parts, self._materials, self._box, self._tree = [], [], None, None

    def remove(self) -> None:
        """Take the features off the stage."""
        self.around.loader.forget(self)
        self._clear()
        self._layer = None
