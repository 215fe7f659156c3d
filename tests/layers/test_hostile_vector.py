"""Damaged, dangerous and senseless vector files end in a clear error, quickly, and leave nothing."""

from __future__ import annotations

import gzip
import json
import shutil
import tempfile
import tracemalloc
import zipfile
from pathlib import Path

import geopandas
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shapely import box

from layers.errors import CityError, CrsError, ReadError
from layers.readers.registry import ReadOptions, preview, read

GIVEN = ReadOptions(crs="EPSG:5897")


def refused(path, options=GIVEN):
    """The error of reading, which preview must raise as well; both say what to try."""
    with pytest.raises(ReadError) as reading:
        read(path, options)
    with pytest.raises(ReadError):
        preview(path, options)
    assert reading.value.what
    assert reading.value.hint
    assert "Traceback" not in str(reading.value)
    return reading.value


def geopackage(path):
    shapes = [box(587000 + i, 2324000, 587001 + i, 2324001) for i in range(500)]
    geopandas.GeoDataFrame({"a": range(500)}, geometry=shapes, crs=5897).to_file(path)
    return path


def house(**changes):
    boundaries = [[[[0, 1, 2]], [[0, 1, 3]], [[1, 2, 3]], [[2, 0, 3]]]]
    geometry = {"type": "Solid", "lod": "2", "boundaries": boundaries, **changes}
    return {
        "type": "CityJSON",
        "version": "2.0",
        "metadata": {"referenceSystem": "EPSG:28992"},
        "transform": {"scale": [1, 1, 1], "translate": [85000, 447000, 0]},
        "CityObjects": {"h": {"type": "Building", "geometry": [geometry]}},
        "vertices": [[0, 0, 0], [9, 0, 0], [0, 9, 0], [3, 3, 9]],
    }


def city(folder, document):
    path = folder / "a.city.json"
    path.write_text(document if isinstance(document, str) else json.dumps(document))
    return path


@pytest.mark.parametrize(
    "name",
    [
        *("a.gpkg", "a.shp", "a.geojson", "a.fgb", "a.dxf", "a.tab", "a.mif", "a.sqlite", "a.zip"),
        *("a.osm", "a.pbf", "a.parquet", "a.city.json", "a.city.jsonl", "a.json", "a.jsonl"),
        *("a.city.json.gz", "a.city.json.zip"),
    ],
)
@pytest.mark.parametrize(
    "content", [b"", b"\0" * 5000, b"PK\x03\x04 but not", b"SQLite format 3\0"]
)
def test_rubbish_of_every_name_is_refused(tmp_path, name, content):
    path = tmp_path / name
    path.write_bytes(content)
    refused(path)
    assert [p.name for p in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("share", [0.1, 0.5])
def test_a_geopackage_cut_in_two_is_refused_and_left_as_it_is(tmp_path, share):
    whole = geopackage(tmp_path / "a.gpkg").read_bytes()
    path = tmp_path / "cut.gpkg"
    path.write_bytes(whole[: int(len(whole) * share)])
    refused(path)
    assert path.read_bytes() == whole[: int(len(whole) * share)]


def test_reading_changes_nothing_and_leaves_nothing_beside_the_file(tmp_path):
    path = geopackage(tmp_path / "a.gpkg")
    before = path.read_bytes()
    (layer,) = read(path)
    assert layer.count == 500
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["a.gpkg"]


def test_a_geojson_cut_off_is_refused(tmp_path):
    path = tmp_path / "a.geojson"
    path.write_text('{"type":"FeatureCollection","features":[{"type":"Feature","geometry":{"ty')
    refused(path)


def test_a_geojson_without_geometry_is_refused(tmp_path):
    path = tmp_path / "a.geojson"
    feature = '{"type":"Feature","properties":{"a":1},"geometry":null}'
    path.write_text(f'{{"type":"FeatureCollection","features":[{feature}]}}')
    refused(path)


def test_a_missing_id_column_a_wrong_crs_and_a_wrong_encoding_are_refused(tmp_path):
    path = geopackage(tmp_path / "a.gpkg")
    for options in (
        ReadOptions(id_column="no"),
        ReadOptions(crs="EPSG:999999", force_crs=True),
        ReadOptions(encoding="klingon"),
    ):
        with pytest.raises(ReadError):
            read(path, options)


# --- CityJSON -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("boundaries", "code"),
    [
        ([[[[0, 1, 99]]]], "vertex-missing"),
        ([[[[0, 1, -1]]]], "vertex-missing"),
        ([[[[0, 1, 2.5]]]], "cityjson-invalid"),
        ([[[[0, 1, "2"]]]], "cityjson-invalid"),
        ([[[[0, 1, None]]]], "cityjson-invalid"),
        ([[[[[0, 1, 2]]]]], "cityjson-invalid"),
        ([[[0, 1, 2]]], "cityjson-invalid"),
        ([[0, 1, 2]], "cityjson-invalid"),
        ("abc", "cityjson-invalid"),
        ([[[[2**70, 1, 2]]]], None),
        ([[[[0, 0, 0]]]], "nothing-found"),
    ],
)
def test_boundaries_that_make_no_sense_are_refused(tmp_path, boundaries, code):
    error = refused(city(tmp_path, house(boundaries=boundaries)))
    assert code is None or error.code == code


