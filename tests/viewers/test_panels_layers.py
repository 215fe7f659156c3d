"""The layers panel: shows down, asks up."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QMenu
from small_layers import points_layer, roads_layer

from twin.edits.registry import RenameLayer, SetStyle
from twin.project.snapshot import AbsentLayer
from twin.style import Style
from viewers.i18n import set_language
from viewers.panels.layers_panel import LayersPanel
from viewers.panels.layers_tree import BADGE, EYE, GRADE, NAME


@pytest.fixture
def panel(qtbot, city):
    made = LayersPanel()
    qtbot.addWidget(made)
    made.resize(300, 400)
    made.show()
    made.show_city(city, frozenset(), {"buildings": "B"})
    return made


def row_of(panel, layer_id):
    found = panel._tree.row_of(layer_id)
    if found is None:
        raise LookupError(layer_id)
    return found


def pile(city):
    """Three roads layers a, b, c as drawn, two clouds, and what the city has."""
    clouds = [replace(points_layer(), id=name, name=name) for name in ("t1", "t2")]
    roads = [replace(roads_layer(), id=name, name=name.upper()) for name in ("a", "b", "c")]
    for layer in (*clouds, *roads):
        city = city.with_layer(layer)
    return city.without_layer("roads")


def texts(tree):
    return [
        (tree.topLevelItem(i).text(NAME), tree.topLevelItem(i).childCount())
        for i in range(tree.topLevelItemCount())
    ]


def test_buildings_come_first_and_raw_measurements_last_and_closed(panel, city):
    panel.show_city(pile(city))
    assert texts(panel._tree) == [
        ("Nhà phố cổ", 0),
        ("Roads and lines  ·  3", 3),
        ("LiDAR  ·  2", 2),
    ]
    open_ = [panel._tree.topLevelItem(i).isExpanded() for i in range(3)]
    assert open_ == [False, True, False]


def test_in_a_group_the_layer_drawn_last_stands_on_top(panel, city):
    panel.show_city(pile(city))
    roads = panel._tree.topLevelItem(1)
    assert [roads.child(i).text(NAME) for i in range(3)] == ["C", "B", "A"]


def test_a_group_shows_its_weakest_grade(panel, city):
    panel.show_city(pile(city), frozenset(), {"a": "A", "b": "D", "t1": "B"})
    grades = [panel._tree.topLevelItem(i).data(BADGE, GRADE) for i in (1, 2)]
    assert grades == ["D", "B"]


def test_a_group_is_hidden_and_shown_as_one(qtbot, panel, city):
    panel.show_city(pile(city))
    group = panel._tree.topLevelItem(1)
    where = panel._tree.visualRect(panel._tree.indexFromItem(group, EYE)).center()
    with qtbot.waitSignal(panel.group_visibility_asked) as asked:
        qtbot.mouseClick(panel._tree.viewport(), Qt.MouseButton.LeftButton, pos=where)
    assert asked.args == [("c", "b", "a"), False]
    panel.show_city(pile(city), frozenset({"b"}))
    panel._tree.setCurrentItem(panel._tree.topLevelItem(1))
    with qtbot.waitSignal(panel.group_visibility_asked) as asked:
        qtbot.keyClick(panel._tree, Qt.Key.Key_Space)
    assert asked.args == [("c", "b", "a"), True]


def test_a_group_opened_by_hand_stays_open_when_the_city_changes(qtbot, panel, city):
    many = pile(city)
    panel.show_city(many)
    panel._tree.setCurrentItem(panel._tree.topLevelItem(2))
    qtbot.keyClick(panel._tree, Qt.Key.Key_Right)
    assert panel._tree.topLevelItem(2).isExpanded()
    panel.show_city(many.without_layer("b"))
    assert panel._tree.topLevelItem(2).isExpanded()


def test_a_layer_chosen_in_the_view_opens_its_closed_group(panel, city):
    panel.show_city(pile(city))
    panel.choose("t1")
    assert panel.current() == "t1"
    assert panel._tree.topLevelItem(2).isExpanded()


@pytest.mark.parametrize(
    ("name", "key", "order"),
    [("b", Qt.Key.Key_Up, "acb"), ("b", Qt.Key.Key_Down, "bac"), ("c", Qt.Key.Key_Down, "acb")],
)
def test_alt_and_arrows_move_a_layer_inside_its_group(qtbot, panel, city, name, key, order):
    """Drawn order a, b, c is listed c, b, a: up in the list is later in the drawing."""
    many = pile(city)
    panel.show_city(many)
    panel.choose(name)
    with qtbot.waitSignal(panel.asked) as asked:
        qtbot.keyClick(panel._tree, key, Qt.KeyboardModifier.AltModifier)
    after = asked.args[0].apply(many)
    assert "".join(one for one in after.layers if one in "abc") == order


def test_the_last_of_a_group_cannot_be_moved_out_of_it(qtbot, panel, city):
    panel.show_city(pile(city))
    panel.choose("a")
    with qtbot.assertNotEmitted(panel.asked, wait=50):
        qtbot.keyClick(panel._tree, Qt.Key.Key_Down, Qt.KeyboardModifier.AltModifier)


def test_a_layer_whose_file_was_not_found_is_listed_first_and_can_be_located(qtbot, panel, city):
    lost = AbsentLayer(
        id="pc", name="Quét 2024", kind="points", content="k", why="gone.laz is gone"
    )
    panel.show_city(city, absent=(lost,))
    row = panel._tree.topLevelItem(0)
    assert row.text(NAME) == "Quét 2024"
    assert "gone.laz is gone" in row.toolTip(NAME)
    panel._tree.setCurrentItem(row)
    assert panel.current() == ""
    panel._menu(panel._tree.visualItemRect(row).center())
    menu = panel.findChild(QMenu)
    assert [action.text() for action in menu.actions()] == ["Locate file…", "Give up the layer…"]
    with qtbot.waitSignal(panel.locate_asked) as asked:
        menu.actions()[0].trigger()
    assert asked.args == ["pc"]
    menu.close()


def test_an_empty_panel_says_what_to_do_next(qtbot):
    panel = LayersPanel()
    qtbot.addWidget(panel)
    panel.show_city(None)
    assert panel._stack.currentWidget() is panel._empty
    assert "Open files" in panel._empty._next.text()


def test_clicking_the_eye_asks_to_hide_and_changes_nothing_itself(qtbot, panel):
    item = row_of(panel, "roads")
    where = panel._tree.visualRect(panel._tree.indexFromItem(item, EYE)).center()
    with qtbot.waitSignal(panel.visibility_asked) as asked:
        qtbot.mouseClick(panel._tree.viewport(), Qt.MouseButton.LeftButton, pos=where)
    assert asked.args == ["roads", False]
    assert panel._hidden == frozenset()


def test_space_toggles_the_chosen_layer(qtbot, panel, city):
    panel.show_city(city, frozenset({"roads"}))
    panel.choose("roads")
    with qtbot.waitSignal(panel.visibility_asked) as asked:
        qtbot.keyClick(panel._tree, Qt.Key.Key_Space)
    assert asked.args == ["roads", True]


def test_dropping_a_row_asks_for_its_place_in_the_order_of_drawing(qtbot, panel, city):
    """Listed c, b, a; a dropped between c and b is drawn after b and before c."""
    panel.show_city(pile(city))
    with qtbot.waitSignal(panel.asked) as asked:
        panel._tree.moved.emit("a", "c", "b")
    after = asked.args[0].apply(pile(city))
    assert [one for one in after.layers if one in "abc"] == ["b", "a", "c"]


def test_dropping_a_row_where_it_was_asks_nothing(qtbot, panel, city):
    panel.show_city(pile(city))
    with qtbot.assertNotEmitted(panel.asked, wait=50):
        panel._tree.moved.emit("c", "", "b")


def test_a_new_name_is_asked_for(qtbot, panel):
    with qtbot.waitSignal(panel.asked) as asked:
        panel._tree.renamed.emit("roads", " Phố ")
    assert asked.args == [RenameLayer(layer="roads", name="Phố")]


def test_editing_the_name_in_the_row_asks_for_it(qtbot, panel):
    item = row_of(panel, "roads")
    panel._tree.setCurrentItem(item)
    panel._tree.editItem(item, NAME)
    editor = panel._tree.focusWidget()
    editor.selectAll()
    qtbot.keyClicks(editor, "Hang Bac")
    with qtbot.waitSignal(panel.asked, timeout=2000) as asked:
        qtbot.keyClick(editor, Qt.Key.Key_Return)
    assert asked.args == [RenameLayer(layer="roads", name="Hang Bac")]


def test_opacity_is_asked_for_once_when_the_hand_lets_go(qtbot, panel):
    panel.choose("buildings")
    slider = panel._opacity
    asked = []
    panel.asked.connect(asked.append)
    slider.setSliderDown(True)
    slider.setSliderPosition(80)
    slider.setSliderPosition(40)
    slider.setSliderDown(False)
    qtbot.waitUntil(lambda: len(asked) == 1)
    assert asked == [SetStyle(layer="buildings", style=Style(opacity=0.4))]


def test_showing_another_opacity_asks_nothing(qtbot, panel, city):
    panel.choose("buildings")
    with qtbot.assertNotEmitted(panel.asked, wait=50):
        panel.show_city(city.with_style("buildings", Style(opacity=0.3)))
    assert panel._opacity.value() == 30


def test_the_chosen_layer_stays_chosen_when_the_city_changes(panel, city):
    panel.choose("buildings")
    panel.show_city(city.with_style("roads", Style(opacity=0.5)))
    assert panel.current() == "buildings"


def test_the_menu_of_a_layer_speaks_the_language_now(qtbot, panel):
    set_language("vi")
    item = row_of(panel, "roads")
    panel._menu(panel._tree.visualItemRect(item).center())
    menu = panel.findChild(QMenu)
    texts = [action.text() for action in menu.actions() if action.text()]
    assert texts == [
        "Thu phóng tới", "Kiểu hiển thị…", "Ẩn", "Đổi tên", "Thông tin…", "Gỡ bỏ",
    ]  # fmt: skip
    with qtbot.waitSignal(panel.zoom_asked) as asked:
        menu.actions()[0].trigger()
    assert asked.args == ["roads"]
    menu.close()


def test_right_click_beside_the_rows_offers_to_open_files(qtbot, panel):
    panel._menu(QPoint(10, 390))
    menu = panel.findChild(QMenu)
    assert [action.text() for action in menu.actions()] == ["Open files…"]
    menu.close()
