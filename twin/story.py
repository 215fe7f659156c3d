"""A story: stops from which the plan is told, each with its view, light, words and picture."""

from __future__ import annotations

import hashlib
import math
from datetime import datetime
from typing import Literal

import msgspec

from layers.errors import CityError
from twin.style import Style

MOST_STOPS = 500
LONGEST_NAME, LONGEST_CAPTION, LONGEST_NOTES = 200, 1000, 10_000
"""Letters."""
LONGEST_STAY, LONGEST_FLIGHT = 3600.0, 120.0
"""Seconds."""
LARGEST_PICTURE = 4 * 2**20
"""Bytes of one picture as it is kept."""

Transition = Literal["fly", "cut", "fade"]


class Camera(msgspec.Struct, frozen=True, kw_only=True):
    """Where the eye is and what it looks at; world coordinates of the project, metres.

    `parallel_scale` is half the height of the picture in metres for an orthographic view, else 0.
    """

    eye: tuple[float, float, float]
    target: tuple[float, float, float]
    up: tuple[float, float, float] = (0.0, 0.0, 1.0)
    view_angle: float = 35.0
    parallel_scale: float = 0.0


class Words(msgspec.Struct, frozen=True, kw_only=True):
    """The same words in Vietnamese and English; "" where they were not written."""

    vi: str = ""
    en: str = ""

    def said(self, language: str) -> str:
        """In `language` ("vi" or "en"), else in the other."""
        return (self.vi or self.en) if language == "vi" else (self.en or self.vi)


class Stop(msgspec.Struct, frozen=True, kw_only=True):
    """One place of a story, and what is seen and said there.

    Attributes
    ----------
    id : within its story, for ever
    name : in lists; the bookmark's
    camera : where it is seen from
    caption : said to those who watch
    notes : for the one who speaks, in whatever language
    sun_time : ISO 8601 local time with offset that the sun stands at; "" for the view's own
    hidden : ids of layers not drawn; None for the view's own
    styles : layer id → look at this stop instead of the plan's
    scenario, phase : which state of the plan is shown; "" for the one that is open
    picture : key of a picture or chart of the city beside the view; "" for none
    seconds : how long the stop lasts
    flight : seconds of the way to it from the stop before
    transition : how one comes to it: a flight, at once, or through a fade
    """

    id: str
    name: str
    camera: Camera
    caption: Words = Words()
    notes: str = ""
    sun_time: str = ""
    hidden: tuple[str, ...] | None = None
    styles: dict[str, Style] = msgspec.field(default_factory=dict)
    scenario: str = ""
    phase: str = ""
    picture: str = ""
    seconds: float = 6.0
    flight: float = 4.0
    transition: Transition = "fly"

    def when(self) -> datetime | None:
        """`sun_time` as a time; None where it is "" or none."""
        try:
            found = datetime.fromisoformat(self.sun_time)
        except ValueError:
            return None
        return found if found.tzinfo is not None else None


class Story(msgspec.Struct, frozen=True, kw_only=True):
    """Stops in the order they are told."""

    id: str
    title: Words
    stops: tuple[Stop, ...] = ()

    def place(self, stop_id: str) -> int:
        """Number of the stop, from 0.

        Raises
        ------
        CityError
            The story has no such stop.
        """
        for number, stop in enumerate(self.stops):
            if stop.id == stop_id:
                return number
        raise CityError(f"The story has no stop {stop_id}", code="stop-unknown")


def picture_key(data: bytes) -> str:
    """Under which key a picture is kept: the beginning of its SHA-256."""
    return hashlib.sha256(data).hexdigest()[:32]


def picture_type(data: bytes) -> str:
    """`image/png` or `image/jpeg`, by the first bytes; "" for anything else."""
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    return "image/jpeg" if data.startswith(b"\xff\xd8\xff") else ""


def check_story(story: Story) -> None:
    """Refuse a story that cannot be told.

    Raises
    ------
    CityError
        No id or title, too many stops, two of one id, or a stop that `check_stop` refuses.
    """
    if not story.id:
        raise CityError("A story needs an id")
    if not story.title.said("en").strip():
        raise CityError("A story needs a title", code="name-empty")
    if max(len(story.title.vi), len(story.title.en)) > LONGEST_NAME:
        raise CityError(f"A story's title has at most {LONGEST_NAME} letters", code="name-long")
    if len(story.stops) > MOST_STOPS:
        raise CityError(f"A story has at most {MOST_STOPS} stops")
    if len({stop.id for stop in story.stops}) < len(story.stops):
        raise CityError("Two stops of a story have the same id")
    for stop in story.stops:
        check_stop(stop)


def check_stop(stop: Stop) -> None:
    """Refuse a stop that cannot be shown.

    Raises
    ------
    CityError
        No id or name, words too long, a camera that sees nothing, or impossible durations.
    """
    if not stop.id or not stop.name.strip():
        raise CityError("A stop needs a name", code="name-empty")
    if len(stop.name) > LONGEST_NAME:
        raise CityError(f"A stop's name has at most {LONGEST_NAME} letters", code="name-long")
    if max(len(stop.caption.vi), len(stop.caption.en)) > LONGEST_CAPTION:
        raise CityError(f"A caption has at most {LONGEST_CAPTION} letters", code="caption-long")
    if len(stop.notes) > LONGEST_NOTES:
        raise CityError(f"Notes have at most {LONGEST_NOTES} letters", code="notes-long")
    if not 0.1 <= stop.seconds <= LONGEST_STAY:
        raise CityError(f"A stop lasts 0.1 to {LONGEST_STAY:g} seconds, not {stop.seconds:g}")
    if not 0 <= stop.flight <= LONGEST_FLIGHT:
        raise CityError(f"A flight lasts 0 to {LONGEST_FLIGHT:g} seconds, not {stop.flight:g}")
    if stop.sun_time and stop.when() is None:
        raise CityError(
            f"{stop.sun_time} is not a time", hint="Write it as 2026-06-21T09:30+07:00."
        )
    _check_camera(stop.camera)


def _check_camera(camera: Camera) -> None:
    numbers = (*camera.eye, *camera.target, *camera.up, camera.view_angle, camera.parallel_scale)
    sees = all(map(math.isfinite, numbers)) and math.dist(camera.eye, camera.target) > 1e-6
    if not (sees and 0 < camera.view_angle < 180 and camera.parallel_scale >= 0 and any(camera.up)):
        raise CityError("A stop's camera looks nowhere", code="camera-impossible")
