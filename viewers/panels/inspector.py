"""What is selected: its attributes, how it was found, how sure it is, and what can be changed."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent, QKeySequence
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QDoubleSpinBox,
    QFormLayout,
    QFrame,
    QHBoxLayout,
    QHeaderView,
    QLineEdit,
    QScrollArea,
    QSpinBox,
    QStackedWidget,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from layers.kinds.buildings import BuildingsLayer
from layers.kinds.layer import Layer
from layers.kinds.pointcloud import PointCloudLayer
from twin.city import Building, City
from twin.edits.registry import SetBuildingFloors, SetBuildingHeight, SetBuildingUse
from viewers.i18n import language, locale, said_notice, tr
from viewers.panels.badge import Badge
from viewers.panels.facts import Facts, facts_of
from viewers.panels.kinds import USES
from viewers.panels.long_label import LongLabel
from viewers.panels.many_facts import count_of, facts_of_many
from viewers.panels.words import EmptyState, Retranslated, field_label, label, padded
from viewers.view_state import Picked, Rows

NOTICES_MAX = 4
SUMS_AT_ONCE = 50_000
"""Things that are summed up without leaving the window's thread."""


class Inspector(Retranslated, QWidget):
    """Shows one picked thing; asks for edits of a building."""

    asked = Signal(object)  # Edit
    sums_asked = Signal(object, object)  # City, Rows

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._city: City | None = None
        self._many: tuple[City, Rows, str, Facts] | None = None
        self._picked: Picked | None = None
        self._grade = ""
        self._building: Building | None = None
        self._empty = EmptyState()
        self._stack = QStackedWidget()
        self._stack.addWidget(self._empty)
        self._stack.addWidget(self._make_page())
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._stack)
        self.retranslate()

    def _make_page(self) -> QWidget:
        page = QWidget()
        page.setObjectName("page")
        self._title = LongLabel("heading")
        self._kind = label("muted")
        self._badge = Badge()
        head = QHBoxLayout()
        head.addWidget(self._title, 1)
        head.addWidget(self._badge, 0, Qt.AlignmentFlag.AlignTop)
        self._form_box = self._make_form()
        self._measured_word, self._attributes_word = label("section"), label("section")
        self._measured, self._attributes = _Table(), _Table()
        self._source_word, self._source = label("section"), label("muted", wrap=True)
        self._notices = label("muted", wrap=True)
        self._notice_box = QFrame()
        self._notice_box.setObjectName("warn")
        QVBoxLayout(self._notice_box).addWidget(self._notices)
        column = QVBoxLayout(page)
        column.setContentsMargins(14, 12, 14, 14)
        column.setSpacing(6)
        column.addLayout(head)
        column.addWidget(self._kind)
        for part in (
            self._form_box,
            self._measured_word,
            self._measured,
            self._attributes_word,
            self._attributes,
            self._source_word,
            self._source,
            self._notice_box,
        ):
            column.addWidget(part)
        column.addStretch(1)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(page)
        return scroll

    def _make_form(self) -> QFrame:
        box = QFrame()
        box.setObjectName("note")
        self._height = padded(QDoubleSpinBox())
        self._height.setRange(0.1, 1000.0)
        self._height.setDecimals(2)
        self._height.setSuffix(" m")
        self._floors = padded(QSpinBox())
        self._floors.setRange(0, 250)
        self._use = QComboBox()
        self._use_line = QLineEdit()
        self._use.setLineEdit(self._use_line)
        self._use.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        for field in (self._height, self._floors):
            field.setKeyboardTracking(False)
        self._height.editingFinished.connect(self._ask_height)
        self._floors.editingFinished.connect(self._ask_floors)
        self._use_line.editingFinished.connect(self._ask_use)
        self._use.activated.connect(self._ask_use)
        # A spin box hands keys to its line itself, past the line's filters; a combo box does not.
        self._lines: dict[QWidget, QLineEdit] = {
            self._height: self._height.lineEdit(),
            self._floors: self._floors.lineEdit(),
            self._use_line: self._use_line,
        }
        for editor in self._lines:
            editor.installEventFilter(self)
        self._words = [field_label("muted") for _ in range(3)]
        form = QFormLayout(box)
        form.setLabelAlignment(Qt.AlignmentFlag.AlignVCenter)
        form.setContentsMargins(10, 10, 10, 10)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        fields: tuple[QWidget, ...] = (self._height, self._floors, self._use)
        for word, editor in zip(self._words, fields, strict=True):
            word.setBuddy(editor)
            form.addRow(word, editor)
        return box

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Ctrl+Z in a field that was not typed in since belongs to the plan, not to the field."""
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            undoes = event.matches(QKeySequence.StandardKey.Undo)
            redoes = event.matches(QKeySequence.StandardKey.Redo)
            typed = any(one is watched and line.isModified() for one, line in self._lines.items())
            if (undoes or redoes) and not typed:
                event.ignore()
                return True
        return super().eventFilter(watched, event)

    # -- show -------------------------------------------------------------------------------

    def show_picked(self, city: City | None, picked: Picked | None, grade: str = "") -> None:
        """Show the picked thing as it stands in `city`, or the empty state."""
        self._city, self._picked, self._grade = city, picked, grade
        facts = facts_of(city, picked) if city is not None and picked is not None else None
        self._stack.setCurrentIndex(0 if facts is None else 1)
        self._building = None
        if facts is None or city is None or picked is None:
            return
        layer = city.layers[picked.layer]
        self._show_facts(facts, layer)
        self._form_box.setVisible(isinstance(layer, BuildingsLayer))
        if isinstance(layer, BuildingsLayer):
            self._show_building(city.building_at(layer.id, picked.row))

    def show_many(self, city: City | None, rows: Rows) -> bool:
        """Show counts and sums of `rows`; False where there are not several.

        Sums of very many are asked for with `sums_asked`, and come through `show_sums`.
        """
        if city is None or rows.count < 2:
            self._many = None
            return False
        asked = (city, rows, language())
        if self._many is None or self._many[:3] != asked:
            points = any(isinstance(city.layers.get(k), PointCloudLayer) for k in rows)
            if rows.count > SUMS_AT_ONCE or points:  # points may have to be read first
                waiting = Facts(title=count_of(rows), kind=tr("Summing up…"))
                self._many = (*asked, waiting)
                self.sums_asked.emit(city, rows)
            else:
                self._many = (*asked, facts_of_many(city, rows))
        self._city, self._picked, self._building = city, None, None
        self._show_sums(self._many[3])
        return True

    def show_sums(self, city: City, rows: Rows, facts: Facts) -> None:
        """Take the sums that were asked for; late ones are dropped."""
        if self._many is not None and self._many[0] is city and self._many[1] == rows:
            self._many = (*self._many[:3], facts)
            self._show_sums(facts)

    def _show_sums(self, facts: Facts) -> None:
        self._stack.setCurrentIndex(1)
        self._form_box.hide()
        self._badge.hide()
        self._title.setText(facts.title)
        self._kind.setText(facts.kind)
        self._measured.show_rows(facts.measured)
        self._attributes.show_rows(facts.attributes)
        self._attributes_word.setVisible(bool(facts.attributes))
        for part in (self._source_word, self._source, self._notice_box):
            part.hide()

    def _show_facts(self, facts: Facts, layer: Layer) -> None:
        self._title.setText(facts.title)
        self._kind.setText(f"{facts.kind} · {layer.name}")
        self._badge.show_grade(self._grade)
        self._badge.setVisible(bool(self._grade))
        self._measured.show_rows(facts.measured)
        self._attributes.show_rows(facts.attributes)
        self._attributes_word.setVisible(bool(facts.attributes))
        self._source_word.show()
        self._source.show()
        self._source.setText(_source_words(layer))
        lines = []
        for notice in layer.notices[:NOTICES_MAX]:
            what, hint = said_notice(notice)
            lines.append(f"{what} {hint}".strip())
        self._notices.setText("\n\n".join(lines))
        self._notice_box.setVisible(bool(lines))

    def _show_building(self, building: Building) -> None:
        self._building = building
        self._height.setValue(building.height)
        self._floors.setValue(building.floors)
        known = {tr(use): use for use in USES}
        self._use.clear()
        for word, use in known.items():
            self._use.addItem(word, use)
        self._use.setEditText(tr(building.use) if building.use in USES else building.use)
        for line in self._lines.values():
            line.setModified(False)
        for shown, name in zip(self._words, ("height", "floors", "use"), strict=True):
            shown.setObjectName("value" if name in building.changed else "muted")
            shown.style().polish(shown)

    def retranslate(self) -> None:
        self._empty.say(
            tr("Nothing selected"), tr("Click a building, a road, a tree or a point in the view.")
        )
        for word, text in zip(self._words, (tr("Height"), tr("Floors"), tr("Use")), strict=True):
            word.setText(text)
        self._floors.setSpecialValueText(tr("unknown"))
        self._use_line.setPlaceholderText(tr("unknown"))
        self._height.setLocale(locale())
        self._height.setToolTip(tr("Type a height and press Enter"))
        self._measured_word.setText(tr("Measured"))
        self._attributes_word.setText(tr("Attributes"))
        self._source_word.setText(tr("Source"))
        if self._many is None or not self.show_many(*self._many[:2]):
            self.show_picked(self._city, self._picked, self._grade)

    # -- ask --------------------------------------------------------------------------------

    def _ask_height(self) -> None:
        shown = self._building
        if shown is None:
            return
        value = self._height.value()
        if abs(value - round(shown.height, 2)) >= 0.005:
            edit = SetBuildingHeight(layer=shown.layer, building=shown.id, height=value)
            self.asked.emit(edit)

    def _ask_floors(self) -> None:
        shown = self._building
        if shown is not None and self._floors.value() != shown.floors:
            edit = SetBuildingFloors(
                layer=shown.layer, building=shown.id, floors=self._floors.value()
            )
            self.asked.emit(edit)

    def _ask_use(self) -> None:
        shown = self._building
        if shown is None:
            return
        text = self._use.currentText().strip()
        use = {tr(use): use for use in USES}.get(text, text)
        if use != shown.use:
            self.asked.emit(SetBuildingUse(layer=shown.layer, building=shown.id, use=use))


class _Table(QTableWidget):
    """Two columns as high as their rows; the page scrolls, not the table."""

    def __init__(self) -> None:
        super().__init__(0, 2)
        self.horizontalHeader().hide()
        self.verticalHeader().hide()
        self.setShowGrid(False)
        self.setAlternatingRowColors(True)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWordWrap(False)
        header = self.horizontalHeader()
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Interactive)
        header.setSectionResizeMode(1, QHeaderView.ResizeMode.Stretch)
        self.verticalHeader().setDefaultSectionSize(25)

    def show_rows(self, rows: tuple[tuple[str, str], ...]) -> None:
        """Show (name, value) pairs; the whole value is in the tooltip."""
        self.setRowCount(len(rows))
        for row, pair in enumerate(rows):
            for column, text in enumerate(pair):
                item = QTableWidgetItem(text)
                item.setToolTip(text)
                if column == 0:
                    item.setForeground(self.palette().placeholderText())
                self.setItem(row, column, item)
        self.resizeColumnToContents(0)
        self.setColumnWidth(0, min(max(self.columnWidth(0), 90), 138))
        self.setFixedHeight(sum(self.rowHeight(row) for row in range(len(rows))) + 2)
        self.setVisible(bool(rows))


def _source_words(layer: Layer) -> str:
    source = layer.source
    if source is None:
        return tr("Not stated")
    name = Path(source.path).name + (f" · {source.layer}" if source.layer else "")
    parts = [name, source.driver, source.date, source.attribution, source.licence]
    return "\n".join(part for part in parts if part)
