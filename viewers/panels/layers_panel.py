"""The list of layers: order, visibility, grade, opacity, and what can be done with each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

import msgspec
from PySide6.QtCore import QPoint, Qt, QTimer, Signal
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import (
    QHBoxLayout,
    QMenu,
    QSlider,
    QStackedWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from layers.kinds.layer import Layer
from twin.city import City
from twin.edits.registry import MoveLayer, RenameLayer, SetStyle
from twin.project.snapshot import AbsentLayer
from viewers.i18n import number, say, tr, whole
from viewers.panels.kinds import counted, icon_of, kind_name
from viewers.panels.layer_groups import (
    CLOSED_AT_FIRST,
    GROUPS,
    ICONS,
    LOST,
    grouped,
    place_between,
    weakest,
)
from viewers.panels.layers_tree import BADGE, EYE, GRADE, GROUP, ID, NAME, LayersTree
from viewers.panels.words import EmptyState, Retranslated, label
from viewers.theme import icon, pixmap

GROUP_MARK = "group:"
"""Before the key of a group, so that no layer's id is taken for it."""
ENABLED = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable


class LayersPanel(Retranslated, QWidget):
    """Shows the layers of a city in groups, what is drawn last on top; asks, keeps nothing.

    A group of one layer is shown as that layer alone.
    """

    asked = Signal(object)  # Edit
    visibility_asked = Signal(str, bool)
    group_visibility_asked = Signal(object, bool)  # ids of layers
    zoom_asked = Signal(str)
    style_asked = Signal(str)
    remove_asked = Signal(str)
    properties_asked = Signal(str)
    locate_asked = Signal(str)
    give_up_asked = Signal(str)
    open_asked = Signal()
    selected = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._city: City | None = None
        self._hidden: frozenset[str] = frozenset()
        self._grades: Mapping[str, str] = {}
        self._absent: tuple[AbsentLayer, ...] = ()
        self._closed: set[str] = {GROUP_MARK + key for key in CLOSED_AT_FIRST}
        self._structure: object = None
        self._tree = LayersTree(self)
        self._tree.moved.connect(self._ask_move)
        self._tree.toggled.connect(self._ask_row)
        self._tree.itemClicked.connect(self._clicked)
        self._tree.itemDoubleClicked.connect(self._double_clicked)
        self._tree.itemSelectionChanged.connect(self._show_opacity)
        self._tree.customContextMenuRequested.connect(self._menu)
        self._tree.renamed.connect(self._ask_name)
        self._tree.itemExpanded.connect(self._opened)
        self._tree.itemCollapsed.connect(self._shut)
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
        absent: Sequence[AbsentLayer] = (),
    ) -> None:
        """Show the layers of `city`, and those `absent` whose files were not found.

        `grades` are A … E per layer id, absent where not assessed.
        """
        known = {} if grades is None else dict(grades)
        same = city is self._city and hidden == self._hidden and known == self._grades
        if same and tuple(absent) == self._absent:
            return
        self._city, self._hidden = city, hidden
        self._grades, self._absent = known, tuple(absent)
        self._refill()

    def _refill(self) -> None:
        """Fill the rows anew; they are made anew only where others are needed."""
        layers = list(self._city.layers.values()) if self._city is not None else []
        groups = grouped(layers, self._absent)
        structure = [(key, [one.id for one in members]) for key, members in groups.items()]
        if structure != self._structure:
            self._structure = structure
            self._make_rows(structure)
        rows = {row.data(NAME, ID) or row.data(NAME, GROUP): row for row in self._tree.rows()}
        for key, members in groups.items():
            for one in members:
                if isinstance(one, Layer):
                    self._fill(rows[one.id], one)
                else:
                    self._fill_absent(rows[one.id], one)
            if len(members) > 1:
                self._fill_group(rows[GROUP_MARK + key], key, [one.id for one in members])
        self._stack.setCurrentIndex(1 if groups else 0)
        self._show_opacity()

    def _make_rows(self, structure: list[tuple[str, list[str]]]) -> None:
        chosen = self.current()
        self._tree.blockSignals(True)
        self._tree.clear()
        for key, ids in structure:
            parent: LayersTree | QTreeWidgetItem = self._tree
            if len(ids) > 1:
                parent = QTreeWidgetItem(self._tree)
                parent.setData(NAME, GROUP, GROUP_MARK + key)
                parent.setFlags(ENABLED)
            for name in ids:
                QTreeWidgetItem(parent).setData(NAME, ID, name)
            if isinstance(parent, QTreeWidgetItem):
                parent.setExpanded(GROUP_MARK + key not in self._closed)
        row = self._tree.row_of(chosen)
        if row is not None:
            self._tree.setCurrentItem(row)
        self._tree.blockSignals(False)

    def current(self) -> str:
        """Id of the chosen layer, "" for none, for a group, and for one not found."""
        item = self._tree.currentItem()
        name = str(item.data(NAME, ID) or "") if item is not None else ""
        return name if self._city is not None and name in self._city.layers else ""

    def choose(self, layer_id: str) -> None:
        """Choose the layer, as a click would."""
        row = self._tree.row_of(layer_id)
        if row is not None and row is not self._tree.currentItem():
            self._tree.setCurrentItem(row)

    def _fill(self, item: QTreeWidgetItem, layer: Layer) -> None:
        shown = layer.id not in self._hidden
        item.setText(NAME, layer.name)
        item.setIcon(NAME, icon(icon_of(layer)))
        grade = self._grades.get(layer.id, "")
        self._fill_sides(item, grade, shown=shown)
        item.setFlags(ENABLED | Qt.ItemFlag.ItemIsDragEnabled | Qt.ItemFlag.ItemIsEditable)
        source = f"\n{Path(layer.source.path).name}" if layer.source is not None else ""
        item.setToolTip(NAME, f"{layer.name}\n{kind_name(layer)} · {counted(layer)}{source}")

    def _fill_absent(self, item: QTreeWidgetItem, absent: AbsentLayer) -> None:
        item.setText(NAME, absent.name)
        item.setIcon(NAME, _warning())
        item.setFlags(ENABLED)
        item.setForeground(NAME, self.palette().placeholderText())
        lines = (absent.name, say(absent.why), say(absent.hint))
        item.setToolTip(NAME, "\n".join(line for line in lines if line))

    def _fill_group(self, item: QTreeWidgetItem, key: str, ids: list[str]) -> None:
        count = whole(len(ids))
        item.setText(NAME, f"{tr(GROUPS[key])}  ·  {count}")
        bold = self._tree.font()
        bold.setWeight(bold.Weight.DemiBold)
        item.setFont(NAME, bold)
        item.setIcon(NAME, _warning() if key == LOST else _quiet(ICONS.get(key, key)))
        item.setToolTip(NAME, f"{tr(GROUPS[key])}: {tr('{count} layers', count=count)}")
        if key == LOST:
            return
        shown = [name not in self._hidden for name in ids]
        self._fill_sides(item, weakest(self._grades, ids), shown=any(shown))
        if any(shown) and not all(shown):
            item.setIcon(EYE, _quiet("eye-part"))
            item.setToolTip(EYE, tr("Some are hidden: show all"))

    def _fill_sides(self, item: QTreeWidgetItem, grade: str, *, shown: bool) -> None:
        item.setData(BADGE, GRADE, grade)
        item.setToolTip(BADGE, tr("Data health: grade {grade}", grade=grade) if grade else "")
        item.setIcon(EYE, _quiet("eye" if shown else "eye-off"))
        item.setToolTip(EYE, tr("Hide") if shown else tr("Show"))
        colours = self.palette()
        item.setForeground(NAME, colours.text() if shown else colours.placeholderText())

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

    def _opened(self, item: QTreeWidgetItem) -> None:
        self._closed.discard(str(item.data(NAME, GROUP)))

    def _shut(self, item: QTreeWidgetItem) -> None:
        self._closed.add(str(item.data(NAME, GROUP)))

    def retranslate(self) -> None:
        self._empty.say(
            tr("No layers yet"), tr("Open files, or drop them anywhere in this window.")
        )
        self._opacity_word.setText(tr("Opacity"))
        self._tree.setAccessibleName(tr("Layers"))
        self._tree.setHeaderLabels([tr("Layer"), "", ""])
        self._refill()

    def restyle(self) -> None:
        self._refill()

    # -- ask --------------------------------------------------------------------------------

    def _ask_move(self, layer_id: str, above: str, below: str) -> None:
        if self._city is None or layer_id not in self._city.layers:
            return
        order = list(self._city.layers)
        index = place_between(order, layer_id, above, below)
        if order.index(layer_id) != index:
            self.asked.emit(MoveLayer(layer=layer_id, index=index))

    def _ask_row(self, item: QTreeWidgetItem) -> None:
        """Show or hide the layer or group of a row."""
        ids = self._ids_of(item)
        if item.data(NAME, GROUP):
            if ids:
                self.group_visibility_asked.emit(ids, any(one in self._hidden for one in ids))
        elif ids:
            self.visibility_asked.emit(ids[0], ids[0] in self._hidden)

    def _ids_of(self, item: QTreeWidgetItem) -> tuple[str, ...]:
        """Ids of the layers of a row, those not found left out."""
        rows = [item, *(item.child(i) for i in range(item.childCount()))]
        known = self._city.layers if self._city is not None else {}
        return tuple(str(r.data(NAME, ID)) for r in rows if r and r.data(NAME, ID) in known)

    def _ask_name(self, layer_id: str, name: str) -> None:
        if self._city is None or layer_id not in self._city.layers:
            return
        before = self._city.layers[layer_id].name
        if name.strip() and name.strip() != before:
            self.asked.emit(RenameLayer(layer=layer_id, name=name.strip()))
        # Where it was refused, the row says what the layer is called still.
        self._refill()

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
            self._ask_row(item)

    def _double_clicked(self, item: QTreeWidgetItem, column: int) -> None:
        if column != NAME:
            return
        if item.data(NAME, GROUP):
            item.setExpanded(not item.isExpanded())
        elif self._ids_of(item):
            self.zoom_asked.emit(str(item.data(NAME, ID)))
        else:
            self.locate_asked.emit(str(item.data(NAME, ID)))

    def _menu(self, where: QPoint) -> None:
        item = self._tree.itemAt(where)
        menu = QMenu(self)
        if item is None:
            menu.addAction(icon("open"), tr("Open files…"), self.open_asked.emit)
        elif item.data(NAME, GROUP):
            self._fill_group_menu(menu, item)
        elif self._ids_of(item):
            self._fill_layer_menu(menu, item)
        else:
            name = str(item.data(NAME, ID))
            menu.addAction(icon("search"), tr("Locate file…"), lambda: self.locate_asked.emit(name))
            menu.addAction(
                icon("remove"), tr("Give up the layer…"), lambda: self.give_up_asked.emit(name)
            )
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(self._tree.viewport().mapToGlobal(where))

    def _fill_group_menu(self, menu: QMenu, item: QTreeWidgetItem) -> None:
        ids = self._ids_of(item)
        for name, text, shown in (
            ("eye", tr("Show all"), True),
            ("eye-off", tr("Hide all"), False),
        ):
            action = menu.addAction(icon(name), text)
            action.triggered.connect(partial(self._show_group, ids, shown))
            action.setEnabled(any((one in self._hidden) == shown for one in ids))
        word = tr("Close the group") if item.isExpanded() else tr("Open the group")
        menu.addAction(word, lambda: item.setExpanded(not item.isExpanded()))

    def _show_group(self, ids: tuple[str, ...], shown: bool) -> None:
        self.group_visibility_asked.emit(ids, shown)

    def _fill_layer_menu(self, menu: QMenu, item: QTreeWidgetItem) -> None:
        layer_id = str(item.data(NAME, ID))
        for name, text, ask in (
            ("fly", tr("Zoom to"), self.zoom_asked),
            ("style", tr("Style…"), self.style_asked),
        ):
            menu.addAction(icon(name), text, lambda s=ask: s.emit(layer_id))
        shown = layer_id not in self._hidden
        menu.addAction(
            icon("eye-off" if shown else "eye"),
            tr("Hide") if shown else tr("Show"),
            lambda: self.visibility_asked.emit(layer_id, not shown),
        )
        menu.addAction(icon("rename"), tr("Rename"), lambda: self._tree.editItem(item, NAME))
        menu.addSeparator()
        menu.addAction(
            icon("properties"), tr("Properties…"), lambda: self.properties_asked.emit(layer_id)
        )
        menu.addSeparator()
        menu.addAction(icon("remove"), tr("Remove"), lambda: self.remove_asked.emit(layer_id))


def _quiet(name: str) -> QIcon:
    """An icon that stays grey where a row is open; the tree would show the one of a pressed button."""
    return QIcon(pixmap(name, 18, "muted"))


def _warning() -> QIcon:
    return QIcon(pixmap("warning", 18, "warning"))
