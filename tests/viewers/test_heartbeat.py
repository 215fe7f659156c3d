"""The window's silences are measured as they are, and frames are not counted in."""

from __future__ import annotations

import time

import pytest
from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QWidget
from vtkmodules.vtkRenderingCore import vtkRenderWindow

from viewers.bench.heartbeat import Heartbeat


@pytest.fixture
def heart(qtbot):
    made = Heartbeat(watch=True)
    qtbot.wait(50)
    made.begin()
    yield made
    made.close()


def sleepy_work(seconds: float) -> None:
    time.sleep(seconds)


def test_a_silence_is_as_long_as_what_kept_the_thread_and_says_what_it_was(qtbot, heart):
    QTimer.singleShot(20, lambda: sleepy_work(0.3))
    qtbot.wait(450)
    assert 0.28 < heart.longest.seconds < 0.6
    assert heart.longest.drawing == 0.0
    assert any("sleepy_work" in line for line in heart.longest.where)


def test_a_frame_is_forgiven_but_not_what_is_done_beside_it(qtbot, heart):
    window = vtkRenderWindow()
    heart.know(window)

    def draw() -> None:
        sleepy_work(0.15)
        window.InvokeEvent("StartEvent")
        time.sleep(0.4)
        window.InvokeEvent("EndEvent")

    QTimer.singleShot(20, draw)
    qtbot.wait(800)
    (silence,) = [one for one in heart.silences if one.seconds > 0.4]
    assert 0.39 < silence.drawing < 0.55
    assert 0.13 < silence.beyond < 0.35


def test_of_two_frames_in_one_silence_only_one_is_forgiven(qtbot, heart):
    window = vtkRenderWindow()
    heart.know(window)

    def draw_twice() -> None:
        for _ in range(2):
            window.InvokeEvent("StartEvent")
            time.sleep(0.2)
            window.InvokeEvent("EndEvent")

    QTimer.singleShot(20, draw_twice)
    qtbot.wait(600)
    assert heart.longest.beyond > 0.18


def test_while_nothing_happens_it_beats(qtbot, heart):
    qtbot.wait(300)
    assert heart.longest.beyond < 0.2


class View(QWidget):
    """Says what a `QOpenGLWidget` says while Qt puts its picture on the screen."""

    aboutToCompose, frameSwapped = Signal(), Signal()  # noqa: N815  the names that Qt gives them


def test_the_way_of_a_frame_to_the_screen_is_told_apart(qtbot, heart):
    view = View()
    qtbot.addWidget(view)
    heart.know(vtkRenderWindow(), view)
    heart.begin()

    def work_and_show() -> None:
        sleepy_work(0.15)
        view.aboutToCompose.emit()
        time.sleep(0.2)
        view.frameSwapped.emit()

    QTimer.singleShot(20, work_and_show)
    qtbot.wait(600)
    silence = max(heart.silences, key=lambda one: one.seconds)
    assert 0.19 < silence.putting < 0.35
    assert 0.13 < silence.beyond < 0.3
    assert heart.longest_with_screen == pytest.approx(silence.seconds)
