"""A few small layers near Hoàn Kiếm lake for the window's tests."""

from __future__ import annotations

import numpy as np
import shapely

from layers.kinds.buildings import METHODS, BuildingsLayer
from layers.kinds.elevation import ElevationLayer
from layers.kinds.features import FeatureLayer
from layers.kinds.pointcloud import PointCloudLayer
from layers.notices import Notice
from layers.source import Source

CRS = "EPSG:5897"
EAST, NORTH = 586_500.0, 2_326_200.0
"""A corner near Hoàn Kiếm lake, VN-2000 / Hanoi TM-3 105°."""


def house(column: int, row: int) -> shapely.Polygon:
    """A tube house of 4 × 16 m."""
    x, y = EAST + 6.0 * column, NORTH + 22.0 * row
    return shapely.box(x, y, x + 4.0, y + 16.0)


def buildings_layer(columns: int = 6, rows: int = 2) -> BuildingsLayer:
    """Houses in rows; the one called "h-0" is 12 m high, found by LiDAR from 320 points."""
    outlines = [house(c, r) for r in range(rows) for c in range(columns)]
    count = len(outlines)
    height = np.full(count, 9.9, np.float32)
    height[0] = 12.0
    method = np.full(count, METHODS.index("floors"), np.uint8)
    method[0] = METHODS.index("lidar")
    rmse = np.full(count, np.nan, np.float32)
    rmse[0] = 0.25
    points = np.zeros(count, np.int32)
    points[0] = 320
    return BuildingsLayer(
        id="buildings",
        name="Nhà phố cổ",
        crs=CRS,
        vertical="Hon Dau 1972",
        source=Source(path="nha.gpkg", driver="GPKG", attribution="Dothi tests", licence="CC0"),
        notices=(Notice(code="rings-repaired", what="2 outlines crossed themselves", count=2),),
        ids=np.array([f"h-{i}" for i in range(count)], object),
        footprints=np.array(outlines, object),
        ground=np.full(count, 6.0),
        height=height,
        method=method,
        points=points,
        rmse=rmse,
        floors=np.full(count, 3, np.int16),
        use=np.array(["residential"] * count, object),
        lod=np.ones(count, np.uint8),
        columns={"phuong": np.array(["Hàng Bạc"] * count, object)},
    )


def roads_layer() -> FeatureLayer:
    """One road of 60 m."""
    line = shapely.LineString([(EAST, NORTH - 5), (EAST + 60, NORTH - 5)])
    return FeatureLayer(
        id="roads",
        name="Đường",
        crs=CRS,
        role="roads",
        geometry=np.array([line], object),
        columns={"ten": np.array(["Hàng Bạc"], object), "lanes": np.array([2])},
    )


def ground_layer() -> ElevationLayer:
    """Flat ground 6 m above the datum, 2 m cells."""
    return ElevationLayer(
        id="ground",
        name="Mặt đất",
        crs=CRS,
        vertical="Hon Dau 1972",
        heights=np.full((50, 60), 6.0, np.float32),
        west=EAST - 30.0,
        north=NORTH + 70.0,
        cell_x=2.0,
        cell_y=2.0,
    )


def points_layer() -> PointCloudLayer:
    """Four points of classes 2, 2, 6 and 5."""
    return PointCloudLayer(
        id="points",
        name="LiDAR",
        crs=CRS,
        offset=(EAST, NORTH, 0.0),
        xyz=np.array([[0, -2, 6], [5, -2, 6], [2, 8, 18], [30, 2, 11]], np.float32),
        classification=np.array([2, 2, 6, 5], np.uint8),
        intensity=np.array([10, 20, 30, 40], np.uint16),
    )
