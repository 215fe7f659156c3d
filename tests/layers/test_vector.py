"""Vector files of all kinds become layers of a role, with nothing lost in silence."""

from __future__ import annotations

import shutil
import struct
import zipfile
from pathlib import Path

import geopandas
import numpy as np
import pyogrio
import pytest
import shapely
from shapely import LineString, Point, box

from layers.errors import CrsError, ReadError
from layers.readers.registry import ReadOptions, preview, read
from layers.text import encoded

HANOI = [box(587000 + 20 * i, 2324000, 587010 + 20 * i, 2324012) for i in range(3)]
STREETS = ["Phố Hàng Bài", "Đường Trần Hưng Đạo", "Nguyễn Thái Học"]
ONE = ReadOptions()


def only(layers):
    (layer,) = layers
    return layer


def codes(layer):
    return {notice.code: notice.count for notice in layer.notices}


def frame(**columns):
    return geopandas.GeoDataFrame(columns, geometry=HANOI, crs="EPSG:5897")


@pytest.mark.parametrize("suffix", ["gpkg", "shp", "fgb", "geojson", "sqlite", "tab", "mif"])
def test_every_format_gives_the_same_layer(tmp_path, suffix):
    path = tmp_path / f"nhà.{suffix}"
    source = frame(name=STREETS, floors=[3, 4, 5])
    if suffix == "geojson":
        source = source.to_crs(4326)
    options = {"encoding": "UTF-8"} if suffix in ("shp", "tab", "mif") else {}
    if suffix == "fgb":
        options = {"SPATIAL_INDEX": "NO"}  # it would sort the rows
    pyogrio.write_dataframe(source, path, **options)
    layer = only(read(path))
    assert layer.role == "footprints"
    assert layer.columns["name"].tolist() == STREETS
    assert layer.columns["floors"].tolist() == [3, 4, 5]
    assert layer.count == 3
    expected = "EPSG:4326" if suffix == "geojson" else "EPSG:5897"
    if suffix in ("tab", "mif"):  # MapInfo writes the projection's numbers, not its code
        assert "105" in layer.crs or layer.crs == expected
    else:
        assert layer.crs == expected
    np.testing.assert_allclose(layer.bounds, source.total_bounds, atol=0.01)


@pytest.mark.parametrize("encoding", ["cp1258", "tcvn3", "vni", "utf-8"])
@pytest.mark.parametrize("claim", ["", "UTF-8", "1252"])
def test_a_shapefile_in_an_old_encoding_is_read_whatever_it_claims(tmp_path, encoding, claim):
    path = _dbf_in(tmp_path, encoding)
    if claim:
        path.with_suffix(".cpg").write_text(claim)
    layer = only(read(path))
    assert layer.columns["ten"].tolist() == STREETS
    assert layer.source.encoding == encoding


def test_a_geopackage_with_tcvn3_taken_for_latin_is_put_right(tmp_path):
    path = tmp_path / "nha.gpkg"
    mangled = [encoded(street, "tcvn3").decode("latin-1") for street in STREETS]
    frame(ten=mangled).to_file(path)
    layer = only(read(path))
    assert layer.columns["ten"].tolist() == STREETS
    assert layer.source.encoding == "tcvn3"
    assert "texts-converted" in codes(layer)


def _dbf_in(folder: Path, encoding: str) -> Path:
    path = folder / "nha.shp"
    latin = [encoded(street, encoding).decode("latin-1") for street in STREETS]
    pyogrio.write_dataframe(frame(ten=latin), path, encoding="ISO-8859-1")
    path.with_suffix(".cpg").unlink(missing_ok=True)
    return path


def test_a_shapefile_without_prj_names_the_systems_of_hanoi(tmp_path):
    path = _dbf_in(tmp_path, "utf-8")
    path.with_suffix(".prj").unlink()
    with pytest.raises(CrsError) as refused:
        read(path)
    assert {"EPSG:5897", "EPSG:3405"} <= set(refused.value.candidates)
    layer = only(read(path, ReadOptions(crs="EPSG:5897")))
    assert (layer.crs, layer.source.crs_from) == ("EPSG:5897", "given")
    seen = only(preview(path))
    assert seen.crs == ""
    assert "crs-missing" in dict(seen.diagnosis)


