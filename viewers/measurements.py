"""What was measured, as numbers with names, and as words with no more digits than they deserve."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from layers.atomic import atomic
from layers.measure import accuracy
from layers.measure.ground_scale import grid_factor, ground_lengths
from layers.measure.shapes import angle, areas, bearing, lengths, surface_area
from twin.city import City
from viewers.i18n import mark, number, tr
from viewers.scene.plain import ground_of

KINDS = {
    "distance": mark("Distance"),
    "area": mark("Area"),
    "height": mark("Height difference"),
    "angle": mark("Angle"),
}
LEAST = {"distance": 2, "area": 3, "height": 2, "angle": 3, "profile": 2}
MOST = {"height": 2, "angle": 3}
"""Places a kind takes; others take any number."""
ON_GROUND_M = 1.0
"""How far from the ground corners of an area may lie to be an area of it."""
KM, HA, KM2 = 1e4, 1e4, 1e6


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """One number: `name` is English, marked; `unit` "m", "m²", "°" or "%"; `spread` one standard
    deviation in the same unit."""

    name: str
    value: float
    spread: float
    unit: str = "m"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Measurement:
    """One thing that was measured.

    Attributes
    ----------
    number : counted from 1 in the order they were made
    kind : one of `KINDS`
    points : float64 (n, 3), world metres
    spreads : float64 (n, 2), metres: how far each may be off on the map and in height
    values : the main one first
    """

    number: int
    kind: str
    points: NDArray[np.float64]
    spreads: NDArray[np.float64]
    values: tuple[Value, ...]

    @property
    def title(self) -> str:
        """Its kind and number, in the language now."""
        return f"{tr(KINDS[self.kind])} {self.number}"


def measured(
    kind: str, points: NDArray[np.float64], spreads: NDArray[np.float64], city: City
) -> tuple[Value, ...]:
    """Values of a finished line, area, height or angle.

    Parameters
    ----------
    spreads : float64 (n, 2), metres: how far each point may be off on the map and in height

    Raises
    ------
    CityError
        The points make none, such as an area that crosses itself.
    """
    found = {"distance": _distance, "area": _area, "height": _height, "angle": _angle}[kind]
    return tuple(v for v in found(points, spreads, city) if math.isfinite(v.value))


def segment_spreads(
    points: NDArray[np.float64], spreads: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Standard deviation, metres, of each segment's length in space."""
    found = lengths(points)
    space = np.maximum(found.space, 1e-9)
    square = spreads[:-1] ** 2 + spreads[1:] ** 2
    made: NDArray[np.float64] = np.sqrt(
        square[:, 0] * (found.level / space) ** 2 + square[:, 1] * (found.rise / space) ** 2
    )
    return made


def _distance(points: NDArray[np.float64], spreads: NDArray[np.float64], city: City) -> list[Value]:
    found, each = lengths(points), segment_spreads(points, spreads)
    level = accuracy.of_length(spreads[:, 0])
    up = math.hypot(float(spreads[0, 1]), float(spreads[-1, 1]))
    values = [
        Value(name=mark("In space"), value=float(found.space.sum()), spread=math.hypot(*each)),
        Value(name=mark("Level"), value=float(found.level.sum()), spread=level),
        Value(name=mark("Rise"), value=float(found.rise.sum()), spread=up),
    ]
    ground = float(ground_lengths(city.frame.crs, points).sum())
    if _matters(ground - values[1].value, level):
        values.append(Value(name=mark("Level, on the ground"), value=ground, spread=level))
    if len(points) == 2 and found.level[0] > 1e-6:
        sure = math.degrees(math.atan2(level, float(found.level[0])))
        values.append(
            Value(name=mark("Bearing"), value=bearing(points[0], points[1]), spread=sure, unit="°")
        )
    if len(points) > 2:
        values += [
            Value(name=mark("Segment {number}"), value=float(one), spread=float(off))
            for one, off in zip(found.space, each, strict=True)
        ]
    return values


def _area(points: NDArray[np.float64], spreads: NDArray[np.float64], city: City) -> list[Value]:
    found = areas(points)
    level = accuracy.of_area(points[:, :2], spreads[:, 0])
    space = accuracy.of_area(points, np.hypot(spreads[:, 0], spreads[:, 1]) / math.sqrt(2))
    around = accuracy.of_length(np.append(spreads[:, 0], spreads[0, 0]))
    upright = found.level < 0.05 * found.plane
    flat = Value(name=mark("Level area"), value=found.level, spread=level, unit="m²")
    plane = Value(name=mark("Area in its own plane"), value=found.plane, spread=space, unit="m²")
    values = [plane, flat] if upright else [flat]
    surface = _on_ground(points, city)
    if math.isfinite(surface):
        values.append(
            Value(name=mark("Area of the ground surface"), value=surface, spread=level, unit="m²")
        )
    elif not upright and found.plane > found.level * 1.001:
        values.append(plane)
    x, y, z = (float(v) for v in points.mean(axis=0))
    ground = found.level / grid_factor(city.frame.crs, x, y, z) ** 2
    if not upright and _matters(ground - found.level, level):
        values.append(
            Value(name=mark("Level area, on the ground"), value=ground, spread=level, unit="m²")
        )
    values.append(Value(name=mark("Perimeter"), value=found.perimeter, spread=around))
    return values


