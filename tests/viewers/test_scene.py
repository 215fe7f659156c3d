"""The stage is made equal to the city: seen in pixels, counted in objects."""

from __future__ import annotations

import gc
import weakref
from dataclasses import replace

import numpy as np
import pytest
import pyvista as pv
import shapely
from scene_city import CRS, EAST, NORTH, block_city, buildings, city_of

from layers.kinds.elevation import ElevationLayer
from layers.kinds.features import FeatureLayer
from layers.kinds.imagery import ImageryLayer
from layers.kinds.mesh import MeshLayer
from layers.kinds.pointcloud import PointCloudLayer
from twin.style import Style
from viewers.scene.scene import Scene
from viewers.view_state import CameraPose, Picked, ViewState

PLAIN_VIEW = ViewState(shadows=False, occlusion=False, edges=False)


@pytest.fixture
def scene():
    plotter = pv.Plotter(off_screen=True, window_size=(400, 300), lighting="none")
    made = Scene(plotter)
    yield made
    made.close()
    plotter.close()


def look_down(scene, x=0.0, y=0.0, height=200.0):
    world = (EAST + x, NORTH + y)
    scene.camera.pose = CameraPose(
        eye=(*world, height), target=(*world, 0.0), up=(0.0, 1.0, 0.0), view_angle=35.0
    )


def pixel_of(scene, x, y, z):
    found = scene.camera.project(np.array([EAST + x, NORTH + y, z]), scene.window.GetSize())
    assert found is not None
    return found


def colour_at(scene, x, y, z):
    picture = scene.screenshot()
    column, row = pixel_of(scene, x, y, z)
    return picture[len(picture) - 1 - round(row), round(column)].astype(int)


def test_a_building_styled_red_is_red_where_it_stands(scene):
    city = city_of(buildings([(-10, -10, 10, 10)], [20.0]))
    scene.show(city.with_style("buildings", Style(color="#ff0000")), PLAIN_VIEW)
    look_down(scene)
    red, green, blue = colour_at(scene, 0, 0, 20)
    assert red > 150 and green < 60 and blue < 60
    red, green, blue = colour_at(scene, 30, 0, 0)
    assert abs(red - green) < 40


def test_showing_twice_draws_once(scene):
    city = block_city(5)
    scene.show(city, PLAIN_VIEW)
    renders, visual = scene.renders, scene.visual("buildings")
    scene.show(city, PLAIN_VIEW)
    assert scene.renders == renders
    assert scene.visual("buildings") is visual


def test_restyling_touches_no_geometry(scene):
    city = block_city(5)
    scene.show(city, PLAIN_VIEW)
    visual = scene.visual("buildings")
    vertices = [c.chunk.vertices for c in visual.mesh.chunks.values()]
    scene.show(city.with_style("buildings", Style(color_by="height")), PLAIN_VIEW)
    after = [c.chunk.vertices for c in visual.mesh.chunks.values()]
    assert all(a is b for a, b in zip(vertices, after, strict=True))
    assert scene.legends[0].title == "Height" and scene.legends[0].unit == "m"


def test_a_changed_height_makes_only_its_tiles_anew(scene):
    city = block_city(80)
    scene.show(city, PLAIN_VIEW)
    scene.set_still()
    visual = scene.visual("buildings")
    before = {k: c.chunk for k, c in visual.mesh.chunks.items()}
    scene.show(city.with_building_change("buildings", "b0", height=80.0), PLAIN_VIEW)
    scene.set_still()
    after = {k: c.chunk for k, c in visual.mesh.chunks.items()}
    assert len(before) > 4
    touched = [k for k in before if before[k] is not after[k]]
    tree = visual.pyramid.tree
    assert touched and all(0 in tree.rows(k) for k in touched)
    assert visual.box[5] == pytest.approx(80.0, abs=1e-3)


def test_undoing_a_height_lowers_it_again(scene):
    city = block_city(3)
    scene.show(city.with_building_change("buildings", "b0", height=80.0), PLAIN_VIEW)
    scene.show(city, PLAIN_VIEW)
    assert scene.visual("buildings").box[5] == pytest.approx(city.layers["buildings"].height.max())