def test_a_shapefile_without_dbf_still_has_its_outlines(tmp_path):
    path = _dbf_in(tmp_path, "utf-8")
    path.with_suffix(".dbf").unlink()
    layer = only(read(path))
    assert layer.count == 3
    assert "dbf-missing" in codes(layer)


def test_a_shapefile_without_shx_is_indexed_in_memory_only(tmp_path):
    path = _dbf_in(tmp_path, "vni")
    path.with_suffix(".shx").unlink()
    layer = only(read(path))
    assert layer.columns["ten"].tolist() == STREETS
    assert "shx-missing" in codes(layer)
    assert not path.with_suffix(".shx").exists()


def test_a_shapefile_cut_in_half_says_so(tmp_path):
    path = _dbf_in(tmp_path, "utf-8")
    path.write_bytes(path.read_bytes()[:300])
    layer = only(read(path))
    assert (
        layer.count == 1
    )  # 100 bytes of header, 144 of the first polygon: 8 + 44 + 4 + 5 × 16 + 8
    assert {"file-cut", "geometry-missing"} <= set(codes(layer))


def test_zipped_shapefiles_are_found_in_folders(tmp_path):
    inner = _dbf_in(tmp_path, "tcvn3")
    path = tmp_path / "all.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for part in sorted(tmp_path.glob("nha.*")):
            archive.write(part, f"map/{part.name}")
    layer = only(read(path))
    assert layer.columns["ten"].tolist() == STREETS
    assert layer.count == only(read(inner)).count


def test_only_the_asked_layer_is_read(tmp_path):
    path = tmp_path / "city.gpkg"
    frame(a=[1, 2, 3]).to_file(path, layer="pand")
    frame(b=[1, 2, 3]).to_file(path, layer="waterdeel")
    assert [layer.role for layer in read(path)] == ["footprints", "water"]
    assert only(read(path, ReadOptions(layer="waterdeel"))).role == "water"
    assert only(read(path, ReadOptions(role="water"))).columns["b"].tolist() == [1, 2, 3]
    with pytest.raises(ReadError, match="no layer") as refused:
        read(path, ReadOptions(layer="roof"))
    assert "pand" in refused.value.hint


def test_a_filter_and_a_window_choose_rows(tmp_path):
    path = tmp_path / "city.gpkg"
    frame(floors=[1, 2, 3]).to_file(path)
    assert only(read(path, ReadOptions(where="floors > 1"))).count == 2
    assert only(read(path, ReadOptions(bounds=(587000, 2324000, 587015, 2324005)))).count == 1
    with pytest.raises(ReadError, match="nothing that was asked"):
        read(path, ReadOptions(where="floors > 9"))
    with pytest.raises(ReadError, match="is not understood"):
        read(path, ReadOptions(where="flors >"))


def test_metres_called_degrees_are_refused(tmp_path):
    path = tmp_path / "nha.geojson"
    shapes = [shapely.to_geojson(shape) for shape in HANOI]
    features = ",".join(f'{{"type":"Feature","properties":{{}},"geometry":{s}}}' for s in shapes)
    path.write_text(f'{{"type":"FeatureCollection","features":[{features}]}}')
    with pytest.raises(CrsError) as refused:
        read(path)
    assert "EPSG:5897" in refused.value.candidates
    assert only(read(path, ReadOptions(crs="EPSG:5897"))).crs == "EPSG:5897"


def test_points_among_footprints_become_a_layer_of_their_own(tmp_path):
    path = tmp_path / "nha.gpkg"
    mixed = geopandas.GeoDataFrame({"a": [1, 2]}, geometry=[HANOI[0], Point(587000, 2324000)])
    mixed.set_crs(5897).to_file(path)
    footprints, other = read(path)
    assert (footprints.role, footprints.count) == ("footprints", 1)
    assert (other.role, other.count) == ("features", 1)
    assert footprints.id != other.id
    assert codes(footprints)["mixed-geometry"] == 1


def test_heights_in_feet_become_metres(tmp_path):
    path = tmp_path / "posts.gpkg"
    posts = geopandas.GeoDataFrame(geometry=[Point(587000, 2324000, 10.0)], crs=5897)
    posts.to_file(path)
    assert only(read(path, ReadOptions(height_unit="ft"))).geometry[0].z == pytest.approx(3.048)


