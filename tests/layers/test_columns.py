"""Columns are known by name in four languages, and distrusted by value."""

from __future__ import annotations

import numpy as np
import pytest

from layers.readers.columns import (
    floors_column,
    folded,
    height_column,
    height_notice,
    id_column,
    numbers,
    plausible_heights,
    use_column,
)


def texts(*values):
    return np.array(values, dtype=object)


@pytest.mark.parametrize(
    ("name", "expected"),
    [("Số tầng", "sotang"), ("building:levels", "buildinglevels"), ("Đường", "duong")],
)
def test_names_are_compared_without_marks_and_signs(name, expected):
    assert folded(name) == expected


@pytest.mark.parametrize("name", ["height", "HEIGHT", "Chiều cao", "chieu_cao", "höjd", "hoogte"])
def test_a_height_column_is_found_in_four_languages(name):
    assert height_column({"x": np.arange(3), name: np.array([3.0, 9.0, 12.0])}) == name


@pytest.mark.parametrize("name", ["building:levels", "so_tang", "Số tầng", "Våningar", "bouwlagen"])
def test_a_floors_column_is_found_in_four_languages(name):
    assert floors_column({name: texts("1", "4", None)}) == name


def test_years_in_a_column_named_floors_are_not_floors():
    assert floors_column({"floors": np.array([1998, 2004])}) == ""


def test_an_id_must_name_every_row_once():
    columns = {"id": texts("a", "a"), "osm_id": texts("1", None), "gid": np.array([1, 2])}
    assert id_column(columns) == "gid"


def test_a_use_is_text():
    assert use_column({"use": np.array([1, 2]), "Chức năng": texts("nhà ở", None)}) == "Chức năng"


def test_a_decimal_comma_is_read():
    np.testing.assert_array_equal(numbers(texts("12,5", "x", None, 3)), [12.5, np.nan, np.nan, 3])


def test_ordinary_heights_are_plausible():
    assert plausible_heights([3.5, 7.0, np.nan, 0, 12.0]) == (True, "")


@pytest.mark.parametrize(
    "values",
    [
        [],
        [0, 0, np.nan],
        ["low", None],
        [0.6, 1.2, 2.5, 2.5],
        [350, 700, 1200],
        [5.0] * 90 + [9999.0] * 10,
    ],
)
def test_what_cannot_be_metres_is_refused_with_a_reason(values):
    ok, reason = plausible_heights(np.array(values, dtype=object))
    assert not ok
    assert reason


def test_one_slip_of_the_pen_does_not_spoil_a_column():
    assert plausible_heights([6.0] * 200 + [99999.0])[0]


def test_one_low_house_does_not_spoil_a_column():
    assert plausible_heights([1.5, 8.0, 9.0])[0]


@pytest.mark.data
def test_the_relief_thickness_of_hoan_kiem_is_not_taken_for_metres(data):
    import pyogrio

    frame = pyogrio.read_dataframe(data / "hanoi/hoan_kiem/buildings.shp", read_geometry=False)
    columns = {name: frame[name].to_numpy() for name in frame.columns}
    assert height_column(columns) == "height"
    notice = height_notice("height", columns["height"], source="buildings.shp")
    assert notice is not None
    assert notice.code == "height-not-metres"
    assert notice.count == 5299 - 51  # data README: 5 299 outlines, 51 without a value
