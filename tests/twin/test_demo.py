"""The demo ward: files like a user's, and a truth to measure them by."""

from __future__ import annotations

import json
import tomllib
import unicodedata
from pathlib import Path

import laspy
import numpy as np
import pyogrio
import pyproj
import pytest
import rasterio
import shapely

from layers.errors import Cancelled, CityError
from layers.progress import Progress
from twin.demo.generate import (
    MANIFEST,
    ORIGIN,
    DemoFiles,
    demo_files,
    demo_folder,
    generate,
    is_ready,
)
from twin.demo.scan import LINES

SIZE = 300.0


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> DemoFiles:
    return generate(tmp_path_factory.mktemp("demo") / "ward", size=SIZE)


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> DemoFiles:
    return generate(tmp_path_factory.mktemp("demo") / "ward")


@pytest.fixture(scope="module")
def cloud(small: DemoFiles) -> laspy.LasData:
    (path,) = small.lidar
    return laspy.read(path)


def layer(files: DemoFiles, name: str) -> tuple[np.ndarray, dict[str, np.ndarray], str]:
    """Geometry, columns and CRS of a layer."""
    meta, _, wkb, data = pyogrio.raw.read(files.vectors, layer=name)
    return shapely.from_wkb(wkb), dict(zip(meta["fields"], data, strict=True)), meta["crs"]


def faults(files: DemoFiles) -> dict:
    return json.loads((files.truth / "faults.json").read_text(encoding="utf-8"))


