"""Opening vector files with OGR: names for what is inside, and ways round missing parts."""

from __future__ import annotations

import io
import struct
import warnings
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from layers.errors import ReadError
from layers.notices import Notice
from layers.readers.archive import members, unpacked

_FILTER_WRONG = ("SQL", "where", "expression", "filter")
SUFFIXES = (".gpkg", ".shp", ".geojson", ".json", ".fgb", ".dxf", ".tab", ".mif", ".sqlite")
_MOST_IN_MEMORY = 1 << 30
_SHP_HEADER = struct.Struct(">7i")


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """One thing that OGR can open.

    Attributes
    ----------
    path : the file the user named
    target : what to give to pyogrio, a path or the bytes of a file
    title : name for people
    inside : name inside an archive, "" where there is none
    suffix : lower-case, of the file itself
    stated : encoding that a file beside it claims, "" for none
    notices : what had to be mended to open it
    """

    path: Path
    target: str | bytes
    title: str
    suffix: str
    inside: str = ""
    stated: str = ""
    notices: tuple[Notice, ...] = field(default=())


def datasets(path: Path) -> list[Dataset]:
    """What can be opened of `path`: itself, or each vector file of a ZIP.

    Raises
    ------
    ReadError
        The archive is damaged, dangerous, or holds nothing that can be read here.
    """
    suffix = path.suffix.lower()
    try:
        if suffix == ".zip":
            return _zipped(path)
        if suffix == ".shp":
            return [_shapefile(path)]
        if suffix in (".tab", ".mif"):
            _check_siblings(path, suffix)
    except OSError as damage:
        raise ReadError(
            f"{path.name} could not be read: {damage.strerror or damage}",
            hint="Check that you may read it and that it is a file, not a folder.",
        ) from damage
    return [Dataset(path=path, target=str(path), title=path.name, suffix=suffix)]


@contextmanager
def ogr_errors(name: str, *, filter: str = "") -> Iterator[None]:
    """Turns what OGR says into a `ReadError`; its warnings are dropped, we count for ourselves."""
    from pyogrio.errors import DataSourceError, FeatureError, FieldError, GeometryError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except UnicodeDecodeError:
        raise
    except (DataSourceError, FeatureError, FieldError, GeometryError, ValueError) as damage:
        if filter and any(sign in str(damage) for sign in _FILTER_WRONG):
            raise ReadError(
                f"{name}: the filter “{filter}” is not understood",
                hint="Write it as in SQL, with the file's own columns: height > 3.",
                code="filter-wrong",
            ) from damage
        raise ReadError(
            f"{name} could not be read: {_in_words(damage)}",
            hint="It may be cut off, damaged, or of another kind than its name says; "
            "copy it again, or save it as a GeoPackage with the program it comes from.",
        ) from damage


def file_layers(dataset: Dataset) -> list[str]:
    """Names of the layers that have geometry."""
    import pyogrio

    with ogr_errors(dataset.title):
        listed = pyogrio.list_layers(dataset.target)
    return [str(name) for name, kind in listed if kind is not None]


def _in_words(damage: Exception) -> str:
    first = str(damage).split(";")[0].strip()
    words = first.replace(repr(first), "").split(" Set SHAPE_")[0]
    return words[:200] or type(damage).__name__


def _zipped(path: Path) -> list[Dataset]:
    found: list[Dataset] = []
    archive = path.resolve().as_posix()
    listed = members(path)
    names = {info.filename: info for info in listed}
    for name in sorted(names):
        suffix = Path(name).suffix.lower()
        if suffix not in SUFFIXES:
            continue
        stated = ""
        for ending in (".cpg", ".CPG"):
            beside = name[: -len(suffix)] + ending
            if suffix == ".shp" and beside in names:
                stated = unpacked(path, names[beside], 1000).decode("ascii", "replace").strip()
        found.append(
            Dataset(
                path=path,
                target=f"/vsizip/{{{archive}}}/{name}",
                title=f"{path.name} · {name}",
                suffix=suffix,
                inside=name,
                stated=stated,
            )
        )
    if not found:
        some = ", ".join(sorted(names)[:4])
        timetable = {"stops.txt", "stop_times.txt"} <= {Path(name).name for name in names}
        what = "a GTFS timetable" if timetable else f"{some} and no vector file"
        raise ReadError(
            f"{path.name} holds {what}",
            hint="Unpack it and choose the file that holds the map data.",
            code="zip-without-map",
        )
    return found


