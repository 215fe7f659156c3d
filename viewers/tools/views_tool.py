"""Compass and scale on the screen, and the keys that move the camera."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent

from viewers.action_spec import CAMERA, ActionSpec
from viewers.i18n import mark, number, tr
from viewers.picture import metres_per_pixel, round_length
from viewers.scene.camera import Camera
from viewers.scene.poses import denominator_of
from viewers.scene.scene import Scene
from viewers.sprites import compass, scale_bar
from viewers.tools.tool import Desk, Tool
from viewers.tools.views_grips import Grip, KeyHand
from viewers.tools.views_over import Over, over
from viewers.view_state import CameraPose

COMPASS, MARGIN = 64.0, 14.0
"""Logical pixels."""
LONGEST = 150.0
STEP, TURN = 0.09, math.radians(7.5)
SECONDS = 0.16


def heading_of(scene: Scene) -> float:
    """Where the view looks, degrees clockwise from the grid's north; of its upper edge from above."""
    ahead = scene.camera.target - scene.camera.eye
    if float(np.hypot(ahead[0], ahead[1])) < 1e-3 * max(abs(float(ahead[2])), 1.0):
        ahead = np.array(scene.camera.pose.up)
    return math.degrees(math.atan2(ahead[0], ahead[1])) % 360.0


class CompassGrip(Grip):
    """A click turns north up; a drag turns the view."""

    def __init__(self, tool: ViewsTool) -> None:
        self._tool = tool
        self.middle: tuple[float, float] | None = None
        self.radius = 0.0
        self._last = 0.0

    def holds(self, x: float, y: float) -> bool:
        if self.middle is None:
            return False
        return math.hypot(x - self.middle[0], y - self.middle[1]) <= self.radius

    def _bearing(self, x: float, y: float) -> float:
        assert self.middle is not None
        return math.atan2(x - self.middle[0], y - self.middle[1])

    def pressed(self, x: float, y: float) -> None:
        self._last = self._bearing(x, y)

    def dragged(self, x: float, y: float) -> None:
        now = self._bearing(x, y)
        self._tool.turn(self._last - now)
        self._last = now

    def released(self, x: float, y: float, *, moved: bool) -> None:
        if not moved:
            self._tool.desk.stage.north_up()


class CameraKeys(KeyHand):
    """Arrow keys, Page Up and Down, + and −, and the number pad."""

    def __init__(self, tool: ViewsTool) -> None:
        self._tool = tool

    def wants(self, event: QKeyEvent) -> bool:
        return self._move(event) is not None

    def key(self, event: QKeyEvent) -> bool:
        move = self._move(event)
        if move is None:
            return False
        move()
        return True

    def _move(self, event: QKeyEvent) -> Callable[[], None] | None:
        tool, key, held = self._tool, event.key(), event.modifiers()
        if tool.desk.stage.walking or held & (
            Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier
        ):
            return None
        pad = bool(held & Qt.KeyboardModifier.KeypadModifier)
        arrows = {
            Qt.Key.Key_Left: (-1, 0), Qt.Key.Key_Right: (1, 0),
            Qt.Key.Key_Up: (0, 1), Qt.Key.Key_Down: (0, -1),
        }  # fmt: skip
        if key in arrows and not pad:
            right, ahead = arrows[Qt.Key(key)]
            if held & Qt.KeyboardModifier.ShiftModifier:
                return lambda: tool.orbit(right * TURN, ahead * TURN)
            return lambda: tool.step(right * STEP, ahead * STEP)
        if key in (Qt.Key.Key_PageUp, Qt.Key.Key_Plus, Qt.Key.Key_Equal):
            return lambda: tool.zoom(1.25)
        if key in (Qt.Key.Key_PageDown, Qt.Key.Key_Minus):
            return lambda: tool.zoom(0.8)
        return tool.pad(Qt.Key(key)) if pad else None


