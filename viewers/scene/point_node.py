"""The points of one node on the stage: one set of vertices, and a mapper for each part of it drawn."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from vtkmodules.util.numpy_support import numpy_to_vtk
from vtkmodules.vtkCommonDataModel import vtkPolyData
from vtkmodules.vtkRenderingCore import vtkActor, vtkPolyDataMapper, vtkRenderer

from layers.readers.copc_tree import NodePoints
from viewers.scene.chosen import with_chosen
from viewers.scene.chunked_mesh import points_of
from viewers.scene.material import Material
from viewers.scene.point_blocks import COLOURS, first_verts
from viewers.scene.point_choice import SHARES
from viewers.scene.point_pick import Blocks
from viewers.view_state import NO_ROWS

BYTES = 44
"""Of one point: 16 here, 16 in the driver's buffer, and what tells which points are drawn."""


class PointNode:
    """The first half of its points, or quarter, is the same cloud, thinner; see `NodePoints`."""

    def __init__(
        self,
        points: NodePoints,
        blocks: Blocks,
        colours: NDArray[np.uint8],
        material: Material,
        shift: NDArray[np.float64],
    ) -> None:
        """`colours` are uint8 (n, 4): other numbers of bands VTK would copy."""
        self.points = points
        self.blocks = blocks
        self.low, self.high = blocks.low.min(axis=0), blocks.high.max(axis=0)
        self.share = -1
        self.actor = vtkActor()
        self.actor.PickableOff()
        self.actor.VisibilityOff()
        self.actor.SetPosition(*shift)
        material.dress(self.actor, fine=False)
        self._points = points_of(points.xyz)
        self._mappers: dict[int, vtkPolyDataMapper] = {}
        self._chosen = NO_ROWS
        self.left_out: NDArray[np.bool_] | None = None
        """Of its points those that are not drawn; None where all are."""
        self.recolour(colours)

    def __len__(self) -> int:
        return len(self.points.xyz)

    @property
    def drawn(self) -> int:
        """Points in the last frame."""
        return self._count(self.share) if self.share >= 0 else 0

    def _count(self, share: int) -> int:
        return -(-len(self) // round(1 / SHARES[share]))

    def recolour(self, colours: NDArray[np.uint8]) -> None:
        """Give all points other colours, uint8 (n, 4)."""
        self._own = np.ascontiguousarray(colours)
        self._paint()

    def mark(self, chosen: NDArray[np.int64]) -> bool:
        """Let these points stand out, and no others; True where that changed anything."""
        if not len(chosen) and not len(self._chosen):
            return False
        self._chosen = chosen
        self._paint()
        return True

    def leave_out(self, which: NDArray[np.bool_] | None) -> bool:
        """Draw all but these; True where that changed anything."""
        if which is None and self.left_out is None:
            return False
        self.left_out = which
        share = self.share
        self.show(-1)
        self._mappers.clear()
        self.show(share)
        return True

    def _paint(self) -> None:
        colours = self._own
        if len(self._chosen):
            colours = colours.copy()
            colours[:, :3] = with_chosen(colours[:, :3], self._chosen)
        self._colours = numpy_to_vtk(colours, deep=False)
        self._colours.SetName(COLOURS)
        for mapper in self._mappers.values():
            mapper.GetInput().GetPointData().AddArray(self._colours)
            mapper.GetInput().Modified()

    def show(self, share: int) -> None:
        """Draw the first `SHARES[share]` of the points; −1 draws nothing."""
        if share == self.share:
            return
        self.share = share
        if share >= 0:
            if share not in self._mappers:
                self._mappers[share] = self._mapper(share)
            self.actor.SetMapper(self._mappers[share])
        self.actor.SetVisibility(share >= 0)

    def _mapper(self, share: int) -> vtkPolyDataMapper:
        # VTK keeps one buffer for one array, so mappers share vertices and colours.
        data = vtkPolyData()
        data.SetPoints(self._points)
        data.SetVerts(first_verts(self._count(share), self.left_out))
        data.GetPointData().AddArray(self._colours)
        mapper = vtkPolyDataMapper()
        mapper.SetInputData(data)
        mapper.StaticOn()
        mapper.SetVBOShiftScaleMethod(0)
        mapper.SetScalarModeToUsePointFieldData()
        mapper.SelectColorArray(COLOURS)
        mapper.SetColorModeToDirectScalars()
        return mapper

    def nbytes(self) -> int:
        """Bytes here and in the driver."""
        return BYTES * len(self)

    def free(self, renderer: vtkRenderer) -> None:
        """Take it off the stage and give back what the driver holds."""
        renderer.RemoveActor(self.actor)
        window = renderer.GetRenderWindow()
        for mapper in self._mappers.values():
            mapper.ReleaseGraphicsResources(window)
        self._mappers.clear()
