"""A name painted with a halo, so that it is read on any ground."""

from __future__ import annotations

import math

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QFont, QFontMetricsF, QPainter, QPainterPath, QPen

from viewers.sprites import Pixels, painted
from viewers.theme import font, token

HALO = 0.3
"""Width of the halo in heights of letters."""


def name_picture(text: str, size: float, ratio: float) -> Pixels:
    """`text` in letters of `size` logical pixels: uint8 (rows, columns, 4), straight alpha."""
    chosen = font()
    chosen.setPixelSize(max(round(size), 6))
    chosen.setWeight(QFont.Weight.DemiBold)
    metrics = QFontMetricsF(chosen)
    halo = max(size * HALO, 3.0)
    width = math.ceil(metrics.horizontalAdvance(text) + 2 * halo)
    height = math.ceil(metrics.height() + halo)

    def paint(painter: QPainter) -> None:
        path = QPainterPath()
        path.addText(QPointF(halo, halo / 2 + metrics.ascent()), chosen, text)
        rim = token("surface")
        rim.setAlpha(225)
        pen = QPen(rim, halo)
        pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
        painter.setPen(pen)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPath(path)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(token("text"))
        painter.drawPath(path)

    return painted(width, height, ratio, paint)
