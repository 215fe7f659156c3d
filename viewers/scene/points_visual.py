"""A point cloud in a shuffled order, so that its first part is the same cloud, thinner."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from vtkmodules.util.numpy_support import numpy_to_vtk
from vtkmodules.vtkCommonDataModel import vtkPolyData
from vtkmodules.vtkRenderingCore import vtkActor, vtkPolyDataMapper

from layers.kinds.layer import Layer
from layers.kinds.pointcloud import PointCloudLayer
from twin.style import Style
from viewers.scene.chunked_mesh import cells_of, points_of
from viewers.scene.colouring import by_number, hex_of
from viewers.scene.legend import Legend, LegendEntry
from viewers.scene.ramps import UNKNOWN, of_numbers, rgb
from viewers.scene.visual import Surroundings, Visual

CLASSES = {
    0: ("never classified", "#b9b4aa"), 1: ("unclassified", "#b5aea2"), 2: ("ground", "#a88f72"),
    3: ("low vegetation", "#b5c48f"), 4: ("medium vegetation", "#8fae72"),
    5: ("high vegetation", "#5f8a55"), 6: ("building", "#c9694f"), 7: ("noise", "#c2587a"),
    9: ("water", "#5b8fb0"), 10: ("rail", "#7a6f8a"), 11: ("road", "#8a8a8a"), 17: ("bridge", "#d1a35c"),
    18: ("high noise", "#c2587a"),
}  # fmt: skip
"""ASPRS LAS 1.4 R15, table 17."""
POINT_PIXELS = 2.0
SHARES = (1.0, 0.4, 0.16, 0.06, 0.02)
PICK_DEGREES = 0.25


class PointsVisual(Visual):
    """Draws a `PointCloudLayer`; `thin` says how many points a frame may hold."""

    kind = "point"

    def __init__(self, around: Surroundings) -> None:
        super().__init__(around)
        self.version = 0
        self._actor = vtkActor()
        self._actor.GetProperty().LightingOff()
        self._actor.PickableOff()
        self._mappers: dict[int, vtkPolyDataMapper] = {}
        self._data: dict[int, vtkPolyData] = {}
        self._order: NDArray[np.int64] = np.empty(0, np.int64)
        self._xyz: NDArray[np.float32] = np.empty((0, 3), np.float32)
        self._colours: NDArray[np.uint8] = np.empty((0, 3), np.uint8)
        self._layer: PointCloudLayer | None = None
        self._style: Style | None = None
        self._level = -1
        around.stage.renderer.AddActor(self._actor)

    def show(self, layer: Layer, style: Style) -> bool:
        """Draw the layer; see `Visual.show`."""
        assert isinstance(layer, PointCloudLayer)
        if layer is self._layer and style == self._style:
            return False
        if layer is not self._layer:
            self._put(layer)
        self._layer, self._style = layer, style
        self._colour(layer, style)
        self._actor.GetProperty().SetPointSize(style.size or POINT_PIXELS)
        self._actor.GetProperty().SetOpacity(style.opacity)
        self.thin(None)
        return True

    def _put(self, layer: PointCloudLayer) -> None:
        self.version += 1
        self._mappers.clear()
        self._data.clear()
        self._level = -1
        self._order = np.random.default_rng(1).permutation(len(layer.xyz))
        shift = np.asarray(layer.offset) - np.asarray(self.around.frame.origin)
        self._xyz = (layer.xyz[self._order].astype(np.float64) + shift).astype(np.float32)
        self._colours = np.zeros((len(self._xyz), 3), np.uint8)
        self._points = points_of(self._xyz)

    def _colour(self, layer: PointCloudLayer, style: Style) -> None:
        by = style.color_by or ("class" if layer.classification is not None else "")
        if not by:
            by = "rgb" if layer.rgb is not None else "height"
        self.legend = None
        if by == "class" and layer.classification is not None:
            colours = self._by_class(layer)
        elif by == "rgb" and layer.rgb is not None:
            colours = np.asarray(layer.rgb)
        elif by == "intensity" and layer.intensity is not None:
            low, high = np.percentile(
                layer.intensity[:: max(1, len(layer.intensity) // 100_000)], (2, 98)
            )
            colours = of_numbers(
                -layer.intensity.astype(float), "grey", -float(high), -float(low) + 1e-6
            )
        elif style.color and style.color_by == "":
            colours = np.tile(rgb(style.color), (len(layer.xyz), 1))
        else:
            heights = layer.xyz[:, 2].astype(float) + layer.offset[2]
            colours, self.legend = by_number(
                heights, style, layer=layer.id, title="Height", unit="m"
            )
        self._colours[:] = colours[self._order]
        for data in self._data.values():
            data.GetPointData().GetArray("colours").Modified()
            data.Modified()

    def _by_class(self, layer: PointCloudLayer) -> NDArray[np.uint8]:
        assert layer.classification is not None
        table = np.tile(UNKNOWN, (256, 1))
        for number, (_, colour) in CLASSES.items():
            table[number] = rgb(colour)
        present = np.unique(layer.classification)
        self.legend = Legend(
            layer=layer.id,
            title="Class",
            unit="",
            entries=tuple(
                LegendEntry(
                    color=hex_of(table[number]),
                    label=CLASSES.get(int(number), (f"class {number}", ""))[0],
                )
                for number in present
            ),
        )
        return table[layer.classification]

    def thin(self, budget: int | None) -> None:
        """Draw no more than about `budget` points, evenly; None for all."""
        if not len(self._xyz):
            return
        level = 0
        if budget is not None:
            counts = np.array(SHARES) * len(self._xyz)
            level = min(int((counts > max(budget, 1) * 3).sum()), len(SHARES) - 1)
        if level != self._level:
            self._level = level
            self._actor.SetMapper(self._mapper(level))

    def _mapper(self, level: int) -> vtkPolyDataMapper:
        if level in self._mappers:
            return self._mappers[level]
        count = max(1, int(len(self._xyz) * SHARES[level]))
        data = vtkPolyData()
        data.SetPoints(self._points)
        data.SetVerts(cells_of(np.arange(count, dtype=np.int32).reshape(-1, 1)))
        colours = numpy_to_vtk(self._colours, deep=False)
        colours.SetName("colours")
        data.GetPointData().AddArray(colours)
        mapper = vtkPolyDataMapper()
        mapper.SetInputData(data)
        mapper.StaticOn()
        mapper.SetVBOShiftScaleMethod(0)
        mapper.SetScalarModeToUsePointFieldData()
        mapper.SelectColorArray("colours")
        mapper.SetColorModeToDirectScalars()
        self._mappers[level], self._data[level] = mapper, data
        return mapper

    def nearest_to_ray(
        self, origin: NDArray[np.float64], direction: NDArray[np.float64], reach: float
    ) -> tuple[int, float, NDArray[np.float64]] | None:
        """Row, distance along the ray and position of the first point close to a ray, within `reach`."""
        if not self.visible or not len(self._xyz):
            return None
        away = self._xyz - origin.astype(np.float32)
        along = away @ direction.astype(np.float32)
        across = np.einsum("ij,ij->i", away, away) - along * along
        limit = np.maximum(along * np.float32(np.tan(np.radians(PICK_DEGREES))), np.float32(0.15))
        near = np.flatnonzero((along > 0.1) & (along < reach + 1.5) & (across < limit * limit))
        if not len(near):
            return None
        aside = np.sqrt(np.maximum(across[near], 0.0))
        first = near[np.argmin(along[near] + 20 * aside)]
        return int(self._order[first]), float(along[first]), self._xyz[first].astype(np.float64)

    @property
    def box(self) -> NDArray[np.float64] | None:
        """See `Visual.box`."""
        if not len(self._xyz):
            return None
        low, high = self._xyz.min(axis=0), self._xyz.max(axis=0)
        return np.array([low[0], high[0], low[1], high[1], low[2], high[2]], dtype=float)

    def set_visible(self, visible: bool) -> None:
        """Hide or show."""
        self.visible = visible
        self._actor.SetVisibility(visible)

    def nbytes(self) -> int:
        """Bytes of arrays held."""
        return self._xyz.nbytes + self._colours.nbytes + self._order.nbytes

    def remove(self) -> None:
        """Take the points off the stage."""
        self.around.stage.renderer.RemoveActor(self._actor)
        self._mappers.clear()
        self._data.clear()
        self._layer = None
        self._xyz = np.empty((0, 3), np.float32)
