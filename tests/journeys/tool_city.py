"""A small city for the tools' journeys: nine houses, a street, parcels, level ground, by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import shapely

from layers.frame import Frame
from layers.kinds.buildings import METHODS, BuildingsLayer
from layers.kinds.elevation import ElevationLayer
from layers.kinds.features import FeatureLayer
from twin.city import City
from twin.project.store import Project

CRS = "EPSG:5897"
EAST, NORTH = 587_000.0, 2_325_000.0
GROUND = 5.0


def corner(number: int) -> tuple[float, float]:
    """South-west corner of house `number`: three by three, 40 m apart."""
    return EAST + 40.0 * (number % 3), NORTH + 40.0 * (number // 3)


def houses() -> BuildingsLayer:
    """House n is 20 × 10 m and 6 + n m high; measured by LiDAR within 5 cm."""
    boxes = [shapely.box(x, y, x + 20, y + 10) for x, y in map(corner, range(9))]
    use = ["residential"] * 6 + ["school"] * 2 + ["office"]
    return BuildingsLayer(
        id="houses", name="Nhà", crs=CRS, ids=np.array([f"nha-{i}" for i in range(9)], object),
        footprints=np.array(boxes, object), ground=np.full(9, GROUND),
        height=np.arange(9, dtype=np.float32) + 6, method=np.full(9, METHODS.index("lidar"), np.uint8),
        points=np.full(9, 50, np.int32), rmse=np.full(9, 0.05, np.float32),
        floors=np.full(9, 2, np.int16), use=np.array(use, object), lod=np.ones(9, np.uint8),
        columns={"dia_chi": np.array([f"{i + 1} Hàng Bạc, Hoàn Kiếm" for i in range(9)], object)},
    )  # fmt: skip


def street() -> FeatureLayer:
    """One street along the south."""
    line = shapely.LineString([(EAST - 20, NORTH - 15), (EAST + 120, NORTH - 15)])
    return FeatureLayer(
        id="street", name="Đường", crs=CRS, role="roads", geometry=np.array([line], object),
        columns={"name": np.array(["Phố Hàng Bạc"], object)},
    )  # fmt: skip


def ground() -> ElevationLayer:
    """Level ground at 5 m, cells of 2 m."""
    return ElevationLayer(
        id="ground", name="Mặt đất", crs=CRS, heights=np.full((100, 110), GROUND, np.float32),
        west=EAST - 50, north=NORTH + 150, cell_x=2.0, cell_y=2.0,
    )  # fmt: skip


def project(path: Path) -> Path:
    """The city as a project file."""
    layers = [ground(), street(), houses()]
    city = City(
        name="Hàng Bạc",
        frame=Frame.around(CRS, (EAST, NORTH, EAST + 100, NORTH + 100)),
        layers={one.id: one for one in layers},
    )
    Project.create(path, city).close()
    return path
