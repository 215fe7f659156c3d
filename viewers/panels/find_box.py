"""Find (Ctrl+F): type what is written about a thing, or coordinates; Enter flies there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QSize, Qt, QTimer, Signal
from PySide6.QtWidgets import QWidget

from viewers.i18n import tr
from viewers.panels.typed_list import TypedList
from viewers.panels.words import label

PAUSE_MS = 120
"""After the last key, before anything is searched."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of the list; `thing` is handed back when it is chosen, None for mere words."""

    title: str
    detail: str = ""
    icon: str = "find"
    thing: object = None


class FindBox(TypedList):
    """Asks for entries while one types; emits the thing that was chosen, and closes."""

    asked = Signal(str)
    chosen = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(QSize(620, 460), icons=20, parent=parent)
        self._line.setClearButtonEnabled(True)
        self._list.setTextElideMode(Qt.TextElideMode.ElideRight)
        self._foot = label("faint")
        self._foot.setContentsMargins(12, 0, 12, 4)
        self._inner.addWidget(self._foot)
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(PAUSE_MS)
        self._pause.timeout.connect(lambda: self.asked.emit(self.text))
        self._waiting = False
        self.retranslate()
        self.show_entries((), "")

    def show_entries(self, entries: Sequence[Entry], foot: str, *, searching: bool = False) -> None:
        """Show what was found so far; the first that can be chosen is."""
        self._list.clear()
        self._waiting = searching
        for entry in entries:
            text = entry.title + (f"\n{entry.detail}" if entry.detail else "")
            self._add(text, entry.icon, entry.thing).setToolTip(text)
        for row, entry in enumerate(entries):
            if entry.thing is not None:
                self._list.setCurrentRow(row)
                break
        self._foot.setText(foot)

    def _typed(self) -> None:
        self._waiting = True
        self._pause.start()

    def _entered(self) -> None:
        if self._pause.isActive():
            self._pause.stop()
            self.asked.emit(self.text)
        elif not self._waiting:
            super()._entered()

    def _take(self, thing: object) -> None:
        self.chosen.emit(thing)

    def retranslate(self) -> None:
        self._line.setPlaceholderText(tr("Name, address, id or coordinates"))
