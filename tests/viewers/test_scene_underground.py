"""Through the ground pipes are seen and met by the cursor; above a solid ground there is no sign of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import pyvista as pv
import shapely
from scene_city import CRS, EAST, NORTH, buildings, city_of

from layers.kinds.features import FeatureLayer
from twin.style import Style
from viewers.scene.scene import Scene
from viewers.view_state import CameraPose, ViewState

VIEW = ViewState(shadows=False, occlusion=False, edges=False)


@pytest.fixture
def scene():
    pipe = FeatureLayer(
        id="pipes", name="Ống", crs=CRS, role="features",
        geometry=np.array([shapely.LineString([(EAST - 40, NORTH), (EAST + 40, NORTH)])], object),
        columns={"depth": np.array([5.0]), "dn": np.array([4000.0])},
    )  # fmt: skip
    plotter = pv.Plotter(off_screen=True, window_size=(400, 300), lighting="none")
    made = Scene(plotter)
    city = city_of(buildings([(-60, 30, -40, 50)], [12.0]), pipe)
    made.show(city.with_style("pipes", Style(color="#0000ff")), VIEW)
    made.camera.pose = CameraPose(
        eye=(EAST, NORTH - 1, 150), target=(EAST, NORTH, 0), up=(0.0, 1.0, 0.0)
    )
    yield made
    made.close()
    plotter.close()


def blueness(scene, x, y):
    picture = scene.screenshot().astype(int)
    column, row = scene.camera.project(
        np.array([EAST + x, NORTH + y, -3.0]), scene.window.GetSize()
    )
    r, g, b = picture[len(picture) - 1 - round(row), round(column)]
    return int(b - max(r, g))


def test_a_pipe_is_seen_only_through_the_ground(scene):
    assert blueness(scene, 0, 0) < 10
    scene.show(scene.city, replace(VIEW, ground_opacity=0.2))
    assert blueness(scene, 0, 0) > 60
    assert blueness(scene, 0, 20) < 10
    scene.show(scene.city, VIEW)
    assert blueness(scene, 0, 0) < 10


def test_the_less_of_the_ground_is_seen_the_more_of_the_pipe(scene):
    seen = []
    for opacity in (0.8, 0.5, 0.1):
        scene.show(scene.city, replace(VIEW, ground_opacity=opacity))
        seen.append(blueness(scene, 0, 0))
    assert seen[0] < seen[1] < seen[2]


def test_a_click_through_the_ground_picks_the_pipe(scene):
    here = scene.camera.project(np.array([EAST, NORTH, -3.0]), scene.window.GetSize())
    assert scene.pick(*here) is None
    scene.show(scene.city, replace(VIEW, ground_opacity=0.2))
    found = scene.pick(*here)
    assert found is not None and (found.layer, found.row) == ("pipes", 0)
    assert found.where[2] == pytest.approx(-3.0, abs=0.2)  # 5 m deep, 2 m thick around


def test_the_eye_may_go_below_only_where_there_is_something_to_see(scene):
    scene.camera.orbit(0, 4000)
    low = scene.camera.eye[2]
    assert low > -0.3 * 150
    scene.show(scene.city, replace(VIEW, ground_opacity=0.2))
    scene.camera.orbit(0, 4000)
    assert scene.camera.eye[2] < -100
