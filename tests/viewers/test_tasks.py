"""Work off the window's thread."""

from __future__ import annotations

import threading
import time

import pytest

from layers.errors import CityError
from layers.progress import Progress
from viewers.tasks import Tasks, worker_threads

pytestmark = pytest.mark.usefixtures("no_threads_left")


@pytest.fixture
def tasks(qtbot):
    made = Tasks()
    yield made
    made.close()


def test_the_answer_arrives_in_the_thread_of_the_window(qtbot, tasks):
    found = {}

    def work(progress: Progress) -> int:
        found["worker"] = threading.current_thread()
        return 6 * 7

    def done(answer: int) -> None:
        found["answer"], found["receiver"] = answer, threading.current_thread()

    tasks.run("Multiply", work, done=done)
    qtbot.waitUntil(lambda: "answer" in found)
    assert found["answer"] == 42
    assert found["receiver"] is threading.main_thread()
    assert found["worker"] is not threading.main_thread()


def test_the_window_lives_while_a_task_works(qtbot, tasks):
    gate = threading.Event()
    finished = []
    tasks.run("Wait", lambda _: gate.wait(5), done=finished.append)
    beats = []
    for _ in range(5):
        qtbot.wait(10)
        beats.append(time.monotonic())
    assert not finished
    assert len(beats) == 5
    gate.set()
    qtbot.waitUntil(lambda: finished == [True])


def test_a_failure_is_told_once_and_to_the_one_who_asked(qtbot, tasks):
    errors, strays = [], []
    tasks.failed.connect(lambda task, error: strays.append(error))

    def work(progress: Progress) -> None:
        raise CityError("The lake is dry", hint="Wait for rain.")

    tasks.run("Look", work, failed=errors.append)
    qtbot.waitUntil(lambda: bool(errors))
    assert [error.what for error in errors] == ["The lake is dry"]
    assert strays == []


def test_a_failure_nobody_takes_is_told_by_the_tasks(qtbot, tasks):
    def work(progress: Progress) -> None:
        raise ValueError("odd")

    with qtbot.waitSignal(tasks.failed, timeout=2000) as told:
        tasks.run("Look", work)
    assert isinstance(told.args[1], ValueError)


def test_a_cancelled_task_stops_at_its_next_step_and_is_no_failure(qtbot, tasks):
    stopped, failed, done = [], [], []
    begun = threading.Event()

    def work(progress: Progress) -> None:
        begun.set()
        for step in range(10_000):
            progress.step(step / 10_000)
            time.sleep(0.002)

    task = tasks.run(
        "Count", work, done=done.append, failed=failed.append, stopped=lambda: stopped.append(True)
    )
    assert begun.wait(2)
    tasks.cancel(task)
    qtbot.waitUntil(lambda: bool(stopped), timeout=3000)
    assert (done, failed) == ([], [])
    assert tasks.running == []


def test_a_late_answer_of_an_older_question_is_dropped(qtbot, tasks):
    gate = threading.Event()
    answers = []
    tasks.run("First", lambda _: gate.wait(5) and "old", done=answers.append, key="shadow")
    tasks.run("Second", lambda _: "new", done=answers.append, key="shadow")
    qtbot.waitUntil(lambda: answers == ["new"])
    gate.set()
    qtbot.waitUntil(lambda: tasks.running == [])
    assert answers == ["new"]


def test_progress_is_seen_while_it_works(qtbot, tasks):
    gate = threading.Event()

    def work(progress: Progress) -> None:
        progress.step(0.25, "Reading roofs")
        gate.wait(5)

    task = tasks.run("Read", work)
    qtbot.waitUntil(lambda: task.fraction == 0.25)
    assert task.message == "Reading roofs"
    gate.set()
    qtbot.waitUntil(lambda: tasks.running == [])


def test_closing_waits_for_the_workers_and_calls_nobody_back(qtbot):
    tasks = Tasks()
    called = []
    begun = threading.Event()

    def work(progress: Progress) -> None:
        begun.set()
        while True:
            progress.step(0.5)
            time.sleep(0.005)

    tasks.run("Endless", work, done=called.append, failed=called.append)
    assert begun.wait(2)
    tasks.close()
    assert worker_threads() == []
    qtbot.wait(50)
    assert called == []
    with pytest.raises(RuntimeError):
        tasks.run("After", lambda _: None)


def test_what_was_done_counts_even_where_the_stop_came_too_late(qtbot, tasks):
    def work(progress: Progress) -> str:
        progress.cancel()  # after the last step
        return "written"

    assert tasks.wait("Write", work) == "written"


def test_a_result_nobody_takes_is_given_back_to_be_closed(qtbot, tasks):
    dropped, done = [], []
    begun, go = threading.Event(), threading.Event()

    def work(progress: Progress) -> str:
        begun.set()
        go.wait(5)
        return "opened"

    task = tasks.run("Open", work, done=done.append, dropped=dropped.append)
    assert begun.wait(5)
    tasks.cancel(task)
    go.set()
    qtbot.waitUntil(lambda: dropped == ["opened"])
    assert done == []


def test_a_result_that_a_newer_question_made_useless_is_given_back(qtbot, tasks):
    dropped, done = [], []
    go = threading.Event()

    def old(_: object) -> str:
        go.wait(5)
        return "old"

    tasks.run("Open", old, key="open", done=done.append, dropped=dropped.append)
    tasks.run("Open", lambda _: "new", key="open", done=done.append, dropped=dropped.append)
    go.set()
    qtbot.waitUntil(lambda: done == ["new"] and dropped == ["old"])