DXF = """0
SECTION
2
ENTITIES
0
LWPOLYLINE
8
NHA
90
4
70
1
10
587000
20
2324000
10
587010
20
2324000
10
587010
20
2324020
10
587000
20
2324020
0
LINE
8
DUONG
10
587000
20
2324000
11
587050
21
2324050
0
TEXT
8
GHI_CHU
10
587005
20
2324005
40
1
1
{text}
0
ENDSEC
0
EOF
"""


def test_a_drawing_is_split_by_what_its_layers_are(tmp_path):
    path = tmp_path / "plan.dxf"
    path.write_bytes(DXF.format(text="Phè Hµng Bµi").encode("latin-1"))
    with pytest.raises(CrsError):
        read(path)
    layers = {layer.role: layer for layer in read(path, ReadOptions(crs="EPSG:5897"))}
    assert set(layers) == {"footprints", "roads", "features"}
    assert layers["footprints"].geometry[0].area == 200.0
    assert layers["features"].columns["Text"].tolist() == ["Phố Hàng Bài"]
    chosen = only(read(path, ReadOptions(crs="EPSG:5897", layer="NHA")))
    assert chosen.role == "footprints"


@pytest.mark.parametrize(
    ("layer", "shape", "role"),
    [
        ("đường", LineString([(0, 0), (9, 9)]), "roads"),
        ("Thửa đất", box(0, 0, 9, 9), "parcels"),
        ("quy hoạch", box(0, 0, 9, 9), "zoning"),
        ("Cây xanh", box(0, 0, 9, 9), "green"),
        ("cây", Point(1, 1), "trees"),
        ("Hồ", box(0, 0, 9, 9), "water"),
        ("byggnader", box(0, 0, 9, 9), "footprints"),
        ("wegdeel", box(0, 0, 9, 9), "roads"),
        ("something", Point(1, 1), "features"),
    ],
)
def test_names_in_four_languages_speak_for_roles(tmp_path, layer, shape, role):
    path = tmp_path / "x.gpkg"
    geopandas.GeoDataFrame({"a": [1]}, geometry=[shape], crs=5897).to_file(path, layer=layer)
    assert only(read(path)).role == role


def test_an_unknown_id_column_is_refused_by_name(tmp_path):
    path = tmp_path / "x.gpkg"
    frame(a=[1, 2, 3]).to_file(path)
    with pytest.raises(ReadError, match="no column") as refused:
        read(path, ReadOptions(id_column="b"))
    assert "a" in refused.value.hint


# --- real data; the numbers are those of its README --------------------------------------------


@pytest.mark.data
def test_hoan_kiem_is_read_with_its_slivers_and_without_its_heights(data):
    layer = only(read(data / "hanoi/hoan_kiem/buildings.shp"))
    assert (layer.count, layer.crs, layer.role) == (5299, "EPSG:32648", "footprints")
    assert codes(layer)["slivers"] == 75
    assert "height-not-metres" in codes(layer)
    np.testing.assert_allclose(layer.bounds, [587340.7, 2324372.0, 589823.5, 2327115.0], atol=0.05)
    assert np.median(shapely.area(layer.geometry)) == pytest.approx(243, abs=0.5)
    assert not shapely.has_z(layer.geometry).any()


@pytest.mark.data
@pytest.mark.parametrize(
    ("name", "count", "role", "crs"),
    [
        ("hanoi/hoan_kiem/full_roads.shp", 3183, "roads", "EPSG:4326"),
        ("hanoi/hoan_kiem/naturals.shp", 15, "water", "EPSG:4326"),
        ("hanoi/hoan_kiem/sensors.shp", 9, "features", "EPSG:4326"),
        ("hanoi/phuc_xa/buildings.shp", 5155, "footprints", "EPSG:3857"),
        ("hanoi/phuc_xa/roads.shp", 1288, "roads", "EPSG:3857"),
        ("hanoi/osm/centre_roads.gpkg", 5074, "roads", "EPSG:4326"),
        ("hanoi/admin/hanoi_wards_2025.geojson", 167, "features", "EPSG:4326"),
        ("delft/bgt/bgt_pand.sqlite", 160, "footprints", "EPSG:28992"),
        ("delft/bgt/bgt_wegdeel.sqlite", 151, "roads", "EPSG:28992"),
        ("delft/bgt/bgt_waterdeel.sqlite", 3, "water", "EPSG:28992"),
        ("delft/bgt/bgt_begroeidterreindeel.sqlite", 126, "green", "EPSG:28992"),
        ("helsinki/helsinki_population_grid_2020.gpkg", 92, "features", "EPSG:4326"),
    ],
)
def test_real_files_are_read_whole(data, name, count, role, crs):
    layer = only(read(data / name))
    assert (layer.count, layer.role, layer.crs) == (count, role, crs)


