"""The generated ward in the real window, from dropped files on: everything a user does in the first hour."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from pathlib import Path

import geopandas
import numpy as np
import platformdirs
import pytest
import shapely
import window_hand as hand
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QTimer, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QApplication,
    QFileDialog,
    QLabel,
    QLineEdit,
    QToolButton,
    QTreeWidgetItemIterator,
)

from twin.demo.generate import generate
from viewers.dialogs.screenshot import ScreenshotDialog
from viewers.dialogs.style_dialog import StyleDialog
from viewers.drafts import left_drafts
from viewers.i18n import language, say, set_language
from viewers.panels.legend_panel import LegendView
from viewers.tasks import worker_threads
from viewers.theme import apply_theme, theme

pytestmark = pytest.mark.slow
CONTROL = Qt.KeyboardModifier.ControlModifier


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A ward of 300 m as files."""
    return generate(tmp_path_factory.mktemp("demo") / "ward", size=300)


@pytest.fixture(scope="module")
def app(qapp, tmp_path_factory):
    """One window for all of this, with folders of its own."""
    folder = tmp_path_factory.mktemp("user")
    with pytest.MonkeyPatch.context() as patch:
        for name in ("user_data_dir", "user_cache_dir"):
            own = str(folder / name)
            patch.setattr(platformdirs, name, lambda *_, own=own, **__: own)
        made = hand.new_app(folder / "dothi.ini")
        hand.plain(made)
        yield made
        hand.shut(made)
        assert worker_threads() == []
    set_language("en")
    apply_theme("light")


@pytest.fixture(scope="module")
def project(app, files, tmp_path_factory):
    """The files dropped on the window, built, and saved where a user keeps things."""
    drop(app, [files.dtm, files.ortho, files.vectors, *files.lidar])
    dialog = app.opening.dialog
    assert dialog is not None
    hand.wait(lambda: not dialog._waiting)
    assert dialog.accept_button.isEnabled(), dialog.problem()
    dialog.accept_button.click()
    hand.wait(lambda: app.session.city is not None or app.window.notices.notices)
    assert app.session.city is not None, app.window.notices.notices
    hand.rest(app)
    target = tmp_path_factory.mktemp("mine") / "Phường của tôi.gpkg"
    when_asked(QFileDialog, lambda asked: name_file(asked, target))
    hand.press(app, Qt.Key.Key_S, CONTROL)
    assert app.session.project.path == target
    return target


@pytest.fixture
def ward(app, project):
    """The window with the saved ward open, as it was."""
    assert app.session.project.path == project
    yield app
    while app.session.document.undo_label is not None:
        app.session.undo()
    app.session.look(hidden=frozenset({"0-0"}), selected=None)


# -- hands ----------------------------------------------------------------------------------


def drop(app, paths: list[Path]) -> None:
    """Drop files on the window."""
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    where, buttons = QPointF(300, 300), Qt.MouseButton.LeftButton
    copy, none = Qt.DropAction.CopyAction, Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(where.toPoint(), copy, data, buttons, none)
    app.window.dragEnterEvent(enter)
    assert enter.isAccepted()
    app.window.dropEvent(QDropEvent(where, copy, data, buttons, none))


def when_asked(kind, answer) -> None:
    """Answer a dialog that will block: as soon as one of `kind` is on screen."""
    timer = QTimer(QApplication.instance())
    timer.setInterval(20)
    tries = iter(range(1500))

    def look() -> None:
        asked = QApplication.activeModalWidget()
        if isinstance(asked, kind) and asked.isVisible():
            timer.stop()
            answer(asked)
        elif next(tries, None) is None:
            timer.stop()

    timer.timeout.connect(look)
    timer.start()


def name_file(asked: QFileDialog, path: Path) -> None:
    """Type a path in a file dialog and press Enter."""
    line = asked.findChild(QLineEdit)
    line.setText(str(path))
    QTest.keyClick(line, Qt.Key.Key_Return)


