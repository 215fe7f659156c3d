"""Attribute columns in and out of a table, with their types kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

Coding = Literal["number", "bool", "text", "time", "json", "bytes", "span"]

_LARGEST = 2**63 - 1


class ColumnSpec(msgspec.Struct, frozen=True, kw_only=True):
    """How one attribute is kept.

    Attributes
    ----------
    name : as the layer calls it
    column : as the table calls it; another where ours or SQLite's rules are in the way
    dtype : numpy's name of its type
    coding : how a value is written
    sql : its type in the table
    """

    name: str
    column: str
    dtype: str
    coding: Coding
    sql: str


def spec_of(name: str, column: str, values: NDArray[Any]) -> ColumnSpec:
    """How to keep `values`."""
    coding, sql = _coding(values)
    return ColumnSpec(name=name, column=column, dtype=values.dtype.str, coding=coding, sql=sql)


def table_columns(names: Sequence[str], taken: set[str]) -> list[str]:
    """A name in the table for each of `names`; SQLite tells no upper from lower case.

    `taken` (lower case) are our own columns; what meets one of them gets "source_" before it.
    """
    given: list[str] = []
    used = set(taken)
    for name in names:
        wanted = name.replace("\0", "") or "column"
        if wanted.lower() in taken:
            wanted = f"source_{wanted}"
        free, number = wanted, 2
        while free.lower() in used:
            free, number = f"{wanted}_{number}", number + 1
        used.add(free.lower())
        given.append(free)
    return given


def encoded(values: NDArray[Any], spec: ColumnSpec) -> list[Any]:
    """`values` as SQLite takes them; NaN and NaT become NULL."""
    match spec.coding:
        case "time":
            return [None if text == "NaT" else f"{text}Z" for text in _times(values)]
        case "span":
            return list(values.astype(np.int64).tolist())
        case "json":
            return [None if value is None else _json(value) for value in values.tolist()]
        case _:
            return short_decimals(values) if values.dtype == np.float32 else list(values.tolist())


def decoded(values: Sequence[Any], spec: ColumnSpec) -> NDArray[Any]:
    """What `encoded` was given; NULL where nothing was there before becomes 0, NaN, NaT or None."""
    dtype = np.dtype(spec.dtype)
    if dtype.kind == "O":
        return _objects(values, spec.coding)
    match spec.coding:
        case "time":
            texts = ["NaT" if value is None else str(value).rstrip("Z") for value in values]
            return np.array(texts, dtype=dtype)
        case "span":
            return np.array([value or 0 for value in values], dtype=np.int64).astype(dtype)
        case "json":
            return np.array([msgspec.json.decode(value or b"0") for value in values], dtype=dtype)
        case "bytes":
            return np.array([value or b"" for value in values], dtype=dtype)
        case "text":
            return np.array(["" if value is None else str(value) for value in values], dtype=dtype)
        case _:
            if dtype.kind == "f":
                return np.array(values, dtype=dtype)
            return np.array([value or 0 for value in values], dtype=dtype)


def short_decimals(values: NDArray[np.float32]) -> list[float]:
    """Each as the shortest decimal that is read back as the same float32: 9.3, and not
    9.300000190734863, which is what a float64 column would show to people."""
    return [float(text) for text in values.astype(str).tolist()]


def objects(values: Sequence[Any]) -> NDArray[np.object_]:
    """`values` as an array of objects, also where they are sequences themselves."""
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array


def _objects(values: Sequence[Any], coding: Coding) -> NDArray[np.object_]:
    if coding == "bool":
        return objects([None if value is None else bool(value) for value in values])
    if coding == "json":
        return objects([None if v is None else msgspec.json.decode(v) for v in values])
    return objects(values)


def _coding(values: NDArray[Any]) -> tuple[Coding, str]:
    match values.dtype.kind:
        case "b":
            return "bool", "BOOLEAN"
        case "i":
            return "number", "INTEGER"
        case "u":
            large = len(values) and int(values.max()) > _LARGEST
            return ("json", "TEXT") if large else ("number", "INTEGER")
        case "f":
            return "number", "REAL"
        case "U":
            return "text", "TEXT"
        case "S":
            return "bytes", "BLOB"
        case "M":
            return "time", _time_type(values)
        case "m":
            return "span", "INTEGER"
        case _:
            return _object_coding(values)


def _object_coding(values: NDArray[Any]) -> tuple[Coding, str]:
    types = {type(value) for value in values.tolist()} - {type(None)}
    if types <= {str}:
        return "text", "TEXT"
    if types == {bool}:
        return "bool", "BOOLEAN"
    if types == {bytes}:
        return "bytes", "BLOB"
    if types == {int} and all(abs(v) <= _LARGEST for v in values.tolist() if v is not None):
        return "number", "INTEGER"
    if types == {float} and all(v == v for v in values.tolist() if v is not None):
        return "number", "REAL"
    return "json", "TEXT"


def _times(values: NDArray[Any]) -> list[str]:
    sql = _time_type(values)
    shown = values.astype("datetime64[ms]") if sql == "DATETIME" else values
    return [str(text) for text in np.datetime_as_string(shown)]


def _time_type(values: NDArray[Any]) -> str:
    # GeoPackage's DATETIME holds milliseconds; what is finer is kept as text, not cut.
    same = values.astype("datetime64[ms]").astype(values.dtype)
    return "DATETIME" if bool(((same == values) | np.isnat(values)).all()) else "TEXT"


def _json(value: Any) -> str:
    return msgspec.json.encode(value, enc_hook=str).decode()
