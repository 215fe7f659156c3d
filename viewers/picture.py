"""A picture of the view as a file: legend, scale and north arrow drawn over it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QIODevice, QPointF, QRectF, Qt
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontMetricsF,
    QImage,
    QLinearGradient,
    QPainter,
    QPen,
    QPolygonF,
)

from layers.atomic import atomic
from layers.kinds.layer import Layer
from layers.writers.png import PngRows
from viewers.i18n import number, say, tr
from viewers.legends import said_entry
from viewers.scene.legend import Legend
from viewers.theme import font
from viewers.view_state import CameraPose

Pixels = NDArray[np.uint8]
INK, PAPER = QColor("#17262e"), QColor(255, 255, 255, 225)
ENTRIES_MAX = 14


def image_of(pixels: Pixels) -> QImage:
    """uint8 (height, width, 3) as an image with its own memory."""
    height, width, _ = pixels.shape
    data = np.ascontiguousarray(pixels)
    return QImage(data.data, width, height, 3 * width, QImage.Format.Format_RGB888).copy()


def write_image(
    image: QImage, where: str | QIODevice, kind: Literal["PNG", "JPEG"], quality: int = -1
) -> bool:
    """Write an image as `kind`, `quality` up to 100; whether it could be."""
    # PySide6 says the format were bytes, and takes nothing but str.
    return image.save(where, kind, quality)  # type: ignore[call-overload, no-any-return]


@dataclass(frozen=True, slots=True, kw_only=True)
class Furniture:
    """What goes over a picture; "" and () for what does not.

    Attributes
    ----------
    legends : (name of the layer, legend), top layer first
    pose : where it was looked at from, for scale bar and north arrow
    scale, north : whether they are drawn
    title : over the picture, top left
    sources : attributions and licences, along the lower edge
    """

    legends: tuple[tuple[str, Legend], ...] = ()
    pose: CameraPose | None = None
    scale: bool = False
    north: bool = False
    title: str = ""
    sources: str = ""

    def paint(self, painter: QPainter, size: tuple[int, int]) -> None:
        """Draw it over a picture of `size` pixels; the painter's origin is its upper left corner."""
        width, height = size
        unit = max(min(width, height) / 1080, 0.5)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        chosen = font()
        chosen.setPixelSize(round(15 * unit))
        painter.setFont(chosen)
        low = height - 24 * unit
        if self.sources:
            low = _draw_sources(painter, self.sources, unit, size) - 12 * unit
        if self.legends:
            _draw_legends(painter, self.legends, unit, low)
        if self.pose is not None and self.scale:
            _draw_scale(painter, self.pose, unit, size, low)
        if self.pose is not None and self.north:
            _draw_north(painter, self.pose, unit, width)
        if self.title:
            _draw_title(painter, self.title, unit, width)


NOTHING = Furniture()


def sources_of(layers: Iterable[Layer]) -> str:
    """Who the layers are from and under which licence, each once."""
    texts = []
    for layer in layers:
        source = layer.source
        if source is not None and (source.attribution or source.licence):
            both = source.attribution and source.licence
            licence = f" ({source.licence})" if both else source.licence
            texts.append(source.attribution + licence)
    return " · ".join(dict.fromkeys(texts))


def dress(pixels: Pixels, furniture: Furniture, size: tuple[int, int], top: int = 0) -> Pixels:
    """Rows `top` … of a picture of `size`, with what of the furniture falls on them."""
    if furniture == NOTHING:
        return pixels
    image = image_of(pixels)
    painter = QPainter(image)
    painter.translate(0, -top)
    furniture.paint(painter, size)
    painter.end()
    return pixels_of(image)


def pixels_of(image: QImage) -> Pixels:
    """The inverse of `image_of`: uint8 (height, width, 3) of its own."""
    image = image.convertToFormat(QImage.Format.Format_RGB888)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return rows[:, : 3 * image.width()].reshape(image.height(), image.width(), 3).copy()


