"""Layers with what people changed written in, each made once."""

from __future__ import annotations

from typing import Any

from layers.kinds.buildings import BuildingsLayer
from layers.kinds.layer import Layer
from twin.city import City


class Standing:
    """Remembers the standing layer of each survey and its changes."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[Layer, Any, Layer]] = {}

    def of(self, city: City, layer_id: str) -> Layer:
        """The layer with changes written in; the same object as long as nothing changed."""
        layer = city.layers[layer_id]
        if not isinstance(layer, BuildingsLayer):
            return layer
        changes = city.changes.get(layer_id)
        known = self._known.get(layer_id)
        if known is None or known[0] is not layer or known[1] is not changes:
            known = (layer, changes, city.standing(layer_id))
            self._known[layer_id] = known
        return known[2]

    def forget(self, layer_id: str) -> None:
        """Let go of a layer."""
        self._known.pop(layer_id, None)
