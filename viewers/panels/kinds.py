"""How kinds, roles, uses and methods are named and drawn in panels."""

from __future__ import annotations

from layers.kinds.elevation import ElevationLayer
from layers.kinds.features import FeatureLayer
from layers.kinds.layer import Layer
from viewers.i18n import mark, tr, whole

KINDS = {
    "buildings": mark("Buildings"),
    "points": mark("Point cloud"),
    "elevation": mark("Elevation"),
    "imagery": mark("Orthophoto"),
    "mesh": mark("Surface model"),
    "features": mark("Features"),
}

ROLES = {
    "": mark("Decide by content"),
    "lidar": mark("LiDAR points"),
    "ground": mark("Ground heights"),
    "surface": mark("Surface heights"),
    "buildings-above-ground": mark("Building heights above ground"),
    "canopy-above-ground": mark("Tree heights above ground"),
    "imagery": mark("Orthophoto"),
    "footprints": mark("Building outlines"),
    "roads": mark("Roads"),
    "water": mark("Water"),
    "green": mark("Green space"),
    "trees": mark("Trees"),
    "parcels": mark("Parcels"),
    "zoning": mark("Zoning plan"),
    "city": mark("City model"),
    "features": mark("Features"),
}

METHODS = {
    "lidar": mark("Measured by LiDAR"),
    "dsm": mark("Measured by surface model"),
    "attribute": mark("Stated in an attribute"),
    "floors": mark("Floors × storey height"),
    "default": mark("Assumed, nothing known"),
    "model": mark("From its own 3D model"),
    "edited": mark("Set by hand"),
}

SURFACES = {
    "ground": mark("Ground heights"),
    "surface": mark("Surface heights"),
    "buildings-above-ground": mark("Building heights above ground"),
    "canopy-above-ground": mark("Tree heights above ground"),
}

POINT_CLASSES = {
    0: mark("Never classified"),
    1: mark("Unclassified"),
    2: mark("Ground"),
    3: mark("Low vegetation"),
    4: mark("Medium vegetation"),
    5: mark("High vegetation"),
    6: mark("Building"),
    7: mark("Low noise"),
    9: mark("Water"),
    10: mark("Rail"),
    11: mark("Road surface"),
    14: mark("Power line"),
    17: mark("Bridge deck"),
    18: mark("High noise"),
}
"""ASPRS LAS 1.4 R15, table 17."""

USES = (
    mark("residential"),
    mark("commercial"),
    mark("mixed"),
    mark("office"),
    mark("industrial"),
    mark("public"),
    mark("school"),
    mark("health"),
    mark("religious"),
)


def kind_name(layer: Layer) -> str:
    """What the layer is, in the language now."""
    if isinstance(layer, FeatureLayer) and layer.role in ROLES and layer.role != "features":
        return tr(ROLES[layer.role])
    if isinstance(layer, ElevationLayer):
        return tr(SURFACES[layer.surface])
    return tr(KINDS.get(layer.kind, layer.kind))


def icon_of(layer: Layer) -> str:
    """Name of the icon of the layer's kind."""
    if isinstance(layer, FeatureLayer):
        return layer.role if layer.role in ROLES and layer.role else "features"
    return layer.kind


def counted(layer: Layer) -> str:
    """How many things it holds, with their name: "160 buildings"."""
    words = {
        "buildings": mark("{count} buildings"),
        "points": mark("{count} points"),
        "elevation": mark("{count} cells"),
        "imagery": mark("{count} pixels"),
        "mesh": mark("{count} triangles"),
        "features": mark("{count} features"),
    }
    return tr(words.get(layer.kind, "{count} features"), count=whole(layer.count))
