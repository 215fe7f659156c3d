"""What is written down of one layer in a project: its row, and what can be told from it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from layers.kinds.buildings import BuildingsLayer
from layers.kinds.imagery import ImageryLayer
from layers.kinds.layer import Layer
from layers.kinds.pointcloud import PointCloudLayer
from layers.notices import Notice
from layers.readers.registry import ReadOptions
from twin.project import blobs, parts, tables
from twin.project.blobs import ArraySpec
from twin.project.columns import ColumnSpec
from twin.project.database import Database
from twin.project.fingerprint import SourceFile

INSIDE = 32 << 20
"""Bytes up to which arrays that have a source are nevertheless kept in the project file, so that
it can be given away with its ground. Pictures and points always stay outside if they can."""


class Content(msgspec.Struct, frozen=True, kw_only=True):
    """One row of `dothi_contents`: where the parts of a layer are.

    Attributes
    ----------
    head : the layer's header when it was kept; its source's path is seen from the project
    table, columns : its features or buildings, "" where it has none
    arrays : its other arrays; `place` says whether they are inside or made from `file` again
    options : how `file` was read
    sample : some of its values then
    """

    kind: str
    head: Layer
    scalars: parts.Scalars
    table: str = ""
    columns: tuple[ColumnSpec, ...] = ()
    arrays: dict[str, ArraySpec] = {}
    place: Literal["inside", "source"] = "inside"
    file: SourceFile | None = None
    options: ReadOptions | None = None
    sample: dict[str, tuple[float | None, ...]] = {}


def fields_of(database: Database, record: Content) -> tuple[dict[str, Any], tuple[Notice, ...]]:
    """Features or buildings from the layer's table; what was wrong with them."""
    if not record.table:
        return {}, ()
    read = tables.read_features
    if record.kind == BuildingsLayer.kind:
        read = tables.read_buildings
    return read(database, record.table, record.columns)


def unknown(file: SourceFile | None) -> SourceFile | None:
    """The file, as one of which nothing is known any more."""
    # Of another size than any file has, so that nothing read from it counts as read wrongly.
    return None if file is None else msgspec.structs.replace(file, size=-1)


def belongs_outside(layer: Layer, record: Content) -> bool:
    """Whether the arrays of `layer` are left to its file, and to the cache."""
    if isinstance(layer, (ImageryLayer, PointCloudLayer)):
        return True
    return sum(spec.nbytes for spec in record.arrays.values()) > INSIDE


def specs_of(arrays: Mapping[str, Any]) -> dict[str, ArraySpec]:
    """Sizes and types of arrays, by name."""
    return {name: blobs.spec(array) for name, array in arrays.items()}
