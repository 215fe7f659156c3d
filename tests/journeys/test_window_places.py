"""Real cities in the real window: built, opened, looked at, picked, edited, undone, killed, reopened."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import geopandas
import numpy as np
import platformdirs
import pytest
import window_hand as hand
from PySide6.QtCore import Qt

from twin.project.store import Project
from viewers.i18n import set_language
from viewers.panels.kinds import METHODS
from viewers.theme import apply_theme

pytestmark = [pytest.mark.data, pytest.mark.slow]

PLACES = {
    "delft": "buildings",
    "goteborg": "buildings",
    "hoan_kiem": "hoan-kiem",
    "den_haag": "buildings",
}
CONTROL = Qt.KeyboardModifier.ControlModifier


@pytest.fixture(params=PLACES)
def place(request, built, tmp_path):
    """(project file of its own, id of the building layer)."""
    project, report = built(request.param)
    layer = next(
        (one["id"] for one in report["layers"] if one["id"] == PLACES[request.param]),
        next(one["id"] for one in report["layers"] if one["kind"] == "buildings"),
    )
    own = tmp_path / project.name
    own.write_bytes(project.read_bytes())
    return own, layer


@pytest.fixture(autouse=True)
def _own_folders(qapp, tmp_path, monkeypatch):
    """No folder of the user is touched, and the next test starts in English and light."""
    for name in ("user_data_dir", "user_cache_dir"):
        folder = str(tmp_path / name)
        monkeypatch.setattr(platformdirs, name, lambda *_, folder=folder, **__: folder)
    yield
    set_language("en")
    apply_theme("light")


@pytest.fixture
def windows(tmp_path):
    """`windows(project)` opens a city in a new window; all are closed afterwards."""
    made = []

    def open_one(project: Path, *, plain: bool = False):
        app = hand.new_app(tmp_path / "dothi.ini")
        made.append(app)
        if plain:
            hand.plain(app)
        hand.open_city(app, project)
        return app

    yield open_one
    for app in made:
        hand.shut(app)


def journal(project: Path) -> int:
    """How many rows the journal in the file has, read by SQLite alone."""
    with closing(sqlite3.connect(f"{project.as_uri()}?mode=ro", uri=True)) as database:
        return database.execute("SELECT count(*) FROM dothi_journal").fetchone()[0]


def test_a_real_city_is_looked_at_picked_edited_undone_saved_and_reopened(place, windows):
    project, layer = place
    table = geopandas.read_file(project, layer=layer)
    app = windows(project)
    first = hand.seen(app)
    assert first.std() > 15, "a picture of one colour"
    assert len(np.unique(first.astype(np.uint32) @ [65536, 256, 1])) > 500

    hand.plain(app)
    building = hand.largest(app, layer)
    roof = hand.roof_of(app, layer, building)
    hand.look_down_at(app, roof)
    shown = hand.seen(app)
    app.window.layers.visibility_asked.emit(layer, False)
    without = hand.seen(app)
    app.window.layers.visibility_asked.emit(layer, True)
    point = hand.point_of(app, roof)
    around = (slice(point.y() - 4, point.y() + 5), slice(point.x() - 4, point.x() + 5))
    difference = np.abs(shown[around].astype(int) - without[around].astype(int)).sum(axis=2)
    assert np.median(difference) > 12, "where the building projects nothing of it is seen"
    assert np.abs(hand.seen(app)[around].astype(int) - shown[around]).max() < 12

    hand.click(app, roof)
    inspector = app.window.inspector
    known = table[table["id"].astype(str) == building].iloc[0]
    assert inspector._title.text() == building
    assert inspector._height.value() == pytest.approx(known["height"], abs=0.006)
    said = rows_of(inspector._measured)
    assert said["Height found"] == METHODS[known["method"]]
    if np.isfinite(float(known["rmse"] if known["rmse"] is not None else "nan")):
        assert said["Roof error (RMSE)"].split()[0] == f"{known['rmse']:.2f}"
    else:
        assert said["Roof error (RMSE)"] == "–"

    written = journal(project)
    hand.type_height(app, 41.5)
    assert journal(project) == written + 1, "in the file at once"
    assert app.session.city.building(layer, building).height == 41.5
    raised = (roof[0], roof[1], app.session.city.building(layer, building).ground + 41.5)
    found = app.stage.scene.pick(*pixel_of(app, raised))
    assert found is not None and found.where[2] == pytest.approx(raised[2], abs=0.05)
    hand.press(app, Qt.Key.Key_Z, CONTROL)
    assert app.session.city.building(layer, building).height == pytest.approx(known["height"])
    assert inspector._height.value() == pytest.approx(known["height"], abs=0.006)
    hand.type_height(app, 23.0)
    hand.press(app, Qt.Key.Key_S, CONTROL)
    hand.wait(lambda: not app.session.held)
    hand.press(app, Qt.Key.Key_Z, CONTROL)
    assert inspector._height.value() == pytest.approx(known["height"], abs=0.006), "undo after save"
    hand.press(app, Qt.Key.Key_Y, CONTROL)
    hand.shut(app)

    saved = geopandas.read_file(project, layer=layer).set_index("id")
    assert saved.loc[known["id"], "height"] == 23.0, "what others read was saved"
    again = windows(project, plain=True)
    assert again.session.city.building(layer, building).height == 23.0


def test_a_killed_window_loses_nothing(place, windows, tmp_path):
    project, layer = place
    table = geopandas.read_file(project, layer=layer)
    row = int(np.argmax(table.area))
    building, height = str(table["id"].iloc[row]), float(table["height"].iloc[row])
    with typing_window(project, layer, building, 37.25, tmp_path) as process:
        assert process.stdout.readline().strip() == "typed", process.stderr.read()
        process.kill()
        process.wait(30)

    app = windows(project, plain=True)
    assert not app.session.project.read_only
    assert app.session.city.building(layer, building).height == 37.25
    assert app.session.project.journal_intact()
    roof = hand.roof_of(app, layer, building)
    hand.look_down_at(app, roof)
    hand.click(app, roof)
    assert app.window.inspector._height.value() == 37.25
    hand.press(app, Qt.Key.Key_Z, CONTROL)
    assert app.session.city.building(layer, building).height == pytest.approx(height)
    hand.press(app, Qt.Key.Key_Y, CONTROL)
    hand.press(app, Qt.Key.Key_S, CONTROL)
    hand.wait(lambda: not app.session.held)
    hand.shut(app)
    with Project.open(project) as again:
        assert again.city.building(layer, building).height == 37.25


def typing_window(project: Path, layer: str, building: str, height: float, folder: Path):
    """A window in a process of its own that types one height and stays open."""
    environment = dict(os.environ, HOME=str(folder), USERPROFILE=str(folder))
    for name in ("XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME"):
        environment[name] = str(folder / name.lower())
    command = [sys.executable, hand.__file__, project, layer, building, height, folder / "own.ini"]
    return subprocess.Popen(
        [str(part) for part in command],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        env=environment,
        cwd=Path(__file__).parents[2],
    )


def rows_of(table) -> dict[str, str]:
    """The inspector's table as a mapping."""
    return {table.item(row, 0).text(): table.item(row, 1).text() for row in range(table.rowCount())}


def pixel_of(app, place) -> tuple[float, float]:
    """Pixel from the lower left corner where `place` is seen."""
    scene = app.stage.scene
    return scene.camera.project(np.array(place), scene.window.GetSize())
