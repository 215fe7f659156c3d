"""Bad files given to the real command: what happened, what to try, nothing lost, nothing left."""

from __future__ import annotations

import functools
import gzip
import io
import json
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import shapely
from command import Answer, check_refusal, contents, dothi
from small_city import (
    CLOUD,
    FOOTPRINTS,
    SOUTH,
    TERRAIN,
    WEST,
    cut,
    house,
    houses,
    outlines,
    recipe,
    scan,
    terrain,
)

from layers.readers.registry import preview
from twin import cli
from twin.project.store import Project

Fill = Callable[[Path], Path]
MOST_BYTES = 700 << 20
MOST_SECONDS = 30


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A whole project, as bytes."""
    folder = tmp_path_factory.mktemp("standing")
    houses(folder / FOOTPRINTS["path"])
    out = folder / "city.gpkg"
    assert dothi("build", recipe(folder, FOOTPRINTS), "-o", out).status == 0
    return out.read_bytes()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder which also holds what the system calls its folder for temporary files."""
    folder = tmp_path / "thư mục"
    (folder / "tmp").mkdir(parents=True)
    monkeypatch.setenv("TMPDIR", str(folder / "tmp"))
    monkeypatch.setattr(tempfile, "tempdir", None)
    yield folder
    tempfile.tempdir = None


@pytest.fixture
def here(capsys: pytest.CaptureFixture[str]) -> Callable[..., Answer]:
    """The command in this process, which saves its start."""

    def run(*arguments: str | Path) -> Answer:
        capsys.readouterr()
        status = cli.main([str(one) for one in arguments])
        out, said = capsys.readouterr()
        return Answer(status=status, out=out, said=said)

    return run


def model(folder: Path, text: str) -> Path:
    (folder / "a.city.json").write_text(text, encoding="utf-8")
    return recipe(folder, {"path": "a.city.json"}, crs="")


def shapefile_without(part: str) -> Fill:
    def fill(folder: Path) -> Path:
        houses(folder / "f.shp")
        (folder / f"f.{part}").unlink()
        return recipe(folder, {"path": "f.shp", "role": "footprints"})

    return fill


def with_houses(*sources: dict[str, object], **said: str) -> Fill:
    def fill(folder: Path) -> Path:
        houses(folder / FOOTPRINTS["path"])
        return recipe(folder, *(sources or (FOOTPRINTS,)), **said)

    return fill


def text_recipe(text: str | bytes) -> Fill:
    def fill(folder: Path) -> Path:
        path = folder / "city.toml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return fill


def after(fill: Fill, make: Callable[[Path], object]) -> Fill:
    """`fill`, then `make` something more in the folder."""

    def both(folder: Path) -> Path:
        made = fill(folder)
        make(folder)
        return made

    return both


