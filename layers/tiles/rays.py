"""The building a ray meets first, from outlines and heights alone: no tile need be loaded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from layers.tiles.blocks import Survey, solids
from layers.tiles.pyramid import Pyramid

Vector = NDArray[np.float64]
Keeps = Callable[[Vector], NDArray[np.bool_]]
SLACK = 1e-9
"""Share of a triangle that a ray may pass beside it, so that none slips between two."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Met:
    """`row` of the layer, `distance` in metres, unit `normal` of the face that was met."""

    row: int
    distance: float
    normal: Vector


def first_building(
    pyramid: Pyramid,
    origin: Vector,
    direction: Vector,
    *,
    hidden: NDArray[np.bool_] | None = None,
    keeps: Keeps | None = None,
) -> Met | None:
    """The first building that a ray meets.

    Parameters
    ----------
    origin, direction : float64 (3,), relative to the pyramid's origin; the second of length one
    hidden : bool (n,), rows that are not there
    keeps : which of some places (k, 3) are there at all, where the city is cut open
    """
    tree, survey = pyramid.tree, pyramid.survey
    shift = np.asarray(pyramid.origin)
    start = np.asarray(origin, float) + shift
    inverse = _inverse(np.asarray(direction, float))
    leaves = np.flatnonzero(tree.leaf)
    near = entries(start, inverse, tree.low[leaves] - (0, 0, 2), tree.high[leaves])
    met = np.flatnonzero(np.isfinite(near))
    best: Met | None = None
    for place in met[np.argsort(near[met])].tolist():
        if best is not None and near[place] > best.distance:
            break
        rows = tree.rows(int(leaves[place]))
        if hidden is not None:
            rows = rows[~hidden[rows]]
        found = _among(survey, rows, start, np.asarray(direction, float), inverse, shift, keeps)
        if found is not None and (best is None or found.distance < best.distance):
            best = found
    return best


def entries(start: Vector, inverse: Vector, low: Vector, high: Vector) -> Vector:
    """Where a ray enters each box (n,), metres; infinity where it misses (slab method, Kay 1986)."""
    with np.errstate(invalid="ignore"):
        a, b = (low - start) * inverse, (high - start) * inverse
    first = np.nanmax(np.minimum(a, b), axis=1)
    last = np.nanmin(np.maximum(a, b), axis=1)
    first = np.maximum(first, 0.0)
    return np.asarray(np.where(last >= first, first, np.inf))


def _inverse(direction: Vector) -> Vector:
    safe = np.where(np.abs(direction) < 1e-12, 1e-12, direction)
    return np.asarray(1.0 / safe)


def _among(
    survey: Survey,
    rows: NDArray[np.int64],
    start: Vector,
    direction: Vector,
    inverse: Vector,
    shift: Vector,
    keeps: Keeps | None,
) -> Met | None:
    if not len(rows):
        return None
    flat = survey.outlines.some(rows).boxes()
    bottom = survey.ground[rows]
    low = np.column_stack([flat[:, :2], bottom - 2.0])
    high = np.column_stack([flat[:, 2:], bottom + survey.height[rows]])
    if survey.own is not None:
        # Surfaces that came with a file may stand out over the outline and the stated height.
        own = survey.own[rows]
        low[own] -= (3.0, 3.0, 30.0)
        high[own] += (3.0, 3.0, 30.0)
    near = entries(start, inverse, low, high)
    met = np.flatnonzero(np.isfinite(near))
    if not len(met):
        return None
    chosen = np.sort(rows[met])
    batch = solids(survey, chosen, (float(shift[0]), float(shift[1]), float(shift[2])))
    distance, face = first_triangle(
        start - shift, direction, batch.vertices.astype(np.float64), batch.triangles, keeps
    )
    if face < 0:
        return None
    a, b, c = batch.vertices[batch.triangles[face]].astype(np.float64)
    normal = np.cross(b - a, c - a)
    return Met(
        row=int(batch.face_solid[face]),
        distance=distance,
        normal=normal / max(float(np.linalg.norm(normal)), 1e-12),
    )


def first_triangle(
    start: Vector,
    direction: Vector,
    vertices: Vector,
    triangles: NDArray[np.int32],
    keeps: Keeps | None = None,
) -> tuple[float, int]:
    """Distance and number of the triangle met first; (inf, −1) for none (Möller and Trumbore 1997)."""
    if not len(triangles):
        return np.inf, -1
    a = vertices[triangles[:, 0]]
    one, two = vertices[triangles[:, 1]] - a, vertices[triangles[:, 2]] - a
    p = np.cross(direction, two)
    determinant = np.einsum("ij,ij->i", one, p)
    with np.errstate(divide="ignore", invalid="ignore"):
        scale = 1.0 / determinant
        away = start - a
        u = np.einsum("ij,ij->i", away, p) * scale
        q = np.cross(away, one)
        v = q @ direction * scale
        distance = np.einsum("ij,ij->i", two, q) * scale
        hit = (np.abs(determinant) > 1e-12) & (u >= -SLACK) & (v >= -SLACK)
        hit &= (u + v <= 1 + SLACK) & (distance > 1e-6)
    if keeps is not None and hit.any():
        hit[hit] = keeps(start + distance[hit, None] * direction)
    if not hit.any():
        return np.inf, -1
    face = int(np.argmin(np.where(hit, distance, np.inf)))
    return float(distance[face]), face
