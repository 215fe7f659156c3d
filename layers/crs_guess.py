"""Which coordinate systems could belong to bare numbers; offered to people, never chosen."""

from __future__ import annotations

import math
from functools import lru_cache

import msgspec
from pyproj import CRS, Geod, Transformer

from layers.kinds.layer import Bounds

VIETNAM: tuple[str, ...] = (
    "EPSG:5897", "EPSG:3405", "EPSG:3406",
    "EPSG:5896", "EPSG:5898", "EPSG:5899",
    "EPSG:9205", "EPSG:9206", "EPSG:9207", "EPSG:9208", "EPSG:9209", "EPSG:9210", "EPSG:9211",
    "EPSG:9212", "EPSG:9213", "EPSG:9214", "EPSG:9215", "EPSG:9216", "EPSG:9217", "EPSG:9218",
)  # fmt: skip
"""All projected systems of VN-2000 in the EPSG register; the one of Hanoi first."""

_VIETNAM_TOO = ("EPSG:32648", "EPSG:32649", "EPSG:2044", "EPSG:2045", "EPSG:3148", "EPSG:3149")
"""Also met in Vietnam: WGS 84 / UTM, Hanoi 1972 (Gauss-Krüger), Indian 1960."""

_ELSEWHERE = (
    "EPSG:28992", "EPSG:2154", "EPSG:27700", "EPSG:2056", "EPSG:31370", "EPSG:3006", "EPSG:3007",
    "EPSG:31256", "EPSG:3879", "EPSG:6677", "EPSG:3414", "EPSG:2326",
    "EPSG:25829", "EPSG:25830", "EPSG:25831", "EPSG:25832", "EPSG:25833",
    "EPSG:26910", "EPSG:26911", "EPSG:26912", "EPSG:26913", "EPSG:26914", "EPSG:26915",
    "EPSG:26916", "EPSG:26917", "EPSG:26918", "EPSG:26919",
)  # fmt: skip

_CITIES: tuple[tuple[str, float, float, str], ...] = (
    ("Hà Nội", 105.852, 21.029, "EPSG:5897"),
    ("TP. Hồ Chí Minh", 106.700, 10.776, "EPSG:9210"),
    ("Hải Phòng", 106.683, 20.857, "EPSG:9210"),
    ("Đà Nẵng", 108.212, 16.068, "EPSG:5899"),
    ("Cần Thơ", 105.784, 10.035, "EPSG:5897"),
    ("Huế", 107.585, 16.464, "EPSG:9214"),
    ("Nha Trang", 109.192, 12.245, "EPSG:9217"),
    ("Vinh", 105.682, 18.673, "EPSG:9208"),
    ("Hạ Long", 107.080, 20.955, "EPSG:5899"),
    ("Biên Hòa", 106.825, 10.957, "EPSG:5899"),
    ("Buôn Ma Thuột", 108.040, 12.667, "EPSG:9218"),
    ("Đà Lạt", 108.442, 11.940, "EPSG:5899"),
    ("Quy Nhơn", 109.220, 13.770, "EPSG:9217"),
    ("Thái Nguyên", 105.844, 21.594, "EPSG:9213"),
)
"""City, longitude, latitude (WGS 84), and the VN-2000 zone its province uses by the register;
the likelier a plan is about it, the earlier."""

_NEAR_KM = 25.0
_MOST = 12


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """One coordinate system that would put the data at a plausible place.

    Attributes
    ----------
    crs : "EPSG:n"
    name : for people
    lon, lat : degrees WGS 84, where the middle of the data would lie
    reason : one sentence for people
    swapped : x and y would have to change places first (Vietnamese surveys write north as x)
    """

    crs: str
    name: str
    lon: float
    lat: float
    reason: str
    swapped: bool = False


class _Guess(msgspec.Struct):
    order: tuple[int, int, int]
    crs: str
    lon: float
    lat: float
    place: str
    swapped: bool


def candidates(bounds: Bounds, near: str | tuple[float, float] = "vn") -> tuple[str, ...]:
    """Codes of the systems that would put `bounds` at a plausible place, best first.

    Parameters
    ----------
    bounds
        In the file's own numbers.
    near
        "vn" prefers Vietnam and its cities, (longitude, latitude) a known place, "" nothing.
    """
    return tuple(dict.fromkeys(found.crs for found in explain_candidates(bounds, near)))


def explain_candidates(
    bounds: Bounds, near: str | tuple[float, float] = "vn"
) -> tuple[Candidate, ...]:
    """As `candidates`, with where each would put the data, and why it is offered."""
    if not all(math.isfinite(value) for value in bounds):
        return ()
    low_x, low_y, high_x, high_y = bounds
    guesses = _degrees(bounds, near)
    if not guesses:
        guesses = _projected(bounds, near, swapped=False)
        turned = _projected((low_y, low_x, high_y, high_x), near, swapped=True)
        # Numbers that change places fit somewhere on Earth all too often: only near counts.
        guesses += [guess for guess in turned if guess.order[0] <= 2 or not guesses]
    guesses.sort(key=lambda guess: guess.order)
    return tuple(_explain(guess, guesses[0]) for guess in guesses[:_MOST])


