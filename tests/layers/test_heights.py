"""The ladder: which measure gives a building its height, and what is said about it."""

from __future__ import annotations

import pickle
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
import shapely
from shapely import LineString, MultiPolygon, Polygon, box

from layers.builders import inside
from layers.builders.heights import LadderOptions, build_buildings
from layers.builders.inside import cells_inside, points_inside
from layers.builders.outlines import footprints_from_heights, footprints_from_points
from layers.builders.roofs import heights_of_chunk
from layers.errors import CityError
from layers.kinds.buildings import METHODS
from layers.kinds.elevation import ElevationLayer
from layers.kinds.features import FeatureLayer
from layers.kinds.pointcloud import PointCloudLayer

CRS = "EPSG:3405"


def features(*geometries: object, **columns: object) -> FeatureLayer:
    array = np.empty(len(geometries), dtype=object)
    array[:] = geometries
    return FeatureLayer(
        id="f",
        name="Outlines",
        crs=CRS,
        geometry=array,
        role="footprints",
        columns={name: np.array(values, dtype=object) for name, values in columns.items()},
    )


def raster(heights: object, *, surface: str = "ground", west=0.0, north=40.0, cell=1.0):
    return ElevationLayer(
        id=surface,
        name=surface,
        crs=CRS,
        heights=heights,
        west=west,
        north=north,
        cell_x=cell,
        cell_y=cell,
        surface=surface,
        vertical="Hòn Dấu" if surface == "ground" else "",
    )


def cloud(xyz: np.ndarray, classes: object | None) -> PointCloudLayer:
    return PointCloudLayer(
        id="p", name="Points", crs=CRS, offset=(0.0, 0.0, 0.0), xyz=xyz, classification=classes
    )


def roof(x: float, y: float, size: float, heights: np.ndarray) -> np.ndarray:
    """Points on a square lattice inside a roof of `size` metres, heights in any order."""
    side = int(np.sqrt(len(heights)))
    place = (np.arange(side) + 0.5) / side * (size - 1) + 0.5
    xx, yy = np.meshgrid(x + place, y + place)
    return np.column_stack([xx.ravel(), yy.ravel(), heights])


def methods(layer) -> list[str]:
    return [METHODS[m] for m in layer.method.tolist()]


def codes(layer) -> dict[str, int]:
    return {n.code: n.count for n in layer.notices}


FLAT = raster(np.full((40, 40), 2.0, np.float32))


def test_lidar_gives_the_70th_percentile_over_the_lowest_ground() -> None:
    # 101 × 101 points would be needed for whole percentiles; 0…99 on 10 × 10 is linear between
    heights = np.arange(100.0) / 10 + 5
    building = features(box(10, 10, 20, 20))
    points = [cloud(roof(10, 10, 10, heights), np.full(100, 6))]
    layer = build_buildings(building, points=points, ground=FLAT)
    top = 5 + 0.7 * 9.9  # numpy's linear percentile of 0, 0.1 … 9.9
    assert layer.ground[0] == pytest.approx(2.0)
    assert layer.height[0] == pytest.approx(top - 2.0, abs=1e-4)
    assert layer.points[0] == 100
    assert layer.rmse[0] == pytest.approx(np.sqrt(np.mean((heights - top) ** 2)), abs=1e-4)
    assert methods(layer) == ["lidar"]
    assert layer.vertical == "Hòn Dấu"
    assert codes(layer) == {"heights-lidar": 1}


