"""A profile of ground and buildings along a line that is drawn in the view."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

import numpy as np
import shapely
from numpy.typing import NDArray
from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QFileDialog

from layers.errors import CityError, WriteError
from layers.kinds.buildings import BuildingsLayer
from layers.measure.profile import Profile, profile
from layers.progress import Progress
from viewers.action_spec import TOOLS, ActionSpec, Table
from viewers.i18n import mark, tr
from viewers.measurements import write_table
from viewers.panels.profile_panel import ProfilePanel
from viewers.picture import write_image
from viewers.scene.hand import Hand
from viewers.scene.marks import Mark
from viewers.scene.plain import ground_of
from viewers.tools.marking import Marking
from viewers.tools.measure_hand import MeasureHand
from viewers.tools.measuring import HINT_MS, HINTS, tags_of
from viewers.tools.tool import Desk, Tool

KEY, LINE, HERE = "profile", "line", "here"
TEAL = (0.04, 0.45, 0.52)
PICTURE = QSize(1400, 460)
ROUGH_M = 0.15
"""How far the line that is drawn may leave the ground."""


class ProfileTool(Tool):
    """Owns one profile at a time."""

    ACTIONS: ClassVar[Table] = (
        ActionSpec(
            id="measure_profile", text=mark("Profile along a line"), keys=("Ctrl+M",),
            icon="measure-profile", menu=TOOLS, needs="city", checkable=True, bar=True,
            tip=HINTS["profile"],
        ),
    )  # fmt: skip

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.profile: Profile | None = None
        self._hand: MeasureHand | None = None
        self._marking = Marking(desk)
        self.panel = ProfilePanel()
        desk.window.add_panel(
            KEY, mark("Profile"), self.panel, area=Qt.DockWidgetArea.BottomDockWidgetArea
        )
        self.panel.hovered.connect(self._mark_place)
        self.panel.picture_asked.connect(self._ask_picture)
        self.panel.table_asked.connect(self._ask_table)
        self.panel.clear_asked.connect(self.clear)
        desk.session.opened.connect(self._forget)
        desk.stage.canvas.clicked.connect(self._clicked)
        desk.stage.canvas.hand_changed.connect(self._hand_changed)

    def measure_profile(self) -> None:
        canvas, scene = self.desk.stage.canvas, self.desk.stage.scene
        if scene is None or self._hand is not None:
            canvas.set_hand(None)
            self._show_checked()
            return
        hand = MeasureHand("profile", canvas, tags_of, self.finish)
        canvas.set_hand(hand)
        if canvas.view is not None:
            canvas.view.setFocus()
        self.desk.window.status.showMessage(tr(HINTS["profile"]), HINT_MS)

    def _hand_changed(self, hand: Hand | None) -> None:
        own = hand if isinstance(hand, MeasureHand) and hand.kind == "profile" else None
        before, self._hand = self._hand, own
        canvas = self.desk.stage.canvas
        if self._hand is not None:
            canvas.picking = False
        elif before is not None:
            canvas.picking = hand is None or canvas.picking
            before.deleteLater()
            canvas.redraw()
        self._show_checked()

    def _show_checked(self) -> None:
        self.set_checked("measure_profile", self._hand is not None)

    def _clicked(self, x: float, y: float) -> None:
        if self._hand is not None:
            self._hand.clicked(x, y)

    # -- the profile ------------------------------------------------------------------------

    def finish(
        self, _kind: str, points: NDArray[np.float64], _spreads: NDArray[np.float64]
    ) -> bool:
        """Cut the city along the points."""
        city = self.desk.session.city
        if city is None:
            return False
        hidden = self.desk.session.view.hidden
        ground = ground_of(city)
        shown = [
            k for k, v in city.layers.items() if isinstance(v, BuildingsLayer) and k not in hidden
        ]

        def work(progress: Progress) -> Profile:
            layers = [city.standing(k) for k in shown]
            return profile(points[:, :2], ground, layers, progress)

        def done(made: Profile) -> None:
            if self.desk.session.city is city:
                self.show(made)

        self.desk.tasks.run(mark("Cutting a profile"), work, done=done, key=KEY)
        self.desk.stage.canvas.set_hand(None)
        return True

    def show(self, made: Profile) -> None:
        """Show a profile in the panel and its line in the city."""
        self.profile = made
        line = self._line(made)
        self._marking.put(LINE, Mark(line=line, dots=line[[0, -1]], colour=TEAL))
        self.panel.show_profile(made)
        self.desk.window.show_panel(KEY)
        self._marking.redraw()

    def _line(self, made: Profile) -> NDArray[np.float64]:
        """The line as it is drawn: on the ground or the plain, with no more corners than are seen."""
        scene, city = self.desk.stage.scene, self.desk.session.city
        low = 0.0
        if scene is not None and city is not None:
            low = scene.picker.plain_z + city.frame.origin[2]
        height = np.where(np.isfinite(made.ground), made.ground, low) + 0.2
        side = shapely.LineString(np.column_stack([made.at, height])).simplify(ROUGH_M)
        ends = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(made.corners, axis=0).T))])
        along = np.unique(np.concatenate([shapely.get_coordinates(side)[:, 0], ends]))
        z = np.interp(along, made.at, height)
        return np.column_stack([*(np.interp(along, made.at, xy) for xy in made.places.T), z])

    def _mark_place(self, along: float) -> None:
        made = self.profile
        self._marking.remove(HERE)
        if made is not None and math.isfinite(along):
            top, ground = made.top_at(along), made.ground_at(along)
            z = next((v for v in (top, ground) if math.isfinite(v)), 0.0)
            place = np.array([[*made.place_at(along), z]])
            self._marking.put(HERE, Mark(dots=place, shape="ring", size=19, colour=TEAL))
        self._marking.redraw()

    def clear(self) -> None:
        """Forget the profile."""
        self._forget()
        self._marking.redraw()

    def _forget(self) -> None:
        self.desk.tasks.cancel_key(KEY)
        if self._hand is not None:
            self.desk.stage.canvas.set_hand(None)
        self.profile = None
        self._marking.clear()
        self.panel.show_profile(None)
        self.desk.window.hide_panel(KEY)

    # -- files ------------------------------------------------------------------------------

    def _ask_picture(self) -> None:
        name = self._ask(tr("Picture") + " (*.png)", "png")
        if name is not None:
            self._attempt(name, lambda: self.save_picture(name))

    def _ask_table(self) -> None:
        name = self._ask(tr("Table") + " (*.csv)", "csv")
        if name is not None:
            self._attempt(name, lambda: self.save_table(name))

    def _ask(self, kind: str, ending: str) -> Path | None:
        settings = self.desk.settings
        start = str(Path(settings.folder) / f"{tr('Profile')}.{ending}")
        name, _ = QFileDialog.getSaveFileName(
            self.desk.window, tr("Export the profile"), start, kind
        )
        if not name:
            return None
        settings.folder = str(Path(name).parent)
        return Path(name)

    def _attempt(self, path: Path, write: Callable[[], None]) -> None:
        try:
            write()
        except CityError as error:
            self.desk.window.notices.tell_error(error, path.name)
            self.desk.window.tell_failure(error)

    def save_picture(self, path: Path) -> None:
        """Write the plot as a PNG; raises `WriteError`."""
        from layers.atomic import atomic

        with atomic(path) as temporary:
            if not write_image(self.panel.plot.picture(PICTURE), str(temporary), "PNG"):
                raise WriteError(
                    f"{path.name} could not be written",
                    hint=f"Look at {path.parent}, then try again.",
                )

    def save_table(self, path: Path) -> None:
        """Write stations with ground and roof as CSV; raises `WriteError`."""
        if self.profile is not None:
            write_table(path, as_table(self.profile))

    def end(self) -> None:
        self._marking.end()


def as_table(made: Profile) -> str:
    """A row for each station: metres along, x, y, ground, roof, building; empty where unknown."""
    rows = ["along,x,y,ground,roof,building"]
    walls = [float(a) for block in made.blocks for a in (block.at[0], block.at[-1])]
    for along in np.unique(np.concatenate([made.at, walls])):
        x, y = made.place_at(float(along))
        ground, top = made.ground_at(float(along)), made.top_at(float(along))
        inside = [b.id for b in made.blocks if b.at[0] <= along <= b.at[-1]]
        cells = [f"{v:.2f}" if math.isfinite(v) else "" for v in (ground, top)]
        name = f'"{inside[0]}"' if inside else ""
        rows.append(f"{along:.2f},{x:.3f},{y:.3f},{cells[0]},{cells[1]},{name}")
    return "\r\n".join(rows) + "\r\n"
