"""Maps of numbers as bytes, for VTK turns float textures into bytes anyway. No VTK here: for workers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Code:
    """Numbers as bytes: `low + span * code`, code 0 … 1.

    `parts`: uint8 (rows, cols, 3 or 4), the highest byte first.
    """

    parts: NDArray[np.uint8]
    low: float
    span: float


BLOCK = 8
REACH = 11
"""Texels around each for which the highest depth is told: half the widest edge of a shadow."""


def coded_depth(depth: NDArray[np.float32]) -> Code:
    """Depths (rows, cols) in 24 bits of red, green, blue; what is below −1e8 becomes the lowest.

    Alpha is the highest within at least `REACH` texels, in 8 bits, rounded up: where that is no
    higher than a point, nothing shades its surroundings either.
    """
    known = depth > -1e8
    low = float(depth[known].min()) - 1.0 if known.any() else -1.0
    span = max(float(depth.max()) - low, 1.0)
    code = np.where(known, (depth.astype(np.float64) - low) / span * (2**24 - 1), 0.0)
    number = np.rint(code).astype(np.uint32)
    peak = _peaks(((number >> 16) + 1).astype(np.uint32))
    parts = np.stack([number >> 16, (number >> 8) & 255, number & 255, peak], axis=2)
    return Code(parts.astype(np.uint8), low if known.any() else -1e9, span)


def _peaks(values: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """The highest of `values` around each, by blocks; at most 255."""
    from scipy.ndimage import maximum_filter

    rows, cols = values.shape
    whole = np.pad(values, ((0, -rows % BLOCK), (0, -cols % BLOCK)))
    high, wide = (n // BLOCK for n in whole.shape)
    blocks = whole.reshape(high, BLOCK, wide, BLOCK).max(axis=(1, 3))
    around = maximum_filter(np.minimum(blocks, 255), size=2 * -(-REACH // BLOCK) + 1)
    found: NDArray[np.uint32] = around.repeat(BLOCK, axis=0).repeat(BLOCK, axis=1)[:rows, :cols]
    return found


def coded_pair(values: NDArray[np.float32]) -> Code:
    """Two numbers per texel (rows, cols, 2) in 16 bits each; they may be interpolated."""
    low = float(values.min())
    span = max(float(values.max()) - low, 1.0)
    number = np.rint((values.astype(np.float64) - low) / span * 65535).astype(np.uint32)
    parts = np.stack(
        [number[..., 0] >> 8, number[..., 0] & 255, number[..., 1] >> 8, number[..., 1] & 255],
        axis=2,
    ).astype(np.uint8)
    return Code(parts, low, span)