def write_picture(
    path: Path,
    bands: Iterable[Pixels],
    size: tuple[int, int],
    furniture: Furniture = NOTHING,
    *,
    title: str = "",
) -> None:
    """Write rows of pixels, from the top, to the PNG `path`, with `furniture` over them.

    No more than the rows at hand are held, so a picture may be as large as the disk takes. Where
    `bands` raises, nothing is left.

    Raises
    ------
    WriteError
        It cannot be written there; what was there before is untouched.
    """
    text = {"Title": title or furniture.title, "Copyright": furniture.sources}
    with atomic(path) as temporary, temporary.open("wb") as file:
        png, top = PngRows(file, *size, text=text), 0
        for rows in bands:
            png.add(dress(rows, furniture, size, top))
            top += len(rows)
        png.finish()


def round_length(metres: float) -> float:
    """The largest 1, 2 or 5 times a power of ten that is at most `metres`."""
    power = 10.0 ** math.floor(math.log10(max(metres, 1e-3)))
    return max(step for step in (1, 2, 5) if step * power <= metres * (1 + 1e-9)) * power


def metres_per_pixel(pose: CameraPose, height: int) -> float:
    """At the point looked at; elsewhere in a perspective view it differs."""
    if pose.parallel_scale > 0:
        return 2 * pose.parallel_scale / height
    distance = math.dist(pose.eye, pose.target)
    return 2 * distance * math.tan(math.radians(pose.view_angle) / 2) / height


def _card(painter: QPainter, box: QRectF, unit: float) -> None:
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(PAPER)
    painter.drawRoundedRect(box, 9 * unit, 9 * unit)
    painter.setPen(INK)


def _draw_title(painter: QPainter, title: str, unit: float, width: int) -> None:
    chosen = QFont(painter.font())
    chosen.setPixelSize(round(26 * unit))
    chosen.setWeight(QFont.Weight.DemiBold)
    metrics = QFontMetricsF(chosen)
    text = metrics.elidedText(title, Qt.TextElideMode.ElideRight, width - 200 * unit)
    box = QRectF(
        24 * unit,
        24 * unit,
        metrics.horizontalAdvance(text) + 36 * unit,
        metrics.height() + 14 * unit,
    )
    painter.save()
    _card(painter, box, unit)
    painter.setFont(chosen)
    painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)
    painter.restore()


def _draw_sources(painter: QPainter, text: str, unit: float, size: tuple[int, int]) -> float:
    """Draw them along the lower edge; where that strip begins."""
    width, height = size
    painter.save()
    chosen = QFont(painter.font())
    chosen.setPixelSize(max(round(12 * unit), 8))
    painter.setFont(chosen)
    room = QRectF(0, 0, width - 24 * unit, height / 4)
    wrap = Qt.TextFlag.TextWordWrap | Qt.AlignmentFlag.AlignRight
    need = painter.boundingRect(room, wrap, text)
    strip = QRectF(0, height - need.height() - 10 * unit, width, need.height() + 10 * unit)
    painter.fillRect(strip, PAPER)
    painter.setPen(INK)
    painter.drawText(strip.adjusted(12 * unit, 5 * unit, -12 * unit, -5 * unit), wrap, text)
    painter.restore()
    return strip.top()


def _draw_legends(
    painter: QPainter, legends: Sequence[tuple[str, Legend]], unit: float, bottom: float
) -> None:
    row, left, low = 24 * unit, 24 * unit, bottom
    for name, legend in legends:
        entries = legend.entries[:ENTRIES_MAX]
        rows = 2 if legend.ramp else len(entries)
        tall = (rows + 1) * row + 22 * unit
        wide = _legend_width(painter, name, legend, unit)
        if low - tall < 90 * unit and low < bottom:
            left, low = left + 262 * unit, bottom
        box = QRectF(left, low - tall, wide, tall)
        _card(painter, box, unit)
        inner = box.adjusted(14 * unit, 11 * unit, -14 * unit, -11 * unit)
        line = QRectF(inner.left(), inner.top(), inner.width(), row)
        painter.drawText(line, Qt.AlignmentFlag.AlignVCenter, _heading(name, legend))
        if legend.ramp:
            _draw_ramp(painter, legend, inner, row)
        else:
            _draw_entries(painter, legend, inner, row)
        low = box.top() - 12 * unit


def _heading(name: str, legend: Legend) -> str:
    return say(legend.title) + (f" ({legend.unit})" if legend.unit else "") + f" · {name}"


