"""What the long flight flies over: buildings of a project, and ground, picture and points from files."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from layers.kinds.layer import Layer
from twin.city import City
from viewers.bench.scene_work import city_file

CELLS, PIXELS, POINTS = 1500, 2048, 2_000_000
FILES = ("heights.tif", "picture.tif", "points.copc.laz")


def folder(count: int) -> Path:
    """Where the files beside the city of `count` buildings are kept."""
    beside = city_file(count)
    return beside.with_name(f"{beside.stem}-flown")


def make(count: int) -> None:
    """Write what is not there yet: some seconds, once."""
    from twin.project.store import Project
    from viewers.bench.scene_work import make as make_city

    if not city_file(count).exists():
        make_city(count)
    where = folder(count)
    if all((where / name).exists() for name in FILES):
        return
    where.mkdir(parents=True, exist_ok=True)
    with Project.open(city_file(count), read_only=True) as project:
        bounds, crs = project.city.bounds, project.city.frame.crs
    assert bounds is not None
    _write_rasters(where, bounds, crs)
    _write_points(where, bounds, crs)


@contextmanager
def opened(count: int) -> Iterator[tuple[City, Any]]:
    """The city with all its layers, and where tiles are kept; read anew, as when a project is opened."""
    from layers.readers import registry
    from layers.readers.registry import ReadOptions
    from twin.project.store import Project

    where = folder(count)
    with Project.open(city_file(count), read_only=True) as project:
        city = project.city
        for name, options in zip(
            FILES,
            (
                ReadOptions(role="ground"),
                ReadOptions(role="imagery"),
                ReadOptions(max_points=50_000),
            ),
            strict=True,
        ):
            (layer,) = registry.read(where / name, options)
            city = city.with_layer(replace(layer, id=name.partition(".")[0]))

        def tiles(layer: Layer) -> Path | None:
            return (
                where / layer.id
                if layer.id not in project.city.layers
                else project.tile_folder(layer)
            )

        yield city, tiles


def _hills(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    """Metres above the houses' ground less two, so that hills and houses both are seen."""
    rolling = 6.0 * np.sin(x / 310.0) * np.cos(y / 270.0)
    return np.asarray(rolling + 0.6 * np.sin(x / 23.0 + y / 31.0) - 5.0)


def _write_rasters(where: Path, bounds: tuple[float, float, float, float], crs: str) -> None:
    import rasterio
    from rasterio.enums import Resampling
    from rasterio.transform import from_bounds

    west, south, east, north = bounds
    for name, size, bands, dtype in (
        ("heights.tif", CELLS, 1, "float32"), ("picture.tif", PIXELS, 3, "uint8"),
    ):  # fmt: skip
        x = west + (np.arange(size) + 0.5) * (east - west) / size
        y = north - (np.arange(size) + 0.5) * (north - south) / size
        z = _hills(x[None, :], y[:, None])
        values = z[None].astype(np.float32)
        if bands == 3:
            checks = ((x[None, :] // 40 + y[:, None] // 40) % 2) * 40.0
            values = np.stack([110 + 5 * z + checks, 130 + 4 * z, 90 + checks]).astype(np.uint8)
        with rasterio.open(
            where / name, "w", driver="GTiff", width=size, height=size, count=bands, dtype=dtype,
            crs=crs, transform=from_bounds(west, south, east, north, size, size), tiled=True,
            compress="deflate", **({"photometric": "RGB"} if bands == 3 else {"nodata": -9999}),
        ) as file:  # fmt: skip
            file.write(values)
            if bands == 3:
                file.build_overviews([2, 4, 8, 16], Resampling.average)


def _write_points(where: Path, bounds: tuple[float, float, float, float], crs: str) -> None:
    import laspy
    from pyproj import CRS

    from layers.readers.registry import ReadOptions
    from layers.writers.copc import to_copc

    west, south, east, north = bounds
    rng = np.random.default_rng(5)
    x, y = rng.uniform(west, east, POINTS), rng.uniform(south, north, POINTS)
    z = _hills(x, y) + np.where(rng.random(POINTS) < 0.3, rng.uniform(2, 25, POINTS), 0.0)
    header = laspy.LasHeader(point_format=7, version="1.4")
    header.scales, header.offsets = [0.01] * 3, np.floor([west, south, 0.0])
    header.add_crs(CRS.from_user_input(crs))
    cloud = laspy.LasData(header)
    cloud.xyz = np.stack([x, y, z], axis=1)
    for name in ("red", "green", "blue"):
        cloud[name] = rng.integers(0, 65_536, POINTS)
    raw = where / "points.las"
    cloud.write(raw)
    to_copc([(raw, ReadOptions())], where / FILES[2], crs=crs)
    raw.unlink()
