"""How the city is looked at, as the project keeps it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

import numpy as np

from viewers.saved_eye import eye_from, eye_to
from viewers.view_state import Bookmark, CameraPose, Rows, ViewState

MOST_ROWS = 50_000


def view_to(
    view: ViewState, bookmarks: tuple[Bookmark, ...], camera: CameraPose | None
) -> dict[str, Any]:
    """JSON of how the city is looked at; world coordinates, so it fits any frame."""
    return {
        "hidden": sorted(view.hidden),
        "hidden_rows": _rows_to(view.hidden_rows),
        "sun_time": view.sun_time.isoformat(),
        "camera": _pose_to(camera) if camera is not None else None,
        **eye_to(view),
        "bookmarks": [{"name": b.name, "camera": _pose_to(b.camera)} for b in bookmarks],
    }


def view_from(kept: Mapping[str, Any], fresh: ViewState) -> tuple[ViewState, tuple[Bookmark, ...]]:
    """View and bookmarks of a project; what cannot be understood is left as in `fresh`."""
    changes: dict[str, Any] = eye_from(kept)
    hidden = kept.get("hidden")
    if isinstance(hidden, list):
        changes["hidden"] = frozenset(str(name) for name in hidden)
    changes["hidden_rows"] = _rows_from(kept.get("hidden_rows"))
    try:
        changes["sun_time"] = datetime.fromisoformat(str(kept.get("sun_time")))
    except ValueError:
        changes["sun_time"] = fresh.sun_time
    if changes["sun_time"].tzinfo is None:
        changes["sun_time"] = fresh.sun_time
    found = []
    entries = kept.get("bookmarks")
    for entry in entries if isinstance(entries, list) else []:
        pose = pose_from(entry.get("camera")) if isinstance(entry, dict) else None
        if pose is not None:
            found.append(Bookmark(name=str(entry.get("name", "")), camera=pose))
    return replace(fresh, **changes), tuple(found)


def _rows_to(rows: Rows) -> dict[str, list[int]]:
    """Not kept where there are too many: they are soon hidden again, a project is not."""
    return {k: rows[k].tolist() for k in rows} if rows.count <= MOST_ROWS else {}


def _rows_from(kept: object) -> Rows:
    if not isinstance(kept, dict):
        return Rows()
    try:
        return Rows({str(k): np.array(v, np.int64).reshape(-1) for k, v in kept.items()})
    except (TypeError, ValueError, OverflowError):
        return Rows()


def _pose_to(pose: CameraPose) -> dict[str, Any]:
    return {
        "eye": list(pose.eye),
        "target": list(pose.target),
        "up": list(pose.up),
        "view_angle": pose.view_angle,
        "parallel_scale": pose.parallel_scale,
    }


def pose_from(kept: object) -> CameraPose | None:
    """A camera as the project keeps it; None where it is none."""
    if not isinstance(kept, dict):
        return None
    try:
        return CameraPose(
            eye=_triple(kept["eye"]),
            target=_triple(kept["target"]),
            up=_triple(kept.get("up", (0.0, 0.0, 1.0))),
            view_angle=float(kept.get("view_angle", 35.0)),
            parallel_scale=float(kept.get("parallel_scale", 0.0)),
        )
    except (KeyError, TypeError, ValueError):
        return None


def _triple(values: Any) -> tuple[float, float, float]:
    x, y, z = (float(value) for value in values)
    return (x, y, z)