def _shapefile(path: Path) -> Dataset:
    notices: list[Notice] = []
    length = _declared_length(path)
    actual = path.stat().st_size
    if actual < length:
        notices.append(
            Notice(
                code="file-cut",
                what=f"{path.name} is cut off: {actual} of {length} bytes are there",
                hint="Copy it again; what is left has been read.",
                source=path.name,
                severity="error",
            )
        )
    if _sibling(path, ".dbf") is None:
        notices.append(
            Notice(
                code="dbf-missing",
                what=f"{path.name} came without its .dbf: its outlines have no attributes",
                hint="Put the .dbf of the same name beside it.",
                source=path.name,
            )
        )
    target: str | bytes = str(path)
    if _sibling(path, ".shx") is None:
        target = _with_new_index(path)
        notices.append(
            Notice(
                code="shx-missing",
                what=f"{path.name} came without its .shx: the index was made anew in memory",
                source=path.name,
                severity="info",
            )
        )
    claim = _sibling(path, ".cpg")
    stated = claim.read_bytes()[:100].decode("ascii", "replace").strip() if claim else ""
    return Dataset(
        path=path,
        target=target,
        title=path.name,
        suffix=".shp",
        stated=stated,
        notices=tuple(notices),
    )


def _sibling(path: Path, suffix: str) -> Path | None:
    for ending in (suffix, suffix.upper()):
        beside = path.with_suffix(ending)
        if beside.exists():
            return beside
    return None


def _check_siblings(path: Path, suffix: str) -> None:
    needed = (".dat", ".map", ".id") if suffix == ".tab" else (".mid",)
    missing = [ending for ending in needed if _sibling(path, ending) is None]
    if missing and not (suffix == ".tab" and b"!table" not in path.read_bytes()[:200].lower()):
        raise ReadError(
            f"{path.name} came without its {', '.join(missing)}",
            hint="A MapInfo layer is several files of the same name: put them all in one folder.",
            code="parts-missing",
        )


def _declared_length(path: Path) -> int:
    with path.open("rb") as file:
        head = file.read(100)
    if len(head) < 100 or struct.unpack_from(">i", head)[0] != 9994:
        raise ReadError(
            f"{path.name} is no shapefile, or only the beginning of one",
            hint="Copy it again together with its .shx, .dbf and .prj.",
        )
    return int(_SHP_HEADER.unpack_from(head)[6]) * 2


def _with_new_index(path: Path) -> bytes:
    """The shapefile as a ZIP in memory, with an index made from its records.

    OGR could write the index itself, but beside the user's file.
    """
    if path.stat().st_size > _MOST_IN_MEMORY:
        raise ReadError(
            f"{path.name} came without its .shx and is too large to index in memory",
            hint="Make the index with ogr2ogr --config SHAPE_RESTORE_SHX YES.",
        )
    content = path.read_bytes()
    index = _index_of(content)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("layer.shp", content)
        archive.writestr("layer.shx", index)
        for ending in (".dbf", ".prj", ".cpg"):
            beside = _sibling(path, ending)
            if beside is not None:
                archive.write(beside, f"layer{ending}")
    return packed.getvalue()


def _index_of(content: bytes) -> bytes:
    """The .shx of a .shp (ESRI Shapefile Technical Description, 1998, pages 3–4 and 23)."""
    records = bytearray()
    at = 100
    while at + 8 <= len(content):
        words = struct.unpack_from(">i", content, at + 4)[0]
        if words < 2 or at + 8 + words * 2 > len(content):
            break
        records += struct.pack(">ii", at // 2, words)
        at += 8 + words * 2
    head = bytearray(content[:100])
    struct.pack_into(">i", head, 24, (100 + len(records)) // 2)
    return bytes(head + records)


def open_options(dataset: Dataset) -> dict[str, Any]:
    """What pyogrio must be told for this kind of file."""
    return {"encoding": "ISO-8859-1"} if dataset.suffix == ".shp" else {}
