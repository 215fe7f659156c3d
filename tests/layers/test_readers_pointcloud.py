"""Point clouds: what laspy wrote comes back, and what is damaged says so."""

from __future__ import annotations

import json
import struct
import subprocess
import sys
from pathlib import Path

import laspy
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyproj import CRS

from layers.errors import Cancelled, CityError, CrsError, ReadError
from layers.kinds.pointcloud import PointCloudLayer
from layers.progress import Progress
from layers.readers import laz_chunks
from layers.readers.registry import ReadOptions, preview, read

US_FOOT = 1200 / 3937
HANOI = (587_000.0, 2_325_000.0, 5.0)


def write_las(
    path: Path,
    *,
    count: int = 1000,
    point_format: int = 7,
    version: str = "1.4",
    crs: str | CRS | None = "EPSG:5897",
    corner: tuple[float, float, float] = HANOI,
    span: float = 100.0,
    wide_colour: bool = True,
) -> laspy.LasData:
    """A file of random points (seed 1) with classes, intensity and, if the format can, colour."""
    rng = np.random.default_rng(1)
    header = laspy.LasHeader(point_format=point_format, version=version)
    header.scales, header.offsets = [0.01, 0.01, 0.001], np.floor(corner)
    if crs is not None:
        header.add_crs(CRS.from_user_input(crs))
    las = laspy.LasData(header)
    las.xyz = rng.random((count, 3)) * (span, span, 20.0) + corner
    las.classification = rng.choice([1, 2, 6], count)
    las.intensity = rng.integers(1, 60_000, count)
    if point_format in (2, 3, 5, 7, 8, 10):
        top = 65_536 if wide_colour else 256
        for name in ("red", "green", "blue"):
            las[name] = rng.integers(0, top, count)
        las.red[0] = top - 1
    las.write(path)
    return las


def one(path: Path, **options: object) -> PointCloudLayer:
    (layer,) = read(path, ReadOptions(**options))
    assert isinstance(layer, PointCloudLayer)
    return layer


@pytest.mark.parametrize("suffix", ["las", "laz"])
@pytest.mark.parametrize(
    ("version", "point_format"),
    [
        *(("1.2", f) for f in (0, 1, 2, 3)),
        *(("1.3", f) for f in (0, 1, 2, 3)),
        *(("1.4", f) for f in (0, 3, 6, 7, 8)),
    ],
)
def test_every_version_and_format_comes_back(tmp_path, version, point_format, suffix):
    path = tmp_path / f"a.{suffix}"
    las = write_las(path, version=version, point_format=point_format)
    layer = one(path)
    assert layer.crs == "EPSG:5897"
    np.testing.assert_allclose(layer.world(), las.xyz, atol=1e-4)
    np.testing.assert_array_equal(layer.classification, las.classification)
    np.testing.assert_array_equal(layer.intensity, las.intensity)
    if point_format in (2, 3, 7, 8):
        np.testing.assert_array_equal(layer.rgb[:, 1], np.asarray(las.green) >> 8)
    else:
        assert layer.rgb is None
    assert layer.source.driver == f"{suffix.upper()} {version}"


def test_colours_of_0_to_255_in_16_bits_stay_bright(tmp_path):
    las = write_las(tmp_path / "a.las", wide_colour=False)
    np.testing.assert_array_equal(one(tmp_path / "a.las").rgb[:, 0], las.red)


def test_a_late_wide_colour_makes_all_colours_wide(tmp_path, monkeypatch):
    monkeypatch.setattr(laz_chunks, "BATCH", 100)
    las = write_las(tmp_path / "a.las", wide_colour=False)
    las.red[900] = 50_000
    las.write(tmp_path / "a.las")
    rgb = one(tmp_path / "a.las").rgb
    assert rgb[900, 0] == 50_000 >> 8
    assert rgb[:900].max() == 0


