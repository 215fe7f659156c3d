"""Small pictures that lie over the city: compass, scale bar, handles, words."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QImage, QPainter, QPainterPath, QPen, QPolygonF

from viewers.theme import font, token

Pixels = NDArray[np.uint8]


def painted(width: float, height: float, ratio: float, paint: Callable[[QPainter], None]) -> Pixels:
    """What `paint` draws on `width` × `height` logical pixels: uint8 (rows, columns, 4), straight alpha."""
    image = QImage(
        max(1, math.ceil(width * ratio)), max(1, math.ceil(height * ratio)),
        QImage.Format.Format_RGBA8888_Premultiplied,
    )  # fmt: skip
    image.fill(Qt.GlobalColor.transparent)
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.scale(ratio, ratio)
    painter.setFont(font())
    paint(painter)
    painter.end()
    straight = image.convertToFormat(QImage.Format.Format_RGBA8888)
    rows = np.frombuffer(straight.constBits(), np.uint8)
    rows = rows.reshape(straight.height(), straight.bytesPerLine())
    return rows[:, : straight.width() * 4].reshape(straight.height(), straight.width(), 4).copy()


def _paper(alpha: int = 225) -> QColor:
    colour = token("surface")
    colour.setAlpha(alpha)
    return colour


def handle(size: float, ratio: float, role: str = "accent") -> Pixels:
    """A disc to drag, with a light rim that shows on any ground."""

    def paint(painter: QPainter) -> None:
        painter.setPen(QPen(QColor(255, 255, 255, 240), size * 0.14))
        painter.setBrush(token(role))
        painter.drawEllipse(QPointF(size / 2, size / 2), size * 0.38, size * 0.38)

    return painted(size, size, ratio, paint)


def compass(heading: float, letter: str, size: float, ratio: float) -> Pixels:
    """A rose whose needle points north; `heading` is where the view looks, degrees from north."""

    def paint(painter: QPainter) -> None:
        middle = QPointF(size / 2, size / 2)
        painter.setPen(QPen(token("strong"), 1.0))
        painter.setBrush(_paper())
        painter.drawEllipse(middle, size * 0.47, size * 0.47)
        painter.translate(middle)
        painter.rotate(-heading)
        painter.setPen(QPen(token("faint"), 1.2))
        for quarter in range(1, 4):
            painter.save()
            painter.rotate(90.0 * quarter)
            painter.drawLine(QPointF(0, -size * 0.44), QPointF(0, -size * 0.38))
            painter.restore()
        painter.setPen(Qt.PenStyle.NoPen)
        across, along = size * 0.10, size * 0.25
        for colour, sign in ((token("danger"), -1.0), (token("faint"), 1.0)):
            painter.setBrush(colour)
            tip = [QPointF(-across, 0), QPointF(0, sign * along), QPointF(across, 0)]
            painter.drawPolygon(QPolygonF(tip))
        chosen = font()
        chosen.setPixelSize(max(8, round(size * 0.17)))
        chosen.setBold(True)
        painter.setFont(chosen)
        painter.setPen(token("text"))
        painter.translate(0, -size * 0.355)
        painter.rotate(heading)  # the letter stays upright
        box = QRectF(-size * 0.2, -size * 0.11, size * 0.4, size * 0.22)
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, letter)

    return painted(size, size, ratio, paint)


def scale_bar(length: float, words: str, ratio: float) -> Pixels:
    """A bar `length` logical pixels long under its words."""
    wide = max(length, QFontMetricsF(font()).horizontalAdvance(words)) + 20.0

    def paint(painter: QPainter) -> None:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(_paper())
        painter.drawRoundedRect(QRectF(0, 0, wide, 34), 7, 7)
        painter.setPen(token("text"))
        painter.drawText(QRectF(10, 2, wide - 20, 19), Qt.AlignmentFlag.AlignLeft, words)
        painter.setPen(QPen(token("text"), 1.6))
        painter.drawLine(QPointF(10, 27), QPointF(10 + length, 27))
        for x in (10.0, 10.0 + length):
            painter.drawLine(QPointF(x, 23), QPointF(x, 30))

    return painted(wide, 34, ratio, paint)


def tag(words: str, ratio: float, *, role: str = "text", paper: bool = True) -> Pixels:
    """A few words on a small card, or with a rim that shows on any ground."""
    chosen = font(9.0)
    measure = QFontMetricsF(chosen)
    wide, high = measure.horizontalAdvance(words) + 12.0, measure.height() + 4.0

    def paint(painter: QPainter) -> None:
        painter.setFont(chosen)
        box = QRectF(0, 0, wide, high)
        if paper:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(_paper())
            painter.drawRoundedRect(box, 5, 5)
        else:
            rim = QPainterPath()
            rim.addText(QPointF(6, measure.ascent() + 2), chosen, words)
            pen = QPen(_paper(235), 3.0)
            pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
            painter.setPen(pen)
            painter.drawPath(rim)
        painter.setPen(token(role))
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, words)

    return painted(wide, high, ratio, paint)
