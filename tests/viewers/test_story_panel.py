"""Stories in the window: made by dragging, edited with undo, told by keys, and everything as before after."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QMimeData, QPoint, QPointF, Qt
from PySide6.QtGui import QDropEvent, QImage
from PySide6.QtWidgets import QApplication
from test_window import new_app

from layers.errors import CityError
from twin.edits.registry import encode
from twin.story import Camera, Stop, Story, Words
from viewers.app import App
from viewers.dialogs.film_dialog import FilmDialog
from viewers.dialogs.stop_dialog import StopDialog, fitted
from viewers.dialogs.story_dialogs import PlayDialog, TitleDialog
from viewers.i18n import set_language
from viewers.panels.bookmarks import MARK, BookmarksPanel
from viewers.panels.story_panel import StoryPanel
from viewers.playing import PlayRequest
from viewers.tools.story_tool import StoryTool
from viewers.view_state import Bookmark, CameraPose, ViewState
from viewers.wall.words import CAPTION, PICTURE, card

pytestmark = [
    pytest.mark.usefixtures("no_threads_left"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]
HERE = Camera(eye=(586_400.0, 2_326_000.0, 150.0), target=(586_500.0, 2_326_200.0, 5.0))
THERE = CameraPose(eye=(586_600.0, 2_326_000.0, 90.0), target=(586_500.0, 2_326_200.0, 5.0))


def a_story(count: int = 3) -> Story:
    stops = tuple(
        Stop(
            id=f"stop-{n}",
            name=f"View {n}",
            camera=HERE,
            caption=Words(vi=f"Lời {n}", en=f"Words {n}"),
            flight=0.2,
            seconds=0.5,
            notes=f"Say {n}",
            hidden=("roads",) if n == 2 else (),
        )
        for n in range(1, count + 1)
    )
    return Story(id="story-1", title=Words(vi="Phố cổ", en="Old quarter"), stops=stops)


@pytest.fixture
def panel(qtbot, city):
    made = StoryPanel()
    qtbot.addWidget(made)
    made.resize(260, 400)
    made.show_city(city.with_story(a_story()))
    made.show()
    return made


def drop(panel: StoryPanel, mime: QMimeData, where: QPoint) -> None:
    """Let something dragged go over the list, as Qt does."""
    copy, left = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton
    event = QDropEvent(QPointF(where), copy, mime, left, Qt.KeyboardModifier.NoModifier)
    panel._list.dropEvent(event)


# -- the panel ------------------------------------------------------------------------------


def test_a_bookmark_dropped_between_two_stops_is_asked_for_there(qtbot, panel):
    marks = BookmarksPanel()
    qtbot.addWidget(marks)
    marks.show_bookmarks((Bookmark(name="A", camera=THERE), Bookmark(name="B", camera=THERE)))
    dragged = marks._list.mimeData([marks._list.item(1)])
    assert dragged.hasFormat(MARK)
    second = panel._list.visualItemRect(panel._list.item(1))
    with qtbot.waitSignal(panel.marked) as asked:
        drop(panel, dragged, second.center() - QPoint(0, second.height() // 2 - 1))
    assert asked.args == [[1], 1]
    with qtbot.waitSignal(panel.marked) as asked:
        drop(panel, dragged, QPoint(20, panel._list.height() - 4))
    assert asked.args == [[1], 3]


def test_keys_of_the_panel_move_copy_and_remove(qtbot, panel):
    asked = []
    panel.asked.connect(lambda edit: asked.append(encode(edit)))
    panel._list.setCurrentRow(1)
    panel._step(-1)
    panel._copy()
    panel._list.setCurrentRow(2)
    panel._remove()
    kinds = [text.split(b'"')[3] for text in asked]
    assert kinds == [b"move-stop", b"put-stop", b"remove-stop"]
    assert b'"index":0' in asked[0] and b"stop-2" in asked[0] and b"stop-3" in asked[2]


def test_an_empty_panel_says_what_to_do(qtbot, city):
    made = StoryPanel()
    qtbot.addWidget(made)
    made.show_city(city)
    assert not made._new.isHidden() and made._add.isHidden()
    set_language("vi")
    made.retranslate()
    assert made._new.text() == "Câu chuyện mới"
    made.show_city(city.with_story(Story(id="a", title=Words(vi="Hồ"))))
    assert made._which.currentText() == "Hồ" and not made._play.isEnabled()


# -- dialogs --------------------------------------------------------------------------------


def test_a_stop_comes_out_of_the_dialog_as_it_went_in(qtbot, city):
    stop = replace_stop(sun_time="2026-06-21T09:30:00+07:00")
    dialog = StopDialog(stop, city, ViewState(), "")
    qtbot.addWidget(dialog)
    assert dialog.chosen() == stop
    dialog._vi.setPlainText("Câu khác\nhai dòng")
    dialog._seconds.setValue(9.5)
    dialog._own_layers.setChecked(False)
    dialog._own_hour.setChecked(False)
    chosen = dialog.chosen()
    assert chosen.caption.vi == "Câu khác\nhai dòng" and chosen.seconds == 9.5
    assert chosen.hidden is None and chosen.sun_time == ""


def replace_stop(**more: object) -> Stop:
    import msgspec

    return msgspec.structs.replace(a_story().stops[0], **more)


def test_a_large_picture_is_made_smaller_and_what_is_none_is_refused(qtbot, city, tmp_path):
    image = QImage(4000, 2000, QImage.Format.Format_RGB32)
    image.fill(Qt.GlobalColor.red)
    image.save(str(tmp_path / "chart.png"))
    small = QImage.fromData(fitted(tmp_path / "chart.png"))
    assert (small.width(), small.height()) == (1600, 800)
    (tmp_path / "text.png").write_text("no picture")
    with pytest.raises(CityError):
        fitted(tmp_path / "text.png")
    dialog = StopDialog(a_story().stops[0], city, ViewState(), "")
    qtbot.addWidget(dialog)
    dialog.take_picture(tmp_path / "text.png")
    assert not dialog._trouble.isHidden() and dialog.picture is None
    dialog.take_picture(tmp_path / "chart.png")
    assert dialog._trouble.isHidden() and dialog.chosen().picture


def test_dialogs_return_what_was_chosen(qtbot):
    title = TitleDialog(Words(vi="Một", en="One"))
    qtbot.addWidget(title)
    assert title.chosen() == Words(vi="Một", en="One")
    title._vi.clear()
    title._en.clear()
    assert not title.accept_button.isEnabled()
    play = PlayDialog(2)
    qtbot.addWidget(play)
    play._loop.setChecked(True)
    play._from_here.setChecked(True)
    assert play.chosen() == PlayRequest(screen=0, timer=True, loop=True, start=2)
    film = FilmDialog([("story-1", "Old quarter")], marks=2)
    qtbot.addWidget(film)
    film._seconds.setValue(12.0)
    film._stay.setValue(1.5)
    film._eased.setChecked(False)
    chosen = film.chosen()
    assert (chosen.path, chosen.seconds, chosen.stay, chosen.speed) == (
        "bookmarks", 12.0, 1.5, "constant",
    )  # fmt: skip
    film._path.setCurrentIndex(2)
    assert film.chosen().path == "story-1" and not film._seconds.isEnabled()


def test_words_lie_low_and_the_picture_high_right():
    picture = QImage(60, 40, QImage.Format.Format_RGB32)
    picture.fill(Qt.GlobalColor.red)
    made = card("Nhà cao 30 m", picture, (800, 600))
    pixels, x, y = made[CAPTION]
    assert y < 60 and abs((x + pixels.shape[1] / 2) - 400) < 8
    pixels, x, y = made[PICTURE]
    assert x > 400 and y > 300 and x + pixels.shape[1] <= 800 and y + pixels.shape[0] <= 600
    assert (pixels[pixels.shape[0] // 2, pixels.shape[1] // 2] == [255, 0, 0, 255]).all()
    assert card("", None, (800, 600)) == {}


# -- the window -----------------------------------------------------------------------------


@pytest.fixture
def app(qtbot, tmp_path, project_path):
    made = new_app(tmp_path)
    made.window.resize(1100, 700)
    made.show()
    qtbot.waitExposed(made.window)
    made.session.look(shadows=False, occlusion=False)
    made.open_project(project_path)
    qtbot.waitUntil(lambda: made.stage.scene is not None and made.session.city is not None)
    qtbot.waitUntil(lambda: not made.tasks.running, timeout=60_000)
    yield made
    made.close()
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def tool_of(app: App) -> StoryTool:
    return next(one for one in app.tools if isinstance(one, StoryTool))


def test_bookmarks_become_a_story_that_is_undone_step_by_step(qtbot, app):
    tool, session = tool_of(app), app.session
    session.keep((Bookmark(name="Hồ", camera=THERE), Bookmark(name="Ga", camera=THERE)))
    tool.begin(Words(vi="Chuyện", en="Tale"))
    tool.add_bookmarks([0, 1], 0)
    tool.add_stop()
    story = session.city.stories["story-1"]
    assert [stop.name for stop in story.stops] == ["Hồ", "Ga", "View 3"]
    assert tool.panel._list.count() == 3
    session.undo()
    session.undo()
    assert [stop.name for stop in session.city.stories["story-1"].stops] == ["Hồ"]
    assert tool.panel._list.count() == 1
    session.undo()
    session.undo()
    assert not session.city.stories and tool.panel.story is None


def test_a_story_is_told_by_keys_and_leaves_everything_as_it_was(qtbot, app):
    from twin.edits.stories import PutStory

    tool, session, window = tool_of(app), app.session, app.window
    session.do(PutStory(story=a_story()))
    layers, size = window._docks["layers"], window.size()
    view, pose = session.view, app.stage.pose()
    assert layers.isVisible()
    tool.play(PlayRequest(screen=0, presenter=True))
    show, furniture = tool.show_now, tool._over.furniture
    qtbot.waitUntil(window.isFullScreen, timeout=10_000)
    assert not layers.isVisible() and not window.menuBar().isVisible()
    qtbot.waitUntil(lambda: CAPTION in furniture.names(), timeout=10_000)
    presenter = tool.presenter
    assert presenter._notes.toPlainText() == "Say 1" and presenter._next.text() == "View 2"

    qtbot.keyClick(window, Qt.Key.Key_PageDown)
    assert show.number == 1 and CAPTION not in furniture.names()
    qtbot.waitUntil(lambda: CAPTION in furniture.names(), timeout=10_000)
    assert app.stage.scene.view.hidden == {"roads"} and session.view == view
    assert app.stage.pose().eye == pytest.approx(HERE.eye)
    assert presenter._notes.toPlainText() == "Say 2"
    qtbot.keyClick(presenter, Qt.Key.Key_Right)
    assert show.number == 2 and presenter._next.text() == "End of the story"
    qtbot.keyClick(window, Qt.Key.Key_Space)
    assert show.number == 2  # nothing after the last
    qtbot.keyClick(window, Qt.Key.Key_PageUp)
    assert show.number == 1

    qtbot.keyClick(window, Qt.Key.Key_Escape)
    assert tool.show_now is None and not window.isFullScreen()
    qtbot.waitUntil(layers.isVisible)
    qtbot.waitUntil(lambda: window.size() == size, timeout=10_000)
    assert app.stage.scene.view.hidden == view.hidden and not furniture.names() & {CAPTION, PICTURE}
    qtbot.waitUntil(lambda: app.stage.pose() == pose, timeout=10_000)
    assert app.stage.canvas.picking


def test_a_fade_keeps_the_last_picture_over_the_next_and_lets_it_go(qtbot, app):
    from msgspec.structs import replace

    from twin.edits.stories import PutStory
    from viewers.scene.capture import as_shown
    from viewers.wall.fade import LAST

    tool, story = tool_of(app), a_story(2)
    away = Camera(eye=(586_700.0, 2_326_300.0, 60.0), target=HERE.target)
    stops = (story.stops[0], replace(story.stops[1], transition="fade", camera=away))
    app.session.do(PutStory(story=replace(story, stops=stops)))
    tool.play(PlayRequest(screen=-1))
    show, furniture = tool.show_now, tool._over.furniture
    qtbot.waitUntil(lambda: CAPTION in furniture.names(), timeout=10_000)
    scene = app.stage.scene
    scene.set_still()
    first = as_shown(scene.window).astype(int)
    show.next()
    # The eye is there already, under the picture of where it was.
    assert app.stage.pose().eye == pytest.approx(away.eye) and LAST in furniture.names()
    scene.render()
    assert np.abs(as_shown(scene.window) - first).mean() < 1.0
    show._fade._timer.stop()
    furniture.dim(LAST, 0.0)
    scene.render()
    other = as_shown(scene.window).astype(int)
    differs = np.abs(other - first).max(axis=2) > 60
    assert differs.mean() > 0.02
    furniture.dim(LAST, 0.5)
    scene.render()
    half = as_shown(scene.window).astype(int)
    assert np.abs(half - (first + other) / 2)[differs].mean() < 6
    show._fade._step()
    qtbot.waitUntil(lambda: LAST not in furniture.names(), timeout=10_000)
    qtbot.waitUntil(lambda: CAPTION in furniture.names(), timeout=10_000)
    show.end()
    assert LAST not in furniture.names()


def test_a_kiosk_goes_on_by_itself_and_begins_again(qtbot, app):
    from twin.edits.stories import PutStory

    tool = tool_of(app)
    app.session.do(PutStory(story=a_story(2)))
    seen = []
    tool.play(PlayRequest(screen=-1, timer=True, loop=True))
    tool.show_now.changed.connect(lambda: seen.append(tool.show_now.number))
    assert not app.window.isFullScreen()
    qtbot.waitUntil(lambda: 1 in seen and seen[-1] == 0, timeout=20_000)
    qtbot.keyClick(app.window, Qt.Key.Key_P)
    assert not tool.show_now.going
    app.window.close()  # a show does not keep the window from closing
    assert tool.show_now is None or app._closed


@pytest.mark.slow
def test_a_film_is_made_beside_the_window(qtbot, app, tmp_path):
    from viewers.film.making import FilmRequest
    from viewers.tools.film_tool import FilmTool

    tool = next(one for one in app.tools if isinstance(one, FilmTool))
    app.session.keep((Bookmark(name="Hồ", camera=THERE),))
    out = tmp_path / "phim.mp4"
    request = FilmRequest(city=Path(), out=out, seconds=1.0, fps=4, size=(160, 90), draft=True)
    tool.make_film(request)
    qtbot.waitUntil(out.exists, timeout=90_000)
    qtbot.waitUntil(lambda: not app.tasks.running)
    stopped = tmp_path / "stopped.mp4"
    tool.make_film(replace(request, out=stopped, seconds=600.0))
    qtbot.waitUntil(lambda: any("Frame" in t.message for t in app.tasks.running), timeout=90_000)
    app.tasks.cancel(app.tasks.running[0])
    qtbot.waitUntil(lambda: not app.tasks.running, timeout=30_000)
    assert sorted(one.name for one in tmp_path.glob("*.mp4")) == ["phim.mp4"]
    assert not list(tmp_path.glob(".*mp4*"))