def eye_of(app, layer: str) -> None:
    """Click the eye of a layer in the list."""
    from viewers.panels.layers_panel import EYE, ID, NAME

    tree = app.window.layers._tree
    walk = QTreeWidgetItemIterator(tree)
    while walk.value() is not None:
        item = walk.value()
        if item.data(NAME, ID) == layer:
            tree.scrollToItem(item)
            row = tree.visualItemRect(item).center().y()
            column = tree.columnViewportPosition(EYE) + tree.columnWidth(EYE) // 2
            button = Qt.MouseButton.LeftButton
            QTest.mouseClick(tree.viewport(), button, pos=QPoint(column, row))
            return
        walk += 1
    raise AssertionError(f"no row for {layer}")


def landed(app) -> None:
    """Wait until a flight is over."""
    hand.wait(lambda: app.stage.canvas._flight is None)


def pose(app):
    """(eye, target) of the camera, world metres."""
    found = app.stage.pose()
    return np.array(found.eye), np.array(found.target)


# -- what a user does -----------------------------------------------------------------------


def test_dropped_files_are_the_whole_city(ward, files, project):
    city = ward.session.city
    assert city.frame.crs == "EPSG:5897"
    outlines = geopandas.read_file(files.vectors, layer="nha")
    buildings = city.buildings_layer("nha")
    assert buildings.count == len(outlines)
    assert {layer.name for layer in city.layers.values()} >= {"nha", "duong", "cay_xanh", "dtm"}
    west, south, east, north = outlines.total_bounds
    assert buildings.bounds == pytest.approx((west, south, east, north), abs=0.01)
    assert project.exists() and not ward.session.draft
    assert left_drafts() == []
    assert "•" not in ward.window.windowTitle()


def test_measured_heights_are_those_the_ward_was_generated_with(ward, files):
    """The truth that no survey knows: half of the main roofs are found to 30 cm."""
    truth = np.load(files.truth / "truth.npz")
    city = ward.session.city
    shapes = city.buildings_layer("nha").footprints
    middles = shapely.points(shapely.get_coordinates(shapely.centroid(shapes)))
    tree = shapely.STRtree(middles)
    nearest = tree.nearest(shapely.points(truth["x"], truth["y"]))
    found = city.buildings_layer("nha").height[nearest]
    off = np.minimum(np.abs(found - truth["height_main"]), np.abs(found - truth["height_top"]))
    assert np.median(off) < 0.3


def test_language_and_theme_change_while_it_runs(ward):
    window = ward.window
    hand.press(ward, Qt.Key.Key_L, CONTROL)
    hand.press(ward, Qt.Key.Key_T, CONTROL)
    assert (language(), theme()) == ("vi", "dark")
    assert window._menus["File"].title() == "Tệp"
    assert window.palette().window().color().lightness() < 60
    dark = hand.seen(ward)
    left = [w.text() for w in window.health.findChildren(QLabel) if w.isVisible()]
    assert not [text for text in left if "Licence" in text or "stated" in text], left
    hand.press(ward, Qt.Key.Key_L, CONTROL)
    hand.press(ward, Qt.Key.Key_T, CONTROL)
    assert (language(), theme()) == ("en", "light")
    assert window._menus["File"].title() == "File"
    assert hand.seen(ward)[:20].mean() > dark[:20].mean() + 40, "the sky follows the theme"


