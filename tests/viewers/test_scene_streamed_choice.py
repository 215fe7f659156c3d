"""Points of a streamed cloud can be chosen, hidden and isolated, those too that are not loaded yet."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import laspy
import numpy as np
import pytest
import pyvista as pv
from pyproj import CRS

from layers.frame import Frame
from layers.kinds.pointcloud import PointCloudLayer
from layers.progress import SILENT
from layers.readers.copc_tree import open_tree, read_node
from layers.readers.registry import ReadOptions, read
from layers.writers.copc import to_copc
from twin.city import City
from viewers.panels.many_facts import facts_of_many
from viewers.scene.choosing import box_of, picked_of, places_of, points_within
from viewers.scene.point_places import Places
from viewers.scene.scene import Scene
from viewers.view_state import CameraPose, Picked, Rows, ViewState

SYSTEM = "EPSG:5897"
CORNER = np.array([587_000.0, 2_325_000.0, 5.0])
ABOVE = CameraPose(
    eye=(587_200.0, 2_325_199.0, 700.0), target=(587_200.0, 2_325_200.0, 5.0), up=(0.0, 1.0, 0.0)
)
BLOCK = np.array([[175.0, 175.0], [225.0, 225.0]])


@pytest.fixture(scope="module")
def scan(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A green plain of 400 × 400 m with 300 000 points and a grey block 30 m high in its middle."""
    folder = tmp_path_factory.mktemp("scan")
    rng = np.random.default_rng(6)
    xyz = rng.random((300_000, 3)) * (400.0, 400.0, 0.2)
    block = ((xyz[:, :2] >= BLOCK[0]) & (xyz[:, :2] <= BLOCK[1])).all(axis=1)
    xyz[block, 2] += 30.0
    header = laspy.LasHeader(point_format=7, version="1.4")
    header.scales, header.offsets = [0.001] * 3, CORNER
    header.add_crs(CRS.from_user_input(SYSTEM))
    las = laspy.LasData(header)
    las.xyz = xyz + CORNER
    las.red = las.blue = np.where(block, 120 * 257, 20 * 257)
    las.green = np.where(block, 120 * 257, 140 * 257)
    las.write(folder / "scan.laz")
    to_copc([(folder / "scan.laz", ReadOptions())], folder / "scan.copc.laz", crs=SYSTEM)
    return folder / "scan.copc.laz"


@pytest.fixture
def scene() -> Iterator[Scene]:
    plotter = pv.Plotter(off_screen=True, window_size=[480, 400], lighting="none")
    made = Scene(plotter)
    yield made
    made.close()
    plotter.close()


@pytest.fixture
def city(scan: Path) -> City:
    (layer,) = read(scan, ReadOptions(max_points=20_000))
    assert isinstance(layer, PointCloudLayer)
    frame = Frame.around(layer.crs, layer.bounds)
    return City(name="scan", frame=frame, layers={"scan": replace(layer, id="scan")})


def truth(scan: Path) -> tuple[np.ndarray, np.ndarray]:
    """World positions of all points by their row, and which lie on the block."""
    tree = open_tree(scan)
    xyz = np.concatenate([read_node(tree, n, ()).xyz for n in range(len(tree))])
    world = xyz + np.asarray(tree.offset)
    flat = world[:, :2] - CORNER[:2]
    return world, ((flat >= BLOCK[0] - 1e-3) & (flat <= BLOCK[1] + 1e-3)).all(axis=1)


