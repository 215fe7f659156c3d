"""Which group of the layers tree a layer stands in: what is decided about first, raw data last."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from layers.kinds.features import FeatureLayer
from layers.kinds.layer import Layer
from twin.project.snapshot import AbsentLayer
from viewers.i18n import mark

LOST = "lost"
GROUPS = {
    LOST: mark("Not found"),
    "buildings": mark("Buildings"),
    "roads": mark("Roads and lines"),
    "areas": mark("Areas and green"),
    "trees": mark("Trees"),
    "plans": mark("Plans"),
    "other": mark("Other"),
    "imagery": mark("Imagery"),
    "terrain": mark("Terrain, rasters"),
    "lidar": mark("LiDAR"),
}
"""In the order of the tree."""

ICONS = {
    LOST: "warning",
    "roads": "roads",
    "areas": "green",
    "plans": "parcels",
    "other": "features",
    "terrain": "elevation",
    "lidar": "points",
}
CLOSED_AT_FIRST = frozenset({"terrain", "lidar"})
OF_ROLE = {
    "footprints": "areas",
    "roads": "roads",
    "water": "areas",
    "green": "areas",
    "trees": "trees",
    "parcels": "plans",
    "zoning": "plans",
}
OF_KIND = {
    "buildings": "buildings",
    "mesh": "buildings",
    "points": "lidar",
    "elevation": "terrain",
    "imagery": "imagery",
}
OF_SHAPE = {1: "roads", 2: "roads", 3: "areas", 5: "roads", 6: "areas"}
"""Type ids of shapely: lines and rings, polygons."""


def group_of(layer: Layer) -> str:
    """Key in `GROUPS` for one layer; its role counts first, then the shape of its features."""
    if not isinstance(layer, FeatureLayer):
        return OF_KIND.get(layer.kind, "other")
    known = OF_ROLE.get(layer.role)
    if known is not None or not layer.count:
        return known or "other"
    import shapely

    return OF_SHAPE.get(int(shapely.get_type_id(layer.geometry[0])), "other")


def grouped(
    layers: Iterable[Layer], absent: Iterable[AbsentLayer] = ()
) -> dict[str, list[Layer | AbsentLayer]]:
    """The groups that hold something, in their order; `layers` from the one drawn first.

    In each group the layer drawn last comes first, as a pile of maps is seen from above.
    """
    found: dict[str, list[Layer | AbsentLayer]] = {key: [] for key in GROUPS}
    found[LOST] += absent
    for layer in reversed(list(layers)):
        found[group_of(layer)].append(layer)
    return {key: members for key, members in found.items() if members}


def weakest(grades: Mapping[str, str], ids: Iterable[str]) -> str:
    """The worst grade among `ids`; "" where none was assessed."""
    return max((grades[name] for name in ids if grades.get(name)), default="")


def place_between(order: list[str], moved: str, above: str, below: str) -> int:
    """Where `moved` goes in the order of drawing so that it is listed between two others.

    Parameters
    ----------
    order : ids as drawn, first to last; the tree lists them the other way round
    above, below : ids listed right above and right below, "" at an end of the group

    Returns
    -------
    Index without `moved`, as `MoveLayer` counts.
    """
    others = [name for name in order if name != moved]
    if above in others:
        return others.index(above)
    if below in others:
        return others.index(below) + 1
    return order.index(moved)