def test_what_is_zero_throughout_is_none(tmp_path):
    path = tmp_path / "a.laz"
    las = write_las(path)
    las.classification[:] = 0
    for name in ("red", "green", "blue", "intensity"):
        las[name][:] = 0
    las.write(path)
    layer = one(path)
    assert layer.classification is layer.rgb is layer.intensity is None


def test_flags_of_old_formats_are_no_part_of_the_class(tmp_path):
    path = tmp_path / "a.las"
    las = write_las(path, version="1.2", point_format=1)
    las.synthetic[:] = 1
    las.withheld[:] = 1
    las.write(path)
    assert set(np.unique(one(path).classification)) == {1, 2, 6}


@pytest.mark.parametrize("suffix", ["las", "laz"])
def test_thinning_takes_points_of_even_rank(tmp_path, suffix, monkeypatch):
    monkeypatch.setattr(laz_chunks, "BATCH", 300)
    path = tmp_path / f"a.{suffix}"
    las = write_las(path)
    layer = one(path, max_points=37)
    ranks = [i * 1000 // 37 for i in range(37)]
    np.testing.assert_allclose(layer.world(), las.xyz[ranks], atol=1e-4)
    assert (layer.count, layer.total) == (37, 1000)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(keep=st.integers(1, 1200), batch=st.integers(1, 1100))
def test_any_thinning_in_any_batches_gives_exactly_that_many(tmp_path, monkeypatch, keep, batch):
    path = tmp_path / "a.las"
    if not path.exists():
        write_las(path)
    monkeypatch.setattr(laz_chunks, "BATCH", batch)
    assert one(path, max_points=keep).count == min(keep, 1000)


def test_a_window_keeps_what_is_inside(tmp_path):
    path = tmp_path / "a.laz"
    las = write_las(path)
    low_x, low_y = HANOI[0] + 20, HANOI[1] + 30
    window = (low_x, low_y, low_x + 50, low_y + 40)
    inside = (
        (las.x >= window[0]) & (las.x <= window[2]) & (las.y >= window[1]) & (las.y <= window[3])
    )
    layer = one(path, bounds=window)
    assert layer.count == int(np.asarray(inside).sum())
    thinned = one(path, bounds=window, max_points=20)
    assert thinned.count == 20
    everywhere = {tuple(p) for p in layer.world().round(3)}
    assert {tuple(p) for p in thinned.world().round(3)} <= everywhere


def test_a_window_without_points_says_where_they_are(tmp_path):
    write_las(tmp_path / "a.laz")
    with pytest.raises(ReadError, match="no points in the window") as failure:
        one(tmp_path / "a.laz", bounds=(0, 0, 1, 1))
    assert "587000" in failure.value.hint


def test_fields_not_asked_for_are_left_out(tmp_path):
    write_las(tmp_path / "a.laz")
    layer = one(tmp_path / "a.laz", fields=("rgb",))
    assert layer.rgb is not None
    assert layer.classification is layer.intensity is None
    with pytest.raises(ReadError, match="no smell"):
        one(tmp_path / "a.laz", fields=("smell",))


def test_without_a_crs_it_is_asked(tmp_path):
    write_las(tmp_path / "a.laz", crs=None)
    with pytest.raises(CrsError) as failure:
        one(tmp_path / "a.laz")
    assert failure.value.candidates[:2] == ("EPSG:5897", "EPSG:3405")
    layer = one(tmp_path / "a.laz", crs="EPSG:3405")
    assert (layer.crs, layer.source.crs_from) == ("EPSG:3405", "given")


def test_the_files_own_crs_wins_unless_forced(tmp_path):
    write_las(tmp_path / "a.laz", crs="EPSG:3405")
    assert one(tmp_path / "a.laz", crs="EPSG:5897").crs == "EPSG:3405"
    assert one(tmp_path / "a.laz", crs="EPSG:5897", force_crs=True).crs == "EPSG:5897"


@pytest.mark.parametrize(
    ("crs", "unit", "factor", "code"),
    [
        ("EPSG:2232", "", US_FOOT, "heights-assumed-feet"),
        ("EPSG:2994", "", 0.3048, "heights-assumed-feet"),
        ("EPSG:2232+6360", "", US_FOOT, "heights-converted"),
        ("EPSG:2232+5703", "", 1.0, ""),
        ("EPSG:5897", "ft", 0.3048, ""),
        ("EPSG:2232", "m", 1.0, ""),
    ],
)
def test_heights_come_in_metres(tmp_path, crs, unit, factor, code):
    corner = (3_140_000.0, 1_690_000.0, 5280.0) if "2232" in crs else (640_000.0, 850_000.0, 400.0)
    corner = HANOI if crs == "EPSG:5897" else corner
    las = write_las(tmp_path / "a.las", crs=crs, corner=corner)
    layer = one(tmp_path / "a.las", height_unit=unit)
    np.testing.assert_allclose(layer.world()[:, 2], np.asarray(las.z) * factor, atol=1e-3)
    np.testing.assert_allclose(layer.world()[:, 0], las.x, atol=1e-3)  # still in the file's unit
    assert code in {notice.code for notice in layer.notices} | {""}


def test_a_geocentric_claim_over_map_numbers_is_not_believed(tmp_path):
    path = tmp_path / "a.las"
    write_las(path, crs="EPSG:4978")
    with pytest.raises(CrsError, match="geocentric") as failure:
        one(path)
    assert failure.value.candidates[0] == "EPSG:5897"
    layer = one(path, crs="EPSG:5897")
    assert layer.crs == "EPSG:5897"
    assert "crs-not-believed" in {notice.code for notice in layer.notices}


@pytest.mark.parametrize("low_y", [0.0, -1e300, float("nan")])
def test_a_senseless_extent_costs_no_precision(tmp_path, low_y):
    path = tmp_path / "a.las"
    las = write_las(path)
    raw = bytearray(path.read_bytes())
    struct.pack_into("<d", raw, 203, low_y)  # min y (LAS 1.4 R15, table 3)
    path.write_bytes(raw)
    np.testing.assert_allclose(one(path, crs="EPSG:5897").world(), las.xyz, atol=1e-4)


def test_a_wrong_extent_in_the_head_is_told(tmp_path):
    path = tmp_path / "a.las"
    write_las(path)
    raw = bytearray(path.read_bytes())
    struct.pack_into("<d", raw, 179, HANOI[0] + 10)  # max x (LAS 1.4 R15, table 3)
    path.write_bytes(raw)
    assert "extent-wrong" in {notice.code for notice in one(path).notices}


@pytest.mark.parametrize("name", ["X", "red", "Intensity", "classes", "", "\u00dcn\u00ef \u2713"])
@pytest.mark.parametrize("suffix", ["las", "laz"])
def test_awkward_extra_dimensions_disturb_nothing(tmp_path, name, suffix):
    path = tmp_path / f"a.{suffix}"
    las = write_las(path, point_format=6)
    las.add_extra_dim(laspy.ExtraBytesParams("placeholder-name", np.float64))
    las.write(path)
    raw = path.read_bytes()
    assert raw.count(b"placeholder-name") == 1
    path.write_bytes(raw.replace(b"placeholder-name", name.encode().ljust(16, b"\0")))
    layer = one(path)
    np.testing.assert_array_equal(layer.classification, las.classification)
    assert preview(path)[0].count == 1000


# -- damage ---------------------------------------------------------------------------------


def test_a_cut_off_las_says_how_much_is_left(tmp_path):
    path = tmp_path / "a.las"
    las = write_las(path)
    raw = path.read_bytes()
    size = las.header.point_format.size
    with laspy.open(path) as written:
        start = written.header.offset_to_point_data
    path.write_bytes(raw[: start + 400 * size + 7])
    with pytest.raises(ReadError, match="400 of 1000 points") as failure:
        one(path)
    assert failure.value.code == "file-truncated"


def test_a_cut_off_laz_says_how_much_is_left(tmp_path):
    path = tmp_path / "a.laz"
    write_las(path, count=120_000)
    raw = path.read_bytes()
    path.write_bytes(raw[: int(len(raw) * 0.6)])
    with pytest.raises(ReadError, match=r"(\d+) of 120000 points") as failure:
        one(path)
    readable = int(str(failure.value).split(": ")[1].split(" of ")[0])
    assert 40_000 <= readable <= 75_000  # 60 % of the bytes hold 72 000 points at most


def test_a_laz_damaged_in_the_middle_is_refused(tmp_path):
    path = tmp_path / "a.laz"
    write_las(path, count=120_000)
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2 : len(raw) // 2 + 20_000] = bytes(20_000)
    path.write_bytes(raw)
    try:
        layer = one(path)
    except ReadError as failure:
        assert "of 120000 points" in failure.what
    else:  # the arithmetic decoder may survive: then the extent gives it away
        assert "extent-wrong" in {notice.code for notice in layer.notices}


@pytest.mark.parametrize("suffix", ["las", "laz"])
def test_a_head_that_claims_a_million_million_points_is_refused(tmp_path, suffix):
    path = tmp_path / f"a.{suffix}"
    write_las(path)
    raw = bytearray(path.read_bytes())
    struct.pack_into("<Q", raw, 247, 10**12)
    path.write_bytes(raw)
    with pytest.raises(ReadError, match="1000"):
        one(path)


def test_a_chunk_table_of_four_thousand_million_chunks_makes_no_room_for_them(tmp_path):
    path = tmp_path / "a.laz"
    write_las(path)
    raw = bytearray(path.read_bytes())
    with laspy.open(path) as written:
        start = written.header.offset_to_point_data
    (table,) = struct.unpack_from("<q", raw, start)
    struct.pack_into("<I", raw, table + 4, 0xFFFF_FFFF)
    path.write_bytes(raw)
    assert one(path).count == 1000  # the points themselves are whole, and come in sequence


@pytest.mark.parametrize("size", [0, 4, 100, 226, 300])
def test_a_stump_is_no_point_cloud(tmp_path, size):
    path = tmp_path / "a.laz"
    write_las(path)
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(ReadError):
        one(path)


def test_a_file_without_points_is_refused_but_previewed(tmp_path):
    path = tmp_path / "a.las"
    header = laspy.LasHeader(point_format=6, version="1.4")
    header.add_crs(CRS.from_epsg(5897))
    laspy.LasData(header).write(path)
    with pytest.raises(ReadError, match="no points"):
        one(path)
    assert preview(path)[0].count == 0


@settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    place=st.integers(0, 1800), value=st.integers(0, 255), suffix=st.sampled_from(["las", "laz"])
)
def test_any_changed_byte_gives_a_layer_or_a_clear_error(tmp_path, place, value, suffix):
    whole = tmp_path / f"whole.{suffix}"
    if not whole.exists():
        write_las(whole, count=60)
    raw = bytearray(whole.read_bytes())
    raw[place % len(raw)] = value
    changed = tmp_path / f"changed.{suffix}"
    changed.write_bytes(raw)
    try:
        layer = one(changed)
    except CityError as failure:
        assert failure.what
    else:
        assert np.isfinite(layer.xyz).all()


