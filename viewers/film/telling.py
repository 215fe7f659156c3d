"""A story in time: what is seen and said at each second, the same at every telling."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from twin.city import City
from twin.story import Camera, Stop, Story
from viewers.scene.poses import between, ease
from viewers.view_state import CameraPose, ViewState

FADE_S = 1.2
"""In so many seconds one view dissolves into the next."""
WORDS_S = 0.5
"""In so many seconds the words of a stop come and go."""
SUN_STEPS = 24
"""In so many steps the sun moves during a flight: for each, shadows are cast anew."""


def pose_of(camera: Camera) -> CameraPose:
    """The pose of a stop's camera."""
    return CameraPose(
        eye=camera.eye,
        target=camera.target,
        up=camera.up,
        view_angle=camera.view_angle,
        parallel_scale=camera.parallel_scale,
    )


def camera_of(pose: CameraPose) -> Camera:
    """The inverse of `pose_of`."""
    return Camera(
        eye=pose.eye,
        target=pose.target,
        up=pose.up,
        view_angle=pose.view_angle,
        parallel_scale=pose.parallel_scale,
    )


def dressed(city: City, stop: Stop) -> City:
    """The city in the looks of a stop; itself where it has none of its own."""
    for layer_id, style in stop.styles.items():
        if layer_id in city.layers and city.style(layer_id) != style:
            city = city.with_style(layer_id, style)
    return city


def seen(view: ViewState, stop: Stop, sun: datetime | None = None) -> ViewState:
    """The view with what a stop hides, under its sun or the one given."""
    when = sun or stop.when() or view.sun_time
    hidden = view.hidden if stop.hidden is None else frozenset(stop.hidden)
    return replace(view, hidden=hidden, sun_time=when, selected=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """One instant of a film.

    Attributes
    ----------
    pose : where it is seen from
    sun : time of the sun; None for the view's own
    stop : whose look is shown and whose words are said, −1 for none
    words : how strong the words are, 0 … 1
    fade : how much is seen still of the last picture before a fade, 0 … 1
    """

    pose: CameraPose
    sun: datetime | None = None
    stop: int = -1
    words: float = 0.0
    fade: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """A way to a stop, or the stay at it; `stop` is its number."""

    stop: int
    start: float
    seconds: float
    stays: bool

    @property
    def end(self) -> float:
        return self.start + self.seconds


class Telling:
    """The stops of a story one after the other, ways between them included.

    The first stop begins at once; the film ends with the stay at the last.
    """

    def __init__(self, story: Story) -> None:
        self.stops = story.stops
        self._parts: list[_Part] = []
        now = 0.0
        for number, stop in enumerate(self.stops):
            way = way_seconds(stop) if number else 0.0
            self._parts.append(_Part(stop=number, start=now, seconds=way, stays=False))
            self._parts.append(
                _Part(stop=number, start=now + way, seconds=stop.seconds, stays=True)
            )
            now += way + stop.seconds
        self.duration = now

    def starts(self) -> list[float]:
        """The second at which each stop is reached."""
        return [part.start for part in self._parts if part.stays]

    def at(self, seconds: float) -> Moment:
        """What is seen at `seconds`; the end from there on."""
        part = next((p for p in self._parts if seconds < p.end), self._parts[-1])
        stop = self.stops[part.stop]
        if part.stays:
            inside = min(seconds - part.start, part.seconds)
            words = min(inside / WORDS_S, (part.seconds - inside) / WORDS_S, 1.0)
            if part is self._parts[-1]:
                words = min(inside / WORDS_S, 1.0)
            return Moment(
                pose=pose_of(stop.camera), sun=stop.when(), stop=part.stop, words=max(words, 0.0)
            )
        share = (seconds - part.start) / part.seconds
        return on_the_way(self.stops[part.stop - 1], stop, share, number=part.stop)


def way_seconds(stop: Stop) -> float:
    """How long the way to a stop takes."""
    if stop.transition == "cut":
        return 0.0
    return FADE_S if stop.transition == "fade" else stop.flight


def on_the_way(one: Stop, other: Stop, share: float, *, number: int) -> Moment:
    """What is seen at `share` (0 … 1) of the way from `one` to `other`, which is stop `number`."""
    if other.transition == "fade":
        return Moment(
            pose=pose_of(other.camera), sun=other.when(), stop=number, fade=1.0 - ease(share)
        )
    shown = number if share >= 0.5 else number - 1
    return Moment(
        pose=between(pose_of(one.camera), pose_of(other.camera), share),
        sun=_sun_between(one.when(), other.when(), ease(share)),
        stop=shown,
    )


def _sun_between(one: datetime | None, other: datetime | None, share: float) -> datetime | None:
    """The sun moves on within a day; to another day it jumps half way."""
    if one is None or other is None or one.date() != other.date():
        return one if share < 0.5 else other
    return one + (other - one) * (round(share * SUN_STEPS) / SUN_STEPS)


def named(story: Story, name: str) -> bool:
    """Whether `name` is the story's id or its title in one of the languages."""
    return name in (story.id, story.title.vi, story.title.en) and bool(name)
