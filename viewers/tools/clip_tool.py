"""Cutting the city open: a section plane and a box, by hand, by two clicks, in numbers."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent

from viewers.action_spec import TOOLS, ActionSpec
from viewers.i18n import mark
from viewers.panels.clip_panel import ClipPanel
from viewers.scene.hand import Hand
from viewers.scene.scene import Scene
from viewers.sprites import handle
from viewers.tools.clip_handles import HANDLE, CutHandles
from viewers.tools.tool import Desk, Tool
from viewers.tools.views_over import over
from viewers.view_state import ClipBox, SectionPlane

STEEP = math.radians(55.0)
"""Looking down steeper than this, "as I look" cuts level."""
DEEP_M, MARGIN_M = 12.0, 12.0
TITLE = mark("Cut")


def plane_towards(way: str, scene: Scene) -> SectionPlane:
    """A plane through the middle of the view; what lies between it and the eye is cut away."""
    camera = scene.camera
    back = camera.eye - camera.target
    flat = float(np.hypot(back[0], back[1]))
    level = flat < 1e-6 or math.atan2(back[2], flat) > STEEP
    point = camera.target + camera.origin
    if way == "level" or (way == "free" and level):
        normal = (0.0, 0.0, 1.0)
        point[2] = scene.picker.ground_below(camera.target) + camera.origin[2] + 4.0
    elif way == "free":
        normal = (float(back[0]) / flat, float(back[1]) / flat, 0.0)
    else:
        normal = (0.0, -1.0, 0.0) if way == "north" else (-1.0, 0.0, 0.0)
    x, y, z = point.tolist()
    return SectionPlane(point=(x, y, z), normal=normal)


def plane_through(a: np.ndarray, b: np.ndarray, eye: np.ndarray) -> SectionPlane:
    """An upright plane through two places; the side of the eye is cut away."""
    along = (b - a)[:2]
    normal = np.array([along[1], -along[0], 0.0]) / max(float(np.hypot(*along)), 1e-9)
    if normal @ (eye - a) < 0:
        normal = -normal
    x, y, z = ((a + b) / 2).tolist()
    return SectionPlane(point=(x, y, z), normal=(float(normal[0]), float(normal[1]), 0.0))


def box_around(low: np.ndarray, high: np.ndarray) -> ClipBox:
    """An upright box around two corners, world metres."""
    x, y, z = ((low + high) / 2).tolist()
    across, along, up = np.maximum(high - low, 1.0).tolist()
    return ClipBox(middle=(x, y, z), size=(across, along, up))


class TwoClicks(Hand):
    """Takes two places in the view, then cuts between them."""

    keys = frozenset({Qt.Key.Key_Escape})

    def __init__(self, tool: ClipTool) -> None:
        self._tool = tool
        self.first: np.ndarray | None = None

    def press(self, x: float, y: float, *, button: str, shift: bool) -> bool:
        return button == "left" and not shift

    def release(self, x: float, y: float, *, button: str, dragged: bool) -> bool:
        if dragged:
            return True
        scene = self._tool.desk.stage.scene
        found = scene.world_at(x, y) if scene is not None else None
        if found is None:
            return True
        if self.first is None:
            self.first = np.array(found)
        elif float(np.hypot(*(np.array(found) - self.first)[:2])) > 0.5:
            self._tool.cut_between(self.first, np.array(found))
        return True

    def move(self, x: float, y: float, *, dragging: bool) -> bool:
        if self.first is not None:
            self._tool.rubber(self.first, x, y)
        return True

    def double(self, x: float, y: float) -> bool:
        return True

    def key(self, event: QKeyEvent) -> bool:
        if event.key() != Qt.Key.Key_Escape:
            return False
        self._tool.desk.stage.canvas.set_hand(None)
        return True

    def left(self) -> None:
        self._tool.no_rubber()


class ClipTool(Tool):
    """Section plane and clipping box: what the view has of them is in `ViewState`."""

    ACTIONS = (
        ActionSpec(
            id="section", text=mark("Section plane"), keys=("X",), icon="section", menu=TOOLS,
            needs="city", checkable=True, bar=True,
            tip=mark("Cut away what lies between you and the middle of the view"),
        ),
        ActionSpec(
            id="clip_box", text=mark("Clipping box"), keys=("Shift+X",), icon="clipbox", menu=TOOLS,
            needs="city", checkable=True, bar=True,
            tip=mark("Show only what is around the selection, or around the middle of the view"),
        ),
        ActionSpec(
            id="cut_here", text=mark("Cut along two clicks"), icon="cuthere", menu=TOOLS,
            needs="city",
        ),
        ActionSpec(id="flip_cut", text=mark("Flip the cut"), keys=("Ctrl+Shift+X",), icon="flip",
                   menu=TOOLS, needs="city"),
        ActionSpec(id="reset_cut", text=mark("Cut nothing"), icon="close", menu=TOOLS, needs="city"),
    )  # fmt: skip

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.panel = ClipPanel()
        desk.window.add_panel("cut", TITLE, self.panel, beside="inspector")
        self._over = over(desk)
        self._handles: CutHandles | None = None
        self._over.ready.connect(self._begin)
        self._begin()
        session = desk.session
        session.view_changed.connect(self._show)
        session.opened.connect(self._show)
        panel = self.panel
        panel.plane_asked.connect(lambda plane: session.look(section=plane))
        panel.box_asked.connect(lambda box: session.look(clip=box))
        panel.ground_asked.connect(lambda on: session.look(cut_ground=on))
        panel.opacity_asked.connect(lambda seen: session.look(ground_opacity=seen))
        panel.way_asked.connect(self._cut_towards)
        panel.here_asked.connect(self.cut_here)
        panel.around_asked.connect(self._box_here)
        panel.flip_plane_asked.connect(self._flip_plane)

    def _begin(self) -> None:
        scene, furniture = self._over.scene, self._over.furniture
        if scene is None or furniture is None or self._handles is not None:
            return
        self._handles = CutHandles(scene, furniture, self._over.grips, self._disc, self._ask)
        self._over.draws.append(lambda _: self._handles.draw() if self._handles else None)
        self._show()

    def _disc(self, role: str) -> np.ndarray:
        return self._over.sprite(("disc", role), lambda: handle(HANDLE, self._over.ratio, role))

    # -- show -------------------------------------------------------------------------------

    def _show(self) -> None:
        view = self.desk.session.view
        self.set_checked("section", view.section is not None)
        self.set_checked("clip_box", view.clip is not None)
        self.panel.show_view(view)
        if self._handles is not None:
            self._handles.show_view(view)

    def _ask(self, changes: dict[str, Any], done: bool) -> None:
        """A handle moves: draw it at once, keep it when the hand lets go."""
        session, stage = self.desk.session, self.desk.stage
        if done:
            session.look(**changes)
            return
        view = replace(session.view, **changes)
        if session.city is not None and stage.scene is not None:
            stage.scene.set_moving()
            self.panel.show_view(view)
            if self._handles is not None:
                self._handles.show_view(view)
            stage.show(session.city, view)

    # -- actions ----------------------------------------------------------------------------

    def section(self) -> None:
        """Cut towards the eye, or take the plane away."""
        if self.desk.session.view.section is not None:
            self.desk.session.look(section=None)
        else:
            self._cut_towards("free")

    def clip_box(self) -> None:
        """Put a box around the selection or the middle of the view, or take it away."""
        if self.desk.session.view.clip is not None:
            self.desk.session.look(clip=None)
        else:
            self._box_here()

    def cut_here(self) -> None:
        """Wait for two clicks in the view."""
        self.desk.stage.canvas.set_hand(TwoClicks(self))

    def flip_cut(self) -> None:
        """Show what was cut away, and cut away what was shown."""
        view = self.desk.session.view
        changes: dict[str, object] = {}
        if view.section is not None:
            changes["section"] = _flipped(view.section)
        if view.clip is not None:
            changes["clip"] = replace(view.clip, flipped=not view.clip.flipped)
        self.desk.session.look(**changes)

    def reset_cut(self) -> None:
        """Show everything again."""
        self.desk.stage.canvas.set_hand(None)
        self.desk.session.look(section=None, clip=None, cut_ground=True)

    def _flip_plane(self) -> None:
        section = self.desk.session.view.section
        if section is not None:
            self.desk.session.look(section=_flipped(section))

    def _cut_towards(self, way: str) -> None:
        scene = self.desk.stage.scene
        if scene is not None and scene.city is not None:
            self.desk.session.look(section=plane_towards(way, scene))
            self.desk.window.show_panel("cut")
        else:
            self._show()

    def _box_here(self) -> None:
        scene, session = self.desk.stage.scene, self.desk.session
        bounds = scene.camera.bounds if scene is not None else None
        if scene is None or session.city is None or bounds is None:
            self._show()
            return
        camera, selected = scene.camera, session.view.selected
        if selected is not None:
            middle, half = np.array(selected.where), 40.0
        else:
            middle = camera.target + camera.origin
            half = float(np.clip(0.25 * np.linalg.norm(camera.eye - camera.target), 20.0, 2000.0))
        ground = scene.picker.ground_below(middle - camera.origin) + camera.origin[2]
        top = max(float(bounds[5] + camera.origin[2]), ground + 10.0) + MARGIN_M
        low = np.array([middle[0] - half, middle[1] - half, ground - DEEP_M])
        session.look(clip=box_around(low, np.array([middle[0] + half, middle[1] + half, top])))
        self.desk.window.show_panel("cut")

    # -- two clicks -------------------------------------------------------------------------

    def cut_between(self, first: np.ndarray, second: np.ndarray) -> None:
        """Cut upright through two places of the world."""
        scene = self.desk.stage.scene
        self.desk.stage.canvas.set_hand(None)
        if scene is not None:
            eye = scene.camera.eye + scene.camera.origin
            self.desk.session.look(section=plane_through(first, second, eye))
            self.desk.window.show_panel("cut")

    def rubber(self, first: np.ndarray, x: float, y: float) -> None:
        """A line from the first place to the cursor."""
        scene, furniture = self._over.scene, self._over.furniture
        if scene is None or furniture is None:
            return
        start = scene.camera.project(first, scene.window.GetSize())
        if start is not None:
            ends = np.array([start, (x, y)])
            furniture.lines(
                "rubber", ends, np.array([[0, 1]]), colour=(0.04, 0.45, 0.52), width=2.0
            )
            self._over.again()

    def no_rubber(self) -> None:
        """Take the line away."""
        if self._over.furniture is not None:
            self._over.furniture.drop("rubber")

    def end(self) -> None:
        self._handles = None
        self._over.close()


def _flipped(plane: SectionPlane) -> SectionPlane:
    x, y, z = plane.normal
    return replace(plane, normal=(-x, -y, -z))
