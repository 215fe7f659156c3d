"""Measuring with the mouse: distance, area, height, angle; what was measured stays in the view."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from PySide6.QtWidgets import QFileDialog

from layers.errors import CityError
from layers.measure import accuracy
from layers.measure.shapes import angle, areas, lengths
from viewers.action_spec import TOOLS, ActionSpec, Table
from viewers.i18n import mark, said_error, say, tr
from viewers.measurements import (
    KINDS,
    Measurement,
    Value,
    amount,
    as_csv,
    measured,
    segment_spreads,
    write_table,
)
from viewers.panels.measurements_panel import MeasurementsPanel
from viewers.scene.hand import Hand
from viewers.scene.marks import Mark
from viewers.scene.tags import Tag
from viewers.tools.marking import Marking
from viewers.tools.measure_hand import MeasureHand
from viewers.tools.tool import Desk, Tool

A = ActionSpec
MARGIN_M = 12.0
HINTS = {
    "distance": mark("Click points along the way; double click or Enter ends, Esc starts anew"),
    "area": mark("Click the corners; double click or Enter closes the area, Esc starts anew"),
    "height": mark("Click two places"),
    "angle": mark("Click one side, the corner, the other side"),
    "profile": mark("Click the line of the profile; double click or Enter ends it"),
}
HINT_MS = 12_000


def _action(kind: str, text: str, keys: tuple[str, ...] = (), *, bar: bool = False) -> ActionSpec:
    return A(
        id=f"measure_{kind}", text=text, keys=keys, icon=f"measure-{kind}", menu=TOOLS,
        needs="city", checkable=True, bar=bar, tip=HINTS[kind],
    )  # fmt: skip


class MeasureTool(Tool):
    """Owns the measurements of this city; they go with it."""

    ACTIONS: ClassVar[Table] = (
        _action("distance", mark("Measure a distance"), ("M",), bar=True),
        _action("area", mark("Measure an area"), ("Shift+M",), bar=True),
        _action("height", mark("Measure a height difference")),
        _action("angle", mark("Measure an angle")),
        A(
            id="clear_measurements", text=mark("Clear all measurements"), icon="remove",
            menu=TOOLS, needs="city",
        ),
    )  # fmt: skip

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.measurements: list[Measurement] = []
        self._count = 0
        self._marking = Marking(desk)
        self._hand: MeasureHand | None = None
        self.panel = MeasurementsPanel()
        desk.window.add_panel("measurements", mark("Measure"), self.panel)
        self.panel.fly_asked.connect(self._fly)
        self.panel.delete_asked.connect(self.delete)
        self.panel.clear_asked.connect(self.clear_measurements)
        self.panel.export_asked.connect(self._ask_export)
        self.panel.said_again.connect(self._say_again)
        desk.session.opened.connect(self._forget)
        desk.stage.canvas.clicked.connect(self._clicked)
        desk.stage.canvas.hand_changed.connect(self._hand_changed)

    # -- actions ----------------------------------------------------------------------------

    def measure_distance(self) -> None:
        self.start("distance")

    def measure_area(self) -> None:
        self.start("area")

    def measure_height(self) -> None:
        self.start("height")

    def measure_angle(self) -> None:
        self.start("angle")

    def clear_measurements(self) -> None:
        for one in self.measurements:
            self._marking.remove(str(one.number))
        self.measurements.clear()
        self.panel.show_measurements(())
        self._marking.redraw()

    def start(self, kind: str) -> None:
        """Give the mouse to measuring `kind`; once more takes it back."""
        canvas, scene = self.desk.stage.canvas, self.desk.stage.scene
        if scene is None or (self._hand is not None and self._hand.kind == kind):
            canvas.set_hand(None)
            self._show_checked()
            return
        if self.desk.stage.walking:
            self.desk.stage.set_walking(False)
        hand = MeasureHand(kind, canvas, tags_of, self.finish)
        canvas.set_hand(hand)
        if canvas.view is not None:
            canvas.view.setFocus()
        self.desk.window.status.showMessage(tr(HINTS[kind]), HINT_MS)

    # -- hand -------------------------------------------------------------------------------

    def _hand_changed(self, hand: Hand | None) -> None:
        before, self._hand = self._hand, _own(hand)
        canvas = self.desk.stage.canvas
        if self._hand is not None:
            canvas.picking = False
        elif before is not None:
            canvas.picking = True
            before.deleteLater()
            canvas.redraw()
        self._show_checked()

    def _show_checked(self) -> None:
        now = self._hand.kind if self._hand is not None else ""
        for kind in KINDS:
            self.set_checked(f"measure_{kind}", kind == now)

    def _clicked(self, x: float, y: float) -> None:
        if self._hand is not None:
            self._hand.clicked(x, y)

    def finish(self, kind: str, points: NDArray[np.float64], spreads: NDArray[np.float64]) -> bool:
        """Keep what was drawn as a measurement; False where it is none, which is told."""
        city = self.desk.session.city
        if city is None:
            return False
        try:
            values = measured(kind, points, spreads, city)
        except CityError as error:
            self.desk.window.status.showMessage(" – ".join(said_error(error)), HINT_MS)
            return False
        self._count += 1
        one = Measurement(
            number=self._count, kind=kind, points=points, spreads=spreads, values=values
        )
        self.measurements.append(one)
        self._put(one)
        self.panel.show_measurements(self.measurements)
        self.desk.window.show_panel("measurements")
        self._marking.redraw()
        return True

    def _put(self, one: Measurement) -> None:
        tags = tags_of(one.kind, one.points, one.spreads)
        closed = one.kind == "area"
        mark_ = Mark(line=one.points, closed=closed, dots=one.points, tags=tags)
        self._marking.put(str(one.number), mark_)

    def _say_again(self) -> None:
        """Numbers in the picture as the language now writes them."""
        for one in self.measurements:
            self._put(one)
        if self.measurements:
            self._marking.redraw()

    # -- panel ------------------------------------------------------------------------------

    def delete(self, number: int) -> None:
        """Take one measurement away."""
        self.measurements = [one for one in self.measurements if one.number != number]
        self._marking.remove(str(number))
        self.panel.show_measurements(self.measurements)
        self._marking.redraw()

    def _fly(self, number: int) -> None:
        for one in self.measurements:
            if one.number == number:
                low, high = one.points.min(axis=0), one.points.max(axis=0)
                west, south = (float(c) - MARGIN_M for c in low[:2])
                east, north = (float(c) + MARGIN_M for c in high[:2])
                box = (west, south, east, north)
                self.desk.stage.frame_box(box, float(low[2]), float(high[2]) + 2.0)

    def _ask_export(self) -> None:
        name, _ = QFileDialog.getSaveFileName(
            self.desk.window,
            tr("Export measurements"),
            str(Path(self.desk.settings.folder) / f"{tr('Measurements')}.csv"),
            tr("Table") + " (*.csv)",
        )
        if name:
            self.desk.settings.folder = str(Path(name).parent)
            self.export(Path(name))

    def export(self, path: Path) -> None:
        """Write all measurements to a CSV file; a failure is told in the window."""
        city = self.desk.session.city
        text = as_csv(self.measurements, city.frame.crs if city is not None else "")
        try:
            write_table(path, text)
        except CityError as error:
            self.desk.window.notices.tell_error(error, path.name)
            self.desk.window.tell_failure(error)

    def _forget(self) -> None:
        if self._hand is not None:
            self.desk.stage.canvas.set_hand(None)
        self.measurements.clear()
        self._count = 0
        self.panel.show_measurements(())

    def end(self) -> None:
        self._marking.end()


def _own(hand: Hand | None) -> MeasureHand | None:
    return hand if isinstance(hand, MeasureHand) and hand.kind in KINDS else None


def tags_of(
    kind: str, points: NDArray[np.float64], spreads: NDArray[np.float64]
) -> tuple[Tag, ...]:
    """Words over the picture for points as they stand: each segment, and the whole."""
    if len(points) < 2:
        return ()
    if kind == "height":
        return (_height_tag(points, spreads),)
    if kind == "angle" and len(points) == 3:
        value = Value(name="", value=angle(points).space, spread=1.0, unit="°")
        return (Tag(where=_at(points[1]), text=amount(value, sure=False), strong=True, rank=1000),)
    tags = _segment_tags(points, spreads)
    if kind == "area" and len(points) > 2:
        return (*tags, *_area_tag(points, spreads))
    if len(points) > 2:
        each = segment_spreads(points, spreads)
        total = float(lengths(points).space.sum())
        value = Value(name="", value=total, spread=float(np.hypot.reduce(each)))
        text = amount(value, sure=False)
        tags += (Tag(where=_at(points[-1]), text=text, strong=True, rank=1000),)
    return tags


def _segment_tags(points: NDArray[np.float64], spreads: NDArray[np.float64]) -> tuple[Tag, ...]:
    each, space = segment_spreads(points, spreads), lengths(points).space
    alone = len(points) == 2
    middles = (points[:-1] + points[1:]) / 2
    return tuple(
        Tag(
            where=_at(middle),
            text=amount(Value(name="", value=float(long), spread=float(off)), sure=alone),
            strong=alone,
            rank=int(min(long, 900)),
        )
        for middle, long, off in zip(middles, space, each, strict=True)
    )


def _area_tag(points: NDArray[np.float64], spreads: NDArray[np.float64]) -> tuple[Tag, ...]:
    try:
        found = areas(points)
    except CityError as error:
        return (Tag(where=_at(points.mean(axis=0)), text=say(error.what), strong=True, rank=1000),)
    upright = found.level < 0.05 * found.plane
    size = found.plane if upright else found.level
    value = Value(
        name="", value=size, spread=accuracy.of_area(points[:, :2], spreads[:, 0]), unit="m²"
    )
    return (
        Tag(where=_at(points.mean(axis=0)), text=amount(value, sure=False), strong=True, rank=1000),
    )


def _height_tag(points: NDArray[np.float64], spreads: NDArray[np.float64]) -> Tag:
    rise = float(points[1, 2] - points[0, 2])
    value = Value(name="", value=rise, spread=float(np.hypot(*spreads[:, 1])))
    return Tag(where=_at(points.mean(axis=0)), text=f"Δ {amount(value)}", strong=True, rank=1000)


def _at(place: NDArray[np.float64]) -> tuple[float, float, float]:
    x, y, z = (float(v) for v in place)
    return (x, y, z)
