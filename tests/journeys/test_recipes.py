"""Every recipe of the guide builds, and gives what the data's description says."""

from __future__ import annotations

import json

import geopandas
import numpy as np
import pytest

pytestmark = [pytest.mark.data, pytest.mark.slow]


def codes(report):
    return {notice["code"] for notice in report["notices"]}


def test_delft_is_160_closed_buildings_measured_by_lidar(built):
    _, report = built("delft")
    assert report["points_read"] == 640_510 + 208_432
    buildings = report["buildings"]
    assert buildings["count"] == buildings["closed"] == 160
    assert buildings["method"]["lidar"] >= 155
    assert buildings["height_rmse_m"]["median"] is not None
    assert {layer["name"] for layer in report["layers"]} >= {"Roads", "Water", "Green", "Buildings"}


def test_delfts_roofs_stand_where_the_points_are(built):
    """90th-percentile roof heights of the data's description: 2.4 / 8.2 / 13.8 m NAP."""
    path, _ = built("delft")
    table = geopandas.read_file(path, layer="buildings")
    top = (table["ground"] + table["height"]).to_numpy()
    assert abs(np.median(top) - 8.2) < 1.0
    assert top.max() < 13.8 + 1.5
    assert abs(np.median(table["ground"]) - 0.43) < 0.3


def test_goteborg_measures_by_the_surface_and_says_where_nothing_stands(built):
    _, report = built("goteborg")
    assert report["buildings"]["count"] == 137
    assert report["buildings"]["closed"] == report["buildings"]["count"]
    assert 20 <= report["buildings"]["method"]["dsm"] <= 41


def test_bilbaos_outlines_are_found_in_its_heights(built):
    _, report = built("bilbao")
    buildings = report["buildings"]
    assert buildings["count"] > 500
    assert buildings["closed"] == buildings["count"]
    assert buildings["method"]["dsm"] >= 0.99 * buildings["count"]


@pytest.mark.parametrize("name", ["france", "france_coast"])
def test_french_outlines_are_found_in_building_points(built, name):
    _, report = built(name)
    assert report["buildings"]["count"] > 0
    assert report["buildings"]["closed"] == report["buildings"]["count"]
    assert report["buildings"]["method"]["lidar"] >= 0.9 * report["buildings"]["count"]


def test_hoan_kiem_is_one_city_out_of_three_systems_and_refuses_false_heights(built):
    path, report = built("hoan_kiem")
    assert report["crs"] == "EPSG:5897"
    dropped = [n["count"] for n in report["notices"] if n["code"] == "outlines-dropped"]
    assert report["buildings"]["count"] + sum(dropped) == 5_299 + 5_155
    assert sum(dropped) < 30, "only rings without any area"
    assert report["buildings"]["closed"] == report["buildings"]["count"]
    assert "height-not-metres" in codes(report)
    heights = geopandas.read_file(path, layer="hoan-kiem")["height"]
    assert heights.min() > 2.5, "0.6–2.5 of a printed relief are not metres"
    # All lie together: Phúc Xá just north of Hoàn Kiếm, within 2 km
    low_x, low_y, high_x, high_y = report["bounds"]
    layers = {layer["id"] for layer in report["layers"]}
    assert {"hoan-kiem", "phuc-xa"} <= layers
    assert high_x - low_x < 8_000 and high_y - low_y < 8_000


def test_van_mieu_takes_heights_and_floors_from_openstreetmap(built):
    """Of its 497 building ways, counted in the XML by their tags, 44 have a height and 8 more levels."""
    _, report = built("van_mieu")
    assert report["buildings"]["count"] == 497
    assert report["buildings"]["closed"] == report["buildings"]["count"]
    assert report["buildings"]["method"]["attribute"] == 44
    assert report["buildings"]["method"]["floors"] == 8


def test_helsinki_survives_its_broken_rings(built):
    """494 building areas, of which eleven have broken rings; 171 with levels or height."""
    _, report = built("helsinki")
    assert 494 - 11 - 1 <= report["buildings"]["count"] <= 494
    assert report["buildings"]["closed"] == report["buildings"]["count"]
    method = report["buildings"]["method"]
    assert 160 <= method["attribute"] + method["floors"] <= 171


def test_the_hague_keeps_its_own_roofs(built):
    _, report = built("den_haag")
    assert report["buildings"]["count"] == 844
    assert report["buildings"]["method"]["model"] == 844
    assert report["buildings"]["closed"] == 844
    assert any(layer["kind"] == "mesh" for layer in report["layers"]), "its terrain"


def test_autzen_comes_from_feet_to_metres(built):
    _, report = built("autzen")
    assert report["points_read"] == 5_787_422
    low_x, low_y, high_x, high_y = report["bounds"]
    assert high_x - low_x == pytest.approx((638940.2 - 635577.8) * 0.3048, rel=0.03)
    assert high_y - low_y == pytest.approx((851400.0 - 848882.2) * 0.3048, rel=0.04)


def test_a_built_city_says_the_same_when_it_is_opened_again(built, dothi):
    path, report = built("delft")
    again = json.loads(dothi("info", path, "--json").stdout)
    for key in ("crs", "bounds", "layers", "buildings", "parcels"):
        assert again[key] == report[key], key
    assert again["journal"]["intact"] is True
