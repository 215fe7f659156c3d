"""The rows of the layers panel: groups that open and close, layers that are dragged inside them."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, QTimer, Signal
from PySide6.QtGui import QDragMoveEvent, QDropEvent, QKeyEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QTreeWidget,
    QTreeWidgetItem,
    QTreeWidgetItemIterator,
    QWidget,
)

from viewers.panels.badge import BadgeDelegate

ID = Qt.ItemDataRole.UserRole
GRADE = Qt.ItemDataRole.UserRole + 1
GROUP = Qt.ItemDataRole.UserRole + 2
NAME, BADGE, EYE = 0, 1, 2


class LayersTree(QTreeWidget):
    """Rows that are dragged ask to be moved; the tree itself moves nothing.

    A row has the id of its layer in `ID`, or the key of its group in `GROUP`.
    """

    moved = Signal(str, str, str)  # layer, listed right above, listed right below ("" at an end)
    toggled = Signal(object)  # row
    renamed = Signal(str, str)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setColumnCount(3)
        self.setHeaderHidden(True)
        self.setIndentation(15)
        self.setIconSize(QSize(18, 18))
        self.setUniformRowHeights(True)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.setDragDropMode(QAbstractItemView.DragDropMode.InternalMove)
        self.setEditTriggers(QAbstractItemView.EditTrigger.EditKeyPressed)
        self.setExpandsOnDoubleClick(False)
        self.setItemDelegate(BadgeDelegate(self, badge_column=BADGE, role=GRADE))
        self.itemDelegate().commitData.connect(self._committed)
        header = self.header()
        header.setStretchLastSection(False)
        header.setMinimumSectionSize(20)
        header.setSectionResizeMode(NAME, QHeaderView.ResizeMode.Stretch)
        for column, width in ((BADGE, 32), (EYE, 34)):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.Fixed)
            header.resizeSection(column, width)

    def rows(self) -> list[QTreeWidgetItem]:
        """All rows, groups included, from the top down, also those of closed groups."""
        walk = QTreeWidgetItemIterator(self)
        found = []
        while walk.value() is not None:
            found.append(walk.value())
            walk += 1
        return found

    def row_of(self, layer_id: str) -> QTreeWidgetItem | None:
        """The row of a layer."""
        return next((r for r in self.rows() if layer_id and r.data(NAME, ID) == layer_id), None)

    # -- moving -----------------------------------------------------------------------------

    def ask_move(self, item: QTreeWidgetItem, row: int) -> None:
        """Ask for `item` to stand at `row` of its group, counted as it stands now."""
        group = item.parent()
        if group is None:
            return
        rows = (group.child(i) for i in range(group.childCount()))
        names = [str(row.data(NAME, ID)) for row in rows if row is not None]
        start = group.indexOfChild(item)
        if not 0 <= row < len(names) or row == start:
            return
        moved = names.pop(start)
        names.insert(row, moved)
        above = names[row - 1] if row else ""
        below = names[row + 1] if row + 1 < len(names) else ""
        # The answer fills the tree anew; not while it is still inside its own drop.
        QTimer.singleShot(0, lambda: self.moved.emit(moved, above, below))

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        super().dragMoveEvent(event)
        target, dragged = self.itemAt(event.position().toPoint()), self.currentItem()
        if dragged is None or target is None or target.parent() is not dragged.parent():
            event.ignore()

    def dropEvent(self, event: QDropEvent) -> None:
        dragged, target = self.currentItem(), self.itemAt(event.position().toPoint())
        event.setDropAction(Qt.DropAction.IgnoreAction)
        group = dragged.parent() if dragged is not None else None
        if event.source() is not self or dragged is None or group is None or target is None:
            event.ignore()
            return
        event.accept()
        if target.parent() is not group:
            return
        row, start = group.indexOfChild(target), group.indexOfChild(dragged)
        below = self.dropIndicatorPosition() == QAbstractItemView.DropIndicatorPosition.BelowItem
        if below and row < start:
            row += 1
        elif not below and row > start:
            row -= 1
        self.ask_move(dragged, row)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        item = self.currentItem()
        steps = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}
        group = item.parent() if item is not None else None
        if event.key() == Qt.Key.Key_Space and item is not None:
            self.toggled.emit(item)
        elif event.modifiers() & Qt.KeyboardModifier.AltModifier and event.key() in steps:
            if item is not None and group is not None:
                self.ask_move(item, group.indexOfChild(item) + steps[Qt.Key(event.key())])
        else:
            super().keyPressEvent(event)

    # -- names ------------------------------------------------------------------------------

    def _committed(self) -> None:
        item = self.currentItem()
        if item is not None:
            layer_id = str(item.data(NAME, ID))
            # The delegate writes the text into the row only after this.
            QTimer.singleShot(0, lambda: self._say_renamed(layer_id))

    def _say_renamed(self, layer_id: str) -> None:
        item = self.row_of(layer_id)
        if item is not None:
            self.renamed.emit(layer_id, item.text(NAME))
