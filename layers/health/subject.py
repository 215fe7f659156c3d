"""A layer being examined: what several checks need is worked out once."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.errors import GEOSException

from layers.health.place import metres_per_unit, same_place
from layers.health.records import MAX_PLACES, Places
from layers.kinds.buildings import BuildingsLayer
from layers.kinds.features import FeatureLayer
from layers.kinds.layer import Bounds, Layer
from layers.progress import SILENT, Progress

MAX_PAIRS = 500_000
"""Overlapping pairs after which counting stops, so that a hostile file cannot fill the memory."""

Made = TypeVar("Made")

_CHUNK = 512
_NO_GEOMETRY: NDArray[np.object_] = np.empty(0, dtype=object)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pairs:
    """Outlines that share ground.

    Attributes
    ----------
    first, second : intp (p,), positions in `Subject.outlines`
    shared : float64 (p,), m² that both cover
    smaller, union : float64 (p,), m² of the smaller outline, and of both together
    complete : False where counting stopped at `MAX_PAIRS`
    """

    first: NDArray[np.intp]
    second: NDArray[np.intp]
    shared: NDArray[np.float64]
    smaller: NDArray[np.float64]
    union: NDArray[np.float64]
    complete: bool


class Subject:
    """One layer, the layers around it, and what is worked out of them on demand.

    Parameters
    ----------
    layer
        The layer to examine.
    context
        The other layers of the city; those in another CRS are compared with nothing.
    today
        The day ages are counted to.
    progress
        Of the check that runs.
    """

    def __init__(
        self,
        layer: Layer,
        context: Iterable[Layer] = (),
        *,
        today: date,
        progress: Progress = SILENT,
    ) -> None:
        self.layer = layer
        self.everything = tuple(other for other in context if other is not layer)
        self.today = today
        self.progress = progress
        self._made: dict[str, Any] = {}

    def once(self, name: str, make: Callable[[], Made]) -> Made:
        """What `make` gives, made the first time only: several checks use it."""
        if name not in self._made:
            self._made[name] = make()
        made: Made = self._made[name]
        return made

    @cached_property
    def context(self) -> tuple[Layer, ...]:
        """The other layers whose coordinates may be compared with this one's."""
        return tuple(o for o in self.everything if same_place(o.crs, self.layer.crs))

    # -- what kind of thing it is -----------------------------------------------------------

    @property
    def role(self) -> str:
        """Role of a feature layer, "buildings" for buildings, "" else."""
        if isinstance(self.layer, FeatureLayer):
            return self.layer.role
        return "buildings" if isinstance(self.layer, BuildingsLayer) else ""

    @property
    def is_built(self) -> bool:
        """Whether its outlines are those of buildings."""
        return self.role in ("buildings", "footprints")

    @property
    def columns(self) -> dict[str, NDArray[Any]]:
        """Attributes; none where the kind has none."""
        if isinstance(self.layer, FeatureLayer | BuildingsLayer):
            return dict(self.layer.columns)
        return {}

    @cached_property
    def bounds(self) -> Bounds | None:
        """Extent of the layer; None where it is empty or lies at no real place."""
        if not self.layer.count:
            return None
        bounds = self.layer.bounds
        return bounds if all(map(math.isfinite, bounds)) else None

    @cached_property
    def scale(self) -> tuple[float, float]:
        """Metres on the ground per unit of x and y."""
        return (1.0, 1.0) if self.bounds is None else metres_per_unit(self.layer.crs, self.bounds)

    # -- outlines and lines -----------------------------------------------------------------

    @cached_property
    def geometry(self) -> NDArray[np.object_]:
        """All geometries in the layer's CRS, 2D; none where the kind has none."""
        if isinstance(self.layer, FeatureLayer):
            return np.asarray(shapely.force_2d(self.layer.geometry), dtype=object)
        if isinstance(self.layer, BuildingsLayer):
            return np.asarray(shapely.force_2d(self.layer.footprints), dtype=object)
        return _NO_GEOMETRY

    @cached_property
    def outline_rows(self) -> NDArray[np.intp]:
        """Rows of the layer that are areas."""
        return np.flatnonzero(np.isin(shapely.get_type_id(self.geometry), (3, 6)))

    @cached_property
    def outlines(self) -> NDArray[np.object_]:
        """Areas in metres (equal to the layer's CRS where that is in metres)."""
        return self._in_metres(self.geometry[self.outline_rows])

    @cached_property
    def areas(self) -> NDArray[np.float64]:
        """m² of each outline."""
        return np.asarray(shapely.area(self.outlines), dtype=np.float64)

    @cached_property
    def valid(self) -> NDArray[np.bool_]:
        """Whether each outline is a valid area by OGC 06-103r4, 6.1.11."""
        return np.asarray(shapely.is_valid(self.outlines), dtype=bool)

    @cached_property
    def lines(self) -> NDArray[np.object_]:
        """Lines of a layer of roads, in metres; none for other layers."""
        if self.role != "roads":
            return _NO_GEOMETRY
        is_line = np.isin(shapely.get_type_id(self.geometry), (1, 5))
        return self._in_metres(self.geometry[is_line])

    @cached_property
    def pairs(self) -> Pairs:
        """Pairs of valid outlines whose interiors meet (DE-9IM "T********")."""
        return overlapping_pairs(self.outlines, self.valid, self.areas, self.progress)

    # -- places -----------------------------------------------------------------------------

    def at(self, rows: NDArray[np.intp]) -> Places:
        """Middles of these rows of the layer, at most `MAX_PLACES`."""
        some = self.geometry[rows[:MAX_PLACES]]
        return as_places(shapely.get_coordinates(shapely.centroid(some)))

    def places(self, metres: NDArray[np.object_]) -> Places:
        """Middles of geometries that are in metres, in the layer's CRS, at most `MAX_PLACES`."""
        return self.positions(shapely.get_coordinates(shapely.centroid(metres[:MAX_PLACES])))

    def positions(self, metres: NDArray[np.float64]) -> Places:
        """Points (n, 2) that are in metres, in the layer's CRS, at most `MAX_PLACES`."""
        return as_places(metres[:MAX_PLACES] / self.scale)

    def _in_metres(self, geometry: NDArray[np.object_]) -> NDArray[np.object_]:
        if self.scale == (1.0, 1.0) or not len(geometry):
            return geometry
        scale = np.asarray(self.scale)
        scaled = shapely.transform(geometry, lambda xy: xy * scale)
        return np.asarray(scaled, dtype=object)