def test_reading_stops_when_asked(tmp_path):
    write_las(tmp_path / "a.laz")
    progress = Progress()
    progress.cancel()
    with pytest.raises(Cancelled):
        read(tmp_path / "a.laz", ReadOptions(), progress)


def test_a_preview_is_about_the_file_and_never_raises_for_the_crs(tmp_path):
    write_las(tmp_path / "a.laz", crs=None)
    (found,) = preview(tmp_path / "a.laz")
    assert (found.kind, found.role, found.count, found.crs) == ("points", "lidar", 1000, "")
    assert found.candidates[0] == "EPSG:5897"
    assert 0 < len(found.sample) <= 200
    assert ("crs-missing" in dict(found.diagnosis)) is True


# -- real files -----------------------------------------------------------------------------

DELFT_1 = "delft/lidar/ahn3_cropped_1.laz"
COUNTS = {
    "autzen/autzen_south.laz": 5_787_422,
    DELFT_1: 640_510,
    "delft/lidar/ahn3_cropped_2.laz": 208_432,
    "france_lidarhd/lidar/test_data_77050_627755_LA93_IGN69.laz": 73_355,
    "france_lidarhd/lidar/test_data_77055_627755_LA93_IGN69.laz": 72_770,
    "france_lidarhd/lidar/test_data_77060_627755_LA93_IGN69.laz": 83_518,
    "france_lidarhd/lidar/test_data_77050_627760_LA93_IGN69.laz": 56_035,
    "france_lidarhd/lidar/test_data_77055_627760_LA93_IGN69.laz": 60_653,
    "france_lidarhd/lidar/test_data_77060_627760_LA93_IGN69.laz": 59_606,
    "france_lidarhd/lidar/test_data_77050_627755_LA93_IGN69.copc.laz": 21_172,
    "france_lidarhd/coast/test_semis_2021_0382_6565_LA93_IGN69_cropped.laz": 218_731,
    "pointclouds/autzen_trim.laz": 110_000,
    "pointclouds/las_variants/simple.copc.laz": 1_065,
    "pointclouds/las_variants/1_4_w_evlr.laz": 1_000,
    "pointclouds/las_variants/extrabytes.las": 1_065,
    "pointclouds/las_variants/file_with_both_wkt_and_geotiff_vlrs.las": 25_408,
    "pointclouds/lone-star.copc.laz": 518_862,
}
"""By the data's README."""

