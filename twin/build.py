"""A recipe becomes a city: read, place, find the ground, find the buildings, put all in order."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from layers.builders.ground import fill_gaps, ground_from_points
from layers.builders.heights import build_buildings
from layers.builders.outlines import footprints_from_heights, footprints_from_points
from layers.builders.trees import trees_from_canopy
from layers.errors import CityError
from layers.frame import Frame
from layers.kinds.buildings import BuildingsLayer
from layers.kinds.elevation import ElevationLayer
from layers.kinds.features import FeatureLayer
from layers.kinds.layer import Layer
from layers.kinds.pointcloud import BUILDING, PointCloudLayer
from layers.notices import Notice
from layers.progress import SILENT, Progress
from layers.readers.registry import ReadOptions
from twin.city import City
from twin.gather import Gathered, each_once, gather, notices_of, role_of, unique_id
from twin.recipe import BuildingOptions, Recipe, SourceRequest, read_recipe
from twin.spread import spread_buildings

DRAWN_FIRST = ("imagery", "elevation", "mesh", "features", "buildings", "points")


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildResult:
    """A city just built.

    Attributes
    ----------
    city, notices : what stands, and what is worth knowing
    hidden : ids of layers not shown at first: clouds that became buildings, rasters that were used
    options : layer id → how its file was read, so that it can be read again
    points_read : LiDAR points
    elapsed_s : seconds of each step
    """

    city: City
    notices: tuple[Notice, ...]
    hidden: frozenset[str] = frozenset()
    options: Mapping[str, ReadOptions] = field(default_factory=dict)
    points_read: int = 0
    elapsed_s: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class AddedFiles:
    """Layers just built for a city that stands; `hidden` and `options` as in `BuildResult`."""

    layers: tuple[Layer, ...]
    notices: tuple[Notice, ...] = ()
    options: Mapping[str, ReadOptions] = field(default_factory=dict)
    hidden: frozenset[str] = frozenset()


def build(
    recipe: Recipe | Path,
    *,
    crs: str = "",
    progress: Progress = SILENT,
    scheduler: str = "",
    workers: int = 0,
) -> BuildResult:
    """Build the city of a recipe.

    Parameters
    ----------
    crs
        Overrides the recipe's project CRS, and answers for the sources that state none.
    scheduler
        Address of a Dask scheduler that shares the work on buildings; "" works here.

    Raises
    ------
    CityError
        A source cannot be read or placed, or nothing can be built of them.
    """
    started = time.perf_counter()
    if isinstance(recipe, Path):
        recipe = read_recipe(recipe)
    gathered = gather(
        recipe.source,
        crs=crs or recipe.crs,
        silent_crs=crs,
        heights=recipe.heights,
        progress=progress.part(0.0, 0.6),
    )
    read_at = time.perf_counter()
    builder = _Builder(gathered, recipe.buildings, progress.part(0.6, 1.0))
    layers = builder.layers(scheduler=scheduler, workers=workers)
    frame = _frame(gathered.crs, layers, recipe.heights)
    city = City(name=recipe.name, frame=frame, layers={layer.id: layer for layer in layers})
    progress.step(1.0, f"Built {recipe.name}")
    done_at = time.perf_counter()
    return BuildResult(
        city=city,
        notices=tuple(each_once([*notices_of(gathered), *builder.notices])),
        hidden=frozenset(builder.hidden),
        options=builder.options,
        points_read=gathered.points_read,
        elapsed_s={"read": read_at - started, "build": done_at - read_at},
    )


def city_from_files(
    sources: Sequence[SourceRequest],
    *,
    name: str,
    crs: str = "",
    heights: str = "",
    progress: Progress = SILENT,
) -> BuildResult:
    """Build a city of files as the import dialog describes them; raises as `build`."""
    recipe = Recipe(name=name, source=list(sources), crs=crs, heights=heights)
    return build(recipe, progress=progress)


def add_files(
    city: City, sources: Sequence[SourceRequest], *, progress: Progress = SILENT
) -> AddedFiles:
    """Layers of more files for a city that stands, on the city's ground; ids are free in it."""
    gathered = gather(
        sources,
        crs=city.frame.crs,
        heights=city.frame.vertical,
        progress=progress.part(0.0, 0.7),
    )
    ground = next(
        (
            layer
            for layer in city.layers.values()
            if isinstance(layer, ElevationLayer) and layer.surface == "ground"
        ),
        None,
    )
    builder = _Builder(gathered, BuildingOptions(), progress.part(0.7, 1.0), ground=ground)
    taken = set(city.layers)
    added: list[Layer] = []
    options: dict[str, ReadOptions] = {}
    hidden: set[str] = set()
    for layer in builder.layers():
        if layer is ground:
            continue
        identity = unique_id(layer.id, taken)
        taken.add(identity)
        added.append(layer if identity == layer.id else replace(layer, id=identity))
        if layer.id in builder.options:
            options[identity] = builder.options[layer.id]
        if layer.id in builder.hidden:
            hidden.add(identity)
    return AddedFiles(
        layers=tuple(added),
        notices=tuple(each_once([*notices_of(gathered), *builder.notices])),
        options=options,
        hidden=frozenset(hidden),
    )


