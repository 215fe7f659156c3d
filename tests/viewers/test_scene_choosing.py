"""Things within a shape on the screen, and where marks and snaps stand."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import pytest
import pyvista as pv
import shapely
from scene_city import CRS, EAST, NORTH, block_city, buildings, city_of

from layers.errors import Cancelled
from layers.kinds.features import FeatureLayer
from layers.progress import Progress
from viewers.scene.choosing import Middles, box_of, choice_within, like, rows_within
from viewers.scene.projecting import project_many, rays_through
from viewers.scene.scene import Scene
from viewers.scene.seen import within
from viewers.scene.snapping import Snapper, building_edges
from viewers.view_state import CameraPose, Rows, SectionPlane, ViewState

PLAIN = ViewState(shadows=False, occlusion=False, edges=False)
SIZE = (400, 300)


@pytest.fixture
def scene():
    plotter = pv.Plotter(off_screen=True, window_size=SIZE, lighting="none")
    made = Scene(plotter)
    yield made
    made.close()
    plotter.close()


def look(scene, eye, target, *, parallel=0.0):
    up = (0.0, 1.0, 0.0) if eye[:2] == target[:2] else (0.0, 0.0, 1.0)
    world = np.array([EAST, NORTH, 0.0])
    scene.camera.pose = CameraPose(
        eye=tuple(world + eye), target=tuple(world + target), up=up, parallel_scale=parallel
    )
    scene.render()


@pytest.mark.parametrize("parallel", [0.0, 60.0])
def test_many_places_are_projected_as_one_is(scene, parallel):
    scene.show(block_city(3), PLAIN)
    look(scene, (80.0, -90.0, 70.0), (20.0, 20.0, 5.0), parallel=parallel)
    places = np.random.default_rng(4).uniform(0, 50, (20, 3))
    pixels, _ = project_many(places, scene.renderer, SIZE)
    for place, pixel in zip(places, pixels, strict=True):
        assert pixel == pytest.approx(
            scene.camera.project(place + scene.camera.origin, SIZE), abs=1e-3
        )
    origins, directions = rays_through(pixels, scene.renderer, SIZE)
    for pixel, origin, direction in zip(pixels, origins, directions, strict=True):
        start, along = scene.camera.ray(*pixel, SIZE)
        assert direction == pytest.approx(along, abs=1e-6)
        assert np.linalg.norm(np.cross(origin - start, along)) < 1e-3
    behind, depth = project_many(np.array([[200.0, -260.0, 150.0]]), scene.renderer, SIZE)
    assert parallel or (np.isnan(behind).all() and depth[0] < 0)


def test_a_shape_holds_the_pixels_inside_it():
    pixels = np.array([[5, 5], [15, 5], [5, 15], [np.nan, 5], [9, 9]], float)
    square = np.array([[0, 0], [10, 0], [10, 10], [0, 10]], float)
    assert within(pixels, square).tolist() == [True, False, False, False, True]
    triangle = np.array([[0, 0], [10, 0], [0, 10]], float)
    assert within(pixels - [1, 1], triangle).tolist() == [True, False, False, False, False]
    bow = np.array([[0, 0], [10, 10], [10, 0], [0, 10]], float)
    assert within(np.array([[9.0, 5.0], [5.0, 9.0]]), bow).tolist() == [True, False]


def test_only_what_is_seen_leaves_out_what_stands_behind(scene):
    # From the south a tall block hides a low one.
    city = city_of(
        buildings([(-10, 0, 10, 10), (-5, 30, 5, 40), (20, 0, 30, 10)], [40.0, 8.0, 8.0])
    )
    scene.show(city, PLAIN)
    look(scene, (0.0, -150.0, 20.0), (0.0, 20.0, 10.0))
    everything = np.array([[0, 0], [399, 0], [399, 299], [0, 299]], float)
    both = rows_within(scene, everything, ["buildings"], Middles())
    assert both == Rows({"buildings": [0, 1, 2]})
    assert rows_within(scene, everything, ["buildings"], Middles(), seen=True) == Rows(
        {"buildings": [0, 2]}
    )
    scene.show(city, replace(PLAIN, hidden_rows=Rows({"buildings": [0]})))
    assert rows_within(scene, everything, ["buildings"], Middles(), seen=True) == Rows(
        {"buildings": [1, 2]}
    )


def test_what_is_cut_away_hides_nothing(scene):
    city = city_of(
        buildings([(-10, 0, 10, 10), (-5, 30, 5, 40), (20, 0, 30, 10)], [40.0, 8.0, 8.0])
    )
    everything = np.array([[0, 0], [399, 0], [399, 299], [0, 299]], float)
    # All south of y = 20 is cut away: both of the first row, and the tall one hides no more.
    plane = SectionPlane(point=(EAST, NORTH + 20.0, 0.0), normal=(0.0, -1.0, 0.0))
    scene.show(city, replace(PLAIN, section=plane))
    look(scene, (0.0, -150.0, 20.0), (0.0, 20.0, 10.0))
    assert rows_within(scene, everything, ["buildings"], Middles(), seen=True) == Rows(
        {"buildings": [1]}
    )


def test_choosing_is_stopped_between_its_parts(scene):
    scene.show(block_city(3), PLAIN)
    everything = np.array([[0, 0], [399, 0], [399, 299], [0, 299]], float)
    progress = Progress()
    find = choice_within(scene, everything, ["buildings"], Middles())
    progress.cancel()
    with pytest.raises(Cancelled):
        find(progress)


def test_parcels_behind_a_wall_are_not_seen(scene):
    wall = buildings([(-30, 0, 30, 2)], [30.0])
    spots = [(-5, -20), (-5, 20), (60, 20)]
    areas = [shapely.box(EAST + x, NORTH + y, EAST + x + 10, NORTH + y + 10) for x, y in spots]
    parcels = FeatureLayer(
        id="parcels", name="Parcels", crs=CRS, role="parcels", geometry=np.array(areas, object)
    )
    scene.show(city_of(wall, parcels), PLAIN)
    look(scene, (0.0, -150.0, 15.0), (0.0, 20.0, 5.0))
    everything = np.array([[0, 0], [399, 0], [399, 299], [0, 299]], float)
    assert rows_within(scene, everything, ["parcels"], Middles()).count == 3
    found = rows_within(scene, everything, ["parcels"], Middles(), seen=True)
    assert found == Rows({"parcels": [0, 2]})


def test_things_of_the_same_use_are_alike():
    layer = buildings([(0, 0, 5, 5), (10, 0, 15, 5), (20, 0, 25, 5)], [5.0, 6.0, 7.0])
    layer = replace(
        layer, use=np.array(["school", "", "school"], object), method=np.array([0, 2, 2], np.uint8)
    )
    city = city_of(layer)
    assert like(city, "buildings", 0, "use") == Rows({"buildings": [0, 2]})
    assert like(city, "buildings", 1, "method") == Rows({"buildings": [1, 2]})
    assert like(city, "buildings", 1, "nothing") == Rows()
    box = box_of(city, Rows({"buildings": [1, 2]}))
    assert box == pytest.approx([EAST + 10, NORTH, EAST + 25, NORTH + 5, 0, 7])


def test_a_cursor_near_a_corner_is_drawn_to_it_and_far_from_it_is_not(scene):
    scene.show(city_of(buildings([(-10, -10, 10, 10)], [20.0])), PLAIN)
    look(scene, (0.0, 0.0, 150.0), (0.0, 0.0, 0.0))
    corner = np.array([EAST + 10, NORTH + 10, 20.0])
    x, y = scene.camera.project(corner, SIZE)
    snapper = Snapper(scene)
    near = snapper.at(x - 3, y - 3)
    assert near.kind == "vertex" and near.where == pytest.approx(tuple(corner), abs=1e-6)
    beside = snapper.at(x + 4, y + 4)  # the cursor is over the plain, the corner is meant
    assert beside.kind == "vertex" and beside.where == near.where
    middle = scene.camera.project(np.array([EAST + 10, NORTH, 20.0]), SIZE)
    edge = snapper.at(middle[0] + 2, middle[1])
    assert edge.kind == "edge" and edge.where == pytest.approx((EAST + 10, NORTH, 20.0), abs=0.3)
    roof = snapper.at(*scene.camera.project(np.array([EAST, NORTH, 20.0]), SIZE))
    assert roof.kind == "surface" and roof.where[2] == pytest.approx(20.0, abs=1e-3)
    assert snapper.at(x - 3, y - 3, free=True).kind == "surface"


def test_corners_that_cannot_be_seen_draw_nothing(scene):
    scene.show(city_of(buildings([(-10, 0, 10, 10), (-2, 40, 2, 44)], [40.0, 10.0])), PLAIN)
    look(scene, (0.0, -200.0, 12.0), (0.0, 0.0, 10.0))
    hidden = scene.camera.project(np.array([EAST + 2, NORTH + 40, 10.0]), SIZE)
    found = Snapper(scene).at(*hidden)
    assert found.row == 0 and found.kind == "surface"


def test_a_block_has_twelve_edges():
    edges = building_edges(buildings([(0, 0, 10, 20)], [7.0]), 0)
    lengths = np.sort(np.linalg.norm(edges[:, 1] - edges[:, 0], axis=1))
    assert lengths.tolist() == [7.0] * 4 + [10.0] * 4 + [20.0] * 4


@pytest.mark.slow
def test_a_million_middles_are_tried_within_two_seconds(scene):
    count = 1_000_000
    scene.show(block_city(3), PLAIN)
    look(scene, (80.0, -90.0, 70.0), (20.0, 20.0, 5.0))
    places = np.random.default_rng(1).uniform(-500, 500, (count, 3))
    shape = np.array([[100, 50], [350, 80], [250, 280], [120, 200]], float)
    begun = time.perf_counter()
    pixels, depth = project_many(places, scene.renderer, SIZE)
    found = within(pixels, shape) & (depth > 0)
    assert time.perf_counter() - begun < 2.0
    assert 0 < found.sum() < count
