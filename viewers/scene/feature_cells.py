"""Very many features in cells: draped finely near by, simply far away, the wide before the narrow."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import shapely
from numpy.typing import NDArray

from layers.builders.ground import sample
from layers.kinds.features import FeatureLayer
from layers.tiles.chunks import Chunk, cell_size, cut
from viewers.scene.cells import Cells, square_cells
from viewers.scene.chunked_mesh import ChunkedMesh
from viewers.scene.eye import Eye
from viewers.scene.feature_shapes import FAR, NEAR, kinds_of, shapes_of
from viewers.scene.material import Material
from viewers.scene.visual import Surroundings

AT_ONCE = 6_000
"""More features than these, or more than so many corners times `CORNERS`, are draped in cells."""
CORNERS = 25
NEAR_PIXELS = 3.0
"""Pixels a metre covers where features follow the ground exactly."""
SIDE_M = 400.0
WIDEST_M = 60.0
"""An area counts as so important at most, however large: it is seen from far anyway."""


def are_many(layer: FeatureLayer) -> bool:
    """Whether a layer is better drawn in cells."""
    if layer.count > AT_ONCE:
        return True
    return int(shapely.get_num_coordinates(layer.geometry).sum()) > AT_ONCE * CORNERS


class FeatureCells:
    """The cells of one layer.

    Parameters
    ----------
    widths : metres, of lines; marker : metres, size of points
    colours
        Gives the present colour of each row, (n, 3).
    hidden
        Gives a mask of the rows that are left out.
    """

    def __init__(
        self,
        around: Surroundings,
        layer: FeatureLayer,
        widths: NDArray[np.float64],
        *,
        marker: float,
        colours: Callable[[], NDArray[np.uint8]],
        hidden: Callable[[], NDArray[np.bool_]],
    ) -> None:
        self._around, self._colours, self._hidden = around, colours, hidden
        self.materials: dict[str, Material] = {}
        self.meshes: dict[str, ChunkedMesh] = {}
        self._add_meshes(layer)
        low, high = _boxes(layer, widths, around)
        present = np.flatnonzero(np.isfinite(low[:, 0]))
        low, high = low[present], high[present]
        side = cell_size((*low[:, :2].min(axis=0), *high[:, :2].max(axis=0)), least=SIDE_M)
        cell, cell_low, cell_high = square_cells(low, high, side)
        order = np.argsort(cell, kind="stable")
        rows_of = np.split(present[order], np.flatnonzero(np.diff(cell[order])) + 1)
        self.box = np.array([cell_low.min(axis=0), cell_high.max(axis=0)]).T.reshape(-1)
        ground, origin = around.ground, around.frame.origin

        def make(number: int, detail: int) -> dict[str, Chunk]:
            rows = rows_of[number]
            part = replace(layer, geometry=layer.geometry[rows], columns={})
            found = shapes_of(
                part, widths[rows], ground, origin, marker=marker,
                detail=NEAR if detail == 0 else FAR,
            )  # fmt: skip
            size = _importance(part.geometry, widths[rows], marker)
            return {
                shape.kind: _chunk(shape.vertices, shape.triangles, shape.face_row, rows, size)
                for shape in found
            }

        self._cells = Cells(
            around, self.meshes, cell_low, cell_high, make, near=NEAR_PIXELS, made=self._made
        )

    def _add_meshes(self, layer: FeatureLayer) -> None:
        for name, look, bias in kinds_of(layer):
            material = self._around.stage.material(look, bias=bias)
            self.materials[name] = material
            self.meshes[name] = ChunkedMesh(self._around.stage.renderer, material)

    def _made(self, mesh: ChunkedMesh, number: int) -> None:
        mesh.chunks[number].recolour(self._colours())
        mesh.chunks[number].hide(self._hidden())

    def recolour(self) -> None:
        """The colours are others now."""
        for mesh in self.meshes.values():
            mesh.recolour(self._colours())

    def leave_out(self) -> bool:
        """Other rows are hidden now."""
        hidden = self._hidden()
        changed = [mesh.hide(hidden) for mesh in self.meshes.values()]
        return any(changed)

    def look(self, eye: Eye) -> None:
        """See `Visual.look`."""
        self._cells.look(eye)

    def complete(self, seconds: float) -> bool:
        """See `Visual.complete`."""
        return self._cells.complete(seconds)

    def draw_none(self) -> None:
        """Hide all; the scene chooses again what is drawn when they are seen."""
        for mesh in self.meshes.values():
            mesh.show_levels(np.full(len(mesh.low), -1))

    def nbytes(self) -> int:
        """Bytes of arrays held."""
        return sum(mesh.nbytes() for mesh in self.meshes.values())

    def clear(self) -> None:
        """Take all off the stage."""
        self._cells.clear()
        for mesh in self.meshes.values():
            mesh.clear()
        for material in self.materials.values():
            self._around.stage.release(material)
        self.meshes.clear()
        self.materials.clear()


def _boxes(
    layer: FeatureLayer, widths: NDArray[np.float64], around: Surroundings
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Boxes (n, 3) in scene metres; heights from the ground under the middle, and some slack."""
    flat = shapely.bounds(layer.geometry)
    middle = (flat[:, :2] + flat[:, 2:]) / 2
    z = np.zeros(len(flat))
    if around.ground is not None:
        z = np.nan_to_num(sample(around.ground, np.nan_to_num(middle)), nan=0.0)
    wide = np.maximum(widths, 2.0)[:, None] / 2
    slack = 5.0 + 0.1 * np.nan_to_num(flat[:, 2:] - flat[:, :2]).max(axis=1)
    low = np.column_stack([flat[:, :2] - wide, z - slack]) - around.frame.origin
    high = np.column_stack([flat[:, 2:] + wide, z + slack]) - around.frame.origin
    return low, high


def _importance(
    geometry: NDArray[np.object_], widths: NDArray[np.float64], marker: float
) -> NDArray[np.float32]:
    """Metres that are lost where a feature is left out: its width, or the side of an area."""
    dimension = shapely.get_dimensions(geometry)
    side = np.minimum(np.sqrt(shapely.area(geometry)), WIDEST_M)
    return np.where(dimension == 2, side, np.where(dimension == 1, widths, marker)).astype(
        np.float32
    )


def _chunk(
    vertices: NDArray[np.float32],
    triangles: NDArray[np.int32],
    face_row: NDArray[np.int32],
    rows: NDArray[np.int64],
    size: NDArray[np.float32],
) -> Chunk:
    (chunk,) = cut(
        vertices, triangles, face_row, np.zeros(len(triangles), np.uint8),
        chunk_of_row=np.zeros(len(rows), np.int64), size_of_row=size,
    ).values()  # fmt: skip
    return replace(
        chunk,
        rows=rows[chunk.rows].astype(np.int32),
        face_row=rows[chunk.face_row].astype(np.int32),
        vertex_row=rows[chunk.vertex_row].astype(np.int32),
    )
