"""Data health: six scores and a grade per layer, and the list of what is wrong with where."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QComboBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from layers.health.records import CRITERIA, Assessment, Issue
from twin.city import City
from viewers.i18n import mark, number, say, tr
from viewers.panels.badge import Badge, grade_colour
from viewers.panels.words import EmptyState, Retranslated, label
from viewers.theme import pixmap, set_icon, token

NAMES = {
    "correct": mark("Correct"),
    "sufficient": mark("Sufficient"),
    "clean": mark("Clean"),
    "live": mark("Live"),
    "consistent": mark("Consistent"),
    "shared": mark("Shared"),
}
ICONS = {
    "info": ("info", "accent"),
    "warning": ("warning", "warning"),
    "error": ("error", "danger"),
}


class HealthPanel(Retranslated, QWidget):
    """Shows assessments; asks to fly to where something is wrong, or to assess again."""

    fly_asked = Signal(object, str)  # (x, y) in the project CRS, layer id
    assess_asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._city: City | None = None
        self._assessed: Mapping[str, Assessment] = {}
        self._busy = False
        self._place: dict[str, int] = {}
        self._layer = QComboBox()
        self._layer.activated.connect(self._fill)
        self._badge = Badge()
        self._again = QToolButton()
        set_icon(self._again, "refresh")
        self._again.clicked.connect(self.assess_asked)
        self._first = QPushButton()
        self._first.clicked.connect(self.assess_asked)
        self._busy_bar = QProgressBar()
        self._busy_bar.setRange(0, 0)
        head = QHBoxLayout()
        head.addWidget(self._layer, 1)
        head.addWidget(self._badge)
        head.addWidget(self._again)
        self._bars = ScoreBars()
        self._issues = QWidget()
        self._issues.setObjectName("page")
        self._rows = QVBoxLayout(self._issues)
        self._rows.setContentsMargins(0, 0, 0, 0)
        self._rows.setSpacing(7)
        page = QWidget()
        page.setObjectName("page")
        column = QVBoxLayout(page)
        column.setContentsMargins(12, 10, 12, 10)
        column.addLayout(head)
        column.addWidget(self._bars)
        column.addWidget(self._issues)
        column.addStretch(1)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(page)
        self._empty = EmptyState()
        self._stack = QStackedWidget()
        nothing = QWidget()
        middle = QVBoxLayout(nothing)
        middle.addWidget(self._empty, 1)
        middle.addWidget(self._first, 0, Qt.AlignmentFlag.AlignHCenter)
        self._stack.addWidget(nothing)
        self._stack.addWidget(scroll)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(self._busy_bar)
        outer.addWidget(self._stack, 1)
        self.retranslate()

    def show_health(
        self, city: City | None, assessed: Mapping[str, Assessment], *, busy: bool = False
    ) -> None:
        """Show what was found; `busy` while a new assessment runs."""
        chosen = self._layer.currentData()
        self._city, self._assessed, self._busy = city, assessed, busy
        self._layer.clear()
        layers = city.layers if city is not None else {}
        for layer_id in reversed(list(layers)):
            if layer_id in assessed:
                self._layer.addItem(layers[layer_id].name, layer_id)
        worst = max(
            assessed,
            key=lambda k: (assessed[k].grade, assessed[k].kind == "buildings"),
            default=None,
        )
        index = self._layer.findData(chosen if chosen is not None else worst)
        self._layer.setCurrentIndex(max(index, 0))
        self._busy_bar.setVisible(busy)
        for button in (self._again, self._first):
            button.setEnabled(bool(layers) and not busy)
        self._fill()

    def choose(self, layer_id: str) -> None:
        """Show the health of this layer."""
        index = self._layer.findData(layer_id)
        if index >= 0:
            self._layer.setCurrentIndex(index)
            self._fill()

    def _fill(self) -> None:
        while self._rows.count():
            widget = self._rows.takeAt(0).widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        shown = self._assessed.get(str(self._layer.currentData()))
        self._stack.setCurrentIndex(0 if shown is None else 1)
        if shown is None:
            return
        self._badge.show_grade(shown.grade)
        self._bars.show_scores({name: shown.scores.of(name) for name in CRITERIA})
        for issue in shown.issues:
            self._rows.addWidget(self._card(issue, shown.id))
        if not shown.issues:
            self._rows.addWidget(label("muted", tr("No issue was found in this layer."), wrap=True))

    def _card(self, issue: Issue, layer_id: str) -> QFrame:
        card = QFrame()
        card.setObjectName("note")
        sign = QLabel()
        name, role = ICONS[issue.severity]
        sign.setPixmap(pixmap(name, 16, role, self.devicePixelRatioF()))
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(label("value", say(issue.what), wrap=True))
        if issue.fix:
            words.addWidget(label("muted", say(issue.fix), wrap=True))
        row = QHBoxLayout(card)
        row.setContentsMargins(9, 8, 9, 8)
        row.addWidget(sign, 0, Qt.AlignmentFlag.AlignTop)
        row.addLayout(words, 1)
        if issue.where:
            button = QToolButton()
            set_icon(button, "fly")
            button.setToolTip(
                tr("Show the next place ({count} known)", count=number(len(issue.where)))
            )
            button.clicked.connect(lambda: self._fly(issue, layer_id))
            row.addWidget(button, 0, Qt.AlignmentFlag.AlignTop)
        return card

    def _fly(self, issue: Issue, layer_id: str) -> None:
        key = f"{layer_id}/{issue.code}"
        place = self._place.get(key, -1) + 1
        self._place[key] = place
        self.fly_asked.emit(issue.where[place % len(issue.where)], layer_id)

    def retranslate(self) -> None:
        self._empty.say(
            tr("Not assessed yet"),
            tr("Health is checked when layers are added. Check it again after edits."),
        )
        self._first.setText(tr("Check health"))
        self._again.setToolTip(tr("Check health"))
        self.show_health(self._city, self._assessed, busy=self._busy)

    def restyle(self) -> None:
        self._fill()


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
