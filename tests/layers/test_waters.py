"""Lakes lie flat, ground stands nowhere through what lies on it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import shapely

from layers.builders.drape import FLAT_M, SurfaceBatch, drape_areas
from layers.builders.mesh_cut import HUMPS
from layers.builders.waters import still_levels, with_water
from layers.kinds.elevation import ElevationLayer

ORIGIN = (0.0, 0.0, 0.0)
LAKE = shapely.Point(150, 140).buffer(80)
COL, ROW = np.meshgrid(np.arange(300) + 0.5, 300 - np.arange(300) - 0.5)
WITHIN = np.hypot(COL - 150, ROW - 140) < 80


def grid(heights: np.ndarray) -> ElevationLayer:
    return ElevationLayer(
        id="g", name="g", crs="EPSG:32648", heights=heights.astype(np.float32), west=0.0,
        north=300.0, cell_x=1.0, cell_y=1.0,
    )  # fmt: skip


def rough(seed: int = 1) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return 20 + 2 * np.sin(COL / 40) + rng.normal(0, 0.15, COL.shape)


def one(geometry: shapely.Geometry) -> np.ndarray:
    out = np.empty(1, object)
    out[0] = geometry
    return out


def measured() -> np.ndarray:
    """A shore some metres above water, whose surface was measured with noise, reeds and a boat."""
    z = rough()
    z[WITHIN] = 17.0 + np.random.default_rng(2).normal(0, 0.05, int(WITHIN.sum()))
    z[120:123, 148:153] = 20.5
    z[WITHIN & (np.hypot(COL - 110, ROW - 140) < 6)] += 1.1
    return z


def heights_at(batch: SurfaceBatch, xy: np.ndarray) -> np.ndarray:
    """By rays from above; NaN where nothing lies."""
    from embreex.mesh_construction import TriangleMesh
    from embreex.rtcore_scene import EmbreeScene

    scene = EmbreeScene()
    TriangleMesh(scene, np.ascontiguousarray(batch.vertices[batch.triangles]))
    start = np.column_stack([xy, np.full(len(xy), 100.0)]).astype(np.float32)
    down = np.tile(np.array([0, 0, -1], np.float32), (len(xy), 1))
    met = scene.run(start, down, query="INTERSECT", output=True)
    return np.where(met["primID"] >= 0, 100.0 - met["tfar"], np.nan)


def test_a_lake_that_was_measured_lies_at_the_median_of_its_surface():
    ground = grid(measured())
    (level,) = still_levels(one(LAKE), ground)
    assert level == pytest.approx(17.0, abs=0.01)


def test_a_lake_whose_bed_is_known_lies_at_its_lowest_shore():
    z = np.full((300, 300), 20.0)
    depth = 80 - np.hypot(COL - 150, ROW - 140)
    z[WITHIN] -= 0.1 * depth[WITHIN]  # eight metres deep in the middle
    (level,) = still_levels(one(LAKE), grid(z))
    assert level == pytest.approx(20.0, abs=0.15)
    assert with_water(grid(z), [one(LAKE)]).heights.min() == pytest.approx(12.0, abs=0.2)


def test_a_river_has_no_one_level_and_follows_its_valley():
    z = 20 + 0.05 * COL
    river = shapely.LineString([(0, 100), (300, 160)]).buffer(10)
    assert np.isnan(still_levels(one(river), grid(z))).all()
    assert with_water(grid(z), [one(river)]).heights.max() == pytest.approx(z.max(), abs=1e-4)


def test_a_lake_is_flat_and_above_the_ground_everywhere():
    ground = grid(measured())
    drawn = with_water(ground, [one(LAKE)])
    assert (drawn.heights[~WITHIN] == ground.heights[~WITHIN]).all()
    levels = still_levels(one(LAKE), drawn)
    assert levels == pytest.approx(still_levels(one(LAKE), ground), abs=1e-5)
    batch = drape_areas(one(LAKE), drawn, origin=ORIGIN, lift=0.1, levels=levels)
    assert np.ptp(batch.vertices[:, 2]) == 0.0
    xy = np.column_stack([COL[WITHIN], ROW[WITHIN]])
    inside = shapely.contains_xy(LAKE.buffer(-0.1), *xy.T)
    over = heights_at(batch, xy[inside])
    assert np.isfinite(over).all()
    assert (over - drawn.heights[WITHIN][inside]).min() >= 0.1 - 1e-4
    assert len(batch.triangles) < 200  # as many as its outline asks for


def test_dry_land_is_the_very_same_layer_and_a_lake_outside_the_ground_does_nothing():
    ground = grid(rough())
    away = one(shapely.Point(5000, 5000).buffer(50))
    assert with_water(ground, [away]) is ground
    assert np.isnan(still_levels(away, ground)).all()
    assert with_water(ground, []) is ground


@pytest.mark.parametrize("step", [3.0, 5.0])
def test_no_stone_and_no_wall_stands_through_a_park(step: float):
    z = rough(4)
    z[60:200:37, 70:230:23] += 1.8  # stones
    z[100:104, :] += 1.2  # a wall
    ground = grid(z)
    park = shapely.box(40, 40, 260, 260)
    batch = drape_areas(one(park), ground, origin=ORIGIN, lift=0.1, step=step)
    inside = shapely.contains_xy(park.buffer(-0.5), COL.ravel(), ROW.ravel())
    xy = np.column_stack([COL.ravel(), ROW.ravel()])[inside]
    under = ground.heights.ravel()[inside] - heights_at(batch, xy)
    assert under.max() < 2 * HUMPS * FLAT_M - 0.1  # of which the lift is a part


def test_a_quay_beside_a_canal_is_as_level_as_it_was():
    z = np.full((300, 300), 20.0)
    canal = shapely.box(0, 100, 300, 120)
    z[180:200] = 16.0
    quay = shapely.box(5, 120, 295, 128)
    batch = drape_areas(one(quay), grid(z), origin=ORIGIN, lift=0.1, step=5.0)
    v = batch.vertices
    # Only what lies on the border of the two, half a cell from either, is lower.
    assert v[v[:, 1] > 120.6, 2] == pytest.approx(20.1, abs=1e-3)
    assert v[:, 2].max() < 20.11
    assert still_levels(one(canal), grid(z))[0] == pytest.approx(16.0)


def test_pieces_cut_along_cells_meet_the_others_without_a_gap():
    z = rough(5)
    z[:, 150:] = 22.0  # flat: large pieces beside small ones
    z[80:230:31, 60:150:17] += 2.5
    batch = drape_areas(one(LAKE), grid(z), origin=ORIGIN, lift=0.1)
    v, t = batch.vertices.astype(float), batch.triangles
    _, place = np.unique(v.round(3), axis=0, return_inverse=True)
    place = place.reshape(-1)[t]
    edges = np.sort(np.concatenate([place[:, [0, 1]], place[:, [1, 2]], place[:, [2, 0]]]), axis=1)
    edges, count = np.unique(edges, axis=0, return_counts=True)
    middles = np.unique(v.round(3), axis=0)[edges[count == 1]].mean(axis=1)
    away = np.abs(np.hypot(middles[:, 0] - 150, middles[:, 1] - 140) - 80)
    assert away.max() < 0.5


def test_water_on_a_ground_with_holes_lies_at_the_level_of_what_is_known():
    z = measured()
    z[130:180, 100:160] = np.nan
    ground = replace(grid(rough()), heights=z.astype(np.float32))
    assert still_levels(one(LAKE), ground)[0] == pytest.approx(17.0, abs=0.02)
    assert np.isnan(with_water(ground, [one(LAKE)]).heights[150, 120])
