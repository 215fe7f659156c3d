"""How many windows are lit, by the hour."""

from __future__ import annotations

from datetime import datetime

import numpy as np

_HOURS = np.array([0.0, 1.0, 4.5, 6.0, 7.5, 17.0, 18.5, 20.0, 21.0, 22.5, 23.5, 24.0])
_HOMES = np.array([0.10, 0.06, 0.04, 0.22, 0.10, 0.12, 0.50, 0.58, 0.55, 0.38, 0.16, 0.10])
_OFFICES = np.array([0.05, 0.04, 0.04, 0.08, 0.50, 0.80, 0.66, 0.34, 0.14, 0.07, 0.05, 0.05])
_SHOPS = np.array([0.12, 0.08, 0.06, 0.20, 0.45, 0.70, 0.92, 0.92, 0.86, 0.50, 0.18, 0.12])


def lit_shares(hour: float) -> tuple[float, float, float]:
    """Shares (0 … 1) of the windows of homes, offices and shops that are lit at a local hour (0 … 24).

    Chosen by eye, not counted: homes from dusk until people sleep, offices until eight, shops until ten.
    """
    homes, offices, shops = (
        float(np.interp(hour % 24.0, _HOURS, table)) for table in (_HOMES, _OFFICES, _SHOPS)
    )
    return homes, offices, shops


def hour_of(when: datetime) -> float:
    """The local hour, 0 … 24."""
    return when.hour + when.minute / 60.0
