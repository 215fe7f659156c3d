"""A profile drawn to scale: ground, buildings, axes; the cursor tells the place."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFontMetricsF,
    QImage,
    QLinearGradient,
    QMouseEvent,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPen,
    QPolygonF,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from layers.measure.profile import Profile
from viewers.i18n import number, tr
from viewers.panels.words import Retranslated
from viewers.theme import font, token

LEFT, RIGHT, TOP, BOTTOM = 58.0, 18.0, 16.0, 36.0
TICK_PX = 64.0
EARTH = {"light": ("#b9a68a", "#d8cbb5"), "dark": ("#7d6c54", "#4a4236")}
HEADROOM = 0.12
Place = Callable[[float, float], QPointF]
"""Metres along and height, to a place in the widget."""


def ticks(low: float, high: float, most: int) -> tuple[list[float], int]:
    """Round places between `low` and `high`, at most about `most`, and decimals to write them."""
    span = max(high - low, 1e-9)
    raw = span / max(most, 1)
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(s * power for s in (1, 2, 5, 10) if s * power >= raw * (1 - 1e-9))
    first = math.ceil(low / step - 1e-9)
    places = [k * step for k in range(first, math.floor(high / step + 1e-9) + 1)]
    return places, max(0, -math.floor(math.log10(step) + 1e-9))


class ProfilePlot(Retranslated, QWidget):
    """Draws one profile; `hovered` tells metres along the line, NaN outside."""

    hovered = Signal(float)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._profile: Profile | None = None
        self._along = math.nan
        self.true_scale = False
        """Whether a metre up is drawn as long as a metre along."""
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(220, 120)

    def sizeHint(self) -> QSize:
        return QSize(760, 210)

    def show_profile(self, profile: Profile | None) -> None:
        """Draw this profile."""
        self._profile, self._along = profile, math.nan
        self.update()

    # -- scales -----------------------------------------------------------------------------

    def _heights(self) -> tuple[float, float]:
        """Lowest and highest height that is drawn."""
        found = self._profile
        assert found is not None
        known = [found.ground[np.isfinite(found.ground)]]
        known += [block.top for block in found.blocks]
        known += [np.array([block.ground]) for block in found.blocks]
        values = np.concatenate(known) if known else np.empty(0)
        if not len(values):
            return 0.0, 10.0
        low, high = float(values.min()), float(values.max())
        spare = max((high - low) * HEADROOM, 1.0)
        return low - spare, high + spare

    def _box(self, size: QSize) -> QRectF:
        return QRectF(LEFT, TOP, size.width() - LEFT - RIGHT, size.height() - TOP - BOTTOM)

    def _ranges(self, box: QRectF) -> tuple[float, float, float, float]:
        """Ends along and of heights that `box` shows."""
        assert self._profile is not None
        end = float(self._profile.at[-1])
        low, high = self._heights()
        if not self.true_scale:
            return 0.0, end, low, high
        per = max(end / box.width(), (high - low) / box.height())
        wide, tall = per * box.width(), per * box.height()
        middle = (low + high) / 2
        return -(wide - end) / 2, (wide + end) / 2, middle - tall / 2, middle + tall / 2

    # -- drawing ----------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        self.draw(painter, self.size())
        painter.end()

    def picture(self, size: QSize, ratio: float = 2.0) -> QImage:
        """The plot as it is, without the cursor."""
        image = QImage(size * ratio, QImage.Format.Format_RGB32)
        image.setDevicePixelRatio(ratio)
        along, self._along = self._along, math.nan
        painter = QPainter(image)
        self.draw(painter, size)
        painter.end()
        self._along = along
        return image

    def draw(self, painter: QPainter, size: QSize) -> None:
        """Draw all on `painter`."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillRect(QRectF(0, 0, size.width(), size.height()), token("surface"))
        if self._profile is None:
            return
        box = self._box(size)
        if box.width() < 40 or box.height() < 30:
            return
        left, right, low, high = self._ranges(box)

        def at(along: float, height: float) -> QPointF:
            return QPointF(
                box.left() + (along - left) / (right - left) * box.width(),
                box.bottom() - (height - low) / (high - low) * box.height(),
            )

        chosen = font()
        chosen.setPixelSize(11)
        painter.setFont(chosen)
        self._draw_axes(painter, box, (left, right, low, high), at)
        painter.save()
        painter.setClipRect(box)
        self._draw_ground(painter, box, at)
        self._draw_blocks(painter, box, at)
        self._draw_corners(painter, box, at)
        painter.restore()
        if math.isfinite(self._along):
            self._draw_cursor(painter, box, at)

    def _draw_axes(
        self, painter: QPainter, box: QRectF, ends: tuple[float, ...], at: Place
    ) -> None:
        left, right, low, high = ends
        grid, text = QPen(token("border"), 1), token("muted")
        metrics = QFontMetricsF(painter.font())
        places, digits = ticks(low, high, max(2, int(box.height() / 34)))
        for height in places:
            y = at(left, height).y()
            painter.setPen(grid)
            painter.drawLine(QPointF(box.left(), y), QPointF(box.right(), y))
            painter.setPen(text)
            where = QRectF(0, y - 9, LEFT - 8, 18)
            flags = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
            painter.drawText(where, flags, _said(height, digits))
        places, digits = ticks(left, right, max(2, int(box.width() / TICK_PX / 1.3)))
        for along in places:
            x = at(along, low).x()
            painter.setPen(grid)
            painter.drawLine(QPointF(x, box.top()), QPointF(x, box.bottom()))
            painter.setPen(text)
            said = _said(along, digits)
            half = metrics.horizontalAdvance(said) / 2
            painter.drawText(QPointF(x - half, box.bottom() + 14), said)
        painter.setPen(QPen(token("strong"), 1.2))
        painter.drawLine(box.bottomLeft(), box.bottomRight())
        painter.drawLine(box.bottomLeft(), box.topLeft())
        painter.setPen(token("text"))
        words = tr("Distance along the line (m)")
        painter.drawText(
            QPointF(box.center().x() - metrics.horizontalAdvance(words) / 2, box.bottom() + 30),
            words,
        )
        painter.save()
        height_text = tr("Height (m)")
        painter.translate(12, box.center().y() + metrics.horizontalAdvance(height_text) / 2)
        painter.rotate(-90)
        painter.drawText(QPointF(0, 0), height_text)
        painter.restore()

    def _draw_ground(self, painter: QPainter, box: QRectF, at: Place) -> None:
        found = self._profile
        assert found is not None
        known = np.isfinite(found.ground)
        edges = np.flatnonzero(np.diff(np.concatenate([[0], known.astype(np.int8), [0]])))
        shade = QLinearGradient(box.topLeft(), box.bottomLeft())
        upper, lower = EARTH["dark" if token("surface").lightness() < 128 else "light"]
        shade.setColorAt(0, QColor(upper))
        shade.setColorAt(1, QColor(lower))
        for first, last in edges.reshape(-1, 2):
            line = [at(float(a), float(z)) for a, z in zip(
                found.at[first:last], found.ground[first:last], strict=True)]  # fmt: skip
            path = QPainterPath(QPointF(line[0].x(), box.bottom()))
            for point in line:
                path.lineTo(point)
            path.lineTo(QPointF(line[-1].x(), box.bottom()))
            painter.fillPath(path, shade)
            painter.setPen(QPen(QColor(upper).darker(130), 1.6))
            painter.drawPolyline(QPolygonF(line))

    def _draw_blocks(self, painter: QPainter, box: QRectF, at: Place) -> None:
        found = self._profile
        assert found is not None
        fill = QColor(token("accent"))
        fill.setAlpha(70)
        for block in found.blocks:
            foot = [block.ground, block.ground]
            for side, along in enumerate((block.at[0], block.at[-1])):
                ground = found.ground_at(float(along))
                foot[side] = ground if math.isfinite(ground) else block.ground
            corners = [at(float(block.at[0]), foot[0])]
            corners += [at(float(a), float(z)) for a, z in zip(block.at, block.top, strict=True)]
            corners.append(at(float(block.at[-1]), foot[1]))
            chosen = block.at[0] <= self._along <= block.at[-1]
            painter.setBrush(QColor(token("accent-soft")) if chosen else fill)
            painter.setPen(QPen(token("accent"), 2.0 if chosen else 1.3))
            painter.drawPolygon(QPolygonF(corners))

    def _draw_corners(self, painter: QPainter, box: QRectF, at: Place) -> None:
        found = self._profile
        assert found is not None
        ends = np.cumsum(np.hypot(*np.diff(found.corners, axis=0).T))[:-1]
        painter.setPen(QPen(token("faint"), 1, Qt.PenStyle.DashLine))
        for along in ends:
            x = at(float(along), 0).x()
            painter.drawLine(QPointF(x, box.top()), QPointF(x, box.bottom()))

    def _draw_cursor(self, painter: QPainter, box: QRectF, at: Place) -> None:
        found = self._profile
        assert found is not None
        ground, top = found.ground_at(self._along), found.top_at(self._along)
        x = at(self._along, 0).x()
        painter.setPen(QPen(token("text"), 1))
        painter.drawLine(QPointF(x, box.top()), QPointF(x, box.bottom()))
        painter.setPen(QPen(token("surface"), 1.5))
        painter.setBrush(QColor("#c7125c"))
        for height in (ground, top):
            if math.isfinite(height):
                painter.drawEllipse(at(self._along, height), 4.5, 4.5)
        said = [tr("{metres} m along", metres=_said(self._along, 1))]
        if math.isfinite(ground):
            said.append(tr("ground {metres} m", metres=_said(ground, 1)))
        if math.isfinite(top):
            said.append(tr("roof {metres} m", metres=_said(top, 1)))
        text = "   ".join(said)
        metrics = QFontMetricsF(painter.font())
        width = metrics.horizontalAdvance(text) + 14
        left = min(max(x - width / 2, box.left()), box.right() - width)
        plate = QRectF(left, box.top() - 12, width, 19)
        painter.setPen(QPen(token("border"), 1))
        painter.setBrush(token("raised"))
        painter.drawRoundedRect(plate, 5, 5)
        painter.setPen(token("text"))
        painter.drawText(plate, Qt.AlignmentFlag.AlignCenter, text)

    # -- cursor -----------------------------------------------------------------------------

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._profile is None:
            return
        box = self._box(self.size())
        left, right, _, _ = self._ranges(box)
        along = left + (event.position().x() - box.left()) / box.width() * (right - left)
        self._tell(along if 0 <= along <= float(self._profile.at[-1]) else math.nan)

    def leaveEvent(self, event: object) -> None:
        self._tell(math.nan)

    def _tell(self, along: float) -> None:
        if along != self._along and not (math.isnan(along) and math.isnan(self._along)):
            self._along = along
            self.update()
            self.hovered.emit(along)

    def retranslate(self) -> None:
        self.update()

    def restyle(self) -> None:
        self.update()


def _said(value: float, digits: int) -> str:
    return number(value, digits).replace("-", "−")
