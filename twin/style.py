"""How a layer looks: part of the plan, so it is saved and can be undone."""

from __future__ import annotations

from typing import Literal

import msgspec

Ramp = Literal["calm", "viridis", "cividis", "terrain", "blues", "oranges", "grey"]


class Style(msgspec.Struct, frozen=True, kw_only=True):
    """Colours, size and opacity of one layer.

    Attributes
    ----------
    color : "#rrggbb" of the plain style; "" for the kind's own
    color_by : "" plain, else what the colour tells: an attribute's name, or one of the kind's own:
        buildings "height", "use", "method", "floors"; points "class", "height", "intensity", "rgb"
    ramp : colours of a number (perceptual, colour-blind safe)
    low, high : numbers at the ramp's ends; both None: from the data
    opacity : 0 … 1
    size : points: pixels; lines: metres of width; 0 for the kind's own
    """

    color: str = ""
    color_by: str = ""
    ramp: Ramp = "viridis"
    low: float | None = None
    high: float | None = None
    opacity: float = 1.0
    size: float = 0.0


PLAIN = Style()
