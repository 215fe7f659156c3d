"""The time bar: date and hour of the sun, shadows on or off."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from PySide6.QtCore import QDate, Qt, QTimer, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDateEdit,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSlider,
    QToolButton,
    QWidget,
)

from viewers.i18n import locale, tr
from viewers.panels.words import Retranslated, label
from viewers.theme import pixmap, set_icon
from viewers.view_state import ViewState

STEP_MINUTES = 10
STEPS = (5, 10, 15, 30, 60)
"""Minutes from one picture of the film to the next."""


class SunBar(Retranslated, QWidget):
    """Shows the sun's time; asks for another one while the hand moves."""

    time_asked = Signal(object)  # datetime with offset
    shadows_asked = Signal(bool)
    play_asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("sunbar")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._time = ViewState().sun_time
        self._sign = QLabel()
        self._date = QDateEdit()
        self._date.setCalendarPopup(True)
        self._date.setMinimumDate(QDate(1900, 1, 1))
        self._date.setMaximumDate(QDate(2200, 12, 31))
        self._date.setKeyboardTracking(False)
        self._date.dateChanged.connect(self._ask_date)
        self._slider = QSlider(Qt.Orientation.Horizontal)
        self._slider.setRange(0, 24 * 60 // STEP_MINUTES - 1)
        self._slider.setPageStep(60 // STEP_MINUTES)
        self._slider.actionTriggered.connect(lambda _: QTimer.singleShot(0, self._ask_time))
        self._play = QToolButton()
        self._play.setCheckable(True)
        set_icon(self._play, "play")
        self._play.clicked.connect(self.play_asked)
        self._steps = QComboBox()
        for minutes in STEPS:
            self._steps.addItem("", minutes)
        self._steps.setCurrentIndex(STEPS.index(STEP_MINUTES))
        self._clock = label("value")
        self._clock.setMinimumWidth(46)
        self._sun = label("muted")
        self._now = QPushButton()
        self._now.setObjectName("link")
        self._now.clicked.connect(self._ask_now)
        self._shadows = QCheckBox()
        self._shadows.clicked.connect(self.shadows_asked)
        row = QHBoxLayout(self)
        row.setContentsMargins(14, 4, 14, 4)
        row.setSpacing(10)
        before: tuple[QWidget, ...] = (self._sign, self._date, self._play, self._steps)
        after: tuple[QWidget, ...] = (self._clock, self._sun, self._now, self._shadows)
        for part in before:
            row.addWidget(part)
        row.addWidget(self._slider, 1)
        for part in after:
            row.addWidget(part)
        self.retranslate()
        self.restyle()

    def show_view(self, view: ViewState, sun: tuple[float, float] | None = None) -> None:
        """Show the time of `view`; `sun` is (height above the horizon, bearing), degrees."""
        self._time = view.sun_time
        self._date.setDate(QDate(self._time.year, self._time.month, self._time.day))
        minutes = self._time.hour * 60 + self._time.minute
        if not self._slider.isSliderDown():
            self._slider.setValue(minutes // STEP_MINUTES)
        self._clock.setText(f"{self._time:%H:%M}")
        self._shadows.setChecked(view.shadows)
        if sun is None:
            self._sun.setText("")
        elif sun[0] <= 0:
            self._sun.setText(tr("Sun below the horizon"))
        else:
            self._sun.setText(tr("Sun {height}° high", height=f"{sun[0]:.0f}"))

    @property
    def step(self) -> int:
        """Minutes from one picture of the film to the next."""
        return int(self._steps.currentData())

    def show_playing(self, playing: bool) -> None:
        """Show whether the day plays."""
        self._play.setChecked(playing)
        set_icon(self._play, "pause" if playing else "play")

    def _ask_date(self) -> None:
        """Only a hand's date differs from what is shown, so an echo ends here."""
        day = self._date.date()
        asked = datetime.combine(date(day.year(), day.month(), day.day()), self._time.timetz())
        if asked != self._time:
            self.time_asked.emit(asked)

    def _ask_time(self) -> None:
        minutes = self._slider.value() * STEP_MINUTES
        if self._slider.value() == (self._time.hour * 60 + self._time.minute) // STEP_MINUTES:
            return
        clock = time(minutes // 60, minutes % 60, tzinfo=self._time.tzinfo)
        self._clock.setText(f"{clock:%H:%M}")
        self.time_asked.emit(datetime.combine(self._time.date(), clock))

    def _ask_now(self) -> None:
        now = datetime.now(self._time.tzinfo)
        self.time_asked.emit(now - timedelta(seconds=now.second, microseconds=now.microsecond))

    def retranslate(self) -> None:
        self._date.setLocale(locale())
        self._date.setDisplayFormat("dd/MM/yyyy")
        self._date.setToolTip(tr("Date of the sun"))
        self._date.setAccessibleName(tr("Date of the sun"))
        self._slider.setToolTip(tr("Time of day, local time"))
        self._slider.setAccessibleName(tr("Time of day, local time"))
        self._now.setText(tr("Now"))
        self._play.setToolTip(tr("Play the day") + "  (Space)")
        self._play.setAccessibleName(tr("Play the day"))
        self._steps.setToolTip(tr("Step of the film"))
        self._steps.setAccessibleName(tr("Step of the film"))
        for index, minutes in enumerate(STEPS):
            self._steps.setItemText(index, tr("{minutes} min", minutes=minutes))
        self._shadows.setText(tr("Shadows"))

    def restyle(self) -> None:
        self._sign.setPixmap(pixmap("sun", 18, "muted", self.devicePixelRatioF()))
