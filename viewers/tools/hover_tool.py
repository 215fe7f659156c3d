"""What is under the cursor, in a few words beside it; nothing while something moves."""

from __future__ import annotations

import time
from typing import ClassVar

import numpy as np
from PySide6.QtCore import QPoint, QTimer
from PySide6.QtWidgets import QToolTip

from layers.kinds.buildings import BuildingsLayer
from layers.kinds.elevation import ElevationLayer
from layers.kinds.features import FeatureLayer
from layers.kinds.imagery import ImageryLayer
from twin.city import City
from viewers.action_spec import VIEW, ActionSpec, Table
from viewers.i18n import mark, number, tr
from viewers.panels.facts import facts_of
from viewers.panels.kinds import USES
from viewers.tools.tool import Desk, Tool
from viewers.view_state import Picked

REST_MS = 180
"""How long the cursor rests before words come."""
SLOW_S, SLOW_REST_MS = 0.03, 700
"""Where a look takes longer than this, the cursor must rest longer."""
NAMES = ("name", "ten", "tên", "name:vi", "address", "dia_chi", "species", "loai")


class HoverTool(Tool):
    """Shows a tooltip for buildings with their storey, trees, features and LiDAR points."""

    ACTIONS: ClassVar[Table] = (
        ActionSpec(
            id="hover_words", text=mark("Words at the cursor"), icon="hover", menu=VIEW,
            needs="city", checkable=True, tip=mark("Says what is under the cursor"),
        ),
    )  # fmt: skip

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.on = True
        self.seconds = 0.0
        """How long the last look took."""
        self.text = ""
        """What is shown now."""
        self._place: tuple[float, float, float] | None = None
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.timeout.connect(self._look)
        canvas = desk.stage.canvas
        canvas.hovered.connect(self._moved)
        canvas.left_ground.connect(self.hide)
        canvas.moving.connect(self.hide)
        canvas.hand_changed.connect(lambda _: self.hide())
        desk.session.opened.connect(self.hide)
        self.set_checked("hover_words", True)

    def hover_words(self) -> None:
        self.on = self.desk.window.actions_table["hover_words"].isChecked()
        self.hide()

    def _moved(self, x: float, y: float, z: float) -> None:
        """The cursor rests over a world position."""
        canvas = self.desk.stage.canvas
        if not self.on or canvas.hand is not None or canvas.walking:
            return
        self._place = (x, y, z)
        self._rest.start(SLOW_REST_MS if self.seconds > SLOW_S else REST_MS)

    def _look(self) -> None:
        scene, city, place = self.desk.stage.scene, self.desk.session.city, self._place
        view = self.desk.stage.canvas.view
        if scene is None or city is None or place is None or view is None or scene.moving:
            return
        pixel = scene.camera.project(np.array(place), scene.window.GetSize())
        if pixel is None:
            return
        begun = time.perf_counter()
        picked = scene.pick(*pixel)
        self.seconds = time.perf_counter() - begun
        self.text = words_of(city, picked) if picked is not None else ""
        if not self.text:
            QToolTip.hideText()
            return
        ratio = view.devicePixelRatioF()
        x, y = pixel[0] / ratio, view.height() - 1 - pixel[1] / ratio
        QToolTip.showText(view.mapToGlobal(QPoint(round(x) + 12, round(y) + 10)), self.text, view)

    def hide(self) -> None:
        """Say nothing."""
        self._rest.stop()
        self._place = None
        if self.text:
            self.text = ""
            QToolTip.hideText()

    def end(self) -> None:
        self._rest.stop()


def words_of(city: City, picked: Picked) -> str:
    """Two or three short lines about a thing; "" for bare ground."""
    layer = city.layers.get(picked.layer)
    if layer is None or isinstance(layer, ElevationLayer | ImageryLayer):
        return ""
    facts = facts_of(city, picked)
    if facts is None:
        return ""
    first = _named(layer, picked.row) or facts.title
    lines = [first, f"{facts.kind}  ·  {layer.name}"]
    if isinstance(layer, BuildingsLayer):
        building = city.building_at(layer.id, picked.row)
        if first != building.id:
            lines[0] += f"  ·  {building.id}"
        parts = [f"{number(building.height, 1)} m"]
        if building.floors:
            parts.append(tr("{count} floors", count=building.floors))
        if building.use:
            parts.append(tr(building.use) if building.use in USES else building.use)
        lines.append("  ·  ".join(parts))
        storey = _storey(picked.part)
        if storey:
            lines.append(storey)
    elif facts.measured and not isinstance(layer, FeatureLayer):
        lines.append("  ·  ".join(value for _, value in facts.measured[1:3]))
    elif facts.measured:
        lines.append("  ·  ".join(f"{name} {value}" for name, value in facts.measured[:1]))
    return "\n".join(lines)


def _named(layer: object, row: int) -> str:
    columns = getattr(layer, "columns", {})
    for column, values in columns.items():
        if column.lower() in NAMES and str(values[row] or "").strip():
            return str(values[row]).strip()
    return ""


def _storey(part: str) -> str:
    if part == "roof":
        return tr("Roof")
    word, _, count = part.partition(" ")
    return tr("Storey {number}", number=count) if word == "storey" and count else ""