class ViewsTool(Tool):
    """Owns what shows directions and lengths on the screen."""

    ACTIONS = (
        ActionSpec(
            id="furniture", text=mark("Compass and scale"), icon="compass", menu=CAMERA,
            needs="city", checkable=True,
        ),
    )  # fmt: skip

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._over: Over = over(desk)
        self.compass = CompassGrip(self)
        self._over.grips.add(self.compass)
        self._over.grips.keys.append(CameraKeys(self))
        self._over.draws.append(self._draw)
        self._shown = True
        self.set_checked("furniture", True)

    def furniture(self) -> None:
        """Show or hide compass and scale."""
        self._shown = not self._shown
        self.set_checked("furniture", self._shown)
        self._over.again()

    # -- drawing ----------------------------------------------------------------------------

    def _draw(self, scene: Scene) -> None:
        overlay, ratio = self._over.furniture, self._over.ratio
        if overlay is None:
            return
        if not self._shown:
            self.compass.middle = None
            overlay.keep(set(), of="views.")
            return
        width, height = scene.window.GetSize()
        heading = round(heading_of(scene))
        letter = tr("North")[:1]
        rose = self._over.sprite(
            ("compass", heading), lambda: compass(heading, letter, COMPASS, ratio)
        )
        x = width - rose.shape[1] - MARGIN * ratio
        y = height - rose.shape[0] - MARGIN * ratio
        overlay.image("views.compass", rose, x, y)
        half = rose.shape[0] / 2
        self.compass.middle, self.compass.radius = (x + half, y + half), half
        pixels, words = self._scale(scene.camera.pose, height)
        bar = self._over.sprite(("scale", pixels, words), lambda: scale_bar(pixels, words, ratio))
        overlay.image("views.scale", bar, MARGIN * ratio, MARGIN * ratio)

    def _scale(self, pose: CameraPose, height: int) -> tuple[float, str]:
        """Logical pixels of the bar, and what it says."""
        each = metres_per_pixel(pose, height) * self._over.ratio
        metres = round_length(LONGEST * each)
        words = f"{number(metres / 1000)} km" if metres >= 1000 else f"{metres:g} m"
        if pose.parallel_scale > 0:
            times = denominator_of(pose.parallel_scale, height, dots_per_inch(self.desk))
            exact = round(times, -1) if times > 1000 else round(times)
            words = f"{words}   1 : {number(exact)}"
        return round(metres / each * 2) / 2, words

    # -- moves ------------------------------------------------------------------------------

    def _fly(self, move: Callable[[Camera], None]) -> None:
        scene = self.desk.stage.scene
        if scene is not None and scene.city is not None:
            self.desk.stage.canvas.fly_to(
                scene.camera.after(lambda: move(scene.camera)), seconds=SECONDS
            )

    def step(self, right: float, ahead: float) -> None:
        """Move by shares of the picture's height."""
        self._fly(lambda camera: camera.step(right, ahead))

    def orbit(self, turn: float, tilt: float) -> None:
        """Turn around the middle of the view, radians."""
        self._fly(lambda camera: camera.orbit(turn / 0.005, -tilt / 0.005))

    def zoom(self, factor: float) -> None:
        """Come nearer to the middle of the view."""
        self._fly(lambda camera: camera.zoom(factor))

    def turn(self, angle: float) -> None:
        """Turn at once, as a hand drags the compass; radians."""
        scene = self.desk.stage.scene
        if scene is not None and scene.city is not None:
            pose = scene.camera.after(lambda: scene.camera.orbit(angle / 0.005, 0.0))
            self.desk.stage.canvas.fly_to(pose, seconds=0)

    def pad(self, key: Qt.Key) -> Callable[[], None] | None:
        """What a key of the number pad does: as in Blender."""
        ask = self.desk.window.asked.emit
        does: dict[Qt.Key, Callable[[], None]] = {
            Qt.Key.Key_8: lambda: self.orbit(0.0, TURN), Qt.Key.Key_2: lambda: self.orbit(0.0, -TURN),
            Qt.Key.Key_4: lambda: self.orbit(-TURN, 0.0), Qt.Key.Key_6: lambda: self.orbit(TURN, 0.0),
            Qt.Key.Key_7: lambda: ask("plan_view"), Qt.Key.Key_5: lambda: ask("parallel_view"),
            Qt.Key.Key_1: lambda: ask("elevation_south"), Qt.Key.Key_3: lambda: ask("elevation_east"),
            Qt.Key.Key_9: lambda: self.orbit(math.pi, 0.0), Qt.Key.Key_0: lambda: ask("show_all"),
        }  # fmt: skip
        does[Qt.Key.Key_Up], does[Qt.Key.Key_Down] = does[Qt.Key.Key_8], does[Qt.Key.Key_2]
        does[Qt.Key.Key_Left], does[Qt.Key.Key_Right] = does[Qt.Key.Key_4], does[Qt.Key.Key_6]
        return does.get(key)

    def end(self) -> None:
        self._over.close()


def dots_per_inch(desk: Desk) -> float:
    """Device pixels per inch of the screen the window is on, as it tells its size."""
    screen = desk.window.screen()
    inches = float(screen.physicalDotsPerInch()) * float(screen.devicePixelRatio())
    return inches if 40.0 < inches < 1000.0 else 96.0
