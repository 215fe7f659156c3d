"""A city too large to be held whole: opened, flown over, picked, measured, cut, compared, closed.

25 000 buildings here; `DOTHI_TRIAL=1000000` makes it a trial with a million (minutes).
"""

from __future__ import annotations

import itertools
import os
import time
from collections.abc import Iterator

import imageio_ffmpeg
import numpy as np
import platformdirs
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from window_hand import (
    click,
    largest,
    look_down_at,
    new_app,
    plain,
    press,
    rest,
    roof_of,
    seen,
    shut,
    wait,
)

from layers.tiles.stored import StoredBuildings
from twin.edits.buildings import SetBuildingHeight
from twin.project.store import Project
from viewers.app import App
from viewers.bench.cities import big_city
from viewers.film.making import FilmRequest
from viewers.scene.block_choice import choose_tiles
from viewers.scene.budget import FrameBudget

COUNT = int(os.environ.get("DOTHI_TRIAL", "25000"))


@pytest.fixture(scope="module")
def app(tmp_path_factory) -> Iterator[App]:
    folder = tmp_path_factory.mktemp("big")
    kept = platformdirs.user_cache_dir, platformdirs.user_data_dir
    platformdirs.user_cache_dir = platformdirs.user_data_dir = lambda *_, **__: str(folder / "own")
    Project.create(folder / "big.gpkg", big_city(COUNT)).close()
    made = new_app(folder / "settings.ini")
    plain(made)
    made.open_project(folder / "big.gpkg")
    wait(lambda: made.session.city is not None and made.stage.scene is not None)
    # Tiles are made meanwhile, in processes of their own.
    wait(lambda: not made.tasks.running, seconds=600)
    rest(made)
    yield made
    shut(made)
    platformdirs.user_cache_dir, platformdirs.user_data_dir = kept


def drawn(app: App) -> tuple[list[int], np.ndarray]:
    """Numbers of the tiles on the stage, and the rows that they show."""
    mesh = app.stage.scene.visual("buildings").mesh
    shown = {n: c for n, c in mesh.chunks.items() if c.level >= 0}
    rows = [c.chunk.rows for c in shown.values()]
    return list(shown), np.concatenate(rows) if rows else np.empty(0, int)


def test_it_opens_from_columns_and_its_tiles_are_made_meanwhile(app):
    layer = app.session.city.layers["buildings"]
    assert isinstance(layer, StoredBuildings) and layer.count == COUNT
    folder = app.session.project.tile_folder(layer)
    pyramid = app.stage.scene.visual("buildings").pyramid
    assert len(list(folder.glob("*.tile"))) == len(pyramid.tree) + 1


def test_a_flight_draws_its_budget_and_rest_draws_what_a_pixel_shows(app, monkeypatch):
    scene, canvas = app.stage.scene, app.stage.canvas
    frames: list[tuple[int, int]] = []
    learn = FrameBudget.measured

    def noted(budget: FrameBudget, seconds: float, drawn: int) -> None:
        frames.append(
            (drawn, budget.triangles)
        )  # what the frame might spend, before it is learnt from
        learn(budget, seconds, drawn)

    monkeypatch.setattr(FrameBudget, "measured", noted)
    canvas.fly_to(scene.camera.overview(), seconds=0)
    rest(app)
    for _ in range(12):
        scene.camera.orbit(6.0, 0.0)
        scene.camera.zoom(1.15)
        canvas.redraw()
        wait(lambda: True)
    assert len(frames) >= 10
    assert all(0 < drawn <= 1.1 * budget for drawn, budget in frames), frames
    rest(app)
    tree = scene.visual("buildings").pyramid.tree
    shift = np.asarray(app.session.city.frame.origin)
    wanted = choose_tiles(tree, shift, scene._eye(None), budget=None).wanted
    shown, rows = drawn(app)
    assert set(wanted.tolist()) >= set(shown)
    assert len(np.unique(rows)) == len(rows), "no building stands twice"


def test_a_building_is_picked_by_a_click_and_a_height_is_typed(app):
    name = largest(app, "buildings")
    place = roof_of(app, "buildings", name)
    look_down_at(app, place, 400.0)
    rest(app)
    click(app, place)
    wait(lambda: app.session.view.selected is not None)
    assert app.session.city.building_at("buildings", app.session.view.selected.row).id == name
    row = app.session.view.selected.row
    app.session.do(_height(name, 123.0))
    rest(app)
    tops = [
        float(actor.chunk.vertices[actor.chunk.vertex_row == row, 2].max())
        for actor in app.stage.scene.visual("buildings").mesh.chunks.values()
        if row in actor.chunk.rows and actor.level >= 0
    ]
    ground = app.session.city.building("buildings", name).ground
    assert tops == [pytest.approx(ground + 123.0 - app.session.city.frame.origin[2], abs=0.01)]
    app.session.undo()
    rest(app)