def test_each_building_takes_the_first_rung_that_knows() -> None:
    outlines = [box(x, y, x + 6, y + 6) for y in (2, 12, 22) for x in (2, 12)]
    layer = features(
        *outlines,
        height=[None, None, None, "12,5", None, None],
        so_tang=[2, 3, 4, None, 4, None],
        congNang=["nhà ở", None, "chợ", None, None, None],
    )
    lidar = cloud(roof(2, 2, 6, np.full(16, 9.0)), np.full(16, 6))
    surface = np.full((40, 40), 2.0, np.float32)
    surface[40 - 8 : 40 - 2, 12:18] = 10.0  # second outline, y 2…8
    built = build_buildings(
        layer,
        points=[lidar],
        ground=FLAT,
        surface=raster(surface, surface="surface"),
        options=LadderOptions(floor_height_m=3.0, default_height_m=7.0, least_points=10),
    )
    assert methods(built) == ["lidar", "dsm", "floors", "attribute", "floors", "default"]
    assert built.height.tolist() == pytest.approx([7.0, 8.0, 12.0, 12.5, 12.0, 7.0])
    assert built.floors.tolist() == [2, 3, 4, 0, 4, 0]
    assert built.use.tolist() == ["nhà ở", "", "chợ", "", "", ""]
    assert np.isnan(built.rmse[2:]).all() and built.rmse[0] == 0
    assert built.points.tolist() == [16, 16, 0, 0, 0, 0]  # 6 × 6 cells drawn in by half a cell
    counted = codes(built)
    assert counted["heights-floors"] == 2 and counted["heights-default"] == 1
    assert counted["surface-without-building"] == 4


def test_too_few_points_fall_to_the_next_rung() -> None:
    nine = cloud(roof(10, 10, 10, np.full(9, 12.0)), np.full(9, 6))
    layer = build_buildings(features(box(10, 10, 20, 20)), points=[nine], ground=FLAT)
    assert methods(layer) == ["default"] and layer.points[0] == 0


def test_points_on_walls_count_only_where_there_are_no_others() -> None:
    ring = np.array([(10.1, 10 + k * 0.5, 9.0) for k in range(1, 19)])
    inner = roof(10, 10, 10, np.full(100, 12.0))
    both = cloud(np.vstack([ring, inner]), np.full(118, 6))
    building = features(box(10, 10, 20, 20))
    assert build_buildings(building, points=[both], ground=FLAT).height[0] == pytest.approx(10)
    assert build_buildings(building, points=[both], ground=FLAT).points[0] == 100
    alone = build_buildings(building, points=[cloud(ring, np.full(18, 6))], ground=FLAT)
    assert methods(alone) == ["lidar"] and alone.height[0] == pytest.approx(7)


def test_unclassified_points_count_above_two_metres_and_that_is_said() -> None:
    roofs = roof(10, 10, 10, np.full(100, 8.0))
    car = roof(10, 10, 10, np.full(100, 3.0))  # 1 m above ground
    layer = build_buildings(
        features(box(10, 10, 20, 20)), points=[cloud(np.vstack([roofs, car]), None)], ground=FLAT
    )
    assert layer.height[0] == pytest.approx(6.0) and layer.points[0] == 100
    assert codes(layer)["roofs-unclassified"] == 1


def test_trees_over_a_roof_do_not_count_where_roofs_are_classified() -> None:
    roofs, tree = roof(10, 10, 10, np.full(100, 8.0)), roof(10, 10, 10, np.full(100, 20.0))
    classes = np.repeat([6, 1], 100)
    layer = build_buildings(
        features(box(10, 10, 20, 20)),
        points=[cloud(np.vstack([roofs, tree]), classes)],
        ground=FLAT,
    )
    assert layer.height[0] == pytest.approx(6.0)


def test_heights_on_a_slope_start_at_its_lower_side() -> None:
    rows = np.arange(40.0)[:, None] * 0.5 * np.ones((1, 40))  # falls to the north, 0.5 m per metre
    terrain = raster(rows.astype(np.float32))
    surface = rows.copy()
    surface[20:30, 10:20] = 30.0  # y 10…20
    layer = build_buildings(
        features(box(10, 10, 20, 20)),
        ground=terrain,
        surface=raster(surface.astype(np.float32), surface="surface"),
    )
    # at y = 20 the ground is between rows 19 and 20: 9.75; the 5th percentile lies a little above
    assert 9.75 <= layer.ground[0] <= 9.75 + 0.05 * 5 + 1e-6
    assert layer.ground[0] + layer.height[0] == pytest.approx(30.0)


