"""Areas and lines laid on the ground."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray

from layers.arrays import frozen
from layers.builders.ground import sample
from layers.builders.inside import moved
from layers.builders.mesh_cut import cut, whole_cells
from layers.builders.ribbons import ribbons
from layers.builders.rings import clean_rings, spans
from layers.builders.seams import without_hanging
from layers.builders.triangulate import triangulate
from layers.errors import CityError
from layers.kinds.elevation import ElevationLayer

Origin = tuple[float, float, float]
STEP_M = 3.0
"""Areas and lines are cut at least this often to follow the ground."""
FLAT_M = 0.05
"""Metres from a plane within which ground counts as flat: pieces are cut no finer there.

Triangles pass through the ground at their corners, so they differ from it by up to twice as much.
"""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SurfaceBatch:
    """Many surfaces in one set of arrays.

    Attributes
    ----------
    vertices : float32, shape (v, 3), metres from the origin they were made for
    triangles : int32, shape (t, 3), counter-clockwise from above
    face_row : int32, shape (t,), ascending row of the geometry each triangle belongs to
    """

    vertices: NDArray[np.float32]
    triangles: NDArray[np.int32]
    face_row: NDArray[np.int32]

    def __post_init__(self) -> None:
        for name, dtype, ndim in (
            ("vertices", np.float32, 2),
            ("triangles", np.int32, 2),
            ("face_row", np.int32, 1),
        ):
            values = frozen(getattr(self, name), dtype=dtype, ndim=ndim, name=name)
            object.__setattr__(self, name, values)


def drape_areas(
    geometries: NDArray[np.object_],
    ground: ElevationLayer | None,
    *,
    origin: Origin,
    lift: float = 0.05,
    step: float = STEP_M,
    flat: float = FLAT_M,
    levels: NDArray[np.float64] | None = None,
) -> SurfaceBatch:
    """Areas as triangles that lie `lift` metres above `ground`, or flat at a level of their own.

    Areas are cut along a square mesh so that they bend with the ground. Its lines are lines of
    `terrain_mesh` of the same `ground`, every `step` metres or every cell where these are wider, or
    as `MOST_PIECES` allows; wider where the ground is flat within `flat` metres, and every cell where
    humps between its lines would stand out by more than eight times that.

    Parameters
    ----------
    geometries : Polygon or MultiPolygon, shape (n,); others give no triangles
    ground : terrain in the same CRS; None is flat at 0. Beyond its edge it goes on level
    levels : metres, shape (n,): the height of those that are flat, such as lakes; NaN for the others
    """
    geometries = np.asarray(geometries, dtype=object)
    if levels is not None and np.isfinite(levels).any():
        even = np.isfinite(levels)
        laid = drape_areas(
            _only(geometries, ~even), ground, origin=origin, lift=lift, step=step, flat=flat
        )
        return _both(laid, _flat(_only(geometries, even), levels, origin, lift))
    rows = np.flatnonzero(np.isin(shapely.get_type_id(geometries), (3, 6)))
    areas = shapely.force_2d(geometries[rows])
    if ground is not None and len(areas):
        corner = (ground.west + ground.cell_x / 2, ground.north - ground.cell_y / 2, 0.0)
        which, areas = cut(moved(areas, corner), whole_cells(step, ground), ground, flat)
        areas, rows = moved(areas, (-corner[0], -corner[1], 0.0)), rows[which]
    rings = clean_rings(areas, origin=origin[:2])
    triangles, polygon, _ = triangulate(rings)
    if ground is not None:
        triangles, polygon = without_hanging(rings.xy, triangles, polygon)
        order = np.argsort(polygon, kind="stable")
        triangles, polygon = triangles[order], polygon[order]
    vertices = _laid(rings.xy + origin[:2], ground, origin, lift)
    return SurfaceBatch(
        vertices=vertices,
        triangles=triangles.astype(np.int32),
        face_row=rows[rings.owner[polygon]].astype(np.int32),
    )


def drape_lines(
    geometries: NDArray[np.object_],
    widths_m: ArrayLike,
    ground: ElevationLayer | None,
    *,
    origin: Origin,
    lift: float = 0.08,
    step: float = STEP_M,
    flat: float = FLAT_M,
) -> SurfaceBatch:
    """Lines as ribbons with mitred joins that lie `lift` metres above `ground`.

    Parameters
    ----------
    geometries : LineString or MultiLineString, shape (n,); others give no triangles
    widths_m : one width for all or one for each, metres, above zero

    Raises
    ------
    CityError
        A width that is not above zero.
    """
    geometries = np.asarray(geometries, dtype=object)
    widths = np.broadcast_to(np.asarray(widths_m, dtype=np.float64), geometries.shape)
    if not (widths > 0).all():
        raise CityError("A line needs a width above zero to be drawn on the ground")
    fitting = np.flatnonzero(np.isin(shapely.get_type_id(geometries), (1, 2, 5)))
    lines, part = shapely.get_parts(shapely.force_2d(geometries[fitting]), return_index=True)
    rows = fitting[part]
    if ground is not None:
        lines = _bent(lines, ground, max(step, ground.cell_x, ground.cell_y), flat)
    xy, triangles, line = ribbons(lines, widths[rows])
    return SurfaceBatch(
        vertices=_laid(xy, ground, origin, lift),
        triangles=triangles.astype(np.int32),
        face_row=rows[line].astype(np.int32),
    )


def _bent(
    lines: NDArray[np.object_], ground: ElevationLayer, step: float, flat: float
) -> NDArray[np.object_]:
    """`lines` with corners every `step` metres on segments that leave the ground by more than
    `flat` metres; the others stay as they are."""
    xy, line = shapely.get_coordinates(lines, return_index=True)
    own = np.zeros(len(xy), dtype=bool)  # starts a segment of its line
    own[:-1] = line[1:] == line[:-1]
    length = np.zeros(len(xy))
    length[:-1] = np.hypot(*np.diff(xy, axis=0).T)
    parts = np.where(own, np.maximum(np.ceil(length / step), 1), 1).astype(np.int64)
    segment = np.repeat(np.arange(len(xy)), parts)
    share = spans(np.zeros_like(parts), parts) / parts[segment]
    following = np.minimum(segment + 1, len(xy) - 1)
    fine = xy[segment] + (xy[following] - xy[segment]) * share[:, None]
    z = _heights(fine, ground)
    ends = _heights(xy, ground)
    straight = ends[segment] + (ends[following] - ends[segment]) * share
    # Where nothing is known, nothing bends.
    rough = np.zeros(len(xy), dtype=bool)
    rough[segment[np.abs(z - straight) > flat]] = True
    kept = (share == 0) | rough[segment]
    bent: NDArray[np.object_] = lines.copy()  # those without a corner stay
    return np.asarray(shapely.linestrings(fine[kept], indices=line[segment[kept]], out=bent))


def _heights(xy: NDArray[np.float64], ground: ElevationLayer) -> NDArray[np.float64]:
    west, south, east, north = ground.bounds
    return sample(ground, np.clip(xy, (west, south), (east, north)))


def _only(geometries: NDArray[np.object_], which: NDArray[np.bool_]) -> NDArray[np.object_]:
    out = np.empty(len(geometries), dtype=object)
    out[which] = geometries[which]
    return out


def _flat(
    geometries: NDArray[np.object_], levels: NDArray[np.float64], origin: Origin, lift: float
) -> SurfaceBatch:
    """Areas in as few triangles as they have corners for, each at its level."""
    rows = np.flatnonzero(np.isin(shapely.get_type_id(geometries), (3, 6)))
    rings = clean_rings(shapely.force_2d(geometries[rows]), origin=origin[:2])
    triangles, polygon, _ = triangulate(rings)
    row = rows[rings.owner[polygon]]
    z = np.zeros(len(rings.xy))
    z[triangles] = (levels[row] + lift - origin[2])[:, None]
    return SurfaceBatch(
        vertices=np.column_stack([rings.xy, z]).astype(np.float32),
        triangles=triangles.astype(np.int32),
        face_row=row.astype(np.int32),
    )


def _both(one: SurfaceBatch, other: SurfaceBatch) -> SurfaceBatch:
    face_row = np.concatenate([one.face_row, other.face_row])
    order = np.argsort(face_row, kind="stable")
    shifted = other.triangles + np.int32(len(one.vertices))
    return SurfaceBatch(
        vertices=np.concatenate([one.vertices, other.vertices]),
        triangles=np.concatenate([one.triangles, shifted])[order],
        face_row=face_row[order],
    )


def _laid(
    xy: NDArray[np.float64], ground: ElevationLayer | None, origin: Origin, lift: float
) -> NDArray[np.float32]:
    height = np.zeros(len(xy))
    if ground is not None:
        height = _heights(xy, ground)
    unknown = np.isnan(height)
    if unknown.any() and not unknown.all():
        # over holes: corners of one piece follow each other, so carry the last known height along
        last = np.maximum.accumulate(np.where(unknown, -1, np.arange(len(height))))
        last[last < 0] = int(np.argmin(unknown))
        height = height[last]
    height = np.nan_to_num(height, nan=0.0)
    local: NDArray[np.float64] = np.column_stack([xy, height + lift]) - np.asarray(origin)
    return local.astype(np.float32)
