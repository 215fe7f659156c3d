"""A picture of the view: how large, with what on it, where to."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCheckBox, QComboBox, QFormLayout, QHBoxLayout, QSpinBox, QWidget

from viewers.dialogs.frame import Dialog
from viewers.i18n import tr
from viewers.panels.words import field_label, label, padded

LARGEST = (16384, 16384)
SIZES = ((1280, 720), (1920, 1080), (2560, 1440), (3840, 2160), (5120, 2880), (7680, 4320))
NAMES = {3840: "4K", 5120: "5K", 7680: "8K"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ScreenshotRequest:
    """Width and height in pixels; what is drawn on it."""

    size: tuple[int, int]
    legend: bool = False
    scale: bool = False
    title: bool = False
    sources: bool = False

    @property
    def over(self) -> tuple[str, ...]:
        """The same as words of `viewers.rendering.OVER`."""
        chosen = (
            ("legend", self.legend),
            ("scale", self.scale),
            ("north", self.scale),
            ("title", self.title),
            ("sources", self.sources),
        )
        return tuple(word for word, wanted in chosen if wanted)


class ScreenshotDialog(Dialog):
    """Returns `chosen()` when accepted."""

    def __init__(self, view_size: tuple[int, int], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._view = view_size
        self._preset = QComboBox()
        self._preset.addItem("", min_size(view_size, LARGEST))
        for size in SIZES:
            name = NAMES.get(size[0], "")
            self._preset.addItem(f"{size[0]} × {size[1]}" + (f"  ({name})" if name else ""), size)
        self._preset.setCurrentIndex(2)
        self._preset.activated.connect(self._take_preset)
        self._width, self._height = padded(QSpinBox()), padded(QSpinBox())
        for field, largest in ((self._width, LARGEST[0]), (self._height, LARGEST[1])):
            field.setRange(64, largest)
            field.setSuffix(" px")
        self._legend, self._scale = QCheckBox(), QCheckBox()
        self._title, self._sources = QCheckBox(), QCheckBox()
        for box in (self._legend, self._scale, self._sources):
            box.setChecked(True)
        sizes = QHBoxLayout()
        sizes.addWidget(self._width, 1)
        sizes.addWidget(label("muted", "×"))
        sizes.addWidget(self._height, 1)
        self._words = [field_label(), field_label()]
        form = QFormLayout()
        form.setLabelAlignment(Qt.AlignmentFlag.AlignVCenter)
        form.setSpacing(12)
        form.addRow(self._words[0], self._preset)
        form.addRow(self._words[1], sizes)
        self.body.addLayout(form)
        for box in (self._legend, self._scale, self._title, self._sources):
            self.body.addWidget(box)
        self.setMinimumWidth(420)
        self._take_preset()
        self.retranslate()

    def chosen(self) -> ScreenshotRequest:
        """What was chosen."""
        return ScreenshotRequest(
            size=(self._width.value(), self._height.value()),
            legend=self._legend.isChecked(),
            scale=self._scale.isChecked(),
            title=self._title.isChecked(),
            sources=self._sources.isChecked(),
        )

    def _take_preset(self) -> None:
        width, height = self._preset.currentData()
        self._width.setValue(width)
        self._height.setValue(height)

    def retranslate(self) -> None:
        self.say_frame(tr("Save a picture"), tr("Save…"))
        self._preset.setItemText(0, tr("As in the window"))
        for word, text in zip(self._words, (tr("Format"), tr("Size")), strict=True):
            word.setText(text)
        self._legend.setText(tr("With legend"))
        self._scale.setText(tr("With scale and north arrow"))
        self._title.setText(tr("With the name of the city"))
        self._sources.setText(tr("With sources and licences"))


def min_size(one: tuple[int, int], other: tuple[int, int]) -> tuple[int, int]:
    """The smaller of both in each direction."""
    return (min(one[0], other[0]), min(one[1], other[1]))