def test_a_raster_of_heights_above_ground_stands_on_the_terrain() -> None:
    above = np.zeros((40, 40), np.float32)
    above[20:30, 10:20] = 14.0
    layer = build_buildings(
        features(box(10, 10, 20, 20), box(25, 25, 35, 35)),
        ground=FLAT,
        above_ground=raster(above, surface="buildings-above-ground"),
    )
    assert layer.height.tolist() == pytest.approx([14.0, 9.9])
    assert methods(layer) == ["dsm", "default"]
    assert codes(layer)["surface-without-building"] == 1


def test_an_outline_half_outside_the_raster_is_not_measured_there() -> None:
    surface = np.full((40, 40), 30.0, np.float32)
    layer = build_buildings(
        features(box(38, 10, 58, 20)), ground=FLAT, surface=raster(surface, surface="surface")
    )
    assert methods(layer) == ["default"]


def test_thicknesses_are_not_taken_for_metres() -> None:
    shapes = [box(x, 0, x + 5, 5) for x in range(0, 30, 10)]
    layer = build_buildings(features(*shapes, height=[0.6, 1.2, 2.5]))
    assert methods(layer) == ["default"] * 3
    assert "height-not-metres" in codes(layer) and codes(layer)["ground-flat"] == 3


def test_what_is_no_area_is_left_out_and_counted() -> None:
    bow_tie = Polygon([(0, 0), (10, 10), (10, 0), (0, 10)])
    layer = build_buildings(
        features(
            LineString([(0, 0), (1, 1)]),
            box(20, 0, 30, 10),
            bow_tie,
            Polygon([(0, 0, 5), (4, 0, 5), (4, 4, 5)]),
        )
    )
    assert layer.count == 3
    assert codes(layer)["outlines-dropped"] == 1 and codes(layer)["outlines-repaired"] == 1
    assert shapely.is_valid(layer.footprints).all() and not shapely.has_z(layer.footprints).any()
    assert layer.footprints[1].area == pytest.approx(50)  # two triangles of 25 m²


def test_ids_come_from_their_column_and_stay_unique() -> None:
    shapes = [box(x, 0, x + 5, 5) for x in range(0, 50, 10)]
    layer = build_buildings(
        features(*shapes, ma=["A", "A", None, "A-2", "A"]), options=LadderOptions(id_column="ma")
    )
    assert layer.ids[0] == "A" and layer.ids[2] == "row-3" and layer.ids[3] == "A-2"
    assert len(set(layer.ids.tolist())) == 5
    assert codes(layer)["ids-repeated"] == 2
    assert build_buildings(features(*shapes)).ids.tolist() == ["1", "2", "3", "4", "5"]


def test_the_ground_of_the_nearest_serves_where_terrain_ends() -> None:
    layer = build_buildings(features(box(10, 10, 20, 20), box(100, 10, 110, 20)), ground=FLAT)
    assert layer.ground.tolist() == [2.0, 2.0]
    assert codes(layer)["ground-missing"] == 1


def test_wrong_requests_are_refused_in_words() -> None:
    with pytest.raises(CityError, match="no outlines"):
        build_buildings(features(LineString([(0, 0), (1, 1)])))
    with pytest.raises(CityError, match="EPSG:4326"):
        build_buildings(features(box(0, 0, 1, 1)), ground=replace(FLAT, crs="EPSG:4326"))
    with pytest.raises(CityError, match="no column “cao”"):
        build_buildings(features(box(0, 0, 1, 1)), options=LadderOptions(height_column="cao"))


