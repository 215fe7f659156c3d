"""Trees: trunk and crown in three shapes, in chunks like buildings, so that far ones are thinned."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from layers.builders.trees import Trees, trees_from_features
from layers.kinds.features import FeatureLayer
from layers.kinds.layer import Layer
from layers.tiles.chunks import assign, cell_size, cut
from twin.style import Style
from viewers.scene.chosen import with_chosen
from viewers.scene.chunked_mesh import ChunkedMesh
from viewers.scene.colouring import by_column
from viewers.scene.ramps import rgb
from viewers.scene.visual import Rays, Surroundings, Visual
from viewers.view_state import NO_ROWS

GREENS = np.array([rgb(c) for c in ("#6f8f58", "#7f9c62", "#8ba86c", "#66865a", "#94a871")])
TRUNK = rgb("#8a7360")
SELECTED = np.array([255, 140, 40], np.uint8)
TRUNK_FACE, CROWN_FACE = 0, 1
Shape = tuple[NDArray[np.float64], NDArray[np.int32], NDArray[np.uint8]]


def _lathe(
    rings: list[tuple[float, float]], sides: int, twist: float
) -> tuple[list[list[float]], list[list[int]]]:
    """A turned body: (radius, height) of each ring; a radius of 0 is a tip."""
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
                points.append([radius * np.cos(angle), radius * np.sin(angle), height])
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
        crown, crown_faces = _lathe(rings, 6, 0.7 * number)
        faces = trunk_faces + [[i + len(trunk) for i in face] for face in crown_faces]
        kind = [TRUNK_FACE] * len(trunk_faces) + [CROWN_FACE] * len(crown_faces)
        made.append((np.array(trunk + crown), np.array(faces, np.int32), np.array(kind, np.uint8)))
    return tuple(made)


def grow(
    trees: Trees, origin: tuple[float, float, float]
) -> tuple[NDArray[np.float32], NDArray[np.int32], NDArray[np.int32], NDArray[np.uint8]]:
    """All trees as one mesh: vertices, triangles, tree per face, trunk or crown per face."""
    count = len(trees.xyz)
    rng = np.random.default_rng(11)
    shape_of, turn = rng.integers(0, 3, count), rng.uniform(0, 2 * np.pi, count)
    local = trees.xyz - np.asarray(origin)
    out: list[
        tuple[NDArray[np.float32], NDArray[np.int32], NDArray[np.int32], NDArray[np.uint8]]
    ] = []
    start = 0
    for number, (points, faces, kind) in enumerate(shapes()):
        who = np.flatnonzero(shape_of == number)
        sin, cos = np.sin(turn[who])[:, None], np.cos(turn[who])[:, None]
        crown = trees.crown[who].astype(float)[:, None]
        x = local[who, 0:1] + crown * (points[:, 0] * cos - points[:, 1] * sin)
        y = local[who, 1:2] + crown * (points[:, 0] * sin + points[:, 1] * cos)
        z = local[who, 2:3] + trees.height[who].astype(float)[:, None] * points[:, 2]
        vertices = np.stack([x, y, z], axis=2).reshape(-1, 3).astype(np.float32)
        shift = start + np.arange(len(who)) * len(points)
        triangles = (faces[None] + shift[:, None, None]).reshape(-1, 3).astype(np.int32)
        out.append(
            (
                vertices,
                triangles,
                np.repeat(who, len(faces)).astype(np.int32),
                np.tile(kind, len(who)),
            )
        )
        start += len(vertices)
    vertices, triangles, face_tree, face_kind = (
        np.concatenate(part) for part in zip(*out, strict=True)
    )
    order = np.argsort(face_tree, kind="stable")
    return vertices, triangles[order], face_tree[order], face_kind[order]


class TreesVisual(Visual):
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
        self._selected: int | None = None
        self._chosen = self._hidden = NO_ROWS
        self._of_tree: NDArray[np.uint8] = np.empty((0, 3), np.uint8)

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
        self.mesh.clear()
        self.version += 1
        self._trees = trees_from_features(layer, self.around.ground)
        if not len(self._trees.xyz):
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
            ),
            (self._trees.xyz[:, 2] - self.around.frame.origin[2]).astype(np.float32),
        )  # fmt: skip
        if len(self._hidden):
            self._leave_out()

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

    def _write(self) -> None:
        if self._trees is None:
            return
        chosen = np.flatnonzero(np.isin(self._trees.row, self._chosen))
        colours = with_chosen(self._of_tree, chosen).copy()
        if self._selected is not None:
            colours[self._trees.row == self._selected] = SELECTED
        self.mesh.recolour(colours, kinds={TRUNK_FACE: TRUNK})

    def highlight(self, row: int | None) -> None:
        """Mark one tree."""
        if row != self._selected:
            self._selected = row
            self._write()

    def mark(self, rows: NDArray[np.int64]) -> bool:
        """See `Visual.mark`."""
        if rows is self._chosen:
            return False
        self._chosen = rows
        self._write()
        return True

    def hide(self, rows: NDArray[np.int64]) -> bool:
        """See `Visual.hide`."""
        if rows is self._hidden:
            return False
        self._hidden = rows
        return self._leave_out()

    def _leave_out(self) -> bool:
        if self._trees is None:
            return False
        changed = self.mesh.hide(np.isin(self._trees.row, self._hidden))
        self.version += changed
        return changed

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
        return self.mesh.box

    def rays(self) -> Rays | None:
        """Trunks and crowns; rows of the layer."""
        found = self.mesh.rays()
        if found is None or self._trees is None:
            return None
        vertices, triangles, tree = found
        return vertices, triangles, self._trees.row[tree]

    def nbytes(self) -> int:
        """Bytes of arrays held."""
        return self.mesh.nbytes()

    def remove(self) -> None:
        """Take the trees off the stage."""
        self.mesh.clear()
        self.around.stage.release(self.material)
        self._layer, self._trees = None, None