def _degrees(bounds: Bounds, near: str | tuple[float, float]) -> list[_Guess]:
    low_x, low_y, high_x, high_y = bounds
    found: list[_Guess] = []
    for swapped, (west, south, east, north) in (
        (False, bounds),
        (True, (low_y, low_x, high_y, high_x)),
    ):
        if not (-180 <= west <= east <= 180 and -90 <= south <= north <= 90):
            continue
        lon, lat = (west + east) / 2, (south + north) / 2
        tier, step, place = _rank(lon, lat, near)
        if swapped and found and tier >= found[0].order[0]:
            continue  # both ways are possible and this one is no likelier
        found.append(_Guess((tier, step, int(swapped)), "EPSG:4326", lon, lat, place, swapped))
    return found


def _projected(bounds: Bounds, near: str | tuple[float, float], *, swapped: bool) -> list[_Guess]:
    found = []
    codes = (*VIETNAM[:2], "EPSG:32648", *VIETNAM[2:], *_VIETNAM_TOO[1:], *_ELSEWHERE, "EPSG:3857")
    for preference, code in enumerate(codes):
        to_degrees, area = _system(code)
        xs = (bounds[0], bounds[2], (bounds[0] + bounds[2]) / 2)
        ys = (bounds[1], bounds[3], (bounds[1] + bounds[3]) / 2)
        lons, lats = to_degrees.transform(xs, ys)
        if not all(area[0] <= lon <= area[2] for lon in lons):
            continue
        if not all(area[1] <= lat <= area[3] for lat in lats):
            continue
        tier, step, place = _rank(lons[2], lats[2], near)
        if tier > 1:
            # The smaller the area that a system is meant for, the more it says to lie in it.
            step = int((area[2] - area[0]) * (area[3] - area[1]) // 50)
        if _legal(code, place):
            preference -= 100
        order = (tier + int(swapped), step, preference)
        found.append(_Guess(order, code, lons[2], lats[2], place, swapped))
    return found


def _rank(lon: float, lat: float, near: str | tuple[float, float]) -> tuple[int, int, str]:
    """Tier (0 best), distance in steps, and the place it is near to."""
    if isinstance(near, tuple):
        distance = _kilometres(lon, lat, *near)
        return (0 if distance < 4 * _NEAR_KM else 3), int(distance // _NEAR_KM), ""
    if near != "vn" or not (102.14 <= lon <= 109.53 and 8.33 <= lat <= 23.4):
        return 3, 0, ""
    distance, index = min((_kilometres(lon, lat, c[1], c[2]), i) for i, c in enumerate(_CITIES))
    if distance < _NEAR_KM:
        return 0, index, _CITIES[index][0]
    return 1, int(distance // (4 * _NEAR_KM)), ""


def _legal(code: str, place: str) -> bool:
    return any(name == place and zone == code for name, _, _, zone in _CITIES)


def _kilometres(lon: float, lat: float, other_lon: float, other_lat: float) -> float:
    return float(_geod().inv(lon, lat, other_lon, other_lat)[2]) / 1000


def _explain(guess: _Guess, best: _Guess) -> Candidate:
    name = CRS.from_user_input(guess.crs).name
    words = [f"{name} puts the data at {guess.lon:.4f}° E, {guess.lat:.4f}° N"]
    if guess.place:
        words.append(f"in or near {guess.place}")
        if _legal(guess.crs, guess.place):
            words.append("the zone laid down for that place")
    if guess.swapped:
        words.append("if x and y change places (north was written first)")
    if guess is not best:
        away = _kilometres(guess.lon, guess.lat, best.lon, best.lat) * 1000
        if away < 50_000:
            words.append(f"{away:.0f} m from where {best.crs} would put it")
    return Candidate(
        crs=guess.crs,
        name=name,
        lon=guess.lon,
        lat=guess.lat,
        reason=", ".join(words),
        swapped=guess.swapped,
    )


@lru_cache(maxsize=1)
def _geod() -> Geod:
    return Geod(ellps="WGS84")


@lru_cache(maxsize=128)
def _system(code: str) -> tuple[Transformer, Bounds]:
    """Transformation to degrees, and the area the system is meant for with a small margin."""
    crs = CRS.from_user_input(code)
    margin = 0.05
    area = crs.area_of_use
    box = (area.west, area.south, area.east, area.north) if area else (-180.0, -90.0, 180.0, 90.0)
    return (
        Transformer.from_crs(crs, "EPSG:4326", always_xy=True),
        (box[0] - margin, box[1] - margin, box[2] + margin, box[3] + margin),
    )
