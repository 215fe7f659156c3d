"""Buildings: chunks of solids, façades by shader, colours by style, one range per building."""

from __future__ import annotations

import time

import numpy as np
import shapely
from numpy.typing import NDArray

from layers.builders.solids import solids_of
from layers.kinds.buildings import BuildingsLayer
from layers.kinds.layer import Layer
from layers.kinds.mesh import FLOOR, SolidBatch
from layers.tiles.chunks import assign, cell_size, cut
from twin.style import Style
from viewers.scene.chosen import mask_of, with_chosen
from viewers.scene.chunked_mesh import ChunkedMesh
from viewers.scene.colouring import of_buildings
from viewers.scene.visual import Rays, Surroundings, Visual
from viewers.view_state import NO_ROWS

SELECTED = np.array([255, 140, 40], np.uint8)
SINK = 1.5
AT_ONCE = 60_000
"""Buildings that are built before the first picture, the most visible ones; the others follow."""
SLICE = 6_000
STOREY_M = 3.3
"""Height of a storey where the building does not say how many it has."""


def importance(footprints: NDArray[np.object_], height: NDArray[np.float32]) -> NDArray[np.float32]:
    """How much of the picture a building is, in metres: height and half the side of its outline."""
    side = np.sqrt(shapely.area(footprints))
    return (height + 0.5 * np.minimum(side, 80.0)).astype(np.float32)


def _middles(footprints: NDArray[np.object_]) -> NDArray[np.float64]:
    bounds = shapely.bounds(footprints)
    return (bounds[:, :2] + bounds[:, 2:]) / 2


