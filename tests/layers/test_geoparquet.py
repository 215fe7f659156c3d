"""GeoParquet and plain JSON end in the right reader."""

from __future__ import annotations

import json

import geopandas
import numpy as np
import pandas
import pytest
from shapely import Point, box

from layers.errors import ReadError
from layers.readers.registry import ReadOptions, preview, read

STREETS = ["Phố Hàng Bài", "Đường Trần Hưng Đạo", None]
HOUSES = [box(587000 + 20 * i, 2324000, 587010 + 20 * i, 2324012) for i in range(3)]


def only(layers):
    (layer,) = layers
    return layer


def frame(crs=5897):
    columns = {
        "name": STREETS,
        "floors": [3, 4, 5],
        "height": [9.5, np.nan, 12.0],
        "parts": [[1, 2], None, [3]],
    }
    return geopandas.GeoDataFrame(columns, geometry=HOUSES, crs=crs)


@pytest.mark.parametrize("suffix", ["parquet", "geoparquet"])
def test_geoparquet_keeps_columns_and_place(tmp_path, suffix):
    path = tmp_path / f"nha.{suffix}"
    frame().to_parquet(path)
    layer = only(read(path))
    assert (layer.count, layer.crs, layer.role) == (3, "EPSG:5897", "footprints")
    assert layer.columns["name"].tolist() == STREETS
    assert layer.columns["floors"].tolist() == [3, 4, 5]
    np.testing.assert_array_equal(layer.columns["height"], [9.5, np.nan, 12.0])
    assert layer.columns["parts"].tolist() == ["[1,2]", None, "[3]"]
    seen = only(preview(path))
    assert (seen.count, seen.crs, seen.role) == (3, "EPSG:5897", "footprints")


def test_longitude_and_latitude_are_the_default(tmp_path):
    path = tmp_path / "posts.parquet"
    geopandas.GeoDataFrame(geometry=[Point(105.85, 21.03)], crs="OGC:CRS84").to_parquet(path)
    assert only(read(path)).crs == "EPSG:4326"


def test_a_window_chooses_rows(tmp_path):
    path = tmp_path / "nha.parquet"
    frame().to_parquet(path)
    assert only(read(path, ReadOptions(bounds=(587000, 2324000, 587015, 2324005)))).count == 1
    with pytest.raises(ReadError, match="no geometry"):
        read(path, ReadOptions(bounds=(0, 0, 1, 1)))


def test_a_table_without_geometry_and_a_cut_file_are_refused(tmp_path):
    plain = tmp_path / "plain.parquet"
    pandas.DataFrame({"a": [1]}).to_parquet(plain)
    whole = tmp_path / "nha.parquet"
    frame().to_parquet(whole)
    cut = tmp_path / "cut.parquet"
    cut.write_bytes(whole.read_bytes()[:600])
    for path in (plain, cut):
        with pytest.raises(ReadError, match="could not be read"):
            read(path)
        with pytest.raises(ReadError, match="could not be read"):
            preview(path)


def test_a_geojson_called_json_is_read_as_geojson(tmp_path):
    path = tmp_path / "wards.json"
    frame().drop(columns="parts").to_crs(4326).to_file(path, driver="GeoJSON")
    assert only(read(path)).columns["name"].tolist() == STREETS
    assert only(preview(path)).count == 3


@pytest.mark.parametrize(
    "text",
    ['{"a": 1}', "[1, 2]", "<html></html>", '{"type": "Feature', "not json", '{"elements": 3}'],
)
def test_other_json_is_refused_with_a_way_out(tmp_path, text):
    path = tmp_path / "x.json"
    path.write_text(text)
    with pytest.raises(ReadError) as refused:
        read(path)
    assert refused.value.hint


def test_an_overpass_answer_without_its_name_is_still_known(tmp_path):
    path = tmp_path / "x.json"
    node = {"type": "node", "id": 1, "lon": 105.85, "lat": 21.03, "tags": {"natural": "tree"}}
    path.write_text(json.dumps({"elements": [node]}))
    assert only(read(path)).role == "trees"
