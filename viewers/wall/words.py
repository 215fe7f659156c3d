"""Caption and picture of a stop over the view, drawn once for each stop and size."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QImage, QPainter

from twin.city import City
from twin.story import Stop
from viewers.film.overlay import draw_caption, draw_picture
from viewers.i18n import language
from viewers.scene.overlay import Overlay
from viewers.scene.scene import Scene

UNDER_COMPASS = 128.0
CAPTION, PICTURE = "story-caption", "story-picture"


def card(
    caption: str, picture: QImage | None, size: tuple[int, int]
) -> dict[str, tuple[NDArray[np.uint8], int, int]]:
    """What is drawn for a stop over a view of `size` pixels: name → (pixels, x, y).

    Pixels are uint8 (height, width, 4), straight alpha; x and y of their lower left corner count
    from that of the view.
    """
    found = {}
    low = size[1] - size[1] / 27
    if caption:
        image, painter = _blank(size)
        low = draw_caption(painter, caption, size)
        painter.end()
        found[CAPTION] = _cropped(image)
    if picture is not None:
        image, painter = _blank(size)
        draw_picture(painter, picture, size, low, top=UNDER_COMPASS)
        painter.end()
        found[PICTURE] = _cropped(image)
    return found


def _blank(size: tuple[int, int]) -> tuple[QImage, QPainter]:
    image = QImage(*size, QImage.Format.Format_RGBA8888_Premultiplied)
    image.fill(Qt.GlobalColor.transparent)
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
    return image, painter


def _cropped(image: QImage) -> tuple[NDArray[np.uint8], int, int]:
    straight = image.convertToFormat(QImage.Format.Format_RGBA8888)
    rows = np.frombuffer(straight.constBits(), np.uint8)
    pixels = rows.reshape(straight.height(), straight.width(), 4)
    down, across = np.flatnonzero(pixels[..., 3].any(1)), np.flatnonzero(pixels[..., 3].any(0))
    box = QRect(int(across[0]), int(down[0]), int(np.ptp(across)) + 1, int(np.ptp(down)) + 1)
    part = pixels[box.top() : box.bottom() + 1, box.left() : box.right() + 1].copy()
    return part, box.left(), straight.height() - 1 - box.bottom()


class Over(Protocol):
    """What lies over the view, and how it is drawn once more."""

    @property
    def scene(self) -> Scene | None: ...

    furniture: Overlay | None

    def again(self) -> None: ...


class Words:
    """Shows the words of one stop at a time."""

    def __init__(self, over: Over) -> None:
        self.over = over

    def show(self, stop: Stop, city: City | None) -> None:
        """Caption in the language now, and the picture, where the stop has them."""
        self.hide()
        scene, furniture = self.over.scene, self.over.furniture
        if scene is None or furniture is None:
            return
        data = city.pictures.get(stop.picture) if city is not None else None
        picture = QImage.fromData(data) if data else None
        if picture is not None and picture.isNull():
            picture = None
        size = scene.window.GetSize()
        made = card(stop.caption.said(language()), picture, (int(size[0]), int(size[1])))
        for name, (pixels, x, y) in made.items():
            furniture.image(name, pixels, x, y)
        self.over.again()

    def hide(self) -> None:
        """Show none."""
        if self.over.furniture is not None:
            for name in (CAPTION, PICTURE):
                self.over.furniture.drop(name)

    def close(self) -> None:
        """The show is over."""
        self.hide()
