"""What is cut away is gone: for the eye, for the sun, for the cursor; and what is left looks solid."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import pyvista as pv
import shapely
from scene_city import EAST, NORTH, buildings, city_of

from twin.style import Style
from viewers.scene.cut import Cut
from viewers.scene.scene import Scene
from viewers.scene.section import earth_area, facets, filled, solid_areas, triangulated
from viewers.view_state import CameraPose, ClipBox, SectionPlane, ViewState

VIEW = ViewState(shadows=False, occlusion=False, edges=False)
ORIGIN = (0.0, 0.0, 0.0)


def at(x, y, z):
    return (EAST + x, NORTH + y, z)


def box_cut(**changes):
    box = ClipBox(middle=(10.0, 0.0, 5.0), size=(20.0, 8.0, 10.0), **changes)
    return Cut(origin=ORIGIN, box=box)


@pytest.fixture
def scene():
    plotter = pv.Plotter(off_screen=True, window_size=(400, 300), lighting="none")
    made = Scene(plotter)
    yield made
    made.close()
    plotter.close()


# -- numbers ------------------------------------------------------------------------------------


def test_a_box_keeps_what_is_inside_and_flipped_what_is_outside():
    points = np.array([[1.0, 0, 5], [19, 3.9, 9.9], [21, 0, 5], [10, 4.1, 5], [10, 0, 10.1]])
    kept = [True, True, False, False, False]
    assert box_cut().keeps(points).tolist() == kept
    assert box_cut(flipped=True).keeps(points).tolist() == [not one for one in kept]


def test_a_heading_turns_the_box_clockwise():
    # 20 m long northwards; turned by 90° it lies east-west.
    box = ClipBox(middle=(0.0, 0.0, 0.0), size=(2.0, 20.0, 2.0), heading=90.0)
    kept = Cut(origin=ORIGIN, box=box).keeps(np.array([[9.0, 0, 0], [0, 9.0, 0]]))
    assert kept.tolist() == [True, False]
    slanting = Cut(origin=ORIGIN, box=replace(box, heading=45.0))
    assert slanting.keeps(np.array([[6.0, 6.0, 0], [-6.0, 6.0, 0]])).tolist() == [True, False]


def test_a_ray_is_kept_from_where_it_comes_into_the_box_to_where_it_leaves():
    origin, east = np.array([[-5.0, 0, 5], [-5.0, 9, 5]]), np.array([[1.0, 0, 0]] * 2)
    ((low, high),) = box_cut().spans(origin, east)
    assert (low[0], high[0]) == (5.0, 25.0)
    assert low[1] >= high[1]  # passes by
    before, after = box_cut(flipped=True).spans(origin, east)
    assert (before[0][0], before[1][0]) == (0.0, 5.0)
    assert after[0][0] == 25.0 and np.isinf(after[1][0])
    assert before[0][1] == 0.0 and np.isinf(before[1][1])  # the whole ray, once
    assert after[0][1] >= after[1][1]


def test_a_plane_ends_rays_that_reach_it_and_lets_others_begin_there():
    plane = SectionPlane(point=(3.0, 0.0, 0.0), normal=(2.0, 0.0, 0.0))  # any length
    cut = Cut(origin=ORIGIN, plane=plane)
    ways = np.array([[1.0, 0, 0], [-1.0, 0, 0], [0, 1.0, 0], [0, 1.0, 0]])
    starts = np.array([[0.0, 0, 0], [10.0, 0, 0], [0.0, 0, 0], [5.0, 0, 0]])
    ((low, high),) = cut.spans(starts, ways)
    assert (low[0], high[0]) == (0.0, 3.0)
    assert low[1] == 7.0 and np.isinf(high[1])
    assert np.isinf(high[2]) and low[3] >= high[3]


def tower():
    """An open prism 10 × 10 m, 30 m high, without a floor, as buildings are drawn."""
    ring = np.array([[-5, -5], [5, -5], [5, 5], [-5, 5]], float)
    vertices = np.concatenate([np.column_stack([ring, np.full(4, z)]) for z in (0.0, 30.0)])
    walls = []
    for a in range(4):
        b = (a + 1) % 4
        walls += [(a, b, b + 4), (a, b + 4, a + 4)]
    roof = [(4, 5, 6), (4, 6, 7)]
    return vertices.astype(np.float32), np.array(walls + roof, np.int32)


def area_of(cut):
    vertices, triangles = tower()
    rows = np.zeros(len(triangles), np.int32)
    return [
        sum(area.area for _, area in solid_areas(vertices, triangles, rows, side))
        for side in facets(cut)
    ]


def test_the_section_of_a_tower_is_its_width_times_its_height():
    upright = Cut(origin=ORIGIN, plane=SectionPlane(point=(1.0, 0.0, 0.0), normal=(1.0, 0.0, 0.0)))
    assert area_of(upright) == [pytest.approx(300.0, rel=1e-3)]
    level = Cut(origin=ORIGIN, plane=SectionPlane(point=(0.0, 0.0, 12.0), normal=(0.0, 0.0, 1.0)))
    assert area_of(level) == [pytest.approx(100.0, rel=1e-3)]
    # Through opposite corners: as long as the diagonal.
    half = np.sqrt(0.5)
    slant = Cut(origin=ORIGIN, plane=SectionPlane(point=(0.01, 0.0, 0.0), normal=(half, half, 0.0)))
    assert area_of(slant) == [pytest.approx(300.0 * np.sqrt(2), rel=1e-2)]


def test_the_sides_of_a_box_are_filled_only_within_it():
    # Over the tower's eastern half, from 10 to 20 m: west side, and two sides of 5 m, top, bottom.
    box = ClipBox(middle=(5.0, 0.0, 15.0), size=(10.0, 4.0, 10.0))
    areas = sorted(round(area, 1) for area in area_of(Cut(origin=ORIGIN, box=box)))
    # west 4 × 10, east none (outside), north and south 5 × 10, top and bottom 5 × 4
    assert areas == [0.0, 20.0, 20.0, 40.0, 50.0, 50.0]


def test_a_courtyard_stays_open_in_the_section():
    outer = np.array([[0, 0], [10, 0], [10, 10], [0, 10]], float)
    inner = outer * 0.4 + 3
    segments = np.concatenate(
        [np.stack([ring, np.roll(ring, -1, axis=0)], axis=1) for ring in (outer, inner)]
    )
    area = filled(segments)
    assert area.area == pytest.approx(100 - 16, rel=1e-6)
    points, faces = triangulated(area)
    a, b, c = (points[faces[:, k]] for k in range(3))
    twice = (b - a)[:, 0] * (c - a)[:, 1] - (b - a)[:, 1] * (c - a)[:, 0]
    assert np.abs(twice).sum() / 2 == pytest.approx(84, rel=1e-6)


def test_a_box_and_a_plane_together_cut_each_other():
    box = ClipBox(middle=(0.0, 0.0, 5.0), size=(20.0, 20.0, 10.0))
    plane = SectionPlane(point=(5.0, 0.0, 0.0), normal=(1.0, 0.0, 0.0))
    sides = facets(Cut(origin=ORIGIN, box=box, plane=plane))
    # plane 20 × 10; west 20 × 10; east gone; north and south 15 × 10; top and bottom 15 × 20
    assert sorted(round(s.region.area, 3) for s in sides) == [150, 150, 200, 200, 300, 300]


def test_earth_fills_the_section_from_the_ground_down_to_the_box():
    box = ClipBox(middle=(0.0, 0.0, 0.0), size=(20.0, 20.0, 12.0))
    bounds = np.array([-100.0, 100, -100, 100, 0, 30])
    sides = facets(Cut(origin=ORIGIN, box=box))
    # Ground rises by one metre in ten towards the east: −1 m in the west, 1 m in the east.
    areas = [earth_area(s, bounds, lambda xy: xy[:, 0] / 10).area for s in sides]
    # west (6 − 1) × 20, east (6 + 1) × 20, north and south 6 × 20, neither floor nor roof
    assert sorted(areas) == pytest.approx([0, 0, 100, 120, 120, 140])


# -- pictures -----------------------------------------------------------------------------------


def look_down(scene, x=0.0, y=0.0, height=200.0):
    scene.camera.pose = CameraPose(eye=at(x, y, height), target=at(x, y, 0), up=(0.0, 1.0, 0.0))


def colour_at(scene, picture, x, y, z):
    column, row = scene.camera.project(np.array(at(x, y, z)), scene.window.GetSize())
    return picture[len(picture) - 1 - round(row), round(column)].astype(int)


def red_towers():
    city = city_of(buildings([(-30, -5, -20, 5), (20, -5, 30, 5)], [30.0, 30.0]))
    return city.with_style("buildings", Style(color="#ff0000"))


def is_red(colour):
    return colour[0] > 150 and colour[1] < 60


@pytest.mark.parametrize("moving", [False, True])
def test_a_tower_beyond_the_plane_is_gone_and_the_other_stays(scene, moving):
    east = SectionPlane(point=at(0, 0, 0), normal=(1.0, 0.0, 0.0))
    scene.show(red_towers(), replace(VIEW, section=east))
    look_down(scene)
    if moving:
        scene.set_moving()
        scene.render()
        picture = np.asarray(scene.plotter.screenshot())
    else:
        picture = scene.screenshot()
    assert is_red(colour_at(scene, picture, -25, 0, 30))
    assert not is_red(colour_at(scene, picture, 25, 0, 30))


def test_without_the_plane_it_is_back(scene):
    cut = replace(VIEW, section=SectionPlane(point=at(0, 0, 0), normal=(1.0, 0.0, 0.0)))
    scene.show(red_towers(), cut)
    look_down(scene)
    scene.screenshot()
    scene.show(red_towers(), VIEW)
    assert is_red(colour_at(scene, scene.screenshot(), 25, 0, 30))


def test_what_is_cut_throws_no_shadow(scene):
    city = city_of(buildings([(-5, -5, 5, 5)], [30.0]))
    lit = replace(VIEW, shadows=True)
    low = SectionPlane(point=at(0, 0, 10), normal=(0.0, 0.0, 1.0))
    brightness = {}
    for name, view in (("whole", lit), ("cut", replace(lit, section=low))):
        scene.show(city, view)
        look_down(scene, y=15.0, height=160.0)
        # From the south at 45°: the shadow is as long as the tower is high.
        scene.light.sun = np.array([0.0, -np.sqrt(0.5), np.sqrt(0.5)])
        scene.stage.set_sun(scene.light.sun, theme="light")
        picture = scene.screenshot()
        brightness[name] = [colour_at(scene, picture, 0, y, 0).mean() for y in (12, 18, 30, 45)]
    whole, cut = brightness["whole"], brightness["cut"]
    # 30 m: from 5 to 35 m north. Cut at 10 m: from 5 to 15 m.
    assert whole[2] < 0.75 * whole[3] and whole[1] < 0.75 * whole[3]
    assert cut[0] < 0.75 * cut[3]
    assert cut[1] == pytest.approx(cut[3], rel=0.06) and cut[2] == pytest.approx(cut[3], rel=0.06)


def test_a_cut_tower_is_filled_with_the_section_s_colour_and_met_by_the_cursor_there(scene):
    city = city_of(buildings([(-5, -5, 5, 5)], [30.0]))
    level = SectionPlane(point=at(0, 0, 12), normal=(0.0, 0.0, 1.0))
    scene.show(city, replace(VIEW, section=level))
    look_down(scene)
    red, green, blue = colour_at(scene, scene.screenshot(), 0, 0, 12)
    assert red > 1.5 * green and red > 1.5 * blue
    found = scene.pick(*scene.camera.project(np.array(at(2, 1, 12)), scene.window.GetSize()))
    assert found is not None and found.row == 0
    assert found.where[2] == pytest.approx(12.0, abs=0.01)


def test_the_cursor_goes_through_what_is_cut(scene):
    east = SectionPlane(point=at(0, 0, 0), normal=(1.0, 0.0, 0.0))
    scene.show(red_towers(), replace(VIEW, section=east, cut_ground=False))
    look_down(scene)
    scene.render()
    here = scene.camera.project(np.array(at(25, 0, 30)), scene.window.GetSize())
    x, _, z = scene.world_at(*here)
    assert z == pytest.approx(0.0, abs=0.01) and x > EAST + 25
    assert scene.pick(*here) is None
    scene.show(red_towers(), replace(VIEW, section=east))
    assert scene.world_at(*here) is None  # the ground is cut away as well


def test_the_ground_stays_where_it_is_not_to_be_cut(scene):
    east = SectionPlane(point=at(0, 0, 0), normal=(1.0, 0.0, 0.0))
    scene.show(red_towers(), VIEW)
    look_down(scene)
    before = colour_at(scene, scene.screenshot(), 45, 20, 0)
    scene.show(red_towers(), replace(VIEW, section=east, cut_ground=False))
    assert np.abs(colour_at(scene, scene.screenshot(), 45, 20, 0) - before).max() <= 2
    scene.show(red_towers(), replace(VIEW, section=east))
    assert np.abs(colour_at(scene, scene.screenshot(), 45, 20, 0) - before).max() > 5


def test_cutting_elsewhere_keeps_the_tree_of_rays(scene):
    view = replace(VIEW, shadows=True)
    scene.show(red_towers(), view)
    look_down(scene)
    scene.set_still()
    plane = SectionPlane(point=at(0, 0, 0), normal=(1.0, 0.0, 0.0))
    scene.light.cut = Cut(origin=(EAST, NORTH, 0.0), plane=plane)
    maps = scene.light.job(scene.camera)()
    assert maps.world is scene.light._maps.world and maps.sky is not scene.light._maps.sky
    scene.light.apply(maps)
    assert scene.light.job(scene.camera) is None


def test_outlines_of_a_section_survive_slivers_and_touching_corners():
    # Two triangles that share a corner only, and a segment without length.
    segments = np.array(
        [[[0, 0], [1, 0]], [[1, 0], [0.5, 1]], [[0.5, 1], [0, 0]], [[1, 0], [2, 0]],
         [[2, 0], [1.5, 1]], [[1.5, 1], [1, 0]], [[3, 3], [3, 3]]], float
    )  # fmt: skip
    area = filled(segments)
    assert area.area == pytest.approx(1.0, rel=1e-3) and shapely.is_valid(area)
