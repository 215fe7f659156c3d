"""A terrain of 8000² cells under an orthophoto of 15 000²: built once, flown over, looked at closely.

`python -m viewers.bench.terrain make|build|fly FOLDER` does one part in a process of its own and
prints a line of JSON.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from viewers.bench.measure import Figure, run_alone

CELLS, PIXELS, PIXEL_M = 8000, 15_000, 0.5
WEST, NORTH = 580_000.0, 2_330_000.0
SIZE = (1920, 1080)
FRAMES = 60
MOST_BLOCK_MS, MOST_FRAME_MS = 50.0, 1000 / 15


def figures() -> list[Figure]:
    """Tiles a second, a moving frame, the longest block of the window's thread, peak memory."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        _alone("make", name)
        built = _alone("build", name)
        flown = _alone("fly", name)
    size = f"{CELLS}² cells, {PIXELS}² pixels"

    def figure(metric: str, value: float, unit: str, limit: float | None = None) -> Figure:
        return Figure(name="terrain", size=size, metric=metric, value=value, unit=unit, limit=limit)

    return [
        figure("tiles built a second", built.said["tiles_a_second"], "1/s"),
        figure("pyramid found as it was", built.said["again_s"], "s"),
        figure("peak memory while building", built.peak_mb, "MB"),
        figure("files opened", flown.said["read_s"], "s"),
        figure("first picture, from a built pyramid", flown.said["first_s"], "s"),
        figure("picture complete", flown.said["complete_s"], "s"),
        figure("median frame while moving", flown.said["frame_ms"], "ms", MOST_FRAME_MS),
        figure("longest block beside the frame", flown.said["block_ms"], "ms", MOST_BLOCK_MS),
        figure("tiles taken while moving", flown.said["taken"], "tiles"),
        figure("pixel of the picture at street level", flown.said["texel_m"], "m", PIXEL_M),
        figure("peak memory", flown.peak_mb, "MB", 1200.0),
    ]


def _alone(part: str, folder: str) -> Any:
    return run_alone(["-m", "viewers.bench.terrain", part, folder], timeout=900.0)


# -- parts ----------------------------------------------------------------------------------


def make(folder: Path) -> dict[str, Any]:
    """Hills with rough ground, and a picture of fields, streets and roofs."""
    import rasterio
    from rasterio.enums import Resampling
    from rasterio.transform import from_origin
    from rasterio.windows import Window

    rng = np.random.default_rng(4)
    profile = {"driver": "GTiff", "crs": "EPSG:32648", "tiled": True, "compress": "deflate"}
    hills, patches = rng.normal(size=(9, 9)), rng.normal(size=(61, 61))
    with rasterio.open(
        folder / "dtm.tif", "w", width=CELLS, height=CELLS, count=1, dtype="float32", nodata=-9999,
        transform=from_origin(WEST, NORTH, 1, 1), predictor=3, **profile,
    ) as file:  # fmt: skip
        for row in range(0, CELLS, 500):
            rows = np.arange(row, row + 500)
            z = 60 * _field(hills, rows, CELLS) + 5 * _field(patches, rows, CELLS) + 150
            z += rng.normal(size=z.shape).astype(np.float32) * 0.02
            file.write(z.astype(np.float32), 1, window=Window(0, row, CELLS, 500))
    with rasterio.open(
        folder / "ortho.tif", "w", width=PIXELS, height=PIXELS, count=3, dtype="uint8",
        photometric="RGB", transform=from_origin(WEST + 200, NORTH - 200, PIXEL_M, PIXEL_M),
        **profile,
    ) as file:  # fmt: skip
        x = (np.arange(PIXELS) * PIXEL_M).astype(np.float64)
        for row in range(0, PIXELS, 500):
            rows = np.arange(row, row + 500)
            file.write(_picture(patches, rows, x, rng), window=Window(0, row, PIXELS, 500))
        file.build_overviews([2, 4, 8, 16, 32], Resampling.average)
    return {}


def _field(knots: NDArray[np.float64], rows: NDArray[np.int64], count: int) -> NDArray[np.float32]:
    """Rows of a smooth field over count × count cells, from a few values."""
    n = len(knots) - 1
    along, across = rows * (n / count), np.arange(count) * (n / count)
    r, c = along.astype(int), across.astype(int)
    v, u = (0.5 - 0.5 * np.cos(np.pi * (f - f.astype(int))) for f in (along, across))
    upper = knots[r][:, c] * (1 - u) + knots[r][:, c + 1] * u
    lower = knots[r + 1][:, c] * (1 - u) + knots[r + 1][:, c + 1] * u
    heights: NDArray[np.float32] = (upper * (1 - v)[:, None] + lower * v[:, None]).astype(
        np.float32
    )
    return heights


