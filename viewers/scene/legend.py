"""What the colours of a layer mean, for the legend in the corner and on pictures."""

from __future__ import annotations

from dataclasses import dataclass

from viewers.scene.ramps import Scale


@dataclass(frozen=True, slots=True, kw_only=True)
class LegendEntry:
    """One colour and what it says.

    Attributes
    ----------
    color : "#rrggbb"
    label : a text in English; for numbers as they are written there
    low, high : ends of a class of numbers, None where it is open; both the same for a step of a
        continuous ramp
    count : how many things have this colour; None where nobody counted
    """

    color: str
    label: str
    low: float | None = None
    high: float | None = None
    count: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Legend:
    """Title, unit ("" for none) and entries of one layer.

    `ramp` names a continuous scale; `scale` makes the colours of numbers, classed or not.
    """

    layer: str
    title: str
    unit: str
    entries: tuple[LegendEntry, ...]
    ramp: str = ""
    scale: Scale | None = None
