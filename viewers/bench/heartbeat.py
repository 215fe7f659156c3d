"""Whether the window's thread answers: its longest silence, without the drawing of frames."""

from __future__ import annotations

import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from types import FrameType
from typing import Any

from PySide6.QtCore import QEvent, QObject, Qt, QTimer

BEAT_MS = 10
LOOK_S = 0.004
"""How often a watcher looks at what the window's thread does."""
DEEPEST = 40
LINES = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """One time between two beats.

    Attributes
    ----------
    seconds : how long the thread did not answer
    drawing : of them, how long the longest single frame took to be drawn
    putting : of them, how long Qt took at most to put one on the screen, where its widget is known
    where : the calls seen most often meanwhile, innermost last; empty where nobody watched
    others : what other threads of Python did when it ended: one of them may have held Python's lock
    """

    seconds: float
    drawing: float
    putting: float = 0.0
    where: tuple[str, ...] = ()
    others: tuple[str, ...] = ()

    @property
    def beyond(self) -> float:
        """Seconds beyond the drawing of one frame, and its way to the screen."""
        return self.seconds - self.drawing - self.putting


class Heartbeat(QObject):
    """Beats each 10 ms in the thread it was made in, and remembers when it could not.

    Parameters
    ----------
    longer
        Silences of more than so many seconds beyond one frame are kept.
    watch
        Look, from another thread, at what is done in a silence; costs a little.
    """

    def __init__(self, *, longer: float = 0.02, watch: bool = False) -> None:
        super().__init__()
        self.silences: list[Silence] = []
        self.longest = Silence(seconds=0.0, drawing=0.0)
        """The one that is longest beyond one frame."""
        self.longest_with_screen = 0.0
        """Seconds of the longest beyond one frame, its way to the screen included."""
        self._longer = longer
        self._frame, self._frame_started = 0.0, 0.0
        self._put, self._put_started = 0.0, 0.0
        self._observed: list[tuple[Any, int]] = []
        self._widget: Any = None
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(BEAT_MS)
        self._timer.timeout.connect(self._beat)
        self._watcher = Watcher(threading.get_ident()) if watch else None
        self._last = time.perf_counter()
        self._timer.start()

    def know(self, render_window: Any, widget: Any = None) -> None:
        """Do not count the drawing of this `vtkRenderWindow`'s frames, each by itself, nor how long Qt
        takes to put one on the screen with all that stands beside its `QOpenGLWidget`."""
        if widget is not None:
            self._widget = widget
            widget.installEventFilter(self)
            widget.aboutToCompose.connect(self._put_starts)
            widget.frameSwapped.connect(self._put_ends)
        self._observed += [
            (render_window, render_window.AddObserver("StartEvent", self._frame_starts, 1e6)),
            (render_window, render_window.AddObserver("EndEvent", self._frame_ends, -1e6)),
        ]

    def _frame_starts(self, *_: Any) -> None:
        self._frame_started = time.perf_counter()

    def _frame_ends(self, *_: Any) -> None:
        # Two frames in one silence are not one frame: only the longest is forgiven.
        self._frame = max(self._frame, time.perf_counter() - self._frame_started)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Hear when the widget is painted: its picture is copied then, and put on the screen after."""
        if event.type() == QEvent.Type.Paint:
            self._put_starts()
        return False

    def _put_starts(self) -> None:
        self._put_started = self._put_started or time.perf_counter()

    def _put_ends(self) -> None:
        if self._put_started:
            self._put = max(self._put, time.perf_counter() - self._put_started)
        self._put_started = 0.0

    def _beat(self) -> None:
        now = time.perf_counter()
        seconds = now - self._last - BEAT_MS / 1000
        silence = Silence(seconds=seconds, drawing=self._frame, putting=self._put)
        self.longest_with_screen = max(self.longest_with_screen, seconds - self._frame)
        self._frame = self._put = 0.0
        where = self._watcher.seen() if self._watcher is not None else ()
        if silence.beyond > self._longer:
            others = self._watcher.others() if self._watcher is not None else ()
            silence = replace(silence, where=where, others=others)
            self.silences.append(silence)
        if silence.beyond > self.longest.beyond:
            self.longest = silence
        self._last = time.perf_counter()

    def begin(self) -> None:
        """Forget all silences; the next one begins now."""
        self.silences.clear()
        self.longest = Silence(seconds=0.0, drawing=0.0)
        self._frame = self._put = self.longest_with_screen = 0.0
        if self._watcher is not None:
            self._watcher.seen()
        self._last = time.perf_counter()

    def close(self) -> None:
        """Stop beating."""
        self._timer.stop()
        if self._widget is not None:
            self._widget.removeEventFilter(self)
            self._widget.aboutToCompose.disconnect(self._put_starts)
            self._widget.frameSwapped.disconnect(self._put_ends)
            self._widget = None
        for owner, tag in self._observed:
            owner.RemoveObserver(tag)
        self._observed.clear()
        if self._watcher is not None:
            self._watcher.close()


@contextmanager
def listening(
    render_window: Any = None, widget: Any = None, *, watch: bool = False
) -> Iterator[Heartbeat]:
    """A heartbeat while the block lets the event loop run; see `Heartbeat.know`."""
    heart = Heartbeat(watch=watch)
    if render_window is not None:
        heart.know(render_window, widget)
    try:
        yield heart
    finally:
        heart.close()


class Watcher:
    """Looks again and again at what one thread is doing."""

    def __init__(self, thread: int) -> None:
        self._watched = thread
        self._seen: Counter[tuple[str, ...]] = Counter()
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, name="dothi-watcher", daemon=True)
        self._thread.start()

    def seen(self) -> tuple[str, ...]:
        """The calls seen since the last question, most frequent first, each with its share."""
        with self._lock:
            seen, self._seen = self._seen, Counter()
        whole = sum(seen.values())
        return tuple(
            f"{100 * count / whole:.0f} % {' > '.join(calls)}"
            for calls, count in seen.most_common(LINES)
        )

    def others(self) -> tuple[str, ...]:
        """What other threads do now."""
        ours = {self._watched, self._thread.ident}
        frames = {k: f for k, f in sys._current_frames().items() if k not in ours}
        return tuple(" > ".join(_calls(frame)[-6:]) for frame in frames.values())

    def close(self) -> None:
        """Look no more."""
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._over.wait(LOOK_S):
            frame = sys._current_frames().get(self._watched)
            if frame is not None:
                calls = tuple(_calls(frame))
                with self._lock:
                    self._seen[calls] += 1


def _calls(frame: FrameType | None) -> list[str]:
    found: list[str] = []
    while frame is not None and len(found) < DEEPEST:
        code = frame.f_code
        file = code.co_filename.replace("\\", "/").rsplit("/", 1)[-1]
        found.append(f"{file}:{frame.f_lineno} {code.co_name}")
        frame = frame.f_back
    return found[::-1]


def heard(silences: list[Silence], say: Callable[[str], None]) -> None:
    """Tell the longest silences and what was done in them."""
    for one in sorted(silences, key=lambda s: -s.beyond)[:6]:
        say(f"{1000 * one.seconds:6.0f} ms, {1000 * one.drawing:.0f} of them one frame")
        for line in one.where[:LINES]:
            say(f"    {line}")
