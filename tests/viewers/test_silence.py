"""What would hold the window's thread is not done there, or not twice; told without a clock."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from PySide6.QtCore import QEvent
from PySide6.QtWidgets import QApplication, QFrame

from viewers import theme
from viewers.app import App
from viewers.drafts import thumbnail_of
from viewers.scene import choosing
from viewers.scene.capture import capture, read_in_parts
from viewers.scene.refinement import Step
from viewers.settings import Settings
from viewers.view_state import CameraPose

pytestmark = [
    pytest.mark.usefixtures("no_threads_left"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]
SECONDS = 20_000


@pytest.fixture
def app(qtbot, tmp_path):
    settings = Settings(tmp_path / "dothi.ini")
    settings.language, settings.theme = "en", "light"
    made = App(settings)
    made.window.resize(1100, 700)
    made.show()
    qtbot.waitExposed(made.window)
    yield made
    made.close()
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


@pytest.fixture
def opened(qtbot, app, project_path):
    app.session.look(shadows=False, occlusion=False)
    app.open_project(project_path)
    at_rest(qtbot, app)
    return app


def at_rest(qtbot, app):
    canvas = app.stage.canvas
    qtbot.waitUntil(
        lambda: (
            canvas.scene is not None
            and canvas.scene.city is not None
            and not app.tasks.running
            and not canvas._calm.isActive()
        ),
        timeout=3 * SECONDS,
    )


def test_another_theme_or_hour_is_drawn_once(qtbot, opened):
    scene = opened.stage.scene
    for change in (
        lambda: opened.commands.set_theme("dark"),
        lambda: opened.session.look(sun_time=opened.session.view.sun_time.replace(hour=7)),
    ):
        drawn = scene.renders
        change()
        assert scene.renders == drawn, "drawn at once, and again with all that changed"
        qtbot.waitUntil(lambda drawn=drawn: scene.renders > drawn, timeout=SECONDS)
        assert scene.renders == drawn + 1
        at_rest(qtbot, opened)


def test_the_sun_s_ways_are_drawn_as_soon_as_they_are_asked_for(qtbot, opened):
    drawn = opened.stage.scene.renders
    opened.commands.run("sun_path")
    assert opened.stage.scene.renders == drawn + 1


def test_the_window_stays_the_same_one_when_its_first_city_comes(qtbot, app, project_path):
    before = int(app.window.winId())
    app.open_project(project_path)
    at_rest(qtbot, app)
    assert int(app.window.winId()) == before


def test_a_city_s_first_picture_is_drawn_from_where_it_was_left(qtbot, app, project_path):
    app.open_project(project_path)
    at_rest(qtbot, app)
    camera = app.stage.scene.camera
    camera.orbit(60.0, 10.0)
    left = camera.pose
    app.commands.close_project()
    camera.pose = CameraPose(eye=(0.0, 0.0, 900.0), target=(0.0, 1.0, 0.0))
    seen = []
    app.stage.scene.each_frame.append(lambda: seen.append(camera.pose))
    app.open_project(project_path)
    qtbot.waitUntil(lambda: app.session.city is not None, timeout=SECONDS)
    at_rest(qtbot, app)
    with_city = [pose for pose in seen if pose.eye != (0.0, 0.0, 900.0)]
    assert len(seen) == len(with_city), "a frame was drawn from where the other city was seen"
    assert with_city[0].eye == pytest.approx(left.eye, abs=0.01)


def test_what_is_on_screen_is_read_in_parts_and_given_up_where_it_changes(qtbot, opened):
    window = opened.stage.scene.window
    width, height = window.GetSize()
    drawn = opened.stage.scene.renders
    read = list(read_in_parts(window, 3 * width * 100))
    assert read[:-1] == [None] * -(-height // 100)
    assert np.array_equal(read[-1], capture(window, lambda: None))
    assert opened.stage.scene.renders == drawn
    reading = read_in_parts(window, 3 * width * 100)
    assert next(reading) is None
    opened.stage.scene.render()
    assert not list(reading)


def test_the_small_picture_of_a_project_is_not_taken_while_it_is_saved(qtbot, opened, project_path):
    read = []
    opened.thumbnail._timer.timeout.connect(lambda: read.append(True))
    opened.thumbnail._timer.setInterval(300)
    assert opened.saving.save()
    assert not read
    assert not thumbnail_of(project_path).exists()
    qtbot.waitUntil(thumbnail_of(project_path).exists, timeout=SECONDS)


def test_what_lies_within_a_shape_is_sought_in_a_worker(qtbot, opened, monkeypatch):
    workers, real = [], choosing.Middles.of

    def spied(self, city, layer_id):
        workers.append(threading.current_thread().name)
        yield from real(self, city, layer_id)

    monkeypatch.setattr(choosing.Middles, "of", spied)
    tool = opened.commands.tools["select_rect"]
    width, height = opened.stage.scene.window.GetSize()
    whole = np.array([[0, 0], [width, 0], [width, height], [0, height]], float)
    opened.window.layers.choose("buildings")
    tool._take(whole, "replace")
    assert not opened.session.view.chosen, "chosen before the worker said what"
    (task,) = (t for t in opened.tasks.running if not t.quiet)
    opened.tasks.cancel(task)
    qtbot.waitUntil(lambda: not opened.tasks.running, timeout=SECONDS)
    assert not opened.session.view.chosen, "stopped, and yet chosen"
    tool._take(whole, "replace")
    qtbot.waitUntil(lambda: opened.session.view.chosen.count > 1, timeout=SECONDS)
    assert workers and all(name.startswith("dothi-task") for name in workers)


def test_a_change_in_a_city_that_draws_slowly_is_seen_plainly_first(qtbot, opened):
    scene, steps = opened.stage.scene, []
    scene.each_frame.append(lambda: steps.append(scene.step))
    for seconds, first in ((0.001, Step.SMOOTH), (1.0, Step.MOVING)):
        at_rest(qtbot, opened)
        steps.clear()
        scene.seconds = seconds
        opened.commands.toggle_theme()
        qtbot.waitUntil(lambda: bool(steps), timeout=SECONDS)
        assert steps[0] == first
    at_rest(qtbot, opened)
    assert steps[-1] == scene.step == Step.SMOOTH


def test_cards_of_health_are_made_only_when_they_say_something_else(qtbot, opened):
    panel = opened.window.health
    cards = panel._issues.findChildren(QFrame, "note")
    assert cards
    opened.opening.check_health()
    assert panel._issues.findChildren(QFrame, "note") == cards
    at_rest(qtbot, opened)
    opened.commands.toggle_language()
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    said = [one for one in panel._issues.findChildren(QFrame, "note") if one not in cards]
    assert len(said) == len(cards)


def test_icons_of_the_other_theme_are_drawn_before_it_is_asked_for(qtbot, opened):
    opened.warming._timer.setInterval(0)
    qtbot.waitUntil(lambda: opened.warming.done, timeout=SECONDS)
    drawn = theme._icon.cache_info().misses
    opened.commands.toggle_theme()
    assert theme._icon.cache_info().misses == drawn
