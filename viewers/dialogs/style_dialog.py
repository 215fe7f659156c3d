"""How a layer looks: plain or by an attribute, ramp, ends, opacity, size; with its legend."""

from __future__ import annotations

from collections.abc import Callable
from typing import get_args

import msgspec
from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QColor, QIcon, QPainter, QPixmap
from PySide6.QtWidgets import (
    QCheckBox,
    QColorDialog,
    QComboBox,
    QDoubleSpinBox,
    QFormLayout,
    QFrame,
    QHBoxLayout,
    QPushButton,
    QSlider,
    QVBoxLayout,
    QWidget,
)

from layers.kinds.buildings import BuildingsLayer
from layers.kinds.features import FeatureLayer
from layers.kinds.layer import Layer
from layers.kinds.pointcloud import PointCloudLayer
from twin.style import Ramp, Style
from viewers.dialogs.frame import Dialog
from viewers.i18n import mark, number, tr
from viewers.panels.legend_panel import LegendView, Swatch
from viewers.panels.words import field_label, label
from viewers.scene.legend import Legend
from viewers.scene.ramps import table

LegendOf = Callable[[Layer, Style], Legend | None]

BY = {
    "": mark("One colour"),
    "height": mark("Height"),
    "use": mark("Use"),
    "method": mark("How the height was found"),
    "floors": mark("Floors"),
    "rmse": mark("Error of the roof"),
    "class": mark("Class"),
    "intensity": mark("Intensity"),
    "rgb": mark("Colour of the scan"),
}
RAMPS = {
    "calm": mark("Calm"),
    "viridis": "Viridis",
    "cividis": "Cividis",
    "terrain": mark("Terrain"),
    "blues": mark("Blues"),
    "oranges": mark("Oranges"),
    "grey": mark("Greys"),
}
COLUMNS_MAX = 60
GRADIENT = (72, 12)
SAMPLE = 1000


def choices(layer: Layer) -> list[str]:
    """What a layer can be coloured by: its kind's own first, then its attributes."""
    if isinstance(layer, BuildingsLayer):
        return ["", "height", "use", "method", "floors", "rmse", *list(layer.columns)[:COLUMNS_MAX]]
    if isinstance(layer, PointCloudLayer):
        has = {
            "class": layer.classification is not None,
            "height": True,
            "intensity": layer.intensity is not None,
            "rgb": layer.rgb is not None,
        }
        return ["", *(name for name, there in has.items() if there)]
    if isinstance(layer, FeatureLayer):
        return ["", *list(layer.columns)[:COLUMNS_MAX]]
    return [""] if layer.kind == "imagery" else ["", "height"]


