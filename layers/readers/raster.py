"""GeoTIFF, COG, ASC and VRT into elevation or imagery."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, cast

import msgspec
import numpy as np
from numpy.typing import NDArray

from layers.crs import describe, normalise
from layers.errors import CrsError, ReadError
from layers.kinds.elevation import ElevationLayer, Surface
from layers.kinds.imagery import OVERVIEW_PIXELS, ImageryLayer
from layers.kinds.layer import Layer
from layers.notices import Notice
from layers.progress import SILENT, Progress
from layers.readers.place import Place, layer_id, layer_name, place, source_of
from layers.readers.raster_colour import picture
from layers.readers.raster_grid import Grid, bounds_of, grid_of, north_up, opened
from layers.readers.raster_heights import read_heights
from layers.readers.registry import ReadOptions, SourcePreview

SURFACES = ("ground", "surface", "buildings-above-ground", "canopy-above-ground")
_BAND_UNITS = {
    **dict.fromkeys(("m", "metre", "meter", "metres", "meters"), 1.0),
    **dict.fromkeys(("ft", "foot", "feet", "international foot"), 0.3048),
    **dict.fromkeys(("us-ft", "ftus", "us survey foot", "us feet", "survey foot"), 1200 / 3937),
    **dict.fromkeys(("cm", "centimetre", "centimeter"), 0.01),
    **dict.fromkeys(("dm", "decimetre", "decimeter"), 0.1),
}
_NAMES: tuple[tuple[str, str], ...] = (
    ("canopy-above-ground", r"cdsm|chm|canopy|vegetation"),
    ("buildings-above-ground", r"bdsm|ndsm|hag|dhm|above.?ground|building"),
    ("surface", r"dsm|dom|mns|surface"),
    ("ground", r"dtm|dem|mnt|dgm|terrain|ground|elevation|ahn|srtm|fabdem"),
)


def read(path: Path, options: ReadOptions, progress: Progress = SILENT) -> list[Layer]:
    """Read a raster as one `ElevationLayer` or `ImageryLayer`.

    The role in `options` decides; without one, colours or 8 bits make imagery, all else heights.
    Cells stay where and as large as they are; rows come north up, heights in metres. Of a picture
    of more than `OVERVIEW_PIXELS` an overview is held.

    Raises
    ------
    ReadError
        The file is damaged, cut off, too large, without a place, or holds no measured cell.
    CrsError
        It does not say where on Earth it lies, or something that its numbers cannot be.
    """
    with opened(path) as file, north_up(path, file, options.crs) as (view, was_turned):
        imagery = _kind(view, options.role) == "imagery"
        if imagery and not options.max_pixels:
            options = msgspec.structs.replace(options, max_pixels=OVERVIEW_PIXELS)
        grid = grid_of(path, view, options)
        notices = _turned_notice(path, view) if was_turned else ()
        if imagery:
            return [_imagery(path, view, grid, options, notices, progress)]
        return [_elevation(path, view, grid, options, notices, progress)]


def preview(path: Path, options: ReadOptions) -> list[SourcePreview]:
    """What the file holds, by its head; never raises for the CRS."""
    with opened(path) as file, north_up(path, file, options.crs) as (view, was_turned):
        kind = _kind(view, options.role)
        role = options.role or ("imagery" if kind == "imagery" else _guessed(path)[0])
        diagnosis = [(n.code, n.what) for n in (_turned_notice(path, view) if was_turned else ())]
        candidates: tuple[str, ...] = ()
        try:
            where = _place(path, view, options, heights=kind == "elevation")
            diagnosis += [(notice.code, notice.what) for notice in where.notices]
        except CrsError as failure:
            candidates = failure.candidates
            diagnosis.append((failure.code, failure.what))
        if kind == "elevation" and view.nodata is None:
            diagnosis.append(("nodata-unstated", "It states no value for cells without data"))
        stated = _stated(view)
        info = describe(stated or options.crs) if stated or options.crs else None
        low_x, low_y, high_x, high_y = bounds_of(view)
        outline = ((low_x, low_y), (high_x, low_y), (high_x, high_y), (low_x, high_y))
        return [
            SourcePreview(
                layer="",
                kind=kind,
                role=role,
                count=view.width * view.height,
                crs=stated,
                crs_name=info.name if info else "",
                candidates=candidates,
                bounds=(low_x, low_y, high_x, high_y),
                units=info.unit_name if info else "",
                columns=tuple(f"{i} {c.name}" for i, c in enumerate(view.colorinterp, 1)),
                sample=((*outline, outline[0]),),
                diagnosis=tuple(diagnosis),
            )
        ]


def _kind(file: Any, role: str) -> str:
    if role in SURFACES:
        return "elevation"
    if role == "imagery":
        return "imagery"
    names = {kind.name for kind in file.colorinterp}
    few_bits = np.dtype(file.dtypes[0]) in (np.uint8, np.uint16) and file.count >= 3
    is_picture = names & {"palette", "red"} or few_bits or np.dtype(file.dtypes[0]) == np.uint8
    return "imagery" if is_picture else "elevation"


def _guessed(path: Path) -> tuple[str, bool]:
    """Surface by the file's name, and whether the name says so at all."""
    for surface, pattern in _NAMES:
        if re.search(rf"(?<![a-z])(?:{pattern})", path.stem.lower()):
            return surface, True
    return "ground", False


