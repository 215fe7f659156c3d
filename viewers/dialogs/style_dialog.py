"""How a layer looks: by what, ramp or classes, colours, opacity, size, labels; with its legend."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import (
    QCheckBox,
    QColorDialog,
    QComboBox,
    QDoubleSpinBox,
    QFormLayout,
    QFrame,
    QHBoxLayout,
    QLayout,
    QScrollArea,
    QSlider,
    QVBoxLayout,
    QWidget,
)

from layers.kinds.layer import Layer
from twin.style import Style
from viewers.dialogs.frame import Dialog
from viewers.dialogs.style_choices import (
    BY,
    GRADIENT,
    PALETTES,
    RAMPS,
    choices,
    gradient,
    has_lines,
    swatches,
)
from viewers.dialogs.style_fields import ClassesField, ColourField, LabelsField
from viewers.i18n import number, tr
from viewers.panels.legend_panel import LegendView
from viewers.panels.words import clear, field_label, label, padded
from viewers.scene.colouring import NO_VALUE, OTHERS, hex_of
from viewers.scene.legend import Legend, LegendEntry
from viewers.scene.ramps import UNKNOWN

LegendOf = Callable[[Layer, Style], Legend | None]
NEUTRAL = "#ded5c5"
LEGEND_HIGH = 232


class StyleDialog(Dialog):
    """Returns `style_chosen()` when accepted; draws the legend as it will be."""

    def __init__(
        self, layer: Layer, style: Style, legend_of: LegendOf, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._layer, self._style, self._legend_of = layer, style, legend_of
        self._shown: Legend | None = None
        self._by = QComboBox()
        self._by_names = choices(layer)
        if style.color_by not in self._by_names:
            self._by_names.append(style.color_by)
        self._plain = ColourField(NEUTRAL)
        self._ramp, self._palette = QComboBox(), QComboBox()
        for box in (self._ramp, self._palette):
            box.setIconSize(GRADIENT)
        self._reverse, self._own = QCheckBox(), QCheckBox()
        self._classes = ClassesField()
        self._low, self._high = padded(QDoubleSpinBox()), padded(QDoubleSpinBox())
        for spin in (self._low, self._high):
            spin.setRange(-1e9, 1e9)
            spin.setDecimals(2)
        self._no_value = ColourField(hex_of(UNKNOWN))
        self._opacity = QSlider(Qt.Orientation.Horizontal)
        self._opacity.setRange(0, 100)
        self._opacity_value = label("muted")
        self._opacity_value.setMinimumWidth(44)
        self._size = padded(QDoubleSpinBox())
        self._size.setRange(0, 50)
        self._size.setSingleStep(0.5)
        self._labels = LabelsField(layer)
        self._own_colors = dict(style.colors)
        self._words = [field_label() for _ in range(10)]
        self._legend_box = QScrollArea()
        self._own_colours = label("muted", wrap=True)
        self._legend = QVBoxLayout()
        self._lay_out()
        self.retranslate()
        self._show(style)
        self._connect()
        self._update()

    def _lay_out(self) -> None:
        fields: tuple[QWidget | QLayout, ...] = (
            self._by,
            self._plain,
            _row(self._ramp, self._reverse),
            self._classes,
            _row(self._own, self._low, self._high),
            self._palette,
            self._no_value,
            _row(self._opacity, self._opacity_value),
            self._size,
            self._labels,
        )
        self._form = QFormLayout()
        self._form.setLabelAlignment(Qt.AlignmentFlag.AlignVCenter)
        self._form.setSpacing(11)
        self._form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        for word, field in zip(self._words, fields, strict=True):
            self._form.addRow(word, field)
        page = QFrame()
        page.setObjectName("note")
        page.setLayout(self._legend)
        self._legend.setContentsMargins(12, 10, 12, 10)
        self._legend_box.setWidget(page)
        self._legend_box.setWidgetResizable(True)
        self._legend_box.setFrameShape(QFrame.Shape.NoFrame)
        self._legend_box.setObjectName("bare")
        self._legend_box.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.body.addLayout(self._form)
        self.body.addWidget(self._own_colours)
        self.body.addWidget(self._legend_box)
        self.body.addStretch(1)
        self.setMinimumWidth(460)

    def _connect(self) -> None:
        for box in (self._by, self._ramp, self._palette):
            box.activated.connect(self._update)
        for check in (self._own, self._reverse):
            check.clicked.connect(self._update)
        for spin in (self._low, self._high):
            spin.editingFinished.connect(self._update)
        for field in (self._plain, self._no_value):
            field.changed.connect(self._update)
        self._classes.changed.connect(self._update)
        self._opacity.valueChanged.connect(self._update)

    def _show(self, style: Style) -> None:
        self._by.setCurrentIndex(self._by.findData(style.color_by))
        self._ramp.setCurrentIndex(max(self._ramp.findData(style.ramp), 0))
        self._palette.setCurrentIndex(max(self._palette.findData(style.palette), 0))
        self._reverse.setChecked(style.reverse)
        self._classes.show_way(style.classing, style.classes)
        self._classes.show_breaks(style.breaks)
        self._own.setChecked(style.low is not None or style.high is not None)
        self._low.setValue(style.low if style.low is not None else 0.0)
        self._high.setValue(style.high if style.high is not None else 30.0)
        self._plain.show_color(style.color)
        self._no_value.show_color(style.no_value)
        self._opacity.setValue(round(100 * style.opacity))
        self._size.setValue(style.size)
        self._labels.show_labels(style.label_by, style.label_rank, style.label_size)

    def style_chosen(self) -> Style:
        """The style as chosen."""
        own = self._own.isChecked() and self._low.value() < self._high.value()
        classes = self._classes
        return msgspec.structs.replace(
            self._style,
            color=self._plain.color,
            color_by=str(self._by.currentData()),
            ramp=self._ramp.currentData(),
            reverse=self._reverse.isChecked(),
            low=self._low.value() if own else None,
            high=self._high.value() if own else None,
            classing=classes.look,
            classes=classes.count.value(),
            breaks=classes.breaks if classes.look == "manual" else (),
            palette=self._palette.currentData(),
            colors=tuple(self._own_colors.items()),
            no_value=self._no_value.color,
            opacity=self._opacity.value() / 100,
            size=self._size.value(),
            label_by=str(self._labels.by.currentData() or ""),
            label_rank=str(self._labels.rank.currentData() or ""),
            label_size=self._labels.pixels.value(),
        )

    def _update(self) -> None:
        classes = self._classes
        scale = self._shown.scale if self._shown is not None else None
        if classes.look == "manual" and not classes.breaks and scale is not None:
            # Own limits begin where the last ones were; of a ramp, at round parts of it.
            quarters = [scale.low + (scale.high - scale.low) * k / 4 for k in (1, 2, 3)]
            classes.show_breaks(scale.inner or tuple(float(f"{one:.2g}") for one in quarters))
        style = self.style_chosen()
        legend = self._legend_of(self._layer, style)
        self._show_rows(style, legend)
        self._opacity_value.setText(f"{number(100 * style.opacity)} %")
        self._show_legend(legend)
        self._own_colours.setVisible(style.color_by == "rgb")

    def _show_rows(self, style: Style, legend: Legend | None) -> None:
        numbers = legend is not None and legend.scale is not None
        texts = legend is not None and not numbers and style.color_by not in ("class", "intensity")
        ends = numbers and style.classing in ("", "equal")
        shown = (
            True,
            style.color_by == "",
            numbers,
            numbers,
            ends,
            texts,
            numbers or texts,
            True,
            self._layer.kind == "points" or has_lines(self._layer),
            self._labels.possible,
        )
        for row, there in enumerate(shown):
            self._form.setRowVisible(row, there)
        for box in (self._low, self._high):
            box.setEnabled(self._own.isChecked())

    def _show_legend(self, legend: Legend | None) -> None:
        self._shown = legend
        clear(self._legend)
        self._legend_box.setVisible(legend is not None)
        if legend is None:
            return
        view = LegendView(legend)
        if legend.scale is None and self._palette.isVisibleTo(self):
            view.clicked.connect(self._ask_color)
            view.setToolTip(tr("Click a colour to choose another"))
        self._legend.addWidget(view)
        tall = view.sizeHint().height() + 24
        self._legend_box.setFixedHeight(min(tall, LEGEND_HIGH))

    def _ask_color(self, entry: LegendEntry) -> None:
        """Another colour for one category."""
        if entry.label in (OTHERS, NO_VALUE):
            return
        chosen = QColorDialog.getColor(QColor(entry.color), self)
        if chosen.isValid():
            self._own_colors[entry.label] = chosen.name()
            self._update()

    def retranslate(self) -> None:
        self.say_frame(tr("Style of “{name}”", name=self._layer.name), tr("Apply"))
        words = (
            tr("Colour by"),
            tr("Colour"),
            tr("Ramp"),
            tr("Classes"),
            tr("Ends"),
            tr("Palette"),
            tr("No value"),
            tr("Opacity"),
            tr("Line width, m") if self._layer.kind == "features" else tr("Point size, px"),
            tr("Labels"),
        )
        for word, text in zip(self._words, words, strict=True):
            word.setText(text)
        chosen = [box.currentData() for box in (self._by, self._ramp, self._palette)]
        for box in (self._by, self._ramp, self._palette):
            box.clear()
        for name in self._by_names:
            self._by.addItem(tr(BY[name]) if name in BY else name, name)
        for ramp, said in RAMPS.items():
            self._ramp.addItem(gradient(ramp), tr(said), ramp)
        for colours, said in PALETTES.items():
            self._palette.addItem(swatches(colours), tr(said), colours)
        for box, data in zip((self._by, self._ramp, self._palette), chosen, strict=True):
            if data is not None:
                box.setCurrentIndex(box.findData(data))
        self._classes.retranslate()
        self._labels.retranslate()
        self._own_colours.setText(tr("Each point has the colour it was scanned with."))
        for field in (self._plain, self._no_value):
            field.pick.setText(tr("Choose…"))
        self._plain.plain.setText(tr("Own of the kind"))
        self._no_value.plain.setText(tr("Grey"))
        self._own.setText(tr("Fixed"))
        self._reverse.setText(tr("Reversed"))
        self._size.setSpecialValueText(tr("Own of the kind"))


def _row(*parts: QWidget) -> QHBoxLayout:
    made = QHBoxLayout()
    for part in parts:
        made.addWidget(part, 0 if isinstance(part, (QCheckBox,)) or part.objectName() else 1)
    return made
