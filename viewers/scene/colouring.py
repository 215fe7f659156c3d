"""A style and a layer's columns into colours per row, and the legend that explains them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from layers.kinds.buildings import METHODS, BuildingsLayer
from twin.style import Style
from viewers.scene.legend import Legend, LegendEntry
from viewers.scene.ramps import UNKNOWN, category, of_numbers, rgb

NEUTRAL = rgb("#ded5c5")
MOST_ENTRIES = 12
METHOD_COLOURS = {
    "lidar": "#3f7f93", "dsm": "#79a9a6", "attribute": "#c9b26b", "floors": "#d99a5b",
    "default": "#b9b3a8", "model": "#5b6f9e", "edited": "#c2587a",
}  # fmt: skip
METHOD_WORDS = {
    "lidar": "Measured by LiDAR",
    "dsm": "Measured by surface model",
    "attribute": "Stated in an attribute",
    "floors": "Floors × storey height",
    "default": "Assumed, nothing known",
    "model": "From its own 3D model",
    "edited": "Set by hand",
}
USE_COLOURS = {
    "residential": "#e3c9a0", "apartments": "#d9a87c", "house": "#e3c9a0", "commercial": "#c98b8b",
    "retail": "#c98b8b", "office": "#8fa9c4", "public": "#7fb0a5", "school": "#b7a3c9",
    "education": "#b7a3c9", "hospital": "#d98f9d", "industrial": "#a5a08f", "religious": "#c7b55f",
    "mixed": "#cdb29a",
}  # fmt: skip

Coloured = tuple[NDArray[np.uint8], Legend | None]


def hex_of(colour: NDArray[np.uint8]) -> str:
    """uint8 (3,) as "#rrggbb"."""
    return "#{:02x}{:02x}{:02x}".format(*(int(v) for v in colour))


def plain(count: int, colour: NDArray[np.uint8], *, vary: float = 0.0) -> NDArray[np.uint8]:
    """One colour for all rows; `vary` lightens and darkens each a little, always the same way."""
    if not vary:
        return np.tile(colour, (count, 1))
    shade = 1.0 + vary * (np.random.default_rng(7).random((count, 1)) * 2 - 1)
    return np.clip(np.rint(colour * shade), 0, 255).astype(np.uint8)


def by_number(
    values: NDArray[Any], style: Style, *, layer: str, title: str, unit: str = ""
) -> Coloured:
    """Colours of a ramp between the style's ends, or the 2nd and 98th percentile of the data."""
    numbers = np.asarray(values, dtype=np.float64)
    known = numbers[np.isfinite(numbers)]
    low = (
        style.low
        if style.low is not None
        else float(np.percentile(known, 2))
        if len(known)
        else 0.0
    )
    high = (
        style.high
        if style.high is not None
        else float(np.percentile(known, 98))
        if len(known)
        else 1.0
    )
    if high <= low:
        high = low + 1.0
    steps = np.linspace(low, high, 6)
    colours = of_numbers(steps, style.ramp, low, high)
    entries = tuple(
        LegendEntry(color=hex_of(colour), label=f"{step:.3g}", low=float(step), high=float(step))
        for step, colour in zip(steps, colours, strict=True)
    )
    legend = Legend(layer=layer, title=title, unit=unit, entries=entries, ramp=style.ramp)
    return of_numbers(numbers, style.ramp, low, high), legend


def by_category(
    values: NDArray[Any], *, layer: str, title: str, known: Mapping[str, str] | None = None
) -> Coloured:
    """A colour per distinct text; the rarest beyond twelve share grey."""
    texts = np.array(["" if v is None or v != v else str(v) for v in values], dtype=object)
    names, inverse, counts = np.unique(texts.astype(str), return_inverse=True, return_counts=True)
    order = np.argsort(-counts, kind="stable")
    colour_of = np.tile(UNKNOWN, (len(names), 1))
    entries, used = [], 0
    for place in order:
        name = str(names[place])
        if not name:
            continue
        if known and name.lower() in known:
            colour_of[place] = rgb(known[name.lower()])
        elif used < MOST_ENTRIES:
            colour_of[place], used = category(used), used + 1
        else:
            continue
        if len(entries) < MOST_ENTRIES:
            entries.append(LegendEntry(color=hex_of(colour_of[place]), label=name))
    if len(entries) < len(names):
        entries.append(LegendEntry(color=hex_of(UNKNOWN), label="other or unknown"))
    legend = Legend(layer=layer, title=title, unit="", entries=tuple(entries))
    return colour_of[inverse], legend


def by_column(values: NDArray[Any], style: Style, *, layer: str, title: str) -> Coloured:
    """A ramp for numbers, a colour per value for texts."""
    if values.dtype.kind in "iufb":
        return by_number(values, style, layer=layer, title=title)
    return by_category(values, layer=layer, title=title)


def of_buildings(layer: BuildingsLayer, style: Style) -> Coloured:
    """Colours (n, 3) of buildings and their legend, None where all are plain."""
    by = style.color_by
    if by == "height":
        return by_number(layer.height, style, layer=layer.id, title="Height", unit="m")
    if by == "floors":
        floors = np.where(layer.floors > 0, layer.floors.astype(float), np.nan)
        return by_number(floors, style, layer=layer.id, title="Floors")
    if by == "use":
        return by_category(layer.use, layer=layer.id, title="Use", known=USE_COLOURS)
    if by == "method":
        names = np.array([METHOD_WORDS[name] for name in METHODS], dtype=object)[layer.method]
        known = {METHOD_WORDS[name].lower(): colour for name, colour in METHOD_COLOURS.items()}
        return by_category(names, layer=layer.id, title="How the height was found", known=known)
    if by == "rmse":
        return by_number(layer.rmse, style, layer=layer.id, title="Error of the roof", unit="m")
    if by in layer.columns:
        return by_column(layer.columns[by], style, layer=layer.id, title=by)
    if style.color:
        return plain(layer.count, rgb(style.color)), None
    return plain(layer.count, NEUTRAL, vary=0.045), None
