"""Lines that lie in the earth, as tubes: how deep they lie, and their triangles."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from layers.builders.drape import SurfaceBatch
from layers.builders.ground import sample
from layers.kinds.elevation import ElevationLayer
from layers.kinds.features import FeatureLayer

USUAL_DEPTH_M = 1.5
"""Where a line is said to be underground and nobody says how deep: frost and traffic ask for 1 to 2 m."""
DEEPEST_M = 200.0
DEPTH_COLUMNS = ("depth", "depth_m", "do_sau", "dosau", "chon_sau", "do_sau_chon", "tiefe")
DIAMETER_COLUMNS = ("diameter", "diameter_mm", "dn", "duong_kinh", "duongkinh")
"""Millimetres, as pipes are named (ISO 6708)."""
THINNEST_M, THICKEST_M, USUAL_M = 0.15, 3.0, 0.4
"""Radius as drawn: thinner lines could not be seen from above the roofs."""
SIDES = 8
SAMPLED = 64


def is_underground(layer: FeatureLayer) -> bool:
    """Whether its lines lie in the earth: by a depth column, by what OpenStreetMap says, or by z."""
    if not layer.count or layer.role != "features":
        return False
    some = layer.geometry[:SAMPLED]
    if not np.isin(shapely.get_type_id(some), (1, 5)).all():
        return False
    columns = {name.lower(): values for name, values in layer.columns.items()}
    for name in DEPTH_COLUMNS:
        if name in columns and columns[name].dtype.kind in "iuf":
            return bool(np.nanmax(np.abs(columns[name].astype(float)), initial=0.0) > 0)
    if bool(_said(columns, layer.count).all()):
        return True
    z = shapely.get_coordinates(some, include_z=True)[:, 2]
    return bool(np.isfinite(z).all() and len(z) and np.median(z) < 0)


def _said(columns: Mapping[str, NDArray[Any]], count: int) -> NDArray[np.bool_]:
    """Where OpenStreetMap's `location` or `layer` says that a line lies underground."""
    said = np.zeros(count, bool)
    if "location" in columns:
        said |= np.array([str(value) == "underground" for value in columns["location"]])
    if "layer" in columns:
        said |= np.array([str(value).startswith("-") for value in columns["layer"]])
    return said


def depths_of(layer: FeatureLayer) -> NDArray[np.float64]:
    """How deep each line lies below the ground, metres (n,); nan where its own z says so."""
    columns = {name.lower(): values for name, values in layer.columns.items()}
    z = shapely.has_z(layer.geometry)
    depth = np.where(z, np.nan, USUAL_DEPTH_M)
    for name in DEPTH_COLUMNS:
        if name in columns and columns[name].dtype.kind in "iuf":
            given = np.abs(columns[name].astype(float))
            fits = (given > 0) & (given <= DEEPEST_M)
            return np.where(fits, given, depth)
    return depth


def radii_of(layer: FeatureLayer, size: float = 0.0) -> NDArray[np.float64]:
    """Radius of each tube as drawn, metres (n,); `size` is a width for all, 0 for the lines' own."""
    if size > 0:
        return np.full(layer.count, size / 2)
    columns = {name.lower(): values for name, values in layer.columns.items()}
    for name in DIAMETER_COLUMNS:
        if name in columns and columns[name].dtype.kind in "iuf":
            radius = columns[name].astype(float) / 2000.0
            radius = np.where(np.isfinite(radius) & (radius > 0), radius, USUAL_M)
            return np.clip(radius, THINNEST_M, THICKEST_M)
    return np.full(layer.count, USUAL_M)


def laid_in_earth(
    layer: FeatureLayer, ground: ElevationLayer | None, plain_z: float
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Corners (n, 3) of the lines where they lie, world metres, and the row of each line's corners.

    A z below zero is taken as a height where it is one, and as a depth below the ground where the
    ground lies far above it: more than `DEEPEST_M`/4, which no pipe does.
    """
    parts, index = shapely.get_parts(layer.geometry, return_index=True)
    xyz, line = shapely.get_coordinates(parts, include_z=True, return_index=True)
    row = index[line]
    top = np.full(len(xyz), plain_z)
    if ground is not None:
        found = sample(ground, xyz[:, :2])
        top = np.where(np.isfinite(found), found, plain_z)
    deep = depths_of(layer)[row]
    own = np.where(np.isfinite(xyz[:, 2]), xyz[:, 2], top - USUAL_DEPTH_M)
    if len(own) and float(np.median(top - own)) > DEEPEST_M / 4:
        own = top + own
    xyz[:, 2] = np.where(np.isfinite(deep), top - deep, own)
    return xyz, line


def tubes(
    xyz: NDArray[np.float64],
    line: NDArray[np.int64],
    row_of_line: NDArray[np.int64],
    radius_of_line: NDArray[np.float64],
    *,
    origin: tuple[float, float, float],
    sides: int = SIDES,
) -> SurfaceBatch:
    """Tubes around polylines, joined where they bend, open at their ends.

    Parameters
    ----------
    xyz : (n, 3) corners of all lines one after the other
    line : (n,) ascending number of the line of each corner
    """
    same = np.ones(len(xyz), bool)
    same[1:] = (line[1:] != line[:-1]) | (np.linalg.norm(np.diff(xyz, axis=0), axis=1) > 1e-6)
    xyz, line = xyz[same] - np.asarray(origin), line[same]
    follows = np.zeros(len(xyz), bool)
    follows[1:] = line[1:] == line[:-1]
    ahead = np.zeros_like(xyz)
    step = np.diff(xyz, axis=0)
    step /= np.maximum(np.linalg.norm(step, axis=1, keepdims=True), 1e-12)
    joined = follows[1:]
    ahead[:-1][joined] += step[joined]
    ahead[1:][joined] += step[joined]
    ahead /= np.maximum(np.linalg.norm(ahead, axis=1, keepdims=True), 1e-12)
    upright = np.abs(ahead[:, 2]) > 0.95
    helper = np.where(upright[:, None], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0])
    side = np.cross(ahead, helper)
    side /= np.maximum(np.linalg.norm(side, axis=1, keepdims=True), 1e-12)
    above = np.cross(side, ahead)
    turn = np.linspace(0, 2 * np.pi, sides, endpoint=False)
    ring = side[:, None] * np.cos(turn)[:, None] + above[:, None] * np.sin(turn)[:, None]
    vertices = xyz[:, None] + ring * radius_of_line[line][:, None, None]
    ends = np.flatnonzero(follows)
    a = (ends[:, None] - 1) * sides + np.arange(sides)
    b = (ends[:, None] - 1) * sides + (np.arange(sides) + 1) % sides
    faces = np.stack([a, b, b + sides, a, b + sides, a + sides], axis=2)
    rows = np.repeat(row_of_line[line[ends]], 2 * sides)
    order = np.argsort(rows, kind="stable")
    return SurfaceBatch(
        vertices=vertices.reshape(-1, 3).astype(np.float32),
        triangles=faces.reshape(-1, 3).astype(np.int32)[order],
        face_row=rows[order].astype(np.int32),
    )


def pipes(
    layer: FeatureLayer,
    ground: ElevationLayer | None,
    *,
    origin: tuple[float, float, float],
    plain_z: float,
    size: float = 0.0,
) -> SurfaceBatch:
    """The layer's lines as tubes in the earth; `plain_z` is the ground where no model is, world metres."""
    xyz, line = laid_in_earth(layer, ground, plain_z)
    _, rows = shapely.get_parts(layer.geometry, return_index=True)
    return tubes(xyz, line, rows, radii_of(layer, size)[rows], origin=origin)
