"""Plan and elevations without perspective, at a scale that can be measured on the screen."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import partial

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent

from viewers.action_spec import CAMERA, ActionSpec
from viewers.i18n import mark
from viewers.scene.hand import Hand
from viewers.scene.poses import parallel, perspective, scale_for, upright
from viewers.scene.scene import Scene
from viewers.tools.tool import Desk, Tool
from viewers.tools.views_tool import dots_per_inch
from viewers.view_state import CameraPose

SCALES = (500, 1000, 2000, 5000)
FLATTEST = 0.35
"""A face whose normal rises more than this (sine) is a roof, no façade."""


def facing(scene: Scene, x: float, y: float) -> CameraPose | None:
    """The elevation of the wall under a pixel; None where there is none."""
    hit = scene.picker.first(*scene.camera.ray(x, y, scene.window.GetSize()))
    if hit is None or abs(float(hit.normal[2])) > FLATTEST:
        return None
    _, direction = scene.camera.ray(x, y, scene.window.GetSize())
    out = np.array([hit.normal[0], hit.normal[1], 0.0])
    if float(out @ direction) > 0:
        out = -out
    flat = parallel(scene.camera.pose)
    target = hit.where + scene.camera.origin
    place = replace(flat, target=(float(target[0]), float(target[1]), float(target[2])))
    return upright(place, out, flat.parallel_scale)


class FacadeHand(Hand):
    """Takes one click on a wall."""

    keys = frozenset({Qt.Key.Key_Escape})

    def __init__(self, tool: OrthoTool) -> None:
        self._tool = tool

    def press(self, x: float, y: float, *, button: str, shift: bool) -> bool:
        return button == "left" and not shift

    def release(self, x: float, y: float, *, button: str, dragged: bool) -> bool:
        if not dragged:
            self._tool.face(x, y)
        return True

    def key(self, event: QKeyEvent) -> bool:
        if event.key() != Qt.Key.Key_Escape:
            return False
        self._tool.desk.stage.canvas.set_hand(None)
        return True

    def left(self) -> None:
        self._tool.set_checked("elevation_facade", False)


A = partial(ActionSpec, menu=CAMERA, needs="city")


class OrthoTool(Tool):
    """Changes between perspective and parallel projection, and goes to views worth measuring."""

    ACTIONS = (
        A(id="parallel_view", text=mark("Without perspective"), keys=("P",), icon="parallel",
          checkable=True, bar=True),
        A(id="plan_view", text=mark("Plan"), keys=("Shift+T",), icon="top"),
        A(id="elevation_north", text=mark("Elevation from the north"), icon="elevation"),
        A(id="elevation_east", text=mark("Elevation from the east"), icon="elevation"),
        A(id="elevation_south", text=mark("Elevation from the south"), icon="elevation"),
        A(id="elevation_west", text=mark("Elevation from the west"), icon="elevation"),
        A(id="elevation_facade", text=mark("Elevation of a façade"), icon="buildings", checkable=True,
          tip=mark("Click a wall to face it")),
        None,
        A(id="scale_500", text=mark("Scale 1 : 500")),
        A(id="scale_1000", text=mark("Scale 1 : 1000")),
        A(id="scale_2000", text=mark("Scale 1 : 2000")),
        A(id="scale_5000", text=mark("Scale 1 : 5000")),
    )  # fmt: skip

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        desk.stage.canvas.camera_changed.connect(self._show)

    def _show(self, pose: CameraPose) -> None:
        self.set_checked("parallel_view", pose.parallel_scale > 0)

    def _pose(self) -> CameraPose | None:
        """Where the eye is or flies to; None without a city."""
        scene = self.desk.stage.scene
        if scene is None or scene.city is None:
            return None
        self.desk.stage.set_walking(False)
        return self.desk.stage.canvas.destination

    def _go(self, pose: CameraPose) -> None:
        self.desk.stage.canvas.fly_to(pose)

    def parallel_view(self) -> None:
        """Change between perspective and none; what is looked at keeps its size."""
        pose = self._pose()
        if pose is not None:
            other = perspective(pose) if pose.parallel_scale > 0 else parallel(pose)
            self.desk.stage.canvas.fly_to(other, seconds=0)

    def plan_view(self) -> None:
        """Straight down, north up, without perspective."""
        self._towards(np.array([0.0, 0.0, 1.0]))

    def _towards(self, back: np.ndarray) -> None:
        """Go where the eye is in the direction `back` of what it looks at."""
        pose = self._pose()
        if pose is not None:
            flat = parallel(pose)
            self._go(upright(flat, back, flat.parallel_scale))

    def _elevation(self, degrees: float) -> None:
        """From the side that lies `degrees` clockwise from north."""
        side = math.radians(degrees)
        self._towards(np.array([math.sin(side), math.cos(side), 0.0]))

    def elevation_north(self) -> None:
        """What faces north, seen from there."""
        self._elevation(0.0)

    def elevation_east(self) -> None:
        """What faces east."""
        self._elevation(90.0)

    def elevation_south(self) -> None:
        """What faces south."""
        self._elevation(180.0)

    def elevation_west(self) -> None:
        """What faces west."""
        self._elevation(270.0)

    def elevation_facade(self) -> None:
        """Wait for a click on a wall."""
        canvas = self.desk.stage.canvas
        if isinstance(canvas.hand, FacadeHand):
            canvas.set_hand(None)
        else:
            canvas.set_hand(FacadeHand(self))
            self.set_checked("elevation_facade", True)

    def face(self, x: float, y: float) -> None:
        """Fly to the elevation of the wall under a pixel; wait on where there is none."""
        scene = self.desk.stage.scene
        pose = facing(scene, x, y) if scene is not None else None
        if pose is not None:
            self.desk.stage.canvas.set_hand(None)
            self._go(pose)

    def _scale(self, denominator: int) -> None:
        pose, scene = self._pose(), self.desk.stage.scene
        if pose is not None and scene is not None:
            height = scene.window.GetSize()[1]
            scale = scale_for(denominator, height, dots_per_inch(self.desk))
            self._go(upright(pose, np.subtract(pose.eye, pose.target), scale))

    def scale_500(self) -> None:
        """A metre on the ground is 2 mm on the screen."""
        self._scale(500)

    def scale_1000(self) -> None:
        """1 mm."""
        self._scale(1000)

    def scale_2000(self) -> None:
        """Half a millimetre."""
        self._scale(2000)

    def scale_5000(self) -> None:
        """A fifth of a millimetre."""
        self._scale(5000)
