"""Lengths, areas, angles, scale and accuracy, against hands, right triangles and geodesics."""

from __future__ import annotations

import math

import numpy as np
import pytest
import shapely
from pyproj import Geod, Transformer

from layers.errors import CityError
from layers.kinds.buildings import METHODS, BuildingsLayer
from layers.kinds.elevation import ElevationLayer
from layers.kinds.mesh import ROOF, SolidBatch
from layers.measure import accuracy
from layers.measure.ground_scale import grid_factor, ground_lengths
from layers.measure.profile import profile
from layers.measure.shapes import angle, areas, bearing, is_crossed, lengths, surface_area
from layers.source import Source

HANOI = "EPSG:5897"


def p(*points):
    return np.array(points, float)


def slope(rise: float, *, size: int = 60, cell: float = 1.0) -> ElevationLayer:
    """Ground that rises eastwards by `rise` metres a metre; 0 at the western edge."""
    east = (np.arange(size) + 0.5) * cell
    return ElevationLayer(
        id="ground", name="Ground", crs=HANOI, west=0.0, north=size * cell, cell_x=cell,
        cell_y=cell, heights=np.tile((rise * east).astype(np.float32), (size, 1)),
    )  # fmt: skip


def houses(
    boxes, heights, *, ground=0.0, model=None, method="lidar", rmse=math.nan
) -> BuildingsLayer:
    count = len(boxes)
    return BuildingsLayer(
        id="houses", name="Houses", crs=HANOI,
        ids=np.array([f"h{i}" for i in range(count)], object),
        footprints=np.array([shapely.box(*box) for box in boxes], object),
        ground=np.full(count, ground), height=np.array(heights, np.float32),
        method=np.full(count, METHODS.index(method), np.uint8), points=np.zeros(count, np.int32),
        rmse=np.full(count, rmse, np.float32), floors=np.zeros(count, np.int16),
        use=np.array([""] * count, object), lod=np.ones(count, np.uint8), model=model,
        source=Source(path="x.gpkg", driver="GPKG"),
    )  # fmt: skip


# -- shapes ---------------------------------------------------------------------------------------


def test_right_triangles_measure_as_pythagoras_says():
    found = lengths(p((0, 0, 0), (3, 4, 0), (3, 4, 12), (6, 8, 0)))
    assert found.space.tolist() == [5, 12, 13]
    assert found.level.tolist() == [5, 0, 5]
    assert found.rise.tolist() == [0, 12, -12]


def test_far_from_the_origin_nothing_is_lost():
    far = np.array([587_000.0, 2_325_000.0, 6.0])
    assert lengths(p((0, 0, 0), (0.03, 0.04, 0)) + far).space[0] == pytest.approx(0.05, abs=1e-8)
    assert areas(p((0, 0, 0), (10, 0, 0), (10, 20, 0), (0, 20, 0)) + far).level == pytest.approx(
        200
    )


def test_an_area_is_level_tilted_or_upright():
    flat = areas(p((0, 0, 0), (10, 0, 0), (10, 20, 0), (0, 20, 0)))
    assert (flat.level, flat.plane, flat.perimeter) == (200, 200, 60)
    roof = areas(p((0, 0, 0), (3, 0, 4), (3, 10, 4), (0, 10, 0)))
    assert (roof.level, roof.plane) == pytest.approx((30, 50))
    assert roof.perimeter == pytest.approx(30) and roof.level_perimeter == pytest.approx(26)
    wall = areas(p((0, 0, 0), (10, 0, 0), (10, 0, 6), (0, 0, 6)))
    assert (wall.level, wall.plane, wall.off_plane) == pytest.approx((0, 60, 0))
    bent = areas(p((0, 0, 0), (10, 0, 0), (10, 10, 2), (0, 10, 0)))
    assert bent.off_plane > 0.3


def test_a_ring_that_crosses_itself_has_no_area():
    bow = p((0, 0, 0), (10, 10, 0), (10, 0, 0), (0, 10, 0))
    assert is_crossed(bow) and not is_crossed(bow[[0, 2, 1, 3]])
    with pytest.raises(CityError, match="crosses itself"):
        areas(bow)
    assert not is_crossed(p((0, 0, 0), (10, 0, 0), (10, 0, 6), (0, 0, 6)))