def test_the_camera_goes_where_each_key_says(ward):
    hand.press(ward, Qt.Key.Key_Home)
    landed(ward)
    bounds = ward.session.city.buildings_layer("nha").bounds
    middle = np.array([(bounds[0] + bounds[2]) / 2, (bounds[1] + bounds[3]) / 2])
    eye, target = pose(ward)
    assert np.linalg.norm(target[:2] - middle) < 100, "it looks at the middle third of the ward"
    assert eye[2] > target[2]

    hand.press(ward, Qt.Key.Key_N)
    landed(ward)
    eye, target = pose(ward)
    ahead = target - eye
    assert abs(ahead[0]) < 0.5 and ahead[1] > 0, "north is ahead"

    hand.press(ward, Qt.Key.Key_T)
    landed(ward)
    eye, target = pose(ward)
    assert np.abs((target - eye)[:2]).max() < 0.5 and eye[2] > target[2], "straight down"

    building = hand.largest(ward, "nha")
    roof = hand.roof_of(ward, "nha", building)
    hand.look_down_at(ward, roof)
    hand.click(ward, roof)
    assert ward.window.inspector._title.text() == building
    hand.press(ward, Qt.Key.Key_Home)
    landed(ward)
    hand.press(ward, Qt.Key.Key_F)
    landed(ward)
    eye, target = pose(ward)
    outline = ward.session.city.buildings_layer("nha").footprints[
        ward.session.city.building("nha", building).row
    ]
    assert shapely.box(*shapely.bounds(outline)).contains(shapely.Point(target[:2]))

    hand.press(ward, Qt.Key.Key_W)
    landed(ward)
    eye, _ = pose(ward)
    ground = ward.session.city.layers["dtm"]
    column = int((eye[0] - ground.west) / ground.cell_x)
    row = int((ground.north - eye[1]) / ground.cell_y)
    above = eye[2] - float(ground.heights[row, column])
    on_roof = eye[2] - roof[2]
    assert 1.2 < above < 2.2 or 1.2 < on_roof < 2.2, "eyes are 1.7 m above where feet stand"
    start = eye
    QTest.keyPress(ward.stage.canvas._interactor, Qt.Key.Key_Up)
    hand.wait(lambda: np.linalg.norm(pose(ward)[0] - start) > 1.0)
    QTest.keyRelease(ward.stage.canvas._interactor, Qt.Key.Key_Up)
    hand.press(ward, Qt.Key.Key_Escape)
    assert not ward.stage.walking


def test_a_bookmark_and_the_hour_live_on_in_the_file(ward, project):
    hand.press(ward, Qt.Key.Key_T)
    landed(ward)
    kept = ward.stage.pose()
    hand.press(ward, Qt.Key.Key_B)
    when = datetime(2026, 12, 21, 16, 15, tzinfo=timezone(timedelta(hours=7)))
    ward.window.sun.time_asked.emit(when)
    hand.press(ward, Qt.Key.Key_W, CONTROL)
    hand.wait(lambda: ward.session.city is None)
    hand.open_city(ward, project)
    (bookmark,) = ward.session.bookmarks
    assert np.allclose(bookmark.camera.eye, kept.eye, atol=0.01)
    assert ward.session.view.sun_time == when
    hand.press(ward, Qt.Key.Key_Home)
    landed(ward)
    marks = ward.window.bookmarks._list
    ward.window.show_panel("bookmarks")
    place = marks.visualItemRect(marks.item(0)).center()
    QTest.mouseClick(marks.viewport(), Qt.MouseButton.LeftButton, pos=place)
    landed(ward)
    assert np.allclose(pose(ward)[0], kept.eye, atol=0.01)


def test_a_picture_of_3840_by_2160_is_written(ward, tmp_path):
    out = tmp_path / "ảnh.png"

    def answer(dialog: ScreenshotDialog) -> None:
        dialog._preset.setCurrentIndex(
            dialog._preset.findText("3840 × 2160", Qt.MatchFlag.MatchStartsWith)
        )
        dialog._preset.activated.emit(dialog._preset.currentIndex())
        when_asked(QFileDialog, lambda asked: name_file(asked, out))
        dialog.accept_button.click()

    when_asked(ScreenshotDialog, answer)
    hand.press(ward, Qt.Key.Key_P, CONTROL)
    hand.wait(lambda: out.is_file() and not ward.tasks.running)
    image = QImage(str(out))
    assert (image.width(), image.height()) == (3840, 2160)
    assert len({image.pixel(x, y) for x in range(0, 3840, 60) for y in range(0, 2160, 60)}) > 50


def test_a_hidden_layer_is_not_seen_and_comes_back(ward):
    place = hand.roof_of(ward, "nha", hand.largest(ward, "nha"))
    hand.look_down_at(ward, place)
    shown = hand.seen(ward)
    eye_of(ward, "nha")
    assert "nha" in ward.session.view.hidden
    without = hand.seen(ward)
    point = hand.point_of(ward, place)
    around = (slice(point.y() - 4, point.y() + 5), slice(point.x() - 4, point.x() + 5))
    assert np.abs(shown[around].astype(int) - without[around].astype(int)).sum(axis=2).mean() > 12
    found = ward.stage.scene.pick(*pixel(ward, place))
    assert found is None or found.layer != "nha", "what is hidden cannot be picked"
    eye_of(ward, "nha")
    assert np.abs(hand.seen(ward)[around].astype(int) - shown[around]).max() < 12


