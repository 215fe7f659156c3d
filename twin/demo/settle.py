"""The ward, built up block by block: map, houses, trees, ground."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from layers.progress import SILENT, Progress
from twin.demo.civic import garden, market, offices, school, temple, theatre
from twin.demo.forms import collective, hotels, towers, villas
from twin.demo.houses import build_rows
from twin.demo.nature import Trees, fields, lake_side, park, plant, street_things
from twin.demo.plan import SIDE, Block, draw_map
from twin.demo.relief import Relief
from twin.demo.ward import Ward

MIDDLE = (880.0, 900.0)
"""Middle of a smaller ward: lake shore, old town and villas meet here."""


FORMS: dict[str, Callable[[Ward, Block, np.random.Generator], None]] = {
    "lang": build_rows, "pho_co": build_rows, "lien_ke": build_rows, "bai": build_rows,
    "tap_the": collective, "cao_tang": towers, "khach_san": hotels, "biet_thu": villas,
    "truong": school, "cho": market, "chua": temple, "nha_hat": theatre, "cong_so": offices,
    "vuon_hoa": garden, "cay": garden,
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """A finished ward. `window` is the part that is written, local metres."""

    ward: Ward
    trees: Trees
    relief: Relief
    window: tuple[float, float, float, float]
    seed: int

    def ground_of_buildings(self) -> NDArray[np.float64]:
        """Ground under each building's middle, metres."""
        return self._under([b.outline for b in self.ward.buildings])

    def ground_of_things(self) -> NDArray[np.float64]:
        """Ground, or water, under each loose thing, metres."""
        if not self.ward.places:
            return np.empty(0)
        x, y = np.array(self.ward.places).T
        return self.relief.at(x, y)

    def _under(self, areas: list[shapely.Polygon]) -> NDArray[np.float64]:
        middle = shapely.get_coordinates(shapely.centroid(np.array(areas, dtype=object)))
        return self.relief.at(middle[:, 0], middle[:, 1])


def settle(*, seed: int, size: float = SIDE, progress: Progress = SILENT) -> Settled:
    """Build the ward of `seed`; the same numbers give the same ward.

    `size` is the side of the square that is written, metres; a smaller one is cut from the whole.
    """
    plan = draw_map()
    ward = Ward(map=plan)
    half = size / 2
    x, y = (SIDE / 2, SIDE / 2) if size > SIDE * 0.8 else MIDDLE
    window = (x - half, y - half, x + half, y + half)
    wanted = shapely.box(*window).buffer(40)
    for number, block in enumerate(plan.blocks):
        progress.step(0.8 * number / len(plan.blocks), "Building houses")
        if not block.area.intersects(wanted):
            continue
        rng = np.random.default_rng([seed, 1, number])
        if block.use == "cong_vien":
            park(ward, block)
        elif block.use == "ruong":
            fields(ward, block, rng)
        else:
            FORMS[block.use](ward, block, rng)
    lake_side(ward)
    street_things(ward, np.random.default_rng([seed, 2]))
    progress.step(0.85, "Planting trees")
    trees = plant(ward, np.random.default_rng([seed, 3]))
    return Settled(
        ward=ward,
        trees=trees,
        relief=Relief(plan, seed=seed),
        window=window,
        seed=seed,
    )
