"""What many chosen things have together: counts, sums, ranges, uses; no Qt widgets."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import numpy as np
import shapely

from layers.kinds.buildings import METHODS as METHOD_NAMES
from layers.kinds.buildings import BuildingsLayer
from layers.kinds.features import FeatureLayer
from layers.kinds.pointcloud import PointCloudLayer
from twin.city import City
from viewers.i18n import number, tr, whole
from viewers.panels.facts import Facts, metres, square_metres
from viewers.panels.kinds import METHODS, USES
from viewers.scene.point_places import Places
from viewers.view_state import Rows

MOST_USES = 6
Row = tuple[str, str]


def facts_of_many(
    city: City, rows: Rows, places: Callable[[str], Places | None] = lambda _: None
) -> Facts:
    """Counts and sums of `rows`, layer by layer; `places` tells where streamed points stand."""
    measured: list[Row] = []
    attributes: list[Row] = []
    for layer_id in rows:
        layer = city.layers.get(layer_id)
        if layer is None:
            continue
        count = len(rows[layer_id])
        measured.append((layer.name, whole(count)))
        if isinstance(layer, BuildingsLayer):
            standing = city.standing(layer_id)
            assert isinstance(standing, BuildingsLayer)
            sums, kinds = _buildings(standing, rows[layer_id])
            measured += sums
            attributes += kinds
        elif isinstance(layer, FeatureLayer):
            measured += _features(layer, rows[layer_id])
        elif isinstance(layer, PointCloudLayer):
            streamed = places(layer_id)
            if streamed is not None:
                z = streamed.of(rows[layer_id])[:, 2]
            else:
                z = layer.xyz[rows[layer_id], 2].astype(float) + layer.offset[2]
            measured.append((tr("Heights"), _range(z)))
    return Facts(
        title=count_of(rows),
        kind=tr("Several things"),
        measured=tuple(measured),
        attributes=tuple(attributes),
    )


def count_of(rows: Rows) -> str:
    """How many there are."""
    return tr("{count} selected", count=whole(rows.count))


def _buildings(layer: BuildingsLayer, rows: np.ndarray) -> tuple[list[Row], list[Row]]:
    area = shapely.area(layer.footprints[rows])
    height, floors = layer.height[rows].astype(float), layer.floors[rows]
    known = floors > 0
    floor_area = square_metres(float((area * floors).sum())) if known.any() else "–"
    sums = [
        (tr("Footprint area"), square_metres(float(area.sum()))),
        (tr("Floor area"), floor_area),
        *([(tr("Floors known"), f"{number(100 * known.mean())} %")] if not known.all() else []),
        (tr("Volume"), f"{number(float((area * height).sum()))} m³"),
        (tr("Heights"), _range(height)),
        (tr("Mean height"), metres(float(height.mean()), 1)),
    ]
    if known.any():
        low, high = int(floors[known].min()), int(floors[known].max())
        sums.append((tr("Floors"), f"{low} – {high}" if high > low else str(low)))
    return sums, [*_uses(layer.use[rows]), *_methods(layer.method[rows])]


def _uses(values: np.ndarray) -> list[Row]:
    counted = Counter(str(value or "") for value in values.tolist()).most_common()
    made = []
    for name, count in counted[:MOST_USES]:
        said = tr(name) if name in USES else name or tr("Use unknown")
        made.append((said, whole(count)))
    if len(counted) > MOST_USES:
        made.append((tr("Other uses"), whole(sum(n for _, n in counted[MOST_USES:]))))
    return made


def _methods(values: np.ndarray) -> list[Row]:
    counts = np.bincount(values, minlength=len(METHOD_NAMES))
    return [
        (tr(METHODS[METHOD_NAMES[k]]), whole(int(counts[k])))
        for k in np.flatnonzero(counts).tolist()
    ]


def _features(layer: FeatureLayer, rows: np.ndarray) -> list[Row]:
    shapes = layer.geometry[rows]
    dimension = shapely.get_dimensions(shapes)
    made = []
    if (dimension == 2).any():
        made.append((tr("Area"), square_metres(float(shapely.area(shapes).sum()))))
    if (dimension == 1).any():
        length = float(shapely.length(shapes[dimension == 1]).sum())
        made.append((tr("Length"), metres(length, 1)))
    return made


def _range(values: np.ndarray) -> str:
    low, high = float(values.min()), float(values.max())
    return f"{number(low, 1)} – {metres(high, 1)}"
