"""What a reader cannot filter by is refused, never passed over in silence."""

from __future__ import annotations

from layers.errors import ReadError
from layers.readers.registry import ReadOptions


def refuse_where(name: str, options: ReadOptions) -> None:
    """Raise `ReadError` where `options` hold an SQL filter, for formats that know no SQL."""
    if options.where:
        raise ReadError(
            f"{name}: a filter works on files that OGR reads, not on this kind",
            hint="Convert it to a GeoPackage, or leave the filter empty.",
            code="filter-unknown",
        )
