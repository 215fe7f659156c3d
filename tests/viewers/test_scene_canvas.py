"""The 3D view in a real window: hands move it, clicks find things, closing leaves nothing."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication
from scene_city import block_city

from viewers.scene.canvas import Canvas
from viewers.view_state import ViewState

PLAIN = ViewState(shadows=False, occlusion=False, edges=False)


@pytest.fixture
def canvas(qtbot):
    made = Canvas()
    qtbot.addWidget(made)
    made.resize(400, 300)
    with qtbot.waitSignal(made.ready, timeout=20_000):
        made.show()
    made.show_city(block_city(6), PLAIN)
    yield made
    made.close_scene()


def test_a_click_finds_the_building_under_the_cursor(qtbot, canvas):
    camera = canvas.scene.camera
    world = camera.origin + np.array([45.0, 45.0, 10.0])
    canvas.fly_to(camera.top(), seconds=0)
    x, y = camera.project(world, canvas.scene.window.GetSize())
    place = QPoint(round(x), round(canvas._interactor.height() - 1 - y))
    with qtbot.waitSignal(canvas.picked, timeout=5000) as picked:
        qtbot.mouseClick(canvas._interactor, Qt.MouseButton.LeftButton, pos=place)
    assert picked.args[0].kind == "building" and picked.args[0].row == 2 * 6 + 2


def test_dragging_turns_the_city_and_then_it_comes_to_rest(qtbot, canvas):
    before = canvas.scene.camera.pose
    view = canvas._interactor
    with qtbot.waitSignals([canvas.moving, canvas.still], timeout=20_000):
        qtbot.mousePress(view, Qt.MouseButton.LeftButton, pos=QPoint(100, 150))
        qtbot.mouseMove(view, QPoint(160, 150))
        qtbot.mouseMove(view, QPoint(200, 150))
        qtbot.mouseRelease(view, Qt.MouseButton.LeftButton, pos=QPoint(200, 150))
    after = canvas.scene.camera.pose
    assert after.target == pytest.approx(before.target)
    assert np.linalg.norm(np.subtract(after.eye, before.eye)) > 5


def test_a_flight_ends_exactly_where_it_was_sent(qtbot, canvas):
    goal = canvas.scene.camera.top()
    canvas.fly_to(goal, seconds=0.2)
    qtbot.waitUntil(lambda: canvas._flight is None, timeout=20_000)
    assert canvas.scene.camera.pose.eye == pytest.approx(goal.eye)
    assert canvas.scene.camera.pose.target == pytest.approx(goal.target)


def test_a_double_click_flies_half_the_way_there(qtbot, canvas):
    canvas.fly_to(canvas.scene.camera.top(), seconds=0)
    before = canvas.scene.camera.pose
    middle = canvas._interactor.rect().center()
    there = canvas._ground_under(middle) + canvas.scene.camera.origin
    qtbot.mouseDClick(canvas._interactor, Qt.MouseButton.LeftButton, pos=middle)
    qtbot.waitUntil(lambda: canvas.scene.camera.pose != before, timeout=20_000)
    qtbot.waitUntil(lambda: canvas._flight is None, timeout=20_000)
    after = canvas.scene.camera.pose
    assert after.target == pytest.approx(tuple(there), abs=0.01)
    half = np.linalg.norm(np.subtract(before.eye, there)) / 2
    assert np.linalg.norm(np.subtract(after.eye, there)) == pytest.approx(half, rel=0.01)


def test_twenty_views_open_and_close_and_leave_nothing(qtbot):
    threads, widgets = threading.active_count(), len(QApplication.topLevelWidgets())
    for _ in range(20):
        view = Canvas()
        view.resize(160, 120)
        with qtbot.waitSignal(view.ready, timeout=20_000):
            view.show()
        view.show_city(block_city(2), PLAIN)
        view.close()
        view.deleteLater()
        QApplication.processEvents()
    qtbot.wait(50)
    assert threading.active_count() <= threads
    assert len(QApplication.topLevelWidgets()) <= widgets


def test_each_frame_is_drawn_once_and_painting_again_draws_none(qtbot, canvas):
    with qtbot.waitSignal(canvas.still, timeout=20_000):
        pass
    qtbot.wait(100)
    frames: list[object] = []
    tag = canvas.scene.window.AddObserver("EndEvent", lambda *_: frames.append(1))
    canvas.fly_to(canvas.scene.camera.top(), seconds=0)
    QApplication.processEvents()
    assert len(frames) == 1
    canvas._interactor.update()
    QApplication.processEvents()
    assert len(frames) == 1
    canvas.scene.window.RemoveObserver(tag)


def test_what_is_painted_is_the_last_frame_also_after_another_size(qtbot, canvas):
    with qtbot.waitSignal(canvas.still, timeout=20_000):
        pass
    view = canvas._interactor
    canvas.fly_to(canvas.scene.camera.top(), seconds=0)
    qtbot.waitSignal(canvas.still, timeout=20_000).wait()
    for change in (
        lambda: None,
        lambda: canvas.scene.screenshot((640, 200)),
        lambda: canvas.resize(500, 360),
    ):
        change()
        qtbot.wait(400)
        image = view.grabFramebuffer().convertToFormat(QImage.Format.Format_RGB888)
        shown = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), -1)
        shown = shown[:, : image.width() * 3].reshape(image.height(), image.width(), 3)
        drawn = canvas.scene.screenshot()
        assert shown.shape == drawn.shape
        assert np.abs(shown.astype(int) - drawn).mean() < 2.0
        assert shown.std() > 10
