"""Health of real data, with the counts found again by another way."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import geopandas
import numpy as np
import pytest

from layers.builders.heights import build_buildings
from layers.health.assess import assess
from layers.health.records import GRADES, Assessment
from layers.kinds.elevation import ElevationLayer
from layers.kinds.features import FeatureLayer
from layers.kinds.pointcloud import PointCloudLayer
from layers.readers.registry import ReadOptions, read

pytestmark = pytest.mark.data
TODAY = date(2026, 6, 1)


def outlines(path: Path, layer: str = "") -> FeatureLayer:
    found = read(path, ReadOptions(role="footprints", layer=layer))[0]
    assert isinstance(found, FeatureLayer)
    return found


def grid(path: Path, surface: str) -> ElevationLayer:
    (found,) = read(path, ReadOptions(role=surface))
    assert isinstance(found, ElevationLayer)
    return found


def count(one: Assessment, code: str) -> int:
    return sum(issue.count for issue in one.issues if issue.code == code)


@pytest.fixture(scope="module")
def hoan_kiem_file(data) -> Path:
    return data / "hanoi" / "hoan_kiem" / "buildings.shp"


@pytest.fixture(scope="module")
def hoan_kiem(hoan_kiem_file) -> Assessment:
    return assess(outlines(hoan_kiem_file), today=TODAY)


def test_hoan_kiem_has_75_slivers_and_49_blocks(hoan_kiem, hoan_kiem_file):
    areas = geopandas.read_file(hoan_kiem_file).area
    assert count(hoan_kiem, "slivers") == (areas < 1).sum() == 75
    assert count(hoan_kiem, "oversized-outlines") == (areas > 5000).sum() == 49
    assert len(hoan_kiem.issue("slivers").where) == 75


def test_hoan_kiem_has_about_2100_overlapping_pairs(hoan_kiem, hoan_kiem_file):
    frame = geopandas.read_file(hoan_kiem_file)[["geometry"]].force_2d().to_frame("geometry")
    pairs = frame.sjoin(frame, predicate="intersects")
    pairs = pairs[pairs.index < pairs.index_right]
    left = frame.geometry.loc[pairs.index].reset_index(drop=True)
    right = frame.geometry.loc[pairs.index_right].reset_index(drop=True)
    expected = int((~left.touches(right)).sum())
    assert count(hoan_kiem, "overlapping-outlines") == expected
    assert 2000 <= expected <= 2200
    shared = left.intersection(right).area
    assert count(hoan_kiem, "ground-built-twice") == int((shared > 1).sum())


def test_hoan_kiem_says_where_its_outlines_overlap(hoan_kiem, hoan_kiem_file):
    frame = geopandas.read_file(hoan_kiem_file)[["geometry"]]
    where = hoan_kiem.issue("overlapping-outlines").where
    assert len(where) == 1000
    places = geopandas.GeoDataFrame(
        geometry=geopandas.points_from_xy(*zip(*where, strict=True)), crs=frame.crs
    )
    met = places.sjoin(frame, predicate="dwithin", distance=0.05).groupby(level=0).size()
    assert len(met) == 1000
    assert met.min() >= 2


def test_the_heights_of_hoan_kiem_are_no_metres(hoan_kiem, hoan_kiem_file):
    heights = geopandas.read_file(hoan_kiem_file).height
    assert heights.isna().sum() == 51
    empty = {i.what: i.count for i in hoan_kiem.issues if i.code == "attributes-filled"}
    assert empty["“height” is empty in 51 of 5,299 rows"] == 51
    assert count(hoan_kiem, "heights-plausible") == (heights < 2).sum()
    assert "does not hold metres" in hoan_kiem.issue("heights-plausible").what
    assert GRADES.index(hoan_kiem.grade) >= GRADES.index("D")


def test_phuc_xa_is_measured_on_the_ground_not_in_web_mercator(data):
    path = data / "hanoi" / "phuc_xa" / "buildings.shp"
    areas = geopandas.read_file(path).to_crs(32648).area
    assert count(assess(outlines(path), today=TODAY), "slivers") == (areas < 1).sum()


def test_the_outlines_of_delft_are_clean(data):
    one = assess(outlines(data / "delft" / "bgt_delft.gpkg", "pand"), today=TODAY)
    for code in ("invalid-outlines", "duplicate-outlines", "overlapping-outlines", "slivers"):
        assert count(one, code) == 0
    assert one.scores.clean > 95
    assert one.scores.consistent == 100


def test_every_building_of_delft_has_points_and_a_height_near_them(data):
    footprints = outlines(data / "delft" / "bgt_delft.gpkg", "pand")
    clouds = [
        layer
        for path in sorted((data / "delft" / "lidar").glob("*.laz"))
        for layer in read(path, ReadOptions(crs="EPSG:28992"))
        if isinstance(layer, PointCloudLayer)
    ]
    assert count(assess(footprints, context=clouds, today=TODAY), "points-cover-outlines") == 0
    assert count(assess(footprints, context=clouds, today=TODAY), "heights-known") == 0
    buildings = build_buildings(footprints, points=clouds)
    one = assess(buildings, context=clouds, today=TODAY)
    check = one.result("heights-against-points")
    assert check.total >= 155
    assert check.count <= 8  # one in twenty: half-built or under trees
    assert one.result("heights-measured").score >= 95


def test_the_grids_of_bilbao_do_not_line_up_and_are_coarse(data):
    ground = grid(data / "bilbao" / "DEM.tif", "ground")
    built = grid(data / "bilbao" / "BDSM.tif", "buildings-above-ground")
    canopy = grid(data / "bilbao" / "CDSM.tif", "canopy-above-ground")
    one = assess(ground, context=[built, canopy], today=TODAY)
    assert count(one, "grids-aligned") == 2
    assert one.issue("whole-metres") is not None
    # Building and canopy heights share their grid.
    assert count(assess(built, context=[canopy], today=TODAY), "grids-aligned") == 0


def test_the_three_rasters_of_alexandria_do_not_agree(data):
    folder = data / "rasters"
    surface, ground, above = (
        grid(folder / f"alexandria_{name}.tif", kind)
        for name, kind in (
            ("dsm", "surface"),
            ("dtm", "ground"),
            ("hag", "buildings-above-ground"),
        )
    )
    one = assess(above, context=[surface, ground], today=TODAY)
    difference = np.abs(above.heights - (surface.heights - ground.heights))
    issue = one.issue("grids-agree")
    assert issue.count == int((difference > 1).sum())
    assert issue.total == int(np.isfinite(difference).sum())
    assert issue.severity == "error"
    assert GRADES.index(one.grade) >= GRADES.index("C")


def test_the_three_rasters_of_the_french_tile_agree(data):
    folder = data / "france_lidarhd" / "raster"
    surface, ground, above = (
        grid(folder / f"{name}_77055_627760_50CM.tif", kind)
        for name, kind in (
            ("DSM", "surface"),
            ("DTM", "ground"),
            ("DHM", "buildings-above-ground"),
        )
    )
    one = assess(above, context=[surface, ground], today=TODAY)
    assert one.result("grids-agree").score == 100
    assert one.result("grids-aligned").score == 100


def test_goteborg_has_more_outlines_than_terrain(data):
    footprints = outlines(data / "goteborg" / "buildings.shp")
    ground = grid(data / "goteborg" / "DEM_KRbig.tif", "ground")
    one = assess(footprints, context=[ground], today=TODAY)
    # 41 of 137 touch the raster, 25 are inside.
    assert 137 - 41 <= count(one, "ground-under-outlines") <= 137 - 25


def test_the_land_cover_of_goteborg_is_no_terrain(data):
    folder = data / "goteborg"
    cover = assess(grid(folder / "landcover.tif", "ground"), today=TODAY)
    assert (cover.grade, cover.limited_by) == ("E", "heights-not-classes")
    terrain = assess(grid(folder / "DEM_KRbig.tif", "ground"), today=TODAY)
    assert terrain.result("heights-not-classes").score == 100
    coarse = assess(grid(data / "bilbao" / "DEM.tif", "ground"), today=TODAY)
    assert coarse.result("heights-not-classes").score == 100


def test_autzen_is_unclassified_and_in_feet(data):
    (cloud,) = read(data / "autzen" / "autzen_south.laz")
    one = assess(cloud, today=TODAY)
    assert one.issue("classes-present").severity == "error"
    assert GRADES.index(one.grade) >= GRADES.index("C")
    assert "foot" in one.issue("unit-metre").what
    assert one.issue("crs-registered") is not None
    # 5 787 422 points over 3 362 × 2 518 ft: 7.4 per m² where the strip is full.
    area = (638940.2 - 635577.8) * (851400.0 - 848882.2) * 0.3048**2
    density = float(one.issue("point-density").what.split()[0])
    assert density == pytest.approx(5_787_422 / area, rel=0.1)
