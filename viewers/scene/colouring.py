"""A style and a layer's columns into colours per row, and the legend that explains them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from layers.breaks import MOST, breaks, class_of
from layers.kinds.buildings import METHODS, BuildingsLayer
from twin.style import Style
from viewers.scene.legend import Legend, LegendEntry
from viewers.scene.ramps import UNKNOWN, Scale, category, palette, rgb

NEUTRAL = rgb("#ded5c5")
MOST_ENTRIES = 12
OTHERS = "other"
NO_VALUE = "no value"
METHOD_COLOURS = {
    "lidar": "#209a7f", "dsm": "#50baf2", "attribute": "#fbd68b", "floors": "#cc9b58",
    "default": "#b9b3a8", "model": "#4b4d7f", "edited": "#8f364d",
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
    "residential": "#fbd68b", "house": "#fbd68b", "apartments": "#cc9b58", "mixed": "#977340",
    "commercial": "#8f364d", "retail": "#8f364d", "office": "#50baf2", "public": "#209a7f",
    "school": "#b399b1", "education": "#b399b1", "hospital": "#cddef8", "industrial": "#756e87",
    "religious": "#7b7bc7",
}  # fmt: skip
"""Of the calm palette, so that they can be told apart by everyone."""

Coloured = tuple[NDArray[np.uint8], Legend | None]


def hex_of(colour: NDArray[np.uint8]) -> str:
    """uint8 (3,) as "#rrggbb"."""
    return "#{:02x}{:02x}{:02x}".format(*(int(v) for v in colour))


def plain(count: int, colour: NDArray[np.uint8], *, vary: float = 0.0) -> NDArray[np.uint8]:
    """One colour for all rows; `vary` lightens and darkens each a little, always the same way."""
    if not vary:
        return np.tile(colour, (count, 1))
    shades = 1.0 + vary * np.linspace(-1, 1, 256)[:, None]
    colours = np.clip(np.rint(colour * shades), 0, 255).astype(np.uint8)
    drawn = np.random.default_rng(7).integers(0, 256, count, np.uint8)
    return np.asarray(np.take(colours, drawn, axis=0))


def by_number(
    values: NDArray[Any], style: Style, *, layer: str, title: str, unit: str = ""
) -> Coloured:
    """Colours of a ramp between the style's ends, or the 2nd and 98th percentile of the data; or of
    the style's classes."""
    numbers = np.asarray(values, dtype=np.float64)
    known = numbers[np.isfinite(numbers)]
    if style.way is not None:
        scale = _classed(known, style)
        entries = _class_entries(numbers, known, scale)
        legend = Legend(layer=layer, title=title, unit=unit, entries=entries, scale=scale)
        return scale(numbers), legend
    low, high = _ends(known, style)
    scale = Scale(
        ramp=style.ramp, low=low, high=high, reverse=style.reverse, unknown=style.no_value
    )
    steps = np.linspace(low, high, 6)
    entries = tuple(
        LegendEntry(color=hex_of(colour), label=f"{step:.3g}", low=float(step), high=float(step))
        for step, colour in zip(steps, scale(steps), strict=True)
    )
    legend = Legend(
        layer=layer, title=title, unit=unit, entries=entries, ramp=style.ramp, scale=scale
    )
    return scale(numbers), legend


def _ends(known: NDArray[np.float64], style: Style) -> tuple[float, float]:
    data = np.percentile(known, (2, 98)).tolist() if len(known) else [0.0, 1.0]
    low = style.low if style.low is not None else data[0]
    high = style.high if style.high is not None else data[1]
    return (low, high) if high > low else (low, low + 1.0)


def _classed(known: NDArray[np.float64], style: Style) -> Scale:
    """The style's classes of these numbers; fixed ends leave what is beyond to the outer classes."""
    assert style.way is not None
    count = min(max(style.classes, 2), MOST)
    taken = known
    if style.way != "manual" and style.low is not None and style.high is not None:
        taken = np.append(known[(known >= style.low) & (known <= style.high)], _ends(known, style))
    inner = breaks(taken, style.way, count, manual=style.breaks)[: MOST - 1]
    low, high = (float(known.min()), float(known.max())) if len(known) else (0.0, 1.0)
    if high > low:
        # Limits that people can read and remember: to about a hundredth of the whole range.
        digits = 2 - math.floor(math.log10(high - low))
        if style.way == "manual":
            digits += 1
        else:
            inner = np.unique(np.round(inner, digits))
        low, high = math.floor(low * 10.0**digits) / 10.0**digits, _up(high, digits)
    return Scale(
        ramp=style.ramp,
        low=low,
        high=high,
        reverse=style.reverse,
        inner=tuple(inner.tolist()),
        unknown=style.no_value,
    )


def _up(value: float, digits: int) -> float:
    return math.ceil(value * 10.0**digits) / 10.0**digits


