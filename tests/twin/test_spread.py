"""Work shared with a real Dask scheduler gives what one process gives."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from layers.builders.heights import LadderOptions, build_buildings
from layers.errors import CityError
from layers.kinds.elevation import ElevationLayer
from layers.kinds.features import FeatureLayer
from layers.kinds.pointcloud import PointCloudLayer
from twin.spread import spread_buildings

CRS = "EPSG:5897"
SIDE = 9


def a_town() -> tuple[FeatureLayer, PointCloudLayer, ElevationLayer]:
    """81 blocks of 10 m on a 100 m raster; block i is 4 + i % 7 m high; every ninth has no points."""
    rng = np.random.default_rng(5)
    outlines, points, floors = [], [], []
    for number in range(SIDE * SIDE):
        x, y = number % SIDE * 100.0, number // SIDE * 100.0
        outlines.append(shapely.box(x, y, x + 10, y + 10))
        floors.append(2 if number % 2 else 0)
        if number % 9:
            xy = rng.uniform((x, y), (x + 10, y + 10), (200, 2))
            points.append(np.column_stack([xy, np.full(200, 5.0 + 4 + number % 7)]))
    xyz = np.vstack(points)
    cloud = PointCloudLayer(
        id="lidar",
        name="lidar",
        crs=CRS,
        offset=(0.0, 0.0, 0.0),
        xyz=xyz.astype(np.float32),
        classification=np.full(len(xyz), 6, np.uint8),
    )
    ground = ElevationLayer(
        id="ground",
        name="ground",
        crs=CRS,
        heights=np.full((100, 100), 5.0, np.float32),
        west=-50.0,
        north=950.0,
        cell_x=10.0,
        cell_y=10.0,
    )
    footprints = FeatureLayer(
        id="b",
        name="b",
        crs=CRS,
        geometry=np.array(outlines, dtype=object),
        columns={"floors": np.array(floors)},
        role="footprints",
    )
    return footprints, cloud, ground


@pytest.fixture(scope="module")
def cluster():
    distributed = pytest.importorskip("distributed", reason="the extra 'cluster' is not installed")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
    ) as running:
        yield running


@pytest.mark.slow
def test_a_scheduler_gives_the_same_buildings_as_one_process(cluster):
    footprints, cloud, ground = a_town()
    options = LadderOptions(default_height_m=7.0)
    asked = {"points": [cloud], "ground": ground, "options": options, "id": "b", "name": "b"}
    alone = build_buildings(footprints, **asked)
    shared = spread_buildings(footprints, scheduler=cluster.scheduler_address, **asked)
    for column in ("height", "method", "points", "rmse", "ground", "floors", "ids"):
        np.testing.assert_array_equal(getattr(shared, column), getattr(alone, column), column)
    assert {(n.code, n.count) for n in shared.notices} == {(n.code, n.count) for n in alone.notices}
    # by hand: 72 of 81 blocks have points, of the other nine (0, 9, 18 …) the odd four have floors
    assert np.bincount(shared.method, minlength=5).tolist()[:5] == [72, 0, 0, 4, 5]


@pytest.mark.slow
def test_only_as_many_workers_as_asked_for_are_used(cluster):
    footprints, cloud, ground = a_town()
    shared = spread_buildings(
        footprints,
        scheduler=cluster.scheduler_address,
        workers=1,
        points=[cloud],
        ground=ground,
        options=LadderOptions(),
        id="b",
        name="b",
    )
    assert shared.count == SIDE * SIDE


def test_a_scheduler_that_is_not_there_is_said_so():
    pytest.importorskip("distributed", reason="the extra 'cluster' is not installed")
    footprints, cloud, ground = a_town()
    with pytest.raises(CityError, match="does not answer"):
        spread_buildings(
            footprints,
            scheduler="tcp://127.0.0.1:9",
            points=[cloud],
            ground=ground,
            options=LadderOptions(),
            id="b",
            name="b",
        )
