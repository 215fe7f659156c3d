"""The sky behind the city: exact per pixel when still, per corner of a grid while moving."""

from __future__ import annotations

from typing import Any

import numpy as np
from vtkmodules.vtkCommonDataModel import vtkPolyData
from vtkmodules.vtkRenderingCore import vtkActor, vtkRenderer

from viewers.scene import shaders
from viewers.scene.chunked_mesh import cells_of, points_of
from viewers.scene.sun import Atmosphere
from viewers.scene.textures import mapper_for

COLUMNS, ROWS = 20, 40
"""Fields of the grid; more rows than columns, for the sky changes most above the horizon."""
DEC = "//VTK::PositionVC::Dec"


def put_air(uniforms: Any, air: Atmosphere) -> None:
    """Tell a shader where the sun is and how the sky looks."""
    uniforms.SetUniform3f("sunDir", list(air.sun))
    uniforms.SetUniform3f("skyZenith", list(air.zenith))
    uniforms.SetUniform3f("skyHorizon", list(air.horizon))
    uniforms.SetUniform3f("skyGlow", list(air.glow))


class Sky:
    """Two actors behind everything, of which one is visible."""

    def __init__(self, renderer: vtkRenderer, air: Atmosphere) -> None:
        self._renderer = renderer
        self.plain, self.fine = self._actor(COLUMNS, ROWS, fine=False), self._actor(1, 1, fine=True)
        for uniforms in self._uniforms():
            for name in ("viewForward", "viewRight", "viewUp"):
                uniforms.SetUniform3f(name, [0.0, 1.0, 0.0])
        self.set_air(air)
        self.set_fine(True)
        self.draw_last()

    def _uniforms(self) -> tuple[Any, Any]:
        return (
            self.plain.GetShaderProperty().GetVertexCustomUniforms(),
            self.fine.GetShaderProperty().GetFragmentCustomUniforms(),
        )

    @staticmethod
    def _actor(columns: int, rows: int, *, fine: bool) -> vtkActor:
        x, y = np.meshgrid(np.linspace(-1, 1, columns + 1), np.linspace(-1, 1, rows + 1))
        corners = np.stack([x, y, np.zeros_like(x)], axis=2).reshape(-1, 3).astype(np.float32)
        a = (np.arange(rows)[:, None] * (columns + 1) + np.arange(columns)).ravel()
        up = columns + 1
        fields = np.concatenate(
            [np.stack([a, a + 1, a + up + 1], axis=1), np.stack([a, a + up + 1, a + up], axis=1)]
        )
        data = vtkPolyData()
        data.SetPoints(points_of(corners))
        data.SetPolys(cells_of(fields.astype(np.int32)))
        actor = vtkActor()
        actor.SetMapper(mapper_for(data))
        actor.UseBoundsOff()
        actor.PickableOff()
        shader = actor.GetShaderProperty()
        vertex, fragment = shader.AddVertexShaderReplacement, shader.AddFragmentShaderReplacement
        out = f"{DEC}\nout vec2 dtCorner;\n"
        into = f"{DEC}\nin vec2 dtCorner;\n"
        if fine:
            vertex("//VTK::PositionVC::Impl", True, shaders.SKY_VERTEX, False)
            fragment("//VTK::Light::Dec", True, shaders.SKY, False)
            fragment("//VTK::Light::Impl", True, shaders.SKY_FRAGMENT, False)
        else:
            out, into = out + "out vec3 dtAir;\n" + shaders.SKY, into + "in vec3 dtAir;\n"
            vertex("//VTK::PositionVC::Impl", True, shaders.SKY_VERTEX_PLAIN, False)
            fragment("//VTK::Light::Impl", True, shaders.SKY_FRAGMENT_PLAIN, False)
        vertex(DEC, True, out, False)
        fragment(DEC, True, into, False)
        return actor

    def set_air(self, air: Atmosphere) -> None:
        """Show the sky of this moment."""
        for uniforms in self._uniforms():
            put_air(uniforms, air)

    def set_fine(self, fine: bool) -> None:
        """Exact per pixel, or quick."""
        self.plain.SetVisibility(not fine)
        self.fine.SetVisibility(fine)

    def look(self, forward: Any, right: Any, up: Any) -> None:
        """Where the middle of the window looks, and half its width and height at distance one."""
        for uniforms in self._uniforms():
            uniforms.SetUniform3f("viewForward", list(forward))
            uniforms.SetUniform3f("viewRight", list(right))
            uniforms.SetUniform3f("viewUp", list(up))

    def draw_last(self) -> None:
        """Draw after everything added so far."""
        self.remove()
        for actor in (self.plain, self.fine):
            self._renderer.AddActor(actor)

    def remove(self) -> None:
        """Take it off the stage."""
        for actor in (self.plain, self.fine):
            self._renderer.RemoveActor(actor)
