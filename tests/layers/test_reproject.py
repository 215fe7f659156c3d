"""Layers in another CRS, against PROJ point by point."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import shapely
from pyproj import Transformer

from layers.builders import moved as moved_module
from layers.builders.moved import moved
from layers.builders.reproject import to_crs
from layers.errors import CrsError
from layers.kinds.elevation import ElevationLayer
from layers.kinds.features import FeatureLayer
from layers.kinds.imagery import ImageryLayer
from layers.kinds.pointcloud import PointCloudLayer
from layers.readers.registry import ReadOptions, read

TM3, UTM = "EPSG:5897", "EPSG:32648"


def proj(src: str, dst: str, xy: np.ndarray) -> np.ndarray:
    x, y = Transformer.from_crs(src, dst, always_xy=True).transform(xy[:, 0], xy[:, 1])
    return np.column_stack([x, y])


def cloud(crs: str, corner: tuple[float, float], count: int = 1000) -> PointCloudLayer:
    xyz = np.random.default_rng(1).random((count, 3)) * (1000, 1000, 30)
    return PointCloudLayer(
        id="a",
        name="a",
        crs=crs,
        offset=(*corner, 0.0),
        xyz=xyz,
        classification=np.arange(count) % 7,
    )


def test_a_layer_that_is_there_already_is_the_very_same():
    layer = cloud(TM3, (587_000, 2_325_000))
    assert to_crs(layer, TM3) is layer
    assert to_crs(layer, "epsg:5897") is layer


@pytest.mark.parametrize("count", [1000, 250_000])
def test_points_move_as_proj_moves_them_and_keep_their_heights(count):
    layer = cloud(UTM, (587_000, 2_325_000), count)
    there = to_crs(layer, TM3)
    expected = proj(UTM, TM3, layer.world()[:, :2])
    assert np.abs(there.world()[:, :2] - expected).max() < 1e-3
    np.testing.assert_allclose(there.world()[:, 2], layer.world()[:, 2], atol=1e-5)
    np.testing.assert_array_equal(there.classification, layer.classification)
    assert there.crs == TM3


def test_feet_become_metres_horizontally():
    layer = cloud("EPSG:2994", (636_000, 849_000))
    there = to_crs(layer, "EPSG:32610").world()[:, :2]
    assert np.ptp(there, axis=0) == pytest.approx([1000 * 0.3048] * 2, rel=0.06)


def test_the_polynomial_agrees_with_proj_within_a_tenth_of_a_millimetre(monkeypatch):
    xy = np.random.default_rng(2).random((300_000, 2)) * 5_000 + (587_000, 2_325_000)
    exact = proj(UTM, TM3, xy)
    monkeypatch.setattr(moved_module, "_BLOCK", 0)  # the exact way would fail with this
    assert np.abs(moved(xy, UTM, TM3) - exact).max() < 2e-4


def test_over_half_a_country_every_point_goes_through_proj():
    xy = np.random.default_rng(3).random((210_000, 2)) * (6, 12) + (103, 9)
    np.testing.assert_array_equal(moved(xy, "EPSG:4326", TM3), proj("EPSG:4326", TM3, xy))


def test_features_keep_their_columns_and_z():
    geometry = np.array(
        [shapely.Point(105.85, 21.03, 7.0), shapely.box(105.84, 21.02, 105.85, 21.03)]
    )
    layer = FeatureLayer(
        id="a", name="a", crs="EPSG:4326", geometry=geometry, columns={"n": np.array([1, 2])}
    )
    there = to_crs(layer, TM3)
    x, y = proj("EPSG:4326", TM3, np.array([[105.85, 21.03]]))[0]
    assert shapely.get_coordinates(there.geometry[:1], include_z=True)[0] == pytest.approx(
        [x, y, 7]
    )
    assert not shapely.has_z(there.geometry[1])
    assert there.columns["n"].tolist() == [1, 2]


def test_features_that_cannot_be_mapped_are_counted_and_left_out():
    geometry = np.array(
        [shapely.Point(105.85, 21.03), shapely.Point(105.8, 21), shapely.Point(0, 900)]
    )
    layer = FeatureLayer(id="a", name="a", crs="EPSG:4326", geometry=geometry)
    there = to_crs(layer, TM3)
    assert there.count == 2
    assert [n.count for n in there.notices if n.code == "outside-crs"] == [1]


def test_nothing_that_can_be_mapped_is_an_error():
    layer = FeatureLayer(
        id="a", name="a", crs="EPSG:4326", geometry=np.array([shapely.Point(0, 900)])
    )
    with pytest.raises(CrsError, match="1 of 1"):
        to_crs(layer, TM3)


def test_a_grid_of_northings_still_holds_northings():
    # A cell's height is its own northing in the target; wherever the warp puts it, that must hold.
    rows, cols = 60, 80
    west, north = 587_000.0, 2_325_000.0
    x, y = np.meshgrid(west + np.arange(cols) * 10 + 5, north - np.arange(rows) * 10 - 5)
    expected = proj(UTM, TM3, np.column_stack([x.ravel(), y.ravel()]))[:, 1].reshape(rows, cols)
    layer = ElevationLayer(
        id="a", name="a", crs=UTM, heights=expected - 2_320_000, west=west, north=north,
        cell_x=10, cell_y=10, filled=np.ones((rows, cols), bool),
    )  # fmt: skip
    there = to_crs(layer, TM3)
    centres = there.north - (np.arange(there.heights.shape[0]) + 0.5) * there.cell_y - 2_320_000
    error = (there.heights - centres[:, None])[2:-2, 2:-2]
    assert np.nanmax(np.abs(error)) < 0.5  # of cells of 10 m
    assert there.filled[np.isfinite(there.heights)].mean() > 0.95


def test_pictures_are_white_where_there_is_none():
    layer = ImageryLayer(
        id="a", name="a", crs="EPSG:4326", pixels=np.full((50, 50, 3), 7, np.uint8),
        west=104.0, north=21.1, cell_x=0.001, cell_y=0.001,
    )  # fmt: skip
    there = to_crs(layer, "EPSG:3006")  # far away, so that the picture lies askew
    assert set(np.unique(there.pixels)) <= set(range(7, 256))
    assert (there.pixels == 255).any()
    assert (there.pixels == 7).mean() > 0.3


@pytest.mark.data
def test_autzen_comes_to_utm_within_a_millimetre(data: Path):
    (layer,) = read(data / "autzen/autzen_south.laz", ReadOptions(max_points=300_000))
    there = to_crs(layer, "EPSG:32610")
    expected = proj(layer.crs, "EPSG:32610", layer.world()[:, :2])
    assert np.abs(there.world()[:, :2] - expected).max() < 1e-3


@pytest.mark.data
def test_the_french_ground_stays_where_it_is(data: Path):
    (layer,) = read(data / "france_lidarhd/raster/DTM_77055_627760_50CM.tif")
    there = to_crs(layer, "EPSG:32631")
    corners = np.array([[layer.bounds[0], layer.bounds[1]], [layer.bounds[2], layer.bounds[3]]])
    middle = proj("EPSG:2154", "EPSG:32631", corners).mean(axis=0)
    low_x, low_y, high_x, high_y = there.bounds
    assert [(low_x + high_x) / 2, (low_y + high_y) / 2] == pytest.approx(middle, abs=0.6)
    assert float(np.nanmedian(there.heights)) == pytest.approx(
        float(np.nanmedian(layer.heights)), abs=0.02
    )
