"""Pictures read by windows: sharp from the file, in any CRS, small in memory."""

from __future__ import annotations

import numpy as np
import pytest
import rasterio
from pyproj import Transformer
from rasterio.transform import from_origin

from layers.builders.reproject import to_crs
from layers.errors import Cancelled
from layers.kinds.imagery import OVERVIEW_PIXELS, ImageryLayer
from layers.progress import Progress
from layers.readers import registry
from layers.readers.registry import ReadOptions
from layers.tiles.imagery import Picture, composed, file_of
from layers.tiles.picture_levels import Levels, build_levels, known_levels, wanted

WEST, NORTH, CELL = 587_000.0, 2_326_000.0, 0.5


def squares(rows: int, cols: int, side: int = 10) -> np.ndarray:
    """Squares of `side` pixels, each in a colour that says where it is."""
    r, c = np.mgrid[0:rows, 0:cols] // side
    return np.stack([(r * 40) % 241, (c * 40) % 241, (r + c) % 2 * 200], axis=2).astype(np.uint8)


def write(path, pixels, *, crs="EPSG:32648", **profile):
    with rasterio.open(
        path, "w", driver="GTiff", width=pixels.shape[1], height=pixels.shape[0],
        count=pixels.shape[2], dtype="uint8", crs=crs, photometric="RGB",
        transform=from_origin(WEST, NORTH, CELL, CELL), tiled=True, **profile,
    ) as file:  # fmt: skip
        file.write(np.moveaxis(pixels, 2, 0))
    return path


def overview_of(path, most: int) -> ImageryLayer:
    (layer,) = registry.read(path, ReadOptions(max_pixels=most))
    assert isinstance(layer, ImageryLayer)
    return layer


def test_a_small_window_has_the_pixels_of_the_file(tmp_path):
    pixels = squares(1000, 1200)
    layer = overview_of(write(tmp_path / "photo.tif", pixels), 30_000)
    assert layer.pixels.shape[0] < 200 and layer.full_size == (1000, 1200)
    picture = Picture(layer)
    assert picture.cell == 0.5
    # Pixels 300…363 from the west and 400…463 from the north.
    bounds = (WEST + 150, NORTH - 232, WEST + 182, NORTH - 200)
    seen = picture.read(bounds, 64)
    np.testing.assert_array_equal(seen[::-1, :, :3], pixels[400:464, 300:364])
    assert (seen[..., 3] == 255).all()


def test_a_wide_window_is_the_mean_of_what_it_covers(tmp_path):
    pixels = squares(800, 800, side=40)
    picture = Picture(overview_of(write(tmp_path / "photo.tif", pixels), 40_000))
    seen = picture.read((WEST, NORTH - 400, WEST + 400, NORTH), 10)
    blocks = pixels.reshape(10, 80, 10, 80, 3).mean(axis=(1, 3))
    assert np.abs(seen[::-1, :, :3].astype(float) - blocks).max() < 30


def test_beyond_its_border_a_picture_is_transparent(tmp_path):
    picture = Picture(overview_of(write(tmp_path / "photo.tif", squares(200, 200)), 10_000))
    seen = picture.read((WEST - 50, NORTH - 50, WEST + 50, NORTH + 50), 100)
    # Its north-western corner is in the middle; rows run northwards.
    assert (seen[:50, 50:, 3] == 255).all()
    assert (seen[51:, :, 3] == 0).all() and (seen[:, :49, 3] == 0).all()
    assert composed([picture], (WEST + 500, NORTH, WEST + 600, NORTH + 100), 16) is None


def test_the_upper_picture_hides_the_lower_where_it_reaches(tmp_path):
    below = Picture(
        overview_of(write(tmp_path / "a.tif", np.full((200, 200, 3), 40, np.uint8)), 9000)
    )
    clear = np.full((200, 200, 4), 200, np.uint8)
    clear[:100, :, 3] = 0
    clear[100:, :, 3] = 255
    above = Picture(overview_of(write(tmp_path / "b.tif", clear, alpha="YES"), 9000))
    seen = composed([below, above], (WEST, NORTH - 100, WEST + 100, NORTH), 50)
    assert seen is not None and (seen[..., 3] == 255).all()
    assert set(np.unique(seen[:24, :, 0])) == {200} and set(np.unique(seen[26:, :, 0])) == {40}


def test_in_another_crs_the_file_is_seen_through_a_warped_view(tmp_path):
    pixels = squares(1000, 1000, side=50)
    path = write(tmp_path / "photo.tif", pixels)
    layer = overview_of(path, 10_000)
    other = to_crs(layer, "EPSG:3405")  # VN-2000 UTM 48N, some 100 m beside WGS 84
    assert isinstance(other, ImageryLayer) and other.crs == "EPSG:3405"
    picture = Picture(other)
    assert picture.cell == pytest.approx(0.5, rel=0.01)
    across = Transformer.from_crs("EPSG:32648", "EPSG:3405", always_xy=True)
    for row, col in ((3, 4), (12, 15), (17, 2)):  # middles of squares of 25 m
        x, y = across.transform(WEST + (col + 0.5) * 25, NORTH - (row + 0.5) * 25)
        seen = picture.read((x - 2, y - 2, x + 2, y + 2), 8)
        expected = pixels[row * 50 + 25, col * 50 + 25]
        assert np.abs(seen[..., :3].astype(int) - expected).max() <= 1


def test_a_file_that_went_away_leaves_the_overview(tmp_path):
    path = write(tmp_path / "photo.tif", squares(600, 600))
    layer = overview_of(path, 10_000)
    path.unlink()
    assert file_of(layer) is None
    picture = Picture(layer)
    assert picture.cell == layer.cell_x == 3.0
    assert (picture.read((WEST, NORTH - 50, WEST + 50, NORTH), 32)[..., 3] == 255).all()


