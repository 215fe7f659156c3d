"""Trees from points and from the tops of a canopy."""

from __future__ import annotations

import numpy as np
import pytest
from shapely import LineString, MultiPoint, Point

from layers.builders.trees import crown_of, trees_from_canopy, trees_from_features
from layers.kinds.elevation import ElevationLayer
from layers.kinds.features import FeatureLayer


def features(geometries: list[object], **columns: list[object]) -> FeatureLayer:
    array = np.empty(len(geometries), dtype=object)
    array[:] = geometries
    return FeatureLayer(
        id="t",
        name="Trees",
        crs="EPSG:5897",
        geometry=array,
        role="trees",
        columns={name: np.array(values, dtype=object) for name, values in columns.items()},
    )


def raster(heights: np.ndarray, cell: float = 1.0) -> ElevationLayer:
    return ElevationLayer(
        id="c", name="Canopy", crs="EPSG:5897", heights=heights, west=1000.0,
        north=2000.0, cell_x=cell, cell_y=cell, surface="canopy-above-ground",
    )  # fmt: skip


def hill(shape: tuple[int, int], row: int, col: int, height: float, radius: float) -> np.ndarray:
    r, c = np.mgrid[: shape[0], : shape[1]]
    away = np.hypot(r - row, c - col) / radius
    return np.where(away < 1, height * (1 - 0.5 * away**2), 0.0)


def test_trees_have_the_height_and_crown_of_their_columns_and_stand_on_the_ground() -> None:
    ground = raster(np.full((100, 100), 6.0))
    layer = features(
        [Point(1010, 1990), MultiPoint([(1020, 1990), (1030, 1990)]), LineString([(0, 0), (1, 1)])],
        chieu_cao=["12,5", None, 3],
        duong_kinh_tan=[6.0, None, None],
    )
    trees = trees_from_features(layer, ground)
    assert trees.count == 3 and trees.row.tolist() == [0, 1, 1]
    assert trees.xyz.tolist() == [[1010, 1990, 6], [1020, 1990, 6], [1030, 1990, 6]]
    assert trees.height.tolist() == [12.5, 8.0, 8.0]
    assert trees.crown[0] == 6.0
    # Popescu & Wynne: 3.09632 + 0.00895 × 8² = 3.66912
    assert trees.crown[1] == pytest.approx(3.66912, abs=1e-4)
    assert trees.notices[0].code == "not-points" and trees.notices[0].count == 1


def test_impossible_heights_become_the_usual_one() -> None:
    trees = trees_from_features(features([Point(0, 0), Point(1, 0)], height=[-3, 9999]), None)
    assert trees.height.tolist() == [8.0, 8.0] and trees.xyz[:, 2].tolist() == [0.0, 0.0]


def test_each_top_of_the_canopy_is_one_tree() -> None:
    canopy = np.maximum(hill((60, 60), 15, 20, 18.0, 6.0), hill((60, 60), 40, 45, 10.0, 4.0))
    trees = trees_from_canopy(raster(canopy), None)
    assert trees.count == 2
    assert trees.height.tolist() == [18.0, 10.0]
    assert trees.xyz[:, :2].tolist() == [[1020.5, 1984.5], [1045.5, 1959.5]]
    assert trees.row.tolist() == [-1, -1]


def test_bumps_within_a_crown_are_no_trees_of_their_own() -> None:
    canopy = hill((40, 40), 20, 20, 20.0, 8.0)
    canopy[20, 22] = 19.9  # a branch 2 m off, within the crown's radius of 3.3 m
    assert crown_of(np.array([20.0]))[0] / 2 > 2
    assert trees_from_canopy(raster(canopy), None).count == 1


def test_shrubs_and_masts_are_no_trees() -> None:
    canopy = np.zeros((30, 30))
    canopy[5, 5], canopy[20, 20], canopy[10, 25] = 2.0, 400.0, np.nan
    assert trees_from_canopy(raster(canopy), None).count == 0


def test_more_trees_than_can_be_drawn_are_thinned_to_the_highest() -> None:
    canopy = np.zeros((100, 100))
    canopy[5::10, 5::10] = np.arange(50, 150).reshape(10, 10) / 10
    trees = trees_from_canopy(raster(canopy), None, most=10)
    assert trees.height.tolist() == pytest.approx(np.arange(149, 139, -1) / 10)
    assert trees.notices[0].code == "trees-thinned" and trees.notices[0].count == 90


@pytest.mark.data
def test_goteborg_has_trees_where_its_canopy_is(data) -> None:
    import rasterio

    with rasterio.open(data / "goteborg" / "CDSM_KRbig.tif") as file:
        band, place = file.read(1).astype(np.float32), file.transform
    band[band < -1e30] = np.nan
    canopy = ElevationLayer(
        id="c", name="Canopy", crs="EPSG:3007", heights=band, west=place.c, north=place.f,
        cell_x=place.a, cell_y=-place.e, surface="canopy-above-ground",
    )  # fmt: skip
    trees = trees_from_canopy(canopy, None)
    assert 40 < trees.count < 300
    assert trees.height.max() == pytest.approx(np.nanmax(band), abs=1e-3)  # 24.37 m
    assert trees.height.min() >= 3
