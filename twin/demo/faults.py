"""The awkward side of the ward's data: faults put in on purpose, each one counted.

They are what an import of real municipal data finds: outlines delivered twice, missing storeys, outlines
off by a metre, rings that cross themselves.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import Polygon

from twin.demo.ward import Building, ring_of

SHIFT = 1.0
"""How far a shifted outline lies off, metres."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Faults:
    """Which buildings (rows) carry which fault; `duplicates` are written a second time."""

    duplicates: NDArray[np.int64]
    shifted: NDArray[np.int64]
    invalid: NDArray[np.int64]
    no_floors: NDArray[np.int64]
    shifts: NDArray[np.float64]

    def counts(self) -> dict[str, int]:
        """How many of each kind."""
        return {
            "duplicates": len(self.duplicates),
            "shifted": len(self.shifted),
            "invalid": len(self.invalid),
            "missing_floors": len(self.no_floors),
        }


def choose_faults(buildings: list[Building], *, seed: int) -> Faults:
    """Draw disjoint sets of ordinary houses; at least one of each where there are ten houses."""
    rng = np.random.default_rng([seed, 51])
    rows = np.array(
        [
            i
            for i, b in enumerate(buildings)
            if b.kind == "nha_ong" and len(ring_of(b.outline)) == 4
        ],
        dtype=np.int64,
    )
    rng.shuffle(rows)
    share = np.array([0.0016, 0.0024, 0.001, 0.03])
    sizes = np.minimum(np.ceil(share * len(rows)).astype(int), len(rows) // 5)
    ends = np.cumsum(sizes)
    parts = [np.sort(part) for part in np.split(rows[: ends[-1]], ends[:-1])]
    turn = rng.uniform(0, 2 * np.pi, sizes[1])
    return Faults(
        duplicates=parts[0],
        shifted=parts[1],
        invalid=parts[2],
        no_floors=parts[3],
        shifts=SHIFT * np.column_stack([np.cos(turn), np.sin(turn)]),
    )


def faulty_outlines(buildings: list[Building], faults: Faults) -> NDArray[np.object_]:
    """The outlines as they are delivered, local metres; duplicates stand at the end."""
    areas = np.array([b.outline for b in buildings], dtype=object)
    for row, shift in zip(faults.shifted, faults.shifts, strict=True):
        areas[row] = shapely.transform(areas[row], lambda points, by=shift: points + by)
    for row in faults.invalid:
        ring = ring_of(areas[row])
        areas[row] = Polygon(ring[[0, 2, 1, 3]])
    return np.concatenate([areas, areas[faults.duplicates]])
