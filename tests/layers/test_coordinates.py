"""Coordinates as people write them, against worked numbers and published parameters."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyproj import CRS, Transformer

from layers.coordinates import readings
from layers.crs_guess import VIETNAM
from layers.errors import CityError

HANOI = "EPSG:5897"
NEAR = (105.85, 21.03)
LAT, LON = 21 + 1 / 60 + 42.5 / 3600, 105 + 51 / 60 + 15 / 3600  # 21.028472, 105.854167


def first(text, crs=HANOI, near=NEAR):
    found = readings(text, crs=crs, near=near)
    return found[0] if found else None


@pytest.mark.parametrize(
    "text",
    [
        "21°01'42.5\"N 105°51'15\"E",
        "21° 01′ 42,5″ N, 105° 51′ 15″ E",
        "N21°01'42.5\" E105°51'15\"",
        "105°51'15\"E 21°01'42.5\"N",
        "21°01'42.5\"B 105°51'15\"Đ",
        "105°51'15\"Đ; 21°01'42,5\"B",
        "21 01 42.5 N 105 51 15 E",
        "21:01:42.5N 105:51:15E",
        "21°01'42.5\" 105°51'15\"",
        "21 độ 01 phút 42,5 giây Bắc, 105 độ 51 phút 15 giây Đông",
        "vĩ độ 21°01'42.5\" bắc, kinh độ 105°51'15\" đông",
        "21.0284722 105.8541667",
        "21.0284722, 105.8541667",
        "21.0284722,105.8541667",
        "21,0284722 105,8541667",
        "21,0284722; 105,8541667",
        "105.8541667 21.0284722",
        "21.0284722°N 105.8541667°E",
        "21.0284722N, 105.8541667E",
        "E 105.8541667 N 21.0284722",
        "21°1.708333' N 105°51.25' E",
        "(21.0284722, 105.8541667)",
    ],
)
def test_one_place_in_many_spellings(text):
    found = first(text)
    assert found is not None
    assert (found.lat, found.lon) == pytest.approx((LAT, LON), abs=1e-6)


def test_letters_of_both_languages_say_which_way():
    south = first("10°30'S 30°15'W", near=(-30.0, -10.0))
    assert (south.lat, south.lon) == (-10.5, -30.25)
    nam_tay = first("10°30'N 30°15'T", near=(-30.0, -10.0))
    assert (nam_tay.lat, nam_tay.lon) == (-10.5, -30.25)  # nam is south, tây is west
    nam_dong = first("10°30'Nam 106°15'Đông")
    assert (nam_dong.lat, nam_dong.lon) == (-10.5, 106.25)
    north = first("10°30'N 106°15'E")
    assert (north.lat, north.lon) == (10.5, 106.25)
    assert first("-10.5, 106.25").lat == -10.5


@pytest.mark.parametrize("text", ["95°N 105°E", "95.0 181.0", "21°N 200°E"])
def test_no_place_on_earth_is_said_so(text):
    with pytest.raises(CityError, match="no place"):
        readings(text, crs=HANOI, near=NEAR)


def test_minutes_beyond_sixty_are_refused():
    with pytest.raises(CityError, match="below 60"):
        readings("21°61'00\"N 105°51'15\"E", crs=HANOI, near=NEAR)
    with pytest.raises(CityError, match="same axis"):
        readings("21°N 20°N", crs=HANOI, near=NEAR)


@pytest.mark.parametrize(
    "text", ["", "Hàng Bạc", "12 Hàng Bạc", "h-3", "7", "a 1 b 2", "°°", "'\"", "1 2 3 4"]
)
def test_words_are_no_coordinates(text):
    assert readings(text, crs=HANOI, near=NEAR) == ()


def test_vn2000_lies_where_the_published_parameters_put_it():
    # EPSG:6960, coordinate frame rotation, VN-2000 → WGS 84 (Vietnam, MONRE decision 05/2007).
    shift = np.array([-191.90441429, -39.30318279, -111.45032835])
    rx, ry, rz = np.radians(np.array([-0.00928836, 0.01975479, -0.00427372]) / 3600)
    scale = 1 + 0.252906278e-6
    turn = np.array([[1, rz, -ry], [-rz, 1, rx], [ry, -rx, 1]])
    x, y = 587_000.0, 2_325_000.0
    lon, lat = Transformer.from_crs("EPSG:5897", "EPSG:4756", always_xy=True).transform(x, y)
    a, f = 6_378_137.0, 1 / 298.257223563
    e2 = f * (2 - f)

    def earth(lon, lat):
        n = a / math.sqrt(1 - e2 * math.sin(lat) ** 2)
        return np.array([
            n * math.cos(lat) * math.cos(lon), n * math.cos(lat) * math.sin(lon),
            n * (1 - e2) * math.sin(lat),
        ])  # fmt: skip

    there = shift + scale * turn @ earth(math.radians(lon), math.radians(lat))
    found = first(f"{x} {y}")
    assert found.crs == "EPSG:5897" and not found.swapped
    ours = earth(math.radians(found.lon), math.radians(found.lat))
    at, to = math.radians(found.lat), math.radians(found.lon)
    up = np.array([math.cos(at) * math.cos(to), math.cos(at) * math.sin(to), math.sin(at)])
    apart = there - ours
    assert np.linalg.norm(apart - up * (apart @ up)) < 0.02


@pytest.mark.parametrize("crs", VIETNAM)
@pytest.mark.parametrize("swapped", [False, True])
def test_every_zone_of_vn2000_is_understood_either_way_round(crs, swapped):
    area = CRS.from_user_input(crs).area_of_use
    lon, lat = (area.west + area.east) / 2, (area.south + area.north) / 2
    x, y = Transformer.from_crs("EPSG:4326", crs, always_xy=True).transform(lon, lat)
    text = f"{y:.3f} {x:.3f}" if swapped else f"{x:.3f} {y:.3f}"
    found = readings(text, crs=crs, near=(lon, lat))
    assert found[0].crs == crs and found[0].swapped is swapped
    assert (found[0].lon, found[0].lat) == pytest.approx((lon, lat), abs=1e-7)
    others = readings(text, crs="EPSG:32648", near=(lon, lat))
    assert any(r.crs == crs and r.swapped is swapped for r in others)


@pytest.mark.parametrize(
    "text",
    [
        "587000 2325000", "587000.0, 2325000.0", "587,000.0 2,325,000.0", "587.000,0 2.325.000,0",
        "587000;2325000", "X: 2325000 Y: 587000", "2325000 587000", "587000 m 2325000 m",
        "587000 2325000 12.5", "E 587000 N 2325000", "EPSG:5897 587000 2325000",
    ],
)  # fmt: skip
def test_lengths_in_many_spellings(text):
    found = first(text)
    assert (found.x, found.y, found.crs) == (587_000.0, 2_325_000.0, "EPSG:5897")


def test_utm_by_zone_and_letter():
    x, y = Transformer.from_crs("EPSG:4326", "EPSG:32648", always_xy=True).transform(LON, LAT)
    for zone in ("48N", "48 Q", "UTM 48N", "UTM zone 48Q"):
        found = first(f"{zone} {x:.2f} {y:.2f}")
        assert found.crs == "EPSG:32648"
        assert (found.lon, found.lat) == pytest.approx((LON, LAT), abs=1e-6)
    assert first("48S 588000 8000000").crs == "EPSG:32748"
    with pytest.raises(CityError, match="zone 61"):
        readings("61N 500000 2000000", crs=HANOI, near=NEAR)
    with pytest.raises(CityError):
        readings("EPSG:99999 500000 2000000", crs=HANOI, near=NEAR)


@given(st.text(max_size=60))
def test_any_text_is_answered_or_refused_in_words(text):
    try:
        for reading in readings(text, crs=HANOI, near=NEAR):
            assert abs(reading.lat) <= 90.0001 and math.isfinite(reading.lon)
    except CityError as error:
        assert error.what


@given(st.text(alphabet="0123456789.,;:°'\" NSEWBĐT-+XY", max_size=40))
def test_any_numbers_are_answered_or_refused_in_words(text):
    try:
        readings(text, crs=HANOI, near=NEAR)
    except CityError as error:
        assert error.what
