"""Pictures of the window: each scene is arranged with the window's own commands, then the screen is read."""

from __future__ import annotations

import math
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import shapely

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from viewers.app import App
    from viewers.tools.story_tool import StoryTool

CityOf = Callable[[str], Path | None]
WINDOW = (1600, 1000)
MOST_BYTES = 350_000
PATIENCE_S = 400.0


def take(names: list[str], city_of: CityOf, folder: Path) -> int:
    """Take the scenes called `names`; the exit status."""
    for name in names:
        place, arrange = SCENES[name]
        city = city_of(place) if place else None
        if place and city is None:
            continue
        with opened(city, folder) as app:
            arrange(app)
            write(app, folder / f"{name}.jpg")
    return 0


# -- scenes ---------------------------------------------------------------------------------


def welcome(app: App) -> None:
    """The first page, with what was opened lately."""
    app.new_project()


def demo(app: App) -> None:
    """A tower of the demo selected."""
    look(app, "close")
    choose(app, tall(app))


def dark(app: App) -> None:
    """Dark and Vietnamese, with the health of the buildings."""
    app.commands.set_language("vi")
    app.commands.set_theme("dark")
    app.session.look(sun_time=app.session.view.sun_time.replace(hour=16, minute=20))
    look(app, "overview")
    app.window.layers.choose("nha")
    app.window.show_panel("health")


def style(app: App) -> None:
    """The style dialog with the legend that it would give."""
    from viewers.dialogs.style_dialog import StyleDialog

    look(app, "close")
    city = app.session.city
    layer = next(one for one in city.layers.values() if one.kind == "buildings")
    dialog = StyleDialog(layer, city.style(layer.id), _legend_of(app), app.window)
    dialog._by.setCurrentIndex(dialog._by.findData("height"))
    dialog._by.activated.emit(dialog._by.currentIndex())
    dialog.open()


def importing(app: App) -> None:
    """Outlines in Hà Nội whose coordinate system nobody wrote down."""
    import os

    folder = Path(tempfile.mkdtemp(dir=app.settings.folder))
    source = Path(os.environ["DOTHI_DATA"]) / "hanoi" / "hoan_kiem"
    for suffix in ("shp", "shx", "dbf"):
        shutil.copy(source / f"buildings.{suffix}", folder / f"nha_hoan_kiem.{suffix}")
    app.open_files([folder / "nha_hoan_kiem.shp"])
    dialog = app.opening.dialog
    dialog.setGeometry(310, 90, 980, 840)
    wait(lambda: not dialog._waiting)


def method(app: App) -> None:
    """How each height was found."""
    import msgspec

    from twin.edits.registry import SetStyle

    for layer in list(app.session.city.layers.values()):
        if layer.kind == "buildings":
            coloured = msgspec.structs.replace(app.session.city.style(layer.id), color_by="method")
            app.session.do(SetStyle(layer=layer.id, style=coloured))
    look(app, "overview")


def picked(app: App) -> None:
    """A measured building of a real city."""
    look(app, "close")
    choose(app, tall(app))


def story(app: App) -> None:
    """A story of the demo, and one of its stops being edited."""
    from viewers.dialogs.stop_dialog import StopDialog

    tool = begin_story(app)
    look(app, "overview")
    app.window.show_panel("story")
    tool.panel._list.setCurrentRow(1)
    stop = tool.panel.story.stops[1]
    dialog = StopDialog(stop, app.session.city, app.session.view, "", app.window)
    dialog.open()
    dialog.move(560, 190)


def told(app: App) -> None:
    """The same story on the wall, in Vietnamese."""
    from viewers.playing import PlayRequest

    app.commands.set_language("vi")
    tool = begin_story(app)
    tool.play(PlayRequest(screen=0, start=1))
    rest(app)


def begin_story(app: App) -> StoryTool:
    """Three stops: the whole ward, its heights, and the evening."""
    from twin.edits.stories import PutStory
    from twin.story import Stop, Story, Words
    from twin.style import Style
    from viewers.film.telling import camera_of
    from viewers.tools.story_tool import StoryTool

    camera, city = app.stage.scene.camera, app.session.city
    hidden = tuple(sorted(app.session.view.hidden))
    heights = {k: Style(color_by="height") for k, v in city.layers.items() if v.kind == "buildings"}
    words = (
        ("Toàn cảnh", "overview", "09:30", "Phường Sen Xanh, bên sông", "Sen Xanh ward, by the river"),
        ("Chiều cao", "close", "15:30", "Nhà cao đứng dọc đại lộ", "Tall houses line the avenue"),
        ("Buổi tối", "overview", "18:20", "Lúc lên đèn", "When lamps are lit"),
    )  # fmt: skip
    stops = tuple(
        Stop(
            id=f"stop-{number}",
            name=name,
            camera=camera_of(camera.named(view)),
            caption=Words(vi=vi, en=en),
            notes="Nói về chiều cao cho phép",
            sun_time=f"2026-06-21T{hour}:00+07:00",
            hidden=hidden,
            styles=heights if view == "close" else {},
        )
        for number, (name, view, hour, vi, en) in enumerate(words, start=1)
    )
    title = Words(vi="Phường bên sông", en="The ward by the river")
    app.session.do(PutStory(story=Story(id="story-1", title=title, stops=stops)))
    return next(tool for tool in app.tools if isinstance(tool, StoryTool))


