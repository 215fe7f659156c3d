"""Outlines of buildings where nobody has drawn them: from height rasters and from roof points."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import shapely
from numpy.typing import NDArray

from layers.builders.inside import moved, points_inside
from layers.errors import CityError
from layers.kinds.elevation import ElevationLayer
from layers.kinds.features import FeatureLayer
from layers.kinds.pointcloud import BUILDING, PointCloudLayer
from layers.notices import Notice
from layers.progress import SILENT, Progress

BOXY = 0.85
"""An outline that fills this much of its smallest rectangle is drawn as that rectangle."""
SIMPLIFY = 2.2
"""Corners that carry less area than the square of so many cells go: the stairs of a raster along a
wall of any direction, at the price of details of that size."""
MOST_CELLS = 60_000_000


def footprints_from_heights(
    elevation: ElevationLayer,
    *,
    min_height: float = 2.5,
    min_area: float = 20.0,
    height_step: float = 6.0,
    id: str = "outlines",
    name: str = "Outlines",
    progress: Progress = SILENT,
) -> FeatureLayer:
    """Outlines of what stands in a raster of heights above ground.

    Cells at least `min_height` high are parted where their height changes by about `height_step`,
    so that a tower does not lend its height to the block it stands in; patches below `min_area` go
    to their neighbour or away. Outlines are simplified together, so that neighbours still meet,
    and those that are nearly rectangles become rectangles.

    Parameters
    ----------
    elevation : metres above ground, such as a building-height raster
    min_height, height_step : metres
    min_area : square metres

    Returns
    -------
    FeatureLayer
        Role "footprints", column "cells": how many cells of the raster each rests on.

    Raises
    ------
    CityError
        Nothing in the raster is that high.
    """
    from scipy import ndimage

    progress.step(0.0, f"Outlines: {elevation.name}")
    heights = np.nan_to_num(elevation.heights, nan=0.0)
    smooth = ndimage.median_filter(heights, size=3)
    stands = (heights >= min_height) & (smooth >= min_height)
    if not stands.any():
        raise CityError(
            f"Nothing in {elevation.name} is {min_height:g} m high",
            hint="Choose a raster of heights above ground, or lower the least height.",
            code="no-outlines",
        )
    storey = 1 + ((smooth - min_height) / height_step).astype(np.int16)
    classes = np.where(stands, np.clip(storey, 1, 250), 0).astype(np.uint8)
    progress.step(0.3, f"Outlines: {elevation.name}")
    areas = _areas(classes, elevation, min_area)
    return _layer(areas, elevation, min_area, id=id, name=name)


def footprints_from_points(
    points: Sequence[PointCloudLayer],
    *,
    cell: float = 1.0,
    min_area: float = 20.0,
    height_step: float = 6.0,
    least_points: int = 10,
    id: str = "outlines",
    name: str = "Outlines",
    progress: Progress = SILENT,
) -> FeatureLayer:
    """Outlines of the points classified as building (ASPRS class 6).

    The highest point of each cell of `cell` metres, single holes closed, then as
    `footprints_from_heights`. The cell should be at least the spacing of the points. Outlines that
    hold fewer than `least_points` are taken for strays.

    Raises
    ------
    CityError
        No point is classified as building.
    """
    roofs = [
        c for c in points if c.classification is not None and (c.classification == BUILDING).any()
    ]
    if not roofs:
        raise CityError(
            "No point is classified as building (class 6), so no outlines can be drawn from points",
            hint="Give footprints, or a raster of heights above ground.",
            code="no-outlines",
        )
    outlines = footprints_from_heights(
        _highest(roofs, cell),
        min_height=0.5,
        min_area=min_area,
        height_step=height_step,
        id=id,
        name=name,
        progress=progress.part(0.0, 0.8),
    )
    held = np.zeros(outlines.count, dtype=np.int32)
    for cloud in roofs:
        local = moved(outlines.geometry, cloud.offset)
        roof = cloud.xyz[np.asarray(cloud.classification == BUILDING)]
        for owner, _ in points_inside(local, roof[:, :2]):
            held += np.bincount(owner, minlength=len(held)).astype(np.int32)
    kept = held >= least_points
    if not kept.any():
        raise CityError(
            f"{roofs[0].name} holds too few roof points to draw outlines", code="no-outlines"
        )
    return replace(
        outlines,
        geometry=outlines.geometry[kept],
        columns={"points": held[kept]},
        notices=_told(int(kept.sum()), roofs[0].name),
    )


def _highest(clouds: Sequence[PointCloudLayer], cell: float) -> ElevationLayer:
    """Height of the highest roof point of each cell above the lowest of all; NaN elsewhere."""
    from scipy import ndimage

    world = [c.world()[np.asarray(c.classification == BUILDING)] for c in clouds]
    low = np.min([w.min(axis=0) for w in world], axis=0)
    high = np.max([w.max(axis=0) for w in world], axis=0)
    cell = max(cell, float(np.sqrt(np.prod(high[:2] - low[:2] + cell) / MOST_CELLS)))
    west, south = np.floor(low[:2] / cell - 1) * cell
    cols, rows = (np.ceil((high[:2] - [west, south]) / cell) + 1).astype(int)
    north = south + rows * cell
    top = np.zeros(rows * cols, dtype=np.float32)
    for xyz in world:
        col = ((xyz[:, 0] - west) / cell).astype(np.int64)
        row = ((north - xyz[:, 1]) / cell).astype(np.int64)
        np.maximum.at(top, row * cols + col, (xyz[:, 2] - low[2] + 1).astype(np.float32))
    grid = top.reshape(rows, cols)
    # a cell the scan happened to miss, between others
    closed = ndimage.binary_closing(grid > 0, structure=np.ones((3, 3), dtype=bool))
    lifted = ndimage.maximum_filter(grid, size=3)
    return ElevationLayer(
        id="roofs",
        name=clouds[0].name,
        crs=clouds[0].crs,
        source=clouds[0].source,
        heights=np.where(closed & (grid == 0), lifted, grid),
        west=float(west),
        north=float(north),
        cell_x=cell,
        cell_y=cell,
        surface="buildings-above-ground",
    )


def _areas(
    classes: NDArray[np.uint8], elevation: ElevationLayer, min_area: float
) -> NDArray[np.object_]:
    from rasterio.features import shapes, sieve
    from rasterio.transform import Affine

    size = elevation.cell_x * elevation.cell_y
    least = max(2, round(min_area / size))
    classes = sieve(classes, size=least, connectivity=4)
    classes[sieve((classes > 0).astype(np.uint8), size=least, connectivity=4) == 0] = 0
    place = Affine(elevation.cell_x, 0, elevation.west, 0, -elevation.cell_y, elevation.north)
    outlines = [
        shapely.Polygon(shape["coordinates"][0], shape["coordinates"][1:])
        for shape, _ in shapes(classes, mask=classes > 0, connectivity=4, transform=place)
    ]
    rough = np.array(outlines, dtype=object)
    if not len(rough):
        return rough
    cell = max(elevation.cell_x, elevation.cell_y)
    # effective-area simplification of shared edges: a stair of single cells becomes a line
    return np.asarray(shapely.coverage_simplify(rough, cell * SIMPLIFY))


def _layer(
    areas: NDArray[np.object_],
    elevation: ElevationLayer,
    min_area: float,
    *,
    id: str,
    name: str,
) -> FeatureLayer:
    areas = areas[shapely.is_valid(areas) & (shapely.area(areas) >= min_area / 2)]
    if not len(areas):
        raise CityError(
            f"Nothing in {elevation.name} is as large as a building",
            hint="Lower the least area.",
            code="no-outlines",
        )
    box = shapely.minimum_rotated_rectangle(areas)
    tree = shapely.STRtree(areas)
    mine, other = tree.query(areas, predicate="intersects")
    alone = np.bincount(mine[mine != other], minlength=len(areas)) == 0
    boxy = alone & (shapely.area(areas) >= BOXY * shapely.area(box))
    areas = np.where(boxy, box, areas)
    cells = np.rint(shapely.area(areas) / (elevation.cell_x * elevation.cell_y)).astype(np.int32)
    return FeatureLayer(
        id=id,
        name=name,
        crs=elevation.crs,
        source=elevation.source,
        notices=_told(len(areas), elevation.name),
        geometry=areas,
        columns={"cells": cells},
        role="footprints",
    )


def _told(count: int, source: str) -> tuple[Notice, ...]:
    return (
        Notice(
            code="outlines-derived",
            what=f"{count} outlines of buildings were drawn from {source}",
            hint="Surveyed footprints are surer.",
            source=source,
            count=count,
        ),
    )
