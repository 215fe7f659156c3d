"""A large cloud is arranged in the background, once, by a process of its own."""

from __future__ import annotations

from pathlib import Path

import laspy
import numpy as np
import pytest
from pyproj import CRS

from layers.frame import Frame
from layers.readers.registry import ReadOptions, read
from twin.city import City
from twin.project.point_tiles import tiles_in
from twin.project.store import Project
from viewers import arranging
from viewers.arranging import Arranging
from viewers.bridge import Bridge
from viewers.session import Session
from viewers.tasks import Tasks


@pytest.fixture
def project(tmp_path: Path) -> Project:
    rng = np.random.default_rng(8)
    header = laspy.LasHeader(point_format=6, version="1.4")
    header.scales, header.offsets = [0.01] * 3, [587_000.0, 2_325_000.0, 0.0]
    header.add_crs(CRS.from_user_input("EPSG:5897"))
    las = laspy.LasData(header)
    las.xyz = rng.random((30_000, 3)) * (200.0, 200.0, 30.0) + (587_000.0, 2_325_000.0, 5.0)
    las.write(tmp_path / "scan.laz")
    (layer,) = read(tmp_path / "scan.laz", ReadOptions())
    city = City(name="town", frame=Frame.around(layer.crs, layer.bounds), layers={layer.id: layer})
    return Project.create(tmp_path / "town.gpkg", city)


@pytest.fixture
def session(qtbot) -> Session:
    return Session(Bridge())


def test_it_is_made_while_people_work_and_told_when_it_is_there(
    qtbot, session, project, monkeypatch
):
    monkeypatch.setattr(arranging, "LEAST", 10_000)
    tasks = Tasks()
    watching = Arranging(session, tasks)
    (layer,) = project.city.layers.values()
    folder = project.tile_folder(layer)
    with qtbot.waitSignal(watching.arranged, timeout=60_000):
        session.open(project)
        assert [task.label for task in tasks.running] == ["Arranging points"]
    assert tiles_in(folder) is not None
    session.opened.emit()  # once is enough
    assert not tasks.running
    tasks.close()
    session.close()


def test_small_clouds_are_left_as_they_are(qtbot, session, project):
    tasks = Tasks()
    Arranging(session, tasks, session)
    session.open(project)
    assert not tasks.running
    tasks.close()
    session.close()


def test_a_source_that_is_gone_is_not_asked_for_twice(
    qtbot, session, project, monkeypatch, tmp_path
):
    monkeypatch.setattr(arranging, "LEAST", 10_000)
    raw = (tmp_path / "scan.laz").read_bytes()
    (tmp_path / "scan.laz").write_bytes(raw[: len(raw) // 2])
    tasks = Tasks()
    Arranging(session, tasks, session)
    session.open(project)
    qtbot.waitUntil(lambda: not tasks.running, timeout=60_000)
    (layer,) = project.city.layers.values()
    folder = project.tile_folder(layer)
    assert tiles_in(folder) is None
    tasks.close()
    session.close()
