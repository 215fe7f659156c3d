"""The ways of the sun over a place: its day, the days it turns, the hours through the year."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray
from vtkmodules.util.numpy_support import numpy_to_vtk
from vtkmodules.vtkCommonDataModel import vtkCellArray, vtkPolyData
from vtkmodules.vtkRenderingCore import vtkActor, vtkPolyDataMapper

from viewers.scene.chunked_mesh import points_of
from viewers.scene.sun import sun_vectors

Vector = NDArray[np.float64]
TURNS = ((3, 20), (6, 21), (12, 21))
"""Month and day of equinox and solstices, within a day of the true ones this century."""
DAY_MINUTES, YEAR_DAYS = 10, 5
LOOKS = {
    "day": ((0.96, 0.55, 0.10), 3.5, 1.0), "turns": ((0.93, 0.70, 0.30), 1.8, 0.95),
    "hours": ((0.80, 0.66, 0.42), 1.0, 0.75), "ring": ((0.45, 0.47, 0.48), 1.4, 0.9),
}  # fmt: skip
"""Colour, width in pixels and opacity."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SunWays:
    """Polylines on the unit sphere, only what is above the horizon; scene axes.

    Attributes
    ----------
    day : of the day asked for
    turns : of 20 March, 21 June and 21 December
    hours : where the sun stands at each whole hour through the year
    marks : hour → direction on the day asked for, where the sun is up
    now : direction at the time asked for; below the horizon its z is negative
    """

    day: tuple[Vector, ...]
    turns: tuple[Vector, ...]
    hours: tuple[Vector, ...]
    marks: dict[int, Vector]
    now: Vector


def sun_ways(crs: str, x: float, y: float, when: datetime) -> SunWays:
    """The ways of the sun over world (x, y) around the local time `when`, which says its offset."""
    midnight = when.replace(hour=0, minute=0, second=0, microsecond=0)
    steps = [timedelta(minutes=m) for m in range(0, 24 * 60 + 1, DAY_MINUTES)]

    def day_of(start: datetime) -> tuple[Vector, ...]:
        return above(sun_vectors(crs, x, y, [start + step for step in steps]))

    first = midnight.replace(month=1, day=1)
    dates = [first + timedelta(days=d) for d in range(0, 366, YEAR_DAYS)]
    through = [date + timedelta(hours=h) for h in range(24) for date in dates]
    table = sun_vectors(crs, x, y, through).reshape(24, len(dates), 3)
    marks = sun_vectors(crs, x, y, [midnight + timedelta(hours=h) for h in range(24)])
    return SunWays(
        day=day_of(midnight),
        turns=tuple(part for m, d in TURNS for part in day_of(midnight.replace(month=m, day=d))),
        hours=tuple(part for hour in table for part in above(np.vstack([hour, hour[:1]]))),
        marks={h: marks[h] for h in range(24) if marks[h, 2] > 0},
        now=sun_vectors(crs, x, y, [when])[0],
    )


def above(line: Vector) -> tuple[Vector, ...]:
    """The parts of a polyline (n, 3) above the horizon, cut where it crosses it."""
    up = line[:, 2] >= 0
    parts: list[list[Vector]] = [[]]
    for i in range(len(line)):
        if i and up[i] != up[i - 1]:
            share = line[i - 1, 2] / (line[i - 1, 2] - line[i, 2])
            crossing = line[i - 1] * (1 - share) + line[i] * share
            if up[i]:
                parts.append([crossing])
            else:
                parts[-1].append(crossing)
        if up[i]:
            parts[-1].append(line[i])
    return tuple(np.array(part) for part in parts if len(part) > 1)


def _ring() -> tuple[Vector, ...]:
    turn = np.linspace(0, 2 * np.pi, 97)
    circle = np.column_stack([np.sin(turn), np.cos(turn), np.zeros(97)])
    ticks = [
        np.array([[np.sin(a), np.cos(a), 0.0], [np.sin(a), np.cos(a), 0.0]]) * [[1.0], [length]]
        for a, length in zip(
            np.radians(np.arange(0, 360, 15)), [1.06 if k % 6 == 0 else 1.03 for k in range(24)],
            strict=True,
        )
    ]  # fmt: skip
    return (circle, *ticks)


class SunPath:
    """Draws `SunWays` as a dome of lines around a place."""

    def __init__(self, renderer: Any) -> None:
        self._renderer = renderer
        self._actors = {name: _actor(look) for name, look in LOOKS.items()}
        for actor in self._actors.values():
            renderer.AddActor(actor)
        _fill(self._actors["ring"], _ring())

    def show(self, ways: SunWays) -> None:
        """Draw these."""
        for name in ("day", "turns", "hours"):
            _fill(self._actors[name], getattr(ways, name))

    def place(self, middle: Vector, radius: float) -> None:
        """Stand around `middle`, scene metres."""
        for actor in self._actors.values():
            actor.SetPosition(*middle)
            actor.SetScale(radius)

    def set_visible(self, visible: bool) -> None:
        """Hide or show."""
        for actor in self._actors.values():
            actor.SetVisibility(visible)

    def remove(self) -> None:
        """Take it off the stage."""
        for actor in self._actors.values():
            self._renderer.RemoveActor(actor)


def _actor(look: tuple[tuple[float, float, float], float, float]) -> vtkActor:
    colour, width, opacity = look
    actor = vtkActor()
    mapper = vtkPolyDataMapper()
    mapper.ScalarVisibilityOff()
    actor.SetMapper(mapper)
    actor.UseBoundsOff()
    actor.PickableOff()
    seen = actor.GetProperty()
    seen.LightingOff()
    seen.SetColor(*colour)
    seen.SetLineWidth(width)
    seen.SetOpacity(opacity)
    return actor


def _fill(actor: vtkActor, lines: tuple[Vector, ...]) -> None:
    data = vtkPolyData()
    if lines:
        data.SetPoints(points_of(np.concatenate(lines).astype(np.float32)))
        ends = np.cumsum([0, *(len(line) for line in lines)]).astype(np.int64)
        cells = vtkCellArray()
        corners = np.arange(ends[-1], dtype=np.int64)
        cells.SetData(numpy_to_vtk(ends, deep=True), numpy_to_vtk(corners, deep=True))
        data.SetLines(cells)
    mapper: Any = actor.GetMapper()
    mapper.SetInputData(data)
