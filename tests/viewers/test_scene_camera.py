"""The eye goes where it is told, and pictures are what was asked for."""

from __future__ import annotations

import numpy as np
import pytest
from scene_city import EAST, NORTH, block_city

from layers.errors import CityError
from viewers.picture import round_length
from viewers.scene.pictures import off_screen
from viewers.scene.poses import between, ease, framing, from_polar, orbited, to_polar, zoomed
from viewers.view_state import CameraPose, ViewState


def test_polar_coordinates_go_there_and_back():
    offset = np.array([30.0, -40.0, 25.0])
    assert from_polar(*to_polar(offset)) == pytest.approx(offset)


def test_orbiting_keeps_the_distance_and_never_goes_over_the_top():
    eye, target = np.array([100.0, 0.0, 50.0]), np.zeros(3)
    turned = orbited(eye, target, np.pi / 2, 0.0)
    assert turned == pytest.approx([0.0, -100.0, 50.0])
    top = orbited(eye, target, 0.0, 10.0)
    assert np.linalg.norm(top) == pytest.approx(np.linalg.norm(eye)) and top[2] > 0


def test_what_is_under_the_cursor_stays_there_while_zooming():
    eye, target, about = np.array([0.0, -100, 80]), np.zeros(3), np.array([30.0, 20.0, 0.0])
    closer, aim = zoomed(eye, target, about, 2.0)
    before, after = about - eye, about - closer
    assert np.cross(before, after) == pytest.approx(np.zeros(3))
    assert np.cross(target - eye, aim - closer) == pytest.approx(np.zeros(3))
    assert np.linalg.norm(after) == pytest.approx(np.linalg.norm(before) / 2)


def test_a_flight_starts_and_ends_exactly_and_turns_the_short_way():
    a = CameraPose(eye=(0, -100, 50), target=(0, 0, 0))
    b = CameraPose(eye=(500, 640, 90), target=(500, 500, 0))
    assert between(a, b, 1.0) is b
    assert between(a, b, 0.0).eye == pytest.approx(a.eye)
    assert ease(0) == 0 and ease(1) == 1 and ease(0.5) == pytest.approx(0.5)
    east = CameraPose(eye=(100, -10, 50), target=(0, 0, 0))
    north = CameraPose(eye=(100, 10, 50), target=(0, 0, 0))
    assert between(east, north, 0.5).eye[0] > 90


def test_framing_brings_every_corner_into_the_picture():
    bounds = np.array([0.0, 800, -200, 300, 0, 60])
    eye, target = framing(bounds, view_angle=35.0, aspect=1.6, heading=0.7, elevation=0.6)
    forward = (target - eye) / np.linalg.norm(target - eye)
    right = np.cross(forward, [0, 0, 1.0])
    right /= np.linalg.norm(right)
    up = np.cross(right, forward)
    half = np.tan(np.radians(17.5))
    corners = (
        np.array([[x, y, z] for x in bounds[:2] for y in bounds[2:4] for z in bounds[4:]]) - eye
    )
    depth = corners @ forward
    assert (np.abs(corners @ up) <= depth * half * 1.001).all()
    assert (np.abs(corners @ right) <= depth * half * 1.6 * 1.001).all()


def test_scale_bars_have_round_lengths():
    assert [round_length(v) for v in (7.3, 49.9, 50.0, 1999, 0.3)] == pytest.approx(
        [5, 20, 50, 1000, 0.2]
    )


def test_a_city_off_screen_is_seen_from_where_it_was_asked():
    for camera in ("overview", CameraPose(eye=(EAST, NORTH, 90.0), target=(EAST, NORTH + 9, 0.0))):
        with off_screen(block_city(4), ViewState(), (640, 360), camera=camera) as scene:
            picture = scene.screenshot()
            assert (
                picture.shape == (360, 640, 3)
                and len(np.unique(picture.reshape(-1, 3), axis=0)) > 200
            )
            assert camera == "overview" or scene.camera.pose.eye == pytest.approx(camera.eye)


def test_an_impossible_size_is_refused():
    with pytest.raises(CityError), off_screen(block_city(1), ViewState(), (0, 100)):
        pass


def test_without_perspective_a_click_takes_the_point_under_it_and_no_other(tmp_path):
    from layers.kinds.pointcloud import PointCloudLayer

    xyz = np.array([[x, y, 5.0] for x in range(-20, 21, 2) for y in range(-20, 21, 2)], np.float32)
    cloud = PointCloudLayer(
        id="cloud", name="Cloud", crs="EPSG:32648", xyz=xyz, offset=(EAST, NORTH, 0.0)
    )
    dark = ViewState(shadows=False, occlusion=False)
    with off_screen(block_city(2).with_layer(cloud), dark, (400, 300)) as scene:
        scene.camera.pose = CameraPose(
            eye=(EAST - 10, NORTH - 10, 900), target=(EAST - 10, NORTH - 10, 0), up=(0.0, 1.0, 0.0),
            parallel_scale=15.0,
        )  # fmt: skip
        scene.set_still()
        for x, y in ((-14.0, -8.0), (-4.0, -16.0)):
            here = scene.camera.project(np.array([EAST + x, NORTH + y, 5.0]), (400, 300))
            found = scene.pick(*here)
            assert found is not None and found.kind == "point"
            assert found.where == pytest.approx((EAST + x, NORTH + y, 5.0), abs=0.01)


def test_a_drag_and_the_wheel_keep_what_is_under_the_cursor_without_perspective():
    with off_screen(block_city(3), ViewState(shadows=False, occlusion=False), (400, 300)) as scene:
        scene.camera.pose = CameraPose(
            eye=(EAST, NORTH - 500, 10), target=(EAST, NORTH, 10), parallel_scale=30.0
        )
        place = np.array([EAST + 12.0, NORTH, 20.0])
        before = scene.camera.project(place, (400, 300))
        scene.camera.zoom(2.0, place - scene.camera.origin)
        assert scene.camera.project(place, (400, 300)) == pytest.approx(before, abs=1e-6)
        scene.camera.drag(place - scene.camera.origin, *scene.camera.ray(50, 60, (400, 300)))
        assert scene.camera.project(place, (400, 300)) == pytest.approx((50, 60), abs=1e-6)
        assert scene.camera.pose.parallel_scale == pytest.approx(15.0)
