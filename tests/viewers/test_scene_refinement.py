"""A still picture comes in steps, points are thinned and lit, words keep their diacritics."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import numpy as np
import pytest
import pyvista as pv
from scene_city import CRS, EAST, NORTH, block_city, buildings, city_of

from layers.kinds.pointcloud import PointCloudLayer
from twin.style import Style
from viewers.scene import buildings_visual
from viewers.scene.point_blocks import STRIDES, levels_for
from viewers.scene.refinement import Step
from viewers.scene.scene import Scene
from viewers.view_state import HANOI_TIME, CameraPose, ViewState

PLAIN_VIEW = ViewState(shadows=False, occlusion=False, edges=False)


@pytest.fixture
def scene():
    plotter = pv.Plotter(off_screen=True, window_size=(400, 300), lighting="none")
    made = Scene(plotter)
    yield made
    made.close()
    plotter.close()


def cloud(count=200_000, side=200.0, **given):
    rng = np.random.default_rng(4)
    xyz = rng.uniform(0, side, (count, 3)).astype(np.float32)
    xyz[:, 2] = 0.5
    # As a scanner flies: strip after strip.
    xyz = xyz[np.argsort(xyz[:, 1] // 10, kind="stable")]
    return PointCloudLayer(
        id="points", name="Points", crs=CRS, offset=(EAST, NORTH, 0.0), xyz=xyz, **given
    )


def from_above(scene, x, y, height):
    scene.camera.pose = CameraPose(
        eye=(EAST + x, NORTH + y, height), target=(EAST + x, NORTH + y, 0.0), up=(0.0, 1.0, 0.0)
    )


def test_a_still_picture_is_refined_step_by_step_and_then_rests(scene):
    scene.show(block_city(5), ViewState())
    scene.set_moving()
    scene.render()
    seen = [scene.step]
    while scene.refine():
        seen.append(scene.step)
    assert [*seen, scene.step] == list(Step)
    renders = scene.renders
    assert not scene.refine() and scene.renders == renders
    scene.set_moving()
    assert scene.step == Step.MOVING and scene.window.GetMultiSamples() == 0


@pytest.fixture
def planned_by_a_worker(monkeypatch):
    monkeypatch.setattr(buildings_visual, "AT_ONCE", 300)


def test_a_picture_of_a_whole_city_shows_every_building(scene, planned_by_a_worker):
    city = block_city(60)
    scene.show(city, PLAIN_VIEW)
    scene.camera.pose = scene.camera.top()
    scene.set_still()
    visual = scene.visual("buildings")
    drawn = [c for c in visual.mesh.chunks.values() if c.level >= 0]
    rows = np.concatenate([c.chunk.rows for c in drawn])
    assert sorted(rows.tolist()) == list(range(3600))
    # A block without its floor has two triangles on each of four walls and on the roof.
    assert sum(c.triangles[c.level] for c in drawn) == 10 * 3600
    assert visual.box[5] == pytest.approx(30.0)


def test_an_edit_before_the_city_is_planned_stands(scene, planned_by_a_worker):
    scene.patient = False
    city = block_city(40)
    scene.show(city, PLAIN_VIEW)
    scene.show(city.with_building_change("buildings", "b0", height=80.0), PLAIN_VIEW)
    scene.set_still()
    visual = scene.visual("buildings")
    top = max(c.chunk.vertices[:, 2].max() for c in visual.mesh.chunks.values())
    assert visual.box[5] == pytest.approx(80.0) and top == pytest.approx(80.0)


def test_what_moves_is_drawn_within_its_budget_and_the_tallest_are_there(scene):
    city = block_city(60).with_building_change("buildings", "b1830", height=150.0)
    scene.show(city, PLAIN_VIEW)
    scene.set_still()
    scene.budget.triangles = scene.budget.least = scene.budget.most = 12_000
    scene.set_moving()
    scene.render()
    scene.render()
    assert 0 < scene.drawn() <= 12_000
    visual = scene.visual("buildings")
    drawn = [c for c in visual.mesh.chunks.values() if c.level >= 0]
    assert any(1830 in c.chunk.rows for c in drawn)


def test_points_thin_with_distance_and_are_all_drawn_near():
    spacing, size = np.full(3, 0.5), np.full(3, 131_072)
    # 0.5 m apart: 2 pixels a metre is a pixel each; every third of them at 2 / sqrt(3), and so on.
    levels = levels_for(spacing, size, np.array([10.0, 1.1, 0.2]), None)
    assert [STRIDES[k] for k in levels] == [1, 3, 100]
    held = levels_for(spacing, size, np.full(3, 10.0), 20_000)
    assert (size / np.array(STRIDES)[held]).sum() <= 20_000


def test_points_need_no_second_copy_where_all_are_drawn(scene):
    layer = cloud()
    scene.show(city_of(layer), PLAIN_VIEW)
    from_above(scene, 100.0, 100.0, 40.0)
    scene.set_still()
    visual = scene.visual("points")
    assert visual.drawn() >= 50_000
    assert all(np.shares_memory(block.xyz, layer.xyz) for block in visual._blocks)
    scene.set_moving()
    scene.budget.triangles = scene.budget.least = scene.budget.most = 3_000
    scene.render()
    assert visual.drawn() <= 9_000


def test_a_class_has_its_colour_and_its_place_in_the_legend(scene):
    layer = cloud(classification=np.full(200_000, 6, np.uint8))
    scene.show(city_of(layer), PLAIN_VIEW)
    from_above(scene, 100.0, 100.0, 60.0)
    red, green, blue = scene.screenshot()[100:200, 150:250].reshape(-1, 3).mean(axis=0)
    assert red > green + 25 and red > blue + 25  # "building" is brick in the ASPRS-like palette
    assert [(e.label, e.color) for e in scene.legends[0].entries] == [("building", "#c9694f")]


def test_points_are_dark_at_night(scene):
    layer = cloud(rgb=np.full((200_000, 3), 200, np.uint8))
    night = replace(PLAIN_VIEW, sun_time=datetime(2026, 6, 21, 23, 30, tzinfo=HANOI_TIME))
    means = []
    for view in (PLAIN_VIEW, night):
        scene.show(city_of(layer), view)
        from_above(scene, 100.0, 100.0, 60.0)
        means.append(scene.screenshot()[100:200, 150:250].mean())
    assert means[0] > 150 and means[1] < 0.5 * means[0]


def test_eye_dome_lighting_darkens_what_lies_behind_an_edge(scene):
    """A raised square of the same colour as the ground: only depth tells them apart."""
    layer = cloud(400_000, rgb=np.full((400_000, 3), 180, np.uint8))
    xyz = layer.xyz.copy()
    inside = (np.abs(xyz[:, :2] - 100.0) < 15.0).all(axis=1)
    xyz[inside, 2] = 20.0
    layer = replace(layer, xyz=xyz)
    scene.show(city_of(layer), PLAIN_VIEW)
    from_above(scene, 100.0, 100.0, 130.0)
    scene.set_still()
    assert scene.window.GetMultiSamples() == 0
    row = scene.screenshot()[150].astype(float).mean(axis=1)
    # Without it, a flat colour under one sun is one colour all along the row.
    assert row.min() < np.median(row) - 30.0


def test_a_coloured_city_keeps_its_colours_while_it_is_completed(scene, monkeypatch):
    monkeypatch.setattr(buildings_visual, "AT_ONCE", 1)
    city = city_of(buildings([(-10, -10, 10, 10), (40, -10, 50, 0)], [20.0, 8.0]))
    scene.show(city.with_style("buildings", Style(color="#ff0000")), PLAIN_VIEW)
    scene.set_still()
    for chunk in scene.visual("buildings").mesh.chunks.values():
        assert (chunk.colours == [255, 0, 0]).all()
