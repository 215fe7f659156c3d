"""From checks to scores, grades, sentences, JSON and the list of what to repair first."""

from __future__ import annotations

import json
from datetime import date

import msgspec
import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from layers.errors import CityError
from layers.health import report
from layers.health.assess import assess, assess_city
from layers.health.fixlist import fix_list
from layers.health.grading import grade_of, limited, overall_of, scores_of
from layers.health.records import (
    CRITERIA,
    GRADES,
    MAX_PLACES,
    Assessment,
    CheckResult,
    Scores,
    as_json,
    weakest,
)
from layers.health.registry import CHECKS, LIMITS, check_of
from layers.kinds.elevation import ElevationLayer
from layers.kinds.features import FeatureLayer
from layers.notices import Notice
from layers.progress import Progress
from layers.source import Source

TODAY = date(2026, 6, 1)
CRS = "EPSG:5897"


def result(code, criterion, score, weight=1.0):
    return CheckResult(
        code=code, criterion=criterion, score=score, weight=weight, bad=0.0, count=0, total=1
    )


def houses(n: int, *, step: float = 20.0, id="houses", notices=(), source=None) -> FeatureLayer:
    west = 587000 + step * np.arange(n)
    return FeatureLayer(
        id=id,
        name=id.title(),
        crs=CRS,
        geometry=np.asarray(shapely.box(west, 2325000, west + 10, 2325010), dtype=object),
        columns={"code": np.arange(n), "height": np.full(n, 9.0) + np.arange(n) % 3},
        role="footprints",
        id_column="code",
        source=source or GOOD,
        notices=notices,
    )


GOOD = Source(
    path="/nowhere/houses.gpkg",
    driver="GPKG",
    crs_from="file",
    licence="CC BY 4.0",
    attribution="City of Hanoi",
    date="2026-01-15",
)


# -- arithmetic -----------------------------------------------------------------------------


def test_a_score_falls_evenly_from_100_to_0_at_the_share_the_registry_names():
    slivers = check_of("slivers")
    assert slivers.zero_at == 0.05
    assert [slivers.score(bad) for bad in (0.0, 0.01, 0.05, 0.5)] == pytest.approx([100, 80, 0, 0])


def test_a_criterion_is_the_weighted_mean_of_its_checks():
    scores = scores_of(
        [result("a", "clean", 100, 3), result("b", "clean", 20, 1), result("c", "live", 55, 2)]
    )
    assert scores == Scores(clean=80.0, live=55.0)
    assert scores.correct is None


def test_overall_weighs_correct_three_times_and_skips_what_does_not_apply():
    # (3 × 50 + 2 × 100 + 1 × 40) / 6
    assert overall_of(Scores(correct=50, clean=100, shared=40)) == 65.0
    assert overall_of(Scores()) is None


def test_grades_begin_at_their_thresholds():
    assert [grade_of(x) for x in (90, 89.9, 75, 74.9, 60, 59.9, 40, 39.9, None)] == list(
        "ABBCCDDEE"
    )


def test_the_worst_critical_issue_holds_the_grade_down():
    limits = {"trap": "D", "gap": "C"}
    passing, failing = result("gap", "clean", 50), result("gap", "clean", 49.9)
    assert limited("A", [passing], limits) == ("A", "")
    assert limited("A", [failing], limits) == ("C", "gap")
    assert limited("A", [failing, result("trap", "correct", 0)], limits) == ("D", "trap")
    assert limited("E", [failing], limits) == ("E", "")


@given(st.lists(st.tuples(st.sampled_from(CRITERIA), st.floats(0, 100), st.floats(0.5, 3))))
def test_no_score_leaves_0_to_100(parts):
    scores = scores_of([result(str(i), c, s, w) for i, (c, s, w) in enumerate(parts)])
    overall = overall_of(scores)
    assert (overall is None) == (not parts)
    known = [s for c in CRITERIA if (s := scores.of(c)) is not None]
    assert all(0 <= s <= 100 for s in known)
    if overall is not None:
        assert min(known) - 0.1 <= overall <= max(known) + 0.1


