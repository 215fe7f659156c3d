"""Six scores of data health as bars; what each means in a tooltip."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QEvent, QRectF, QSize, Qt
from PySide6.QtGui import QHelpEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from viewers.i18n import mark, number, tr
from viewers.panels.badge import grade_colour
from viewers.panels.words import Retranslated
from viewers.theme import token

NAMES = {
    "correct": mark("Correct"),
    "sufficient": mark("Sufficient"),
    "clean": mark("Clean"),
    "live": mark("Live"),
    "consistent": mark("Consistent"),
    "shared": mark("Shared"),
}
MEANINGS = {
    "correct": mark("What it says is so: positions, heights and values are possible and agree."),
    "sufficient": mark("All that is needed is there: no gaps, every attribute filled."),
    "clean": mark("No faults: no repeated, crossing or unreadable things."),
    "live": mark("It is of today: its date is known and not long ago."),
    "consistent": mark("It fits the rest: one coordinate system, one unit, unique identifiers."),
    "shared": mark("Others can use it: licence, source and an open format are stated."),
}


class ScoreBars(Retranslated, QWidget):
    """Six scores as bars with numbers; a dash where none applies."""

    ROW = 23

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._scores: dict[str, float | None] = {}
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_scores(self, scores: Mapping[str, float | None]) -> None:
        """Show 0 … 100 per criterion."""
        self._scores = dict(scores)
        self.setAccessibleDescription(
            ", ".join(
                f"{tr(NAMES[k])} {'–' if v is None else number(v)}" for k, v in scores.items()
            )
        )
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(220, self.ROW * max(len(self._scores), 1) + 8)

    def meaning_at(self, y: float) -> str:
        """Name and meaning of the score at this height of the widget; "" beside them."""
        row = int((y - 4) // self.ROW)
        names = list(self._scores)
        if not 0 <= row < len(names):
            return ""
        return f"{tr(NAMES[names[row]])}\n{tr(MEANINGS[names[row]])}"

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            QToolTip.showText(event.globalPos(), self.meaning_at(event.pos().y()), self)
            return True
        return super().event(event)

    def retranslate(self) -> None:
        self.update()

    def restyle(self) -> None:
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        metrics = self.fontMetrics()
        words = max((metrics.horizontalAdvance(tr(n)) for n in NAMES.values()), default=60) + 12
        end = self.width() - 34
        for row, (name, score) in enumerate(self._scores.items()):
            top = 4 + row * self.ROW
            painter.setPen(token("text"))
            painter.drawText(
                QRectF(0, top, words, self.ROW),
                Qt.AlignmentFlag.AlignVCenter,
                tr(NAMES[name]),
            )
            bar = QRectF(words, top + self.ROW / 2 - 3, max(end - words, 10), 6)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(token("border"))
            painter.drawRoundedRect(bar, 3, 3)
            if score is not None:
                painter.setBrush(grade_colour(_grade(score)))
                bar.setWidth(max(bar.width() * score / 100, 6))
                painter.drawRoundedRect(bar, 3, 3)
            painter.setPen(token("muted"))
            painter.drawText(
                QRectF(end, top, 34, self.ROW),
                Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight,
                "–" if score is None else number(score),
            )
        painter.end()


def _grade(score: float) -> str:
    """Colour of one bar only; the grade of a layer comes from `layers.health`."""
    return next((g for g, low in zip("ABCD", (90, 75, 60, 40), strict=True) if score >= low), "E")
