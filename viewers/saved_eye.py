"""What is cut away, how the ground is seen, and what other pictures show, as the project keeps it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from twin.style import Style
from viewers.view_state import ClipBox, PaneView, SectionPlane, ViewState

MOST_PANES = 3
FARTHEST_M = 1e8
"""A number beyond this is no place and no size."""


def eye_to(view: ViewState) -> dict[str, Any]:
    """JSON; world coordinates, so it fits any frame."""
    box, plane = view.clip, view.section
    return {
        "clip": None if box is None else {
            "middle": list(box.middle), "size": list(box.size),
            "heading": box.heading, "flipped": box.flipped,
        },
        "section": None if plane is None else {
            "point": list(plane.point), "normal": list(plane.normal),
        },
        "cut_ground": view.cut_ground,
        "ground_opacity": view.ground_opacity,
        "sun_path": view.sun_path,
        "panes": [_pane_to(pane) for pane in view.panes],
        "linked": view.linked,
        "swipe": view.swipe,
    }  # fmt: skip


def _pane_to(pane: PaneView) -> dict[str, Any]:
    return {
        "hidden": sorted(pane.hidden),
        "styles": {layer: msgspec.to_builtins(style) for layer, style in pane.styles},
        "sun_time": None if pane.sun_time is None else pane.sun_time.isoformat(),
    }


def eye_from(kept: Mapping[str, Any]) -> dict[str, Any]:
    """Fields of `ViewState`; a city that says nothing of a cut is whole."""
    changes: dict[str, Any] = {
        "clip": _box(kept.get("clip")), "section": _plane(kept.get("section")),
        "cut_ground": True, "ground_opacity": 1.0, "linked": True, "swipe": None,
        "panes": _panes(kept.get("panes")),
    }  # fmt: skip
    for name in ("cut_ground", "sun_path", "linked"):
        if isinstance(kept.get(name), bool):
            changes[name] = kept[name]
    opacity = kept.get("ground_opacity")
    if isinstance(opacity, int | float) and 0.0 <= opacity <= 1.0:
        changes["ground_opacity"] = float(opacity)
    swipe = kept.get("swipe")
    if isinstance(swipe, int | float) and 0.0 <= swipe <= 1.0 and len(changes["panes"]) == 1:
        changes["swipe"] = float(swipe)
    return changes


def _panes(kept: object) -> tuple[PaneView, ...]:
    found = [_pane(one) for one in kept] if isinstance(kept, list) else []
    return tuple(one for one in found if one is not None)[:MOST_PANES]


def _pane(kept: object) -> PaneView | None:
    if not isinstance(kept, dict):
        return None
    hidden, styles, time = kept.get("hidden"), kept.get("styles"), kept.get("sun_time")
    try:
        when = None if time is None else datetime.fromisoformat(str(time))
        named = styles.items() if isinstance(styles, dict) else ()
        return PaneView(
            hidden=frozenset(map(str, hidden)) if isinstance(hidden, list) else frozenset(),
            styles=tuple((str(name), msgspec.convert(one, Style)) for name, one in named),
            sun_time=when if when is not None and when.tzinfo is not None else None,
        )
    except (ValueError, msgspec.ValidationError):
        return None


def _box(kept: object) -> ClipBox | None:
    if not isinstance(kept, dict):
        return None
    try:
        size = _triple(kept["size"])
        heading = float(kept.get("heading", 0.0))
        if min(size) <= 0 or not math.isfinite(heading):
            return None
        middle = _triple(kept["middle"])
        return ClipBox(
            middle=middle, size=size, heading=heading, flipped=bool(kept.get("flipped", False))
        )
    except (KeyError, TypeError, ValueError):
        return None


def _plane(kept: object) -> SectionPlane | None:
    if not isinstance(kept, dict):
        return None
    try:
        point, normal = _triple(kept["point"]), _triple(kept["normal"])
    except (KeyError, TypeError, ValueError):
        return None
    length = math.sqrt(sum(part * part for part in normal))
    if length < 1e-6:
        return None
    x, y, z = (part / length for part in normal)
    return SectionPlane(point=point, normal=(x, y, z))


def _triple(values: Any) -> tuple[float, float, float]:
    x, y, z = (float(value) for value in values)
    if not all(math.isfinite(part) and abs(part) < FARTHEST_M for part in (x, y, z)):
        raise ValueError("not a place")
    return (x, y, z)
