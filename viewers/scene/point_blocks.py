"""Blocks of a point cloud as actors: its own array where all of a block is drawn, else every n-th point."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from vtkmodules.util.numpy_support import numpy_to_vtk
from vtkmodules.vtkCommonDataModel import vtkCellArray, vtkPolyData
from vtkmodules.vtkRenderingCore import vtkActor, vtkPolyDataMapper, vtkRenderer

from viewers.scene.chunked_mesh import points_of
from viewers.scene.material import Material
from viewers.scene.point_pick import Near, nearest

BLOCK = 131_072
"""Points of a block; they follow each other in the file, so they stand near each other mostly."""
STRIDES = (1, 3, 10, 32, 100, 320)
"""Every how many points each level draws."""
COLOURS = "colours"
ColourOf = Callable[[slice], NDArray[np.uint8]]


@lru_cache(maxsize=1)
def _numbers(count: int) -> NDArray[np.int32]:
    return np.arange(count, dtype=np.int32)


def first_verts(count: int, left_out: NDArray[np.bool_] | None = None) -> vtkCellArray:
    """The first `count` points as one cell; all such cells share their numbers.

    Those of a mask over the points are left out.
    """
    room = max(1 << (count - 1).bit_length(), BLOCK)
    numbers = _numbers(room)[:count]
    if left_out is not None:
        numbers = np.flatnonzero(~left_out[:count]).astype(np.int32)
    cells = vtkCellArray()
    if len(numbers):
        cells.SetData(
            numpy_to_vtk(np.array([0, len(numbers)], dtype=np.int32), deep=True),
            numpy_to_vtk(numbers, deep=False),
        )
    return cells


class PointBlock:
    """Some points in the order of the file, with one mapper for each level that was drawn."""

    def __init__(self, xyz: NDArray[np.float32], start: int, material: Material) -> None:
        self.start = start
        self.xyz = xyz
        # Column by column: six times as fast as over rows of three.
        self.low = np.array([xyz[:, axis].min() for axis in range(3)])
        self.high = np.array([xyz[:, axis].max() for axis in range(3)])
        span = np.maximum(self.high - self.low, 1e-3)
        self.spacing = float(np.sqrt(span[0] * span[1] / len(xyz)))
        self.level = -1
        self.actor = vtkActor()
        self.actor.PickableOff()
        self.actor.VisibilityOff()
        material.dress(self.actor, fine=False)
        self._mappers: dict[int, vtkPolyDataMapper] = {}
        self.left_out: NDArray[np.bool_] | None = None
        """Of its points those that are not drawn; None where all are."""

    def count(self, level: int) -> int:
        """Points of a level."""
        return -(-len(self.xyz) // STRIDES[level]) if level >= 0 else 0

    def show(self, level: int, colour_of: ColourOf) -> None:
        """Draw every `STRIDES[level]`-th point; −1 draws nothing."""
        if level >= 0:
            if level not in self._mappers:
                self._mappers[level] = self._mapper(level, colour_of)
            if level != self.level or self.actor.GetMapper() is None:
                self.actor.SetMapper(self._mappers[level])
        self.level = level
        self.actor.SetVisibility(level >= 0)

    def _slice(self, level: int) -> slice:
        return slice(self.start, self.start + len(self.xyz), STRIDES[level])

    def _mapper(self, level: int, colour_of: ColourOf) -> vtkPolyDataMapper:
        data = vtkPolyData()
        data.SetPoints(points_of(np.ascontiguousarray(self.xyz[:: STRIDES[level]])))
        without = None if self.left_out is None else self.left_out[:: STRIDES[level]]
        data.SetVerts(first_verts(self.count(level), without))
        mapper = vtkPolyDataMapper()
        mapper.SetInputData(data)
        mapper.StaticOn()
        mapper.SetVBOShiftScaleMethod(0)
        mapper.SetScalarModeToUsePointFieldData()
        mapper.SelectColorArray(COLOURS)
        mapper.SetColorModeToDirectScalars()
        self._put(data, colour_of(self._slice(level)))
        return mapper

    @staticmethod
    def _put(data: vtkPolyData, colours: NDArray[np.uint8]) -> None:
        array = numpy_to_vtk(np.ascontiguousarray(colours), deep=False)
        array.SetName(COLOURS)
        data.GetPointData().AddArray(array)

    def leave_out(self, which: NDArray[np.bool_] | None) -> None:
        """Draw all but these from the next frame on."""
        self.left_out = which
        self._mappers = {}
        self.level = -1

    def nearest(
        self, origin: NDArray[np.float64], direction: NDArray[np.float64], reach: float
    ) -> Near | None:
        """As `point_pick.nearest`, of what is not left out."""
        if self.left_out is None:
            return nearest(self.xyz, origin, direction, reach)
        rows = np.flatnonzero(~self.left_out)
        found = nearest(self.xyz[rows], origin, direction, reach)
        return None if found is None else found._replace(row=int(rows[found.row]))

    def recolour(self, colour_of: ColourOf) -> None:
        """Give the points other colours; what is not in sight is made anew when it is."""
        if self.level >= 0 and self.level in self._mappers:
            mapper = self._mappers[self.level]
            self._put(mapper.GetInput(), colour_of(self._slice(self.level)))
            mapper.GetInput().Modified()
            self._mappers = {self.level: mapper}
        else:
            self._mappers = {}
            self.level = -1

    def free(self, renderer: vtkRenderer) -> None:
        """Let go of what is not in sight."""
        for level in [k for k in self._mappers if k != self.level]:
            self._mappers.pop(level).ReleaseGraphicsResources(renderer.GetRenderWindow())

    def nbytes(self) -> int:
        """Bytes of the copies that levels hold; the points themselves are the layer's."""
        return sum(self.count(level) * (16 if level else 4) for level in self._mappers)


def levels_for(
    spacing: NDArray[np.float64],
    size: NDArray[np.int64],
    pixels_per_metre: NDArray[np.float64],
    budget: int | None,
) -> NDArray[np.int64]:
    """The level of each block: the coarsest whose points still touch, coarser to hold the budget.

    Parameters
    ----------
    spacing : metres between neighbours in each block
    size : points of each block
    pixels_per_metre : at the part of each block that is nearest
    budget : points of all blocks together, None for what a still picture can show
    """
    strides = np.array(STRIDES, float)
    apart = spacing[:, None] * np.sqrt(strides) * pixels_per_metre[:, None]

    def at(pixels: float) -> NDArray[np.int64]:
        fine: NDArray[np.int64] = np.maximum((apart <= pixels).sum(axis=1) - 1, 0)
        return fine

    chosen, pixels = at(1.0), 1.0
    while budget is not None and (size / strides[chosen]).sum() > budget and pixels < 100:
        pixels *= 1.25
        chosen = at(pixels)
    return chosen