@pytest.mark.parametrize(
    "change",
    [
        {"vertices": [[0, 0], [1, 1]]},
        {"vertices": [[0, 0, 0], [1, 1]]},
        {"vertices": "no"},
        {"vertices": [["a", "b", "c"]]},
        {"vertices": None},
        {"transform": {"scale": [1, 1], "translate": [0, 0, 0]}},
        {"transform": {"scale": None}},
        {"transform": {"scale": ["x", 1, 1], "translate": [0, 0, 0]}},
        {"CityObjects": []},
        {"CityObjects": {"h": 3}},
        {"CityObjects": {"h": {}}},
        {"CityObjects": {}},
        {"version": "9.0"},
        {"version": None},
        {"type": "Feature"},
    ],
)
def test_a_city_of_wrong_parts_is_refused(tmp_path, change):
    refused(city(tmp_path, {**house(), **change}))


@pytest.mark.parametrize("change", [{"metadata": []}, {"metadata": {"referenceSystem": {}}}])
def test_a_city_with_senseless_facts_asks_for_its_place(tmp_path, change):
    path = city(tmp_path, {**house(), **change})
    with pytest.raises(CrsError):
        read(path)
    assert read(path, ReadOptions(crs="EPSG:28992"))[0].count == 1


def test_parents_in_a_circle_end(tmp_path):
    document = house()
    thing = document["CityObjects"]["h"]
    document["CityObjects"] = {
        "a": {**thing, "type": "BuildingPart", "parents": ["b"]},
        "b": {**thing, "type": "BuildingPart", "parents": ["a"]},
    }
    assert sum(layer.count for layer in read(city(tmp_path, document))) >= 1


@pytest.mark.parametrize("name", ["a.city.json", "a.json", "a.geojson", "a.city.jsonl"])
def test_a_bomb_of_nested_lists_is_refused(tmp_path, name):
    path = tmp_path / name
    path.write_text('{"type":"CityJSON","version":"2.0","vertices":' + "[" * 500_000)
    refused(path)
    whole = "[" * 100_000 + "]" * 100_000
    path.write_text('{"type":"CityJSON","version":"2.0","vertices":' + whole + "}")
    refused(path)


def test_a_zip_bomb_is_refused_before_it_fills_the_memory(tmp_path):
    path = tmp_path / "a.city.json.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.city.json", b"[" + b" " * (300 * 2**20))
    tracemalloc.start()
    try:
        error = refused(path)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert error.code == "zip-too-large"
    assert peak < 50 * 2**20