GIVEN = {
    DELFT_1: "EPSG:7415",
    "delft/lidar/ahn3_cropped_2.laz": "EPSG:7415",
    "france_lidarhd/lidar/test_data_77050_627755_LA93_IGN69.copc.laz": "EPSG:2154",
    "pointclouds/las_variants/extrabytes.las": "EPSG:2994",
    "pointclouds/lone-star.copc.laz": "EPSG:26912",
}


@pytest.mark.data
@pytest.mark.parametrize("name", COUNTS)
def test_real_files_hold_the_points_that_are_stated(data, name):
    layer = one(data / name, crs=GIVEN.get(name, ""))
    assert layer.count == layer.total == COUNTS[name]
    las = laspy.read(data / name)
    np.testing.assert_allclose(layer.world()[::97, :2], las.xyz[::97, :2], atol=1e-3)
    if layer.classification is not None:
        np.testing.assert_array_equal(layer.classification, las.classification)


@pytest.mark.data
def test_delft_has_its_classes_and_asks_for_its_crs(data):
    with pytest.raises(CrsError) as failure:
        one(data / DELFT_1)
    assert failure.value.candidates[0] == "EPSG:28992"
    layer = one(data / DELFT_1, crs="EPSG:7415")
    values, counts = np.unique(layer.classification, return_counts=True)
    stated = {1: 196_137, 2: 195_988, 6: 246_753, 9: 267, 26: 1_365}
    assert dict(zip(values.tolist(), counts.tolist(), strict=True)) == stated
    assert (layer.crs, layer.vertical) == ("EPSG:28992", "NAP height")
    assert layer.bounds == pytest.approx((84808.3, 447412.8, 85000.0, 447641.3), abs=0.05)


