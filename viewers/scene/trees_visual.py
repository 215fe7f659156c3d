"""Trees: trunk and crown in three shapes, in chunks like buildings, so that far ones are thinned."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from layers.builders.trees import Trees, trees_from_features
from layers.kinds.features import FeatureLayer
from layers.kinds.layer import Layer
from layers.tiles.chunks import Chunk, assign, cell_size, cut
from twin.style import Style
from viewers.scene.cells import Cells, square_cells
from viewers.scene.chosen import with_chosen
from viewers.scene.chunked_mesh import ChunkedMesh
from viewers.scene.colouring import by_column
from viewers.scene.eye import Eye
from viewers.scene.marked_visual import MarkedVisual
from viewers.scene.ramps import rgb
from viewers.scene.visual import Rays, Surroundings

GREENS = np.array([rgb(c) for c in ("#6f8f58", "#7f9c62", "#8ba86c", "#66865a", "#94a871")])
TRUNK = rgb("#8a7360")
SELECTED = np.array([255, 140, 40], np.uint8)
TRUNK_FACE, CROWN_FACE = 0, 1
AT_ONCE = 20_000
"""More trees than these grow in cells, in workers."""
NEAR_PIXELS = 8.0
"""Pixels a metre covers where trees have trunks and round crowns."""
Shape = tuple[NDArray[np.float64], NDArray[np.int32], NDArray[np.uint8]]


def _lathe(
    rings: list[tuple[float, float]], sides: int, twist: float, uneven: float = 0.0
) -> tuple[list[list[float]], list[list[int]]]:
    """A turned body: (radius, height) of each ring; a radius of 0 is a tip. `uneven`: share of a radius
    that may be missing."""
    points: list[list[float]] = []
    faces: list[list[int]] = []
    before: list[int] = []
    for number, (radius, height) in enumerate(rings):
        if radius == 0:
            here = [len(points)]
            points.append([0.0, 0.0, height])
        else:
            here = [len(points) + k for k in range(sides)]
            for k in range(sides):
                angle = 2 * np.pi * (k + 0.5 * (number % 2)) / sides + twist
                # No crown is a lathe's work: it bulges here and is hollow there.
                out = radius * (1.0 - uneven * (0.5 + 0.5 * np.sin(2.4 * k + 3.7 * number)))
                lift = 0.35 * uneven * radius * np.cos(1.9 * k + 2.3 * number)
                points.append([out * np.cos(angle), out * np.sin(angle), height + lift])
        for k in range(sides if before else 0):
            a, b = before[k % len(before)], before[(k + 1) % len(before)]
            c, d = here[k % len(here)], here[(k + 1) % len(here)]
            if a != b:
                faces.append([a, b, d if len(here) > 1 else c])
            if c != d:
                faces.append([a, d, c])
        before = here
    return points, faces


def shapes() -> tuple[Shape, ...]:
    """Three trees of height 1 and crown diameter 1: vertices, triangles, trunk or crown per face."""
    made = []
    crowns = (
        [(0.0, 0.28), (0.36, 0.40), (0.5, 0.60), (0.36, 0.84), (0.0, 1.0)],
        [(0.0, 0.34), (0.47, 0.46), (0.5, 0.66), (0.28, 0.90), (0.0, 0.98)],
        [(0.0, 0.18), (0.44, 0.32), (0.34, 0.58), (0.16, 0.84), (0.0, 1.0)],
    )
    for number, rings in enumerate(crowns):
        trunk, trunk_faces = _lathe([(0.035, 0.0), (0.03, 0.45)], 3, 0.3)
        crown, crown_faces = _lathe(rings, 7, 0.7 * number, 0.26)
        faces = trunk_faces + [[i + len(trunk) for i in face] for face in crown_faces]
        kind = [TRUNK_FACE] * len(trunk_faces) + [CROWN_FACE] * len(crown_faces)
        made.append((np.array(trunk + crown), np.array(faces, np.int32), np.array(kind, np.uint8)))
    return tuple(made)


def far_shapes() -> tuple[Shape, ...]:
    """The same three as seen from far: a crown of eight faces or less, no trunk."""
    made = []
    rings_of = (
        [(0.0, 0.26), (0.52, 0.62), (0.0, 1.0)],
        [(0.0, 0.30), (0.54, 0.58), (0.0, 0.98)],
        [(0.5, 0.22), (0.0, 1.0)],
    )
    for number, rings in enumerate(rings_of):
        crown, faces = _lathe(rings, 4, 0.7 * number)
        kind = np.full(len(faces), CROWN_FACE, np.uint8)
        made.append((np.array(crown), np.array(faces, np.int32), kind))
    return tuple(made)


def grow(
    trees: Trees,
    origin: tuple[float, float, float],
    *,
    rows: NDArray[np.int64] | None = None,
    far: bool = False,
) -> tuple[NDArray[np.float32], NDArray[np.int32], NDArray[np.int32], NDArray[np.uint8]]:
    """Trees (all, or those in `rows`) as one mesh: vertices, triangles, tree per face, trunk or crown
    per face. A tree has the same shape and turn in every mesh."""
    rows = np.arange(len(trees.xyz)) if rows is None else rows
    # A number from the place in the layer, spread by the golden ratio: the same in any subset.
    lot = (rows * 0.6180339887498949) % 1.0
    shape_of, turn = (lot * 3).astype(np.int64), 2 * np.pi * ((rows * 0.7548776662466927) % 1.0)
    local = trees.xyz[rows] - np.asarray(origin)
    crowns, heights = trees.crown[rows].astype(float), trees.height[rows].astype(float)
    out: list[
        tuple[NDArray[np.float32], NDArray[np.int32], NDArray[np.int32], NDArray[np.uint8]]
    ] = []
    start = 0
    for number, (points, faces, kind) in enumerate(far_shapes() if far else shapes()):
        who = np.flatnonzero(shape_of == number)
        sin, cos = np.sin(turn[who])[:, None], np.cos(turn[who])[:, None]
        crown = crowns[who][:, None]
        x = local[who, 0:1] + crown * (points[:, 0] * cos - points[:, 1] * sin)
        y = local[who, 1:2] + crown * (points[:, 0] * sin + points[:, 1] * cos)
        z = local[who, 2:3] + heights[who][:, None] * points[:, 2]
        vertices = np.stack([x, y, z], axis=2).reshape(-1, 3).astype(np.float32)
        shift = start + np.arange(len(who)) * len(points)
        triangles = (faces[None] + shift[:, None, None]).reshape(-1, 3).astype(np.int32)
        out.append(
            (
                vertices,
                triangles,
                np.repeat(rows[who], len(faces)).astype(np.int32),
                np.tile(kind, len(who)),
            )
        )
        start += len(vertices)
    vertices, triangles, face_tree, face_kind = (
        np.concatenate(part) for part in zip(*out, strict=True)
    )
    order = np.argsort(face_tree, kind="stable")
    return vertices, triangles[order], face_tree[order], face_kind[order]


def cell_chunk(
    trees: Trees, rows: NDArray[np.int64], origin: tuple[float, float, float], *, far: bool
) -> Chunk:
    """The trees of one cell, the most visible first."""
    vertices, triangles, face_tree, face_kind = grow(trees, origin, rows=rows, far=far)
    place = np.searchsorted(rows, face_tree).astype(np.int32)
    lot = 0.4 + 0.6 * ((rows * 0.5698402909980532) % 1.0)
    (chunk,) = cut(
        vertices, triangles, place, face_kind,
        chunk_of_row=np.zeros(len(rows), np.int64),
        size_of_row=(trees.height[rows] * lot).astype(np.float32),
    ).values()  # fmt: skip
    return replace(
        chunk,
        rows=rows[chunk.rows].astype(np.int32),
        face_row=rows[chunk.face_row].astype(np.int32),
        vertex_row=rows[chunk.vertex_row].astype(np.int32),
    )


class TreesVisual(MarkedVisual):
    """Draws a layer of trees."""

    casts_shadow = True
    drapes = True
    kind = "tree"

    def __init__(self, around: Surroundings) -> None:
        super().__init__(around)
        self.version = 0
        self.material = around.stage.material("tree")
        self.mesh = ChunkedMesh(around.stage.renderer, self.material)
        self._layer: FeatureLayer | None = None
        self._style: Style | None = None
        self._trees: Trees | None = None
        self._of_tree: NDArray[np.uint8] = np.empty((0, 3), np.uint8)
        self._of_paint: NDArray[np.uint8] | None = None
        self._cells: Cells | None = None
        self._box: NDArray[np.float64] | None = None
        self._cast: tuple[int, ...] = ()
        """Cells whose trees rays meet, where there are cells: those near by."""

    def show(self, layer: Layer, style: Style) -> bool:
        """Draw the layer; see `Visual.show`."""
        assert isinstance(layer, FeatureLayer)
        if layer is self._layer and style == self._style:
            return False
        if layer is not self._layer:
            self._grow(layer)
        self._layer, self._style = layer, style
        self._colour(layer, style)
        return True

    def _grow(self, layer: FeatureLayer) -> None:
        self._clear()
        self.version += 1
        self._trees = trees_from_features(layer, self.around.ground)
        if not len(self._trees.xyz):
            return
        if len(self._trees.xyz) > AT_ONCE:
            self._cells = self._new_cells(self._trees)
            return
        vertices, triangles, face_tree, face_kind = grow(self._trees, self.around.frame.origin)
        xy = self._trees.xyz[:, :2]
        # A tree's place in the order is drawn by lot, so that a part of them is an even thinning.
        lot = np.random.default_rng(5).uniform(0.4, 1.0, len(xy))
        self.mesh.put(
            cut(
                vertices, triangles, face_tree, face_kind,
                chunk_of_row=assign(xy, cell_size(layer.bounds)),
                size_of_row=(self._trees.height * lot).astype(np.float32),
            )
        )  # fmt: skip
        if len(self._hidden):
            self._leave_out()

    def _new_cells(self, trees: Trees) -> Cells:
        """Cells whose trees grow in workers: as trees near by, as crowns alone far away."""
        origin = self.around.frame.origin
        foot = trees.xyz - np.asarray(origin)
        half, height = trees.crown.astype(float)[:, None] / 2, trees.height.astype(float)
        low = np.column_stack([foot[:, :2] - half, foot[:, 2]])
        high = np.column_stack([foot[:, :2] + half, foot[:, 2] + height])
        side = cell_size((*low[:, :2].min(axis=0), *high[:, :2].max(axis=0)))
        cell, cell_low, cell_high = square_cells(low, high, side)
        order = np.argsort(cell, kind="stable")
        rows_of = np.split(order, np.flatnonzero(np.diff(cell[order])) + 1)
        self._box = np.array([cell_low.min(axis=0), cell_high.max(axis=0)]).T.reshape(-1)

        def make(number: int, detail: int) -> dict[str, Chunk]:
            return {"trees": cell_chunk(trees, rows_of[number], origin, far=detail > 0)}

        return Cells(
            self.around, {"trees": self.mesh}, cell_low, cell_high, make,
            near=NEAR_PIXELS, made=self._made,
        )  # fmt: skip

    def _made(self, mesh: ChunkedMesh, number: int) -> None:
        """A cell came: in the present colours, without what is hidden."""
        assert self._trees is not None
        chunk = mesh.chunks[number]
        chunk.recolour(self._painted(), {TRUNK_FACE: TRUNK})
        if len(self._hidden):
            chunk.hide(self._left_out())

    def look(self, eye: Eye) -> None:
        """See `Visual.look`."""
        if self._cells is not None and self.visible:
            self._cells.look(eye)

    def complete(self, seconds: float) -> bool:
        """See `Visual.complete`."""
        if self._cells is None or not self.visible:
            return True
        done = self._cells.complete(seconds)
        if done and self._cells.fine() != self._cast:
            self._cast = self._cells.fine()
            self.version += 1
        return done

    def _colour(self, layer: FeatureLayer, style: Style) -> None:
        if self._trees is None:
            return
        self.legend = None
        row = self._trees.row
        if style.color_by in layer.columns:
            colours, self.legend = by_column(
                layer.columns[style.color_by], style, layer=layer.id, title=style.color_by
            )
            self._of_tree = colours[row]
        elif style.color:
            self._of_tree = np.tile(rgb(style.color), (len(row), 1))
        else:
            self._of_tree = GREENS[np.random.default_rng(3).integers(0, len(GREENS), len(row))]
        self.material.set_opacity(style.opacity)
        self._write()

    def _painted(self) -> NDArray[np.uint8]:
        """The colour of each tree, what is chosen and selected standing out."""
        if self._of_paint is None and self._trees is not None:
            chosen = np.flatnonzero(np.isin(self._trees.row, self._chosen))
            self._of_paint = with_chosen(self._of_tree, chosen).copy()
            if self._selected is not None:
                self._of_paint[self._trees.row == self._selected] = SELECTED
        assert self._of_paint is not None
        return self._of_paint

    def _write(self) -> None:
        if self._trees is None:
            return
        self._of_paint = None
        self.mesh.recolour(self._painted(), kinds={TRUNK_FACE: TRUNK})

    def _leave_out(self) -> bool:
        if self._trees is None:
            return False
        changed = self.mesh.hide(self._left_out())
        self.version += changed
        return changed

    def _left_out(self) -> NDArray[np.bool_]:
        assert self._trees is not None
        return np.isin(self._trees.row, self._hidden)

    def set_visible(self, visible: bool) -> None:
        """Hide or show."""
        self.visible = visible
        if not visible:
            self.mesh.show_levels(np.full(len(self.mesh.low), -1))

    def meshes(self) -> tuple[ChunkedMesh, ...]:
        """The one mesh, while it is visible."""
        return (self.mesh,) if self.visible else ()

    @property
    def box(self) -> NDArray[np.float64] | None:
        """See `Visual.box`."""
        return self.mesh.box if self._cells is None else self._box

    def rays(self) -> Rays | None:
        """Trunks and crowns that are there; rows of the layer."""
        found = self.mesh.rays(None if self._cells is None else self._cast)
        if found is None or self._trees is None:
            return None
        vertices, triangles, tree = found
        return vertices, triangles, self._trees.row[tree]

    def nbytes(self) -> int:
        """Bytes of arrays held."""
        return self.mesh.nbytes()

    def _clear(self) -> None:
        if self._cells is not None:
            self._cells.clear()
            self._cells = None
        self.mesh.clear()

    def remove(self) -> None:
        """Take the trees off the stage."""
        self._clear()
        self.around.stage.release(self.material)
        self._layer, self._trees = None, None
