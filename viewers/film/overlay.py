"""What stands over a frame of a story: caption, picture or chart, what is left of the picture before."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QImage, QPainter

from viewers.picture import Pixels, image_of, pixels_of
from viewers.theme import font

INK, PAPER = QColor("#ffffff"), QColor(15, 24, 31, 205)
WIDE = 0.72
"""Share of the width that a caption takes at most."""
FRAME = QColor(255, 255, 255, 240)


def dissolved(before: Pixels, after: Pixels, left: float) -> Pixels:
    """`after` with so much (0 … 1) of `before` still in it; both uint8 (height, width, 3)."""
    mixed = after + (before.astype(np.float32) - after) * np.float32(left)
    return np.rint(mixed).astype(np.uint8)


def told(pixels: Pixels, caption: str, picture: QImage | None, *, words: float) -> Pixels:
    """The frame with caption and picture over it, as strong as `words`."""
    if words <= 0 or not (caption or picture):
        return pixels
    image = image_of(pixels)
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
    size = (image.width(), image.height())
    painter.setOpacity(min(max(words, 0.0), 1.0))
    low = size[1] - 40 * _unit(size)
    if caption and words > 0:
        low = draw_caption(painter, caption, size)
    if picture is not None and words > 0:
        draw_picture(painter, picture, size, low)
    painter.end()
    return pixels_of(image)


def _unit(size: tuple[int, int]) -> float:
    return max(min(size) / 1080, 0.33)


def draw_caption(painter: QPainter, caption: str, size: tuple[int, int]) -> float:
    """A caption over the lower edge; the height at which its card begins."""
    unit = _unit(size)
    chosen = QFont(font())
    chosen.setPixelSize(round(34 * unit))
    chosen.setWeight(QFont.Weight.Medium)
    painter.setFont(chosen)
    flags = Qt.TextFlag.TextWordWrap | Qt.AlignmentFlag.AlignHCenter
    room = QRectF(0, 0, size[0] * WIDE, size[1] * 0.5)
    need = QFontMetricsF(chosen).boundingRect(room, int(flags), caption)
    card = QRectF(0, 0, need.width() + 72 * unit, need.height() + 40 * unit)
    card.moveCenter(QPointF(size[0] / 2, 0))
    card.moveBottom(size[1] - 44 * unit)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(PAPER)
    painter.drawRoundedRect(card, 14 * unit, 14 * unit)
    painter.setPen(INK)
    inner = card.adjusted(30 * unit, 18 * unit, -30 * unit, -14 * unit)
    painter.drawText(inner, flags | Qt.AlignmentFlag.AlignVCenter, caption)
    return card.top()


def draw_picture(
    painter: QPainter, picture: QImage, size: tuple[int, int], low: float, *, top: float = 44.0
) -> None:
    """A picture in a white frame at the right, above `low`; `top` is its place at 1080 rows."""
    unit = _unit(size)
    top, right = top * unit, size[0] - 44 * unit
    room = (size[0] * 0.33, min(low - top - 44 * unit, size[1] * 0.5))
    share = min(room[0] / picture.width(), room[1] / picture.height())
    wide, tall = picture.width() * share, picture.height() * share
    box = QRectF(right - wide, top, wide, tall)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(FRAME)
    rim = 12 * unit
    painter.drawRoundedRect(box.adjusted(-rim, -rim, rim, rim), 8 * unit, 8 * unit)
    painter.drawImage(box, picture)
