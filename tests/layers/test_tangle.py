"""Outlines that cross themselves: how often, and when repairing them is given up."""

from __future__ import annotations

import time

import numpy as np
import pytest
import shapely

from layers.readers.repair import repaired
from layers.readers.tangle import crossings


def scribble(corners: int) -> shapely.Polygon:
    return shapely.Polygon(np.random.default_rng(4).uniform(0, 200, (corners, 2)))


def test_a_pentagram_crosses_itself_five_times():
    turn = np.arange(5) * 2 * 2 * np.pi / 5
    star = shapely.Polygon(np.column_stack([np.cos(turn), np.sin(turn)]))
    assert crossings(star) == 5


def test_a_square_crosses_itself_never():
    assert crossings(shapely.box(0, 0, 1, 1)) == 0


def test_crossings_of_a_long_scribble_are_estimated():
    shape = scribble(600)
    xy = shapely.get_coordinates(shape)
    lines = shapely.linestrings(np.stack([xy[:-1], xy[1:]], axis=1))
    exact = shapely.STRtree(lines).query(lines, predicate="crosses").shape[1] / 2
    assert crossings(shape) == pytest.approx(exact, rel=0.15)


def test_a_hopeless_scribble_is_left_out_in_bounded_time_and_the_rest_stays():
    started = time.perf_counter()
    found = repaired(np.array([scribble(3000), shapely.box(0, 0, 10, 10)], dtype=object))
    assert time.perf_counter() - started < 20, "making it valid would take many minutes"
    assert found.rows.tolist() == [1]
    assert [(n.code, n.count) for n in found.notices] == [("geometry-tangled", 1)]


def test_a_bow_tie_is_still_repaired():
    tie = shapely.Polygon([(0, 0), (10, 10), (10, 0), (0, 10)])
    found = repaired(np.array([tie], dtype=object))
    assert found.geometry[0].is_valid
    assert found.geometry[0].area == pytest.approx(50.0)
