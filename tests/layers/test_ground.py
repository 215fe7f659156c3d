"""The ground from points: medians, filled gaps, reading it anywhere, its mesh."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from layers.builders.fill import fill_grid
from layers.builders.ground import decimated, fill_gaps, ground_from_points, sample
from layers.builders.terrain import terrain_mesh
from layers.errors import CityError
from layers.kinds.elevation import ElevationLayer
from layers.kinds.pointcloud import PointCloudLayer

CRS = "EPSG:28992"


def cloud(xyz: object, classes: object | None = None, offset=(100_000.0, 400_000.0, 0.0)):
    return PointCloudLayer(
        id="p", name="Points", crs=CRS, offset=offset, xyz=xyz, classification=classes
    )


def grid(heights: object, *, west=0.0, north=10.0, cell=1.0, **more) -> ElevationLayer:
    return ElevationLayer(
        id="e",
        name="Terrain",
        crs=CRS,
        heights=heights,
        west=west,
        north=north,
        cell_x=cell,
        cell_y=cell,
        **more,
    )


def slope(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return 5 + 0.1 * x - 0.05 * y


def scattered(count: int, size: float, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).uniform(0, size, (count, 2))


def test_a_cell_has_the_median_of_its_ground_points_only() -> None:
    # five ground points in one cell, one of them a stray 40 m below; a roof point above
    xyz = [[0.2, 0.2, 1.0], [0.4, 0.4, 1.1], [0.5, 0.5, 1.2], [0.6, 0.6, 1.3], [0.7, 0.7, -40.0]]
    ground = ground_from_points([cloud([*xyz, [0.5, 0.6, 9.0]], [2, 2, 2, 2, 2, 6])], cell=1.0)
    assert ground.heights.shape == (1, 1)
    assert ground.heights[0, 0] == pytest.approx(1.1)
    assert (ground.west, ground.north) == (100_000.0, 400_001.0)
    assert ground.filled is not None and not ground.filled.any()


def test_rows_run_from_north_to_south() -> None:
    ground = ground_from_points(
        [cloud([[0.5, 0.5, 1.0], [0.5, 2.5, 3.0], [2.5, 0.5, 7.0]], [2, 2, 2])], cell=1.0
    )
    assert ground.heights.shape == (3, 3)
    assert ground.heights[0, 0] == 3.0  # north west
    assert ground.heights[2, 0] == 1.0 and ground.heights[2, 2] == 7.0
    assert ground.filled is not None and ground.filled.sum() == 6


def test_a_slope_with_a_house_shaped_gap_comes_back_as_a_slope() -> None:
    xy = scattered(30_000, 60)
    hole = ((xy > 20) & (xy < 40)).all(axis=1)
    xy = xy[~hole]
    xyz = np.column_stack([xy, slope(xy[:, 0], xy[:, 1])])
    ground = ground_from_points([cloud(xyz, np.full(len(xyz), 2))], cell=1.0)
    places = scattered(500, 50, seed=2) + 5
    found = sample(ground, places + np.array([100_000, 400_000]))
    wanted = slope(places[:, 0], places[:, 1])
    inside = ((places > 22) & (places < 38)).all(axis=1)
    assert inside.sum() > 30
    assert np.abs(found - wanted)[inside].max() < 0.1  # the gap itself rises 2 m
    assert np.abs(found - wanted).mean() < 0.05
    assert ground.filled is not None
    assert ground.filled.sum() == pytest.approx(400, abs=45)


def test_two_clouds_meet_without_a_seam() -> None:
    xy = scattered(20_000, 40)
    xyz = np.column_stack([xy, slope(xy[:, 0], xy[:, 1])])
    west, east = xyz[xyz[:, 0] < 20], xyz[xyz[:, 0] >= 20] - [20, 0, 0]
    both = ground_from_points(
        [
            cloud(west, np.full(len(west), 2)),
            cloud(east, np.full(len(east), 2), offset=(100_020.0, 400_000.0, 0.0)),
        ]
    )
    one = ground_from_points([cloud(xyz, np.full(len(xyz), 2))])
    np.testing.assert_allclose(both.heights, one.heights, atol=2e-3)  # sorted by millimetre


def test_ground_is_derived_where_no_class_says_it() -> None:
    xy = scattered(60_000, 80)
    height = slope(xy[:, 0], xy[:, 1])
    house = ((xy > 30) & (xy < 45)).all(axis=1)
    height[house] += 8.0
    for classes in (None, np.ones(len(xy))):
        ground = ground_from_points([cloud(np.column_stack([xy, height]), classes)])
        assert [n.code for n in ground.notices] == ["ground-derived"]
        middle = sample(ground, np.array([[100_037.5, 400_037.5]]))[0]
        assert middle == pytest.approx(slope(37.5, 37.5), abs=0.3)  # not 8 m up
        street = sample(ground, np.array([[100_010.0, 400_060.0]]))[0]
        assert street == pytest.approx(slope(10, 60), abs=0.15)


def test_a_stray_point_in_another_country_makes_cells_coarser_not_memory_full(monkeypatch) -> None:
    monkeypatch.setattr("layers.builders.ground.MOST_CELLS", 100_000)
    xyz = [[0.0, 0.0, 1.0], [1.0, 1.0, 1.0], [900_000.0, 900_000.0, 1.0]]
    ground = ground_from_points([cloud(xyz, [2, 2, 2])], cell=0.5)
    assert ground.heights.size < 110_000
    assert ground.notices[0].code == "ground-coarser"


def test_no_points_and_no_ground_are_said() -> None:
    with pytest.raises(CityError, match="without LiDAR"):
        ground_from_points([])
    with pytest.raises(CityError, match="cell size"):
        ground_from_points([cloud([[0, 0, 0]], [2])], cell=0)


def test_filling_keeps_what_was_measured_and_flags_the_rest() -> None:
    heights = np.add.outer(np.arange(40.0), 2 * np.arange(50.0)).astype(np.float32)
    holed = heights.copy()
    holed[10:25, 15:40] = np.nan
    layer = fill_gaps(grid(holed, north=40.0))
    measured = ~np.isnan(holed)
    assert (layer.heights[measured] == holed[measured]).all()
    assert layer.filled is not None and (layer.filled == ~measured).all()
    # a plane that rises by 1 and 2 per cell: the gap rises by 64 m from corner to corner
    assert np.abs(layer.heights - heights).max() < 0.25
    assert layer.notices[-1].code == "gaps-filled" and layer.notices[-1].count == 15 * 25
    assert fill_gaps(grid(heights)).filled is None


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 30), st.integers(1, 30), st.floats(0, 1), st.integers(0, 2**31))
def test_filled_heights_never_leave_the_range_of_the_measured(
    rows: int, cols: int, share: float, seed: int
) -> None:
    random = np.random.default_rng(seed)
    heights = random.uniform(-50, 200, (rows, cols)).astype(np.float32)
    heights[random.random((rows, cols)) < share] = np.nan
    filled = fill_grid(heights)
    assert np.isfinite(filled).all()
    known = heights[np.isfinite(heights)]
    if len(known):
        assert filled.min() >= known.min() - 1e-3 and filled.max() <= known.max() + 1e-3


def test_sampling_is_bilinear_and_level_in_the_outer_half_cell() -> None:
    layer = grid([[0.0, 10.0], [20.0, 30.0]], north=2.0)
    xy = np.array([[1.0, 1.0], [0.5, 1.5], [1.0, 1.5], [0.0, 2.0], [2.0, 0.0], [1.25, 0.75]])
    # by hand: middle of all four; a cell's middle; between two; the outer corners; 3/4, 3/4 along
    assert sample(layer, xy).tolist() == [15.0, 0.0, 5.0, 0.0, 30.0, 22.5]


def test_sampling_outside_or_over_nothing_is_nan() -> None:
    layer = grid([[np.nan, 4.0], [np.nan, np.nan]], north=2.0)
    found = sample(layer, np.array([[-0.1, 1.0], [2.1, 1.0], [0.5, 0.5], [1.0, 1.5], [np.nan, 1]]))
    assert np.isnan(found[[0, 1, 2, 4]]).all()
    assert found[3] == 4.0  # the one neighbour that is known


def test_decimating_averages_whole_blocks() -> None:
    layer = decimated(grid(np.arange(16.0).reshape(4, 4), north=4.0), max_cells=4)
    assert layer.heights.tolist() == [[2.5, 4.5], [10.5, 12.5]]
    assert (layer.cell_x, layer.cell_y) == (2.0, 2.0)
    odd = decimated(grid(np.ones((5, 7)), north=5.0), max_cells=6)
    assert odd.heights.size <= 6 and (odd.heights == 1).all()


def test_the_terrain_reaches_its_very_edge_and_looks_up() -> None:
    layer = grid(np.fromfunction(lambda r, c: c * 1.0, (10, 20)), west=50.0, north=110.0)
    vertices, triangles, uv = terrain_mesh(layer, origin=(50.0, 100.0, 0.0), max_cells=1000)
    assert vertices[:, :2].min(axis=0).tolist() == [0, 0]
    assert vertices[:, :2].max(axis=0).tolist() == [20, 10]
    corners = vertices[triangles].astype(float)
    normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    assert (normal[:, 2] > 0).all()
    assert normal[:, 2].sum() / 2 == pytest.approx(200)  # 20 × 10 m, nothing twice
    np.testing.assert_allclose(uv, vertices[:, :2] / [20, 10], atol=1e-6)
    np.testing.assert_allclose(
        vertices[:, 2], sample(layer, vertices[:, :2] + np.array([50.0, 100.0])), atol=1e-5
    )


def test_a_hole_in_the_terrain_stays_a_hole() -> None:
    heights = np.zeros((10, 10))
    heights[4:7, 4:7] = np.nan
    vertices, triangles, uv = terrain_mesh(grid(heights), origin=(0, 0, 0), max_cells=1000)
    assert np.isfinite(vertices).all() and len(uv) == len(vertices)
    assert triangles.max() == len(vertices) - 1
    corners = vertices[triangles].astype(float)
    middle = corners.mean(axis=1)[:, :2]
    assert not ((middle > 4.5) & (middle < 5.5)).all(axis=1).any()


def test_a_large_terrain_keeps_to_its_budget() -> None:
    layer = grid(np.zeros((301, 507), np.float32), north=301.0)
    vertices, triangles, _ = terrain_mesh(layer, origin=(0, 0, 0), max_cells=5000)
    assert len(triangles) <= 2 * 5000 + 4 * (80 + 80)
    assert vertices[:, 0].max() == 507 and vertices[:, 1].max() == 301


@pytest.mark.data
def test_morphology_finds_the_ground_of_delft_that_the_survey_classified(data) -> None:
    import laspy

    las = laspy.read(data / "delft" / "lidar" / "ahn3_cropped_2.laz")
    offset = (85000.0, 447412.0, 0.0)
    xyz = np.column_stack([las.x, las.y, las.z]) - offset
    stated = ground_from_points([cloud(xyz, np.asarray(las.classification), offset)])
    derived = ground_from_points([cloud(xyz, None, offset)])
    assert stated.filled is not None
    off = np.abs(derived.heights - stated.heights)[~stated.filled]
    assert np.median(off) < 0.02
    assert (off < 0.5).mean() > 0.97
