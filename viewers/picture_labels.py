"""Names over the city in pictures and films without a window, as the styles of the layers ask for them."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterator

import numpy as np
from numpy.typing import NDArray

from layers.kinds.layer import Layer
from twin.city import City
from twin.style import Style
from viewers.label_paint import name_picture
from viewers.scene.label_places import Labels, labels_of
from viewers.scene.labels import LabelStage
from viewers.scene.labels_in_view import look
from viewers.scene.overlay import LABELS, Overlay
from viewers.scene.plain import ground_of
from viewers.scene.scene import Scene

LEAST_RATIO = 0.75
"""Of a letter's usual size; smaller ones are not read."""


@contextlib.contextmanager
def labelled(scene: Scene, size: tuple[int, int], over: Collection[str]) -> Iterator[None]:
    """Draw labels into pictures of `size` within, where "labels" is among what is drawn `over` them."""
    labels = PictureLabels(scene, size) if "labels" in over else None
    try:
        yield
    finally:
        if labels is not None:
            labels.close()


class PictureLabels:
    """Draws labels into each picture of `scene` until `close`.

    Parameters
    ----------
    size
        Of the whole picture, pixels: letters grow with it, and what fits is chosen for all of it,
        also where it is drawn in parts.
    """

    def __init__(self, scene: Scene, size: tuple[int, int]) -> None:
        self._scene = scene
        self._ratio = max(min(size) / 1080, LEAST_RATIO)
        self._share = scene.window.GetSize()[1] / size[1]
        self._overlay = Overlay(scene.window, layer=LABELS)
        self._stage = LabelStage(self._overlay, self._paint)
        self._city: City | None = None
        self._hidden: frozenset[str] = frozenset()
        self._found: dict[str, tuple[Layer, Style, Labels | None]] = {}
        self._parted = False
        scene.each_frame.append(self._look)

    def _paint(self, text: str, size: float) -> NDArray[np.uint8]:
        ratio = self._ratio if self._parted else self._ratio * min(self._share, 1.0)
        return name_picture(text, size, ratio)

    def _look(self) -> None:
        scene = self._scene
        if scene.city is None:
            return
        if scene.city is not self._city or scene.view.hidden != self._hidden:
            self._city, self._hidden = scene.city, scene.view.hidden
            self._gather(scene.city)
        if scene.camera.in_parts != self._parted:
            self._parted = scene.camera.in_parts
            self._stage.forget_pictures()
        look(self._stage, scene)

    def _gather(self, city: City) -> None:
        """Where labels stand; what is known of a layer in the same style is kept."""
        ground = ground_of(city)
        shown: dict[str, Labels] = {}
        for layer_id, layer in reversed(list(city.layers.items())):
            style = city.style(layer_id)
            if not style.label_by or layer_id in self._hidden:
                continue
            known = self._found.get(layer_id)
            if known is None or known[0] is not layer or known[1] != style:
                made = labels_of(layer, style, origin=city.frame.origin, ground=ground)
                known = self._found[layer_id] = (layer, style, made)
            if known[2] is not None:
                shown[layer_id] = known[2]
        self._stage.set_layers(shown)

    def close(self) -> None:
        """Draw no more; safe to call twice."""
        if self._look in self._scene.each_frame:
            self._scene.each_frame.remove(self._look)
            self._overlay.close()
