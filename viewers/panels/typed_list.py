"""A popup to type into: a line, and below it what fits."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QSize, Qt
from PySide6.QtGui import QKeyEvent, QShowEvent
from PySide6.QtWidgets import (
    QDialog,
    QFrame,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QVBoxLayout,
    QWidget,
)

from viewers.panels.words import Retranslated
from viewers.theme import icon

STEPS = {Qt.Key.Key_Down.value: 1, Qt.Key.Key_Up.value: -1}
ENTER = (Qt.Key.Key_Return, Qt.Key.Key_Enter)


class TypedList(Retranslated, QDialog):
    """Up and Down choose in the list while one types; Enter or a click takes what is chosen.

    A class of this kind says what is listed (`_typed`) and what taking means (`_take`).
    """

    def __init__(self, size: QSize, *, icons: int, parent: QWidget | None = None) -> None:
        super().__init__(parent, Qt.WindowType.Popup | Qt.WindowType.FramelessWindowHint)
        self._line = QLineEdit()
        self._line.setObjectName("command")
        self._line.textChanged.connect(lambda _: self._typed())
        self._line.installEventFilter(self)
        self._list = QListWidget()
        self._list.setFrameShape(QFrame.Shape.NoFrame)
        self._list.setIconSize(QSize(icons, icons))
        self._list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._list.itemClicked.connect(self._choose)
        box = QFrame()
        box.setObjectName("card")
        self._inner = QVBoxLayout(box)
        self._inner.setContentsMargins(6, 6, 6, 6)
        self._inner.addWidget(self._line)
        self._inner.addWidget(self._list)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(box)
        self.resize(size)

    @property
    def text(self) -> str:
        """What was typed."""
        return self._line.text().strip()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        parent = self.parentWidget()
        if parent is not None:
            middle = parent.mapToGlobal(parent.rect().center())
            top = parent.mapToGlobal(parent.rect().topLeft()).y() + 90
            self.move(middle.x() - self.width() // 2, top)
        self._line.setFocus()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            step, rows = STEPS.get(event.key(), 0), self._list.count()
            if step and rows:
                self._list.setCurrentRow((self._list.currentRow() + step) % rows)
                return True
            if event.key() in ENTER:
                self._entered()
                return True
        return super().eventFilter(watched, event)

    def _add(self, text: str, sign: str = "", thing: object = None) -> QListWidgetItem:
        """One line of the list; without a `thing` mere words, which cannot be chosen."""
        item = QListWidgetItem(text)
        if sign:
            item.setIcon(icon(sign))
        item.setData(Qt.ItemDataRole.UserRole, thing)
        if thing is None:
            item.setFlags(Qt.ItemFlag.NoItemFlags)
        self._list.addItem(item)
        return item

    def _choose(self, item: QListWidgetItem | None) -> None:
        thing = item.data(Qt.ItemDataRole.UserRole) if item is not None else None
        if thing is not None:
            self.accept()
            self._take(thing)

    def _entered(self) -> None:
        self._choose(self._list.currentItem())

    def _typed(self) -> None:
        raise NotImplementedError

    def _take(self, thing: object) -> None:
        raise NotImplementedError
