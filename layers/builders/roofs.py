"""Flat tops of buildings from the points or cells that lie on them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from layers.builders.inside import points_inside

ROOF_PERCENTILE = 70.0
"""The top of a block: 70 % of its roof points lie below. So 3D BAG sets the height of its LoD 1.2
blocks ("b3_h_dak_70p"; Peters et al. 2022, Automated 3D reconstruction of LoD2 and LoD1 models for
all 10 million buildings of the Netherlands, PE&RS 88(3)): between eaves and ridge of a pitched
roof, and on a flat roof unmoved by parapets and plant."""
SHRINK_M = 0.3
"""Outlines are drawn in by this before points count, which leaves out walls and slips of the
outline."""


class Tops(NamedTuple):
    """What is known of the tops of n buildings.

    top : float64 (n,), metres, NaN where no points
    points : int32 (n,)
    rmse : float32 (n,), metres, of the points against `top`; NaN where no points
    """

    top: NDArray[np.float64]
    points: NDArray[np.int32]
    rmse: NDArray[np.float32]


def heights_of_chunk(
    footprints_wkb: Sequence[bytes],
    points: NDArray[np.floating],
    *,
    percentile: float = ROOF_PERCENTILE,
    shrink: float = SHRINK_M,
) -> Tops:
    """Tops of a chunk of buildings; everything in and out travels to other processes.

    Parameters
    ----------
    footprints_wkb : outlines as well-known binary
    points : shape (m, 3), roof points in the coordinates of the outlines
    percentile : which of the sorted heights is the top, 0…100
    shrink : metres the outlines are drawn in; one that would vanish is taken whole
    """
    areas = shrunk(shapely.from_wkb(np.asarray(footprints_wkb, dtype=object)), shrink)
    blocks = [(a, points[p, 2]) for a, p in points_inside(areas, points[:, :2])]
    return tops(blocks, len(areas), percentile=percentile)


def shrunk(areas: NDArray[np.object_], distance: float) -> NDArray[np.object_]:
    """`areas` drawn in by `distance` metres; one that loses more than three quarters stays."""
    small = shapely.buffer(areas, -distance, join_style="mitre")
    lost = shapely.area(small) < 0.25 * shapely.area(areas)
    return np.where(lost, areas, small)


def tops(
    blocks: Iterable[tuple[NDArray[np.int64], NDArray[np.floating]]],
    count: int,
    *,
    percentile: float,
) -> Tops:
    """Tops from pairs of building and height, given in blocks."""
    listed = list(blocks) or [(np.zeros(0, dtype=np.int64), np.zeros(0))]
    owner = np.concatenate([o for o, _ in listed])
    height = np.concatenate([h for _, h in listed]).astype(np.float64)
    number = np.bincount(owner, minlength=count)
    top = percentiles(owner, height, count, percentile)
    squares = np.bincount(owner, (height - top[owner]) ** 2, minlength=count)
    with np.errstate(invalid="ignore", divide="ignore"):
        rmse = np.sqrt(squares / number).astype(np.float32)
    return Tops(top, number.astype(np.int32), rmse)


def percentiles(
    owner: NDArray[np.int64], values: NDArray[np.float64], count: int, percentile: float
) -> NDArray[np.float64]:
    """Percentile of the values of each owner 0 … `count` − 1, linear between neighbours; else NaN."""
    values = values[np.lexsort((values, owner))]
    number = np.bincount(owner, minlength=count)
    first = np.cumsum(number) - number
    result = np.full(count, np.nan)
    some = number > 0
    place = (number[some] - 1) * (percentile / 100)
    low = np.floor(place).astype(np.int64)
    high = np.minimum(low + 1, number[some] - 1)
    part = place - low
    result[some] = values[first[some] + low] * (1 - part) + values[first[some] + high] * part
    return result
