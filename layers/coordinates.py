"""Coordinates as people write them: degrees, VN-2000, UTM; in English and in Vietnamese letters."""

from __future__ import annotations

import math
import re
import unicodedata
from typing import NamedTuple

import msgspec
from pyproj import CRS

from layers.crs import transformer
from layers.crs_guess import explain_candidates
from layers.errors import CityError

WGS84 = "EPSG:4326"
NUMBER = r"\d+(?:[.,]\d+)?"
FARTHEST_DEGREES = 20.0
"""Numbers that a system would put farther from the city than this were not meant so."""
MOST = 8
LONGEST = 200

_WORDS = (
    (r"vĩ độ|kinh độ|latitude|longitude|\blat\b|\blon\b|\blng\b", " "),
    (r"\b(bắc|bac|north)\b", "B"), (r"\b(nam|south)\b", "S"),
    (r"\b(đông|dong|east)\b", "E"), (r"\b(tây|tay|west)\b", "W"),
    (r"độ|degrees?|\bdeg\b|[º˚]", "°"), (r"phút|minutes?|\bmin\b|[′’‘ʹ´]", "'"),
    (r"giây|seconds?|\bsec\b|[″”“]|''", '"'), (r"[−–]", "-"),
)  # fmt: skip
_LETTER = "[NSEWBĐDT]"
_PARTS = rf"""(?P<sign>[+-])?(?P<deg>{NUMBER})\s*(?:°|(?=[\s:]))
    (?:[\s:]*(?P<min>{NUMBER})\s*(?:'|(?=[\s:]|$|{_LETTER}))
    (?:[\s:]*(?P<sec>{NUMBER})\s*(?:"|(?=[\s,;]|$|{_LETTER})))?)?"""
_ONE = rf"(?P<sign>[+-])?(?P<deg>{NUMBER})(?P<min>)(?P<sec>)\s*°?(?=[\s,;/|]|$|{_LETTER})"
_FLAGS = re.VERBOSE | re.IGNORECASE
_ANGLES = {
    (before, parted): re.compile(
        (rf"(?P<letter>{_LETTER})\s*{body}" if before else rf"{body}\s*(?P<letter>{_LETTER})?"),
        _FLAGS,
    )
    for before in (False, True)
    for parted, body in ((False, _ONE), (True, _PARTS))
}
"""One angle: with its letter before or behind, of one number or of several."""
_UTM = re.compile(
    r"(?:UTM\W*)?(?:ZONE|MÚI)?\s*(\d{1,2})\s*([C-HJ-NP-X])\W+(.+)", re.IGNORECASE | re.DOTALL
)
_NAMED = re.compile(r"(EPSG:\d{4,6})\W+(.+)", re.IGNORECASE | re.DOTALL)
_VIETNAMESE = set("BĐDT")


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """One meaning of written coordinates.

    Attributes
    ----------
    crs : the system they are read in
    name : of that system, for people
    x, y : east and north (degrees: longitude and latitude) in `crs`
    lon, lat : degrees WGS 84
    swapped : north was written first
    """

    crs: str
    name: str
    x: float
    y: float
    lon: float
    lat: float
    swapped: bool = False


class _Angle(NamedTuple):
    value: float
    letter: str
    marked: bool
    """Whether it has minutes or a degree sign."""


def readings(text: str, *, crs: str, near: tuple[float, float]) -> tuple[Reading, ...]:
    """What `text` can mean as a place, likeliest first; empty where it is none.

    Understood are degrees (decimal, with minutes, with seconds; letters N S E W, or B N Đ T for
    bắc, nam, đông, tây, before or behind; latitude or longitude first), "48N 586513 2326256" and
    "48Q …" (UTM, WGS 84), "EPSG:n x y", and two bare lengths: those are tried in `crs` and in all
    zones of VN-2000 and UTM of Vietnam, also with north first as Vietnamese surveys write them.

    Parameters
    ----------
    crs : of the project
    near : (longitude, latitude) of the city; what is nearer to it is likelier

    Raises
    ------
    CityError
        These are coordinates, but of no place on Earth.
    """
    cleaned = _cleaned(text)
    if len(text) > LONGEST or sum(c.isdigit() for c in cleaned) < 2:
        return ()
    named, utm = _NAMED.fullmatch(cleaned), _UTM.fullmatch(cleaned)
    if named:
        pair = _pair(named[2])
        return () if pair is None else _ranked(_in_system(named[1].upper(), *pair), near)
    if utm:
        pair = _pair(utm[3])
        if pair is not None:
            return _ranked(_utm(int(utm[1]), utm[2].upper(), *pair), near)
    degrees = _degrees(cleaned, near)
    if degrees:
        return degrees
    pair = _pair(re.sub(r"\b[XYNEĐB]\s*[:=]?\s*(?=[\d-])", " ", cleaned, flags=re.IGNORECASE))
    return () if pair is None else _lengths(*pair, crs, near)


