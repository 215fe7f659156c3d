"""Which things lie within a shape on the screen: by their middles, or only those that are seen."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType

import numpy as np
import shapely
from numpy.typing import NDArray

from layers.builders.ground import sample
from layers.kinds.buildings import BuildingsLayer
from layers.kinds.features import FeatureLayer
from layers.kinds.layer import Layer
from layers.kinds.pointcloud import PointCloudLayer
from layers.progress import SILENT, Progress
from twin.city import City
from viewers.scene.plain import ground_of
from viewers.scene.point_places import Places
from viewers.scene.projecting import project_by, table_of
from viewers.scene.scene import Scene
from viewers.scene.seen import Shape, Sight, seen_within, within
from viewers.view_state import Picked, Rows, ViewState

AT_ONCE = 500_000
AREAS = ("green", "water", "zoning", "parcels", "footprints")
"""Roles that cover the ground; they are chosen from only when their layer is meant."""
NOWHERE: Mapping[str, Places] = MappingProxyType({})


def choosable(layer: Layer) -> bool:
    """Whether single things of the layer can be chosen."""
    return isinstance(layer, BuildingsLayer | FeatureLayer | PointCloudLayer)


def usual_layers(city: City, view: ViewState, current: str) -> list[str]:
    """Layers to choose from: the current one where it is seen, else all buildings, trees, features.

    LiDAR and areas that cover the ground are chosen from only when they are the current layer.
    """
    shown = [k for k, v in city.layers.items() if k not in view.hidden and choosable(v)]
    if current in shown:
        return [current]
    return [
        k
        for k in shown
        if not isinstance(city.layers[k], PointCloudLayer)
        and getattr(city.layers[k], "role", "") not in AREAS
    ]


class Middles:
    """Where things stand, world metres; kept for each layer as long as it is the same."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[Layer, object, NDArray[np.float64]]] = {}

    def forget(self) -> None:
        """Let go of all."""
        self._known = {}  # a worker may still write into what was known

    def of(self, city: City, layer_id: str) -> Iterator[tuple[int, NDArray[np.float64]]]:
        """(first row, float64 (n, 3)) of parts of the layer."""
        layer = city.layers[layer_id]
        if isinstance(layer, PointCloudLayer):
            for start in range(0, layer.count, AT_ONCE):
                part = layer.xyz[start : start + AT_ONCE].astype(np.float64)
                yield start, part + np.asarray(layer.offset)
            return
        ground, shelf = ground_of(city), self._known
        known = shelf.get(layer_id)
        if known is None or known[0] is not layer or known[1] is not ground:
            known = shelf[layer_id] = (layer, ground, self._middles(city, layer))
        yield 0, known[2]

    def _middles(self, city: City, layer: Layer) -> NDArray[np.float64]:
        assert isinstance(layer, BuildingsLayer | FeatureLayer)
        shapes = layer.footprints if isinstance(layer, BuildingsLayer) else layer.geometry
        box = shapely.bounds(shapes)
        xy = (box[:, :2] + box[:, 2:]) / 2
        if isinstance(layer, BuildingsLayer):
            z = layer.ground + layer.height.astype(np.float64) / 2
        else:
            ground = ground_of(city)
            z = np.zeros(len(xy)) if ground is None else sample(ground, xy)
            z = np.where(np.isfinite(z), z, 0.0)
        return np.column_stack([xy, z])


def rows_within(
    scene: Scene, shape: Shape, layers: Iterable[str], middles: Middles, *, seen: bool = False
) -> Rows:
    """What `choice_within` finds, here and now."""
    return choice_within(scene, shape, layers, middles, seen=seen)(SILENT)[0]


def choice_within(
    scene: Scene, shape: Shape, layers: Iterable[str], middles: Middles, *, seen: bool = False
) -> Callable[[Progress], tuple[Rows, bool]]:
    """Things of `layers` whose middle is seen within `shape`; what is hidden is left out.

    For a worker: what the camera sees, and what stands there, is read here, in the window's thread. It
    returns the rows, and whether there were so many points that the finest were left out. With `seen`
    it finds only those that a ray from the eye meets first; things smaller than the rays stand apart
    may then be missed.
    """
    city, view = scene.city, scene.view
    if city is None or len(shape) < 3:
        return lambda _: (Rows(), False)
    known = {k: places_of(scene, k) for k in layers}
    streamed = {k: places for k, places in known.items() if places is not None}
    points = points_within(scene, shape, streamed)
    sight = Sight.of(scene)
    look = seen_within(scene, shape) if seen else None

    def find(progress: Progress) -> tuple[Rows, bool]:
        found: dict[str, NDArray[np.int64]] = {}
        plain = [k for k in known if k not in streamed]
        for number, layer_id in enumerate(plain):
            parts = [np.empty(0, np.int64)]
            for start, places in middles.of(city, layer_id):
                progress.step(0.3 * number / len(plain))
                pixels, depth = sight.project(places)
                parts.append(start + np.flatnonzero(within(pixels, shape) & (depth > 0)))
            found[layer_id] = np.concatenate(parts)
        rows = Rows(found) - view.hidden_rows
        for layer_id in view.only_rows:
            rows -= Rows({layer_id: np.setdiff1d(rows[layer_id], view.only_rows[layer_id])})
        fine, fewer = points(progress.part(0.3, 0.6))
        rows |= fine
        if look is not None and rows:
            places_of_rows = {k: _places(city, k, rows[k], middles, streamed) for k in rows}
            rows = look(rows, places_of_rows, progress.part(0.6, 1.0))
        return rows, fewer

    return find


def places_of(scene: Scene | None, layer_id: str) -> Places | None:
    """Where the things of a layer stand whose picture counts rows in its own way; None for others."""
    visual = scene.visual(layer_id) if scene is not None else None
    return visual.places() if visual is not None else None


