"""Bad files, full disks, closed folders: what happened, what to try, nothing lost, nothing left."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from cities import differences, make_buildings, make_city, make_points, make_roads

from layers.errors import CityError, ReadError, WriteError
from layers.kinds.elevation import ElevationLayer
from twin.city import City
from twin.edits.registry import AddLayer, RemoveLayer, SetBuildingHeight
from twin.project.store import Project

RAISE = SetBuildingHeight(layer="buildings", building="nhà-1", height=30.0)


@pytest.fixture
def path(tmp_path: Path, city: City) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    path = folder / "plan.gpkg"
    with Project.create(path, city) as project:
        project.document.do(RAISE)
    return path


def refused(path: Path) -> CityError:
    """Why `path` cannot be opened; it must be as it was afterwards, and nothing beside it."""
    before = path.read_bytes() if path.is_file() else None
    beside = sorted(path.parent.iterdir())
    with pytest.raises(ReadError) as error:
        Project.open(path)
    assert error.value.hint, "it does not say what to try"
    assert sorted(path.parent.iterdir()) == beside
    assert before == (path.read_bytes() if path.is_file() else None)
    return error.value


def test_a_missing_file(path: Path) -> None:
    assert refused(path.with_name("gone.gpkg")).code == "file-missing"


def test_a_folder(path: Path) -> None:
    refused(path.parent)


def test_an_empty_file(path: Path) -> None:
    path.write_bytes(b"")
    assert refused(path).code == "file-empty"


@pytest.mark.parametrize("data", [b"x", b"PK\x03\x04" * 50, b"SQLite format 3\0", os.urandom(9000)])
def test_something_else(path: Path, data: bytes) -> None:
    path.write_bytes(data)
    assert refused(path).code == "not-geopackage"


@pytest.mark.parametrize("part", [0.01, 0.1, 0.5, 0.9, 0.99])
def test_a_file_cut_short(path: Path, part: float) -> None:
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * part)])
    assert refused(path).code in ("project-cut", "not-geopackage")


@pytest.mark.parametrize("seed", range(20))
def test_a_file_with_damaged_pages_is_refused_or_tells_what_is_absent(
    path: Path, seed: int
) -> None:
    data = bytearray(path.read_bytes())
    chance = np.random.default_rng(seed)
    for page in chance.choice(np.arange(1, len(data) // 4096), 4, replace=False):
        data[page * 4096 : page * 4096 + 2048] = chance.bytes(2048)
    path.write_bytes(data)
    try:
        with Project.open(path) as project:
            project.journal_intact()
            assert set(project.city.layers) | {a.id for a in project.absent} <= {
                "ground",
                "buildings",
                "roads",
            }
    except CityError as damage:
        assert damage.hint
    assert [found.name for found in path.parent.iterdir()] == [path.name]


def test_a_geopackage_of_someone_else(path: Path) -> None:
    database = sqlite3.connect(path)
    ours = "SELECT name FROM sqlite_master WHERE type = 'table' AND name GLOB 'dothi_*'"
    for (name,) in database.execute(ours).fetchall():
        database.execute(f'DROP TABLE IF EXISTS "{name}"')
    database.commit()
    database.close()
    error = refused(path)
    assert error.code == "not-a-project"
    assert "Import it as a layer" in error.hint


@pytest.mark.data
def test_a_real_geopackage_of_someone_else(tmp_path: Path, data: Path) -> None:
    copy = tmp_path / "bgt.gpkg"
    shutil.copyfile(data / "delft" / "bgt_delft.gpkg", copy)
    assert refused(copy).code == "not-a-project"


@pytest.mark.parametrize(
    ("sql", "code"),
    [
        ("UPDATE dothi_meta SET value = '2' WHERE key = 'schema'", "project-newer"),
        ("UPDATE dothi_meta SET value = 'x' WHERE key = 'schema'", "project-damaged"),
        ("DELETE FROM dothi_meta WHERE key = 'frame'", "project-damaged"),
        ("UPDATE dothi_meta SET value = '{\"crs\":3}' WHERE key = 'frame'", "project-damaged"),
        ("DROP TABLE dothi_journal", "project-damaged"),
        ("DROP TABLE dothi_contents", "project-damaged"),
    ],
)
def test_a_project_whose_own_tables_are_not_right(path: Path, sql: str, code: str) -> None:
    execute(path, sql)
    assert refused(path).code == code


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM dothi_blobs",
        "UPDATE dothi_blobs SET data = x'00'",
        "UPDATE dothi_blobs SET data = zeroblob(1000000)",
        # a small blob that claims to be a grid of 4 TB
        """UPDATE dothi_contents SET record =
           replace(record, '"shape":[30,40]', '"shape":[1000000,1000000]')""",
        "UPDATE dothi_contents SET record = replace(record, '<f4', '|O8')",
        "UPDATE dothi_contents SET record = '{}' WHERE table_name IS NULL",
        "UPDATE dothi_contents SET record = replace(record, 'elevation', 'hologram')",
        "DELETE FROM dothi_contents WHERE table_name IS NULL",
        "UPDATE dothi_contents SET record = replace(record, '\"cell_x\":2.5', '\"cell_x\":-1')",
    ],
)
def test_one_damaged_layer_does_not_keep_the_rest_from_opening(path: Path, sql: str) -> None:
    execute(path, sql)
    with Project.open(path) as project:
        assert list(project.city.layers) == ["buildings", "roads"]
        assert [one.id for one in project.absent] == ["ground"]
        assert [one.source for one in project.notices] == ["ground"]
        assert project.city.building("buildings", "nhà-1").height == 30


def test_a_bomb_of_zeros_is_not_unpacked_beyond_what_it_should_be(path: Path) -> None:
    import tracemalloc
    import zlib

    bomb = zlib.compress(bytes(200 << 20), 9)
    database = sqlite3.connect(path)
    with database:
        database.execute("UPDATE dothi_blobs SET data = ?", (bomb,))
    database.close()
    tracemalloc.start()
    try:
        with Project.open(path) as project:
            assert [one.id for one in project.absent] == ["ground"]
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 20 << 20


@pytest.mark.parametrize("value", ["'tall'", "x'00'", "1e400"])
def test_a_height_that_is_no_number(path: Path, value: str) -> None:
    execute(path, f"UPDATE buildings SET surveyed_height = {value} WHERE id = 'nhà-2'")
    with Project.open(path) as project:
        told = {one.code for one in project.notices}
        assert told & {"layer-damaged", "rows-left-out"}
        assert "roads" in project.city.layers


def execute(path: Path, sql: str) -> None:
    database = sqlite3.connect(path)
    with database:
        database.execute(sql)
    database.close()


# -- where nothing may be written -------------------------------------------------------------


def test_a_read_only_folder_opens_to_look_at(
    path: Path, tmp_path: Path, unprivileged: Callable[[Path], None]
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    elsewhere.chmod(0o777)
    unprivileged(path.parent)
    with Project.open(path) as project:
        assert project.read_only
        assert [one.code for one in project.notices] == ["project-read-only"]
        now = project.city
        assert now.building("buildings", "nhà-1").height == 30
        for ask in (lambda: project.document.do(RemoveLayer(layer="roads")), project.document.undo):
            with pytest.raises(WriteError) as error:
                ask()
            assert "Save as" in error.value.hint
        assert project.city is now
        project.save_as(elsewhere / "mine.gpkg")
        assert not project.read_only and project.notices == []
        project.document.do(RemoveLayer(layer="roads"))
    with Project.open(elsewhere / "mine.gpkg") as project:
        assert list(project.city.layers) == ["ground", "buildings"]
    assert [found.name for found in path.parent.iterdir()] == [path.name]


def test_a_read_only_file_in_an_open_folder(
    path: Path, unprivileged: Callable[[Path], None]
) -> None:
    unprivileged(path.parent)
    if os.getuid() == 0:
        os.seteuid(0)
    path.parent.chmod(0o777)
    if os.getuid() == 0:
        os.seteuid(65534)
    with Project.open(path) as project:
        assert project.read_only
        assert [one.code for one in project.notices] == ["project-read-only"]
    assert [found.name for found in path.parent.iterdir()] == [path.name]


def test_no_project_is_made_in_a_read_only_folder(
    path: Path, city: City, unprivileged: Callable[[Path], None]
) -> None:
    unprivileged(path.parent)
    with pytest.raises(WriteError) as error:
        Project.create(path.with_name("new.gpkg"), city)
    assert "another folder" in error.value.hint
    with pytest.raises(WriteError):
        Project.create(path, city)
    assert [found.name for found in path.parent.iterdir()] == [path.name]


def test_a_project_that_may_not_be_read(path: Path, unprivileged: Callable[[Path], None]) -> None:
    unprivileged(path.parent)
    if os.getuid() == 0:
        os.seteuid(0)
    path.chmod(0)
    if os.getuid() == 0:
        os.seteuid(65534)
    with pytest.raises(ReadError) as error:
        Project.open(path)
    assert error.value.hint


def test_no_project_is_made_in_a_folder_that_is_not_there(tmp_path: Path, city: City) -> None:
    with pytest.raises(WriteError) as error:
        Project.create(tmp_path / "no" / "new.gpkg", city)
    assert error.value.hint


def test_a_project_must_be_called_gpkg(tmp_path: Path, city: City) -> None:
    with pytest.raises(WriteError, match="no name for a project"):
        Project.create(tmp_path / "new.shp", city)


def test_a_layer_that_cannot_be_written_leaves_no_file(tmp_path: Path) -> None:
    roads = make_roads()
    roads.columns["name"].base[0] = "\ud800"  # half a character, as a broken decoder leaves it
    with pytest.raises(WriteError) as error:
        Project.create(tmp_path / "new.gpkg", make_city(roads))
    assert error.value.hint
    assert list(tmp_path.iterdir()) == []


# -- a full disk ------------------------------------------------------------------------------


@pytest.fixture
def limited() -> Iterator[Callable[[int], None]]:
    """Calling it with a number of bytes lets no file grow beyond: the system itself refuses."""
    resource = pytest.importorskip("resource", reason="Windows cannot limit the size of files")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    yield lambda most: resource.setrlimit(resource.RLIMIT_FSIZE, (most, before[1]))
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


def big_ground() -> ElevationLayer:
    chance = np.random.default_rng(1)
    return ElevationLayer(
        id="noise",
        name="Noise",
        crs="EPSG:5897",
        heights=chance.random((700, 700), dtype=np.float32),
        west=0.0,
        north=0.0,
        cell_x=1.0,
        cell_y=1.0,
    )


def test_an_edit_that_does_not_fit_on_the_disk_never_happened(
    path: Path, limited: Callable[[int], None]
) -> None:
    with Project.open(path) as project:
        before = (project.city, project.document.undo_label, project.journal_rows())
        limited(path.stat().st_size + 300_000)
        with pytest.raises(WriteError) as error:
            project.document.do(AddLayer(layer=big_ground()))
        assert "disk" in str(error.value) and error.value.hint
        assert (project.city, project.document.undo_label, project.journal_rows()) == before
        limited(1 << 40)
        project.document.do(AddLayer(layer=big_ground()))  # there is room again
    with Project.open(path) as project:
        assert differences(big_ground(), project.city.layers["noise"]) == []
        assert project.journal_intact()
    assert [found.name for found in path.parent.iterdir()] == [path.name]


def test_a_project_that_does_not_fit_on_the_disk_leaves_the_old_one(
    path: Path, limited: Callable[[int], None]
) -> None:
    before = path.read_bytes()
    limited(300_000)
    with pytest.raises(WriteError) as error:
        Project.create(path, make_city(big_ground(), make_buildings(3000)))
    assert error.value.hint
    assert path.read_bytes() == before
    assert [found.name for found in path.parent.iterdir()] == [path.name]


def test_a_save_as_that_does_not_fit_leaves_the_project_open(
    path: Path, limited: Callable[[int], None]
) -> None:
    with Project.open(path) as project:
        limited(path.stat().st_size // 2)
        with pytest.raises(WriteError):
            project.save_as(path.with_name("other.gpkg"))
        limited(1 << 40)
        assert project.path == path
        project.document.do(RemoveLayer(layer="roads"))
    assert [found.name for found in path.parent.iterdir()] == [path.name]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 1 MB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    if os.name == "nt" or os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("only root on Linux can mount a small disk; see the tests with a limit above")
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)], capture_output=True
    )
    if mounted.returncode:
        pytest.skip("this container may not mount a disk; see the tests with a limit above")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def test_on_a_disk_that_is_really_full_nothing_is_lost(small_disk: Path, city: City) -> None:
    path = small_disk / "plan.gpkg"
    with Project.create(path, city) as project:
        project.document.do(RAISE)
        (small_disk / "filler").write_bytes(bytes(500_000))
        with pytest.raises(WriteError) as error:
            project.document.do(AddLayer(layer=big_ground()))
        assert error.value.code == "disk-full" and error.value.hint
        with pytest.raises(WriteError):
            Project.create(small_disk / "other.gpkg", make_city(big_ground()))
        (small_disk / "filler").unlink()
        project.document.do(RemoveLayer(layer="roads"))
    with Project.open(path) as project:
        assert list(project.city.layers) == ["ground", "buildings"]
        assert project.city.building("buildings", "nhà-1").height == 30
    assert [found.name for found in small_disk.iterdir()] == ["plan.gpkg"]


def test_a_cache_that_cannot_be_written_is_only_told(
    tmp_path: Path, limited: Callable[[int], None]
) -> None:
    from dataclasses import replace

    from layers.source import Source

    source = tmp_path / "scan.las"
    source.write_bytes(b"LASF")
    points = replace(
        make_points(),
        source=Source(path=str(source)),
        xyz=np.zeros((60_000, 3), dtype=np.float32),
        classification=None,
        intensity=None,
        rgb=None,
    )
    with Project.create(tmp_path / "plan.gpkg", make_city()) as project:
        limited(400_000)
        project.document.do(AddLayer(layer=points))
        limited(1 << 40)
        assert project.city.layers["points"] is points
        assert [one.code for one in project.notices] == ["cache-not-written"]
    assert not (tmp_path / "plan.cache").exists()


# -- other programs ---------------------------------------------------------------------------


def test_a_file_that_another_program_is_writing(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("twin.project.database.BUSY_SECONDS", 0.1)
    with Project.open(path) as project:
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        now = project.city
        with pytest.raises(WriteError) as error:
            project.document.do(RemoveLayer(layer="roads"))
        assert error.value.code == "project-busy" and "QGIS" in error.value.hint
        assert project.city is now
        other.execute("ROLLBACK")
        other.close()
        project.document.do(RemoveLayer(layer="roads"))


def test_a_write_ahead_log_that_qgis_left_does_no_harm(path: Path) -> None:
    other = sqlite3.connect(path)
    other.execute("PRAGMA journal_mode=WAL")
    other.close()
    with Project.open(path) as project:
        project.document.do(RemoveLayer(layer="roads"))
    with Project.open(path) as project:
        assert "roads" not in project.city.layers
    assert [found.name for found in path.parent.iterdir()] == [path.name]
