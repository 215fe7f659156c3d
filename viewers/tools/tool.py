"""What every tool of the window has in common, and what it is given."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from PySide6.QtCore import QObject

from viewers.action_spec import Table

if TYPE_CHECKING:
    from viewers.session import Session
    from viewers.settings import Settings
    from viewers.stage_view import StageView
    from viewers.tasks import Tasks
    from viewers.window import Window


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Desk:
    """What a tool works with: the window's parts, joined by the composition root."""

    window: Window
    session: Session
    stage: StageView
    tasks: Tasks
    settings: Settings


class Tool(QObject):
    """Actions that belong together, and what they need; one object for the window's whole life.

    A method for each id in `ACTIONS`, called without arguments when the action is asked for.
    """

    ACTIONS: ClassVar[Table] = ()

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk.window)
        self.desk = desk

    def set_checked(self, action: str, checked: bool) -> None:
        """Show an action of this tool as pressed or not."""
        self.desk.window.actions_table[action].setChecked(checked)

    def end(self) -> None:
        """Let go of everything; the window closes."""
