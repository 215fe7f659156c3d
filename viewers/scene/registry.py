"""Which visual draws which kind of layer; the modules are imported when they are needed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from importlib import import_module
from pathlib import Path

from layers.builders.pipes import is_underground
from layers.errors import CityError
from layers.kinds.features import FeatureLayer
from layers.kinds.layer import Layer
from layers.kinds.pointcloud import PointCloudLayer
from twin.project.point_tiles import tiles_of
from viewers.scene.visual import Surroundings, Visual

VISUALS = {
    "buildings": "viewers.scene.buildings_visual:BuildingsVisual",
    "elevation": "viewers.scene.terrain_visual:TerrainVisual",
    "imagery": "viewers.scene.imagery_visual:ImageryVisual",
    "points": "viewers.scene.points_visual:PointsVisual",
    "points/tiles": "viewers.scene.point_stream:StreamedPoints",
    "features": "viewers.scene.features_visual:FeaturesVisual",
    "features/trees": "viewers.scene.trees_visual:TreesVisual",
    "features/underground": "viewers.scene.pipes_visual:PipesVisual",
    "mesh": "viewers.scene.mesh_visual:MeshVisual",
}
"""Kind, or kind/role where a role has a picture of its own → module:class."""


def key_of(layer: Layer, folder_for: Callable[[Layer], Path | None] = lambda _: None) -> str:
    """The entry of `VISUALS` that draws this layer; `folder_for` as in `Surroundings`."""
    role = f"{layer.kind}/{layer.role}" if isinstance(layer, FeatureLayer) else layer.kind
    if isinstance(layer, PointCloudLayer) and tiles_of(layer, folder_for(layer)) is not None:
        role = "points/tiles"
    if isinstance(layer, FeatureLayer) and role not in VISUALS and is_underground(layer):
        role = "features/underground"
    return role if role in VISUALS else layer.kind


def prepare(layers: Iterable[Layer], folder_for: Callable[[Layer], Path | None]) -> None:
    """Import what draws these layers; for a worker, as the window would wait for it."""
    for key in {key_of(layer, folder_for) for layer in layers} & VISUALS.keys():
        import_module(VISUALS[key].split(":")[0])


def visual_for(layer: Layer, around: Surroundings) -> Visual:
    """A new visual for `layer`; `CityError` for a kind nobody draws."""
    try:
        module, name = VISUALS[key_of(layer, around.folder_for)].split(":")
    except KeyError:
        raise CityError(f"{layer.name}: nothing draws the kind {layer.kind}") from None
    made: Visual = getattr(import_module(module), name)(around)
    return made
