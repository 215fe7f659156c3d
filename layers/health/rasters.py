"""Checks of grids: gaps, filled cells, spikes, steps, possible heights, blank pictures."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from layers.health.finding import Finding, share, whole
from layers.health.records import MAX_PLACES, Places
from layers.health.subject import Subject, as_places
from layers.kinds.elevation import ElevationLayer
from layers.kinds.imagery import ImageryLayer

SPIKE_M = {"ground": 10.0, "surface": 150.0}
"""A cell this much above or below all four neighbours is a fault; over a city's surface only a
mast may stand out, and heights above ground count as surface."""

POSSIBLE_M = {"ground": (-430.0, 8850.0), "surface": (-430.0, 9000.0)}
"""From the shore of the Dead Sea to the top of Everest."""

MOST_CLASSES = 30
CLASS_JUMPS = 0.1
"""Of the steps between cells of classes, more than this leap over a third of all values; terrain in
whole metres climbs by one metre from cell to cell nearly everywhere."""

ABOVE_GROUND_M = (-1.0, 830.0)
_BAND_ROWS = 1024


def gaps(subject: Subject) -> Finding | None:
    """Cells without a height."""
    layer = subject.layer
    if not isinstance(layer, ElevationLayer):
        return None
    empty = np.isnan(layer.heights)
    count = int(empty.sum())
    return share(
        count,
        layer.count,
        f"{count:,} of {layer.count:,} cells have no height",
        "Fill small gaps when building the ground; survey large ones.",
        where=_cells(layer, empty),
    )


def filled_cells(subject: Subject) -> Finding | None:
    """Cells whose height was interpolated."""
    layer = subject.layer
    if not isinstance(layer, ElevationLayer) or layer.filled is None:
        return None
    count = int(layer.filled.sum())
    return share(
        count,
        layer.count,
        f"{count:,} of {layer.count:,} heights were interpolated, not measured",
        "Trust no result that rests on them alone; add a survey there.",
        where=_cells(layer, layer.filled),
    )


def spikes(subject: Subject) -> Finding | None:
    """Cells far above or below all four neighbours."""
    layer = subject.layer
    if not isinstance(layer, ElevationLayer) or min(layer.heights.shape) < 3:
        return None
    limit = SPIKE_M.get(layer.surface, SPIKE_M["surface"])
    count = 0
    where: Places = ()
    for first, mask in _spike_bands(layer.heights, limit):
        count += int(mask.sum())
        if len(where) < MAX_PLACES and mask.any():
            where += _cells(layer, mask, first_row=first, first_col=1)
    return share(
        count,
        layer.count,
        f"{count:,} cells stick out by more than {limit:g} m from all four neighbours",
        "Look at them: birds, cranes, multipath or a wrong no-data value.",
        where=where[:MAX_PLACES],
    )


def whole_metres(subject: Subject) -> Finding | None:
    """Heights in whole metres only."""
    layer = subject.layer
    if not isinstance(layer, ElevationLayer):
        return None
    values = layer.heights[np.isfinite(layer.heights)]
    if not len(values) or float(values.min()) == float(values.max()):
        return None
    bad = 1.0 if bool((values == np.round(values)).all()) else 0.0
    return whole(
        bad,
        "All heights are whole metres: each is off by up to 0.5 m (0.29 m RMS)",
        "Ask for the grid with decimals; slopes and water need centimetres.",
    )


def heights_not_classes(subject: Subject) -> Finding | None:
    """Whether a grid holds a few whole numbers that jump from cell to cell, as classes do."""
    layer = subject.layer
    if not isinstance(layer, ElevationLayer) or layer.surface not in ("ground", "surface"):
        return None
    # A corner of a large grid tells as much as all of it: classes are found everywhere.
    heights = layer.heights[:_BAND_ROWS, :_BAND_ROWS]
    values = np.unique(heights[np.isfinite(heights)])
    if len(values) < 3 or len(values) > MOST_CLASSES or (values != np.round(values)).any():
        return whole(0.0, "", "")
    steps = np.concatenate([np.abs(np.diff(heights, axis=axis)).ravel() for axis in (0, 1)])
    steps = steps[np.isfinite(steps) & (steps > 0)]
    leap = max(1.0, float(values[-1] - values[0]) / 3)
    jumps = float((steps > leap).mean()) if len(steps) else 0.0
    return whole(
        1.0 if jumps > CLASS_JUMPS else 0.0,
        f"It holds {len(values)} whole numbers only, and {jumps:.0%} of the steps between cells "
        "leap over a third of them: land-cover classes rather than heights",
        "Import it with another role, or leave it out.",
    )


def heights_possible(subject: Subject) -> Finding | None:
    """Cells whose height cannot be on Earth, or below the ground where it is above ground."""
    layer = subject.layer
    if not isinstance(layer, ElevationLayer):
        return None
    low, high = POSSIBLE_M.get(layer.surface, ABOVE_GROUND_M)
    with np.errstate(invalid="ignore"):
        wrong = (layer.heights < low) | (layer.heights > high)
    count = int(wrong.sum())
    return share(
        count,
        layer.count,
        f"{count:,} heights are outside {low:g} … {high:g} m",
        "Look for a no-data value that was taken for a height, or feet taken for metres.",
        where=_cells(layer, wrong),
    )


def blank_pixels(subject: Subject) -> Finding | None:
    """Pixels of pure black or white."""
    layer = subject.layer
    if not isinstance(layer, ImageryLayer):
        return None
    every = max(1, int(np.sqrt(layer.count / 4_000_000)))
    pixels = layer.pixels[::every, ::every]
    blank = (pixels == 0).all(axis=2) | (pixels == 255).all(axis=2)
    whole = layer.full_count
    each = whole / max(blank.size, 1)
    count = min(round(int(blank.sum()) * each), whole)
    return share(
        count,
        whole,
        f"About {count:,} of {whole:,} pixels are blank (pure black or white)",
        "Cut the picture to what it shows, or add the missing sheets.",
        note=f"One of {round(each)} pixels was looked at." if each > 1.5 else "",
    )


def _spike_bands(
    heights: NDArray[np.float32], limit: float
) -> Iterator[tuple[int, NDArray[np.bool_]]]:
    """Masks of inner cells, band by band, with the row each mask begins at."""
    rows = heights.shape[0]
    for first in range(1, rows - 1, _BAND_ROWS):
        last = min(first + _BAND_ROWS, rows - 1)
        band = heights[first - 1 : last + 1]
        middle = band[1:-1, 1:-1]
        around = (band[:-2, 1:-1], band[2:, 1:-1], band[1:-1, :-2], band[1:-1, 2:])
        low, high = around[0].copy(), around[0].copy()
        for side in around[1:]:
            np.fmin(low, side, out=low)
            np.fmax(high, side, out=high)
        with np.errstate(invalid="ignore"):
            yield first, (middle > high + limit) | (middle < low - limit)


def _cells(
    layer: ElevationLayer, mask: NDArray[np.bool_], *, first_row: int = 0, first_col: int = 0
) -> Places:
    """Middles of up to `MAX_PLACES` marked cells, evenly picked from all of them."""
    flat = np.flatnonzero(mask)
    flat = flat[:: max(1, -(-len(flat) // MAX_PLACES))]
    row, col = np.divmod(flat, mask.shape[1])
    x = layer.west + (col + first_col + 0.5) * layer.cell_x
    y = layer.north - (row + first_row + 0.5) * layer.cell_y
    return as_places(np.column_stack([x, y]))
