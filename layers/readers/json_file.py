"""Files called just .json or .jsonl: looked into, then given to the reader they are for."""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path
from typing import Any

import orjson

from layers.errors import ReadError
from layers.kinds.layer import Layer
from layers.progress import Progress
from layers.readers import cityjson, overpass, vector
from layers.readers.registry import ReadOptions, SourcePreview

_HEAD = 1 << 20
_MOST_BYTES = 512 * 2**20
_GEOJSON = ("FeatureCollection", "Feature", "GeometryCollection", "Topology")


def read(path: Path, options: ReadOptions, progress: Progress) -> list[Layer]:
    """Read CityJSON, GeoJSON or an answer of Overpass, whichever `path` is.

    Raises
    ------
    ReadError
        It is another kind of JSON, or none.
    """
    kind = _kind(path)
    if kind == "overpass":
        return overpass.read(path, _document(path), options, progress)
    if kind == "cityjson":
        return cityjson.read(path, options, progress)
    return vector.read(path, options, progress)


def preview(path: Path, options: ReadOptions) -> list[SourcePreview]:
    """What `path` holds; raises as `read` does."""
    kind = _kind(path)
    if kind == "overpass":
        return overpass.preview(path, _document(path))
    if kind == "cityjson":
        return cityjson.preview(path, options)
    return vector.preview(path, options)


def _kind(path: Path) -> str:
    """ "cityjson", "geojson" or "overpass", by the words at the beginning, else by the whole."""
    head = _head(path)
    if not head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith((b"{", b"[")):
        raise ReadError(
            f"{path.name} is no JSON",
            hint="Check that it is the file you meant; it may be a web page saved by mistake.",
            code="json-damaged",
        )
    packed = b"".join(head.split())
    for kind, words in (
        ("cityjson", (b'"type":"CityJSON',)),
        ("overpass", (b'"osm3s":', b'"generator":"OverpassAPI')),
        ("geojson", tuple(f'"type":"{name}"'.encode() for name in _GEOJSON)),
    ):
        if any(word in packed for word in words):
            return kind
    return _kind_of_document(path)


def _kind_of_document(path: Path) -> str:
    document = _document(path)
    found = document.get("type") if isinstance(document, dict) else None
    if found == "CityJSON":
        return "cityjson"
    if found in _GEOJSON:
        return "geojson"
    if isinstance(document, dict) and isinstance(document.get("elements"), list):
        return "overpass"
    keys = ", ".join(list(document)[:5]) if isinstance(document, dict) else "a list"
    raise ReadError(
        f"{path.name} is JSON, but neither CityJSON, GeoJSON nor an answer of Overpass ({keys})",
        hint="Export it as GeoJSON or GeoPackage with the program it comes from.",
        code="json-unknown",
    )


def _head(path: Path) -> bytes:
    try:
        if path.suffix.lower() == ".gz":
            with gzip.open(path) as file:
                return file.read(_HEAD)
        with path.open("rb") as file:
            return file.read(_HEAD)
    except (OSError, EOFError, zlib.error) as damage:
        raise ReadError(
            f"{path.name} could not be read: {damage}", hint="Copy it again."
        ) from damage


def _document(path: Path) -> Any:
    if path.stat().st_size > _MOST_BYTES:
        raise ReadError(
            f"{path.name} is larger than {_MOST_BYTES / 2**20:.0f} MiB",
            hint="Convert it to a GeoPackage first.",
            code="file-too-large",
        )
    try:
        return orjson.loads(path.read_bytes())
    except OSError as damage:
        raise ReadError(
            f"{path.name} could not be read: {damage}", hint="Copy it again."
        ) from damage
    except orjson.JSONDecodeError as damage:
        deep = "recursion" in str(damage).lower()
        what = "nests lists beyond all measure" if deep else f"is no proper JSON: {damage.msg}"
        raise ReadError(
            f"{path.name} {what}",
            hint="It may be cut off: copy it again.",
            code="json-too-deep" if deep else "json-damaged",
        ) from damage
