"""Tiles of buildings: all of them near, the largest and merged blocks far, as chunks to be drawn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from layers.builders.solids import Origin, extrude
from layers.kinds.buildings import METHODS, BuildingsLayer
from layers.kinds.mesh import FLOOR, ROOF, WALL, SolidBatch
from layers.tiles.chunks import Chunk, cut
from layers.tiles.outlines import Outlines
from layers.tiles.quadtree import CELLS, KEPT, Quadtree, plan

SINK = 1.5
"""Metres that walls reach below the ground, so that no gap shows on a slope."""
MERGED = 16
"""Added to the kind of a face that belongs to a merged block."""
EDITED = METHODS.index("edited")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Survey:
    """What tiles are made of: columns of a buildings layer, some of them mapped from a disk.

    Attributes
    ----------
    outlines : of all buildings
    ground, height : (n,), metres
    area, size : float32 (n,), m² of the outline; metres, how much of a picture a building is
    model : surfaces that the source came with, else None
    own : bool (n,), which rows are drawn with those surfaces
    """

    outlines: Outlines
    ground: NDArray[np.float64]
    height: NDArray[np.float32]
    area: NDArray[np.float32]
    size: NDArray[np.float32]
    model: SolidBatch | None = None
    own: NDArray[np.bool_] | None = None


def survey_of(
    layer: BuildingsLayer,
    outlines: Outlines | None = None,
    area: NDArray[np.float32] | None = None,
) -> Survey:
    """What the tiles of `layer` are made of; `outlines` and `area` where they are known already."""
    known = outlines if outlines is not None else Outlines.of(layer.footprints)
    if area is None:
        area = known.areas().astype(np.float32)
    own = None
    if layer.model is not None:
        own = np.zeros(layer.count, dtype=bool)
        own[np.unique(layer.model.face_solid)] = True
        own &= (layer.lod >= 2) & (layer.method != EDITED)
    return Survey(
        outlines=known,
        ground=layer.ground,
        height=layer.height,
        area=area,
        size=importance(area, layer.height),
        model=layer.model if own is not None and own.any() else None,
        own=own,
    )


def importance(area: NDArray[np.floating[Any]], height: NDArray[np.float32]) -> NDArray[np.float32]:
    """How much of a picture a building is, metres: its height and half the side of its outline."""
    side = np.minimum(np.sqrt(area), 80.0)
    return np.asarray(height + 0.5 * side, np.float32)


def plan_of(survey: Survey) -> Quadtree:
    """The quadtree of a survey."""
    corners = survey.outlines.corners()
    faces = np.maximum(3 * corners - 2, 4)
    if survey.model is not None and survey.own is not None:
        count = np.bincount(survey.model.face_solid, minlength=len(faces))
        faces = np.where(survey.own, count, faces)
    return plan(survey.outlines.boxes(), survey.ground, survey.height, survey.size, faces)


def tile(survey: Survey, tree: Quadtree, node: int, *, origin: Origin) -> Chunk | None:
    """The tile of `node`, vertices relative to `origin`; None where nothing in it has an area.

    A merged block stands for the buildings of a cell: as much ground, their mean height by area,
    with the row of the largest of them.
    """
    rows = tree.rows(node)
    if tree.leaf[node]:
        return _chunk([solids(survey, rows, origin)], survey.size)
    part = np.argpartition(survey.size[rows], len(rows) - KEPT)
    kept, merged = rows[part[-KEPT:]], rows[part[:-KEPT]]
    blocks, stands_for, size = _merged(survey, merged, tree.corner[node], tree.side[node], origin)
    sizes = np.array(survey.size)
    sizes[stands_for] = size
    return _chunk([solids(survey, kept, origin), blocks], sizes)


def solids(survey: Survey, rows: NDArray[np.int64], origin: Origin) -> SolidBatch:
    """The solids of `rows`, with the row of each face."""
    own = survey.own[rows] if survey.own is not None else np.zeros(len(rows), bool)
    if not own.any():
        return _extruded(survey, rows, origin)
    assert survey.model is not None
    taken = _taken(survey.model, np.sort(rows[own]), origin)
    if own.all():
        return taken
    return _joined([taken, _extruded(survey, rows[~own], origin)])


def _extruded(survey: Survey, rows: NDArray[np.int64], origin: Origin) -> SolidBatch:
    batch = extrude(
        survey.outlines.take(rows),
        survey.ground[rows],
        survey.height[rows],
        origin=origin,
        sink=SINK,
    )
    return SolidBatch(
        origin=batch.origin,
        vertices=batch.vertices,
        triangles=batch.triangles,
        face_solid=rows[batch.face_solid].astype(np.int32),
        face_kind=batch.face_kind,
    )


def _taken(model: SolidBatch, rows: NDArray[np.int64], origin: Origin) -> SolidBatch:
    """The surfaces of `rows` (ascending), moved to `origin`."""
    found = np.searchsorted(rows, model.face_solid)
    faces = rows[np.minimum(found, len(rows) - 1)] == model.face_solid
    used, corner = np.unique(model.triangles[faces], return_inverse=True)
    shift = np.asarray(model.origin, np.float64) - np.asarray(origin)
    return SolidBatch(
        origin=origin,
        vertices=(model.vertices[used].astype(np.float64) + shift).astype(np.float32),
        triangles=corner.reshape(-1, 3).astype(np.int32),
        face_solid=model.face_solid[faces],
        face_kind=model.face_kind[faces],
    )


def _merged(
    survey: Survey,
    rows: NDArray[np.int64],
    corner: NDArray[np.float64],
    side: float,
    origin: Origin,
) -> tuple[SolidBatch, NDArray[np.int64], NDArray[np.float32]]:
    """Blocks of cells, the row each stands for, and its size."""
    boxes = _boxes(survey, rows)
    middle = (boxes[:, :2] + boxes[:, 2:]) / 2
    grid = np.clip((middle - corner) / side * CELLS, 0, CELLS - 1).astype(np.int64)
    cell = np.unique(grid[:, 1] * CELLS + grid[:, 0], return_inverse=True)[1]
    count = int(cell.max()) + 1
    area = np.maximum(survey.area[rows].astype(np.float64), 0.01)
    total = np.bincount(cell, area, count)

    def mean(values: NDArray[Any]) -> NDArray[np.float64]:
        return np.asarray(np.bincount(cell, area * values, count) / total)

    low, high = mean(survey.ground[rows]), mean(survey.ground[rows] + survey.height[rows])
    x, y = mean(middle[:, 0]), mean(middle[:, 1])
    # As wide and as deep as the outlines of the cell, as much ground as they cover together.
    west, east, south, north = (
        _extreme(cell, count, boxes[:, 0], np.minimum), _extreme(cell, count, boxes[:, 2], np.maximum),
        _extreme(cell, count, boxes[:, 1], np.minimum), _extreme(cell, count, boxes[:, 3], np.maximum),
    )  # fmt: skip
    wide, deep = np.maximum(east - west, 0.1), np.maximum(north - south, 0.1)
    shrink = np.minimum(np.sqrt(total / (wide * deep)), 1.0)
    half = np.column_stack([wide, deep]) * shrink[:, None] / 2
    stands_for = np.empty(count, np.int64)
    by_area = np.argsort(area, kind="stable")
    stands_for[cell[by_area]] = rows[by_area]
    size = (high - low + 0.5 * np.minimum(np.sqrt(total), 80.0)).astype(np.float32)
    batch = _boxes_to_solids(
        np.column_stack([x, y]) - np.asarray(origin[:2]), half, low - origin[2] - SINK,
        high - origin[2], stands_for, origin,
    )  # fmt: skip
    return batch, stands_for, size


def _boxes(survey: Survey, rows: NDArray[np.int64]) -> NDArray[np.float64]:
    return survey.outlines.some(rows).boxes()


def _extreme(
    cell: NDArray[np.int64], count: int, values: NDArray[np.float64], take: Any
) -> NDArray[np.float64]:
    found = np.full(count, np.inf if take is np.minimum else -np.inf)
    take.at(found, cell, values)
    return found


_SIDES = np.array(
    [
        [1, 5, 0], [5, 4, 0], [2, 6, 1], [6, 5, 1], [3, 7, 2], [7, 6, 2], [0, 4, 3], [4, 7, 3],
        [4, 5, 6], [4, 6, 7],
    ],
    np.int32,
)  # fmt: skip
"""Walls and roof of a box over its corners 0–3 below and 4–7 above, counter-clockwise from outside; the
last corner of a wall's triangles is where it begins."""