class StyleDialog(Dialog):
    """Returns `style()` when accepted; draws the legend as it will be."""

    def __init__(
        self, layer: Layer, style: Style, legend_of: LegendOf, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._layer, self._style, self._legend_of = layer, style, legend_of
        self._color = style.color
        self._by = QComboBox()
        self._by_names = choices(layer)
        if style.color_by not in self._by_names:
            self._by_names.append(style.color_by)
        self._swatch = Swatch(style.color or "#ded5c5")
        self._pick = QPushButton()
        self._plain = QPushButton()
        self._ramp = QComboBox()
        self._ramp.setIconSize(QSize(*GRADIENT))
        self._own = QCheckBox()
        self._low, self._high = QDoubleSpinBox(), QDoubleSpinBox()
        for box in (self._low, self._high):
            box.setRange(-1e9, 1e9)
            box.setDecimals(2)
        self._opacity = QSlider(Qt.Orientation.Horizontal)
        self._opacity.setRange(0, 100)
        self._opacity_value = label("muted")
        self._opacity_value.setMinimumWidth(44)
        self._size = QDoubleSpinBox()
        self._size.setRange(0, 50)
        self._size.setSingleStep(0.5)
        self._words = [field_label() for _ in range(6)]
        self._legend_box = QFrame()
        self._legend_box.setObjectName("note")
        self._legend = QVBoxLayout(self._legend_box)
        self._legend.setContentsMargins(12, 10, 12, 10)
        self._own_colours = label("muted", wrap=True)
        self._lay_out()
        self.retranslate()
        self._show(style)
        self._connect()
        self._update()

    def _lay_out(self) -> None:
        colour = QHBoxLayout()
        colour.addWidget(self._swatch)
        colour.addWidget(self._pick)
        colour.addWidget(self._plain)
        colour.addStretch(1)
        ends = QHBoxLayout()
        ends.addWidget(self._own)
        ends.addWidget(self._low, 1)
        ends.addWidget(self._high, 1)
        opacity = QHBoxLayout()
        opacity.addWidget(self._opacity, 1)
        opacity.addWidget(self._opacity_value)
        self._form = QFormLayout()
        self._form.setLabelAlignment(Qt.AlignmentFlag.AlignVCenter)
        self._form.setLabelAlignment(Qt.AlignmentFlag.AlignVCenter)
        self._form.setSpacing(11)
        self._form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        fields = (self._by, colour, self._ramp, ends, opacity, self._size)
        for word, field in zip(self._words, fields, strict=True):
            self._form.addRow(word, field)  # type: ignore[arg-type]
        self.body.addLayout(self._form)
        self.body.addWidget(self._own_colours)
        self.body.addWidget(self._legend_box)
        self.body.addStretch(1)
        self.setMinimumWidth(440)

    def _connect(self) -> None:
        self._by.activated.connect(self._update)
        self._ramp.activated.connect(self._update)
        self._own.clicked.connect(self._update)
        self._low.editingFinished.connect(self._update)
        self._high.editingFinished.connect(self._update)
        self._opacity.valueChanged.connect(self._update)
        self._pick.clicked.connect(self._pick_color)
        self._plain.clicked.connect(self._forget_color)

    def _show(self, style: Style) -> None:
        self._by.setCurrentIndex(self._by.findData(style.color_by))
        self._ramp.setCurrentIndex(max(self._ramp.findData(style.ramp), 0))
        self._own.setChecked(style.low is not None or style.high is not None)
        self._low.setValue(style.low if style.low is not None else 0.0)
        self._high.setValue(style.high if style.high is not None else 30.0)
        self._opacity.setValue(round(100 * style.opacity))
        self._size.setValue(style.size)

    def style_chosen(self) -> Style:
        """The style as chosen."""
        own = self._own.isChecked() and self._low.value() < self._high.value()
        return msgspec.structs.replace(
            self._style,
            color=self._color,
            color_by=str(self._by.currentData()),
            ramp=self._ramp.currentData(),
            low=self._low.value() if own else None,
            high=self._high.value() if own else None,
            opacity=self._opacity.value() / 100,
            size=self._size.value(),
        )

    def _update(self) -> None:
        style = self.style_chosen()
        legend = self._legend_of(self._layer, style)
        plain, ramp = style.color_by == "", legend is not None and bool(legend.ramp)
        # Intensity has one ramp of its own: strong echoes are light.
        ramp = ramp and style.color_by != "intensity"
        sized = self._layer.kind == "points" or has_lines(self._layer)
        for row, shown in enumerate((True, plain, ramp, ramp, True, sized)):
            self._form.setRowVisible(row, shown)
        for box in (self._low, self._high):
            box.setEnabled(self._own.isChecked())
        self._opacity_value.setText(f"{number(100 * style.opacity)} %")
        while self._legend.count():
            widget = self._legend.takeAt(0).widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        self._legend_box.setVisible(legend is not None)
        if legend is not None:
            self._legend.addWidget(LegendView(legend))
        self._own_colours.setVisible(style.color_by == "rgb")
        self._plain.setEnabled(bool(self._color))

    def _pick_color(self) -> None:
        chosen = QColorDialog.getColor(QColor(self._color or "#ded5c5"), self)
        if chosen.isValid():
            self._color = chosen.name()
            self._swatch.show_color(self._color)
            self._update()

    def _forget_color(self) -> None:
        self._color = ""
        self._swatch.show_color("#ded5c5")
        self._update()

    def retranslate(self) -> None:
        self.say_frame(tr("Style of “{name}”", name=self._layer.name), tr("Apply"))
        words = (
            tr("Colour by"),
            tr("Colour"),
            tr("Ramp"),
            tr("Ends"),
            tr("Opacity"),
            tr("Line width, m") if self._layer.kind == "features" else tr("Point size, px"),
        )
        for word, text in zip(self._words, words, strict=True):
            word.setText(text)
        chosen_by, chosen_ramp = self._by.currentData(), self._ramp.currentData()
        self._by.clear()
        for name in self._by_names:
            self._by.addItem(tr(BY[name]) if name in BY else name, name)
        self._ramp.clear()
        for ramp in get_args(Ramp):
            self._ramp.addItem(gradient(ramp), tr(RAMPS[ramp]), ramp)
        if chosen_by is not None:
            self._by.setCurrentIndex(self._by.findData(chosen_by))
            self._ramp.setCurrentIndex(self._ramp.findData(chosen_ramp))
        self._own_colours.setText(tr("Each point has the colour it was scanned with."))
        self._pick.setText(tr("Choose…"))
        self._plain.setText(tr("Own of the kind"))
        self._own.setText(tr("Fixed"))
        self._size.setSpecialValueText(tr("Own of the kind"))


def has_lines(layer: Layer) -> bool:
    """Whether a width in metres means something: features that are lines."""
    if not isinstance(layer, FeatureLayer) or not layer.count:
        return False
    import shapely

    return bool((shapely.get_dimensions(layer.geometry[:SAMPLE]) == 1).any())


def gradient(ramp: Ramp) -> QIcon:
    """A ramp as a strip of its colours."""
    colours = table(ramp)
    strip = QPixmap(*GRADIENT)
    painter = QPainter(strip)
    for x in range(strip.width()):
        red, green, blue = (int(v) for v in colours[x * 255 // (strip.width() - 1)])
        painter.fillRect(x, 0, 1, strip.height(), QColor(red, green, blue))
    painter.end()
    return QIcon(strip)
