"""The eye's way: through every view, at the speed that was asked for, by hand calculation."""

from __future__ import annotations

import math

import numpy as np
import pytest

from layers.errors import CityError
from viewers.film.path import CameraPath, Flight, Timing, Turntable, ease_ends
from viewers.view_state import CameraPose


def looking_north(x: float, y: float = 0.0, z: float = 50.0, *, away: float = 100.0) -> CameraPose:
    return CameraPose(eye=(x, y, z), target=(x, y + away, z))


ALONG = CameraPath([looking_north(0.0), looking_north(100.0), looking_north(400.0)])


def test_a_path_goes_exactly_through_every_view():
    poses = [
        looking_north(0.0),
        CameraPose(eye=(50, 80, 120), target=(60, 160, 10)),
        CameraPose(eye=(10, 200, 30), target=(-60, 160, 10), view_angle=50.0),
    ]
    path = CameraPath(poses)
    come = np.concatenate([[0.0], np.cumsum(path.lengths)])
    assert [path.at(metres) for metres in come] == poses


def test_a_straight_way_with_one_gaze_is_as_long_as_it_is():
    assert ALONG.lengths == pytest.approx([100.0, 300.0], rel=1e-3)
    halfway = ALONG.at(250.0)
    assert halfway.eye == pytest.approx((250.0, 0.0, 50.0), abs=0.2)
    assert halfway.target == pytest.approx((250.0, 100.0, 50.0), abs=0.2)


def test_turning_on_the_spot_counts_what_passes_before_the_eye():
    # A quarter turn with the target 100 m away: 100 · π/2.
    east = CameraPose(eye=(0, 0, 50), target=(100, 0, 50))
    path = CameraPath([looking_north(0.0), east])
    assert path.lengths == pytest.approx([100 * math.pi / 2], rel=1e-6)
    middle = path.at(path.lengths[0] / 2)
    assert middle.eye == pytest.approx((0, 0, 50))
    assert middle.target == pytest.approx((70.7107, 70.7107, 50), abs=1e-3)


def test_a_gaze_turns_the_short_way_round():
    # From 350° to 10°: through north, not through south.
    def gaze(degrees: float) -> CameraPose:
        x, y = math.sin(math.radians(degrees)), math.cos(math.radians(degrees))
        return CameraPose(eye=(0, 0, 0), target=(100 * x, 100 * y, 0))

    path = CameraPath([gaze(350), gaze(10)])
    assert path.lengths == pytest.approx([100 * math.radians(20)], rel=1e-6)
    assert path.at(path.lengths[0] / 2).target == pytest.approx((0, 100, 0), abs=1e-6)


def test_coming_down_from_above_a_city_the_eye_keeps_sight_of_what_it_comes_to():
    above = CameraPose(eye=(-6000, -16000, 9200), target=(11000, 20000, 0))
    near = CameraPose(eye=(0, -170, 966), target=(0, 0, 7))
    path = CameraPath([above, near])
    for metres in np.linspace(0, path.lengths[0], 41):
        pose = path.at(metres)
        ahead, there = (np.subtract(p, pose.eye) for p in (pose.target, near.target))
        cosine = ahead @ there / np.linalg.norm(ahead) / np.linalg.norm(there)
        # Half the diagonal of a picture of 16:9 that is 35° high.
        assert math.degrees(math.acos(min(cosine, 1.0))) < 32.8


def test_a_gaze_has_no_leap_where_following_ends_and_turning_begins():
    poses = [
        looking_north(0.0),
        looking_north(300.0),
        CameraPose(eye=(300, 0, 50), target=(400, 0, 50)),  # a quarter turn on the spot
    ]
    path = CameraPath(poses)
    corner = float(path.lengths[0])
    before, at, after = (
        np.subtract(path.at(corner + d).target, path.at(corner + d).eye) for d in (-0.01, 0.0, 0.01)
    )
    assert before == pytest.approx(at, abs=0.1) and after == pytest.approx(at, abs=0.1)


