"""Which visual draws which kind of layer; the modules are imported when they are needed."""

from __future__ import annotations

from importlib import import_module

from layers.errors import CityError
from layers.kinds.features import FeatureLayer
from layers.kinds.layer import Layer
from layers.kinds.pointcloud import PointCloudLayer
from viewers.scene.visual import Surroundings, Visual

VISUALS = {
    "buildings": "viewers.scene.buildings_visual:BuildingsVisual",
    "elevation": "viewers.scene.terrain_visual:TerrainVisual",
    "imagery": "viewers.scene.imagery_visual:ImageryVisual",
    "points": "viewers.scene.points_visual:PointsVisual",
    "points/tiles": "viewers.scene.point_stream:StreamedPoints",
    "features": "viewers.scene.features_visual:FeaturesVisual",
    "features/trees": "viewers.scene.trees_visual:TreesVisual",
    "mesh": "viewers.scene.mesh_visual:MeshVisual",
}
"""Kind, or kind/role where a role has a picture of its own → module:class."""


def key_of(layer: Layer) -> str:
    """The entry of `VISUALS` that draws this layer."""
    role = f"{layer.kind}/{layer.role}" if isinstance(layer, FeatureLayer) else layer.kind
    if isinstance(layer, PointCloudLayer) and layer.tiles is not None:
        role = "points/tiles"
    return role if role in VISUALS else layer.kind


def visual_for(layer: Layer, around: Surroundings) -> Visual:
    """A new visual for `layer`; `CityError` for a kind nobody draws."""
    try:
        module, name = VISUALS[key_of(layer)].split(":")
    except KeyError:
        raise CityError(f"{layer.name}: nothing draws the kind {layer.kind}") from None
    made: Visual = getattr(import_module(module), name)(around)
    return made