def _picture(
    patches: NDArray[np.float64],
    rows: NDArray[np.int64],
    x: NDArray[np.float64],
    rng: np.random.Generator,
) -> NDArray[np.uint8]:
    y = (rows * PIXEL_M)[:, None]
    shade = 20 * _field(patches, rows, PIXELS) + rng.integers(-9, 9, (len(rows), PIXELS))
    out = np.clip(np.stack([95 + shade, 120 + shade, 80 + shade * 0.6]), 0, 255).astype(np.uint8)
    street = (x % 160 < 6) | (y % 120 < 6)
    roof = (x % 40 > 12) & (x % 40 < 28) & (y % 30 > 10) & (y % 30 < 22) & ~street
    for where, colour in ((street, (128, 125, 120)), (roof, (176, 96, 70))):
        for band in range(3):
            out[band][where] = colour[band]
    return out


def build(folder: Path) -> dict[str, Any]:
    """The terrain's pyramid, twice: made, and found as it was."""
    from layers.tiles.heights import FileHeights
    from layers.tiles.terrain import TerrainPyramid

    made = TerrainPyramid(FileHeights(folder / "dtm.tif"), folder / "tiles" / "terrain")
    started = time.perf_counter()
    made.build()
    seconds = time.perf_counter() - started
    started = time.perf_counter()
    TerrainPyramid(FileHeights(folder / "dtm.tif"), folder / "tiles" / "terrain").build()
    again = time.perf_counter() - started
    return {"tiles_a_second": made.rebuilt / seconds, "again_s": again}


def fly(folder: Path) -> dict[str, Any]:
    """Show both, fly over them without a pause, then go down to the street."""
    import pyvista as pv

    from layers.frame import Frame
    from layers.readers import registry
    from layers.readers.registry import ReadOptions
    from twin.city import City
    from viewers.bench.flight import fly as round_over
    from viewers.scene.scene import Scene
    from viewers.view_state import CameraPose, ViewState

    started = time.perf_counter()
    layers = [
        registry.read(folder / name, ReadOptions(role=role))[0]
        for name, role in (("dtm.tif", "ground"), ("ortho.tif", "imagery"))
    ]
    read = time.perf_counter() - started
    bounds = layers[0].bounds
    city = City(
        name="Bench", frame=Frame.around("EPSG:32648", bounds),
        layers={layer.id: layer for layer in layers},
    )  # fmt: skip
    plotter = pv.Plotter(off_screen=True, window_size=list(SIZE), lighting="none")
    scene = Scene(plotter)
    scene.folder_for = lambda _: folder / "tiles"
    scene.patient = False
    started = time.perf_counter()
    scene.show(city, ViewState())
    first = time.perf_counter() - started
    while scene.refine():  # workers need the interpreter meanwhile: the window asks as often
        time.sleep(0.008)
    complete = time.perf_counter() - started
    terrain: Any = scene.visual(layers[0].id)
    blocks: list[float] = []
    terrain.complete = _timed(terrain.complete, blocks)
    terrain.look = _timed(terrain.look, blocks)
    before = len(terrain.tiles)
    scene.set_moving()

    def look(pose: CameraPose) -> None:
        scene.camera.pose = pose

    seconds = round_over(bounds, look, scene.render)
    after = len(terrain.tiles)
    ground = float(scene.picker.ground_below(np.array([500.0, 500.0, 0.0])))
    x, y, z = city.frame.origin
    target = (x + 500.0, y + 500.0, z + ground)
    scene.camera.pose = CameraPose(
        eye=(target[0] - 14, target[1] - 14, target[2] + 6), target=target
    )
    del terrain.complete, terrain.look
    scene.set_still(cast=False)
    texel = terrain.finest_texel
    scene.close()
    return {
        "read_s": read, "first_s": first, "complete_s": complete,
        "frame_ms": float(np.median(seconds)) * 1000, "block_ms": max(blocks) * 1000,
        "taken": after - before, "texel_m": texel,
    }  # fmt: skip


def _timed(call: Callable[..., Any], into: list[float]) -> Callable[..., Any]:
    def timed(*args: Any) -> Any:
        started = time.perf_counter()
        try:
            return call(*args)
        finally:
            into.append(time.perf_counter() - started)

    return timed


if __name__ == "__main__":
    part = {"make": make, "build": build, "fly": fly}[sys.argv[1]]
    print(json.dumps(part(Path(sys.argv[2]))))
