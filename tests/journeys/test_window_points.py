"""Points of a streamed cloud with a real mouse and real keys: chosen, hidden, isolated, one of them told."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import laspy
import numpy as np
import platformdirs
import pytest
from pyproj import CRS
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from window_hand import (
    activate,
    click,
    look_down_at,
    new_app,
    open_city,
    plain,
    point_of,
    press,
    rest,
    shut,
    wait,
)

from layers.frame import Frame
from layers.readers.registry import ReadOptions, read
from twin.city import City
from twin.project import point_tiles
from twin.project.point_tiles import make_tiles
from twin.project.sources import source_path
from twin.project.store import Project
from viewers.app import App
from viewers.scene.point_stream import StreamedPoints

SYSTEM = "EPSG:5897"
CORNER = np.array([587_000.0, 2_325_000.0, 5.0])
MIDDLE = (587_100.0, 2_325_100.0, 20.0)
SHIFT = Qt.KeyboardModifier.ShiftModifier


def write_scan(path: Path) -> int:
    """200 × 200 m of ground with a block of 40 × 40 m, 15 m high, in its middle; points of the block."""
    rng = np.random.default_rng(4)
    xyz = rng.random((200_000, 3)) * (200.0, 200.0, 0.2)
    block = (np.abs(xyz[:, :2] - 100.0) < 20.0).all(axis=1)
    xyz[block, 2] += 15.0
    header = laspy.LasHeader(point_format=7, version="1.4")
    header.scales, header.offsets = [0.001] * 3, CORNER
    header.add_crs(CRS.from_user_input(SYSTEM))
    las = laspy.LasData(header)
    las.xyz = xyz + CORNER
    las.classification = np.where(block, 6, 2).astype(np.uint8)
    las.write(path)
    return int(block.sum())


@pytest.fixture(scope="module")
def opened(tmp_path_factory) -> Iterator[tuple[App, str, int]]:
    folder = tmp_path_factory.mktemp("points")
    kept = platformdirs.user_cache_dir, platformdirs.user_data_dir, point_tiles.SAMPLE
    platformdirs.user_cache_dir = platformdirs.user_data_dir = lambda *_, **__: str(folder / "own")
    point_tiles.SAMPLE = 20_000
    on_block = write_scan(folder / "scan.laz")
    (layer,) = read(folder / "scan.laz", ReadOptions())
    frame = Frame.around(layer.crs, layer.bounds)
    city = City(name="town", frame=frame, layers={layer.id: layer})
    with Project.create(folder / "town.gpkg", city) as made:
        source, tiles = source_path(layer), made.tile_folder(layer)
        options = made.options_of(layer)
        assert source is not None and tiles is not None and options is not None
        make_tiles(source, options, frame.crs, tiles)
    app = new_app(folder / "settings.ini")
    plain(app)
    open_city(app, folder / "town.gpkg")
    look_down_at(app, MIDDLE, 200.0)
    rest(app)
    yield app, layer.id, on_block
    shut(app)
    platformdirs.user_cache_dir, platformdirs.user_data_dir, point_tiles.SAMPLE = kept


def drag_over_the_block(app: App) -> None:
    view = app.stage.canvas.view
    ends = [(MIDDLE[0] + by, MIDDLE[1] + by, MIDDLE[2]) for by in (-21.5, 21.5)]
    first, last = (point_of(app, end) for end in ends)
    button, no = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    QTest.mousePress(view, button, no, first)
    QTest.mouseMove(view, (first + last) / 2)
    QTest.mouseMove(view, last)
    QTest.mouseRelease(view, button, no, last)
    wait(lambda: not app.tasks.running)


def test_points_in_a_rectangle_are_chosen_told_hidden_and_isolated(opened):
    app, layer, on_block = opened
    assert isinstance(app.stage.scene.visual(layer), StreamedPoints)
    assert app.session.city.layers[layer].count <= 20_000
    app.window.layers.choose(layer)
    press(app, Qt.Key.Key_R)
    drag_over_the_block(app)
    press(app, Qt.Key.Key_R)
    # Some ground beside the block lies in the rectangle too, as it is drawn a little larger.
    chosen = app.session.view.chosen
    assert on_block <= chosen.count < 1.35 * on_block
    table = app.window.inspector._measured
    wait(lambda: any(table.item(row, 0).text() == "Heights" for row in range(table.rowCount())))
    facts = {
        table.item(row, 0).text(): table.item(row, 1).text() for row in range(table.rowCount())
    }
    assert facts["Heights"] == "5.0 – 20.2 m"

    press(app, Qt.Key.Key_H)
    assert app.session.view.hidden_rows == chosen and not app.session.view.chosen
    rest(app)
    click(app, MIDDLE)
    assert app.session.view.selected is None, "there is nothing left to hit"
    press(app, Qt.Key.Key_H, SHIFT)
    rest(app)
    click(app, MIDDLE)
    assert app.session.view.selected.where[2] > 19.0

    app.session.look(chosen=chosen)
    press(app, Qt.Key.Key_I)
    rest(app)
    click(app, (MIDDLE[0] - 40.0, MIDDLE[1], 5.1))
    assert app.session.view.selected is None, "the ground is left out"
    press(app, Qt.Key.Key_H, SHIFT)


def test_the_point_that_is_selected_gets_a_ring_for_as_long_as_it_is(opened):
    app, layer, _ = opened
    activate(app)
    rest(app)
    (tool,) = (one for one in app.tools if type(one).__name__ == "SelectTool")
    click(app, (MIDDLE[0] + 5.0, MIDDLE[1] + 3.0, 20.0))
    assert app.session.view.selected.layer == layer
    marks = tool._marking._marks
    np.testing.assert_allclose(marks.marks["point"].dots[0], app.session.view.selected.where)
    app.session.select(None)
    assert "point" not in marks
