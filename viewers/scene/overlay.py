"""What lies over the picture in pixels: small images and lines, in a renderer of its own."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from vtkmodules.util.numpy_support import numpy_to_vtk
from vtkmodules.vtkCommonCore import vtkPoints
from vtkmodules.vtkCommonDataModel import vtkCellArray, vtkPolyData
from vtkmodules.vtkRenderingCore import (
    vtkActor2D,
    vtkPolyDataMapper2D,
    vtkRenderer,
    vtkTexture,
    vtkTexturedActor2D,
)

from viewers.scene.textures import byte_texture

LABELS, FURNITURE = 1, 2
"""Layers of the window: labels belong to the picture, furniture only to the screen."""


class Overlay:
    """Items by name; positions are device pixels from the lower left corner of the window.

    Parameters
    ----------
    layer
        `LABELS`, which pictures keep, or `FURNITURE`, which they leave out.
    """

    def __init__(self, window: Any, *, layer: int = FURNITURE) -> None:
        self._window = window
        self.renderer = vtkRenderer()
        self.renderer.SetLayer(layer)
        self.renderer.InteractiveOff()
        self.renderer.SetPreserveDepthBuffer(False)
        window.SetNumberOfLayers(max(window.GetNumberOfLayers(), layer + 1))
        window.AddRenderer(self.renderer)
        self._images: dict[str, tuple[Any, vtkTexturedActor2D, vtkTexture]] = {}
        self._lines: dict[str, vtkActor2D] = {}

    def image(self, name: str, pixels: NDArray[np.uint8], x: float, y: float) -> None:
        """Show uint8 (height, width, 4) with its lower left corner at (x, y); row 0 is on top."""
        known = self._images.get(name)
        if known is None or known[0] is not pixels:
            self.drop(name)
            known = self._images[name] = (pixels, *_picture(pixels))
            self.renderer.AddViewProp(known[1])
        known[1].SetPosition(round(x), round(y))
        known[1].SetVisibility(True)

    def dim(self, name: str, opacity: float) -> None:
        """How much of an image is seen, 0 … 1."""
        if name in self._images:
            self._images[name][1].GetProperty().SetOpacity(opacity)

    def lines(
        self,
        name: str,
        points: NDArray[np.float64],
        pairs: NDArray[np.integer],
        *,
        colour: tuple[float, float, float],
        width: float = 1.5,
        opacity: float = 1.0,
    ) -> None:
        """Draw segments between points (n, 2); `pairs` (m, 2) says which."""
        actor = self._lines.get(name)
        if actor is None:
            actor = self._lines[name] = vtkActor2D()
            actor.SetMapper(vtkPolyDataMapper2D())
            self.renderer.AddViewProp(actor)
        data = vtkPolyData()
        data.SetPoints(_points(points))
        cells = vtkCellArray()
        ends = np.ascontiguousarray(pairs, dtype=np.int64)
        cells.SetData(2, numpy_to_vtk(ends.reshape(-1), deep=True))
        data.SetLines(cells)
        mapper: Any = actor.GetMapper()
        mapper.SetInputData(data)
        look = actor.GetProperty()
        look.SetColor(*colour)
        look.SetLineWidth(width)
        look.SetOpacity(opacity)
        actor.SetVisibility(bool(len(pairs)))

    def hide(self, name: str) -> None:
        """Hide an item until it is drawn again."""
        if name in self._images:
            self._images[name][1].SetVisibility(False)
        if name in self._lines:
            self._lines[name].SetVisibility(False)

    def drop(self, name: str) -> None:
        """Forget an item."""
        for kept in (self._images.pop(name, (None, None))[1], self._lines.pop(name, None)):
            if kept is not None:
                self.renderer.RemoveViewProp(kept)
                kept.ReleaseGraphicsResources(self._window)

    def names(self) -> set[str]:
        """Items that there are."""
        return set(self._images) | set(self._lines)

    def keep(self, names: set[str], *, of: str) -> None:
        """Forget items whose name begins with `of` and that are not among `names`."""
        for name in self.names():
            if name.startswith(of) and name not in names:
                self.drop(name)

    def close(self) -> None:
        """Take everything off the window."""
        for name in self.names():
            self.drop(name)
        self._window.RemoveRenderer(self.renderer)


def _points(xy: NDArray[np.float64]) -> vtkPoints:
    points = vtkPoints()
    flat = np.column_stack([xy, np.zeros(len(xy))]).astype(np.float32)
    points.SetData(numpy_to_vtk(flat, deep=True))
    return points


def _picture(pixels: NDArray[np.uint8]) -> tuple[vtkTexturedActor2D, vtkTexture]:
    height, width, _ = pixels.shape
    data = vtkPolyData()
    data.SetPoints(_points(np.array([[0, 0], [width, 0], [width, height], [0, height]], float)))
    cells = vtkCellArray()
    cells.SetData(4, numpy_to_vtk(np.arange(4, dtype=np.int64), deep=True))
    data.SetPolys(cells)
    corners = numpy_to_vtk(np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32), deep=True)
    corners.SetName("uv")
    data.GetPointData().SetTCoords(corners)
    mapper = vtkPolyDataMapper2D()
    mapper.SetInputData(data)
    texture = byte_texture(pixels[::-1], smooth=False)
    actor = vtkTexturedActor2D()
    actor.SetMapper(mapper)
    actor.SetTexture(texture)
    return actor, texture
