"""Checks of what is said about a layer: CRS, units, licence, source, age, format, encoding."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from pathlib import Path

from layers.crs import CrsInfo, describe
from layers.errors import CrsError
from layers.health.finding import Finding, share, whole
from layers.health.place import lonlat, parsed
from layers.health.records import Places
from layers.health.subject import Subject
from layers.kinds.buildings import BuildingsLayer
from layers.kinds.elevation import ElevationLayer
from layers.kinds.pointcloud import PointCloudLayer
from layers.source import Source

OPEN_FORMATS = (
    "gpkg", "geopackage", "json", "flatgeobuf", "parquet", "gtiff", "tiff", "cog", "aaigrid",
    "las", "laz", "copc", "openstreetmap", "osm", "pbf", "csv", "sqlite", "gml", "gltf",
)  # fmt: skip
"""Open, documented and read by free programs."""

FRESH_YEARS = 1.0
"""An age that costs nothing."""

_SLOW = (ElevationLayer, PointCloudLayer)
_AREA_MARGIN = 1.0  # degrees around a CRS's area of use
_YEAR = re.compile(r"(?<!\d)((?:19|20)\d\d)(?:-(\d\d)(?:-(\d\d))?)?(?!\d)")


def crs_stated(subject: Subject) -> Finding | None:
    """Whether the file itself says its CRS (0), a person had to (0.5), or nobody knows (1)."""
    source = subject.layer.source
    if source is None or source.crs_from == "derived":
        return None
    bad = {"file": 0.0, "given": 0.5}.get(source.crs_from, 1.0)
    return whole(
        bad,
        f"The file does not say its coordinate system; {subject.layer.crs[:40]} was assumed",
        "Write the coordinate system into the file, or add a .prj beside it.",
    )


def crs_plausible(subject: Subject) -> Finding | None:
    """Corners and middle of the extent that lie outside the CRS's area of use."""
    system = parsed(subject.layer.crs)
    if system is None or system.is_geocentric:
        what = "Its coordinate system " + (
            "is unknown to PROJ" if system is None else "is geocentric, not one of maps"
        )
        return whole(1.0, what, _CRS_FIX)
    if subject.bounds is None:
        return whole(1.0, "It lies at no real place", _CRS_FIX) if subject.layer.count else None
    low_x, low_y, high_x, high_y = subject.bounds
    corners = (
        ((low_x + high_x) / 2, (low_y + high_y) / 2),
        (low_x, low_y),
        (high_x, low_y),
        (high_x, high_y),
        (low_x, high_y),
    )
    degrees = lonlat(subject.layer.crs, corners)
    if degrees is None:
        return whole(1.0, "Its numbers cannot be brought to longitude and latitude", _CRS_FIX)
    area = system.area_of_use
    box = (-180.0, -90.0, 180.0, 90.0) if area is None else area.bounds
    outside = [c for c, d in zip(corners, degrees, strict=True) if not _within(d, box)]
    where: Places = tuple((float(x), float(y)) for x, y in outside)
    name = "the Earth" if area is None else area.name.rstrip(".")
    return share(
        len(outside),
        len(corners),
        f"{len(outside)} of 5 corners lie outside where {system.name} is used ({name})",
        _CRS_FIX,
        where=where,
    )


def crs_registered(subject: Subject) -> Finding | None:
    """Whether others can name the CRS by a code of a register."""
    system = _described(subject.layer.crs)
    if system is None:
        return None
    return whole(
        0.0 if system.authority else 1.0,
        f"“{system.name}” has no EPSG code: every program must trust its text",
        "Bring it to a registered system, such as EPSG:3405 or EPSG:5897 for Hanoi.",
    )


def unit_metre(subject: Subject) -> Finding | None:
    """Whether one step in x and y is a metre (0), a degree (0.3), or anything else (1)."""
    system = _described(subject.layer.crs)
    if system is None:
        return None
    # Degrees are how data is passed on, and no one takes them for metres; feet are a trap.
    bad = 0.0 if system.metres_per_unit == 1.0 else 1.0 if system.is_projected else 0.3
    return whole(
        bad,
        f"One step in x and y is a {system.unit_name}, not a metre",
        "Bring the layer to the project's coordinate system before measuring anything on it.",
    )


def height_unit_stated(subject: Subject) -> Finding | None:
    """Whether the file says the unit of its heights (0), it was assumed (0.5) or unknown (1)."""
    if not isinstance(subject.layer, PointCloudLayer | ElevationLayer):
        return None
    doubts = {"heights-assumed-feet": 0.5, "height-unit-unknown": 1.0}
    told = [notice for notice in subject.layer.notices if notice.code in doubts]
    if not told:
        return whole(0.0, "", "")
    worst = max(told, key=lambda notice: doubts[notice.code])
    return whole(doubts[worst.code], worst.what, "State the unit of height when importing.")


def crs_common(subject: Subject) -> Finding | None:
    """Other layers of the city in another CRS."""
    if not subject.everything:
        return None
    others = [o for o in subject.everything if o not in subject.context]
    return share(
        len(others),
        len(subject.everything),
        f"{len(others)} of {len(subject.everything)} other layers are in another coordinate "
        f"system: {', '.join(o.name for o in others[:5])}",
        "Bring all layers to the project's coordinate system.",
    )


def vertical_stated(subject: Subject) -> Finding | None:
    """Whether heights say what they are above."""
    layer = subject.layer
    if isinstance(layer, ElevationLayer):
        if layer.surface not in ("ground", "surface"):
            return None
    elif not isinstance(layer, PointCloudLayer | BuildingsLayer):
        return None
    return whole(
        0.0 if layer.vertical else 1.0,
        "Nobody says which vertical datum the heights refer to",
        "State it in the recipe (heights = “Hon Dau 1972”, “NAP” …): datums differ by decimetres.",
    )


