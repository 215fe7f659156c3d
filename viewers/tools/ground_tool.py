"""Seeing through the ground to the networks in it."""

from __future__ import annotations

from viewers.action_spec import VIEW, ActionSpec
from viewers.i18n import mark
from viewers.scene.underground import CLEAR
from viewers.tools.tool import Desk, Tool

GLASS = 0.3
"""How much of the ground is seen through the glass at first."""


class GroundTool(Tool):
    """Makes the ground glass, and back."""

    ACTIONS = (
        ActionSpec(
            id="see_through", text=mark("See through the ground"), keys=("Shift+G",),
            icon="underground", menu=VIEW, needs="city", checkable=True,
            tip=mark("Pipes and cables under the ground are drawn as tubes"),
        ),
    )  # fmt: skip

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        desk.session.view_changed.connect(self._show)
        desk.session.opened.connect(self._show)

    def _show(self) -> None:
        self.set_checked("see_through", self.desk.session.view.ground_opacity < CLEAR)

    def see_through(self) -> None:
        """Change between solid and glass."""
        clear = self.desk.session.view.ground_opacity < CLEAR
        self.desk.session.look(ground_opacity=1.0 if clear else GLASS)
