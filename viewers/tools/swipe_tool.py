"""Two to four pictures of the city in one window, or two under a divider that can be dragged."""

from __future__ import annotations

from functools import partial

import numpy as np
from PySide6.QtCore import Qt

from viewers.action_spec import CAMERA, ActionSpec
from viewers.i18n import mark
from viewers.panels.views_panel import LETTERS, ViewsPanel
from viewers.scene.panes import NARROWEST, Panes
from viewers.scene.scene import Scene
from viewers.sprites import handle, tag
from viewers.tools.tool import Desk, Tool
from viewers.tools.views_grips import Grip
from viewers.tools.views_over import over
from viewers.view_state import PaneView

TITLE = mark("Pictures")
REACH = 9.0
"""Logical pixels beside the divider that still hold it."""


class Divider(Grip):
    """The line between two states."""

    cursor = Qt.CursorShape.SplitHCursor

    def __init__(self, tool: SwipeTool) -> None:
        self._tool = tool
        self.x: float | None = None

    def holds(self, x: float, y: float) -> bool:
        return self.x is not None and abs(x - self.x) <= REACH * self._tool.ratio

    def dragged(self, x: float, y: float) -> None:
        self._tool.swipe_to(x, done=False)

    def released(self, x: float, y: float, *, moved: bool) -> None:
        if moved:
            self._tool.swipe_to(x, done=True)


A = partial(ActionSpec, menu=CAMERA, needs="city")


