"""The ground in tiles: as fine as the eye needs, sharp, bounded, and nothing left behind."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import pyvista as pv
import rasterio
import shapely
from rasterio.transform import from_origin
from scene_city import CRS, EAST, NORTH, city_of

from layers.kinds.elevation import ElevationLayer
from layers.kinds.features import FeatureLayer
from layers.kinds.mesh import MeshLayer
from layers.readers import registry
from layers.readers.registry import ReadOptions
from layers.tiles.heights import LayerHeights
from layers.tiles.terrain import Key, TerrainPyramid
from viewers.scene import surface_shader, terrain_visual
from viewers.scene.eye import Eye, eye_of
from viewers.scene.ground_tiles import STILL
from viewers.scene.scene import Scene
from viewers.scene.tile_choice import Chooser
from viewers.view_state import CameraPose, ViewState

PLAIN_VIEW = ViewState(shadows=False, occlusion=False, edges=False)


@pytest.fixture
def scene():
    plotter = pv.Plotter(off_screen=True, window_size=(400, 300), lighting="none")
    made = Scene(plotter)
    yield made
    made.close()
    plotter.close()


def hills(rows: int, cols: int) -> np.ndarray:
    y, x = np.mgrid[0:rows, 0:cols]
    return (40 + 9 * np.sin(x / 31) * np.cos(y / 43) + np.sin(x / 4) * np.sin(y / 5)).astype(
        np.float32
    )


def ground(heights: np.ndarray, cell: float = 1.0) -> ElevationLayer:
    rows, cols = heights.shape
    return ElevationLayer(
        id="ground", name="Ground", crs=CRS, heights=heights, west=EAST - cols * cell / 2,
        north=NORTH + rows * cell / 2, cell_x=cell, cell_y=cell,
    )  # fmt: skip


def look(scene, eye, target):
    shift = np.array([EAST, NORTH, 0.0])
    scene.camera.pose = CameraPose(
        eye=tuple(np.add(eye, shift)), target=tuple(np.add(target, shift)), view_angle=35.0
    )


def height_at(layer: ElevationLayer, x: float, y: float) -> float:
    col = int((EAST + x - layer.west) / layer.cell_x)
    row = int((layer.north - NORTH - y) / layer.cell_y)
    return float(layer.heights[row, col])


def eye_at(scene, eye, target) -> Eye:
    look(scene, eye, target)
    scene.renderer.GetActiveCamera().SetClippingRange(0.5, 5000.0)
    return eye_of(
        scene.renderer.GetActiveCamera(), (400, 300), moving=False, triangles=None, points=None
    )


def test_neighbours_are_never_more_than_one_level_apart(scene):
    pyramid = TerrainPyramid(LayerHeights(ground(hills(1500, 1300))))
    pyramid.build()
    scene.camera.origin = np.array([EAST, NORTH, 0.0])
    chooser = Chooser(pyramid, (EAST, NORTH, 0.0))
    rng = np.random.default_rng(1)
    finest = []
    for _ in range(25):
        x, y = rng.uniform(-600, 600, 2)
        seen = eye_at(scene, (x, y, rng.uniform(42, 300)), (*rng.uniform(-600, 600, 2), 40.0))
        split, _ = chooser.wanted(seen, STILL, lambda level, low, high: np.zeros(len(low)))
        missing = {Key(0, *rng.integers(0, 10, 2).tolist()) for _ in range(rng.integers(0, 9))}
        cut = chooser.cut(chooser.balanced(split), lambda key, gone=missing: key not in gone)
        size = 2**-chooser.deepest
        grid = np.full(np.array(pyramid.tiles(chooser.deepest)), 99)
        for key in cut.leaves:
            n = size * 2**key.level if key.level >= 0 else size >> -key.level
            part = grid[
                int(key.row * n) : int((key.row + 1) * n), int(key.col * n) : int((key.col + 1) * n)
            ]
            assert (part == 99).all()  # no place is covered twice
            part[:] = key.level
        assert grid.max() < 99  # and every place once
        assert np.abs(np.diff(grid, axis=0)).max() <= 1 and np.abs(np.diff(grid, axis=1)).max() <= 1
        finest.append(grid.min())
    assert min(finest) < 0 <= max(finest)


def test_what_is_seen_is_off_by_a_pixel_at_most(scene):
    layer = ground(hills(1200, 1200))
    scene.show(city_of(layer), PLAIN_VIEW)
    rng = np.random.default_rng(2)
    for eye in ((0, -500, 260), (100, 50, 75), (-300, 200, 500)):
        look(scene, eye, (eye[0] + 60, eye[1] + 200, 40))
        scene.set_still(cast=False)
        for x, y in rng.uniform(-550, 550, (150, 2)):
            world = (EAST + x, NORTH + y, height_at(layer, x, y))
            place = scene.camera.project(np.array(world), (400, 300))
            if place is None or not (5 < place[0] < 395 and 5 < place[1] < 295):
                continue
            hit = scene.picker.ground_below(np.array([x, y, 0.0]))
            off = abs(hit - world[2])
            away = np.linalg.norm(np.subtract(world, (EAST + eye[0], NORTH + eye[1], eye[2])))
            # A pixel, and what the raster itself changes within half a cell.
            assert off <= away / (300 / (2 * np.tan(np.radians(17.5)))) * 1.6 + 0.75


def photo_file(path: Path, side: int = 2400) -> np.ndarray:
    """Half-metre pixels in squares of ten, each with its own colour."""
    r, c = np.mgrid[0:side, 0:side] // 10
    pixels = np.stack([(r * 53) % 200 + 30, (c * 97) % 200 + 30, ((r + c) % 2) * 180 + 30]).astype(
        np.uint8
    )
    with rasterio.open(
        path, "w", driver="GTiff", width=side, height=side, count=3, dtype="uint8", crs=CRS,
        photometric="RGB", tiled=True, transform=from_origin(EAST - side / 4, NORTH + side / 4, 0.5, 0.5),
    ) as file:  # fmt: skip
        file.write(pixels)
    return pixels


@pytest.mark.parametrize("relief", [True, False])
def test_a_large_picture_is_sharp_at_street_level(scene, tmp_path, relief):
    pixels = photo_file(tmp_path / "photo.tif")
    (photo,) = registry.read(tmp_path / "photo.tif", ReadOptions(max_pixels=40_000))
    assert photo.pixels.shape[:2] == (200, 200)  # six metres a pixel: a square is a smear in it
    layers = [ground(np.full((1300, 1300), 5.0, np.float32))] if relief else []
    scene.show(city_of(*layers, photo), PLAIN_VIEW)
    z = 5.0 if relief else scene.stage.ground_z
    found = []
    for row, col in ((100, 120), (101, 120), (100, 121), (33, 170)):
        x, y = (col * 5 + 2.5) - 600, 600 - (row * 5 + 2.5)
        scene.camera.pose = CameraPose(
            eye=(EAST + x, NORTH + y, z + 20.0),
            target=(EAST + x, NORTH + y, z),
            up=(0.0, 1.0, 0.0),
            view_angle=35.0,
        )
        scene.set_still(cast=False)
        middle = scene.screenshot()[145:155, 195:205].reshape(-1, 3).astype(float)
        assert middle.std(axis=0).max() < 12  # one square, not a mixture of some
        found.append((middle.mean(axis=0), pixels[:, row * 10 + 5, col * 10 + 5].astype(float)))
    # Light changes all alike: brighter in the file is brighter in the picture, channel by channel.
    for (seen, is_), (other, was) in itertools.combinations(found, 2):
        for band in range(3):
            if abs(is_[band] - was[band]) > 25:
                assert (seen[band] > other[band]) == (is_[band] > was[band])


def test_tiles_beyond_the_limit_of_memory_are_dropped(scene, tmp_path, monkeypatch):
    photo_file(tmp_path / "photo.tif")
    (photo,) = registry.read(tmp_path / "photo.tif", ReadOptions(max_pixels=40_000))
    scene.memory.most = 100 * 2**20
    scene.show(city_of(ground(hills(1200, 1200)), photo), PLAIN_VIEW)
    seen = set()
    for x in range(-500, 501, 100):
        look(scene, (x, x, 70), (x, x + 60, 40))
        scene.set_still(cast=False)
        seen |= set(scene.visual("ground").tiles)
        assert scene.memory.held <= scene.memory.most * 1.05
    assert len(seen) > 1.4 * len(scene.visual("ground").tiles)


def test_a_moving_frame_waits_for_nothing_and_a_still_one_for_all(scene):
    scene.show(city_of(ground(hills(1200, 1200))), PLAIN_VIEW)
    scene.set_still(cast=False)
    waited = []
    wait = scene.loader.wait
    scene.loader.wait = lambda *args: waited.append(args) or wait(*args)
    scene.set_moving()
    for x in range(-500, 501, 100):
        look(scene, (x, -300, 60), (x, 0, 40))
        scene.render()
    assert not waited and scene.visual("ground").drawn() > 0
    scene.set_still(cast=False)
    assert not scene.owes


def test_an_edited_height_is_seen_and_felt(scene):
    layer = ground(hills(500, 500))
    scene.show(city_of(layer), PLAIN_VIEW)
    scene.set_still(cast=False)
    raised = np.array(layer.heights)
    raised[240:261, 240:261] = 95.0
    visual = scene.visual("ground")
    version = visual.version
    scene.show(city_of(replace(layer, heights=raised)), PLAIN_VIEW)
    scene.set_still(cast=False)
    assert scene.visual("ground") is visual and visual.version > version
    assert scene.picker.ground_below(np.zeros(3)) == pytest.approx(95.0, abs=0.1)
    assert visual.box[5] == pytest.approx(95.0)


def test_a_large_terrain_is_drawn_at_once_and_exactly_once_it_is_built(
    scene, tmp_path, monkeypatch
):
    monkeypatch.setattr(terrain_visual, "AT_ONCE", 100_000)
    layer = ground(hills(900, 900))
    scene.folder_for = lambda _: tmp_path / "tiles"
    scene.patient = False
    scene.show(city_of(layer), PLAIN_VIEW)
    visual = scene.visual("ground")
    assert visual.drawn() > 0  # of some of its cells
    scene.set_still(cast=False)
    assert visual.error_at_best < 0.2
    assert (tmp_path / "tiles" / "terrain" / "terrain.json").exists()
    assert scene.picker.ground_below(np.array([30.0, 40.0, 0.0])) == pytest.approx(
        height_at(layer, 30, 40), abs=1.2
    )
    # Shown again by another scene, nothing is built.
    plotter = pv.Plotter(off_screen=True, window_size=(200, 150), lighting="none")
    again = Scene(plotter)
    again.folder_for = scene.folder_for
    again.show(city_of(layer), PLAIN_VIEW)
    again.set_still(cast=False)
    assert again.visual("ground").built == 0
    again.close()
    plotter.close()


def test_without_a_project_a_large_terrain_leaves_no_folder(scene, tmp_path, monkeypatch):
    import tempfile

    monkeypatch.setattr(terrain_visual, "AT_ONCE", 100_000)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    scene.show(city_of(ground(hills(600, 600))), PLAIN_VIEW)
    scene.set_still(cast=False)
    assert len(list(tmp_path.glob("dothi-terrain-*"))) == 1
    scene.close()
    assert not list(tmp_path.iterdir())


def test_removing_the_ground_gives_all_its_memory_back(scene, tmp_path):
    photo_file(tmp_path / "photo.tif", 800)
    (photo,) = registry.read(tmp_path / "photo.tif", ReadOptions(max_pixels=40_000))
    scene.show(city_of(), PLAIN_VIEW)
    actors = scene.renderer.GetActors().GetNumberOfItems()
    scene.show(city_of(ground(hills(800, 800)), photo), PLAIN_VIEW)
    scene.set_still(cast=False)
    assert scene.memory.held > 2**20
    scene.show(city_of(), PLAIN_VIEW)
    assert scene.memory.held == 0 and scene.nbytes() == 0
    assert scene.renderer.GetActors().GetNumberOfItems() <= actors + 2


def test_a_relief_of_triangles_slopes_down_at_its_border(scene):
    xyz = np.array([[0, 0, 10], [50, 0, 12], [50, 50, 10], [0, 50, 11]], np.float32)
    relief = MeshLayer(
        id="relief", name="Relief", crs=CRS, offset=(EAST, NORTH, 0.0), vertices=xyz,
        triangles=np.array([[0, 1, 2], [0, 2, 3]], np.int32),
    )  # fmt: skip
    scene.show(city_of(relief), PLAIN_VIEW)
    hem = scene.visual("relief")._skirt.data
    box = hem.GetBounds()
    # From a rim of 10 … 12 m down to 8.5 m, three metres out for each: 10.5 m at the highest corner.
    assert box[4] == pytest.approx(8.5) and box[5] == 12.0
    assert -10.6 < box[0] < -3 and 53 < box[1] < 60.6


def roads_of(count: int) -> FeatureLayer:
    side = int(np.sqrt(count))
    x, y = (a.reshape(-1) * 30.0 for a in np.meshgrid(np.arange(side), np.arange(side)))
    x, y = x - side * 15 + EAST, y - side * 15 + NORTH
    lines = shapely.linestrings(
        np.stack([np.column_stack([x, y]), np.column_stack([x + 24, y])], axis=1)
    )
    return FeatureLayer(
        id="roads", name="Roads", crs=CRS, geometry=lines, role="roads",
        columns={"width": np.where(np.arange(len(lines)) % 50 == 0, 12.0, 4.0)},
    )  # fmt: skip


def test_very_many_roads_hold_the_budget_while_moving_and_are_whole_when_still(scene):
    layer = roads_of(20_000)
    scene.show(city_of(layer), PLAIN_VIEW)
    look(scene, (0, -1200, 700), (0, 0, 0))
    scene.set_still(cast=False)
    visual = scene.visual("roads")
    whole = visual.drawn()
    assert len(visual.meshes()[0].chunks) > 20 and whole > 10_000
    scene.budget.triangles = scene.budget.least = scene.budget.most = 4_000
    scene.set_moving()
    scene.render()
    assert 0 < visual.drawn() <= 4_400
    row = visual.row_at(np.array([0.0, 15.0, 0.0]))
    assert row is not None and layer.geometry[row].distance(shapely.Point(EAST, NORTH + 15)) < 1
    everything = sum(c.chunk.face_start[-1] for c in visual.meshes()[0].chunks.values())
    assert visual.hide(np.arange(layer.count // 2))
    left = sum(len(c.standing()) for c in visual.meshes()[0].chunks.values())
    assert left == pytest.approx(everything / 2, rel=0.02)


def test_a_great_wood_has_trunks_near_by_and_crowns_alone_far_away(scene):
    rng = np.random.default_rng(4)
    xy = rng.uniform(-3000, 3000, (30_000, 2)) + np.array([EAST, NORTH])
    wood = FeatureLayer(
        id="trees", name="Trees", crs=CRS, geometry=shapely.points(xy), role="trees",
        columns={"height": np.full(len(xy), 12.0)},
    )  # fmt: skip
    scene.show(city_of(wood), PLAIN_VIEW)
    look(scene, (0, 0, 15), (0, 300, 5))
    scene.set_still(cast=False)
    visual = scene.visual("trees")
    chunks = visual.mesh.chunks.values()
    assert sum(len(c.chunk.rows) for c in chunks) == 30_000
    trunks = {bool((c.chunk.face_kind == 0).any()) for c in chunks}
    assert trunks == {True, False}
    near = [c for c in chunks if (c.chunk.face_kind == 0).any()]
    assert all(np.hypot(*np.clip(0, c.low[:2], c.high[:2])) < 200 for c in near)
    for chunk in chunks:  # every tree stands where it stands, whatever it is drawn as
        row = int(chunk.chunk.rows[0])
        mine = chunk.chunk.vertices[chunk.chunk.vertex_row == row]
        assert np.hypot(*(mine[:, :2] - (xy[row] - np.array([EAST, NORTH]))).T).max() < 5
        assert mine[:, 2].max() <= 12.01
    found = visual.rays()
    assert found is not None and set(np.unique(found[2])) == {
        int(r) for c in near for r in c.chunk.rows
    }


def lit_everywhere(scene, monkeypatch, *materials) -> tuple[np.ndarray, np.ndarray]:
    """A moving frame with these lit in each pixel, and how far one lit at corners is off it."""

    def moving() -> np.ndarray:
        for material in materials:
            material._build()
            scene.stage._light(material)
        scene.set_moving()
        scene.render()
        return scene.plotter.screenshot(return_img=True).astype(float)

    by_corners = moving()
    monkeypatch.setattr(surface_shader.Make, "by_corners", property(lambda _: False))
    everywhere = moving()
    return everywhere, np.abs(by_corners - everywhere)


def test_a_picture_lit_at_corners_while_moving_looks_as_one_lit_everywhere(
    scene, tmp_path, monkeypatch
):
    photo_file(tmp_path / "photo.tif", 800)
    (photo,) = registry.read(tmp_path / "photo.tif", ReadOptions(max_pixels=40_000))
    scene.show(city_of(ground(hills(400, 400)), photo), PLAIN_VIEW)
    look(scene, (0, -150, 130), (0, 20, 40))
    scene.set_still(cast=False)

    scene.visual("ground")._pictured.set_quick()
    everywhere, away = lit_everywhere(scene, monkeypatch, scene.visual("ground")._pictured)
    assert everywhere.std() > 20  # there is something to be seen
    assert 0 < away.mean() < 1.5 and np.percentile(away, 99) < 12


@pytest.mark.parametrize("place", [(-120, -250, 60), (150, -900, 260)])
def test_plain_and_land_lit_at_corners_while_moving_look_as_ones_lit_everywhere(
    scene, monkeypatch, place
):
    scene.show(city_of(ground(hills(200, 200))), PLAIN_VIEW)
    look(scene, place, (0, 0, 30))
    scene.set_still(cast=False)

    lit = (scene.stage.ground_material, scene.visual("ground").land.material)
    everywhere, away = lit_everywhere(scene, monkeypatch, *lit)
    assert everywhere.std() > 10  # there is something to be seen
    assert 0 < away.mean() < 1.0 and np.percentile(away, 99) < 8


def worn(scene, tmp_path, heights: np.ndarray, pixels: int) -> tuple[bool, bool]:
    """Whether plain and land wear the picture (of `pixels` half metres a side) over this ground."""
    photo_file(tmp_path / "photo.tif", pixels)
    (photo,) = registry.read(tmp_path / "photo.tif", ReadOptions())
    scene.show(city_of(ground(heights), photo), PLAIN_VIEW)
    materials = (scene.stage.ground_material, scene.visual("ground").land.material)
    plain, land = (one.property.GetTexture("drapeMap") is not None for one in materials)
    return plain, land


def test_plain_and_land_wear_a_picture_only_where_it_can_be_seen_on_them(scene, tmp_path):
    within, beyond = hills(400, 400), hills(60, 60)
    with_hole = within.copy()
    with_hole[180:220, 180:220] = np.nan
    assert worn(scene, tmp_path, within, 200) == (False, False)
    assert worn(scene, tmp_path, with_hole, 200) == (False, True)
    assert worn(scene, tmp_path, beyond, 200) == (True, True)
    # Without a ground it lies on the plain in tiles of its own.
    photo_file(tmp_path / "photo.tif", 100)
    (photo,) = registry.read(tmp_path / "photo.tif", ReadOptions())
    scene.show(city_of(photo), PLAIN_VIEW)
    assert scene.stage.ground_material.property.GetTexture("drapeMap") is None
    assert scene.visual(photo.id)._tiles is not None
