"""What the colours in the view mean."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QLinearGradient, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QScrollArea,
    QSizePolicy,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from viewers.i18n import number, say, tr, whole
from viewers.legends import said_entry
from viewers.panels.words import EmptyState, Retranslated, clear, label
from viewers.scene.legend import Legend
from viewers.theme import token


class LegendPanel(Retranslated, QWidget):
    """Shows the legends of the layers that are coloured by something."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._shown: list[tuple[str, Legend]] = []
        self._page = QWidget()
        self._page.setObjectName("page")
        self._column = QVBoxLayout(self._page)
        self._column.setContentsMargins(14, 10, 14, 10)
        self._column.setSpacing(14)
        self._column.addStretch(1)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setWidget(self._page)
        self._empty = EmptyState()
        self._stack = QStackedWidget()
        self._stack.addWidget(self._empty)
        self._stack.addWidget(scroll)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._stack)
        self.retranslate()

    def show_legends(self, legends: Sequence[tuple[str, Legend]]) -> None:
        """Show (name of the layer, legend) pairs from the top layer down."""
        self._shown = list(legends)
        clear(self._column, keep=1)
        for index, (name, legend) in enumerate(self._shown):
            self._column.insertWidget(index, LegendView(legend, name))
        self._stack.setCurrentIndex(1 if self._shown else 0)

    def retranslate(self) -> None:
        self._empty.say(
            tr("No legend"), tr("Choose “Style…” of a layer to colour it by an attribute.")
        )
        self.show_legends(self._shown)

    def restyle(self) -> None:
        self.update()


class LegendView(QWidget):
    """One legend: its title, then a ramp, or a swatch per class with how many it holds."""

    clicked = Signal(object)  # LegendEntry

    def __init__(self, legend: Legend, name: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        title = say(legend.title) + (f" ({legend.unit})" if legend.unit else "")
        column.addWidget(label("value", title))
        if name:
            column.addWidget(label("faint", name))
        if legend.ramp and legend.entries:
            column.addWidget(Ramp(legend))
            return
        for entry in legend.entries:
            row = QHBoxLayout()
            row.setSpacing(8)
            swatch = Swatch(entry.color)
            swatch.clicked.connect(lambda entry=entry: self.clicked.emit(entry))
            row.addWidget(swatch)
            row.addWidget(label("", said_entry(entry)), 1)
            if entry.count is not None:
                count = label("faint", whole(entry.count))
                count.setToolTip(tr("How many there are"))
                row.addWidget(count)
            column.addLayout(row)


class Swatch(QWidget):
    """A small tile of one colour."""

    clicked = Signal()

    def __init__(self, color: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._color = color
        self.setFixedSize(18, 14)

    def show_color(self, color: str) -> None:
        """Show another colour."""
        self._color = color
        self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self.clicked.emit()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(token("strong"))
        painter.setBrush(QColor(self._color))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 4, 4)
        painter.end()


class Ramp(QWidget):
    """A continuous scale with its ends and middle written under it."""

    def __init__(self, legend: Legend, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._legend = legend
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        return QSize(160, 36)

    def paintEvent(self, event: QPaintEvent) -> None:
        entries = self._legend.entries
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        bar = QRectF(0.5, 1.5, self.width() - 1, 12)
        gradient = QLinearGradient(QPointF(bar.left(), 0), QPointF(bar.right(), 0))
        for index, entry in enumerate(entries):
            gradient.setColorAt(index / max(len(entries) - 1, 1), QColor(entry.color))
        painter.setPen(token("strong"))
        painter.setBrush(gradient)
        painter.drawRoundedRect(bar, 4, 4)
        painter.setPen(token("muted"))
        values = [entry.low for entry in entries if entry.low is not None]
        if len(values) >= 2:
            low, high = values[0], values[-1]
            digits = 0 if abs(high - low) >= 20 else 1 if abs(high - low) >= 2 else 2
            text = QRectF(0, 16, self.width(), 18)
            for value, side in (
                (low, Qt.AlignmentFlag.AlignLeft),
                ((low + high) / 2, Qt.AlignmentFlag.AlignHCenter),
                (high, Qt.AlignmentFlag.AlignRight),
            ):
                painter.drawText(text, side, number(value, digits))
        painter.end()
