"""Checks of areas and roads, each on a layer small enough to count by eye."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest
import shapely
from shapely import LineString, Point, Polygon, box

from layers.health.finding import Finding
from layers.health.registry import check_of
from layers.health.subject import Subject
from layers.kinds.features import FeatureLayer
from layers.kinds.layer import Layer
from layers.notices import Notice
from layers.progress import Progress

TODAY = date(2026, 6, 1)


def near(places, **more):
    return [pytest.approx(place, **more) for place in places]


def features(*geometry, role="footprints", crs="EPSG:5897", columns=None, notices=(), id_column=""):
    return FeatureLayer(
        id="f",
        name="F",
        crs=crs,
        geometry=np.array(geometry, dtype=object),
        role=role,
        columns=columns or {},
        notices=notices,
        id_column=id_column,
    )


def run(code: str, layer: Layer, *context: Layer) -> Finding | None:
    return check_of(code).run(Subject(layer, context, today=TODAY))


def house(x: float, y: float = 0.0, width: float = 4.0, depth: float = 10.0) -> Polygon:
    return box(587000 + x, 2325000 + y, 587000 + x + width, 2325000 + y + depth)


BOW_TIE = Polygon([(587000, 2325000), (587010, 2325010), (587010, 2325000), (587000, 2325010)])


def test_an_outline_that_crosses_itself_is_invalid():
    finding = run("invalid-outlines", features(BOW_TIE, house(20), house(30), house(40)))
    assert (finding.count, finding.total, finding.bad) == (1, 4, 0.25)
    (place,) = finding.found[0].where
    assert 587000 <= place[0] <= 587010


def test_outlines_that_the_reader_repaired_still_count_as_invalid():
    notices = (
        Notice(code="rings-repaired", what="2 repaired", count=2, where=(587001.0, 2325001.0)),
        Notice(code="rings-closed", what="1 closed", count=1),
        Notice(code="slivers", what="not about validity", count=50),
    )
    finding = run(
        "invalid-outlines", features(*(house(10 * i) for i in range(10)), notices=notices)
    )
    assert finding.count == 3
    assert (587001.0, 2325001.0) in finding.found[0].where


def test_features_the_reader_left_out_are_missing():
    notices = (Notice(code="geometry-empty", what="2 empty", count=2),)
    finding = run("features-dropped", features(house(0), house(10), notices=notices))
    assert (finding.count, finding.total) == (2, 4)


def test_a_sliver_is_an_outline_under_one_square_metre():
    layer = features(house(0, width=0.5, depth=1.9), house(10, width=1, depth=1), house(20))
    finding = run("slivers", layer)
    assert finding.count == 1  # 0.95 m²; the one of exactly 1 m² is none
    assert list(finding.found[0].where) == near([(587000.25, 2325000.95)])


def test_slivers_are_measured_in_metres_where_the_file_is_in_degrees():
    # At 21° N one second of arc is 28.9 m by 30.8 m: a hundredth of one each way is 0.09 m².
    second = 1 / 3600
    small = box(105.85, 21.03, 105.85 + second / 100, 21.03 + second / 100)
    large = box(105.86, 21.03, 105.86 + second, 21.03 + second)
    finding = run("slivers", features(small, large, crs="EPSG:4326"))
    assert finding.count == 1
    assert list(finding.found[0].where) == near([(105.85, 21.03)], abs=1e-5)


def test_web_mercator_does_not_stretch_a_sliver_over_the_limit():
    # At 21.03° N web Mercator stretches by 1 / cos = 1.0713, areas by 1.148.
    sliver = box(11782500, 2397900, 11782501.03, 2397901.03)  # 1.06 m² there, 0.93 m² on the ground
    assert run("slivers", features(sliver, crs="EPSG:3857")).count == 1


def test_a_block_above_5000_square_metres_is_no_building():
    block, at_limit = house(0, width=100, depth=51), house(200, width=100, depth=50)
    assert run("oversized-outlines", features(block, at_limit)).count == 1
    assert run("oversized-outlines", features(block, role="water")) is None


def test_an_outline_drawn_twice_is_found_once():
    finding = run("duplicate-outlines", features(house(0), house(10), house(0), house(0)))
    assert (finding.count, finding.total) == (2, 4)


def test_almost_the_same_outline_is_a_repetition_and_a_shifted_one_is_not():
    same = house(0.02)  # 3.98 / 4.02 = 0.990 of the union
    shifted = house(0.1)  # 3.90 / 4.10 = 0.951
    assert run("duplicate-outlines", features(house(0), same)).count == 1
    assert run("duplicate-outlines", features(house(0), shifted)).count == 0


def test_neighbours_that_share_a_wall_do_not_overlap():
    finding = run("overlapping-outlines", features(house(0), house(4), house(8)))
    assert (finding.count, finding.bad) == (0, 0.0)


def test_overlapping_pairs_are_counted_once_each_with_the_largest_first():
    # 0 and 3 share 1 × 10 m, 3 and 6.5 share 0.5 × 10 m, the last stands alone.
    layer = features(house(6.5), house(3), house(0), house(50))
    finding = run("overlapping-outlines", layer)
    assert finding.count == 2
    assert finding.bad == 0.75
    assert list(finding.found[0].where) == near([(587003.5, 2325005), (587006.75, 2325005)])


def test_an_outline_inside_another_overlaps_it():
    assert run("overlapping-outlines", features(house(0), house(1, 1, width=1, depth=1))).count == 1


def test_ground_counts_as_built_twice_from_one_square_metre_on():
    # 0.05 × 10 m = 0.5 m² between the first two; 1 × 10 m between the last two.
    layer = features(house(0), house(3.95), house(20), house(23))
    finding = run("ground-built-twice", layer)
    assert finding.count == 1
    assert "10 m² in all" in finding.found[0].what


def test_woods_and_grass_may_overlap():
    assert run("overlapping-outlines", features(house(0), house(1), role="green")) is None


def test_counting_overlaps_stops_before_a_hostile_file_fills_the_memory(monkeypatch):
    monkeypatch.setattr("layers.health.subject.MAX_PAIRS", 100)
    finding = run("overlapping-outlines", features(*(house(0.001 * i) for i in range(600))))
    assert finding.found[0].what.startswith("at least ")
    assert finding.note
    assert finding.count < 600 * 599 / 2


def test_looking_for_overlaps_can_be_stopped():
    progress = Progress()
    progress.cancel()
    subject = Subject(features(house(0), house(1)), today=TODAY, progress=progress)
    with pytest.raises(Exception, match="Stopped"):
        check_of("overlapping-outlines").run(subject)


def test_points_have_no_outlines_to_check():
    layer = features(Point(587000, 2325000), role="trees")
    for code in ("invalid-outlines", "slivers", "duplicate-outlines", "overlapping-outlines"):
        assert run(code, layer) is None


# -- roads ----------------------------------------------------------------------------------


def road(*places: tuple[float, float]) -> LineString:
    return LineString([(587000 + x, 2325000 + y) for x, y in places])


def roads(*lines: LineString) -> FeatureLayer:
    return features(*lines, role="roads")


def test_a_road_of_no_length_is_found():
    finding = run("roads-zero-length", roads(road((0, 0), (0.05, 0)), road((0, 0), (50, 0))))
    assert (finding.count, finding.total) == (1, 2)


def test_a_road_drawn_the_other_way_is_the_same_road():
    layer = roads(road((0, 0), (50, 0)), road((50, 0), (0, 0)), road((0, 0), (50, 1)))
    assert run("roads-repeated", layer).count == 1


def test_roads_not_joined_to_the_network_are_apart():
    # A cross: the side street joins the middle of the main one. The last two stand alone together.
    main, side = road((0, 0), (100, 0)), road((50, 0), (50, 80))
    alone, with_it = road((300, 300), (400, 300)), road((400, 300), (400, 400))
    third = road((100, 0), (200, 0))
    finding = run("roads-apart", roads(main, side, third, alone, with_it))
    assert (finding.count, finding.total) == (2, 5)


def test_an_end_that_stops_short_of_a_road_is_an_undershoot():
    main = road((0, 0), (100, 0))
    short, cul_de_sac = road((50, 1.5), (50, 80)), road((20, 0), (20, 60))
    finding = run("roads-undershoot", roads(main, short, cul_de_sac))
    assert finding.count == 1
    assert list(finding.found[0].where) == near([(587050, 2325001.5)])


def test_a_bridge_over_a_road_does_not_join_it():
    under, over = road((0, 0), (100, 0)), road((50, -50), (50, 50))
    other = road((100, 0), (200, 0))
    assert run("roads-apart", roads(under, over, other)).count == 1


def test_a_roundabout_has_no_loose_ends():
    ring = shapely.LineString(shapely.Point(587000, 2325000).buffer(20).exterior.coords)
    way = road((20, 0), (100, 0))
    assert run("roads-undershoot", roads(ring, way)).count == 0
    assert run("roads-apart", roads(ring, way)).count == 0
