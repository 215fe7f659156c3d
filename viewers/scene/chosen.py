"""Rows that were chosen or hidden, as colours and masks of a whole layer."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

CHOSEN = np.array([255, 176, 66], np.uint8)
"""A little lighter than what one click selects."""


def with_chosen(colours: NDArray[np.uint8], rows: NDArray[np.int64]) -> NDArray[np.uint8]:
    """`colours` (n, 3) with those of `rows` standing out; the very same where none is chosen.

    Half of a building's own colour stays, so that classes can still be told apart.
    """
    rows = rows[rows < len(colours)]
    if not len(rows):
        return colours
    painted = colours.copy()
    painted[rows] = (painted[rows].astype(np.uint16) + 3 * CHOSEN.astype(np.uint16)) // 4
    return painted


def mask_of(rows: NDArray[np.int64], count: int) -> NDArray[np.bool_]:
    """A mask over a layer of `count` rows; rows that are no longer there are left out."""
    mask = np.zeros(count, bool)
    mask[rows[rows < count]] = True
    return mask
