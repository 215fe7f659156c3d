"""Read-only arrays with a checked type and number of dimensions."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from layers.errors import CityError


def frozen(
    values: ArrayLike,
    *,
    dtype: DTypeLike | None,
    ndim: int,
    name: str,
    length: int | None = None,
    columns: int | None = None,
) -> NDArray[Any]:
    """`values` as a read-only array; no copy where type and layout already fit.

    Raises
    ------
    CityError
        Wrong number of dimensions, rows (`length`) or columns.
    """
    array = np.asarray(values, dtype=dtype)
    if array.ndim != ndim:
        raise CityError(f"{name}: expected {ndim} dimensions, got {array.ndim}")
    if length is not None and len(array) != length:
        raise CityError(f"{name}: expected {length} rows, got {len(array)}")
    if columns is not None and array.shape[-1] != columns:
        raise CityError(f"{name}: expected {columns} columns, got {array.shape[-1]}")
    if array.flags.writeable:
        array = array.view()
        array.flags.writeable = False
    return array


def frozen_columns(columns: Mapping[str, ArrayLike], *, length: int) -> Mapping[str, NDArray[Any]]:
    """Attribute columns as an immutable mapping of read-only one-dimensional arrays."""
    return MappingProxyType(
        {
            str(name): frozen(values, dtype=None, ndim=1, name=str(name), length=length)
            for name, values in columns.items()
        }
    )
