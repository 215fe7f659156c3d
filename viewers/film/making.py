"""A project to a film, without a window: what `dothi film` does."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import numpy as np
from PySide6.QtGui import QImage

from layers.errors import CityError
from layers.progress import SILENT, Progress
from twin.city import City
from twin.project.store import Project
from twin.story import Story
from viewers.film.overlay import dissolved, told
from viewers.film.path import CameraPath, Flight, Speed, Timing, Turntable
from viewers.film.recorder import LEAST_FPS, MOST_FPS, even, is_film, record
from viewers.film.telling import Moment, Telling, dressed, named, seen
from viewers.picture import Pixels, dress
from viewers.picture_labels import labelled
from viewers.rendering import at_time, coloured, furniture_of, speak, without_display
from viewers.saved_view import view_from
from viewers.scene.capture import capture
from viewers.scene.pictures import check_size, off_screen
from viewers.scene.refinement import Step
from viewers.scene.scene import Scene
from viewers.scene.tiles import MOST_TURNS, bands, whole
from viewers.view_state import Bookmark, CameraPose, ViewState

ROUND_S = 24.0
"""Once round the city."""
LONGEST_S = 3600.0
BOOKMARKS, TURN = "bookmarks", "turn"


@dataclass(frozen=True, slots=True, kw_only=True)
class FilmRequest:
    """What film is wanted; see `dothi film --help`.

    `seconds` 0 takes as long as suits; `until` lets the sun go from `time` to it.
    """

    city: Path
    out: Path
    path: str = BOOKMARKS
    size: tuple[int, int] = (1920, 1080)
    fps: int = 30
    seconds: float = 0.0
    stay: float = 0.0
    speed: Speed = "eased"
    time: datetime | None = None
    until: datetime | None = None
    color_by: str = ""
    theme: Literal["light", "dark"] = "light"
    language: str = "en"
    over: tuple[str, ...] = ("labels", "sources")
    captions: bool = True
    draft: bool = False


def film(request: FilmRequest, progress: Progress = SILENT) -> dict[str, Any]:
    """Make it; the object of `dothi film --json`. The same request gives the same frames.

    Raises
    ------
    CityError
        The project cannot be opened, has no such path, or the film cannot be written.
    """
    _check(request)
    without_display()
    speak(request.language)
    started = time.perf_counter()
    size = even(request.size)
    progress.step(0.0, f"Opening {request.city.name}")
    with Project.open(request.city, read_only=True, progress=progress.part(0.0, 0.05)) as project:
        state, bookmarks = view_from(project.view, ViewState(theme=request.theme))
        state = at_time(state, request.time)
        city = coloured(project.city, request.color_by)
        with (
            off_screen(city, state, size, tile_folder=project.tile_folder) as scene,
            labelled(scene, size, request.over),
        ):
            shot = shot_of(request, scene, city, state, bookmarks)
            count = max(1, round(shot.duration * request.fps))
            drawn = shot.frames(request, size, count, progress.part(0.05, 0.99))
            written = record(request.out, drawn, size, request.fps)
    progress.step(1.0, f"Wrote {request.out.name}")
    return {
        "out": str(request.out),
        "width": size[0],
        "height": size[1],
        "fps": request.fps,
        "frames": written,
        "duration_s": round(written / request.fps, 3),
        "complete_s": round(time.perf_counter() - started, 3),
    }


def _check(request: FilmRequest) -> None:
    check_size(request.size)
    is_film(request.out)
    if not LEAST_FPS <= request.fps <= MOST_FPS:
        raise CityError(
            f"A film has {LEAST_FPS} to {MOST_FPS} frames a second, not {request.fps}",
        )
    if not 0 <= request.seconds <= LONGEST_S or not 0 <= request.stay <= LONGEST_S:
        raise CityError(f"A film lasts up to {LONGEST_S:g} seconds")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shot:
    """What is filmed: a moment for each second, and the stops of the story if it is one."""

    scene: Scene
    city: City
    view: ViewState
    duration: float
    at: Callable[[float], Moment]
    story: Story | None = None
    _dressed: dict[int, City] = field(default_factory=dict)

    def frames(
        self, request: FilmRequest, size: tuple[int, int], count: int, progress: Progress
    ) -> Iterator[Pixels]:
        """Each frame as it is drawn, uint8 (height, width, 3); frame n is of second n / fps."""
        pictures, before = self._pictures(), None
        for number in range(count):
            progress.step(number / count, f"Frame {number + 1} of {count}")
            moment = self.at(number / request.fps)
            self._show(moment)
            pixels = draw(self.scene, size, draft=request.draft)
            pixels = dress(pixels, furniture_of(self.scene, request.over), size)
            if self.story is not None and moment.stop >= 0:
                stop = self.story.stops[moment.stop]
                caption = stop.caption.said(request.language) if request.captions else ""
                picture = pictures.get(stop.picture) if request.captions else None
                pixels = told(pixels, caption, picture, words=moment.words)
            if moment.fade > 0 and before is not None:
                pixels = dissolved(before, pixels, moment.fade)
            else:
                before = pixels
            yield pixels

    def _show(self, moment: Moment) -> None:
        city, view = self.city, self.view
        if self.story is not None and moment.stop >= 0:
            stop = self.story.stops[moment.stop]
            if moment.stop not in self._dressed:
                self._dressed[moment.stop] = dressed(city, stop)
            city, view = self._dressed[moment.stop], seen(view, stop, moment.sun)
        elif moment.sun is not None:
            view = replace(view, sun_time=moment.sun)
        self.scene.camera.pose = moment.pose
        if city is not self.scene.city or view != self.scene.view:
            self.scene.show(city, view)

    def _pictures(self) -> dict[str, QImage]:
        wanted = {stop.picture for stop in self.story.stops} if self.story is not None else set()
        found = {
            key: QImage.fromData(data) for key, data in self.city.pictures.items() if key in wanted
        }
        return {key: image for key, image in found.items() if not image.isNull()}


def draw(scene: Scene, size: tuple[int, int], *, draft: bool) -> Pixels:
    """The present view when still; a draft is drawn plainly."""
    if draft:
        return capture(scene.window, lambda: plainly(scene), size)
    if size != tuple(scene.window.GetSize()):
        return np.concatenate([band for _, band in bands(scene, size) if band is not None])
    return capture(scene.window, lambda: whole(scene, cast=True))


def plainly(scene: Scene) -> None:
    """Everything in sight, without shadow and smooth edges; nothing in it depends on the clock."""
    for _ in range(MOST_TURNS):
        scene.set_moving()
        while scene.step < Step.WHOLE:
            scene.refine()
        if not scene.owes:
            return


def shot_of(
    request: FilmRequest, scene: Scene, city: City, view: ViewState, bookmarks: tuple[Bookmark, ...]
) -> Shot:
    """What `request.path` names: a story, "turn", "bookmarks", or names of bookmarks.

    Raises
    ------
    CityError
        There is nothing of that name, or it has nothing to show.
    """
    for story in city.stories.values():
        if named(story, request.path):
            if not story.stops:
                raise CityError(f"The story {request.path} has no stops yet", code="path-empty")
            telling = Telling(story)
            return Shot(
                scene=scene, city=city, view=view, story=story,
                duration=telling.duration, at=telling.at,
            )  # fmt: skip
    way = _way(request, scene, city, bookmarks)
    sun = _sun(request, view, way.duration)
    return Shot(
        scene=scene, city=city, view=view, duration=way.duration,
        at=lambda seconds: Moment(pose=way.at(seconds), sun=sun(seconds)),
    )  # fmt: skip


def _way(
    request: FilmRequest, scene: Scene, city: City, bookmarks: tuple[Bookmark, ...]
) -> Flight | Turntable:
    if request.path == TURN:
        return Turntable(_round_look(scene), request.seconds or ROUND_S)
    known = {mark.name: mark for mark in bookmarks}
    names = list(known) if request.path == BOOKMARKS else request.path.split(",")
    names = [name.strip() for name in names]
    unknown = [name for name in names if name not in known]
    if unknown:
        told_of = [story.title.said(request.language) for story in city.stories.values()]
        raise CityError(
            f"There is no bookmark or story “{unknown[0]}”",
            hint=f"There are {', '.join([TURN, BOOKMARKS, *known, *told_of])}.",
            code="path-unknown",
        )
    if not names:
        raise CityError(
            f"{request.city.name} has no bookmarks to fly along",
            hint="Keep some views in the window with B, or take --path turn.",
            code="path-empty",
        )
    timing = Timing(
        seconds=request.seconds or (5.0 if len(names) == 1 else 0.0),
        speed=request.speed,
        stay=request.stay,
    )
    return Flight(CameraPath([known[name].camera for name in names]), timing)


def _round_look(scene: Scene) -> CameraPose:
    """The first look at the city, but at its middle."""
    camera = scene.camera
    pose = camera.named("overview")
    box = camera.bounds if camera.home is None else camera.home
    if box is None:
        return pose
    middle = (box[0::2] + box[1::2]) / 2 + camera.origin
    return replace(
        pose, target=(float(middle[0]), float(middle[1]), float(box[4] + camera.origin[2]))
    )


def _sun(
    request: FilmRequest, view: ViewState, duration: float
) -> Callable[[float], datetime | None]:
    """The sun stands, or goes evenly from `time` to `until`."""
    if request.until is None:
        return lambda seconds: None
    start = view.sun_time
    end = at_time(view, request.until).sun_time
    if duration <= 0:
        return lambda seconds: start
    return lambda seconds: start + (end - start) * min(seconds / duration, 1.0)
