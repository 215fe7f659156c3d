"""Long work off the window's thread: progress, cancel, late answers dropped."""

from __future__ import annotations

import itertools
import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from PySide6.QtCore import QEventLoop, QObject, Qt, QTimer, Signal

from layers.errors import Cancelled
from layers.progress import Progress
from viewers.giving_way import give_way

log = logging.getLogger(__name__)

Work = Callable[[Progress], Any]
Done = Callable[[Any], None]
Failed = Callable[[BaseException], None]


@dataclass(eq=False, slots=True)
class Task:
    """One piece of work as the status bar shows it.

    `fraction` (0 … 1) and `message` are written by the worker and read by the window's timer:
    single values, so no lock is needed.
    """

    number: int
    label: str
    key: str
    generation: int
    quiet: bool = False
    fixed: bool = False
    final: bool = False
    fraction: float = 0.0
    message: str = ""
    started: float = field(default_factory=time.monotonic)
    progress: Progress = field(default_factory=Progress)
    done: Done | None = None
    failed: Failed | None = None
    stopped: Callable[[], None] | None = None
    dropped: Done | None = None


@dataclass(eq=False, slots=True)
class _Job:
    """What a worker does, and what came of it; the window's thread is the last to hold it.

    Work and callbacks may hold what owns textures and meshes: freed by a worker, which has no OpenGL,
    they would stay with the driver for good.
    """

    work: Work
    progress: Progress
    result: Any = None
    error: BaseException | None = None


class Tasks(QObject):
    """The only place of the window with threads.

    Results, failures and progress arrive in the thread `Tasks` was made in. A task with a `key`
    replaces an earlier one with the same key: the earlier is cancelled and its answer, should it
    still come, is dropped.
    """

    changed = Signal()  # a task began, moved or ended
    failed = Signal(object, object)  # Task, exception nobody took
    closed = Signal()
    _ended = Signal(int)  # number of a task

    def __init__(self, parent: QObject | None = None, *, workers: int = 2) -> None:
        super().__init__(parent)
        self._pool = ThreadPoolExecutor(workers, "dothi-task", initializer=give_way)
        self._numbers = itertools.count(1)
        self._generation: dict[str, int] = {}
        self._running: dict[int, Task] = {}
        self._jobs: dict[int, _Job] = {}
        self._closed = False
        self._ended.connect(self._finish, Qt.ConnectionType.QueuedConnection)
        self._timer = QTimer(self)
        self._timer.setInterval(100)
        self._timer.timeout.connect(self.changed)

    @property
    def is_closed(self) -> bool:
        """Whether nothing can be run any more."""
        return self._closed

    @property
    def running(self) -> list[Task]:
        """Tasks that have not ended, oldest first."""
        return list(self._running.values())

    def run(
        self,
        label: str,
        work: Work,
        *,
        done: Done | None = None,
        failed: Failed | None = None,
        stopped: Callable[[], None] | None = None,
        dropped: Done | None = None,
        key: str = "",
        quiet: bool = False,
        fixed: bool = False,
        final: bool = False,
    ) -> Task:
        """Do `work(progress)` in a worker; call `done(result)` or `failed(error)` here.

        Parameters
        ----------
        stopped
            Called when the user stopped it; a stop is not a failure.
        dropped
            Called with a result that came and nobody takes any more: to close what it holds.
        key
            Names what is computed; a newer task with the same key wins.
        quiet
            Not shown in the status bar (previews, thumbnails).
        fixed
            Cannot be stopped: half of it would be worse than all.
        final
            Once it is done it is done: a stop that comes too late stops nothing.
        """
        if self._closed:
            raise RuntimeError("Tasks are closed")
        task = Task(
            number=next(self._numbers),
            label=label,
            key=key,
            generation=self._next_generation(key),
            quiet=quiet,
            fixed=fixed,
            final=final,
            done=done,
            failed=failed,
            stopped=stopped,
            dropped=dropped,
        )
        task.progress = Progress(lambda fraction, message: _note(task, fraction, message))
        self._running[task.number] = task
        self._jobs[task.number] = _Job(work, task.progress)
        self._pool.submit(self._work, task.number)
        self._timer.start()
        self.changed.emit()
        return task

    def wait(self, label: str, work: Work) -> Any:
        """Do `work(progress)` in a worker and come back with its result; the window lives on.

        What was done counts as done, even where a stop was asked for just then.

        Raises
        ------
        Cancelled
            It was stopped, or the window was closed.
        Exception
            What `work` raised.
        """
        loop = QEventLoop()
        answer: list[Any] = []
        failure: list[BaseException] = []

        def take(result: Any) -> None:
            answer.append(result)
            loop.quit()

        def fail(error: BaseException) -> None:
            failure.append(error)
            loop.quit()

        self.closed.connect(loop.quit)
        self.run(label, work, done=take, failed=fail, stopped=loop.quit, final=True)
        loop.exec()
        self.closed.disconnect(loop.quit)
        if failure:
            raise failure[0]
        if not answer:
            raise Cancelled()
        return answer[0]

    def cancel(self, task: Task) -> None:
        """Ask `task` to stop at its next step."""
        if not task.fixed:
            task.progress.cancel()
            self.changed.emit()

    def cancel_key(self, key: str) -> None:
        """Stop what is computed under `key` and drop its answer."""
        self._next_generation(key)

    def close(self) -> None:
        """Cancel everything and wait until no worker runs; nothing is called back after this."""
        self._closed = True
        self._timer.stop()
        for task in self._running.values():
            task.progress.cancel()
        self._pool.shutdown(wait=True, cancel_futures=True)
        for number, job in self._jobs.items():
            _drop(self._running[number], job.result)
        self._jobs.clear()
        self._running.clear()
        self.closed.emit()

    def _next_generation(self, key: str) -> int:
        if not key:
            return 0
        for task in self._running.values():
            if task.key == key:
                task.progress.cancel()
        self._generation[key] = self._generation.get(key, 0) + 1
        return self._generation[key]

    def _work(self, number: int) -> None:
        """In the worker."""
        job = self._jobs[number]
        try:
            job.progress.step(0.0)
            job.result = job.work(job.progress)
        except BaseException as failure:  # noqa: BLE001  whatever it was, the window must hear of it
            job.error = failure
        del job
        if not self._closed:
            self._ended.emit(number)

    def _finish(self, number: int) -> None:
        """In the window's thread."""
        task = self._running.pop(number, None)
        if task is None:
            return
        job = self._jobs.pop(number)
        result, error = job.result, job.error
        if not self._running:
            self._timer.stop()
        self.changed.emit()
        if task.key and self._generation.get(task.key) != task.generation:
            _drop(task, result)
            return  # a newer question was asked since
        done = error is None and task.final
        if isinstance(error, Cancelled) or (task.progress.cancelled and not done):
            _drop(task, result)
            if task.stopped is not None:
                task.stopped()
        elif error is not None:
            self._fail(task, error)
        elif task.done is not None:
            task.done(result)

    def _fail(self, task: Task, error: BaseException) -> None:
        log.debug("Task %s failed", task.label, exc_info=error)
        if task.failed is not None:
            task.failed(error)
        else:
            self.failed.emit(task, error)


def _drop(task: Task, result: Any) -> None:
    if result is not None and task.dropped is not None:
        task.dropped(result)


def _note(task: Task, fraction: float, message: str) -> None:
    task.fraction = fraction
    if message:
        task.message = message


def worker_threads() -> list[threading.Thread]:
    """Our worker threads that live now; for the leak test."""
    return [t for t in threading.enumerate() if t.name.startswith("dothi-task")]
