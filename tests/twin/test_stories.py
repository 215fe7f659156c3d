"""Stories are part of the plan: undone, journalled, saved, and refused where they cannot be told."""

from __future__ import annotations

import msgspec
import pytest
from cities import make_buildings, make_city
from hypothesis import given
from hypothesis import strategies as st

from layers.errors import CityError
from twin.document import Document
from twin.edits.registry import Several, decode, encode
from twin.edits.stories import (
    KeepPicture,
    MoveStop,
    PutStop,
    PutStory,
    RemoveStop,
    RemoveStory,
    duplicate,
)
from twin.project.store import Project
from twin.story import Camera, Stop, Story, Words, picture_key
from twin.style import Style

PNG = b"\x89PNG\r\n\x1a\n" + b"the rest of a picture"
HERE = Camera(eye=(586_500.0, 2_326_200.0, 120.0), target=(586_600.0, 2_326_300.0, 5.0))


def stop(number: int, **more: object) -> Stop:
    return Stop(id=f"stop-{number}", name=f"View {number}", camera=HERE, **more)


def told(count: int = 3) -> Story:
    stops = tuple(stop(number + 1) for number in range(count))
    return Story(id="a", title=Words(vi="Khu ga", en="The station"), stops=stops)


@pytest.fixture
def document():
    made = Document(make_city(make_buildings()))
    made.do(PutStory(story=told()))
    return made


def names(document: Document) -> list[str]:
    return [one.id for one in document.city.stories["a"].stops]


def test_stops_are_put_moved_copied_and_taken_away_each_undone_in_turn(document):
    states = [document.city]
    for edit in (
        MoveStop(story="a", stop="stop-3", index=0),
        RemoveStop(story="a", stop="stop-1"),
        PutStop(story="a", stop=stop(9, notes="Chào buổi sáng"), index=1),
        duplicate(told(), "stop-2"),
    ):
        document.do(edit)
        states.append(document.city)
    assert names(document) == ["stop-3", "stop-9", "stop-4", "stop-2"]
    for before in reversed(states[:-1]):
        document.undo()
        assert document.city is before


def test_what_changes_nothing_is_no_step(document):
    before = document.city
    document.do(PutStop(story="a", stop=stop(2)))
    document.do(MoveStop(story="a", stop="stop-2", index=1))
    document.do(PutStory(story=told()))
    assert document.city is before


def test_a_copy_has_an_id_of_its_own_and_stands_behind(document):
    document.do(duplicate(document.city.stories["a"], "stop-1"))
    assert names(document) == ["stop-1", "stop-4", "stop-2", "stop-3"]


@pytest.mark.parametrize(
    "wrong",
    [
        stop(1, seconds=0.0),
        stop(1, seconds=float("nan")),
        stop(1, flight=-1.0),
        stop(1, sun_time="tomorrow"),
        stop(1, sun_time="2026-06-21T09:30"),
        stop(1, caption=Words(vi="a" * 1001)),
        stop(1, picture="not there"),
        msgspec.structs.replace(stop(1), name=" "),
        msgspec.structs.replace(stop(1), camera=Camera(eye=HERE.eye, target=HERE.eye)),
        msgspec.structs.replace(
            stop(1), camera=Camera(eye=(float("inf"), 0.0, 0.0), target=(0.0, 0.0, 0.0))
        ),
    ],
)
def test_a_stop_that_cannot_be_shown_is_refused_and_nothing_changes(document, wrong):
    before = document.city
    with pytest.raises(CityError):
        document.do(PutStop(story="a", stop=wrong))
    assert document.city is before


def test_what_is_not_there_is_refused(document):
    for edit in (
        RemoveStory(story="b"),
        PutStop(story="b", stop=stop(1)),
        RemoveStop(story="a", stop="stop-8"),
        MoveStop(story="a", stop="stop-1", index=3),
        PutStop(story="a", stop=stop(7), index=9),
        PutStory(story=Story(id="b", title=Words())),
        PutStory(story=Story(id="b", title=Words(en="B"), stops=(stop(1), stop(1)))),
    ):
        with pytest.raises(CityError):
            document.do(edit)


def test_only_pictures_are_kept_as_pictures(document):
    for data in (b"GIF89a", b"", PNG + bytes(5 * 2**20)):
        with pytest.raises(CityError):
            document.do(KeepPicture(key=picture_key(data), data=data))
    with pytest.raises(CityError):
        document.do(KeepPicture(key="0" * 32, data=PNG))
    document.do(
        Several(
            what="show a picture",
            edits=(
                KeepPicture(key=picture_key(PNG), data=PNG),
                PutStop(story="a", stop=stop(1, picture=picture_key(PNG))),
            ),
        )
    )
    assert document.city.pictures == {picture_key(PNG): PNG}
    document.undo()
    assert not document.city.pictures


words = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=40)


@given(
    vi=words,
    en=words,
    notes=words,
    seconds=st.floats(0.1, 3600),
    hidden=st.none() | st.tuples(words),
)
def test_an_edit_of_a_story_comes_back_from_its_journal_line(vi, en, notes, seconds, hidden):
    edit = PutStop(
        story="a",
        stop=stop(
            1,
            caption=Words(vi=vi, en=en),
            notes=notes,
            seconds=seconds,
            hidden=hidden,
            styles={"buildings": Style(color="#ff0000")},
            sun_time="2026-06-21T17:30:00+07:00",
        ),
        index=2,
    )
    assert decode(encode(edit)) == edit
    picture = KeepPicture(key=picture_key(PNG), data=PNG)
    assert decode(encode(picture)) == picture


def test_stories_are_in_the_project_file_before_and_after_a_save(tmp_path):
    path = tmp_path / "city.gpkg"
    key = picture_key(PNG)
    with Project.create(path, make_city(make_buildings())) as project:
        project.document.do(PutStory(story=told()))
        project.document.do(KeepPicture(key=key, data=PNG))
        project.document.do(PutStop(story="a", stop=stop(2, picture=key, phase="2030")))
    with Project.open(path) as project:  # from the journal
        assert project.city.stories["a"].stops[1].phase == "2030"
        project.save()
    with Project.open(path) as project:  # from its own tables
        assert [one.id for one in project.city.stories["a"].stops] == ["stop-1", "stop-2", "stop-3"]
        assert project.city.pictures == {key: PNG}
        project.document.do(RemoveStory(story="a"))
        project.save()
    with Project.open(path, read_only=True) as project:
        assert not project.city.stories and not project.city.pictures


def test_a_project_without_stories_has_no_table_for_them(tmp_path):
    import sqlite3

    path = tmp_path / "city.gpkg"
    with Project.create(path, make_city(make_buildings())) as project:
        project.save()
    with sqlite3.connect(path) as file:
        found = file.execute("SELECT name FROM sqlite_master WHERE name LIKE 'dothi_stor%'")
        assert found.fetchall() == []


def test_words_are_said_in_the_other_language_where_one_is_missing():
    assert Words(vi="Hồ", en="Lake").said("vi") == "Hồ"
    assert Words(vi="Hồ", en="Lake").said("en") == "Lake"
    assert Words(vi="Hồ").said("en") == "Hồ" and Words(en="Lake").said("vi") == "Lake"
