"""Measuring, profiles and finding with a real mouse and real keys."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import platformdirs
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from tool_city import EAST, GROUND, NORTH, corner, project
from window_hand import (
    activate,
    click,
    look_down_at,
    new_app,
    open_city,
    plain,
    point_of,
    press,
    rest,
    shut,
    wait,
)

from viewers.app import App
from viewers.measurements import lines_of
from viewers.view_state import CameraPose, Rows

NO, SHIFT, CTRL = (
    Qt.KeyboardModifier.NoModifier,
    Qt.KeyboardModifier.ShiftModifier,
    Qt.KeyboardModifier.ControlModifier,
)
X, Y = corner(4)
ROOF = GROUND + 10.0


@pytest.fixture(scope="module")
def app(tmp_path_factory) -> Iterator[App]:
    folder = tmp_path_factory.mktemp("tools")
    kept = platformdirs.user_cache_dir, platformdirs.user_data_dir
    platformdirs.user_cache_dir = platformdirs.user_data_dir = lambda *_, **__: str(folder / "own")
    made = new_app(folder / "settings.ini")
    plain(made)
    open_city(made, project(folder / "city.gpkg"))
    look_down_at(made, (X + 10, Y + 5, GROUND), 200.0)
    rest(made)
    yield made
    shut(made)
    platformdirs.user_cache_dir, platformdirs.user_data_dir = kept


def tool(app: App, name: str):
    return next(one for one in app.tools if type(one).__name__ == name)


def key(app: App, which: Qt.Key) -> None:
    QTest.keyClick(app.stage.canvas.view, which)


@pytest.fixture(autouse=True)
def _clean(app: App):
    yield
    app.stage.canvas.set_hand(None)
    tool(app, "MeasureTool").clear_measurements()
    app.session.look(selected=None, chosen=Rows(), hidden_rows=Rows(), hidden=frozenset())
    look_down_at(app, (X + 10, Y + 5, GROUND), 200.0)
    rest(app)


def test_a_roof_is_measured_by_clicking_near_its_corners(app):
    measuring = tool(app, "MeasureTool")
    press(app, Qt.Key.Key_M, SHIFT)
    assert app.window.actions_table["measure_area"].isChecked()
    for dx, dy in ((0.2, 0.1), (19.8, 0.1), (19.9, 9.8), (0.1, 9.9)):
        click(app, (X + dx, Y + dy, ROOF))
    key(app, Qt.Key.Key_Return)
    (one,) = measuring.measurements
    corners = [(X, Y), (X + 20, Y), (X + 20, Y + 10), (X, Y + 10)]
    assert one.points == pytest.approx(np.array([(*c, ROOF) for c in corners]), abs=1e-6)
    assert (one.values[0].value, one.values[-1].value) == pytest.approx((200.0, 60.0))
    assert app.session.view.selected is None  # a click that measures selects nothing


def test_backspace_takes_back_escape_starts_anew_and_leaves(app):
    measuring = tool(app, "MeasureTool")
    press(app, Qt.Key.Key_M)
    click(app, (X, Y, ROOF))
    click(app, (X + 60, Y - 10, GROUND))
    key(app, Qt.Key.Key_Backspace)
    click(app, (X + 20, Y, ROOF))
    click(app, (X + 20, Y + 10, ROOF))
    QTest.mouseDClick(
        app.stage.canvas.view, Qt.MouseButton.LeftButton, NO, point_of(app, (X + 20, Y + 10, ROOF))
    )
    (one,) = measuring.measurements
    assert one.values[0].value == pytest.approx(30.0)
    assert [v.value for v in one.values if "{number}" in v.name] == pytest.approx([20.0, 10.0])
    click(app, (X, Y, ROOF))
    key(app, Qt.Key.Key_Escape)
    assert app.stage.canvas.hand is not None and measuring.measurements == [one]
    key(app, Qt.Key.Key_Escape)
    assert app.stage.canvas.hand is None
    assert not app.window.actions_table["measure_distance"].isChecked()


def test_dragging_turns_the_city_while_measuring(app):
    press(app, Qt.Key.Key_M)
    before = app.stage.scene.camera.pose
    view = app.stage.canvas.view
    start = point_of(app, (X, Y, ROOF))
    QTest.mousePress(view, Qt.MouseButton.LeftButton, NO, start)
    QTest.mouseMove(view, start + (view.rect().center() - start) / 2)
    QTest.mouseMove(view, view.rect().center())
    QTest.mouseRelease(view, Qt.MouseButton.LeftButton, NO, view.rect().center())
    assert app.stage.scene.camera.pose != before
    assert app.stage.canvas.hand is not None


def test_what_was_measured_is_listed_copied_exported_and_deleted(app, tmp_path):
    measuring = tool(app, "MeasureTool")
    measuring.measure_height()
    click(app, (X, Y, ROOF))
    click(app, (X + 30, Y + 5, GROUND))
    (one,) = measuring.measurements
    assert one.values[0].value == pytest.approx(-10.0, abs=0.05)
    measuring.panel.copy()
    assert "−10.0" in QGuiApplication.clipboard().text()
    measuring.export(tmp_path / "out.csv")
    text = (tmp_path / "out.csv").read_text(encoding="utf-8-sig")
    assert "Height difference,-10.0" in text and "EPSG:5897" in text
    app.commands.set_language("vi")
    try:
        assert lines_of(one)[0][0] == "Chênh cao"
        assert lines_of(one)[0][1].startswith("−10,0 m")
        (tag,) = measuring._marking._marks.marks[str(one.number)].tags
        assert tag.text.startswith("Δ −10,0 m")
    finally:
        app.commands.set_language("en")
    measuring.delete(one.number)
    assert measuring.measurements == []
    assert measuring.panel.current() is None


def test_a_profile_is_drawn_shown_and_exported(app, tmp_path):
    profiling = tool(app, "ProfileTool")
    press(app, Qt.Key.Key_M, CTRL)
    click(app, (EAST - 20, NORTH + 5, GROUND))
    click(app, (EAST + 110, NORTH + 5, GROUND))
    key(app, Qt.Key.Key_Return)
    wait(lambda: profiling.profile is not None)
    made = profiling.profile
    assert [block.id for block in made.blocks] == ["nha-0", "nha-1", "nha-2"]
    assert [float(b.top[0]) for b in made.blocks] == [11.0, 12.0, 13.0]
    assert made.blocks[0].at == pytest.approx([20.0, 40.0], abs=0.3)
    line = profiling._marking._marks.marks["line"].line
    assert len(line) == 2 and line[:, 2] == pytest.approx(GROUND + 0.2)  # level ground, two ends
    wait(lambda: profiling.panel.isVisible())
    plot = profiling.panel.plot
    told: list[float] = []
    plot.hovered.connect(told.append)
    QTest.mouseMove(plot, plot.rect().center())
    wait(lambda: told)
    assert told[0] == pytest.approx(65.0, abs=8.0)
    profiling.save_picture(tmp_path / "plot.png")
    profiling.save_table(tmp_path / "plot.csv")
    table = (tmp_path / "plot.csv").read_text(encoding="utf-8-sig").splitlines()
    assert table[0] == "along,x,y,ground,roof,building"
    roofs = [line.split(",") for line in table[1:] if '"nha-1"' in line]
    assert roofs and all(row[3] == "5.00" and row[4] == "12.00" for row in roofs)
    assert (tmp_path / "plot.png").stat().st_size > 5000
    profiling.clear()
    assert not profiling.panel.isVisible()


def ask(app: App, text: str) -> list[str]:
    finding = tool(app, "FindTool")
    press(app, Qt.Key.Key_F, CTRL)
    wait(lambda: finding.box is not None and not app.tasks.running)
    QTest.keyClicks(finding.box._line, text)
    wait(lambda: not finding.box._pause.isActive() and not finding.box._waiting)
    wait(lambda: not app.tasks.running)
    shown = finding.box._list
    return [shown.item(row).text() for row in range(shown.count())]


def test_a_house_is_found_without_accents_and_flown_to(app):
    finding = tool(app, "FindTool")
    found = ask(app, "hoan kiem 5")
    assert found[0].startswith("5 Hàng Bạc, Hoàn Kiếm")
    QTest.keyClick(finding.box._line, Qt.Key.Key_Return)
    wait(lambda: app.session.view.selected is not None)
    assert app.session.view.selected.row == 4
    wait(lambda: app.stage.canvas._flight is None)
    assert app.stage.scene.camera.pose.target[:2] == pytest.approx((X + 10, Y + 5), abs=5)
    assert finding.box is None


def test_coordinates_are_found_in_the_city_and_told_when_outside(app):
    finding = tool(app, "FindTool")
    found = ask(app, "2325045 587050")
    assert "VN-2000" in found[0] and "in the city" in found[0] and "north written first" in found[0]
    QTest.keyClick(finding.box._line, Qt.Key.Key_Return)
    wait(lambda: finding._marking._marks is not None and "pin" in finding._marking._marks)
    top = finding._marking._marks.marks["pin"].line[0]
    assert top == pytest.approx((587_050.0, 2_325_045.0, ROOF), abs=10.1)
    far = ask(app, "10.776 106.7")
    assert "outside the city" in far[0] and "to the south" in far[0] and "too far" in far[0]
    finding.box.close()
    nothing = ask(app, "xyzzy")
    assert nothing[0].startswith("Nothing found for “xyzzy”")
    finding.box.close()
    wrong = ask(app, "95N 105E")
    assert wrong[0].startswith("There is no place at 95°")
    finding.box.close()
    QApplication.processEvents()
    activate(app)


# -- selecting and hiding -------------------------------------------------------------------------


def drag(app: App, start, end, modifier=NO) -> None:
    view = app.stage.canvas.view
    first, last = point_of(app, start), point_of(app, end)
    QTest.mousePress(view, Qt.MouseButton.LeftButton, modifier, first)
    QTest.mouseMove(view, (first + last) / 2)
    QTest.mouseMove(view, last)
    QTest.mouseRelease(view, Qt.MouseButton.LeftButton, modifier, last)
    wait(lambda: not app.tasks.running)


def shown_facts(app: App) -> dict[str, str]:
    table = app.window.inspector._measured
    return {table.item(row, 0).text(): table.item(row, 1).text() for row in range(table.rowCount())}


def test_a_rectangle_chooses_houses_and_the_inspector_sums_them_up(app):
    app.window.layers.choose("houses")
    press(app, Qt.Key.Key_R)
    drag(app, (EAST - 8, NORTH - 8, GROUND), (EAST + 70, NORTH + 60, GROUND))
    assert app.session.view.chosen == Rows({"houses": [0, 1, 3, 4]})
    assert app.window.inspector._title.text() == "4 selected"
    facts = shown_facts(app)
    assert facts["Footprint area"] == "800.0 m²"  # 4 × 20 × 10
    assert facts["Floor area"] == "1,600.0 m²"  # two floors each
    assert facts["Volume"] == "6,400 m³"  # 200 × (6 + 7 + 9 + 10)
    assert facts["Heights"] == "6.0 – 10.0 m"
    before = app.stage.scene.camera.pose
    press(app, Qt.Key.Key_F)
    wait(lambda: app.stage.canvas._flight is None and app.stage.scene.camera.pose != before)
    target = app.stage.scene.camera.pose.target
    assert target[:2] == pytest.approx((EAST + 30, NORTH + 25), abs=2)


def test_only_what_is_seen_is_chosen_where_that_is_wanted(app):
    app.window.layers.choose("houses")
    # Flat from the south the first row hides the middles of what stands behind it.
    eye = (EAST + 10.0, NORTH - 60.0, GROUND + 1.5)
    app.stage.canvas.fly_to(CameraPose(eye=eye, target=(EAST + 10.0, NORTH, GROUND + 3)), seconds=0)
    rest(app)
    app.window.actions_table["select_seen"].trigger()
    press(app, Qt.Key.Key_R)
    drag(app, (EAST + 1, NORTH, GROUND + 0.2), (EAST + 19, NORTH, GROUND + 5.9))
    wait(lambda: app.session.view.selected is not None)
    assert app.session.view.chosen == Rows({"houses": [0]})
    app.window.actions_table["select_seen"].trigger()
    drag(app, (EAST + 1, NORTH, GROUND + 0.2), (EAST + 19, NORTH, GROUND + 5.9))
    assert app.session.view.chosen["houses"].tolist()[:2] == [0, 3]


def test_a_polygon_and_a_click_with_control_choose_and_unchoose(app):
    app.window.layers.choose("houses")
    press(app, Qt.Key.Key_L)
    # A triangle around the middles of the houses 0, 1 and 3.
    for x, y in ((-12, -12), (75, -12), (-12, 75)):
        click(app, (EAST + x, NORTH + y, GROUND))
    key(app, Qt.Key.Key_Return)
    wait(lambda: not app.tasks.running)
    assert app.session.view.chosen == Rows({"houses": [0, 1, 3]})
    key(app, Qt.Key.Key_Escape)
    assert app.stage.canvas.hand is None
    view = app.stage.canvas.view
    roof = point_of(app, (X + 10, Y + 5, ROOF))
    QTest.mouseClick(view, Qt.MouseButton.LeftButton, CTRL, roof)
    assert app.session.view.chosen == Rows({"houses": [0, 1, 3, 4]})
    QTest.mouseClick(view, Qt.MouseButton.LeftButton, CTRL, roof)
    assert app.session.view.chosen == Rows({"houses": [0, 1, 3]})
    QTest.mouseClick(view, Qt.MouseButton.LeftButton, NO, roof)
    assert not app.session.view.chosen and app.session.view.selected.row == 4
    app.window.actions_table["select_same_use"].trigger()
    assert app.session.view.chosen == Rows({"houses": range(6)})
    press(app, Qt.Key.Key_Escape)
    assert not app.session.view.chosen and app.session.view.selected is None


def test_what_is_hidden_is_neither_seen_nor_clicked_until_shown_again(app):
    roof = (X + 10, Y + 5, ROOF)
    scene = app.stage.scene
    click(app, roof)
    press(app, Qt.Key.Key_H)
    rest(app)
    assert app.session.view.hidden_rows == Rows({"houses": [4]})
    picked = scene.pick(*scene.camera.project(np.array(roof), scene.window.GetSize()))
    assert picked is None or picked.layer != "houses"
    assert app.session.document.undo_label is None  # no edit of the plan
    press(app, Qt.Key.Key_H, SHIFT)
    rest(app)
    click(app, roof)
    press(app, Qt.Key.Key_I)
    rest(app)
    assert app.session.view.hidden_rows == Rows({"houses": [0, 1, 2, 3, 5, 6, 7, 8]})
    assert app.session.view.hidden == {"street"}  # the ground stays
    press(app, Qt.Key.Key_H, SHIFT)
    assert not app.session.view.hidden_rows and not app.session.view.hidden


# -- hover ----------------------------------------------------------------------------------------


def test_words_come_where_the_cursor_rests_and_go_when_it_moves(app):
    hovering = tool(app, "HoverTool")
    view = app.stage.canvas.view
    QTest.mouseMove(view, point_of(app, (X + 10, Y + 5, ROOF)))
    wait(lambda: hovering.text)
    lines = hovering.text.split("\n")
    assert lines[0] == "5 Hàng Bạc, Hoàn Kiếm  ·  nha-4"
    assert lines[1:] == ["Building  ·  Nhà", "10.0 m  ·  2 floors  ·  residential", "Roof"]
    app.stage.canvas.redraw()
    assert hovering.text == ""
    rest(app)
    QTest.mouseMove(view, point_of(app, (X + 30, Y + 5, GROUND)))
    wait(lambda: not hovering._rest.isActive())
    assert hovering.text == ""  # bare ground
