"""Where the plain around the city lies, and which pictures lie on the ground."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from layers.kinds.buildings import BuildingsLayer
from layers.kinds.elevation import ElevationLayer
from twin.city import City
from viewers.scene.land_around import feet_outside
from viewers.scene.stage import Stage
from viewers.scene.visual import Visual

if TYPE_CHECKING:
    # A city without a picture is drawn without the library that reads pictures.
    from layers.tiles.imagery import Picture

SAMPLE = 20_000
"""Buildings whose ground says where the plain lies."""


def lay_plain(
    stage: Stage, city: City, visuals: Iterable[Visual], ground: ElevationLayer | None
) -> float:
    """Put the plain under everything that stands, and lead the ground to it; its scene height."""
    drawn: list[Any] = list(visuals)
    z = plain_height(city, drawn, ground)
    stage.set_ground(z)
    for visual in drawn:
        if ground is not None and visual.kind == "terrain" and visual.layer is ground:
            visual.surround(feet_outside(city, ground), z)
    return z


def plain_height(city: City, visuals: Iterable[Visual], ground: ElevationLayer | None) -> float:
    """Scene height of the plain: under everything that stands."""
    drawn: list[Any] = list(visuals)
    grounds = [
        visual for visual in drawn
        if visual.kind == "terrain" and visual.is_ground and visual.layer is ground
    ]  # fmt: skip
    if ground is not None:
        low = grounds[0].lowest if grounds else float(np.fmin.reduce(ground.heights, axis=None))
        return low - city.frame.origin[2] - 1.0 if np.isfinite(low) else 0.0
    lows = [visual.box[4] for visual in drawn if visual.box is not None and visual.visible]
    stands = [
        np.percentile(layer.ground[:: max(1, layer.count // SAMPLE)], 5)
        for layer in city.layers.values()
        if isinstance(layer, BuildingsLayer) and layer.count
    ]
    return float(min(stands)) - city.frame.origin[2] if stands else min([0.0, *lows])


def drape_pictures(stage: Stage, visuals: Iterable[Visual]) -> None:
    """Lay the visible pictures on terrain, and the topmost on the plain and on what has no tiles."""
    drawn: list[Any] = list(visuals)
    pictures = [one for one in drawn if one.kind == "imagery" and one.visible]
    top = pictures[-1] if pictures else None
    worn: list[Picture] = [one.picture for one in pictures if one.picture is not None]
    terrains = [one for one in drawn if one.kind == "terrain"]
    for terrain in terrains:
        terrain.wear(worn, top.strength if top is not None else 1.0)
    relief = any(one.visible and one.box is not None for one in terrains)
    for picture in (one for one in drawn if one.kind == "imagery"):
        picture.lie_at(None if relief or not picture.visible else stage.ground_z)
    # Beneath tiles of the ground nobody sees a picture, and a large one costs time and memory.
    wide = top is not None and not any(
        _within(top.box, one.box) for one in terrains if one.visible and one.box is not None
    )
    surfaces = [one.material for one in drawn if hasattr(one, "takes_picture")]
    hidden: list[Any] = []
    (surfaces if relief and wide else hidden).append(stage.ground_material)
    for terrain in terrains:
        (surfaces if terrain.visible and (wide or terrain.has_holes) else hidden).append(
            terrain.land.material
        )
    for material in hidden:
        material.drape(None, None)
    for material in surfaces:
        if top is None:
            material.drape(None, None)
        else:
            material.drape(top.texture, top.affine, top.strength)


def _within(inner: NDArray[np.float64] | None, outer: NDArray[np.float64]) -> bool:
    if inner is None:
        return False
    low, high = inner[:4:2] >= outer[:4:2], inner[1:4:2] <= outer[1:4:2]
    return bool(low.all() and high.all())


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
