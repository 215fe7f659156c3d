"""Which tiles of buildings a frame draws: within its budget, without gaps, nothing twice."""

from __future__ import annotations

import numpy as np
import pytest

from layers.tiles.quadtree import Quadtree
from viewers.scene.block_choice import FINEST, choose_tiles, standing
from viewers.scene.eye import Eye

# Root 0 over children 1–4; child 1 over leaves 5–8. Squares of 400, 200 and 100 m.
PARENT = np.array([-1, 0, 0, 0, 0, 1, 1, 1, 1])
CHILDREN = [np.flatnonzero(node == PARENT) for node in range(9)]
CORNER = np.array(
    [[0, 0], [0, 0], [200, 0], [0, 200], [200, 200], [0, 0], [100, 0], [0, 100], [100, 100]], float
)
SIDE = np.array([400, 200, 200, 200, 200, 100, 100, 100, 100], float)


def tree() -> Quadtree:
    return Quadtree(
        order=np.arange(9),
        first=np.zeros(9, np.int64),
        last=np.ones(9, np.int64),
        parent=PARENT,
        leaf=np.array([False, False, True, True, True, True, True, True, True]),
        corner=CORNER,
        side=SIDE,
        low=np.column_stack([CORNER, np.zeros(9)]),
        high=np.column_stack([CORNER + SIDE[:, None], np.full(9, 20.0)]),
        error=np.array([8.0, 4.0, 0, 0, 0, 0, 0, 0, 0]),
        faces=np.array([100, 100, 300, 300, 300, 200, 200, 200, 200]),
    )


def eye(height: float, *, planes: np.ndarray | None = None, most: int = 10**6) -> Eye:
    """Above the middle of child 1, a thousand pixels to a radian, seeing everything."""
    everything = np.tile([0.0, 0.0, 0.0, 1.0], (6, 1))
    return Eye(
        position=np.array([50.0, 50.0, height]), direction=np.array([0.0, 0, -1]),
        planes=everything if planes is None else planes, pixels_per_radian=1000.0, parallel=0.0,
        size=(1000, 1000), moving=True, fine=False, edges=False, triangles=None, points=None,
        most=most,
    )  # fmt: skip


def chosen(**given) -> set[int]:
    budget = given.pop("budget", None)
    return set(choose_tiles(tree(), np.zeros(3), eye(**given), budget=budget).wanted.tolist())


def test_far_away_the_root_will_do_and_near_all_leaves_are_wanted():
    # 8 m at 8020 m are 8 · 1000 / 8000 = 1 pixel; a metre nearer it is more.
    assert chosen(height=8020.5) == {0}
    assert chosen(height=8000.0) == {1, 2, 3, 4}
    assert chosen(height=4000.0) == {2, 3, 4, 5, 6, 7, 8}


def test_a_budget_is_held_with_the_least_error():
    assert chosen(height=500.0, budget=100_000) == {2, 3, 4, 5, 6, 7, 8}
    # Leaves of child 1: 4 · 200 + 3 · 300 = 1700 triangles; its own tile: 100 + 900.
    assert chosen(height=500.0, budget=1699) == {1, 2, 3, 4}
    assert chosen(height=500.0, budget=999) == {0}
    assert chosen(height=500.0, most=999) == {0}, "a still picture has an end, too"


def test_what_is_out_of_sight_is_not_wanted_unless_it_throws_shadows():
    right = np.tile([0.0, 0.0, 0.0, 1.0], (6, 1))
    right[0] = [1.0, 0.0, 0.0, -250.0]  # x > 250
    assert chosen(height=1000.0, planes=right) == {2, 4}
    around = choose_tiles(
        tree(), np.zeros(3), eye(1000.0, planes=right), budget=None, all_around=True
    )
    assert set(around.wanted.tolist()) == {2, 3, 4, 5, 6, 7, 8}


def test_a_tolerance_that_still_holds_is_kept():
    first = choose_tiles(tree(), np.zeros(3), eye(500.0), budget=1200)
    again = choose_tiles(tree(), np.zeros(3), eye(502.0), budget=1200, before=first.tolerance * 1.1)
    assert again.tolerance == pytest.approx(first.tolerance * 1.1)
    assert first.tolerance > FINEST


@pytest.mark.parametrize(
    ("wanted", "resident", "drawn"),
    [
        ([5, 6, 7, 8, 2, 3, 4], range(9), {5, 6, 7, 8, 2, 3, 4}),
        # A leaf is missing: its parent stands for it, and so for its sisters.
        ([5, 6, 7, 8, 2], {0, 1, 2, 5, 6, 7}, {1, 2}),
        # Nothing but the root: it stands for all.
        ([5, 6, 2], {0, 2, 5}, {0}),
        # Coarser is wanted than is there: the finer ones that cover it go on.
        ([1], {0, 5, 6, 7, 8}, {5, 6, 7, 8}),
        ([0], {1, 2, 3, 4}, {1, 2, 3, 4}),
        # They do not cover it: the coarser one.
        ([1], {0, 5, 6, 7}, {0}),
        # Nothing there at all.
        ([1, 2], set(), set()),
    ],
)
def test_what_is_missing_is_stood_for_without_gap_or_overlap(wanted, resident, drawn):
    assert set(standing(PARENT, CHILDREN, wanted, set(resident))) == drawn