def of_colour(picture: np.ndarray, which: str) -> int:
    """How many pixels of the middle 30 × 30, which show the block alone, are orange or dark grey."""
    rows, cols = picture.shape[:2]
    picture = picture[rows // 2 - 15 : rows // 2 + 15, cols // 2 - 15 : cols // 2 + 15]
    red, green, blue = (picture[..., band].astype(int) for band in range(3))
    if which == "orange":
        return int(((red > green + 25) & (green > blue + 15)).sum())
    assert which == "grey"
    return int(((abs(red - green) < 22) & (abs(green - blue) < 22) & (red < 175)).sum())


def shape_about(scene: Scene, low: np.ndarray, high: np.ndarray, z: float) -> np.ndarray:
    corners = [(low[0], low[1]), (high[0], low[1]), (high[0], high[1]), (low[0], high[1])]
    world = np.array([(x, y, z) for x, y in corners]) + CORNER * (1.0, 1.0, 0.0)
    return np.array([scene.camera.project(tuple(one), scene.window.GetSize())[:2] for one in world])


def test_a_shape_chooses_every_point_in_it_and_none_beside_it(scene, city, scan):
    """Among them 20 000 and more that the coarse first picture has not loaded."""
    scene.show(city, ViewState())
    scene.camera.pose = ABOVE
    scene.render()
    places = places_of(scene, "scan")
    assert places is not None
    shape = shape_about(scene, BLOCK[0] + 5.0, BLOCK[1] - 5.0, 35.1)
    rows, cut = points_within(scene, shape, {"scan": places})(SILENT)
    world, block = truth(scan)
    flat = world[:, :2] - CORNER[:2]
    inside = (flat > BLOCK[0] + 5.5).all(axis=1) & (flat < BLOCK[1] - 5.5).all(axis=1)
    beside = (flat < BLOCK[0] + 4.5).any(axis=1) | (flat > BLOCK[1] - 4.5).any(axis=1)
    found = np.zeros(len(world), bool)
    found[rows["scan"]] = True
    assert not cut
    assert found[inside].all() and not found[beside & block].any()
    assert found.sum() > 2_000


def test_of_too_many_points_the_coarse_ones_are_tried(scan):
    places = Places(open_tree(scan), {})

    def everything(at):
        return np.ones(len(at), bool)

    rows, cut = places.within(everything, everything, most=100_000)
    assert cut and 20_000 < len(rows) <= 100_000
    assert rows[0] == 0 and (np.diff(rows) > 0).all()
    rows, cut = places.within(everything, everything)
    assert not cut and len(rows) == 300_000


def test_chosen_points_stand_out_and_stop_to_when_they_are_not_chosen(scene, city, scan):
    _, block = truth(scan)
    scene.show(city, ViewState())
    scene.camera.pose = ABOVE
    plain = scene.screenshot()
    scene.show(city, ViewState(chosen=Rows({"scan": np.flatnonzero(block)})))
    marked = scene.screenshot()
    assert of_colour(plain, "orange") == 0
    assert of_colour(marked, "orange") > 0.8 * of_colour(plain, "grey") > 600
    scene.show(city, ViewState())
    np.testing.assert_allclose(scene.screenshot(), plain, atol=2)


def test_hidden_points_are_neither_seen_nor_hit_nor_chosen(scene, city, scan):
    _, block = truth(scan)
    hidden = ViewState(hidden_rows=Rows({"scan": np.flatnonzero(block)}))
    scene.show(city, ViewState())
    scene.camera.pose = ABOVE
    before = of_colour(scene.screenshot(), "grey")
    at = scene.camera.project((*(CORNER[:2] + 200.0), 35.0), scene.window.GetSize())[:2]
    hit = scene.pick(*at)
    assert hit is not None and block[hit.row] and hit.where[2] > 30.0
    scene.show(city, hidden)
    assert of_colour(scene.screenshot(), "grey") < 0.1 * before
    hit = scene.pick(*at)
    assert hit is None or hit.where[2] < 10.0
    places = places_of(scene, "scan")
    assert places is not None
    shape = shape_about(scene, BLOCK[0], BLOCK[1], 35.1)
    rows, _ = points_within(scene, shape, {"scan": places})(SILENT)
    assert not block[rows["scan"]].any()
    scene.show(city, ViewState())
    assert of_colour(scene.screenshot(), "grey") > 0.9 * before


def test_isolated_points_stand_alone_from_near_too(scene, city, scan):
    """Nodes that are loaded only later know of it."""
    _, block = truth(scan)
    scene.show(city, ViewState(only_rows=Rows({"scan": np.flatnonzero(block)})))
    near = CameraPose(eye=(587_200.0, 2_325_080.0, 80.0), target=(587_200.0, 2_325_200.0, 35.0))
    scene.camera.pose = near
    scene.set_still()
    visual = scene.visual("scan")
    assert visual is not None
    for x, y in np.random.default_rng(2).random((60, 2)) * (480, 400):
        hit = scene.pick(float(x), float(y))
        assert hit is None or hit.layer != "scan" or block[hit.row]


def test_points_in_memory_are_hidden_and_isolated_as_well(scene, scan):
    (layer,) = read(scan, ReadOptions())
    assert isinstance(layer, PointCloudLayer)
    layer = replace(layer, id="scan", tiles=None)
    block = layer.xyz[:, 2] + layer.offset[2] > 20.0
    frame = Frame.around(layer.crs, layer.bounds)
    city = City(name="scan", frame=frame, layers={"scan": layer})
    scene.show(city, ViewState())
    scene.camera.pose = ABOVE
    before = of_colour(scene.screenshot(), "grey")
    at = scene.camera.project((*(CORNER[:2] + 200.0), 35.0), scene.window.GetSize())
    scene.show(city, ViewState(hidden_rows=Rows({"scan": np.flatnonzero(block)})))
    assert before > 600 and of_colour(scene.screenshot(), "grey") < 0.1 * before
    hit = scene.pick(*at)
    assert hit is None or hit.where[2] < 10.0
    scene.show(city, ViewState(only_rows=Rows({"scan": np.flatnonzero(block)})))
    assert of_colour(scene.screenshot(), "grey") > 0.9 * before
    hit = scene.pick(*at)
    assert hit is not None and block[hit.row]


def test_what_is_chosen_is_told_with_its_own_heights(scene, city, scan):
    world, block = truth(scan)
    scene.show(city, ViewState())
    rows = Rows({"scan": np.flatnonzero(block)})

    def asked(layer):
        return places_of(scene, layer)

    facts = dict(facts_of_many(city, rows, asked).measured)
    low, high = world[block, 2].min(), world[block, 2].max()
    assert facts["Heights"] == f"{low:.1f} – {high:.1f} m"
    box = box_of(city, rows, asked)
    assert box is not None
    assert box[4] <= low + 1e-3 and box[5] >= high - 1e-3
    one = int(np.flatnonzero(block)[123])
    picked = picked_of(city, "scan", one, asked)
    assert isinstance(picked, Picked) and picked.kind == "point"
    np.testing.assert_allclose(picked.where, world[one], atol=1e-3)
