"""The list of layers: order, visibility, grade, opacity, and what can be done with each."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec
from PySide6.QtCore import QPoint, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QDropEvent, QKeyEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QMenu,
    QSlider,
    QStackedWidget,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from layers.kinds.layer import Layer
from twin.city import City
from twin.edits.registry import MoveLayer, RenameLayer, SetStyle
from viewers.i18n import number, tr
from viewers.panels.badge import BadgeDelegate
from viewers.panels.kinds import counted, icon_of, kind_name
from viewers.panels.words import EmptyState, Retranslated, label
from viewers.theme import icon

ID = Qt.ItemDataRole.UserRole
GRADE = Qt.ItemDataRole.UserRole + 1
NAME, BADGE, EYE = 0, 1, 2


class LayersPanel(Retranslated, QWidget):
    """Shows the layers of a city, top of the list drawn last; asks, keeps nothing."""

    asked = Signal(object)  # Edit
    visibility_asked = Signal(str, bool)
    zoom_asked = Signal(str)
    style_asked = Signal(str)
    remove_asked = Signal(str)
    properties_asked = Signal(str)
    open_asked = Signal()
    selected = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._city: City | None = None
        self._hidden: frozenset[str] = frozenset()
        self._grades: Mapping[str, str] = {}
        self._tree = _Tree(self)
        self._tree.moved.connect(self._ask_move)
        self._tree.toggled.connect(self._ask_visibility)
        self._tree.itemClicked.connect(self._clicked)
        self._tree.itemDoubleClicked.connect(self._double_clicked)
        self._tree.itemSelectionChanged.connect(self._show_opacity)
        self._tree.customContextMenuRequested.connect(self._menu)
        self._tree.renamed.connect(self._ask_name)
        self._empty = EmptyState()
        self._stack = QStackedWidget()
        self._stack.addWidget(self._empty)
        self._stack.addWidget(self._tree)
        self._opacity_word = label("muted")
        self._opacity_value = label("muted")
        self._opacity = QSlider(Qt.Orientation.Horizontal)
        self._opacity.setRange(0, 100)
        self._opacity.setPageStep(10)
        self._opacity.setEnabled(False)
        self._opacity.sliderReleased.connect(self._ask_opacity)
        self._opacity.actionTriggered.connect(self._opacity_key)
        self._opacity.valueChanged.connect(self._say_opacity)
        foot = QHBoxLayout()
        foot.setContentsMargins(12, 4, 12, 8)
        foot.setSpacing(10)
        foot.addWidget(self._opacity_word)
        foot.addWidget(self._opacity, 1)
        foot.addWidget(self._opacity_value)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._stack, 1)
        column.addLayout(foot)
        self.retranslate()

    # -- show -------------------------------------------------------------------------------

    def show_city(
        self,
        city: City | None,
        hidden: frozenset[str] = frozenset(),
        grades: Mapping[str, str] | None = None,
    ) -> None:
        """Show the layers of `city`; `grades` are A … E per layer id, absent where not assessed."""
        chosen = self.current()
        self._city, self._hidden = city, hidden
        self._grades = {} if grades is None else grades
        self._tree.clear()
        layers = list(city.layers.values()) if city is not None else []
        for layer in reversed(layers):
            item = QTreeWidgetItem(self._tree)
            self._fill(item, layer)
            if layer.id == chosen:
                self._tree.setCurrentItem(item)
        self._stack.setCurrentIndex(1 if layers else 0)
        self._show_opacity()

    def current(self) -> str:
        """Id of the chosen layer, "" for none."""
        item = self._tree.currentItem()
        return str(item.data(NAME, ID)) if item is not None else ""

    def choose(self, layer_id: str) -> None:
        """Choose the layer, as a click would."""
        for row in range(self._tree.topLevelItemCount()):
            item = self._tree.topLevelItem(row)
            if item.data(NAME, ID) == layer_id:
                self._tree.setCurrentItem(item)

    def _fill(self, item: QTreeWidgetItem, layer: Layer) -> None:
        shown = layer.id not in self._hidden
        item.setText(NAME, layer.name)
        item.setData(NAME, ID, layer.id)
        item.setIcon(NAME, icon(icon_of(layer)))
        grade = self._grades.get(layer.id, "")
        item.setData(BADGE, GRADE, grade)
        item.setIcon(EYE, icon("eye" if shown else "eye-off"))
        item.setFlags(
            Qt.ItemFlag.ItemIsEnabled
            | Qt.ItemFlag.ItemIsSelectable
            | Qt.ItemFlag.ItemIsDragEnabled
            | Qt.ItemFlag.ItemIsEditable
        )
        source = f"\n{Path(layer.source.path).name}" if layer.source is not None else ""
        item.setToolTip(NAME, f"{layer.name}\n{kind_name(layer)} · {counted(layer)}{source}")
        if grade:
            item.setToolTip(BADGE, tr("Data health: grade {grade}", grade=grade))
        item.setToolTip(EYE, tr("Hide") if shown else tr("Show"))
        if not shown:
            item.setForeground(NAME, self.palette().placeholderText())

    def _show_opacity(self) -> None:
        layer_id = self.current()
        known = self._city is not None and layer_id in self._city.layers
        self._opacity.setEnabled(known)
        style = self._city.style(layer_id) if known and self._city is not None else None
        self._opacity.setValue(round(100 * style.opacity) if style is not None else 100)
        self._say_opacity()
        self.selected.emit(layer_id if known else "")

    def _say_opacity(self) -> None:
        self._opacity_value.setText(f"{number(self._opacity.value())} %")

    def retranslate(self) -> None:
        self._empty.say(
            tr("No layers yet"), tr("Open files, or drop them anywhere in this window.")
        )
        self._opacity_word.setText(tr("Opacity"))
        self._tree.setAccessibleName(tr("Layers"))
        self._tree.setHeaderLabels([tr("Layer"), "", ""])
        if self._city is not None:
            self.show_city(self._city, self._hidden, self._grades)

    def restyle(self) -> None:
        if self._city is not None:
            self.show_city(self._city, self._hidden, self._grades)

    # -- ask --------------------------------------------------------------------------------

    def _ask_move(self, layer_id: str, row: int) -> None:
        """`row` counts from the top of the list; the city counts from the bottom."""
        if self._city is None:
            return
        index = len(self._city.layers) - 1 - row
        if list(self._city.layers).index(layer_id) != index:
            self.asked.emit(MoveLayer(layer=layer_id, index=index))

    def _ask_visibility(self, layer_id: str) -> None:
        self.visibility_asked.emit(layer_id, layer_id in self._hidden)

    def _ask_name(self, layer_id: str, name: str) -> None:
        if self._city is None or layer_id not in self._city.layers:
            return
        before = self._city.layers[layer_id].name
        if name.strip() and name.strip() != before:
            self.asked.emit(RenameLayer(layer=layer_id, name=name.strip()))
        else:
            self.show_city(self._city, self._hidden, self._grades)

    def _opacity_key(self, _action: int) -> None:
        if not self._opacity.isSliderDown():
            QTimer.singleShot(0, self._ask_opacity)

    def _ask_opacity(self) -> None:
        layer_id = self.current()
        if self._city is None or layer_id not in self._city.layers:
            return
        style = self._city.style(layer_id)
        opacity = self._opacity.value() / 100
        if round(100 * style.opacity) != self._opacity.value():
            style = msgspec.structs.replace(style, opacity=opacity)
            self.asked.emit(SetStyle(layer=layer_id, style=style))

    def _clicked(self, item: QTreeWidgetItem, column: int) -> None:
        if column == EYE:
            self._ask_visibility(str(item.data(NAME, ID)))

    def _double_clicked(self, item: QTreeWidgetItem, column: int) -> None:
        if column == NAME:
            self.zoom_asked.emit(str(item.data(NAME, ID)))

    def _menu(self, where: QPoint) -> None:
        item = self._tree.itemAt(where)
        menu = QMenu(self)
        if item is None:
            menu.addAction(icon("open"), tr("Open files…"), self.open_asked.emit)
        else:
            layer_id = str(item.data(NAME, ID))
            for name, text, ask in (
                ("fly", tr("Zoom to"), self.zoom_asked),
                ("style", tr("Style…"), self.style_asked),
            ):
                menu.addAction(icon(name), text, lambda s=ask: s.emit(layer_id))
            menu.addAction(
                icon("eye-off" if layer_id not in self._hidden else "eye"),
                tr("Hide") if layer_id not in self._hidden else tr("Show"),
                lambda: self._ask_visibility(layer_id),
            )
            menu.addAction(icon("rename"), tr("Rename"), lambda: self._tree.editItem(item, NAME))
            menu.addSeparator()
            menu.addAction(
                icon("properties"), tr("Properties…"), lambda: self.properties_asked.emit(layer_id)
            )
            menu.addSeparator()
            menu.addAction(icon("remove"), tr("Remove"), lambda: self.remove_asked.emit(layer_id))
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(self._tree.viewport().mapToGlobal(where))


class _Tree(QTreeWidget):
    """Rows that are dragged ask to be moved; the tree itself moves nothing."""

    moved = Signal(str, int)
    toggled = Signal(str)
    renamed = Signal(str, str)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setColumnCount(3)
        self.setHeaderHidden(True)
        self.setRootIsDecorated(False)
        self.setIndentation(6)
        self.setIconSize(QSize(18, 18))
        self.setUniformRowHeights(True)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.setDragDropMode(QAbstractItemView.DragDropMode.InternalMove)
        self.setEditTriggers(QAbstractItemView.EditTrigger.EditKeyPressed)
        self.setItemDelegate(BadgeDelegate(self, badge_column=BADGE, role=GRADE))
        self.itemDelegate().commitData.connect(self._committed)
        header = self.header()
        header.setStretchLastSection(False)
        header.setMinimumSectionSize(20)
        header.setSectionResizeMode(NAME, QHeaderView.ResizeMode.Stretch)
        for column, width in ((BADGE, 32), (EYE, 34)):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.Fixed)
            header.resizeSection(column, width)

    def dropEvent(self, event: QDropEvent) -> None:
        dragged = self.currentItem()
        if event.source() is not self or dragged is None:
            event.ignore()
            return
        target = self.itemAt(event.position().toPoint())
        row = self.indexOfTopLevelItem(target) if target else self.topLevelItemCount() - 1
        below = self.dropIndicatorPosition() == QAbstractItemView.DropIndicatorPosition.BelowItem
        start = self.indexOfTopLevelItem(dragged)
        if target is not None and below and row < start:
            row += 1
        elif target is not None and not below and row > start:
            row -= 1
        event.setDropAction(Qt.DropAction.IgnoreAction)
        event.accept()
        layer_id = str(dragged.data(NAME, ID))
        # The answer fills the tree anew; not while it is still inside its own drop.
        QTimer.singleShot(0, lambda: self.moved.emit(layer_id, row))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        item = self.currentItem()
        if event.key() == Qt.Key.Key_Space and item is not None:
            self.toggled.emit(str(item.data(NAME, ID)))
        else:
            super().keyPressEvent(event)

    def _committed(self) -> None:
        item = self.currentItem()
        if item is not None:
            layer_id, text = str(item.data(NAME, ID)), item.text(NAME)
            QTimer.singleShot(0, lambda: self._say_renamed(layer_id, text))

    def _say_renamed(self, layer_id: str, _before: str) -> None:
        for row in range(self.topLevelItemCount()):
            item = self.topLevelItem(row)
            if item.data(NAME, ID) == layer_id:
                self.renamed.emit(layer_id, item.text(NAME))
                return
