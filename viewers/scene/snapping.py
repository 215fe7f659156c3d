"""The exact place meant by a cursor: a corner or an edge near it, else the surface under it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import shapely
from numpy.typing import NDArray

from layers.builders.ground import sample
from layers.kinds.buildings import BuildingsLayer
from layers.kinds.features import FeatureLayer
from layers.kinds.pointcloud import PointCloudLayer
from layers.measure.accuracy import Spread, spread_at, with_pixel
from viewers.scene.edges import solid_edges
from viewers.scene.plain import ground_of
from viewers.scene.projecting import project_many
from viewers.scene.scene import Scene

Kind = Literal["vertex", "edge", "point", "surface"]
VERTEX_PIXELS, EDGE_PIXELS = 12.0, 8.0
AROUND = np.array([(0, 0), *((np.cos(a), np.sin(a)) for a in np.arange(8) * np.pi / 4)])
HIDDEN_M, HIDDEN_SHARE = 0.15, 0.002
MOST_SEGMENTS = 20_000
"""Of one thing; one with more corners is not snapped to."""
MOST_TRIED = 12
Segments = NDArray[np.float64]
"""(s, 2, 3), world metres."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Snap:
    """A place that was meant.

    Attributes
    ----------
    where : world x, y, z
    kind : what it was drawn to
    layer, row : the thing it lies on; "" and −1 for the plain around the city
    spread : how far it may be off, metres (see `layers.measure.accuracy`)
    """

    where: tuple[float, float, float]
    kind: Kind
    layer: str
    row: int
    spread: Spread


