"""How high each building is: the best measure there is, and which one it was."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
import numpy as np
import shapely
from numpy.typing import NDArray

from layers.builders.footprints import ids_of, outlines_of
from layers.builders.ground import ground_from_points, sample
from layers.builders.inside import cell_middles, cells_inside, moved, points_inside
from layers.builders.roofs import ROOF_PERCENTILE, SHRINK_M, Tops, percentiles, shrunk, tops
from layers.errors import CityError
from layers.kinds.buildings import METHODS, BuildingsLayer
from layers.kinds.elevation import ElevationLayer
from layers.kinds.features import FeatureLayer
from layers.kinds.pointcloud import BUILDING, PointCloudLayer
from layers.notices import Notice
from layers.progress import SILENT, Progress
from layers.readers import columns as names

LIDAR, DSM, ATTRIBUTE, FLOORS, DEFAULT = range(5)
assert METHODS[:5] == ("lidar", "dsm", "attribute", "floors", "default")

UNCLASSIFIED = (0, 1)
"""ASPRS classes "never classified" and "unclassified"."""
ABOVE_GROUND_M = 2.0
"""Unclassified points count as roof above this: cars and hedges are lower."""
OUTLINE_STEP_M = 2.0
GROUND_PERCENTILE = 5.0
"""The ground of a building is nearly the lowest at its outline: one bad cell must not dig a pit."""
LEAST_CELLS = 2
LEAST_COVER = 0.5
"""Share of an outline that a raster must cover to say something about it."""
LEAST_BUILT = 0.5
"""Share of its cells that must stand above street level for a building to be there."""


class LadderOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How heights are found.

    Attributes
    ----------
    floor_height_m : metres per floor
    default_height_m : where nothing is known; three floors of 3.3 m
    id_column, height_column, floors_column, use_column : "" to find them by their names
    roof_percentile : which of the sorted roof points is the top of the block, 0…100
    least_points : fewer LiDAR points than this are no measure
    lowest_m : what stands lower than this is no building
    """

    floor_height_m: float = 3.3
    default_height_m: float = 9.9
    id_column: str = ""
    height_column: str = ""
    floors_column: str = ""
    use_column: str = ""
    roof_percentile: float = ROOF_PERCENTILE
    least_points: int = 10
    lowest_m: float = 1.5


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
    survey = _Survey.of(outlines, base, notices)

    if points:
        progress.step(0.3, "Buildings: roof points")
        _from_points(survey, points, ground, options, progress.part(0.3, 0.8))
    progress.step(0.8, "Buildings: surface")
    if surface is not None and ground is not None:
        _from_grid(survey, surface, ground, options, above=False)
    if above_ground is not None:
        _from_grid(survey, above_ground, ground, options, above=True)
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
    lines = shapely.segmentize(outlines, max(OUTLINE_STEP_M, ground.cell_x))
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
                where=_corner(outlines[missing][0]),
            )
        )
        base[missing] = _nearest(outlines, base, missing)
    return base


@dataclass(slots=True)
class _Survey:
    """What is known so far while climbing down the ladder."""

    outlines: NDArray[np.object_]
    ground: NDArray[np.float64]
    height: NDArray[np.float64]
    method: NDArray[np.uint8]
    points: NDArray[np.int32]
    rmse: NDArray[np.float32]
    notices: list[Notice] = field(default_factory=list)

    @classmethod
    def of(
        cls, outlines: NDArray[np.object_], ground: NDArray[np.float64], notices: list[Notice]
    ) -> _Survey:
        count = len(outlines)
        return cls(
            outlines=outlines,
            ground=ground,
            height=np.full(count, np.nan),
            method=np.full(count, DEFAULT, dtype=np.uint8),
            points=np.zeros(count, dtype=np.int32),
            rmse=np.full(count, np.nan, dtype=np.float32),
            notices=notices,
        )

    @property
    def open(self) -> NDArray[np.int64]:
        """Rows without a height yet."""
        return np.flatnonzero(np.isnan(self.height))

    def take(
        self,
        method: int,
        height: NDArray[np.float64],
        rows: NDArray[np.int64] | None = None,
        found: Tops | None = None,
    ) -> None:
        """Write finite `height` of `rows` (all by default) where there is none yet."""
        rows = np.arange(len(self.height)) if rows is None else rows
        new = np.isfinite(height) & np.isnan(self.height[rows])
        here = rows[new]
        self.height[here], self.method[here] = height[new], method
        if found is not None:
            self.points[here], self.rmse[here] = found.points[new], found.rmse[new]


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


def _from_points(
    survey: _Survey,
    points: Sequence[PointCloudLayer],
    ground: ElevationLayer | None,
    options: LadderOptions,
    progress: Progress,
) -> None:
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


def _from_grid(
    survey: _Survey,
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
    survey: _Survey,
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


def _tell_empty(survey: _Survey, empty: NDArray[np.object_], grid: ElevationLayer) -> None:
    if len(empty):
        survey.notices.append(
            Notice(
                code="surface-without-building",
                what=f"{len(empty)} outlines stand where {grid.name} shows no building",
                hint="They may be demolished, not built yet, or drawn at another place.",
                source=grid.name,
                count=len(empty),
                where=_corner(empty[0]),
            )
        )


def _corner(geometry: Any) -> tuple[float, float]:
    x, y, _, _ = shapely.bounds(geometry)
    return (float(x), float(y))


def _from_column(
    survey: _Survey, columns: names.Columns, options: LadderOptions, source: str
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
