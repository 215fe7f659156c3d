"""Data health: six scores and a grade per layer, and the list of what is wrong with where."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import (
    QComboBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QScrollArea,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from layers.health.fixlist import Fix, fix_list
from layers.health.records import CRITERIA, Assessment, Issue, Places
from layers.health.registry import check_of
from twin.city import City
from viewers.i18n import language, number, say, tr, whole
from viewers.panels.badge import Badge
from viewers.panels.score_bars import ScoreBars
from viewers.panels.words import EmptyState, Retranslated, clear, label
from viewers.theme import pixmap, set_icon, theme

ALL = ""
"""The entry for all layers; no layer has this id."""
FIXES_MAX = 60
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
        self._told: tuple[object, object] = (None, None)
        self._how: tuple[object, str, str] = (None, "", "")
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
        if len(assessed) > 1:
            self._layer.addItem(tr("All layers: what to repair first"), ALL)
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
        self._empty.say(
            tr("Checking data health") if busy else tr("Not assessed yet"),
            tr("Health is checked when layers are added. Check it again after edits."),
        )
        self._first.setVisible(not busy)
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
        chosen = self._layer.currentData()
        what, how = (self._assessed, self._city), (chosen, language(), theme())
        if what[0] is self._told[0] and what[1] is self._told[1] and how == self._how:
            return  # cards take a while, and a check that begins says nothing new
        self._told, self._how = what, how
        clear(self._rows)
        shown = self._assessed.get(str(chosen))
        everything = chosen == ALL and bool(self._assessed)
        self._stack.setCurrentIndex(1 if everything or shown is not None else 0)
        self._bars.setVisible(not everything)
        self._badge.setVisible(not everything)
        if everything:
            self._fill_fixes()
        elif shown is not None:
            self._badge.show_grade(shown.grade)
            self._bars.show_scores({name: shown.scores.of(name) for name in CRITERIA})
            for issue in shown.issues:
                self._rows.addWidget(self._issue_card(issue, shown.id))
            if not shown.issues:
                self._rows.addWidget(
                    label("muted", tr("No issue was found in this layer."), wrap=True)
                )

    def _fill_fixes(self) -> None:
        """What to repair first, over all layers: what a decision gains most by."""
        fixes = fix_list(self._assessed.values())
        for fix in fixes[:FIXES_MAX]:
            self._rows.addWidget(self._fix_card(fix))
        if not fixes:
            self._rows.addWidget(label("muted", tr("No issue was found."), wrap=True))

    def _issue_card(self, issue: Issue, layer_id: str) -> QFrame:
        head = say(check_of(issue.code).title)
        return self._card(issue.severity, head, (issue.what, issue.fix), issue, layer_id)

    def _fix_card(self, fix: Fix) -> QFrame:
        one = self._assessed[fix.layer].issue(fix.code)
        layers = self._city.layers if self._city is not None else {}
        name = layers[fix.layer].name if fix.layer in layers else fix.name
        head = f"{name} · {say(check_of(fix.code).title)}"
        gain = tr("{points} points gained", points=f"+{number(fix.gain, 1)}")
        if fix.grade_after != fix.grade:
            gain += f" · {fix.grade} → {fix.grade_after}"
        severity = one.severity if one is not None else "info"
        return self._card(severity, head, (fix.what, fix.fix), fix, fix.layer, foot=gain)

    def _card(
        self,
        severity: str,
        head: str,
        sentences: tuple[str, str],
        place: Issue | Fix,
        layer_id: str,
        *,
        foot: str = "",
    ) -> QFrame:
        card = _Card()
        card.setObjectName("note")
        sign = QLabel()
        name, role = ICONS[severity]
        sign.setPixmap(pixmap(name, 16, role, self.devicePixelRatioF()))
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(label("section", head, wrap=True))
        words.addWidget(label("value", say(sentences[0]), wrap=True))
        if sentences[1]:
            words.addWidget(label("muted", say(sentences[1]), wrap=True))
        if foot:
            words.addWidget(label("faint", foot, wrap=True))
        row = QHBoxLayout(card)
        row.setContentsMargins(9, 8, 9, 8)
        row.addWidget(sign, 0, Qt.AlignmentFlag.AlignTop)
        row.addLayout(words, 1)
        if place.where:
            tip = tr("Show the next place ({count} known)", count=whole(len(place.where)))
            button = QToolButton()
            set_icon(button, "fly")
            button.setToolTip(tip)
            button.clicked.connect(lambda: self._fly(place.code, place.where, layer_id))
            row.addWidget(button, 0, Qt.AlignmentFlag.AlignTop)
            card.setCursor(Qt.CursorShape.PointingHandCursor)
            card.setToolTip(tip)
            card.clicked.connect(lambda: self._fly(place.code, place.where, layer_id))
        return card

    def _fly(self, code: str, where: Places, layer_id: str) -> None:
        """To the next place; after the last one to the first again."""
        key = f"{layer_id}/{code}"
        place = self._place.get(key, -1) + 1
        self._place[key] = place
        self.fly_asked.emit(where[place % len(where)], layer_id)

    def retranslate(self) -> None:
        self._first.setText(tr("Check health"))
        self._again.setToolTip(tr("Check health"))
        self.show_health(self._city, self._assessed, busy=self._busy)

    def restyle(self) -> None:
        self._fill()


class _Card(QFrame):
    """A card that says when it is clicked."""

    clicked = Signal()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and self.rect().contains(
            event.position().toPoint()
        ):
            self.clicked.emit()
