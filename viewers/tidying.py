"""Python's cycle collector, run in the window's thread only.

Left alone it runs in whatever thread makes objects, and may then end a Qt object of the window in
a worker, which Qt does not survive.
"""

from __future__ import annotations

import gc
import time

from PySide6.QtCore import QObject, QTimer

EVERY_MS = 1000
SHARE = 1 / 5000
"""Of the time that may go into whole collections; one takes 0.1 s where 400 000 outlines are open."""


class Tidying(QObject):
    """Collects now and then from construction until `close`."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._was_enabled = gc.isenabled()
        gc.disable()
        self._timer = QTimer(self)
        self._timer.setInterval(EVERY_MS)
        self._timer.timeout.connect(self._tidy)
        self._timer.start()
        self._whole_again = 0.0

    def _tidy(self) -> None:
        now = time.monotonic()
        began = time.perf_counter()
        if collect(most=2 if now >= self._whole_again else 1) == 2:
            self._whole_again = now + (time.perf_counter() - began) / SHARE

    def close(self) -> None:
        """Give the collector back to Python."""
        self._timer.stop()
        if self._was_enabled:
            gc.enable()


def set_aside() -> None:
    """Let the collector pass over what stands when the program has started, as it stays for good:
    a quarter of a million objects of libraries, 0.1 s each time."""
    gc.collect()
    gc.freeze()


def collect(most: int = 2) -> int:
    """Collect the oldest generation that is due, up to `most`, as Python itself would; which one.

    −1 where none is due.
    """
    counts, limits = gc.get_count(), gc.get_threshold()
    for generation in range(most, -1, -1):
        if limits[generation] and counts[generation] > limits[generation]:
            gc.collect(generation)
            return generation
    return -1
