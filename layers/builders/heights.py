"""How high each building is: the best measure there is, and which one it was."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import shapely
from numpy.typing import NDArray

from layers.builders.footprints import ids_of, outlines_of
from layers.builders.ground import ground_from_points, sample
from layers.builders.ladder import ATTRIBUTE, DEFAULT, DSM, FLOORS, LIDAR, Survey
from layers.builders.ladder import LadderOptions as LadderOptions
from layers.builders.measured import corner_of, from_grid, from_points
from layers.builders.roofs import percentiles
from layers.errors import CityError
from layers.kinds.buildings import METHODS, BuildingsLayer
from layers.kinds.elevation import ElevationLayer
from layers.kinds.features import FeatureLayer
from layers.kinds.pointcloud import PointCloudLayer
from layers.notices import Notice
from layers.progress import SILENT, Progress
from layers.readers import columns as names

OUTLINE_STEP_M = 2.0
MOST_STEPS = 10_000
"""Places along one outline; a false one thousands of kilometres long must not fill the memory."""
GROUND_PERCENTILE = 5.0
"""The ground of a building is nearly the lowest at its outline: one bad cell must not dig a pit."""


def build_buildings(
    footprints: FeatureLayer,
    *,
    points: Sequence[PointCloudLayer] = (),
    ground: ElevationLayer | None = None,
    surface: ElevationLayer | None = None,
    above_ground: ElevationLayer | None = None,
    options: LadderOptions | None = None,
    id: str = "buildings",
    name: str = "Buildings",
    progress: Progress = SILENT,
) -> BuildingsLayer:
    """Buildings with a height each, by the first rung that gives one.

    LiDAR roof points → surface model less ground → heights above ground as a raster → height
    column → floors × `floor_height_m` → `default_height_m`. What a rung cannot say (too few points,
    no building in the surface model) falls to the next one and is counted in a notice.

    Parameters
    ----------
    footprints : outlines; what is no area is left out and counted
    points : clouds in the CRS of the outlines; class 6 is roof. Without class 6, unclassified
        points more than 2 m above ground are
    ground : terrain; without it, it is found from `points`, else the ground is flat at 0
    surface : heights of what one sees from above, in the datum of `ground`
    above_ground : heights of buildings above ground

    Raises
    ------
    CityError
        No outline is an area, a named column does not exist, or layers in different CRSs.
    """
    options = options or LadderOptions()
    _check(footprints, [*points, ground, surface, above_ground], options)
    rows, outlines, notices = outlines_of(footprints)
    if not len(rows):
        raise CityError(
            f"{footprints.name} holds no outlines of buildings",
            hint="Choose the layer with areas, or another role for this one.",
            code="no-outlines",
        )
    progress.step(0.05, "Buildings: ground")
    if ground is None and points:
        ground = ground_from_points(points, progress=progress.part(0.05, 0.3))
    base = outline_ground(outlines, ground, notices)
    survey = Survey.of(outlines, base, notices)

    if points:
        progress.step(0.3, "Buildings: roof points")
        from_points(survey, points, ground, options, progress.part(0.3, 0.8))
    progress.step(0.8, "Buildings: surface")
    if surface is not None and ground is not None:
        from_grid(survey, surface, ground, options, above=False)
    if above_ground is not None:
        from_grid(survey, above_ground, ground, options, above=True)
    columns = {key: np.asarray(values)[rows] for key, values in footprints.columns.items()}
    _from_column(survey, columns, options, footprints.name)
    floors = _floors(columns, options, len(rows))
    survey.take(FLOORS, np.where(floors > 0, floors * options.floor_height_m, np.nan))
    survey.take(DEFAULT, np.full(len(rows), options.default_height_m))
    ids, id_notices = ids_of(footprints, rows, options.id_column)
    progress.step(1.0, "Buildings")
    return BuildingsLayer(
        id=id,
        name=name,
        crs=footprints.crs,
        vertical=ground.vertical if ground is not None else footprints.vertical,
        source=footprints.source,
        notices=(
            *footprints.notices,
            *notices,
            *id_notices,
            *tally(survey.method, footprints.name),
        ),
        ids=ids,
        footprints=outlines,
        ground=base,
        height=survey.height.astype(np.float32),
        method=survey.method,
        points=survey.points,
        rmse=survey.rmse,
        floors=np.rint(floors).astype(np.int16),
        use=_uses(columns, options, len(rows)),
        lod=np.ones(len(rows), dtype=np.uint8),
        columns=columns,
    )


def outline_ground(
    outlines: NDArray[np.object_], ground: ElevationLayer | None, notices: list[Notice]
) -> NDArray[np.float64]:
    """Ground of each building: the 5th percentile of the terrain along its outline, metres.

    Where the terrain does not reach, the ground of the nearest building it does reach; 0 where there
    is none at all. Both are told in `notices`.
    """
    if ground is None:
        notices.append(
            Notice(
                code="ground-flat",
                what="No terrain is known; the buildings stand on flat ground at 0 m",
                hint="Give a terrain raster or LiDAR points.",
                count=len(outlines),
            )
        )
        return np.zeros(len(outlines))
    step = np.maximum(shapely.length(outlines) / MOST_STEPS, max(OUTLINE_STEP_M, ground.cell_x))
    lines = shapely.segmentize(outlines, step)
    xy, owner = shapely.get_coordinates(lines, return_index=True)
    height = sample(ground, xy)
    known = np.isfinite(height)
    base = percentiles(owner[known], height[known], len(outlines), GROUND_PERCENTILE)
    missing = np.isnan(base)
    if missing.any():
        notices.append(
            Notice(
                code="ground-missing",
                what=f"{int(missing.sum())} buildings stand where the terrain is not known; "
                "they were given the ground of the nearest one",
                hint="Give a terrain that covers all outlines.",
                count=int(missing.sum()),
                where=corner_of(outlines[missing][0]),
            )
        )
        base[missing] = _nearest(outlines, base, missing)
    return base


def _check(
    footprints: FeatureLayer,
    others: Sequence[PointCloudLayer | ElevationLayer | None],
    options: LadderOptions,
) -> None:
    for other in others:
        if other is not None and other.crs != footprints.crs:
            raise CityError(
                f"{other.name} is in {other.crs}, {footprints.name} in {footprints.crs}",
                hint="Bring all layers to the project's coordinate system first.",
                code="crs-differ",
            )
    for column in (
        options.id_column,
        options.height_column,
        options.floors_column,
        options.use_column,
    ):
        if column and column not in footprints.columns:
            raise CityError(
                f"{footprints.name} has no column “{column}”",
                hint=f"It has {', '.join(footprints.columns) or 'none'}.",
                code="column-unknown",
            )
    if not (options.floor_height_m > 0 and options.default_height_m > 0):
        raise CityError("The height of a floor and the default height must be above zero")


def _from_column(
    survey: Survey, columns: names.Columns, options: LadderOptions, source: str
) -> None:
    column = options.height_column or names.height_column(columns)
    if not column:
        return
    refused = names.height_notice(column, columns[column], source=source)
    if refused is not None:
        survey.notices.append(refused)
        return
    height = names.numbers(columns[column])
    with np.errstate(invalid="ignore"):
        height[~((height > 0) & (height <= names.HIGHEST_M))] = np.nan
    survey.take(ATTRIBUTE, height)


def _floors(columns: names.Columns, options: LadderOptions, count: int) -> NDArray[np.float64]:
    """Floors of each building, 0 where unknown."""
    column = options.floors_column or names.floors_column(columns)
    if not column:
        return np.zeros(count)
    floors = names.numbers(columns[column])
    with np.errstate(invalid="ignore"):
        return np.where((floors >= 0.5) & (floors <= 200), floors, 0.0)


def _uses(columns: names.Columns, options: LadderOptions, count: int) -> NDArray[np.object_]:
    column = options.use_column or names.use_column(columns)
    values = columns[column].tolist() if column else [""] * count
    return np.array([v if isinstance(v, str) else "" for v in values], dtype=object)


def _nearest(
    outlines: NDArray[np.object_], base: NDArray[np.float64], missing: NDArray[np.bool_]
) -> NDArray[np.float64]:
    if missing.all():
        return np.zeros(int(missing.sum()))
    from scipy.spatial import cKDTree

    middle = shapely.get_coordinates(shapely.centroid(outlines))
    _, which = cKDTree(middle[~missing]).query(middle[missing])
    found: NDArray[np.float64] = base[~missing][which]
    return found


def tally(method: NDArray[np.uint8], source: str) -> list[Notice]:
    """One notice per rung that gave heights."""
    total = len(method)
    said = {
        LIDAR: "from LiDAR points on the roof",
        DSM: "from a surface raster",
        ATTRIBUTE: "from a column",
        FLOORS: "from the number of floors",
        DEFAULT: "not known: the default was taken",
    }
    counts = np.bincount(method, minlength=len(METHODS))
    return [
        Notice(
            code=f"heights-{METHODS[rung]}",
            what=f"{int(counts[rung])} of {total} heights are {text}",
            hint="Give LiDAR, a surface raster, heights or floors." if rung == DEFAULT else "",
            source=source,
            count=int(counts[rung]),
            severity="warning" if rung == DEFAULT else "info",
        )
        for rung, text in said.items()
        if counts[rung]
    ]
