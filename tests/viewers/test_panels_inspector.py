"""The inspector: what is picked, how it was found, what can be changed."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import Qt

from twin.edits.registry import SetBuildingFloors, SetBuildingHeight, SetBuildingUse
from viewers.i18n import set_language
from viewers.panels.facts import cell, facts_of, square_metres
from viewers.panels.inspector import Inspector
from viewers.view_state import Picked


def picked(layer="buildings", row=0, kind="building"):
    return Picked(layer=layer, row=row, kind=kind, where=(586_502.0, 2_326_208.0, 18.0))


@pytest.fixture
def panel(qtbot, city):
    made = Inspector()
    qtbot.addWidget(made)
    made.resize(340, 700)
    made.show()
    made.show_picked(city, picked(), "B")
    return made


def test_a_building_says_how_its_height_was_found(city):
    facts = dict(facts_of(city, picked()).measured)
    assert facts["Height found"] == "Measured by LiDAR"
    assert facts["Roof error (RMSE)"] == "0.25 m"
    assert facts["Points used"] == "320"
    # 4 × 16 m outline, 12 m high, ground at 6 m
    assert facts["Footprint area"] == "64.0 m²"
    assert facts["Volume"] == "768 m³"
    assert facts["Roof height"] == "18.00 m"


def test_a_building_set_by_hand_still_says_what_the_survey_said(city):
    changed = city.with_building_change("buildings", "h-0", height=20.0)
    facts = dict(facts_of(changed, picked()).measured)
    assert facts["Height found"] == "Set by hand"
    assert facts["Height in the survey"] == "12.00 m"
    assert facts["Survey method"] == "Measured by LiDAR"
    assert facts["Roof error (RMSE)"] == "–"


def test_a_road_says_its_length(city):
    facts = facts_of(city, picked("roads", 0, "feature"))
    assert dict(facts.measured)["Length"] == "60.00 m"
    assert dict(facts.attributes) == {"ten": "Hàng Bạc", "lanes": "2"}


def test_a_point_says_its_class(city):
    from small_layers import points_layer

    with_points = city.with_layer(points_layer())
    facts = dict(facts_of(with_points, picked("points", 2, "point")).measured)
    assert facts["Class"] == "6 · Building"
    assert facts["Height"] == "18.00 m"
    assert facts["Intensity"] == "30"


def test_a_place_on_the_ground_says_whether_it_was_measured(city):
    from small_layers import ground_layer

    facts = facts_of(city.with_layer(ground_layer()), picked("ground", 0, "elevation"))
    assert dict(facts.measured)["Cell height"] == "6.00 m"
    assert dict(facts.measured)["Measured"] == "Yes"


def test_what_is_gone_says_nothing(city):
    assert facts_of(city, picked("trees")) is None
    assert facts_of(city, picked(row=99)) is None


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (None, "–"), (float("nan"), "–"), ("  ", "–"), (True, "Yes"), (3, "3"),
        (2.5, "2.500"), (7.0, "7"), ("x" * 400, "x" * 300 + "…"),
    ],
)  # fmt: skip
def test_attributes_as_text(value, said):
    assert cell(value) == said


def test_areas_have_the_unit_people_use():
    assert square_metres(64) == "64.0 m²"
    assert square_metres(250_000) == "25.00 ha"
    assert square_metres(5_300_000) == "5.30 km²"


def test_typing_a_height_asks_for_it(qtbot, panel):
    panel._height.selectAll()
    qtbot.keyClicks(panel._height, "27.5")
    with qtbot.waitSignal(panel.asked, timeout=1000) as asked:
        qtbot.keyClick(panel._height, Qt.Key.Key_Return)
    assert asked.args == [SetBuildingHeight(layer="buildings", building="h-0", height=27.5)]


def test_typing_a_height_with_a_comma_works_in_vietnamese(qtbot, panel):
    set_language("vi")
    panel._height.selectAll()
    qtbot.keyClicks(panel._height, "27,5")
    with qtbot.waitSignal(panel.asked, timeout=1000) as asked:
        qtbot.keyClick(panel._height, Qt.Key.Key_Return)
    assert asked.args[0].height == 27.5


def test_showing_another_building_asks_nothing(qtbot, panel, city):
    with qtbot.assertNotEmitted(panel.asked, wait=30):
        panel.show_picked(city, picked(row=3))
        panel.show_picked(city, None)
    assert panel._stack.currentWidget() is panel._empty


def test_leaving_the_field_untouched_asks_nothing_even_with_a_long_fraction(qtbot, panel, city):
    odd = city.with_building_change("buildings", "h-0", height=12.3456)
    panel.show_picked(odd, picked())
    with qtbot.assertNotEmitted(panel.asked, wait=30):
        panel._height.setFocus()
        panel._floors.setFocus()


def test_floors_and_use_are_asked_for(qtbot, panel):
    asked = []
    panel.asked.connect(asked.append)
    panel._floors.selectAll()
    qtbot.keyClicks(panel._floors, "5")
    qtbot.keyClick(panel._floors, Qt.Key.Key_Return)
    panel._use.setCurrentIndex(panel._use.findData("office"))
    panel._use.activated.emit(panel._use.currentIndex())
    assert asked == [
        SetBuildingFloors(layer="buildings", building="h-0", floors=5),
        SetBuildingUse(layer="buildings", building="h-0", use="office"),
    ]


def test_a_use_in_other_words_is_kept_as_typed(qtbot, panel):
    line = panel._use.lineEdit()
    line.selectAll()
    qtbot.keyClicks(line, "homestay")
    with qtbot.waitSignal(panel.asked, timeout=1000) as asked:
        qtbot.keyClick(line, Qt.Key.Key_Return)
    assert asked.args[0].use == "homestay"


def test_a_road_offers_no_height(panel, city):
    panel.show_picked(city, picked("roads", 0, "feature"))
    assert panel._form_box.isHidden()


def test_the_notices_of_the_layer_are_shown(panel, city):
    assert "2 outlines crossed themselves" in panel._notices.text()
    quiet = replace(city.layers["buildings"], notices=())
    panel.show_picked(city.with_layer(quiet), picked())
    assert panel._notice_box.isHidden()
