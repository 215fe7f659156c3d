"""One stop of a story: its words, light, layers, picture and time."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import msgspec
from PySide6.QtCore import QBuffer, QDateTime, QIODevice, QSize, Qt, QTimeZone
from PySide6.QtGui import QImage, QPixmap
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDateTimeEdit,
    QDoubleSpinBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLayout,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QWidget,
)

from layers.errors import CityError
from twin.city import City
from twin.story import LARGEST_PICTURE, LONGEST_FLIGHT, LONGEST_STAY, Stop, Words, picture_key
from viewers.dialogs.frame import Dialog
from viewers.i18n import locale, tr
from viewers.panels.words import field_label, label, padded
from viewers.picture import write_image
from viewers.view_state import ViewState

LARGEST_SIDE = 1600
"""Pictures are made no larger than is seen beside the view on a 4K wall."""
PREVIEW = QSize(150, 84)
SMALLER: tuple[tuple[Literal["PNG", "JPEG"], int], ...] = (("PNG", -1), ("JPEG", 90), ("JPEG", 60))
"""Kinds and qualities a picture is tried in until it is small enough."""
TRANSITIONS = ("fly", "cut", "fade")


def fitted(path: Path) -> bytes:
    """The picture at `path` as a PNG or JPEG of at most `LARGEST_SIDE` pixels a side.

    Raises
    ------
    CityError
        It is no picture that can be read.
    """
    image = QImage(str(path))
    if image.isNull():
        raise CityError(f"{path.name} is no picture", hint="Choose a PNG or a JPEG.")
    if max(image.width(), image.height()) > LARGEST_SIDE:
        keep, smooth = Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode
        image = image.scaled(LARGEST_SIDE, LARGEST_SIDE, keep, smooth.SmoothTransformation)
    for kind, quality in SMALLER:
        buffer = QBuffer()
        buffer.open(QIODevice.OpenModeFlag.WriteOnly)
        write_image(image, buffer, kind, quality)
        data = bytes(buffer.data().data())
        if len(data) <= LARGEST_PICTURE // 4:
            break
    return data


class StopDialog(Dialog):
    """Returns `chosen()`, and `picture` where a new one was taken.

    Parameters
    ----------
    view : the view now, whose layers a stop of its own layers takes
    """

    def __init__(
        self, stop: Stop, city: City, view: ViewState, folder: str, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._stop, self._city, self._view, self._folder = stop, city, view, folder
        self.picture: bytes | None = None
        self._key = stop.picture
        self._name = QLineEdit(stop.name)
        self._vi, self._en, self._notes = (QPlainTextEdit() for _ in range(3))
        for field, text in (
            (self._vi, stop.caption.vi), (self._en, stop.caption.en), (self._notes, stop.notes),
        ):  # fmt: skip
            field.setPlainText(text)
            field.setTabChangesFocus(True)
            field.setMinimumHeight(46)
            field.setMaximumHeight(66)
        self._seconds = _seconds(stop.seconds, 0.1, LONGEST_STAY)
        self._flight = _seconds(stop.flight, 0.0, LONGEST_FLIGHT)
        self._transition = QComboBox()
        for kind in TRANSITIONS:
            self._transition.addItem("", kind)
        self._transition.setCurrentIndex(TRANSITIONS.index(stop.transition))
        self._own_hour, self._hour = QCheckBox(), QDateTimeEdit()
        self._own_layers, self._own_looks = QCheckBox(), QCheckBox()
        self._preview, self._choose, self._drop = QLabel(), QPushButton(), QPushButton()
        self._fill()
        self._lay_out()
        self.setMinimumWidth(560)
        self.retranslate()

    def _fill(self) -> None:
        stop = self._stop
        when = stop.when() or self._view.sun_time
        offset = when.utcoffset()
        zone = QTimeZone(int(offset.total_seconds()) if offset is not None else 0)
        self._zone = when.tzinfo
        self._hour.setTimeZone(zone)
        self._hour.setDateTime(QDateTime.fromMSecsSinceEpoch(round(when.timestamp() * 1000), zone))
        self._hour.setLocale(locale())
        self._hour.setDisplayFormat("dd/MM/yyyy  HH:mm")
        self._hour.setCalendarPopup(True)
        self._own_hour.setChecked(bool(stop.sun_time))
        self._hour.setEnabled(bool(stop.sun_time))
        self._own_hour.toggled.connect(self._hour.setEnabled)
        self._own_layers.setChecked(stop.hidden is not None)
        self._own_looks.setChecked(bool(stop.styles))
        self._preview.setFixedSize(PREVIEW)
        self._preview.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._choose.clicked.connect(self._ask_picture)
        self._drop.clicked.connect(lambda: self._show_picture("", None))
        self._show_picture(stop.picture, self._city.pictures.get(stop.picture))

    def _lay_out(self) -> None:
        self._labels = [field_label() for _ in range(8)]
        time = QHBoxLayout()
        time.addWidget(self._seconds)
        time.addWidget(self._transition, 1)
        time.addWidget(self._flight)
        hour = QHBoxLayout()
        hour.addWidget(self._own_hour)
        hour.addWidget(self._hour, 1)
        layers = QHBoxLayout()
        layers.addWidget(self._own_layers)
        layers.addWidget(self._own_looks)
        layers.addStretch(1)
        picture = QHBoxLayout()
        picture.addWidget(self._preview)
        picture.addWidget(self._choose)
        picture.addWidget(self._drop)
        picture.addStretch(1)
        form = QFormLayout()
        form.setLabelAlignment(Qt.AlignmentFlag.AlignVCenter)
        form.setSpacing(10)
        rows: tuple[QWidget | QLayout, ...] = (
            self._name,
            self._vi,
            self._en,
            self._notes,
            time,
            hour,
            layers,
            picture,
        )
        for word, field in zip(self._labels, rows, strict=True):
            form.addRow(word, field)
        self._trouble = label("muted", wrap=True)
        self._trouble.hide()
        self.body.addLayout(form)
        self.body.addWidget(self._trouble)

    def chosen(self) -> Stop:
        """The stop as it was written."""
        stop, view = self._stop, self._view
        when = self._hour.dateTime().toSecsSinceEpoch()
        layers = stop.hidden if stop.hidden is not None else tuple(sorted(view.hidden))
        looks = stop.styles or {name: self._city.style(name) for name in self._city.layers}
        return msgspec.structs.replace(
            stop,
            name=self._name.text().strip() or stop.name,
            caption=Words(vi=self._vi.toPlainText().strip(), en=self._en.toPlainText().strip()),
            notes=self._notes.toPlainText().strip(),
            seconds=self._seconds.value(),
            flight=self._flight.value(),
            transition=TRANSITIONS[self._transition.currentIndex()],
            sun_time=_iso(when, self._zone) if self._own_hour.isChecked() else "",
            hidden=layers if self._own_layers.isChecked() else None,
            styles=looks if self._own_looks.isChecked() else {},
            picture=self._key,
        )

    def _ask_picture(self) -> None:
        name, _ = QFileDialog.getOpenFileName(
            self, tr("Picture or chart"), self._folder, tr("Pictures") + " (*.png *.jpg *.jpeg)"
        )
        if name:
            self.take_picture(Path(name))

    def take_picture(self, path: Path) -> None:
        """Show the picture at `path` at this stop; says in the dialog where that cannot be."""
        try:
            data = fitted(path)
        except CityError as error:
            self._trouble.setText(str(error))
            self._trouble.show()
            return
        self._trouble.hide()
        self.picture = data
        self._show_picture(picture_key(data), data)

    def _show_picture(self, key: str, data: bytes | None) -> None:
        self._key = key
        shown = QPixmap()
        if data and shown.loadFromData(data):
            keep, smooth = Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode
            shown = shown.scaled(PREVIEW, keep, smooth.SmoothTransformation)
        self._preview.setPixmap(shown)
        self._preview.setVisible(bool(key))
        self._drop.setVisible(bool(key))

    def retranslate(self) -> None:
        self.say_frame(tr("Stop of the story"), tr("Keep"))
        words = (
            tr("Name"), tr("Caption, Vietnamese"), tr("Caption, English"), tr("Notes"), tr("Lasts"),
            tr("Hour"), tr("Layers"), tr("Picture or chart"),
        )  # fmt: skip
        for word, text in zip(self._labels, words, strict=True):
            word.setText(text)
        for index, text in enumerate(
            (tr("comes by flight of"), tr("comes at once"), tr("fades in"))
        ):
            self._transition.setItemText(index, text)
        self._own_hour.setText(tr("Its own"))
        self._own_layers.setText(tr("Its own"))
        self._own_looks.setText(tr("With their looks now"))
        self._notes.setPlaceholderText(tr("For the one who speaks"))
        self._choose.setText(tr("Choose…"))
        self._drop.setText(tr("Remove"))


def _seconds(value: float, least: float, most: float) -> QDoubleSpinBox:
    field = padded(QDoubleSpinBox())
    field.setLocale(locale())
    field.setRange(least, most)
    field.setDecimals(1)
    field.setSingleStep(0.5)
    field.setSuffix(" s")
    field.setValue(value)
    return field


def _iso(seconds: int, zone: object) -> str:
    from datetime import datetime, tzinfo

    assert zone is None or isinstance(zone, tzinfo)
    return datetime.fromtimestamp(seconds, zone).isoformat()
