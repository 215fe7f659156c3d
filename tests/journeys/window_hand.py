"""A hand and an eye at the real window: open, wait, point at a building, click, type, look.

Also a program of its own: `python window_hand.py PROJECT LAYER BUILDING HEIGHT SETTINGS` opens the
project in a window, clicks the building, types the height, says so on standard output and then
stays open until it is killed.
"""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import shapely
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QEventLoop, QPoint, Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from viewers.app import App
from viewers.settings import Settings
from viewers.view_state import CameraPose

PATIENCE_S = 60.0


def wait(condition: Callable[[], object], *, seconds: float = PATIENCE_S) -> None:
    """Let the window live until `condition()`, and fail where it never comes."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"waited {seconds:g} s in vain"
        QApplication.processEvents(QEventLoop.ProcessEventsFlag.AllEvents, 50)
        QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        time.sleep(0.005)


def new_app(settings: Path) -> App:
    """A window with preferences of its own, in English and light, on screen."""
    kept = Settings(settings)
    kept.language, kept.theme = "en", "light"
    app = App(kept)
    app.window.resize(1100, 680)
    app.show()
    # Not through windowHandle(): its Python half outlives the window, and stands for what comes to
    # lie at the same address later (a QAction that PySide takes for a QSurface).
    assert QTest.qWaitForWindowExposed(app.window, int(PATIENCE_S * 1000))
    return app


def open_city(app: App, path: Path) -> None:
    """Open a project and wait until all of it is drawn and assessed."""
    app.open_project(path)
    wait(lambda: not app.tasks.running)
    assert app.session.city is not None, app.window.notices.notices
    wait(lambda: app.stage.scene is not None and app.stage.scene.camera.bounds is not None)
    wait(lambda: not app.tasks.running)


def plain(app: App) -> None:
    """No shadows and no soft light: without a graphics card each refined picture takes a second."""
    app.session.look(shadows=False, occlusion=False)


def rest(app: App) -> None:
    """Wait until nothing flies, nothing is computed, and the picture is refined."""
    canvas = app.stage.canvas
    wait(
        lambda: (
            not (
                canvas._flight
                or canvas._calm.isActive()
                or canvas._casting
                or app._redraw.isActive()
                or app.tasks.running
            )
        )
    )


def activate(app: App) -> None:
    """Shortcuts reach the active window only."""
    app.window.activateWindow()
    app.window.raise_()
    wait(app.window.isActiveWindow, seconds=10)


def largest(app: App, layer: str) -> str:
    """Id of the building with the largest outline: easy to point at, no tree covers it."""
    buildings = app.session.city.buildings_layer(layer)
    return str(buildings.ids[int(np.argmax(shapely.area(buildings.footprints)))])


def roof_of(app: App, layer: str, building: str) -> tuple[float, float, float]:
    """World place in the middle of a roof, from outline, ground and height alone."""
    city = app.session.city
    found = city.building(layer, building)
    outline = city.buildings_layer(layer).footprints[found.row]
    inside = shapely.maximum_inscribed_circle(outline).coords[0]
    return inside[0], inside[1], found.ground + found.height


def look_down_at(app: App, place: tuple[float, float, float], distance: float = 220.0) -> None:
    """Hang the eye steeply above a place, north ahead."""
    x, y, z = place
    tilt = math.radians(80)
    eye = (x, y - distance * math.cos(tilt), z + distance * math.sin(tilt))
    app.stage.canvas.fly_to(CameraPose(eye=eye, target=place), seconds=0)


def point_of(app: App, place: tuple[float, float, float]) -> QPoint:
    """Where in the 3D view a world place is seen, widget pixels."""
    scene, view = app.stage.scene, app.stage.canvas._interactor
    pixel = scene.camera.project(np.array(place), scene.window.GetSize())
    assert pixel is not None, "behind the eye"
    ratio = view.devicePixelRatioF()
    return QPoint(round(pixel[0] / ratio), round(view.height() - 1 - pixel[1] / ratio))


def click(app: App, place: tuple[float, float, float]) -> None:
    """A real click in the 3D view where `place` is seen."""
    view = app.stage.canvas._interactor
    point = point_of(app, place)
    assert view.rect().contains(point)
    QTest.mouseClick(view, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, point)


def seen(app: App) -> NDArray[np.uint8]:
    """What the screen shows in the 3D view once it rests: uint8 (height, width, 3)."""
    rest(app)
    view = app.stage.canvas._interactor
    image = app.window.grab_all().toImage().convertToFormat(QImage.Format.Format_RGB888)
    corner = view.mapTo(app.window, QPoint(0, 0))
    part = image.copy(corner.x(), corner.y(), view.width(), view.height())
    rows = np.frombuffer(part.constBits(), np.uint8).reshape(part.height(), part.bytesPerLine())
    return rows[:, : part.width() * 3].reshape(part.height(), part.width(), 3).copy()


def type_height(app: App, height: float) -> None:
    """Type a height in the inspector and press Enter."""
    field = app.window.inspector._height
    activate(app)
    field.setFocus()
    field.selectAll()
    QTest.keyClicks(field, f"{height:g}")
    QTest.keyClick(field, Qt.Key.Key_Return)


def press(app: App, key: Qt.Key, modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier):
    """A key for the window, as a shortcut."""
    activate(app)
    QTest.keyClick(app.window, key, modifier)


def shut(app: App) -> None:
    """Close the window and let Qt forget it."""
    app.close()
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def main(project: str, layer: str, building: str, height: str, settings: str) -> None:
    """Edit one building by hand, say so, and stay."""
    app = new_app(Path(settings))
    plain(app)
    open_city(app, Path(project))
    roof = roof_of(app, layer, building)
    look_down_at(app, roof)
    click(app, roof)
    assert app.window.inspector._title.text() == building
    type_height(app, float(height))
    assert app.session.city.building(layer, building).height == float(height)
    print("typed", flush=True)
    app.qt.exec()


if __name__ == "__main__":
    main(*sys.argv[1:])
