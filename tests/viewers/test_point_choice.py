"""Which nodes of a cloud a frame draws, and how much of them: worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from viewers.scene.eye_dome import DARKEST, darkness
from viewers.scene.point_choice import SHARES, shares
from viewers.scene.point_pick import blocks_of, entries, nearest, nearest_in


def test_every_node_is_drawn_whole_where_its_points_are_a_pixel_apart_or_more():
    points = np.array([1000, 1000, 1000])
    parts, apart = shares(points, np.array([8.0, 4.0, 1.0]), np.array([True, False, False]), None)
    assert parts.tolist() == [0, 0, 0] and apart == 1.0


def test_of_a_node_half_as_far_apart_as_needed_nothing_is_added():
    """Pixels 0.5: the node above it shows its points a pixel apart already."""
    parts, _ = shares(np.array([1000]), np.array([0.5]), np.array([False]), None)
    assert parts.tolist() == [-1]


def test_the_share_of_a_node_goes_with_the_square_of_how_far_apart_it_is():
    """Pixels 0.8: density 0.64 of what is wanted, a quarter of it stands above: 0.52 → the half is
    too little, so all of it."""
    parts, _ = shares(np.array([1000, 1000]), np.array([0.8, 0.7]), np.array([False, False]), None)
    assert [SHARES[part] for part in parts] == [1.0, 0.5]  # (0.49 − 0.25) / 0.75 = 0.32


def test_a_budget_thins_all_nodes_alike_and_keeps_the_coarse_ones():
    points = np.full(21, 10_000)
    pixels = np.array([4.0] + [2.0] * 4 + [1.0] * 16)
    roots = np.arange(21) == 0
    parts, apart = shares(points, pixels, roots, 60_000)
    drawn = sum(10_000 * SHARES[part] for part in parts if part >= 0)
    assert 30_000 < drawn <= 60_000
    assert parts[0] == 0 and apart > 1.0
    assert len(set(parts[1:5].tolist())) == 1, "alike where they are as far apart"


def test_a_larger_budget_never_draws_less():
    rng = np.random.default_rng(4)
    points, pixels = rng.integers(1000, 30_000, 200), rng.uniform(0.5, 12.0, 200)
    roots = np.arange(200) < 3
    counts = []
    for budget in (20_000, 100_000, 400_000, 2_000_000):
        parts, _ = shares(points, pixels, roots, budget)
        drawn = parts >= 0
        counts.append(float((points[drawn] * np.array(SHARES)[parts[drawn]]).sum()))
        assert counts[-1] <= budget
    assert counts == sorted(counts)


# -- picking --------------------------------------------------------------------------------


def test_the_nearer_of_two_points_along_a_ray_is_hit():
    xyz = np.array([[0.0, 100.0, 0.0], [0.0, 50.0, 0.05], [3.0, 20.0, 0.0]], np.float32)
    found = nearest(xyz, np.zeros(3), np.array([0.0, 1.0, 0.0]), 1000.0)
    assert found is not None and found.row == 1 and found.along == pytest.approx(50.0, abs=0.01)


def test_no_point_is_hit_behind_what_ends_the_ray():
    xyz = np.array([[0.0, 100.0, 0.0]], np.float32)
    assert nearest(xyz, np.zeros(3), np.array([0.0, 1.0, 0.0]), 50.0) is None


def test_a_ray_enters_boxes_where_it_meets_them():
    low = np.array([[-1.0, 10.0, -1.0], [50.0, 10.0, -1.0], [-1.0, -20.0, -1.0]])
    high = low + np.array([2.0, 5.0, 2.0])
    at = entries(low, high, np.zeros(3), np.array([0.0, 1.0, 0.0]))
    assert at[0] == pytest.approx(10.0, abs=0.2)
    assert np.isinf(at[1]) and np.isinf(at[2]), "beside it, and behind the eye"


def test_by_blocks_the_same_point_is_found():
    rng = np.random.default_rng(9)
    xyz = (rng.random((5_000, 3)) * (100.0, 100.0, 30.0)).astype(np.float32)
    xyz = xyz[np.lexsort((xyz[:, 0] // 10, xyz[:, 1] // 10))]
    blocks = blocks_of(xyz)
    for aim in rng.random((40, 3)) * (100.0, 100.0, 30.0):
        origin = np.array([50.0, -80.0, 60.0])
        direction = (aim - origin) / np.linalg.norm(aim - origin)
        assert nearest_in(xyz, blocks, origin, direction, 500.0) == nearest(
            xyz, origin, direction, 500.0
        )


# -- eye-dome lighting ----------------------------------------------------------------------


def depth_of(distance: np.ndarray, near: float, far: float) -> np.ndarray:
    """What a depth buffer holds for a distance (OpenGL 4.6, 13.8: perspective division)."""
    return ((1 / near - 1 / distance) / (1 / near - 1 / far)).astype(np.float32)


def test_a_slanted_plane_stays_as_light_as_it_is():
    """On a plane one over the distance is even over the picture."""
    near, far = 10.0, 10_000.0
    rows = np.linspace(1 / 900.0, 1 / 60.0, 200)[:, None]
    plane = 1.0 / np.repeat(rows, 300, axis=1)
    assert darkness(depth_of(plane, near, far), near, far).max() < 0.02


@pytest.mark.parametrize("distance", [30.0, 800.0])
def test_a_house_stands_out_at_street_and_at_city_distance(distance):
    """Something 2 % nearer than what is behind it: clearly dark around it, light on it."""
    near, far = distance * 0.2, 70_000.0
    away = np.full((300, 400), distance)
    away[100:200, 150:250] = distance * 0.98
    dark = darkness(depth_of(away, near, far), near, far)
    assert dark[150, 200] < 0.02 and dark[20, 20] < 0.02
    assert dark[150, 250:252].mean() > 0.3 * DARKEST, "just beside it"
    assert dark[150, 248] < 0.05, "not on it"


def test_points_drawn_wide_show_which_of_them_stand_behind():
    """Squares of 14 pixels, as points near the eye are drawn: their middles tell it, not only their rims."""
    rows, cols = np.mgrid[:1080, :420] // 14
    away = np.random.default_rng(1).choice([100.0, 106.0], size=(78, 30))[rows, cols]
    dark = darkness(depth_of(away, 1.0, 72_000.0), 1.0, 72_000.0)[7::14, 7::14]
    behind = away[7::14, 7::14] > 103.0
    assert dark[behind].mean() > 0.1 and dark[~behind].max() < 0.01


def test_the_sky_is_never_darkened():
    away = np.full((200, 200), 50.0)
    depth = depth_of(away, 5.0, 70_000.0)
    depth[:100] = 1.0
    dark = darkness(depth, 5.0, 70_000.0)
    assert dark[:100].max() == 0.0


def test_noise_of_the_buffer_far_away_is_not_seen():
    """A plane from 20 to 40 km, in steps of 2⁻²⁴."""
    near, far = 0.5, 72_000.0
    rows = np.linspace(1 / 40_000.0, 1 / 20_000.0, 150)[:, None]
    depth = depth_of(1.0 / np.repeat(rows, 200, axis=1), near, far).astype(np.float64)
    stepped = (np.round(depth * 2**24) / 2**24).astype(np.float32)
    assert darkness(stepped, near, far).max() < 0.05


def test_in_a_parallel_picture_metres_count():
    """500 m high: 5 m behind is a hundredth of it."""
    away = np.full((300, 300), 100.0)
    away[100:200, 100:200] = 95.0
    depth = ((away + 1000.0) / 2000.0).astype(np.float32)
    dark = darkness(depth, -1000.0, 1000.0, parallel_height=500.0)
    assert dark[150, 200:202].mean() > 0.25 * DARKEST and dark[150, 150] < 0.02
