"""Checks of building heights, points, grids and meshes on layers worked out by hand."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest
import shapely

from layers.health.finding import Finding
from layers.health.registry import check_of
from layers.health.subject import Subject
from layers.kinds.buildings import METHODS, BuildingsLayer
from layers.kinds.elevation import ElevationLayer
from layers.kinds.features import FeatureLayer
from layers.kinds.layer import Layer
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


def buildings(heights, *, methods=None, floors=None, lod=None, rmse=None) -> BuildingsLayer:
    n = len(heights)
    return BuildingsLayer(
        id="b",
        name="B",
        crs=CRS,
        ids=np.array([f"b{i}" for i in range(n)], dtype=object),
        footprints=plots(n),
        ground=np.full(n, 5.0),
        height=heights,
        method=[METHODS.index(m) for m in methods or ["lidar"] * n],
        points=np.full(n, 50),
        rmse=np.full(n, np.nan) if rmse is None else rmse,
        floors=floors or [0] * n,
        use=np.array([""] * n, dtype=object),
        lod=lod or [1] * n,
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


# -- heights --------------------------------------------------------------------------------


def test_heights_lower_than_a_person_are_no_heights():
    finding = run("heights-plausible", footprints(5, height=[1.2, 0.6, 1.5, 12.0, np.nan]))
    assert (finding.count, finding.total) == (3, 4)
    assert "does not hold metres" in finding.found[0].what


def test_default_heights_are_not_judged():
    assert run("heights-plausible", buildings([9.9, 9.9], methods=["default"] * 2)) is None
    assert run("heights-plausible", buildings([1.5, 9.0], methods=["lidar"] * 2)).count == 1


def test_a_storey_of_eleven_metres_is_one_in_feet():
    feet = buildings([33.0, 44.0, 22.0], floors=[3, 4, 2])
    finding = run("storeys-plausible", feet)
    assert finding.bad == 1.0
    assert "feet" in finding.found[0].what
    assert run("storeys-plausible", buildings([10.0, 13.2, 6.6], floors=[3, 4, 2])).bad == 0.0


def test_heights_made_from_floors_prove_nothing_about_storeys():
    assert run("storeys-plausible", buildings([9.9], floors=[3], methods=["floors"])) is None


def test_a_footprint_needs_a_height_floors_or_a_survey():
    layer = footprints(4, height=[12.0, 1.2, np.nan, np.nan], floors=[0, 0, 3, 0])
    assert run("heights-known", layer).count == 2  # rows 1 and 3
    over_the_last = cloud([(X + 60, Y, 5.0), (X + 70, Y + 10, 9.0)])
    assert run("heights-known", layer, over_the_last).count == 1


def test_the_ladder_rung_says_how_far_a_height_is_measured():
    finding = run(
        "heights-measured",
        buildings([9.0] * 4, methods=["lidar", "attribute", "floors", "default"]),
    )
    # Trust 1, 0.8, 0.5, 0: mean 0.575.
    assert finding.bad == pytest.approx(0.425)
    assert finding.count == 3
    assert finding.found[0].where[0] == (X + 65, Y + 5)  # the default first


def roofs(n: int, z: float, per_roof: int = 9) -> np.ndarray:
    step = np.linspace(1, 9, 3)
    east, north = np.meshgrid(step, step)
    return np.concatenate(
        [
            np.column_stack([X + 20 * i + east.ravel(), Y + north.ravel(), np.full(9, z)])
            for i in range(n)
        ]
    )[: n * per_roof]


def test_tops_are_compared_with_the_roof_points_over_them():
    # Ground 5 m, roofs at 15 m: heights 10, 14 and 16 are off by 0, 4 and 6 m; LoD1 allows 5 m.
    points = roofs(3, 15.0)
    classes = np.full(len(points), 6, dtype=np.uint8)
    layer = buildings([10.0, 14.0, 16.0])
    finding = run("heights-against-points", layer, cloud(points, classes))
    assert (finding.count, finding.total) == (1, 3)
    assert "median RMSE is 4.00 m" in finding.found[0].what
    # LoD2 allows 2 m: the second one fails too.
    finding = run("heights-against-points", buildings([10.0, 14.0, 16.0], lod=[2, 2, 2]),
                  cloud(points, classes))  # fmt: skip
    assert finding.count == 2


def test_without_points_the_recorded_errors_count():
    layer = buildings([9.0] * 3, rmse=[0.3, 7.0, np.nan])
    finding = run("heights-against-points", layer)
    assert (finding.count, finding.total) == (1, 2)
    assert run("heights-against-points", buildings([9.0])) is None


def test_ground_points_do_not_cover_a_building():
    roof, street = roofs(1, 15.0), roofs(2, 5.0)[9:]
    points = np.concatenate([roof, street])
    classes = np.array([6] * 9 + [2] * 9, dtype=np.uint8)
    finding = run("points-cover-outlines", footprints(2), cloud(points, classes))
    assert (finding.count, finding.total) == (1, 2)
    assert finding.found[0].where == ((X + 25, Y + 5),)


def test_a_thinned_cloud_counts_for_the_survey_it_came_from():
    points = roofs(1, 15.0)[:2]
    thinned = cloud([*points, (X + 15, Y + 5, 5.0)], np.array([6, 6, 2], dtype=np.uint8), total=30)
    assert run("points-cover-outlines", footprints(1), thinned).count == 0


def test_every_building_needs_ground_under_it():
    heights = np.full((10, 30), 5.0)
    heights[:, 20:] = np.nan
    finding = run("ground-under-outlines", footprints(3), grid(heights))
    # The grid reaches 30 m east: the second building's middle is at 25 m, without height there.
    assert finding.count == 2


def test_buildings_are_their_own_outlines():
    finding = run("overlapping-outlines", buildings([9.0, 9.0]))
    assert finding.count == 0
