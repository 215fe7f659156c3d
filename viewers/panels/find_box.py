"""Find (Ctrl+F): type what is written about a thing, or coordinates; Enter flies there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QObject, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QDialog,
    QFrame,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QVBoxLayout,
    QWidget,
)

from viewers.i18n import tr
from viewers.panels.words import Retranslated, label
from viewers.theme import icon

PAUSE_MS = 120
"""After the last key, before anything is searched."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of the list; `thing` is handed back when it is chosen, None for mere words."""

    title: str
    detail: str = ""
    icon: str = "find"
    thing: object = None


class FindBox(Retranslated, QDialog):
    """Asks for entries while one types; emits the thing that was chosen, and closes."""

    asked = Signal(str)
    chosen = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent, Qt.WindowType.Popup | Qt.WindowType.FramelessWindowHint)
        self._line = QLineEdit()
        self._line.setObjectName("command")
        self._line.setClearButtonEnabled(True)
        self._line.textChanged.connect(self._typed)
        self._line.installEventFilter(self)
        self._list = QListWidget()
        self._list.setFrameShape(QFrame.Shape.NoFrame)
        self._list.setIconSize(QSize(20, 20))
        self._list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._list.setTextElideMode(Qt.TextElideMode.ElideRight)
        self._list.itemClicked.connect(self._choose)
        self._foot = label("faint")
        self._foot.setContentsMargins(12, 0, 12, 4)
        box = QFrame()
        box.setObjectName("card")
        inner = QVBoxLayout(box)
        inner.setContentsMargins(6, 6, 6, 6)
        for part in (self._line, self._list, self._foot):
            inner.addWidget(part)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(box)
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(PAUSE_MS)
        self._pause.timeout.connect(lambda: self.asked.emit(self.text))
        self._waiting = False
        self.resize(620, 460)
        self.retranslate()
        self.show_entries((), "")

    @property
    def text(self) -> str:
        """What was typed."""
        return self._line.text().strip()

    def showEvent(self, event: QEvent) -> None:
        super().showEvent(event)
        parent = self.parentWidget()
        if parent is not None:
            middle = parent.mapToGlobal(parent.rect().center())
            top = parent.mapToGlobal(parent.rect().topLeft()).y() + 90
            self.move(middle.x() - self.width() // 2, top)
        self._line.setFocus()

    def _typed(self) -> None:
        self._waiting = True
        self._pause.start()

    def show_entries(self, entries: Sequence[Entry], foot: str, *, searching: bool = False) -> None:
        """Show what was found so far; the first that can be chosen is."""
        self._list.clear()
        self._waiting = searching
        for entry in entries:
            text = entry.title + (f"\n{entry.detail}" if entry.detail else "")
            item = QListWidgetItem(icon(entry.icon), text)
            item.setToolTip(text)
            item.setData(Qt.ItemDataRole.UserRole, entry.thing)
            if entry.thing is None:
                item.setFlags(Qt.ItemFlag.NoItemFlags)
            self._list.addItem(item)
        for row, entry in enumerate(entries):
            if entry.thing is not None:
                self._list.setCurrentRow(row)
                break
        self._foot.setText(foot)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            step = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1}.get(event.key(), 0)
            if step and self._list.count():
                rows = self._list.count()
                self._list.setCurrentRow((self._list.currentRow() + step) % rows)
                return True
            if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                if self._pause.isActive():
                    self._pause.stop()
                    self.asked.emit(self.text)
                elif not self._waiting:
                    self._choose(self._list.currentItem())
                return True
        return super().eventFilter(watched, event)

    def _choose(self, item: QListWidgetItem | None) -> None:
        thing = item.data(Qt.ItemDataRole.UserRole) if item is not None else None
        if thing is not None:
            self.accept()
            self.chosen.emit(thing)

    def retranslate(self) -> None:
        self._line.setPlaceholderText(tr("Name, address, id or coordinates"))
