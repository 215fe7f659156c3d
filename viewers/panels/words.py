"""What every panel and dialog shares: retranslation on a language change, small labels."""

from __future__ import annotations

from typing import TypeVar

from PySide6.QtCore import QEvent, Qt
from PySide6.QtWidgets import (
    QDoubleSpinBox,
    QFrame,
    QLabel,
    QLayout,
    QSizePolicy,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

Spin = TypeVar("Spin", bound=QSpinBox | QDoubleSpinBox)


class Retranslated:
    """Mixed in before a QWidget: calls `retranslate` whenever the language changes.

    `restyle` is called when the theme changes, for what a style sheet cannot reach.
    """

    def changeEvent(self, event: QEvent) -> None:
        # The QWidget that this is mixed in before has it.
        super().changeEvent(event)  # type: ignore[misc]
        if event.type() == QEvent.Type.LanguageChange:
            self.retranslate()
        elif event.type() == QEvent.Type.PaletteChange:
            self.restyle()

    def retranslate(self) -> None:
        """Say everything again in the language now."""

    def restyle(self) -> None:
        """Take the colours of the theme now."""


def label(name: str = "", text: str = "", *, wrap: bool = False) -> QLabel:
    """A label whose look is `name` in the style sheet; text is never taken for HTML."""
    made = QLabel(text)
    made.setTextFormat(Qt.TextFormat.PlainText)
    made.setObjectName(name)
    made.setWordWrap(wrap)
    if wrap:
        made.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
    return made


def field_label(name: str = "") -> QLabel:
    """A label before a field of a form, in the middle of its row."""
    made = label(name)
    made.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Expanding)
    return made


def padded(field: Spin) -> Spin:
    """The spin box, its text as far from the border as that of other fields.

    Qt 6.11 keeps to no padding of a style sheet left and right of it.
    """
    field.lineEdit().setTextMargins(8, 0, 0, 0)
    return field


def clear(layout: QLayout, *, keep: int = 0) -> None:
    """Take out and delete all widgets of `layout` but the last `keep` items."""
    while layout.count() > keep:
        item = layout.takeAt(0)
        widget = item.widget() if item is not None else None
        if widget is not None:
            widget.hide()
            widget.deleteLater()


def line() -> QFrame:
    """A thin rule."""
    made = QFrame()
    made.setObjectName("line")
    return made


class EmptyState(QWidget):
    """A panel with nothing in it: says so, and what to do next."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._what = label("section")
        self._next = label("muted", wrap=True)
        for part in (self._what, self._next):
            part.setAlignment(Qt.AlignmentFlag.AlignCenter)
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 24, 20, 24)
        column.setSpacing(6)
        column.addStretch(1)
        column.addWidget(self._what)
        column.addWidget(self._next)
        column.addStretch(2)

    def say(self, what: str, next_step: str) -> None:
        """What is empty, and what to do."""
        self._what.setText(what)
        self._next.setText(next_step)
