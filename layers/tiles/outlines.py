"""Outlines of many buildings as flat arrays, so that they lie on disk and any few are taken out."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from layers.builders.rings import ring_areas, spans

_MULTI = shapely.GeometryType.MULTIPOLYGON
_SINGLE = shapely.GeometryType.POLYGON


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Outlines:
    """Polygons and multipolygons, 2D, as GeoArrow lays them out.

    Attributes
    ----------
    xy : float64 (v, 2), corners of all rings, the first repeated at the end
    rings : int64 (r + 1,), first corner of each ring
    polygons : int64 (p + 1,), first ring of each polygon; its first ring is its outline
    parts : int64 (n + 1,), first polygon of each row
    multi : bool (n,), whether the row came as a multipolygon
    """

    xy: NDArray[np.float64]
    rings: NDArray[np.int64]
    polygons: NDArray[np.int64]
    parts: NDArray[np.int64]
    multi: NDArray[np.bool_]

    @classmethod
    def of(cls, geometries: NDArray[np.object_]) -> Outlines:
        """The outlines of polygons and multipolygons (n,); z is not kept."""
        multi = shapely.get_type_id(geometries) == 6
        if not len(geometries):
            zero = np.zeros(1, np.int64)
            return cls(xy=np.empty((0, 2)), rings=zero, polygons=zero, parts=zero, multi=multi)
        _, xy, offsets = shapely.to_ragged_array(geometries, include_z=False)
        rings, polygons = (np.asarray(part, np.int64) for part in offsets[:2])
        parts = np.arange(len(geometries) + 1) if len(offsets) == 2 else offsets[2]
        return cls(
            xy=xy, rings=rings, polygons=polygons, parts=np.asarray(parts, np.int64), multi=multi
        )

    def __len__(self) -> int:
        return len(self.parts) - 1

    def take(self, rows: NDArray[np.integer[Any]] | None = None) -> NDArray[np.object_]:
        """Shapely geometries of `rows`, of all of them by default; of the type they came in."""
        part = self if rows is None else self.some(rows)
        if not len(part):
            return np.empty(0, object)
        if not part.multi.any():
            offsets: tuple[NDArray[np.int64], ...] = (part.rings, part.polygons)
            return np.asarray(shapely.from_ragged_array(_SINGLE, part.xy, offsets), object)
        offsets = (part.rings, part.polygons, part.parts)
        made = np.array(shapely.from_ragged_array(_MULTI, part.xy, offsets), object)
        made[~part.multi] = shapely.get_geometry(made[~part.multi], 0)
        return made

    def some(self, rows: NDArray[np.integer[Any]]) -> Outlines:
        """Only `rows`, in this order."""
        polygons, parts = _gathered(self.parts, rows)
        rings, new_polygons = _gathered(self.polygons, polygons)
        corners, new_rings = _gathered(self.rings, rings)
        return Outlines(
            xy=self.xy[corners],
            rings=new_rings,
            polygons=new_polygons,
            parts=parts,
            multi=self.multi[rows],
        )

    def corners(self) -> NDArray[np.int64]:
        """Corners of each row (n,), the repeated ones left out."""
        total = self.rings[self.polygons[self.parts]]
        rings = self.polygons[self.parts]
        return np.asarray(np.diff(total) - np.diff(rings))

    def areas(self) -> NDArray[np.float64]:
        """Square metres of each row (n,), holes taken off."""
        if not len(self):
            return np.empty(0)
        open_ends = np.abs(ring_areas(self.xy, self.rings))
        hole = np.ones(len(open_ends), bool)
        hole[self.polygons[:-1][np.diff(self.polygons) > 0]] = False
        summed = np.concatenate([[0.0], np.cumsum(np.where(hole, -open_ends, open_ends))])
        return np.asarray(np.diff(summed[self.polygons[self.parts]]))

    def boxes(self) -> NDArray[np.float64]:
        """min x, min y, max x, max y of each row (n, 4)."""
        if not len(self):
            return np.empty((0, 4))
        starts = self.rings[self.polygons[self.parts[:-1]]]
        low = np.minimum.reduceat(self.xy, starts, axis=0)
        high = np.maximum.reduceat(self.xy, starts, axis=0)
        return np.concatenate([low, high], axis=1)

    def mark(self) -> str:
        """Tells one set of outlines from another."""
        digest = hashlib.blake2b(digest_size=16)
        for array in self.arrays().values():
            digest.update(np.ascontiguousarray(array).data)
        return digest.hexdigest()

    def arrays(self) -> dict[str, NDArray[Any]]:
        """For a file; `from_arrays` is the inverse."""
        return {
            "xy": self.xy,
            "rings": self.rings,
            "polygons": self.polygons,
            "parts": self.parts,
            "multi": self.multi.astype(np.uint8),
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Outlines:
        """From what `arrays` gave."""
        multi = arrays["multi"].view(np.bool_)
        names = ("xy", "rings", "polygons", "parts")
        return cls(multi=multi, **{name: arrays[name] for name in names})


def _gathered(
    starts: NDArray[np.int64], rows: NDArray[np.integer[Any]]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The items of `rows` one after the other, and their new starts."""
    first = starts[rows]
    length = starts[np.asarray(rows) + 1] - first
    return spans(first, length), np.concatenate([[0], np.cumsum(length)]).astype(np.int64)
