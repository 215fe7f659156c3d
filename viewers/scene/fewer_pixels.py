"""Moving frames drawn with a quarter of the pixels and stretched over the window, where all are too many."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from vtkmodules.vtkCommonCore import vtkCommand
from vtkmodules.vtkRenderingOpenGL2 import vtkTextureObject

from viewers.scene.copying import copying, smooth_texture, stretch


class FewerPixels:
    """Lets one renderer draw a corner of its window, a half by a half, and stretches it over the whole.

    The viewport is another only while the renderer draws: whoever asks for it between frames, to find
    what is under a pixel, gets what people see. Labels and furniture are drawn afterwards, sharp.
    """

    def __init__(self, renderer: Any, window: Any, *, wanted: Callable[[], bool]) -> None:
        """`wanted` is asked before each frame."""
        self._renderer, self._window, self._wanted = renderer, window, wanted
        self._texture: vtkTextureObject | None = None
        self._size = (0, 0)
        self._before: tuple[float, ...] | None = None
        self._observers = [
            renderer.AddObserver(vtkCommand.StartEvent, self._shrink, 1.0),
            renderer.AddObserver(vtkCommand.EndEvent, self._stretch, 1.0),
        ]

    def _shrink(self, *_: Any) -> None:
        width, height = self._window.GetSize()
        self._size = (width // 2, height // 2)
        if min(self._size) < 16 or not self._wanted():
            self._let_go()
            return
        self._before = self._renderer.GetViewport()
        self._renderer.SetViewport(0.0, 0.0, self._size[0] / width, self._size[1] / height)

    def _stretch(self, *_: Any) -> None:
        if self._before is None:
            return
        self._renderer.SetViewport(*self._before)
        self._before = None
        width, height = self._size
        texture = self._texture_of(width, height)
        texture.CopyFromFrameBuffer(0, 0, 0, 0, width, height)
        with copying(self._window):
            stretch(texture, *self._window.GetSize())

    def _texture_of(self, width: int, height: int) -> vtkTextureObject:
        texture = self._texture
        if texture is None or (texture.GetWidth(), texture.GetHeight()) != (width, height):
            self._let_go()
            texture = self._texture = smooth_texture(self._window, width, height)
        return texture

    def _let_go(self) -> None:
        if self._texture is not None:
            self._texture.ReleaseGraphicsResources(self._window)
            self._texture = None

    def close(self) -> None:
        """Draw all pixels from now on."""
        self._let_go()
        for tag in self._observers:
            self._renderer.RemoveObserver(tag)
        self._observers.clear()