def _cleaned(text: str) -> str:
    said = unicodedata.normalize("NFC", text).strip()
    for pattern, mark in _WORDS:
        said = re.sub(pattern, mark, said, flags=re.IGNORECASE)
    return re.sub(r"[\s\u00a0]+", " ", said.strip("()[] "))


# -- degrees --------------------------------------------------------------------------------------


def _degrees(text: str, near: tuple[float, float]) -> tuple[Reading, ...]:
    found = _two_angles(text)
    if found is None:
        return ()
    first, second = found
    if max(abs(first.value), abs(second.value)) > 360:
        return ()
    letters = first.letter + second.letter
    if not letters and not first.marked and not second.marked:
        _check_range(first.value, second.value)
    one, other = (_axis(angle.letter, letters) for angle in found)
    if one and other and one[0] == other[0]:
        raise CityError(
            "Both numbers are said to lie along the same axis",
            hint="Write a latitude and a longitude, such as 21.0278 N, 105.8342 E.",
            code="coordinates-same-axis",
        )
    lon_first = (one or ("", 1))[0] == "lon" or (other or ("", 1))[0] == "lat"
    values = [
        a.value * (axis[1] if axis else 1) for a, axis in zip(found, (one, other), strict=True)
    ]
    orders = [lon_first] if one or other else [False, True]
    made = []
    for order in orders:
        lat, lon = (values[1], values[0]) if order else (values[0], values[1])
        if abs(lat) <= 90 and abs(lon) <= 180:
            made.append(_globe(lon, lat, swapped=not order))
    if not made:
        raise CityError(
            f"There is no place at {values[0]:g}°, {values[1]:g}°",
            hint="Latitudes go from −90° to 90°, longitudes from −180° to 180°.",
            code="coordinates-nowhere",
        )
    return _ranked(made, near)


def _check_range(first: float, second: float) -> None:
    if min(abs(first), abs(second)) > 90 and max(abs(first), abs(second)) <= 360:
        raise CityError(
            f"There is no place at {first:g}°, {second:g}°",
            hint="Latitudes go from −90° to 90°, longitudes from −180° to 180°.",
            code="coordinates-nowhere",
        )


def _two_angles(text: str) -> tuple[_Angle, _Angle] | None:
    signs = any(mark in text for mark in "°'\"") or bool(
        re.search("[NSEWBĐDT]", text, re.IGNORECASE)
    )
    if not signs:
        pair = _pair(text)
        if pair is not None:
            return _Angle(pair[0], "", False), _Angle(pair[1], "", False)
        if not re.fullmatch(rf"(-?{NUMBER}[\s:]+){{5}}-?{NUMBER}", text):
            return None
    before = bool(re.match(_LETTER, text, re.IGNORECASE))
    parted = any(mark in text for mark in "°':") or len(re.findall(NUMBER, text)) > 2
    rest, angles = text, list[_Angle]()
    for _ in range(2):
        rest = rest.lstrip(" ,;/|")
        match = _ANGLES[before, True].match(rest + " ") if parted else None
        match = match or _ANGLES[before, False].match(rest)
        if match is None:
            return None
        angles.append(_angle(match))
        rest = rest[match.end() :]
    return (angles[0], angles[1]) if not rest.strip(" .,;") else None


def _angle(match: re.Match[str]) -> _Angle:
    letter = (match["letter"] or "").upper()
    degrees, minutes, seconds = (
        float(match[part].replace(",", ".")) if match[part] else 0.0
        for part in ("deg", "min", "sec")
    )
    if minutes >= 60 or seconds >= 60:
        raise CityError(
            "Minutes and seconds must be below 60",
            hint="Write degrees, minutes and seconds, such as 21°01'42.5\"N.",
            code="coordinates-minutes",
        )
    value = degrees + minutes / 60 + seconds / 3600
    return _Angle(-value if match["sign"] == "-" else value, letter, bool(match["min"]))


