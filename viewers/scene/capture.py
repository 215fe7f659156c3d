"""The pixels of a render window, at its own size or another."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from vtkmodules.util.numpy_support import vtk_to_numpy
from vtkmodules.vtkCommonCore import vtkUnsignedCharArray
from vtkmodules.vtkRenderingCore import vtkWindowToImageFilter

from viewers.scene.overlay import FURNITURE


def capture(
    window: Any, refine: Callable[[], object], size: tuple[int, int] | None = None
) -> NDArray[np.uint8]:
    """What `window` shows after `refine` drew it at `size`: uint8 (height, width, 3).

    What belongs to the screen alone (compass, handles, a story's words) is not drawn by `refine`.
    """
    with without_furniture(window):
        return _captured(window, refine, size)


def read_in_parts(window: Any, most: int) -> Generator[NDArray[np.uint8] | None]:
    """What `window` shows, read a few rows at a time and never drawn anew: for between two frames.

    Parameters
    ----------
    most
        Bytes that one part has about; a whole picture at once would hold the window.

    Yields
    ------
    None after each part; last the picture, uint8 (height, width, 3), or nothing where another frame was
    drawn, or the window got another size, meanwhile.
    """
    width, height = window.GetSize()
    drawn: list[bool] = []
    tag = window.AddObserver("StartEvent", lambda *_: drawn.append(True))
    picture = np.empty((height, width, 3), np.uint8)
    rows = max(1, most // (3 * width))
    try:
        for low in range(0, height, rows):
            high = min(low + rows, height)
            part = vtkUnsignedCharArray()
            window.GetPixelData(0, low, width - 1, high - 1, 0, part, 0)
            # VTK counts rows from below.
            picture[height - high : height - low] = vtk_to_numpy(part).reshape(-1, width, 3)[::-1]
            yield None
            if drawn or tuple(window.GetSize()) != (width, height):
                return
        yield picture
    finally:
        window.RemoveObserver(tag)


@contextlib.contextmanager
def without_furniture(window: Any) -> Iterator[None]:
    """Frames drawn within leave out layers from `FURNITURE` up."""
    renderers = window.GetRenderers()
    off = [renderers.GetItemAsObject(n) for n in range(renderers.GetNumberOfItems())]
    off = [one for one in off if one.GetLayer() >= FURNITURE and one.GetDraw()]
    for one in off:
        one.DrawOff()
    try:
        yield
    finally:
        for one in off:
            one.DrawOn()


def _captured(
    window: Any, refine: Callable[[], object], size: tuple[int, int] | None
) -> NDArray[np.uint8]:
    before = tuple(window.GetSize())
    if size is not None and size != before:
        window.SetSize(*size)
    try:
        refine()
        return as_shown(window)
    finally:
        if size is not None and size != before:
            window.SetSize(*before)


def as_shown(window: Any) -> NDArray[np.uint8]:
    """What was drawn last, furniture included, without drawing anew: uint8 (height, width, 3)."""
    grab = vtkWindowToImageFilter()
    grab.SetInput(window)
    grab.ReadFrontBufferOff()
    grab.ShouldRerenderOff()
    grab.Update()
    image = grab.GetOutput()
    width, height, _ = image.GetDimensions()
    flat = vtk_to_numpy(image.GetPointData().GetScalars()).reshape(height, width, -1)
    return np.ascontiguousarray(flat[::-1, :, :3])