def _stated(file: Any) -> str:
    text = str(file.crs.to_wkt()) if file.crs else ""
    try:
        return normalise(text) if text else ""
    except CrsError:
        return ""  # GDAL writes what it cannot name, a local grid, as an engineering CRS


def _place(path: Path, file: Any, options: ReadOptions, *, heights: bool) -> Place:
    unit = _BAND_UNITS.get((file.units[0] or "").strip().lower())
    return place(
        path.name,
        _stated(file),
        bounds_of(file),
        options,
        heights=heights,
        metres_per_height=unit,
    )


def _imagery(
    path: Path,
    file: Any,
    grid: Grid,
    options: ReadOptions,
    notices: tuple[Notice, ...],
    progress: Progress,
) -> ImageryLayer:
    where = _place(path, file, options, heights=False)
    drawn = picture(path.name, file, grid, progress)
    return ImageryLayer(
        id=layer_id(path),
        name=layer_name(path),
        crs=where.crs,
        source=source_of(path, options, driver=file.driver, where=where, date=_date(file)),
        notices=(*where.notices, *notices, *drawn.notices),
        pixels=drawn.pixels,
        west=grid.west,
        north=grid.north,
        cell_x=grid.cell_x,
        cell_y=grid.cell_y,
        full_size=grid.whole if grid.reduced else (0, 0),
    )


def _elevation(
    path: Path,
    file: Any,
    grid: Grid,
    options: ReadOptions,
    notices: tuple[Notice, ...],
    progress: Progress,
) -> ElevationLayer:
    where = _place(path, file, options, heights=True)
    surface, by_name = (options.role, True) if options.role in SURFACES else _guessed(path)
    if not by_name:
        what = "Nothing says whether these heights are of the ground: taken for the ground"
        hint = "Choose a role: ground, surface, or above ground."
        notices += (Notice(code="surface-guessed", what=what, hint=hint, source=path.name),)
    heights, told = _heights(path, file, grid, where, progress)
    return ElevationLayer(
        id=layer_id(path),
        name=layer_name(path),
        crs=where.crs,
        vertical=where.vertical,
        source=source_of(path, options, driver=file.driver, where=where, date=_date(file)),
        notices=(*where.notices, *notices, *told),
        heights=heights,
        west=grid.west,
        north=grid.north,
        cell_x=grid.cell_x,
        cell_y=grid.cell_y,
        surface=cast(Surface, surface),
    )


def _heights(
    path: Path, file: Any, grid: Grid, where: Place, progress: Progress
) -> tuple[NDArray[np.float32], tuple[Notice, ...]]:
    """Band 1 in metres, NaN where nothing was measured."""
    notices: list[Notice] = []
    heights, guessed, impossible = read_heights(file, grid, where.metres_per_height, progress)
    if guessed:
        what = "Cells hold a value that means “not measured”, though the file does not say so"
        notices.append(Notice(code="nodata-guessed", what=what, source=path.name, count=guessed))
    if impossible:
        what = "Cells were left out: no height on Earth is like theirs"
        told = Notice(code="heights-impossible", what=what, source=path.name, count=impossible)
        notices.append(told)
    if np.isnan(np.fmax.reduce(heights, axis=None)):
        raise ReadError(
            f"{path.name} holds no measured cell there",
            hint="Choose another part or another file.",
            code="no-cells",
        )
    return heights, tuple(notices)


def _turned_notice(path: Path, view: Any) -> tuple[Notice, ...]:
    what = (
        "It is rotated, or placed by control points: it was resampled to "
        f"{view.width} × {view.height} cells, north up"
    )
    return (Notice(code="raster-turned", what=what, source=path.name, severity="info"),)


def _date(file: Any) -> str:
    stated = re.match(r"(\d{4})[:-](\d\d)[:-](\d\d)", file.tags().get("TIFFTAG_DATETIME", ""))
    return "-".join(stated.groups()) if stated else ""
