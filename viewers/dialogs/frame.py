"""What every dialog shares: a heading, a body, buttons in the language now."""

from __future__ import annotations

from PySide6.QtWidgets import QDialog, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from viewers.i18n import tr
from viewers.panels.words import Retranslated, label


class Dialog(Retranslated, QDialog):
    """A dialog that returns a value or None; `accept_word` names what its button does."""

    def __init__(self, parent: QWidget | None = None, *, only_close: bool = False) -> None:
        super().__init__(parent)
        self._heading = label("heading")
        self._heading.setWordWrap(True)
        self.body = QVBoxLayout()
        self.body.setSpacing(10)
        self.accept_button = QPushButton()
        self.accept_button.setDefault(True)
        self.accept_button.clicked.connect(self.accept)
        self._reject = QPushButton()
        self._reject.clicked.connect(self.reject)
        self._reject.setAutoDefault(False)
        self._reject.setVisible(not only_close)
        self.foot = QHBoxLayout()
        self.foot.addStretch(1)
        self.foot.addWidget(self._reject)
        self.foot.addWidget(self.accept_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(22, 18, 22, 16)
        column.setSpacing(12)
        column.addWidget(self._heading)
        column.addLayout(self.body, 1)
        column.addLayout(self.foot)

    def say_frame(self, title: str, accept_word: str) -> None:
        """Title, and the word on the button."""
        self.setWindowTitle(f"{title} – Dothi")
        self._heading.setText(title)
        self.accept_button.setText(accept_word)
        self._reject.setText(tr("Cancel"))
