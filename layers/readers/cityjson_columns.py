"""Attributes of city objects, one dictionary each, as columns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from layers.text import mended, unmangled

MOST_COLUMNS = 1000


def columns_of(attributes: Sequence[Mapping[str, Any]]) -> dict[str, NDArray[Any]]:
    """One column per key: int64, float64 (NaN where missing) or texts (None where missing).

    Nested values are kept as JSON. Texts are NFC, and put right where they were taken for Latin-1.
    At most `MOST_COLUMNS` columns; a city has tens.
    """
    names: dict[str, None] = {}
    for row in attributes:
        if len(names) < MOST_COLUMNS:
            names.update(dict.fromkeys(row))
    values = {name: [_plain(row.get(name)) for row in attributes] for name in names}
    encoding = unmangled(_texts(values)).encoding
    return {mended(name, encoding): _column(listed, encoding) for name, listed in values.items()}


def _texts(values: Mapping[str, Iterable[Any]]) -> Iterable[str]:
    for name, listed in values.items():
        yield name
        yield from (value for value in listed if isinstance(value, str))


def _plain(value: Any) -> Any:
    return orjson.dumps(value).decode() if isinstance(value, (dict, list)) else value


def _column(listed: list[Any], encoding: str) -> NDArray[Any]:
    numbers = [v for v in listed if v is not None]
    if numbers and all(isinstance(v, bool) for v in numbers):
        return _objects(listed)
    if numbers and all(isinstance(v, (int, float)) for v in numbers):
        if len(numbers) == len(listed) and all(
            isinstance(v, int) and abs(v) < 2**62 for v in numbers
        ):
            return np.array(listed, dtype=np.int64)
        return np.array([np.nan if v is None else float(v) for v in listed])
    texts = [None if v is None else mended(str(v), encoding) for v in listed]
    return _objects(texts)


def _objects(listed: list[Any]) -> NDArray[Any]:
    result = np.empty(len(listed), dtype=object)
    result[:] = listed
    return result