def _axis(letter: str, letters: str) -> tuple[str, int] | None:
    if not letter:
        return None
    if letter == "N":
        # Nam is south where the other letter is Vietnamese, north is north elsewhere.
        return ("lat", -1 if _VIETNAMESE & set(letters) else 1)
    return {
        "B": ("lat", 1), "S": ("lat", -1), "E": ("lon", 1), "Đ": ("lon", 1), "D": ("lon", 1),
        "W": ("lon", -1), "T": ("lon", -1),
    }[letter]  # fmt: skip


def _globe(lon: float, lat: float, *, swapped: bool) -> Reading:
    return Reading(crs=WGS84, name="WGS 84", x=lon, y=lat, lon=lon, lat=lat, swapped=swapped)


# -- lengths --------------------------------------------------------------------------------------


def _pair(text: str) -> tuple[float, float] | None:
    """Two plain numbers, whatever stands for the decimal point and between thousands."""
    text = re.sub(r"(?<=\d)\s*(m|mét|metres?)\b", " ", text, flags=re.IGNORECASE)
    parts = [p for p in re.split(r"\s*[;|/]\s*|,\s+|\s+,?\s*", text.strip(" ,;")) if p]
    if len(parts) == 1:
        middle = re.fullmatch(r"(-?\d+(?:\.\d+)?),(-?\d+(?:\.\d+)?)", parts[0])
        parts = [middle[1], middle[2]] if middle else parts
    values = [_number(part) for part in parts]
    if len(values) == 3 and values[2] is not None:
        values = values[:2]  # a height behind
    if len(values) != 2 or values[0] is None or values[1] is None:
        return None
    return values[0], values[1]


def _number(text: str) -> float | None:
    if re.fullmatch(r"-?\d{1,3}(,\d{3}){1,}\.\d+|-?\d{1,3}(,\d{3}){2,}", text):
        text = text.replace(",", "")
    elif re.fullmatch(r"-?\d{1,3}(\.\d{3}){1,},\d+|-?\d{1,3}(\.\d{3}){2,}", text):
        text = text.replace(".", "").replace(",", ".")
    text = text.replace(",", ".")
    return float(text) if re.fullmatch(r"-?\d+(\.\d+)?", text) else None


def _in_system(crs: str, first: float, second: float) -> list[Reading]:
    name = CRS.from_user_input(crs).name if _known(crs) else crs
    made = []
    for swapped, (x, y) in ((False, (first, second)), (True, (second, first))):
        lon, lat = transformer(crs, WGS84).transform(x, y)
        if math.isfinite(lon) and math.isfinite(lat):
            made.append(Reading(crs=crs, name=name, x=x, y=y, lon=lon, lat=lat, swapped=swapped))
    return made


def _known(crs: str) -> bool:
    transformer(crs, WGS84)  # refuses in words what means nothing
    return True


def _utm(zone: int, letter: str, east: float, north: float) -> list[Reading]:
    if not 1 <= zone <= 60:
        raise CityError(f"There is no UTM zone {zone}", hint="Zones go from 1 to 60.")
    # An S behind the zone is mostly meant as south, though as a band it would lie in the north.
    south = letter < "N" or letter == "S"
    crs = f"EPSG:{(32700 if south else 32600) + zone}"
    return [r for r in _in_system(crs, east, north) if _plausible_utm(r)]


def _plausible_utm(reading: Reading) -> bool:
    return 100_000 <= reading.x <= 900_000 and 0 <= reading.y <= 10_000_000


def _lengths(
    first: float, second: float, crs: str, near: tuple[float, float]
) -> tuple[Reading, ...]:
    if max(abs(first), abs(second)) < 1000:
        return ()
    made = [r for r in _in_system(crs, first, second) if _away(r, near) < FARTHEST_DEGREES]
    known = {(r.crs, r.swapped) for r in made}
    for guess in explain_candidates((first, second, first, second), near):
        x, y = (second, first) if guess.swapped else (first, second)
        if (guess.crs, guess.swapped) not in known and not CRS.from_user_input(
            guess.crs
        ).is_geographic:
            made.append(
                Reading(
                    crs=guess.crs, name=guess.name, x=x, y=y, lon=guess.lon, lat=guess.lat,
                    swapped=guess.swapped,
                )
            )  # fmt: skip
    return _ranked([r for r in made if _away(r, near) < FARTHEST_DEGREES], near)


def _away(reading: Reading, near: tuple[float, float]) -> float:
    return math.hypot(reading.lon - near[0], reading.lat - near[1])


def _ranked(found: list[Reading], near: tuple[float, float]) -> tuple[Reading, ...]:
    """Likeliest first: what lies within half a degree keeps its order, then by distance."""
    order = sorted(found, key=lambda r: max(_away(r, near), 0.5))
    return tuple(order[:MOST])
