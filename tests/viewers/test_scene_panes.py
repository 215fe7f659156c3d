"""Several pictures of one city: each shows its own state, and the city is held once."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import datetime

import numpy as np
import pytest
import pyvista as pv
from scene_city import EAST, NORTH, buildings, city_of

from twin.style import Style
from viewers.saved_view import view_from, view_to
from viewers.scene.panes import Panes, centre_of, swiped
from viewers.scene.scene import Scene
from viewers.view_state import HANOI_TIME, CameraPose, PaneView, ViewState

VIEW = ViewState(shadows=False, occlusion=False, edges=False)
RED = Style(color="#ff0000")


@pytest.fixture
def scene():
    plotter = pv.Plotter(off_screen=True, window_size=(600, 300), lighting="none")
    made = Scene(plotter)
    made.show(city_of(buildings([(-15, -15, 15, 15)], [20.0])).with_style("buildings", RED), VIEW)
    made.camera.pose = CameraPose(
        eye=(EAST, NORTH - 1, 200), target=(EAST, NORTH, 0), up=(0.0, 1.0, 0.0)
    )
    made.screenshot()
    made.panes = Panes(made)
    yield made
    made.close()
    plotter.close()


def red(picture, column, row=150):
    r, g, b = picture[row, column].astype(int)
    return bool(r > 1.8 * max(g, b))


def test_two_pictures_side_by_side_each_show_all_of_it(scene):
    scene.panes.arrange((PaneView(),), linked=True, swipe=None)
    picture = scene.screenshot()
    assert red(picture, 150) and red(picture, 450)
    left, right = picture[:, :300].astype(int), picture[:, 300:].astype(int)
    assert np.abs(left - right)[4:-4, 4:-4].max() <= 3


def test_what_one_hides_the_other_shows(scene):
    hidden = PaneView(hidden=frozenset({"buildings"}))
    scene.panes.arrange((hidden,), linked=True, swipe=None)
    picture = scene.screenshot()
    assert red(picture, 150) and not red(picture, 450)
    scene.show(scene.city, replace(VIEW, hidden=frozenset({"buildings"})))
    scene.panes.arrange((PaneView(),), linked=True, swipe=None)
    picture = scene.screenshot()
    assert not red(picture, 150) and red(picture, 450)


def test_each_may_have_a_style_and_only_that_layer_is_drawn_twice(scene):
    blue = PaneView(styles=(("buildings", Style(color="#0000ff")),))
    scene.panes.arrange((PaneView(), blue), linked=True, swipe=None)
    assert scene.panes.nbytes() == 0
    picture = scene.screenshot()
    assert red(picture, 150) and red(picture, 450, row=75)
    r, g, b = picture[225, 450].astype(int)
    assert b > 1.8 * max(r, g)
    assert len(scene.panes.own) == 1 and scene.panes.nbytes() <= scene.nbytes()
    scene.panes.arrange((), linked=True, swipe=None)
    assert scene.panes.own == ()


def test_the_two_sides_of_a_swipe_fit_together_to_one_picture(scene):
    whole = scene.screenshot().astype(int)
    for share in (0.3, 0.71):
        scene.panes.arrange((PaneView(),), linked=True, swipe=share)
        parted = scene.screenshot().astype(int)
        off = np.abs(parted - whole).max(axis=2) > 12
        assert off.mean() < 0.01, share  # but for the odd pixel at an edge
    scene.panes.arrange((), linked=True, swipe=None)
    assert np.abs(scene.screenshot().astype(int) - whole).max() <= 3


def test_the_centre_of_a_slice_is_where_vtk_counts_it():
    # The left third: its middle lies at −2/3 of the whole's half, that is −2 of its own halves.
    assert centre_of((0.0, 0.0, 1 / 3, 1.0)) == pytest.approx(-2.0)
    left, right = swiped(0.25)
    assert centre_of(left) == pytest.approx(-3.0) and centre_of(right) == pytest.approx(1 / 3)
    assert swiped(-1.0)[0][2] == pytest.approx(0.03)


def test_a_click_in_any_linked_picture_meets_the_same_house(scene):
    scene.panes.arrange((PaneView(),) * 3, linked=True, swipe=None)
    scene.render()
    found = [scene.world_at(x, y) for x, y in ((150, 225), (450, 225), (150, 75), (450, 75))]
    for one in found:
        assert one == pytest.approx(found[0], abs=1e-6)
    assert found[0][2] == pytest.approx(20.0, abs=0.01)
    x, y = scene.camera.project(np.array([EAST, NORTH, 20.0]), scene.window.GetSize())
    assert 0 <= x < 300 and 150 <= y < 300  # in the first picture


def test_free_eyes_move_one_picture_alone(scene):
    scene.panes.arrange((PaneView(),), linked=False, swipe=None)
    scene.render()
    before = scene.screenshot().astype(int)
    scene.panes.activate(450, 150)
    scene.camera.orbit(200, 80)
    after = scene.screenshot().astype(int)
    assert np.abs(after - before)[:, :298].max() <= 3
    assert np.abs(after - before)[:, 302:].max() > 40
    scene.panes.activate(100, 150)
    assert scene.camera.stands_at is scene.renderer


def test_each_hour_has_its_own_shadow(scene):
    lit = replace(VIEW, shadows=True, sun_time=datetime(2026, 12, 21, 8, 0, tzinfo=HANOI_TIME))
    scene.show(scene.city, lit)
    afternoon = datetime(2026, 12, 21, 16, 0, tzinfo=HANOI_TIME)
    scene.panes.arrange((PaneView(sun_time=afternoon),), linked=True, swipe=None)
    picture = scene.screenshot().astype(float).mean(axis=2)
    # The house is about 71 pixels wide: its shadow falls west in the morning, east in the evening.
    west, east = slice(85, 105), slice(195, 215)
    morning, evening = picture[140:160, :300], picture[140:160, 300:]
    assert morning[:, west].mean() < 0.8 * morning[:, east].mean()
    assert evening[:, east].mean() < 0.85 * evening[:, west].mean()
    world = scene.light._maps.world
    assert scene.panes.extra[0].light._maps.world is world  # one tree of rays


def test_what_a_picture_hides_throws_no_shadow_in_it(scene):
    lit = replace(VIEW, shadows=True, sun_time=datetime(2026, 12, 21, 8, 0, tzinfo=HANOI_TIME))
    scene.show(scene.city, lit)
    scene.panes.arrange((PaneView(hidden=frozenset({"buildings"})),), linked=True, swipe=None)
    picture = scene.screenshot().astype(float).mean(axis=2)
    assert picture[140:160, 85:105].mean() < 0.8 * picture[140:160, 195:215].mean()
    assert picture[140:160, 385:405].mean() == pytest.approx(
        picture[140:160, 495:515].mean(), rel=0.05
    )


def test_what_a_picture_hides_leaves_no_dark_place_in_it(scene):
    soft = replace(VIEW, occlusion=True)
    hidden = PaneView(hidden=frozenset({"buildings"}))
    scene.show(scene.city, soft)
    scene.panes.arrange((PaneView(), PaneView(), hidden), linked=True, swipe=None)
    scene.screenshot()
    beside_houses = scene.screenshot()[150:, 300:].astype(int)
    scene.show(scene.city, replace(soft, hidden=frozenset({"buildings"})))
    scene.panes.arrange((hidden, hidden, hidden), linked=True, swipe=None)
    alone = scene.screenshot()[150:, 300:].astype(int)
    assert np.abs(beside_houses - alone)[4:-4, 4:-4].max() <= 3


def test_a_picture_that_hides_a_layer_does_not_withdraw_what_others_load(scene):
    visual, loader, other = scene.visual("buildings"), scene.loader, scene.renderer
    gate = threading.Event()
    loader.ask(other, 0, 1.0, lambda wanted: gate.wait(5))
    loader.ask(other, 1, 1.0, lambda wanted: gate.wait(5))
    hidden = PaneView(hidden=frozenset({"buildings"}))
    scene.panes.arrange((hidden,), linked=True, swipe=None)
    scene.set_moving()
    scene.renderer.AddObserver("EndEvent", lambda *_: loader.ask(visual, 99, 1.0, _nothing))
    scene.window.Render()
    assert loader.owes(visual)
    scene.panes.arrange((), linked=True, swipe=None)
    gate.set()


def _nothing(_wanted):
    return None


def test_pictures_are_kept_with_the_project():
    view = replace(
        VIEW, swipe=0.4, linked=False,
        panes=(PaneView(hidden=frozenset({"a"}), styles=(("b", RED),), sun_time=VIEW.sun_time),),
    )  # fmt: skip
    kept = view_to(view, (), None)
    back, _ = view_from(kept, VIEW)
    assert (back.panes, back.swipe, back.linked) == (view.panes, 0.4, False)
    for broken in (3, [3], [{"styles": {"b": {"opacity": "x"}}}], [{"sun_time": "never"}], "x"):
        damaged, _ = view_from({**kept, "panes": broken}, VIEW)
        assert damaged.panes == () and damaged.swipe is None
