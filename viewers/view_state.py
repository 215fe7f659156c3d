"""How the city is looked at: frozen, no Qt, not part of the plan."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from types import MappingProxyType
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from twin.style import Style

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


NO_ROWS = np.empty(0, np.int64)
NO_ROWS.flags.writeable = False


class Rows:
    """Some rows of some layers: frozen, each row once, in order.

    Parameters
    ----------
    of : layer id → row numbers of that layer
    """

    __slots__ = ("_of",)

    def __init__(self, of: Mapping[str, ArrayLike] | None = None) -> None:
        kept: dict[str, NDArray[np.int64]] = {}
        for layer, rows in (of or {}).items():
            array = np.array(rows, np.int64)
            array = array[array >= 0]  # a point that is streamed has no row of its own
            if len(array) and not (array[1:] > array[:-1]).all():
                array = np.unique(array)
            if len(array):
                array.flags.writeable = False
                kept[layer] = array
        self._of = MappingProxyType(kept)

    def __getitem__(self, layer: str) -> NDArray[np.int64]:
        """Rows of one layer; the same array each time, empty where there are none."""
        return self._of.get(layer, NO_ROWS)

    def __iter__(self) -> Iterator[str]:
        return iter(self._of)

    def __bool__(self) -> bool:
        return bool(self._of)

    @property
    def count(self) -> int:
        """How many rows there are in all layers."""
        return sum(len(rows) for rows in self._of.values())

    def holds(self, layer: str, row: int) -> bool:
        """Whether this row is among them."""
        rows = self[layer]
        place = int(np.searchsorted(rows, row))
        return place < len(rows) and int(rows[place]) == row

    def __or__(self, other: Rows) -> Rows:
        return self._with(other, "or")

    def __sub__(self, other: Rows) -> Rows:
        return self._with(other, "minus")

    def __xor__(self, other: Rows) -> Rows:
        return self._with(other, "xor")

    def _with(self, other: Rows, how: Literal["or", "minus", "xor"]) -> Rows:
        made = Rows()
        joined = dict(self._of)
        for layer in other:
            rows = _joined(self[layer], other[layer], how)
            rows.flags.writeable = False
            joined[layer] = rows
        made._of = MappingProxyType({k: v for k, v in joined.items() if len(v)})
        return made

    def only(self, layers: Mapping[str, object] | frozenset[str]) -> Rows:
        """The rows of those layers alone; the very same where all are."""
        if all(layer in layers for layer in self):
            return self
        return Rows({k: v for k, v in self._of.items() if k in layers})

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if not isinstance(other, Rows) or self._of.keys() != other._of.keys():
            return False
        return all(v is other[k] or np.array_equal(v, other[k]) for k, v in self._of.items())

    def __hash__(self) -> int:
        return hash(tuple((k, len(v)) for k, v in self._of.items()))


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipBox:
    """Only what is inside is seen, or what is outside where `flipped`; world coordinates, metres.

    `size` is along the box's own axes (across, along, up); `heading` says where "along" points,
    degrees clockwise from the grid's north.
    """

    middle: tuple[float, float, float]
    size: tuple[float, float, float]
    heading: float = 0.0
    flipped: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SectionPlane:
    """What lies on the side that the unit vector `normal` points to is cut away; world metres."""

    point: tuple[float, float, float]
    normal: tuple[float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class PaneView:
    """What another picture beside the first one shows otherwise.

    Attributes
    ----------
    hidden : ids of layers it does not show
    styles : (layer id, style) of layers it shows in a style of its own
    sun_time : its hour, None for that of the first picture
    """

    hidden: frozenset[str] = frozenset()
    styles: tuple[tuple[str, Style], ...] = ()
    sun_time: datetime | None = None

    def style(self, layer_id: str, usual: Style) -> Style:
        """The style a layer has here."""
        return dict(self.styles).get(layer_id, usual)


def _joined(
    one: NDArray[np.int64], other: NDArray[np.int64], how: Literal["or", "minus", "xor"]
) -> NDArray[np.int64]:
    """Two sets of rows as one; through a table, which is many times faster than sorting."""
    most = max(int(part[-1]) + 1 if len(part) else 0 for part in (one, other))
    table = np.zeros(most, bool)
    table[one] = True
    table[other] = {"or": True, "minus": False, "xor": ~table[other]}[how]
    return np.flatnonzero(table)


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewState:
    """Everything the scene shows beside the city itself.

    Attributes
    ----------
    hidden : ids of layers not drawn
    hidden_rows : things not drawn of layers that are
    only_rows : of layers that are in it, these are drawn and no others
    selected : what is selected, or None
    chosen : many things selected together; `selected` is the last of them that was clicked
    sun_time : local time with offset; sun and shadows follow it
    shadows, occlusion, edges : whether they are drawn when the picture is still
    theme : "light" or "dark"
    clip, section : what is cut away, for the eye, for shadows and for the cursor
    cut_ground : whether the ground is cut as well
    ground_opacity : 1 for a ground like any other, 0 for one that hides nothing below it
    panes : what other pictures beside the first one show otherwise, at most three
    linked : whether all pictures are seen from the same eye
    swipe : where a divider parts the window between the first picture and the second, 0 … 1; None
        for pictures side by side
    sun_path : whether the sun's ways through the year are drawn around the middle of the view
    """

    hidden: frozenset[str] = frozenset()
    hidden_rows: Rows = field(default_factory=Rows)
    only_rows: Rows = field(default_factory=Rows)
    selected: Picked | None = None
    chosen: Rows = field(default_factory=Rows)
    sun_time: datetime = datetime(2026, 6, 21, 9, 30, tzinfo=HANOI_TIME)
    shadows: bool = True
    occlusion: bool = True
    edges: bool = True
    theme: Literal["light", "dark"] = "light"
    clip: ClipBox | None = None
    section: SectionPlane | None = None
    cut_ground: bool = True
    ground_opacity: float = 1.0
    sun_path: bool = False
    panes: tuple[PaneView, ...] = ()
    linked: bool = True
    swipe: float | None = None
