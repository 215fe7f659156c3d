"""Progress of a long task, and the door through which it is asked to stop."""

from __future__ import annotations

import threading
from collections.abc import Callable

from layers.errors import Cancelled


class Progress:
    """Says how far a task is; raises `Cancelled` at the next step after `cancel()`.

    Parameters
    ----------
    report
        Called with (fraction 0…1, message) from the worker's thread.
    """

    def __init__(self, report: Callable[[float, str], None] | None = None) -> None:
        self._report = report
        self._stop = threading.Event()

    def step(self, fraction: float, message: str = "") -> None:
        """Report `fraction` (0…1) and `message`; raise `Cancelled` if asked to stop."""
        if self._stop.is_set():
            raise Cancelled()
        if self._report is not None:
            self._report(min(max(fraction, 0.0), 1.0), message)

    def cancel(self) -> None:
        """Ask the task to stop; safe from any thread."""
        self._stop.set()

    @property
    def cancelled(self) -> bool:
        """Whether a stop was asked for."""
        return self._stop.is_set()

    def part(self, start: float, end: float) -> Progress:
        """A progress whose 0…1 is `start`…`end` of this one, with the same cancel."""

        def report(fraction: float, message: str) -> None:
            if self._report is not None:
                self._report(start + (end - start) * fraction, message)

        child = Progress(report)
        child._stop = self._stop
        return child


SILENT = Progress()