@functools.cache
def bomb() -> bytes:
    """512 MiB of blanks in 510 KB."""
    kept = io.BytesIO()
    with (
        zipfile.ZipFile(kept, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive,
        archive.open("a.city.json", "w") as file,
    ):
        for _ in range(512):
            file.write(BLANKS)
    return kept.getvalue()


def zipped_blanks(folder: Path) -> Path:
    (folder / "a.city.json.zip").write_bytes(bomb())
    return recipe(folder, {"path": "a.city.json.zip"}, crs="")


def squeezed_blanks(folder: Path) -> Path:
    """3 GiB as .gz, which does not say how much it holds."""
    member = gzip.compress(BLANKS * 64)
    (folder / "a.city.json.gz").write_bytes(member * 48)
    return recipe(folder, {"path": "a.city.json.gz"}, crs="")


BLANKS = b" " * (1 << 20)
DEEP = "[" * 2_000_000 + "]" * 2_000_000
ALL = with_houses(FOOTPRINTS, CLOUD, TERRAIN)
UNPLACED = ("does not say where", "EPSG:5897", "EPSG:3405", "--crs")

REFUSED: dict[str, tuple[Fill, tuple[str, ...]]] = {
    "cut LAZ": (
        after(with_houses(FOOTPRINTS, CLOUD), lambda f: cut(scan(f / "scan.laz"))),
        ("scan.laz is cut off", "again"),
    ),
    "LAZ cut in its head": (
        after(with_houses(FOOTPRINTS, CLOUD), lambda f: cut(scan(f / "scan.laz"), 0.001)),
        ("scan.laz", "again"),
    ),
    "GeoTIFF of 0 bytes": (
        after(with_houses(FOOTPRINTS, TERRAIN), lambda f: (f / "dtm.tif").touch()),
        ("dtm.tif is empty", "again"),
    ),
    "cut GeoTIFF": (
        after(with_houses(FOOTPRINTS, TERRAIN), lambda f: cut(terrain(f / "dtm.tif"))),
        ("dtm.tif could not be read", "again"),
    ),
    "raster without CRS": (
        after(with_houses(FOOTPRINTS, TERRAIN), lambda f: terrain(f / "dtm.tif", crs=None)),
        UNPLACED,
    ),
    "shapefile without prj": (shapefile_without("prj"), UNPLACED),
    "feet for the project": (with_houses(crs="EPSG:2992"), ("unit is foot", "metres")),
    "degrees for the project": (with_houses(crs="EPSG:4326"), ("unit is degree", "metres")),
    "no such CRS": (with_houses(crs="EPSG:99999"), ("EPSG:99999", "EPSG code")),
    "no such CRS of a source": (with_houses(FOOTPRINTS | {"crs": "Hanoi"}), ("Hanoi", "EPSG code")),
    "CityJSON with bad indices": (
        lambda f: model(f, json.dumps(house(boundaries=[[[[0, 2, 99]], [[0, 1, -3]]]]))),
        ("vertices that do not exist", "99", "again"),
    ),
    "CityJSON of nested lists": (
        lambda f: model(
            f, json.dumps(house(boundaries=0)).replace('boundaries": 0', f'boundaries": {DEEP}')
        ),
        ("a.city.json", "cjval"),
    ),
    "GeoJSON of nested lists": (
        after(
            lambda f: recipe(f, {"path": "a.geojson", "role": "footprints"}),
            lambda f: (f / "a.geojson").write_text(
                f'{{"type":"FeatureCollection","features":{DEEP}}}'
            ),
        ),
        ("a.geojson could not be read", "damaged"),
    ),
    "zip bomb": (zipped_blanks, ("unpack", "512 MiB")),
    "gz bomb": (squeezed_blanks, ("512 MiB", "unpacked")),
    "missing file": (with_houses(FOOTPRINTS, TERRAIN), ("dtm.tif is not there", "dtm.tif")),
    "missing pattern": (with_houses({"path": "lidar/*.laz"}), ("No file fits", "Looked in")),
    "unknown suffix": (
        after(with_houses(FOOTPRINTS, {"path": "a.xyz"}), lambda f: (f / "a.xyz").write_text("1")),
        ("a.xyz", "not known", ".laz"),
    ),
    "missing layer": (with_houses(FOOTPRINTS | {"layer": "pand"}), ("“pand”", "It has houses")),
    "missing column": (with_houses(FOOTPRINTS | {"height": "cao"}), ("“cao”", "It has id, height")),
    "wrong filter": (with_houses(FOOTPRINTS | {"where": "cao >"}), ("“cao >”", "SQL")),
    "a role its content cannot have": (
        with_houses(FOOTPRINTS | {"role": "lidar"}),
        ("holds features", "change its role"),
    ),
    "unknown role": (with_houses(FOOTPRINTS | {"role": "roof"}), ("“roof”", "footprints")),
    "variable not set": (
        with_houses({"path": "${DOTHI_NOWHERE}/dtm.tif"}),
        ("${DOTHI_NOWHERE}", "Set the environment variable"),
    ),
    "recipe without source": (
        text_recipe('name = "a"\nsource = []\n'),
        ("no source", "[[source]]"),
    ),
    "recipe with a wrong key": (text_recipe('name = "a"\nsauce = 1\n'), ("sauce", "recipes.md")),
    "recipe that is no TOML": (text_recipe('name = "a'), ("not understood", "recipes.md")),
    "recipe of bytes": (text_recipe(b"\xff\xfe\0"), ("not understood", "recipes.md")),
    "empty recipe": (text_recipe(""), ("not understood", "recipes.md")),
    "missing recipe": (lambda f: f / "nowhere.toml", ("nowhere.toml is not there", "Look")),
    "folder as recipe": (lambda f: f / "tmp", ("could not be read", "recipe")),
    "floors below zero": (
        with_houses(more="buildings = { floor_height_m = -3.0 }"),
        ("floor_height_m", "> 0"),
    ),
    "height without end": (
        with_houses(more="buildings = { default_height_m = inf }"),
        ("default_height_m", "1000"),
    ),
    "no such level of detail": (with_houses(more='buildings = { lod = "9" }'), ("lod", "'9'")),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_bad_is_refused_and_the_old_city_stays(
    name: str, folder: Path, standing: bytes, here: Callable[..., Answer]
) -> None:
    fill, words = REFUSED[name]
    made = fill(folder)
    out = folder / "city.gpkg"
    out.write_bytes(standing)
    before = contents(folder)
    check_refusal(here("build", made, "-o", out, "--json"), *words)
    assert contents(folder) == before


@pytest.mark.parametrize(
    "name",
    ["CityJSON of nested lists", "GeoJSON of nested lists", "zip bomb", "gz bomb", "cut LAZ"],
)
def test_the_real_command_ends_soon_and_in_bounds_on_what_is_hostile(
    name: str, folder: Path
) -> None:
    fill, words = REFUSED[name]
    made = fill(folder)
    before = contents(folder)
    answer = dothi("build", made, "-o", folder / "city.gpkg", "--json")
    check_refusal(answer, *words)
    assert contents(folder) == before
    assert answer.seconds < MOST_SECONDS
    assert answer.peak < MOST_BYTES


def test_an_outline_as_long_as_the_earth_takes_no_memory_for_it(folder: Path) -> None:
    shapes = [*outlines(19), shapely.box(WEST, SOUTH, WEST + 9e6, SOUTH + 1)]
    houses(folder / FOOTPRINTS["path"], shapes, crs=32648)
    terrain(folder / "dtm.tif", crs="EPSG:32648")
    made = recipe(folder, FOOTPRINTS, TERRAIN, crs="EPSG:32648")
    answer = dothi("build", made, "-o", folder / "city.gpkg", "--json")
    assert answer.status == 0, answer.said
    assert answer.peak < MOST_BYTES


def built(
    folder: Path, here: Callable[..., Answer], *arguments: str
) -> tuple[dict[str, object], dict[str, int]]:
    """What the command said of a city that can be built, and its notices as code → count."""
    answer = here("build", folder / "city.toml", "-o", folder / "city.gpkg", "--json", *arguments)
    assert answer.status == 0, answer.said
    report = json.loads(answer.out)
    for notice in report["notices"]:
        assert set(notice) >= {"code", "what", "hint", "source"}
    return report, {notice["code"]: notice["count"] for notice in report["notices"]}


def test_the_candidates_offered_are_those_of_the_preview_and_answering_builds(
    folder: Path, here: Callable[..., Answer]
) -> None:
    with_houses(FOOTPRINTS, TERRAIN)(folder)
    terrain(folder / "dtm.tif", crs=None)
    (seen,) = preview(folder / "dtm.tif")
    answer = here("build", folder / "city.toml", "-o", folder / "city.gpkg")
    check_refusal(answer, *seen.candidates[:2])
    _, notices = built(folder, here, "--crs", "EPSG:5897")
    assert notices["crs-taken"] == 1
    recipe(folder, FOOTPRINTS, TERRAIN | {"crs": "EPSG:5897"})
    _, notices = built(folder, here)
    assert "crs-taken" not in notices and "ground-flat" not in notices


def test_a_shapefile_without_dbf_has_outlines_only_and_it_is_said(
    folder: Path, here: Callable[..., Answer]
) -> None:
    shapefile_without("dbf")(folder)
    report, notices = built(folder, here)
    assert notices["dbf-missing"] == 1
    assert report["buildings"]["method"]["default"] == 20


def test_a_shapefile_without_shx_is_read_whole_and_it_is_said(
    folder: Path, here: Callable[..., Answer]
) -> None:
    shapefile_without("shx")(folder)
    before = contents(folder)
    report, notices = built(folder, here)
    assert notices["shx-missing"] == 1
    assert report["buildings"]["method"]["attribute"] == 20
    now = contents(folder)
    assert set(now) - set(before) == {"city.gpkg"}, "no index is written beside a user's file"


def test_bad_outlines_are_counted_and_what_stands_is_closed(
    folder: Path, here: Callable[..., Answer]
) -> None:
    bow = [(0, 100), (10, 110), (10, 100), (0, 110)]
    line = [(0, 0), (5, 0), (9, 0)]
    shapes = [
        *outlines(),
        shapely.Polygon([(WEST + x, SOUTH + y) for x, y in bow]),
        *outlines(2),
        shapely.Polygon([(WEST + x, SOUTH + y) for x, y in line]),
    ]
    houses(folder / FOOTPRINTS["path"], shapes)
    recipe(folder, FOOTPRINTS)
    report, notices = built(folder, here)
    assert notices["rings-repaired"] == 1
    assert notices["duplicates"] == 2
    assert notices["geometry-collapsed"] == 1
    assert report["buildings"]["count"] == report["buildings"]["closed"] == 23
    answer = here("health", folder / FOOTPRINTS["path"], "--json")
    issues = json.loads(answer.out)["targets"][0]["issues"]
    found = {issue["code"]: issue["count"] for issue in issues}
    assert found["invalid-outlines"] == 1
    assert found["duplicate-outlines"] == 2
    assert found["features-dropped"] == 1


FOOT = 0.3048
"""Metres, by definition (EPSG:9002), the unit of EPSG:2992."""


def in_feet(folder: Path, **said: str) -> None:
    """A house of 100 × 100 ft whose roof is 30 ft over the ground, scanned in EPSG:2992."""
    x, y = np.meshgrid(np.arange(0, 300, 4.0), np.arange(0, 300, 4.0))
    inside = (abs(x - 150) <= 50) & (abs(y - 150) <= 50)
    xyz = np.stack([637_000 + x, 850_000 + y, 400 + 30.0 * inside], axis=-1).reshape(-1, 3)
    scan(folder / "scan.laz", xyz, np.where(inside, 6, 2).ravel(), crs="EPSG:2992")
    shape = shapely.box(637_100, 850_100, 637_200, 850_200)
    houses(folder / FOOTPRINTS["path"], [shape], crs=2992)
    recipe(folder, FOOTPRINTS, CLOUD | said, crs="EPSG:32610")


def measured(folder: Path) -> float:
    with Project.open(folder / "city.gpkg", read_only=True) as project:
        (layer,) = (one for one in project.city.layers.values() if one.kind == "buildings")
        return float(layer.height[0])


def test_feet_are_not_taken_for_metres(folder: Path, here: Callable[..., Answer]) -> None:
    in_feet(folder)
    report, notices = built(folder, here)
    assert notices["heights-assumed-feet"] == 1
    assert report["buildings"]["method"]["lidar"] == 1
    assert measured(folder) == pytest.approx(30 * FOOT, abs=0.05)
    west, _, east, _ = report["bounds"]
    assert east - west == pytest.approx(300 * FOOT, rel=0.1)


def test_who_knows_that_heights_are_metres_can_say_so(
    folder: Path, here: Callable[..., Answer]
) -> None:
    in_feet(folder, height_unit="m")
    _, notices = built(folder, here)
    assert "heights-assumed-feet" not in notices
    assert measured(folder) == pytest.approx(30, abs=0.05)
