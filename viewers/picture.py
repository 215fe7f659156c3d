"""A picture of the view as a file: legend, scale and north arrow drawn over it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QLinearGradient, QPainter, QPen, QPolygonF

from layers.atomic import atomic
from layers.errors import WriteError
from viewers.i18n import number, say
from viewers.scene.legend import Legend
from viewers.theme import font
from viewers.view_state import CameraPose

INK, PAPER = QColor("#17262e"), QColor(255, 255, 255, 225)
ENTRIES_MAX = 14


def image_of(pixels: NDArray[np.uint8]) -> QImage:
    """uint8 (height, width, 3) as an image with its own memory."""
    height, width, _ = pixels.shape
    data = np.ascontiguousarray(pixels)
    return QImage(data.data, width, height, 3 * width, QImage.Format.Format_RGB888).copy()


def write_picture(
    path: Path,
    pixels: NDArray[np.uint8],
    *,
    legends: Sequence[tuple[str, Legend]] = (),
    pose: CameraPose | None = None,
    title: str = "",
) -> None:
    """Write `pixels` to the PNG `path`, with legends, and with scale and north where `pose` is given.

    Raises
    ------
    WriteError
        It cannot be written there; what was there before is untouched.
    """
    image = image_of(pixels)
    unit = max(image.height() / 1080, 0.6)
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    chosen = font()
    chosen.setPixelSize(round(15 * unit))
    painter.setFont(chosen)
    if legends:
        _draw_legends(painter, legends, unit, image.height())
    if pose is not None:
        _draw_scale(painter, pose, unit, image.width(), image.height())
        _draw_north(painter, pose, unit, image.width())
    painter.end()
    if title:
        image.setText("Title", title)
    with atomic(path) as temporary:
        if not image.save(str(temporary), "PNG"):
            raise WriteError(
                f"{path.name} could not be written", hint=f"Look at {path.parent}, then try again."
            )


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


def _draw_legends(
    painter: QPainter, legends: Sequence[tuple[str, Legend]], unit: float, height: int
) -> None:
    row, wide, left = 24 * unit, 250 * unit, 24 * unit
    bottom = height - 24 * unit
    for name, legend in legends:
        entries = legend.entries[:ENTRIES_MAX]
        rows = 2 if legend.ramp else len(entries)
        tall = (rows + 1) * row + 22 * unit
        box = QRectF(left, bottom - tall, wide, tall)
        if box.top() < 0:
            return
        _card(painter, box, unit)
        inner = box.adjusted(14 * unit, 11 * unit, -14 * unit, -11 * unit)
        title = say(legend.title) + (f" ({legend.unit})" if legend.unit else "")
        line = QRectF(inner.left(), inner.top(), inner.width(), row)
        painter.drawText(line, Qt.AlignmentFlag.AlignVCenter, f"{title} · {name}")
        if legend.ramp:
            _draw_ramp(painter, legend, inner, row)
        else:
            _draw_entries(painter, legend, inner, row)
        bottom = box.top() - 12 * unit


def _draw_entries(painter: QPainter, legend: Legend, inner: QRectF, row: float) -> None:
    for index, entry in enumerate(legend.entries[:ENTRIES_MAX]):
        top = inner.top() + (index + 1) * row
        painter.setBrush(QColor(entry.color))
        tile = QRectF(inner.left(), top + row * 0.2, row * 0.85, row * 0.6)
        painter.drawRoundedRect(tile, row * 0.15, row * 0.15)
        words = QRectF(inner.left() + row * 1.2, top, inner.width() - row * 1.2, row)
        painter.drawText(words, Qt.AlignmentFlag.AlignVCenter, say(entry.label))


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


def _draw_scale(painter: QPainter, pose: CameraPose, unit: float, width: int, height: int) -> None:
    per_pixel = metres_per_pixel(pose, height)
    length = round_length(per_pixel * 260 * unit)
    pixels = length / per_pixel
    text = f"{number(length / 1000)} km" if length >= 1000 else f"{number(length)} m"
    right, base = width - 38 * unit, height - 40 * unit
    _card(
        painter,
        QRectF(right - pixels - 16 * unit, base - 32 * unit, pixels + 32 * unit, 48 * unit),
        unit,
    )
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
    painter.drawText(letter, Qt.AlignmentFlag.AlignCenter, "N")
    painter.restore()
