"""What stands around the city: sky, ground out to the horizon, sun, haze, and the eye of each frame."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from vtkmodules.vtkCommonDataModel import vtkDataObject, vtkPolyData
from vtkmodules.vtkRenderingCore import vtkActor, vtkRenderer, vtkTexture

from viewers.scene.chunked_mesh import COLOURS, cells_of, named, points_of
from viewers.scene.cut import Cut
from viewers.scene.material import Material
from viewers.scene.packing import Code, coded_pair
from viewers.scene.ramps import rgb
from viewers.scene.shadow import ShadowMap
from viewers.scene.shadow_shader import TAPS
from viewers.scene.sky import Sky, put_air
from viewers.scene.sun import Atmosphere, atmosphere
from viewers.scene.surface_shader import Kind
from viewers.scene.textures import mapper_for, packed

HORIZON_M = 60_000.0
NO_SHADOW = ShadowMap(depth=np.full((2, 2), -1e9, np.float32), matrix=np.zeros((3, 4)), texel=1.0)

NO_SKY = coded_pair(np.full((2, 2, 2), -1e6, np.float32))


def ground_disc(
    z: float, *, radius: float = HORIZON_M
) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    """A disc at height `z` in rings that widen outwards: vertices (v, 3), triangles (t, 3)."""
    rings, spokes = np.geomspace(60.0, radius, 28), 72
    angle = np.linspace(0, 2 * np.pi, spokes, endpoint=False)
    circle = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    xy = np.concatenate([[[0.0, 0.0]], *[circle * r for r in rings]])
    vertices = np.column_stack([xy, np.full(len(xy), z)]).astype(np.float32)
    k = np.arange(spokes)
    following = (k + 1) % spokes
    triangles = [np.stack([np.zeros_like(k), 1 + k, 1 + following], axis=1)]
    for ring in range(len(rings) - 1):
        a, b = 1 + ring * spokes, 1 + (ring + 1) * spokes
        triangles.append(np.stack([a + k, b + k, b + following], axis=1))
        triangles.append(np.stack([a + k, b + following, a + following], axis=1))
    return vertices, np.concatenate(triangles).astype(np.int32)


class Stage:
    """Owns the backdrop and hands out materials that stand in the same light."""

    def __init__(self, renderer: vtkRenderer) -> None:
        self.renderer = renderer
        renderer.AutomaticLightCreationOff()
        renderer.RemoveAllLights()
        renderer.RemoveCuller(renderer.GetCullers().GetLastItem())
        self._materials: list[Material] = []
        self._surfaces: list[Surface] = []
        self.fine = True
        self.air = atmosphere(np.array([0.3, -0.5, 0.8]))
        self.clear_view = 9000.0
        """Metres at which about two thirds of a colour is lost."""
        self._haze = 1 / 9000.0
        self._around = (0.0, 0.0, HORIZON_M)
        self._taps = 0
        self._occlusion = 0.0
        self._shadow = {"sunNear": NO_SHADOW, "sunFar": NO_SHADOW}
        self._shadow_texture = {name: packed(NO_SHADOW.code, smooth=False) for name in self._shadow}
        self._sky_code = NO_SKY
        self._sky_map = packed(NO_SKY, smooth=True)
        self._sky_affine = ((0.0, 0.0), (-9.0, -9.0))
        self._sky = Sky(renderer, self.air)
        self.cut: Cut | None = None
        self.ground_opacity = 1.0
        self.ground_z = float("nan")
        self._theme = "light"
        self.ground_material = self.material("ground", of_plain=True)
        self._ground: Surface | None = None

    # -- materials --------------------------------------------------------------------------

    def material(
        self,
        kind: Kind,
        *,
        smooth_normals: bool = False,
        bias: float = 0.0,
        of_plain: bool = False,
        tiled: bool = False,
        pictured: bool = False,
    ) -> Material:
        """A new material in the light of this stage; give it back with `release`.

        `of_plain` gives it the colour that the plain has in each theme; `tiled` is for tiles
        of the ground, `pictured` where each brings a picture.
        """
        made = Material(
            kind, smooth_normals=smooth_normals, bias=bias, tiled=tiled, pictured=pictured
        )
        made.of_plain = of_plain
        self._materials.append(made)
        if of_plain:
            self.set_ground_colour()
        self._light(made)
        made.set_eye(np.zeros(3))
        made.set_cut(self.cut)
        made.see_through(self.ground_opacity)
        return made

    def release(self, material: Material) -> None:
        """Forget a material."""
        self._materials = [m for m in self._materials if m is not material]

    def _light(self, material: Material) -> None:
        for uniforms in material.air_uniforms():
            put_air(uniforms, self.air)
        material.set_haze(self._haze)
        material.set_float("night", self.air.night)
        material.set_around(self._around)
        material.set_lit(self.air.lit)
        material.set_lights(self.air.sun_light, self.air.sky_light, self.air.bounce_light)
        light = np.array(self.air.sun_light) * 0.5 + np.array(self.air.sky_light)
        material.set_float("unlit", float(light.mean()))
        if material.kind == "points":
            above = max(float(self.air.sun[2]), 0.0)
            material.set_point_light(
                np.array(self.air.sky_light) + np.array(self.air.sun_light) * above
            )
        if material.kind in ("line", "points"):
            return
        material.set_int("taps", self._taps)
        material.set_float("occlusion", self._occlusion)
        for name, shadow in self._shadow.items():
            m = shadow.matrix
            texture = self._shadow_texture[name]
            material.set_texture(name, texture.texture)
            material.set_vector(f"{name}Range", (texture.low, texture.span, 0.0))
            material.set_vector(f"{name}X", m[0, :3])
            material.set_vector(f"{name}Y", m[1, :3])
            material.set_vector(f"{name}Z", (m[0, 3], m[1, 3], -m[2, 3]))
            material.set_vector(f"{name}Info", (shadow.texel, 1.0 / len(shadow.depth), 0.0))
        material.set_texture("skyMap", self._sky_map.texture)
        material.set_vector("skyScale", (*self._sky_affine[0], self._sky_map.low))
        material.set_vector("skyShift", (*self._sky_affine[1], self._sky_map.span))

    def _relight(self) -> None:
        for material in self._materials:
            self._light(material)
        self._sky.set_air(self.air)

    def set_sun(self, sun: NDArray[np.float64], *, theme: str, hour: float = 20.0) -> None:
        """Light from the unit vector `sun` at a local hour; shadows of another sun are forgotten."""
        self._theme = theme
        self.air = atmosphere(sun, theme=theme, hour=hour)
        self.set_ground_colour()
        self.set_shadows(NO_SHADOW, NO_SHADOW)

    def set_air(self, air: Atmosphere) -> None:
        """Light and sky of another moment, for one picture among several; shadows stay."""
        self.air = air
        self._relight()

    def set_cut(self, cut: Cut | None) -> None:
        """Cut this away from everything; None shows everything again."""
        if cut != self.cut:
            self.cut = cut
            for material in self._materials:
                material.set_cut(cut)

    def set_ground_opacity(self, opacity: float) -> bool:
        """How much of the ground and of what lies on it is seen, 0 … 1; True where that changed."""
        changed, self.ground_opacity = opacity != self.ground_opacity, opacity
        for material in self._materials if changed else ():
            material.see_through(opacity)
        return changed

    def set_extent(self, box: NDArray[np.float64]) -> None:
        """The city's box (min x, max x, min y, max y, …): the plain pales away beyond it, and the air is
        clear enough to see all of it."""
        span = float(np.hypot(box[1] - box[0], box[3] - box[2]))
        self.clear_view = float(np.clip(span * 5.0, 14000.0, 40000.0))
        around = ((box[0] + box[1]) / 2, (box[2] + box[3]) / 2, max(span / 2, 60.0))
        if around != self._around:
            self._around = around
            for material in self._materials:
                material.set_around(around)

    def _set_haze(self, distance: float) -> None:
        """Haze for a view of something `distance` metres away: it never hides what is looked at."""
        haze = 1.0 / max(self.clear_view, 2.3 * distance)
        if abs(haze - self._haze) > 0.02 * self._haze:
            self._haze = haze
            for material in self._materials:
                material.set_haze(haze)

    def set_shadows(self, near: ShadowMap, far: ShadowMap) -> None:
        """Maps of what the sun sees: around the target, and of the whole city."""
        for name, shadow in (("sunNear", near), ("sunFar", far)):
            if self._shadow[name] is not shadow:
                self._shadow[name] = shadow
                self._shadow_texture[name] = packed(shadow.code, smooth=False)
        self._relight()

    def set_sky_map(
        self,
        heights: Code | None,
        scale: tuple[float, float] = (0.0, 0.0),
        shift: tuple[float, float] = (-9.0, -9.0),
    ) -> None:
        """Heights of what stands around (rows, cols, 2); None for an open plain."""
        if heights is None:
            heights = NO_SKY
            scale, shift = (0.0, 0.0), (-9.0, -9.0)
        if heights is not self._sky_code:
            self._sky_code = heights
            self._sky_map = packed(heights, smooth=True)
        self._sky_affine = (scale, shift)
        self._relight()

    def set_quality(self, *, fine: bool, shadows: bool, occlusion: bool) -> None:
        """Fine surfaces with what is wanted of shadow and open sky, or plain ones."""
        wanted = (TAPS if shadows else 0, float(occlusion))
        if wanted != (self._taps, self._occlusion):
            self._taps, self._occlusion = wanted
            for material in self._materials:
                if material.kind != "line":
                    material.set_int("taps", self._taps)
                    material.set_float("occlusion", self._occlusion)
        if fine != self.fine:
            self.fine = fine
            self._sky.set_fine(fine)
            for surface in self._surfaces:
                surface.choose()

    def keep(self, surface: Surface) -> None:
        """Tell `surface` when the quality changes."""
        self._surfaces.append(surface)

    def forget(self, surface: Surface) -> None:
        """The inverse of `keep`."""
        self._surfaces = [s for s in self._surfaces if s is not surface]

    # -- backdrop ---------------------------------------------------------------------------

    def set_ground(self, z: float) -> None:
        """Put the plain at height `z`, scene metres."""
        if self.ground_z == z:
            return
        self.ground_z = z
        if self._ground is not None:
            self._ground.remove()
        vertices, triangles = ground_disc(z)
        self._ground = Surface(self, vertices, triangles, None, self.ground_material)
        self._ground.hide_bounds()
        self.set_ground_colour()

    def backdrop_last(self) -> None:
        """Draw plain and sky after the city, so that only what is seen of them is shaded."""
        if self._ground is not None:
            self._ground.draw_last()
        self._sky.draw_last()

    def set_ground_colour(self) -> None:
        """The plain's own colour in this theme."""
        colour = rgb("#bbc0bc" if self._theme == "light" else "#7f837f") / 255.0
        for material in self._materials:
            if material.of_plain:
                material.property.SetColor(*colour)

    def look(self, aspect: float) -> None:
        """Tell the shaders where the eye is; before each frame."""
        camera = self.renderer.GetActiveCamera()
        eye = np.array(camera.GetPosition())
        forward = np.array(camera.GetDirectionOfProjection())
        up = np.array(camera.GetViewUp())
        right = np.cross(forward, up)
        right /= max(float(np.linalg.norm(right)), 1e-9)
        up = np.cross(right, forward)
        half = np.tan(np.radians(camera.GetViewAngle()) / 2)
        if camera.GetParallelProjection():
            half = 0.02
        # Tiles of a big picture shift the window's centre and narrow the angle.
        shift_x, shift_y = camera.GetWindowCenter()
        forward = forward + right * half * aspect * shift_x + up * half * shift_y
        self._set_haze(float(camera.GetDistance()))
        self._sky.look(forward, right * half * aspect, up * half)
        for material in self._materials:
            material.set_eye(eye, parallel=bool(camera.GetParallelProjection()))

    def close(self) -> None:
        """Take the backdrop off the stage."""
        self._sky.remove()
        if self._ground is not None:
            self._ground.remove()
        self._surfaces.clear()
        self._materials.clear()