def test_points_and_areas_meet_as_brute_force_says(monkeypatch) -> None:
    random = np.random.default_rng(3)
    xy = random.uniform(0, 100, (4000, 2))
    areas = np.array(
        [shapely.Point(*random.uniform(0, 100, 2)).buffer(random.uniform(1, 12)) for _ in range(60)]
        + [MultiPolygon([box(0, 0, 9, 9), box(50, 50, 60, 61)]), Polygon(), box(200, 0, 210, 5)],
        dtype=object,
    )
    wanted = {(a, p) for a in range(len(areas)) for p in np.flatnonzero(
        shapely.contains_xy(areas[a], xy[:, 0], xy[:, 1]))}  # fmt: skip
    for most in (2_000_000, 500):  # in one block, and in many
        monkeypatch.setattr(inside, "MOST_PAIRS", most)
        blocks = list(points_inside(areas, xy))
        found = [
            (int(a), int(p)) for owner, point in blocks for a, p in zip(owner, point, strict=True)
        ]
        assert len(found) == len(set(found))
        assert set(found) == wanted
    assert len(blocks) > 5


def test_cells_and_areas_meet_as_brute_force_says() -> None:
    grid = raster(np.zeros((30, 25), np.float32), west=-5.0, north=20.0, cell=2.0)
    areas = np.array([shapely.Point(10, 0).buffer(9), box(-9, -9, 0, 0), box(90, 0, 99, 9)], object)
    found = {
        (int(a), int(c))
        for owner, cell in cells_inside(areas, grid)
        for a, c in zip(owner, cell, strict=True)
    }
    wanted = {
        (a, r * 25 + c)
        for a in range(3)
        for r in range(30)
        for c in range(25)
        if areas[a].contains(shapely.Point(-5 + (c + 0.5) * 2, 20 - (r + 0.5) * 2))
    }
    assert found == wanted


def test_a_chunk_of_work_travels_to_another_process() -> None:
    points = roof(10, 10, 10, np.full(100, 8.0))
    job = ([box(10, 10, 20, 20).wkb, box(90, 0, 95, 5).wkb], points)
    pickle.loads(pickle.dumps(heights_of_chunk))
    with ProcessPoolExecutor(1) as pool:
        found = pool.submit(heights_of_chunk, *job).result()
    assert found.top[0] == 8.0 and np.isnan(found.top[1])
    assert found.points.tolist() == [100, 0]


def test_outlines_are_drawn_from_a_raster_of_heights() -> None:
    above = np.zeros((60, 60), np.float32)
    above[10:30, 10:30] = 9.0  # 20 × 20 m
    above[40:50, 20:50] = 6.0  # 30 × 10 m
    above[5, 50] = 8.0  # a single cell: a lamp
    layer = footprints_from_heights(raster(above, surface="buildings-above-ground", north=60.0))
    assert sorted(shapely.area(layer.geometry).round().tolist()) == pytest.approx(
        [300, 400], rel=0.05
    )
    assert layer.role == "footprints" and layer.notices[0].code == "outlines-derived"
    built = build_buildings(layer, above_ground=raster(above, north=60.0))
    assert sorted(built.height.tolist()) == [6.0, 9.0]


def test_a_tower_does_not_lend_its_height_to_its_block() -> None:
    above = np.zeros((60, 60), np.float32)
    above[10:50, 10:50] = 9.0
    above[20:35, 20:35] = 60.0
    layer = footprints_from_heights(raster(above, north=60.0))
    areas = sorted(shapely.area(layer.geometry).tolist())
    assert areas == pytest.approx([225, 1600 - 225], rel=0.06)
    mine, other = layer.geometry
    assert mine.intersection(other).area < 1e-6


