"""Buildings out of gathered surfaces: footprint, ground, height, and the model as it came."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from layers.kinds.buildings import METHODS, BuildingsLayer
from layers.kinds.features import FeatureLayer
from layers.kinds.layer import Bounds, Layer
from layers.kinds.mesh import FLOOR, ROOF, SolidBatch
from layers.notices import Notice
from layers.readers.cityjson_columns import columns_of
from layers.readers.cityjson_geometry import (
    Faces,
    checked,
    kinds_by_slope,
    outlines,
    united,
)
from layers.readers.cityjson_objects import Survey
from layers.readers.cityjson_triangles import triangles_of
from layers.readers.closing import closed
from layers.readers.columns import floors_column, numbers, use_column
from layers.source import Source

_LEAST_HEIGHT_M = 0.01
_FLOORS = ("storeysAboveGround", "b3_bouwlagen")


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """Surfaces of all buildings of a file, in its own numbers.

    Attributes
    ----------
    footprints : object array (n,) of Polygon or MultiPolygon, empty where nothing lies flat
    base, top : float64 (n,), lowest and highest z; NaN where there are no faces
    triangles : int64 (t, 3), rows of `vertices`; owner int64 (t,), ascending; kind uint8 (t,)
    open : bool (n,), where the surfaces enclose nothing and could not be made to
    """

    footprints: NDArray[np.object_]
    base: NDArray[np.float64]
    top: NDArray[np.float64]
    vertices: NDArray[np.float64]
    triangles: NDArray[np.int64]
    owner: NDArray[np.int64]
    kind: NDArray[np.uint8]
    open: NDArray[np.bool_]
    notices: tuple[Notice, ...]

    @property
    def bounds(self) -> Bounds:
        """Extent of the footprints."""
        low_x, low_y, high_x, high_y = shapely.total_bounds(self.footprints)
        return (float(low_x), float(low_y), float(high_x), float(high_y))


def buildings_of(survey: Survey, *, name: str, most: int = 0) -> Model | None:
    """The model of all buildings, or the first `most`; None where the file has none.

    Raises
    ------
    ReadError
        A surface names a vertex that does not exist.
    """
    count = len(survey.ids)
    faces = checked(survey.faces, name=name)
    if most and most < count:
        count = most
        faces = faces.chosen(faces.owner < most)
    if not count or not len(faces.owner):
        return None
    kind = kinds_by_slope(faces)
    low, high = faces.heights()
    base, top = np.full(count, np.inf), np.full(count, -np.inf)
    np.minimum.at(base, faces.owner, low)
    np.maximum.at(top, faces.owner, high)
    none = ~np.isfinite(base)
    base[none], top[none] = np.nan, np.nan
    triangles, of_face, failed = triangles_of(faces)
    owner = faces.owner[of_face]
    order = np.argsort(owner, kind="stable")
    triangles, owner, of_face = triangles[order], owner[order], of_face[order]
    triangles, turned = _outward(faces.vertices, triangles, owner, np.array(survey.solid)[:count])
    shells = closed(faces.vertices, triangles, owner, kind[of_face])
    is_open = np.zeros(count, dtype=bool)
    is_open[shells.open] = True
    return Model(
        footprints=_footprints(faces, kind, count),
        base=base,
        top=top,
        vertices=faces.vertices,
        triangles=shells.triangles,
        owner=shells.owner,
        kind=shells.kind,
        open=is_open,
        notices=_notices(name, faces.dropped, failed, turned, len(shells.mended)),
    )


def layer_of_buildings(
    model: Model,
    survey: Survey,
    *,
    metres: float,
    window: Bounds | None,
    id: str,
    name: str,
    crs: str,
    vertical: str,
    source: Source,
    notices: list[Notice],
) -> list[Layer]:
    """The buildings as a layer; those without height as footprints of their own.

    `metres` is what heights in the file are to be multiplied with; of a `window` only the
    buildings that meet it are taken.
    """
    height = (model.top - model.base) * metres
    has_outline = ~shapely.is_empty(model.footprints)
    wanted = has_outline
    if window is not None:
        wanted = has_outline & shapely.intersects(model.footprints, shapely.box(*window))
    tall = wanted & (height > _LEAST_HEIGHT_M) & (np.array(survey.lod) >= 1)
    flat = wanted & ~tall
    found = [*notices, *model.notices, *_left_out(name, flat, has_outline, survey)]
    found += _blocks(name, tall & model.open, survey)
    shared: dict[str, Any] = {"crs": crs, "vertical": vertical, "source": source}
    result: list[Layer] = []
    if tall.any():
        result.append(
            _survey_layer(model, survey, tall, height, metres, id, name, tuple(found), shared)
        )
    if flat.any():
        rows = np.flatnonzero(flat)
        result.append(
            FeatureLayer(
                id=f"{id}-outlines" if result else id,
                name=f"{name} · outlines" if result else name,
                geometry=model.footprints[rows],
                columns={
                    "cityjson_id": _ids(survey, rows),
                    **columns_of([survey.attributes[row] for row in rows]),
                },
                role="footprints",
                id_column="cityjson_id",
                notices=() if result else tuple(found),
                **shared,
            )
        )
    return result


def _survey_layer(
    model: Model,
    survey: Survey,
    tall: NDArray[np.bool_],
    height: NDArray[np.float64],
    metres: float,
    id: str,
    name: str,
    notices: tuple[Notice, ...],
    shared: dict[str, Any],
) -> BuildingsLayer:
    rows = np.flatnonzero(tall)
    count = len(rows)
    columns = columns_of([survey.attributes[row] for row in rows])
    return BuildingsLayer(
        id=id,
        name=name,
        ids=_ids(survey, rows),
        footprints=model.footprints[rows],
        ground=model.base[rows] * metres,
        height=height[rows].astype(np.float32),
        method=np.full(count, METHODS.index("model"), dtype=np.uint8),
        points=np.zeros(count, dtype=np.int32),
        rmse=np.full(count, np.nan, dtype=np.float32),
        floors=_floors(columns, count),
        use=_uses(columns, count),
        lod=np.where((np.array(survey.lod)[rows] >= 2) & ~model.open[rows], 2, 1).astype(np.uint8),
        columns=columns,
        model=_batch(model, tall, metres),
        notices=notices,
        **shared,
    )


def _batch(model: Model, tall: NDArray[np.bool_], metres: float) -> SolidBatch | None:
    mine = (tall & ~model.open)[model.owner]
    if not mine.any():
        return None
    row = np.cumsum(tall) - 1
    used, compact = np.unique(model.triangles[mine], return_inverse=True)
    places = model.vertices[used]
    middle = (places.min(axis=0) + places.max(axis=0)) / 2
    origin = (float(np.round(middle[0])), float(np.round(middle[1])), 0.0)
    return SolidBatch(
        origin=origin,
        vertices=((places - origin) * [1.0, 1.0, metres]).astype(np.float32),
        triangles=compact.reshape(-1, 3).astype(np.int32),
        face_solid=row[model.owner[mine]].astype(np.int32),
        face_kind=model.kind[mine],
    )


def _footprints(faces: Faces, kind: NDArray[np.uint8], count: int) -> NDArray[np.object_]:
    """Union of the ground surfaces; where a building has none, of its roofs; else of all."""
    result = np.full(count, shapely.Polygon(), dtype=object)
    for wanted in ((FLOOR,), (ROOF,), (0, 1, 2, 3)):
        empty = shapely.is_empty(result)
        mask = np.isin(kind, wanted) & empty[faces.owner]
        if not mask.any():
            continue
        part = faces.chosen(mask)
        found = united(outlines(part), part.owner, count)
        result[empty] = found[empty]
    return result


def _outward(
    vertices: NDArray[np.float64],
    triangles: NDArray[np.int64],
    owner: NDArray[np.int64],
    solid: NDArray[np.bool_],
) -> tuple[NDArray[np.int64], int]:
    """Triangles of solids turned outward where the file has them inside out (volume below zero)."""
    middle = vertices[triangles[:, 0]] if len(triangles) else np.empty((0, 3))
    first = np.searchsorted(owner, np.arange(len(solid)))
    centre = middle[np.minimum(first, max(len(middle) - 1, 0))][owner] if len(middle) else middle
    a, b, c = (vertices[triangles[:, k]] - centre for k in range(3))
    volume = np.bincount(
        owner, weights=np.einsum("ij,ij->i", a, np.cross(b, c)) / 6, minlength=len(solid)
    )
    inside_out = solid & (volume < 0)
    turned = triangles.copy()
    wrong = inside_out[owner]
    turned[wrong] = turned[wrong][:, ::-1]
    return turned, int(inside_out.sum())


def _ids(survey: Survey, rows: NDArray[np.intp]) -> NDArray[np.object_]:
    ids = np.empty(len(rows), dtype=object)
    ids[:] = [survey.ids[row] for row in rows]
    return ids


def _floors(columns: dict[str, NDArray[Any]], count: int) -> NDArray[np.int16]:
    name = next((name for name in _FLOORS if name in columns), "") or floors_column(columns)
    if not name:
        return np.zeros(count, dtype=np.int16)
    found = numbers(columns[name])
    return np.where((found >= 0.5) & (found <= 200), np.round(found), 0).astype(np.int16)


def _uses(columns: dict[str, NDArray[Any]], count: int) -> NDArray[np.object_]:
    result = np.full(count, "", dtype=object)
    name = next((name for name in ("function", "usage", "class") if name in columns), "")
    name = name or use_column(columns)
    if name:
        result[:] = ["" if value is None else str(value) for value in columns[name].tolist()]
    return result


def _left_out(
    name: str, flat: NDArray[np.bool_], has_outline: NDArray[np.bool_], survey: Survey
) -> list[Notice]:
    found = []
    if flat.any():
        found.append(
            Notice(
                code="buildings-flat",
                what=f"{int(flat.sum())} buildings have no height; they are a layer of outlines",
                source=name,
                count=int(flat.sum()),
            )
        )
    lost = np.flatnonzero(~has_outline)
    if len(lost):
        some = ", ".join(survey.ids[row] for row in lost[:3])
        found.append(
            Notice(
                code="buildings-without-outline",
                what=f"{len(lost)} buildings have no usable surfaces and were left out: {some}",
                source=name,
                count=len(lost),
            )
        )
    return found


def _blocks(name: str, left: NDArray[np.bool_], survey: Survey) -> list[Notice]:
    rows = np.flatnonzero(left)
    if not len(rows):
        return []
    some = ", ".join(survey.ids[row] for row in rows[:3])
    return [
        Notice(
            code="solids-open",
            what=f"{len(rows)} buildings have surfaces that enclose no space: {some}",
            hint="They are drawn as blocks of their outline and height.",
            source=name,
            count=len(rows),
        )
    ]


def _notices(name: str, dropped: int, failed: int, turned: int, mended: int) -> tuple[Notice, ...]:
    counted = (
        ("faces-flat", dropped, "faces have no area and were left out"),
        ("faces-uncut", failed, "faces could not be cut into triangles and were left out"),
        ("solids-turned", turned, "solids were inside out and have been turned"),
        ("solids-closed", mended, "solids had gaps or faces turned inward and have been closed"),
    )
    return tuple(
        Notice(code=code, what=f"{count} {what}", source=name, count=count)
        for code, count, what in counted
        if count
    )
