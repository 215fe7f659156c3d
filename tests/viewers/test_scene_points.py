"""Clouds of any size on the stage: nodes come as they are wanted, and all of it can be taken away."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import laspy
import numpy as np
import pytest
import pyvista as pv
from pyproj import CRS

from layers.frame import Frame
from layers.kinds.pointcloud import PointCloudLayer, PointTiles
from layers.readers.copc_tree import point_at
from layers.readers.registry import ReadOptions, read
from layers.writers.copc import to_copc
from twin.city import City
from twin.style import Style
from viewers.scene.marks import Mark, Marks
from viewers.scene.point_stream import StreamedPoints
from viewers.scene.scene import Scene
from viewers.view_state import CameraPose, ViewState

SYSTEM = "EPSG:5897"
CORNER = (587_000.0, 2_325_000.0, 5.0)
ABOVE = CameraPose(eye=(587_200.0, 2_324_700.0, 260.0), target=(587_200.0, 2_325_200.0, 5.0))
NEAR = CameraPose(eye=(587_200.0, 2_325_110.0, 110.0), target=(587_200.0, 2_325_200.0, 35.0))


@pytest.fixture(scope="module")
def scan(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A plain of 400 × 400 m with 400 000 points and a block 30 m high in its middle."""
    folder = tmp_path_factory.mktemp("scan")
    rng = np.random.default_rng(6)
    xyz = rng.random((400_000, 3)) * (400.0, 400.0, 0.2)
    block = (np.abs(xyz[:, :2] - 200.0) < 25.0).all(axis=1)
    xyz[block, 2] += 30.0
    header = laspy.LasHeader(point_format=7, version="1.4")
    header.scales, header.offsets = [0.001] * 3, list(CORNER)
    header.add_crs(CRS.from_user_input(SYSTEM))
    las = laspy.LasData(header)
    las.xyz = xyz + CORNER
    las.classification = np.where(block, 6, 2).astype(np.uint8)
    las.intensity = np.where(block, 40_000, 9_000)
    las.red = np.where(block, 200 * 257, 40 * 257)
    las.green = np.where(block, 40 * 257, 160 * 257)
    las.write(folder / "scan.laz")
    to_copc([(folder / "scan.laz", ReadOptions())], folder / "scan.copc.laz", crs=SYSTEM)
    return folder / "scan.copc.laz"


@pytest.fixture
def scene() -> Iterator[Scene]:
    plotter = pv.Plotter(off_screen=True, window_size=[640, 400], lighting="none")
    made = Scene(plotter)
    yield made
    made.close()
    plotter.close()


@pytest.fixture
def layer(scan: Path) -> PointCloudLayer:
    (found,) = read(scan, ReadOptions(max_points=30_000))
    assert isinstance(found, PointCloudLayer) and found.tiles == PointTiles(scan)
    return found


def city_of(layer: PointCloudLayer, **style: object) -> City:
    return City(
        name="scan",
        frame=Frame.around(layer.crs, layer.bounds),
        layers={layer.id: layer},
        styles={layer.id: Style(**style)},
    )


def test_a_still_picture_has_every_point_that_can_be_told_apart(scene, layer):
    scene.show(city_of(layer), ViewState())
    scene.camera.pose = NEAR
    scene.set_still()
    visual = scene.visual(layer.id)
    assert isinstance(visual, StreamedPoints)
    assert not scene.loader.owes(visual)
    assert visual.drawn() > 100_000 > layer.count


def test_a_moving_picture_keeps_to_its_points(scene, layer):
    scene.show(city_of(layer), ViewState())
    scene.camera.pose = NEAR
    scene.set_still()
    scene.budget.triangles = 10_000
    scene.set_moving()
    scene.render()
    assert 10_000 < scene.visual(layer.id).drawn() <= 30_000


