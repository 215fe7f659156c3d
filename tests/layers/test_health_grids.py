"""Checks of points, grids, pictures, meshes and surplus on layers worked out by hand."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest
import shapely

from layers.health.agreement import grid_drift
from layers.health.finding import Finding
from layers.health.points import covered_m2
from layers.health.registry import check_of
from layers.health.subject import Subject
from layers.kinds.elevation import ElevationLayer
from layers.kinds.features import FeatureLayer
from layers.kinds.imagery import ImageryLayer
from layers.kinds.layer import Layer
from layers.kinds.mesh import MeshLayer
from layers.kinds.pointcloud import PointCloudLayer

CRS = "EPSG:5897"
X, Y = 587000.0, 2325000.0


def run(code: str, layer: Layer, *context: Layer) -> Finding | None:
    return check_of(code).run(Subject(layer, context, today=date(2026, 6, 1)))


def plots(n: int) -> np.ndarray:
    """`n` squares of 10 m, 20 m apart, from west to east."""
    west = X + 20.0 * np.arange(n)
    return np.asarray(shapely.box(west, Y, west + 10, Y + 10), dtype=object)


def footprints(n: int, **columns) -> FeatureLayer:
    return FeatureLayer(
        id="f",
        name="F",
        crs=CRS,
        geometry=plots(n),
        role="footprints",
        columns={name: np.asarray(values) for name, values in columns.items()},
    )


def cloud(xyz, classes=None, **more) -> PointCloudLayer:
    return PointCloudLayer(
        id="p",
        name="P",
        crs=CRS,
        offset=(X, Y, 0.0),
        xyz=np.asarray(xyz, dtype=np.float32) - (X, Y, 0.0),
        classification=classes,
        **more,
    )


def grid(heights, *, surface="ground", west=X, north=Y + 10.0, cell=1.0, **more) -> ElevationLayer:
    return ElevationLayer(
        id=more.pop("id", surface),
        name=surface,
        crs=CRS,
        heights=np.asarray(heights, dtype=np.float32),
        west=west,
        north=north,
        cell_x=more.pop("cell_x", cell),
        cell_y=more.pop("cell_y", cell),
        surface=surface,
        **more,
    )


def shifted(geometry: np.ndarray, east: float, north: float) -> np.ndarray:
    step = np.array([east, north])
    return np.asarray(shapely.transform(geometry, lambda xy: xy + step), dtype=object)


# -- points ---------------------------------------------------------------------------------


def lattice(side: int, step: float) -> np.ndarray:
    east, north = np.meshgrid(np.arange(side) * step, np.arange(side) * step)
    return np.column_stack([X + east.ravel(), Y + north.ravel(), np.full(side * side, 5.0)])


def test_density_counts_points_on_the_ground_they_cover():
    layer = cloud(lattice(200, 0.5))  # one point in 0.5 × 0.5 m: 4 per m²
    assert 40_000 / covered_m2(layer, (1.0, 1.0)) == pytest.approx(4.0, rel=0.02)
    assert run("point-density", layer).bad == pytest.approx(0.5, abs=0.01)


def test_empty_ground_between_two_blocks_does_not_thin_the_points():
    far = lattice(100, 0.25) + np.array([3000.0, 0.0, 0.0])
    layer = cloud(np.concatenate([lattice(100, 0.25), far]))  # 16 per m², twice 25 × 25 m
    assert run("point-density", layer).bad == 0.0


def test_classes_are_none_some_or_enough():
    def bad(*classes):
        values = np.array(classes, dtype=np.uint8) if classes else None
        return run("classes-present", cloud(lattice(2, 1.0), values)).bad

    assert [bad(), bad(0, 0, 1, 1), bad(1, 6, 6, 5), bad(1, 2, 2, 5), bad(2, 6, 6, 1)] == [
        1.0, 1.0, 0.7, 0.3, 0.0,
    ]  # fmt: skip


def test_noise_is_what_its_class_or_height_says():
    points = lattice(100, 1.0)
    points[7, 2] = 900.0  # a bird, 895 m above all others
    classes = np.full(len(points), 1, dtype=np.uint8)
    classes[:3] = 7
    finding = run("noise", cloud(points, classes))
    assert finding.count == 4


def test_points_delivered_twice_are_found():
    points = lattice(10, 1.0)
    twice = cloud(np.concatenate([points, points[:25]]))
    finding = run("repeated-points", twice)
    assert finding.count == 25
    assert np.allclose(np.array(finding.found[0].where), points[:25, :2])


def test_black_colours_are_no_colours():
    n = 4
    layer = cloud(lattice(2, 1.0), intensity=np.arange(n), rgb=np.zeros((n, 3), dtype=np.uint8))
    assert run("colours-told", layer).bad == 0.5


# -- grids ----------------------------------------------------------------------------------


def test_cells_without_height_are_gaps_and_filled_ones_are_told_apart():
    heights = np.arange(100.0).reshape(10, 10) + 0.5
    heights[0, :5] = np.nan
    filled = np.zeros((10, 10), dtype=bool)
    filled[9, 9] = True
    layer = grid(heights, filled=filled)
    assert (run("gaps", layer).count, run("gaps", layer).total) == (5, 100)
    assert run("gaps", layer).found[0].where[0] == (X + 0.5, Y + 9.5)
    assert run("filled-cells", layer).found[0].where == ((X + 9.5, Y + 0.5),)
    assert run("filled-cells", grid(heights)) is None


def test_a_spike_stands_out_from_all_four_neighbours():
    heights = np.full((2000, 5), 10.5)
    heights[1500, 2] = 30.0  # in the second band of rows
    heights[700:, 4] = 40.0  # a cliff is none
    layer = grid(heights, north=Y + 2000)
    finding = run("spikes", layer)
    assert finding.count == 1
    assert finding.found[0].where == ((X + 2.5, Y + 499.5),)


def test_a_pit_beside_a_gap_is_a_spike_too():
    heights = np.full((5, 5), 10.5)
    heights[2, 2], heights[2, 3] = -50.0, np.nan
    assert run("spikes", grid(heights)).count == 1


def test_whole_metres_are_coarse_and_half_metres_are_not():
    whole = np.arange(100.0).reshape(10, 10)
    assert run("whole-metres", grid(whole)).bad == 1.0
    assert run("whole-metres", grid(whole + 0.5)).bad == 0.0
    assert run("whole-metres", grid(np.zeros((5, 5)))) is None  # flat says nothing


def test_classes_are_no_heights_and_gentle_slopes_in_whole_metres_are():
    classes = np.array([[1, 5, 5, 2], [1, 1, 7, 7], [6, 6, 1, 2]] * 3)
    assert run("heights-not-classes", grid(classes)).bad == 1.0
    slope = np.round(np.add.outer(np.arange(20), np.arange(20)) / 4)
    assert run("heights-not-classes", grid(slope)).bad == 0.0


def test_a_no_data_value_taken_for_a_height_is_impossible():
    heights = np.full((10, 10), 8.25)
    heights[:2] = -9999.0
    assert run("heights-possible", grid(heights)).count == 20
    above = np.array([[0.0, 50.0], [-9.0, 900.0]])
    assert run("heights-possible", grid(above, surface="buildings-above-ground")).count == 2


def test_grids_of_half_the_cell_are_in_line_and_of_other_size_are_not():
    coarse = grid(np.zeros((10, 10)), cell=2.0, north=Y + 20, id="a")
    fine = grid(np.zeros((20, 20)), cell=1.0, north=Y + 20, id="b")
    assert grid_drift(coarse, fine) == pytest.approx(0.0, abs=1e-9)
    assert run("grids-aligned", coarse, fine).bad == 0.0
    # 20 cells of 0.99 m end 0.2 m before 20 cells of 1 m do: 0.2 of a finer cell.
    odd = grid(np.zeros((20, 20)), cell_x=0.99, cell_y=1.0, north=Y + 20, id="c")
    assert grid_drift(fine, odd) == pytest.approx(0.2, abs=0.003)
    finding = run("grids-aligned", fine, odd, coarse)
    assert (finding.count, finding.total) == (1, 2)


def test_grids_shifted_by_half_a_cell_are_not_in_line():
    one = grid(np.zeros((10, 10)), id="a")
    other = grid(np.zeros((10, 10)), west=X + 0.5, id="b")
    assert grid_drift(one, other) == pytest.approx(0.5)


def test_three_heights_must_add_up():
    ground = grid(np.full((10, 10), 5.0))
    surface = grid(np.full((10, 10), 15.0), surface="surface")
    above = np.full((10, 10), 10.0)
    above[0, 0] = 30.0
    above[0, 1] = 10.9  # within one metre
    layer = grid(above, surface="buildings-above-ground")
    finding = run("grids-agree", layer, ground, surface)
    assert (finding.count, finding.total) == (1, 100)
    assert finding.found[0].where == ((X + 0.5, Y + 9.5),)
    assert run("grids-agree", layer, ground) is None


def test_a_surface_below_the_ground_is_wrong():
    heights = np.full((10, 10), 15.0)
    heights[5, 5] = 4.0
    finding = run(
        "surface-over-ground", grid(heights, surface="surface"), grid(np.full((10, 10), 5.0))
    )
    assert finding.count == 1


def test_blank_pixels_show_nothing():
    pixels = np.full((10, 10, 3), 120, dtype=np.uint8)
    pixels[0] = 0
    pixels[1] = 255
    pixels[2] = (0, 0, 255)
    layer = ImageryLayer(
        id="i", name="I", crs=CRS, pixels=pixels, west=X, north=Y, cell_x=1.0, cell_y=1.0
    )
    assert (run("blank-pixels", layer).count, run("blank-pixels", layer).total) == (20, 100)


def test_triangles_without_area_are_found():
    layer = MeshLayer(
        id="m",
        name="M",
        crs=CRS,
        offset=(X, Y, 0.0),
        vertices=[[0, 0, 0], [1, 0, 0], [0, 1, 0], [2, 0, 0]],
        triangles=[[0, 1, 2], [0, 1, 3]],
    )
    finding = run("flat-triangles", layer)
    assert (finding.count, finding.total) == (1, 2)


# -- surplus --------------------------------------------------------------------------------


def other(layer: FeatureLayer, geometry) -> FeatureLayer:
    return FeatureLayer(id="o", name="Other", crs=CRS, geometry=geometry, role=layer.role)


def test_two_layers_that_say_the_same_are_one_too_many():
    layer = footprints(10)
    beside = shifted(plots(10), 1.0, 0.0)
    # 9 × 10 of 11 × 10 m in common: 0.82 of the union, the same house.
    finding = run("layer-repeated", layer, other(layer, beside))
    assert finding.bad == 1.0
    assert "“Other”" in finding.found[0].what
    far = shifted(plots(10), 5.0, 0.0)
    assert run("layer-repeated", layer, other(layer, far)).bad == 0.0  # 5 of 15 m: a third


def test_a_layer_with_half_of_another_does_not_repeat_it():
    layer = footprints(10)
    assert run("layer-repeated", layer, other(layer, plots(5))).bad == 0.0
    assert run("layer-repeated", other(layer, plots(5)), layer).bad == 1.0


def test_layers_of_another_role_or_crs_are_no_repetition():
    layer = footprints(3)
    parcels = FeatureLayer(id="o", name="O", crs=CRS, geometry=plots(3), role="parcels")
    elsewhere = FeatureLayer(
        id="e", name="E", crs="EPSG:28992", geometry=plots(3), role="footprints"
    )
    assert run("layer-repeated", layer, parcels) is None
    assert run("layer-repeated", layer, elsewhere) is None


def test_lines_points_grids_clouds_and_pictures_can_repeat_too():
    west_to_east = [[[X, Y + north], [X + 90, Y + north]] for north in (0, 50)]
    ways = np.asarray(shapely.linestrings(west_to_east), dtype=object)
    beside = shifted(ways, 0.0, 1.5)
    roads = FeatureLayer(id="r", name="R", crs=CRS, geometry=ways, role="roads")
    assert run("layer-repeated", roads, other(roads, beside)).bad == 1.0
    assert run("layer-repeated", roads, other(roads, beside[:1])).bad == 0.0

    trunks = np.asarray(shapely.points(X + np.arange(5) * 10, np.full(5, Y)), dtype=object)
    trees = FeatureLayer(id="t", name="T", crs=CRS, geometry=trunks, role="trees")
    assert run("layer-repeated", trees, other(trees, trunks[::-1].copy())).bad == 1.0

    slope = np.arange(100.0).reshape(10, 10)
    assert run("layer-repeated", grid(slope), grid(slope + 0.05, id="g2")).bad == 1.0
    assert run("layer-repeated", grid(slope), grid(slope + 0.5, id="g2")).bad == 0.0

    points = lattice(30, 1.0)
    moved = PointCloudLayer(
        id="q",
        name="Q",
        crs=CRS,
        offset=(X - 1000.0, Y + 500.0, 2.0),
        xyz=(points - (X - 1000.0, Y + 500.0, 2.0)).astype(np.float32),
    )
    assert run("layer-repeated", cloud(points), moved).bad == 1.0
    assert (
        run("layer-repeated", cloud(points), cloud(points + np.array([0.3, 0.3, 0.0]))).bad == 0.0
    )
