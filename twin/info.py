"""What a project holds, as `dothi info --json` prints it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from importlib.metadata import version
from typing import Any

import numpy as np

from layers.builders.solids import open_edges, solids_of
from layers.health.assess import assess_city
from layers.kinds.buildings import METHODS, BuildingsLayer
from layers.kinds.features import FeatureLayer
from layers.kinds.layer import Layer
from twin.city import City


def city_info(
    city: City, *, rows: int = 0, intact: bool = True, grades: bool = True
) -> dict[str, Any]:
    """The object of `dothi info`, see the user guide.

    Parameters
    ----------
    rows, intact
        Of the project's journal.
    grades
        Whether the health of each layer is assessed, which takes a moment.
    """
    health = {k: v.grade for k, v in assess_city(city.layers).items()} if grades else {}
    bounds = city.bounds
    return {
        "version": version("dothi"),
        "name": city.name,
        "crs": city.frame.crs,
        "heights": city.frame.vertical,
        "bounds": [round(x, 3) for x in bounds] if bounds else None,
        "journal": {"rows": rows, "intact": intact},
        "layers": [_layer(layer, health.get(layer.id)) for layer in city.layers.values()],
        "buildings": buildings_info(
            city.standing(layer.id)
            for layer in city.layers.values()
            if isinstance(layer, BuildingsLayer)
        ),
        "parcels": sum(
            layer.count
            for layer in city.layers.values()
            if isinstance(layer, FeatureLayer) and layer.role == "parcels"
        ),
        "assets": {},
        "scenarios": [],
    }


def buildings_info(layers: Iterable[BuildingsLayer]) -> dict[str, Any]:
    """Counts of buildings by level of detail and method, closed solids, and their error."""
    count = closed = 0
    lods: Counter[str] = Counter()
    methods: Counter[str] = Counter()
    errors = []
    for layer in layers:
        count += layer.count
        lods.update(str(lod) for lod in layer.lod.tolist())
        methods.update(METHODS[index] for index in layer.method.tolist())
        errors.append(layer.rmse[np.isfinite(layer.rmse)])
        if layer.count:
            low_x, low_y, _, _ = layer.bounds
            solids = solids_of(layer, origin=(low_x, low_y, 0.0))
            closed += int((open_edges(solids, count=layer.count) == 0).sum())
    rmse = np.concatenate(errors) if errors else np.empty(0, np.float32)
    return {
        "count": count,
        "lod": dict(sorted(lods.items())),
        "method": {name: methods.get(name, 0) for name in METHODS},
        "closed": closed,
        "height_rmse_m": {
            "median": round(float(np.median(rmse)), 3) if len(rmse) else None,
            "p95": round(float(np.percentile(rmse, 95)), 3) if len(rmse) else None,
        },
    }


def _layer(layer: Layer, grade: str | None) -> dict[str, Any]:
    source = layer.source
    return {
        "id": layer.id,
        "kind": layer.kind,
        "name": layer.name,
        "count": layer.count,
        "source": source.path if source else None,
        "health": grade,
    }
