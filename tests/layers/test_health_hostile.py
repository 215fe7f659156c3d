"""Whatever a layer holds, its assessment ends, in words and in bounded time."""

from __future__ import annotations

import json
from datetime import date

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import LineString, MultiPolygon, Point, Polygon, box

from layers.health.assess import assess
from layers.health.records import GRADES, as_json
from layers.kinds.buildings import BuildingsLayer
from layers.kinds.elevation import ElevationLayer
from layers.kinds.features import ROLES, FeatureLayer
from layers.kinds.imagery import ImageryLayer
from layers.kinds.mesh import MeshLayer
from layers.kinds.pointcloud import PointCloudLayer

TODAY = date(2026, 6, 1)
CRS = "EPSG:5897"


def features(geometry, role="footprints", columns=None, crs=CRS) -> FeatureLayer:
    array = np.empty(len(geometry), dtype=object)
    array[:] = geometry
    return FeatureLayer(id="f", name="F", crs=crs, geometry=array, role=role, columns=columns or {})


def ends_well(layer, *context) -> None:
    one = assess(layer, context=context, today=TODAY)
    assert one.grade in GRADES
    text = json.dumps(as_json([one]), allow_nan=False)
    assert text.count("NaN") == 0


BOW_TIE = Polygon([(0, 0), (10, 10), (10, 0), (0, 10)])


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize(
    "geometry",
    [
        [],
        [Point(587000, 2325000)],
        [box(0, 0, 0, 0)],
        [BOW_TIE, BOW_TIE],
        [MultiPolygon([box(0, 0, 1, 1), box(0, 0, 1, 1)])],
        [LineString([(0, 0), (0, 0)]), LineString([(0, 0), (1, 1)])],
        [box(0, 0, 1e308, 1e308), box(-1e308, -1e308, 1, 1)],
        [Point(np.inf, 0), box(0, 0, 1, 1), LineString([(0, 0), (5, 5)])],
    ],
    ids=["none", "point", "collapsed", "crossed", "overlaid", "zero", "huge", "mixed"],
)
def test_odd_geometry_ends_in_a_grade(geometry, role):
    ends_well(features(geometry, role))


@pytest.mark.parametrize("crs", ["EPSG:4326", "EPSG:4978", "EPSG:2277", "EPSG:7415", "nonsense"])
def test_odd_coordinate_systems_end_in_a_grade(crs):
    ends_well(features([box(0, 0, 10, 10), box(5, 5, 15, 15)], crs=crs))


def test_odd_columns_end_in_a_grade():
    odd = np.empty(3, dtype=object)
    odd[:] = [[1, 2], {"a": 1}, None]
    columns = {
        "odd": odd,
        "mixed": np.array(["a", 1.5, None], dtype=object),
        "when": np.array(["2020-01-01", "NaT", "2021-01-01"], dtype="datetime64[D]"),
        "height": np.array(["high", "", None], dtype=object),
        "levels": np.array([np.inf, -3.0, np.nan]),
        "yes": np.array([True, False, True]),
        "": np.array(["\x00", "\ud800", "\x85"], dtype=object),
    }
    ends_well(features([box(i, 0, i + 1, 1) for i in range(3)], columns=columns))


def test_layers_without_anything_in_them_end_in_a_grade():
    none = np.empty(0)
    ends_well(
        BuildingsLayer(
            id="b",
            name="B",
            crs=CRS,
            ids=none.astype(object),
            footprints=none.astype(object),
            ground=none,
            height=none,
            method=none,
            points=none,
            rmse=none,
            floors=none,
            use=none.astype(object),
            lod=none,
        )
    )
    nothing = np.full((1, 1), np.nan)
    ends_well(
        ElevationLayer(
            id="e", name="E", crs=CRS, heights=nothing, west=0, north=0, cell_x=1, cell_y=1
        )
    )
    ends_well(
        MeshLayer(
            id="m",
            name="M",
            crs=CRS,
            offset=(0.0, 0.0, 0.0),
            vertices=np.zeros((1, 3)),
            triangles=np.zeros((0, 3)),
        )
    )
    ends_well(
        ImageryLayer(
            id="i",
            name="I",
            crs=CRS,
            pixels=np.zeros((1, 1, 3)),
            west=0,
            north=0,
            cell_x=1,
            cell_y=1,
        )
    )


@pytest.mark.parametrize("z", [0.0, np.nan, np.inf, 3e38])
def test_odd_points_end_in_a_grade(z):
    xyz = np.array([[0, 0, z], [0, 0, z], [1, 1, 1]], dtype=np.float32)
    cloud = PointCloudLayer(id="p", name="P", crs=CRS, offset=(587000.0, 2325000.0, 0.0), xyz=xyz)
    ends_well(cloud, features([box(587000, 2325000, 587001, 2325001)]))
    ends_well(features([box(587000, 2325000, 587001, 2325001)]), cloud)


def test_cells_of_another_size_and_nothing_in_common_end_in_a_grade():
    def grid(west, cell, surface, value):
        return ElevationLayer(
            id=surface,
            name=surface,
            crs=CRS,
            heights=np.full((3, 3), value),
            west=west,
            north=0,
            cell_x=cell,
            cell_y=cell / 3,
            surface=surface,
        )

    ends_well(
        grid(0, 1e-9, "buildings-above-ground", np.inf),
        grid(0, 1e9, "ground", -np.inf),
        grid(-1e12, 7.0, "surface", np.nan),
    )


coordinate = st.floats(-50, 50, allow_nan=False).map(lambda v: round(v, 2))
place = st.tuples(coordinate, coordinate)
outline = st.lists(place, min_size=3, max_size=7).map(
    lambda ring: Polygon([(587000 + x, 2325000 + y) for x, y in ring])
)


@settings(max_examples=40, deadline=None)
@given(st.lists(outline, max_size=8))
def test_any_outlines_end_in_a_grade(outlines):
    layer = features(outlines)
    ends_well(layer)
    one = assess(layer, today=TODAY)
    result = one.result("invalid-outlines")
    if outlines:
        assert result.count == sum(not shapely.is_valid(polygon) for polygon in outlines)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(place, place, place), max_size=8))
def test_any_roads_end_in_a_grade(ways):
    lines = [LineString([(587000 + x, 2325000 + y) for x, y in way]) for way in ways]
    ends_well(features(lines, role="roads"))
