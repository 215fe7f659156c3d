"""What is cut away and how the ground is seen, as the project keeps it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from viewers.view_state import ClipBox, SectionPlane, ViewState

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
    }  # fmt: skip


def eye_from(kept: Mapping[str, Any]) -> dict[str, Any]:
    """Fields of `ViewState`; a city that says nothing of a cut is whole."""
    changes: dict[str, Any] = {
        "clip": _box(kept.get("clip")), "section": _plane(kept.get("section")),
        "cut_ground": True, "ground_opacity": 1.0,
    }  # fmt: skip
    for name in ("cut_ground", "sun_path"):
        if isinstance(kept.get(name), bool):
            changes[name] = kept[name]
    opacity = kept.get("ground_opacity")
    if isinstance(opacity, int | float) and 0.0 <= opacity <= 1.0:
        changes["ground_opacity"] = float(opacity)
    return changes


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