# -- the registry ---------------------------------------------------------------------------


def test_the_registry_holds_enough_checks_for_every_criterion():
    assert len(CHECKS) >= 20
    assert {check.criterion for check in CHECKS} == set(CRITERIA)
    assert len({check.code for check in CHECKS}) == len(CHECKS)
    assert len({check.run for check in CHECKS}) == len(CHECKS)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.code)
def test_every_check_says_what_it_measures(check):
    assert check.code == check.code.lower().replace("_", "-").replace(" ", "-")
    assert check.weight > 0
    assert check.zero_at > 0
    assert check.title and check.formula
    assert check.element.split(":")[0] in (
        "Completeness",
        "Logical consistency",
        "Positional accuracy",
        "Temporal quality",
        "Thematic quality",
    ) or check.element.startswith("none; ISO 19115-1")
    assert check.run.__doc__
    assert check.limit is None or check.limit in GRADES[2:]


def test_an_unknown_code_is_an_error():
    with pytest.raises(CityError, match="no check nonsense"):
        check_of("nonsense")


# -- a whole layer --------------------------------------------------------------------------


def test_a_healthy_layer_is_an_a_without_errors():
    one = assess(houses(30), today=TODAY)
    assert one.grade == "A"
    assert one.limited_by == ""
    assert not [issue for issue in one.issues if issue.severity == "error"]
    assert one.scores.clean == 100.0
    assert one.scores.live == 100.0


def test_a_critical_issue_is_named_and_listed_first():
    broken = (Notice(code="rings-repaired", what="10 repaired", count=10),)
    one = assess(houses(30, notices=broken), today=TODAY)
    assert (one.grade, one.limited_by) == ("C", "invalid-outlines")
    assert one.issues[0].code == "invalid-outlines"
    assert one.issues[0].severity == "error"


def test_places_are_capped_and_counts_are_not():
    # Every house overlaps the next: 1 999 pairs.
    one = assess(houses(2000, step=9.0), today=TODAY)
    issue = one.issue("overlapping-outlines")
    assert issue.count == 1999
    assert len(issue.where) == MAX_PLACES


def test_every_issue_comes_from_a_check_that_is_listed_with_it():
    one = assess(houses(50, step=9.9, source=Source(path="x.dwg", driver="DWG")), today=TODAY)
    codes = {check.code for check in one.checks}
    assert one.issues
    for issue in one.issues:
        assert issue.code in codes
        assert issue.fix and issue.what
        assert issue.count > 0


def test_assessing_can_be_stopped():
    progress = Progress()
    progress.cancel()
    with pytest.raises(CityError, match="Stopped"):
        assess(houses(3), progress=progress)


def test_the_same_layer_twice_gives_the_same_assessment():
    assert assess(houses(40), today=TODAY) == assess(houses(40), today=TODAY)


# -- a city ---------------------------------------------------------------------------------


def terrain() -> ElevationLayer:
    heights = np.linspace(4, 6, 100 * 1000).reshape(100, 1000)
    return ElevationLayer(
        id="ground",
        name="Ground",
        crs=CRS,
        vertical="Hon Dau 1972",
        heights=heights,
        west=586990.0,
        north=2325050.0,
        cell_x=1.0,
        cell_y=1.0,
        source=GOOD,
    )


def test_layers_of_a_city_are_judged_among_each_other():
    layers = {"houses": houses(60), "copy": houses(60, id="copy"), "ground": terrain()}
    steps: list[float] = []
    found = assess_city(layers, Progress(lambda f, _: steps.append(f)), today=TODAY)
    assert list(found) == list(layers)
    assert found["houses"].issue("layer-repeated").count == 1
    assert "“Copy”" in found["houses"].issue("layer-repeated").what
    # The terrain ends 990 m east of 587 000; middles lie at 5, 25 … 985 | 1 005 … 1 185 m.
    assert found["houses"].issue("ground-under-outlines").count == 10
    assert steps == sorted(steps)
    assert assess_city({}) == {}


