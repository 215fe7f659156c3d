"""The city: a frame, layers in order, and what people changed of the buildings."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

import numpy as np

from layers.errors import CityError
from layers.frame import Frame
from layers.kinds.buildings import METHODS, BuildingsLayer
from layers.kinds.layer import Bounds, Layer
from twin.overlay import Overlay
from twin.story import Story
from twin.style import PLAIN, Style

EDITED = METHODS.index("edited")
FEW = 8
"""So many buildings are each looked for; for more, all ids are read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Building:
    """One building as it stands in the city, changes included.

    Lengths in metres; `changed` names the fields a person set.
    """

    layer: str
    row: int
    id: str
    height: float
    ground: float
    floors: int
    use: str
    method: str
    points: int
    rmse: float
    changed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildingChange:
    """What a person changed of one building; None where the survey stands."""

    height: float | None = None
    floors: int | None = None
    use: str | None = None


Changes = Mapping[str, Mapping[str, BuildingChange]]
"""layer id → building id → change."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class City:
    """A frozen city; `with_…` gives a new one that shares the rest.

    Attributes
    ----------
    name : shown to people
    frame : project CRS and local origin
    layers : id → layer, in the order they are drawn and listed
    styles : id → style; a layer without one is plain
    changes : small map over the surveys
    stories : id → story, in their order
    pictures : key → PNG or JPEG file, for stops of stories
    """

    name: str
    frame: Frame
    layers: Mapping[str, Layer] = field(default_factory=dict)
    styles: Mapping[str, Style] = field(default_factory=dict)
    changes: Changes = field(default_factory=dict)
    stories: Mapping[str, Story] = field(default_factory=dict)
    pictures: Mapping[str, bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("layers", "styles", "changes", "stories", "pictures"):
            value = getattr(self, name)
            if not isinstance(value, MappingProxyType):
                object.__setattr__(self, name, MappingProxyType(dict(value)))

    # -- layers -----------------------------------------------------------------------------

    def layer(self, layer_id: str) -> Layer:
        """The layer with this id; `CityError` where there is none."""
        try:
            return self.layers[layer_id]
        except KeyError:
            raise CityError(
                f"There is no layer {layer_id}",
                hint=f"There are {', '.join(self.layers) or 'none'}.",
                code="layer-unknown",
            ) from None

    def style(self, layer_id: str) -> Style:
        """The layer's style, plain where none was set."""
        return self.styles.get(layer_id, PLAIN)

    def with_layer(self, layer: Layer, *, index: int | None = None) -> City:
        """Add `layer`, or put it in the place of the one with its id."""
        items = list(self.layers.items())
        if layer.id in self.layers:
            items = [(k, layer if k == layer.id else v) for k, v in items]
        else:
            items.insert(len(items) if index is None else index, (layer.id, layer))
        return replace(self, layers=MappingProxyType(dict(items)))

    def without_layer(self, layer_id: str) -> City:
        """Take the layer away, with its style and changes."""
        self.layer(layer_id)
        return replace(
            self,
            layers=_without(self.layers, layer_id),
            styles=_without(self.styles, layer_id),
            changes=_without(self.changes, layer_id),
        )

    def with_order(self, order: tuple[str, ...]) -> City:
        """Layers in another order; `order` names each exactly once."""
        if sorted(order) != sorted(self.layers):
            raise CityError("A new order must name every layer exactly once")
        return replace(self, layers=MappingProxyType({k: self.layers[k] for k in order}))

    def with_style(self, layer_id: str, style: Style) -> City:
        """Give the layer another style."""
        self.layer(layer_id)
        return replace(self, styles=MappingProxyType({**self.styles, layer_id: style}))

    @property
    def bounds(self) -> Bounds | None:
        """Extent of all layers in the project CRS; None for an empty city."""
        boxes = [layer.bounds for layer in self.layers.values()]
        if not boxes:
            return None
        array = np.array(boxes)
        low, high = array[:, :2].min(axis=0), array[:, 2:].max(axis=0)
        return (float(low[0]), float(low[1]), float(high[0]), float(high[1]))

    # -- stories ----------------------------------------------------------------------------

    def story(self, story_id: str) -> Story:
        """The story with this id; `CityError` where there is none."""
        try:
            return self.stories[story_id]
        except KeyError:
            raise CityError(f"There is no story {story_id}", code="story-unknown") from None

    def with_story(self, story: Story, *, index: int | None = None) -> City:
        """Add `story`, or put it in the place of the one with its id."""
        items = [(k, story if k == story.id else v) for k, v in self.stories.items()]
        if story.id not in self.stories:
            items.insert(len(items) if index is None else index, (story.id, story))
        return replace(self, stories=MappingProxyType(dict(items)))

    def without_story(self, story_id: str) -> City:
        """Take the story away."""
        self.story(story_id)
        return replace(self, stories=_without(self.stories, story_id))

    def with_picture(self, key: str, data: bytes) -> City:
        """Keep a picture file under `key`."""
        return replace(self, pictures=MappingProxyType({**self.pictures, key: data}))

    # -- buildings --------------------------------------------------------------------------

    def buildings_layer(self, layer_id: str) -> BuildingsLayer:
        """The layer as buildings; `CityError` where it is of another kind."""
        layer = self.layer(layer_id)
        if not isinstance(layer, BuildingsLayer):
            raise CityError(f"{layer.name} holds no buildings", code="not-buildings")
        return layer

    def building(self, layer_id: str, building_id: str) -> Building:
        """One building, changes included; `CityError` where there is none."""
        layer = self.buildings_layer(layer_id)
        row = layer.row_of(building_id)
        if row is None:
            raise CityError(f"{layer.name} has no building {building_id}", code="building-unknown")
        return self.building_at(layer_id, row)

    def building_at(self, layer_id: str, row: int) -> Building:
        """The building in `row` of the layer, changes included."""
        layer = self.buildings_layer(layer_id)
        name = layer.id_at(row)
        change = self.changes.get(layer_id, {}).get(name, BuildingChange())
        fields: dict[str, Any] = {
            "height": float(layer.height[row]),
            "floors": int(layer.floors[row]),
            "use": layer.use_at(row),
        }
        changed = tuple(name for name in fields if getattr(change, name) is not None)
        fields |= {name: getattr(change, name) for name in changed}
        return Building(
            layer=layer_id,
            row=row,
            id=name,
            ground=float(layer.ground[row]),
            method="edited" if "height" in changed else METHODS[layer.method[row]],
            points=int(layer.points[row]),
            rmse=float("nan") if "height" in changed else float(layer.rmse[row]),
            changed=changed,
            **fields,
        )

    def with_building_change(self, layer_id: str, building_id: str, **values: Any) -> City:
        """Set `height` (m), `floors` or `use` of one building."""
        before = self.building(layer_id, building_id)
        if all(getattr(before, name) == value for name, value in values.items()):
            return self
        layer_changes = self.changes.get(layer_id, {})
        change = replace(layer_changes.get(building_id, BuildingChange()), **values)
        changed = Overlay.of(layer_changes).with_item(building_id, change)
        return replace(self, changes=MappingProxyType({**self.changes, layer_id: changed}))

    def standing(self, layer_id: str) -> BuildingsLayer:
        """The layer as it stands: survey with changes written in. The survey itself if none."""
        layer = self.buildings_layer(layer_id)
        changes = self.changes.get(layer_id)
        if not changes:
            return layer
        row_of = _rows_of(layer, changes)
        fields = ("height", "floors", "use")
        touched = {f for f in fields if any(getattr(c, f) is not None for c in changes.values())}
        touched |= {"method", "rmse"} if "height" in touched else set()
        arrays: dict[str, Any] = {name: np.array(getattr(layer, name)) for name in touched}
        for building, change in changes.items():
            row = row_of.get(building)
            if row is None:
                continue
            for name in fields:
                value = getattr(change, name)
                if value is not None:
                    arrays[name][row] = value
            if change.height is not None:
                arrays["method"][row] = EDITED
                arrays["rmse"][row] = np.nan
        return layer.with_fields(**arrays)


def _rows_of(layer: BuildingsLayer, names: Collection[str]) -> dict[str, int]:
    """Rows of the buildings that are called so."""
    if len(names) <= FEW:
        found = {name: layer.row_of(name) for name in names}
        return {name: row for name, row in found.items() if row is not None}
    # In one go: asking the changes of each of a million rows by itself took seconds.
    ids, named = layer.ids, set(names)
    is_named = np.fromiter(map(named.__contains__, ids), np.bool_, len(ids))
    return {ids[row]: row for row in np.flatnonzero(is_named).tolist()}


def _without(mapping: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    return MappingProxyType({k: v for k, v in mapping.items() if k != key})
