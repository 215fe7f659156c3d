"""The legend a layer would have with another style, without drawing it."""

from __future__ import annotations

import numpy as np

from layers.kinds.buildings import BuildingsLayer
from layers.kinds.elevation import ElevationLayer
from layers.kinds.features import FeatureLayer
from layers.kinds.layer import Layer
from layers.kinds.pointcloud import PointCloudLayer
from twin.style import Style
from viewers.i18n import number, say
from viewers.scene.colouring import by_column, by_number, hex_of, of_buildings
from viewers.scene.legend import Legend, LegendEntry
from viewers.scene.point_colours import CLASSES
from viewers.scene.ramps import UNKNOWN, of_numbers

SAMPLE = 100_000
"""So many values tell the ends of a ramp well enough."""


def said_entry(entry: LegendEntry) -> str:
    """What an entry says, in the language now: a text, a number, or the range of a class."""
    low, high = entry.low, entry.high
    if low is None and high is None:
        return say(entry.label)
    if low is None:
        return f"< {short(high)}"
    if high is None:
        return f"≥ {short(low)}"
    return short(low) if low == high else f"{short(low)} – {short(high)}"


def short(value: float | None) -> str:
    """Four digits at most where they suffice, as the language writes numbers."""
    if value is None:
        return ""
    if value and not 1e-3 <= abs(value) < 1e7:
        return f"{value:.3g}"
    written = f"{value:.4g}" if abs(value) < 1e4 else f"{value:.0f}"
    return number(value, len(written.partition(".")[2]) if "e" not in written else 0)


def legend_of(layer: Layer, style: Style) -> Legend | None:
    """The legend of `layer` with `style`; None where all is of one colour or of its own."""
    if isinstance(layer, BuildingsLayer):
        return of_buildings(layer, style)[1]
    if isinstance(layer, FeatureLayer) and style.color_by in layer.columns:
        values = layer.columns[style.color_by]
        return by_column(values, style, layer=layer.id, title=style.color_by)[1]
    if isinstance(layer, PointCloudLayer):
        return _of_points(layer, style)
    if isinstance(layer, ElevationLayer) and style.color_by == "height":
        heights = layer.heights.ravel()[:: max(1, layer.heights.size // SAMPLE)]
        return by_number(heights, style, layer=layer.id, title="Height", unit="m")[1]
    return None


def _of_points(layer: PointCloudLayer, style: Style) -> Legend | None:
    step = max(1, layer.count // SAMPLE)
    if style.color_by == "height":
        heights = layer.xyz[::step, 2].astype(float) + layer.offset[2]
        return by_number(heights, style, layer=layer.id, title="Height", unit="m")[1]
    if style.color_by == "class" and layer.classification is not None:
        present = np.flatnonzero(np.bincount(layer.classification, minlength=256))
        entries = [
            LegendEntry(color=colour, label=name)
            for name, colour in (
                CLASSES.get(int(code), (f"class {code}", hex_of(UNKNOWN))) for code in present
            )
        ]
        return Legend(layer=layer.id, title="Class", unit="", entries=tuple(entries))
    if style.color_by == "intensity" and layer.intensity is not None:
        low, high = (float(v) for v in np.percentile(layer.intensity[::step], (2, 98)))
        # As the points are drawn: strong echoes are light.
        steps = np.linspace(low, high, 6)
        colours = of_numbers(-steps, "grey", -high, -low + 1e-6)
        shades = tuple(
            LegendEntry(color=hex_of(colour), label=f"{value:.3g}", low=float(value))
            for value, colour in zip(steps, colours, strict=True)
        )
        return Legend(layer=layer.id, title="Intensity", unit="", entries=shades, ramp="grey")
    return None
