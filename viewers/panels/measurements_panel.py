"""Everything that was measured: values, copy, fly there, delete, as a table file."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtGui import QGuiApplication, QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QHBoxLayout,
    QHeaderView,
    QMenu,
    QPushButton,
    QStackedWidget,
    QToolButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from viewers.i18n import tr
from viewers.measurements import Measurement, amount, as_text, lines_of
from viewers.panels.words import EmptyState, Retranslated, label
from viewers.theme import icon, set_icon

NUMBER = Qt.ItemDataRole.UserRole


class MeasurementsPanel(Retranslated, QWidget):
    """Shows measurements, the latest on top; asks to fly to one, delete it, or export all."""

    fly_asked = Signal(int)
    delete_asked = Signal(int)
    clear_asked = Signal()
    export_asked = Signal()
    said_again = Signal()
    """The language is another."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._shown: tuple[Measurement, ...] = ()
        self._tree = QTreeWidget()
        self._tree.setColumnCount(2)
        self._tree.setHeaderHidden(True)
        self._tree.setRootIsDecorated(True)
        self._tree.setIndentation(16)
        self._tree.header().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self._tree.header().setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        self._tree.header().setStretchLastSection(False)
        self._tree.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self._tree.customContextMenuRequested.connect(self._menu)
        self._tree.itemDoubleClicked.connect(lambda item: self.fly_asked.emit(_number(item)))
        self._empty = EmptyState()
        self._stack = QStackedWidget()
        self._stack.addWidget(self._empty)
        self._stack.addWidget(self._tree)
        self._note = label("faint", wrap=True)
        self._copy, self._export, self._clear = QPushButton(), QPushButton(), QToolButton()
        for button, name in (
            (self._copy, "copy"),
            (self._export, "table"),
            (self._clear, "remove"),
        ):
            set_icon(button, name)
        self._copy.clicked.connect(self.copy)
        self._export.clicked.connect(self.export_asked)
        self._clear.clicked.connect(self.clear_asked)
        here = Qt.ShortcutContext.WidgetWithChildrenShortcut
        for keys, call in (
            (QKeySequence(QKeySequence.StandardKey.Copy), self.copy),
            (QKeySequence(QKeySequence.StandardKey.Delete), self._delete),
        ):
            QShortcut(keys, self, context=here).activated.connect(call)
        foot = QHBoxLayout()
        foot.setContentsMargins(10, 4, 10, 8)
        for button in (self._copy, self._export):
            foot.addWidget(button)
        foot.addStretch(1)
        foot.addWidget(self._clear)
        column = QVBoxLayout(self)
        column.setContentsMargins(4, 4, 4, 0)
        column.addWidget(self._stack, 1)
        column.addWidget(self._note)
        column.addLayout(foot)
        self._note.setContentsMargins(10, 0, 10, 0)
        self.retranslate()

    def show_measurements(self, measurements: Sequence[Measurement]) -> None:
        """Show them; the latest is opened and chosen."""
        self._shown = tuple(measurements)
        self._tree.clear()
        for one in reversed(self._shown):
            item = QTreeWidgetItem([one.title, amount(one.values[0], sure=False)])
            item.setIcon(0, icon(f"measure-{one.kind}"))
            item.setData(0, NUMBER, one.number)
            item.setTextAlignment(1, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            bold = item.font(0)
            bold.setBold(True)
            item.setFont(0, bold)
            item.setFont(1, bold)
            for name, said in lines_of(one):
                child = QTreeWidgetItem([name, said])
                child.setData(0, NUMBER, one.number)
                child.setTextAlignment(
                    1, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
                )
                item.addChild(child)
            self._tree.addTopLevelItem(item)
        first = self._tree.topLevelItem(0)
        if first is not None:
            first.setExpanded(True)
            self._tree.setCurrentItem(first)
        self._stack.setCurrentIndex(1 if self._shown else 0)
        for part in (self._copy, self._export, self._clear):
            part.setEnabled(bool(self._shown))
        self._note.setVisible(bool(self._shown))

    def current(self) -> Measurement | None:
        """The chosen one."""
        item = self._tree.currentItem()
        wanted = _number(item) if item is not None else -1
        return next((one for one in self._shown if one.number == wanted), None)

    def copy(self) -> None:
        """Put the chosen one, or all where none is, on the clipboard."""
        one = self.current()
        texts = [as_text(each) for each in ((one,) if one is not None else self._shown)]
        QGuiApplication.clipboard().setText("\n\n".join(texts))

    def _delete(self) -> None:
        one = self.current()
        if one is not None:
            self.delete_asked.emit(one.number)

    def _menu(self, where: QPoint) -> None:
        item = self._tree.itemAt(where)
        if item is None:
            return
        number = _number(item)
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction(icon("fly"), tr("Fly there"), lambda: self.fly_asked.emit(number))
        menu.addAction(icon("copy"), tr("Copy"), self.copy)
        menu.addAction(icon("remove"), tr("Delete"), lambda: self.delete_asked.emit(number))
        menu.popup(self._tree.viewport().mapToGlobal(where))

    def retranslate(self) -> None:
        self._empty.say(
            tr("Nothing measured yet"),
            tr("Press M and click in the view. Double click or Enter ends, Backspace takes back."),
        )
        self._note.setText(
            tr("± is one standard deviation: of the data, and of where was clicked.")
        )
        self._copy.setText(tr("Copy"))
        self._export.setText(tr("Export…"))
        self._clear.setToolTip(tr("Clear all"))
        self.show_measurements(self._shown)
        self.said_again.emit()

    def restyle(self) -> None:
        self.show_measurements(self._shown)


def _number(item: QTreeWidgetItem) -> int:
    return int(item.data(0, NUMBER))
