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


def coded_depth(depth: NDArray[np.float32]) -> Code:
    """Depths (rows, cols) in 24 bits of red, green, blue; what is below −1e8 becomes the lowest."""
    known = depth > -1e8
    low = float(depth[known].min()) - 1.0 if known.any() else -1.0
    span = max(float(depth.max()) - low, 1.0)
    code = np.where(known, (depth.astype(np.float64) - low) / span * (2**24 - 1), 0.0)
    number = np.rint(code).astype(np.uint32)
    parts = np.stack([number >> 16, (number >> 8) & 255, number & 255], axis=2).astype(np.uint8)
    return Code(parts, low if known.any() else -1e9, span)


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
