"""Pieces of different size meet without a gap."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from layers.builders.drape import drape_areas
from layers.builders.seams import without_hanging
from layers.kinds.elevation import ElevationLayer


def area(xy: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    a, b, c = (xy[triangles[:, k]] for k in range(3))
    u, v = b - a, c - a
    return (u[:, 0] * v[:, 1] - u[:, 1] * v[:, 0]) / 2


def test_a_large_square_beside_two_small_ones_is_split_at_their_corner():
    xy = np.array([[0, 0], [2, 0], [2, 2], [0, 2], [3, 0], [3, 1], [2, 1], [3, 2]], float)
    large = [[0, 1, 2], [0, 2, 3]]
    small = [[1, 4, 5], [1, 5, 6], [6, 5, 7], [6, 7, 2]]
    triangles, face = without_hanging(xy, np.array(large + small), np.array([0, 0, 1, 1, 2, 2]))
    # Only the triangle with the side from (2, 0) to (2, 2) is split, into two.
    assert len(triangles) == 7 and sorted(face.tolist()) == [0, 0, 0, 1, 1, 2, 2]
    parts = area(xy, triangles)
    assert (parts > 0).all() and parts.sum() == pytest.approx(6.0)
    assert {frozenset(t) for t in triangles.tolist()} >= {
        frozenset((0, 1, 6)),
        frozenset((0, 6, 2)),
    }


def test_several_corners_on_several_sides_are_all_met():
    # A square of 4 with corners of small squares on all four sides, in its own order and against it.
    ring = [(x, y) for x in range(5) for y in range(5) if x in (0, 4) or y in (0, 4)]
    xy = np.array([(0, 0), (4, 0), (4, 4), (0, 4), *ring], float)
    triangles, _ = without_hanging(xy, np.array([[0, 1, 2], [0, 2, 3]]), np.zeros(2, int))
    parts = area(xy, triangles)
    assert (parts > 0).all() and parts.sum() == pytest.approx(16.0)
    used = {tuple(p) for p in xy[np.unique(triangles)].tolist()}
    assert used == {(float(x), float(y)) for x, y in ring}


def test_a_lake_on_rough_and_flat_ground_has_no_open_seam():
    rng = np.random.default_rng(2)
    heights = np.full((200, 200), 5.0, np.float32)
    heights[:, 100:] += rng.uniform(0, 1, (200, 100)).astype(np.float32)
    ground = ElevationLayer(
        id="g", name="g", crs="EPSG:32648", heights=heights, west=0.0, north=200.0, cell_x=1.0,
        cell_y=1.0,
    )  # fmt: skip
    lake = shapely.Point(100, 100).buffer(80)
    batch = drape_areas(np.array([lake], dtype=object), ground, origin=(0.0, 0.0, 0.0))
    v, t = batch.vertices.astype(float), batch.triangles
    assert area(v[:, :2], t).sum() == pytest.approx(lake.area, rel=1e-4)
    # Corners at one place are one place, whichever piece they belong to.
    _, place = np.unique(v.round(4), axis=0, return_inverse=True)
    place = place.reshape(-1)[t]
    edges = np.sort(np.concatenate([place[:, [0, 1]], place[:, [1, 2]], place[:, [2, 0]]]), axis=1)
    edges, count = np.unique(edges, axis=0, return_counts=True)
    middles = np.unique(v.round(4), axis=0)[edges[count == 1]].mean(axis=1)
    # What is the edge of one triangle alone lies on the shore.
    away = np.abs(np.hypot(middles[:, 0] - 100, middles[:, 1] - 100) - 80)
    assert away.max() < 0.5
