"""Coordinate systems against the EPSG register, hand calculations and real files' words."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import CRS
from pyproj.database import query_crs_info
from pyproj.enums import PJType

from layers.crs import (
    VIETNAM,
    candidates,
    describe,
    explain_candidates,
    horizontal,
    misfit,
    normalise,
    transformer,
)
from layers.errors import CrsError

HOAN_KIEM = (587340.7, 2324372.0, 589823.5, 2327115.0)
US_FOOT = 1200 / 3937

LAMBERT_93_BY_HAND = (
    'PROJCS["EPSG:2154",GEOGCS["unknown",DATUM["unnamed",'
    'SPHEROID["unretrievable - using WGS84",6378137,298.257223563]],PRIMEM["Greenwich",0],'
    'UNIT["degree",0.0174532925199433,AUTHORITY["EPSG","9122"]]],'
    'PROJECTION["Lambert_Conformal_Conic_2SP"],PARAMETER["latitude_of_origin",46.5],'
    'PARAMETER["central_meridian",3],PARAMETER["standard_parallel_1",49],'
    'PARAMETER["standard_parallel_2",44],PARAMETER["false_easting",700000],'
    'PARAMETER["false_northing",6600000],UNIT["metre",1,AUTHORITY["EPSG","9001"]],'
    'AXIS["Easting",EAST],AXIS["Northing",NORTH]]'
)


def test_vietnams_list_is_all_of_vn_2000_in_the_register():
    register = {
        f"EPSG:{found.code}"
        for found in query_crs_info(auth_name="EPSG", pj_types=PJType.PROJECTED_CRS)
        if found.name.startswith("VN-2000 /") and not found.deprecated
    }
    assert set(VIETNAM) == register
    assert len(VIETNAM) == len(register)


def test_the_zone_of_hanoi_has_the_legal_meridian_and_scale():
    operation = CRS.from_user_input(VIETNAM[0]).coordinate_operation
    values = {p.name: p.value for p in operation.params}
    assert values["Longitude of natural origin"] == 105
    assert values["Scale factor at natural origin"] == 0.9999


def test_numbers_near_hanoi_are_asked_about_not_guessed():
    assert candidates(HOAN_KIEM)[:3] == ("EPSG:5897", "EPSG:3405", "EPSG:32648")


def test_the_two_systems_of_hanoi_differ_by_0_0003_of_the_northing():
    # Both have 105° E; only the scale differs, 0.9999 against 0.9996, so the same northing N
    # lies at N / 0.9999 and N / 0.9996 along the meridian.
    northing = 2_325_743.5
    by_hand = northing / 0.9996 - northing / 0.9999
    assert 690 < by_hand < 705
    first, second = explain_candidates(HOAN_KIEM)[:2]
    # 110 722 m a degree of latitude at 21° (WGS 84: 111 132.95 − 559.85 cos 2φ + 1.17 cos 4φ).
    assert (second.lat - first.lat) * 110_720 == pytest.approx(by_hand, abs=2)
    assert "Hà Nội" in first.reason
    assert "m from where EPSG:5897 would put it" in second.reason


def test_north_written_first_is_noticed():
    low_x, low_y, high_x, high_y = HOAN_KIEM
    found = explain_candidates((low_y, low_x, high_y, high_x))
    assert found[0].crs == "EPSG:5897"
    assert found[0].swapped
    assert "change places" in found[0].reason


def test_degrees_are_recognised_and_latitude_first_is_noticed():
    (plain,) = explain_candidates((105.84, 21.01, 105.86, 21.04))
    (turned,) = explain_candidates((21.01, 105.84, 21.04, 105.86))
    assert (plain.crs, plain.swapped) == ("EPSG:4326", False)
    assert (turned.crs, turned.swapped) == ("EPSG:4326", True)
    assert turned.lon == pytest.approx(105.85)


@pytest.mark.parametrize(
    ("bounds", "first"),
    [
        ((84808.3, 447412.8, 85000.0, 447641.3), "EPSG:28992"),  # Delft
        ((770500, 6277500, 770650, 6277600), "EPSG:2154"),  # Montpellier
        ((147720, 6398557, 147954, 6398780), "EPSG:3007"),  # Göteborg
        ((11_782_000, 2_393_000, 11_783_000, 2_394_000), "EPSG:3857"),  # Hanoi
        ((603_000, 1_190_000, 604_000, 1_191_000), "EPSG:9210"),  # Ho Chi Minh City
    ],
)
def test_the_likeliest_system_of_other_places_comes_first(bounds, first):
    assert candidates(bounds)[0] == first


def test_a_known_place_decides_between_zones():
    lone_star = (515368.6, 4918340.4, 515401.0, 4918381.1)
    assert candidates(lone_star, near=(-110.8, 44.4))[0] == "EPSG:26912"


@settings(deadline=None)
@given(st.tuples(*[st.floats(allow_nan=True, allow_infinity=True)] * 4))
def test_any_numbers_give_some_candidates_or_none_but_no_error(bounds):
    for found in explain_candidates(bounds):
        assert math.isfinite(found.lon)
        assert math.isfinite(found.lat)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("epsg:2154", "EPSG:2154"),
        ("5897", "EPSG:5897"),
        ("urn:ogc:def:crs:EPSG::3405", "EPSG:3405"),
        ("EPSG:28992+5709", "EPSG:7415"),
        ("+proj=utm +zone=48 +datum=WGS84", "EPSG:32648"),
        (LAMBERT_93_BY_HAND, "EPSG:2154"),
    ],
)
def test_many_ways_of_saying_it_are_one_code(text, code):
    assert normalise(text) == code


def test_a_name_alone_does_not_make_a_system_of_the_register():
    moved = LAMBERT_93_BY_HAND.replace("6600000", "6600001")
    assert normalise(moved) != "EPSG:2154"


@pytest.mark.parametrize(
    "text", ["", "  ", "nonsense", "EPSG:999999", "PROJCS[", "x" * 200_000, "\0"]
)
def test_what_means_nothing_is_an_error_with_advice(text):
    with pytest.raises(CrsError) as failure:
        normalise(text)
    assert "EPSG:5897" in failure.value.hint


@settings(deadline=None)
@given(st.text(max_size=60) | st.from_regex(r"(EPSG:|urn:|PROJCS\[|\+proj=).{0,20}"))
def test_any_text_is_a_system_or_a_crs_error_and_saying_it_again_changes_nothing(text):
    try:
        once = normalise(text)
    except CrsError:
        return
    assert normalise(once) == once


def test_a_compound_system_falls_into_its_parts():
    info = describe("EPSG:7415")
    assert info.vertical_name == "NAP height"
    assert info.vertical_metres_per_unit == 1.0
    assert horizontal("EPSG:7415") == "EPSG:28992"


def test_feet_are_told_apart():
    colorado = describe("EPSG:2232+6360")  # NAVD88 height (ftUS)
    assert colorado.unit_name == "US survey foot"
    assert colorado.metres_per_unit == pytest.approx(US_FOOT, rel=1e-12)
    assert colorado.vertical_metres_per_unit == pytest.approx(US_FOOT, rel=1e-12)
    assert describe("EPSG:2994").metres_per_unit == 0.3048
    assert math.isnan(describe("EPSG:4326").metres_per_unit)


def test_three_dimensions_lose_the_third():
    assert horizontal("EPSG:4979") == "EPSG:4326"
    assert describe("EPSG:4979").vertical_name == "ellipsoidal height"


@pytest.mark.parametrize("crs", ["EPSG:4978", "EPSG:5703"])
def test_what_has_no_map_plane_is_refused(crs):
    with pytest.raises(CrsError, match="no map plane"):
        horizontal(crs)


def test_metres_said_to_be_degrees_are_impossible():
    found = misfit("EPSG:4326", HOAN_KIEM)
    assert found is not None
    assert found.severity == "impossible"


def test_data_far_from_its_systems_area_is_worth_a_notice():
    found = misfit("EPSG:28992", HOAN_KIEM)
    assert found is not None
    assert found.severity == "outside"
    assert misfit("EPSG:32648", HOAN_KIEM) is None


def test_utm_agrees_with_the_equation_at_the_central_meridian():
    # On the central meridian x is 500 000 m, and y = 0.9996 × the meridian's arc; up to 45° that
    # is 4 984 944.378 m on WGS 84 (Snyder 1987, eq. 3-21).
    x, y = transformer("EPSG:4326", "EPSG:32648").transform(105.0, 45.0)
    assert x == pytest.approx(500_000.0, abs=1e-6)
    assert y == pytest.approx(0.9996 * 4_984_944.378, abs=2e-3)


def test_rd_new_has_its_origin_at_the_tower_of_amersfoort():
    # By definition RD's central point: 5° 23′ 15.500″ E, 52° 09′ 22.178″ N on Bessel 1841.
    lon, lat = 5 + 23 / 60 + 15.5 / 3600, 52 + 9 / 60 + 22.178 / 3600
    x, y = transformer("EPSG:4289", "EPSG:28992").transform(lon, lat)
    assert (x, y) == pytest.approx((155_000.0, 463_000.0), abs=0.01)


def test_a_transformation_is_kept():
    assert transformer("EPSG:4326", "EPSG:5897") is transformer("EPSG:4326", "EPSG:5897")
