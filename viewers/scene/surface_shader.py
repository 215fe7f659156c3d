"""Which pieces of GLSL make the shaders of each kind of surface."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from viewers.scene import facade_shader, lamps, nature_shader, shaders, shadow_shader

Kind = Literal[
    "building", "ground", "terrain", "land", "surface", "water", "tree", "line", "points", "mesh",
    "pipe", "floor", "mark", "pool",
]  # fmt: skip
PULL = {"line": 0.0015, "surface": 0.003, "water": 0.0027, "pool": 0.02}
"""Share of its distance that a kind comes nearer: outlines over edges, surfaces over rough ground."""
GROUND = ("ground", "terrain", "land", "mesh", "surface", "water")
"""Kinds that are the ground or lie on it."""
PLAIN = ("ground", "land")
"""The plain, and what leads up to the ground from it."""
EARTH = (0.306, 0.203, 0.111)
FILLED = {"building": (0.567, 0.142, 0.084), "terrain": EARTH, "mesh": EARTH}
"""Kinds that a cut shows filled, and the colour of the filling, linear."""
DEPTH_STEP = 2.0**-22


@dataclass(frozen=True, slots=True, kw_only=True)
class Make:
    """What a surface's shaders depend on, beside whether they are fine.

    Attributes
    ----------
    smooth : normals come from the corners
    bias : steps in depth that it comes nearer
    tiled, pictured : worn by tiles of the ground; showing a picture
    quick : moving frames read pictures without mixing their texels
    cut : something is cut away
    """

    kind: Kind
    smooth: bool = False
    bias: float = 0.0
    tiled: bool = False
    pictured: bool = False
    quick: bool = False
    cut: bool = False

    @property
    def by_corners(self) -> bool:
        """Whether moving frames are lit at the corners of triangles."""
        tile = self.quick and self.tiled and self.pictured and self.smooth
        return (tile or self.kind in PLAIN) and not self.cut


def _functions(make: Make, *, fine: bool) -> str:
    kind = make.kind
    parts = [shaders.SKY]
    if make.cut:
        parts.append(shaders.CUT_FUNCTIONS)
    if fine and kind != "line":
        parts.append(shadow_shader.FUNCTIONS)
    if kind == "building":
        parts.append(facade_shader.FUNCTIONS)
    if kind == "water" and fine:
        parts.append(nature_shader.WAVES)
    if kind == "tree" and fine:
        parts.append(nature_shader.LEAVES)
    return "".join(parts)


def _fragment(make: Make, *, fine: bool) -> str:
    kind = make.kind
    haze, end = (shaders.HAZE, shaders.END) if fine else (shaders.HAZE_PLAIN, shaders.END_PLAIN)
    away = shaders.CUT if make.cut else ""
    if kind == "line":
        return away + shaders.START + shaders.UNLIT + haze + end
    if kind == "points":
        return away + shaders.POINT_END
    if kind == "pool":
        return away + lamps.POOL
    if make.by_corners and not fine:
        drape = shaders.DRAPE_TILE_QUICK if make.tiled else shaders.DRAPE if make.pictured else ""
        return "".join([away, shaders.START, drape, shaders.LIT_END, shaders.END_PLAIN])
    normal = shaders.SMOOTH_NORMAL if make.smooth else shaders.FLAT_NORMAL
    if make.tiled or (fine and kind == "tree"):
        normal = shaders.RELIEF_NORMAL if make.tiled else shaders.TILE_NORMAL
    if kind in ("ground", "water", "floor"):
        normal = shaders.UP_NORMAL
    parts = [away, normal, shaders.START]
    if kind == "building":
        parts.append(facade_shader.FINE if fine else facade_shader.PLAIN)
    if kind == "water":
        parts.append(nature_shader.WATER_FINE if fine else nature_shader.WATER)
    if make.pictured:
        parts.append(
            (shaders.DRAPE_TILE_QUICK if make.quick and not fine else shaders.DRAPE_TILE)
            if make.tiled
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
        parts += [shadow_shader.SHADOW, shaders.OPEN_SKY]
    if kind == "water":
        parts.append(nature_shader.WATER_SHADE)
    parts.append(shaders.LIGHT)
    if kind in PLAIN:
        parts.append(nature_shader.PLAIN_FADE)
    if kind == "water":
        parts.append(nature_shader.WATER_END)
    if make.cut and kind in FILLED:
        parts.append(shaders.FILLED)
    return "".join([*parts, haze, end])


def _lit(make: Make) -> str:
    if make.kind == "ground":
        return shaders.LIT_PLAIN + nature_shader.PLAIN_FADE_LIT
    if make.kind == "land":
        return shaders.LIT_LAND + nature_shader.PLAIN_FADE_LIT
    return shaders.LIT_IMPL


def write(shader: Any, make: Make, *, fine: bool) -> None:
    """Give a `vtkShaderProperty` the code of `make`: fine with shadows, or plain for moving frames."""
    dec, impl = shaders.VERTEX_DEC, shaders.VERTEX_IMPL
    into = shaders.LIGHT_DEC
    if make.kind == "building":
        dec, impl = dec + facade_shader.VERTEX_DEC, impl + facade_shader.VERTEX_IMPL
        into += facade_shader.INTO
    if make.smooth or (fine and make.kind == "tree"):
        dec, impl = dec + shaders.NORMAL_DEC, impl + shaders.NORMAL_IMPL
        into += "in vec3 dtNormal;\n"
    if make.tiled:
        dec, impl = dec + shaders.UV_DEC, impl + shaders.UV_IMPL
        into += "in vec2 dtUv;\n"
    if make.kind in PULL:
        impl += shaders.VERTEX_PULL
    if make.kind == "pool":
        dec, impl = dec + lamps.VERTEX_DEC, impl + lamps.VERTEX_IMPL
        into += lamps.INTO
    if make.kind in ("surface", "water", "pool"):
        # And by as much as rough ground stands out between the corners of what lies on it.
        hang = {"water": 1.2, "pool": 1.0}.get(make.kind, 0.4)
        impl += shaders.VERTEX_LIFT.replace("0.001;", f"0.001 + {hang};")
    if make.kind in ("ground", "floor"):
        impl = shaders.VERTEX_AROUND
    if make.kind == "points":
        dec, impl = dec + shaders.POINT_DEC, impl + shaders.VERTEX_HAZE + shaders.POINT_IMPL
        into += "in vec3 dtPoint;\n"
    elif not fine:
        dec, impl = dec + shaders.VERTEX_HAZE_DEC, impl + shaders.VERTEX_HAZE
        into += shaders.HAZE_IN_DEC
    if make.by_corners and not fine:
        dec, impl = dec + shaders.LIT_DEC, impl + _lit(make)
        into += shaders.LIT_IN_DEC
    if make.bias:
        impl += shaders.VERTEX_BIAS % (make.bias * DEPTH_STEP)
    shader.ClearAllShaderReplacements()
    vertex, fragment = shader.AddVertexShaderReplacement, shader.AddFragmentShaderReplacement
    vertex("//VTK::PositionVC::Dec", True, dec, False)
    vertex("//VTK::PositionVC::Impl", True, impl, False)
    fragment("//VTK::PositionVC::Dec", True, into, False)
    # Functions that use uniforms must come after their declarations, samplers with them.
    fragment("//VTK::Light::Dec", True, _functions(make, fine=fine), False)
    fragment("//VTK::Light::Impl", True, _fragment(make, fine=fine), False)
