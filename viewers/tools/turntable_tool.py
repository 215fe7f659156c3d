"""A slow turn around the selection or the middle of the view."""

from __future__ import annotations

import math
import time

import numpy as np
from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QKeyEvent

from viewers.action_spec import CAMERA, ActionSpec
from viewers.i18n import mark
from viewers.scene.poses import triple
from viewers.tools.tool import Desk, Tool
from viewers.tools.views_grips import KeyHand
from viewers.tools.views_over import over
from viewers.view_state import CameraPose

DEGREES_PER_S = 5.0
LONGEST_S = 0.25
"""A frame that took longer turns no further than this, so that nothing jumps."""


def turned(pose: CameraPose, about: np.ndarray, angle: float) -> CameraPose:
    """The pose after a turn of the whole view around the upright through `about`; radians."""
    sin, cos = math.sin(angle), math.cos(angle)
    clockwise = np.array([[cos, sin, 0.0], [-sin, cos, 0.0], [0.0, 0.0, 1.0]])
    eye = about + clockwise @ (np.array(pose.eye) - about)
    target = about + clockwise @ (np.array(pose.target) - about)
    return CameraPose(
        eye=triple(eye), target=triple(target), up=triple(clockwise @ np.array(pose.up)),
        view_angle=pose.view_angle, parallel_scale=pose.parallel_scale,
    )  # fmt: skip


class EndsWithEsc(KeyHand):
    """Esc in the view ends the turn and nothing else."""

    def __init__(self, tool: TurntableTool) -> None:
        self._tool = tool

    def wants(self, event: QKeyEvent) -> bool:
        return self._tool.turning and event.key() == Qt.Key.Key_Escape

    def key(self, event: QKeyEvent) -> bool:
        if not self.wants(event):
            return False
        self._tool.stop()
        return True


class TurntableTool(Tool):
    """Turns until Esc, or until it is asked again."""

    ACTIONS = (
        ActionSpec(
            id="turntable", text=mark("Turntable"), keys=("Shift+R",), icon="turntable", menu=CAMERA,
            needs="city", checkable=True,
            tip=mark("Turn slowly around the selection or the middle, Esc ends"),
        ),
    )  # fmt: skip

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._timer = QTimer(self)
        self._timer.setInterval(16)
        self._timer.timeout.connect(self._turn)
        self._last = 0.0
        over(desk).grips.keys.append(EndsWithEsc(self))
        desk.window.actions_table["clear_selection"].triggered.connect(lambda: self.stop())
        desk.session.opened.connect(self.stop)

    @property
    def turning(self) -> bool:
        """Whether it turns."""
        return self._timer.isActive()

    def turntable(self) -> None:
        """Begin or end."""
        if self.turning:
            self.stop()
        elif self.desk.stage.scene is not None:
            self.desk.stage.set_walking(False)
            self._last = time.perf_counter()
            self._timer.start()
            self.set_checked("turntable", True)

    def stop(self) -> None:
        """Stand still."""
        self._timer.stop()
        self.set_checked("turntable", False)

    def _turn(self) -> None:
        scene, selected = self.desk.stage.scene, self.desk.session.view.selected
        if scene is None or scene.city is None or self.desk.stage.walking:
            self.stop()
            return
        now = time.perf_counter()
        angle = math.radians(DEGREES_PER_S * min(now - self._last, LONGEST_S))
        self._last = now
        pose = scene.camera.pose
        about = np.array(pose.target if selected is None else selected.where)
        self.desk.stage.canvas.fly_to(turned(pose, about, angle), seconds=0)

    def end(self) -> None:
        self._timer.stop()