def test_it_is_measured_on_a_roof(app):
    x, y, z = roof_of(app, "buildings", largest(app, "buildings"))
    look_down_at(app, (x, y, z), 60.0)
    rest(app)
    measuring = tool(app, "MeasureTool")
    press(app, Qt.Key.Key_M)
    for dx, dy in ((-1.5, -2.0), (1.5, 2.0)):
        click(app, (x + dx, y + dy, z))
    QTest.keyClick(app.stage.canvas.view, Qt.Key.Key_Return)
    (one,) = measuring.measurements
    assert one.values[0].value == pytest.approx(5.0, abs=0.2)
    measuring.clear_measurements()
    app.stage.canvas.set_hand(None)


def test_it_is_cut_so_that_what_is_behind_is_picked(app):
    x, y, z = roof_of(app, "buildings", largest(app, "buildings"))
    scene = app.stage.scene
    look_down_at(app, (x, y, z), 300.0)
    rest(app)
    press(app, Qt.Key.Key_X)
    cut = app.session.view.section
    rest(app)
    origin = np.asarray(app.session.city.frame.origin)
    away = np.array(cut.point) + np.array(cut.normal) * 40.0  # on the side that is cut away
    eye = away + np.array([0.0, 0.0, 500.0]) - origin
    hit = scene.picker.first(eye, np.array([0.0, 0.0, -1.0]))
    assert hit is None or scene.picker.cut.keeps(hit.where[None])[0]
    press(app, Qt.Key.Key_X)
    assert app.session.view.section is None


def test_two_pictures_show_it_side_by_side(app):
    press(app, Qt.Key.Key_2, Qt.KeyboardModifier.AltModifier)
    rest(app)
    assert len(app.session.view.panes) == 1
    picture = seen(app)
    half = picture.shape[1] // 2
    assert picture[:, :half].std() > 8 and picture[:, half:].std() > 8
    press(app, Qt.Key.Key_1, Qt.KeyboardModifier.AltModifier)
    rest(app)


def test_a_pick_costs_no_frame_however_many_there_are(app):
    scene = app.stage.scene
    app.stage.canvas.fly_to(scene.camera.overview(), seconds=0)
    rest(app)
    width, height = scene.window.GetSize()
    spent = []
    for x in np.linspace(0.1, 0.9, 30) * width:
        started = time.process_time()
        scene.pick(x, 0.35 * height)
        spent.append(time.process_time() - started)
    assert np.median(spent) < 0.03


def test_it_is_filmed_along_two_bookmarks(app, tmp_path):
    scene, canvas = app.stage.scene, app.stage.canvas
    name = largest(app, "buildings")
    outline = app.session.city.buildings_layer("buildings").footprints[
        app.session.city.building("buildings", name).row
    ]
    canvas.fly_to(scene.camera.overview(), seconds=0)
    app.commands.run("add_bookmark")
    # From so high that its roof does not fill the frame: one of a million covers 10 hectares.
    look_down_at(app, roof_of(app, "buildings", name), max(300.0, 3.0 * outline.area**0.5))
    app.commands.run("add_bookmark")
    assert len(app.session.bookmarks) >= 2
    out = tmp_path / "flight.mp4"
    wanted = FilmRequest(city=tmp_path, out=out, size=(320, 180), fps=4, seconds=1.0, over=())
    tool(app, "FilmTool").make_film(wanted)
    wait(lambda: not app.tasks.running, seconds=600)
    reader = imageio_ffmpeg.read_frames(str(out))
    size = next(reader)["size"]
    frames = [np.frombuffer(frame, np.uint8).astype(int) for frame in reader]
    assert size == (320, 180) and len(frames) == 4
    assert all(frame.std() > 8 for frame in frames), "the city is in each"
    assert min(np.abs(a - b).mean() for a, b in itertools.pairwise(frames)) > 1, "the eye flies"


def tool(app: App, name: str):
    return next(one for one in app.tools if type(one).__name__ == name)


def _height(name: str, height: float) -> SetBuildingHeight:
    return SetBuildingHeight(layer="buildings", building=name, height=height)
