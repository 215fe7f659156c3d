"""Section plane and clipping box in numbers."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QDoubleSpinBox,
    QFormLayout,
    QGridLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QSlider,
    QVBoxLayout,
    QWidget,
)

from viewers.i18n import locale, mark, tr
from viewers.panels.words import Retranslated, field_label, label, line, padded
from viewers.view_state import ClipBox, SectionPlane, ViewState

Number = tuple[str, float, float, str]
PLACE: tuple[Number, ...] = (
    (mark("East"), -1e8, 1e8, " m"), (mark("North"), -1e8, 1e8, " m"), (mark("Level"), -1e4, 1e4, " m"),
)  # fmt: skip
PLANE: tuple[Number, ...] = (
    (mark("Direction"), 0.0, 360.0, "°"), (mark("Tilt"), -90.0, 90.0, "°"), *PLACE,
)  # fmt: skip
BOX: tuple[Number, ...] = (
    (mark("Width"), 1.0, 1e5, " m"), (mark("Length"), 1.0, 1e5, " m"), (mark("Height"), 1.0, 1e4, " m"),
    (mark("Direction"), 0.0, 360.0, "°"), *PLACE,
)  # fmt: skip
WAYS = (
    ("north", mark("Looking north")), ("east", mark("Looking east")),
    ("level", mark("Level cut")), ("free", mark("As I look")),
)  # fmt: skip


def plane_numbers(plane: SectionPlane) -> tuple[float, ...]:
    """Direction and tilt of what is cut away, in degrees, and the place of the plane."""
    x, y, z = plane.normal
    heading = math.degrees(math.atan2(x, y)) % 360.0
    return (heading, math.degrees(math.atan2(z, math.hypot(x, y))), *plane.point)


def plane_of(heading: float, tilt: float, x: float, y: float, z: float) -> SectionPlane:
    """The inverse of `plane_numbers`."""
    turn, up = math.radians(heading), math.radians(tilt)
    flat = math.cos(up)
    normal = (flat * math.sin(turn), flat * math.cos(turn), math.sin(up))
    return SectionPlane(point=(x, y, z), normal=normal)


class ClipPanel(Retranslated, QScrollArea):
    """Shows what is cut; asks for another cut."""

    plane_asked = Signal(object)  # SectionPlane, or None
    box_asked = Signal(object)  # ClipBox, or None
    ground_asked = Signal(bool)
    opacity_asked = Signal(float)
    way_asked = Signal(str)
    here_asked = Signal()
    around_asked = Signal()
    flip_plane_asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._view = ViewState()
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        page = QWidget()
        page.setObjectName("page")
        self.setWidget(page)
        column = QVBoxLayout(page)
        column.setContentsMargins(14, 12, 14, 12)
        column.setSpacing(9)
        self._plane_on, self._box_on, self._ground = QCheckBox(), QCheckBox(), QCheckBox()
        self._plane_on.clicked.connect(self._toggle_plane)
        self._box_on.clicked.connect(self._toggle_box)
        self._ground.clicked.connect(self.ground_asked)
        self._ways = [QPushButton() for _ in WAYS]
        self._here, self._around = QPushButton(), QPushButton()
        self._flip_plane, self._flip_box = QPushButton(), QPushButton()
        self._plane_words, self._plane_fields = self._fields(PLANE, self._ask_plane)
        self._box_words, self._box_fields = self._fields(BOX, self._ask_box)
        column.addWidget(self._plane_on)
        grid = QGridLayout()
        grid.setSpacing(6)
        places = ((0, 0, 1), (0, 1, 1), (1, 0, 1), (2, 0, 2))
        for button, (way, _), (row, at, wide) in zip(self._ways, WAYS, places, strict=True):
            button.clicked.connect(lambda _=False, way=way: self.way_asked.emit(way))
            grid.addWidget(button, row, at, 1, wide)
        grid.addWidget(self._flip_plane, 1, 1)
        grid.addWidget(self._here, 3, 0, 1, 2)
        column.addLayout(grid)
        column.addLayout(self._form(self._plane_words, self._plane_fields))
        column.addWidget(line())
        column.addWidget(self._box_on)
        column.addWidget(self._around)
        column.addWidget(self._flip_box)
        column.addLayout(self._form(self._box_words, self._box_fields))
        column.addWidget(line())
        column.addWidget(self._ground)
        self._seen, self._opacity = label("muted"), QSlider(Qt.Orientation.Horizontal)
        self._opacity.setRange(0, 100)
        self._opacity.valueChanged.connect(lambda value: self.opacity_asked.emit(value / 100))
        column.addWidget(self._seen)
        column.addWidget(self._opacity)
        self._hint = label("muted", wrap=True)
        column.addWidget(self._hint)
        column.addStretch(1)
        self._here.clicked.connect(self.here_asked)
        self._around.clicked.connect(self.around_asked)
        self._flip_plane.clicked.connect(self.flip_plane_asked)
        self._flip_box.clicked.connect(self._ask_flipped)
        self.retranslate()
        self.show_view(self._view)

    def _fields(
        self, numbers: tuple[Number, ...], asked: Callable[[], None]
    ) -> tuple[list[QLabel], list[QDoubleSpinBox]]:
        words, fields = [], []
        for _, low, high, unit in numbers:
            field = padded(QDoubleSpinBox())
            field.setRange(low, high)
            field.setDecimals(1)
            field.setSuffix(unit)
            field.setKeyboardTracking(False)
            field.setWrapping(unit == "°" and high == 360.0)
            field.valueChanged.connect(lambda _: asked())
            words.append(field_label("muted"))
            fields.append(field)
        return words, fields

    @staticmethod
    def _form(words: list[QLabel], fields: list[QDoubleSpinBox]) -> QFormLayout:
        form = QFormLayout()
        form.setSpacing(6)
        for word, field in zip(words, fields, strict=True):
            form.addRow(word, field)
        return form

    # -- show -------------------------------------------------------------------------------

    def show_view(self, view: ViewState) -> None:
        """Show what `view` cuts."""
        self._view = view
        self._plane_on.setChecked(view.section is not None)
        self._box_on.setChecked(view.clip is not None)
        self._ground.setChecked(view.cut_ground)
        with QSignalBlocker(self._opacity):
            self._opacity.setValue(round(100 * view.ground_opacity))
        if view.section is not None:
            self._fill(self._plane_fields, plane_numbers(view.section))
        if view.clip is not None:
            box = view.clip
            self._fill(self._box_fields, (*box.size, box.heading % 360.0, *box.middle))
        for part in (*self._plane_words, *self._plane_fields, self._flip_plane):
            part.setEnabled(view.section is not None)
        for part in (*self._box_words, *self._box_fields, self._flip_box):
            part.setEnabled(view.clip is not None)

    @staticmethod
    def _fill(fields: list[QDoubleSpinBox], values: tuple[float, ...]) -> None:
        for field, value in zip(fields, values, strict=True):
            with QSignalBlocker(field):
                field.setValue(value)

    # -- ask --------------------------------------------------------------------------------

    def _toggle_plane(self, on: bool) -> None:
        if on:
            self.way_asked.emit("free")
        else:
            self.plane_asked.emit(None)

    def _toggle_box(self, on: bool) -> None:
        if on:
            self.around_asked.emit()
        else:
            self.box_asked.emit(None)

    def _ask_plane(self) -> None:
        if self._view.section is not None:
            self.plane_asked.emit(plane_of(*(field.value() for field in self._plane_fields)))

    def _ask_box(self) -> None:
        if self._view.clip is not None:
            across, along, up, heading, x, y, z = (field.value() for field in self._box_fields)
            self.box_asked.emit(
                replace(
                    self._view.clip, size=(across, along, up), heading=heading, middle=(x, y, z)
                )
            )

    def _ask_flipped(self) -> None:
        box: ClipBox | None = self._view.clip
        if box is not None:
            self.box_asked.emit(replace(box, flipped=not box.flipped))

    # -- words ------------------------------------------------------------------------------

    def retranslate(self) -> None:
        self._plane_on.setText(tr("Section plane"))
        self._box_on.setText(tr("Clipping box"))
        self._ground.setText(tr("Cut the ground as well"))
        for button, (_, text) in zip(self._ways, WAYS, strict=True):
            button.setText(tr(text))
        self._seen.setText(tr("How much of the ground is seen"))
        self._opacity.setAccessibleName(tr("How much of the ground is seen"))
        self._here.setText(tr("By two clicks"))
        self._around.setText(tr("Around this place"))
        self._flip_plane.setText(tr("Flip"))
        self._flip_box.setText(tr("Flip"))
        self._hint.setText(tr("Drag the handles in the view, or type numbers."))
        for words, fields, numbers in (
            (self._plane_words, self._plane_fields, PLANE),
            (self._box_words, self._box_fields, BOX),
        ):
            for word, field, (text, *_) in zip(words, fields, numbers, strict=True):
                word.setText(tr(text))
                field.setLocale(locale())
                field.setAccessibleName(tr(text))
