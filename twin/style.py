"""How a layer looks: part of the plan, so it is saved and can be undone."""

from __future__ import annotations

from typing import Literal

import msgspec

from layers.breaks import Classing

Ramp = Literal[
    "calm", "viridis", "cividis", "batlow", "magma", "terrain", "blues", "oranges", "grey", "vik"
]
Palette = Literal["calm", "okabe", "tol"]
Look = Literal["", "equal", "quantile", "natural", "deviation", "manual"]


class Style(msgspec.Struct, frozen=True, kw_only=True):
    """Colours, size, opacity and labels of one layer.

    Attributes
    ----------
    color : "#rrggbb" of the plain style; "" for the kind's own
    color_by : "" plain, else what the colour tells: an attribute's name, or one of the kind's own:
        buildings "height", "use", "method", "floors"; points "class", "height", "intensity", "rgb"
    ramp : colours of a number (perceptual, colour-blind safe)
    low, high : numbers at the ramp's ends; both None: from the data
    opacity : 0 … 1
    size : points: pixels; lines: metres of width; 0 for the kind's own
    classing : how numbers are divided into classes; "" for a continuous ramp
    classes : how many, where `classing` lets choose
    breaks : inner limits of "manual" classes
    reverse : the ramp from its other end
    palette : colours of categories
    colors : (category, "#rrggbb") pairs that go before the palette
    no_value : "#rrggbb" of what has no value; "" for grey
    label_by : attribute written beside each thing; "" for no labels
    label_rank : attribute whose larger values are written first; "" for the kind's own order
    label_size : height of letters, pixels at 96 dpi
    """

    color: str = ""
    color_by: str = ""
    ramp: Ramp = "viridis"
    low: float | None = None
    high: float | None = None
    opacity: float = 1.0
    size: float = 0.0
    classing: Look = ""
    classes: int = 5
    breaks: tuple[float, ...] = ()
    reverse: bool = False
    palette: Palette = "calm"
    colors: tuple[tuple[str, str], ...] = ()
    no_value: str = ""
    label_by: str = ""
    label_rank: str = ""
    label_size: float = 13.0

    @property
    def way(self) -> Classing | None:
        """How numbers are divided; None where they are not."""
        return self.classing or None


PLAIN = Style()
