"""A small map of what a file holds, drawn from the reader's sample."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from layers.readers.registry import SourcePreview
from viewers.theme import pixmap, token

Place = tuple[float, float]


class Thumbnail(QWidget):
    """Outlines, lines or points of a preview, fitted to the box; an icon where there are none."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._preview: SourcePreview | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        return QSize(260, 150)

    def show_preview(self, preview: SourcePreview | None) -> None:
        """Show another one."""
        self._preview = preview
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        box = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        painter.setPen(token("border"))
        painter.setBrush(token("raised"))
        painter.drawRoundedRect(box, 9, 9)
        preview = self._preview
        if preview is not None:
            places = fitted(preview.sample, box.adjusted(12, 12, -12, -12))
            if places:
                self._draw(painter, preview.kind, places)
            else:
                name = preview.kind if preview.kind != "" else "file"
                sign = pixmap(name, 44, "strong", self.devicePixelRatioF())
                painter.drawPixmap(box.center() - QPointF(22, 22), sign)
        painter.end()

    def _draw(self, painter: QPainter, kind: str, places: list[list[Place]]) -> None:
        accent = token("accent")
        soft = QColor(accent)
        soft.setAlpha(60)
        for chain in places:
            points = [QPointF(x, y) for x, y in chain]
            if len(points) == 1:
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(accent)
                painter.drawEllipse(points[0], 1.6, 1.6)
                continue
            painter.setPen(QPen(accent, 1.0))
            closed = points[0] == points[-1] and len(points) > 3
            painter.setBrush(soft if closed else Qt.BrushStyle.NoBrush)
            if closed:
                painter.drawPolygon(QPolygonF(points))
            elif kind == "points":
                painter.setPen(QPen(accent, 2.2, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
                painter.drawPoints(QPolygonF(points))
            else:
                painter.drawPolyline(QPolygonF(points))


def fitted(sample: tuple[tuple[Place, ...], ...], box: QRectF) -> list[list[Place]]:
    """`sample` moved and scaled into `box`, north up, same scale in both directions."""
    finite = [
        [(x, y) for x, y in chain if abs(x) < 1e12 and abs(y) < 1e12 and x == x and y == y]
        for chain in sample
    ]
    chains = [chain for chain in finite if chain]
    if not chains:
        return []
    xs = [x for chain in chains for x, _ in chain]
    ys = [y for chain in chains for _, y in chain]
    span = max((max(xs) - min(xs)) / box.width(), (max(ys) - min(ys)) / box.height(), 1e-12)
    middle_x, middle_y = (min(xs) + max(xs)) / 2, (min(ys) + max(ys)) / 2
    centre = box.center()
    return [
        [(centre.x() + (x - middle_x) / span, centre.y() - (y - middle_y) / span) for x, y in chain]
        for chain in chains
    ]
