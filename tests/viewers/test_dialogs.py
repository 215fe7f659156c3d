"""Dialogs return a value or None; the import dialog asks what files do not say."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QRectF, Qt
from PySide6.QtWidgets import QLabel, QRadioButton

from layers.errors import ReadError
from layers.readers.registry import SourcePreview
from twin.style import Style
from viewers.dialogs.about import AboutDialog, ShortcutsDialog
from viewers.dialogs.ask import Confirm, SaveQuestion
from viewers.dialogs.crs_field import CrsField, metric
from viewers.dialogs.import_dialog import ImportDialog
from viewers.dialogs.preferences import Preferences, PreferencesDialog
from viewers.dialogs.properties import PropertiesDialog
from viewers.dialogs.screenshot import ScreenshotDialog
from viewers.dialogs.style_dialog import StyleDialog, choices, gradient, has_lines
from viewers.dialogs.thumbnail import fitted
from viewers.i18n import say, set_language
from viewers.legends import legend_of

HANOI = SourcePreview(
    layer="nha",
    kind="features",
    role="footprints",
    count=10,
    candidates=("EPSG:5897", "EPSG:3405"),
    bounds=(586_000.0, 2_326_000.0, 587_000.0, 2_327_000.0),
    units="metre",
    columns=("ma", "height"),
    sample=(((0.0, 0.0), (4.0, 0.0), (4.0, 16.0), (0.0, 16.0), (0.0, 0.0)),),
    diagnosis=(("heights-not-metres", "height goes from 0.6 to 2.5: these are not metres"),),
)
DELFT = SourcePreview(
    layer="", kind="points", role="lidar", count=849_000, crs="EPSG:28992", units="metre"
)


@pytest.fixture
def dialog(qtbot, tmp_path):
    made = ImportDialog([tmp_path / "nha.gpkg"])
    qtbot.addWidget(made)
    made.show()
    return made


def test_nothing_can_be_built_while_files_are_looked_into(dialog):
    assert not dialog.accept_button.isEnabled()
    assert "nha.gpkg" in dialog.problem()


def test_a_file_without_crs_is_asked_about_and_never_guessed(qtbot, dialog, tmp_path):
    dialog.show_previews(tmp_path / "nha.gpkg", [HANOI])
    assert not dialog.accept_button.isEnabled()
    assert "coordinate system" in dialog.problem()
    field = dialog._form._crs
    assert field.currentText() == ""
    assert [field.itemData(i) for i in range(2)] == ["EPSG:5897", "EPSG:3405"]
    field.setCurrentIndex(0)
    field.activated.emit(0)
    assert dialog.accept_button.isEnabled()
    request = dialog.request()
    assert request.sources[0].crs == "EPSG:5897"
    assert request.sources[0].layer == "nha"
    assert request.sources[0].role == "footprints"
    assert not request.sources[0].force_crs


def test_each_candidate_is_offered_with_its_reason_and_none_is_chosen(qtbot, dialog, tmp_path):
    dialog.show_previews(tmp_path / "nha.gpkg", [HANOI])
    choices = dialog._form._choices
    buttons = choices.findChildren(QRadioButton)
    assert [b.text().split(" ")[0] for b in buttons][:2] == ["EPSG:5897", "EPSG:3405"]
    assert not any(b.isChecked() for b in buttons)
    texts = " ".join(one.text() for one in choices.findChildren(QLabel))
    assert "700 m apart" in texts
    assert "° E" in texts
    buttons[1].click()
    qtbot.waitUntil(dialog.accept_button.isEnabled)
    assert dialog.request().sources[0].crs == "EPSG:3405"
    checked = [b.text() for b in choices.findChildren(QRadioButton) if b.isChecked()]
    assert [text.split(" ")[0] for text in checked] == ["EPSG:3405"]


def test_reasons_are_said_in_vietnamese_with_their_numbers():
    from layers.crs import explain_candidates

    set_language("vi")
    first, second = explain_candidates(HANOI.bounds)[:2]
    assert "thuộc hoặc gần Hà Nội" in say(first.reason)
    assert "kinh tuyến trục quy định" in say(first.reason)
    assert "so với EPSG:5897" in say(second.reason)


def test_what_is_odd_about_a_file_is_said(dialog, tmp_path):
    dialog.show_previews(tmp_path / "nha.gpkg", [HANOI])
    assert "these are not metres" in dialog._form._diagnosis.text()
    assert not dialog._form._diagnosis_box.isHidden()


def test_a_crs_can_be_typed_and_a_wrong_one_is_refused(qtbot, dialog, tmp_path):
    dialog.show_previews(tmp_path / "nha.gpkg", [HANOI])
    field = dialog._form._crs
    qtbot.keyClicks(field.lineEdit(), "EPSG:99999")
    qtbot.keyClick(field.lineEdit(), Qt.Key.Key_Tab)
    assert not dialog.accept_button.isEnabled()
    field.lineEdit().clear()
    qtbot.keyClicks(field.lineEdit(), "3405")
    field.lineEdit().editingFinished.emit()
    assert dialog.accept_button.isEnabled(), dialog.problem()
    assert dialog.request().sources[0].crs == "EPSG:3405"


def test_saying_otherwise_than_the_file_is_marked_as_forced(dialog, tmp_path):
    dialog.show_previews(tmp_path / "nha.gpkg", [DELFT])
    dialog._form._crs.setCurrentIndex(dialog._form._crs.findData("EPSG:5897"))
    dialog._form._crs.activated.emit(0)
    request = dialog.request().sources[0]
    assert (request.crs, request.force_crs) == ("EPSG:5897", True)


def test_a_file_that_cannot_be_read_is_listed_with_its_reason(dialog, tmp_path):
    dialog.show_failure(
        tmp_path / "nha.gpkg", ReadError("nha.gpkg is damaged", hint="Copy it again.")
    )
    assert "damaged" in dialog._list.item(0).toolTip()
    assert not dialog.accept_button.isEnabled()


def test_an_unchecked_source_is_left_out(dialog, tmp_path):
    dialog.show_previews(tmp_path / "nha.gpkg", [HANOI, DELFT])
    dialog._list.item(0).setCheckState(Qt.CheckState.Unchecked)
    assert dialog.accept_button.isEnabled()
    assert [source.role for source in dialog.request().sources] == ["lidar"]


def test_degrees_cannot_be_the_system_of_a_city(qtbot, dialog, tmp_path):
    dialog.show_previews(tmp_path / "nha.gpkg", [DELFT])
    dialog._crs.setEditText("EPSG:4326")
    dialog._crs.lineEdit().editingFinished.emit()
    assert not dialog.accept_button.isEnabled()
    assert "metres" in dialog.problem()


def test_files_added_to_a_city_take_its_system(qtbot, tmp_path):
    dialog = ImportDialog([tmp_path / "a.laz"], project_crs="EPSG:5897")
    qtbot.addWidget(dialog)
    dialog.show_previews(tmp_path / "a.laz", [DELFT])
    assert dialog.request().crs == "EPSG:5897"


def test_metres_are_told_from_feet_and_degrees():
    assert metric("EPSG:5897")
    assert not metric("EPSG:4326")
    assert not metric("EPSG:2264")  # North Carolina, US survey feet
    assert not metric("nonsense")


def test_a_thumbnail_keeps_shape_and_north():
    box = QRectF(0, 0, 100, 100)
    chain = fitted((((0.0, 0.0), (10.0, 0.0), (10.0, 20.0)),), box)[0]
    assert chain == [(25.0, 100.0), (75.0, 100.0), (75.0, 0.0)]
    assert fitted((((float("nan"), 0.0),),), box) == []


def test_the_crs_field_is_normalised(qtbot):
    field = CrsField()
    qtbot.addWidget(field)
    field.show_crs("", needed=True)
    assert field.problem()
    field.setEditText("5897")
    assert field.crs() == "EPSG:5897"


def test_a_style_is_returned_as_chosen(qtbot, city):
    dialog = StyleDialog(city.layers["buildings"], Style(), lambda layer, style: None)
    qtbot.addWidget(dialog)
    dialog.show()
    dialog._by.setCurrentIndex(dialog._by.findData("height"))
    dialog._by.activated.emit(0)
    dialog._opacity.setValue(60)
    assert dialog.style_chosen() == Style(color_by="height", opacity=0.6)


def test_what_a_layer_can_be_coloured_by(city):
    from small_layers import points_layer

    assert choices(city.layers["buildings"])[:5] == ["", "height", "use", "method", "floors"]
    assert "phuong" in choices(city.layers["buildings"])
    assert choices(points_layer()) == ["", "class", "height", "intensity"]


def test_the_style_dialog_draws_the_legend_of_the_scene(qtbot, city):
    from viewers.panels.legend_panel import LegendView
    from viewers.scene.colouring import of_buildings

    dialog = StyleDialog(
        city.layers["buildings"],
        Style(color_by="method"),
        lambda layer, style: of_buildings(layer, style)[1],
    )
    qtbot.addWidget(dialog)
    dialog.show()
    assert len(dialog.findChildren(LegendView)) == 1


@pytest.mark.parametrize(
    ("by", "title", "first"),
    [("class", "Class", "ground"), ("height", "Height", "6"), ("intensity", "Intensity", "10.6")],
)
def test_points_have_a_legend_before_they_are_drawn(by, title, first):
    """Classes 2, 2, 6, 5; heights 6, 6, 18, 11; intensities 10 … 40, of which 2 % is 10.6."""
    from small_layers import points_layer

    legend = legend_of(points_layer(), Style(color_by=by))
    assert legend.title == title
    assert legend.entries[0].label == first


def test_a_width_is_offered_for_lines_only(qtbot, city):
    from small_layers import points_layer

    assert has_lines(city.layers["roads"])
    assert not has_lines(city.layers["buildings"])
    assert not has_lines(points_layer())


def test_ramps_are_shown_as_gradients():
    from viewers.scene.ramps import table

    image = gradient("viridis").pixmap(72, 12).toImage()
    ends = [image.pixelColor(x, 5).getRgb()[:3] for x in (0, image.width() - 1)]
    assert ends == [tuple(int(v) for v in table("viridis")[i]) for i in (0, 255)]


def test_preferences_and_pictures_return_what_was_chosen(qtbot):
    now = Preferences(theme="dark", language="vi", memory_mb=1024)
    preferences = PreferencesDialog(now)
    qtbot.addWidget(preferences)
    assert preferences.chosen() == now
    picture = ScreenshotDialog((800, 600))
    qtbot.addWidget(picture)
    assert picture.chosen().size == (1920, 1080)
    picture._width.setValue(99_999)
    assert picture.chosen().size[0] == 16_384


def test_leaving_a_draft_can_be_saved_thrown_away_or_not_left(qtbot):
    for click, answer in (
        ("accept_button", "save"),
        ("_discard", "discard"),
        ("_reject", "cancel"),
    ):
        question = SaveQuestion("Hàng Bạc")
        qtbot.addWidget(question)
        question.show()
        getattr(question, click).click()
        assert question.answer == answer


def test_properties_say_source_extent_and_notices(qtbot, city):
    dialog = PropertiesDialog(city.layers["buildings"], "VN-2000", grade="B")
    qtbot.addWidget(dialog)
    rows = dict(dialog.rows())
    # six houses of 4 m every 6 m, two rows of 16 m every 22 m
    assert rows["Extent"] == "34 m × 38 m"
    assert rows["Licence"] == "CC0"
    assert "crossed themselves" in rows["Notice"]


@pytest.mark.parametrize(
    "make",
    [
        AboutDialog,
        lambda: ShortcutsDialog([("Save", "Ctrl+S")]),
        lambda: Confirm("Remove?", "It will be gone.", "Remove"),
        lambda: PreferencesDialog(Preferences(theme="light", language="en", memory_mb=768)),
        lambda: ScreenshotDialog((640, 480)),
        lambda: SaveQuestion("X"),
    ],
)
def test_open_dialogs_change_their_language(qtbot, make):
    dialog = make()
    qtbot.addWidget(dialog)
    dialog.show()
    before = dialog.accept_button.text()
    set_language("vi")
    assert dialog.accept_button.text() != before or before == "Remove"