SCENES: dict[str, tuple[str, Callable[[App], None]]] = {
    "window_welcome": ("", welcome),
    "window_demo": ("demo", demo),
    "window_dark": ("demo", dark),
    "window_style": ("demo", style),
    "window_story": ("demo", story),
    "window_told": ("demo", told),
    "window_import": ("", importing),
    "window_method": ("hoan_kiem", method),
    "window_delft": ("delft", picked),
}


# -- hands ----------------------------------------------------------------------------------


@contextmanager
def opened(city: Path | None, pictures: Path) -> Iterator[App]:
    """A window with preferences of its own, and a copy of the city in it."""
    from PySide6.QtCore import QEvent
    from PySide6.QtWidgets import QApplication

    from viewers.app import App
    from viewers.settings import Settings

    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        settings = Settings(Path(folder) / "dothi.ini")
        settings.language, settings.theme, settings.folder = "en", "light", folder
        app = App(settings)
        app.window.setGeometry(0, 0, *WINDOW)
        app.show()
        if city is not None:
            # Beside it, so that the sources are found.
            own = Path(shutil.copy(city, city.with_name(f"{city.stem}-{time.monotonic_ns()}.gpkg")))
            app.open_project(own)
            wait(lambda: app.stage.scene is not None and app.session.city is not None)
        rest(app)
        yield app
        rest(app)
        app.close()
        QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def wait(condition: Callable[[], object]) -> None:
    """Let the window live until `condition()`."""
    from PySide6.QtWidgets import QApplication

    end = time.monotonic() + PATIENCE_S
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError("The window did not come to rest")
        QApplication.processEvents()
        time.sleep(0.01)


def rest(app: App) -> None:
    """Wait until nothing is computed and the picture is refined; then a moment more."""
    canvas = app.stage.canvas
    busy = ("_calm", "_redraw")
    wait(lambda: not (canvas._flight or canvas._casting or app.tasks.running))
    moment = time.monotonic() + 1.5
    wait(
        lambda: (
            time.monotonic() > moment
            and not any(t.isActive() for t in (getattr(canvas, busy[0]), getattr(app, busy[1])))
            and not (canvas._casting or app.tasks.running)
        )
    )


def look(app: App, view: str) -> None:
    """Stand where every city may be looked at from."""
    app.stage.canvas.fly_to(app.stage.scene.camera.named(view), seconds=0)
    rest(app)


def tall(app: App) -> tuple[float, float, float]:
    """The middle of a tall roof in sight and near the middle of the view, world metres."""
    scene, city = app.stage.scene, app.session.city
    width, height = scene.window.GetSize()
    best, found = -math.inf, (0.0, 0.0, 0.0)
    for layer in city.layers.values():
        if layer.kind != "buildings":
            continue
        middles = shapely.get_coordinates(shapely.point_on_surface(layer.footprints))
        for row in np.argsort(-layer.height)[:200]:
            roof = (*middles[row], float(layer.ground[row] + layer.height[row]))
            pixel = scene.camera.project(np.array(roof), (width, height))
            if pixel is None:
                continue
            aside = max(abs(pixel[0] / width - 0.5), abs(pixel[1] / height - 0.45))
            hit = scene.pick(*pixel) if aside < 0.25 else None
            score = float(layer.height[row]) - 80 * aside
            if hit is not None and (hit.layer, hit.row) == (layer.id, row) and score > best:
                best, found = score, roof
    return found


def choose(app: App, place: tuple[float, float, float]) -> None:
    """Click a place in the view."""
    from PySide6.QtCore import QPoint, Qt
    from PySide6.QtTest import QTest

    scene, view = app.stage.scene, app.stage.canvas._interactor
    x, y = scene.camera.project(np.array(place), scene.window.GetSize())
    ratio = view.devicePixelRatioF()
    point = QPoint(round(x / ratio), round(view.height() - 1 - y / ratio))
    none = Qt.KeyboardModifier.NoModifier
    QTest.mouseClick(view, Qt.MouseButton.LeftButton, none, point)
    app.window.show_panel("health")


def write(app: App, out: Path) -> None:
    """Read the screen where the window is, dialogs over it included."""
    from PySide6.QtWidgets import QApplication

    rest(app)
    screen = app.window.screen()
    image = screen.grabWindow(0, 0, 0, *WINDOW).toImage()
    for quality in (90, 84, 78, 70, 60):
        image.save(str(out), "JPG", quality)
        if out.stat().st_size <= MOST_BYTES:
            break
    for dialog in app.window.findChildren(_dialog()):
        dialog.close()
    QApplication.processEvents()
    print(out, flush=True)


def _legend_of(app: App) -> Callable[..., object]:
    try:
        from viewers.legends import legend_of
    except ImportError:
        return app.stage.legend_of
    return legend_of


def _dialog() -> type[QWidget]:
    from PySide6.QtWidgets import QDialog

    return QDialog
