"""A window nobody sees: what pictures without a display are drawn in."""

from __future__ import annotations

import vtkmodules.vtkRenderingFreeType
import vtkmodules.vtkRenderingOpenGL2  # noqa: F401  both register what VTK makes by itself
from vtkmodules.vtkRenderingCore import vtkRenderer, vtkRenderWindow


class OffScreen:
    """Renderer and window as a `pyvista.Plotter` has them, without the half second that its import
    takes."""

    def __init__(self, size: tuple[int, int]) -> None:
        self.renderer = vtkRenderer()
        self.render_window = vtkRenderWindow()
        self.render_window.SetOffScreenRendering(True)
        self.render_window.SetMultiSamples(0)
        self.render_window.SetSize(*size)
        self.render_window.AddRenderer(self.renderer)

    def close(self) -> None:
        """Give back what the driver holds."""
        self.render_window.RemoveRenderer(self.renderer)
        self.render_window.Finalize()
