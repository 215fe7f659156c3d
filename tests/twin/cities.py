"""A small city with a layer of each kind, made by hand."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from layers.frame import Frame
from layers.kinds.buildings import BuildingsLayer
from layers.kinds.elevation import ElevationLayer
from layers.kinds.features import FeatureLayer
from layers.kinds.imagery import ImageryLayer
from layers.kinds.layer import Layer
from layers.kinds.mesh import MeshLayer, SolidBatch
from layers.kinds.pointcloud import PointCloudLayer
from layers.notices import Notice
from layers.source import Source
from twin.city import City

CRS = "EPSG:5897"
WEST, SOUTH = 587_000.0, 2_324_000.0


def make_buildings(count: int = 4, *, id: str = "buildings", model: bool = False) -> BuildingsLayer:
    column = np.arange(count) % 100
    x, y = WEST + column * 20.0, SOUTH + np.arange(count) // 100 * 20.0
    return BuildingsLayer(
        id=id,
        name="Nhà ở",
        crs=CRS,
        vertical="Hòn Dấu",
        notices=(Notice(code="rings-repaired", what="2 rings were repaired", count=2),),
        ids=np.array([f"nhà-{i}" for i in range(count)], dtype=object),
        footprints=shapely.box(x, y, x + 10, y + 8),
        ground=5.0 + np.arange(count) * 0.1,
        height=9.3 + np.arange(count) % 7,
        method=np.arange(count) % 4,
        points=np.arange(count) * 3,
        rmse=np.where(np.arange(count) % 4 == 0, 0.12, np.nan),
        floors=np.arange(count) % 5,
        use=np.array(["nhà ở" if i % 2 else "" for i in range(count)], dtype=object),
        lod=np.ones(count),
        columns={
            "height": np.linspace(0.6, 2.5, count),  # a source's own "height", not ours
            "Tên": np.array([f"Số {i}" if i % 3 else None for i in range(count)], dtype=object),
            "built": np.array(["1999-01-02"] * count, dtype="datetime64[D]"),
        },
        model=make_model() if model else None,
    )


def make_model() -> SolidBatch:
    """A tetrahedron for building 0."""
    corners = [[0, 0, 0], [10, 0, 0], [0, 8, 0], [0, 0, 9]]
    return SolidBatch(
        origin=(WEST, SOUTH, 0.0),
        vertices=np.array(corners, dtype=np.float32),
        triangles=np.array([[0, 2, 1], [0, 1, 3], [1, 2, 3], [0, 3, 2]]),
        face_solid=np.zeros(4),
        face_kind=np.array([0, 1, 2, 1]),
    )


def make_roads(id: str = "roads", name: str = "Đường") -> FeatureLayer:
    lines = [
        shapely.LineString([(WEST, SOUTH), (WEST + 100, SOUTH + 50)]),
        shapely.LineString([(WEST + 5, SOUTH, 7.5), (WEST + 90, SOUTH + 10, 8.0)]),
        shapely.MultiLineString(
            [[(WEST, SOUTH), (WEST + 1, SOUTH)], [(WEST, SOUTH + 2), (WEST, SOUTH + 9)]]
        ),
    ]
    return FeatureLayer(
        id=id,
        name=name,
        crs=CRS,
        role="roads",
        id_column="osm_id",
        source=Source(path=str(Path("roads.gpkg").absolute()), driver="GPKG", licence="ODbL 1.0"),
        geometry=np.array(lines, dtype=object),
        columns={
            "osm_id": np.array([11, -4, 2**53 + 1], dtype=np.int64),
            "name": np.array(["Phố Huế", None, ""], dtype=object),
            "oneway": np.array([True, False, True]),
            "lanes": np.array([2, None, 4], dtype=object),
            "width": np.array([3.1, np.nan, 7.25], dtype=np.float32),
            "seen": np.array(
                ["2023-12-13T06:30:00.25", "NaT", "2024-01-01"], dtype="datetime64[ms]"
            ),
            "tags": np.array([{"a": [1, 2]}, None, {"b": "ờ"}], dtype=object),
        },
    )


def make_ground() -> ElevationLayer:
    heights = np.linspace(3.0, 9.0, 30 * 40, dtype=np.float32).reshape(30, 40)
    heights[4, 5] = np.nan
    return ElevationLayer(
        id="ground",
        name="Mặt đất",
        crs=CRS,
        heights=heights,
        west=WEST,
        north=SOUTH + 60,
        cell_x=2.5,
        cell_y=2.0,
        filled=np.eye(30, 40, dtype=bool),
    )


def make_picture() -> ImageryLayer:
    pixels = np.arange(20 * 24 * 3, dtype=np.uint32).reshape(20, 24, 3) % 251
    return ImageryLayer(
        id="photo",
        name="Ảnh",
        crs=CRS,
        pixels=pixels.astype(np.uint8),
        west=WEST,
        north=SOUTH + 40,
        cell_x=2.0,
        cell_y=2.0,
        full_size=(200, 240),
    )


def make_points() -> PointCloudLayer:
    xyz = np.array([[0.25, 0.5, 1.0], [10, 20, 30], [-5, 4, 2.5]], dtype=np.float32)
    return PointCloudLayer(
        id="points",
        name="LiDAR",
        crs=CRS,
        offset=(WEST, SOUTH, 0.0),
        xyz=xyz,
        classification=np.array([2, 6, 5]),
        intensity=np.array([0, 65535, 7]),
        rgb=np.array([[0, 1, 2], [255, 254, 253], [9, 9, 9]]),
        total=900,
    )


def make_mesh() -> MeshLayer:
    return MeshLayer(
        id="relief",
        name="Relief",
        crs=CRS,
        offset=(WEST, SOUTH, 2.0),
        vertices=np.array([[0, 0, 0], [5, 0, 0.5], [0, 5, 0.25]], dtype=np.float32),
        triangles=np.array([[0, 1, 2]]),
    )


def make_city(*layers: Layer) -> City:
    frame = Frame(crs=CRS, origin=(WEST, SOUTH, 0.0), vertical="Hòn Dấu")
    return City(name="Hoàn Kiếm", frame=frame, layers={layer.id: layer for layer in layers})


def differences(one: Any, other: Any, path: str = "") -> list[str]:
    """Where two layers, or parts of them, are not the same; types of arrays count, too."""
    if type(one) is not type(other) and not isinstance(one, np.ndarray):
        return [f"{path}: {type(one).__name__} and {type(other).__name__}"]
    if hasattr(one, "__dataclass_fields__"):
        return [
            found
            for part in fields(one)
            for found in differences(
                getattr(one, part.name), getattr(other, part.name), f"{path}.{part.name}"
            )
        ]
    if hasattr(one, "keys"):
        if list(one) != list(other):
            return [f"{path}: keys {list(one)} and {list(other)}"]
        return [
            found for key in one for found in differences(one[key], other[key], f"{path}[{key}]")
        ]
    if isinstance(one, np.ndarray):
        if one.dtype != other.dtype or one.shape != other.shape:
            return [f"{path}: {one.dtype}{one.shape} and {other.dtype}{other.shape}"]
        if one.dtype == object:
            same = all(
                a.equals_exact(b) and shapely.to_wkb(a) == shapely.to_wkb(b)
                if isinstance(a, shapely.Geometry)
                else (type(a), a) == (type(b), b)
                for a, b in zip(one, other, strict=True)
            )
            return [] if same else [f"{path}: values"]
        return [] if one.tobytes() == other.tobytes() else [f"{path}: values"]
    return [] if one == other else [f"{path}: {one!r} and {other!r}"]