def test_ground_that_rises_three_in_four_is_a_quarter_larger_than_its_map():
    ring = p((10, 10, 0), (30, 10, 0), (30, 40, 0), (10, 40, 0))
    assert surface_area(ring, slope(0.75)) == pytest.approx(600 * 1.25, rel=1e-4)
    assert surface_area(ring, slope(0.0)) == pytest.approx(600, rel=1e-6)
    assert math.isnan(surface_area(ring + np.array([40.0, 0, 0]), slope(0.0)))


def test_angles_of_the_triangle_three_four_five():
    found = angle(p((3, 0, 0), (0, 0, 0), (0, 4, 0)))
    assert found.space == pytest.approx(90) and found.level == pytest.approx(90)
    assert angle(p((0, 0, 0), (3, 0, 0), (0, 4, 0))).space == pytest.approx(
        math.degrees(math.atan2(4, 3))
    )
    tilted = angle(p((1, 0, 1), (0, 0, 0), (1, 0, 0)))
    assert tilted.space == pytest.approx(45) and tilted.level == pytest.approx(0)
    assert math.isnan(angle(p((0, 0, 5), (0, 0, 0), (1, 0, 0))).level)
    assert bearing(np.zeros(3), np.array([1.0, 0, 0])) == 90
    assert bearing(np.zeros(3), np.array([-1.0, 0, 0])) == 270


@pytest.mark.parametrize("bad", [p((0, 0)), p((0, 0, math.nan)), np.zeros((2, 3, 1))])
def test_what_is_no_point_is_refused(bad):
    with pytest.raises(CityError):
        lengths(bad)


# -- scale ----------------------------------------------------------------------------------------


def test_scale_on_the_central_meridian_is_the_one_of_the_register():
    assert grid_factor("EPSG:3405", 500_000, 2_326_000) == pytest.approx(0.9996, abs=1e-9)
    assert grid_factor("EPSG:5899", 500_000, 2_326_000) == pytest.approx(0.9999, abs=1e-9)
    # R is 6 356 000 m within 0.5 % at 21° N: 1 000 m up, the map is short by 1.57 in 10 000.
    high = grid_factor("EPSG:3405", 500_000, 2_326_000, 1000.0)
    assert high == pytest.approx(0.9996 * (1 - 1000 / 6_357_000), abs=2e-7)
    assert grid_factor("EPSG:4326", 105.8, 21.0) == 1.0


@pytest.mark.parametrize("crs", ["EPSG:5897", "EPSG:3405", "EPSG:9211"])
def test_ground_lengths_are_those_of_the_ellipsoid(crs):
    line = p((580_000, 2_320_000, 0), (583_000, 2_324_000, 0), (583_000, 2_325_000, 0))
    to = Transformer.from_crs(crs, "EPSG:4756", always_xy=True)
    lon, lat = to.transform(line[:, 0], line[:, 1])
    _, _, geodesic = Geod(ellps="WGS84").inv(lon[:-1], lat[:-1], lon[1:], lat[1:])
    found = ground_lengths(crs, line)
    assert found == pytest.approx(geodesic, rel=1e-7)
    assert abs(found[0] - 5000) > 0.05  # 3-4-5 on the map, not on the ground


# -- accuracy -------------------------------------------------------------------------------------


def test_digits_follow_the_spread():
    assert [accuracy.digits(s) for s in (0.003, 0.03, 0.1, 0.3, 1, 3, 40)] == [2, 2, 1, 1, 0, 0, 0]
    assert accuracy.rounded(1234.0, 40.0) == 1230 and accuracy.rounded(1234.0, 4.0) == 1234
    assert accuracy.digits(math.nan) == 0 and accuracy.digits(0.0) == 2