def test_colouring_by_height_shows_a_legend_in_metres(ward):
    hand.look_down_at(ward, hand.roof_of(ward, "nha", hand.largest(ward, "nha")))
    plain = hand.seen(ward)

    def answer(dialog: StyleDialog) -> None:
        dialog._by.setCurrentIndex(dialog._by.findData("height"))
        dialog._by.activated.emit(dialog._by.currentIndex())
        dialog.accept_button.click()

    ward.window.layers.choose("nha")
    when_asked(StyleDialog, answer)
    ward.window.actions_trigger("style_layer")
    assert ward.session.city.style("nha").color_by == "height"
    words = [w.text() for v in ward.window.legend.findChildren(LegendView) for w in _words(v)]
    assert any("(m)" in word for word in words), words
    coloured = hand.seen(ward)
    assert np.abs(coloured.astype(int) - plain).mean() > 3
    hand.press(ward, Qt.Key.Key_Z, CONTROL)
    assert ward.session.city.style("nha").color_by == ""
    back = hand.seen(ward)
    point = hand.point_of(ward, hand.roof_of(ward, "nha", hand.largest(ward, "nha")))
    roof = (slice(point.y() - 4, point.y() + 5), slice(point.x() - 4, point.x() + 5))
    assert np.abs(coloured[roof].astype(int) - plain[roof]).max() > 30
    assert np.abs(back[roof].astype(int) - plain[roof]).max() < 12


def test_a_removed_layer_comes_back_with_undo(ward):
    before = list(ward.session.city.layers)
    ward.window.layers.choose("duong")
    ward.window.actions_trigger("remove_layer")
    assert "duong" not in ward.session.city.layers
    assert ward.stage.scene.visual("duong") is None
    hand.press(ward, Qt.Key.Key_Z, CONTROL)
    assert list(ward.session.city.layers) == before, "in its old place"
    assert ward.stage.scene.visual("duong") is not None


def test_a_stopped_task_leaves_everything_as_it_was(ward, files, project):
    city, written = ward.session.city, len(ward.session.project.journal_rows())
    drop(ward, list(files.lidar))
    dialog = ward.opening.dialog
    hand.wait(lambda: not dialog._waiting)
    dialog.accept_button.click()
    cancel = ward.window.status._cancel
    hand.wait(lambda: cancel.isVisible(), seconds=10)
    QTest.mouseClick(cancel, Qt.MouseButton.LeftButton)
    hand.wait(lambda: not ward.tasks.running)
    assert ward.session.city is city
    assert len(ward.session.project.journal_rows()) == written
    beside = {path.name for path in project.parent.iterdir()}
    assert {n for n in beside if "tmp" in n} == set()


def test_the_health_panel_says_what_is_wrong_and_flies_there(ward):
    ward.opening.check_health()
    hand.wait(lambda: not ward.tasks.running)
    window = ward.window
    window.show_panel("health")
    window.health.choose("nha")
    issue = next(i for i in ward.session.assessed["nha"].issues if i.code == "duplicate-outlines")
    what = say(issue.what)
    said = [w.text() for w in window.health.findChildren(QLabel)]
    assert any(what in text for text in said)
    hand.press(ward, Qt.Key.Key_Home)
    landed(ward)
    card = next(
        w.parentWidget()
        for w in window.health.findChildren(QLabel)
        if w.text() == what and w.isVisibleTo(window.health)
    )
    card.findChild(QToolButton).click()
    landed(ward)
    x, y = issue.where[0]
    _, target = pose(ward)
    assert np.hypot(target[0] - x, target[1] - y) < 5.0


def _words(view: LegendView) -> list[QLabel]:
    return view.findChildren(QLabel)


def pixel(app, place) -> tuple[float, float]:
    """Pixel from the lower left corner where `place` is seen."""
    scene = app.stage.scene
    return scene.camera.project(np.array(place), scene.window.GetSize())
