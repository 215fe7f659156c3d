"""Big cities to measure with: real outlines repeated where there are some, else drawn ones."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import shapely
from numpy.typing import NDArray

from layers.frame import Frame
from layers.kinds.buildings import METHODS, BuildingsLayer
from layers.kinds.features import FeatureLayer
from layers.readers import registry
from twin.city import City


def big_city(count: int) -> City:
    """A city of `count` buildings with varied heights, always the same for the same `count`.

    Outlines are those of Hoàn Kiếm and Phúc Xá, repeated side by side, where DOTHI_DATA is set; else
    rectangles and L-shapes of the sizes of an old quarter.
    """
    one = _real_outlines() if "DOTHI_DATA" in os.environ else _drawn_outlines()
    copies = -(-count // len(one))
    low_x, low_y, high_x, high_y = shapely.total_bounds(one)
    columns = int(np.ceil(np.sqrt(copies)))
    step_x, step_y = high_x - low_x + 20.0, high_y - low_y + 20.0
    parts = []
    for copy in range(copies):
        row, column = divmod(copy, columns)
        shift = np.array([column * step_x, row * step_y])
        parts.append(shapely.transform(one, lambda xy, by=shift: xy + by))
    outlines = np.concatenate(parts)[:count]
    rng = np.random.default_rng(7)
    height = np.clip(rng.gamma(4.0, 3.2, count), 3.0, 120.0)
    layer = BuildingsLayer(
        id="buildings",
        name="Buildings",
        crs="EPSG:32648",
        ids=np.array([f"b{i}" for i in range(count)], dtype=object),
        footprints=outlines,
        ground=np.zeros(count),
        height=height.astype(np.float32),
        method=np.full(count, METHODS.index("default"), np.uint8),
        points=np.zeros(count, np.int32),
        rmse=np.full(count, np.nan, np.float32),
        floors=np.zeros(count, np.int16),
        use=np.full(count, "", dtype=object),
        lod=np.ones(count, np.uint8),
    )
    frame = Frame.around(layer.crs, layer.bounds)
    return City(name=f"{count:,} buildings", frame=frame, layers={layer.id: layer})


def _real_outlines() -> NDArray[np.object_]:
    folder = Path(os.environ["DOTHI_DATA"]) / "hanoi"
    outlines = []
    beside = np.array([589_000.0, 2_327_800.0])
    for name in ("hoan_kiem", "phuc_xa"):
        (layer,) = registry.read(
            folder / name / "buildings.shp", registry.ReadOptions(role="footprints")
        )
        assert isinstance(layer, FeatureLayer)
        geometry = np.asarray(layer.geometry)
        if name == "phuc_xa":  # Web Mercator: shrink to metres, put beside
            geometry = shapely.transform(geometry, lambda xy: (xy - xy.mean(axis=0)) * 0.933)
            geometry = shapely.transform(geometry, lambda xy: xy + beside)
        outlines.append(geometry)
    flat = shapely.get_parts(shapely.force_2d(np.concatenate(outlines)))
    kept: NDArray[np.object_] = flat[(shapely.get_type_id(flat) == 3) & (shapely.area(flat) > 8.0)]
    return kept


def _drawn_outlines(rows: int = 100, columns: int = 100) -> NDArray[np.object_]:
    rng = np.random.default_rng(3)
    shapes = []
    for row in range(rows):
        for column in range(columns):
            x, y = column * 14.0 + rng.uniform(0, 2), row * 24.0 + rng.uniform(0, 3)
            wide, deep = rng.uniform(4, 11), rng.uniform(9, 19)
            if rng.random() < 0.4:
                in_x, in_y = wide * rng.uniform(0.3, 0.6), deep * rng.uniform(0.3, 0.6)
                ring = [(0, 0), (wide, 0), (wide, in_y), (in_x, in_y), (in_x, deep), (0, deep)]
            else:
                ring = [(0, 0), (wide, 0), (wide, deep), (0, deep)]
            shapes.append(shapely.Polygon([(x + a, y + b) for a, b in ring]))
    return np.array(shapes, dtype=object)
