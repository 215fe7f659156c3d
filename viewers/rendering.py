"""A project to a picture, without a window: what `dothi render` does."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import msgspec

from layers.errors import CityError
from layers.kinds.buildings import BuildingsLayer
from layers.progress import SILENT, Progress
from twin.city import City
from twin.project.store import Project
from viewers.saved_view import view_from
from viewers.scene.pictures import render_city
from viewers.view_state import Bookmark, CameraPose, ViewState

PICTURES = (".png", ".jpg", ".jpeg")


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderRequest:
    """What picture is wanted; see `dothi render --help`."""

    city: Path
    out: Path
    view: str = ""
    time: datetime | None = None
    size: tuple[int, int] = (1920, 1080)
    color_by: str = ""
    theme: Literal["light", "dark"] = "light"


def without_display() -> None:
    """Have VTK draw through EGL at once where there is no display, instead of asking for one first."""
    if sys.platform.startswith("linux") and not os.environ.get("DISPLAY"):
        os.environ.setdefault("VTK_DEFAULT_OPENGL_WINDOW", "vtkEGLRenderWindow")


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
    without_display()
    started = time.perf_counter()
    progress.step(0.0, f"Opening {request.city.name}")
    project = Project.open(request.city, read_only=True, progress=progress.part(0.0, 0.4))
    try:
        state, bookmarks = view_from(project.view, ViewState(theme=request.theme))
        if request.time is not None:
            local = request.time
            if local.tzinfo is None:
                local = local.replace(tzinfo=state.sun_time.tzinfo)
            state = replace(state, sun_time=local)
        city = coloured(project.city, request.color_by)
        look = look_of(request.view, bookmarks)
        progress.step(0.5, "Drawing")
        times = render_city(city, state, request.size, request.out, camera=look, furniture=True)
    finally:
        project.close()
    progress.step(1.0, f"Wrote {request.out.name}")
    complete = time.perf_counter() - started
    return {
        "out": str(request.out),
        "width": request.size[0],
        "height": request.size[1],
        "first_picture_s": round(complete - times["write"], 3),
        "complete_s": round(complete, 3),
    }


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
