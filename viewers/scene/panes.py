"""Several pictures of one city in one window: the same actors, each picture with a state of its own.

Renderers of one window share its graphics memory. Each draws the actors of the first one; before
it draws, visibility, detail and uniforms are put as its state wants them, and back when it is done.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from vtkmodules.vtkCommonCore import vtkCommand
from vtkmodules.vtkRenderingCore import vtkCamera, vtkProp, vtkRenderer

from twin.city import City
from twin.style import Style
from viewers.scene.breath import Breath
from viewers.scene.eye import Eye, eye_of
from viewers.scene.levels import choose, clip_range
from viewers.scene.light_state import LightState
from viewers.scene.night import hour_of
from viewers.scene.rays import LightMaps
from viewers.scene.refinement import Step
from viewers.scene.registry import visual_for
from viewers.scene.sun import atmosphere
from viewers.scene.visual import Visual
from viewers.view_state import PaneView

if TYPE_CHECKING:
    from viewers.scene.scene import Scene

Viewport = tuple[float, float, float, float]
"""Left, bottom, right, top as shares of the window."""
WHOLE: Viewport = (0.0, 0.0, 1.0, 1.0)
LAYOUTS: dict[int, tuple[Viewport, ...]] = {
    1: (WHOLE,),
    2: ((0.0, 0.0, 0.5, 1.0), (0.5, 0.0, 1.0, 1.0)),
    3: ((0.0, 0.0, 0.5, 1.0), (0.5, 0.5, 1.0, 1.0), (0.5, 0.0, 1.0, 0.5)),
    4: ((0.0, 0.5, 0.5, 1.0), (0.5, 0.5, 1.0, 1.0), (0.0, 0.0, 0.5, 0.5), (0.5, 0.0, 1.0, 0.5)),
}
NARROWEST = 0.03


def swiped(share: float) -> tuple[Viewport, Viewport]:
    """Both sides of a divider at `share` of the width."""
    at = min(max(share, NARROWEST), 1.0 - NARROWEST)
    return (0.0, 0.0, at, 1.0), (at, 0.0, 1.0, 1.0)


def centre_of(viewport: Viewport) -> float:
    """VTK's window centre that makes a slice of the window show its slice of the whole picture.

    A slice from a to b shows x from 2a − 1 to 2b − 1 of the whole; its half width is b − a and its
    middle a + b − 1, which VTK counts in half widths of the slice.
    """
    return (viewport[0] + viewport[2] - 1.0) / (viewport[2] - viewport[0])


class Pane:
    """One more picture: its renderer, its eye, its state."""

    def __init__(self, scene: Scene, view: PaneView) -> None:
        self.view = view
        self.renderer = vtkRenderer()
        self.renderer.AutomaticLightCreationOff()
        self.renderer.RemoveCuller(self.renderer.GetCullers().GetLastItem())
        self.camera = vtkCamera()
        self.renderer.SetActiveCamera(self.camera)
        self.light = LightState(scene.stage)
        self.light.map_size = scene.light.map_size // 2
        self.breath = Breath(self.renderer, scene.window)
        self.props: dict[int, vtkProp] = {}
        self.undo: list[Callable[[], object]] = []


class Panes:
    """Owns the pictures beside the first one, which stays the scene's own."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self.extra: list[Pane] = []
        self.viewports: tuple[Viewport, ...] = (WHOLE,)
        self.linked, self.swiping = True, False
        self._own: dict[tuple[str, Style], Visual] = {}
        """Pictures of layers in styles, or of layers, that the first picture does not show."""
        self._listening: list[tuple[Any, int]] = []

    # -- arrangement ------------------------------------------------------------------------

    def arrange(self, views: tuple[PaneView, ...], *, linked: bool, swipe: float | None) -> None:
        """Show these states beside the first picture; a `swipe` share takes the first of them alone."""
        scene, count = self._scene, 1 + len(views)
        self.swiping, self.linked = swipe is not None and count == 2, linked
        self.viewports = swiped(swipe) if self.swiping and swipe is not None else LAYOUTS[count]
        while len(self.extra) > len(views):
            self._drop(self.extra.pop())
        for number, view in enumerate(views):
            if number == len(self.extra):
                self._add(view)
            self.extra[number].view = view
        for renderer, viewport in zip(self.renderers(), self.viewports, strict=True):
            renderer.SetViewport(*viewport)
        centre = centre_of(self.viewports[0]) if self.swiping else 0.0
        scene.renderer.GetActiveCamera().SetWindowCenter(centre, 0.0)
        if linked or self.swiping or scene.camera.stands_at not in self.renderers():
            scene.camera.stands_at = scene.renderer
        scene.camera.panes = (WHOLE,) if self.swiping else self.viewports if linked else ()
        self._keep_own()

    def renderers(self) -> list[Any]:
        """The scene's own first."""
        return [self._scene.renderer, *(pane.renderer for pane in self.extra)]

    def activate(self, x: float, y: float) -> None:
        """Let hands move the eye of the picture under a pixel, where eyes are free."""
        if self.linked or self.swiping:
            return
        width, height = self._scene.window.GetSize()
        for renderer, (a, b, c, d) in zip(self.renderers(), self.viewports, strict=True):
            if a * width <= x < c * width and b * height <= y < d * height:
                self._scene.camera.stands_at = renderer

    def _add(self, view: PaneView) -> None:
        pane = Pane(self._scene, view)
        _copy_eye(self._scene.renderer.GetActiveCamera(), pane.camera)
        begin, end = vtkCommand.StartEvent, vtkCommand.EndEvent
        self._listening += [
            (pane.renderer, pane.renderer.AddObserver(begin, lambda *_: self._begin(pane))),
            (pane.renderer, pane.renderer.AddObserver(end, lambda *_: self._finish(pane))),
        ]
        self._scene.window.AddRenderer(pane.renderer)
        self.extra.append(pane)

    def _drop(self, pane: Pane) -> None:
        kept = []
        for owner, tag in self._listening:
            if owner is pane.renderer:
                owner.RemoveObserver(tag)
            else:
                kept.append((owner, tag))
        self._listening = kept
        pane.breath.close()
        self._scene.loader.leave(pane)
        # Its actors stay the scene's: taking them off here would free what the window shares.
        self._scene.window.RemoveRenderer(pane.renderer)

    # -- one picture ------------------------------------------------------------------------

    def _begin(self, pane: Pane) -> None:
        city = self._scene.city
        if city is not None:
            # What it asks for is its own: other pictures still wait for what it does not want.
            with self._scene.loader.seen_in(pane):
                self._prepare(pane, city)

    def _prepare(self, pane: Pane, city: City) -> None:
        scene = self._scene
        if self.linked or self.swiping:
            _copy_eye(scene.renderer.GetActiveCamera(), pane.camera)
        viewport = self.viewports[1 + self.extra.index(pane)]
        pane.camera.SetWindowCenter(centre_of(viewport) if self.swiping else 0.0, 0.0)
        self._light(pane, city)
        shown = self._shown(pane, city)
        size = scene.camera.size_of(pane.renderer)
        scene.stage.renderer = pane.renderer
        scene.stage.look(size[0] / max(size[1], 1))
        scene.stage.renderer = scene.renderer
        clip_range(pane.camera, scene.camera.bounds, scene.stage.ground_z)
        eye = self._eye(pane, size)
        for visual in shown:
            visual.look(eye)
            if visual in self.own:
                visual.complete(float("inf") if scene.patient and not scene.moving else 0.01)
                visual.look(eye)  # with what has come
        lit = scene.step >= Step.LIT
        meshes = [mesh for visual in shown for mesh in visual.meshes()]
        if meshes:
            choose(
                meshes, pane.camera, aspect=size[0] / max(size[1], 1), height=size[1],
                budget=eye.triangles, edges=eye.edges, fine=lit,
            )  # fmt: skip
        pane.renderer.SetUseFXAA(scene.renderer.GetUseFXAA())
        _mirror(scene.renderer, pane)

    def _eye(self, pane: Pane, size: tuple[int, int]) -> Eye:
        scene = self._scene
        budget = None if scene.step >= Step.WHOLE else scene.budget.triangles
        lit = scene.step >= Step.LIT
        return eye_of(
            pane.camera, size, moving=scene.moving, fine=lit, edges=lit and scene.view.edges,
            triangles=budget, points=None if budget is None else 3 * budget,
        )  # fmt: skip

    def _finish(self, pane: Pane) -> None:
        # What is only put away until the next frame goes on loading.
        with self._scene.loader.seen_in(self):
            for call in reversed(pane.undo):
                call()
        pane.undo.clear()

    def _shown(self, pane: Pane, city: City) -> list[Visual]:
        """The pictures of layers this pane shows; the others are hidden until it is drawn."""
        scene, shown = self._scene, []
        for layer_id in city.layers:
            first = scene.visual(layer_id)
            wanted = layer_id not in pane.view.hidden
            style = pane.view.style(layer_id, city.style(layer_id))
            here = first if style == city.style(layer_id) else None
            if wanted and here is None:
                here = self._own_visual(layer_id, style)
            if first is not None and first.visible and (not wanted or here is not first):
                first.set_visible(False)
                pane.undo.append(partial(first.set_visible, True))
            if wanted and here is not None:
                if not here.visible:
                    here.set_visible(True)
                    pane.undo.append(partial(here.set_visible, False))
                shown.append(here)
        return shown

    def _own_visual(self, layer_id: str, style: Style) -> Visual | None:
        scene, key = self._scene, (layer_id, style)
        assert scene.city is not None
        layer = scene.standing.of(scene.city, layer_id)
        if key not in self._own:
            made = self._own[key] = visual_for(layer, scene.around())
            made.set_visible(False)
        self._own[key].show(layer, style)
        return self._own[key]

    def _keep_own(self) -> None:
        """Forget pictures that no pane shows any more."""
        city = self._scene.city
        wanted = set()
        if city is not None:
            wanted = {
                (layer_id, pane.view.style(layer_id, city.style(layer_id)))
                for pane in self.extra
                for layer_id in city.layers
                if layer_id not in pane.view.hidden
            }
        for key in [key for key in self._own if key not in wanted]:
            self._own.pop(key).remove()

    # -- light ------------------------------------------------------------------------------

    def _own_light(self, pane: Pane) -> bool:
        """Whether a pane stands in another light: another hour, or fewer things that throw shadows."""
        scene, own = self._scene, pane.view.sun_time
        other_hour = own is not None and own != scene.view.sun_time
        more = pane.view.hidden - scene.view.hidden
        return other_hour or scene.light.casts_over(more)

    def _light(self, pane: Pane, city: City) -> None:
        scene, stage = self._scene, self._scene.stage
        if not self._own_light(pane):
            return
        view = replace(scene.view, sun_time=pane.view.sun_time or scene.view.sun_time)
        pane.light.stand_for(scene.light, pane.view.hidden)
        if scene.step >= Step.LIT:
            pane.light.set_time(city, view, force=True)
            pane.undo.append(lambda: scene.light.set_time(city, scene.view, force=True))
            return
        # While something moves there are no shadows to be changed.
        air = stage.air
        sun, hour = pane.light.sun_at(city, view), hour_of(view.sun_time)
        stage.set_air(atmosphere(sun, theme=view.theme, hour=hour))
        pane.undo.append(lambda: stage.set_air(air))

    def light_job(self) -> Callable[[], LightMaps] | None:
        """What must be cast for a pane with a light of its own; None where nothing is missing."""
        scene = self._scene
        for pane in self.extra:
            if self._own_light(pane) and scene.city is not None:
                view = replace(scene.view, sun_time=pane.view.sun_time or scene.view.sun_time)
                pane.light.sun = pane.light.sun_at(scene.city, view)
                pane.light.stand_for(scene.light, pane.view.hidden)
                job = pane.light.job(scene.camera)
                if job is not None:
                    return job
        return None

    def apply(self, maps: LightMaps) -> bool:
        """Take maps that were cast for a pane; False where they are the scene's own."""
        if self._scene.light.fits(maps):
            return False
        fitting = [pane for pane in self.extra if pane.light.fits(maps)]
        for pane in fitting:
            pane.light.keep(maps)
        return bool(fitting)

    @property
    def own(self) -> tuple[Visual, ...]:
        """Pictures of layers that only other panes show."""
        return tuple(self._own.values())

    def nbytes(self) -> int:
        """Bytes of arrays that only other panes need."""
        return sum(visual.nbytes() for visual in self._own.values())

    def close(self) -> None:
        """Back to one picture."""
        self.arrange((), linked=True, swipe=None)
        for visual in self._own.values():
            visual.remove()
        self._own.clear()


def _copy_eye(source: Any, target: Any) -> None:
    target.SetPosition(*source.GetPosition())
    target.SetFocalPoint(*source.GetFocalPoint())
    target.SetViewUp(*source.GetViewUp())
    target.SetViewAngle(source.GetViewAngle())
    target.SetParallelProjection(source.GetParallelProjection())
    target.SetParallelScale(source.GetParallelScale())


def _mirror(source: Any, pane: Pane) -> None:
    """Have the pane draw what `source` draws, in its order as far as that costs nothing."""
    props = source.GetViewProps()
    here = {
        id(prop): prop
        for prop in (props.GetItemAsObject(i) for i in range(props.GetNumberOfItems()))
    }
    for key in pane.props.keys() - here.keys():
        pane.renderer.RemoveViewProp(pane.props[key])
    for key, prop in here.items():
        if key not in pane.props:
            pane.renderer.AddViewProp(prop)
    pane.props = here
