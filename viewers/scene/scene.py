"""The 3D scene: made equal to the city, drawn within a frame's budget, refined when it is still."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from layers.frame import Frame
from layers.kinds.elevation import ElevationLayer
from layers.kinds.layer import Layer
from twin.city import City
from viewers.scene.budget import FrameBudget, most_of, pace_of
from viewers.scene.camera import Camera
from viewers.scene.capture import capture
from viewers.scene.cut import cut_of
from viewers.scene.cutting import Cutting
from viewers.scene.debts import Debts
from viewers.scene.eye import Eye, eye_of
from viewers.scene.legend import Legend
from viewers.scene.levels import choose, clip_range
from viewers.scene.light_state import LightState
from viewers.scene.loader import Loader
from viewers.scene.memory import Memory
from viewers.scene.picking import Picker
from viewers.scene.plain import drape_pictures, ground_of, lay_plain, union
from viewers.scene.rays import LightMaps
from viewers.scene.refinement import Smoothing, Step
from viewers.scene.registry import key_of, visual_for
from viewers.scene.stage import Stage
from viewers.scene.standing import Standing
from viewers.scene.underground import Underground
from viewers.scene.visual import Surroundings, Visual
from viewers.scene.wet_ground import WetGround
from viewers.view_state import CameraPose, Picked, ViewState

MOVING_SLICE_S = 0.008
"""How long tiles that came may be put on the stage before a frame that moves."""
FIRST_TRIANGLES = 400_000
"""A first picture is drawn with so many; the others follow."""
SLICE_S = 0.02
"""How long a step may build what is owed before hands are asked again."""
SMOOTH_COST = 5.0
"""How many times longer a frame with smooth edges takes in software GL."""
LONGEST_S = 2.5
PATIENCE_S = 0.1


class Scene:
    """Shows a city on any `pv.Plotter`, off-screen or in a window.

    Parameters
    ----------
    plotter
        A `pyvista.Plotter` or a `pyvistaqt.QtInteractor`; only its renderer and window are used.
    """

    def __init__(self, plotter: Any) -> None:
        self.plotter = plotter
        self.renderer = plotter.renderer
        self.window = plotter.render_window
        self.stage = Stage(self.renderer)
        self.budget = FrameBudget()
        self.camera = Camera(self.renderer)
        self.picker = Picker()
        self.underground = Underground(self.stage, self.camera, self.picker)
        self.light = LightState(self.stage)
        self.loader, self.memory = Loader(), Memory()
        self._debts = Debts(self.loader)
        self.cutting = Cutting(self.stage, self.loader, self.camera, self.picker)
        self.folder_for: Callable[[Layer], Path | None] = lambda _: None
        """Where tiles of a layer are kept on disk; set before a city is shown."""
        self.patient = True
        """Whether `show` waits for what its first frame wants, as pictures do; a window does not."""
        self.each_frame: list[Callable[[], None]] = []
        """Called before each frame is drawn, after the camera is where it will be."""
        self.panes: Any = None
        """`Panes` where several pictures are shown."""
        self.city: City | None = None
        self.view = ViewState()
        self.renders, self.seconds = 0, 0.0
        self.moving = self._looked = self._quick = False
        self._look_from: CameraPose | None = None
        self._visuals: dict[str, Visual] = {}
        self._shown: dict[str, tuple[Any, ...]] = {}
        self.standing, self._wet = Standing(), WetGround()
        self._ground: ElevationLayer | None = None
        self.step, self._stale = Step.WHOLE, False
        self._smoothing = Smoothing(
            self.renderer, self.window, owes=lambda: self.owes,
            fewer=lambda: self.moving and self.budget.fewer_pixels and self.panes is None,
        )  # fmt: skip
        self._started, self._most = 0.0, FIRST_TRIANGLES
        self._observers = [
            (self.renderer, self.renderer.AddObserver("StartEvent", self._before_frame)),
            (self.window, self.window.AddObserver("StartEvent", self._frame_starts)),
            (self.window, self.window.AddObserver("EndEvent", self._frame_ends)),
        ]
        self._smoothing.set(self.step, points=False)

    # -- the city ---------------------------------------------------------------------------

    def show(self, city: City, view: ViewState) -> None:
        """Make the stage show `city`; calling it twice does the work once."""
        changed = self._new_frame(city.frame)
        self.camera.origin = np.array(city.frame.origin)
        self._ground = ground_of(city)
        if self._wet.see(city, self._ground, view.hidden):
            changed |= self._drop([k for k, visual in self._visuals.items() if visual.drapes])
        gone = self._drop([k for k in self._visuals if k not in city.layers])
        changed |= gone
        self.city = city
        for layer_id in city.layers:
            changed |= self._show_layer(city, view, layer_id)
        if changed or view.hidden != self.view.hidden:
            self.picker.plain_z = lay_plain(self.stage, city, self._visuals.values(), self._ground)
            drape_pictures(self.stage, self._visuals.values())
            self._world_changed()
        changed |= self._show_view(city, view)
        self.view = view
        if not self._looked and self.camera.bounds is not None:
            self._looked = True
            self.camera.pose = self._look_from or self.camera.overview()
        if gone:
            self._smoothing.let_go()
        if changed:
            if self.patient:
                self._look(self._eye(FIRST_TRIANGLES))
                self._complete(float("inf"))
            elif self.seconds > PATIENCE_S:
                self.set_moving()  # what changed is seen at once, and finely when it rests
            self.render()

    def look_anew(self, pose: CameraPose | None) -> None:
        """See the next city from `pose`, or from where all of it is seen."""
        self._looked, self._look_from = False, pose

    def _new_frame(self, frame: Frame) -> bool:
        if self.city is None or self.city.frame == frame:
            return self.city is None
        self._drop(list(self._visuals))
        self._ground = None
        return True

    def _drop(self, chosen: list[str]) -> bool:
        for layer_id in chosen:
            self._remove(layer_id)
        return bool(chosen)

    def _remove(self, layer_id: str) -> None:
        self._visuals.pop(layer_id).remove()
        self._shown.pop(layer_id, None)
        self.standing.forget(layer_id)

    def _show_layer(self, city: City, view: ViewState, layer_id: str) -> bool:
        hidden = layer_id in view.hidden
        layer = self.standing.of(city, layer_id)
        style = city.style(layer_id)
        visual = self._visuals.get(layer_id)
        if visual is not None and self._shown[layer_id][0] != key_of(layer, self.folder_for):
            self._remove(layer_id)
            visual = None
        if visual is None and hidden:
            return False
        changed = False
        if visual is None:
            visual = self._visuals[layer_id] = visual_for(layer, self.around())
            self._shown[layer_id] = (key_of(layer, self.folder_for),)
        if not hidden:
            changed = visual.show(layer, style)
        if visual.visible == hidden:
            visual.set_visible(not hidden)
            changed = True
        if not hidden:
            changed |= visual.hide(view.hidden_rows[layer_id])
            changed |= visual.isolate(view.only_rows[layer_id])
            changed |= visual.mark(view.chosen[layer_id])
        return changed

    def around(self) -> Surroundings:
        """What visuals of the city may use."""
        assert self.city is not None
        return Surroundings(
            stage=self.stage, frame=self.city.frame, ground=self._wet.drawn, drawn=self._wet.of,
            loader=self.loader, memory=self.memory, folder_for=self.folder_for,
        )  # fmt: skip

    def _world_changed(self) -> None:
        rays = {k: v for k, v in self._visuals.items() if v.visible}
        self.picker.set_visuals(rays, self.city.frame if self.city else None)
        self.light.set_casters({k: v for k, v in rays.items() if v.casts_shadow})
        boxes = [v.box for v in rays.values() if v.box is not None]
        self.stage.backdrop_last()
        built = [v.box for v in rays.values() if v.kind == "building" and v.box is not None]
        self.camera.home = union(built) if built else None
        if boxes:
            self.camera.bounds = union(boxes)
            self.stage.set_extent(self.camera.bounds)

    def _show_view(self, city: City, view: ViewState) -> bool:
        first = self.renders == 0
        changed = self.light.set_time(city, view, force=first)
        self.picker.cut = self.light.cut = cut_of(view, city.frame.origin)
        changed |= self.cutting.set(self.light.cut) | self.underground.show(view.ground_opacity)
        if first or view.selected != self.view.selected:
            for layer_id, visual in self._visuals.items():
                chosen = view.selected is not None and view.selected.layer == layer_id
                visual.highlight(view.selected.row if chosen and view.selected else None)
            changed = True
        flags = ("shadows", "occlusion", "edges", "theme")
        return changed or any(getattr(view, f) != getattr(self.view, f) for f in flags)

    @property
    def legends(self) -> tuple[Legend, ...]:
        """Legends of what is visible, in the order of the layers."""
        return tuple(v.legend for v in self._visuals.values() if v.visible and v.legend is not None)

    def visual(self, layer_id: str) -> Visual | None:
        """The picture of one layer, None where it is not drawn."""
        return self._visuals.get(layer_id)

    # -- frames -----------------------------------------------------------------------------

    def render(self) -> None:
        """Draw one frame."""
        if self.moving:
            self._complete(MOVING_SLICE_S)
        self.renders += 1
        self._stale = False
        self.plotter.render_window.Render()

    def set_moving(self) -> None:
        """Something moves: draw within the budget, plainly."""
        if not self.moving:
            self.moving = True
            self._take(Step.MOVING)

    def set_still(self, *, cast: bool = True) -> None:
        """Nothing moves: draw everything, finely, at once.

        `cast` casts shadows here and now where they are out of date; without it they come later
        through `apply_light`.
        """
        self.moving = self._quick = False
        self._take(Step.SMOOTH)
        self._look(self._eye(None))
        self._complete(float("inf"))
        self.cutting.fill(self._visuals, wait=True)
        while cast and (job := self.light_job()) is not None:
            self.apply_light(job())
        self.render()

    def refine(self) -> bool:
        """One step from a moving picture to the finest; True while there is another.

        Nothing is cast here: ask `light_job` between the steps. A step that would draw what is
        there already draws nothing.
        """
        self.moving = False
        if not self._complete(SLICE_S):
            if self.seconds < PATIENCE_S and time.perf_counter() - self._started > 3 * PATIENCE_S:
                self.render()  # let tiles be seen as they come
            return True
        further = Step(min(self.step + 1, Step.SMOOTH))
        if further != self.step or self._stale:
            # A window that does not answer for seconds is worse than edges a little less smooth.
            self._quick = self.step == Step.LIT and self.seconds * SMOOTH_COST > LONGEST_S
            self._take(further)
            self.render()
        return self.step < Step.SMOOTH

    def _complete(self, seconds: float) -> bool:
        """Draw what layers owe still, for about so long; True when nothing is owed."""
        owing = [*self._visuals.values(), *(self.panes.own if self.panes is not None else ())]
        done, owed = self._debts.settle([*owing, self.cutting], seconds)
        if done and owed:
            self._world_changed()
            self._stale = True
        return done

    def _take(self, step: Step) -> None:
        self.step = step
        points = any(v.kind == "point" and v.visible for v in self._visuals.values())
        self._smoothing.set(step, points=points, quick=self._quick)

    def light_job(self) -> Callable[[], LightMaps] | None:
        """What `set_still` would cast, for a worker; None where it is up to date."""
        if not (self.view.shadows or self.view.occlusion) or not self._complete(0.0):
            return None
        job = self.light.job(self.camera)
        return self.panes.light_job() if job is None and self.panes is not None else job

    def apply_light(self, maps: LightMaps) -> None:
        """Take the maps that a worker cast; in the window's thread."""
        if self.panes is None or not self.panes.apply(maps):
            self.light.apply(maps)
        self._stale = True

    def _frame_starts(self, *_: Any) -> None:
        self._started = time.perf_counter()

    def _frame_ends(self, *_: Any) -> None:
        self.window.WaitForCompletion()
        self.seconds = time.perf_counter() - self._started
        if self.renders <= 1:
            self.budget.target, self._most = pace_of(self.window), most_of(self.window)
        if self.moving:
            self.budget.measured(self.seconds, self.drawn())

    def _before_frame(self, *_: Any) -> None:
        width, height = self.camera.size_of(self.renderer)
        aspect = width / height
        camera = self.renderer.GetActiveCamera()
        self.stage.look(aspect)
        clip_range(camera, self.camera.bounds, self.stage.ground_z)
        whole, lit = self.step >= Step.WHOLE, self.step >= Step.LIT
        budget = None if whole else self.budget.triangles
        self.memory.next_frame()
        self._look(self._eye(budget))
        self.memory.fit()
        meshes = [mesh for visual in self._visuals.values() for mesh in visual.meshes()]
        choose(
            meshes, camera, aspect=aspect, height=height, budget=budget,
            edges=lit and self.view.edges, fine=lit,
        )  # fmt: skip
        if whole:
            self.cutting.fill(self._visuals)
        for call in self.each_frame:
            call()
        self.stage.set_quality(
            fine=lit,
            shadows=self.view.shadows and self.light.ready,
            occlusion=self.view.occlusion and self.light.ready,
        )

    def _eye(self, triangles: int | None) -> Eye:
        """What the coming frame is looked at with."""
        clip_range(self.renderer.GetActiveCamera(), self.camera.bounds, self.stage.ground_z)
        return eye_of(
            self.renderer.GetActiveCamera(), self.camera.size_of(self.renderer), moving=self.moving,
            fine=self.step >= Step.LIT, edges=self.step >= Step.LIT and self.view.edges,
            triangles=triangles, points=None if triangles is None else 3 * triangles,
            most=self._most,
        )  # fmt: skip

    def _look(self, eye: Eye) -> None:
        for visual in self._visuals.values():
            if visual.visible:
                visual.look(eye)

    def drawn(self) -> int:
        """Triangles of chunked layers in the last frame."""
        return sum(visual.drawn() for visual in self._visuals.values() if visual.visible)

    # -- questions --------------------------------------------------------------------------

    def pick(self, x: float, y: float) -> Picked | None:
        """What is under pixel (x, y) from the lower left corner; None for the sky."""
        self.picker.pixel_m = self.camera.pixel_m
        return self.picker.pick(*self.camera.ray(x, y, self.window.GetSize()))

    def world_at(self, x: float, y: float) -> tuple[float, float, float] | None:
        """World position under a pixel, on solids, terrain or the plain."""
        return self.picker.position(*self.camera.ray(x, y, self.window.GetSize()))

    @property
    def owes(self) -> bool:
        """Whether layers have still to draw something of what the last frame wanted."""
        return not self._complete(0.0)

    def nbytes(self) -> int:
        """Bytes of arrays that the layers' pictures hold."""
        return sum(visual.nbytes() for visual in self._visuals.values())

    def screenshot(self, size: tuple[int, int] | None = None) -> NDArray[np.uint8]:
        """The picture as it would look when still: uint8 (height, width, 3), up to 4K and more."""
        return capture(self.window, self.set_still, size)

    def close(self) -> None:
        """Take everything off the stage; the plotter stays its owner's."""
        if self.panes is not None:
            self.panes.close()
        for owner, tag in self._observers:
            owner.RemoveObserver(tag)
        self._observers.clear()
        for layer_id in list(self._visuals):
            self._remove(layer_id)
        self.picker.set_visuals({}, None)
        self.light.set_casters({})
        self.loader.close()
        self._smoothing.close()
        self.cutting.close()
        self.underground.close()
        self.stage.close()
        self.city = None
