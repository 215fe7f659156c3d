"""Where numbers are divided into classes: equal, equally filled, natural, by standard deviation."""

from __future__ import annotations

from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from layers.errors import CityError

Classing = Literal["equal", "quantile", "natural", "deviation", "manual"]
MOST = 12
"""Classes; eyes tell no more steps of a ramp apart."""
DISTINCT = 800
"""Values that natural breaks are sought among; of more, as many equally filled groups stand in."""

Floats = NDArray[np.float64]


def breaks(
    values: ArrayLike, way: Classing, count: int, *, manual: tuple[float, ...] = ()
) -> Floats:
    """Inner limits between classes, ascending and different; class k holds `b[k-1] <= v < b[k]`.

    There may be fewer than `count - 1` where the values are too few or too much alike.

    Parameters
    ----------
    values : numbers of any shape; what is not finite does not count
    way
        equal: intervals of one width. quantile: classes of one size. natural: the classes whose
        values differ least from their means (Fisher 1958, *On grouping for maximum homogeneity*;
        Jenks' optimisation). deviation: at the mean ± ½, 1½, 2½ standard deviations. manual: at
        `manual`.
    count : classes wanted, 2 … 12; not for deviation and manual

    Raises
    ------
    CityError
        `way` is unknown, or `count` is out of its bounds.
    """
    if way not in get_args(Classing) or not 2 <= count <= MOST:
        raise CityError(f"Numbers cannot be divided into {count} classes by “{way}”")
    if way == "manual":
        return np.unique(np.asarray([one for one in manual if np.isfinite(one)], dtype=np.float64))
    numbers = np.asarray(values, dtype=np.float64).ravel()
    numbers = numbers[np.isfinite(numbers)]
    if not len(numbers) or numbers.min() == numbers.max():
        return np.empty(0)
    found = {"equal": _equal, "quantile": _quantile, "natural": _natural, "deviation": _deviation}
    inner: Floats = np.unique(found[way](numbers, count))
    within: Floats = inner[(inner > numbers.min()) & (inner <= numbers.max())]
    return within


def class_of(values: ArrayLike, inner: Floats) -> NDArray[np.int64]:
    """The class of each value, 0 … len(inner); −1 for what is not finite."""
    numbers = np.asarray(values, dtype=np.float64)
    found: NDArray[Any] = np.searchsorted(inner, numbers, side="right")
    return np.where(np.isfinite(numbers), found, -1)


def _equal(numbers: Floats, count: int) -> Floats:
    return np.linspace(numbers.min(), numbers.max(), count + 1)[1:-1]


def _quantile(numbers: Floats, count: int) -> Floats:
    found: Floats = np.quantile(numbers, np.arange(1, count) / count)
    return found


def _deviation(numbers: Floats, _: int) -> Floats:
    steps = np.array([-2.5, -1.5, -0.5, 0.5, 1.5, 2.5])
    found: Floats = numbers.mean() + steps * numbers.std()
    return found


def _natural(numbers: Floats, count: int) -> Floats:
    """Least squares within classes by dynamic programming over the sorted values."""
    place, weight = _condensed(numbers)
    size, grouped = len(place), len(place) < len(np.unique(numbers))
    if size <= count:
        return place[1:]
    mass = np.concatenate([[0.0], np.cumsum(weight)])
    first = np.concatenate([[0.0], np.cumsum(weight * (place - place[0]))])
    second = np.concatenate([[0.0], np.cumsum(weight * (place - place[0]) ** 2)])
    # cost[i, j]: squares about the mean of values i … j − 1
    i, j = np.arange(size)[:, None], np.arange(size + 1)[None]
    with np.errstate(divide="ignore", invalid="ignore"):
        cost = second[j] - second[i] - (first[j] - first[i]) ** 2 / (mass[j] - mass[i])
    cost = np.where(j > i, np.maximum(cost, 0.0), np.inf)
    best = cost[0]
    starts = np.zeros((count, size + 1), dtype=np.int64)
    for one in range(1, count):
        total = best[:-1, None] + cost
        starts[one] = np.argmin(total, axis=0)
        best = total[starts[one], np.arange(size + 1)]
    inner, end = [], size
    for one in range(count - 1, 0, -1):
        end = int(starts[one, end])
        # Of groups, the limit lies between two of them, not at the middle of one.
        inner.append((place[end - 1] + place[end]) / 2 if grouped else place[end])
    return np.array(inner[::-1])


def _condensed(numbers: Floats) -> tuple[Floats, Floats]:
    """Different values, ascending, and how many there are of each; groups where there are many."""
    place, counts = np.unique(numbers, return_counts=True)
    if len(place) <= DISTINCT:
        return place, counts.astype(np.float64)
    edges = np.unique(np.quantile(numbers, np.linspace(0, 1, DISTINCT + 1)))
    group = np.clip(np.searchsorted(edges, place, side="right") - 1, 0, len(edges) - 2)
    weight = np.bincount(group, counts, minlength=len(edges) - 1).astype(np.float64)
    total = np.bincount(group, counts * place, minlength=len(edges) - 1).astype(np.float64)
    filled = weight > 0
    return total[filled] / weight[filled], weight[filled]