def test_errors_add_up_as_squares():
    assert accuracy.of_length(np.array([0.3, 0.4])) == pytest.approx(0.5)
    assert accuracy.of_length(np.array([0.3, 0.5, 0.4])) == pytest.approx(math.sqrt(0.75))
    square = p((0, 0, 0), (10, 0, 0), (10, 10, 0), (0, 10, 0))
    # Each corner moves the area by half the diagonal, 7.07 m, times 0.1 m; four of them.
    assert accuracy.of_area(square, np.full(4, 0.1)) == pytest.approx(math.sqrt(2))
    corner = p((10, 0, 0), (0, 0, 0), (0, 10, 0))
    expected = math.degrees(math.sqrt(0.01**2 + 0.01**2 + (0.1 * math.sqrt(200) / 100) ** 2))
    assert accuracy.of_angle(corner, np.full(3, 0.1)) == pytest.approx(expected)


def test_a_pixel_far_away_is_less_sure_than_the_data():
    known = accuracy.spread_at(houses([(0, 0, 1, 1)], [5.0], rmse=0.2), 0)
    assert known == pytest.approx((0.5, 0.2))
    guessed = accuracy.spread_at(houses([(0, 0, 1, 1)], [5.0], method="default"), 0)
    assert guessed[1] == 5.0
    assert accuracy.with_pixel((0.3, 0.0), 0.8) == pytest.approx((0.5, 0.4))
    assert accuracy.spread_at(slope(0.0, cell=2.0), 0)[0] == 1.0


# -- profiles -------------------------------------------------------------------------------------


def test_a_profile_meets_ground_and_houses_where_they_stand():
    layer = houses(
        [(10, 0, 20, 10), (30, 0, 40, 10), (10, 20, 20, 30)], [6.0, 9.0, 3.0], ground=2.0
    )
    cut = profile(p((5, 5), (45, 5)), slope(0.5), [layer])
    assert [b.id for b in cut.blocks] == ["h0", "h1"]
    assert [b.at.tolist() for b in cut.blocks] == [[5.0, 15.0], [25.0, 35.0]]
    assert [float(b.top[0]) for b in cut.blocks] == [8.0, 11.0]
    assert cut.ground_at(10.0) == pytest.approx(7.5, abs=1e-5)  # 15 m from the edge, 1 in 2
    assert cut.top_at(30.0) == 11.0 and math.isnan(cut.top_at(20.0))
    assert cut.place_at(10.0) == (15.0, 5.0)


def test_a_profile_around_a_corner_counts_metres_on():
    layer = houses([(10, 20, 20, 30)], [6.0])
    cut = profile(p((5, 5), (15, 5), (15, 45)), None, [layer])
    assert cut.at[-1] == 50.0 and 10.0 in cut.at
    assert cut.blocks[0].at.tolist() == [25.0, 35.0]
    assert np.isnan(cut.ground).all()


def test_a_profile_follows_the_roof_of_a_model():
    # A ridge 10 m up along x = 5 over a floor of 10 × 10 m with eaves at 6 m.
    v = [(0, 0, 6), (5, 0, 10), (10, 0, 6), (0, 10, 6), (5, 10, 10), (10, 10, 6)]
    faces = [(0, 1, 4), (0, 4, 3), (1, 2, 5), (1, 5, 4)]
    model = SolidBatch(
        origin=(100.0, 200.0, 3.0), vertices=np.array(v, np.float32),
        triangles=np.array(faces, np.int32), face_solid=np.zeros(4, np.int32),
        face_kind=np.full(4, ROOF, np.uint8),
    )  # fmt: skip
    layer = houses([(100, 200, 110, 210)], [10.0], ground=3.0, model=model, method="model")
    cut = profile(p((95, 205), (115, 205)), None, [layer])
    assert cut.top_at(10.0) == pytest.approx(13.0, abs=0.3)
    assert cut.top_at(7.5) == pytest.approx(11.0, abs=0.3)
    assert cut.top_at(5.1) == pytest.approx(9.08, abs=0.3)


def test_a_profile_of_one_point_is_refused():
    with pytest.raises(CityError, match="two different points"):
        profile(p((5, 5), (5, 5)), None)