@pytest.mark.data
def test_autzen_is_coloured_unclassified_and_in_feet(data):
    layer = one(data / "autzen/autzen_south.laz", max_points=100_000)
    assert layer.count == 100_000
    assert layer.classification is None
    assert layer.rgb.max() > 200  # 0–255 in 16 bits, not made black
    z = layer.world()[:, 2]
    assert 406 * 0.3048 - 0.1 < z.min() < z.max() < 615.3 * 0.3048
    assert layer.bounds == pytest.approx((635577.8, 848882.2, 638940.2, 851400.0), abs=15)


@pytest.mark.data
def test_french_colours_are_all_zero_and_so_none(data):
    layer = one(data / "france_lidarhd/lidar/test_data_77050_627755_LA93_IGN69.laz")
    assert layer.rgb is None
    assert layer.crs == "EPSG:2154"


@pytest.mark.data
def test_lone_star_claims_to_be_geocentric_and_is_not_believed(data):
    with pytest.raises(CrsError, match="geocentric") as failure:
        one(data / "pointclouds/lone-star.copc.laz")
    assert "EPSG:26912" in failure.value.candidates


@pytest.mark.data
def test_copc_is_thinned_by_whole_levels(data):
    path = data / "pointclouds/lone-star.copc.laz"
    with laspy.CopcReader.open(path) as copc:
        levels = [len(copc.query(level=range(top + 1))) for top in range(3)]
    for most, expected in ((levels[0], levels[0]), (levels[1], levels[1])):
        layer = one(path, crs="EPSG:26912", max_points=most)
        assert (layer.count, layer.total) == (expected, 518_862)
    few = one(path, crs="EPSG:26912", max_points=5_000)
    assert few.count == 5_000
    assert one(path, crs="EPSG:26912", max_points=levels[1] + 10).count == levels[1]


