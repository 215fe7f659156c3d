"""Terrain tiles: how far they are off, that they close, that an edit rebuilds what it touches."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import rasterio
from rasterio.transform import from_origin

from layers.builders import rtin
from layers.builders.terrain import terrain_mesh
from layers.errors import Cancelled
from layers.kinds.elevation import ElevationLayer
from layers.progress import Progress
from layers.readers import registry
from layers.readers.registry import ReadOptions
from layers.tiles.heights import FileHeights, LayerHeights
from layers.tiles.terrain import TILE, Key, TerrainPyramid
from layers.tiles.terrain_mesh import TerrainTile, extent, tile_mesh


def hills(rows: int, cols: int, *, rough: float = 0.05) -> np.ndarray:
    y, x = np.mgrid[0:rows, 0:cols]
    waves = 8 * np.sin(x / 37) * np.cos(y / 51) + 0.6 * np.sin(x / 5) * np.sin(y / 6)
    return (40 + waves + rough * np.random.default_rng(3).normal(size=(rows, cols))).astype(
        np.float32
    )


def layer_of(heights: np.ndarray, *, cell: float = 1.0) -> ElevationLayer:
    return ElevationLayer(
        id="ground", name="Ground", crs="EPSG:32648", heights=heights, west=1000.0, north=5000.0,
        cell_x=cell, cell_y=cell,
    )  # fmt: skip


def pyramid_of(heights: np.ndarray, folder=None, *, cell: float = 1.0) -> TerrainPyramid:
    made = TerrainPyramid(LayerHeights(layer_of(heights, cell=cell)), folder)
    made.build()
    return made


def off(pyramid: TerrainPyramid, tile: TerrainTile, key: Key) -> float:
    """Largest distance of a tile's surface from the raster, at the middles of its cells: by rays
    from above, so with nothing of the pyramid's own arithmetic."""
    from embreex.mesh_construction import TriangleMesh
    from embreex.rtcore_scene import EmbreeScene

    h = pyramid.heights
    west, south, east, north = extent(pyramid, key)
    spacing = h.cell_x * 2.0 ** max(key.level, 0)
    c = np.arange(h.cols)[
        (h.west + (np.arange(h.cols) + 0.5) * h.cell_x > west)
        & (h.west + (np.arange(h.cols) + 0.5) * h.cell_x < min(east, h.bounds[2] - spacing))
    ]
    y = h.north - (np.arange(h.rows) + 0.5) * h.cell_y
    r = np.arange(h.rows)[(y < north) & (y > max(south, h.bounds[1] + spacing))]
    c, r = c[(c > 0) & (c < h.cols - 1)], r[(r > 0) & (r < h.rows - 1)]
    z = h.read(0, 0, h.rows, h.cols)[np.ix_(r, c)]
    gx, gy = np.meshgrid(h.west + (c + 0.5) * h.cell_x, y[r])
    known = np.isfinite(z)
    origin = np.column_stack([gx[known], gy[known], np.full(known.sum(), 900.0)])
    scene = EmbreeScene()
    TriangleMesh(
        scene,
        np.ascontiguousarray(tile.vertices, np.float32),
        np.ascontiguousarray(tile.triangles[: tile.surface], np.int32),
    )
    local = (origin - [1000.0, 5000.0, 0.0]).astype(np.float32)
    down = np.tile(np.array([0, 0, -1], np.float32), (len(local), 1))
    away = scene.run(local, down, query="DISTANCE")
    hit = away < 1e4
    assert hit.mean() > 0.98 or not known.all()
    return float(np.abs(900.0 - away[hit] - z[known][hit]).max(initial=0.0))


ORIGIN = (1000.0, 5000.0, 0.0)


