"""Saving that is stopped, at each place where it can be: nothing is written, nothing is lost."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import laspy
import numpy as np
import pytest
from cities import SOUTH, WEST, differences, make_city, make_picture, make_roads

from layers.errors import Cancelled
from layers.kinds.layer import Layer
from layers.progress import Progress
from layers.readers.registry import ReadOptions, read
from twin.city import City
from twin.edits.registry import AddLayer, RenameLayer, SetBuildingHeight
from twin.project import database, tables
from twin.project.store import Project

RAISE = SetBuildingHeight(layer="buildings", building="nhà-1", height=30.3)


class StopAt(Progress):
    """Cancels itself at its n-th step."""

    def __init__(self, steps: int) -> None:
        super().__init__(self._count)
        self.left = steps

    def _count(self, *_: object) -> None:
        self.left -= 1
        if self.left < 0:
            self.cancel()
            raise Cancelled


@pytest.fixture
def points(tmp_path: Path) -> Layer:
    """Ten thousand points that were read from a file, so that they lie in the cache."""
    header = laspy.LasHeader(point_format=0, version="1.2")
    header.offsets, header.scales = [WEST, SOUTH, 0.0], [0.01, 0.01, 0.01]
    cloud = laspy.LasData(header)
    cloud.x, cloud.y = WEST + np.arange(10_000) % 100, SOUTH + np.arange(10_000) // 100
    cloud.z = np.full(10_000, 6.0)
    (tmp_path / "scans").mkdir()
    cloud.write(str(tmp_path / "scans" / "scan.las"))
    (layer,) = read(tmp_path / "scans" / "scan.las", ReadOptions(crs="EPSG:5897"))
    return replace(layer, id="scan", name="Quét")


@pytest.fixture(autouse=True)
def _small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "BATCH", 2)
    monkeypatch.setattr(database, "COPIED_PAGES", 1)


def state(folder: Path) -> dict[str, str]:
    """Each file of `folder` and below, and what is in it."""
    return {
        str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in folder.rglob("*")
        if file.is_file() and not file.name.endswith("-lock")
    }


def stopped_everywhere(write: Callable[[Progress], None], check: Callable[[], None]) -> int:
    """Stop `write` at its first step, its second, … until it is not stopped; how often it was."""
    for step in range(10_000):
        progress = StopAt(step)
        try:
            write(progress)
        except Cancelled:
            check()
        else:
            return step
    raise AssertionError("it never ended")


def test_save_as_that_is_stopped_leaves_the_target_and_what_is_open_as_they_were(
    tmp_path: Path, city: City, points: Layer
) -> None:
    for folder in ("here", "there"):
        (tmp_path / folder).mkdir()
    there = tmp_path / "there" / "b.gpkg"
    Project.create(there, make_city(make_roads(), make_picture())).close()
    project = Project.create(tmp_path / "here" / "a.gpkg", city.with_layer(points))
    project.document.do(RAISE)
    before, kept = state(tmp_path), project.city

    def check() -> None:
        assert state(tmp_path) == before
        assert project.path.name == "a.gpkg"
        assert project.city is kept

    times = stopped_everywhere(lambda progress: project.save_as(there, progress), check)
    assert times > 20  # pages, layers, rows, arrays
    assert project.path == there
    project.document.undo()
    project.close()
    with Project.open(there) as found:
        assert not differences(found.city, city.with_layer(points))
        assert found.journal_intact()
    assert {one.name for one in there.parent.iterdir()} == {"b.gpkg", "b.cache"}


def test_after_a_stop_edits_go_on_and_are_safe(tmp_path: Path, city: City) -> None:
    path = tmp_path / "a.gpkg"
    project = Project.create(path, city)
    with pytest.raises(Cancelled):
        project.save_as(tmp_path / "b.gpkg", StopAt(5))
    project.document.do(RAISE)
    project.close()
    with Project.open(path) as found:
        assert found.city.building("buildings", "nhà-1").height == 30.3
    assert {one.name for one in tmp_path.iterdir()} == {"a.gpkg"}
    # Nobody holds the place it was not saved at.
    Project.create(tmp_path / "b.gpkg", city).close()


def test_save_that_is_stopped_keeps_the_journal_and_the_undo(tmp_path: Path, city: City) -> None:
    path = tmp_path / "a.gpkg"
    project = Project.create(path, city)
    project.document.do(RAISE)
    project.document.do(RenameLayer(layer="roads", name="Phố"))
    kept = project.city

    def check() -> None:
        assert project.city is kept
        with Project.open(path, read_only=True) as seen:
            assert alike(seen.city, kept)
            assert seen.document.undo_label == project.document.undo_label

    assert stopped_everywhere(project.save, check) >= len(city.layers)
    project.close()
    with Project.open(path) as found:
        assert alike(found.city, kept)
        assert found.document.undo_label is None


def test_adding_a_large_layer_that_is_stopped_adds_nothing(
    tmp_path: Path, city: City, points: Layer
) -> None:
    path = tmp_path / "a.gpkg"
    project = Project.create(path, city)
    project.document.do(RAISE)
    before, kept = state(tmp_path), project.city

    def check() -> None:
        assert state(tmp_path) == before
        assert project.city is kept

    add = AddLayer(layer=points)
    assert stopped_everywhere(lambda progress: project.do(add, progress), check) > 0
    assert "scan" in project.city.layers
    project.document.undo()
    assert project.city is kept
    project.close()


def test_creating_that_is_stopped_leaves_what_was_there(
    tmp_path: Path, city: City, points: Layer
) -> None:
    path = tmp_path / "a.gpkg"
    Project.create(path, make_city(make_roads())).close()
    before = state(tmp_path)

    def create(progress: Progress) -> None:
        Project.create(path, city.with_layer(points), progress=progress).close()

    assert stopped_everywhere(create, lambda: check_same(tmp_path, before)) > 10
    with Project.open(path) as found:
        assert list(found.city.layers) == [*city.layers, "scan"]


def check_same(folder: Path, before: dict[str, str]) -> None:
    assert state(folder) == before


def alike(one: City, other: City) -> bool:
    """The same layers, names and changes."""
    return (
        not differences(dict(one.layers), dict(other.layers))
        and one.name == other.name
        and {name: dict(changes) for name, changes in one.changes.items()}
        == {name: dict(changes) for name, changes in other.changes.items()}
    )
