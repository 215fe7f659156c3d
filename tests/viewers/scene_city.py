"""Small cities for the tests of the scene, with numbers that can be checked by hand."""

from __future__ import annotations

import numpy as np
import shapely

from layers.frame import Frame
from layers.kinds.buildings import BuildingsLayer
from layers.kinds.layer import Layer
from twin.city import City

EAST, NORTH = 588_000.0, 2_326_000.0
CRS = "EPSG:32648"


def buildings(
    boxes: list[tuple[float, float, float, float]],
    heights: list[float],
    *,
    layer_id: str = "buildings",
) -> BuildingsLayer:
    """Blocks over boxes (min x, min y, max x, max y) in metres from the frame's origin."""
    shapes = np.array(
        [shapely.box(a + EAST, b + NORTH, c + EAST, d + NORTH) for a, b, c, d in boxes],
        dtype=object,
    )
    count = len(shapes)
    return BuildingsLayer(
        id=layer_id,
        name="Buildings",
        crs=CRS,
        ids=np.array([f"b{i}" for i in range(count)], dtype=object),
        footprints=shapes,
        ground=np.zeros(count),
        height=np.array(heights, np.float32),
        method=np.full(count, 2, np.uint8),
        points=np.zeros(count, np.int32),
        rmse=np.full(count, np.nan, np.float32),
        floors=np.zeros(count, np.int16),
        use=np.array([""] * count, dtype=object),
        lod=np.ones(count, np.uint8),
    )


def city_of(*layers: Layer) -> City:
    """A city of these layers around the origin."""
    return City(
        name="Test",
        frame=Frame(crs=CRS, origin=(EAST, NORTH, 0.0)),
        layers={layer.id: layer for layer in layers},
    )


def block_city(side: int = 30) -> City:
    """side × side blocks of 10 m, 20 m apart, 6 to 30 m high."""
    boxes = [
        (20.0 * i, 20.0 * j, 20.0 * i + 10, 20.0 * j + 10) for j in range(side) for i in range(side)
    ]
    heights = [6.0 + (7 * k) % 25 for k in range(len(boxes))]
    return city_of(buildings(boxes, heights))
