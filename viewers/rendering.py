"""A project to a picture, without a window: what `dothi render` does."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import msgspec
import numpy as np
from PySide6.QtGui import QGuiApplication

from layers.atomic import atomic
from layers.errors import CityError
from layers.kinds.buildings import BuildingsLayer
from layers.kinds.layer import Layer
from layers.memory import live_long
from layers.progress import SILENT, Progress
from twin.city import City
from twin.project.store import Project
from viewers.i18n import set_language
from viewers.picture import Furniture, Pixels, dress, sources_of, write_picture
from viewers.picture_labels import labelled
from viewers.saved_view import view_from
from viewers.scene.pictures import check_size, off_screen
from viewers.scene.scene import Scene
from viewers.scene.tiles import bands
from viewers.view_state import Bookmark, CameraPose, ViewState

PICTURES = (".png", ".jpg", ".jpeg")


OVER = ("legend", "scale", "north", "title", "sources", "labels")
"""What can be drawn over a picture."""
USUAL = ("legend", "scale", "north", "sources", "labels")


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderRequest:
    """What picture is wanted; see `dothi render --help`. `over`: of `OVER`, what is drawn on it."""

    city: Path
    out: Path
    view: str = ""
    time: datetime | None = None
    size: tuple[int, int] = (1920, 1080)
    color_by: str = ""
    theme: Literal["light", "dark"] = "light"
    language: str = "en"
    over: tuple[str, ...] = USUAL
    title: str = ""


def without_display() -> None:
    """Have VTK draw through EGL at once where there is no display, instead of asking for one first."""
    live_long()
    if sys.platform.startswith("linux") and not os.environ.get("DISPLAY"):
        os.environ.setdefault("VTK_DEFAULT_OPENGL_WINDOW", "vtkEGLRenderWindow")


_application: list[QGuiApplication] = []


def speak(language: str) -> None:
    """Letters and words of `language` for what is drawn over pictures; needs no display."""
    if QGuiApplication.instance() is None:
        _application.append(QGuiApplication(["dothi", "-platform", "offscreen"]))
    set_language(language)


def render(request: RenderRequest, *, progress: Progress = SILENT) -> dict[str, Any]:
    """Draw it; the object of `dothi render --json`.

    Raises
    ------
    CityError
        The project cannot be opened, there is no such view, or the picture cannot be written.
    """
    if request.out.suffix.lower() not in PICTURES:
        raise CityError(
            f"A picture is not written as {request.out.name}",
            hint="Choose a name that ends with .png or .jpg.",
            code="format-unknown",
        )
    check_size(request.size)
    without_display()
    speak(request.language)
    started = time.perf_counter()
    progress.step(0.0, f"Opening {request.city.name}")
    with Project.open(request.city, read_only=True, progress=progress.part(0.0, 0.3)) as project:
        state, bookmarks = view_from(project.view, ViewState(theme=request.theme))
        state = at_time(state, request.time)
        city = coloured(project.city, request.color_by)
        look = look_of(request.view, bookmarks)
        progress.step(0.3, "Drawing")
        first = _draw(city, state, look, request, progress.part(0.3, 1.0), project.tile_folder)
    progress.step(1.0, f"Wrote {request.out.name}")
    return {
        "out": str(request.out),
        "width": request.size[0],
        "height": request.size[1],
        "first_picture_s": round(first - started, 3),
        "complete_s": round(time.perf_counter() - started, 3),
    }


def _draw(
    city: City,
    state: ViewState,
    look: CameraPose | str,
    request: RenderRequest,
    progress: Progress,
    folder: Callable[[Layer], Path | None],
) -> float:
    """Draw and write the picture; when the last part of it was drawn."""
    drawn = 0.0
    with (
        off_screen(city, state, request.size, camera=look, tile_folder=folder) as scene,
        labelled(scene, request.size, request.over),
    ):

        def rows() -> Iterator[Pixels]:
            nonlocal drawn
            for done, band in bands(scene, request.size):
                progress.step(done, "Drawing")
                drawn = time.perf_counter()
                if band is not None:
                    yield band

        furniture = furniture_of(scene, request.over, title=request.title)
        if request.out.suffix.lower() == ".png":
            write_picture(request.out, rows(), request.size, furniture, title=city.name)
        else:
            _write_jpeg(request.out, np.concatenate(list(rows())), furniture)
    return drawn


def _write_jpeg(out: Path, pixels: Pixels, furniture: Furniture) -> None:
    from PIL import Image

    size = (pixels.shape[1], pixels.shape[0])
    with atomic(out) as temporary:
        Image.fromarray(dress(pixels, furniture, size)).save(temporary, "JPEG", quality=92)


def furniture_of(scene: Scene, over: Collection[str], *, title: str = "") -> Furniture:
    """What is asked for of `OVER`, of what `scene` shows now."""
    city = scene.city
    if city is None:
        return Furniture()
    shown = [layer for key, layer in city.layers.items() if key not in scene.view.hidden]
    legends = [
        (city.layers[one.layer].name, one) for one in scene.legends if one.layer in city.layers
    ]
    return Furniture(
        legends=tuple(legends[::-1]) if "legend" in over else (),
        pose=scene.camera.pose,
        scale="scale" in over,
        north="north" in over,
        title=(title or city.name) if "title" in over or title else "",
        sources=sources_of(shown) if "sources" in over else "",
    )


def at_time(state: ViewState, when: datetime | None) -> ViewState:
    """The view with the sun of another moment; the place's own time where it states no offset."""
    if when is None:
        return state
    if when.tzinfo is None:
        when = when.replace(tzinfo=state.sun_time.tzinfo)
    return replace(state, sun_time=when)


def coloured(city: City, color_by: str) -> City:
    """The city with all its buildings coloured by an attribute; itself for ""."""
    if not color_by:
        return city
    for layer in city.layers.values():
        if isinstance(layer, BuildingsLayer):
            style = msgspec.structs.replace(city.style(layer.id), color_by=color_by)
            city = city.with_style(layer.id, style)
    return city


VIEWS = ("overview", "close", "top")


def look_of(view: str, bookmarks: Sequence[Bookmark]) -> CameraPose | str:
    """A bookmark's camera, or the name of a view that every city has; "overview" for "".

    Raises
    ------
    CityError
        There is neither.
    """
    if not view:
        return "overview"
    marks = {mark.name: mark.camera for mark in bookmarks}
    if view in marks:
        return marks[view]
    if view in VIEWS:
        return view
    raise CityError(
        f"There is no view “{view}”",
        hint=f"There are {', '.join([*VIEWS, *marks])}.",
        code="view-unknown",
    )
