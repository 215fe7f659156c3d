"""Sky, plain and the border of the terrain, told by numbers and by pixels."""

from __future__ import annotations

import numpy as np
import pytest

from viewers.scene.sun import atmosphere, direction
from viewers.scene.terrain_visual import SLOPE, WIDEST, skirt


def square(height: float) -> tuple[np.ndarray, np.ndarray]:
    vertices = np.array(
        [[0, 0, height], [10, 0, height], [10, 10, height], [0, 10, height]], np.float32
    )
    return vertices, np.array([[0, 1, 2], [0, 2, 3]], np.int32)


def test_a_skirt_leads_every_border_outwards_to_the_plain() -> None:
    vertices, faces = skirt(*square(8.0), -2.0)
    assert len(faces) == 8  # two for each side; the diagonal inside has none
    foot = vertices[vertices[:, 2] < 0]
    assert foot[:, 2] == pytest.approx(np.full(4, -2.0))
    # ten metres down at one in SLOPE, along the corners' diagonals
    away = np.linalg.norm(foot[:, :2] - np.array([5.0, 5.0]), axis=1)
    assert away == pytest.approx(np.full(4, np.hypot(5, 5) + 10 * SLOPE), rel=1e-5)
    a, b, c = (vertices[faces[:, i]] for i in range(3))
    assert (np.cross(b - a, c - a)[:, 2] > 0).all()


def test_a_high_border_falls_steeper_instead_of_reaching_over_the_country() -> None:
    vertices, _ = skirt(*square(500.0), 0.0)
    foot = vertices[vertices[:, 2] < 1]
    away = np.linalg.norm(foot[:, :2] - np.array([5.0, 5.0]), axis=1)
    assert away == pytest.approx(np.full(4, np.hypot(5, 5) + WIDEST), rel=1e-5)


@pytest.mark.parametrize("elevation", [20.0, 45.0, 80.0])
def test_the_sky_of_the_day_is_blue_above_and_pale_and_warm_below(elevation: float) -> None:
    air = atmosphere(direction(150.0, elevation))
    assert air.zenith[2] > 1.7 * air.zenith[0]
    assert max(air.horizon) < 1.15 * min(air.horizon)
    assert sum(air.horizon) > 2 * sum(air.zenith)
