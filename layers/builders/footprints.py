"""Features as they came into outlines of buildings: areas only, valid, each with an id."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from layers.kinds.features import FeatureLayer
from layers.notices import Notice
from layers.readers import columns as names

THIN_M2 = 0.01
"""An outline with less area than this cannot be seen; it is kept and counted."""


def outlines_of(
    features: FeatureLayer,
) -> tuple[NDArray[np.int64], NDArray[np.object_], list[Notice]]:
    """The areas among `features`, 2D and valid.

    Returns
    -------
    rows : int64 (n,), rows of `features` that are kept
    outlines : object (n,), Polygon or MultiPolygon
    notices : what was repaired or left out
    """
    raw = shapely.force_2d(np.asarray(features.geometry))
    area_like = np.isin(shapely.get_type_id(raw), (3, 6, 7))
    broken = area_like & ~shapely.is_valid(raw)
    outlines = raw.copy()
    outlines[broken] = shapely.make_valid(raw[broken], method="structure", keep_collapsed=False)
    for row in np.flatnonzero(np.isin(shapely.get_type_id(outlines), (0, 1, 2, 4, 5, 7))):
        outlines[row] = _areas_in(outlines[row])
    kept = area_like & np.isin(shapely.get_type_id(outlines), (3, 6)) & (shapely.area(outlines) > 0)
    notices = [
        _notice(
            "outlines-repaired",
            broken & kept,
            raw,
            features,
            "outlines crossed themselves and were repaired",
        ),
        _notice(
            "outlines-dropped", ~kept, raw, features, "features are not areas and were left out"
        ),
        _notice(
            "outlines-thin",
            kept & (shapely.area(outlines) < THIN_M2),
            raw,
            features,
            f"outlines have less than {THIN_M2 * 1e4:.0f} cm² and cannot be seen",
        ),
    ]
    return np.flatnonzero(kept), outlines[kept], [n for n in notices if n is not None]


def ids_of(
    features: FeatureLayer, rows: NDArray[np.int64], column: str
) -> tuple[NDArray[np.object_], list[Notice]]:
    """One text per row that no other row has.

    `column`, else the layer's own id column, else one known by its name, else the row number from
    1. A repeated id gets "-2", "-3" …, a missing one "row-7".
    """
    chosen = next(
        (c for c in (column, features.id_column) if c and c in features.columns), ""
    ) or names.id_column(features.columns)
    if not chosen:
        return np.array([str(row + 1) for row in rows.tolist()], dtype=object), []
    texts = [
        text or f"row-{row + 1}"
        for row, text in zip(
            rows.tolist(),
            map(_text, np.asarray(features.columns[chosen])[rows].tolist()),
            strict=True,
        )
    ]
    taken, seen, ids = set(texts), Counter[str](), []
    repeated = 0
    for text in texts:
        seen[text] += 1
        name = text
        if seen[text] > 1:
            repeated += 1
            while name in taken:
                name = f"{text}-{seen[text]}"
                seen[text] += name in taken
            taken.add(name)
        ids.append(name)
    notices = []
    if repeated:
        notices.append(
            Notice(
                code="ids-repeated",
                what=f"{repeated} buildings had an id in “{chosen}” that another one has; "
                "they were given a number behind it",
                hint="Choose a column that identifies each building.",
                source=features.name,
                count=repeated,
            )
        )
    return np.array(ids, dtype=object), notices


def _areas_in(geometry: Any) -> Any:
    parts = [p for p in shapely.get_parts(geometry) if shapely.get_type_id(p) in (3, 6)]
    return shapely.union_all(parts) if parts else shapely.Polygon()


def _text(value: Any) -> str:
    if value is None or value != value:  # NaN is not equal to itself
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()


def _notice(
    code: str,
    which: NDArray[np.bool_],
    raw: NDArray[np.object_],
    features: FeatureLayer,
    what: str,
) -> Notice | None:
    count = int(np.count_nonzero(which))
    if not count:
        return None
    x, y, _, _ = shapely.bounds(raw[np.flatnonzero(which)[0]])
    return Notice(
        code=code,
        what=f"{count} {what}",
        source=features.name,
        count=count,
        where=(float(x), float(y)) if np.isfinite(x) else None,
    )