class Surface:
    """Triangles with a colour per face (t, 3), or of the material's own colour: a plain and a fine actor.

    They share the data; only one is visible. Tiles of the ground (a tiled material) have a `uv`
    (v, 3: u, v, metres that a skirt hangs down) and may have a `picture`. VTK ties a shader to a
    mapper, so changing the shader of one actor back and forth would build it anew each time.
    """

    def __init__(
        self,
        stage: Stage,
        vertices: NDArray[np.float32],
        triangles: NDArray[np.int32],
        colours: NDArray[np.uint8] | None,
        material: Material,
        *,
        normals: NDArray[np.float32] | None = None,
        uv: NDArray[np.float32] | None = None,
        picture: vtkTexture | None = None,
    ) -> None:
        self._stage = stage
        self.visible = True
        self.colours = None if colours is None else np.ascontiguousarray(colours)
        self.data = vtkPolyData()
        self._triangles = np.ascontiguousarray(triangles)
        self.data.SetPoints(points_of(np.ascontiguousarray(vertices)))
        self.data.SetPolys(cells_of(self._triangles))
        if self.colours is not None:
            self.data.GetCellData().AddArray(named(self.colours, COLOURS))
        if normals is not None:
            self.data.GetPointData().AddArray(named(normals, "normals"))
        if uv is not None:
            self.data.GetPointData().AddArray(named(uv, "uv"))
        self.actors = [self._actor(material, fine, normals is not None) for fine in (False, True)]
        for actor in self.actors if uv is not None else ():
            if picture is not None:
                actor.SetTexture(picture)
            mapper: Any = actor.GetMapper()
            mapper.MapDataArrayToVertexAttribute(
                "dtUvMC", "uv", vtkDataObject.FIELD_ASSOCIATION_POINTS, -1
            )
        stage.keep(self)
        self.choose()

    def _actor(self, material: Material, fine: bool, normals: bool) -> vtkActor:
        mapper = mapper_for(self.data, colours=COLOURS if self.colours is not None else "")
        if normals:
            mapper.MapDataArrayToVertexAttribute(
                "dtNormalMC", "normals", vtkDataObject.FIELD_ASSOCIATION_POINTS, -1
            )
        actor = vtkActor()
        actor.SetMapper(mapper)
        material.dress(actor, fine=fine)
        self._stage.renderer.AddActor(actor)
        return actor

    def recolour(self, colours: NDArray[np.uint8]) -> None:
        """Write other colours to the faces."""
        assert self.colours is not None
        self.colours[:] = colours
        self.data.GetCellData().GetArray(COLOURS).Modified()
        self.data.Modified()

    def leave_out(self, faces: NDArray[np.bool_]) -> None:
        """Draw these faces (mask) as nothing, all others as they are."""
        corners = self._triangles
        if faces.any():
            corners = np.where(faces[:, None], corners[:, :1], corners)
        self.data.SetPolys(cells_of(corners))

    def choose(self) -> None:
        """Show the actor of the stage's quality."""
        for fine, actor in enumerate(self.actors):
            actor.SetVisibility(self.visible and bool(fine) == self._stage.fine)

    def set_visible(self, visible: bool) -> None:
        """Hide or show."""
        self.visible = visible
        self.choose()

    def hide_bounds(self) -> None:
        """Do not count towards the bounds of what is seen."""
        for actor in self.actors:
            actor.UseBoundsOff()

    def draw_last(self) -> None:
        """Draw after everything added so far."""
        for actor in self.actors:
            self._stage.renderer.RemoveActor(actor)
            self._stage.renderer.AddActor(actor)

    def remove(self) -> None:
        """Take it off the stage."""
        for actor in self.actors:
            self._stage.renderer.RemoveActor(actor)
        self._stage.forget(self)