def test_a_large_picture_is_read_as_an_overview(tmp_path):
    path = tmp_path / "large.tif"
    with rasterio.open(
        path, "w", driver="GTiff", width=6000, height=5000, count=3, dtype="uint8", tiled=True,
        crs="EPSG:32648", transform=from_origin(WEST, NORTH, CELL, CELL), compress="deflate",
        photometric="RGB", sparse_ok=True,
    ) as file:  # fmt: skip
        file.write(
            squares(512, 512)[None].repeat(1, 0)[0].transpose(2, 0, 1), window=((0, 512), (0, 512))
        )
    (layer,) = registry.read(path, ReadOptions())
    assert isinstance(layer, ImageryLayer)
    assert 0.9 * OVERVIEW_PIXELS < layer.count <= OVERVIEW_PIXELS
    assert layer.full_size == (5000, 6000) and layer.full_count == 30_000_000
    assert layer.bounds == pytest.approx((WEST, NORTH - 2500, WEST + 3000, NORTH))
    seen = Picture(layer).read((WEST + 64, NORTH - 96, WEST + 96, NORTH - 64), 64)
    np.testing.assert_array_equal(seen[::-1, :, :3], squares(512, 512)[128:192, 128:192])


@pytest.mark.data
def test_the_french_orthophoto_is_as_sharp_as_its_file(data):
    path = data / "france_lidarhd/ortho/test_data_rgb.tif"
    layer = overview_of(path, 4_000)
    picture = Picture(layer)
    with rasterio.open(path) as file:
        whole, t = file.read([1, 2, 3]), file.transform
    assert picture.cell == pytest.approx(t.a)
    west, north = t.c + 20 * t.a, t.f - 30 * t.a
    seen = picture.read((west, north - 40 * t.a, west + 40 * t.a, north), 40)
    np.testing.assert_array_equal(seen[::-1, :, :3], np.moveaxis(whole[:, 30:70, 20:60], 0, 2))


def large(tmp_path, **more):
    """A file of 2400² pixels whose layer holds 100²: too far apart for its own windows."""
    return overview_of(write(tmp_path / "photo.tif", squares(2400, 2400, side=48), **more), 10_000)


def test_a_large_file_without_overviews_gets_copies_beside_the_project(tmp_path):
    layer = large(tmp_path)
    before = (tmp_path / "photo.tif").read_bytes()
    picture = Picture(layer)
    assert wanted(picture)
    told = []
    made = build_levels(picture, tmp_path / "copies", Progress(lambda at, _: told.append(at)))
    # Cells of 2, 4 and 8 m, until the overview's of 12 m.
    assert made == 3 and told == sorted(told) and 0.7 < told[-1] <= 1.0
    levels = known_levels(tmp_path / "copies", picture)
    assert [level.cell for level in levels] == [2.0, 4.0, 8.0]
    assert build_levels(picture, tmp_path / "copies") == 0
    # The user's file is as it was, with nothing beside it.
    assert (tmp_path / "photo.tif").read_bytes() == before
    assert {path.name for path in tmp_path.iterdir()} == {"photo.tif", "copies"}
    with rasterio.open(levels[0].path) as file:
        means = squares(2400, 2400, side=48).reshape(600, 4, 600, 4, 3).mean(axis=(1, 3))
        seen = np.moveaxis(file.read(), 0, 2).astype(float)
    assert np.abs(seen[..., :3] - means).max() <= 1.0 and (seen[..., 3] == 255).all()


def test_a_view_between_file_and_overview_is_read_from_a_copy(tmp_path):
    layer = large(tmp_path)
    build_levels(Picture(layer), tmp_path / "picture")
    picture = Picture(layer)
    picture.levels = Levels(picture, tmp_path)
    bounds = (WEST + 240, NORTH - 720, WEST + 752, NORTH - 208)  # 2 m cells
    expected = Picture(layer).read(bounds, 256)
    (tmp_path / "photo.tif").rename(tmp_path / "away.tif")
    seen = picture.read(bounds, 256)  # nothing of the file itself is needed
    assert np.abs(seen.astype(int) - expected)[2:-2, 2:-2].max() <= 2


def test_copies_of_another_file_are_not_believed_and_a_stop_keeps_what_is_finished(tmp_path):
    layer = large(tmp_path)
    picture = Picture(layer)
    stop = Progress(lambda at, _: stop.cancel() if at >= 0.75 else None)
    with pytest.raises(Cancelled):
        build_levels(picture, tmp_path / "copies", stop)
    assert known_levels(tmp_path / "copies", picture) == ()
    assert build_levels(picture, tmp_path / "copies") == 1  # the finer two were there
    # The same place, other colours, another time: all anew, and the old are gone.
    import os

    os.utime(write(tmp_path / "photo.tif", 240 - squares(2400, 2400, side=48)), (1, 1))
    other = Picture(layer)
    assert known_levels(tmp_path / "copies", other) == ()
    assert build_levels(other, tmp_path / "copies") == 3
    assert len(list((tmp_path / "copies").glob("*.tif"))) == 3


def test_a_file_with_overviews_or_little_finer_than_its_layer_needs_no_copies(tmp_path):
    layer = large(tmp_path)
    with rasterio.open(tmp_path / "photo.tif", "r+") as file:
        file.build_overviews([2, 4, 8, 16])
    assert not wanted(Picture(layer))
    (tmp_path / "b").mkdir()
    near = overview_of(write(tmp_path / "b" / "photo.tif", squares(300, 300)), 30_000)
    assert not wanted(Picture(near))
