"""What the colours of a layer mean, for the legend in the corner and on pictures."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class LegendEntry:
    """One colour and what it says; `low` and `high` are set for a step of a ramp."""

    color: str
    label: str
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Legend:
    """Title, unit ("" for none) and entries of one layer; `ramp` names a continuous scale."""

    layer: str
    title: str
    unit: str
    entries: tuple[LegendEntry, ...]
    ramp: str = ""