def as_places(xy: NDArray[np.float64]) -> Places:
    """The finite ones of the first `MAX_PLACES` points as plain numbers."""
    kept = xy[:MAX_PLACES]
    kept = kept[np.isfinite(kept).all(axis=1)]
    return tuple((float(x), float(y)) for x, y in kept)


def common(first: NDArray[np.object_], second: NDArray[np.object_]) -> NDArray[np.object_]:
    """What both of each pair of areas cover."""
    try:
        cut = shapely.intersection(first, second)
    except GEOSException:
        # Exact noding can fail on coordinates that differ in the last digits: round to 1 µm.
        cut = shapely.intersection(first, second, grid_size=1e-6)
    return np.asarray(cut, dtype=object)


def overlapping_pairs(
    outlines: NDArray[np.object_],
    valid: NDArray[np.bool_],
    areas: NDArray[np.float64],
    progress: Progress = SILENT,
) -> Pairs:
    """Pairs of valid `outlines` whose interiors meet, each once, with the area they share."""
    rows = np.flatnonzero(valid & (areas > 0))
    geometry = outlines[rows]
    tree = shapely.STRtree(geometry)
    firsts: list[NDArray[np.intp]] = []
    seconds: list[NDArray[np.intp]] = []
    count = 0
    shapely.prepare(geometry)
    for start in range(0, len(geometry), _CHUNK):
        progress.step(start / len(geometry), "Looking for overlaps")
        first, second = tree.query(geometry[start : start + _CHUNK], predicate="intersects")
        first = first + start
        once = first < second
        first, second = first[once], second[once]
        # "intersects" is fast because the outlines are prepared; neighbours that only share a
        # wall are then sorted out by the full relation.
        meet = shapely.relate_pattern(geometry[first], geometry[second], "T********")
        firsts.append(first[meet])
        seconds.append(second[meet])
        count += int(meet.sum())
        if count > MAX_PAIRS:
            break
    first = np.concatenate(firsts) if firsts else np.empty(0, dtype=np.intp)
    second = np.concatenate(seconds) if seconds else np.empty(0, dtype=np.intp)
    shared = np.asarray(shapely.area(common(geometry[first], geometry[second])), dtype=np.float64)
    one, other = areas[rows[first]], areas[rows[second]]
    return Pairs(
        first=rows[first],
        second=rows[second],
        shared=shared,
        smaller=np.minimum(one, other),
        union=one + other - shared,
        complete=count <= MAX_PAIRS,
    )