def test_a_gz_bomb_is_refused(tmp_path):
    path = tmp_path / "a.city.json.gz"
    with gzip.open(path, "wb", compresslevel=1) as file:
        file.write(b'{"type":"CityJSON",\n')
        for _ in range(33):
            file.write(b" " * (16 * 2**20))
    with pytest.raises(ReadError) as refusal:
        read(path, GIVEN)
    assert refusal.value.code == "file-too-large"


def test_a_cut_gz_and_a_cut_zip_are_refused(tmp_path):
    plain = json.dumps(house()).encode()
    path = tmp_path / "a.city.json.gz"
    path.write_bytes(gzip.compress(plain)[:-20])
    refused(path)
    packed = tmp_path / "a.city.json.zip"
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.city.json", plain)
    packed.write_bytes(packed.read_bytes()[:-40])
    refused(packed)


def test_a_sequence_with_a_broken_line_is_refused(tmp_path):
    head = {**house(), "CityObjects": {}, "vertices": []}
    path = tmp_path / "a.city.jsonl"
    path.write_text(json.dumps(head) + '\n{"type": "CityJSONFeature", "CityObjects": {')
    refused(path)
    path.write_text(json.dumps(head) + '\n{"type": "Feature"}\n')
    refused(path)
    path.write_text(json.dumps(head) + "\n")
    refused(path)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 10) | st.floats() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=15,
)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    where=st.sampled_from(["boundaries", "semantics", "lod", "vertices", "attributes", "object"]),
    rubbish=JSON,
)
def test_whatever_stands_in_a_city_only_city_errors_come_out(tmp_path, where, rubbish):
    document = house()
    thing = document["CityObjects"]["h"]
    if where == "vertices":
        document["vertices"] = rubbish
    elif where == "attributes":
        thing["attributes"] = rubbish
    elif where == "object":
        document["CityObjects"]["x"] = rubbish
    else:
        thing["geometry"][0][where] = rubbish
    path = city(tmp_path, document)
    try:
        layers = read(path)
    except CityError:
        return
    assert all(layer.count for layer in layers)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(at=st.integers(100, 4000), byte=st.integers(0, 255))
def test_a_flipped_byte_in_a_shapefile_is_an_error_or_a_layer(tmp_path, at, byte):
    folder = Path(tempfile.mkdtemp(dir=tmp_path))
    shapes = [box(587000 + 2 * i, 2324000, 587001 + 2 * i, 2324001) for i in range(30)]
    frame = geopandas.GeoDataFrame({"a": range(30)}, geometry=shapes, crs=5897)
    frame.to_file(folder / "a.shp")
    content = bytearray((folder / "a.shp").read_bytes())
    content[at % len(content)] = byte
    (folder / "a.shp").write_bytes(content)
    try:
        layers = read(folder / "a.shp")
    except CityError:
        return
    finally:
        shutil.rmtree(folder)
    assert all(layer.count for layer in layers)


@pytest.mark.data
@pytest.mark.parametrize("share", [0.3, 0.9])
@pytest.mark.parametrize(
    "name",
    [
        *("helsinki/Helsinki.osm.pbf", "hanoi/osm/van_mieu.osm", "cityjson/delft_3dbag.city.json"),
        *("cityjson/DenHaag_01.city.json.zip", "hanoi/osm/centre_highways.overpass.json"),
        *("hanoi/admin/hanoi_wards_2025.geojson", "delft/bgt_delft.gpkg"),
    ],
)
def test_real_files_cut_off_are_refused(data, tmp_path, name, share):
    whole = (data / name).read_bytes()
    path = tmp_path / Path(name).name
    path.write_bytes(whole[: int(len(whole) * share)])
    refused(path, ReadOptions())


@pytest.mark.parametrize("name", ["a.shp", "a.gpkg", "a.json", "a.city.json", "a.osm", "a.parquet"])
def test_a_folder_of_that_name_is_refused(tmp_path, name):
    (tmp_path / name).mkdir()
    refused(tmp_path / name)
