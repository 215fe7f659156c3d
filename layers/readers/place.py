"""Where a file's numbers lie: its CRS, the unit of its heights, and what people must know."""

from __future__ import annotations

import math
import re
import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from layers.crs import candidates, describe, horizontal, misfit, normalise
from layers.errors import CrsError, ReadError
from layers.kinds.layer import Bounds
from layers.notices import Notice
from layers.readers.registry import ReadOptions
from layers.source import Source

HEIGHT_UNITS = {"m": 1.0, "ft": 0.3048, "us-ft": 1200 / 3937}
"""Metres of one unit; both feet as in EPSG:9002 and EPSG:9003."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What a reader needs to put a file on Earth.

    Attributes
    ----------
    crs : horizontal CRS, "EPSG:n" or WKT
    vertical : name of the vertical datum, "" where none is stated
    metres_per_height : what heights in the file are to be multiplied with
    units : horizontal unit
    file_crs : as the file states it, "" where it does not
    crs_from : "file" or "given"
    notices : what people must know
    """

    crs: str
    vertical: str
    metres_per_height: float
    units: str
    file_crs: str
    crs_from: str
    notices: tuple[Notice, ...]


def place(
    name: str,
    stated: str,
    bounds: Bounds,
    options: ReadOptions,
    *,
    heights: bool = True,
    metres_per_height: float | None = None,
) -> Place:
    """Settle where the file `name` lies.

    Parameters
    ----------
    stated
        The CRS that the file states, "" for none.
    bounds
        Its extent in its own numbers; a CRS that cannot hold these is not believed.
    heights
        Whether it holds heights, whose unit must then be settled too.
    metres_per_height
        Stated by the file beside its CRS (GeoTIFF VerticalUnitsGeoKey, a band's unit).

    Raises
    ------
    CrsError
        The file states no CRS, or an impossible one, and `options` give none; with candidates.
    """
    notices: list[Notice] = []
    crs, crs_from, damage = _settle(name, stated, bounds, options)
    if damage:
        notices.append(Notice(code="crs-not-believed", what=damage, source=name))
    odd = misfit(crs, bounds)
    if odd is not None and odd.severity == "impossible":
        raise CrsError(
            f"{name}: {odd.sentence}",
            hint=_advice(bounds),
            code="crs-implausible",
            candidates=candidates(bounds),
        )
    if odd is not None:
        notices.append(
            Notice(
                code="crs-outside-area",
                what=odd.sentence,
                hint="Check the coordinate system of this file.",
                source=name,
            )
        )
    info = describe(crs)
    factor, told = _height_factor(name, crs, options, metres_per_height) if heights else (1.0, None)
    if told is not None:
        notices.append(told)
    return Place(
        crs=horizontal(crs),
        vertical=info.vertical_name,
        metres_per_height=factor,
        units=info.unit_name,
        file_crs=stated,
        crs_from=crs_from,
        notices=tuple(notices),
    )


def _settle(name: str, stated: str, bounds: Bounds, options: ReadOptions) -> tuple[str, str, str]:
    """(CRS, where it is from, why the file's own was not believed)."""
    if options.crs and options.force_crs:
        return normalise(options.crs), "given", ""
    damage = ""
    if stated:
        try:
            odd = misfit(stated, bounds)
            damage = odd.sentence if odd is not None and odd.severity == "impossible" else ""
        except CrsError as failure:
            damage = failure.what
        if not damage:
            return normalise(stated), "file", ""
    if options.crs:
        return normalise(options.crs), "given", damage
    if damage:
        raise CrsError(
            f"{name}: {damage}",
            hint=_advice(bounds),
            code="crs-implausible",
            candidates=candidates(bounds),
        )
    raise CrsError(
        f"{name} does not say where on Earth it lies",
        hint=_advice(bounds),
        candidates=candidates(bounds),
    )


def _advice(bounds: Bounds) -> str:
    likely = candidates(bounds)[:3]
    choose = "Choose its coordinate system in the import dialog, or pass --crs"
    return f"{choose}; its numbers would fit {' or '.join(likely)}." if likely else f"{choose}."


def _height_factor(
    name: str, crs: str, options: ReadOptions, beside: float | None
) -> tuple[float, Notice | None]:
    info = describe(crs)
    if options.height_unit:
        try:
            return HEIGHT_UNITS[options.height_unit], None
        except KeyError:
            raise ReadError(
                f"{options.height_unit!r} is no unit of height known here",
                hint=f"Use one of {', '.join(HEIGHT_UNITS)}.",
                code="height-unit-unknown",
            ) from None
    factor = info.vertical_metres_per_unit
    if math.isfinite(factor):
        return factor, _feet_notice(name, factor, "its vertical coordinate system says so")
    if beside is not None:
        return beside, _feet_notice(name, beside, "the file says so")
    factor = info.metres_per_unit
    if not math.isfinite(factor) or factor == 1.0:
        return 1.0, None
    return factor, Notice(
        code="heights-assumed-feet",
        what=f"Heights were taken for {info.unit_name} as x and y are, "
        "because nothing is said of their unit; they are metres now",
        hint='If they were metres already, read the file again with height unit "m".',
        source=name,
    )


def _feet_notice(name: str, factor: float, why: str) -> Notice | None:
    if factor == 1.0:
        return None
    return Notice(
        code="heights-converted",
        what=f"Heights were multiplied by {factor:.9g} to be metres: {why}",
        source=name,
        severity="info",
    )


def layer_id(path: Path, suffix: str = "") -> str:
    """An id made of the file's name: lower-case ASCII letters, digits and dashes."""
    text = f"{path.name.split('.')[0]} {suffix}".replace("đ", "d").replace("Đ", "D")
    bare = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", bare).strip("-") or "layer"


def layer_name(path: Path) -> str:
    """The file's name without its suffixes, NFC, for people."""
    return unicodedata.normalize("NFC", path.name.split(".")[0]) or path.name


def source_of(
    path: Path, options: ReadOptions, *, driver: str, where: Place, date: str = "", layer: str = ""
) -> Source:
    """Provenance of a layer read from `path`; what the user stated wins over the file's own."""
    status = path.stat()
    return Source(
        path=str(path.absolute()),
        layer=layer,
        driver=driver,
        crs_from=where.crs_from,
        file_crs=where.file_crs,
        units=where.units,
        size=status.st_size,
        modified=datetime.fromtimestamp(status.st_mtime, UTC).isoformat(timespec="seconds"),
        licence=options.licence,
        attribution=options.attribution,
        date=options.date or date,
    )
