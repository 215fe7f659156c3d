"""Which values of a column say nothing, and which say what another one said before."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import numpy as np
from numpy.typing import NDArray


def missing(values: NDArray[Any]) -> NDArray[np.bool_]:
    """Which values say nothing: None, NaN, NaT, or a text of spaces only; shape (n,)."""
    if values.dtype.kind in "fc":
        return np.asarray(np.isnan(values))
    if values.dtype.kind in "mM":
        return np.asarray(np.isnat(values))
    if values.dtype.kind == "U":
        return np.asarray(np.char.strip(values) == "")
    if values.dtype != object:
        return np.zeros(len(values), dtype=bool)
    return np.fromiter(map(_says_nothing, values), bool, len(values))


def repeated(values: NDArray[Any]) -> NDArray[np.bool_]:
    """Which values another one further up has too; shape (n,)."""
    again = np.ones(len(values), dtype=bool)
    if values.dtype != object:
        again[np.unique(values, return_index=True)[1]] = False
        return again
    seen: set[Hashable] = set()
    for row, value in enumerate(values):
        key = value if isinstance(value, Hashable) else repr(value)
        if key not in seen:
            seen.add(key)
            again[row] = False
    return again


def _says_nothing(value: Any) -> bool:
    if isinstance(value, str):
        return not value or value.isspace()
    return value is None or bool(isinstance(value, float) and value != value)
