"""The land around a ground: under it everywhere, at the feet of what stands, level with the plain."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from scipy.interpolate import LinearNDInterpolator, RegularGridInterpolator

from layers.builders import surround
from layers.builders.surround import OFF, STEP_M, Sheet, sheet_around

NONE = np.empty(0, object), np.empty(0)


def hills(rows: int, cols: int, seed: int = 3) -> np.ndarray:
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:rows, :cols]
    rough = 6 * np.sin(x / 17) + 4 * np.cos(y / 11) + rng.normal(0, 0.4, (rows, cols))
    rough[rows // 2 :, : cols // 3] -= 5.0  # a quay
    return (10 + rough).astype(np.float32)


def nodes(rows: int, cols: int) -> tuple[np.ndarray, np.ndarray]:
    return np.arange(cols) + 0.5, rows - np.arange(rows) - 0.5


def height_of(sheet: Sheet, xy: np.ndarray) -> np.ndarray:
    """Heights by rays: of the highest triangle over each place; NaN where there is none."""
    from embreex.mesh_construction import TriangleMesh
    from embreex.rtcore_scene import EmbreeScene

    scene = EmbreeScene()
    TriangleMesh(scene, np.ascontiguousarray(sheet.vertices[sheet.triangles]))
    start = np.column_stack([xy, np.full(len(xy), 500.0)]).astype(np.float32)
    down = np.tile(np.array([0, 0, -1], np.float32), (len(xy), 1))
    met = scene.run(start, down, query="INTERSECT", output=True)
    return np.where(met["primID"] >= 0, 500.0 - met["tfar"], np.nan)


@pytest.mark.parametrize("seed", [3, 4, 5])
def test_nowhere_does_the_land_around_stand_through_the_ground(seed: int) -> None:
    ground = hills(120, 150, seed)
    x, y = nodes(120, 150)
    sheet = sheet_around(ground, x, y, outlines=NONE[0], feet=NONE[1], plain=-2.0)
    rng = np.random.default_rng(seed)
    xy = np.column_stack([rng.uniform(1, 149, 3000), rng.uniform(1, 119, 3000)])
    lies = RegularGridInterpolator((y[::-1], x), ground[::-1].astype(float))(xy[:, ::-1])
    under = height_of(sheet, xy)
    there = np.isfinite(under)
    assert 50 < there.sum() < 1500  # along the edge alone: the middle is a hole
    assert (lies - under)[there].min() >= STEP_M[0] - 1e-3


def test_what_stands_outside_stands_on_it() -> None:
    ground = np.full((100, 100), 5.0, np.float32)
    x, y = nodes(100, 100)
    houses = shapely.box([150, 200, -60], [20, 60, 140], [170, 212, -45], [35, 90, 160])
    feet = np.array([7.0, 3.5, 9.0])
    sheet = sheet_around(ground, x, y, outlines=houses, feet=feet, plain=0.0)
    middle = shapely.get_coordinates(shapely.centroid(houses))
    assert height_of(sheet, middle) == pytest.approx(feet, abs=0.05)
    corner = shapely.get_coordinates(houses[0])[:4] + np.array([-0.1, 0.1])
    assert height_of(sheet, corner) == pytest.approx(np.full(4, 7.0), abs=0.6)


def test_it_runs_out_level_at_the_height_of_the_plain() -> None:
    ground = np.full((60, 60), 30.0, np.float32)
    x, y = nodes(60, 60)
    sheet = sheet_around(
        ground, x, y, outlines=NONE[0], feet=NONE[1], plain=-1.0, origin=(1000.0, 2000.0, 10.0)
    )
    v = sheet.vertices + np.array([1000.0, 2000.0, 10.0])
    rim = (v[:, 0] == v[:, 0].min()) | (v[:, 1] == v[:, 1].max())
    assert v[rim, 2] == pytest.approx(-1.0, abs=1e-4)
    # One in eight from 31 m: 248 m beyond the ground, where it is level.
    assert v[:, 0].min() == pytest.approx(0.5 - 248, abs=4)
    beside = v[:, 0] < v[:, 0].min() + 10.0
    over = v[beside, 2] + 1.0
    # At most one in a hundred so near the rim, where the slope is one in eight elsewhere.
    assert over.min() > -1e-3 and (over <= 0.01 * (v[beside, 0] - v[:, 0].min()) + 0.01).all()


def test_few_triangles_lie_where_the_land_is_smooth_and_they_keep_its_height_and_slope(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ground = np.full((60, 60), 30.0, np.float32)
    x, y = nodes(60, 60)
    sheet = sheet_around(ground, x, y, outlines=NONE[0], feet=NONE[1], plain=-1.0)
    monkeypatch.setattr(surround, "OFF", (0.0, 0.0))
    whole = sheet_around(ground, x, y, outlines=NONE[0], feet=NONE[1], plain=-1.0)
    assert len(sheet.triangles) < len(whole.triangles) / 10
    xy = np.random.default_rng(0).uniform(-200, 260, (2000, 2))
    apart = np.abs(height_of(sheet, xy) - height_of(whole, xy))
    assert np.isfinite(apart).sum() > 1500
    # What triangles may be off, and the step that is lower by as much.
    assert np.nanmax(apart) < 2.5 * OFF[0] * STEP_M[0]
    assert np.linalg.norm(sheet.normals, axis=1) == pytest.approx(1.0, abs=1e-5)
    a, b, c = (sheet.vertices[sheet.triangles[:, k]].astype(float) for k in range(3))
    face = np.cross(b - a, c - a)
    face /= np.linalg.norm(face, axis=1, keepdims=True)
    leaning = (sheet.normals[sheet.triangles] * face[:, None]).sum(axis=2)
    assert np.median(leaning) > 0.999


def test_holes_in_the_ground_are_covered_and_its_middle_is_not() -> None:
    ground = np.full((100, 100), 4.0, np.float32)
    ground[40:60, 40:60] = np.nan
    x, y = nodes(100, 100)
    sheet = sheet_around(ground, x, y, outlines=NONE[0], feet=NONE[1], plain=3.0)
    found = height_of(sheet, np.array([[50.0, 50.0], [20.0, 20.0]]))
    assert found[0] == pytest.approx(4.0 - STEP_M[0] * (1 + OFF[0]), abs=0.01) and np.isnan(
        found[1]
    )


def test_triangles_look_upwards_and_a_ground_of_wide_cells_is_surrounded_too() -> None:
    ground = hills(12, 9)
    x, y = np.arange(9) * 90.0, -np.arange(12) * 90.0
    sheet = sheet_around(ground, x, y, outlines=NONE[0], feet=NONE[1], plain=0.0)
    a, b, c = (sheet.vertices[sheet.triangles[:, k]] for k in range(3))
    assert (np.cross(b - a, c - a)[:, 2] > 0).all()
    lies = LinearNDInterpolator(
        np.column_stack([g.ravel() for g in np.meshgrid(x, y)]), ground.ravel()
    )
    xy = sheet.vertices[:, :2].astype(float)
    over = lies(xy)
    inside = np.isfinite(over)
    assert inside.any() and (sheet.vertices[inside, 2] < over[inside]).all()
