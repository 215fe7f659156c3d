"""Command search (Ctrl+K): type a few letters, press Enter."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QSize, Signal
from PySide6.QtWidgets import QWidget

from viewers.i18n import tr
from viewers.panels.typed_list import TypedList


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


class CommandSearch(TypedList):
    """Shows commands that fit; emits the id of the one chosen, and closes."""

    chosen = Signal(str)

    def __init__(self, commands: Sequence[Command], parent: QWidget | None = None) -> None:
        super().__init__(QSize(560, 400), icons=18, parent=parent)
        self._commands = list(commands)
        self.retranslate()

    def _typed(self) -> None:
        self._list.clear()
        for command in ranked(self._commands, self.text):
            text = command.title + (f"      {command.hint}" if command.hint else "")
            self._add(text, command.icon or "search", command.id)
        if not self._list.count():
            self._add(tr("No command fits. Try another word."))
        self._list.setCurrentRow(0)

    def _take(self, thing: object) -> None:
        self.chosen.emit(str(thing))

    def retranslate(self) -> None:
        self._line.setPlaceholderText(tr("What do you want to do?"))
        self._typed()
