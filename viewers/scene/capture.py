"""The pixels of a render window, at its own size or another."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from vtkmodules.util.numpy_support import vtk_to_numpy
from vtkmodules.vtkRenderingCore import vtkWindowToImageFilter


def capture(
    window: Any, refine: Callable[[], object], size: tuple[int, int] | None = None
) -> NDArray[np.uint8]:
    """What `window` shows after `refine` drew it at `size`: uint8 (height, width, 3)."""
    before = tuple(window.GetSize())
    if size is not None and size != before:
        window.SetSize(*size)
    try:
        refine()
        grab = vtkWindowToImageFilter()
        grab.SetInput(window)
        grab.ReadFrontBufferOff()
        grab.ShouldRerenderOff()
        grab.Update()
        image = grab.GetOutput()
        width, height, _ = image.GetDimensions()
        flat = vtk_to_numpy(image.GetPointData().GetScalars()).reshape(height, width, -1)
        return np.ascontiguousarray(flat[::-1, :, :3])
    finally:
        if size is not None and size != before:
            window.SetSize(*before)
