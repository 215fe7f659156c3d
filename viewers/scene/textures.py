"""Arrays as textures, their bytes as they are, and mappers that leave coordinates alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from vtkmodules.util.numpy_support import numpy_to_vtk
from vtkmodules.vtkCommonDataModel import vtkImageData, vtkPolyData
from vtkmodules.vtkRenderingCore import vtkPolyDataMapper, vtkTexture

from viewers.scene.packing import Code


@dataclass(frozen=True, slots=True)
class Affine2:
    """World xy to texture uv: `uv = xy * scale + shift`."""

    scale: tuple[float, float]
    shift: tuple[float, float]


def byte_texture(values: NDArray[np.uint8], *, smooth: bool) -> vtkTexture:
    """A texture of bytes as they are, shape (rows, cols, 3 or 4); row 0 is v = 0; not copied."""
    rows, cols, parts = values.shape
    image = vtkImageData()
    image.SetDimensions(cols, rows, 1)
    scalars = numpy_to_vtk(np.ascontiguousarray(values).reshape(rows * cols, parts), deep=False)
    scalars.SetName("values")
    image.GetPointData().SetScalars(scalars)
    texture = vtkTexture()
    texture.SetInputData(image)
    texture.SetColorModeToDirectScalars()
    texture.SetInterpolate(smooth)
    texture.RepeatOff()
    texture.EdgeClampOn()
    return texture


def sharp_texture(values: NDArray[np.uint8], *, samples: float) -> vtkTexture:
    """A picture (rows, cols, 4; row 0 is v = 0) that stays calm far away, and sharp in a slanting
    look with more `samples` than one; the array is not copied."""
    texture = byte_texture(values, smooth=True)
    texture.MipmapOn()
    texture.SetMaximumAnisotropicFiltering(samples)
    return texture


@dataclass(frozen=True, slots=True)
class Packed:
    """A map of numbers on the graphics card: `low + span * code`."""

    texture: vtkTexture
    low: float
    span: float


def packed(code: Code, *, smooth: bool) -> Packed:
    """The texture of a coded map; `smooth` lets its numbers be interpolated."""
    return Packed(byte_texture(code.parts, smooth=smooth), code.low, code.span)


def mapper_for(data: vtkPolyData, *, colours: str = "") -> vtkPolyDataMapper:
    """A static mapper that leaves coordinates alone and shows per-face colours as they are."""
    mapper = vtkPolyDataMapper()
    mapper.SetInputData(data)
    mapper.StaticOn()
    mapper.SetVBOShiftScaleMethod(0)
    if colours:
        mapper.SetScalarModeToUseCellFieldData()
        mapper.SelectColorArray(colours)
        mapper.SetColorModeToDirectScalars()
    else:
        mapper.ScalarVisibilityOff()
    return mapper
