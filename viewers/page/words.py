"""Names over the city of a page, and what the page says of itself."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np

from twin.city import City
from viewers.scene.label_places import labels_of
from viewers.scene.plain import ground_of

MOST_LABELS = 600
"""Of one layer, the most important ones."""


def label_tables(city: City, hidden: frozenset[str], known: dict[str, Any]) -> list[str]:
    """Keys in `known` of the labels that a city's styles ask for, the topmost layer first.

    A table has the `layer`, `texts`, `where` (n × 3, metres from the origin, x east, y north, z up),
    `extent` in metres and `size` in pixels; those that are not known yet are added.
    """
    ground, keys = ground_of(city), []
    for layer_id, layer in reversed(list(city.layers.items())):
        style = city.style(layer_id)
        if not style.label_by or layer_id in hidden:
            continue
        told = [layer_id, style.label_by, style.label_rank, style.label_size]
        key = msgspec.json.encode(told).decode()
        if key not in known:
            made = labels_of(layer, style, origin=city.frame.origin, ground=ground)
            if made is None:
                continue
            known[key] = {
                "layer": layer_id,
                "texts": made.texts[:MOST_LABELS],
                "where": np.round(made.where[:MOST_LABELS], 1).tolist(),
                "extent": np.round(made.extent[:MOST_LABELS], 1).tolist(),
                "size": made.size,
            }
        keys.append(key)
    return keys


def notes(kept: float, points: int, of_points: int) -> dict[str, str]:
    """What of the city the page leaves out, in both languages; "" where nothing is."""
    en, vi = [], []
    if kept < 0.999:
        share = max(round(100 * kept), 1)
        en.append(f"{share} % of buildings and trees, the largest")
        vi.append(f"{share} % nhà và cây, lấy những nhà và cây lớn nhất")
    if points < of_points:
        en.append(f"{points:,} of {of_points:,} points".replace(",", "\u202f"))
        vi.append(f"{points:,} trong {of_points:,} điểm".replace(",", "."))
    if not en:
        return {"en": "", "vi": ""}
    return {"en": "Shown: " + "; ".join(en), "vi": "Hiển thị " + "; ".join(vi)}
