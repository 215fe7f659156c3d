"""The commands as scripts use them: exit status, one JSON object, the keys that were promised."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas
import laspy
import numpy as np
import pytest
import shapely
from cities import make_buildings, make_city, make_ground, make_roads
from pyproj import CRS

from twin import cli
from twin.edits.registry import SetBuildingHeight
from twin.project.store import Project

# What scripts rely on: keys may be added, never renamed.
INFO = {"version", "crs", "bounds", "journal", "layers", "buildings", "parcels", "assets"}
INFO |= {"scenarios"}
LAYER = {"id", "kind", "name", "count", "source", "health"}
BUILDINGS = {"count", "lod", "method", "closed", "height_rmse_m"}
METHODS = {"lidar", "dsm", "attribute", "floors", "default"}
SCORES = {"correct", "sufficient", "clean", "live", "consistent", "shared"}
ISSUE = {"code", "what", "count", "where", "fix"}
NOTICE = {"code", "what", "hint", "source"}
WEST, SOUTH = 587_000.0, 2_325_000.0

Run = Callable[..., "tuple[int, str, str]"]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """(status, standard output, standard error) of a command."""

    def run(*arguments: str | Path) -> tuple[int, str, str]:
        capsys.readouterr()
        status = cli.main([str(one) for one in arguments])
        return (status, *capsys.readouterr())

    return run


@pytest.fixture
def city(tmp_path: Path) -> Path:
    """Four buildings, ground and roads, one edit."""
    path = tmp_path / "plan.gpkg"
    with Project.create(path, make_city(make_ground(), make_buildings(), make_roads())) as project:
        project.document.do(SetBuildingHeight(layer="buildings", building="nhà-1", height=30.0))
    return path


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    """Two houses of 10 × 10 m over flat scanned ground at 5 m: one with a roof at 12 m in the scan,
    one without points but 4 floors by its column; and two parcels."""
    shapes = [shapely.box(WEST + x, SOUTH, WEST + x + 10, SOUTH + 10) for x in (10, 40)]
    table = {"id": ["a", "b"], "floors": [2, 4]}
    geopandas.GeoDataFrame(table, geometry=shapes, crs=5897).to_file(tmp_path / "houses.gpkg")
    lots = [shape.buffer(3, join_style="mitre") for shape in shapes]
    geopandas.GeoDataFrame({"so_thua": [1, 2]}, geometry=lots, crs=5897).to_file(
        tmp_path / "lots.gpkg"
    )
    x, y = (part.ravel() for part in np.meshgrid(np.arange(0, 60, 0.5), np.arange(-10, 20, 0.5)))
    roof = (x > 10) & (x < 20) & (y > 0) & (y < 10)
    bare = (x >= 40) & (x <= 50) & (y >= 0) & (y <= 10)
    header = laspy.LasHeader(point_format=6, version="1.4")
    header.scales, header.offsets = [0.01] * 3, [WEST, SOUTH, 0]
    header.add_crs(CRS.from_epsg(5897))
    cloud = laspy.LasData(header)
    cloud.xyz = np.stack([WEST + x, SOUTH + y, np.where(roof, 12.0, 5.0)], axis=1)[~bare]
    cloud.classification = np.where(roof, 6, 2).astype(np.uint8)[~bare]
    cloud.write(tmp_path / "scan.laz")
    path = tmp_path / "city.toml"
    path.write_text(
        """
        name = "Hai nhà"
        crs = "EPSG:5897"
        heights = "Hòn Dấu"
        source = [
            { path = "scan.laz" },
            { path = "houses.gpkg", role = "footprints", id = "id" },
            { path = "lots.gpkg", role = "parcels" },
        ]
        """.replace("\n            ", " ").replace("\n        ]", "]"),
        encoding="utf-8",
    )
    return path


def one_object(text: str) -> dict[str, Any]:
    """The one JSON object that `text` is; anything before or after it is an error."""
    found = json.loads(text)
    assert isinstance(found, dict)
    return found


def check_info(said: dict[str, Any]) -> None:
    assert said.keys() >= INFO
    assert said["journal"].keys() >= {"rows", "intact"}
    assert all(layer.keys() >= LAYER for layer in said["layers"])
    assert said["buildings"].keys() >= BUILDINGS
    assert said["buildings"]["method"].keys() >= METHODS
    assert said["buildings"]["height_rmse_m"].keys() == {"median", "p95"}
    assert set(said["buildings"]["lod"]) <= {"1", "2"}


def test_info_says_what_a_project_holds(run: Run, city: Path) -> None:
    status, out, said = run("info", city, "--json")
    assert (status, said) == (0, "")
    report = one_object(out)
    check_info(report)
    assert report["journal"] == {"rows": 1, "intact": True}
    assert report["crs"] == "EPSG:5897"
    assert [layer["id"] for layer in report["layers"]] == ["ground", "buildings", "roads"]
    assert all(layer["health"] in "ABCDE" for layer in report["layers"])
    assert report["buildings"]["count"] == report["buildings"]["closed"] == 4
    assert report["buildings"]["method"]["edited"] == 1
    assert sum(report["buildings"]["method"].values()) == 4


def test_build_says_what_it_built_and_info_says_the_same(
    run: Run, recipe: Path, tmp_path: Path
) -> None:
    out = tmp_path / "city.gpkg"
    status, text, said = run("build", recipe, "-o", out, "--json")
    assert status == 0, said
    report = one_object(text)
    check_info(report)
    assert report["elapsed_s"]["total"] > 0
    assert 20 < report["peak_rss_mb"] < 20_000
    assert report["points_read"] == len(laspy.read(tmp_path / "scan.laz").points)
    assert report["notices"] and all(notice.keys() >= NOTICE for notice in report["notices"])
    assert report["parcels"] == 2
    buildings = report["buildings"]
    assert buildings["count"] == buildings["closed"] == 2
    assert {k: n for k, n in buildings["method"].items() if n} == {"lidar": 1, "floors": 1}
    assert buildings["height_rmse_m"]["median"] == pytest.approx(0, abs=0.02)
    with Project.open(out, read_only=True) as project:
        heights = {id: project.city.building("houses", id).height for id in ("a", "b")}
    assert heights["a"] == pytest.approx(12 - 5, abs=0.05)
    assert heights["b"] == pytest.approx(4 * 3.3, abs=1e-3)
    again = one_object(run("info", out, "--json")[1])
    for key in INFO:
        assert again[key] == report[key], key


def test_health_scores_projects_and_files(run: Run, city: Path, recipe: Path) -> None:
    status, out, said = run("health", city, recipe.with_name("houses.gpkg"), "--json")
    assert (status, said) == (0, "")
    report = one_object(out)
    assert report.keys() >= {"targets"}
    assert {target["name"] for target in report["targets"]} >= {"Nhà ở", "houses"}
    for target in report["targets"]:
        assert target.keys() >= {"name", "kind", "scores", "grade", "issues"}
        assert target["scores"].keys() == SCORES
        for score in target["scores"].values():
            assert score is None or 0 <= score <= 100
        assert target["grade"] in "ABCDE"
        assert all(issue.keys() >= ISSUE for issue in target["issues"])
        assert all(issue["count"] > 0 for issue in target["issues"])


@pytest.mark.parametrize("suffix", [".city.jsonl", ".glb", ".gpkg"])
def test_export_says_what_it_wrote(run: Run, city: Path, suffix: str) -> None:
    out = city.with_name(f"for others{suffix}")
    status, text, said = run("export", city, "-o", out, "--json")
    assert (status, said) == (0, "")
    report = one_object(text)
    assert report["out"] == str(out)
    assert report["buildings"] == 4
    assert out.stat().st_size > 0
    assert sorted(found.name for found in city.parent.iterdir()) == sorted([city.name, out.name])


@pytest.mark.filterwarnings("error::RuntimeWarning")
def test_an_export_holds_the_edits_and_each_layer_one_type(run: Run, city: Path) -> None:
    out = city.with_name("out.gpkg")
    assert run("export", city, "-o", out)[0] == 0
    assert set(geopandas.read_file(out, layer="roads").geom_type) == {"MultiLineString"}
    table = geopandas.read_file(out, layer="buildings").set_index("id")
    assert table.loc["nhà-1", "height"] == 30


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("bake",),
        ("build",),
        ("build", "city.toml"),
        ("build", "city.toml", "-o"),
        ("build", "city.toml", "-o", "a.gpkg", "--workers", "many"),
        ("build", "city.toml", "-o", "a.gpkg", "--workers", "-1"),
        ("build", "a.toml", "b.toml", "-o", "a.gpkg"),
        ("info",),
        ("info", "a.gpkg", "--yaml"),
        ("health",),
        ("export", "a.gpkg"),
    ],
    ids=" ".join,
)
def test_wrong_usage_is_status_2_and_says_how(
    arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(arguments)
    out, said = capsys.readouterr()
    assert ended.value.code == 2
    assert out == ""
    assert said.startswith("usage: ")


def test_the_entry_point_keeps_the_same_manners(city: Path) -> None:
    """`dothi` itself, which also knows the commands with pictures, in a process of its own."""
    environment = {k: v for k, v in os.environ.items() if k not in ("DISPLAY", "WAYLAND_DISPLAY")}

    def dothi(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "viewers.cli", *map(str, arguments)],
            capture_output=True,
            encoding="utf-8",
            env=environment,
            check=False,
            timeout=120,
        )

    wrong = dothi("bake")
    assert wrong.returncode == 2 and wrong.stdout == "" and "usage: " in wrong.stderr
    right = dothi("info", city, "--json")
    assert right.returncode == 0 and right.stderr == ""
    check_info(one_object(right.stdout))
    gone = dothi("info", city.with_name("gone.gpkg"), "--json")
    assert (gone.returncode, gone.stdout) == (1, "")
    assert gone.stderr.splitlines()[0] == "dothi: gone.gpkg is not there"
