"""The sun's ways stand where astronomy puts them, and the film of a day goes from dawn to dusk."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import pytest
from scene_city import CRS, EAST, NORTH

from viewers.scene.sun import sun_vector
from viewers.scene.sun_path import above, sun_ways
from viewers.tools.sunpath_tool import next_time
from viewers.view_state import HANOI_TIME

LATITUDE = 21.03
"""Of the frame's origin, degrees; the sun's declination at the solstices is ±23.44°."""


def ways(month=3, day=20, hour=9):
    return sun_ways(CRS, EAST, NORTH, datetime(2026, month, day, hour, tzinfo=HANOI_TIME))


def highest(line):
    return float(np.degrees(np.arcsin(line[:, 2].max())))


def test_noon_is_as_high_as_latitude_and_declination_say():
    equinox, june, december = ways().turns
    assert highest(equinox) == pytest.approx(90 - LATITUDE, abs=0.6)
    assert highest(june) == pytest.approx(90 - (23.44 - LATITUDE), abs=0.6)
    assert highest(december) == pytest.approx(90 - 23.44 - LATITUDE, abs=0.6)
    # In June the sun passes north of the zenith here, in December south of it.
    assert june[june[:, 2].argmax(), 1] > 0 > december[december[:, 2].argmax(), 1]


def test_at_the_equinox_it_rises_in_the_east_and_sets_in_the_west():
    equinox = ways().turns[0]
    for end, x in ((equinox[0], 1.0), (equinox[-1], -1.0)):
        assert end[2] == pytest.approx(0.0, abs=1e-6)
        assert end[0] == pytest.approx(x, abs=0.01)


def test_lines_are_on_the_unit_sphere_and_above_the_horizon():
    found = ways()
    for line in (*found.day, *found.turns, *found.hours):
        # A crossing is found on the chord between two times of day: a little inside.
        assert np.linalg.norm(line, axis=1) == pytest.approx(np.ones(len(line)), abs=2e-3)
        assert line[:, 2].min() > -1e-6


def test_the_sun_s_place_is_the_one_that_lights_the_city():
    when = datetime(2026, 8, 3, 15, 20, tzinfo=HANOI_TIME)
    found = sun_ways(CRS, EAST, NORTH, when)
    assert found.now == pytest.approx(sun_vector(CRS, EAST, NORTH, when), abs=1e-6)
    assert sorted(found.marks) == list(range(6, 19))


def test_a_line_that_dips_below_the_horizon_is_two():
    line = np.array([[0, 0, -1], [1, 0, 1], [2, 0, 1], [3, 0, -1], [4, 0, -1], [5, 0, 3.0]])
    one, other = above(line)
    assert one.tolist() == [[0.5, 0, 0], [1, 0, 1], [2, 0, 1], [2.5, 0, 0]]
    assert other.tolist() == [[4.25, 0, 0], [5, 0, 3]]


def test_the_film_goes_by_steps_and_begins_again_at_dawn():
    dawn = datetime(2026, 6, 21, 5, 30, tzinfo=HANOI_TIME)
    up = [dawn + timedelta(minutes=30 * k) for k in range(26)]  # until 18:00
    assert next_time(dawn, 30, up) == up[1]
    assert next_time(up[-1], 30, up) == dawn
    assert next_time(dawn.replace(hour=2), 30, up) == dawn
    assert next_time(dawn.replace(hour=23, minute=50), 30, []).hour == 0
