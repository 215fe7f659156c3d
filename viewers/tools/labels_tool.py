"""Names of roads, places and buildings over the city, as the styles of the layers ask for them."""

from __future__ import annotations

from functools import partial

import numpy as np
from numpy.typing import NDArray

from layers.kinds.elevation import ElevationLayer
from layers.kinds.layer import Layer
from layers.progress import Progress
from twin.style import Style
from viewers.action_spec import VIEW, ActionSpec
from viewers.i18n import mark
from viewers.label_paint import name_picture
from viewers.scene.label_places import Labels, labels_of
from viewers.scene.labels import LabelStage
from viewers.scene.labels_in_view import look
from viewers.scene.plain import ground_of
from viewers.scene.scene import Scene
from viewers.theme import theme
from viewers.tools.tool import Desk, Tool
from viewers.tools.views_over import over

Asked = tuple[int, str, str, float, int]


class LabelsTool(Tool):
    """Keeps the labels equal to city and styles; workers find where they stand."""

    ACTIONS = (
        ActionSpec(
            id="labels", text=mark("Labels"), keys=("Shift+L",), icon="label", menu=VIEW,
            needs="city", checkable=True,
            tip=mark("Names of what layers label: choose the attribute in a layer’s style"),
        ),
    )  # fmt: skip

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._over = over(desk)
        self._stage: LabelStage | None = None
        self._asked: dict[str, Asked] = {}
        self._kept: dict[str, object] = {}
        self._labels: dict[str, Labels] = {}
        self._theme = theme()
        self._on = True
        self._over.draws.append(self._look)
        self._over.ready.connect(self._begin)
        desk.session.opened.connect(self._forget)
        for told in (desk.session.opened, desk.session.city_changed, desk.session.view_changed):
            told.connect(lambda *_: self._show())
        self.set_checked("labels", True)
        self._begin()

    # -- what is labelled -------------------------------------------------------------------

    def _begin(self) -> None:
        if self._stage is None and self._over.labels is not None:
            self._stage = LabelStage(self._over.labels, self._paint)
            self._show()

    def _paint(self, text: str, size: float) -> NDArray[np.uint8]:
        return name_picture(text, size, self._over.ratio)

    def _forget(self) -> None:
        self._asked.clear()
        self._labels.clear()
        self._kept.clear()

    def _show(self) -> None:
        """Ask workers for what changed; show what is there."""
        city = self.desk.session.city
        if city is None or self._stage is None or self.desk.tasks.is_closed:
            return
        ground = ground_of(city)
        wanted: set[str] = set()
        for layer_id, layer in city.layers.items():
            style = city.style(layer_id)
            if not style.label_by or layer_id in self.desk.session.view.hidden:
                continue
            wanted.add(layer_id)
            asked = (id(layer), style.label_by, style.label_rank, style.label_size, id(ground))
            if self._asked.get(layer_id) == asked:
                continue
            self._asked[layer_id] = asked
            self._kept[layer_id] = (layer, ground)  # so that no other gets its identity
            work = partial(_found, layer, style, city.frame.origin, ground)
            self.desk.tasks.run(
                "", work, key=f"labels {layer_id}", quiet=True,
                done=partial(self._take, layer_id, asked),
            )  # fmt: skip
        gone = self._asked.keys() - wanted
        for layer_id in gone:
            self._asked.pop(layer_id)
            self._labels.pop(layer_id, None)
        self._tell()
        if gone:
            self._over.again()

    def _take(self, layer_id: str, asked: Asked, found: Labels | None) -> None:
        if self._asked.get(layer_id) != asked:
            return
        if found is None:
            self._labels.pop(layer_id, None)
        else:
            self._labels[layer_id] = found
        self._tell()
        self._over.again()

    def _tell(self) -> None:
        city = self.desk.session.city
        if self._stage is not None and city is not None:
            order = [k for k in reversed(list(city.layers)) if k in self._labels]
            self._stage.set_layers({k: self._labels[k] for k in order})

    def labels(self) -> None:
        """Show names, or none."""
        self._on = not self._on
        self.set_checked("labels", self._on)
        if self._stage is not None:
            self._stage.on = self._on
            self._over.again()

    # -- each frame -------------------------------------------------------------------------

    def _look(self, scene: Scene) -> None:
        if self._stage is None:
            return
        if theme() != self._theme:
            self._theme = theme()
            self._stage.repaint()
        look(self._stage, scene)

    def end(self) -> None:
        """Draw no more."""
        if self._look in self._over.draws:
            self._over.draws.remove(self._look)
        self._stage = None


def _found(
    layer: Layer,
    style: Style,
    origin: tuple[float, float, float],
    ground: ElevationLayer | None,
    _: Progress,
) -> Labels | None:
    return labels_of(layer, style, origin=origin, ground=ground)
