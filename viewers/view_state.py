"""How the city is looked at: frozen, no Qt, not part of the plan."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Literal

HANOI_TIME = timezone(timedelta(hours=7))


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraPose:
    """Where the eye is and what it looks at; world coordinates of the project, metres.

    `parallel_scale` is half the height of the picture in metres for an orthographic view, else 0.
    """

    eye: tuple[float, float, float]
    target: tuple[float, float, float]
    up: tuple[float, float, float] = (0.0, 0.0, 1.0)
    view_angle: float = 35.0
    parallel_scale: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Picked:
    """One thing under the cursor or selected.

    `row` is the row in the layer (building, feature, point); `part` refines it (storey).
    """

    layer: str
    row: int
    kind: str
    where: tuple[float, float, float]
    part: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bookmark:
    """A named camera."""

    name: str
    camera: CameraPose


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewState:
    """Everything the scene shows beside the city itself.

    Attributes
    ----------
    hidden : ids of layers not drawn
    selected : what is selected, or None
    sun_time : local time with offset; sun and shadows follow it
    shadows, occlusion, edges : whether they are drawn when the picture is still
    theme : "light" or "dark"
    """

    hidden: frozenset[str] = frozenset()
    selected: Picked | None = None
    sun_time: datetime = datetime(2026, 6, 21, 9, 30, tzinfo=HANOI_TIME)
    shadows: bool = True
    occlusion: bool = True
    edges: bool = True
    theme: Literal["light", "dark"] = "light"