class Snapper:
    """Looks for corners and edges near a pixel."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._known: dict[tuple[str, int], tuple[object, Segments]] = {}

    def at(self, x: float, y: float, *, ratio: float = 1.0, free: bool = False) -> Snap | None:
        """The place meant at pixel (x, y) from the lower left corner; None for the sky.

        `ratio` is device pixels a logical one; `free` draws to nothing.
        """
        under = self._surface(x, y)
        if free:
            return under
        near = self._segments_near(x, y, ratio)
        found = self._drawn_to(near, x, y, ratio) if near else None
        return found or under

    def _surface(self, x: float, y: float) -> Snap | None:
        picked = self._scene.pick(x, y)
        where = picked.where if picked is not None else self._scene.world_at(x, y)
        if where is None:
            return None
        layer = picked.layer if picked is not None else ""
        row = picked.row if picked is not None else -1
        city = self._scene.city
        known = city.layers.get(layer) if city is not None else None
        if isinstance(known, PointCloudLayer):
            return Snap(
                where=where, kind="point", layer=layer, row=row, spread=spread_at(known, row)
            )
        spread = with_pixel(spread_at(known, row), self._metres(where))
        return Snap(where=where, kind="surface", layer=layer, row=row, spread=spread)

    def _metres(self, where: tuple[float, float, float]) -> float:
        """Metres that a pixel covers there."""
        camera, height = self._scene.camera, self._scene.window.GetSize()[1]
        pose = camera.pose
        if pose.parallel_scale > 0:
            return float(2 * pose.parallel_scale / max(height, 1))
        away = float(np.linalg.norm(np.subtract(where, pose.eye)))
        return float(2 * away * np.tan(np.radians(pose.view_angle) / 2) / max(height, 1))

    # -- what is near -----------------------------------------------------------------------

    def _segments_near(self, x: float, y: float, ratio: float) -> dict[tuple[str, int], Segments]:
        """Edges of the things under the cursor and a little beside it."""
        scene, near = self._scene, dict[tuple[str, int], Segments]()
        for step in AROUND * VERTEX_PIXELS * 0.8 * ratio:
            ray = scene.camera.ray(x + step[0], y + step[1], scene.window.GetSize())
            hit = scene.picker.first(*ray)
            if hit is not None:
                self._add(near, hit.layer, hit.row)
            place = hit.where if hit is not None else scene.picker.plain(*ray)
            if place is not None:
                self._add_features(near, place)
        return near

    def _add_features(
        self, near: dict[tuple[str, int], Segments], place: NDArray[np.float64]
    ) -> None:
        city = self._scene.city
        for layer in city.layers.values() if city is not None else ():
            visual = self._scene.visual(layer.id) if isinstance(layer, FeatureLayer) else None
            row_at = getattr(visual, "row_at", None)
            row = row_at(place) if row_at is not None else None
            if row is not None:
                self._add(near, layer.id, row)

    def _add(self, near: dict[tuple[str, int], Segments], layer_id: str, row: int) -> None:
        city = self._scene.city
        if city is None or (layer_id, row) in near or layer_id not in city.layers:
            return
        layer = self._scene.standing.of(city, layer_id)
        known = self._known.get((layer_id, row))
        if known is None or known[0] is not layer:
            if len(self._known) > 200:
                self._known.clear()
            known = (layer, self._edges(layer, row))
            self._known[layer_id, row] = known
        if len(known[1]):
            near[layer_id, row] = known[1]

    def _edges(self, layer: object, row: int) -> Segments:
        if isinstance(layer, BuildingsLayer) and 0 <= row < layer.count:
            return _capped(building_edges(layer, row))
        if isinstance(layer, FeatureLayer) and 0 <= row < layer.count:
            return _capped(self._feature_edges(layer, row))
        return np.empty((0, 2, 3))

    def _feature_edges(self, layer: FeatureLayer, row: int) -> Segments:
        flat = _flat_segments(layer.geometry[row])
        xy = flat.reshape(-1, 2)
        city = self._scene.city
        ground = ground_of(city) if city is not None else None
        low = self._scene.picker.plain_z + (city.frame.origin[2] if city is not None else 0.0)
        z = np.full(len(xy), low) if ground is None else sample(ground, xy)
        return np.column_stack([xy, np.where(np.isfinite(z), z, low)]).reshape(-1, 2, 3)

    # -- which of it is meant ---------------------------------------------------------------

    def _drawn_to(
        self, near: dict[tuple[str, int], Segments], x: float, y: float, ratio: float
    ) -> Snap | None:
        segments = np.concatenate(list(near.values()))
        owner = np.repeat(np.arange(len(near)), [len(s) for s in near.values()])
        local = segments.reshape(-1, 3) - self._scene.camera.origin
        pixels, depth = project_many(local, self._scene.renderer, self._scene.window.GetSize())
        ends, depths = pixels.reshape(-1, 2, 2), depth.reshape(-1, 2)
        cursor = np.array([x, y])
        away = np.linalg.norm(ends - cursor, axis=2).reshape(-1)
        for index in _nearest(away, VERTEX_PIXELS * ratio):
            where = segments.reshape(-1, 3)[index]
            if self._is_seen(where):
                return self._snap(where, "vertex", list(near)[owner[index // 2]])
        places, apart = _closest(segments, ends, depths, cursor)
        for index in _nearest(apart, EDGE_PIXELS * ratio):
            if self._is_seen(places[index]):
                return self._snap(places[index], "edge", list(near)[owner[index]])
        return None

    def _snap(self, where: NDArray[np.float64], kind: Kind, thing: tuple[str, int]) -> Snap:
        city = self._scene.city
        layer = city.layers.get(thing[0]) if city is not None else None
        x, y, z = (float(v) for v in where)
        spread = spread_at(layer, thing[1])
        return Snap(where=(x, y, z), kind=kind, layer=thing[0], row=thing[1], spread=spread)

    def _is_seen(self, where: NDArray[np.float64]) -> bool:
        """Whether nothing stands between the eye and a world place."""
        scene = self._scene
        pixel, _ = project_many(
            (where - scene.camera.origin)[None], scene.renderer, scene.window.GetSize()
        )
        x, y = pixel[0].tolist()
        origin, direction = scene.camera.ray(x, y, scene.window.GetSize())
        reach = float((where - scene.camera.origin - origin) @ direction)
        hit = scene.picker.first(origin, direction)
        return hit is None or hit.distance > reach - HIDDEN_M - HIDDEN_SHARE * reach


def building_edges(layer: BuildingsLayer, row: int) -> Segments:
    """Edges of one building as it stands: of its model, or of the block over its outline."""
    if layer.model is not None:
        model = layer.model
        first, last = np.searchsorted(model.face_solid, (row, row + 1))
        if last > first:
            faces = model.triangles[first:last]
            used, corners = np.unique(faces, return_inverse=True)
            vertices = model.vertices[used]
            edges = solid_edges(vertices, corners.reshape(-1, 3).astype(np.int32))
            return np.asarray(vertices[edges].astype(np.float64) + np.asarray(model.origin))
    flat = _flat_segments(layer.footprints[row])
    low, high = float(layer.ground[row]), float(layer.ground[row] + layer.height[row])
    count = len(flat)
    rings = [np.concatenate([flat, np.full((count, 2, 1), z)], axis=2) for z in (low, high)]
    upright = np.stack([rings[0][:, 0], rings[1][:, 0]], axis=1)
    return np.concatenate([*rings, upright])


def _flat_segments(shape: Any) -> NDArray[np.float64]:
    """(s, 2, 2) of all lines and rings of a geometry; a point is a segment of no length."""
    parts = shapely.get_parts(shape)
    found = [np.empty((0, 2, 2))]
    for part in parts:
        lines = shapely.get_rings(part) if shapely.get_dimensions(part) == 2 else [part]
        for line in lines:
            xy = shapely.get_coordinates(line)
            xy = np.vstack([xy, xy]) if len(xy) == 1 else xy
            found.append(np.stack([xy[:-1], xy[1:]], axis=1))
    return np.concatenate(found)


def _capped(segments: Segments) -> Segments:
    return segments if len(segments) <= MOST_SEGMENTS else segments[:0]


def _nearest(away: NDArray[np.float64], limit: float) -> list[int]:
    """The nearest within `limit`, nearest first; a corner is there once for each of its edges."""
    close = np.flatnonzero(np.nan_to_num(away, nan=np.inf) <= limit)
    return [int(i) for i in close[np.argsort(away[close], kind="stable")[:MOST_TRIED]]]


def _closest(
    segments: Segments,
    ends: NDArray[np.float64],
    depths: NDArray[np.float64],
    cursor: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The place on each segment that is seen nearest to the cursor, and how many pixels away."""
    start, along = ends[:, 0], ends[:, 1] - ends[:, 0]
    square = np.maximum((along**2).sum(axis=1), 1e-9)
    share = np.clip(((cursor - start) * along).sum(axis=1) / square, 0.0, 1.0)
    apart = np.linalg.norm(start + share[:, None] * along - cursor, axis=1)
    # Equal steps on the screen are no equal steps in space: what is farther away is smaller.
    near, far = depths[:, 0], depths[:, 1]
    t = share * near / np.maximum(far + share * (near - far), 1e-9)
    return segments[:, 0] + t[:, None] * (segments[:, 1] - segments[:, 0]), apart
