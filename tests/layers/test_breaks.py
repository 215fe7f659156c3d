"""Limits of classes, against hand calculation and against trying every way to divide."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from layers.breaks import breaks, class_of
from layers.errors import CityError

SKEWED = [1.0, 2.0, 3.0, 4.0, 100.0]


def test_equal_intervals_have_one_width():
    assert breaks([0, 3, 10], "equal", 5).tolist() == [2, 4, 6, 8]


def test_quantiles_fill_classes_alike():
    inner = breaks(np.arange(100.0), "quantile", 4)
    assert np.bincount(class_of(np.arange(100.0), inner)).tolist() == [25, 25, 25, 25]


def test_natural_breaks_part_what_lies_apart():
    values = [4, 5, 9, 10]  # the classic of textbooks: {4, 5} and {9, 10}
    assert breaks(values, "natural", 2).tolist() == [9]
    assert breaks(SKEWED, "natural", 2).tolist() == [100]


def squares(values: np.ndarray, inner) -> float:
    group = class_of(values, np.asarray(inner, float))
    return sum(((values[group == k] - values[group == k].mean()) ** 2).sum() for k in set(group))


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(-50, 50), min_size=6, max_size=12), st.integers(2, 4))
def test_no_other_way_to_divide_is_better_than_natural_breaks(numbers, count):
    values = np.array(numbers, float)
    places = np.unique(values)
    if len(places) <= count:
        return
    least = min(squares(values, way) for way in itertools.combinations(places[1:], count - 1))
    assert squares(values, breaks(values, "natural", count)) == pytest.approx(least, abs=1e-6)


def test_natural_breaks_of_many_values_are_nearly_the_best():
    rng = np.random.default_rng(4)
    values = np.concatenate([rng.normal(m, 1.0, 20_000) for m in (0, 20, 50)])
    inner = breaks(values, "natural", 3)
    assert 5 < inner[0] < 15
    assert 25 < inner[1] < 45


def test_standard_deviations_lie_about_the_mean():
    values = np.array([2.0, 4, 4, 4, 5, 5, 7, 9])  # mean 5, deviation 2
    assert breaks(values, "deviation", 5).tolist() == [4.0, 6.0, 8.0]


def test_manual_limits_are_taken_in_order_and_once():
    assert breaks([1], "manual", 5, manual=(12.0, 3.0, 12.0, float("nan"))).tolist() == [3, 12]


def test_values_all_alike_make_one_class():
    for way in ("equal", "quantile", "natural", "deviation"):
        assert breaks([7.0] * 5 + [np.nan], way, 4).tolist() == []


def test_no_values_make_one_class():
    assert breaks([np.nan, np.inf], "natural", 4).tolist() == []


def test_a_value_on_a_limit_belongs_to_the_class_above():
    assert class_of([1, 2, 3, np.nan], np.array([2.0])).tolist() == [0, 1, 1, -1]


@pytest.mark.parametrize(("way", "count"), [("equal", 1), ("natural", 13), ("rainbow", 5)])
def test_what_cannot_be_is_refused(way, count):
    with pytest.raises(CityError):
        breaks([1, 2, 3], way, count)


@given(
    st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=60),
    st.sampled_from(["equal", "quantile", "natural", "deviation"]),
    st.integers(2, 12),
)
@settings(max_examples=80, deadline=None)
def test_limits_are_ascending_within_the_values_and_no_more_than_asked(numbers, way, count):
    inner = breaks(numbers, way, count)
    assert (np.diff(inner) > 0).all()
    assert len(inner) <= (6 if way == "deviation" else count - 1)
    if len(inner):
        assert min(numbers) < inner[0] and inner[-1] <= max(numbers)
