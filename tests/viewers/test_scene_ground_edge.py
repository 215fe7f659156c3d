"""Where the ground ends, what stands beyond it, and water that lies in it, by rays and pixels."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import pyvista as pv
import shapely
from scene_city import CRS, EAST, NORTH, buildings, city_of

from layers.builders.ground import sample
from layers.kinds.elevation import ElevationLayer
from layers.kinds.features import FeatureLayer
from viewers.scene.hem import grid_border, straightened
from viewers.scene.scene import Scene
from viewers.view_state import CameraPose, ViewState

VIEW = ViewState(shadows=False, occlusion=False, edges=False)


@pytest.fixture
def scene():
    plotter = pv.Plotter(off_screen=True, window_size=(400, 300), lighting="none")
    made = Scene(plotter)
    yield made
    made.close()
    plotter.close()


def ground(heights: np.ndarray) -> ElevationLayer:
    """Cells of a metre around the frame's origin."""
    rows, cols = heights.shape
    return ElevationLayer(
        id="ground", name="Ground", crs=CRS, heights=heights.astype(np.float32),
        west=EAST - cols / 2, north=NORTH + rows / 2, cell_x=1.0, cell_y=1.0,
    )  # fmt: skip


def below(scene: Scene, x: float, y: float) -> float:
    return float(scene.picker.ground_below(np.array([x, y, 0.0])))


def test_what_stands_beyond_the_ground_stands_on_land(scene):
    y, x = np.mgrid[:200, :200]
    layer = ground(8 + np.sin(x / 9) + np.where(y > 190, -8.0, 0.0))  # a canal in the south
    houses = buildings([(150, -20, 190, 20), (-10, 160, 30, 190)], [9.0, 12.0])
    houses = replace(houses, ground=np.array([8.0, 14.0]))
    scene.show(city_of(layer, houses), VIEW)
    scene.set_still(cast=False)
    assert scene.picker.plain_z < 0  # under the canal: not where the houses stand
    for (x_, y_), foot in (((148, 0), 8.0), ((192, 0), 8.0), ((10, 158), 14.0), ((32, 175), 14.0)):
        assert below(scene, x_, y_) == pytest.approx(foot, abs=0.5)
    # The ground itself is as it was, to its very edge, and the plain far away, too.
    rng = np.random.default_rng(0)
    for px, py in rng.uniform(-95, 95, (40, 2)):
        expected = float(sample(layer, np.array([[EAST + px, NORTH + py]]))[0])
        assert below(scene, px, py) == pytest.approx(expected, abs=0.3)
    assert below(scene, 5000, 5000) == pytest.approx(scene.picker.plain_z)


def test_ground_and_plain_have_colours_of_their_own(scene):
    scene.show(city_of(ground(np.full((200, 200), 5.0))), VIEW)
    scene.camera.pose = CameraPose(
        eye=(EAST, NORTH - 1, 500.0), target=(EAST, NORTH, 5.0), view_angle=40.0
    )
    picture = scene.screenshot().astype(float)
    inside, outside = picture[150, 200], picture[150, 20]
    # Warm ground, cool plain: the balance of red and blue tells them apart, not light alone.
    assert (inside[0] - inside[2]) - (outside[0] - outside[2]) > 12


def test_moving_the_ground_moves_its_land_and_removing_it_takes_all_away(scene):
    layer = ground(np.full((100, 100), 5.0))
    scene.show(city_of(layer), VIEW)
    scene.set_still(cast=False)
    land = scene.visual("ground").land
    before = land.sheet
    assert before is not None
    scene.show(city_of(replace(layer, heights=np.full((100, 100), 9.0, np.float32))), VIEW)
    scene.set_still(cast=False)
    assert land.sheet is not before
    assert land.sheet.vertices[:, 2].max() == pytest.approx(9 - 0.42, abs=0.05)
    scene.show(city_of(), VIEW)
    assert land.sheet is None and not scene.owes


LAKE = shapely.Point(EAST, NORTH).buffer(60)


def pond() -> FeatureLayer:
    return FeatureLayer(
        id="water", name="Water", crs=CRS, role="water", geometry=np.array([LAKE]), columns={}
    )


def with_reeds() -> ElevationLayer:
    rng = np.random.default_rng(1)
    heights = rng.normal(20, 0.03, (300, 300))
    heights[140:160, 140:150] = 21.5
    return ground(heights)


def test_a_lake_is_drawn_flat_and_its_ground_never_above_it(scene):
    layer = with_reeds()
    scene.show(city_of(layer, pond()), VIEW)
    scene.set_still(cast=False)
    (part, _), *others = scene.visual("water")._parts
    low, high = part.data.GetBounds()[4:]
    assert not others and low == high
    rng = np.random.default_rng(2)
    for turn, far in zip(rng.uniform(0, 6.28, 60), rng.uniform(0, 58, 60), strict=True):
        assert below(scene, far * np.cos(turn), far * np.sin(turn)) < high
    drawn = scene.visual("ground").rays()[0]
    assert drawn[:, 2].max() < 20.3  # nothing of the reeds is left in the picture
    assert layer.heights.max() == pytest.approx(21.5)  # and all of them in the data


def test_hiding_the_water_shows_the_ground_as_it_was_measured(scene):
    city = city_of(with_reeds(), pond())
    scene.show(city, VIEW)
    scene.set_still(cast=False)
    assert below(scene, -5, 0) < 20.3
    scene.show(city, replace(VIEW, hidden=frozenset({"water"})))
    scene.set_still(cast=False)
    assert below(scene, -5, 0) == pytest.approx(21.5, abs=0.1)


def test_the_edge_of_a_smooth_ground_has_few_corners_and_stands_nowhere_over_it():
    x, y = np.arange(200) * 4.0, -np.arange(160) * 4.0
    z = (30 * np.sin(x / 90)[None, :] * np.cos(y / 70)[:, None]).astype(np.float32)
    z[:40, :60] = np.nan  # a corner is missing: six sides instead of four
    top, border = grid_border(z, x, y)
    corners, edges = straightened(top, border, 0.25)
    assert len(edges) < len(border) / 3
    assert sorted(edges[:, 0]) == sorted(edges[:, 1]), "it is closed"
    # Each corner of the finer edge lies over the coarser one, within twice the tolerance.
    lines = shapely.linestrings(corners[edges][..., :2])
    for place in top[np.unique(border)]:
        near = int(np.argmin(shapely.distance(lines, shapely.points(place[:2]))))
        a, b = corners[edges[near]]
        share = np.linalg.norm(place[:2] - a[:2]) / np.linalg.norm(b[:2] - a[:2])
        over = place[2] - (a[2] + share * (b[2] - a[2]))
        assert -1e-4 <= over <= 0.5 + 1e-4
