"""Heights of many buildings shared among the workers of a Dask scheduler, by tile."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from layers.builders.heights import LadderOptions, build_buildings, tally
from layers.errors import CityError
from layers.kinds.buildings import METHODS, BuildingsLayer
from layers.kinds.elevation import ElevationLayer
from layers.kinds.features import FeatureLayer
from layers.kinds.pointcloud import PointCloudLayer
from layers.progress import SILENT, Progress

TILE_M = 250.0
MARGIN_M = 5.0
MEASURED = (METHODS.index("lidar"), METHODS.index("dsm"))

Submit = Callable[
    [Callable[..., BuildingsLayer], list[dict[str, Any]]], Iterator[tuple[int, BuildingsLayer]]
]


def spread_buildings(
    footprints: FeatureLayer,
    *,
    scheduler: str,
    workers: int = 0,
    points: Sequence[PointCloudLayer] = (),
    ground: ElevationLayer | None = None,
    surface: ElevationLayer | None = None,
    above_ground: ElevationLayer | None = None,
    options: LadderOptions,
    id: str,
    name: str,
    progress: Progress = SILENT,
) -> BuildingsLayer:
    """What `build_buildings` gives, with the measured rungs worked out tile by tile elsewhere.

    Parameters
    ----------
    scheduler
        Address of a Dask scheduler, "tcp://host:8786".
    workers
        How many of its workers to use; 0 for all.

    Raises
    ------
    CityError
        The scheduler does not answer, has no worker, or a tile fails.
    """
    whole = build_buildings(
        footprints,
        ground=ground,
        options=options,
        id=id,
        name=name,
        progress=progress.part(0.0, 0.2),
    )
    tiles = _tiles(whole.footprints)
    jobs = [
        {
            "footprints": _outlines(whole, rows),
            "points": [near for cloud in points if (near := _near(cloud, whole.footprints[rows]))],
            "ground": _window(ground, whole.footprints[rows]),
            "surface": _window(surface, whole.footprints[rows]),
            "above_ground": _window(above_ground, whole.footprints[rows]),
            "options": options,
        }
        for rows in tiles
    ]
    columns: dict[str, Any] = {
        key: np.array(getattr(whole, key))
        for key in ("height", "method", "points", "rmse", "ground")
    }
    with _workers(scheduler, workers) as submit:
        for done, (tile, part) in enumerate(submit(build_buildings, jobs), start=1):
            progress.step(0.2 + 0.8 * done / len(jobs), f"Buildings: tile {done} of {len(jobs)}")
            measured = np.isin(part.method, MEASURED)
            rows = tiles[tile][measured]
            for key, values in columns.items():
                values[rows] = getattr(part, key)[measured]
    told = [notice for notice in whole.notices if not notice.code.startswith("heights-")]
    notices = (*told, *tally(columns["method"], footprints.name))
    return replace(whole, notices=notices, **columns)


def _tiles(outlines: NDArray[np.object_]) -> list[NDArray[np.int64]]:
    middle = shapely.get_coordinates(shapely.centroid(outlines))
    cells = np.floor(middle / TILE_M).astype(np.int64)
    _, tile = np.unique(cells, axis=0, return_inverse=True)
    order = np.argsort(tile, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(tile[order])) + 1)


def _outlines(layer: BuildingsLayer, rows: NDArray[np.int64]) -> FeatureLayer:
    # Only what is measured is asked of a tile: columns are judged over the whole file, here.
    return FeatureLayer(
        id="tile",
        name=layer.name,
        crs=layer.crs,
        geometry=layer.footprints[rows],
        role="footprints",
    )


def _box(outlines: NDArray[np.object_]) -> NDArray[np.float64]:
    box: NDArray[np.float64] = shapely.total_bounds(outlines)
    box += (-MARGIN_M, -MARGIN_M, MARGIN_M, MARGIN_M)
    return box


def _near(cloud: PointCloudLayer, outlines: NDArray[np.object_]) -> PointCloudLayer | None:
    x, y = cloud.xyz[:, 0], cloud.xyz[:, 1]
    low_x, low_y, high_x, high_y = _box(outlines) - np.tile(cloud.offset[:2], 2)
    inside = np.flatnonzero((x >= low_x) & (x <= high_x) & (y >= low_y) & (y <= high_y))
    if not len(inside):
        return None
    kept = cloud.classification[inside] if cloud.classification is not None else None
    return PointCloudLayer(
        id=cloud.id,
        name=cloud.name,
        crs=cloud.crs,
        vertical=cloud.vertical,
        offset=cloud.offset,
        xyz=cloud.xyz[inside],
        classification=kept,
    )


def _window(grid: ElevationLayer | None, outlines: NDArray[np.object_]) -> ElevationLayer | None:
    """The part of `grid` under the outlines and a few cells more; None where they do not meet."""
    if grid is None:
        return None
    low_x, low_y, high_x, high_y = _box(outlines)
    rows, cols = grid.heights.shape
    left = int(np.clip((low_x - grid.west) // grid.cell_x - 2, 0, cols))
    right = int(np.clip((high_x - grid.west) // grid.cell_x + 3, 0, cols))
    top = int(np.clip((grid.north - high_y) // grid.cell_y - 2, 0, rows))
    bottom = int(np.clip((grid.north - low_y) // grid.cell_y + 3, 0, rows))
    if left >= right or top >= bottom:
        return None
    return replace(
        grid,
        heights=np.ascontiguousarray(grid.heights[top:bottom, left:right]),
        filled=None if grid.filled is None else grid.filled[top:bottom, left:right],
        west=grid.west + left * grid.cell_x,
        north=grid.north - top * grid.cell_y,
        notices=(),
    )


@contextmanager
def _workers(scheduler: str, count: int) -> Iterator[Submit]:
    try:
        from distributed import Client, as_completed
    except ImportError:
        raise CityError(
            "Sharing work needs Dask, which is not installed",
            hint="Install it: pip install dothi[cluster].",
            code="dask-missing",
        ) from None
    try:
        client = Client(scheduler, timeout="5s")
    except (OSError, TimeoutError, ValueError) as damage:
        raise CityError(
            f"The Dask scheduler {scheduler} does not answer",
            hint="Start one with `dask scheduler`, workers with `dask worker ADDRESS`.",
            code="scheduler-silent",
        ) from damage
    try:
        names = sorted(client.scheduler_info(n_workers=-1)["workers"])
        if not names:
            raise CityError(
                f"The Dask scheduler {scheduler} has no workers",
                hint="Start some with `dask worker ADDRESS`.",
                code="scheduler-empty",
            )

        def submit(
            work: Callable[..., BuildingsLayer], jobs: list[dict[str, Any]]
        ) -> Iterator[tuple[int, BuildingsLayer]]:
            chosen = names[:count] if count else None
            futures = {
                client.submit(work, **job, workers=chosen, pure=False): number
                for number, job in enumerate(jobs)
            }
            for future in as_completed(futures):
                try:
                    yield futures[future], future.result()
                except Exception as damage:  # whatever a worker raised is told as one thing
                    raise CityError(
                        f"A worker of {scheduler} failed: {damage}",
                        hint="Workers need the same version of Dothi as here.",
                        code="worker-failed",
                    ) from damage

        yield submit
    finally:
        client.close()