@pytest.mark.parametrize("shape", [(300, 420), (129, 129), (1000, 137)])
def test_no_tile_is_further_off_the_raster_than_it_states(shape):
    pyramid = pyramid_of(hills(*shape))
    worst = 0.0
    for level in range(pyramid.levels):
        rows, cols = pyramid.tiles(level)
        for key in (Key(level, r, c) for r in range(rows) for c in range(cols)):
            tile = tile_mesh(pyramid, key, ORIGIN)
            assert tile is not None
            found = off(pyramid, tile, key)
            # float32 coordinates of some hundred metres, and rays of a thousand
            assert found <= tile.error + 2e-3, key
            worst = max(worst, found / tile.error)
    assert worst > 0.5  # what is stated is not idle


def test_finer_levels_are_nearer_to_the_raster():
    pyramid = pyramid_of(hills(600, 600))
    means = [float(pyramid.errors(level).mean()) for level in range(pyramid.levels)]
    assert means == sorted(means) and means[0] < 0.15
    inside = tile_mesh(pyramid, Key(-2, 3, 3), ORIGIN)
    assert inside is not None and inside.error < pyramid.finest


def test_a_plane_needs_two_triangles_a_tile():
    y, x = np.mgrid[0:400, 0:400]
    pyramid = pyramid_of((10 + 0.25 * x - 0.5 * y).astype(np.float32))
    tile = tile_mesh(pyramid, Key(0, 1, 1), ORIGIN)
    assert tile is not None and tile.surface == 2
    assert tile.error == pytest.approx(0.0, abs=1e-4)
    # The plane falls half a metre a metre southwards and rises a quarter eastwards.
    expected = np.array([-0.25, -0.5, 1.0]) / np.sqrt(1.3125)
    assert np.allclose(tile.normals, expected, atol=1e-4)


