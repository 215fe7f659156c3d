"""The document: the one door for changes."""

from __future__ import annotations

import gc
import tracemalloc
import weakref

import pytest
from cities import make_buildings, make_city
from hypothesis import given
from hypothesis import strategies as st

from layers.errors import CityError, WriteError
from twin.city import City
from twin.document import Change, Document, replay
from twin.edits.registry import RemoveLayer, RenameLayer, SetBuildingHeight
from twin.overlay import Overlay

RAISE = SetBuildingHeight(layer="buildings", building="nhà-1", height=30.0)
LOWER = SetBuildingHeight(layer="buildings", building="nhà-1", height=4.0)


def test_undo_brings_back_the_very_same_city(city: City) -> None:
    document = Document(city)
    document.do(RAISE)
    document.undo()
    assert document.city is city


def test_redo_brings_back_the_very_same_city(city: City) -> None:
    document = Document(city)
    document.do(RAISE)
    raised = document.city
    document.undo()
    document.redo()
    assert document.city is raised


def test_undo_goes_all_the_way_back(city: City) -> None:
    document = Document(city)
    for height in range(1, 501):
        document.do(SetBuildingHeight(layer="buildings", building="nhà-1", height=float(height)))
    assert document.city.building("buildings", "nhà-1").height == 500
    for _ in range(500):
        document.undo()
    assert document.city is city
    assert document.undo_label is None


def test_undo_shares_what_an_edit_did_not_touch() -> None:
    city = make_city(make_buildings(1000))
    document = Document(city)
    for height in range(1, 101):
        document.do(SetBuildingHeight(layer="buildings", building="nhà-1", height=float(height)))
    assert document.city.layers is city.layers
    assert document.city.styles is city.styles


def test_a_long_day_of_edits_does_not_fill_the_memory() -> None:
    document = Document(make_city(make_buildings(4000)))
    tracemalloc.start()
    try:
        for building in range(4000):
            edit = SetBuildingHeight(layer="buildings", building=f"nhà-{building}", height=30.0)
            document.do(edit)
        used, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # A whole dict for each edit would hold 8 million entries of 8 bytes and more.
    assert used < 32 << 20
    assert len(document.city.changes["buildings"]) == 4000


@given(st.lists(st.tuples(st.sampled_from("abcdefgh"), st.integers())))
def test_an_overlay_is_what_a_dict_would_be(items: list[tuple[str, int]]) -> None:
    overlay: Overlay[int] = Overlay()
    wanted: dict[str, int] = {}
    history = [(overlay, dict(wanted))]
    for key, value in items:
        overlay = overlay.with_item(key, value)
        wanted[key] = value
        history.append((overlay, dict(wanted)))
    for then, was in history:
        assert then == was and len(then) == len(was)
        assert {key: then[key] for key in then} == was
        assert "z" not in then and then.get("z") is None


def test_a_new_edit_ends_what_could_be_redone(city: City) -> None:
    document = Document(city)
    document.do(RAISE)
    document.undo()
    assert document.redo_label == "set nhà-1 to 30 m"
    document.do(LOWER)
    assert document.redo_label is None
    document.redo()
    assert document.city.building("buildings", "nhà-1").height == 4


def test_nothing_is_recorded_or_said_where_nothing_changes(city: City) -> None:
    recorded: list[Change] = []
    document = Document(city, record=recorded.append)
    document.changed.connect(recorded.append)
    document.do(RenameLayer(layer="roads", name="Đường"))
    document.undo()
    document.redo()
    assert recorded == []
    assert document.undo_label is None


def test_each_change_is_recorded_before_it_shows(city: City) -> None:
    events: list[tuple[str, str, bool]] = []
    document = Document(
        city, record=lambda c: events.append(("record", c.action, document.city is c.before))
    )
    document.changed.connect(lambda c: events.append(("show", c.action, document.city is c.after)))
    document.do(RAISE)
    document.undo()
    document.redo()
    steps = ("do", "undo", "redo")
    assert events == [(what, step, True) for step in steps for what in ("record", "show")]


