"""Edits of stories: make, tell otherwise, reorder, take away; pictures that stops show."""

from __future__ import annotations

import msgspec

from layers.errors import CityError
from twin.city import City
from twin.edits.edit import Edit
from twin.story import (
    LARGEST_PICTURE,
    Stop,
    Story,
    check_stop,
    check_story,
    picture_key,
    picture_type,
)


class PutStory(Edit, frozen=True, kw_only=True, tag="put-story"):
    """Add `story` at place `index` (None: the end), or put it in the place of the one with its id."""

    story: Story
    index: int | None = None

    @property
    def label(self) -> str:
        return f"change story {self.story.title.said('en')}"

    def apply(self, city: City) -> City:
        check_story(self.story)
        for stop in self.story.stops:
            _check_picture(city, stop)
        if city.stories.get(self.story.id) == self.story:
            return city
        return city.with_story(self.story, index=self.index)


class RemoveStory(Edit, frozen=True, kw_only=True, tag="remove-story"):
    """Take a story away, with its stops."""

    story: str

    @property
    def label(self) -> str:
        return f"remove story {self.story}"

    def apply(self, city: City) -> City:
        return city.without_story(self.story)


class PutStop(Edit, frozen=True, kw_only=True, tag="put-stop"):
    """Add `stop` at place `index` (None: the end), or put it in the place of the one with its id."""

    story: str
    stop: Stop
    index: int | None = None

    @property
    def label(self) -> str:
        return f"change stop {self.stop.name}"

    def apply(self, city: City) -> City:
        check_stop(self.stop)
        _check_picture(city, self.stop)
        story = city.story(self.story)
        stops = list(story.stops)
        known = [one.id for one in stops]
        if self.stop.id in known:
            stops[known.index(self.stop.id)] = self.stop
        else:
            index = len(stops) if self.index is None else self.index
            _check_place(index, len(stops))
            stops.insert(index, self.stop)
        return _told(city, story, stops)


class RemoveStop(Edit, frozen=True, kw_only=True, tag="remove-stop"):
    """Take one stop out of a story."""

    story: str
    stop: str

    @property
    def label(self) -> str:
        return f"remove stop {self.stop}"

    def apply(self, city: City) -> City:
        story = city.story(self.story)
        stops = list(story.stops)
        del stops[story.place(self.stop)]
        return _told(city, story, stops)


class MoveStop(Edit, frozen=True, kw_only=True, tag="move-stop"):
    """Move one stop to place `index` of its story, counted without it from 0."""

    story: str
    stop: str
    index: int

    @property
    def label(self) -> str:
        return f"move stop {self.stop}"

    def apply(self, city: City) -> City:
        story = city.story(self.story)
        stops = list(story.stops)
        moved = stops.pop(story.place(self.stop))
        _check_place(self.index, len(stops))
        stops.insert(self.index, moved)
        return _told(city, story, stops)


class KeepPicture(Edit, frozen=True, kw_only=True, tag="keep-picture"):
    """Keep a picture file in the city, for stops to show; `key` is `picture_key(data)`."""

    key: str
    data: bytes

    @property
    def label(self) -> str:
        return "keep a picture"

    def apply(self, city: City) -> City:
        if not picture_type(self.data):
            raise CityError(
                "A picture of a story is a PNG or a JPEG", hint="Save it as one of these first."
            )
        if len(self.data) > LARGEST_PICTURE:
            raise CityError(
                f"A picture of a story has at most {LARGEST_PICTURE // 2**20} MiB",
                hint="Make it smaller first.",
            )
        if self.key != picture_key(self.data):
            raise CityError("The picture is not the one its key says", code="picture-differs")
        return city if self.key in city.pictures else city.with_picture(self.key, self.data)


def duplicate(story: Story, stop_id: str) -> PutStop:
    """The edit that puts a copy of a stop behind it."""
    place = story.place(stop_id)
    copy = msgspec.structs.replace(story.stops[place], id=free_id(story))
    return PutStop(story=story.id, stop=copy, index=place + 1)


def free_id(story: Story | None) -> str:
    """An id that no stop of `story` has: "stop-" and a number."""
    taken = {stop.id for stop in story.stops} if story is not None else set()
    number = len(taken) + 1
    while f"stop-{number}" in taken:
        number += 1
    return f"stop-{number}"


def _told(city: City, story: Story, stops: list[Stop]) -> City:
    after = msgspec.structs.replace(story, stops=tuple(stops))
    check_story(after)
    return city if after == story else city.with_story(after)


def _check_picture(city: City, stop: Stop) -> None:
    if stop.picture and stop.picture not in city.pictures:
        raise CityError("The picture of a stop is not at hand", code="picture-missing")


def _check_place(index: int, last: int) -> None:
    if not 0 <= index <= last:
        raise CityError(f"There is no place {index}", hint=f"Places go from 0 to {last}.")