def _class_entries(
    numbers: NDArray[np.float64], known: NDArray[np.float64], scale: Scale
) -> tuple[LegendEntry, ...]:
    inner = scale.inner or ()
    group = class_of(numbers, np.array(inner))
    counts = np.bincount(group[group >= 0], minlength=len(inner) + 1)
    lows = [scale.low if not inner or scale.low < inner[0] else None, *inner]
    highs = [*inner, scale.high if not inner or scale.high >= inner[-1] else None]
    entries = [
        LegendEntry(
            color=hex_of(colour), label=_range(low, high), low=low, high=high, count=int(count)
        )
        for colour, low, high, count in zip(scale.steps(), lows, highs, counts, strict=True)
    ]
    missing = len(numbers) - len(known)
    if missing:
        grey = scale.unknown or hex_of(UNKNOWN)
        entries.append(LegendEntry(color=grey, label=NO_VALUE, count=missing))
    return tuple(entries)


def _range(low: float | None, high: float | None) -> str:
    if low is None:
        return f"< {high:.4g}"
    return f"≥ {low:.4g}" if high is None else f"{low:.4g} – {high:.4g}"


def distinct(
    values: NDArray[Any],
) -> tuple[NDArray[np.str_], NDArray[np.intp], NDArray[np.intp]]:
    """The texts that there are, in order, which of them each value (n,) is, and how often each is;
    "" for no value."""
    # Each different object is looked at once: a million rows have a handful of uses.
    objects = values.tolist()
    place = {value: number for number, value in enumerate(set(objects))}
    texts = np.array(["" if v is None or v != v else str(v) for v in place], dtype=str)
    names, of_place = np.unique(texts, return_inverse=True)
    inverse = of_place[np.fromiter(map(place.__getitem__, objects), np.intp, len(objects))]
    return names, inverse, np.bincount(inverse, minlength=len(names))


def by_category(
    values: NDArray[Any],
    style: Style,
    *,
    layer: str,
    title: str,
    known: Mapping[str, str] | None = None,
) -> Coloured:
    """A colour per distinct text, the style's own first; the rarest beyond twelve share grey."""
    names, inverse, counts = distinct(values)
    order = np.argsort(-counts, kind="stable")
    own = {name: colour for name, colour in style.colors if colour}
    grey = rgb(style.no_value) if style.no_value else UNKNOWN
    colour_of = np.tile(grey, (len(names), 1))
    entries: list[LegendEntry] = []
    used = rest = missing = 0
    most = min(MOST_ENTRIES, len(palette(style.palette)))
    for place in order:
        name, count = str(names[place]), int(counts[place])
        if not name:
            missing = count
            continue
        if name in own:
            colour_of[place] = rgb(own[name])
        elif known and name.lower() in known:
            colour_of[place] = rgb(known[name.lower()])
        elif used < most:
            colour_of[place], used = category(used, style.palette), used + 1
        else:
            rest += count
            continue
        if len(entries) < MOST_ENTRIES or name in own:
            entries.append(LegendEntry(color=hex_of(colour_of[place]), label=name, count=count))
        else:
            rest += count
    for label, count in ((OTHERS, rest), (NO_VALUE, missing)):
        if count:
            entries.append(LegendEntry(color=hex_of(grey), label=label, count=count))
    legend = Legend(layer=layer, title=title, unit="", entries=tuple(entries))
    return colour_of[inverse], legend


def by_column(values: NDArray[Any], style: Style, *, layer: str, title: str) -> Coloured:
    """A ramp for numbers, a colour per value for texts."""
    if values.dtype.kind in "iuf":
        return by_number(values, style, layer=layer, title=title)
    if values.dtype.kind == "b":
        values = np.where(values, "yes", "no").astype(object)
    return by_category(values, style, layer=layer, title=title)


def of_buildings(layer: BuildingsLayer, style: Style) -> Coloured:
    """Colours (n, 3) of buildings and their legend, None where all are plain."""
    by = style.color_by
    if by == "height":
        return by_number(layer.height, style, layer=layer.id, title="Height", unit="m")
    if by == "floors":
        floors = np.where(layer.floors > 0, layer.floors.astype(float), np.nan)
        return by_number(floors, style, layer=layer.id, title="Floors")
    if by == "use":
        return by_category(layer.use, style, layer=layer.id, title="Use", known=USE_COLOURS)
    if by == "method":
        names = np.array([METHOD_WORDS[name] for name in METHODS], dtype=object)[layer.method]
        known = {METHOD_WORDS[name].lower(): colour for name, colour in METHOD_COLOURS.items()}
        return by_category(
            names, style, layer=layer.id, title="How the height was found", known=known
        )
    if by == "rmse":
        return by_number(layer.rmse, style, layer=layer.id, title="Error of the roof", unit="m")
    if by in layer.columns:
        return by_column(layer.columns[by], style, layer=layer.id, title=by)
    if style.color:
        return plain(layer.count, rgb(style.color)), None
    return plain(layer.count, NEUTRAL, vary=0.045), None
