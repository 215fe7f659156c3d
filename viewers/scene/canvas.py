"""The 3D view as a Qt widget."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PySide6.QtCore import QEvent, QObject, QPoint, Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QKeyEvent, QMouseEvent, QShowEvent, QWheelEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from layers.kinds.layer import Layer
from twin.city import City
from viewers.scene.casting import Casting, Run
from viewers.scene.hand import Gate, Hand, with_shift
from viewers.scene.interactor import View, new_interactor
from viewers.scene.memory import MOST_BYTES
from viewers.scene.poses import between, ease
from viewers.scene.rays import LightMaps
from viewers.scene.repaint import DrawnOnce
from viewers.scene.scene import Scene
from viewers.scene.walking import Walker
from viewers.view_state import CameraPose, ViewState

NEXT_MS = 8
STILL_MS = 200
"""How long nothing must move before the picture is refined."""
FLIGHT_S = 0.9
HOVER_MS = 60
CLICK_PIXELS = 4


class Canvas(QWidget):
    """Holds a `Scene`; turns what a hand does into camera moves and signals.

    Left drag turns, middle or Shift + left drag pans, right drag and wheel zoom to the cursor.
    The scene exists after the widget was shown for the first time (`ready`).

    Parameters
    ----------
    run
        `Tasks.run` of the window, so that shadows are cast by a worker; without it they are cast
        in the window's thread.
    """

    made = Signal()
    """There is a scene; nothing was drawn yet."""
    ready = Signal()
    hovered = Signal(float, float, float)
    """World position under the cursor."""
    left_ground = Signal()
    """The cursor is over the sky or outside."""
    picked = Signal(object)
    """`Picked`, or None for a click on nothing."""
    clicked = Signal(float, float)
    """A click at a pixel, before `picked`; for tools."""
    camera_changed = Signal(object)
    """`CameraPose`."""
    hand_changed = Signal(object)
    """`Hand`, or None."""
    moving = Signal()
    still = Signal()

    def __init__(self, parent: QWidget | None = None, *, run: Run | None = None) -> None:
        super().__init__(parent)
        self.scene: Scene | None = None
        self.picking = True
        self.tile_folder: Callable[[Layer], Path | None] = lambda _: None  # of the open project
        self.walking = False
        self._wanted: tuple[City, ViewState] | None = None
        self._anew: tuple[()] | tuple[CameraPose | None] = ()
        self._pressed: tuple[Qt.MouseButton, QPoint] | None = None
        self._last = QPoint()
        self._dragged = False
        self._anchor: np.ndarray | None = None
        self._flight: tuple[CameraPose, CameraPose, float, float] | None = None
        self._gate = Gate()
        self.most_memory = MOST_BYTES  # of tiles on the stage
        self._walker = Walker()
        self._once: DrawnOnce | None = None
        self._casting = Casting(run, self._lit)
        self._closed = False
        self._calm = self._timer(STILL_MS, self._refine, single=True)
        self._tick = self._timer(16, self._step, single=False)
        self._hover = self._timer(HOVER_MS, self._tell_hover, single=True)
        self._interactor: View | None = new_interactor(self)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._interactor)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumSize(120, 90)

    def _timer(self, milliseconds: int, call: Callable[[], None], *, single: bool) -> QTimer:
        timer = QTimer(self)
        timer.setInterval(milliseconds)
        timer.setSingleShot(single)
        timer.timeout.connect(call)
        return timer

    # -- life -------------------------------------------------------------------------------

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self.scene is None and not self._closed:
            QTimer.singleShot(0, self._build)

    def _build(self) -> None:
        interactor = self._interactor
        if interactor is None or self.scene is not None or self._closed:
            return
        interactor.installEventFilter(self)
        interactor.show()
        self.scene = Scene(interactor)
        self.scene.patient = False
        self.scene.memory.most = self.most_memory
        self.scene.folder_for = lambda layer: self.tile_folder(layer)
        self._once = DrawnOnce(self.scene.window, interactor.iren.interactor, self, self.redraw)
        interactor.aboutToResize.connect(self._once.anew)
        self.made.emit()
        QTimer.singleShot(0, self._begin)

    def _begin(self) -> None:
        if self.scene is None:
            return
        if self._wanted is not None:
            self.show_city(*self._wanted)
        self.ready.emit()

    def show_city(self, city: City, view: ViewState) -> None:
        """Show a city; before the widget is on screen it is kept until then."""
        if self.scene is None:
            self._wanted = (city, view)
            return
        self._wanted = None
        anew = bool(self._anew) or (self.scene.city is None and self.scene.camera.bounds is None)
        if self._anew:
            self.scene.look_anew(*self._anew)
            self.scene.set_moving()  # a rough picture comes at once
            self._anew = ()
        self.scene.show(city, view)
        if anew and self.scene.camera.bounds is not None:
            self.camera_changed.emit(self.scene.camera.pose)
        self._calm.start(STILL_MS)

    def look_anew(self, pose: CameraPose | None) -> None:
        """See the next city that is shown from `pose`, or all of it."""
        self._anew, self._flight = (pose,), None

    def close_scene(self) -> None:
        """End the view: timers, scene, interactor, in this order. Safe to call twice."""
        if self._closed:
            return
        self._closed = True
        for timer in (self._calm, self._tick, self._hover):
            timer.stop()
        if self.scene is not None:
            self.scene.close()
            self.scene = None
        if self._interactor is not None:
            if self._once is not None:
                self._once.close()
            self._interactor.removeEventFilter(self)
            self._interactor.close()
            # Python's half of its surface would outlive the surface, and PySide would take it for
            # whatever comes to lie at that address next: a menu, an action.
            self._interactor._forget_context()  # type: ignore[no-untyped-call]  # it has no types
            self._interactor = None
        self._wanted = None

    def closeEvent(self, event: QCloseEvent) -> None:
        self.close_scene()
        super().closeEvent(event)

    # -- quality ----------------------------------------------------------------------------

    def redraw(self) -> None:
        """Draw plainly now and finely when it rests: something moved, the eye or another."""
        if self.scene is None:
            return
        if not self.scene.moving:
            self.moving.emit()
        self.scene.set_moving()
        self.scene.render()
        self._calm.start(STILL_MS)

    def _moved(self) -> None:
        if self.scene is not None:
            self.redraw()
            self.camera_changed.emit(self.scene.camera.pose)

    def _refine(self) -> None:
        if self.scene is None or self._pressed is not None or self._flight is not None:
            return
        self._casting.go_on(self.scene)
        if self.scene.refine():
            # Back to the event loop: a hand goes before the next step, and tiles may come.
            self._calm.start(NEXT_MS)
            return
        self.still.emit()

    def _lit(self, maps: LightMaps) -> None:
        if self.scene is not None:
            self.scene.apply_light(maps)
            self._calm.start(1)

    # -- places to go -----------------------------------------------------------------------

    def fly_to(self, pose: CameraPose, *, seconds: float = FLIGHT_S) -> None:
        """Fly to `pose`, smoothly; ends exactly there."""
        if self.scene is None:
            return
        start = self.scene.camera.pose
        if seconds <= 0 or ease(1.0) != 1.0 or start == pose:
            self.scene.camera.pose = pose
            self._moved()
            return
        self._flight = (start, pose, time.perf_counter(), seconds)
        self._tick.start()

    @property
    def destination(self) -> CameraPose | None:
        """Where the eye flies to, or where it is; None before `ready`."""
        if self._flight is not None:
            return self._flight[1]
        return self.scene.camera.pose if self.scene is not None else None

    def frame(self, bounds: Any = None) -> None:
        """Fly to where `bounds` (6, scene metres), or all, fills the view."""
        if self.scene is not None:
            self.fly_to(self.scene.camera.frame(bounds))

    def set_walking(self, walking: bool) -> None:
        """Go down to the street at the middle of the view, or end walking."""
        self.walking = walking
        if self.scene is not None:
            self.fly_to((self._walker.begin if walking else self._walker.leave)(self.scene))
            if walking and self._interactor is not None:
                self._interactor.setFocus()

    def _step(self) -> None:
        if self.scene is None:
            self._tick.stop()
            return
        if self._flight is not None:
            start, end, began, seconds = self._flight
            t = (time.perf_counter() - began) / seconds
            self.scene.camera.pose = between(start, end, t)
            if t >= 1.0:
                self._flight = None
            self._moved()
        elif self.walking and self._walker.step(self.scene):
            self._moved()
        else:
            self._tick.stop()

    # -- hands ------------------------------------------------------------------------------

    def set_hand(self, hand: Hand | None) -> None:
        """Give the mouse to a tool, before the camera; None gives it back."""
        if self._gate.give(hand):
            self.hand_changed.emit(hand)

    @property
    def hand(self) -> Hand | None:
        """The tool that owns the mouse."""
        return self._gate.hand

    @property
    def view(self) -> QWidget | None:
        """The widget that gets mouse and keys; None before `ready`."""
        return self._interactor if self.scene is not None else None

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is not self._interactor or self.scene is None:
            return False
        kind, of = event.type(), QEvent.Type
        hands = {
            of.MouseButtonPress: self._press, of.MouseButtonRelease: self._release,
            of.MouseMove: self._move, of.MouseButtonDblClick: self._double_click,
        }  # fmt: skip
        if kind in hands and isinstance(event, QMouseEvent):
            return hands[kind](event)
        if kind == of.ShortcutOverride and isinstance(event, QKeyEvent):
            return self._gate.claims(event)
        if kind == of.Wheel and isinstance(event, QWheelEvent):
            return self._wheel(event)
        if kind in (of.KeyPress, of.KeyRelease) and isinstance(event, QKeyEvent):
            return self._key(event, down=kind == of.KeyPress)
        if kind == of.Leave:
            self.left_ground.emit()
        if kind == of.Resize:
            self._calm.start(STILL_MS)
        return False

    def pixel(self, position: Any) -> tuple[float, float]:
        """Device pixel from the lower left corner, for a widget position."""
        assert self._interactor is not None
        ratio = self._interactor.devicePixelRatioF()
        height = self._interactor.height()
        return (position.x() + 0.0) * ratio, (height - 1 - position.y()) * ratio

    def _press(self, event: QMouseEvent) -> bool:
        self._flight = None
        self._gate.press(event, self.pixel(event.position()))
        self._pressed = (event.button(), event.position().toPoint())
        self._last, self._dragged = event.position().toPoint(), False
        self._anchor = self._ground_under(event.position())
        if self._interactor is not None:
            self._interactor.setFocus()
        return True

    def _double_click(self, event: QMouseEvent) -> bool:
        assert self.scene is not None
        if self._gate.double(self.pixel(event.position())):
            return True
        there = self._ground_under(event.position())
        if event.button() == Qt.MouseButton.LeftButton and there is not None:
            self.fly_to(self.scene.camera.nearer(there))
        return True

    def _ground_under(self, position: Any) -> np.ndarray | None:
        assert self.scene is not None
        found = self.scene.world_at(*self.pixel(position))
        return None if found is None else np.array(found) - self.scene.camera.origin

    def _move(self, event: QMouseEvent) -> bool:
        assert self.scene is not None
        here = event.position().toPoint()
        self._gate.move(self.pixel(event.position()), held=self._pressed is not None)
        if self._pressed is None:
            self._last = here
            if not self._hover.isActive():
                self._hover.start()
            return True
        button, start = self._pressed
        if not self._dragged and (here - start).manhattanLength() < CLICK_PIXELS:
            return True
        self._dragged = True
        if self._gate.taken:
            self._last = here
            return True
        dx, dy = here.x() - self._last.x(), here.y() - self._last.y()
        if self.walking and button == Qt.MouseButton.LeftButton:
            self.scene.camera.turn_head(-dx * 0.003, dy * 0.003)
        elif button == Qt.MouseButton.MiddleButton or with_shift(event):
            self._pan(event.position())
        elif button == Qt.MouseButton.RightButton:
            self.scene.camera.zoom(float(np.exp(-dy * 0.008)), self._anchor)
        else:
            self.scene.camera.orbit(dx, dy)
        self._last = here
        self._moved()
        return True

    def _pan(self, position: Any) -> None:
        """Keep the point that was pressed under the cursor."""
        assert self.scene is not None
        camera = self.scene.camera
        anchor = self._anchor if self._anchor is not None else camera.target
        camera.drag(anchor, *camera.ray(*self.pixel(position), self.scene.window.GetSize()))

    def _release(self, event: QMouseEvent) -> bool:
        assert self.scene is not None
        pressed, self._pressed = self._pressed, None
        x, y = self.pixel(event.position())
        if pressed is not None and self._gate.release(pressed[0], (x, y), dragged=self._dragged):
            return True
        if pressed is not None and not self._dragged and pressed[0] == Qt.MouseButton.LeftButton:
            self.clicked.emit(x, y)
            if self.picking:
                self.picked.emit(self.scene.pick(x, y))
        if self._dragged:
            self._calm.start(STILL_MS)
        return True

    def _wheel(self, event: QWheelEvent) -> bool:
        assert self.scene is not None
        self._flight = None
        steps = event.angleDelta().y() / 120.0
        self.scene.camera.zoom(float(1.18**steps), self._ground_under(event.position()))
        self._moved()
        return True

    def _key(self, event: QKeyEvent, *, down: bool) -> bool:
        if down and self._gate.key(event):
            return True
        if not self.walking or not self._walker.key(event, down=down):
            event.ignore()
            return False
        self._tick.start()
        return True

    def _tell_hover(self) -> None:
        if self.scene is None or self._pressed is not None:
            return
        found = self.scene.world_at(*self.pixel(self._last))
        self.left_ground.emit() if found is None else self.hovered.emit(*found)
