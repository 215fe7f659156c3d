"""Python's cycle collector, run in the window's thread only.

Left alone it runs in whatever thread makes objects, and may then end a Qt object of the window in
a worker, which Qt does not survive.
"""

from __future__ import annotations

import gc

from PySide6.QtCore import QObject, QTimer

EVERY_MS = 1000


class Tidying(QObject):
    """Collects now and then from construction until `close`."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._was_enabled = gc.isenabled()
        gc.disable()
        self._timer = QTimer(self)
        self._timer.setInterval(EVERY_MS)
        self._timer.timeout.connect(collect)
        self._timer.start()

    def close(self) -> None:
        """Give the collector back to Python."""
        self._timer.stop()
        if self._was_enabled:
            gc.enable()


def collect() -> None:
    """Collect the oldest generation that is due, as Python itself would."""
    counts, limits = gc.get_count(), gc.get_threshold()
    for generation in (2, 1, 0):
        if limits[generation] and counts[generation] > limits[generation]:
            gc.collect(generation)
            return
