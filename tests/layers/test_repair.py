"""Broken geometry is repaired where that is possible, and counted always."""

from __future__ import annotations

import struct

import numpy as np
import pytest
import shapely
from shapely import GeometryCollection, LineString, MultiPolygon, Point, Polygon, box

from layers.readers.repair import from_wkb, merged, polygons_only, repaired, slivers

BOW_TIE = Polygon([(0, 0), (4, 4), (4, 0), (0, 4)])  # two triangles of 4 m² each
SPIKE = Polygon([(0, 0), (10, 0), (10, 10), (10, 20), (10, 10), (0, 10)])
HOLE_OUTSIDE = Polygon([(0, 0), (2, 0), (2, 2), (0, 2)], [[(5, 5), (6, 5), (6, 6), (5, 6)]])


def codes(result):
    return {notice.code: notice.count for notice in result.notices}


def test_valid_areas_pass_untouched():
    given = [box(0, 0, 1, 1), MultiPolygon([box(0, 0, 1, 1), box(3, 3, 4, 4)])]
    result = repaired(given)
    assert shapely.equals_exact(result.geometry, given).all()
    assert result.notices == ()
    assert result.rows.tolist() == [0, 1]


def test_a_bow_tie_keeps_both_wings():
    result = repaired([BOW_TIE], source="plots.shp")
    assert result.geometry[0].is_valid
    assert result.geometry[0].area == pytest.approx(8.0)
    (notice,) = result.notices
    assert (notice.code, notice.count, notice.source) == ("rings-repaired", 1, "plots.shp")
    assert notice.where == (2.0, 2.0)
    assert "self-intersection" in notice.what


def test_a_spike_is_cut_and_the_area_kept():
    result = repaired([SPIKE])
    assert result.geometry[0].area == pytest.approx(100.0)
    assert result.geometry[0].geom_type == "Polygon"


def test_a_hole_outside_does_not_eat_the_area():
    assert repaired([HOLE_OUTSIDE]).geometry[0].intersection(box(0, 0, 2, 2)).area == 4.0


def test_nothing_empty_or_infinite_remains_and_rows_still_fit():
    given = [None, Polygon(), Point(np.nan, 1), Point(np.inf, 1), Point(1, 1)]
    result = repaired(given)
    assert result.rows.tolist() == [4]
    # a point at (NaN, 1) is what shapely calls not empty
    assert codes(result) == {
        "geometry-missing": 1,
        "geometry-empty": 1,
        "coordinates-not-finite": 2,
    }


def test_what_has_no_extent_is_left_out_and_counted():
    flat = Polygon([(0, 0), (1, 1), (2, 2), (0, 0)])
    result = repaired([flat, LineString([(1, 1), (1, 1)]), Point(3, 3)])
    assert result.rows.tolist() == [2]
    assert codes(result)["geometry-collapsed"] == 2


def test_duplicates_are_counted_and_kept_wherever_their_ring_begins():
    turned = Polygon([(1, 0), (1, 1), (0, 1), (0, 0)])
    result = repaired([box(0, 0, 1, 1), turned, box(5, 5, 6, 6)])
    assert len(result.geometry) == 3
    assert codes(result) == {"duplicates": 1}


def test_areas_lose_heights_and_points_keep_theirs():
    area = Polygon([(0, 0, 3), (1, 0, 3), (1, 1, 3)])
    result = repaired([area, Point(1, 2, 7)])
    assert not result.geometry[0].has_z
    assert result.geometry[1].z == 7
    assert codes(result) == {"heights-dropped": 1}


def test_heights_that_are_all_zero_say_nothing():
    result = repaired([Point(1, 2, 0), LineString([(0, 0, 0), (1, 1, 0)])])
    assert not shapely.has_z(result.geometry).any()
    assert result.notices == ()


def test_of_a_mixed_collection_the_areas_stay():
    mixed = GeometryCollection([Point(0, 0), box(0, 0, 1, 1), LineString([(0, 0), (9, 9)])])
    result = repaired([mixed])
    assert result.geometry[0].equals(box(0, 0, 1, 1))
    assert codes(result) == {"collections-reduced": 1}


def test_open_rings_are_closed_and_hopeless_ones_counted():
    def ring(*points):
        body = struct.pack("<BIII", 1, 3, 1, len(points))
        return body + b"".join(struct.pack("<dd", *p) for p in points)

    given = [
        ring((0, 0), (1, 0), (1, 1), (0, 0)),
        ring((0, 0), (1, 0), (1, 1), (0, 1)),
        ring((0, 0), (1, 0)),
        b"\x01\x03",
        None,
    ]
    geometry, notices = from_wkb(given)
    assert [g is not None for g in geometry] == [True, True, True, False, False]
    assert geometry[1].area == 1.0
    assert {n.code: n.count for n in notices} == {"rings-closed": 2, "rings-broken": 1}
    result = repaired(geometry)
    assert result.rows.tolist() == [0, 1]
    assert codes(result)["geometry-collapsed"] == 1


def test_slivers_are_noticed_in_square_metres():
    notice = slivers([box(0, 0, 0.5, 1.9), box(0, 0, 2, 2), Point(0, 0)])
    assert (notice.code, notice.count) == ("slivers", 1)
    assert slivers([box(0, 0, 2, 2)]) is None


def test_the_same_notice_twice_is_one_with_both_counts():
    one = repaired([BOW_TIE], source="a").notices
    two = repaired([BOW_TIE, BOW_TIE], source="a").notices
    (rings, copies) = merged([*one, *two])
    assert (rings.code, rings.count) == ("rings-repaired", 3)
    assert rings.what.startswith("3 ")
    assert copies.code == "duplicates"


def test_only_areas_of_anything():
    (area,) = polygons_only([GeometryCollection([Point(0, 0), box(0, 0, 1, 1)])])
    assert area.equals(box(0, 0, 1, 1))
