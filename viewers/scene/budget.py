"""How much to draw in a frame, and which level of which chunk to spend it on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from viewers.scene.renderer_name import is_software

NEAR_ENOUGH = 0.08
"""Share of the target by which a frame may be off before detail changes: two scenes, whatever they
hold, then settle within a fifth of each other."""


LATE, PATIENCE = 1.35, 4
"""So many frames in a row, so much later than they should be with the least detail, are too many."""
SPARE, TRY_AGAIN = 0.3, 200
"""Frames that take such a share of the target with a quarter of the pixels may have all of them again;
tried after so many frames, so that the picture does not pulse."""


@dataclass(slots=True)
class FrameBudget:
    """Triangles (or points) a moving frame may hold, tuned from how long the last ones took.

    Attributes
    ----------
    triangles : the budget now
    target : seconds a moving frame should take
    fewer_pixels : the least detail is too much still: pixels take the time, a quarter must do
    """

    triangles: int = 120_000
    target: float = 1 / 30
    least: int = 60_000
    most: int = 40_000_000
    fewer_pixels: bool = False
    _late: int = field(default=0, repr=False)
    _smooth: float = field(default=0.0, repr=False)

    def measured(self, seconds: float, drawn: int) -> None:
        """Learn from a moving frame that took `seconds` and drew `drawn` triangles."""
        self._smooth = seconds if not self._smooth else 0.6 * self._smooth + 0.4 * seconds
        if self._tune_pixels(drawn):
            return
        ratio = self.target / max(self._smooth, 1e-4)
        if ratio > 1.15 and drawn < 0.5 * self.triangles:
            return  # all there is was drawn: nothing was learnt about a bigger budget
        # Slowly up, quickly down: a late frame is worse than a coarse one.
        factor = float(np.clip(ratio, 0.6, 1.25))
        if abs(ratio - 1) < NEAR_ENOUGH:
            return
        self.triangles = int(np.clip(self.triangles * factor, self.least, self.most))

    def _tune_pixels(self, drawn: int) -> bool:
        """Give the next frames fewer pixels, or all again; False where they stay."""
        if self.fewer_pixels:
            self._late += 1  # frames since
            spare = self._smooth < SPARE * self.target or self.triangles > 3 * self.least
            turn = spare and self._late > TRY_AGAIN
        else:
            little = self.triangles <= 1.05 * self.least or drawn < 0.5 * self.triangles
            late = little and self._smooth > LATE * self.target
            self._late = self._late + 1 if late else 0
            turn = self._late >= PATIENCE
        if turn:
            self.fewer_pixels = not self.fewer_pixels
            self._late, self._smooth = 0, 0.0
        return turn


def pace_of(window: Any) -> float:
    """Seconds that a moving frame should take where `window` is drawn: 60 frames a second by a graphics
    card, 20 without one."""
    return 1 / 20 if is_software(window) else 1 / 60


def most_of(window: Any) -> int:
    """Triangles of a still picture: as many as pixels, more where a graphics card draws them."""
    return 2_500_000 if is_software(window) else 12_000_000


def in_frustum(
    low: NDArray[np.float64], high: NDArray[np.float64], planes: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Which boxes (n, 3 low and high corners) touch the frustum of six planes (6, 4), inside positive."""
    seen = np.ones(len(low), dtype=bool)
    for plane in planes:
        normal, offset = plane[:3], plane[3]
        farthest = np.where(normal > 0, high, low)
        seen &= farthest @ normal + offset > 0
    return seen


def choose_levels(
    error: NDArray[np.float64],
    triangles: NDArray[np.int64],
    distance: NDArray[np.float64],
    *,
    pixels_per_radian: float,
    budget: int,
    before: NDArray[np.int64] | None = None,
) -> NDArray[np.int64]:
    """The level of each chunk so that the largest error on screen is least within `budget`.

    Parameters
    ----------
    error : (chunks, levels) metres lost at each level; level 0 is full and loses nothing
    triangles : (chunks, levels), descending
    distance : (chunks,) metres from the eye to the nearest part
    before : levels of the last frame; a level that is nearly as good is kept, so that nothing flickers

    Returns
    -------
    Level per chunk. All at the coarsest where even that is over the budget.
    """
    count, levels = error.shape
    if not count:
        return np.empty(0, np.int64)
    on_screen = error * (pixels_per_radian / np.maximum(distance, 1.0))[:, None]

    def at(limit: float) -> NDArray[np.int64]:
        # The coarsest level whose error stays below the limit; errors grow with the level.
        fine: NDArray[np.int64] = (on_screen <= limit).sum(axis=1)
        return fine - 1

    rows = np.arange(count)
    if int(triangles[:, 0].sum()) <= budget:
        return np.zeros(count, np.int64)
    low, high = 0.0, float(on_screen.max()) + 1.0
    for _ in range(24):
        middle = (low + high) / 2
        if int(triangles[rows, at(middle)].sum()) <= budget:
            high = middle
        else:
            low = middle
    chosen = np.clip(at(high), 0, levels - 1)
    if before is None or len(before) != count:
        return chosen
    kept = np.where(
        (on_screen[rows, np.clip(before, 0, levels - 1)] <= high * 1.25) & (before >= 0),
        before,
        chosen,
    )
    return kept if int(triangles[rows, kept].sum()) <= budget * 1.1 else chosen
