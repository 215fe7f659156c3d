"""Roads, water, green, parcels, points: what lies on the ground, in the colours of its role."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from layers.builders.drape import FLAT_M, SurfaceBatch, drape_areas, drape_lines
from layers.kinds.elevation import ElevationLayer
from layers.kinds.features import FeatureLayer
from layers.kinds.layer import Layer
from twin.style import Style
from viewers.scene.chosen import mask_of, with_chosen
from viewers.scene.colouring import by_column, plain
from viewers.scene.ramps import rgb
from viewers.scene.stage import Surface
from viewers.scene.visual import Surroundings, Visual
from viewers.view_state import NO_ROWS

log = logging.getLogger(__name__)

COLOURS = {
    "roads": "#b3afa8", "water": "#5f8ea3", "green": "#a3b98a", "parcels": "#d8cfae",
    "zoning": "#d9c9a8", "footprints": "#c9bfae", "features": "#c98f5f", "trees": "#7d9a66",
}  # fmt: skip
WIDTHS = {
    "motorway": 14.0, "trunk": 12.0, "primary": 10.0, "secondary": 8.5, "tertiary": 7.0,
    "residential": 5.0, "living_street": 4.5, "unclassified": 5.0, "service": 3.5, "pedestrian": 4.0,
    "footway": 1.8, "path": 1.5, "steps": 1.8, "cycleway": 2.0, "track": 3.0, "rail": 2.5,
}  # fmt: skip
"""Metres, by OpenStreetMap's `highway`; a column "width" goes before."""
BIAS = {"green": 6, "parcels": 8, "zoning": 8, "footprints": 10, "water": 12, "roads": 16}
SELECTED = np.array([255, 140, 40], np.uint8)
MARK_M = 2.2
LIFT_M = 2 * FLAT_M
"""Draped areas leave the ground by so much where it is nearly flat."""
PICK_M = 4.0
WAITING_S = 0.03
"""How long a step may wait for a worker; hands are not kept waiting longer."""


def line_widths(layer: FeatureLayer, style: Style) -> NDArray[np.float64]:
    """Width of each line in metres: the style's, else a column's, else by the kind of way."""
    count = len(layer.geometry)
    if style.size > 0:
        return np.full(count, style.size)
    usual = 5.0 if layer.role == "roads" else 1.2
    widths = np.full(count, usual)
    for name in ("highway", "type", "fclass", "railway"):
        if name in layer.columns:
            kinds = layer.columns[name]
            known = [WIDTHS.get(str(k).removesuffix("_link"), np.nan) for k in kinds]
            widths = np.where(np.isfinite(known), known, widths)
            break
    for name in ("width", "WIDTH", "be_rong", "rong"):
        if name in layer.columns and layer.columns[name].dtype.kind in "iuf":
            given = layer.columns[name].astype(float)
            return np.where((given > 0.5) & (given < 120), given, widths)
    return widths


def markers(
    xyz: NDArray[np.float64], row: NDArray[np.int64], size: float
) -> tuple[NDArray[np.float32], NDArray[np.int32], NDArray[np.int32]]:
    """A small post with a diamond on top at each position: vertices, triangles, row per face."""
    shape = np.array(
        [[0, 0, 0], [1, 0, 2], [0, 1, 2], [-1, 0, 2], [0, -1, 2], [0, 0, 3.2]], np.float64
    ) * [size / 2, size / 2, size]
    faces = np.array(
        [[0, 2, 1], [0, 3, 2], [0, 4, 3], [0, 1, 4], [5, 1, 2], [5, 2, 3], [5, 3, 4], [5, 4, 1]]
    )
    vertices = (xyz[:, None, :] + shape[None]).reshape(-1, 3).astype(np.float32)
    triangles = (faces[None] + np.arange(len(xyz))[:, None, None] * len(shape)).reshape(-1, 3)
    return vertices, triangles.astype(np.int32), np.repeat(row, len(faces)).astype(np.int32)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Shape:
    """Triangles of one kind of geometry, and the feature of each."""

    vertices: NDArray[np.float32]
    triangles: NDArray[np.int32]
    face_row: NDArray[np.int32]
    role: str
    bias: int


