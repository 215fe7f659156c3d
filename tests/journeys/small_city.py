"""Small sources in Hanoi (EPSG:5897) and the recipe of a city of twenty houses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import geopandas
import laspy
import numpy as np
import rasterio
import shapely
from pyproj import CRS
from rasterio.transform import Affine

WEST, SOUTH = 587_000.0, 2_325_000.0
FOOTPRINTS = {"path": "houses.gpkg", "role": "footprints"}
TERRAIN = {"path": "dtm.tif", "role": "ground"}
CLOUD = {"path": "scan.laz"}


def outlines(count: int = 20) -> list[shapely.Polygon]:
    """Houses of 10 × 8 m, five in a row, 20 m from one to the next."""
    corners = [(WEST + number % 5 * 20, SOUTH + number // 5 * 20) for number in range(count)]
    return [shapely.box(x, y, x + 10, y + 8) for x, y in corners]


def houses(path: Path, shapes: list[Any] | None = None, *, crs: int = 5897) -> Path:
    """House n, called "nhà n", is 6 + n m high by its column."""
    shapes = shapes or outlines()
    columns = {
        "id": [f"nhà {number}" for number in range(len(shapes))],
        "height": [6.0 + number for number in range(len(shapes))],
    }
    geopandas.GeoDataFrame(columns, geometry=shapes, crs=crs).to_file(path)
    return path


def terrain(path: Path, *, crs: str | None = "EPSG:5897") -> Path:
    """100 × 100 m at 5 m, cells of 1 m, uncompressed."""
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        width=100,
        height=100,
        count=1,
        dtype="float32",
        crs=crs,
        transform=Affine(1, 0, WEST, 0, -1, SOUTH + 100),
    ) as file:
        file.write(np.full((1, 100, 100), 5, np.float32))
    return path


def scan(
    path: Path, xyz: np.ndarray | None = None, classes: Any = 2, *, crs: str = "EPSG:5897"
) -> Path:
    """A point cloud; without `xyz` 20 000 ground points at 5 m (seed 1)."""
    if xyz is None:
        xyz = np.random.default_rng(1).random((20_000, 3)) * (100, 100, 0.2) + (WEST, SOUTH, 5)
    header = laspy.LasHeader(point_format=6, version="1.4")
    header.scales, header.offsets = [0.01] * 3, np.floor(xyz.min(axis=0))
    header.add_crs(CRS.from_user_input(crs))
    cloud = laspy.LasData(header)
    cloud.xyz = xyz
    cloud.classification = np.broadcast_to(np.uint8(classes), len(xyz)).copy()
    cloud.write(path)
    return path


def recipe(folder: Path, *sources: dict[str, Any], crs: str = "EPSG:5897", more: str = "") -> Path:
    """`city.toml` in `folder`."""
    lines = ['name = "Small"', f'crs = "{crs}"' if crs else "", more]
    for source in sources:
        lines += ["[[source]]", *(f"{key} = {json.dumps(value)}" for key, value in source.items())]
    path = folder / "city.toml"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def cut(path: Path, share: float = 0.5) -> Path:
    """The same file without its end."""
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * share)])
    return path


def house(**changes: object) -> dict[str, object]:
    """A tetrahedron as CityJSON."""
    boundaries = [[[[0, 2, 1]], [[0, 1, 3]], [[1, 2, 3]], [[2, 0, 3]]]]
    return {
        "type": "CityJSON",
        "version": "2.0",
        "metadata": {"referenceSystem": "https://www.opengis.net/def/crs/EPSG/0/28992"},
        "transform": {"scale": [1, 1, 1], "translate": [85000, 447000, 0]},
        "CityObjects": {
            "h": {
                "type": "Building",
                "geometry": [{"type": "Solid", "lod": "2", "boundaries": boundaries, **changes}],
            }
        },
        "vertices": [[0, 0, 0], [9, 0, 0], [0, 9, 0], [3, 3, 9]],
    }