def test_outlines_are_drawn_from_roof_points() -> None:
    house = roof(20, 20, 16, np.full(1600, 7.0))
    stray = np.array([[60.0, 60.0, 9.0]])
    ground = roof(0, 0, 60, np.full(900, 1.0))
    classes = np.repeat([6, 6, 2], [1600, 1, 900])
    layer = footprints_from_points([cloud(np.vstack([house, stray, ground]), classes)])
    assert layer.count == 1
    assert layer.geometry[0].symmetric_difference(box(20.5, 20.5, 35.5, 35.5)).area < 40
    assert layer.columns["points"].tolist()[0] > 1400
    with pytest.raises(CityError, match="class 6"):
        footprints_from_points([cloud(ground, np.full(900, 2))])
    with pytest.raises(CityError, match=r"2\.5 m high"):
        footprints_from_heights(raster(np.zeros((9, 9))))


def delft(data):
    import laspy
    import pyogrio

    clouds = []
    for path in sorted((data / "delft" / "lidar").glob("*.laz")):
        las = laspy.read(path)
        offset = (float(np.floor(las.x.min())), float(np.floor(las.y.min())), 0.0)
        clouds.append(
            PointCloudLayer(
                id=path.stem,
                name=path.name,
                crs="EPSG:28992",
                offset=offset,
                xyz=np.column_stack([las.x, las.y, las.z]) - offset,
                classification=np.asarray(las.classification),
            )
        )
    frame = pyogrio.read_dataframe(data / "delft" / "bgt_delft.gpkg", layer="pand")
    outlines = FeatureLayer(
        id="pand",
        name="pand",
        crs="EPSG:28992",
        geometry=np.asarray(frame.geometry.values),
        columns={"identificatiebagpnd": frame["identificatiebagpnd"].to_numpy(dtype=object)},
        role="footprints",
        id_column="identificatiebagpnd",
    )
    return clouds, outlines


@pytest.mark.data
def test_delft_is_measured_as_its_survey_says(data) -> None:
    from layers.builders.solids import open_edges, solids_of, volumes

    clouds, outlines = delft(data)
    layer = build_buildings(outlines, points=clouds)
    assert layer.count == 160
    assert methods(layer).count("lidar") >= 155
    batch = solids_of(layer, origin=(85000.0, 447500.0, 0.0))
    assert not open_edges(batch, count=160).any()
    assert (volumes(batch, count=160) > 0).all()
    assert np.isfinite(layer.rmse).sum() >= 155 and 0 < np.nanmedian(layer.rmse) < 2.5

    # what the data's own description measured with other means: every point on the whole outline
    roofs = np.vstack([c.world()[c.classification == 6] for c in clouds])
    top = heights_of_chunk([g.wkb for g in layer.footprints], roofs, percentile=90, shrink=0)
    assert (top.points >= 10).all()
    measured = [top.top.min(), np.median(top.top), top.top.max()]
    assert measured == pytest.approx([2.4, 8.2, 13.8], abs=0.051)


@pytest.mark.data
def test_goteborg_is_measured_from_its_rasters(data) -> None:
    import pyogrio
    import rasterio

    def read(name: str, surface: str) -> ElevationLayer:
        with rasterio.open(data / "goteborg" / name) as file:
            band, place = file.read(1).astype(np.float32), file.transform
        band[band < -1e30] = np.nan
        grid = raster(band, surface=surface, west=place.c, north=place.f, cell=place.a)
        return replace(grid, crs="EPSG:3007")

    frame = pyogrio.read_dataframe(data / "goteborg" / "buildings.shp")
    outlines = replace(features(*frame.geometry.values), crs="EPSG:3007")
    layer = build_buildings(
        outlines, ground=read("DEM_KRbig.tif", "ground"), surface=read("DSM_KRbig.tif", "surface")
    )
    measured = methods(layer).count("dsm")
    assert 25 <= measured <= 41  # 25 lie inside the raster, 41 touch it; some have no building
    assert codes(layer)["surface-without-building"] >= 1
    assert codes(layer)["ground-missing"] == pytest.approx(137 - 41, abs=2)
    assert 3 < np.median(layer.height[layer.method == 1]) < 25