class _Builder:
    """Holds what one build has found so far."""

    def __init__(
        self,
        gathered: Gathered,
        options: BuildingOptions,
        progress: Progress,
        *,
        ground: ElevationLayer | None = None,
    ) -> None:
        self._gathered = gathered
        self._options = options
        self._progress = progress
        self._ground = ground
        self.notices: list[Notice] = []
        self.hidden: set[str] = set()
        self.options: dict[str, ReadOptions] = {}

    def layers(self, *, scheduler: str = "", workers: int = 0) -> list[Layer]:
        """All layers of the city, in the order they are drawn."""
        clouds = [x for _, x in self._gathered.pairs if isinstance(x, PointCloudLayer)]
        grounds = self._elevations("ground")
        derived: list[Layer] = []
        if grounds:
            self._ground = fill_gaps(grounds[0])
            derived += [self._ground, *grounds[1:]]
        elif clouds and self._ground is None:
            self._progress.step(0.1, "Finding the ground")
            self._ground = ground_from_points(clouds, progress=self._progress.part(0.1, 0.3))
            derived.append(self._ground)
            self.notices += self._ground.notices
        self._progress.step(0.3, "Finding buildings")
        derived += self._buildings(clouds, scheduler=scheduler, workers=workers)
        has_buildings = any(isinstance(x, BuildingsLayer) for x in derived)
        for request, layer in self._gathered.pairs:
            used = isinstance(layer, FeatureLayer) and role_of(request, layer) == "footprints"
            if layer in grounds or used:
                continue
            trees = self._trees(layer)
            if request.hidden or trees or (has_buildings and self._is_raw(layer)):
                self.hidden.add(layer.id)
            derived += [layer, *trees]
        if not derived:
            raise CityError("Nothing could be built of these sources", code="nothing-built")
        order = {kind: place for place, kind in enumerate(DRAWN_FIRST)}
        return sorted(self._with_free_ids(derived), key=lambda x: order.get(x.kind, 0))

    def _trees(self, layer: Layer) -> list[FeatureLayer]:
        """The trees that stand in a canopy raster, as points that can be picked and styled."""
        if not isinstance(layer, ElevationLayer) or layer.surface != "canopy-above-ground":
            return []
        found = trees_from_canopy(layer, self._ground)
        self.notices += found.notices
        if not found.count:
            return []
        return [
            FeatureLayer(
                id=f"{layer.id}-trees",
                name=f"{layer.name} · trees",
                crs=layer.crs,
                vertical=layer.vertical,
                role="trees",
                geometry=shapely.points(found.xyz[:, :2]),
                columns={"height": found.height, "crown": found.crown},
            )
        ]

    def _elevations(self, *surfaces: str) -> list[ElevationLayer]:
        return [
            layer
            for _, layer in self._gathered.pairs
            if isinstance(layer, ElevationLayer) and layer.surface in surfaces
        ]

    def _is_raw(self, layer: Layer) -> bool:
        """Whether `layer` is a measurement that buildings and ground were made of."""
        return isinstance(layer, PointCloudLayer) or (
            isinstance(layer, ElevationLayer) and layer.surface != "ground"
        )

    def _buildings(
        self, clouds: list[PointCloudLayer], *, scheduler: str, workers: int
    ) -> list[Layer]:
        surface = next(iter(self._elevations("surface")), None)
        above = next(iter(self._elevations("buildings-above-ground")), None)
        outlines = [
            (request, layer)
            for request, layer in self._gathered.of_role("footprints")
            if isinstance(layer, FeatureLayer)
        ]
        has_model = any(isinstance(x, BuildingsLayer) for _, x in self._gathered.pairs)
        find = self._options.outlines == "found" or not (outlines or has_model)
        if find and self._options.outlines != "given":
            outlines += self._found_outlines(clouds, above)
        built: list[Layer] = []
        for number, (request, footprints) in enumerate(outlines):
            part = self._progress.part(
                0.3 + 0.7 * number / len(outlines), 0.3 + 0.7 * (number + 1) / len(outlines)
            )
            asked: dict[str, Any] = {
                "points": clouds,
                "ground": self._ground,
                "surface": surface,
                "above_ground": above,
                "options": self._options.ladder(request),
                "id": footprints.id,
                "name": footprints.name,
                "progress": part,
            }
            if scheduler:
                layer = spread_buildings(footprints, scheduler=scheduler, workers=workers, **asked)
            else:
                layer = build_buildings(footprints, **asked)
            # What the reader told of the outlines is told already; the layer keeps both.
            told = set(footprints.notices)
            self.notices += [notice for notice in layer.notices if notice not in told]
            built.append(layer)
        return built

    def _found_outlines(
        self, clouds: list[PointCloudLayer], above: ElevationLayer | None
    ) -> list[tuple[SourceRequest, FeatureLayer]]:
        with_roofs = [
            cloud
            for cloud in clouds
            if cloud.classification is not None and (cloud.classification == BUILDING).any()
        ]
        found: list[FeatureLayer] = []
        if above is not None:
            found.append(footprints_from_heights(above, name=above.name))
        elif with_roofs:
            found.append(footprints_from_points(with_roofs, name="Buildings found in LiDAR"))
        return [
            (SourceRequest(path="", role="footprints"), layer) for layer in found if layer.count
        ]

    def _with_free_ids(self, layers: list[Layer]) -> list[Layer]:
        taken: set[str] = set()
        free = []
        requests = {layer.id: request for request, layer in self._gathered.pairs}
        for layer in layers:
            identity = unique_id(layer.id, taken)
            taken.add(identity)
            if layer.id in requests and layer.source is not None:
                self.options[identity] = requests[layer.id].options()
            free.append(layer if identity == layer.id else replace(layer, id=identity))
        return free


def _frame(crs: str, layers: Sequence[Layer], heights: str) -> Frame:
    boxes = np.array([layer.bounds for layer in layers])
    low, high = boxes[:, :2].min(axis=0), boxes[:, 2:].max(axis=0)
    vertical = heights or next((layer.vertical for layer in layers if layer.vertical), "")
    bounds = (float(low[0]), float(low[1]), float(high[0]), float(high[1]))
    return Frame.around(crs, bounds, vertical=vertical)
