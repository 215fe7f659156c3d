"""Words that stand over the picture at a place of the city and always face the eye."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QImage, QPainter, QPen
from vtkmodules.util.numpy_support import numpy_to_vtk
from vtkmodules.vtkCommonDataModel import vtkImageData
from vtkmodules.vtkRenderingCore import vtkActor2D, vtkImageMapper

from viewers.theme import font, token

Box = tuple[float, float, float, float]
"""left, bottom, right, top; pixels from the lower left corner."""
PAD_X, PAD_Y, LIFT, ROUND = 7.0, 3.0, 9.0, 6.0
TEXT_PX, SMALL_PX = 13.0, 12.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Tag:
    """Words at a world place.

    `strong` ones are filled with the accent; where words would overlap the higher `rank` is seen.
    """

    where: tuple[float, float, float]
    text: str
    strong: bool = False
    rank: int = 0


def drawn(text: str, *, strong: bool, ratio: float) -> QImage:
    """The words as a small plate in the colours of the theme, premultiplied RGBA."""
    chosen = font()
    chosen.setPixelSize(round((TEXT_PX if strong else SMALL_PX) * ratio))
    chosen.setBold(strong)
    metrics = QFontMetricsF(chosen)
    lines = text.split("\n")
    high = metrics.height()
    width = max(metrics.horizontalAdvance(line) for line in lines) + 2 * PAD_X * ratio
    height = high * len(lines) + 2 * PAD_Y * ratio
    image = QImage(int(np.ceil(width)) + 2, int(np.ceil(height)) + 2, QImage.Format.Format_RGBA8888)
    image.fill(Qt.GlobalColor.transparent)
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setFont(chosen)
    plate = QColor(token("accent" if strong else "surface"))
    plate.setAlpha(250 if strong else 238)
    edge = QColor(token("surface" if strong else "strong"))
    painter.setBrush(plate)
    painter.setPen(QPen(edge, 1.2 * ratio))
    inside = QRectF(1, 1, image.width() - 2, image.height() - 2)
    painter.drawRoundedRect(inside, ROUND * ratio, ROUND * ratio)
    painter.setPen(token("on-accent" if strong else "text"))
    for number, line in enumerate(lines):
        base = 1 + PAD_Y * ratio + number * high + metrics.ascent()
        painter.drawText(QPointF(1 + PAD_X * ratio, base), line)
    painter.end()
    return image


class TagActor:
    """One tag as a picture that is moved, never drawn anew."""

    def __init__(self, tag: Tag, ratio: float) -> None:
        self.tag = tag
        image = drawn(tag.text, strong=tag.strong, ratio=ratio)
        self._size = (image.width(), image.height())
        self._lift = LIFT * ratio
        rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), -1)
        pixels = rows[::-1, : image.width() * 4].reshape(-1, 4).copy()
        data = vtkImageData()
        data.SetDimensions(image.width(), image.height(), 1)
        data.GetPointData().SetScalars(numpy_to_vtk(pixels, deep=True))
        mapper = vtkImageMapper()
        mapper.SetInputData(data)
        mapper.SetColorWindow(255)
        mapper.SetColorLevel(127.5)
        self.actor = vtkActor2D()
        self.actor.SetMapper(mapper)
        self.actor.PickableOff()
        self.actor.VisibilityOff()

    def box_at(self, pixel: NDArray[np.float64]) -> Box | None:
        """Where it would stand for its place at `pixel`; None behind the eye."""
        if not np.isfinite(pixel).all():
            return None
        width, height = self._size
        left, bottom = float(pixel[0]) - width / 2, float(pixel[1]) + self._lift
        return (left, bottom, left + width, bottom + height)

    def show(self, box: Box | None) -> None:
        """Stand in `box`; None hides it."""
        self.actor.SetVisibility(box is not None)
        if box is not None:
            self.actor.SetPosition(round(box[0]), round(box[1]))