def _boxes_to_solids(
    middle: NDArray[np.float64],
    half: NDArray[np.float64],
    low: NDArray[np.float64],
    high: NDArray[np.float64],
    rows: NDArray[np.int64],
    origin: Origin,
) -> SolidBatch:
    count = len(middle)
    signs = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]], float)
    vertices = np.empty((count, 8, 3), np.float32)
    vertices[:, :4, :2] = vertices[:, 4:, :2] = middle[:, None] + signs * half[:, None]
    vertices[:, :4, 2], vertices[:, 4:, 2] = low[:, None], high[:, None]
    kinds = np.array([WALL] * 8 + [ROOF] * 2, np.uint8) + np.uint8(MERGED)
    return SolidBatch(
        origin=origin,
        vertices=vertices.reshape(-1, 3),
        triangles=(_SIDES + 8 * np.arange(count, dtype=np.int32)[:, None, None]).reshape(-1, 3),
        face_solid=np.repeat(rows.astype(np.int32), 10),
        face_kind=np.tile(kinds, count),
    )


def _joined(batches: list[SolidBatch]) -> SolidBatch:
    shift = np.cumsum([0] + [len(b.vertices) for b in batches[:-1]])
    return SolidBatch(
        origin=batches[0].origin,
        vertices=np.concatenate([b.vertices for b in batches]),
        triangles=np.concatenate(
            [b.triangles + np.int32(s) for b, s in zip(batches, shift, strict=True)]
        ),
        face_solid=np.concatenate([b.face_solid for b in batches]),
        face_kind=np.concatenate([b.face_kind for b in batches]),
    )


def _chunk(batches: list[SolidBatch], sizes: NDArray[np.float32]) -> Chunk | None:
    batch = _joined(batches)
    drawn = batch.face_kind != FLOOR
    rows = np.unique(batch.face_solid)
    local = np.searchsorted(rows, batch.face_solid[drawn])
    found = cut(
        batch.vertices, batch.triangles[drawn], local.astype(np.int32), batch.face_kind[drawn],
        chunk_of_row=np.zeros(len(rows), np.int64), size_of_row=sizes[rows],
    )  # fmt: skip
    if not found:
        return None
    made = found[0]
    names = rows.astype(np.int32)
    return Chunk(
        rows=names[made.rows],
        vertices=made.vertices,
        triangles=made.triangles,
        face_row=names[made.face_row],
        face_kind=made.face_kind,
        face_start=made.face_start,
        vertex_row=names[made.vertex_row],
        size=made.size,
    )
