"""Point clouds of a page: thinned to what a browser turns smoothly, packed as small numbers."""

from __future__ import annotations

import base64
import gzip
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from layers.kinds.pointcloud import PointCloudLayer
from twin.city import City
from viewers.page.geometry import MOST_POINTS, linear
from viewers.scene.point_colours import PointColours

STEPS = 65_535


def thinned(counts: dict[str, int], most: int = MOST_POINTS) -> dict[str, int]:
    """How many points of each cloud stay, in the share that each has of all."""
    total = sum(counts.values())
    share = min(1.0, most / max(total, 1))
    return {name: int(count * share) for name, count in counts.items()}


def clouds(city: City, layers: Iterable[str]) -> dict[str, PointCloudLayer]:
    """The point clouds among `layers`."""
    found = {}
    for name in layers:
        layer = city.layers[name]
        if isinstance(layer, PointCloudLayer):
            found[name] = layer
    return found


def packed_points(city: City, layers: Iterable[str], most: int = MOST_POINTS) -> dict[str, Any]:
    """What the page is told of points.

    Returns
    -------
    `clouds`, each with `layer`, `count`, `low` and `span` (metres from the city's origin, glTF's
    axes: x east, y up, z south) and `data`: base64 of gzip of uint16 (n, 3) steps of `span` / 65535,
    then uint8 (n, 3) linear colours; `kept` and `total`, points. The same ones at each making.
    """
    wanted = clouds(city, layers)
    kept = thinned({name: layer.count for name, layer in wanted.items()}, most)
    made = [_packed(city, layer, kept[name]) for name, layer in wanted.items() if kept[name]]
    return {
        "clouds": made,
        "kept": sum(one["count"] for one in made),
        "total": sum(max(layer.total, layer.count) for layer in wanted.values()),
    }


def _packed(city: City, layer: PointCloudLayer, count: int) -> dict[str, Any]:
    rows = np.sort(np.random.default_rng(7).permutation(layer.count)[:count])
    xyz = layer.xyz[rows].astype(np.float64) + layer.offset - np.asarray(city.frame.origin)
    upright = np.column_stack([xyz[:, 0], xyz[:, 2], -xyz[:, 1]])
    low = upright.min(axis=0)
    span = np.maximum(upright.max(axis=0) - low, 1e-3)
    steps = np.rint((upright - low) / span * STEPS).astype("<u2")

    def some(values: NDArray[Any] | None) -> NDArray[Any] | None:
        return None if values is None else values[rows]

    colours = PointColours(layer, city.style(layer.id)).of(
        layer.xyz[rows, 2], layer.offset[2], classification=some(layer.classification),
        intensity=some(layer.intensity), rgb_=some(layer.rgb),
    )  # fmt: skip
    shown = linear(colours[:, :3])[:, :3]
    data = gzip.compress(steps.tobytes() + np.ascontiguousarray(shown).tobytes(), 6, mtime=0)
    return {
        "layer": layer.id,
        "count": count,
        "low": low.tolist(),
        "span": span.tolist(),
        "data": base64.b64encode(data).decode(),
    }
