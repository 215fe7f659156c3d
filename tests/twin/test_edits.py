"""Edits: what they change, what they refuse, and their way through JSON."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from cities import make_buildings, make_city, make_points, make_roads
from hypothesis import given
from hypothesis import strategies as st

from layers.errors import CityError, ReadError
from layers.kinds.layer import Layer
from layers.readers.registry import ReadOptions
from twin.city import City
from twin.edits.edit import Edit
from twin.edits.registry import (
    AddLayer,
    MoveLayer,
    RemoveLayer,
    RenameLayer,
    SetBuildingFloors,
    SetBuildingHeight,
    SetBuildingUse,
    SetStyle,
    Several,
    decode,
    encode,
    layer_ids,
)
from twin.style import Style


def test_a_layer_is_added_where_it_was_asked_for(city: City) -> None:
    points = make_points()
    after = AddLayer(layer=points, index=1, style=Style(color_by="class")).apply(city)
    assert list(after.layers) == ["ground", "points", "buildings", "roads"]
    assert after.layer("points") is points
    assert after.style("points").color_by == "class"
    assert list(city.layers) == ["ground", "buildings", "roads"]


def test_a_second_layer_of_the_same_id_is_refused(city: City) -> None:
    with pytest.raises(CityError, match="already a layer roads"):
        AddLayer(layer=make_roads()).apply(city)


def test_a_layer_in_another_crs_is_refused(city: City) -> None:
    stray = replace(make_points(), crs="EPSG:28992")
    with pytest.raises(CityError, match="EPSG:28992") as refused:
        AddLayer(layer=stray).apply(city)
    assert refused.value.code == "layer-other-crs"


def test_removing_takes_style_and_changes_along(city: City) -> None:
    styled = SetStyle(layer="buildings", style=Style(opacity=0.5)).apply(city)
    changed = SetBuildingHeight(layer="buildings", building="nhà-1", height=30.0).apply(styled)
    after = RemoveLayer(layer="buildings").apply(changed)
    assert "buildings" not in {**after.layers, **after.styles, **after.changes}


def test_renaming_keeps_id_and_data(city: City) -> None:
    after = RenameLayer(layer="roads", name="  Đường phố ").apply(city)
    assert after.layer("roads").name == "Đường phố"
    assert after.layers["roads"].geometry is city.layers["roads"].geometry


def test_a_name_is_composed_to_nfc(city: City) -> None:
    after = RenameLayer(layer="roads", name="Đu\u031bo\u031b\u0300ng").apply(city)
    assert after.layer("roads").name == "Đường"


@pytest.mark.parametrize("name", ["", "   ", "x" * 201])
def test_a_name_that_cannot_be_shown_is_refused(city: City, name: str) -> None:
    with pytest.raises(CityError):
        RenameLayer(layer="roads", name=name).apply(city)


@pytest.mark.parametrize(
    ("index", "order"),
    [
        (0, ["roads", "ground", "buildings"]),
        (1, ["ground", "roads", "buildings"]),
        (2, ["ground", "buildings", "roads"]),
    ],
)
def test_a_layer_moves_to_its_place(city: City, index: int, order: list[str]) -> None:
    assert list(MoveLayer(layer="roads", index=index).apply(city).layers) == order


@pytest.mark.parametrize("index", [-1, 3])
def test_there_is_no_place_beyond_the_ends(city: City, index: int) -> None:
    with pytest.raises(CityError, match="no place"):
        MoveLayer(layer="roads", index=index).apply(city)


@pytest.mark.parametrize(
    "edit",
    [
        MoveLayer(layer="roads", index=2),
        RenameLayer(layer="roads", name="Đường"),
        SetStyle(layer="roads", style=Style()),
        SetBuildingUse(layer="buildings", building="nhà-1", use="nhà ở"),
        SetBuildingFloors(layer="buildings", building="nhà-1", floors=1),
        Several(what="nothing", edits=()),
    ],
)
def test_an_edit_that_changes_nothing_gives_the_very_same_city(city: City, edit: Edit) -> None:
    assert edit.apply(city) is city


def test_a_height_is_set_and_the_survey_stays(city: City) -> None:
    after = SetBuildingHeight(layer="buildings", building="nhà-2", height=27.5).apply(city)
    building = after.building("buildings", "nhà-2")
    assert (building.height, building.method, building.changed) == (27.5, "edited", ("height",))
    assert after.layers["buildings"] is city.layers["buildings"]
    assert after.standing("buildings").height[2] == 27.5
    assert city.building("buildings", "nhà-2").height == pytest.approx(11.3)


@pytest.mark.parametrize("height", [0.0, -1.0, 1000.5, float("nan"), float("inf")])
def test_an_impossible_height_is_refused(city: City, height: float) -> None:
    with pytest.raises(CityError) as refused:
        SetBuildingHeight(layer="buildings", building="nhà-1", height=height).apply(city)
    assert refused.value.hint


@pytest.mark.parametrize("height", [0.01, 1000.0])
def test_the_lowest_and_the_highest_height_are_allowed(city: City, height: float) -> None:
    after = SetBuildingHeight(layer="buildings", building="nhà-1", height=height).apply(city)
    assert after.building("buildings", "nhà-1").height == height


@pytest.mark.parametrize("floors", [-1, 301])
def test_impossible_floors_are_refused(city: City, floors: int) -> None:
    with pytest.raises(CityError):
        SetBuildingFloors(layer="buildings", building="nhà-1", floors=floors).apply(city)


@pytest.mark.parametrize(
    "style",
    [
        Style(opacity=1.1),
        Style(opacity=float("nan")),
        Style(size=-1),
        Style(color="red"),
        Style(low=3.0, high=3.0),
    ],
)
def test_a_style_that_cannot_be_drawn_is_refused(city: City, style: Style) -> None:
    with pytest.raises(CityError):
        SetStyle(layer="roads", style=style).apply(city)


@pytest.mark.parametrize(
    "edit",
    [
        RemoveLayer(layer="nowhere"),
        RenameLayer(layer="nowhere", name="x"),
        MoveLayer(layer="nowhere", index=0),
        SetStyle(layer="nowhere", style=Style(size=2)),
        SetBuildingHeight(layer="nowhere", building="x", height=3.0),
        SetBuildingHeight(layer="roads", building="x", height=3.0),
        SetBuildingHeight(layer="buildings", building="x", height=3.0),
    ],
)
def test_what_is_not_there_cannot_be_changed(city: City, edit: Edit) -> None:
    with pytest.raises(CityError):
        edit.apply(city)


def test_several_edits_happen_all_or_none(city: City) -> None:
    good = RenameLayer(layer="roads", name="A")
    bad = RemoveLayer(layer="nowhere")
    with pytest.raises(CityError):
        Several(what="two", edits=(good, bad)).apply(city)
    after = Several(what="two", edits=(good, RemoveLayer(layer="ground"))).apply(city)
    assert [layer.name for layer in after.layers.values()] == ["Nhà ở", "A"]


# -- JSON -----------------------------------------------------------------------------------

TEXT = st.text(st.characters(codec="utf-8"), max_size=30)
NUMBER = st.floats(allow_nan=False, allow_infinity=False)
STYLE = st.builds(
    Style,
    color=TEXT,
    color_by=TEXT,
    ramp=st.sampled_from(["calm", "viridis", "grey"]),
    low=st.none() | NUMBER,
    high=st.none() | NUMBER,
    opacity=NUMBER,
    size=NUMBER,
)
SIMPLE = st.one_of(
    st.builds(RemoveLayer, layer=TEXT),
    st.builds(RenameLayer, layer=TEXT, name=TEXT),
    st.builds(MoveLayer, layer=TEXT, index=st.integers(-(2**63), 2**63 - 1)),
    st.builds(SetStyle, layer=TEXT, style=STYLE),
    st.builds(SetBuildingHeight, layer=TEXT, building=TEXT, height=NUMBER),
    st.builds(SetBuildingUse, layer=TEXT, building=TEXT, use=TEXT),
    st.builds(SetBuildingFloors, layer=TEXT, building=TEXT, floors=st.integers(-9, 10**6)),
)
EDIT = st.recursive(
    SIMPLE,
    lambda inner: st.builds(Several, what=TEXT, edits=st.lists(inner, max_size=4).map(tuple)),
    max_leaves=8,
)


@given(EDIT)
def test_an_edit_comes_back_from_json_as_it_was(edit: Edit) -> None:
    assert decode(encode(edit)) == edit


@given(EDIT)
def test_json_of_an_edit_is_one_line_that_names_its_type(edit: Edit) -> None:
    text = encode(edit).decode()
    assert "\n" not in text
    assert isinstance(json.loads(text)["type"], str)


def test_an_added_layer_goes_into_json_without_its_data(city: City) -> None:
    roads = make_roads("more")
    options = ReadOptions(crs="EPSG:4326", role="roads")
    edit = Several(
        what="import", edits=(AddLayer(layer=roads, index=0, style=Style(size=3), options=options),)
    )
    text = encode(edit, lambda add: f"key of {add.layer.id}")
    stated = json.loads(text)["edits"][0]
    assert stated["content"] == "key of more"
    assert stated["layer"]["name"] == "Đường"
    assert stated["layer"]["source"]["licence"] == "ODbL 1.0"
    assert "geometry" not in stated["layer"] and "columns" not in stated["layer"]

    back = decode(text, {"key of more": roads}.__getitem__)
    assert isinstance(back, Several) and isinstance(back.edits[0], AddLayer)
    assert back.edits[0].layer is roads
    assert back.edits[0].options == options
    assert list(back.apply(city).layers) == ["more", "ground", "buildings", "roads"]


def test_an_added_layer_without_its_data_cannot_be_applied(city: City) -> None:
    bare = decode(encode(AddLayer(layer=make_roads("more"))))
    assert isinstance(bare, AddLayer) and type(bare.layer) is Layer
    with pytest.raises(CityError, match="not at hand"):
        bare.apply(city)


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"\xff\xfe",
        b"[]",
        b'{"type":"explode"}',
        b'{"type":"move-layer","layer":"a"}',
        b'{"type":"move-layer","layer":"a","index":"0"}',
        b'{"type":"several","what":"x","edits":' + b"[" * 100_000,
        (b'{"type":"several","what":"x","edits":[' * 20_000),
    ],
)
def test_what_is_no_edit_is_refused_in_words(text: bytes) -> None:
    with pytest.raises(ReadError) as refused:
        decode(text)
    assert refused.value.hint


def test_an_edit_says_which_layers_it_is_about() -> None:
    edit = Several(
        what="x",
        edits=(
            RemoveLayer(layer="a"),
            AddLayer(layer=make_buildings(id="b")),
            Several(what="", edits=()),
        ),
    )
    assert layer_ids(edit) == {"a", "b"}


def test_labels_are_words_for_a_menu() -> None:
    city = make_city()
    assert list(city.layers) == []
    assert SetBuildingHeight(layer="b", building="tower", height=30.0).label == "set tower to 30 m"
    assert AddLayer(layer=make_roads()).label == "add layer Đường"
    assert Several(what="import 3 layers", edits=()).label == "import 3 layers"