class SwipeTool(Tool):
    """Makes the window equal to `ViewState.panes`, `linked` and `swipe`."""

    ACTIONS = (
        A(id="one_view", text=mark("One picture"), keys=("Alt+1",), icon="view1"),
        A(id="two_views", text=mark("Two pictures"), keys=("Alt+2",), icon="view2"),
        A(id="three_views", text=mark("Three pictures"), keys=("Alt+3",), icon="view3"),
        A(id="four_views", text=mark("Four pictures"), keys=("Alt+4",), icon="view4"),
        A(id="swipe", text=mark("Swipe between two states"), keys=("Alt+S",), icon="swipe", checkable=True),
        A(id="link_views", text=mark("Link the pictures"), icon="link", checkable=True),
    )  # fmt: skip

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.panel = ViewsPanel()
        desk.window.add_panel("views", TITLE, self.panel, beside="inspector")
        self._over = over(desk)
        self.panes: Panes | None = None
        self.divider = Divider(self)
        self._over.grips.add(self.divider)
        self._over.grips.before.append(self._activate)
        self._over.draws.append(self._draw)
        self._over.ready.connect(self._show)
        desk.session.view_changed.connect(self._show)
        desk.session.opened.connect(self._show)
        panel = self.panel
        panel.layout_asked.connect(lambda name: getattr(self, name)())
        panel.linked_asked.connect(lambda on: desk.session.look(linked=on))
        panel.kept_asked.connect(self.keep)
        panel.same_asked.connect(lambda number: self._put(number, PaneView()))

    @property
    def ratio(self) -> float:
        """Device pixels per logical pixel."""
        return self._over.ratio

    # -- show -------------------------------------------------------------------------------

    def _show(self) -> None:
        view, scene = self.desk.session.view, self._over.scene
        self.panel.show_view(view)
        self.set_checked("swipe", view.swipe is not None)
        self.set_checked("link_views", view.linked)
        if scene is None or (self.panes is None and not view.panes):
            return
        if self.panes is None:
            self.panes = scene.panes = Panes(scene)
        before = (self.panes.viewports, [pane.view for pane in self.panes.extra], self.panes.linked)
        self.panes.arrange(view.panes, linked=view.linked, swipe=view.swipe)
        after = (self.panes.viewports, [pane.view for pane in self.panes.extra], self.panes.linked)
        if before != after:
            self._over.again()

    def _activate(self, x: float, y: float) -> None:
        if self.panes is not None:
            self.panes.activate(x, y)

    def _draw(self, scene: Scene) -> None:
        overlay = self._over.furniture
        if overlay is None:
            return
        names: set[str] = set()
        self.divider.x = None
        if self.panes is not None and self.panes.extra:
            names = self._draw_panes(scene, self.panes)
        overlay.keep(names, of="pane.")

    def _draw_panes(self, scene: Scene, panes: Panes) -> set[str]:
        overlay, ratio = self._over.furniture, self.ratio
        assert overlay is not None
        size = np.array(scene.window.GetSize(), float)
        names, lines = {"pane.lines"}, []
        for number, viewport in enumerate(panes.viewports):
            a, b, c, d = np.array(viewport) * np.tile(size, 2)
            words = f"  {LETTERS[number]}  "
            letter = self._over.sprite(("pane", number), partial(tag, words, ratio))
            place = a + 8 * ratio if not (panes.swiping and number == 0) else c - 8 * ratio
            left = place - (letter.shape[1] if panes.swiping and number == 0 else 0)
            overlay.image(f"pane.{number}", letter, left, d - letter.shape[0] - 8 * ratio)
            names.add(f"pane.{number}")
            lines += [[[a, b], [a, d]], [[a, b], [c, b]]]
        ends = np.array(lines).reshape(-1, 2)
        overlay.lines(
            "pane.lines", ends, np.arange(len(ends)).reshape(-1, 2),
            colour=(1.0, 1.0, 1.0), width=2.0 * ratio,
        )  # fmt: skip
        if panes.swiping:
            self.divider.x = panes.viewports[1][0] * size[0]
            disc = self._over.sprite(("disc", "divider"), lambda: handle(26.0, ratio))
            half = disc.shape[0] / 2
            overlay.image("pane.disc", disc, self.divider.x - half, size[1] / 2 - half)
            names.add("pane.disc")
        return names

    # -- ask --------------------------------------------------------------------------------

    def _arrange(self, count: int) -> None:
        view = self.desk.session.view
        panes = (view.panes + (PaneView(),) * 3)[: count - 1]
        self.desk.session.look(panes=panes, swipe=None)
        if count > 1:
            self.desk.window.show_panel("views")

    def one_view(self) -> None:
        """One picture again."""
        self._arrange(1)

    def two_views(self) -> None:
        """Two side by side."""
        self._arrange(2)

    def three_views(self) -> None:
        """One large and two small."""
        self._arrange(3)

    def four_views(self) -> None:
        """Four."""
        self._arrange(4)

    def swipe(self) -> None:
        """A divider between two states, or one picture again."""
        view = self.desk.session.view
        if view.swipe is not None:
            self.desk.session.look(panes=(), swipe=None)
            return
        self.desk.session.look(panes=(view.panes or (PaneView(),))[:1], swipe=0.5)
        self.desk.window.show_panel("views")

    def swipe_to(self, x: float, *, done: bool) -> None:
        """Put the divider at a pixel."""
        scene, view = self._over.scene, self.desk.session.view
        if scene is None or self.panes is None or view.swipe is None:
            return
        share = float(np.clip(x / max(scene.window.GetSize()[0], 1), NARROWEST, 1 - NARROWEST))
        if done:
            self.desk.session.look(swipe=share)
        else:
            self.panes.arrange(view.panes, linked=view.linked, swipe=share)
            self._over.again()

    def link_views(self) -> None:
        """One eye for all, or one for each."""
        self.desk.session.look(linked=not self.desk.session.view.linked)

    def keep(self, number: int) -> None:
        """Have another picture show from now on what the first one shows."""
        session = self.desk.session
        if session.city is not None:
            view = session.view
            styles = tuple((name, session.city.style(name)) for name in session.city.layers)
            self._put(number, PaneView(hidden=view.hidden, styles=styles, sun_time=view.sun_time))

    def _put(self, number: int, pane: PaneView) -> None:
        panes = list(self.desk.session.view.panes)
        if number < len(panes):
            panes[number] = pane
            self.desk.session.look(panes=tuple(panes))

    def end(self) -> None:
        scene = self._over.scene
        if self.panes is not None and scene is not None:
            self.panes.close()
            scene.panes = None
        self.panes = None
        self._over.close()
