"""Fields of the style dialog: a colour, how numbers are divided into classes, labels."""

from __future__ import annotations

import math
import re

from PySide6.QtCore import Signal
from PySide6.QtGui import QColor
from PySide6.QtWidgets import (
    QColorDialog,
    QComboBox,
    QDoubleSpinBox,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from layers.breaks import MOST
from layers.kinds.layer import Layer
from twin.style import Look
from viewers.dialogs.style_choices import CLASSINGS, label_choices, rank_choices
from viewers.i18n import locale, tr
from viewers.panels.legend_panel import Swatch
from viewers.panels.words import padded

LETTERS = (8.0, 40.0)


class ColourField(QWidget):
    """A colour, or none: then the layer's own."""

    changed = Signal()

    def __init__(self, usual: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._usual, self._color = usual, ""
        self._swatch = Swatch(usual)
        self.pick, self.plain = QPushButton(), QPushButton()
        self.pick.clicked.connect(self._ask)
        self._swatch.clicked.connect(self._ask)
        self.plain.clicked.connect(lambda: self._take(""))
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        for part in (self._swatch, self.pick, self.plain):
            row.addWidget(part)
        row.addStretch(1)
        self.show_color("")

    @property
    def color(self) -> str:
        """ "#rrggbb", or "" for the layer's own."""
        return self._color

    def show_color(self, color: str) -> None:
        """Show a colour, "" for the layer's own."""
        self._color = color
        self._swatch.show_color(color or self._usual)
        self.plain.setEnabled(bool(color))

    def _ask(self) -> None:
        chosen = QColorDialog.getColor(QColor(self._color or self._usual), self)
        if chosen.isValid():
            self._take(chosen.name())

    def _take(self, color: str) -> None:
        self.show_color(color)
        self.changed.emit()


class ClassesField(QWidget):
    """How numbers are divided, into how many classes, or at which limits."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.way = QComboBox()
        self.count = padded(QSpinBox())
        self.count.setRange(2, MOST)
        self.limits = QLineEdit()
        _stack(self, self.way, self.count, self.limits)
        self.retranslate()
        self.way.activated.connect(self._chosen)
        self.count.valueChanged.connect(lambda _: self.changed.emit())
        self.limits.editingFinished.connect(self.changed)

    @property
    def look(self) -> Look:
        """How numbers are divided; "" for not at all."""
        chosen: Look = self.way.currentData()
        return chosen

    @property
    def breaks(self) -> tuple[float, ...]:
        """The limits written, ascending."""
        return numbers_in(self.limits.text())

    def show_breaks(self, breaks: tuple[float, ...]) -> None:
        """Write limits as the language writes numbers."""
        written = (locale().toString(float(f"{one:.6g}"), "g", 6) for one in breaks)
        self.limits.setText("; ".join(written))

    def show_way(self, way: Look, count: int) -> None:
        """Show what is chosen."""
        self.way.setCurrentIndex(max(self.way.findData(way), 0))
        self.count.setValue(count)
        self._fit()

    def _chosen(self) -> None:
        self._fit()
        self.changed.emit()

    def _fit(self) -> None:
        self.count.setVisible(self.look in ("equal", "quantile", "natural"))
        self.limits.setVisible(self.look == "manual")

    def retranslate(self) -> None:
        """Say it in the language now."""
        chosen = self.way.currentData() or ""
        self.way.clear()
        for way, word in CLASSINGS.items():
            self.way.addItem(tr(word), way)
        self.way.setCurrentIndex(max(self.way.findData(chosen), 0))
        self.count.setSuffix(" " + tr("classes"))
        self.limits.setPlaceholderText(tr("Limits, for example 3; 6; 12"))
        self._fit()


class LabelsField(QWidget):
    """Which attribute is written beside things, which ones go first, how large."""

    changed = Signal()

    def __init__(self, layer: Layer, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._names, self._ranks = label_choices(layer), rank_choices(layer)
        self.by, self.rank, self.pixels = QComboBox(), QComboBox(), padded(QDoubleSpinBox())
        self.pixels.setRange(*LETTERS)
        self.pixels.setDecimals(0)
        self.pixels.setSuffix(" px")
        _stack(self, self.by, self.pixels, self.rank)
        self.retranslate()
        self.by.activated.connect(self._fit)

    @property
    def possible(self) -> bool:
        """Whether the layer has something to write."""
        return bool(self._names)

    def show_labels(self, by: str, rank: str, size: float) -> None:
        """Show what is chosen."""
        self.by.setCurrentIndex(max(self.by.findData(by), 0))
        self.rank.setCurrentIndex(max(self.rank.findData(rank), 0))
        self.pixels.setValue(size)
        self._fit()

    def _fit(self) -> None:
        there = bool(self.by.currentData())
        self.pixels.setVisible(there)
        self.rank.setVisible(there and bool(self._ranks))

    def retranslate(self) -> None:
        """Say it in the language now."""
        for box, first, names in (
            (self.by, tr("No labels"), self._names),
            (self.rank, tr("Larger things first"), self._ranks),
        ):
            chosen = box.currentData() or ""
            box.clear()
            box.addItem(first, "")
            for name in names:
                said = name if box is self.by else tr("First by {name}", name=name)
                box.addItem(said, name)
            box.setCurrentIndex(max(box.findData(chosen), 0))
        self._fit()


def _stack(field: QWidget, wide: QWidget, beside: QWidget, below: QWidget) -> None:
    top = QHBoxLayout()
    top.addWidget(wide, 1)
    top.addWidget(beside)
    column = QVBoxLayout(field)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(6)
    column.addLayout(top)
    column.addWidget(below)


def numbers_in(text: str) -> tuple[float, ...]:
    """The numbers of a text, parted by semicolons or spaces, ascending; commas are decimal."""
    found = []
    for word in re.split(r"[;\s]+", text.strip()):
        try:
            value = float(word.replace(",", "."))
        except ValueError:
            continue
        if math.isfinite(value):
            found.append(value)
    return tuple(sorted(set(found)))[: MOST - 1]