@pytest.mark.data
def test_a_window_of_a_copc_holds_what_laspy_finds_there(data):
    path = data / "pointclouds/lone-star.copc.laz"
    window = (515_380.0, 4_918_350.0, 515_390.0, 4_918_360.0)
    las = laspy.read(path)
    inside = (las.x >= window[0]) & (las.x <= window[2]) & (las.y >= window[1])
    inside &= las.y <= window[3]
    layer = one(path, crs="EPSG:26912", bounds=window)
    assert layer.count == int(np.asarray(inside).sum())


@pytest.mark.data
def test_both_ways_of_stating_a_crs_are_compared(data):
    layer = one(data / "pointclouds/las_variants/file_with_both_wkt_and_geotiff_vlrs.las")
    assert layer.crs == "EPSG:6880"
    assert "crs-stated-twice" in {notice.code for notice in layer.notices}


@pytest.mark.data
def test_a_compound_crs_with_feet_only_upwards(data):
    path = data / "pointclouds/las_variants/simple.copc.laz"
    layer = one(path)
    assert (layer.crs, layer.vertical) == ("EPSG:2991", "NAVD88 height (ftUS)")
    z = np.asarray(laspy.read(path).z)
    np.testing.assert_allclose(np.sort(layer.world()[:, 2]), np.sort(z) * US_FOOT, atol=1e-3)


@pytest.mark.data
@pytest.mark.slow
def test_autzen_fits_into_less_than_300_mib(data):
    code = (
        "import psutil, sys, json, threading, time\n"
        "from pathlib import Path\n"
        "from layers.readers.registry import read\n"
        "top, done = [0], [False]\n"
        "def watch():\n"
        "    me = psutil.Process()\n"
        "    while not done[0]:\n"
        "        top[0] = max(top[0], me.memory_info().rss); time.sleep(0.005)\n"
        "t = threading.Thread(target=watch); t.start()\n"
        f"layer, = read(Path({str(data / 'autzen/autzen_south.laz')!r}))\n"
        "done[0] = True; t.join()\n"
        "print(json.dumps([layer.count, top[0] / 2**20]))\n"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    count, mib = json.loads(run.stdout)
    assert count == 5_787_422
    assert mib < 300
