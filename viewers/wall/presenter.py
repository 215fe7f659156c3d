"""The window of the one who tells a story: notes, what comes next, the clock."""

from __future__ import annotations

import time
from datetime import datetime

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QCloseEvent, QGuiApplication, QScreen
from PySide6.QtWidgets import QHBoxLayout, QPlainTextEdit, QPushButton, QVBoxLayout, QWidget

from viewers.i18n import language, tr
from viewers.panels.words import Retranslated, label, line
from viewers.theme import set_icon
from viewers.wall.show import Show


class Presenter(Retranslated, QWidget):
    """Follows a show, and steers it; closing it leaves the show as it is."""

    def __init__(self, show: Show, screen: QScreen | None = None) -> None:
        super().__init__(None, Qt.WindowType.Window)
        self._show = show
        self._began = time.monotonic()
        self.setObjectName("panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._clock, self._spent, self._place = label("heading"), label("heading"), label("heading")
        self._now = label("heading", wrap=True)
        self._caption = label("muted", wrap=True)
        self._notes = QPlainTextEdit()
        self._notes.setReadOnly(True)
        big = self._notes.font()
        big.setPointSizeF(big.pointSizeF() * 1.7)
        self._notes.setFont(big)
        self._after = label("section")
        self._next, self._next_caption = label("heading", wrap=True), label("muted", wrap=True)
        self._buttons = {name: QPushButton() for name in ("back", "next", "pause", "end")}
        for name, icon in (("back", "up"), ("next", "down"), ("pause", "play"), ("end", "close")):
            set_icon(self._buttons[name], icon)
            self._buttons[name].clicked.connect(getattr(show, name))
            self._buttons[name].setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._lay_out()
        self.resize(760, 620)
        if screen is not None:
            self.setGeometry(screen.availableGeometry().adjusted(60, 60, -60, -60))
        self._tick = QTimer(self)
        self._tick.timeout.connect(self._tell_time)
        self._tick.start(500)
        show.changed.connect(self.retranslate)
        show.ended.connect(self.close)
        self.retranslate()

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.addWidget(self._place)
        head.addStretch(1)
        head.addWidget(self._spent)
        head.addSpacing(24)
        head.addWidget(self._clock)
        foot = QHBoxLayout()
        for name in ("back", "next", "pause"):
            foot.addWidget(self._buttons[name])
        foot.addStretch(1)
        foot.addWidget(self._buttons["end"])
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 18, 24, 18)
        column.setSpacing(10)
        column.addLayout(head)
        column.addWidget(line())
        column.addWidget(self._now)
        column.addWidget(self._caption)
        column.addWidget(self._notes, 1)
        column.addWidget(self._after)
        column.addWidget(self._next)
        column.addWidget(self._next_caption)
        column.addWidget(line())
        column.addLayout(foot)

    def retranslate(self) -> None:
        show = self._show
        stop, after = show.stop, show.following
        self.setWindowTitle(f"{show.story.title.said(language())} – Dothi")
        self._place.setText(f"{show.number + 1} / {len(show.story.stops)}")
        self._now.setText(stop.name)
        self._caption.setText(stop.caption.said(language()))
        self._notes.setPlainText(stop.notes or tr("No notes for this stop."))
        self._after.setText(tr("Next"))
        self._next.setText(after.name if after is not None else tr("End of the story"))
        self._next_caption.setText(after.caption.said(language()) if after is not None else "")
        words = {
            "back": tr("Back"),
            "next": tr("Next"),
            "pause": tr("Pause") if show.going else tr("Go on by itself"),
            "end": tr("End"),
        }
        for name, text in words.items():
            self._buttons[name].setText(text)
        set_icon(self._buttons["pause"], "pause" if show.going else "play")
        self._tell_time()

    def _tell_time(self) -> None:
        spent = int(time.monotonic() - self._began)
        self._spent.setText(f"{spent // 60}:{spent % 60:02}")
        self._clock.setText(f"{datetime.now():%H:%M}")

    def closeEvent(self, event: QCloseEvent) -> None:
        self._tick.stop()
        super().closeEvent(event)


def other_screen(number: int) -> QScreen | None:
    """A monitor that the show does not fill; None where there is one alone."""
    others = [s for n, s in enumerate(QGuiApplication.screens()) if n != number]
    return others[0] if others else None