def test_constant_speed_is_constant_over_uneven_pieces():
    flight = Flight(ALONG, Timing(seconds=8.0, speed="constant"))
    x = np.array([flight.at(t).eye[0] for t in np.linspace(0, 8, 33)])
    assert np.diff(x) == pytest.approx(np.full(32, 12.5), rel=0.01)


def test_a_curve_is_smooth_where_pieces_meet():
    poses = [looking_north(0, 0), looking_north(100, 0), looking_north(100, 100)]
    path = CameraPath(poses)
    corner = float(path.lengths[0])
    before, at, after = (np.array(path.at(corner + d).eye) for d in (-0.5, 0.0, 0.5))
    one, other = at - before, after - at
    cosine = one @ other / np.linalg.norm(one) / np.linalg.norm(other)
    assert cosine > 0.9995
    assert path.lengths == pytest.approx(path.lengths[::-1], rel=1e-3)  # symmetric


def test_an_eased_flight_gains_and_loses_its_speed():
    # A trapezoid of speed with 15 % at each end: after 15 % of the time 0.15 / (2 · 0.85) of the way.
    assert [ease_ends(s) for s in (0.0, 0.5, 1.0)] == pytest.approx([0.0, 0.5, 1.0])
    assert ease_ends(0.15) == pytest.approx(0.15 / 1.7)
    assert ease_ends(0.3) - ease_ends(0.2) == pytest.approx(0.1 / 0.85)
    flight = Flight(ALONG, Timing(seconds=10.0))
    assert flight.at(1.5).eye[0] == pytest.approx(400 * 0.15 / 1.7, rel=0.01)
    assert flight.at(10.0) == ALONG.poses[-1] and flight.at(99.0) == ALONG.poses[-1]


def test_stays_are_kept_at_every_view():
    # 3 stays of 2 s leave 8 s for 400 m: 2 s for the first 100 m, 6 s for the other 300 m.
    flight = Flight(ALONG, Timing(seconds=14.0, stay=2.0, speed="constant"))
    assert flight.duration == 14.0
    for seconds, x in ((0, 0), (2, 0), (3, 50), (4, 100), (6, 100), (9, 250), (12, 400), (14, 400)):
        assert flight.at(seconds).eye[0] == pytest.approx(x, abs=1.0), seconds
    with pytest.raises(CityError):
        Flight(ALONG, Timing(seconds=5.0, stay=2.0))


def test_one_view_alone_is_a_film_that_stands():
    flight = Flight(CameraPath([looking_north(3.0)]), Timing(seconds=4.0))
    assert flight.duration == 4.0 and flight.at(2.0) == looking_north(3.0)
    with pytest.raises(CityError):
        CameraPath([])


def test_views_from_straight_above_turn_without_a_jump():
    north = CameraPose(eye=(0, 0, 100), target=(0, 0, 0), up=(0, 1, 0))
    east = CameraPose(eye=(0, 0, 100), target=(0, 0, 0), up=(1, 0, 0))
    path = CameraPath([north, east])
    middle = path.at(path.lengths[0] / 2)
    assert middle.target == pytest.approx((0, 0, 0), abs=1e-6)
    assert middle.up == pytest.approx((math.sqrt(0.5), math.sqrt(0.5), 0), abs=1e-6)


def test_a_plan_grows_by_the_same_factor_each_second():
    poses = [
        CameraPose(eye=(0, 0, 100), target=(0, 0, 0), up=(0, 1, 0), parallel_scale=scale)
        for scale in (100.0, 400.0)
    ]
    poses[1] = CameraPose(eye=(50, 0, 100), target=(50, 0, 0), up=(0, 1, 0), parallel_scale=400.0)
    path = CameraPath(poses)
    assert path.at(path.lengths[0] / 2).parallel_scale == pytest.approx(200.0, rel=1e-6)


def test_a_turntable_ends_where_it_began_and_goes_clockwise():
    pose = CameraPose(eye=(0, -100, 80), target=(0, 0, 0))
    table = Turntable(pose, 12.0)
    assert table.at(3.0).eye == pytest.approx((-100, 0, 80))
    assert table.at(12.0).eye == pytest.approx(pose.eye)
