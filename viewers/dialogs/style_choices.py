"""What a style can be chosen from: attributes, ramps, palettes, classes, with words and pictures."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QIcon, QPainter, QPixmap

from layers.kinds.buildings import BuildingsLayer
from layers.kinds.features import FeatureLayer
from layers.kinds.layer import Layer
from layers.kinds.pointcloud import PointCloudLayer
from twin.style import Look, Palette, Ramp
from viewers.i18n import mark
from viewers.scene.ramps import palette, table

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
RAMPS: dict[Ramp, str] = {
    "calm": mark("Calm"),
    "viridis": "Viridis",
    "cividis": "Cividis",
    "batlow": "Batlow",
    "magma": "Magma",
    "terrain": mark("Terrain"),
    "blues": mark("Blues"),
    "oranges": mark("Oranges"),
    "grey": mark("Greys"),
    "vik": mark("Two ends"),
}
PALETTES: dict[Palette, str] = {
    "calm": mark("Calm"),
    "okabe": "Okabe–Ito",
    "tol": "Tol",
}
CLASSINGS: dict[Look, str] = {
    "": mark("Continuous"),
    "equal": mark("Equal intervals"),
    "quantile": mark("Equal counts"),
    "natural": mark("Natural breaks"),
    "deviation": mark("Standard deviation"),
    "manual": mark("Own limits"),
}
COLUMNS_MAX = 60
GRADIENT = QSize(72, 12)
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


def label_choices(layer: Layer) -> list[str]:
    """Attributes that can be written beside things: of features and buildings."""
    if isinstance(layer, (FeatureLayer, BuildingsLayer)):
        return list(layer.columns)[:COLUMNS_MAX]
    return []


def rank_choices(layer: Layer) -> list[str]:
    """Attributes of numbers: what is more important has the larger one."""
    if isinstance(layer, (FeatureLayer, BuildingsLayer)):
        return [k for k in label_choices(layer) if layer.columns[k].dtype.kind in "iuf"]
    return []


def has_lines(layer: Layer) -> bool:
    """Whether a width in metres means something: features that are lines."""
    if not isinstance(layer, FeatureLayer) or not layer.count:
        return False
    import shapely

    return bool((shapely.get_dimensions(layer.geometry[:SAMPLE]) == 1).any())


def gradient(ramp: Ramp, *, reverse: bool = False) -> QIcon:
    """A ramp as a strip of its colours."""
    colours = table(ramp, reverse)
    strip = QPixmap(GRADIENT)
    painter = QPainter(strip)
    for x in range(strip.width()):
        red, green, blue = (int(v) for v in colours[x * 255 // (strip.width() - 1)])
        painter.fillRect(x, 0, 1, strip.height(), QColor(red, green, blue))
    painter.end()
    return QIcon(strip)


def swatches(name: Palette) -> QIcon:
    """The first colours of a palette side by side."""
    colours = palette(name)[:7]
    strip = QPixmap(GRADIENT)
    strip.fill(Qt.GlobalColor.transparent)
    painter = QPainter(strip)
    wide = GRADIENT.width() / len(colours)
    for index, colour in enumerate(colours):
        painter.fillRect(QRectF(index * wide, 0, wide - 1, GRADIENT.height()), QColor(colour))
    painter.end()
    return QIcon(strip)
