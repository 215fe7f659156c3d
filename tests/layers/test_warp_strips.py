"""Large grids are read and warped strip by strip: the same heights, in little memory."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pyproj
import pytest
import rasterio
from rasterio.transform import from_origin

from layers.builders import warp
from layers.builders.reproject import to_crs
from layers.errors import Cancelled
from layers.kinds.elevation import ElevationLayer
from layers.progress import Progress
from layers.readers import raster_heights, registry
from layers.readers.registry import ReadOptions

UTM, VN2000 = "EPSG:32648", "EPSG:5897"
WEST, NORTH = 580_000.0, 2_330_000.0


def plane(rows: int = 700, cols: int = 500, cell: float = 2.0) -> ElevationLayer:
    x = WEST + (np.arange(cols) + 0.5) * cell
    y = NORTH - (np.arange(rows) + 0.5) * cell
    heights = height_at(*np.meshgrid(x, y)).astype(np.float32)
    return ElevationLayer(
        id="g", name="g", crs=UTM, heights=heights, west=WEST, north=NORTH, cell_x=cell, cell_y=cell
    )


def height_at(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return 50 + 0.02 * (x - WEST) - 0.03 * (y - NORTH)


def test_each_cell_has_the_height_of_its_place_whatever_the_strips(monkeypatch):
    layer = plane()
    monkeypatch.setattr(warp, "_STRIP_CELLS", 20_000)
    made = to_crs(layer, VN2000)
    rows, cols = made.heights.shape
    assert rows * cols > 15 * 20_000
    x, y = np.meshgrid(
        made.west + (np.arange(cols) + 0.5) * made.cell_x,
        made.north - (np.arange(rows) + 0.5) * made.cell_y,
    )
    back = pyproj.Transformer.from_crs(VN2000, UTM, always_xy=True).transform(x, y)
    known = np.isfinite(made.heights)
    off = np.abs(made.heights - height_at(*back))[known]
    assert known.mean() > 0.95 and off.max() < 0.02  # the plane falls by 0.1 m over two cells
    # No strip leaves a seam of cells that nobody filled.
    inside = known[5:-5, 5:-5]
    by_row = inside.mean(axis=1)
    assert by_row.min() > by_row.max() - 0.02


def test_what_was_filled_stays_flagged_in_every_strip(monkeypatch):
    from dataclasses import replace

    layer = plane()
    flags = np.zeros(layer.heights.shape, bool)
    flags[100:600:100] = True
    monkeypatch.setattr(warp, "_STRIP_CELLS", 20_000)
    made = to_crs(replace(layer, filled=flags), VN2000)
    assert made.filled is not None and made.filled.dtype == bool
    assert made.filled.sum() == pytest.approx(flags.sum(), rel=0.1)


def test_warping_can_be_stopped(monkeypatch):
    monkeypatch.setattr(warp, "_STRIP_CELLS", 20_000)
    stop = Progress(lambda at, _: stop.cancel() if at > 0.3 else None)
    with pytest.raises(Cancelled):
        to_crs(plane(), VN2000, stop)


def write(path: Path, values: np.ndarray, **more: object) -> None:
    rows, cols = values.shape
    profile = {"transform": from_origin(WEST, NORTH, 2, 2), "crs": UTM, **more}
    with rasterio.open(
        path, "w", driver="GTiff", height=rows, width=cols, count=1, dtype=values.dtype, **profile
    ) as file:
        file.write(values, 1)


def test_strips_are_read_as_the_whole_is(tmp_path, monkeypatch):
    rng = np.random.default_rng(1)
    values = rng.uniform(-5, 90, (311, 207)).astype(np.float32)
    values[40:90, 3] = -9999
    values[200, 100:110] = 99_000
    write(tmp_path / "dtm.tif", values)
    # South up: rows run the other way.
    write(tmp_path / "up_dtm.tif", values[::-1], transform=from_origin(WEST, NORTH - 622, 2, -2))
    monkeypatch.setattr(raster_heights, "STRIP_CELLS", 1000)
    for name in ("dtm.tif", "up_dtm.tif"):
        (layer,) = registry.read(tmp_path / name, ReadOptions(role="ground"))
        expected = np.where((values == -9999) | (values > 15_000), np.nan, values)
        np.testing.assert_array_equal(layer.heights, expected)
        told = {notice.code: notice.count for notice in layer.notices}
        assert told["nodata-guessed"] == 50 and told["heights-impossible"] == 10


CHILD = """
import resource, sys
from pathlib import Path
import numpy as np
from layers.builders.reproject import to_crs
from layers.readers import registry
from layers.readers.registry import ReadOptions
def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
small, large = Path(sys.argv[1]), Path(sys.argv[2])
for path in (small, large):
    (layer,) = registry.read(path, ReadOptions(role="ground"))
    read = peak()
    made = to_crs(layer, "EPSG:5897")
    if path is small:
        before = peak()
        del layer, made
    else:
        print(read - before, peak() - before, layer.heights.nbytes, made.heights.nbytes)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no resource module")
def test_a_large_grid_is_read_and_warped_in_little_more_than_its_own_memory(tmp_path):
    write(tmp_path / "small.tif", np.ones((200, 200), np.float32), nodata=-1)
    y, x = np.ogrid[:5000, :5000]
    write(
        tmp_path / "large.tif", (x * 0.01 + y * 0.02).astype(np.float32), nodata=-1,
        tiled=True, compress="deflate",
    )  # fmt: skip
    told = subprocess.run(
        [sys.executable, "-c", CHILD, str(tmp_path / "small.tif"), str(tmp_path / "large.tif")],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    read, warped, source, made = map(float, told.split())
    most = 150e6  # strips, GDAL's cache of blocks
    assert read < source + most
    assert warped < source + made + 2 * most
