"""A heading that breaks even where it has no spaces: long identifiers are shown whole."""

from __future__ import annotations

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QLabel, QSizePolicy, QStyle, QStyleOption, QWidget

_LINES_MAX = 100_000


class LongLabel(QLabel):
    """Wraps between words, and inside a word that is wider than the label."""

    def __init__(self, name: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setWordWrap(True)
        self.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)

    def _breaks(self, width: int) -> bool:
        measure = self.fontMetrics().horizontalAdvance
        return any(measure(word) > width for word in self.text().split())

    def heightForWidth(self, width: int) -> int:
        if not self._breaks(width):
            return super().heightForWidth(width)
        rect = self.fontMetrics().boundingRect(QRect(0, 0, width, _LINES_MAX), _FLAGS, self.text())
        return rect.height() + 2

    def sizeHint(self) -> QSize:
        width = max(self.width(), 60)
        return QSize(width, self.heightForWidth(width))

    def paintEvent(self, event: QPaintEvent) -> None:
        if not self._breaks(self.contentsRect().width()):
            super().paintEvent(event)
            return
        painter = QPainter(self)
        option = QStyleOption()
        option.initFrom(self)
        self.style().drawPrimitive(QStyle.PrimitiveElement.PE_Widget, option, painter, self)
        painter.setPen(self.palette().color(self.foregroundRole()))
        painter.drawText(self.contentsRect(), _FLAGS, self.text())


_FLAGS = int(
    Qt.TextFlag.TextWrapAnywhere
    | Qt.AlignmentFlag.AlignLeft.value
    | Qt.AlignmentFlag.AlignTop.value
)
