"""The ladder of heights: its options, and what is known while climbing down."""

from __future__ import annotations

from dataclasses import dataclass, field

import msgspec
import numpy as np
from numpy.typing import NDArray

from layers.builders.roofs import ROOF_PERCENTILE, Tops
from layers.kinds.buildings import METHODS
from layers.notices import Notice

LIDAR, DSM, ATTRIBUTE, FLOORS, DEFAULT = range(5)
assert METHODS[:5] == ("lidar", "dsm", "attribute", "floors", "default")


class LadderOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How heights are found.

    Attributes
    ----------
    floor_height_m : metres per floor
    default_height_m : where nothing is known; three floors of 3.3 m
    id_column, height_column, floors_column, use_column : "" to find them by their names
    roof_percentile : which of the sorted roof points is the top of the block, 0…100
    least_points : fewer LiDAR points than this are no measure
    lowest_m : what stands lower than this is no building
    """

    floor_height_m: float = 3.3
    default_height_m: float = 9.9
    id_column: str = ""
    height_column: str = ""
    floors_column: str = ""
    use_column: str = ""
    roof_percentile: float = ROOF_PERCENTILE
    least_points: int = 10
    lowest_m: float = 1.5


@dataclass(slots=True)
class Survey:
    """What is known so far while climbing down the ladder; the rungs write into it."""

    outlines: NDArray[np.object_]
    ground: NDArray[np.float64]
    height: NDArray[np.float64]
    method: NDArray[np.uint8]
    points: NDArray[np.int32]
    rmse: NDArray[np.float32]
    notices: list[Notice] = field(default_factory=list)

    @classmethod
    def of(
        cls, outlines: NDArray[np.object_], ground: NDArray[np.float64], notices: list[Notice]
    ) -> Survey:
        count = len(outlines)
        return cls(
            outlines=outlines,
            ground=ground,
            height=np.full(count, np.nan),
            method=np.full(count, DEFAULT, dtype=np.uint8),
            points=np.zeros(count, dtype=np.int32),
            rmse=np.full(count, np.nan, dtype=np.float32),
            notices=notices,
        )

    @property
    def open(self) -> NDArray[np.int64]:
        """Rows without a height yet."""
        return np.flatnonzero(np.isnan(self.height))

    def take(
        self,
        method: int,
        height: NDArray[np.float64],
        rows: NDArray[np.int64] | None = None,
        found: Tops | None = None,
    ) -> None:
        """Write finite `height` of `rows` (all by default) where there is none yet."""
        rows = np.arange(len(self.height)) if rows is None else rows
        new = np.isfinite(height) & np.isnan(self.height[rows])
        here = rows[new]
        self.height[here], self.method[here] = height[new], method
        if found is not None:
            self.points[here], self.rmse[here] = found.points[new], found.rmse[new]
