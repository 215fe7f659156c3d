"""What follows the cursor, drawn over a kept picture, so that the city is not drawn for each move."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from vtkmodules.vtkRenderingCore import vtkRenderer

from viewers.scene.capture import capture
from viewers.scene.marks import Marks
from viewers.scene.overlay import FURNITURE, Overlay
from viewers.scene.refinement import Step
from viewers.scene.scene import Scene

BACKDROP = "backdrop"
TEAL = (0.04, 0.45, 0.52)


class Preview:
    """Marks on a layer over the scene; `draw` shows them within milliseconds while the eye rests.

    The picture below is taken once and shown again under the marks, until the scene draws another.
    """

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._window: Any = scene.window
        # Over labels and furniture, which the kept picture has already.
        self._below = Overlay(self._window, layer=FURNITURE + 1)
        self._renderer = vtkRenderer()
        self._renderer.SetActiveCamera(scene.renderer.GetActiveCamera())
        self._renderer.SetLayer(FURNITURE + 2)
        self._renderer.InteractiveOff()
        self._window.SetNumberOfLayers(max(FURNITURE + 3, self._window.GetNumberOfLayers()))
        self._window.AddRenderer(self._renderer)
        self.marks = Marks(self._renderer, scene.camera.origin, over=True)
        self._band = Overlay(self._window, layer=FURNITURE + 2)
        self._size: tuple[int, ...] = ()
        self._kept = False
        self._clean = True
        """Whether the scene's last frame was drawn without a mark of this preview."""
        self._banded = False
        scene.each_frame.append(self._look)

    def _look(self) -> None:
        """The scene draws a frame of its own: the kept picture is out of date."""
        self._below.drop(BACKDROP)
        self._kept = False
        self._clean = not self.marks.marks and not self._banded
        self.marks.look()

    def draw(self) -> None:
        """Show the marks now."""
        scene = self._scene
        if scene.moving or scene.step < Step.LIT:
            scene.render()
            return
        if not self._kept or self._size != tuple(self._window.GetSize()):
            self._keep()
        self.marks.look()
        scene.renderer.DrawOff()
        try:
            self._window.Render()
        finally:
            scene.renderer.DrawOn()

    def band(self, corners: NDArray[np.float64]) -> None:
        """Show a closed line on the screen through `corners` (n, 2), pixels; none takes it away."""
        self._banded = len(corners) > 1
        number = np.arange(len(corners))
        pairs = np.column_stack([number, np.roll(number, -1)]) if len(corners) > 1 else number[:0]
        pairs = pairs.reshape(-1, 2)
        for name, colour, width in (("casing", (1.0, 1.0, 1.0), 4.0), ("band", TEAL, 2.0)):
            self._band.lines(name, corners, pairs, colour=colour, width=width)

    def _keep(self) -> None:
        """Keep the scene's picture without the marks of this preview."""
        if not self._clean:
            own = (self._renderer, self._band.renderer)
            for renderer in own:
                renderer.DrawOff()
            self._scene.render()
            for renderer in own:
                renderer.DrawOn()
        picture = capture(self._window, lambda: None)
        whole = np.full((*picture.shape[:2], 4), 255, np.uint8)
        whole[..., :3] = picture
        self._below.image(BACKDROP, whole, 0, 0)
        self._size, self._kept = tuple(self._window.GetSize()), True

    def close(self) -> None:
        """Take the layer off the window."""
        if self._look in self._scene.each_frame:
            self._scene.each_frame.remove(self._look)
        self.marks.clear()
        self._below.close()
        self._band.close()
        self._window.RemoveRenderer(self._renderer)