def shapes_of(
    layer: FeatureLayer,
    widths: NDArray[np.float64],
    ground: ElevationLayer | None,
    origin: tuple[float, float, float],
    *,
    marker: float,
) -> list[Shape]:
    """All of the layer as triangles on the ground: for a worker.

    `widths` of lines and the size of a `marker` in metres.
    """
    found: list[Shape] = []
    types = shapely.get_type_id(layer.geometry)
    bias = BIAS.get(layer.role, 20)
    if np.isin(types, (3, 6)).any():
        lift = LIFT_M + bias * 0.004
        batch = drape_areas(layer.geometry, ground, origin=origin, lift=lift)
        found.append(_shape(batch, layer.role, bias))
    if np.isin(types, (1, 2, 5)).any():
        lift = LIFT_M + 0.03 + bias * 0.004
        batch = drape_lines(layer.geometry, widths, ground, origin=origin, lift=lift)
        found.append(_shape(batch, "roads" if layer.role == "water" else layer.role, bias + 2))
    if np.isin(types, (0, 4)).any():
        vertices, triangles, row = _point_markers(layer, types, ground, origin, marker)
        found.append(
            Shape(vertices=vertices, triangles=triangles, face_row=row, role="points", bias=0)
        )
    return [shape for shape in found if len(shape.triangles)]


def _shape(batch: SurfaceBatch, role: str, bias: int) -> Shape:
    rows = np.asarray(batch.face_row)
    return Shape(
        vertices=batch.vertices, triangles=batch.triangles, face_row=rows, role=role, bias=bias
    )


def _point_markers(
    layer: FeatureLayer,
    types: NDArray[Any],
    ground: ElevationLayer | None,
    origin: tuple[float, float, float],
    size: float,
) -> tuple[NDArray[np.float32], NDArray[np.int32], NDArray[np.int32]]:
    from layers.builders.ground import sample

    rows = np.flatnonzero(np.isin(types, (0, 4)))
    parts, index = shapely.get_parts(layer.geometry[rows], return_index=True)
    xy = shapely.get_coordinates(parts)
    z = np.zeros(len(xy)) if ground is None else sample(ground, xy)
    z = np.where(np.isfinite(z), z, 0.0)
    return markers(np.column_stack([xy, z]) - np.asarray(origin), rows[index], size)


class FeaturesVisual(Visual):
    """Draws areas and lines draped, points as markers; a worker makes their triangles."""

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
        self._selected: int | None = None
        self._asked = 0
        self._chosen = self._hidden = NO_ROWS

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

    def complete(self, seconds: float) -> bool:
        """See `Visual.complete`."""
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
        kind = "water" if shape.role == "water" else "tree" if shape.role == "points" else "surface"
        material = self.around.stage.material(kind, bias=shape.bias)
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

    def _write(self) -> None:
        of_row = with_chosen(self._of_row, self._chosen)
        if self._selected is not None and self._selected < len(of_row):
            of_row = of_row.copy()
            of_row[self._selected] = SELECTED
        for surface, face_row in self._parts:
            surface.recolour(of_row[face_row])

    def highlight(self, row: int | None) -> None:
        """Mark one feature."""
        if row != self._selected:
            self._selected = row
            self._write()

    def mark(self, rows: NDArray[np.int64]) -> bool:
        """See `Visual.mark`."""
        if rows is self._chosen:
            return False
        self._chosen = rows
        self._write()
        return True

    def hide(self, rows: NDArray[np.int64]) -> bool:
        """See `Visual.hide`."""
        if rows is self._hidden:
            return False
        self._hidden = rows
        return self._leave_out()

    def _leave_out(self) -> bool:
        if self._layer is None:
            return False
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

    def nbytes(self) -> int:
        """Bytes of the faces' colours and rows."""
        return sum(face_row.nbytes * 2 for _, face_row in self._parts)

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