def _legend_width(painter: QPainter, name: str, legend: Legend, unit: float) -> float:
    metrics = QFontMetricsF(painter.font())
    entries = () if legend.ramp else legend.entries[:ENTRIES_MAX]
    widest = max(
        (metrics.horizontalAdvance(said_entry(e)) + 29 * unit for e in entries), default=0.0
    )
    return max(
        250 * unit,
        metrics.horizontalAdvance(_heading(name, legend)) + 30 * unit,
        widest + 30 * unit,
    )


def _draw_entries(painter: QPainter, legend: Legend, inner: QRectF, row: float) -> None:
    for index, entry in enumerate(legend.entries[:ENTRIES_MAX]):
        top = inner.top() + (index + 1) * row
        painter.setBrush(QColor(entry.color))
        tile = QRectF(inner.left(), top + row * 0.2, row * 0.85, row * 0.6)
        painter.drawRoundedRect(tile, row * 0.15, row * 0.15)
        words = QRectF(inner.left() + row * 1.2, top, inner.width() - row * 1.2, row)
        painter.drawText(words, Qt.AlignmentFlag.AlignVCenter, said_entry(entry))


def _draw_ramp(painter: QPainter, legend: Legend, inner: QRectF, row: float) -> None:
    bar = QRectF(inner.left(), inner.top() + row * 1.15, inner.width(), row * 0.6)
    gradient = QLinearGradient(bar.topLeft(), bar.topRight())
    for index, entry in enumerate(legend.entries):
        gradient.setColorAt(index / max(len(legend.entries) - 1, 1), QColor(entry.color))
    painter.setBrush(gradient)
    painter.drawRoundedRect(bar, row * 0.15, row * 0.15)
    values = [entry.low for entry in legend.entries if entry.low is not None]
    if values:
        digits = 0 if values[-1] - values[0] >= 20 else 1
        words = QRectF(inner.left(), inner.top() + 2 * row, inner.width(), row)
        painter.drawText(words, Qt.AlignmentFlag.AlignLeft, number(values[0], digits))
        painter.drawText(words, Qt.AlignmentFlag.AlignRight, number(values[-1], digits))


def _draw_scale(
    painter: QPainter, pose: CameraPose, unit: float, size: tuple[int, int], low: float
) -> None:
    width, height = size
    per_pixel = metres_per_pixel(pose, height)
    length = round_length(per_pixel * 260 * unit)
    pixels = length / per_pixel
    text = f"{number(length / 1000)} km" if length >= 1000 else f"{number(length)} m"
    right, base = width - 38 * unit, low - 16 * unit
    card = QRectF(right - pixels - 16 * unit, base - 32 * unit, pixels + 32 * unit, 48 * unit)
    _card(painter, card, unit)
    painter.setPen(QPen(INK, 2 * unit))
    painter.drawLine(QPointF(right - pixels, base), QPointF(right, base))
    for x in (right - pixels, right):
        painter.drawLine(QPointF(x, base - 5 * unit), QPointF(x, base + 5 * unit))
    words = QRectF(right - pixels, base - 29 * unit, pixels, 22 * unit)
    painter.drawText(words, Qt.AlignmentFlag.AlignCenter, text)


def _draw_north(painter: QPainter, pose: CameraPose, unit: float, width: int) -> None:
    ahead_x, ahead_y = pose.target[0] - pose.eye[0], pose.target[1] - pose.eye[1]
    if math.hypot(ahead_x, ahead_y) < 1e-6:
        ahead_x, ahead_y = pose.up[0], pose.up[1]
    heading = math.degrees(math.atan2(ahead_x, ahead_y))
    middle = QPointF(width - 58 * unit, 58 * unit)
    _card(
        painter, QRectF(middle.x() - 32 * unit, middle.y() - 32 * unit, 64 * unit, 64 * unit), unit
    )
    painter.save()
    painter.translate(middle)
    painter.rotate(-heading)
    arrow = [(0, -24), (10, 8), (0, 2), (-10, 8)]
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(INK)
    painter.drawPolygon(QPolygonF([QPointF(x * unit, y * unit) for x, y in arrow]))
    painter.setPen(INK)
    letter = QRectF(-12 * unit, 8 * unit, 24 * unit, 18 * unit)
    painter.drawText(letter, Qt.AlignmentFlag.AlignCenter, tr("N"))
    painter.restore()
