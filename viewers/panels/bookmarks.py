"""Named camera places."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QMimeData, QPoint, Qt, Signal
from PySide6.QtWidgets import (
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QMenu,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from viewers.i18n import tr
from viewers.panels.words import EmptyState, Retranslated
from viewers.theme import icon, set_icon
from viewers.view_state import Bookmark

MARK = "application/x-dothi-bookmark"
"""What is dragged: the bookmark's number."""


class _Marks(QListWidget):
    """A list whose rows can be dragged to a story."""

    def __init__(self) -> None:
        super().__init__()
        self.setDragEnabled(True)
        self.setDragDropMode(QListWidget.DragDropMode.DragOnly)

    def mimeTypes(self) -> list[str]:
        return [MARK]

    def mimeData(self, items: Sequence[QListWidgetItem]) -> QMimeData:
        dragged = QMimeData()
        numbers = [str(item.data(Qt.ItemDataRole.UserRole)) for item in items]
        dragged.setData(MARK, ",".join(numbers).encode())
        return dragged


class BookmarksPanel(Retranslated, QWidget):
    """Shows bookmarks; asks to fly there, to add, rename or remove one."""

    fly_asked = Signal(object)  # Bookmark
    add_asked = Signal()
    rename_asked = Signal(int, str)
    remove_asked = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._bookmarks: tuple[Bookmark, ...] = ()
        self._list = _Marks()
        self._list.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self._list.customContextMenuRequested.connect(self._menu)
        self._list.itemActivated.connect(self._fly)
        self._list.itemClicked.connect(self._fly)
        self._list.itemDelegate().commitData.connect(self._renamed)
        self._empty = EmptyState()
        self._stack = QStackedWidget()
        self._stack.addWidget(self._empty)
        self._stack.addWidget(self._list)
        self._add = QPushButton()
        set_icon(self._add, "add")
        self._add.clicked.connect(self.add_asked)
        foot = QHBoxLayout()
        foot.setContentsMargins(10, 0, 10, 8)
        foot.addWidget(self._add)
        foot.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(4, 4, 4, 0)
        column.addWidget(self._stack, 1)
        column.addLayout(foot)
        self.retranslate()

    def show_bookmarks(self, bookmarks: tuple[Bookmark, ...]) -> None:
        """Show them in the order they were made."""
        self._bookmarks = bookmarks
        self._list.clear()
        for number, bookmark in enumerate(bookmarks):
            item = QListWidgetItem(icon("bookmark"), bookmark.name)
            item.setData(Qt.ItemDataRole.UserRole, number)
            item.setFlags(item.flags() | Qt.ItemFlag.ItemIsEditable)
            self._list.addItem(item)
        self._stack.setCurrentIndex(1 if bookmarks else 0)

    def _fly(self, item: QListWidgetItem) -> None:
        self.fly_asked.emit(self._bookmarks[int(item.data(Qt.ItemDataRole.UserRole))])

    def _renamed(self) -> None:
        item = self._list.currentItem()
        if item is not None:
            self.rename_asked.emit(int(item.data(Qt.ItemDataRole.UserRole)), item.text().strip())

    def _menu(self, where: QPoint) -> None:
        item = self._list.itemAt(where)
        if item is None:
            return
        number = int(item.data(Qt.ItemDataRole.UserRole))
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction(icon("fly"), tr("Fly there"), lambda: self._fly(item))
        menu.addAction(icon("rename"), tr("Rename"), lambda: self._list.editItem(item))
        menu.addAction(icon("remove"), tr("Remove"), lambda: self.remove_asked.emit(number))
        menu.popup(self._list.viewport().mapToGlobal(where))

    def retranslate(self) -> None:
        self._empty.say(
            tr("No bookmarks yet"), tr("Press B to keep the view you see, and come back to it.")
        )
        self._add.setText(tr("Keep this view"))
        self._add.setToolTip(tr("Keep this view") + "  (B)")

    def restyle(self) -> None:
        self.show_bookmarks(self._bookmarks)
