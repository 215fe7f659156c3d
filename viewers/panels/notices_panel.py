"""What happened and what to try: one line per failure run, newest first."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from layers.errors import CityError
from layers.notices import Notice
from viewers.i18n import said_notice, tr, whole
from viewers.panels.words import EmptyState, Retranslated, clear, label
from viewers.theme import pixmap, set_icon

NOTICES_MAX = 200
ICONS = {
    "info": ("info", "accent"),
    "warning": ("warning", "warning"),
    "error": ("error", "danger"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A notice, when it was told last, and how many times."""

    notice: Notice
    at: datetime
    times: int = 1


class NoticesPanel(Retranslated, QWidget):
    """Shows notices; the same one again counts up instead of piling up."""

    fly_asked = Signal(object, str)  # (x, y) in the project CRS, source
    count_changed = Signal(int)
    locate_asked = Signal(str)  # id of the layer the notice is about
    give_up_asked = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._told: list[Told] = []
        self._lost: frozenset[str] = frozenset()
        self._absent: frozenset[str] = frozenset()
        self._empty = EmptyState()
        self._page = QWidget()
        self._page.setObjectName("page")
        self._column = QVBoxLayout(self._page)
        self._column.setContentsMargins(10, 8, 10, 8)
        self._column.setSpacing(8)
        self._column.addStretch(1)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(self._page)
        self._stack = QStackedWidget()
        self._stack.addWidget(self._empty)
        self._stack.addWidget(scroll)
        self._clear = QPushButton()
        self._clear.setObjectName("link")
        self._clear.clicked.connect(self.clear)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 4)
        column.addWidget(self._stack, 1)
        column.addWidget(self._clear, 0, Qt.AlignmentFlag.AlignRight)
        self.retranslate()

    @property
    def notices(self) -> list[Notice]:
        """What is shown, newest first."""
        return [told.notice for told in self._told]

    def tell(self, *notices: Notice) -> None:
        """Show `notices` on top; one that is shown already is counted once more."""
        now = datetime.now()
        for notice in notices:
            same = next((t for t in self._told if _same(t.notice, notice)), None)
            if same is not None:
                self._told.remove(same)
                self._told.insert(0, replace(same, at=now, times=same.times + 1, notice=notice))
            else:
                self._told.insert(0, Told(notice=notice, at=now))
        del self._told[NOTICES_MAX:]
        self._fill()

    def tell_error(self, error: BaseException, source: str = "") -> None:
        """Show a failure: what happened, what to try."""
        if isinstance(error, CityError):
            made = Notice(
                code=error.code, what=error.what, hint=error.hint, source=source, severity="error"
            )
        else:
            made = Notice(
                code="unexpected",
                what=f"Something unexpected went wrong: {type(error).__name__}: {error}",
                hint="Save your project, then try again.",
                source=source,
                severity="error",
            )
        self.tell(made)

    def show_lost(self, lost: Iterable[str], absent: Iterable[str]) -> None:
        """Which layers' files can be located, and which of them are absent and can be given up."""
        now = (frozenset(lost), frozenset(absent))
        if now != (self._lost, self._absent):
            self._lost, self._absent = now
            self._fill()

    def settle(self, still: Iterable[Notice]) -> None:
        """Take away what was told of files that were not found, but for what is `still` so."""
        left = {(one.code, one.source, one.what) for one in still}
        self._told = [
            told
            for told in self._told
            if told.notice.source not in self._lost
            or (told.notice.code, told.notice.source, told.notice.what) in left
        ]
        self._fill()

    def clear(self) -> None:
        """Show nothing."""
        self._told.clear()
        self._fill()

    def _fill(self) -> None:
        clear(self._column, keep=1)
        for index, told in enumerate(self._told):
            self._column.insertWidget(index, self._card(told))
        self._stack.setCurrentIndex(1 if self._told else 0)
        self._clear.setVisible(bool(self._told))
        self.count_changed.emit(len(self._told))

    def _card(self, told: Told) -> QFrame:
        notice = told.notice
        what, hint = said_notice(notice)
        card = QFrame()
        card.setObjectName("note")
        name, role = ICONS[notice.severity]
        sign = QLabel()
        sign.setPixmap(pixmap(name, 18, role, self.devicePixelRatioF()))
        words = QVBoxLayout()
        words.setSpacing(3)
        happened = label("value", what, wrap=True)
        happened.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        words.addWidget(happened)
        if hint:
            words.addWidget(label("", hint, wrap=True))
        foot = ["" if notice.source in self._lost else notice.source, f"{told.at:%H:%M}"]
        if notice.count > 1:
            foot.insert(1, tr("concerns {count}", count=whole(notice.count)))
        if told.times > 1:
            foot.append(f"× {told.times}")
        words.addWidget(label("faint", " · ".join(part for part in foot if part), wrap=True))
        if notice.source in self._lost:
            words.addLayout(self._ways_out(notice.source))
        row = QHBoxLayout(card)
        row.setContentsMargins(10, 9, 10, 9)
        row.addWidget(sign, 0, Qt.AlignmentFlag.AlignTop)
        row.addLayout(words, 1)
        if notice.where is not None:
            button = QToolButton()
            set_icon(button, "fly")
            button.setToolTip(tr("Show where"))
            where, source = notice.where, notice.source
            button.clicked.connect(lambda: self.fly_asked.emit(where, source))
            row.addWidget(button, 0, Qt.AlignmentFlag.AlignTop)
        return card

    def _ways_out(self, layer_id: str) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setContentsMargins(0, 4, 0, 2)
        locate = QPushButton(tr("Locate file…"))
        locate.clicked.connect(lambda: self.locate_asked.emit(layer_id))
        row.addWidget(locate)
        if layer_id in self._absent:
            give_up = QPushButton(tr("Give up the layer…"))
            give_up.clicked.connect(lambda: self.give_up_asked.emit(layer_id))
            row.addWidget(give_up)
        row.addStretch(1)
        return row

    def retranslate(self) -> None:
        self._empty.say(
            tr("Nothing to report"), tr("What happens while reading and building is told here.")
        )
        self._clear.setText(tr("Clear all"))
        self._fill()

    def restyle(self) -> None:
        self._fill()


def _same(one: Notice, other: Notice) -> bool:
    return (one.code, one.source, one.what) == (other.code, other.source, other.what)
