"""How a story is told: where, and by whose hand."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayRequest:
    """How a story is told.

    Attributes
    ----------
    screen : number of the monitor that it fills; −1 stays in the window as it is
    presenter : whether the window for the one who tells it opens
    timer : whether it goes on by itself after each stop's time
    loop : whether it begins again after the last stop; a kiosk, the cursor is hidden
    start : number of the first stop
    """

    screen: int = 0
    presenter: bool = False
    timer: bool = False
    loop: bool = False
    start: int = 0
