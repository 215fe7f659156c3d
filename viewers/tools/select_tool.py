"""Choosing many things: by rectangle, by polygon, alike, all; with Ctrl one by one."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication

from twin.city import City
from viewers.action_spec import EDIT, ActionSpec, Table
from viewers.i18n import mark, tr
from viewers.panels.many_facts import count_of, facts_of_many
from viewers.scene.choosing import (
    Middles,
    choice_within,
    choosable,
    like,
    picked_of,
    places_of,
    usual_layers,
)
from viewers.scene.hand import Hand
from viewers.scene.marks import Mark
from viewers.scene.point_places import Places
from viewers.scene.scene import Scene
from viewers.scene.seen import Shape
from viewers.tools.marking import Marking
from viewers.tools.select_hand import How, SelectHand
from viewers.tools.tool import Desk, Tool
from viewers.view_state import Picked, Rows

A = ActionSpec
TOLD_MS = 8000
RING = 17.0
"""Pixels."""
SELECTING = "selecting"
"""Key of the task."""
HINT = mark("Drag or click around things; Shift adds, Ctrl takes away, Esc ends")


class SelectTool(Tool):
    """Puts what is chosen into the view."""

    ACTIONS: ClassVar[Table] = (
        A(
            id="select_rect", text=mark("Select in a rectangle"), keys=("R",), icon="select-rect",
            menu=EDIT, needs="city", checkable=True, bar=True, tip=HINT,
        ),
        A(
            id="select_polygon", text=mark("Select in a polygon"), keys=("L",),
            icon="select-polygon", menu=EDIT, needs="city", checkable=True, tip=HINT,
        ),
        A(
            id="select_seen", text=mark("Select only what is seen"), menu=EDIT, needs="city",
            checkable=True, tip=mark("Leaves out what stands behind others"),
        ),
        A(
            id="select_all", text=mark("Select all of the layer"), keys=("Ctrl+A",), menu=EDIT,
            needs="layer",
        ),
        A(
            id="select_same_use", text=mark("Select all of the same use"), icon="select-like",
            menu=EDIT, needs="selection",
        ),
        A(
            id="select_same_method", text=mark("Select all whose height was found the same way"),
            menu=EDIT, needs="selection",
        ),
        A(
            id="select_same_colour", text=mark("Select all of the same class of the style"),
            menu=EDIT, needs="selection",
        ),
    )  # fmt: skip

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._middles = Middles()
        self._hand: SelectHand | None = None
        self.seen = False
        """Whether only what is seen is chosen."""
        self._marking = Marking(desk)
        self._ringed: tuple[float, float, float] | None = None
        desk.session.view_changed.connect(self._ring)
        desk.session.city_changed.connect(lambda _: self._ring())
        desk.session.opened.connect(self._forget)
        desk.window.inspector.sums_asked.connect(self._sum_up)
        desk.stage.canvas.picked.connect(self._clicked)
        desk.stage.canvas.hand_changed.connect(self._hand_changed)

    # -- actions ----------------------------------------------------------------------------

    def select_rect(self) -> None:
        self._start("rect")

    def select_polygon(self) -> None:
        self._start("polygon")

    def select_seen(self) -> None:
        self.seen = self.desk.window.actions_table["select_seen"].isChecked()

    def select_all(self) -> None:
        city, layer_id = self.desk.session.city, self.desk.window.layers.current()
        layer = city.layers.get(layer_id) if city is not None else None
        if places_of(self.desk.stage.scene, layer_id) is not None:
            self._tell(tr("A cloud of this size cannot be selected as a whole; draw a rectangle"))
        elif layer is not None and choosable(layer):
            self._choose(Rows({layer_id: np.arange(layer.count)}), "replace")

    def select_same_use(self) -> None:
        self._like("use")

    def select_same_method(self) -> None:
        self._like("method")

    def select_same_colour(self) -> None:
        selected, city = self.desk.session.view.selected, self.desk.session.city
        if selected is not None and city is not None:
            by = city.style(selected.layer).color_by
            if by:
                self._like(by)
            else:
                self._tell(tr("The layer is not coloured by an attribute; choose one in its style"))

    def _like(self, by: str) -> None:
        selected, city = self.desk.session.view.selected, self.desk.session.city
        if selected is None or city is None:
            return
        found = like(city, selected.layer, selected.row, by)
        if found:
            self._choose(found, "replace", keep=selected)
        else:
            self._tell(tr("Nothing to compare: this layer has no such attribute"))

    def _start(self, kind: Literal["rect", "polygon"]) -> None:
        canvas = self.desk.stage.canvas
        if canvas.scene is None or (self._hand is not None and self._hand.kind == kind):
            canvas.set_hand(None)
            self._show_checked()
            return
        if self.desk.stage.walking:
            self.desk.stage.set_walking(False)
        canvas.set_hand(SelectHand(kind, canvas, self._take))
        if canvas.view is not None:
            canvas.view.setFocus()
        self.desk.window.status.showMessage(tr(HINT), TOLD_MS)

    def _hand_changed(self, hand: Hand | None) -> None:
        before, self._hand = self._hand, hand if isinstance(hand, SelectHand) else None
        if before is not None and before is not self._hand:
            before.deleteLater()
            self.desk.stage.canvas.redraw()
        self._show_checked()

    def _show_checked(self) -> None:
        now = self._hand.kind if self._hand is not None else ""
        for kind in ("rect", "polygon"):
            self.set_checked(f"select_{kind}", kind == now)

    # -- choosing ---------------------------------------------------------------------------

    def _take(self, shape: NDArray[np.float64], how: How) -> None:
        """A shape was drawn; one corner alone is a click."""
        scene, city = self.desk.stage.scene, self.desk.session.city
        if scene is None or city is None:
            return
        if len(shape) == 1:
            picked = scene.pick(*shape[0].tolist())
            rows = Rows() if picked is None else Rows({picked.layer: [picked.row]})
        else:
            self._take_shape(scene, city, shape, how)
            return
        self._choose(rows, how)

    def _take_shape(self, scene: Scene, city: City, shape: Shape, how: How) -> None:
        """In a worker: a million middles take seconds, and points come from their files."""
        layers = usual_layers(city, self.desk.session.view, self.desk.window.layers.current())

        def done(result: tuple[Rows, bool]) -> None:
            rows, fewer = result
            self._choose(rows, how)
            if fewer:
                self._tell(tr("So many points: the finest were left out; go nearer for them"))

        find = choice_within(scene, shape, layers, self._middles, seen=self.seen)
        self.desk.tasks.run(mark("Selecting"), find, done=done, key=SELECTING)

    def _choose(self, rows: Rows, how: How, *, keep: Picked | None = None) -> None:
        view = self.desk.session.view
        before = view.chosen
        if not before and view.selected is not None and how != "replace":
            before = Rows({view.selected.layer: [view.selected.row]})
        after = rows if how == "replace" else before | rows if how == "add" else before - rows
        city = self.desk.session.city
        if after.count == 1 and keep is None and city is not None:
            layer = next(iter(after))
            keep = picked_of(city, layer, int(after[layer][0]), self._places)
        self.desk.session.look(chosen=after, selected=keep)
        self._tell(count_of(after))

    def _clicked(self, picked: Picked | None) -> None:
        """A click in the view without a hand: Ctrl adds to what is chosen or takes away."""
        view = self.desk.session.view
        held = QGuiApplication.keyboardModifiers() & Qt.KeyboardModifier.ControlModifier
        if picked is None or not held:
            self.desk.session.look(chosen=Rows())
            return
        before = view.chosen
        if not before and view.selected is not None:
            before = Rows({view.selected.layer: [view.selected.row]})
        self.desk.session.look(chosen=before ^ Rows({picked.layer: [picked.row]}))

    def _places(self, layer_id: str) -> Places | None:
        return places_of(self.desk.stage.scene, layer_id)

    def _ring(self) -> None:
        """A ring about the one point that is selected: one pixel of another colour is not seen."""
        selected = self.desk.session.view.selected
        where = selected.where if selected is not None and selected.kind == "point" else None
        if where == self._ringed:
            return
        self._ringed = where
        if where is None:
            self._marking.remove("point")
        else:
            self._marking.put("point", Mark(dots=np.array([where]), shape="ring", size=RING))

    def _sum_up(self, city: City, rows: Rows) -> None:
        """Sums of very many things, in a worker."""
        inspector = self.desk.window.inspector
        known = {k: self._places(k) for k in rows}
        self.desk.tasks.run(
            mark("Summing up…"),
            lambda _: facts_of_many(city, rows, known.get),
            done=lambda facts: inspector.show_sums(city, rows, facts),
            key="sums",
            quiet=True,
        )

    def _tell(self, text: str) -> None:
        self.desk.window.status.showMessage(text, TOLD_MS)

    def _forget(self) -> None:
        self._ringed = None
        if self._hand is not None:
            self.desk.stage.canvas.set_hand(None)
        self.desk.tasks.cancel_key(SELECTING)
        self._middles.forget()
