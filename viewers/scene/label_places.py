"""Where the words of a layer stand, how important each is, and how large what it names; for workers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from layers.builders.ground import sample
from layers.kinds.buildings import BuildingsLayer
from layers.kinds.elevation import ElevationLayer
from layers.kinds.features import FeatureLayer
from layers.kinds.layer import Layer
from twin.style import Style

MOST = 20_000
"""Labels of one layer; the most important ones."""
AGAIN_M = 450.0
"""A road's name is written again after so many metres."""
LIFT_ROAD_M, LIFT_AREA_M, LIFT_ROOF_M = 2.0, 4.0, 3.0
LONGEST = 48
"""Letters; the rest of a longer text is left out."""

Places = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Labels:
    """Labels of one layer, the most important first.

    Attributes
    ----------
    texts : what is written
    where : float64 (n, 3), scene metres
    extent : float64 (n,), metres: how large the named thing is, seen from above
    size : height of letters, pixels at 96 dpi
    """

    texts: tuple[str, ...]
    where: Places
    extent: NDArray[np.float64]
    size: float


def labels_of(
    layer: Layer,
    style: Style,
    *,
    origin: tuple[float, float, float],
    ground: ElevationLayer | None,
) -> Labels | None:
    """The labels that `style` asks for; None where there are none."""
    if not isinstance(layer, (FeatureLayer, BuildingsLayer)) or not layer.count:
        return None
    if style.label_by not in layer.columns:
        return None
    texts = np.array([_written(value) for value in layer.columns[style.label_by]], dtype=object)
    if isinstance(layer, BuildingsLayer):
        places, extent, rows = _of_areas(layer.footprints, texts)
        top = layer.ground[rows] + layer.height[rows] + LIFT_ROOF_M
        rank = extent * np.sqrt(layer.height[rows])
    else:
        dimension = shapely.get_dimensions(layer.geometry)
        parts = [
            _of_lines(layer.geometry, texts, dimension == 1),
            _of_areas(layer.geometry, np.where(dimension == 2, texts, "")),
            _of_points(layer.geometry, np.where(dimension == 0, texts, "")),
        ]
        places, extent, rows = (np.concatenate([p[k] for p in parts]) for k in range(3))
        lift = np.where(dimension[rows] == 1, LIFT_ROAD_M, LIFT_AREA_M)
        top = _heights(ground, places, origin[2]) + lift
        rank = extent.copy()
    if style.label_rank in layer.columns:
        own = np.asarray(layer.columns[style.label_rank], dtype=np.float64)[rows]
        rank = np.where(np.isfinite(own), own, -np.inf)
    order = np.argsort(-rank, kind="stable")[:MOST]
    if not len(order):
        return None
    where = np.column_stack([places[order], top[order]]) - np.asarray(origin)
    return Labels(
        texts=tuple(texts[rows[order]].tolist()),
        where=where,
        extent=extent[order],
        size=style.label_size,
    )


def _written(value: object) -> str:
    if value is None or value != value:
        return ""
    if isinstance(value, (float, np.floating)):
        return f"{value:.6g}"
    text = " ".join(str(value).split())
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def _heights(ground: ElevationLayer | None, xy: Places, plain: float) -> NDArray[np.float64]:
    if ground is None:
        return np.full(len(xy), plain)
    found = sample(ground, xy)
    return np.where(np.isfinite(found), found, plain)


Found = tuple[Places, NDArray[np.float64], NDArray[np.int64]]
"""Places (n, 2), extents (n,), row of each."""


def _of_areas(shapes: NDArray[np.object_], texts: NDArray[np.object_]) -> Found:
    rows = np.flatnonzero((texts != "") & ~shapely.is_empty(shapes))
    inside = shapely.get_coordinates(shapely.point_on_surface(shapes[rows]))
    return inside, np.sqrt(shapely.area(shapes[rows])), rows


def _of_points(shapes: NDArray[np.object_], texts: NDArray[np.object_]) -> Found:
    rows = np.flatnonzero((texts != "") & ~shapely.is_empty(shapes))
    middle = shapely.get_coordinates(shapely.centroid(shapes[rows]))
    return middle, np.full(len(rows), 8.0), rows


def _of_lines(
    shapes: NDArray[np.object_], texts: NDArray[np.object_], lines: NDArray[np.bool_]
) -> Found:
    """Pieces of one name are one line; its name stands in the middle, and again along long ones."""
    rows = np.flatnonzero(lines & (texts != "") & ~shapely.is_empty(shapes))
    names, group = np.unique(texts[rows].astype(str), return_inverse=True)
    places, extent, owner = [], [], []
    order = np.argsort(group, kind="stable")
    for members in np.split(order, np.searchsorted(group[order], np.arange(1, len(names)))):
        if not len(members):
            continue
        merged = shapely.line_merge(shapely.union_all(shapes[rows[members]]))
        for part in shapely.get_parts(merged):
            length = float(shapely.length(part))
            times = max(1, round(length / AGAIN_M))
            for k in range(times):
                place = shapely.line_interpolate_point(part, (k + 0.5) / times, normalized=True)
                places.append(shapely.get_coordinates(place)[0])
                extent.append(length / times)
                owner.append(rows[members[0]])
    return (
        np.array(places, dtype=np.float64).reshape(-1, 2),
        np.array(extent, dtype=np.float64),
        np.array(owner, dtype=np.int64),
    )
