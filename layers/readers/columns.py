"""What a column is about, by its name in the languages that data comes in, and by its values."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from layers.notices import Notice

Columns = Mapping[str, NDArray[Any]]

LOWEST_MEDIAN_M = 2.2
"""Half of all buildings lower than this cannot be: a door is 2 m high, and a roof lies above it."""
HIGHEST_MEDIAN_M = 200.0
"""Half of all buildings higher than this cannot be: only a few hundred towers on Earth are."""
HIGHEST_M = 1000.0
"""No building is higher (Burj Khalifa: 828 m)."""
MOST_BEYOND = 0.01
"""Share of values above `HIGHEST_M` that is still taken as slips of the pen."""

_HEIGHT = (
    *("height", "buildingheight", "bldgheight", "heightm", "measuredheight", "relheight", "hgt"),
    *("hoogte", "gebouwhoogte", "hojd", "byggnadshojd", "hauteur", "hohe", "hoehe", "altura"),
    *("chieucao", "docao", "caodo", "chieucaonha", "chieucaocongtrinh", "chieucaom"),
)
_FLOORS = (
    *("floors", "buildinglevels", "levels", "storeys", "stories", "storeysaboveground"),
    *("numfloors", "nfloors", "floorcount", "nofloors", "numstoreys"),
    *("bouwlagen", "verdiepingen", "aantalverdiepingen", "aantalbouwlagen", "vaningar"),
    *("antalvaningar", "sotang", "tangcao", "tang", "sotangcao", "sotangnha", "nbetages"),
)
_USE = (
    *("use", "usage", "buildinguse", "landuse", "function", "buildinguses", "occupancy"),
    *("gebruik", "gebruiksdoel", "functie", "verksamhet", "andamal", "anvandning"),
    *("chucnang", "congnang", "mucdich", "mucdichsudung", "loaidat", "loainha", "loaict", "mdsd"),
    *("building", "class", "category", "zone", "zoning"),
)
_ID = (
    *("id", "uuid", "guid", "globalid", "buildingid", "bldgid", "gmlid", "osmid", "osmwayid"),
    *("identificatie", "identificatiebagpnd", "lokaalid", "fastighet", "objektid", "byggnadsid"),
    *("manha", "macongtrinh", "mathua", "sothua", "madoituong", "ma"),
    *("objectid", "gid", "fid", "ogcfid"),
)


def folded(name: str) -> str:
    """`name` in lower-case ASCII letters and digits only: "Số tầng" → "sotang"."""
    bare = unicodedata.normalize("NFD", name.replace("đ", "d").replace("Đ", "D"))
    return "".join(c for c in bare.lower() if c.isascii() and c.isalnum())


def height_column(columns: Columns) -> str:
    """The column that by its name holds heights of buildings, "" for none.

    Its values may still be something else: ask `plausible_heights`.
    """
    return _first(columns, _HEIGHT, _holds_numbers)


def floors_column(columns: Columns) -> str:
    """The column that holds numbers of floors (whole or half, 1…200), "" for none."""
    return _first(columns, _FLOORS, _holds_floors)


def use_column(columns: Columns) -> str:
    """The column of texts that says what something is used for, "" for none."""
    return _first(columns, _USE, _holds_texts)


def id_column(columns: Columns) -> str:
    """The column that identifies every row: by name, none missing, all different; "" for none."""
    return _first(columns, _ID, _all_different)


def numbers(values: ArrayLike) -> NDArray[np.float64]:
    """`values` as float64, shape (n,); NaN where a value is no number.

    Texts are read with a point or a comma as decimal sign ("12,5").
    """
    array = np.asarray(values)
    if array.dtype.kind in "iufb":
        return array.astype(np.float64)
    result = np.full(len(array), np.nan)
    for row, value in enumerate(array.tolist()):
        if value is None:
            continue
        try:
            result[row] = float(value.replace(",", ".") if isinstance(value, str) else value)
        except (TypeError, ValueError):
            continue
    return result


def plausible_heights(values: ArrayLike) -> tuple[bool, str]:
    """Whether `values` can be heights of buildings above their ground, in metres.

    The rule, over the values that are finite and above zero: their median is between
    `LOWEST_MEDIAN_M` and `HIGHEST_MEDIAN_M`, at most `MOST_BEYOND` of them exceed `HIGHEST_M`,
    and there is at least one. Thicknesses of a printed model, kilometres, centimetres and codes
    fail; feet cannot be told from metres this way.

    Returns
    -------
    (ok, reason) : `reason` is one sentence, "" where ok
    """
    found = numbers(values)
    found = found[np.isfinite(found) & (found > 0)]
    if not len(found):
        return False, "no value is above zero"
    median = float(np.median(found))
    if median < LOWEST_MEDIAN_M:
        return False, (
            f"half of the values are below {median:.3g}, and no city is {LOWEST_MEDIAN_M} m high"
        )
    beyond = float((found > HIGHEST_M).mean())
    if median > HIGHEST_MEDIAN_M or beyond > MOST_BEYOND:
        return False, f"the values reach {found.max():.6g}; no city is that high"
    return True, ""


def height_notice(name: str, values: ArrayLike, *, source: str = "") -> Notice | None:
    """The notice "height-not-metres" where `values` of column `name` are no heights, else None."""
    ok, reason = plausible_heights(values)
    if ok:
        return None
    found = numbers(values)
    return Notice(
        code="height-not-metres",
        what=f"The column “{name}” does not hold heights of buildings in metres: {reason}",
        hint="It is kept as an attribute but not used; choose another column, or give LiDAR, "
        "a surface model or floors.",
        source=source,
        count=int(np.isfinite(found).sum()),
    )


def _first(columns: Columns, names: Sequence[str], fits: Any) -> str:
    by_name: dict[str, str] = {}
    for name in columns:
        by_name.setdefault(folded(name), name)
    for wanted in names:
        found = by_name.get(wanted, "")
        if found and fits(columns[found]):
            return found
    return ""


def _holds_numbers(values: NDArray[Any]) -> bool:
    return bool(np.isfinite(numbers(values)).any())


def _holds_floors(values: NDArray[Any]) -> bool:
    found = numbers(values)
    found = found[np.isfinite(found) & (found != 0)]
    return bool(len(found)) and bool(((found >= 0.5) & (found <= 200)).mean() > 0.99)


def _holds_texts(values: NDArray[Any]) -> bool:
    return values.dtype.kind in "OU" and any(isinstance(v, str) and v for v in values.tolist())


def _all_different(values: NDArray[Any]) -> bool:
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        return False
    listed = values.tolist()
    return (
        bool(listed)
        and None not in listed
        and "" not in listed
        and len(set(map(str, listed))) == len(listed)
    )
