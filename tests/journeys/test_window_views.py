"""Cut, look from all sides, walk and compare, with a real mouse in the real window."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
import shapely
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from window_hand import activate, new_app, open_city, plain, press, rest, seen, shut, wait

from layers.frame import Frame
from layers.kinds.buildings import BuildingsLayer
from twin.city import City
from twin.project.store import Project
from twin.style import Style
from viewers.scene.poses import denominator_of
from viewers.tools.clip_tool import ClipTool
from viewers.tools.swipe_tool import SwipeTool
from viewers.tools.views_tool import ViewsTool, dots_per_inch
from viewers.view_state import CameraPose

EAST, NORTH = 588_000.0, 2_326_000.0


def towers() -> City:
    """Two red towers of 20 × 20 × 30 m, 40 m apart, west and east of the origin; ground at 0."""
    shapes = [shapely.box(EAST + x, NORTH - 10, EAST + x + 20, NORTH + 10) for x in (-40.0, 20.0)]
    layer = BuildingsLayer(
        id="houses", name="Nhà", crs="EPSG:5897", ids=np.array(["west", "east"], object),
        footprints=np.array(shapes, object), ground=np.zeros(2), height=np.full(2, 30, np.float32),
        method=np.full(2, 2, np.uint8), points=np.zeros(2, np.int32),
        rmse=np.full(2, np.nan, np.float32), floors=np.zeros(2, np.int16),
        use=np.array([""] * 2, object), lod=np.ones(2, np.uint8),
    )  # fmt: skip
    city = City(
        name="Hai tháp", frame=Frame(crs="EPSG:5897", origin=(EAST, NORTH, 0.0)), layers={layer.id: layer}
    )  # fmt: skip
    return city.with_style("houses", Style(color="#ff0000"))


@pytest.fixture
def app(tmp_path: Path, qapp: object):
    path = tmp_path / "towers.gpkg"
    Project.create(path, towers()).close()
    made = new_app(tmp_path / "settings.ini")
    plain(made)
    open_city(made, path)
    go(made, (0, -150, 120), (0, 0, 10))
    yield made
    shut(made)


def at(x: float, y: float, z: float) -> tuple[float, float, float]:
    return (EAST + x, NORTH + y, z)


def go(app, eye, target) -> None:
    app.stage.canvas.fly_to(CameraPose(eye=at(*eye), target=at(*target)), seconds=0)
    rest(app)


def tool(app, kind):
    return next(one for one in app.tools if isinstance(one, kind))


def widget_point(app, pixel) -> QPoint:
    view = app.stage.canvas.view
    ratio = view.devicePixelRatioF()
    return QPoint(round(pixel[0] / ratio), round(view.height() - 1 - pixel[1] / ratio))


def drag(app, start: QPoint, end: QPoint) -> None:
    view, left, none = app.stage.canvas.view, Qt.MouseButton.LeftButton, Qt.KeyboardModifier
    QTest.mouseMove(view, start)
    QTest.mousePress(view, left, none.NoModifier, start)
    for share in (0.25, 0.5, 0.75, 1.0):
        QTest.mouseMove(view, start + (end - start) * share)
        QTest.qWait(10)
    QTest.mouseRelease(view, left, none.NoModifier, end)
    rest(app)


def click_at(app, place) -> None:
    pixel = app.stage.scene.camera.project(np.array(place), app.stage.scene.window.GetSize())
    QTest.mouseClick(
        app.stage.canvas.view, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier,
        widget_point(app, pixel),
    )  # fmt: skip


def red_at(app, picture, place) -> bool:
    pixel = app.stage.scene.camera.project(np.array(place), app.stage.scene.window.GetSize())
    point = widget_point(app, pixel)
    red, green, blue = picture[point.y(), point.x()].astype(int)
    return bool(red > 1.8 * max(green, blue))


def test_x_cuts_a_handle_moves_the_cut_and_x_again_ends_it(app):
    press(app, Qt.Key.Key_X)
    section = app.session.view.section
    assert section is not None and section.normal == pytest.approx((0.0, -1.0, 0.0))
    rest(app)
    handle = tool(app, ClipTool)._handles.plane
    start = widget_point(app, handle.pixel)
    # 30 m towards the eye: in front of both towers, so nothing of them is cut.
    there = app.stage.scene.camera.project(
        np.array(section.point) + np.array(section.normal) * 30.0, app.stage.scene.window.GetSize()
    )
    drag(app, start, widget_point(app, there))
    moved = app.session.view.section
    assert moved.point[1] == pytest.approx(section.point[1] - 30.0, abs=1.0)
    assert moved.normal == section.normal
    press(app, Qt.Key.Key_X)
    assert app.session.view.section is None


def test_two_clicks_cut_one_tower_away_in_the_picture(app):
    go(app, (0, -1, 300), (0, 0, 0))
    assert red_at(app, seen(app), at(30, 0, 30))
    app.window.actions_trigger("cut_here")
    click_at(app, at(5, -40, 0))
    click_at(app, at(5, 40, 0))
    section = app.session.view.section
    assert section is not None and abs(section.normal[0]) == pytest.approx(1.0, abs=1e-3)
    if section.normal[0] < 0:  # the eye stands west of the line: turn it
        app.window.actions_trigger("flip_cut")
    picture = seen(app)
    assert red_at(app, picture, at(-30, 0, 30)) and not red_at(app, picture, at(30, 0, 30))
    app.window.actions_trigger("reset_cut")
    assert red_at(app, seen(app), at(30, 0, 30))


def test_escape_puts_the_knife_down_without_a_cut(app):
    app.window.actions_trigger("cut_here")
    click_at(app, at(0, -20, 0))
    activate(app)
    app.stage.canvas.view.setFocus()
    QTest.keyClick(app.stage.canvas.view, Qt.Key.Key_Escape)
    assert app.stage.canvas.hand is None and app.session.view.section is None


def test_a_clipping_box_is_kept_with_the_project(app, tmp_path):
    app.window.actions_trigger("clip_box")
    box = app.session.view.clip
    assert box is not None
    app.session.look(section=None, clip=replace(box, heading=30.0, flipped=True), cut_ground=False)
    path = app.session.project.path
    app.commands.close_project()
    open_city(app, path)
    view = app.session.view
    assert view.clip == replace(box, heading=30.0, flipped=True)
    assert not view.cut_ground and view.section is None


def test_a_click_on_the_compass_turns_north_up(app):
    go(app, (150, 0, 120), (0, 0, 10))
    middle = tool(app, ViewsTool).compass.middle
    QTest.mouseClick(
        app.stage.canvas.view, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier,
        widget_point(app, middle),
    )  # fmt: skip
    rest(app)
    ahead = app.stage.scene.camera.target - app.stage.scene.camera.eye
    assert math.degrees(math.atan2(ahead[0], ahead[1])) == pytest.approx(0.0, abs=0.1)
    assert app.session.view.selected is None  # the click was the compass's


def test_arrow_keys_move_and_shift_turns(app):
    activate(app)
    view, camera = app.stage.canvas.view, app.stage.scene.camera
    view.setFocus()
    before = camera.pose
    QTest.keyClick(view, Qt.Key.Key_Right)
    rest(app)
    after = camera.pose
    assert after.target[0] > before.target[0] + 1.0
    assert after.target[2] == pytest.approx(before.target[2])
    QTest.keyClick(view, Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
    rest(app)
    assert camera.pose.target == pytest.approx(after.target)
    assert math.dist(camera.pose.eye, after.eye) > 5.0
    far = math.dist(camera.pose.eye, camera.pose.target)
    QTest.keyClick(view, Qt.Key.Key_PageUp)
    rest(app)
    assert math.dist(camera.pose.eye, camera.pose.target) == pytest.approx(far / 1.25, rel=1e-3)


def test_a_fixed_scale_is_that_many_metres_an_inch_of_this_screen(app):
    app.window.actions_trigger("plan_view")
    app.window.actions_trigger("scale_500")
    rest(app)
    pose, scene = app.stage.scene.camera.pose, app.stage.scene
    height = scene.window.GetSize()[1]
    assert denominator_of(pose.parallel_scale, height, dots_per_inch(app)) == pytest.approx(500)
    # A tower is 20 m wide: 40 mm on the screen, whatever its depth.
    ends = [scene.camera.project(np.array(at(x, 0, 30)), scene.window.GetSize()) for x in (20, 40)]
    inches = (ends[1][0] - ends[0][0]) / dots_per_inch(app)
    assert inches * 25.4 == pytest.approx(40.0, rel=1e-3)
    found = scene.pick(*scene.camera.project(np.array(at(30, 0, 30)), scene.window.GetSize()))
    assert found is not None and found.where[2] == pytest.approx(30.0, abs=0.02)


def test_a_click_on_a_wall_faces_it(app):
    app.window.actions_trigger("elevation_facade")
    click_at(app, at(-30, -10, 12))
    rest(app)
    pose = app.stage.scene.camera.pose
    back = np.subtract(pose.eye, pose.target)
    assert pose.parallel_scale > 0
    assert back / np.linalg.norm(back) == pytest.approx((0, -1, 0), abs=1e-3)
    app.window.actions_trigger("parallel_view")
    assert app.stage.scene.camera.pose.parallel_scale == 0


def test_the_turntable_turns_around_the_middle_until_escape(app):
    before = app.stage.scene.camera.pose
    app.window.actions_trigger("turntable")
    wait(lambda: math.dist(app.stage.scene.camera.pose.eye, before.eye) > 3.0, seconds=20)
    now = app.stage.scene.camera.pose
    assert now.target == pytest.approx(before.target)
    assert math.dist(now.eye, now.target) == pytest.approx(math.dist(before.eye, before.target))
    assert now.eye[2] == pytest.approx(before.eye[2])
    press(app, Qt.Key.Key_Escape)
    assert not app.window.actions_table["turntable"].isChecked()
    rest(app)


def test_the_sun_path_is_drawn_and_space_plays_the_day(app):
    before = seen(app)
    app.window.actions_trigger("sun_path")
    after = seen(app)
    orange = (after[..., 0] > 200) & (after[..., 2] < 90) & (after[..., 1] > 90)
    was = (before[..., 0] > 200) & (before[..., 2] < 90) & (before[..., 1] > 90)
    assert orange.sum() > was.sum() + 200
    times: list[object] = []
    app.session.view_changed.connect(lambda: times.append(app.session.view.sun_time))
    press(app, Qt.Key.Key_Space)
    wait(lambda: len(times) >= 3, seconds=40)
    press(app, Qt.Key.Key_Space)
    assert times[1] - times[0] == times[2] - times[1] == timedelta(minutes=10)
    rest(app)
    count = len(times)
    QTest.qWait(600)
    assert len(times) == count


def test_walking_goes_round_no_corner_through_a_wall(app):
    go(app, (-30, -60, 40), (-30, -30, 0))
    app.window.actions_trigger("walk")
    rest(app)
    view, camera = app.stage.canvas.view, app.stage.scene.camera
    assert camera.eye[2] == pytest.approx(1.7, abs=0.05)
    QTest.keyPress(view, Qt.Key.Key_Shift)
    QTest.keyPress(view, Qt.Key.Key_W, Qt.KeyboardModifier.ShiftModifier)
    QTest.qWait(6000)  # 8 m a second: the tower's wall is 20 m ahead
    QTest.keyRelease(view, Qt.Key.Key_W)
    rest(app)
    assert -12.0 < camera.eye[1] < -10.3
    assert camera.eye[2] == pytest.approx(1.7, abs=0.05)
    press(app, Qt.Key.Key_Escape)
    rest(app)
    assert not app.stage.walking and camera.eye[2] > 20


def test_a_swipe_compares_two_states_and_its_divider_is_dragged(app):
    go(app, (0, -1, 220), (0, 0, 0))
    press(app, Qt.Key.Key_S, Qt.KeyboardModifier.AltModifier)
    rest(app)
    swipe = tool(app, SwipeTool)
    # The right side shows what A shows now, then A hides the houses.
    app.session.look(hidden=frozenset({"houses"}))
    swipe.keep(0)
    app.session.look(hidden=frozenset())
    picture = seen(app)
    assert red_at(app, picture, at(-30, 0, 30)) and not red_at(app, picture, at(30, 0, 30))
    view = app.stage.canvas.view
    middle = QPoint(round(swipe.divider.x / view.devicePixelRatioF()), view.height() // 2)
    drag(app, middle, QPoint(round(view.width() * 0.9), middle.y()))
    assert app.session.view.swipe == pytest.approx(0.9, abs=0.01)
    assert red_at(app, seen(app), at(30, 0, 30))
    press(app, Qt.Key.Key_1, Qt.KeyboardModifier.AltModifier)
    assert app.session.view.panes == () and app.session.view.swipe is None
    assert red_at(app, seen(app), at(30, 0, 30))


def test_four_pictures_open_and_a_click_in_the_last_selects(app):
    go(app, (0, -1, 220), (0, 0, 0))
    press(app, Qt.Key.Key_4, Qt.KeyboardModifier.AltModifier)
    rest(app)
    view, scene = app.stage.canvas.view, app.stage.scene
    width, height = scene.window.GetSize()
    x, y = scene.camera.project(np.array(at(30, 0, 30)), (width, height))
    point = widget_point(app, (x + width / 2, y - height / 2))  # the same place, lower right
    QTest.mouseClick(view, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, point)
    assert app.session.view.selected is not None and app.session.view.selected.row == 1