def points_within(
    scene: Scene, shape: Shape, layers: Mapping[str, Places]
) -> Callable[[Progress], tuple[Rows, bool]]:
    """Points of streamed clouds that are seen within `shape`, fine ones too that were not loaded yet.

    For a worker: what the camera sees is read here, in the window's thread. It returns the rows, and
    whether there were so many points that the finest were left out.
    """
    size, origin = scene.window.GetSize(), scene.camera.origin
    table = table_of(scene.renderer, size)

    def inside(places: NDArray[np.float64]) -> NDArray[np.bool_]:
        pixels, depth = project_by(table, places - origin, size)
        return within(pixels, shape) & (depth > 0)

    def meets(corners: NDArray[np.float64]) -> NDArray[np.bool_]:
        pixels, depth = project_by(table, corners.reshape(-1, 3) - origin, size)
        pixels, behind = pixels.reshape(-1, 8, 2), (depth <= 0).reshape(-1, 8)
        with np.errstate(invalid="ignore"):
            apart = (pixels.max(axis=1) < shape.min(axis=0)) | (
                pixels.min(axis=1) > shape.max(axis=0)
            )
        # A box that the eye's plane cuts may show anywhere.
        clear = ~behind.any(axis=1) & ~apart.any(axis=1)
        return np.asarray(clear | (behind.any(axis=1) & ~behind.all(axis=1)))

    def look(progress: Progress) -> tuple[Rows, bool]:
        found, cut = {}, False
        for number, (layer_id, places) in enumerate(layers.items()):
            part = progress.part(number / len(layers), (number + 1) / len(layers))
            found[layer_id], fewer = places.within(meets, inside, progress=part)
            cut |= fewer
        return Rows(found), cut

    return look


def _places(
    city: City,
    layer: str,
    rows: NDArray[np.int64],
    middles: Middles,
    streamed: Mapping[str, Places],
) -> NDArray[np.float64]:
    if layer in streamed:
        return streamed[layer].of(rows)
    found = [np.empty((0, 3))]
    for start, places in middles.of(city, layer):
        inside = rows - start
        found.append(places[inside[(inside >= 0) & (inside < len(places))]])
    return np.concatenate(found)


def like(city: City, layer_id: str, row: int, by: str) -> Rows:
    """All things of a layer that have the same value as `row` in `by`: "use", "method", a column."""
    layer = city.layers.get(layer_id)
    if isinstance(layer, BuildingsLayer):
        standing = city.standing(layer_id)
        values = getattr(standing, by) if by in ("use", "method") else layer.columns.get(by)
    else:
        values = layer.columns.get(by) if isinstance(layer, FeatureLayer) else None
    if values is None or not 0 <= row < len(values):
        return Rows()
    return Rows({layer_id: np.flatnonzero(values == values[row])})


def box_of(
    city: City, rows: Rows, places: Callable[[str], Places | None] = lambda _: None
) -> NDArray[np.float64] | None:
    """min x, min y, max x, max y, low, high of things, world metres; NaN heights for features."""
    boxes = []
    for layer_id in rows:
        layer, chosen = city.layers.get(layer_id), rows[layer_id]
        if isinstance(layer, BuildingsLayer):
            flat = shapely.total_bounds(layer.footprints[chosen])
            top = (layer.ground + layer.height)[chosen]
            boxes.append([*flat, float(layer.ground[chosen].min()), float(top.max())])
        elif isinstance(layer, FeatureLayer):
            boxes.append([*shapely.total_bounds(layer.geometry[chosen]), np.nan, np.nan])
        elif isinstance(layer, PointCloudLayer):
            streamed = places(layer_id)
            ends = streamed.box(chosen) if streamed is not None else None
            if ends is None:
                ends = layer.xyz[chosen] + np.asarray(layer.offset)
            low, high = ends.min(axis=0), ends.max(axis=0)
            boxes.append([low[0], low[1], high[0], high[1], low[2], high[2]])
    if not boxes:
        return None
    table = np.array(boxes)
    low = np.fmin.reduce(table[:, [0, 1, 4]])
    high = np.fmax.reduce(table[:, [2, 3, 5]])
    return np.array([low[0], low[1], high[0], high[1], low[2], high[2]])


def picked_of(
    city: City, layer_id: str, row: int, places: Callable[[str], Places | None] = lambda _: None
) -> Picked | None:
    """A thing as if it was clicked on its roof, or in its middle; None where it is not there."""
    layer = city.layers.get(layer_id)
    streamed = places(layer_id)
    if streamed is not None:
        for where in streamed.of(np.array([row])).tolist():
            return Picked(layer=layer_id, row=row, kind="point", where=tuple(where))
        return None
    if layer is None or not 0 <= row < layer.count:
        return None
    if isinstance(layer, BuildingsLayer):
        point = shapely.point_on_surface(layer.footprints[row])
        building = city.building_at(layer_id, row)
        z = building.ground + building.height
        return Picked(layer=layer_id, row=row, kind="building", where=(point.x, point.y, z))
    if isinstance(layer, FeatureLayer):
        point = shapely.point_on_surface(layer.geometry[row])
        ground = ground_of(city)
        z = 0.0 if ground is None else float(sample(ground, np.array([[point.x, point.y]]))[0])
        kind = "tree" if layer.role == "trees" else "feature"
        where = (float(point.x), float(point.y), z if z == z else 0.0)
        return Picked(layer=layer_id, row=row, kind=kind, where=where)
    if isinstance(layer, PointCloudLayer):
        x, y, z = (float(v) for v in layer.xyz[row].astype(np.float64) + np.asarray(layer.offset))
        return Picked(layer=layer_id, row=row, kind="point", where=(x, y, z))
    return None