class BuildingsVisual(Visual):
    """Draws a `BuildingsLayer`; a changed height rebuilds only the chunks it stands in."""

    casts_shadow = True
    kind = "building"

    def __init__(self, around: Surroundings) -> None:
        super().__init__(around)
        self.material = around.stage.material("building")
        self._line_material = around.stage.material("line", bias=8)
        self._line_material.property.SetColor(0.20, 0.18, 0.16)
        self._line_material.property.SetOpacity(0.45)
        self.mesh = ChunkedMesh(around.stage.renderer, self.material, self._line_material)
        self._layer: BuildingsLayer | None = None
        self._style: Style | None = None
        self._colours: NDArray[np.uint8] = np.empty((0, 3), np.uint8)
        self._chunk_of_row: NDArray[np.int64] = np.empty(0, np.int64)
        self._selected: int | None = None
        self._chosen = self._hidden = NO_ROWS
        self._owed: list[int] = []
        self._size: NDArray[np.float32] = np.empty(0, np.float32)
        self.geometry_builds = 0
        self.version = 0

    def show(self, layer: Layer, style: Style) -> bool:
        """Draw the layer (changes written in); see `Visual.show`."""
        assert isinstance(layer, BuildingsLayer)
        same_layer = layer is self._layer
        if same_layer and style == self._style:
            return False
        if not same_layer:
            self._put(layer)
        recolour = not same_layer or style != self._style
        self._layer, self._style = layer, style
        if recolour:
            self._colours, self.legend = of_buildings(layer, style)
            self.mesh.recolour(self._painted())
            self.material.set_opacity(style.opacity)
            # Windows would compete with what a colour has to say.
            self.material.set_float("facade", 0.45 if style.color_by else 1.0)
            self._mark(self._selected)
        return True

    def _put(self, layer: BuildingsLayer) -> None:
        before = self._layer
        rows = self._changed_rows(before, layer)
        if rows is not None and not len(rows):
            return
        self._size = importance(layer.footprints, layer.height)
        if rows is None:
            self.mesh.clear()
            self._owed = []
            self._chunk_of_row = assign(_middles(layer.footprints), cell_size(layer.bounds))
            chosen = np.ones(layer.count, dtype=bool)
            if layer.count > AT_ONCE and layer.model is None:
                chosen = self._size >= np.partition(self._size, -AT_ONCE)[-AT_ONCE]
                self._owed = np.unique(self._chunk_of_row).tolist()
        else:
            numbers = np.unique(self._chunk_of_row[rows])
            self._owed = [number for number in self._owed if number not in numbers]
            chosen = np.isin(self._chunk_of_row, numbers)
        self._build(layer, chosen)
        self.geometry_builds += 1
        self.version += 1

    def _build(self, layer: BuildingsLayer, chosen: NDArray[np.bool_]) -> None:
        batch = self._solids(layer, chosen)
        drawn = batch.face_kind != FLOOR
        self.mesh.put(
            cut(
                batch.vertices,
                batch.triangles[drawn],
                batch.face_solid[drawn],
                batch.face_kind[drawn],
                chunk_of_row=np.where(chosen, self._chunk_of_row, -1),
                size_of_row=self._size,
            ),
            (layer.ground - self.around.frame.origin[2]).astype(np.float32),
        )
        if len(self._hidden):
            self._leave_out()

    def complete(self, seconds: float) -> bool:
        """Build chunks that hold only their most visible buildings so far; see `Visual.complete`."""
        until = time.perf_counter() + seconds
        if not self._owed or self._layer is None:
            return True
        counts = np.bincount(self._chunk_of_row)
        while self._owed and time.perf_counter() < until:
            upto = int(np.searchsorted(np.cumsum(counts[self._owed]), SLICE)) + 1
            numbers, self._owed = self._owed[:upto], self._owed[upto:]
            self._build(self._layer, np.isin(self._chunk_of_row, numbers))
            for number in numbers:
                if number in self.mesh.chunks:
                    self.mesh.chunks[number].recolour(self._painted())
            self._mark(self._selected)
        if not self._owed:
            self.version += 1
        return not self._owed

    @staticmethod
    def _changed_rows(
        before: BuildingsLayer | None, after: BuildingsLayer
    ) -> NDArray[np.int64] | None:
        """Rows whose solid differs; None where it is another survey altogether."""
        if before is None or before.footprints is not after.footprints:
            return None
        if before.model is not after.model:
            return None
        differs = (before.height != after.height) | (before.ground != after.ground)
        differs |= before.lod != after.lod
        if after.model is not None:
            differs |= before.method != after.method
        return np.flatnonzero(differs)

    def _solids(self, layer: BuildingsLayer, chosen: NDArray[np.bool_]) -> SolidBatch:
        origin = self.around.frame.origin
        if chosen.all() or layer.model is not None:
            return solids_of(layer, origin=origin, sink=SINK)
        from layers.builders.solids import extrude

        rows = np.flatnonzero(chosen)
        batch = extrude(
            layer.footprints[rows], layer.ground[rows], layer.height[rows], origin=origin, sink=SINK
        )
        return SolidBatch(
            origin=batch.origin,
            vertices=batch.vertices,
            triangles=batch.triangles,
            face_solid=rows[batch.face_solid].astype(np.int32),
            face_kind=batch.face_kind,
        )

    def highlight(self, row: int | None) -> None:
        """Mark one building."""
        if row == self._selected:
            return
        if self._selected is not None and self._selected < len(self._colours):
            self.mesh.paint(self._selected, self._colours[self._selected])
        self._selected = row
        self._mark(row)

    def _mark(self, row: int | None) -> None:
        if row is not None and row < len(self._colours):
            self.mesh.paint(row, SELECTED)

    def _painted(self) -> NDArray[np.uint8]:
        """The colour of each building, what is chosen standing out."""
        return with_chosen(self._colours, self._chosen)

    def mark(self, rows: NDArray[np.int64]) -> bool:
        """See `Visual.mark`; only chunks with a building that changed are coloured anew."""
        if rows is self._chosen:
            return False
        both = np.concatenate([self._chosen, rows])
        self._chosen = rows
        colours = self._painted()
        for number in np.unique(self._chunk_of_row[both[both < len(self._chunk_of_row)]]).tolist():
            if number in self.mesh.chunks:
                self.mesh.chunks[number].recolour(colours)
        self._mark(self._selected)
        return True

    def hide(self, rows: NDArray[np.int64]) -> bool:
        """See `Visual.hide`."""
        if rows is self._hidden:
            return False
        self._hidden = rows
        return self._leave_out()

    def _leave_out(self) -> bool:
        changed = self.mesh.hide(mask_of(self._hidden, len(self._size)))
        self.version += changed
        return changed

    def set_visible(self, visible: bool) -> None:
        """Hide or show."""
        self.visible = visible
        if not visible:
            self.mesh.show_levels(np.full(len(self.mesh.low), -1))
            self.mesh.show_edges(np.zeros(len(self.mesh.low), bool))

    def meshes(self) -> tuple[ChunkedMesh, ...]:
        """The one mesh, while it is visible."""
        return (self.mesh,) if self.visible else ()

    @property
    def box(self) -> NDArray[np.float64] | None:
        """See `Visual.box`."""
        return self.mesh.box

    def rays(self) -> Rays | None:
        """All solids in one set of arrays."""
        return self.mesh.rays()

    def nbytes(self) -> int:
        """Bytes of arrays held."""
        return self.mesh.nbytes()

    def remove(self) -> None:
        """Take all buildings off the stage."""
        self.mesh.clear()
        for material in (self.material, self._line_material):
            self.around.stage.release(material)
        self._layer = None

    def part_at(self, row: int, where: NDArray[np.float64]) -> str:
        """The storey hit, counted from 1 at the ground; "roof" on top."""
        layer = self._layer
        if layer is None:
            return ""
        above = float(where[2]) + self.around.frame.origin[2] - float(layer.ground[row])
        height, floors = float(layer.height[row]), int(layer.floors[row])
        if above >= height - 0.05:
            return "roof"
        storey = height / floors if floors > 0 else STOREY_M
        return f"storey {max(1, int(above // storey) + 1)}"