def test_a_shadow_is_as_long_as_the_tower_is_high_at_forty_five_degrees(scene):
    scene.show(
        city_of(buildings([(-5, -5, 5, 5)], [30.0])), ViewState(occlusion=False, edges=False)
    )
    look_down(scene, y=20.0, height=160.0)
    scene.light.sun = np.array([0.0, -np.sqrt(0.5), np.sqrt(0.5)])
    scene.stage.set_sun(scene.light.sun, theme="light")
    picture = scene.screenshot()
    column = round(pixel_of(scene, 0, 20, 0)[0])
    far = [pixel_of(scene, 0, y, 0)[1] for y in (5.5, 60.0)]
    rows = np.arange(int(far[0]) + 1, int(far[1]))
    grey = picture[len(picture) - 1 - rows, column].astype(float).mean(axis=1)
    dark = grey < (grey.min() + grey.max()) / 2
    metres_per_pixel = 54.5 / (far[1] - far[0])
    # The roof hides what lies just behind it from an eye straight above; the end is what counts.
    end = 5.5 + dark.nonzero()[0].max() * metres_per_pixel
    assert end - 5.0 == pytest.approx(30.0, abs=1.5)


def test_picking_answers_with_the_building_and_its_storey(scene):
    city = city_of(buildings([(-10, -10, 10, 10), (40, -10, 60, 10)], [33.0, 12.0]))
    scene.show(city, PLAIN_VIEW)
    look_down(scene, x=25.0)
    picked = scene.pick(*pixel_of(scene, 50, 0, 12))
    assert (picked.layer, picked.row, picked.part) == ("buildings", 1, "roof")
    assert picked.where == pytest.approx((EAST + 50, NORTH, 12.0), abs=0.3)
    scene.camera.pose = CameraPose(
        eye=(EAST, NORTH - 100, 8.0), target=(EAST, NORTH, 8.0), view_angle=35.0
    )
    picked = scene.pick(*pixel_of(scene, 0, -10, 8.0))
    assert picked.row == 0 and picked.part == "storey 3"


def test_the_sky_is_nothing_to_pick(scene):
    scene.show(block_city(2), PLAIN_VIEW)
    scene.camera.pose = CameraPose(eye=(EAST, NORTH, 50.0), target=(EAST, NORTH + 10, 90.0))
    assert scene.pick(200, 290) is None


def test_the_selected_building_is_marked_and_unmarked(scene):
    city = city_of(buildings([(-10, -10, 10, 10)], [20.0]))
    scene.show(city, PLAIN_VIEW)
    look_down(scene)
    plain = colour_at(scene, 0, 0, 20)
    chosen = Picked(layer="buildings", row=0, kind="building", where=(0.0, 0.0, 0.0))
    scene.show(city, replace(PLAIN_VIEW, selected=chosen))
    marked = colour_at(scene, 0, 0, 20)
    assert marked[0] - marked[2] > 100
    scene.show(city, PLAIN_VIEW)
    assert colour_at(scene, 0, 0, 20) == pytest.approx(plain, abs=2)


def test_a_hidden_layer_is_not_seen_and_not_picked(scene):
    city = city_of(buildings([(-10, -10, 10, 10)], [20.0])).with_style(
        "buildings", Style(color="#ff0000")
    )
    scene.show(city, replace(PLAIN_VIEW, hidden=frozenset({"buildings"})))
    look_down(scene)
    assert scene.pick(200, 150) is None
    scene.show(city, PLAIN_VIEW)
    assert colour_at(scene, 0, 0, 20)[0] > 150
    scene.show(city, replace(PLAIN_VIEW, hidden=frozenset({"buildings"})))
    red, green, _ = colour_at(scene, 0, 0, 20)
    assert abs(red - green) < 40 and scene.pick(200, 150) is None