def test_every_edge_is_shared_by_two_triangles_or_on_the_border():
    z = hills(129, 129)[None]
    needed = rtin.kept(rtin.split_errors(z), np.array([0.3]))[0]
    faces = rtin.triangles(needed)
    assert set(np.unique(faces)) == set(np.flatnonzero(needed))
    edges = np.sort(np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]), axis=1)
    unique, count = np.unique(edges, axis=0, return_counts=True)
    assert count.max() == 2
    r, c = np.divmod(unique[count == 1], 129)
    border = [(v == k).all(axis=1) for v in (r, c) for k in (0, 128)]
    assert np.any(border, axis=0).all()
    x, y = faces % 129, -(faces // 129)
    twice = (x[:, 1] - x[:, 0]) * (y[:, 2] - y[:, 0]) - (x[:, 2] - x[:, 0]) * (y[:, 1] - y[:, 0])
    assert (twice > 0).all() and twice.sum() == 2 * 128 * 128


def test_no_ray_falls_between_tiles_of_neighbouring_levels():
    """Tiles beside each other one level apart, looked at from many sides: a ray that enters the
    ground from above must meet a triangle, of a surface or of a skirt."""
    from embreex.mesh_construction import TriangleMesh
    from embreex.rtcore_scene import EmbreeScene

    pyramid = pyramid_of(hills(513, 513, rough=0.4))
    keys = [Key(1, 0, 0), Key(1, 1, 0), *(Key(0, r, c) for r in range(4) for c in (2, 3))]
    scene = EmbreeScene()
    for key in keys:
        tile = tile_mesh(pyramid, key, ORIGIN)
        assert tile is not None
        TriangleMesh(scene, tile.vertices, tile.triangles)
    rng = np.random.default_rng(5)
    count = 400_000
    across = np.concatenate([np.full(count, 256.0), rng.uniform(20, 480, count)])
    along = np.concatenate([rng.uniform(-480, -20, count), np.full(count, -256.0)])
    along[: count // 2] = np.round(along[: count // 2])  # through corners as well
    target = np.column_stack([across + 0.5, along - 0.5, np.full(2 * count, 36.0)])
    angle, slope = rng.uniform(0, 2 * np.pi, 2 * count), rng.uniform(0.3, 1.5, 2 * count)
    way = np.column_stack(
        [np.cos(angle) * np.cos(slope), np.sin(angle) * np.cos(slope), -np.sin(slope)]
    )
    start = target - way * 80
    away = scene.run(start.astype(np.float32), way.astype(np.float32), query="DISTANCE")
    lowest = start + way * away[:, None]
    inside = (np.abs(target[:, :2] - [256.5, -256.5]) < 225).all(axis=1)
    assert (away[inside] < 1e4).all()
    # What is met is the ground, not the underside of something beyond a gap.
    assert lowest[inside, 2].min() > 30.0


def test_holes_stay_holes_and_their_border_is_exact():
    heights = hills(200, 200)
    heights[60:90, 100:150] = np.nan
    pyramid = pyramid_of(heights)
    tile = tile_mesh(pyramid, Key(0, 0, 0), ORIGIN)
    assert tile is not None
    corners = tile.vertices[tile.triangles[: tile.surface]]
    middle = corners.mean(axis=1)
    inside = (middle[:, 0] > 100.5) & (middle[:, 0] < 149.5) & (middle[:, 1] < -60.5)
    inside &= middle[:, 1] > -89.5
    assert not inside.any()
    assert off(pyramid, tile, Key(0, 0, 0)) <= tile.error + 2e-3
    nothing = pyramid_of(np.full((200, 200), np.nan, np.float32))
    assert tile_mesh(nothing, Key(0, 0, 0), ORIGIN) is None


def test_the_surface_reaches_the_edge_of_the_raster():
    pyramid = pyramid_of(hills(200, 300), cell=2.0)
    rows, cols = pyramid.tiles(0)
    found = [tile_mesh(pyramid, Key(0, r, c), ORIGIN) for r in range(rows) for c in range(cols)]
    xyz = np.concatenate([tile.vertices for tile in found if tile is not None])
    assert (xyz[:, 0].min(), xyz[:, 0].max()) == (0.0, 600.0)
    assert (xyz[:, 1].min(), xyz[:, 1].max()) == (-400.0, 0.0)


def test_an_edit_rebuilds_the_tiles_it_touches_and_those_above(tmp_path):
    heights = hills(1000, 1000)
    first = pyramid_of(heights, tmp_path / "t")
    assert first.rebuilt == sum(int(np.prod(first.tiles(level))) for level in range(first.levels))
    edited = heights.copy()
    edited[500:520, 700:710] += 30
    again = pyramid_of(edited, tmp_path / "t")
    # Rows 500…519 lie in tiles 3 (384…512) and 4, columns 700…709 in tile 5; then 2 × 1 of
    # 4 × 4, 1 of 2 × 2 or 2, and the top.
    above = [
        (500 // (TILE << n), 519 // (TILE << n), 700 // (TILE << n)) for n in range(first.levels)
    ]
    expected = sum(len({a, b}) for a, b, _ in above)
    assert again.rebuilt == expected
    fresh = pyramid_of(edited)
    for level in range(fresh.levels):
        np.testing.assert_array_equal(again.errors(level), fresh.errors(level))
        rows, cols = fresh.shapes[level]
        np.testing.assert_array_equal(
            again.nodes(level, 0, 0, rows, cols), fresh.nodes(level, 0, 0, rows, cols)
        )


KILLED = """
import os, sys
import numpy as np
sys.path.insert(0, {tests!r})
from test_tiles_terrain import hills, layer_of
from layers.tiles.heights import LayerHeights
from layers.tiles.terrain import TerrainPyramid
from pathlib import Path
made = TerrainPyramid(LayerHeights(layer_of(hills(1000, 1000))), Path({folder!r}))
for number, step in enumerate(made.steps()):
    if number == 5:
        os._exit(9)
    made.run(step)
"""


def test_a_killed_build_goes_on_where_it_stopped(tmp_path):
    from pathlib import Path

    folder = tmp_path / "t"
    script = KILLED.format(tests=str(Path(__file__).parent), folder=str(folder))
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 9
    after = TerrainPyramid(LayerHeights(layer_of(hills(1000, 1000))), folder)
    assert not after.complete
    after.build()
    assert after.complete
    assert after.rebuilt == sum(map(np.prod, map(after.tiles, range(after.levels)))) - 5 * 8
    fresh = pyramid_of(hills(1000, 1000))
    np.testing.assert_array_equal(after.errors(after.levels - 1), fresh.errors(fresh.levels - 1))


def test_building_stops_when_it_is_asked_to(tmp_path):
    progress = Progress(lambda fraction, _: progress.cancel() if fraction > 0.3 else None)
    made = TerrainPyramid(LayerHeights(layer_of(hills(1000, 1000))), tmp_path / "t")
    with pytest.raises(Cancelled):
        made.build(progress)
    assert 0 < made.rebuilt < 85
    assert made.build(wanted=lambda: False) is False


def test_a_cut_or_foreign_folder_is_built_anew(tmp_path):
    pyramid_of(hills(400, 400), tmp_path / "t")
    (tmp_path / "t" / "index-0.npy").write_bytes(b"not an array")
    again = pyramid_of(hills(400, 400), tmp_path / "t")
    assert again.complete and again.rebuilt >= 16
    other = pyramid_of(hills(300, 500), tmp_path / "t")
    fresh = pyramid_of(hills(300, 500))
    np.testing.assert_array_equal(other.errors(0), fresh.errors(0))


def test_a_file_read_by_windows_gives_the_tiles_of_the_array(tmp_path):
    heights = hills(700, 500)
    heights[10:20, 30:40] = np.nan
    with rasterio.open(
        tmp_path / "dtm.tif", "w", driver="GTiff", width=500, height=700, count=1, dtype="float32",
        crs="EPSG:32648", transform=from_origin(1000, 5000, 1, 1), nodata=-9999, tiled=True,
        blockxsize=128, blockysize=128,
    ) as file:  # fmt: skip
        file.write(np.nan_to_num(heights, nan=-9999), 1)
    by_windows = TerrainPyramid(FileHeights(tmp_path / "dtm.tif"))
    by_windows.build()
    whole = pyramid_of(heights)
    for level in range(whole.levels):
        np.testing.assert_array_equal(by_windows.errors(level), whole.errors(level))
    one, other = (tile_mesh(p, Key(1, 1, 0), ORIGIN) for p in (by_windows, whole))
    assert one is not None and other is not None
    np.testing.assert_array_equal(one.vertices, other.vertices)


@pytest.mark.parametrize("shape", [(1, 1), (1, 40), (2, 2), (3, 129), (130, 2)])
def test_tiny_rasters_are_drawn_too(shape):
    pyramid = pyramid_of(hills(*shape))
    tile = tile_mesh(pyramid, Key(pyramid.levels - 1, 0, 0), ORIGIN)
    assert tile is not None and tile.surface >= 2


@pytest.mark.data
@pytest.mark.parametrize(
    "name",
    ["goteborg/DEM_KRbig.tif", "france_lidarhd/raster/DTM_77055_627760_50CM.tif", "bilbao/DEM.tif"],
)
def test_real_ground_is_as_near_as_stated(data, name):
    path = data / name
    if not path.exists():
        pytest.skip(f"{name} is not there")
    layer = registry.read(path, ReadOptions(role="ground"))[0]
    assert isinstance(layer, ElevationLayer)
    moved = replace(layer, west=1000.0, north=5000.0)
    pyramid = TerrainPyramid(LayerHeights(moved))
    pyramid.build()
    for level in range(pyramid.levels):
        rows, cols = pyramid.tiles(level)
        for key in (Key(level, r, c) for r in range(rows) for c in range(cols)):
            tile = tile_mesh(pyramid, key, ORIGIN)
            if tile is not None:
                assert off(pyramid, tile, key) <= tile.error + 2e-3
    full = terrain_mesh(moved, origin=ORIGIN, max_cells=10**9)[1]
    rows, cols = pyramid.tiles(0)
    found = [tile_mesh(pyramid, Key(0, r, c), ORIGIN) for r in range(rows) for c in range(cols)]
    assert sum(tile.surface for tile in found if tile is not None) < len(full)
