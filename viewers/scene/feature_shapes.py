"""Features as triangles on the ground, for workers: areas and lines draped, points as markers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from layers.builders.drape import FLAT_M, STEP_M, SurfaceBatch, drape_areas, drape_lines
from layers.builders.ground import sample
from layers.builders.waters import still_levels
from layers.kinds.elevation import ElevationLayer
from layers.kinds.features import FeatureLayer
from twin.style import Style
from viewers.scene.lamps import is_lamps, pools
from viewers.scene.surface_shader import Kind

WIDTHS = {
    "motorway": 14.0, "trunk": 12.0, "primary": 10.0, "secondary": 8.5, "tertiary": 7.0,
    "residential": 5.0, "living_street": 4.5, "unclassified": 5.0, "service": 3.5, "pedestrian": 4.0,
    "footway": 1.8, "path": 1.5, "steps": 1.8, "cycleway": 2.0, "track": 3.0, "rail": 2.5,
}  # fmt: skip
"""Metres, by OpenStreetMap's `highway`; a column "width" goes before."""
BIAS = {"green": 6, "parcels": 8, "zoning": 8, "footprints": 10, "water": 12, "roads": 16}
MARK_M = 2.2
LIFT_M = 2 * FLAT_M
"""Draped areas leave the ground by so much where it is nearly flat."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Detail:
    """How finely features follow the ground.

    Attributes
    ----------
    step : metres at which areas and lines are cut at least, where the ground is rough
    flat : metres from a plane or a straight line within which they are not cut
    simpler : metres that outlines may be off; 0 for outlines as they are
    """

    step: float = STEP_M
    flat: float = FLAT_M
    simpler: float = 0.0


NEAR, FAR = Detail(), Detail(step=30.0, flat=0.4, simpler=0.6)


def line_widths(layer: FeatureLayer, style: Style) -> NDArray[np.float64]:
    """Width of each line in metres: the style's, else a column's, else by the kind of way."""
    count = len(layer.geometry)
    if style.size > 0:
        return np.full(count, style.size)
    usual = 5.0 if layer.role == "roads" else 1.2
    widths = np.full(count, usual)
    for name in ("highway", "type", "fclass", "railway"):
        if name in layer.columns:
            kinds = layer.columns[name]
            known = [WIDTHS.get(str(k).removesuffix("_link"), np.nan) for k in kinds]
            widths = np.where(np.isfinite(known), known, widths)
            break
    for name in ("width", "WIDTH", "be_rong", "rong"):
        if name in layer.columns and layer.columns[name].dtype.kind in "iuf":
            given = layer.columns[name].astype(float)
            return np.where((given > 0.5) & (given < 120), given, widths)
    return widths


def markers(
    xyz: NDArray[np.float64], row: NDArray[np.int64], size: float
) -> tuple[NDArray[np.float32], NDArray[np.int32], NDArray[np.int32]]:
    """A small post with a diamond on top at each position: vertices, triangles, row per face."""
    shape = np.array(
        [[0, 0, 0], [1, 0, 2], [0, 1, 2], [-1, 0, 2], [0, -1, 2], [0, 0, 3.2]], np.float64
    ) * [size / 2, size / 2, size]
    faces = np.array(
        [[0, 2, 1], [0, 3, 2], [0, 4, 3], [0, 1, 4], [5, 1, 2], [5, 2, 3], [5, 3, 4], [5, 4, 1]]
    )
    vertices = (xyz[:, None, :] + shape[None]).reshape(-1, 3).astype(np.float32)
    triangles = (faces[None] + np.arange(len(xyz))[:, None, None] * len(shape)).reshape(-1, 3)
    return vertices, triangles.astype(np.int32), np.repeat(row, len(faces)).astype(np.int32)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Shape:
    """Triangles of one kind of geometry ("areas", "lines", "points"), and the feature of each; what
    they look like, and how many depth steps nearer than the ground they are drawn."""

    vertices: NDArray[np.float32]
    triangles: NDArray[np.int32]
    face_row: NDArray[np.int32]
    kind: str
    look: Kind
    bias: int


def kinds_of(layer: FeatureLayer) -> list[tuple[str, Kind, int]]:
    """Kind, look and bias of the shapes that a layer has."""
    types = np.unique(shapely.get_type_id(layer.geometry))
    bias = BIAS.get(layer.role, 20)
    found: list[tuple[str, Kind, int]] = []
    if np.isin(types, (3, 6)).any():
        found.append(("areas", "water" if layer.role == "water" else "surface", bias))
    if np.isin(types, (1, 2, 5)).any():
        found.append(("lines", "surface", bias + 2))
    if np.isin(types, (0, 4)).any():
        found.append(("points", "mark", 0))
        if is_lamps(layer):
            found.append(("pools", "pool", bias + 4))
    return found


def shapes_of(
    layer: FeatureLayer,
    widths: NDArray[np.float64],
    ground: ElevationLayer | None,
    origin: tuple[float, float, float],
    *,
    marker: float,
    detail: Detail = NEAR,
) -> list[Shape]:
    """All of the layer as triangles on the ground: for a worker.

    `widths` of lines and the size of a `marker` in metres.
    """
    found: list[Shape] = []
    bias = BIAS.get(layer.role, 20)
    geometry = layer.geometry
    if detail.simpler:
        geometry = shapely.simplify(geometry, detail.simpler)
    for kind, look, depth in kinds_of(layer):
        if kind in ("points", "pools"):
            xyz, rows = _positions(layer, ground, origin)
            made = markers(xyz, rows, marker) if kind == "points" else pools(xyz, rows)
            vertices, triangles, row = made
        else:
            levels = still_levels(layer.geometry, ground) if look == "water" else None
            batch = _draped(kind, geometry, widths, ground, origin, bias, detail, levels)
            vertices, triangles, row = batch.vertices, batch.triangles, batch.face_row
        if len(triangles):
            found.append(
                Shape(
                    vertices=vertices, triangles=triangles, face_row=row, kind=kind, look=look,
                    bias=depth,
                )
            )  # fmt: skip
    return found


def _draped(
    kind: str,
    geometry: NDArray[np.object_],
    widths: NDArray[np.float64],
    ground: ElevationLayer | None,
    origin: tuple[float, float, float],
    bias: int,
    detail: Detail,
    levels: NDArray[np.float64] | None,
) -> SurfaceBatch:
    lift = LIFT_M + bias * 0.004
    if kind == "areas":
        return drape_areas(
            geometry, ground, origin=origin, lift=lift, step=detail.step, flat=detail.flat,
            levels=levels,
        )  # fmt: skip
    return drape_lines(
        geometry, widths, ground, origin=origin, lift=lift + 0.03, step=detail.step,
        flat=detail.flat,
    )  # fmt: skip


def _positions(
    layer: FeatureLayer, ground: ElevationLayer | None, origin: tuple[float, float, float]
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Feet of all points (n, 3), scene metres, and the row of each."""
    rows = np.flatnonzero(np.isin(shapely.get_type_id(layer.geometry), (0, 4)))
    parts, index = shapely.get_parts(layer.geometry[rows], return_index=True)
    xy = shapely.get_coordinates(parts)
    z = np.zeros(len(xy)) if ground is None else sample(ground, xy)
    z = np.where(np.isfinite(z), z, 0.0)
    return np.column_stack([xy, z]) - np.asarray(origin), rows[index]