@pytest.mark.parametrize("step", ["do", "undo", "redo"])
def test_where_the_record_fails_everything_is_as_before(city: City, step: str) -> None:
    full = False

    def record(change: Change) -> None:
        if full:
            raise WriteError("The disk is full")

    document = Document(city, record=record)
    document.do(RAISE)
    document.do(LOWER)
    document.undo()
    said: list[Change] = []
    document.changed.connect(said.append)
    before = (document.city, document.undo_label, document.redo_label)
    full = True
    with pytest.raises(WriteError):
        document.do(RemoveLayer(layer="roads")) if step == "do" else getattr(document, step)()
    assert (document.city, document.undo_label, document.redo_label) == before
    assert said == []
    full = False
    document.redo()
    assert document.city.building("buildings", "nhà-1").height == 4


def test_an_edit_that_does_not_fit_leaves_everything_as_before(city: City) -> None:
    document = Document(city)
    document.do(RAISE)
    now = document.city
    with pytest.raises(CityError):
        document.do(RemoveLayer(layer="nowhere"))
    assert document.city is now
    assert document.undo_label == RAISE.label


@pytest.mark.parametrize("answer", ["do", "undo", "redo"])
def test_a_listener_may_not_answer_with_a_change(city: City, answer: str) -> None:
    document = Document(city)
    refused: list[CityError] = []

    def listen(change: Change) -> None:
        try:
            document.do(LOWER) if answer == "do" else getattr(document, answer)()
        except CityError as error:
            refused.append(error)

    document.changed.connect(listen)
    document.do(RAISE)
    assert [error.code for error in refused] == ["echo"]
    assert document.city.building("buildings", "nhà-1").height == 30
    document.changed.disconnect(listen)
    document.do(LOWER)
    assert document.city.building("buildings", "nhà-1").height == 4


def test_what_a_listener_raises_comes_out_and_the_change_stands(city: City) -> None:
    document = Document(city)

    def stumble(change: Change) -> None:
        raise ZeroDivisionError("a bug in a panel")

    document.changed.connect(stumble)
    with pytest.raises(ZeroDivisionError, match="a bug in a panel"):
        document.do(RAISE)
    assert document.city.building("buildings", "nhà-1").height == 30
    assert document.undo_label == RAISE.label
    document.changed.disconnect(stumble)
    document.undo()
    assert document.city is city


def test_a_document_that_is_let_go_lets_its_city_go() -> None:
    buildings = make_buildings()
    column = buildings.columns["Tên"]
    ghost = weakref.ref(column.base if column.base is not None else column)
    document = Document(make_city(buildings))
    document.do(RAISE)
    document.changed.connect(lambda change: None)
    del document, buildings, column
    gc.collect()
    assert ghost() is None


def test_replay_ends_where_the_document_did(city: City) -> None:
    steps: list[Change] = []
    document = Document(city, record=steps.append)
    document.do(RAISE)
    document.do(RenameLayer(layer="roads", name="A"))
    document.undo()
    document.undo()
    document.redo()
    again, done, undone, failed = replay(city, [(step.action, step.edit) for step in steps])
    assert failed == []
    assert again.changes == document.city.changes
    assert [edit for _, edit in done] == [RAISE]
    assert [edit.label for _, edit in undone] == ["rename layer roads to A"]
    other = Document(again, done=done, undone=undone)
    other.undo()
    assert other.city is city


def test_a_step_that_cannot_be_replayed_still_counts(city: City) -> None:
    steps = [("do", RAISE), ("do", RemoveLayer(layer="nowhere")), ("undo", None), ("do", None)]
    again, done, _, failed = replay(city, steps)
    assert again.building("buildings", "nhà-1").height == 30
    assert [place for place, _ in failed] == [1, 3]
    assert len(done) == 2
