"""Work in a process of its own: answers, failures, a stop, a death."""

from __future__ import annotations

import os
import time

import pytest

from layers.errors import Cancelled, ReadError
from layers.progress import Progress
from viewers.worker import STOP_S, in_process


def add(one: int, other: int, progress: Progress) -> tuple[int, int]:
    progress.step(0.5, "Half")
    return one + other, os.getpid()


def refuse(progress: Progress) -> None:
    raise ReadError("a.laz is cut", hint="Copy it again.", code="file-cut")


def count_for_ever(progress: Progress) -> None:
    while True:
        progress.step(0.1, "On and on")
        time.sleep(0.01)


def sleep_for_ever(progress: Progress) -> None:
    progress.step(0.1, "Asleep")
    time.sleep(600)


def die(progress: Progress) -> None:
    os._exit(3)


def test_the_answer_comes_from_another_process():
    told: list[tuple[float, str]] = []
    total, process = in_process(
        add, 2, 3, progress=Progress(lambda fraction, text: told.append((fraction, text)))
    )
    assert total == 5
    assert process != os.getpid()
    assert told == [(0.5, "Half")]


def test_a_failure_keeps_its_words_and_its_kind():
    with pytest.raises(ReadError) as failure:
        in_process(refuse, progress=Progress())
    error = failure.value
    assert (error.what, error.hint, error.code) == ("a.laz is cut", "Copy it again.", "file-cut")
    assert "refuse" in error.__notes__[0]


@pytest.mark.parametrize("work", [count_for_ever, sleep_for_ever])
def test_a_stop_ends_it_whether_it_listens_or_not(work):
    progress = Progress(lambda fraction, text: progress.cancel())
    started = time.monotonic()
    with pytest.raises(Cancelled):
        in_process(work, progress=progress)
    assert time.monotonic() - started < 2 * STOP_S + 20


def test_a_process_that_dies_is_told_in_words():
    with pytest.raises(Exception, match="ended before it was done"):
        in_process(die, progress=Progress())
