"""Which things lie within a shape on the screen: by their middles, or only those that are seen."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType

import numpy as np
import shapely
from embreex.rtcore_scene import EmbreeScene
from numpy.typing import NDArray

from layers.builders.ground import sample
from layers.kinds.buildings import BuildingsLayer
from layers.kinds.features import FeatureLayer
from layers.kinds.layer import Layer
from layers.kinds.pointcloud import PointCloudLayer
from layers.progress import Progress
from twin.city import City
from viewers.scene.plain import ground_of
from viewers.scene.point_places import Places
from viewers.scene.projecting import project_by, project_many, rays_through, table_of
from viewers.scene.scene import Scene
from viewers.scene.shadow import ray_scene
from viewers.view_state import Picked, Rows, ViewState

AT_ONCE = 500_000
MOST_RAYS, MOST_PICKS = 150_000, 1_500
FINEST_PIXELS = 2.0
CLEAR_M, CLEAR_SHARE = 0.5, 0.004
"""How far before a place on the ground rays may end: the ground is drawn coarser far away."""
AREAS = ("green", "water", "zoning", "parcels", "footprints")
"""Roles that cover the ground; they are chosen from only when their layer is meant."""
NOWHERE: Mapping[str, Places] = MappingProxyType({})
Shape = NDArray[np.float64]
"""Corners (n, 2) of a polygon, pixels from the lower left corner."""


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
        self._known.clear()

    def of(self, city: City, layer_id: str) -> Iterator[tuple[int, NDArray[np.float64]]]:
        """(first row, float64 (n, 3)) of parts of the layer."""
        layer = city.layers[layer_id]
        if isinstance(layer, PointCloudLayer):
            for start in range(0, layer.count, AT_ONCE):
                part = layer.xyz[start : start + AT_ONCE].astype(np.float64)
                yield start, part + np.asarray(layer.offset)
            return
        ground = ground_of(city)
        known = self._known.get(layer_id)
        if known is None or known[0] is not layer or known[1] is not ground:
            known = (layer, ground, self._middles(city, layer))
            self._known[layer_id] = known
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


def within(pixels: NDArray[np.float64], shape: Shape) -> NDArray[np.bool_]:
    """Which pixels (n, 2) lie within a polygon."""
    low, high = shape.min(axis=0), shape.max(axis=0)
    with np.errstate(invalid="ignore"):
        found: NDArray[np.bool_] = ((pixels >= low) & (pixels <= high)).all(axis=1)
    near = np.flatnonzero(found)
    if len(near) and not _is_upright(shape):
        area = shapely.make_valid(shapely.polygons(shape))
        shapely.prepare(area)
        found[near] = shapely.contains_xy(area, pixels[near, 0], pixels[near, 1])
    return found


def _is_upright(shape: Shape) -> bool:
    """Whether the shape is a rectangle along the edges of the screen."""
    step = np.abs(np.roll(shape, -1, axis=0) - shape)
    return len(shape) == 4 and bool((step.min(axis=1) == 0).all())


def rows_within(
    scene: Scene, shape: Shape, layers: Iterable[str], middles: Middles, *, seen: bool = False
) -> Rows:
    """Things of `layers` whose middle is seen within `shape`; what is hidden is left out.

    With `seen` only those that a ray from the eye meets first; things smaller than the rays stand
    apart may then be missed.
    """
    city = scene.city
    if city is None or len(shape) < 3:
        return Rows()
    size, origin = scene.window.GetSize(), scene.camera.origin
    found: dict[str, NDArray[np.int64]] = {}
    for layer_id in layers:
        parts = []
        for start, places in middles.of(city, layer_id):
            pixels, depth = project_many(places - origin, scene.renderer, size)
            parts.append(start + np.flatnonzero(within(pixels, shape) & (depth > 0)))
        found[layer_id] = np.concatenate(parts) if parts else np.empty(0, np.int64)
    rows = Rows(found) - scene.view.hidden_rows
    for layer_id in scene.view.only_rows:
        others = Rows({layer_id: np.setdiff1d(rows[layer_id], scene.view.only_rows[layer_id])})
        rows -= others
    return seen_of(scene, shape, rows, middles)() if seen else rows


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


def seen_of(
    scene: Scene,
    shape: Shape,
    rows: Rows,
    middles: Middles,
    streamed: Mapping[str, Places] = NOWHERE,
) -> Callable[[], Rows]:
    """Those of `rows` that rays over the shape, and to middles, meet first; for a worker.

    What the camera sees is read here, in the window's thread.
    """
    size, city = scene.window.GetSize(), scene.city
    assert city is not None
    places = {k: _places(city, k, rows[k], middles, streamed) for k in rows}
    aims = {k: _Aim(where - scene.camera.origin, scene) for k, where in places.items()}
    pixels = np.concatenate([_grid(shape, size), *(aim.pixels for aim in aims.values())])
    pixels = pixels[np.isfinite(pixels).all(axis=1)]
    if scene.picker.cut is not None:
        found = _picked_through(scene, pixels, rows)
        return lambda: found
    cast = rays_through(pixels, scene.renderer, size)
    visuals = {k: scene.visual(k) for k in city.layers}
    later = {k: v.rays_later() for k, v in visuals.items() if v is not None and v.visible}

    def look() -> Rows:
        solid = {k: call() for k, call in later.items()}
        rays = {k: found for k, found in solid.items() if found is not None}
        tree = ray_scene([found[:2] for found in rays.values()])
        geometry, face, _ = _first(tree, *cast)
        met: dict[str, NDArray[np.int64]] = {}
        for number, (layer_id, found) in enumerate(rays.items()):
            if layer_id in aims:
                hit = np.unique(found[2][face[geometry == number]]).astype(np.int64)
                met[layer_id] = np.intersect1d(hit, rows[layer_id])
        for layer_id in aims.keys() - rays.keys():
            met[layer_id] = rows[layer_id][aims[layer_id].in_sight(tree)]
        return Rows(met)

    return look


class _Aim:
    """Rays to places (n, 3) on the ground or in the air."""

    def __init__(self, places: NDArray[np.float64], scene: Scene) -> None:
        size = scene.window.GetSize()
        self.pixels, depth = project_many(places, scene.renderer, size)
        self._origins, self._along = rays_through(self.pixels, scene.renderer, size)
        self._reach = np.einsum("ij,ij->i", places - self._origins, self._along)
        self._ahead = (depth > 0) & np.isfinite(self._reach)

    def in_sight(self, tree: EmbreeScene) -> NDArray[np.bool_]:
        """Which of them nothing solid stands before."""
        origins, along = np.nan_to_num(self._origins), np.nan_to_num(self._along, nan=1.0)
        _, _, away = _first(tree, origins, along)
        with np.errstate(invalid="ignore"):
            clear = away > self._reach - CLEAR_M - CLEAR_SHARE * self._reach
        seen: NDArray[np.bool_] = self._ahead & clear
        return seen


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


def _grid(shape: Shape, size: tuple[int, int]) -> NDArray[np.float64]:
    """Pixels within a shape, every few of them."""
    low = np.maximum(shape.min(axis=0), 0)
    high = np.minimum(shape.max(axis=0), np.array(size) - 1.0)
    if (high <= low).any():
        return np.empty((0, 2))
    step = max(FINEST_PIXELS, float(np.sqrt(np.prod(high - low) / MOST_RAYS)))
    axes = [np.arange(a, b, step) for a, b in zip(low, high, strict=True)]
    pixels = np.stack(np.meshgrid(*axes), -1).reshape(-1, 2)
    return pixels[within(pixels, shape)]


def _first(
    tree: EmbreeScene, origins: NDArray[np.float64], directions: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Solid (−1 for none), face and distance of what each ray meets first."""
    found = tree.run(
        origins.astype(np.float32), directions.astype(np.float32), query="INTERSECT", output=True
    )
    geometry, face = np.asarray(found["geomID"]), np.asarray(found["primID"])
    missed = (face < 0) | (geometry < 0)
    away = np.where(missed, np.inf, np.asarray(found["tfar"], float))
    return np.where(missed, -1, geometry).astype(np.int64), face.astype(np.int64), away


def _picked_through(scene: Scene, pixels: NDArray[np.float64], rows: Rows) -> Rows:
    """The same with what is cut away, ray by ray."""
    met: dict[str, set[int]] = {}
    for x, y in pixels[:: max(1, len(pixels) // MOST_PICKS)].tolist():
        picked = scene.pick(x, y)
        if picked is not None and rows.holds(picked.layer, picked.row):
            met.setdefault(picked.layer, set()).add(picked.row)
    return Rows({k: sorted(v) for k, v in met.items()})


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