def all_kinds():
    grid = np.add.outer(np.linspace(0, 8, 40), np.linspace(0, 4, 40)).astype(np.float32)
    corner = {"west": EAST - 100, "north": NORTH + 100}
    rng = np.random.default_rng(2)

    def features(role, *shapes):
        return FeatureLayer(
            id=role, name=role, crs=CRS, role=role, geometry=np.array(shapes, dtype=object)
        )

    return (
        ElevationLayer(id="ground", name="Ground", crs=CRS, heights=grid, cell_x=5, cell_y=5, **corner),
        ImageryLayer(
            id="photo", name="Photo", crs=CRS, pixels=np.full((20, 20, 3), 90, np.uint8),
            cell_x=10, cell_y=10, **corner,
        ),
        buildings([(-10, -10, 10, 10)], [20.0]),
        features("roads", shapely.LineString([(EAST - 90, NORTH - 50), (EAST + 90, NORTH - 50)])),
        features("water", shapely.box(EAST + 30, NORTH + 30, EAST + 60, NORTH + 60)),
        features("trees", shapely.Point(EAST - 50, NORTH + 20), shapely.Point(EAST - 60, NORTH)),
        features("features", shapely.Point(EAST + 50, NORTH - 20)),
        PointCloudLayer(
            id="points", name="Points", crs=CRS, offset=(EAST + 70, NORTH, 20.0),
            xyz=rng.uniform(0, 10, (500, 3)).astype(np.float32),
        ),
        MeshLayer(
            id="mesh", name="Mesh", crs=CRS, offset=(EAST - 90, NORTH - 90, 12.0),
            vertices=np.array([[0, 0, 0], [20, 0, 0], [0, 20, 0]], np.float32),
            triangles=np.array([[0, 1, 2]], np.int32),
        ),
    )  # fmt: skip


def test_every_kind_of_layer_is_drawn_and_taken_away_again(scene):
    empty = city_of()
    scene.show(empty, PLAIN_VIEW)
    actors = scene.renderer.GetActors().GetNumberOfItems()
    city = city_of(*all_kinds())
    scene.show(city, ViewState())
    assert set(scene._visuals) == set(city.layers)
    held = [weakref.ref(v) for v in scene._visuals.values()]
    scene.screenshot()
    scene.show(empty, ViewState())
    gc.collect()
    # The plain stays once there was a city.
    assert scene.renderer.GetActors().GetNumberOfItems() <= actors + 2
    assert all(ref() is None for ref in held)
    assert scene.nbytes() == 0


def test_a_road_a_tree_and_a_point_are_picked_as_what_they_are(scene):
    city = city_of(*all_kinds())
    scene.show(city, PLAIN_VIEW)
    look_down(scene, height=400.0)
    ground = scene.picker.ground_below(np.array([60.0, -50.0, 0.0]))
    assert scene.pick(*pixel_of(scene, 60, -50, ground)).layer == "roads"
    tree = scene.pick(*pixel_of(scene, -50, 20, 8.0))
    assert (tree.layer, tree.row, tree.kind) == ("trees", 0, "tree")
    water = scene.pick(
        *pixel_of(scene, 45, 45, scene.picker.ground_below(np.array([45.0, 45.0, 0])))
    )
    assert water.layer == "water"
    cloud = city.layers["points"]
    high = cloud.xyz[np.argmax(cloud.xyz[:, 2])] + np.array([70.0, 0.0, 20.0])
    point = scene.pick(*pixel_of(scene, *high))
    assert point.layer == "points"


def test_imagery_lies_on_the_terrain(scene):
    ground, photo, *_ = all_kinds()
    pixels = np.zeros((20, 20, 3), np.uint8)
    pixels[:10] = (0, 0, 255)
    pixels[10:] = (0, 255, 0)
    scene.show(city_of(ground, replace(photo, pixels=pixels)), PLAIN_VIEW)
    look_down(scene, height=300.0)
    north, south = colour_at(scene, 0, 50, 5), colour_at(scene, 0, -50, 5)
    assert north[2] > 100 > north[1] and south[1] > 100 > south[2]


def test_moving_frames_hold_the_budget_and_still_ones_draw_everything(scene):
    scene.show(block_city(60), PLAIN_VIEW)
    scene.camera.pose = scene.camera.overview()
    scene.set_still()
    full = scene.drawn()
    scene.budget.triangles = scene.budget.least = scene.budget.most = 8_000
    scene.set_moving()
    scene.render()
    assert 0 < scene.drawn() <= 8_800 < full
    scene.set_still()
    assert scene.drawn() == full


def test_the_dark_theme_and_the_night_are_darker(scene):
    from datetime import datetime

    from viewers.view_state import HANOI_TIME

    city = block_city(3)
    means = []
    for view in (
        PLAIN_VIEW,
        replace(PLAIN_VIEW, theme="dark"),
        replace(PLAIN_VIEW, sun_time=datetime(2026, 6, 21, 23, 30, tzinfo=HANOI_TIME)),
    ):
        scene.show(city, view)
        scene.camera.pose = scene.camera.overview()
        means.append(scene.screenshot().mean())
    assert means[0] > means[1] + 15 and means[0] > means[2] + 60
