"""The layers panel: shows down, asks up."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, Qt

from twin.edits.registry import MoveLayer, RenameLayer, SetStyle
from twin.style import Style
from viewers.i18n import set_language
from viewers.panels.layers_panel import EYE, NAME, LayersPanel


@pytest.fixture
def panel(qtbot, city):
    made = LayersPanel()
    qtbot.addWidget(made)
    made.resize(300, 400)
    made.show()
    made.show_city(city, frozenset(), {"buildings": "B"})
    return made


def row_of(panel, layer_id):
    tree = panel._tree
    for row in range(tree.topLevelItemCount()):
        if tree.topLevelItem(row).data(NAME, Qt.ItemDataRole.UserRole) == layer_id:
            return tree.topLevelItem(row)
    raise LookupError(layer_id)


def test_the_layer_drawn_last_stands_on_top(panel):
    names = [panel._tree.topLevelItem(row).text(NAME) for row in range(2)]
    assert names == ["Đường", "Nhà phố cổ"]


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


def test_dropping_a_row_asks_for_its_place_in_the_order_of_drawing(qtbot, panel):
    with qtbot.waitSignal(panel.asked) as asked:
        panel._tree.moved.emit("buildings", 0)
    assert asked.args == [MoveLayer(layer="buildings", index=1)]


def test_dropping_a_row_where_it_was_asks_nothing(qtbot, panel):
    with qtbot.assertNotEmitted(panel.asked):
        panel._tree.moved.emit("roads", 0)


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
    from PySide6.QtWidgets import QMenu

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
    from PySide6.QtWidgets import QMenu

    panel._menu(QPoint(10, 390))
    menu = panel.findChild(QMenu)
    assert [action.text() for action in menu.actions()] == ["Open files…"]
    menu.close()
