"""The real window: opened, clicked, edited, undone, switched, closed twenty times."""

from __future__ import annotations

import gc
import threading
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QImage
from PySide6.QtWidgets import QApplication, QTabBar, QWidget
from shiboken6 import getCppPointer

from twin.project.store import Project
from viewers.action_table import ACTIONS as OWN
from viewers.app import App
from viewers.commands import Commands
from viewers.dialogs.screenshot import ScreenshotRequest
from viewers.i18n import language, set_language
from viewers.saved_view import view_from, view_to
from viewers.settings import Settings
from viewers.tasks import worker_threads
from viewers.theme import theme
from viewers.tools import registry
from viewers.view_state import Bookmark, CameraPose, Picked, ViewState

pytestmark = [
    pytest.mark.usefixtures("no_threads_left"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]


def new_app(tmp_path: Path) -> App:
    settings = Settings(tmp_path / "dothi.ini")
    settings.language, settings.theme = "en", "light"
    return App(settings)


@pytest.fixture
def app(qtbot, tmp_path):
    made = new_app(tmp_path)
    made.window.resize(1366, 768)
    made.show()
    qtbot.waitExposed(made.window)
    yield made
    made.close()
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


@pytest.fixture
def opened(qtbot, app, project_path):
    app.open_project(project_path)
    qtbot.waitUntil(lambda: app.session.city is not None, timeout=20_000)
    qtbot.waitUntil(lambda: app.stage.scene is not None, timeout=20_000)
    qtbot.waitUntil(lambda: not app.tasks.running, timeout=60_000)
    return app


def activate(qtbot, app: App) -> None:
    """Shortcuts reach the active window only."""
    app.window.activateWindow()
    app.window.raise_()
    qtbot.waitUntil(app.window.isActiveWindow, timeout=5000)


def pick(app: App, row: int = 0) -> None:
    app.stage.canvas.picked.emit(
        Picked(layer="buildings", row=row, kind="building", where=(586_502.0, 2_326_208.0, 18.0))
    )


def test_every_action_of_the_table_can_be_done():
    for spec in OWN:
        assert spec is None or callable(getattr(Commands, spec.id)), spec
    for tool in registry.classes():
        for spec in tool.ACTIONS:
            assert spec is None or callable(getattr(tool, spec.id)), spec


def test_no_shortcut_is_given_twice():
    table = [*OWN, *registry.table()]
    keys = [key for spec in table if spec is not None for key in spec.keys]
    assert len(keys) == len(set(keys))


def test_the_first_page_greets_and_offers_no_dead_buttons(app):
    assert app.window.center.currentWidget() is app.window.welcome
    for name in ("save", "undo", "redo", "walk", "take_picture", "shadows"):
        assert not app.window.actions_table[name].isEnabled()
    assert app.window.actions_table["ask_files"].isEnabled()


def test_an_opened_project_is_shown_in_every_panel(opened):
    window = opened.window
    assert window.windowTitle() == "Dothi – Hàng Bạc"
    assert window.layers._tree.topLevelItemCount() == 2
    assert set(opened.session.assessed) == {"buildings", "roads"}
    assert opened.stage.scene.city is opened.session.city
    assert opened.settings.recent[0].name == "hang-bac.gpkg"


def test_typing_a_height_changes_the_city_and_ctrl_z_brings_it_back(qtbot, opened):
    before = opened.session.city
    pick(opened)
    field = opened.window.inspector._height
    assert field.value() == 12.0
    activate(qtbot, opened)
    field.setFocus()
    field.selectAll()
    qtbot.keyClicks(field, "27.5")
    qtbot.keyClick(field, Qt.Key.Key_Return)
    assert opened.session.city.building("buildings", "h-0").height == 27.5
    assert opened.stage.scene.city is opened.session.city
    assert opened.window.actions_table["undo"].isEnabled()
    qtbot.keyClick(field, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert opened.session.city is before
    assert field.value() == 12.0
    qtbot.keyClick(opened.window, Qt.Key.Key_Y, Qt.KeyboardModifier.ControlModifier)
    assert opened.session.city.building("buildings", "h-0").height == 27.5


def test_an_edit_is_in_the_file_before_anything_is_saved(opened, project_path):
    pick(opened)
    opened.window.inspector._height.setValue(33.0)
    opened.window.inspector._height.editingFinished.emit()
    rows = opened.session.project.journal_rows()
    assert rows
    opened.close()
    with Project.open(project_path) as project:
        assert project.city.building("buildings", "h-0").height == 33.0


def test_a_refused_edit_is_told_and_changes_nothing(qtbot, opened):
    from twin.edits.registry import SetBuildingHeight

    before = opened.session.city
    opened.session.do(SetBuildingHeight(layer="buildings", building="h-0", height=5000.0))
    assert opened.session.city is before
    assert opened.window.notices.notices[0].code == "height-impossible"


def test_a_click_in_the_view_selects_a_building(qtbot, opened):
    scene = opened.stage.scene
    opened.stage.canvas.fly_to(
        CameraPose(
            eye=(586_502.0, 2_326_208.0, 200.0),
            target=(586_502.0, 2_326_208.0, 6.0),
            up=(0.0, 1.0, 0.0),
        ),
        seconds=0,
    )
    activate(qtbot, opened)
    interactor = opened.stage.canvas._interactor
    middle = interactor.rect().center()
    qtbot.mouseClick(interactor, Qt.MouseButton.LeftButton, pos=middle)
    selected = opened.session.view.selected
    assert scene is not None
    assert selected is not None
    assert (selected.layer, selected.row) == ("buildings", 0)
    assert opened.window.inspector._title.text() == "h-0"
    qtbot.keyClick(opened.window, Qt.Key.Key_Escape)
    assert opened.session.view.selected is None


def test_hiding_a_layer_hides_it_in_the_scene(qtbot, opened):
    opened.window.layers.visibility_asked.emit("buildings", False)
    assert opened.session.view.hidden == {"buildings"}
    qtbot.waitUntil(lambda: not opened.stage.scene.visual("buildings").visible)
    opened.window.layers.visibility_asked.emit("buildings", True)
    qtbot.waitUntil(lambda: opened.stage.scene.visual("buildings").visible)


def test_panels_come_back_as_they_were_left_and_nothing_lies_over_the_menus(
    qtbot, tmp_path, project_path
):
    def started() -> App:
        made = new_app(tmp_path)
        made.show()
        qtbot.waitExposed(made.window)
        made.open_project(project_path)
        qtbot.waitUntil(lambda: made.stage.scene is not None, timeout=20_000)
        qtbot.waitUntil(lambda: not made.tasks.running, timeout=60_000)
        return made

    first = started()
    first.window._docks["bookmarks"].close()
    first.close()
    second = started()
    try:
        window = second.window
        assert window._docks["layers"].isVisible()
        assert not window._docks["bookmarks"].isVisible()
        menus = window.menuBar().geometry()
        bars = [bar for bar in window.findChildren(QTabBar) if bar.parent() is window]
        assert len(bars) >= 2
        assert not [bar for bar in bars if bar.isVisible() and bar.geometry().intersects(menus)]
    finally:
        second.close()
        QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def test_nothing_of_python_stands_for_a_surface_that_is_gone(qtbot, tmp_path, project_path):
    app = new_app(tmp_path)
    app.show()
    app.open_project(project_path)
    qtbot.waitUntil(lambda: app.stage.scene is not None, timeout=20_000)
    qtbot.waitUntil(lambda: not app.tasks.running, timeout=60_000)
    gc.collect()
    app.close()
    # Not after a collection: PySide takes such a half for what comes to lie there in the meantime.
    left = [type(one).__name__ for one in gc.get_objects()]
    assert "QSurface" not in left
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def test_language_and_theme_switch_while_it_runs(qtbot, opened):
    window = opened.window
    opened.commands.toggle_language()
    assert language() == "vi"
    assert window._menus["File"].title() == "Tệp"
    assert window.actions_table["save"].text() == "Lưu"
    assert window._docks["layers"].windowTitle() == "Lớp dữ liệu"
    assert window.inspector._empty._what.text() == "Chưa chọn đối tượng"
    opened.commands.toggle_theme()
    assert theme() == "dark"
    assert opened.session.view.theme == "dark"
    assert window.palette().window().color().lightness() < 60
    opened.commands.toggle_theme()
    opened.commands.toggle_language()
    assert window._menus["File"].title() == "File"
    assert opened.settings.language == "en"


def test_a_removed_layer_takes_its_selection_along_and_comes_back_with_undo(opened):
    pick(opened)
    opened.commands.remove_layer("buildings")
    assert opened.session.view.selected is None
    assert "buildings" not in opened.session.city.layers
    opened.session.undo()
    assert "buildings" in opened.session.city.layers


def test_bookmarks_and_view_live_on_in_the_project(qtbot, opened, project_path):
    opened.commands.add_bookmark()
    opened.session.look(hidden=frozenset({"roads"}))
    assert [b.name for b in opened.session.bookmarks] == ["View 1"]
    opened.close()
    with Project.open(project_path) as project:
        view, bookmarks = view_from(project.view, ViewState())
    assert view.hidden == {"roads"}
    assert bookmarks[0].name == "View 1"


def test_the_view_survives_json_and_nonsense():
    view = ViewState(hidden=frozenset({"a"}))
    marks = (Bookmark(name="Hồ", camera=CameraPose(eye=(1.0, 2.0, 3.0), target=(4.0, 5.0, 6.0))),)
    assert view_from(view_to(view, marks, None), ViewState()) == (view, marks)
    odd = {"hidden": 3, "sun_time": "yesterday", "bookmarks": [1, {"camera": {"eye": [1]}}, None]}
    assert view_from(odd, ViewState()) == (ViewState(), ())


def test_a_project_that_cannot_be_opened_leaves_the_open_one_open(qtbot, opened, tmp_path):
    broken = tmp_path / "broken.gpkg"
    broken.write_bytes(b"SQLite format 3\0" + b"\0" * 50)
    city = opened.session.city
    opened.open_project(broken)
    qtbot.waitUntil(lambda: bool(opened.window.notices.notices), timeout=10_000)
    assert opened.session.city is city
    assert opened.window.notices.notices[0].severity == "error"


def test_a_missing_project_is_told_on_the_first_page(qtbot, app, tmp_path):
    app.open_project(tmp_path / "nowhere.gpkg")
    qtbot.waitUntil(lambda: not app.window.welcome._failure.isHidden(), timeout=10_000)
    assert "nowhere.gpkg" in app.window.welcome._failed.text()


def test_dropped_files_open_the_import_dialog_and_become_a_draft(qtbot, app, tmp_path):
    import geopandas
    from small_layers import CRS, buildings_layer

    layer = buildings_layer()
    frame = geopandas.GeoDataFrame(
        {"so_tang": [3] * layer.count}, geometry=list(layer.footprints), crs=CRS
    )
    frame.to_file(tmp_path / "nha.gpkg", driver="GPKG")
    path = tmp_path / "nha.gpkg"
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    where, buttons = QPointF(300, 300), Qt.MouseButton.LeftButton
    copy, none = Qt.DropAction.CopyAction, Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(where.toPoint(), copy, data, buttons, none)
    app.window.dragEnterEvent(enter)
    assert enter.isAccepted()
    app.window.dropEvent(QDropEvent(where, copy, data, buttons, none))
    dialog = app.opening.dialog
    assert dialog is not None
    qtbot.waitUntil(lambda: not dialog._waiting, timeout=20_000)
    assert dialog.accept_button.isEnabled(), dialog.problem()
    dialog.accept_button.click()
    told = app.window.notices
    qtbot.waitUntil(lambda: app.session.city is not None or bool(told.notices), timeout=120_000)
    assert app.session.city is not None, told.notices
    assert app.session.draft
    assert app.session.city.buildings_layer("nha").count == layer.count
    assert "•" in app.window.windowTitle()
    draft = app.session.project.path
    target = tmp_path / "saved.gpkg"
    assert app.saving.save_to(target)
    assert not app.session.draft
    assert not draft.exists()
    assert target.exists()
    qtbot.waitUntil(lambda: not app.tasks.running, timeout=60_000)


def test_a_draft_not_saved_is_gone_after_closing(qtbot, app, city):
    from viewers.drafts import left_drafts, new_draft

    path = new_draft("Hàng Bạc")
    app.session.open(Project.create(path, city), draft=True)
    assert left_drafts() == [path]
    app.close()
    assert left_drafts() == []


def test_a_picture_has_the_size_asked_for(qtbot, opened, tmp_path):
    out = tmp_path / "view.png"
    opened.commands.save_picture(out, ScreenshotRequest(size=(640, 360), legend=True, scale=True))
    qtbot.waitUntil(out.exists, timeout=20_000)
    qtbot.waitUntil(lambda: not opened.tasks.running)
    image = QImage(str(out))
    assert (image.width(), image.height()) == (640, 360)
    colours = {image.pixel(x, y) for x in range(0, 640, 16) for y in range(0, 360, 9)}
    assert len(colours) > 5


def test_a_picture_larger_than_the_window_is_drawn_in_parts_and_can_be_stopped(
    qtbot, opened, tmp_path
):
    opened.session.look(shadows=False, occlusion=False)
    pose = opened.stage.pose()
    out = tmp_path / "large.png"
    wanted = ScreenshotRequest(size=(2600, 1500), title=True, sources=True)
    opened.commands.save_picture(out, wanted)
    qtbot.waitUntil(out.exists, timeout=60_000)
    qtbot.waitUntil(lambda: not opened.tasks.running)
    image = QImage(str(out))
    assert (image.width(), image.height()) == (2600, 1500)
    assert image.text("Title") == "Hàng Bạc"
    assert opened.stage.pose() == pose
    opened.commands.save_picture(tmp_path / "stopped.png", wanted)
    opened.tasks.cancel(opened.tasks.running[0])
    qtbot.waitUntil(lambda: not opened.tasks.running, timeout=20_000)
    assert [one.name for one in tmp_path.glob("*.png")] == ["large.png"]


def test_a_picture_that_cannot_be_written_is_told_in_words(qtbot, opened, tmp_path):
    told = opened.window.notices
    told.clear()
    opened.commands.save_picture(
        tmp_path / "no" / "view.png",
        ScreenshotRequest(size=(64, 64), legend=False, scale=False),
    )
    qtbot.waitUntil(lambda: bool(told.notices), timeout=20_000)
    assert told.notices[0].severity == "error"
    assert "view.png" in told.notices[0].what or "no" in told.notices[0].what


def test_letters_typed_into_a_field_are_no_shortcuts(qtbot, opened):
    pick(opened)
    line = opened.window.inspector._use.lineEdit()
    activate(qtbot, opened)
    line.setFocus()
    line.selectAll()
    qtbot.keyClicks(line, "nft")
    assert line.text() == "nft"


def test_command_search_opens_with_ctrl_k_and_does_the_command(qtbot, opened):
    from viewers.panels.command_search import CommandSearch

    activate(qtbot, opened)
    qtbot.keyClick(opened.window, Qt.Key.Key_K, Qt.KeyboardModifier.ControlModifier)
    search = opened.window.findChild(CommandSearch)
    assert search is not None
    qtbot.keyClicks(search._line, "keep this")
    qtbot.keyClick(search._line, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: len(opened.session.bookmarks) == 1)


def test_closing_twenty_times_leaves_no_thread_and_no_window(qtbot, tmp_path, project_path):
    def rest() -> None:
        QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        qtbot.wait(10)
        gc.collect()

    first = new_app(tmp_path)
    first.show()
    first.close()
    rest()
    before = {getCppPointer(w) for w in QApplication.topLevelWidgets()}
    threads = threading.active_count()
    for number in range(20):
        app = new_app(tmp_path)
        app.show()
        if number % 5 == 0:
            app.open_project(project_path)
            qtbot.waitUntil(lambda app=app: app.stage.scene is not None, timeout=30_000)
        app.close()
        app.deleteLater()
        del app
        rest()
    for _ in range(5):
        rest()  # what Qt made for a popup goes a turn later
    # Python makes its half of what Qt owns anew at each look: only the address tells.
    left = [w for w in QApplication.topLevelWidgets() if getCppPointer(w) not in before]
    assert left == [], [type(w) for w in left]
    assert worker_threads() == []
    assert threading.active_count() <= threads


def test_twenty_thousand_calls_that_return_nothing_are_survived(qapp):
    widget = QWidget()
    for number in range(20_000):
        assert widget.setEnabled(number % 2 == 0) is None
    widget.deleteLater()


def test_a_full_set_of_words_follows_a_language_chosen_before_opening(qtbot, app, project_path):
    app.commands.set_language("vi")
    app.open_project(project_path)
    qtbot.waitUntil(lambda: app.session.city is not None, timeout=20_000)
    qtbot.waitUntil(lambda: not app.tasks.running, timeout=60_000)
    assert app.window.health._first.text() == "Kiểm tra chất lượng"
    set_language("en")
