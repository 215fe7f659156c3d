"""Chunks keep everything, prefixes are coarser levels, and the budget is held."""

from __future__ import annotations

import numpy as np
import pytest
from scene_city import block_city

from layers.builders.solids import solids_of
from layers.tiles.chunks import LEVELS, assign, cut
from viewers.scene.budget import FrameBudget, choose_levels, in_frustum
from viewers.scene.edges import solid_edges


@pytest.fixture(scope="module")
def chunks():
    layer = block_city(20).layers["buildings"]
    batch = solids_of(layer, origin=(588_000.0, 2_326_000.0, 0.0))
    xy = np.array([g.centroid.coords[0] for g in layer.footprints])
    made = cut(
        batch.vertices, batch.triangles, batch.face_solid, batch.face_kind,
        chunk_of_row=assign(xy, 100.0), size_of_row=np.asarray(layer.height),
    )  # fmt: skip
    return batch, made


def corners(vertices, triangles):
    return {tuple(np.round(t.ravel(), 3)) for t in vertices[triangles]}


def test_every_triangle_is_in_exactly_one_chunk(chunks):
    batch, made = chunks
    assert sum(len(c.triangles) for c in made.values()) == len(batch.triangles)
    together = set().union(*(corners(c.vertices, c.triangles) for c in made.values()))
    assert together == corners(batch.vertices, batch.triangles)


def test_the_tallest_come_first_and_a_level_loses_at_most_its_error(chunks):
    for chunk in chunks[1].values():
        assert (np.diff(chunk.size) <= 0).all()
        for share, triangles, error in zip(
            LEVELS, chunk.level_triangles(), chunk.level_error(), strict=True
        ):
            kept = set(chunk.face_row[:triangles].tolist())
            lost = [s for row, s in zip(chunk.rows, chunk.size, strict=True) if row not in kept]
            assert len(kept) == int(np.ceil(share * len(chunk.rows)))
            assert (max(lost) if lost else 0.0) == error


def test_chosen_levels_hold_the_budget_and_prefer_what_is_near():
    count = 60
    error = np.tile([0.0, 5.0, 10.0, 20.0], (count, 1))
    triangles = np.tile([4000, 2000, 1000, 0], (count, 1))
    distance = np.linspace(50, 5000, count)
    levels = choose_levels(error, triangles, distance, pixels_per_radian=1500.0, budget=60_000)
    assert triangles[np.arange(count), levels].sum() <= 60_000
    assert (np.diff(levels) >= 0).all() and levels[0] == 0
    everything = choose_levels(error, triangles, distance, pixels_per_radian=1500.0, budget=10**9)
    assert (everything == 0).all()


def test_a_level_that_is_nearly_as_good_is_kept():
    error, triangles = np.array([[0.0, 5.0]] * 10), np.array([[100, 50]] * 10)
    distance = np.linspace(100, 1000, 10)
    first = choose_levels(error, triangles, distance, pixels_per_radian=1000, budget=800)
    again = choose_levels(
        error, triangles, distance * 1.01, pixels_per_radian=1000, budget=800, before=first
    )
    assert (first == again).all()


def test_late_frames_shrink_the_budget_and_quick_ones_raise_it():
    budget = FrameBudget(triangles=300_000, target=1 / 30)
    for _ in range(3):
        budget.measured(0.1, 300_000)
    shrunk = budget.triangles
    assert budget.least <= shrunk < 100_000
    for _ in range(30):
        budget.measured(0.005, budget.triangles)
    assert budget.triangles > 5 * shrunk


def test_scenes_of_different_cost_settle_at_frames_that_take_alike():
    """1.08 ÷ 0.92 is 1.17: no cloud moves 1.3 times as slowly as another, whatever its points cost."""
    times = []
    for fixed, each in ((0.004, 4e-8), (0.02, 1e-7), (0.03, 7e-8), (0.01, 2e-7), (0.025, 2.3e-7)):
        for start in range(60_000, 900_000, 20_000):  # from above and from below
            budget = FrameBudget(triangles=start, target=1 / 20)
            for _ in range(60):
                seconds = fixed + each * budget.triangles
                budget.measured(seconds, budget.triangles)
            times.append(fixed + each * budget.triangles)
    assert max(times) / min(times) < 1.2


def test_quick_frames_that_drew_all_there_is_teach_nothing():
    budget = FrameBudget(triangles=100_000)
    budget.measured(0.001, 500)
    assert budget.triangles == 100_000


def test_frames_that_are_late_with_the_least_detail_get_fewer_pixels_and_later_all_again():
    budget = FrameBudget(target=0.05)
    for _ in range(3):
        budget.measured(0.2, budget.least)  # 120 000 at first: detail falls before pixels do
        assert not budget.fewer_pixels
    for _ in range(4):
        budget.measured(0.2, budget.least)
    assert budget.fewer_pixels and budget.triangles == budget.least
    # A quarter of the time: as it should be, and all pixels would be too late again.
    for _ in range(1000):
        budget.measured(0.05, budget.least)
    assert budget.fewer_pixels
    # Something large was closed: what is left takes little even with all of them.
    for _ in range(6):
        budget.measured(0.004, 1000)
    assert not budget.fewer_pixels
    for _ in range(100):
        budget.measured(0.016, 1000)
    assert not budget.fewer_pixels


def test_one_late_frame_takes_no_pixels():
    budget = FrameBudget(triangles=60_000, target=0.05)
    for _ in range(20):
        budget.measured(0.05, 60_000)
        budget.measured(0.12, 60_000)
        for _ in range(4):
            budget.measured(0.04, 60_000)
    assert not budget.fewer_pixels


def test_boxes_behind_a_plane_are_out_of_sight():
    plane = np.array([[1.0, 0.0, 0.0, 0.0]])
    low, high = (
        np.array([[-5.0, 0, 0], [1, 0, 0], [-1, 0, 0]]),
        np.array([[-2.0, 1, 1], [2, 1, 1], [1, 1, 1]]),
    )
    assert in_frustum(low, high, plane).tolist() == [False, True, True]


def test_a_cube_is_drawn_with_its_twelve_edges():
    layer = block_city(1).layers["buildings"]
    batch = solids_of(layer, origin=(588_000.0, 2_326_000.0, 0.0))
    assert len(solid_edges(batch.vertices, batch.triangles)) == 12
