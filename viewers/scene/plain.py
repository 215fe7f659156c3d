"""Where the plain around the city lies, and which picture lies on the ground."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from layers.kinds.buildings import BuildingsLayer
from layers.kinds.elevation import ElevationLayer
from twin.city import City
from viewers.scene.imagery_visual import ImageryVisual
from viewers.scene.stage import Stage
from viewers.scene.visual import Visual


def plain_height(city: City, visuals: Iterable[Visual], ground: ElevationLayer | None) -> float:
    """Scene height of the plain: under everything that stands."""
    lows = [visual.box[4] for visual in visuals if visual.box is not None and visual.visible]
    if ground is not None:
        known = ground.heights[np.isfinite(ground.heights)]
        return float(known.min()) - city.frame.origin[2] - 1.0 if len(known) else 0.0
    grounds = [
        np.percentile(layer.ground, 5)
        for layer in city.layers.values()
        if isinstance(layer, BuildingsLayer) and layer.count
    ]
    return float(min(grounds)) - city.frame.origin[2] if grounds else min([0.0, *lows])


def drape_pictures(stage: Stage, visuals: Iterable[Visual]) -> None:
    """Lay the topmost visible picture on the plain and on what wears one."""
    drawn = list(visuals)
    pictures = [one for one in drawn if isinstance(one, ImageryVisual) and one.visible]
    top = pictures[-1] if pictures else None
    surfaces = [stage.ground_material]
    surfaces += [one.material for one in drawn if hasattr(one, "takes_picture")]
    for material in surfaces:
        if top is None:
            material.drape(None, None)
        else:
            material.drape(top.texture, top.affine, top.strength)


def ground_of(city: City) -> ElevationLayer | None:
    """The first ground model of the city."""
    for layer in city.layers.values():
        if isinstance(layer, ElevationLayer) and layer.surface == "ground":
            return layer
    return None


def union(boxes: list[NDArray[np.float64]]) -> NDArray[np.float64]:
    """The box (6,) around boxes."""
    stacked = np.array(boxes)
    return np.array([f(stacked[:, i]) for i, f in enumerate([np.min, np.max] * 3)], dtype=float)
