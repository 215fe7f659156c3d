"""How a surface meets light: one VTK property and one shader property per layer, shared by its chunks."""

from __future__ import annotations

from typing import Any

import numpy as np
import vtkmodules.vtkRenderingOpenGL2  # noqa: F401  registers the OpenGL classes
from vtkmodules.vtkRenderingCore import vtkActor, vtkProperty, vtkShaderProperty, vtkTexture

from viewers.scene.cut import Cut
from viewers.scene.surface_shader import FILLED, GROUND, PLAIN, PULL, Kind, Make, write
from viewers.scene.textures import Affine2


class Material:
    """Owns the look of one layer; its actors share it, so a change of light is one call."""

    def __init__(
        self, kind: Kind, *, smooth_normals: bool = False, bias: float = 0.0, tiled: bool = False,
        pictured: bool = False,
    ) -> None:  # fmt: skip
        self.kind = kind
        self.tiled = tiled
        """Whether tiles of the ground wear it, with a picture each where it is pictured."""
        self.quick = False
        """Whether moving frames read pictures without mixing their texels."""
        self.of_plain = False
        """Whether the stage gives it the colour of the plain."""
        self.shift = np.zeros(3)
        """Where the actors stand that wear it, scene coordinates."""
        self.property = vtkProperty()
        self.property.SetAmbient(1.0)
        self.property.SetDiffuse(1.0)
        self._smooth = smooth_normals and kind in ("terrain", "land", "mesh")
        self._bias, self._pictured = bias, pictured
        self.whole = False
        """Whether no cut is to take anything from it."""
        self._cut: Cut | None = None
        self._opacity = self._seen = 1.0
        self._plain, self._fine = vtkShaderProperty(), vtkShaderProperty()
        self._build()
        self.set_float("facade", 1.0)
        self.set_vector("drapeScale", (0.0, 0.0, 0.0))
        self.set_vector("drapeShift", (0.0, 0.0, 0.0))
        self.set_float("unlit", 0.35)
        if kind == "points":
            self.set_point_size(0.0, 1.0, 1.0)

    def _build(self) -> None:
        make = Make(
            kind=self.kind, smooth=self._smooth, bias=self._bias, tiled=self.tiled,
            pictured=self._pictured, quick=self.quick, cut=self._cut is not None,
        )  # fmt: skip
        write(self._plain, make, fine=False)
        write(self._fine, make, fine=True)

    def dress(self, actor: vtkActor, *, fine: bool) -> None:
        """Give `actor` this look: fine with shadows, or plain for moving frames."""
        actor.SetProperty(self.property)
        actor.SetShaderProperty(self._fine if fine else self._plain)

    def uniforms(self) -> tuple[Any, Any]:
        """Uniforms of both fragment shaders."""
        return (self._plain.GetFragmentCustomUniforms(), self._fine.GetFragmentCustomUniforms())

    def air_uniforms(self) -> tuple[Any, ...]:
        """Uniforms of all shaders that deal with sky and haze."""
        corners = (self._plain.GetVertexCustomUniforms(), self._fine.GetVertexCustomUniforms())
        return (*self.uniforms(), *(corners if self.kind == "points" else corners[:1]))

    def set_haze(self, density: float) -> None:
        """The inverse of the metres at which more than half of a colour is lost."""
        for uniforms in self.air_uniforms():
            uniforms.SetUniformf("hazeDensity", density)

    def set_lights(self, sun: Any, sky: Any, bounce: Any) -> None:
        """Light of the sun, from above and from below."""
        corners = self._plain.GetVertexCustomUniforms()
        at_corners = self.tiled or self.kind in PLAIN
        for uniforms in (*self.uniforms(), *((corners,) if at_corners else ())):
            uniforms.SetUniform3f("sunLight", [float(v) for v in sun])
            uniforms.SetUniform3f("skyLight", [float(v) for v in sky])
            uniforms.SetUniform3f("bounceLight", [float(v) for v in bounce])

    def set_around(self, around: tuple[float, float, float]) -> None:
        """Middle (x, y) and radius of the city, scene metres: beyond it the plain pales away."""
        for uniforms in (*self.uniforms(), self._plain.GetVertexCustomUniforms()):
            uniforms.SetUniform3f("plainAround", [float(v) for v in around])

    def set_point_light(self, light: Any) -> None:
        """What falls on a point: points have no side that could be turned to the sun."""
        for shader in (self._plain, self._fine):
            uniforms = shader.GetVertexCustomUniforms()
            uniforms.SetUniform3f("pointLight", [float(v) for v in light])

    def set_point_size(self, pixel_metres: float, least: float, most: float) -> None:
        """Points are `pixel_metres` ÷ their distance wide, in pixels between `least` and `most`."""
        for shader in (self._plain, self._fine):
            uniforms = shader.GetVertexCustomUniforms()
            uniforms.SetUniform3f("pointSize", [pixel_metres, least, most])

    def set_lit(self, shares: tuple[float, float, float]) -> None:
        """Shares of the windows of homes, offices and shops that are lit at night."""
        for shader in (self._plain, self._fine) if self.kind == "building" else ():
            shader.GetVertexCustomUniforms().SetUniform3f("litShare", list(shares))

    def set_float(self, name: str, value: float) -> None:
        """A float uniform of the fragment shaders."""
        for uniforms in self.uniforms():
            uniforms.SetUniformf(name, float(value))

    def set_int(self, name: str, value: int) -> None:
        """An int uniform of the fragment shaders."""
        for uniforms in self.uniforms():
            uniforms.SetUniformi(name, int(value))

    def set_vector(self, name: str, value: Any) -> None:
        """A vec3 uniform of the fragment shaders."""
        for uniforms in self.uniforms():
            uniforms.SetUniform3f(name, [float(v) for v in value])

    def set_eye(self, eye: Any, *, parallel: bool = False) -> None:
        """Where the camera is, scene coordinates; once per frame."""
        for shader in (self._plain, self._fine):
            uniforms = shader.GetVertexCustomUniforms()
            uniforms.SetUniform3f("eyeVS", [float(v) for v in eye - self.shift])
            if self.kind in PULL:
                uniforms.SetUniformf("pull", 0.0 if parallel else PULL[self.kind])
        if self._cut is not None:
            self.set_vector("cutShift", self.shift)

    def set_texture(self, name: str, texture: vtkTexture) -> None:
        """Bind `texture` as the sampler `name`."""
        # A changed property would have VTK write the shaders of all its actors anew.
        if self.property.GetTexture(name) is not texture:
            self.property.RemoveTexture(name)
            self.property.SetTexture(name, texture)

    def set_quick(self) -> None:
        """Read pictures the quickest way while something moves: software draws."""
        if not self.quick:
            self.quick = True
            self._build()

    def set_strength(self, strength: float) -> None:
        """How much of the pictures that tiles bring is seen, 0 … 1."""
        self.set_vector("drapeShift", (0.0, 0.0, strength))

    def drape(
        self, texture: vtkTexture | None, affine: Affine2 | None, strength: float = 1.0
    ) -> None:
        """Show a picture of the ground on the surface; None takes it away."""
        pictured = texture is not None and affine is not None
        if pictured != self._pictured:
            # Software GL would read the picture in each frame, even where a flag forbids it.
            self._pictured = pictured
            self._build()
        if texture is None or affine is None:
            self.property.RemoveTexture("drapeMap")
            return
        self.set_texture("drapeMap", texture)
        self.set_vector("drapeScale", (*affine.scale, 0.0))
        self.set_vector("drapeShift", (*affine.shift, strength))

    def set_cut(self, cut: Cut | None) -> None:
        """Cut this away from what wears it; None takes the cut away."""
        ground = self.kind in GROUND
        if self.whole or (cut is not None and ground and not cut.ground):
            cut = None
        anew = (cut is None) != (self._cut is None)
        self._cut = cut
        if anew:
            self._build()
        if cut is None:
            return
        sin, cos = cut.axes[1, 0], cut.axes[0, 0]
        self.set_vector("cutMiddle", cut.middle)
        self.set_vector("cutHalf", cut.half)
        self.set_vector("cutTurn", (cos, sin, cut.sign))
        self.set_vector("cutNormal", cut.normal)
        self.set_vector("cutShift", self.shift)
        self.set_vector("cutColour", FILLED.get(self.kind, (0.0, 0.0, 0.0)))
        self.set_float("cutOffset", cut.offset)

    def set_opacity(self, opacity: float) -> None:
        """0 … 1."""
        # A pool of light lets through what it lights, and so must be drawn after it.
        self._opacity = min(float(opacity), 0.999) if self.kind == "pool" else float(opacity)
        self.property.SetOpacity(self._opacity * self._seen)

    def see_through(self, seen: float) -> None:
        """How much of the ground is seen, 0 … 1; nothing to what is no ground."""
        self._seen = float(seen) if self.kind in GROUND else 1.0
        self.property.SetOpacity(self._opacity * self._seen)
