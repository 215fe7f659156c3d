"""Gaps of a grid closed by the smoothest surface through their edges."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_SWEEPS = 24  # on the grid itself; each coarser level has half as many more, at a quarter the cost
_MOST_SWEEPS = 200
_MOST_WORK = 30_000_000  # cells × sweeps on one level: a vast gap is smoothed less, not longer


def fill_grid(heights: NDArray[np.float32]) -> NDArray[np.float32]:
    """`heights` with every NaN replaced; measured cells stay as they are.

    Solves Laplace's equation over the gaps with the measured cells as boundary (a membrane:
    planes come back as planes, nothing overshoots), level beyond the outermost measured cells.
    Cascadic multigrid: the gaps of a grid of half the size give the start, Gauss–Seidel sweeps in
    red-black order the rest (Bornemann & Deuflhard 1996). All NaN gives all zero.

    Parameters
    ----------
    heights : float32, shape (rows, cols)
    """
    known = np.isfinite(heights)
    if known.all():
        return np.array(heights)
    if not known.any():
        return np.zeros_like(heights)
    middle = np.float32(np.mean(heights[known]))  # keeps digits where heights are far from zero
    return _fill(heights - middle, known, _SWEEPS) + middle


def _fill(
    heights: NDArray[np.float32], known: NDArray[np.bool_], sweeps: int
) -> NDArray[np.float32]:
    if known.all():
        return heights
    if min(heights.shape) <= 2:
        start = np.full_like(heights, heights[known].mean())
    else:
        more = min(_MOST_SWEEPS, sweeps * 3 // 2)
        start = _twice(_fill(*_half(heights, known), more), heights.shape)
    filled = np.where(known, heights, start).astype(np.float32)
    gaps = ~known
    affordable = max(4, _MOST_WORK // int(np.count_nonzero(gaps)))
    _relax(filled, gaps, min(sweeps, affordable))
    return filled


def _half(
    heights: NDArray[np.float32], known: NDArray[np.bool_]
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    rows, cols = heights.shape
    pad = ((0, rows % 2), (0, cols % 2))
    weight = np.pad(known, pad).astype(np.float32)
    value = np.pad(np.where(known, heights, np.float32(0)), pad)
    shape = (len(weight) // 2, 2, weight.shape[1] // 2, 2)
    count = weight.reshape(shape).sum(axis=(1, 3))
    total = value.reshape(shape).sum(axis=(1, 3))
    with np.errstate(invalid="ignore", divide="ignore"):
        return (total / count).astype(np.float32), count > 0


def _twice(coarse: NDArray[np.float32], shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Bilinear between the middles of coarse cells."""
    for axis in (0, 1):
        fine = np.arange(shape[axis])
        place = np.clip((fine - 0.5) / 2, 0, coarse.shape[axis] - 1)
        low = place.astype(np.int64)
        high = np.minimum(low + 1, coarse.shape[axis] - 1)
        part = (place - low).astype(np.float32)
        part = part[:, None] if axis == 0 else part[None, :]
        coarse = coarse.take(low, axis) * (1 - part) + coarse.take(high, axis) * part
    return coarse


def _relax(grid: NDArray[np.float32], gaps: NDArray[np.bool_], sweeps: int) -> None:
    rows, cols = grid.shape
    row, col = (place.astype(np.int32) for place in np.nonzero(gaps))
    flat = grid.reshape(-1)
    halves = []
    for colour in (0, 1):
        mine = (row + col) % 2 == colour
        r, c = row[mine], col[mine]
        near = [  # the edge of the grid mirrors: no slope across it
            np.where(r > 0, r - 1, np.minimum(r + 1, rows - 1)) * cols + c,
            np.where(r < rows - 1, r + 1, np.maximum(r - 1, 0)) * cols + c,
            r * cols + np.where(c > 0, c - 1, np.minimum(c + 1, cols - 1)),
            r * cols + np.where(c < cols - 1, c + 1, np.maximum(c - 1, 0)),
        ]
        halves.append((r * cols + c, near))
    for _ in range(sweeps):
        for here, (up, down, left, right) in halves:
            flat[here] = (flat[up] + flat[down] + flat[left] + flat[right]) * np.float32(0.25)
