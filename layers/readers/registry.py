"""Which reader reads which file; the one list of all of them."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, cast

import msgspec

from layers.errors import ReadError
from layers.kinds.layer import Layer
from layers.progress import SILENT, Progress


class ReadOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What the user, the recipe or the dialog said about a file.

    Attributes
    ----------
    crs : CRS to assume where the file does not say, "" for none; `force_crs` overrides the file's
    role : what it is for, "" to decide by content (see `layers.kinds.features.ROLES` and
        "lidar", "ground", "surface", "imagery", "city", "buildings-above-ground",
        "canopy-above-ground")
    layer : layer inside the file, "" for the only or first fitting one
    id_column : column that identifies a feature
    where : OGR SQL filter, "" for none
    encoding : text encoding, "" to detect (UTF-8, CP1258, TCVN3, VNI, Latin-1)
    height_unit : "" to take from the file, else "m", "ft", "us-ft"
    max_points : thin a point cloud evenly to at most this many points while reading; 0 for all
    fields : what to read of points beside x, y, z: "classification", "intensity", "rgb"; () for all
    max_pixels : read imagery or elevation from an overview of at most this many pixels; 0 for all
    bounds : read only what meets this window (in the file's CRS), or None
    licence, attribution, date : provenance as stated by the user
    """

    crs: str = ""
    force_crs: bool = False
    role: str = ""
    layer: str = ""
    id_column: str = ""
    where: str = ""
    encoding: str = ""
    height_unit: str = ""
    max_points: int = 0
    fields: tuple[str, ...] = ()
    max_pixels: int = 0
    bounds: tuple[float, float, float, float] | None = None
    licence: str = ""
    attribution: str = ""
    date: str = ""


class SourcePreview(msgspec.Struct, frozen=True, kw_only=True):
    """What can be said about one layer of a file without reading it all.

    Attributes
    ----------
    layer : name inside the file, "" for the only one
    kind : "elevation", "imagery", "points", "features", "buildings", "mesh"
    role : the role the reader would guess
    count : features, points or cells; -1 where unknown
    crs : as the file states it, "" where it does not
    crs_name : for people
    candidates : CRSs that would put it at a plausible place when `crs` is ""
    bounds : in the file's own numbers, or None
    units : "metre", "US survey foot", "degree", …
    columns : attribute names
    sample : up to 200 outlines or points for a thumbnail, as (n, 2) coordinate lists
    diagnosis : (code, sentence) pairs: what is odd
    """

    layer: str
    kind: str
    role: str = ""
    count: int = -1
    crs: str = ""
    crs_name: str = ""
    candidates: tuple[str, ...] = ()
    bounds: tuple[float, float, float, float] | None = None
    units: str = ""
    columns: tuple[str, ...] = ()
    sample: tuple[tuple[tuple[float, float], ...], ...] = ()
    diagnosis: tuple[tuple[str, str], ...] = ()


Read = Callable[[Path, ReadOptions, Progress], "list[Layer]"]
Preview = Callable[[Path, ReadOptions], "list[SourcePreview]"]


class ReaderSpec(msgspec.Struct, frozen=True):
    """One line of the registry.

    `module` holds `read(path, options, progress) -> list[Layer]` and
    `preview(path, options) -> list[SourcePreview]`; it is imported when first needed.
    Layers come back in the file's own horizontal CRS but in metres vertically.
    """

    title: str
    suffixes: tuple[str, ...]
    module: str

    def read(self, path: Path, options: ReadOptions, progress: Progress) -> list[Layer]:
        """All layers of the file that `options` ask for."""
        return cast(Read, self._get("read"))(path, options, progress)

    def preview(self, path: Path, options: ReadOptions) -> list[SourcePreview]:
        """What the file holds, found quickly."""
        return cast(Preview, self._get("preview"))(path, options)

    def _get(self, name: str) -> Any:
        return getattr(importlib.import_module(self.module), name)


READERS: tuple[ReaderSpec, ...] = (
    ReaderSpec("Raster grid", (".tif", ".tiff", ".asc", ".vrt"), "layers.readers.raster"),
    ReaderSpec("LiDAR points", (".las", ".laz"), "layers.readers.pointcloud"),
    ReaderSpec(
        "CityJSON",
        (
            ".city.json",
            ".city.jsonl",
            ".city.json.zip",
            ".city.jsonl.zip",
            ".city.json.gz",
            ".city.jsonl.gz",
        ),
        "layers.readers.cityjson",
    ),
    ReaderSpec("JSON", (".json", ".jsonl"), "layers.readers.json_file"),
    ReaderSpec("OpenStreetMap", (".osm", ".pbf", ".osm.pbf"), "layers.readers.osm"),
    ReaderSpec("GeoParquet", (".parquet", ".geoparquet"), "layers.readers.geoparquet"),
    ReaderSpec(
        "Vector features",
        (".gpkg", ".shp", ".geojson", ".fgb", ".dxf", ".tab", ".mif", ".sqlite", ".zip"),
        "layers.readers.vector",
    ),
)


def all_readers() -> tuple[ReaderSpec, ...]:
    """Our readers, then those that other packages add (entry points "dothi.readers")."""
    return READERS + tuple(found.load() for found in entry_points(group="dothi.readers"))


def reader_for(path: Path) -> ReaderSpec:
    """The reader with the longest suffix that fits `path`.

    Raises
    ------
    ReadError
        No reader knows this kind of file.
    """
    name = path.name.lower()
    fitting = [
        (max(len(s) for s in spec.suffixes if name.endswith(s)), spec)
        for spec in all_readers()
        if any(name.endswith(s) for s in spec.suffixes)
    ]
    if not fitting:
        known = sorted({s for spec in all_readers() for s in spec.suffixes})
        raise ReadError(
            f"{path.name}: this kind of file is not known here",
            hint=f"Known are {', '.join(known)}.",
            code="format-unknown",
        )
    return max(fitting, key=lambda pair: pair[0])[1]


def read(
    path: Path, options: ReadOptions | None = None, progress: Progress = SILENT
) -> list[Layer]:
    """Read `path` with the reader that fits it.

    Raises
    ------
    ReadError
        The file is missing, empty, damaged or of an unknown kind.
    CrsError
        It does not say where on Earth it lies.
    """
    check_file(path)
    return reader_for(path).read(path, options or ReadOptions(), progress)


def preview(path: Path, options: ReadOptions | None = None) -> list[SourcePreview]:
    """What `path` holds, without reading it all; raises as `read` does, but never for the CRS."""
    check_file(path)
    return reader_for(path).preview(path, options or ReadOptions())


def check_file(path: Path) -> None:
    """Raise a `ReadError` where `path` is missing, empty, of no kind known here, or may not be read."""
    if not path.exists():
        raise ReadError(
            f"{path.name} is not there", hint=f"Look for it: {path}", code="file-missing"
        )
    if path.is_file() and path.stat().st_size == 0:
        raise ReadError(
            f"{path.name} is empty (0 bytes)",
            hint="Copy or download it again.",
            code="file-empty",
        )
    reader_for(path)
    if not path.is_file():
        # A pipe or device would be waited for without end.
        raise ReadError(
            f"{path.name} is not a file",
            hint="Choose a file; of a folder, one of the files in it.",
            code="not-a-file",
        )
    try:
        with path.open("rb") as file:
            file.read(1)
    except OSError as damage:
        raise ReadError(
            f"{path.name} could not be read: {damage.strerror or damage}",
            hint="Ask its owner for the right to read it, or copy it to another place.",
            code="file-unreadable",
        ) from damage
