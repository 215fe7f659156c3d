"""Notices, health, bookmarks, sun, status, legend, welcome, command search."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest
from PySide6.QtCore import QDate, Qt
from PySide6.QtWidgets import QLabel

from layers.errors import CityError
from layers.health.records import Assessment, Issue, Scores
from layers.notices import Notice
from viewers.i18n import set_language
from viewers.panels.bookmarks import BookmarksPanel
from viewers.panels.command_search import Command, CommandSearch, ranked
from viewers.panels.health_panel import HealthPanel
from viewers.panels.legend_panel import LegendPanel, LegendView, Ramp
from viewers.panels.notices_panel import NoticesPanel
from viewers.panels.status import StatusBar
from viewers.panels.sun_bar import SunBar
from viewers.panels.welcome import Card, WelcomePage
from viewers.scene.legend import Legend, LegendEntry
from viewers.tasks import Task
from viewers.view_state import HANOI_TIME, Bookmark, CameraPose, ViewState

POSE = CameraPose(eye=(0.0, 0.0, 100.0), target=(0.0, 0.0, 0.0))


def shown(qtbot, widget):
    qtbot.addWidget(widget)
    widget.resize(360, 420)
    widget.show()
    return widget


# -- notices --------------------------------------------------------------------------------------


def test_the_same_failure_again_is_counted_not_piled_up(qtbot):
    panel = shown(qtbot, NoticesPanel())
    for _ in range(3):
        panel.tell_error(CityError("The disk is full", hint="Free some space."), "city.gpkg")
    assert len(panel.notices) == 1
    assert panel._told[0].times == 3


def test_a_notice_with_a_place_asks_to_fly_there(qtbot):
    from PySide6.QtWidgets import QToolButton

    panel = shown(qtbot, NoticesPanel())
    panel.tell(Notice(code="sliver", what="A sliver", where=(5.0, 6.0), source="nha.gpkg"))
    with qtbot.waitSignal(panel.fly_asked) as asked:
        panel.findChild(QToolButton).click()
    assert asked.args == [(5.0, 6.0), "nha.gpkg"]


def test_notices_are_bounded(qtbot):
    panel = shown(qtbot, NoticesPanel())
    panel.tell(*(Notice(code=f"c{i}", what=str(i)) for i in range(500)))
    assert len(panel.notices) == 200
    assert panel.notices[0].code == "c499"
    panel._clear.click()
    assert panel.notices == []


# -- health ---------------------------------------------------------------------------------------


def assessed(grade="C", where=((1.0, 2.0), (3.0, 4.0))):
    issue = Issue(
        code="slivers",
        what="75 slivers",
        count=75,
        where=where,
        fix="Remove them.",
        severity="warning",
        criterion="clean",
    )
    return Assessment(
        id="buildings",
        name="Nhà",
        kind="buildings",
        scores=Scores(correct=91.0, clean=48.0),
        overall=70.0,
        grade=grade,
        issues=(issue,),
    )


def test_each_click_on_an_issue_flies_to_its_next_place(qtbot, city):
    from PySide6.QtWidgets import QToolButton

    panel = shown(qtbot, HealthPanel())
    panel.show_health(city, {"buildings": assessed()})
    asked = []
    panel.fly_asked.connect(lambda where, layer: asked.append((where, layer)))
    for _ in range(3):
        panel._issues.findChild(QToolButton).click()
    assert asked == [
        ((1.0, 2.0), "buildings"),
        ((3.0, 4.0), "buildings"),
        ((1.0, 2.0), "buildings"),
    ]


def test_the_health_of_a_city_not_assessed_can_be_asked_for(qtbot, city):
    panel = shown(qtbot, HealthPanel())
    panel.show_health(city, {})
    assert panel._stack.currentIndex() == 0
    with qtbot.waitSignal(panel.assess_asked):
        panel._first.click()
    panel.show_health(city, {}, busy=True)
    assert not panel._again.isEnabled()


def test_scores_are_said_to_those_who_cannot_see_them(qtbot, city):
    panel = shown(qtbot, HealthPanel())
    panel.show_health(city, {"buildings": assessed()})
    said = panel._bars.accessibleDescription()
    assert "Correct 91" in said
    assert "Clean 48" in said
    assert "Live –" in said


# -- bookmarks, sun -------------------------------------------------------------------------------


def test_a_click_on_a_bookmark_flies_there(qtbot):
    panel = shown(qtbot, BookmarksPanel())
    mark = Bookmark(name="Hồ Gươm", camera=POSE)
    panel.show_bookmarks((mark,))
    where = panel._list.visualItemRect(panel._list.item(0)).center()
    with qtbot.waitSignal(panel.fly_asked) as asked:
        qtbot.mouseClick(panel._list.viewport(), Qt.MouseButton.LeftButton, pos=where)
    assert asked.args == [mark]


def test_the_sun_moves_when_the_hand_moves_the_slider(qtbot):
    bar = shown(qtbot, SunBar())
    bar.show_view(ViewState(sun_time=datetime(2026, 6, 21, 9, 30, tzinfo=HANOI_TIME)))
    bar._slider.setFocus()
    with qtbot.waitSignal(bar.time_asked, timeout=1000) as asked:
        qtbot.keyClick(bar._slider, Qt.Key.Key_Right)
    assert asked.args == [datetime(2026, 6, 21, 9, 40, tzinfo=HANOI_TIME)]


def test_another_date_keeps_the_minute(qtbot):
    bar = shown(qtbot, SunBar())
    bar.show_view(ViewState(sun_time=datetime(2026, 6, 21, 9, 34, tzinfo=HANOI_TIME)))
    with qtbot.waitSignal(bar.time_asked, timeout=1000) as asked:
        bar._date.setDate(QDate(2026, 12, 21))
    assert asked.args == [datetime(2026, 12, 21, 9, 34, tzinfo=HANOI_TIME)]


def test_showing_a_time_asks_nothing(qtbot):
    bar = shown(qtbot, SunBar())
    with qtbot.assertNotEmitted(bar.time_asked, wait=30):
        bar.show_view(
            ViewState(sun_time=datetime(2026, 3, 1, 17, 5, tzinfo=HANOI_TIME)), (12.4, 250)
        )
    assert bar._clock.text() == "17:05"
    assert bar._sun.text() == "Sun 12° high"


# -- status, legend, welcome ----------------------------------------------------------------------


def test_the_status_bar_shows_the_oldest_loud_task_and_asks_to_stop_it(qtbot):
    bar = shown(qtbot, StatusBar())
    quiet = Task(number=1, label="Shadows", key="", generation=0, quiet=True)
    loud = Task(number=2, label="Building the city", key="", generation=0, fraction=0.4)
    bar.show_tasks([quiet, loud])
    assert bar._task.text() == "Building the city"
    assert bar._bar.value() == 400
    with qtbot.waitSignal(bar.cancel_asked) as asked:
        bar._cancel.click()
    assert asked.args == [loud]
    bar.show_tasks([])
    assert bar._tasks.isHidden()


def test_the_place_under_the_cursor_is_said_in_both_systems(qtbot):
    bar = shown(qtbot, StatusBar())
    bar.show_place((586513.44, 2326256.78, 6.1), (21.0278, 105.8342), "VN-2000 105°")
    assert bar._world.text() == "586513.4  2326256.8  6.1 m  (VN-2000 105°)"
    assert bar._globe.text() == "21.027800° N  105.834200° E"


def test_a_ramp_and_classes_are_drawn_as_legends(qtbot):
    panel = shown(qtbot, LegendPanel())
    steps = tuple(LegendEntry(color="#440154", label=str(v), low=v, high=v) for v in (0.0, 30.0))
    classes = (LegendEntry(color="#aabbcc", label="residential"),)
    panel.show_legends(
        [
            ("Nhà", Legend(layer="b", title="Height", unit="m", entries=steps, ramp="viridis")),
            ("Đất", Legend(layer="p", title="Use", unit="", entries=classes)),
        ]
    )
    assert len(panel.findChildren(LegendView)) == 2
    assert len(panel.findChildren(Ramp)) == 1
    panel.grab()


def test_the_welcome_page_offers_demo_files_and_recent_projects(qtbot, tmp_path):
    page = shown(qtbot, WelcomePage())
    project = tmp_path / "ward.gpkg"
    project.write_bytes(b"x")
    page.show_recent([(project, None)])
    with qtbot.waitSignal(page.demo_asked):
        qtbot.mouseClick(page._demo, Qt.MouseButton.LeftButton)
    cards = [card for card in page.findChildren(Card) if card.accessibleName() == "ward"]
    with qtbot.waitSignal(page.recent_asked) as asked:
        qtbot.keyClick(cards[0], Qt.Key.Key_Return)
    assert asked.args == [Path(project)]


# -- command search -------------------------------------------------------------------------------

COMMANDS = [
    Command(id="open", title="Mở tệp…", words="Open files…"),
    Command(id="save", title="Lưu", words="Save"),
    Command(id="top", title="Nhìn từ trên xuống", words="From above"),
]


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("mo tep", ["open"]),
        ("SAVE", ["save"]),
        ("từ trên", ["top"]),
        ("xyz", []),
        ("", ["open", "save", "top"]),
    ],
)
def test_commands_are_found_in_both_languages_without_diacritics(typed, found):
    assert [command.id for command in ranked(COMMANDS, typed)] == found


def test_enter_does_the_command_that_stands_first(qtbot):
    search = CommandSearch(COMMANDS)
    qtbot.addWidget(search)
    search.show()
    qtbot.keyClicks(search._line, "abo")
    with qtbot.waitSignal(search.chosen) as chosen:
        qtbot.keyClick(search._line, Qt.Key.Key_Return)
    assert chosen.args == ["top"]
    assert not search.isVisible()


def test_every_panel_can_be_said_in_vietnamese(qtbot, city):
    panels = [
        NoticesPanel(),
        HealthPanel(),
        BookmarksPanel(),
        SunBar(),
        StatusBar(),
        LegendPanel(),
        WelcomePage(),
    ]
    for panel in panels:
        shown(qtbot, panel)
    set_language("vi")
    assert panels[0]._empty._what.text() == "Không có gì cần báo"
    assert panels[1]._first.text() == "Kiểm tra chất lượng"
    assert panels[3]._now.text() == "Bây giờ"


def test_health_lists_what_to_repair_first_over_all_layers(qtbot, city):
    from layers.health.assess import assess_city
    from layers.health.fixlist import fix_list
    from viewers.panels.health_panel import ALL, _Card

    assessed = assess_city(dict(city.layers))
    panel = HealthPanel()
    qtbot.addWidget(panel)
    panel.show()
    panel.show_health(city, assessed)
    panel._layer.setCurrentIndex(panel._layer.findData(ALL))
    panel._layer.activated.emit(0)
    qtbot.wait(50)  # the layout shows what was put into it
    shown = [card for card in panel.findChildren(_Card) if not card.isHidden()]
    fixes = fix_list(assessed.values())
    assert len(shown) == len(fixes) > 1
    texts = [one.text() for one in shown[0].findChildren(QLabel)]
    assert any(text.startswith(fixes[0].name) for text in texts)


def test_clicking_an_issue_goes_from_place_to_place_and_round(qtbot, city):
    from viewers.panels.health_panel import _Card

    places = ((1.0, 2.0), (3.0, 4.0))
    issue = Issue(
        code="slivers",
        what="2 outlines are smaller than 1 m²",
        count=2,
        where=places,
        fix="",
        severity="warning",
        criterion="clean",
    )
    assessed = Assessment(
        id="buildings",
        name="b",
        kind="buildings",
        scores=Scores(clean=50.0),
        overall=50.0,
        grade="D",
        issues=(issue,),
    )
    panel = HealthPanel()
    qtbot.addWidget(panel)
    panel.show()
    panel.show_health(city, {"buildings": assessed})
    flown = []
    panel.fly_asked.connect(lambda where, layer: flown.append((where, layer)))
    qtbot.wait(50)
    (card,) = (c for c in panel.findChildren(_Card) if not c.isHidden())
    for _ in range(3):
        qtbot.mouseClick(card, Qt.MouseButton.LeftButton)
    assert flown == [(places[0], "buildings"), (places[1], "buildings"), (places[0], "buildings")]


def test_each_score_says_what_it_means_in_the_language_now(qtbot):
    from viewers.panels.score_bars import ScoreBars

    bars = ScoreBars()
    qtbot.addWidget(bars)
    bars.show_scores({"correct": 90.0, "sufficient": None})
    set_language("vi")
    assert bars.meaning_at(10).startswith("Đúng\n")
    assert bars.meaning_at(30).startswith("Đủ\n")
    assert bars.meaning_at(80) == ""


def test_every_title_of_a_check_is_said_in_vietnamese():
    from layers.health.registry import CHECKS
    from viewers.i18n import say

    set_language("vi")
    assert [check.title for check in CHECKS if say(check.title) == check.title] == []
