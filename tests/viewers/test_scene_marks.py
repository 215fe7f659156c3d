"""Marks over the city: seen before walls, dashed behind them, words that do not overlap."""

from __future__ import annotations

import numpy as np
import pytest
import pyvista as pv
from scene_city import EAST, NORTH, buildings, city_of

from viewers.scene.capture import capture
from viewers.scene.marks import Mark, Marks
from viewers.scene.preview import Preview
from viewers.scene.scene import Scene
from viewers.scene.tags import Tag
from viewers.view_state import CameraPose, ViewState

PLAIN = ViewState(shadows=False, occlusion=False, edges=False)
SIZE = (400, 300)
WORLD = np.array([EAST, NORTH, 0.0])
RED = (1.0, 0.0, 0.0)


@pytest.fixture
def scene(qapp):
    plotter = pv.Plotter(off_screen=True, window_size=SIZE, lighting="none")
    made = Scene(plotter)
    # A block 20 m high and wide stands between the eye in the south and the line behind it.
    made.show(city_of(buildings([(-20, 0, 20, 10)], [20.0])), PLAIN)
    made.camera.pose = CameraPose(
        eye=tuple(world(0, -150, 12)), target=tuple(world(0, 0, 10)), up=(0.0, 0.0, 1.0)
    )
    yield made
    made.close()
    plotter.close()


@pytest.fixture
def marks(scene):
    made = Marks(scene.renderer, scene.camera.origin)
    scene.each_frame.append(made.look)
    return made


def red(picture) -> np.ndarray:
    """Which pixels are red."""
    colour = picture.astype(int)
    return (colour[..., 0] > 180) & (colour[..., 1] < 90) & (colour[..., 2] < 90)


def world(x: float, y: float, z: float) -> np.ndarray:
    return WORLD + np.array((x, y, z))


def line_at(y: float, z: float = 10.0) -> np.ndarray:
    return np.array([[-40.0, y, z], [40.0, y, z]]) + WORLD


def test_a_line_before_a_wall_is_whole_and_behind_it_dashed(scene, marks):
    marks.put("a", Mark(line=line_at(-0.01), colour=RED))  # a centimetre before the wall
    columns = red(scene.screenshot()).any(axis=0)
    shown = np.flatnonzero(columns)
    assert columns[shown[0] : shown[-1] + 1].all()
    marks.put("a", Mark(line=line_at(40.0), colour=RED))
    columns = red(scene.screenshot()).any(axis=0)
    left, right = (scene.camera.project(world(x, 0.0, 10.0), SIZE)[0] for x in (-19.0, 19.0))
    behind = columns[int(left) : int(right)]
    assert 0.25 < behind.mean() < 0.75
    shown = np.flatnonzero(columns)
    assert columns[shown[0] : int(left) - 4].all()


def test_marks_are_gone_when_taken_away_and_are_never_picked(scene, marks):
    before = scene.screenshot()
    marks.put("a", Mark(line=line_at(-1.0), dots=line_at(-1.0), colour=RED))
    assert red(scene.screenshot()).sum() > 100
    middle = scene.camera.project(world(0, -1.0, 10.0), SIZE)
    assert scene.pick(*middle).layer == "buildings"
    marks.remove("a")
    assert (scene.screenshot() == before).all()
    assert "a" not in marks


def test_of_two_words_at_one_place_the_more_important_is_seen(scene, marks):
    where = tuple(world(0.0, -1.0, 10.0))
    low = Tag(where=where, text="thấp", rank=1)
    high = Tag(where=where, text="cao", rank=5)
    apart = Tag(where=tuple(world(-30.0, -1.0, 2.0)), text="xa", rank=0)
    behind = Tag(where=tuple(world(0.0, -300.0, 10.0)), text="sau lưng", rank=9)
    marks.put("a", Mark(tags=(low, high, apart, behind)))
    scene.render()
    seen = {t.tag.text for t in marks._tags["a"] if t.actor.GetVisibility()}
    assert seen == {"cao", "xa"}


def test_a_preview_is_seen_without_drawing_the_city_and_leaves_nothing(scene):
    scene.set_still()
    before = capture(scene.window, lambda: None)
    preview = Preview(scene)
    renders = scene.renders
    preview.marks.put("a", Mark(line=line_at(40.0), colour=RED))
    preview.draw()
    picture = capture(scene.window, lambda: None)
    assert red(picture).sum() > 100
    preview.marks.put("a", Mark(line=line_at(40.0, 14.0), colour=RED))
    preview.draw()
    moved = capture(scene.window, lambda: None)
    assert scene.renders == renders  # the city was not drawn again
    rows = [np.flatnonzero(red(p).any(axis=1)).mean() for p in (picture, moved)]
    assert rows[1] < rows[0] - 3
    same = ~red(moved)
    assert np.abs(moved.astype(int) - before)[same].mean() < 6
    scene.render()  # a frame of the scene, with the marks in it
    preview.marks.clear()
    preview.draw()
    assert not red(capture(scene.window, lambda: None)).any()
    preview.close()
    scene.render()
    assert np.abs(capture(scene.window, lambda: None).astype(int) - before).max() <= 2
