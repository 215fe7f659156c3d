"""The status bar: where the cursor is, what is being done, how fast the picture is."""

from __future__ import annotations

from PySide6.QtCore import QSize, Signal
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QStatusBar, QToolButton, QWidget

from viewers.i18n import number, say, tr
from viewers.panels.words import Retranslated, label
from viewers.tasks import Task
from viewers.theme import set_icon


class StatusBar(Retranslated, QStatusBar):
    """Shows what it is told; asks to cancel a task."""

    cancel_asked = Signal(object)  # Task

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizeGripEnabled(False)
        self._world, self._globe, self._speed = label(), label(), label()
        self._system = ""
        self._shown: Task | None = None
        self._tasks = QWidget()
        self._task = label()
        self._bar = QProgressBar()
        self._bar.setRange(0, 1000)
        self._bar.setTextVisible(False)
        self._bar.setFixedWidth(140)
        self._cancel = QToolButton()
        self._cancel.setIconSize(QSize(14, 14))
        set_icon(self._cancel, "close")
        self._cancel.clicked.connect(self._ask_cancel)
        row = QHBoxLayout(self._tasks)
        row.setContentsMargins(6, 0, 6, 0)
        for part in (self._task, self._bar, self._cancel):
            row.addWidget(part)
        self.addWidget(self._world)
        self.addWidget(self._globe)
        self.addPermanentWidget(self._tasks)
        self.addPermanentWidget(self._speed)
        self._tasks.hide()
        self.retranslate()

    def show_place(
        self,
        world: tuple[float, float, float] | None,
        globe: tuple[float, float] | None,
        system: str,
    ) -> None:
        """Show the place under the cursor.

        Parameters
        ----------
        world : x, y, z in the project CRS, metres
        globe : (latitude, longitude) in WGS 84, degrees
        system : name of the project CRS
        """
        self._system = system
        if world is None:
            self._world.setText(system)
            self._globe.setText("")
            return
        x, y, z = world
        self._world.setText(f"{x:.1f}  {y:.1f}  {z:.1f} m  ({system})")
        if globe is not None:
            north, east = ("N" if globe[0] >= 0 else "S"), ("E" if globe[1] >= 0 else "W")
            self._globe.setText(f"{abs(globe[0]):.6f}° {north}  {abs(globe[1]):.6f}° {east}")

    def show_tasks(self, tasks: list[Task]) -> None:
        """Show the oldest task that is not quiet, and how many wait behind it."""
        loud = [task for task in tasks if not task.quiet]
        self._tasks.setVisible(bool(loud))
        self._shown = loud[0] if loud else None
        if self._shown is None:
            return
        task = self._shown
        if task.progress.cancelled:
            text = tr("Stopping…")
        else:
            text = _said(task.message) if task.message else tr(task.label)
        if len(loud) > 1:
            text += "  " + tr("(+{count} more)", count=number(len(loud) - 1))
        self._task.setText(text)
        self._bar.setRange(0, 1000 if task.fraction > 0 else 0)
        self._bar.setValue(round(1000 * task.fraction))
        self._cancel.setVisible(not task.fixed)
        self._cancel.setEnabled(not task.progress.cancelled)

    def show_speed(self, frames: float | None) -> None:
        """Show frames per second, or nothing while the picture stands still."""
        self._speed.setText("" if frames is None else tr("{count} fps", count=number(frames)))

    def _ask_cancel(self) -> None:
        if self._shown is not None:
            self.cancel_asked.emit(self._shown)

    def retranslate(self) -> None:
        self._cancel.setToolTip(tr("Stop this task"))
        self._world.setToolTip(tr("Position in the project's coordinate system"))
        self._globe.setToolTip(tr("Position in WGS 84: latitude, longitude"))
        if self._shown is not None:
            self.show_tasks([self._shown])


def _said(message: str) -> str:
    """A message in the language now; one about a part ("Roads: No road twice") part by part."""
    whole = say(message)
    head, between, rest = message.partition(": ")
    return f"{say(head)}: {say(rest)}" if between and whole == message else whole