@pytest.mark.parametrize(
    ("by", "block"),
    [
        ("class", (201, 105, 79)),
        ("rgb", (200, 40, 0)),
    ],
)
def test_streamed_points_wear_the_colours_of_their_style(scene, layer, by, block):
    """In the fixed light what was given more of red must still have most of it."""
    scene.show(city_of(layer, color_by=by), ViewState())
    scene.camera.pose = NEAR
    picture = scene.screenshot().astype(int)
    middle = picture[picture.shape[0] // 2 - 12 : picture.shape[0] // 2 + 12].reshape(-1, 3)
    reddish = middle[(middle[:, 0] > middle[:, 1] + 25) & (middle[:, 0] > middle[:, 2] + 25)]
    assert len(reddish) > 0.1 * len(middle), f"the block is {block}"


def test_other_colours_are_read_again_where_they_were_not_loaded(scene, layer):
    scene.show(city_of(layer, color_by="class"), ViewState())
    scene.camera.pose = NEAR
    before = scene.screenshot()
    scene.show(city_of(layer, color_by="intensity"), ViewState())
    after = scene.screenshot()
    middle = after[after.shape[0] // 2, after.shape[1] // 2].astype(int)
    assert np.abs(after.astype(int) - before).mean() > 2
    assert np.ptp(middle) < 40, "strong echoes are light and grey"
    scene.show(city_of(layer, color_by="height", ramp="viridis"), ViewState())
    assert scene.legends[0].title == "Height"
    assert not scene.visual(layer.id)._old, "heights need no second reading"


def test_a_picked_point_is_told_from_the_file(scene, layer, scan):
    scene.show(city_of(layer), ViewState())
    scene.camera.pose = NEAR
    scene.set_still()
    width, height = scene.window.GetSize()
    picked = scene.pick(width / 2, height / 2)
    assert picked is not None and picked.kind == "point"
    found = point_at(scan, picked.row)
    np.testing.assert_allclose(found.xyz[0], picked.where, atol=0.01)
    assert int(found.classification[0]) == 6


def test_all_memory_is_given_back_when_the_layer_goes(scene, layer):
    city = city_of(layer)
    scene.show(city, ViewState())
    scene.camera.pose = NEAR
    scene.set_still()
    assert scene.memory.held > 0
    actors = scene.renderer.GetActors().GetNumberOfItems()
    scene.show(City(name="none", frame=city.frame), ViewState())
    assert scene.memory.held == 0
    assert scene.renderer.GetActors().GetNumberOfItems() < actors


def test_over_its_limit_what_is_out_of_sight_goes_first(scene, layer):
    scene.show(city_of(layer), ViewState())
    scene.camera.pose = NEAR
    scene.set_still()
    scene.memory.most = scene.memory.held // 2
    scene.camera.pose = CameraPose(
        eye=(587_010.0, 2_325_010.0, 20.0), target=(587_002.0, 2_325_002.0, 5.0)
    )
    scene.set_still()
    scene.render()
    assert scene.memory.held <= scene.memory.most
    assert scene.visual(layer.id).drawn() > 0


def test_a_file_that_is_gone_leaves_what_was_there(scene, layer, scan, tmp_path):
    gone = tmp_path / "gone.copc.laz"
    gone.write_bytes(scan.read_bytes())
    there = layer.with_fields(tiles=PointTiles(gone))
    scene.show(city_of(there), ViewState())
    coarse = scene.visual(there.id).drawn()
    gone.unlink()
    scene.camera.pose = NEAR
    scene.set_still()  # comes back, and does not wait for what cannot come
    assert coarse > 0 and scene.visual(there.id).drawn() > 0


def test_a_measured_dot_stays_as_large_beside_a_cloud(scene, layer):
    """Clouds say in the shader how wide their points are, and so for all that is drawn with them."""
    city = city_of(layer)
    scene.show(city, ViewState())
    scene.camera.pose = NEAR
    marks = Marks(scene.renderer, scene.camera.origin)
    scene.each_frame.append(marks.look)
    before = scene.screenshot().astype(int)
    place = np.array([[587_200.0, 2_325_150.0, 80.0]])
    marks.put("a", Mark(line=place[:0], dots=place, colour=(1.0, 0.0, 0.0), size=11.0))
    after = scene.screenshot().astype(int)
    red = (after[..., 0] - after[..., 1] > 90) & (np.abs(after - before).sum(axis=2) > 60)
    assert 30 <= red.sum() <= 200, "eleven pixels across"


def test_eye_dome_lighting_is_for_pictures_that_stand_still(scene, layer):
    scene.show(city_of(layer, color_by="class"), ViewState())
    scene.camera.pose = ABOVE
    scene.set_still()
    assert scene._smoothing._dome.on
    still = scene.screenshot().astype(int)
    scene._smoothing._dome.on = False
    scene.render()
    plain = scene.plotter.screenshot(return_img=True)[..., :3].astype(int)
    darker = (plain.sum(axis=2) - still.sum(axis=2)) > 60
    assert 0.001 < darker.mean() < 0.6, "around what stands out, not all over"
    assert not darker[:20].any(), "not the sky"
    scene.set_moving()
    assert not scene._smoothing._dome.on
