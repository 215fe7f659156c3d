"""How a surface meets light: one VTK property and one shader property per layer, shared by its chunks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import vtkmodules.vtkRenderingOpenGL2  # noqa: F401  registers the OpenGL classes
from numpy.typing import NDArray
from vtkmodules.util.numpy_support import numpy_to_vtk
from vtkmodules.vtkCommonDataModel import vtkImageData, vtkPolyData
from vtkmodules.vtkRenderingCore import (
    vtkActor,
    vtkPolyDataMapper,
    vtkProperty,
    vtkShaderProperty,
    vtkTexture,
)

from viewers.scene import facade_shader, lamps, nature_shader, shaders
from viewers.scene.cut import Cut
from viewers.scene.packing import Code

Kind = Literal[
    "building",
    "ground",
    "terrain",
    "surface",
    "water",
    "tree",
    "line",
    "points",
    "mesh",
    "pipe",
    "floor",
    "mark",
    "pool",
]
PULL = {"line": 0.0015, "surface": 0.003, "water": 0.0027, "pool": 0.02}
"""Share of its distance that a kind comes nearer: outlines over edges, surfaces over rough ground."""
GROUND = ("ground", "terrain", "mesh", "surface", "water")
"""Kinds that are the ground or lie on it."""
EARTH = (0.306, 0.203, 0.111)
FILLED = {"building": (0.567, 0.142, 0.084), "terrain": EARTH, "mesh": EARTH}
"""Kinds that a cut shows filled, and the colour of the filling, linear."""
DEPTH_STEP = 2.0**-22


@dataclass(frozen=True, slots=True)
class Affine2:
    """World xy to texture uv: `uv = xy * scale + shift`."""

    scale: tuple[float, float]
    shift: tuple[float, float]


def byte_texture(values: NDArray[np.uint8], *, smooth: bool) -> vtkTexture:
    """A texture of bytes as they are, shape (rows, cols, 3 or 4); row 0 is v = 0."""
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
    rows, cols, parts = values.shape
    image = vtkImageData()
    image.SetDimensions(cols, rows, 1)
    scalars = numpy_to_vtk(np.ascontiguousarray(values).reshape(rows * cols, parts), deep=False)
    scalars.SetName("values")
    image.GetPointData().SetScalars(scalars)
    texture = vtkTexture()
    texture.SetInputData(image)
    texture.SetColorModeToDirectScalars()
    texture.InterpolateOn()
    texture.MipmapOn()
    texture.SetMaximumAnisotropicFiltering(samples)
    texture.RepeatOff()
    texture.EdgeClampOn()
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


def _functions(kind: Kind, *, fine: bool, cut: bool) -> str:
    parts = [shaders.SKY]
    if cut:
        parts.append(shaders.CUT_FUNCTIONS)
    if fine and kind != "line":
        parts.append(shaders.SHADOW_FUNCTIONS)
    if kind == "building":
        parts.append(facade_shader.FUNCTIONS)
    if kind == "water" and fine:
        parts.append(nature_shader.WAVES)
    if kind == "tree" and fine:
        parts.append(nature_shader.LEAVES)
    return "".join(parts)


def _fragment(
    kind: Kind,
    *,
    smooth_normals: bool,
    fine: bool,
    picture: bool,
    tiled: bool,
    quick: bool,
    cut: bool,
) -> str:
    haze, end = (shaders.HAZE, shaders.END) if fine else (shaders.HAZE_PLAIN, shaders.END_PLAIN)
    away = shaders.CUT if cut else ""
    if kind == "line":
        return away + shaders.START + shaders.UNLIT + haze + end
    if kind == "points":
        return away + shaders.POINT_END
    if kind == "pool":
        return away + lamps.POOL
    normal = shaders.SMOOTH_NORMAL if smooth_normals else shaders.FLAT_NORMAL
    if tiled or (fine and kind == "tree"):
        normal = shaders.TILE_NORMAL
    if kind in ("ground", "water", "floor"):
        normal = shaders.UP_NORMAL
    parts = [away, normal, shaders.START]
    if kind == "building":
        parts.append(facade_shader.FINE if fine else facade_shader.PLAIN)
    if kind == "water":
        parts.append(nature_shader.WATER_FINE if fine else nature_shader.WATER)
    if picture:
        parts.append(
            (shaders.DRAPE_TILE_QUICK if quick and not fine else shaders.DRAPE_TILE)
            if tiled
            else shaders.DRAPE
        )
    if kind in ("pipe", "floor"):
        return "".join([*parts, shaders.PIPE, haze, end])
    if kind == "tree" and fine:
        parts.append(nature_shader.TREE)
    parts.append(shaders.SUN)
    if kind == "tree":
        parts.append(nature_shader.TREE_SUN)
    if fine:
        parts += [shaders.SHADOW, shaders.OPEN_SKY]
    if kind == "water":
        parts.append(nature_shader.WATER_SHADE)
    parts.append(shaders.LIGHT)
    if kind == "ground":
        parts.append(nature_shader.PLAIN_FADE)
    if kind == "water":
        parts.append(nature_shader.WATER_END)
    if cut and kind in FILLED:
        parts.append(shaders.FILLED)
    return "".join([*parts, haze, end])


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
        self._smooth = smooth_normals and kind in ("terrain", "mesh")
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
        self._write(self._plain, fine=False)
        self._write(self._fine, fine=True)

    def _write(self, shader: vtkShaderProperty, *, fine: bool) -> None:
        cut = self._cut is not None
        dec, impl = shaders.VERTEX_DEC, shaders.VERTEX_IMPL
        into = shaders.LIGHT_DEC
        if self.kind == "building":
            dec, impl = dec + facade_shader.VERTEX_DEC, impl + facade_shader.VERTEX_IMPL
            into += facade_shader.INTO
        if self._smooth or (fine and self.kind == "tree"):
            dec, impl = dec + shaders.NORMAL_DEC, impl + shaders.NORMAL_IMPL
            into += "in vec3 dtNormal;\n"
        if self.tiled:
            dec, impl = dec + shaders.UV_DEC, impl + shaders.UV_IMPL
            into += "in vec2 dtUv;\n"
        if self.kind in PULL:
            impl += shaders.VERTEX_PULL
        if self.kind == "pool":
            dec, impl = dec + lamps.VERTEX_DEC, impl + lamps.VERTEX_IMPL
            into += lamps.INTO
        if self.kind in ("surface", "water", "pool"):
            # And by as much as rough ground stands out between the corners of what lies on it.
            hang = {"water": 1.2, "pool": 1.0}.get(self.kind, 0.4)
            impl += shaders.VERTEX_LIFT.replace("0.001;", f"0.001 + {hang};")
        if self.kind in ("ground", "floor"):
            impl = shaders.VERTEX_AROUND
        if self.kind == "points":
            dec, impl = dec + shaders.POINT_DEC, impl + shaders.VERTEX_HAZE + shaders.POINT_IMPL
            into += "in vec3 dtPoint;\n"
        elif not fine:
            dec, impl = dec + shaders.VERTEX_HAZE_DEC, impl + shaders.VERTEX_HAZE
            into += shaders.HAZE_IN_DEC
        if self._bias:
            impl += shaders.VERTEX_BIAS % (self._bias * DEPTH_STEP)
        shader.ClearAllShaderReplacements()
        vertex, fragment = shader.AddVertexShaderReplacement, shader.AddFragmentShaderReplacement
        vertex("//VTK::PositionVC::Dec", True, dec, False)
        vertex("//VTK::PositionVC::Impl", True, impl, False)
        fragment("//VTK::PositionVC::Dec", True, into, False)
        # Functions that use uniforms must come after their declarations, samplers with them.
        fragment("//VTK::Light::Dec", True, _functions(self.kind, fine=fine, cut=cut), False)
        body = _fragment(
            self.kind, smooth_normals=self._smooth, fine=fine, picture=self._pictured,
            tiled=self.tiled, quick=self.quick, cut=cut,
        )  # fmt: skip
        fragment("//VTK::Light::Impl", True, body, False)

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
