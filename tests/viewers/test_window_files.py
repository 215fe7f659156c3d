"""The window and its files: adding as one step, saving while edits wait, files that moved."""

from __future__ import annotations

import itertools
import threading
from pathlib import Path

import geopandas
import laspy
import numpy as np
import pytest
import shapely
from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication, QPushButton
from small_layers import CRS, EAST, NORTH

from layers.readers.registry import ReadOptions, read
from twin.edits.registry import RenameLayer
from twin.project.store import Project
from twin.recipe import SourceRequest
from viewers.app import App
from viewers.dialogs.import_dialog import ImportRequest
from viewers.drafts import thumbnail_of
from viewers.settings import Settings

pytestmark = [
    pytest.mark.usefixtures("no_threads_left"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]


@pytest.fixture
def app(qtbot, tmp_path):
    settings = Settings(tmp_path / "dothi.ini")
    settings.language, settings.theme = "en", "light"
    made = App(settings)
    made.window.resize(900, 600)
    yield made
    made.close()


@pytest.fixture
def opened(qtbot, app, project_path):
    app.open_project(project_path)
    qtbot.waitUntil(lambda: app.session.city is not None, timeout=20_000)
    qtbot.waitUntil(lambda: not app.tasks.running, timeout=60_000)
    return app


def write_points(path: Path, x: float = EAST) -> Path:
    """A LAS of ten thousand points on a grid of 1 m, in the CRS of the city."""
    header = laspy.LasHeader(point_format=0, version="1.2")
    header.offsets, header.scales = [EAST, NORTH, 0.0], [0.01, 0.01, 0.01]
    cloud = laspy.LasData(header)
    cloud.x, cloud.y = x + np.arange(10_000) % 100, NORTH + np.arange(10_000) // 100
    cloud.z = np.full(10_000, 6.0)
    cloud.write(str(path))
    return path


@pytest.fixture
def with_points(city, tmp_path) -> Path:
    """A project whose point cloud lies in a file beside it, and no cache any more."""
    import shutil

    scan = write_points(tmp_path / "scan.las")
    (layer,) = read(scan, ReadOptions(crs=CRS))
    path = tmp_path / "far.gpkg"
    Project.create(path, city.with_layer(layer)).close()
    shutil.rmtree(tmp_path / "far.cache", ignore_errors=True)
    return path


def test_layers_added_together_are_one_step_of_undo(qtbot, opened, tmp_path):
    before = opened.session.city
    for name in ("cay", "ho"):
        squares = [shapely.box(EAST + d, NORTH, EAST + d + 5, NORTH + 5) for d in (0, 10)]
        frame = geopandas.GeoDataFrame({"ten": ["a", "b"]}, geometry=squares, crs=CRS)
        frame.to_file(tmp_path / f"{name}.geojson", driver="GeoJSON")
    sources = tuple(
        SourceRequest(path=str(tmp_path / f"{name}.geojson"), role=role, crs=CRS)
        for name, role in (("cay", "green"), ("ho", "water"))
    )
    opened.opening._build(ImportRequest(sources=sources, name="", crs=CRS))
    told = opened.window.notices
    qtbot.waitUntil(
        lambda: len(opened.session.city.layers) == 4 or bool(told.notices), timeout=60_000
    )
    assert len(opened.session.city.layers) == 4, told.notices
    qtbot.waitUntil(lambda: not opened.session.held, timeout=20_000)
    opened.session.undo()
    assert opened.session.city is before
    opened.session.redo()
    assert len(opened.session.city.layers) == 4
    left = list((tmp_path / "user_cache_dir").glob("added/*"))
    assert left == []


def test_an_edit_made_while_a_worker_writes_waits_and_is_not_lost(qtbot, opened):
    go, began = threading.Event(), threading.Event()

    def write(_progress: object) -> str:
        began.set()
        go.wait(20)
        return "written"

    def edit_meanwhile() -> None:
        assert began.wait(20)
        assert not opened.session.do(RenameLayer(layer="roads", name="Phố"))
        assert not opened.saving.may_leave()
        seen.append(opened.session.city.layers["roads"].name)
        go.set()

    from PySide6.QtCore import QTimer

    seen: list[str] = []
    QTimer.singleShot(0, edit_meanwhile)
    assert opened.saving.exclusively("Saving the city", write) == "written"
    assert seen == ["Đường"]
    assert opened.session.city.layers["roads"].name == "Phố"


def test_save_as_can_be_stopped_from_the_status_bar_and_nothing_is_lost(
    qtbot, opened, project_path, monkeypatch
):
    from twin.project import copying

    other = project_path.with_name("other.gpkg")
    other.write_bytes(b"what was there")
    began, pressed = threading.Event(), threading.Event()
    whole = copying._rewrite

    def slow(*args: object, **named: object) -> None:
        began.set()
        assert pressed.wait(20)
        whole(*args, **named)

    monkeypatch.setattr(copying, "_rewrite", slow)

    def press() -> None:
        if not began.is_set() or not opened.window.status._cancel.isVisibleTo(opened.window):
            QTimer.singleShot(20, press)
            return
        qtbot.mouseClick(opened.window.status._cancel, Qt.MouseButton.LeftButton)
        pressed.set()

    opened.show()
    before = opened.session.city
    QTimer.singleShot(0, press)
    assert not opened.saving.save_to(other)
    assert opened.session.project.path == project_path
    assert opened.session.city is before
    assert other.read_bytes() == b"what was there"
    assert [p.name for p in project_path.parent.glob(".*")] == []
    assert not opened.window.notices.notices
    assert opened.session.do(RenameLayer(layer="roads", name="Phố"))
    monkeypatch.undo()
    assert opened.saving.save_to(other)
    assert opened.session.project.path == other


def test_saving_writes_what_other_programs_see(qtbot, opened, project_path):
    import sqlite3

    opened.session.do(RenameLayer(layer="roads", name="Phố"))
    assert opened.saving.save()
    with sqlite3.connect(project_path) as database:
        names = [row[0] for row in database.execute("SELECT identifier FROM gpkg_contents")]
    database.close()
    assert "Phố" in names


def test_saving_keeps_a_picture_of_what_is_on_screen_without_drawing_again(
    qtbot, opened, project_path
):
    opened.show()
    qtbot.waitUntil(lambda: opened.stage.scene is not None, timeout=20_000)
    qtbot.waitUntil(lambda: opened.stage.scene.renders > 1, timeout=20_000)
    canvas = opened.stage.canvas
    qtbot.waitUntil(lambda: not canvas._calm.isActive() and not canvas._casting, timeout=20_000)
    qtbot.wait(500)
    drawn = opened.stage.scene.renders
    opened._saved()
    qtbot.waitUntil(thumbnail_of(project_path).exists, timeout=20_000)
    qtbot.waitUntil(lambda: not opened.tasks.running, timeout=20_000)
    assert opened.stage.scene.renders == drawn
    image = QImage(str(thumbnail_of(project_path)))
    colours = {image.pixel(x, y) for x in range(0, image.width(), 9) for y in range(0, 270, 9)}
    assert len(colours) > 5


def test_a_file_that_moved_is_asked_for_and_found(qtbot, app, with_points, tmp_path):
    elsewhere = tmp_path / "archive"
    elsewhere.mkdir()
    (tmp_path / "scan.las").rename(elsewhere / "scan.las")
    app.open_project(with_points)
    qtbot.waitUntil(lambda: app.session.project is not None, timeout=20_000)
    qtbot.waitUntil(lambda: not app.tasks.running, timeout=60_000)
    (lost,) = app.session.project.absent
    assert app.window.layers._tree.topLevelItem(0).text(0) == lost.name
    words = [b.text() for b in app.window.notices.findChildren(QPushButton) if b.text()]
    assert "Locate file…" in words
    assert "Give up the layer…" in words
    assert app.finding.locate(lost.id, elsewhere / "scan.las")
    qtbot.waitUntil(lambda: not app.tasks.running, timeout=60_000)
    assert app.session.project.absent == ()
    assert app.session.city.layers[lost.id].count == 10_000
    told = [b.text() for b in app.window.notices.findChildren(QPushButton) if not b.isHidden()]
    assert "Locate file…" not in told


def test_another_file_takes_the_place_only_after_a_question(
    qtbot, app, with_points, tmp_path, monkeypatch
):
    (tmp_path / "scan.las").unlink()
    other = write_points(tmp_path / "new.las", x=EAST + 50.0)
    app.open_project(with_points)
    qtbot.waitUntil(lambda: app.session.project is not None, timeout=20_000)
    qtbot.waitUntil(lambda: not app.tasks.running, timeout=60_000)
    (lost,) = app.session.project.absent
    asked = []
    monkeypatch.setattr(
        "viewers.finding.Confirm.exec", lambda self: asked.append(self) or len(asked) > 1
    )
    # The same size as before: told apart by more than that only where a fingerprint was kept.
    with other.open("ab") as file:
        file.write(b"\0" * 64)
    assert not app.finding.locate(lost.id, other)
    assert len(asked) == 1
    assert app.session.project.absent == (lost,)
    assert app.finding.locate(lost.id, other)
    assert app.session.city.layers[lost.id].bounds[0] == pytest.approx(EAST + 50.0)


def test_a_layer_that_is_given_up_is_gone_for_good(qtbot, app, with_points, tmp_path):
    (tmp_path / "scan.las").unlink()
    app.open_project(with_points)
    qtbot.waitUntil(lambda: app.session.project is not None, timeout=20_000)
    qtbot.waitUntil(lambda: not app.tasks.running, timeout=60_000)
    (lost,) = app.session.project.absent
    assert app.finding.give_up(lost.id)
    assert app.session.project.absent == ()
    app.close()
    QApplication.processEvents()
    with Project.open(with_points) as project:
        assert lost.id not in project.city.layers
        assert project.absent == ()


def test_the_window_answers_while_a_city_is_built(qtbot, app, tmp_path):
    """Ten thousand points become ground; the longest wait for the window stays short."""
    import time

    from PySide6.QtCore import Qt, QTimer

    write_points(tmp_path / "scan.las")
    beats: list[float] = []
    timer = QTimer(app)
    timer.setTimerType(Qt.TimerType.PreciseTimer)
    timer.timeout.connect(lambda: beats.append(time.perf_counter()))
    source = SourceRequest(path=str(tmp_path / "scan.las"), crs=CRS)
    app.window.show()
    qtbot.wait(200)
    timer.start(10)
    app.opening._build(ImportRequest(sources=(source,), name="Quét", crs=CRS))
    qtbot.waitUntil(
        lambda: app.session.city is not None or bool(app.window.notices.notices), timeout=60_000
    )
    timer.stop()
    assert app.session.city is not None, app.window.notices.notices
    gaps = [b - a for a, b in itertools.pairwise(beats)]
    assert len(beats) > 20
    # What is drawn once the city is there belongs to the scene; half a second is for slow computers.
    assert sorted(gaps)[-1] < 0.5
    qtbot.waitUntil(lambda: not app.tasks.running, timeout=60_000)
