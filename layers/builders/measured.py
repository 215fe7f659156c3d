"""Heights that were measured: from LiDAR points and from rasters."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from layers.builders.ground import sample
from layers.builders.inside import cell_middles, cells_inside, moved, points_inside
from layers.builders.ladder import DSM, LIDAR, LadderOptions, Survey
from layers.builders.roofs import SHRINK_M, Tops, shrunk, tops
from layers.kinds.elevation import ElevationLayer
from layers.kinds.pointcloud import BUILDING, PointCloudLayer
from layers.notices import Notice
from layers.progress import Progress

UNCLASSIFIED = (0, 1)
"""ASPRS classes "never classified" and "unclassified"."""
ABOVE_GROUND_M = 2.0
"""Unclassified points count as roof above this: cars and hedges are lower."""
LEAST_CELLS = 2
LEAST_COVER = 0.5
"""Share of an outline that a raster must cover to say something about it."""
LEAST_BUILT = 0.5
"""Share of its cells that must stand above street level for a building to be there."""


def from_points(
    survey: Survey,
    points: Sequence[PointCloudLayer],
    ground: ElevationLayer | None,
    options: LadderOptions,
    progress: Progress,
) -> None:
    """Heights from the LiDAR points on each roof."""
    classified = any(_has_roofs(cloud) for cloud in points)
    if not classified:
        survey.notices.append(
            Notice(
                code="roofs-unclassified",
                what="No point is classified as building; points more than "
                f"{ABOVE_GROUND_M:g} m above ground inside an outline were taken for roofs",
                hint="Trees over roofs may make them too high; classified points are surer.",
                source=points[0].name,
            )
        )
    # a small roof may have all its points near the outline: better those than none
    for part, shrink in enumerate((SHRINK_M, 0.0)):
        rows = survey.open
        areas = shrunk(survey.outlines[rows], shrink) if shrink else survey.outlines[rows]
        blocks = []
        for done, cloud in enumerate(points):
            progress.step((part + done / len(points)) / 2, f"Buildings: {cloud.name}")
            blocks += list(_roof_heights(areas, cloud, classified, ground))
        found = tops(blocks, len(rows), percentile=options.roof_percentile)
        height = found.top - survey.ground[rows]
        good = (found.points >= options.least_points) & (height >= options.lowest_m)
        survey.take(LIDAR, np.where(good, height, np.nan), rows, found)


def _has_roofs(cloud: PointCloudLayer) -> bool:
    return cloud.classification is not None and bool((cloud.classification == BUILDING).any())


def _roof_heights(
    areas: NDArray[np.object_],
    cloud: PointCloudLayer,
    classified: bool,
    ground: ElevationLayer | None,
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float64]]]:
    """Building and height of each roof point of `cloud`."""
    if not len(areas):
        return
    kinds = cloud.classification
    unsure = kinds is None or not classified
    if kinds is None:
        mask = np.ones(len(cloud.xyz), dtype=bool)
    else:
        mask = np.isin(kinds, UNCLASSIFIED) if unsure else kinds == BUILDING
    west, south, east, north = shapely.total_bounds(areas) - np.tile(cloud.offset[:2], 2)
    x, y = cloud.xyz[:, 0], cloud.xyz[:, 1]
    mask &= (x >= west) & (x <= east) & (y >= south) & (y <= north)
    xyz = cloud.xyz[mask]
    shift = np.asarray(cloud.offset)
    for owner, point in points_inside(moved(areas, cloud.offset), xyz[:, :2]):
        height = xyz[point, 2] + shift[2]
        if unsure and ground is not None:
            high = height - sample(ground, xyz[point, :2] + shift[:2]) > ABOVE_GROUND_M
            owner, height = owner[high], height[high]
        yield owner, height


def from_grid(
    survey: Survey,
    grid: ElevationLayer,
    ground: ElevationLayer | None,
    options: LadderOptions,
    *,
    above: bool,
) -> None:
    """Heights from a raster of the surface, or of heights `above` ground."""
    empty = np.zeros(len(survey.height), dtype=bool)
    # cells at the outline are half street; where nothing else is left they must do
    for shrink in (max(grid.cell_x, grid.cell_y) / 2, 0.0):
        rows = survey.open
        areas = shrunk(survey.outlines[rows], shrink) if shrink else survey.outlines[rows]
        found, looked = _grid_tops(survey, areas, rows, grid, ground, options, above=above)
        seen = looked * grid.cell_x * grid.cell_y >= LEAST_COVER * shapely.area(areas)
        seen &= looked >= LEAST_CELLS
        stands = found.points >= LEAST_BUILT * looked
        height = found.top - survey.ground[rows]
        good = seen & stands & (height >= options.lowest_m)
        survey.take(DSM, np.where(good, height, np.nan), rows, found)
        empty[rows[seen]] = ~good[seen]
    _tell_empty(survey, survey.outlines[empty & np.isnan(survey.height)], grid)


def _grid_tops(
    survey: Survey,
    areas: NDArray[np.object_],
    rows: NDArray[np.int64],
    grid: ElevationLayer,
    ground: ElevationLayer | None,
    options: LadderOptions,
    *,
    above: bool,
) -> tuple[Tops, NDArray[np.int64]]:
    """Tops from the cells above street level, and how many cells with a height were looked at."""
    blocks, looked = [], np.zeros(len(rows), dtype=np.int64)
    for owner, cell in cells_inside(areas, grid):
        value = grid.heights.reshape(-1)[cell].astype(np.float64)
        terrain = survey.ground[rows][owner]
        if ground is not None:
            found_ground = sample(ground, cell_middles(grid, cell))
            terrain = np.where(np.isfinite(found_ground), found_ground, terrain)
        if above:
            value += terrain
        known = np.isfinite(value)
        looked += np.bincount(owner[known], minlength=len(rows))
        built = known & (value - terrain >= options.lowest_m)
        blocks.append((owner[built], value[built]))
    return tops(blocks, len(rows), percentile=options.roof_percentile), looked


def _tell_empty(survey: Survey, empty: NDArray[np.object_], grid: ElevationLayer) -> None:
    if len(empty):
        survey.notices.append(
            Notice(
                code="surface-without-building",
                what=f"{len(empty)} outlines stand where {grid.name} shows no building",
                hint="They may be demolished, not built yet, or drawn at another place.",
                source=grid.name,
                count=len(empty),
                where=corner_of(empty[0]),
            )
        )


def corner_of(geometry: Any) -> tuple[float, float]:
    """The lower left corner of its box, to say where something is."""
    x, y, _, _ = shapely.bounds(geometry)
    return (float(x), float(y))