def sides(areas: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Short and long side of the least rectangle around each area."""
    corners = shapely.get_coordinates(shapely.minimum_rotated_rectangle(areas)).reshape(-1, 5, 2)
    first = np.hypot(*(corners[:, 1] - corners[:, 0]).T)
    second = np.hypot(*(corners[:, 2] - corners[:, 1]).T)
    return np.minimum(first, second), np.maximum(first, second)


def test_ward_lies_in_central_hanoi(small: DemoFiles) -> None:
    with rasterio.open(small.ortho) as ortho, rasterio.open(small.dtm) as dtm:
        assert ortho.crs.to_epsg() == dtm.crs.to_epsg() == 5897
        assert ortho.bounds == pytest.approx(dtm.bounds, abs=0.3)
        bounds = ortho.bounds
    to_wgs84 = pyproj.Transformer.from_crs(5897, 4326, always_xy=True)
    lon, lat = to_wgs84.transform(bounds.left, bounds.bottom)
    # Ba Đình – Hoàn Kiếm lies between 105.80 and 105.87 E, 21.00 and 21.05 N.
    assert 105.80 < lon < 105.87
    assert 21.00 < lat < 21.05


def test_rasters_are_as_tools_like_them(small: DemoFiles) -> None:
    with rasterio.open(small.ortho) as ortho:
        assert ortho.count == 3
        assert ortho.dtypes == ("uint8",) * 3
        assert ortho.block_shapes[0] == (512, 512)
        assert ortho.overviews(1)
        assert 0.25 <= ortho.res[0] <= 0.5
    with rasterio.open(small.dtm) as dtm:
        assert dtm.dtypes == ("float32",)
        assert dtm.block_shapes[0] == (256, 256)
        assert dtm.compression.value.lower() == "deflate"


def test_scan_is_las_1_4_with_colour_and_a_compound_crs(cloud: laspy.LasData) -> None:
    assert str(cloud.header.version) == "1.4"
    assert cloud.header.point_format.id == 7
    crs = cloud.header.parse_crs()
    assert crs is not None
    assert crs.is_compound
    assert crs.sub_crs_list[0].to_epsg() == 5897
    assert "Hon Dau" in crs.sub_crs_list[1].name
    assert cloud.red.max() > 255


def test_scan_has_five_points_a_square_metre(cloud: laspy.LasData) -> None:
    assert len(cloud.points) / SIZE**2 == pytest.approx(5.0, rel=0.1)


def test_scan_has_all_classes(cloud: laspy.LasData) -> None:
    found = np.bincount(cloud.classification, minlength=10)
    for kind in (1, 2, 3, 4, 5, 6, 7, 9):
        assert found[kind] > 0, f"class {kind}"
    assert found[7] < 0.001 * found.sum()
    assert set(np.unique(cloud.classification)) <= {1, 2, 3, 4, 5, 6, 7, 9}


def test_second_returns_lie_below_their_first(cloud: laspy.LasData) -> None:
    second = np.flatnonzero((cloud.return_number == 2) & (cloud.classification != 7))
    first = second - 1
    whole = (second > 0) & (cloud.classification[first] != 7)
    same = whole & (cloud.gps_time[first] == cloud.gps_time[second])
    assert same.mean() > 0.95
    # 0.3 m apart along the ray at least, with noise of 0.03 m on both.
    assert np.all(cloud.z[first[same]] > cloud.z[second[same]])


def test_narrow_alleys_get_less_ground_than_streets(small: DemoFiles, cloud: laspy.LasData) -> None:
    lines, columns, _ = layer(small, "duong")
    rank, width = columns["cap_duong"], columns["be_rong"]
    x, y = np.asarray(cloud.x), np.asarray(cloud.y)
    open_to_sky = (cloud.classification == 2) & (cloud.return_number == 1)
    points = shapely.points(x[open_to_sky], y[open_to_sky])

    def density(chosen: np.ndarray) -> float:
        area = shapely.union_all(shapely.buffer(lines[chosen], width[chosen] / 2, cap_style="flat"))
        shapely.prepare(area)
        return shapely.contains(area, points).sum() / area.area

    alley, street = density(np.isin(rank, ("ngõ", "ngách"))), density(rank == "phố")
    assert alley < 0.9 * street


def test_walls_hide_the_ground_behind_them(small: DemoFiles, cloud: laspy.LasData) -> None:
    areas, _, _ = layer(small, "nha")
    areas = shapely.make_valid(areas)
    # The aircraft passes 750 m east of the ward's corner: east of it, a wall hides what lies east.
    line = ORIGIN[0] + LINES[1]
    areas = areas[shapely.get_x(shapely.centroid(areas)) > line + 120]
    houses = shapely.union_all(areas)
    ground = cloud.classification == 2
    x, y = np.asarray(cloud.x)[ground], np.asarray(cloud.y)[ground]

    def density(step: float) -> float:
        moved = shapely.transform(areas, lambda points: points + np.array([step, 0.0]))
        beside = shapely.union_all(moved).difference(houses.buffer(0.1))
        shapely.prepare(beside)
        return shapely.contains_xy(beside, x, y).sum() / beside.area

    assert density(1.0) < 0.5 * density(-1.0)


def test_water_returns_little(small: DemoFiles, cloud: laspy.LasData) -> None:
    areas, columns, _ = layer(small, "mat_nuoc")
    assert "Hồ Sen Xanh" in columns["ten"]
    lake = shapely.union_all(areas[columns["ten"] == "Hồ Sen Xanh"]).buffer(-3)
    x, y = np.asarray(cloud.x), np.asarray(cloud.y)
    shapely.prepare(lake)
    wet = shapely.contains_xy(lake, x, y)
    assert wet.sum() / lake.area < 1.5
    surface = cloud.z[wet & (cloud.classification == 9)]
    # A range noise of 3 cm, and nothing else, on a level lake.
    assert np.std(surface) == pytest.approx(0.03, rel=0.35)


def test_dtm_is_within_its_stated_error(small: DemoFiles) -> None:
    truth = np.load(small.truth / "truth.npz")
    x, y = np.meshgrid(truth["ground_x"][1:-1], truth["ground_y"][1:-1])
    with rasterio.open(small.dtm) as dtm:
        found = np.array(list(dtm.sample(zip(x.ravel(), y.ravel(), strict=True)))).ravel()
    error = found - truth["ground_z"][1:-1, 1:-1].ravel()
    rmse = np.sqrt(np.mean(error**2))
    assert 0.03 < rmse < 0.2
    assert abs(np.median(error)) < 0.02


def test_ground_points_lie_on_the_true_ground(small: DemoFiles, cloud: laspy.LasData) -> None:
    truth = np.load(small.truth / "truth.npz")
    rows = np.flatnonzero(cloud.classification == 2)[::17]
    x, y, z = (np.asarray(getattr(cloud, axis))[rows] for axis in "xyz")
    column = np.round((x - truth["ground_x"][0]) / 5).astype(int)
    row = np.round((y - truth["ground_y"][0]) / 5).astype(int)
    near = np.hypot(x - truth["ground_x"][column], y - truth["ground_y"][row]) < 1.0
    error = z[near] - truth["ground_z"][row[near], column[near]]
    assert near.sum() > 50
    assert abs(np.median(error)) < 0.05
    assert np.percentile(np.abs(error), 90) < 0.3


def test_roof_points_give_the_true_height(small: DemoFiles, cloud: laspy.LasData) -> None:
    truth = np.load(small.truth / "truth.npz")
    areas, columns, _ = layer(small, "nha")
    wrong = set(faults(small)["shifted"]) | set(faults(small)["invalid"])
    height = dict(zip(truth["id"], truth["ground"] + truth["height_main"], strict=True))
    roof = cloud.classification == 6
    points = shapely.points(np.asarray(cloud.x)[roof], np.asarray(cloud.y)[roof])
    z = np.asarray(cloud.z)[roof]
    good = [i for i, name in enumerate(columns["ma_nha"]) if name in height and name not in wrong]
    inside = shapely.STRtree(points)
    errors = []
    for i in good:
        rows = inside.query(areas[i].buffer(-0.4), predicate="contains")
        if len(rows) >= 12:
            errors.append(np.median(z[rows]) - height[columns["ma_nha"][i]])
    assert len(errors) > 0.7 * len(good)
    assert np.median(np.abs(errors)) < 0.15


def test_layers_speak_vietnamese(small: DemoFiles) -> None:
    names = {name for name, _ in pyogrio.list_layers(small.vectors)}
    assert names == {
        "nha", "thua_dat", "duong", "quy_hoach", "cay_xanh", "mat_nuoc", "cong_vien",
    }  # fmt: skip
    for name in names:
        _, columns, crs = layer(small, name)
        assert pyproj.CRS(crs).to_epsg() == 5897
        for values in columns.values():
            texts = [v for v in values if isinstance(v, str)]
            assert all(unicodedata.is_normalized("NFC", text) for text in texts)
            assert all("\ufffd" not in text for text in texts)
    _, columns, _ = layer(small, "nha")
    assert set(columns) >= {"ma_nha", "ma_thua", "so_tang", "cong_nang", "nam_xay", "ten_duong"}
    assert any("ố" in text for text in columns["ten_duong"])


def test_tube_houses_have_their_measures(small: DemoFiles) -> None:
    areas, columns, _ = layer(small, "nha")
    wrong = set(faults(small)["invalid"])
    tube = (columns["loai_nha"] == "nhà ống") & ~np.isin(columns["ma_nha"], list(wrong))
    short, long = sides(areas[tube])
    assert tube.sum() > 100
    # Coordinates are written in millimetres.
    assert short.min() > 3 - 0.005
    assert short.max() < 5 + 0.005
    assert long.min() > 12 - 0.005
    assert long.max() < 25 + 0.005
    floors = columns["so_tang"][tube]
    floors = floors[np.isfinite(floors)]
    assert np.mean((floors >= 3) & (floors <= 6)) > 0.6


def test_truth_counts_every_fault(small: DemoFiles) -> None:
    areas, columns, _ = layer(small, "nha")
    truth, told = np.load(small.truth / "truth.npz"), faults(small)
    assert all(count > 0 for count in told["counts"].values())
    assert (~shapely.is_valid(areas)).sum() == told["counts"]["invalid"]
    assert np.isnan(columns["so_tang"].astype(float)).sum() >= told["counts"]["missing_floors"]
    assert len(areas) == len(truth["id"]) + told["counts"]["duplicates"]
    same = {}
    for i, area in enumerate(areas):
        same.setdefault(shapely.to_wkb(shapely.normalize(area)), []).append(i)
    assert sum(len(rows) - 1 for rows in same.values()) == told["counts"]["duplicates"]
    row_of = {name: i for i, name in enumerate(columns["ma_nha"])}
    place = dict(zip(truth["id"], zip(truth["x"], truth["y"], strict=True), strict=True))
    for name in told["shifted"]:
        middle = shapely.get_coordinates(areas[row_of[name]].centroid)[0]
        assert np.hypot(*(middle - place[name])) == pytest.approx(1.0, abs=0.005)
    for name in told["missing_floors"]:
        assert np.isnan(float(columns["so_tang"][row_of[name]]))


def test_outlines_do_not_overlap_but_for_the_faults(small: DemoFiles) -> None:
    areas, columns, _ = layer(small, "nha")
    told = faults(small)
    bad = [*told["shifted"], *told["invalid"], *(f"{name}-2" for name in told["duplicates"])]
    good = areas[~np.isin(columns["ma_nha"], bad)]
    left, right = shapely.STRtree(good).query(good, predicate="intersects")
    pairs = left < right
    overlap = shapely.area(shapely.intersection(good[left[pairs]], good[right[pairs]]))
    assert (overlap > 0.05).sum() == 0


def test_recipe_names_every_file(small: DemoFiles) -> None:
    recipe = tomllib.loads(small.recipe.read_text(encoding="utf-8"))
    assert recipe["crs"] == "EPSG:5897"
    roles = {source["role"] for source in recipe["source"]}
    assert roles == {
        "lidar", "ground", "imagery", "footprints", "roads", "water", "green", "trees", "parcels",
        "zoning",
    }  # fmt: skip
    for source in recipe["source"]:
        assert list(small.folder.glob(source["path"]))
        if "layer" in source:
            _, columns, _ = layer(small, source["layer"])
            assert source.get("id", "ten") in columns


def test_same_seed_gives_the_same_bytes(small: DemoFiles, tmp_path: Path) -> None:
    again = generate(tmp_path / "again", size=SIZE)
    for path in sorted(small.folder.rglob("*")):
        if path.is_file():
            name = path.relative_to(small.folder)
            assert (again.folder / name).read_bytes() == path.read_bytes(), name


def test_another_seed_gives_another_ward(small: DemoFiles, tmp_path: Path) -> None:
    other = generate(tmp_path / "other", size=120, seed=8)
    first, _, _ = layer(small, "nha")
    second, _, _ = layer(other, "nha")
    known = {shapely.to_wkb(area) for area in first}
    assert not any(shapely.to_wkb(area) in known for area in second[:50])


def test_finished_demo_is_known_and_a_damaged_one_is_not(tmp_path: Path) -> None:
    folder = tmp_path / "ward"
    assert not is_ready(folder)
    files = generate(folder, size=100)
    assert is_ready(folder)
    assert is_ready(folder, thorough=True)
    assert demo_files(folder) == files
    (folder / "city.gpkg").write_bytes(b"built from it")
    assert is_ready(folder)
    whole = files.dtm.read_bytes()
    files.dtm.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    assert not is_ready(folder, thorough=True)
    files.dtm.write_bytes(whole[:100])
    assert not is_ready(folder)
    (folder / MANIFEST).write_text("{", encoding="utf-8")
    assert not is_ready(folder)


def test_cancelling_leaves_nothing(tmp_path: Path) -> None:
    progress = Progress(lambda fraction, _: progress.cancel() if fraction > 0.5 else None)
    with pytest.raises(Cancelled):
        generate(tmp_path / "ward", size=100, progress=progress)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_with_other_files_is_refused_and_kept(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("dear", encoding="utf-8")
    with pytest.raises(CityError, match="already holds other files"):
        generate(tmp_path, size=100)
    assert [path.name for path in tmp_path.iterdir()] == ["letter.txt"]


def test_impossible_size_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CityError, match="100 to 1500"):
        generate(tmp_path / "ward", size=9000)


def test_demo_folder_is_the_users_own() -> None:
    folder = demo_folder()
    assert folder.is_absolute()
    assert "dothi" in folder.parts


@pytest.mark.slow
def test_whole_ward_has_every_form(full: DemoFiles) -> None:
    areas, columns, _ = layer(full, "nha")
    west, south, east, north = shapely.total_bounds(areas)
    assert east - west > 1250  # further east lie fields and the river
    assert north - south > 1400
    kinds = dict(zip(*np.unique(columns["loai_nha"], return_counts=True), strict=True))
    for kind in (
        "nhà ống", "nhà tập thể", "tháp cao tầng", "khối đế", "biệt thự Pháp", "trường học",
        "nhà chợ", "đền chùa", "nhà hát", "công sở", "nhà văn phòng",
    ):  # fmt: skip
        assert kinds.get(kind, 0) > 0, kind
    assert kinds["nhà ống"] > 5000
    towers = columns["so_tang"][columns["loai_nha"] == "tháp cao tầng"]
    assert len(towers) >= 10
    assert towers.min() >= 18
    assert towers.max() <= 35
    blocks = columns["so_tang"][columns["loai_nha"] == "nhà tập thể"]
    assert set(np.unique(blocks)) <= {4, 5}


@pytest.mark.slow
def test_whole_scan_is_tiled_and_even(full: DemoFiles) -> None:
    assert len(full.lidar) == 9
    total = 0
    for path in full.lidar:
        with laspy.open(path) as file:
            total += file.header.point_count
            low, high = file.header.mins, file.header.maxs
            assert np.all(high[:2] - low[:2] <= 500.01)
    assert total / 1500**2 == pytest.approx(5.0, rel=0.1)


@pytest.mark.slow
def test_dyke_stands_above_streets_and_flood_plain(full: DemoFiles) -> None:
    truth = np.load(full.truth / "truth.npz")
    # East to west across the middle of the ward: river, plain, dyke, town.
    profile = truth["ground_z"][150]
    crest = profile[200:].argmax() + 200
    town, plain = profile[crest - 20], profile[crest + 20]
    assert profile[crest] - town > 5
    assert profile[crest] - plain > 3
    assert profile[-1] < plain - 3
