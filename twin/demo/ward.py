"""What the ward is made of while it is being built."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from shapely import Polygon

from twin.demo.lots import Alley
from twin.demo.plan import Map
from twin.demo.shapes import Colour, Shapes


@dataclass(slots=True, kw_only=True)
class Building:
    """One building as it truly stands; heights in metres above the ground at its middle.

    `main` is the height of the largest roof face (the middle of its slope), `top` that of the
    highest part. `plot` is a row of the ward's plots, −1 for none.
    """

    outline: Polygon
    kind: str
    floors: int
    main: float
    top: float
    year: int
    use: str
    plot: int = -1


@dataclass(slots=True, kw_only=True)
class Plot:
    """A cadastral parcel; `use` is a land-use code of the cadastre."""

    area: Polygon
    use: str


@dataclass(slots=True, kw_only=True)
class Paint:
    """A patch of ground the orthophoto shows in its own colour."""

    area: Polygon
    colour: Colour


@dataclass(slots=True, kw_only=True)
class Ward:
    """Everything that stands or lies in the ward, in local metres."""

    map: Map
    shapes: Shapes = field(default_factory=Shapes)
    buildings: list[Building] = field(default_factory=list)
    plots: list[Plot] = field(default_factory=list)
    alleys: list[Alley] = field(default_factory=list)
    paint: list[Paint] = field(default_factory=list)
    things: Shapes = field(default_factory=Shapes)
    places: list[tuple[float, float]] = field(default_factory=list)
    """What is no building (cars, stalls, boats), and where each stands: `things` are owned by rows
    of `places`."""
    groves: list[tuple[Polygon, float]] = field(default_factory=list)
    """Where trees stand scattered, and how many per hectare."""

    def add(self, building: Building) -> int:
        """Take the building in; the row it got, which its shapes name as their owner."""
        self.buildings.append(building)
        return len(self.buildings) - 1

    def add_thing(self, middle: NDArray[np.float64]) -> int:
        """Take a loose thing in; the row its shapes name as their owner."""
        self.places.append((float(middle[0]), float(middle[1])))
        return len(self.places) - 1

    def add_plot(self, area: Polygon, use: str) -> int:
        """Take the parcel in; its row."""
        self.plots.append(Plot(area=area, use=use))
        return len(self.plots) - 1


def ring_of(area: Polygon) -> NDArray[np.float64]:
    """The outer ring without its closing point, shape (n, 2)."""
    ring: NDArray[np.float64] = np.asarray(area.exterior.coords, dtype=np.float64)[:-1, :2]
    return ring