@pytest.mark.data
def test_names_of_lakes_are_vietnamese(data):
    layer = only(read(data / "hanoi/hoan_kiem/naturals.shp"))
    assert layer.columns["name"][0] == "Hồ Hoàn Kiếm"


@pytest.mark.data
def test_goteborg_speaks_swedish(data):
    layer = only(read(data / "goteborg/buildings.shp"))
    assert (layer.count, layer.source.encoding) == (137, "latin-1")
    assert "Kretsloppskontoret/Konsument Göteborg" in layer.columns["BYGGNADSNA"].tolist()
    assert "OPERATÖR" in layer.columns


@pytest.mark.data
def test_the_french_coast_keeps_its_heights_and_declared_system(data):
    layer = only(read(data / "france_lidarhd/coast/Points_virtuels_0382_6565.geojson"))
    assert (layer.count, layer.crs) == (451, "EPSG:2154")
    assert layer.geometry[0].z == pytest.approx(1.422)


@pytest.mark.data
def test_all_layers_of_delft_come_at_once(data):
    layers = read(data / "delft/bgt_delft.gpkg")
    assert sum(layer.count for layer in layers) == 160 + 151 + 126 + 81 + 57 + 3 + 3 + 1
    assert len({layer.id for layer in layers}) == 8


@pytest.mark.data
def test_a_timetable_is_no_map(data):
    with pytest.raises(ReadError, match="GTFS"):
        read(data / "hanoi/gtfs/hanoi_gtfs_am.zip")


@pytest.mark.data
def test_a_preview_says_what_the_whole_will_be(data):
    seen = only(preview(data / "hanoi/hoan_kiem/buildings.shp"))
    assert (seen.count, seen.role, seen.crs) == (5299, "footprints", "EPSG:32648")
    assert "height-not-metres" in dict(seen.diagnosis)
    assert 0 < len(seen.sample) <= 200


def test_the_header_of_a_shapefile_is_checked(tmp_path):
    path = tmp_path / "x.shp"
    path.write_bytes(struct.pack(">i", 1234) + bytes(200))
    shutil.copy(path, tmp_path / "x.shx")
    with pytest.raises(ReadError, match="no shapefile"):
        read(path)


@pytest.mark.parametrize("charset", ["WindowsLatin1", "Neutral"])
@pytest.mark.parametrize("encoding", ["tcvn3", "vni", "cp1258"])
def test_mapinfo_in_an_old_encoding_is_read(tmp_path, charset, encoding):
    mif, mid = tmp_path / "nha.mif", tmp_path / "nha.mid"
    mif.write_text(
        f'Version 300\nCharset "{charset}"\nDelimiter ","\n'
        'CoordSys Earth Projection 8, 104, "m", 105, 0, 0.9999, 500000, 0\n'
        "Columns 1\n  ten Char(60)\nData\n\n"
        + "".join(f"Point {587000 + i} 2324000\n" for i in range(3))
    )
    rows = [b'"' + encoded(street, encoding) + b'"\n' for street in STREETS]
    mid.write_bytes(b"".join(rows))
    layer = only(read(mif))
    assert layer.columns["ten"].tolist() == STREETS
    assert layer.source.encoding == encoding


def test_lines_of_geojson_are_read(tmp_path):
    path = tmp_path / "posts.jsonl"
    frame(a=[1, 2, 3]).to_crs(4326).to_file(path, driver="GeoJSONSeq")
    assert only(read(path)).count == 3