def test_results_carry_the_grade_of_their_weakest_input():
    def graded(grade):
        return Assessment(id="x", name="x", kind="x", scores=Scores(), overall=50.0, grade=grade)

    assert weakest([graded("A"), graded("D"), graded("B")]) == "D"
    assert weakest([]) == "A"


def test_json_has_the_keys_that_the_command_promises():
    text = json.dumps(as_json([assess(houses(30, step=9.0), today=TODAY)]))
    (target,) = json.loads(text)["targets"]
    assert {"name", "kind", "scores", "grade", "issues"} <= set(target)
    assert set(target["scores"]) == set(CRITERIA)
    assert {"code", "what", "count", "where", "fix"} <= set(target["issues"][0])
    assert all(len(place) == 2 for place in target["issues"][0]["where"])


def test_an_assessment_survives_being_stored():
    one = assess(houses(30, step=9.0), today=TODAY)
    assert msgspec.json.decode(msgspec.json.encode(one), type=Assessment) == one


# -- what to repair first -------------------------------------------------------------------


def test_repairing_what_holds_the_grade_down_comes_first():
    broken = (Notice(code="rings-repaired", what="10 repaired", count=10),)
    undated = msgspec.structs.replace(GOOD, date="")
    fixes = fix_list([assess(houses(30, notices=broken, source=undated), today=TODAY)])
    assert fixes[0].code == "invalid-outlines"
    assert GRADES.index(fixes[0].grade_after) < GRADES.index(fixes[0].grade)
    assert [fix.value for fix in fixes] == sorted((f.value for f in fixes), reverse=True)


def test_the_same_fault_matters_more_where_more_rests_on_it():
    undated = msgspec.structs.replace(GOOD, licence="")
    picture = msgspec.structs.replace(GOOD, licence="")
    from layers.kinds.imagery import ImageryLayer

    photo = ImageryLayer(
        id="photo",
        name="Photo",
        crs=CRS,
        pixels=np.full((5, 5, 3), 90, dtype=np.uint8),
        west=587000.0,
        north=2325000.0,
        cell_x=1.0,
        cell_y=1.0,
        source=picture,
    )
    fixes = fix_list([assess(photo, today=TODAY), assess(houses(30, source=undated), today=TODAY)])
    assert [fix.layer for fix in fixes if fix.code == "licence-stated"] == ["houses", "photo"]


def test_the_gain_is_what_the_overall_score_becomes():
    undated = msgspec.structs.replace(GOOD, date="")
    before = assess(houses(30, source=undated), today=TODAY)
    (fix,) = (f for f in fix_list([before]) if f.code == "date-stated")
    # Nothing else is checked of "live" here, so it rises from 0 to 100 at a weight of 1 in 11.
    assert before.scores.live == 0.0
    assert fix.gain == pytest.approx(100 / 11, abs=0.1)


# -- sentences ------------------------------------------------------------------------------


def test_a_badge_and_its_tooltip_are_short():
    broken = (Notice(code="rings-repaired", what="10 repaired", count=10),)
    one = assess(houses(30, notices=broken), today=TODAY)
    assert report.badge(one) == f"C {one.overall:.0f}"
    assert "held at C by “Valid outlines”" in report.summary(one)
    assert len(report.tooltip(one, most=2).splitlines()) <= 4
    good = assess(houses(30), today=TODAY)
    assert report.summary(good) == "Good for decisions"


def test_every_criterion_and_grade_has_its_words():
    assert set(report.CRITERION_NAMES) == set(CRITERIA)
    assert set(report.GRADE_MEANINGS) == set(GRADES)
    assert set(LIMITS) <= {check.code for check in CHECKS}