def licence_stated(subject: Subject) -> Finding | None:
    """Whether the layer may be used and shared, and on what terms."""
    source = subject.layer.source
    if source is not None and source.crs_from == "derived":
        return None
    return whole(
        0.0 if source is not None and source.licence else 1.0,
        "No licence is stated: nobody knows who may use it for what",
        "Ask the owner and state the licence in the recipe or the import dialog.",
    )


def source_stated(subject: Subject) -> Finding | None:
    """Who made it (0), only which file (0.5), nothing (1)."""
    source = subject.layer.source
    if source is not None and source.crs_from == "derived":
        return None
    if source is None:
        bad, what = 1.0, "Nobody says where it comes from"
    else:
        bad = 0.0 if source.attribution else 0.5 if source.path else 1.0
        what = "The file is known, but not who made it" if bad < 1 else "Its source is not stated"
    return whole(bad, what, "State the owner (attribution) in the recipe or the import dialog.")


def open_format(subject: Subject) -> Finding | None:
    """Whether others can read the format without buying a program."""
    source = subject.layer.source
    if source is None or not source.driver:
        return None
    driver = source.driver.lower()
    if any(name in driver for name in OPEN_FORMATS):
        bad = 0.0
    else:
        # Shapefiles are readable everywhere but cut names to 10 bytes and lose encodings.
        bad = 0.3 if "shapefile" in driver or "dxf" in driver or "mapinfo" in driver else 1.0
    return whole(
        bad,
        f"“{source.driver}” is not an open format without losses",
        "Pass it on as GeoPackage, GeoTIFF, LAZ or CityJSON.",
    )


def encoding_common(subject: Subject) -> Finding | None:
    """Whether texts are in UTF-8 (0), an older encoding (0.5), or one nobody stated (1)."""
    source = subject.layer.source
    beyond = any(
        isinstance(v, str) and not v.isascii()
        for values in subject.columns.values()
        if values.dtype == object
        for v in values
    )
    if source is None or not beyond:
        return None
    encoding = source.encoding.lower().replace("-", "").replace("_", "")
    bad = 0.0 if encoding in ("utf8", "unicode") else 0.5 if encoding else 1.0
    return whole(
        bad,
        f"Its texts were encoded as {source.encoding}, not UTF-8"
        if encoding
        else "Its texts go beyond ASCII and no encoding is known",
        "Pass it on in UTF-8: then no program has to guess.",
    )


def date_stated(subject: Subject) -> Finding | None:
    """Whether anybody says how old the data is."""
    source = subject.layer.source
    if source is not None and source.crs_from == "derived":
        return None
    return whole(
        0.0 if source is not None and survey_date(source) else 1.0,
        "Nobody says when it was surveyed, so its age is unknown",
        "State the date of the survey in the recipe or the import dialog.",
    )


def source_age(subject: Subject) -> Finding | None:
    """Years since the survey beyond the first: 10 for what people build, 20 for terrain."""
    source = subject.layer.source
    surveyed = survey_date(source) if source is not None else None
    if surveyed is None:
        return None
    years = (subject.today - surveyed).days / 365.2425
    span = 20.0 if isinstance(subject.layer, _SLOW) else 10.0
    bad = min(1.0, max(0.0, (years - FRESH_YEARS) / span))
    if years < 0:
        bad = 1.0
    return whole(
        bad,
        f"It was surveyed {years:.1f} years ago ({surveyed.isoformat()})"
        if years >= 0
        else f"Its date lies in the future: {surveyed.isoformat()}",
        "Ask the owner for a newer survey, at least where plans are made.",
    )


def source_unchanged(subject: Subject) -> Finding | None:
    """Whether the file is still there and as it was when it was read."""
    source = subject.layer.source
    if source is None or not source.path or not (source.size or source.modified):
        return None
    path = Path(source.path)
    fix = "Read it again, so that the city shows what the file says now."
    try:
        now = path.stat()
    except OSError:
        return whole(0.5, f"{path.name} is no longer where it was read from", "Find the file.")
    changed = bool(source.size) and now.st_size != source.size
    before = _moment(source.modified)
    if before is not None:
        changed |= abs(now.st_mtime - before) > 2.0  # FAT keeps times in steps of 2 s
    return whole(float(changed), f"{path.name} has changed since it was read", fix)


def survey_date(source: Source) -> date | None:
    """The date in `source.date`, None where it holds none; a bare year counts from its middle."""
    match = _YEAR.search(source.date)
    if match is None:
        return None
    year, month, day = match.groups()
    try:
        return date(int(year), int(month or 7), int(day or (1 if not month else 15)))
    except ValueError:
        return date(int(year), 7, 1)


_CRS_FIX = "Find out in which coordinate system it was made, and import it again with that."


def _described(crs: str) -> CrsInfo | None:
    try:
        return describe(crs)
    except CrsError:
        return None


def _within(lonlat_degrees: tuple[float, float], box: tuple[float, float, float, float]) -> bool:
    lon, lat = lonlat_degrees
    west, south, east, north = box
    if not south - _AREA_MARGIN <= lat <= north + _AREA_MARGIN:
        return False
    if west > east:  # across the date line
        return lon >= west - _AREA_MARGIN or lon <= east + _AREA_MARGIN
    return west - _AREA_MARGIN <= lon <= east + _AREA_MARGIN


def _moment(text: str) -> float | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
