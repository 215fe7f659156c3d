"""Areas and lines on the ground."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from shapely import LineString, MultiLineString, MultiPolygon, Point, Polygon, box

from layers.builders.drape import SurfaceBatch, drape_areas, drape_lines
from layers.builders.ground import sample
from layers.builders.ribbons import ROAD_WIDTH_M, ribbons, road_width
from layers.errors import CityError
from layers.kinds.elevation import ElevationLayer

ORIGIN = (500.0, 1000.0, 10.0)


def objects(*geometries: object) -> np.ndarray:
    array = np.empty(len(geometries), dtype=object)
    array[:] = geometries
    return array


def terrain(function) -> ElevationLayer:
    """100 × 100 m from (500, 1000), cells of 1 m."""
    x, y = np.meshgrid(500.5 + np.arange(100), 1099.5 - np.arange(100))
    return ElevationLayer(
        id="t", name="T", crs="EPSG:5897", heights=function(x, y).astype(np.float32),
        west=500.0, north=1100.0, cell_x=1.0, cell_y=1.0,
    )  # fmt: skip


def areas_of(batch: SurfaceBatch) -> np.ndarray:
    a, b, c = (batch.vertices[batch.triangles[:, k], :2].astype(float) for k in range(3))
    return ((b - a)[:, 0] * (c - a)[:, 1] - (b - a)[:, 1] * (c - a)[:, 0]) / 2


PARK = Polygon(
    [(510, 1010), (560, 1012), (555, 1060), (530, 1040), (512, 1070)],
    [[(525, 1020), (540, 1020), (540, 1030), (525, 1030)]],
)


def test_areas_keep_their_size_and_look_up() -> None:
    hilly = terrain(lambda x, y: 3 * np.sin(x / 9) + 2 * np.cos(y / 7))
    square = box(570, 1010, 590, 1090)
    batch = drape_areas(objects(PARK, square), hilly, origin=ORIGIN)
    size = areas_of(batch)
    assert (size > 0).all()
    by_row = np.bincount(batch.face_row, size)
    assert by_row == pytest.approx([PARK.area, 20 * 80], rel=1e-4)
    assert (np.diff(batch.face_row) >= 0).all()


def test_areas_follow_the_ground() -> None:
    hilly = terrain(lambda x, y: 3 * np.sin(x / 9) + 2 * np.cos(y / 7))
    batch = drape_areas(objects(PARK), hilly, origin=ORIGIN, lift=0.05)
    corners = batch.vertices[batch.triangles].astype(float)
    # between the corners too: at the middles of the triangles and of their sides
    weights = np.array([[1, 1, 1], [3, 3, 0], [0, 3, 3], [3, 0, 3]]) / [[3], [6], [6], [6]]
    middle = np.einsum("kc,tcx->tkx", weights, corners).reshape(-1, 3) + ORIGIN
    off = middle[:, 2] - sample(hilly, middle[:, :2]) - 0.05
    assert np.abs(off).max() < 0.1  # 3 m chords over waves of 57 and 44 m: sagitta 3²/8 × 3/81
    assert batch.vertices[:, 2] + 10.0 == pytest.approx(
        sample(hilly, batch.vertices[:, :2] + np.array([500.0, 1000.0])) + 0.05, abs=1e-3
    )


def test_even_ground_is_cut_coarsely_and_rough_ground_finely() -> None:
    slope = terrain(lambda x, y: x / 20 + y / 30)
    hill = terrain(
        lambda x, y: x / 20 + y / 30 + 4 * np.exp(-((x - 560) ** 2 + (y - 1060) ** 2) / 50)
    )
    square = objects(box(504, 1004, 598, 1098))
    even = drape_areas(square, slope, origin=ORIGIN)
    rough = drape_areas(square, hill, origin=ORIGIN)
    # 94 m in fields of 48 m or so, against 3 m fields on 16 m around the hill
    assert len(even.triangles) < 60 < 2 * len(even.triangles) + 60 < len(rough.triangles)
    assert areas_of(rough).sum() == pytest.approx(94 * 94, rel=1e-4)
    middle = rough.vertices[rough.triangles].astype(float).mean(axis=1) + ORIGIN
    assert np.abs(middle[:, 2] - sample(hill, middle[:, :2]) - 0.05).max() < 0.35


def test_ground_with_holes_is_not_taken_for_flat() -> None:
    holed = terrain(lambda x, y: np.where((x > 540) & (x < 550), np.nan, 5.0))
    batch = drape_areas(objects(box(510, 1010, 590, 1090)), holed, origin=ORIGIN)
    assert np.isfinite(batch.vertices).all()
    assert areas_of(batch).sum() == pytest.approx(6400, rel=1e-4)


def test_a_quick_cut_that_loses_area_is_done_again(monkeypatch) -> None:
    monkeypatch.setattr(
        "layers.builders.drape.shapely.clip_by_rect",
        lambda areas, *_: np.full(len(areas), Polygon(), dtype=object),
    )
    level = terrain(lambda x, y: 0 * x)
    batch = drape_areas(objects(PARK), level, origin=ORIGIN)
    assert areas_of(batch).sum() == pytest.approx(PARK.area, rel=1e-4)


def test_flat_ground_needs_no_cutting() -> None:
    batch = drape_areas(objects(box(500, 1000, 900, 1400)), None, origin=ORIGIN, lift=0.05)
    assert len(batch.triangles) == 2
    assert batch.vertices[:, 2] == pytest.approx(np.full(4, 0.05 - 10))


def test_beyond_the_terrain_the_last_height_holds() -> None:
    level = terrain(lambda x, y: 0 * x + 42)
    batch = drape_areas(objects(box(590, 1050, 640, 1060)), level, origin=ORIGIN, lift=0.0)
    assert batch.vertices[:, 2] == pytest.approx(np.full(len(batch.vertices), 32.0))
    assert areas_of(batch).sum() == pytest.approx(500)


def test_a_vast_area_stays_within_its_budget(monkeypatch) -> None:
    monkeypatch.setattr("layers.builders.mesh_cut.MOST_PIECES", 2000)
    level = terrain(lambda x, y: 0 * x)
    batch = drape_areas(objects(box(0, 0, 20_000, 20_000)), level, origin=ORIGIN)
    assert len(batch.triangles) < 3 * 2000 * 2
    assert areas_of(batch).sum() == pytest.approx(4e8, rel=1e-5)


def test_only_areas_and_only_lines_are_drawn_and_rows_stay() -> None:
    mixed = objects(
        Point(0, 0), box(0, 0, 2, 2), LineString([(0, 0), (9, 0)]),
        MultiPolygon([box(5, 0, 6, 1), box(8, 0, 9, 1)]), MultiLineString([[(0, 5), (4, 5)]]),
    )  # fmt: skip
    assert set(drape_areas(mixed, None, origin=(0, 0, 0)).face_row.tolist()) == {1, 3}
    lines = drape_lines(mixed, [1, 1, 2, 1, 3], None, origin=(0, 0, 0))
    assert np.bincount(lines.face_row, areas_of(lines)) == pytest.approx([0, 0, 18, 0, 12])


def test_a_straight_road_is_a_strip_of_its_width() -> None:
    batch = drape_lines(objects(LineString([(0, 0), (10, 0)])), 4.0, None, origin=(0, 0, 0))
    assert sorted(map(tuple, batch.vertices[:, :2].tolist())) == [
        (0, -2), (0, 2), (10, -2), (10, 2),
    ]  # fmt: skip
    assert areas_of(batch).tolist() == [20.0, 20.0]


def test_a_right_angle_is_mitred_to_the_outer_corner() -> None:
    # by hand: width 2, turning left at (10, 0): inner corner (9, 1), outer corner (11, −1)
    xy, triangles, line = ribbons(objects(LineString([(0, 0), (10, 0), (10, 10)])), np.array([2.0]))
    assert xy[2] == pytest.approx([9, 1]) and xy[3] == pytest.approx([11, -1])
    assert len(triangles) == 4 and line.tolist() == [0] * 4
    joined = shapely.union_all(shapely.polygons(xy[triangles]))
    # each half: 11 m along the outside, 9 m along the inside, 2 m wide
    assert joined.area == pytest.approx(2 * (11 + 9) / 2 * 2)


def test_a_hairpin_does_not_shoot_out() -> None:
    for ring in ([(0, 0), (10, 0), (0, 0.01)], [(0, 0), (10, 0), (0, 0)]):
        xy, _, _ = ribbons(objects(LineString(ring)), np.array([2.0]))
        assert np.isfinite(xy).all()
        assert np.abs(xy - [5, 0]).max() <= 5 + 2.0 + 1e-6  # mitre limit 2 × half a width


def test_repeated_corners_and_dots_do_no_harm() -> None:
    lines = objects(
        LineString([(0, 0), (0, 0), (5, 0), (5, 0), (9, 0)]),
        LineString([(3, 3), (3, 3)]),
        LineString([(0, 9), (4, 9)]),
    )
    xy, triangles, line = ribbons(lines, np.array([1.0, 1.0, 1.0]))
    assert np.isfinite(xy).all()
    size = shapely.area(shapely.polygons(xy[triangles]))
    assert np.bincount(line, size) == pytest.approx([9, 0, 4])
    assert len(ribbons(objects(), np.array([]))[1]) == 0


def test_roads_follow_the_ground() -> None:
    hilly = terrain(lambda x, y: 3 * np.sin(x / 9))
    road = LineString([(505, 1050), (595, 1050)])
    batch = drape_lines(objects(road), 6.0, hilly, origin=ORIGIN, lift=0.08)
    assert len(batch.triangles) >= 2 * 30
    middle = batch.vertices[batch.triangles].astype(float).mean(axis=1) + ORIGIN
    assert np.abs(middle[:, 2] - 0.08 - 3 * np.sin(middle[:, 0] / 9)).max() < 0.1


def test_a_width_of_nothing_is_refused() -> None:
    with pytest.raises(CityError, match="width above zero"):
        drape_lines(objects(LineString([(0, 0), (1, 0)])), 0.0, None, origin=(0, 0, 0))


def test_a_road_takes_its_own_width_then_its_lanes_then_its_class() -> None:
    columns = {
        "highway": np.array(["primary", "primary", "residential", "unheard", None], dtype=object),
        "lanes": np.array([None, "4", None, None, None], dtype=object),
        "Bề rộng": np.array([None, None, "3,5 m", "0", None], dtype=object),
    }
    assert road_width(columns, count=5).tolist() == [ROAD_WIDTH_M["primary"], 13.0, 3.5, 5.0, 5.0]
    assert road_width({}, count=2).tolist() == [5.0, 5.0]


@pytest.mark.data
def test_delft_lies_on_its_ground(data) -> None:
    import pyogrio

    frame = pyogrio.read_dataframe(data / "delft" / "bgt_delft.gpkg", layer="begroeidterreindeel")
    shapes = np.asarray(frame.geometry.values)
    west, _, _, north = shapely.total_bounds(shapes)
    ground = ElevationLayer(
        id="t", name="T", crs="EPSG:28992", west=west - 10, north=north + 10, cell_x=1.0,
        cell_y=1.0, heights=np.fromfunction(lambda r, c: c * 0.02 + r * 0.01, (500, 900)),
    )  # fmt: skip
    batch = drape_areas(shapes, ground, origin=(west, north, 0.0))
    assert np.bincount(batch.face_row, areas_of(batch)) == pytest.approx(
        shapely.area(shapes), abs=0.05
    )