def _on_ground(points: NDArray[np.float64], city: City) -> float:
    """m² of the terrain within; NaN where the area is not one of the ground."""
    from layers.builders.ground import sample

    ground = ground_of(city)
    if ground is None:
        return math.nan
    off = np.abs(sample(ground, points[:, :2]) - points[:, 2])
    return surface_area(points, ground) if (off < ON_GROUND_M).all() else math.nan


def _height(points: NDArray[np.float64], spreads: NDArray[np.float64], city: City) -> list[Value]:
    found = lengths(points)
    rise, level = float(found.rise[0]), float(found.level[0])
    up, flat = math.hypot(*spreads[:, 1]), math.hypot(*spreads[:, 0])
    values = [
        Value(name=mark("Height difference"), value=rise, spread=up),
        Value(name=mark("Level"), value=level, spread=flat),
    ]
    if level > 1e-6:
        off = math.hypot(up / level, flat * rise / level**2)
        slope = math.degrees(math.atan2(rise, level))
        turned = math.degrees(off * math.cos(math.radians(slope)) ** 2)
        values += [
            Value(name=mark("Slope"), value=100 * rise / level, spread=100 * off, unit="%"),
            Value(name=mark("Inclination"), value=slope, spread=turned, unit="°"),
        ]
    low, high = (0, 1) if rise >= 0 else (1, 0)
    for name, end in ((mark("Lower end"), low), (mark("Upper end"), high)):
        values.append(Value(name=name, value=float(points[end, 2]), spread=float(spreads[end, 1])))
    return values


def _angle(points: NDArray[np.float64], spreads: NDArray[np.float64], city: City) -> list[Value]:
    found = angle(points)
    off = accuracy.of_angle(points, np.hypot(spreads[:, 0], spreads[:, 1]) / math.sqrt(2))
    level = points * np.array([1.0, 1.0, 0.0])
    flat = accuracy.of_angle(level, spreads[:, 0])
    return [
        Value(name=mark("Angle in space"), value=found.space, spread=off, unit="°"),
        Value(name=mark("Angle on the map"), value=found.level, spread=flat, unit="°"),
    ]


def _matters(difference: float, spread: float) -> bool:
    """Whether a difference would be seen in the digits that are shown."""
    return abs(difference) >= 0.5 * 10.0 ** -accuracy.digits(spread)


# -- words ----------------------------------------------------------------------------------------


def named(value: Value, index: int = 0) -> str:
    """Its name in the language now; `index` counts segments."""
    return tr(value.name, number=index) if "{number}" in value.name else tr(value.name)


def amount(value: Value, *, sure: bool = True) -> str:
    """The number with its unit, and with how sure it is where `sure`."""
    unit, per = value.unit, 1.0
    if unit == "m" and abs(value.value) >= KM:
        unit, per = "km", 1e3
    elif unit == "m²" and abs(value.value) >= KM2:
        unit, per = "km²", 1e6
    elif unit == "m²" and abs(value.value) >= HA:
        unit, per = "ha", 1e4
    spread = value.spread / per
    most = accuracy.MOST_DIGITS if per == 1 else 4
    digits = accuracy.digits(spread, most)
    text = number(accuracy.rounded(value.value / per, spread), digits)
    text = text.replace("-", "−") + (unit if unit in "°" else f" {unit}")
    if sure and math.isfinite(spread):
        text += f" ± {number(max(spread, 10.0**-digits), digits)}"
    return text


def lines_of(one: Measurement) -> list[tuple[str, str]]:
    """(name, amount) of all its values, in the language now."""
    made, segment = [], 0
    for value in one.values:
        segment += "{number}" in value.name
        made.append((named(value, segment), amount(value)))
    return made


def as_text(one: Measurement) -> str:
    """All of it as lines, for the clipboard."""
    return "\n".join([one.title, *(f"{name}\t{said}" for name, said in lines_of(one))])


def as_csv(all_of: Sequence[Measurement], crs: str) -> str:
    """A table with a row for each value and one for each point; numbers with a point, metres."""
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\r\n")
    table.writerow(["measurement", "kind", "what", "value", "spread", "unit", "x", "y", "z", "crs"])
    for one in all_of:
        segment = 0
        for value in one.values:
            segment += "{number}" in value.name
            digits = accuracy.digits(value.spread, 4) + 1
            table.writerow([
                one.number, one.kind, value.name.replace("{number}", str(segment)),
                f"{value.value:.{digits}f}", f"{value.spread:.{digits}f}", value.unit,
                "", "", "", crs,
            ])  # fmt: skip
        for place in one.points:
            row = [one.number, one.kind, "point", "", "", "", *(f"{v:.3f}" for v in place), crs]
            table.writerow(row)
    return out.getvalue()


def write_table(path: Path, text: str) -> None:
    """Write a table that spreadsheets open with all letters; raises `WriteError`."""
    with atomic(path) as temporary:
        temporary.write_text(text, encoding="utf-8-sig", newline="")
