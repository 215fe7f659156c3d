"""Questions before something that cannot be undone."""

from __future__ import annotations

from typing import Literal

from PySide6.QtWidgets import QPushButton, QWidget

from viewers.dialogs.frame import Dialog
from viewers.i18n import tr
from viewers.panels.words import label

Answer = Literal["save", "discard", "cancel"]


class SaveQuestion(Dialog):
    """A project that was never saved is about to be left."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._name = name
        self.answer: Answer = "cancel"
        self._words = label("", wrap=True)
        self._discard = QPushButton()
        self._discard.clicked.connect(self._throw_away)
        self.body.addWidget(self._words)
        self.foot.insertWidget(0, self._discard)
        self.setMinimumWidth(460)
        self.retranslate()

    def accept(self) -> None:
        self.answer = "save"
        super().accept()

    def _throw_away(self) -> None:
        self.answer = "discard"
        super().accept()

    def retranslate(self) -> None:
        self.say_frame(tr("Save “{name}” first?", name=self._name), tr("Save…"))
        self._words.setText(
            tr("This city has not been saved. Without saving, its layers and edits are lost.")
        )
        self._discard.setText(tr("Do not save"))


class Confirm(Dialog):
    """Says what will be lost, and asks."""

    def __init__(
        self, title: str, words: str, accept_word: str, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._said = (title, words, accept_word)
        self._words = label("", wrap=True)
        self.body.addWidget(self._words)
        self.setMinimumWidth(440)
        self.retranslate()

    def retranslate(self) -> None:
        title, words, accept_word = self._said
        self.say_frame(title, accept_word)
        self._words.setText(words)
