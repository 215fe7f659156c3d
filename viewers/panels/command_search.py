"""Command search (Ctrl+K): type a few letters, press Enter."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QObject, QSize, Qt, Signal
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
from viewers.panels.words import Retranslated
from viewers.theme import icon


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One thing that can be done: `words` are searched beside the title (the English name)."""

    id: str
    title: str
    words: str = ""
    hint: str = ""
    icon: str = ""


def plain(text: str) -> str:
    """Lower case without diacritics, so that "mo tep" finds "Mở tệp"."""
    decomposed = unicodedata.normalize("NFD", text.lower().replace("đ", "d"))
    return "".join(c for c in decomposed if not unicodedata.combining(c))


def ranked(commands: Sequence[Command], typed: str) -> list[Command]:
    """Commands that hold every word of `typed`, best first: start of title, of a word, inside."""
    parts = plain(typed).split()
    found = []
    for place, command in enumerate(commands):
        title, words = plain(command.title), plain(f"{command.title} {command.words}")
        if all(part in words for part in parts):
            starts = bool(parts) and title.startswith(parts[0])
            word_starts = all(f" {part}" in f" {words}" for part in parts)
            found.append((not starts, not word_starts, place, command))
    found.sort(key=lambda entry: entry[:3])
    return [entry[3] for entry in found]


class CommandSearch(Retranslated, QDialog):
    """Shows commands that fit; emits the id of the one chosen, and closes."""

    chosen = Signal(str)

    def __init__(self, commands: Sequence[Command], parent: QWidget | None = None) -> None:
        super().__init__(parent, Qt.WindowType.Popup | Qt.WindowType.FramelessWindowHint)
        self._commands = list(commands)
        self._line = QLineEdit()
        self._line.setObjectName("command")
        self._line.textChanged.connect(self._fill)
        self._line.installEventFilter(self)
        self._list = QListWidget()
        self._list.setFrameShape(QFrame.Shape.NoFrame)
        self._list.setIconSize(QSize(18, 18))
        self._list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._list.itemClicked.connect(self._choose)
        box = QFrame()
        box.setObjectName("card")
        inner = QVBoxLayout(box)
        inner.setContentsMargins(6, 6, 6, 6)
        inner.addWidget(self._line)
        inner.addWidget(self._list)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(box)
        self.resize(560, 400)
        self.retranslate()

    def showEvent(self, event: QEvent) -> None:
        super().showEvent(event)
        parent = self.parentWidget()
        if parent is not None:
            middle = parent.mapToGlobal(parent.rect().center())
            top = parent.mapToGlobal(parent.rect().topLeft()).y() + 90
            self.move(middle.x() - self.width() // 2, top)
        self._line.setFocus()

    def _fill(self) -> None:
        self._list.clear()
        for command in ranked(self._commands, self._line.text()):
            text = command.title + (f"      {command.hint}" if command.hint else "")
            item = QListWidgetItem(icon(command.icon) if command.icon else icon("search"), text)
            item.setData(Qt.ItemDataRole.UserRole, command.id)
            self._list.addItem(item)
        if not self._list.count():
            nothing = QListWidgetItem(tr("No command fits. Try another word."))
            nothing.setFlags(Qt.ItemFlag.NoItemFlags)
            self._list.addItem(nothing)
        self._list.setCurrentRow(0)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            step = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1}.get(event.key(), 0)
            if step:
                rows = self._list.count()
                self._list.setCurrentRow((self._list.currentRow() + step) % rows)
                return True
            if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                self._choose(self._list.currentItem())
                return True
        return super().eventFilter(watched, event)

    def _choose(self, item: QListWidgetItem | None) -> None:
        command = item.data(Qt.ItemDataRole.UserRole) if item is not None else None
        if command:
            self.accept()
            self.chosen.emit(str(command))

    def retranslate(self) -> None:
        self._line.setPlaceholderText(tr("What do you want to do?"))
        self._fill()
