"""Full disks, closed folders, names that are taken, processes that are stopped: the old city stays."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import geopandas
import pytest
from command import Answer, check_refusal, contents, dothi, unprivileged
from small_city import CLOUD, FOOTPRINTS, cut, houses, outlines, recipe, scan

from twin import cli
from twin.project.store import Project

OUTS = ("new.glb", "new.gpkg", "new.city.jsonl")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with sources, a recipe and the city built of them."""
    folder = tmp_path_factory.mktemp("made")
    houses(folder / FOOTPRINTS["path"])
    scan(folder / CLOUD["path"])
    out = folder / "city.gpkg"
    assert dothi("build", recipe(folder, FOOTPRINTS, CLOUD), "-o", out).status == 0
    return folder


@pytest.fixture
def folder(tmp_path: Path, made: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "thành phố"))


def here(*arguments: str | Path, capsys: pytest.CaptureFixture[str]) -> Answer:
    capsys.readouterr()
    status = cli.main([str(one) for one in arguments])
    out, said = capsys.readouterr()
    return Answer(status=status, out=out, said=said)


def info(folder: Path, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    answer = here("info", folder / "city.gpkg", "--json", capsys=capsys)
    assert answer.status == 0 and answer.said == ""
    return dict(json.loads(answer.out))


# -- a project that is not whole ------------------------------------------------------------------


@pytest.mark.parametrize("share", [0.1, 0.5, 0.98])
def test_a_project_cut_off_is_refused_everywhere_and_stays_as_it_is(
    share: float, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    city = cut(folder / "city.gpkg", share)
    before = contents(folder)
    check_refusal(here("info", city, "--json", capsys=capsys), "city.gpkg was cut", "copy")
    check_refusal(here("health", city, "--json", capsys=capsys), "city.gpkg", "again")
    for out in OUTS:
        check_refusal(here("export", city, "-o", folder / out, capsys=capsys), "was cut", "copy")
    assert contents(folder) == before


def test_building_over_a_cut_project_makes_it_whole(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = info(folder, capsys)
    city = cut(folder / "city.gpkg")
    assert here("build", folder / "city.toml", "-o", city, capsys=capsys).status == 0
    assert info(folder, capsys) == before
    (entry,) = (folder / "city.cache").iterdir()
    assert (entry / "xyz.npy").exists()


# -- names that are taken -------------------------------------------------------------------------


def test_a_city_is_never_written_over_what_it_is_read_from(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = contents(folder)
    source, city = folder / FOOTPRINTS["path"], folder / "city.gpkg"
    beside = folder / "city.cache" / ".." / FOOTPRINTS["path"]
    for out in (source, beside):
        answer = here("build", folder / "city.toml", "-o", out, capsys=capsys)
        check_refusal(answer, "houses.gpkg", "not written over", "another name")
        answer = here("export", city, "-o", out, capsys=capsys)
        check_refusal(answer, "houses.gpkg", "not written over", "another name")
    with Project.open(city, read_only=True) as project, pytest.raises(cli.CityError):
        project.save_as(source)
    assert contents(folder) == before


def test_no_file_of_others_is_replaced_by_a_project_nor_a_project_by_an_export(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = folder / "other.gpkg"
    geopandas.GeoDataFrame(geometry=outlines(3), crs=5897).to_file(other)
    text = folder / "text.gpkg"
    text.write_text("my only notes")
    before = contents(folder)
    for out in (other, text):
        answer = here("build", folder / "city.toml", "-o", out, capsys=capsys)
        check_refusal(answer, out.name, "not a project of Dothi", "another name")
    city = folder / "city.gpkg"
    answer = here("export", city, "-o", city, capsys=capsys)
    check_refusal(answer, "is a project", "not written over", "another name")
    assert contents(folder) == before


def test_a_geopackage_that_is_no_project_says_how_it_comes_in(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = here("info", folder / FOOTPRINTS["path"], capsys=capsys)
    check_refusal(answer, "not a project of Dothi", "Import it as a layer", "recipe", "dothi build")


def test_places_where_no_project_can_be(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "taken.gpkg").mkdir()
    (folder / "file").write_text("kept")
    before = contents(folder)
    for out, words in {
        "taken.gpkg": ("it is a folder", "another name"),
        "file/city.gpkg": ("there is no folder file", "choose another"),
        "nowhere/city.gpkg": ("there is no folder nowhere", "choose another"),
        "city.txt": ("no name for a project", ".gpkg"),
    }.items():
        answer = here("build", folder / "city.toml", "-o", folder / out, capsys=capsys)
        check_refusal(answer, *words)
    for out, words in {
        "city.xyz": ("not written in this format", ".glb"),
        "file/new.glb": ("could not be written", "another folder"),
        "nowhere/new.gpkg": ("could not be written", "choose another"),
    }.items():
        answer = here("export", folder / "city.gpkg", "-o", folder / out, capsys=capsys)
        check_refusal(answer, *words)
    assert contents(folder) == before


def test_a_picture_has_the_name_of_a_picture(folder: Path) -> None:
    before = contents(folder)
    for out in ("city.gpkg", "view.txt"):
        answer = dothi("render", folder / "city.gpkg", "-o", folder / out)
        check_refusal(answer, out, ".png")
    assert contents(folder) == before


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no pipes among files")
@pytest.mark.parametrize("name", ["pipe.tif", "pipe.laz", "pipe.gpkg"])
def test_a_pipe_is_not_waited_for(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    os.mkfifo(tmp_path / name)
    check_refusal(here("health", tmp_path / name, capsys=capsys), "is not a file", "Choose")
    check_refusal(here("info", tmp_path / name, capsys=capsys), "is not a file", "Choose")


def test_a_city_whose_scan_is_gone_is_told_and_exported(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / CLOUD["path"]).unlink()
    shutil.rmtree(folder / "city.cache")
    before = contents(folder)
    for command in ("info", "health"):
        answer = here(command, folder / "city.gpkg", "--json", capsys=capsys)
        assert answer.status == 0 and "scan.laz" in answer.said
        assert json.loads(answer.out)
    assert contents(folder) == before
    answer = here("export", folder / "city.gpkg", "-o", folder / "new.glb", capsys=capsys)
    assert answer.status == 0 and "scan.laz" in answer.said


def test_a_project_that_is_open_is_not_built_over(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Project.open(folder / "city.gpkg"):
        before = (folder / "city.gpkg").read_bytes()
        answer = dothi("build", folder / "city.toml", "-o", folder / "city.gpkg")
        check_refusal(answer, "already open", "Close it there")
        assert (folder / "city.gpkg").read_bytes() == before


# -- rights ---------------------------------------------------------------------------------------


@pytest.fixture
def closed(folder: Path) -> Iterator[Path]:
    """A folder in which nobody may write."""
    folder.chmod(0o555)
    (folder / "city.cache").chmod(0o555)
    yield folder
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755)


def test_in_a_read_only_folder_a_city_is_looked_at_and_nothing_is_written(closed: Path) -> None:
    ordinary = unprivileged()
    before = contents(closed)
    assert dothi("info", closed / "city.gpkg", "--json", **ordinary).status == 0
    for out in ("city.gpkg", "new.gpkg"):
        answer = dothi("build", closed / "city.toml", "-o", closed / out, **ordinary)
        check_refusal(answer, f"{out} could not be written", "choose another folder")
    for out in OUTS:
        answer = dothi("export", closed / "city.gpkg", "-o", closed / out, **ordinary)
        check_refusal(answer, f"{out} could not be written", "choose another folder")
    assert contents(closed) == before


@pytest.mark.parametrize("name", ["city.toml", "houses.gpkg", "scan.laz"])
def test_a_file_that_may_not_be_read_says_so(name: str, folder: Path) -> None:
    ordinary = unprivileged()
    (folder / name).chmod(0)
    answer = dothi("build", folder / "city.toml", "-o", folder / "new.gpkg", **ordinary)
    check_refusal(answer, name, "Permission denied", "read")
    assert not (folder / "new.gpkg").exists()


# -- full disks -----------------------------------------------------------------------------------


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 200 KB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    if os.name == "nt" or os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("only root on Linux can mount a small disk; a limit is tried below")
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=200k", "tmpfs", str(disk)], capture_output=True
    )
    if mounted.returncode:
        pytest.skip("this container may not mount a disk; a limit is tried below")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def test_a_full_disk_keeps_what_it_has(
    small_disk: Path, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    city = small_disk / "city.gpkg"
    city.write_bytes((folder / "city.gpkg").read_bytes())
    left = os.statvfs(small_disk)
    (small_disk / "filler").write_bytes(bytes(left.f_bavail * left.f_frsize - 8192))
    before = contents(small_disk)
    answer = here("build", folder / "city.toml", "-o", city, capsys=capsys)
    check_refusal(
        answer, "dothi: city.gpkg could not be written: the disk is full", "ree some space"
    )
    for out in OUTS:
        answer = here("export", folder / "city.gpkg", "-o", small_disk / out, capsys=capsys)
        check_refusal(answer, f"{out} could not be written", "The disk is full")
    assert contents(small_disk) == before


def test_a_limit_to_the_size_of_files_keeps_what_is_there(folder: Path) -> None:
    resource = pytest.importorskip("resource", reason="Windows has no such limit")

    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (6_000, 6_000))

    before = contents(folder)
    for out in ("city.gpkg", "new.gpkg"):
        answer = dothi("build", folder / "city.toml", "-o", folder / out, preexec_fn=limited)
        check_refusal(answer, f"{out} could not be written", "disk")
    for out in OUTS:
        answer = dothi("export", folder / "city.gpkg", "-o", folder / out, preexec_fn=limited)
        check_refusal(answer, f"{out} could not be written", "disk")
    assert contents(folder) == before


# -- nobody who listens ---------------------------------------------------------------------------


def test_an_answer_that_nobody_takes_ends_in_words(folder: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("there is no /dev/full here")
    for form in ((), ("--json",)):
        with Path("/dev/full").open("wb") as full:
            answer = dothi("info", folder / "city.gpkg", *form, stdout=full)
        check_refusal(answer, "No space left on device", "disk full")


def test_a_closed_pipe_ends_without_a_word(folder: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    answer = dothi("info", folder / "city.gpkg", "--json", stdout=writing)
    os.close(writing)
    assert answer.status == 1 and answer.said == ""


def test_json_is_utf8_whatever_the_system_speaks(folder: Path) -> None:
    made = recipe(folder, FOOTPRINTS | {"name": "Nhà phố Hà Nội"})
    plain = {"PYTHONIOENCODING": "ascii"}
    city = folder / "new.gpkg"
    for form in (("--json",), ()):
        answer = dothi("build", made, "-o", city, *form, environment=plain)
        assert answer.status == 0, answer.said
        assert "Nhà phố Hà Nội" in answer.out


# -- stopped in the middle ------------------------------------------------------------------------

MOMENTS = {
    "reading": "gather.to_crs = wait",
    "writing": "snapshot.write = wait",
    "filling the cache": "cache._save = wait",
    "taking the place of the old": "writing.clear_way = wait",
}
SCRIPT = """
    import signal, sys, time
    from twin import gather
    from twin.project import cache, snapshot, writing
    from viewers.cli import main
    signal.signal(signal.SIGINT, signal.default_int_handler)
    def wait(*arguments, **more):
        print("here", flush=True)
        time.sleep(600)
"""


def stopped(folder: Path, moment: str, how: str) -> Answer:
    """A build over `city.gpkg` that is stopped at a moment, by the signal of that name."""
    script = f"{textwrap.dedent(SCRIPT)}{MOMENTS[moment]}\nsys.exit(main(sys.argv[1:]))"
    process = subprocess.Popen(
        [
            *(sys.executable, "-c", script),
            *("build", str(folder / "city.toml"), "-o", str(folder / "city.gpkg"), "--json"),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "here\n"
    if how == "kill":
        process.kill()
    else:
        process.send_signal(signal.SIGINT)
    out, said = process.communicate(timeout=60)
    return Answer(status=process.returncode, out=out, said=said)


@pytest.mark.skipif(os.name == "nt", reason="Windows sends Ctrl+C to a whole console")
@pytest.mark.parametrize("moment", MOMENTS)
def test_ctrl_c_leaves_the_old_city_and_nothing_else(moment: str, folder: Path) -> None:
    before = contents(folder)
    answer = stopped(folder, moment, "interrupt")
    check_refusal(answer, "stopped")
    assert contents(folder) == before


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_kill_leaves_the_old_city_whole_and_the_next_build_cleans_up(
    moment: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before, said = contents(folder), info(folder, capsys)
    stopped(folder, moment, "kill")
    after = contents(folder)
    assert {name: after.get(name) for name in before} == before
    assert info(folder, capsys) == said
    assert (
        here("build", folder / "city.toml", "-o", folder / "city.gpkg", capsys=capsys).status == 0
    )
    assert info(folder, capsys) == said
    names = {"houses.gpkg", "scan.laz", "city.toml", "city.gpkg", "city.cache"}
    assert {found.name for found in folder.iterdir()} == names
    assert len(list((folder / "city.cache").iterdir())) == 1
