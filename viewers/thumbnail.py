"""The small picture of a project for the welcome page."""

from __future__ import annotations

import contextlib
from pathlib import Path

from PySide6.QtCore import QSize, Qt

from viewers.picture import Pixels, image_of, write_image

SIZE = QSize(480, 270)


def keep_thumbnail(path: Path, pixels: Pixels) -> None:
    """Write `pixels`, uint8 (height, width, 3), small to `path`; for a worker, not worth failing for."""
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        keep, smooth = Qt.AspectRatioMode.KeepAspectRatioByExpanding, Qt.TransformationMode
        small = image_of(pixels).scaled(SIZE, keep, smooth.SmoothTransformation)
        write_image(small, str(path), "PNG")
