"""Hiding and isolating things and layers: a matter of looking, no change of the plan."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from layers.kinds.buildings import BuildingsLayer
from layers.kinds.elevation import ElevationLayer
from layers.kinds.features import FeatureLayer
from layers.kinds.imagery import ImageryLayer
from layers.kinds.pointcloud import PointCloudLayer
from viewers.action_spec import VIEW, ActionSpec, Table
from viewers.i18n import mark, tr
from viewers.tools.tool import Desk, Tool
from viewers.view_state import Rows

A = ActionSpec
TOLD_MS = 6000


class HideTool(Tool):
    """Hides what is selected, or all else; remembers which layers it hid."""

    ACTIONS: ClassVar[Table] = (
        A(
            id="hide_chosen", text=mark("Hide the selection"), keys=("H",), icon="eye-off",
            menu=VIEW, needs="city", tip=mark("With nothing selected, the chosen layer"),
        ),
        A(
            id="isolate_chosen", text=mark("Isolate the selection"), keys=("I",), icon="isolate",
            menu=VIEW, needs="city", tip=mark("Hides all else but ground and pictures"),
        ),
        A(
            id="show_hidden", text=mark("Show what was hidden"), keys=("Shift+H",), icon="eye",
            menu=VIEW, needs="city",
        ),
    )  # fmt: skip

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._own: frozenset[str] = frozenset()
        """Layers that were hidden here."""
        desk.session.opened.connect(self._forget)

    def hide_chosen(self) -> None:
        rows, view = self._rows(), self.desk.session.view
        if rows:
            look = {"hidden_rows": view.hidden_rows | rows, "chosen": Rows(), "selected": None}
            self.desk.session.look(**look)
        else:
            current = self.desk.window.layers.current()
            self._hide_layers({current} if current else set())

    def isolate_chosen(self) -> None:
        rows, city = self._rows(), self.desk.session.city
        if city is None:
            return
        current = self.desk.window.layers.current()
        kept = set(rows) or ({current} if current else set())
        if not kept:
            self._tell(tr("Select something first, or choose a layer"))
            return
        context = {
            k for k, v in city.layers.items() if isinstance(v, ElevationLayer | ImageryLayer)
        }
        others = {
            layer: np.setdiff1d(np.arange(city.layers[layer].count), rows[layer])
            for layer in rows
            if isinstance(city.layers[layer], BuildingsLayer | FeatureLayer)
        }
        # Of a hundred million points those that are left are fewer than those that are not.
        only = {k: rows[k] for k in rows if isinstance(city.layers[k], PointCloudLayer)}
        self._hide_layers(
            set(city.layers) - kept - context, hidden_rows=Rows(others), only_rows=Rows(only)
        )

    def show_hidden(self) -> None:
        view = self.desk.session.view
        self.desk.session.look(hidden=view.hidden - self._own, hidden_rows=Rows(), only_rows=Rows())
        self._own = frozenset()

    def _rows(self) -> Rows:
        view = self.desk.session.view
        if view.chosen or view.selected is None:
            return view.chosen
        city = self.desk.session.city
        layer = city.layers.get(view.selected.layer) if city is not None else None
        single = isinstance(layer, BuildingsLayer | FeatureLayer | PointCloudLayer)
        return Rows({view.selected.layer: [view.selected.row]}) if single else Rows()

    def _hide_layers(self, layers: set[str], **more: Rows) -> None:
        view = self.desk.session.view
        fresh = frozenset(layers) - view.hidden
        self._own |= fresh
        self.desk.session.look(hidden=view.hidden | fresh, **more)

    def _tell(self, text: str) -> None:
        self.desk.window.status.showMessage(text, TOLD_MS)

    def _forget(self) -> None:
        self._own = frozenset()
