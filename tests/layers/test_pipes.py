"""Pipes lie as deep as their columns, OpenStreetMap or their own heights say, and are round."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from layers.builders.pipes import depths_of, is_underground, laid_in_earth, pipes, radii_of, tubes
from layers.kinds.features import FeatureLayer


def lines(geometry, *, role="features", **columns):
    return FeatureLayer(
        id="pipes", name="Ống", crs="EPSG:5897", geometry=np.array(geometry, object), role=role,
        columns={k: np.array(v, object if isinstance(v[0], str) else None) for k, v in columns.items()},
    )  # fmt: skip


FLAT = shapely.LineString([(0, 0), (10, 0), (10, 10)])
DEEP = shapely.LineString([(0, 0, -2.0), (10, 0, -3.0)])


def test_what_lies_underground_is_known_by_depth_by_tag_or_by_height():
    assert is_underground(lines([FLAT], depth=[1.2]))
    assert is_underground(lines([FLAT], DO_SAU=[2.0]))
    assert is_underground(lines([FLAT], location=["underground"]))
    assert is_underground(lines([FLAT], layer=["-1"]))
    assert is_underground(lines([DEEP]))
    assert not is_underground(lines([FLAT]))
    assert not is_underground(lines([FLAT, FLAT], location=["underground", "overground"]))
    assert not is_underground(lines([FLAT], role="roads", depth=[1.2]))
    assert not is_underground(lines([shapely.Point(0, 0)], depth=[1.0]))


def test_a_depth_is_taken_from_the_column_a_nonsense_one_is_not():
    layer = lines([FLAT, FLAT, DEEP], depth=[1.2, -900.0, np.nan])
    assert depths_of(layer)[:2].tolist() == [1.2, 1.5]
    assert np.isnan(depths_of(layer)[2])


def test_diameters_are_millimetres_and_thin_ones_are_drawn_thicker():
    layer = lines([FLAT] * 4, dn=[1000.0, 50.0, 0.0, 90000.0])
    assert radii_of(layer).tolist() == [0.5, 0.15, 0.4, 3.0]
    assert radii_of(layer, size=2.0).tolist() == [1.0] * 4


def test_heights_below_zero_are_heights_or_depths_below_a_high_ground():
    xyz, line = laid_in_earth(lines([DEEP]), None, 4.0)
    assert xyz[:, 2].tolist() == [-2.0, -3.0] and line.tolist() == [0, 0]
    xyz, _ = laid_in_earth(lines([DEEP]), None, 900.0)  # Đà Lạt: no pipe lies 900 m deep
    assert xyz[:, 2].tolist() == [898.0, 897.0]
    xyz, _ = laid_in_earth(lines([FLAT], depth=[1.2]), None, 6.0)
    assert xyz[:, 2] == pytest.approx([4.8] * 3)


def test_a_straight_tube_is_a_prism_of_eight_sides():
    batch = pipes(
        lines([shapely.LineString([(0, 0), (10, 0)])], depth=[2.0], dn=[1000.0]),
        None, origin=(0.0, 0.0, 0.0), plain_z=0.0,
    )  # fmt: skip
    assert batch.triangles.shape == (16, 3) and set(batch.face_row.tolist()) == {0}
    off = np.hypot(batch.vertices[:, 1], batch.vertices[:, 2] + 2.0)
    assert off == pytest.approx(np.full(16, 0.5), abs=1e-6)
    a, b, c = (batch.vertices[batch.triangles[:, k]].astype(float) for k in range(3))
    area = np.linalg.norm(np.cross(b - a, c - a), axis=1).sum() / 2
    # Eight rectangles of 10 m by the side of an octagon: 2 r sin(π/8).
    assert area == pytest.approx(8 * 10 * 2 * 0.5 * np.sin(np.pi / 8))
    outward = np.einsum("ij,ij->i", np.cross(b - a, c - a), (a + b + c) / 3 - [5, 0, -2])
    assert (outward > 0).all() or (outward < 0).all()


def test_a_line_that_turns_is_one_tube_and_two_lines_are_two():
    xyz = np.array([[0, 0, 0], [5, 0, 0], [5, 5, 0], [9, 9, 0], [9, 12, 0.0], [9, 12, 0.0]])
    line = np.array([0, 0, 0, 1, 1, 1])  # the last corner stands twice
    batch = tubes(xyz, line, np.array([3, 1]), np.array([0.2, 0.2]), origin=(0.0, 0.0, 0.0))
    assert len(batch.triangles) == 3 * 16
    assert batch.face_row.tolist() == [1] * 16 + [3] * 32
    assert np.isfinite(batch.vertices).all()


def test_an_upright_shaft_has_a_round_section_too():
    xyz = np.array([[0, 0, 0], [0, 0, -5.0]])
    batch = tubes(xyz, np.array([0, 0]), np.array([0]), np.array([1.0]), origin=(0.0, 0.0, 0.0))
    assert np.hypot(batch.vertices[:, 0], batch.vertices[:, 1]) == pytest.approx(np.ones(16))
