"""Lines with a width, and how wide roads are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from layers.readers import columns as names

MITRE_LIMIT = 2.0
"""A join sticks out at most this many half widths; sharper ones are cut (SVG 1.1, 11.4, uses 4)."""

ROAD_WIDTH_M: Mapping[str, float] = {
    "motorway": 15.0, "motorway_link": 7.0, "trunk": 14.0, "trunk_link": 7.0,
    "primary": 12.0, "primary_link": 6.5, "secondary": 10.0, "secondary_link": 6.0,
    "tertiary": 8.0, "tertiary_link": 5.5, "residential": 6.0, "unclassified": 6.0,
    "living_street": 5.0, "road": 5.0, "busway": 7.0, "service": 4.0, "alley": 2.5,
    "pedestrian": 5.0, "track": 3.0, "cycleway": 2.5, "bridleway": 2.0, "footway": 2.0,
    "path": 1.5, "steps": 2.0, "corridor": 2.0, "rail": 3.0, "tram": 3.0, "light_rail": 3.0,
}  # fmt: skip
"""Carriageway by OpenStreetMap's `highway` (wiki: Key:highway): lanes a class usually has × 3–3.5 m
as in TCVN 13592:2022 (urban roads), and footpaths as they are drawn."""
LANE_M = 3.25
DEFAULT_ROAD_M = 5.0

_WIDTHS = (
    *("width", "widthm", "roadwidth", "carriagewaywidth", "estwidth", "breedte", "bredd"),
    *("rong", "berong", "chieurong", "berongduong", "chieurongduong", "rongmat", "matduong"),
    *("longduong", "berongmat", "berongmatduong", "chieurongmatduong"),
)
_CLASSES = ("highway", "type", "fclass", "class", "railway", "roadclass", "loaiduong", "capduong")


def road_width(columns: Mapping[str, NDArray[Any]], *, count: int) -> NDArray[np.float64]:
    """Width of each road in metres: its own width, else lanes × 3.25 m, else by its class.

    Understands OpenStreetMap's `width`, `lanes` and `highway`, and Vietnamese width columns
    ("be_rong", "Chiều rộng đường", "mặt đường" …). Widths beyond 0.5…120 m are not believed.
    """
    by_name = {names.folded(name): values for name, values in columns.items()}
    width = np.full(count, DEFAULT_ROAD_M)
    for wanted in _CLASSES[::-1]:
        if wanted in by_name:
            for row, value in enumerate(by_name[wanted].tolist()):
                width[row] = ROAD_WIDTH_M.get(str(value).lower(), width[row])
    if "lanes" in by_name:
        lanes = names.numbers(by_name["lanes"])
        with np.errstate(invalid="ignore"):
            width = np.where((lanes >= 1) & (lanes <= 16), lanes * LANE_M, width)
    for wanted in _WIDTHS[::-1]:
        if wanted in by_name:
            stated = names.numbers(_without_unit(by_name[wanted]))
            with np.errstate(invalid="ignore"):
                width = np.where((stated >= 0.5) & (stated <= 120), stated, width)
    return width


def ribbons(
    lines: NDArray[np.object_], widths: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.int64]]:
    """Lines with a width as triangles, joins mitred up to `MITRE_LIMIT`.

    Parameters
    ----------
    lines : LineString, shape (n,)
    widths : metres, shape (n,)

    Returns
    -------
    xy : float64, shape (v, 2): for each corner its left, then its right side
    triangles : int64, shape (t, 3), counter-clockwise; line : int64, shape (t,), ascending
    """
    xy, line = shapely.get_coordinates(lines, return_index=True)
    repeat = np.zeros(len(xy), dtype=bool)
    repeat[1:] = (line[1:] == line[:-1]) & (xy[1:] == xy[:-1]).all(axis=1)
    xy, line = xy[~repeat], line[~repeat]
    alone = np.bincount(line, minlength=len(lines))[line] < 2
    xy, line = xy[~alone], line[~alone]
    joined = line[1:] == line[:-1]  # corner k and k + 1 are one segment
    if not joined.any():
        return np.zeros((0, 2)), np.zeros((0, 3), dtype=np.int64), np.zeros(0, dtype=np.int64)
    along = np.diff(xy, axis=0)
    along[joined] /= np.hypot(along[joined, 0], along[joined, 1])[:, None]
    before, after = np.full_like(xy, np.nan), np.full_like(xy, np.nan)
    before[1:][joined] = after[:-1][joined] = along[joined]
    before, after = (
        np.where(np.isnan(before), after, before),
        np.where(np.isnan(after), before, after),
    )

    turn = before + after
    length = np.hypot(turn[:, 0], turn[:, 1])
    straight_back = length < 1e-6
    turn[straight_back] = np.column_stack([before[:, 1], -before[:, 0]])[straight_back]
    turn[~straight_back] /= length[~straight_back, None]
    # half the angle between the segments: the mitre is half a width over its cosine
    cosine = np.clip((turn * before).sum(axis=1), 1 / MITRE_LIMIT, None)
    side = np.column_stack([-turn[:, 1], turn[:, 0]])
    side *= (widths[line] / 2 / cosine)[:, None]
    sides = np.stack([xy + side, xy - side], axis=1).reshape(-1, 2)

    here = np.flatnonzero(joined) * 2
    left, right, next_left, next_right = here, here + 1, here + 2, here + 3
    triangles = np.stack(
        [
            np.column_stack([left, right, next_right]),
            np.column_stack([left, next_right, next_left]),
        ],
        axis=1,
    ).reshape(-1, 3)
    return sides, triangles, np.repeat(line[:-1][joined], 2)


def _without_unit(values: NDArray[Any]) -> NDArray[Any]:
    """ "3.5 m" → "3.5"; numbers stay."""
    if values.dtype.kind in "iufb":
        return values
    return np.array(
        [v.lower().removesuffix("m").strip() if isinstance(v, str) else v for v in values.tolist()],
        dtype=object,
    )
