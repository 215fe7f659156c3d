"""Many things chosen or hidden: seen in pixels, gone for rays, and rows as a set."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import pyvista as pv
import shapely
from scene_city import CRS, EAST, NORTH, buildings, city_of

from layers.kinds.features import FeatureLayer
from viewers.scene.scene import Scene
from viewers.view_state import CameraPose, Rows, ViewState

PLAIN = ViewState(shadows=False, occlusion=False, edges=True)
BOXES = [(-40, -10, -20, 10), (-10, -10, 10, 10), (20, -10, 40, 10)]


@pytest.fixture
def scene():
    plotter = pv.Plotter(off_screen=True, window_size=(400, 300), lighting="none")
    made = Scene(plotter)
    yield made
    made.close()
    plotter.close()


def colour_at(scene, x, y, z):
    scene.camera.pose = CameraPose(
        eye=(EAST, NORTH, 200.0), target=(EAST, NORTH, 0.0), up=(0.0, 1.0, 0.0)
    )
    picture = scene.screenshot()
    column, row = scene.camera.project(np.array([EAST + x, NORTH + y, z]), scene.window.GetSize())
    return picture[len(picture) - 1 - round(row), round(column)].astype(int)


def test_rows_are_a_set_per_layer():
    one = Rows({"a": [3, 1, 3], "b": [0]})
    assert one["a"].tolist() == [1, 3] and one["c"].tolist() == []
    assert one.count == 3 and one.holds("a", 3) and not one.holds("a", 2)
    other = Rows({"a": [3, 4]})
    assert (one | other)["a"].tolist() == [1, 3, 4]
    assert (one - other)["a"].tolist() == [1]
    assert (one ^ other)["a"].tolist() == [1, 4]
    assert one - one == Rows() and not (one - one)
    assert list(one - Rows({"b": [0]})) == ["a"]
    assert one == Rows({"b": [0], "a": [1, 3]}) and one != other
    assert replace(PLAIN, chosen=one) == replace(PLAIN, chosen=Rows({"a": [1, 3], "b": [0]}))
    assert one.only({"a": None}) == Rows({"a": [1, 3]})


def test_chosen_buildings_stand_out_and_the_others_do_not(scene):
    city = city_of(buildings(BOXES, [10.0, 10.0, 10.0]))
    scene.show(city, PLAIN)
    before = [colour_at(scene, x, 0, 10) for x in (-30, 0, 30)]
    scene.show(city, replace(PLAIN, chosen=Rows({"buildings": [0, 2]})))
    after = [colour_at(scene, x, 0, 10) for x in (-30, 0, 30)]
    for place in (0, 2):
        assert after[place][0] - after[place][2] > before[place][0] - before[place][2] + 60
    assert np.abs(after[1] - before[1]).max() <= 3
    scene.show(city, PLAIN)
    assert np.abs(colour_at(scene, -30, 0, 10) - before[0]).max() <= 3


def test_hidden_buildings_leave_picture_rays_and_shadow_and_come_back(scene):
    city = city_of(buildings(BOXES, [10.0, 10.0, 10.0]))
    scene.show(city, PLAIN)
    roof = colour_at(scene, 0, 0, 10)
    pixel = scene.camera.project(np.array([EAST, NORTH, 10.0]), scene.window.GetSize())
    assert scene.pick(*pixel).row == 1
    hidden = replace(PLAIN, hidden_rows=Rows({"buildings": [1]}))
    scene.show(city, hidden)
    assert np.abs(colour_at(scene, 0, 0, 10) - roof).max() > 15
    assert scene.pick(*pixel) is None
    solids = scene.visual("buildings").rays()
    corners = solids[0][solids[1]]
    area = np.linalg.norm(
        np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1
    )
    assert set(solids[2][area > 0].tolist()) == {0, 2}
    scene.show(city, PLAIN)
    assert np.abs(colour_at(scene, 0, 0, 10) - roof).max() <= 3
    assert scene.pick(*pixel).row == 1


def test_hidden_features_are_neither_seen_nor_picked(scene):
    areas = np.array(
        [shapely.box(EAST + a, NORTH + b, EAST + c, NORTH + d) for a, b, c, d in BOXES]
    )
    layer = FeatureLayer(
        id="parcels", name="Parcels", crs=CRS, role="parcels", geometry=areas.astype(object)
    )
    city = city_of(layer)
    scene.show(city, PLAIN)
    parcel = colour_at(scene, 0, 0, 0)
    pixel = scene.camera.project(np.array([EAST, NORTH, 0.0]), scene.window.GetSize())
    assert scene.pick(*pixel).row == 1
    scene.show(city, replace(PLAIN, hidden_rows=Rows({"parcels": [1]})))
    assert scene.pick(*pixel) is None
    assert np.abs(colour_at(scene, 0, 0, 0) - parcel).max() > 10
    scene.show(city, replace(PLAIN, chosen=Rows({"parcels": [1]})))
    assert scene.pick(*pixel).row == 1
    assert np.abs(colour_at(scene, 0, 0, 0) - parcel).max() > 30
