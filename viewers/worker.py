"""Work in a process of its own, so that the window never waits for Python's lock."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import pickle
import threading
import time
import traceback
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

from layers.errors import Cancelled, CityError
from layers.progress import Progress

POLL_S = 0.05
REPORT_S = 0.05
"""Progress is told at most so often."""
STOP_S = 3.0
"""How long a process may take to stop by itself before it is ended."""


def in_process(work: Callable[..., Any], *given: Any, progress: Progress) -> Any:
    """`work(*given, progress)` in a new process; what it returned.

    `work` stands in a module (not inside another function); `given` and the result are pickled,
    so they are small: large data goes through a file. To be called from a worker thread.

    Raises
    ------
    Cancelled
        `progress` was cancelled; the process has ended.
    CityError
        The process ended without an answer (code "worker-died"), or what `work` raised.
    """
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_answer, args=(theirs, work, given), daemon=True)
    try:
        process.start()
    except BaseException:
        ours.close()
        theirs.close()
        raise
    try:
        theirs.close()
        return _listen(ours, progress)
    finally:
        ours.close()  # a process that still runs hears it, and ends
        process.join(STOP_S)
        if process.is_alive():
            process.kill()
            process.join()
        process.close()


def _listen(pipe: Connection, progress: Progress) -> Any:
    deadline = float("inf")
    while True:
        if progress.cancelled and deadline == float("inf"):
            deadline = time.monotonic() + STOP_S
            with contextlib.suppress(OSError):
                pipe.send("stop")
        if time.monotonic() > deadline:
            raise Cancelled()
        if not pipe.poll(POLL_S):
            continue
        try:
            what, told = pipe.recv()
        except (EOFError, OSError):
            if progress.cancelled:
                raise Cancelled() from None
            raise CityError(
                "The work ended before it was done",
                hint="Perhaps there was too little memory: close other programs, or take less data.",
                code="worker-died",
            ) from None
        if what == "progress":
            with contextlib.suppress(Cancelled):
                progress.step(*told)
        elif what == "failed":
            raise told
        else:
            return told


def _answer(pipe: Connection, work: Callable[..., Any], given: tuple[Any, ...]) -> None:
    """In the new process."""
    last = (0.0, "")

    def report(fraction: float, message: str) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last[0] >= REPORT_S or message != last[1]:
            last = (now, message)
            pipe.send(("progress", (fraction, message)))

    progress = Progress(report)
    threading.Thread(target=_hear, args=(pipe, progress), daemon=True).start()
    try:
        answer = ("done", work(*given, progress))
    except BaseException as error:  # noqa: BLE001  whatever it was, the window must hear of it
        error.add_note("".join(traceback.format_exception(error)))
        answer = ("failed", error)
    try:
        pipe.send(answer)
    except (pickle.PicklingError, TypeError, AttributeError) as error:
        pipe.send(("failed", CityError(f"The work could not be handed over: {error}")))


def _hear(pipe: Connection, progress: Progress) -> None:
    """Stop when asked; end at once where the window is gone."""
    try:
        while pipe.recv() == "stop":
            progress.cancel()
    except (EOFError, OSError):
        os._exit(1)
