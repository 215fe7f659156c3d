"""A point cloud: blocks in the file's order, thinned with distance, coloured by what was measured."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from layers.kinds.layer import Layer
from layers.kinds.pointcloud import PointCloudLayer
from twin.style import Style
from viewers.scene.chosen import with_chosen
from viewers.scene.colouring import by_number, hex_of
from viewers.scene.eye import Eye
from viewers.scene.legend import Legend, LegendEntry
from viewers.scene.levels import distances
from viewers.scene.point_blocks import BLOCK, STRIDES, PointBlock, levels_for
from viewers.scene.ramps import UNKNOWN, of_numbers, rgb
from viewers.scene.visual import Surroundings, Visual
from viewers.view_state import NO_ROWS

CLASSES = {
    0: ("never classified", "#b9b4aa"), 1: ("unclassified", "#b5aea2"), 2: ("ground", "#a88f72"),
    3: ("low vegetation", "#b5c48f"), 4: ("medium vegetation", "#8fae72"),
    5: ("high vegetation", "#5f8a55"), 6: ("building", "#c9694f"), 7: ("noise", "#c2587a"),
    9: ("water", "#5b8fb0"), 10: ("rail", "#7a6f8a"), 11: ("road", "#8a8a8a"), 17: ("bridge", "#d1a35c"),
    18: ("high noise", "#c2587a"),
}  # fmt: skip
"""ASPRS LAS 1.4 R15, table 17."""
WIDE_STILL, WIDE_MOVING = (2.0, 7.0), (1.0, 3.0)
"""Pixels; points wider than one cost software GL several times as much."""
PICK_DEGREES = 0.25
SAMPLE = 100_000


class PointsVisual(Visual):
    """Draws a `PointCloudLayer`; each frame `thin` says how many points it may hold."""

    kind = "point"

    def __init__(self, around: Surroundings) -> None:
        super().__init__(around)
        self.version = 0
        self.material = around.stage.material("points")
        self._blocks: list[PointBlock] = []
        self._low = self._high = np.empty((0, 3))
        self._spacing, self._size = np.empty(0), np.empty(0, np.int64)
        self._shift = np.zeros(3)
        self._layer: PointCloudLayer | None = None
        self._style: Style | None = None
        self._table: NDArray[np.uint8] | None = None
        self._chosen = NO_ROWS

    def show(self, layer: Layer, style: Style) -> bool:
        """Draw the layer; see `Visual.show`."""
        assert isinstance(layer, PointCloudLayer)
        if layer is self._layer and style == self._style:
            return False
        if layer is not self._layer:
            self._put(layer)
        self._layer, self._style = layer, style
        self._choose_colours(layer, style)
        self.material.set_opacity(style.opacity)
        for block in self._blocks:
            block.recolour(self._colours)
        return True

    def _put(self, layer: PointCloudLayer) -> None:
        self._clear()
        self.version += 1
        # Actors stand at the layer's offset: the points are drawn from the layer's own array.
        self._shift = np.asarray(layer.offset) - np.asarray(self.around.frame.origin)
        self.material.shift = self._shift
        for start in range(0, len(layer.xyz), BLOCK):
            block = PointBlock(layer.xyz[start : start + BLOCK], start, self.material)
            block.actor.SetPosition(*self._shift)
            self.around.stage.renderer.AddActor(block.actor)
            self._blocks.append(block)
        self._low = np.array([block.low for block in self._blocks]) + self._shift
        self._high = np.array([block.high for block in self._blocks]) + self._shift
        self._spacing = np.array([block.spacing for block in self._blocks])
        self._size = np.array([len(block.xyz) for block in self._blocks])

    # -- colours ----------------------------------------------------------------------------

    def _choose_colours(self, layer: PointCloudLayer, style: Style) -> None:
        """Find legend and ramp once, so that blocks can be coloured when they come into sight."""
        by = style.color_by
        if not by and style.color:
            by = "plain"
        elif not by:
            by = "class" if layer.classification is not None else "rgb"
        given = {"class": layer.classification, "rgb": layer.rgb, "intensity": layer.intensity}
        if by not in (*given, "plain") or (by in given and given[by] is None):
            by = "height"
        self._by, self.legend, self._table = by, None, None
        step = max(1, len(layer.xyz) // SAMPLE)
        if by == "class":
            self._by_class(layer)
        elif by == "intensity":
            assert layer.intensity is not None
            low, high = np.percentile(layer.intensity[::step], (2, 98))
            self._range = (-float(high), -float(low) + 1e-6)
        elif by == "height":
            sample = layer.xyz[::step, 2].astype(float) + layer.offset[2]
            _, self.legend = by_number(sample, style, layer=layer.id, title="Height", unit="m")
            assert self.legend is not None
            ends = [entry.low for entry in self.legend.entries if entry.low is not None]
            self._range = (ends[0], ends[-1])

    def mark(self, rows: NDArray[np.int64]) -> bool:
        """See `Visual.mark`."""
        if rows is self._chosen:
            return False
        self._chosen = rows
        for block in self._blocks:
            block.recolour(self._colours)
        return True

    def _colours(self, which: slice) -> NDArray[np.uint8]:
        """Colours of some points of the layer, chosen ones standing out."""
        found = self._own_colours(which)
        first, last = np.searchsorted(self._chosen, (which.start, which.stop))
        rows, step = self._chosen[first:last] - which.start, which.step or 1
        return with_chosen(found, rows[rows % step == 0] // step)

    def _own_colours(self, which: slice) -> NDArray[np.uint8]:
        layer, style = self._layer, self._style
        assert layer is not None and style is not None
        if self._by == "class" and layer.classification is not None and self._table is not None:
            return self._table[layer.classification[which]]
        if self._by == "rgb" and layer.rgb is not None:
            return np.asarray(layer.rgb[which])
        if self._by == "intensity" and layer.intensity is not None:
            return of_numbers(-layer.intensity[which].astype(float), "grey", *self._range)
        if self._by == "plain":
            return np.tile(rgb(style.color), (len(layer.xyz[which]), 1))
        heights = layer.xyz[which, 2].astype(float) + layer.offset[2]
        return of_numbers(heights, style.ramp, *self._range)

    def _by_class(self, layer: PointCloudLayer) -> None:
        assert layer.classification is not None
        table = np.tile(UNKNOWN, (256, 1))
        for number, (_, colour) in CLASSES.items():
            table[number] = rgb(colour)
        self._table = table
        present = np.flatnonzero(np.bincount(layer.classification, minlength=256))
        self.legend = Legend(
            layer=layer.id,
            title="Class",
            unit="",
            entries=tuple(
                LegendEntry(
                    color=hex_of(table[number]),
                    label=CLASSES.get(int(number), (f"class {number}", ""))[0],
                )
                for number in present
            ),
        )

    # -- frames -----------------------------------------------------------------------------

    def look(self, eye: Eye) -> None:
        """Draw what is in sight, about one point a pixel and not more than the eye allows."""
        if not self._blocks or self._style is None:
            return
        seen = eye.sees(self._low, self._high)
        at, scale = eye.position, eye.pixels_per_radian
        near = np.maximum(distances(at, self._low, self._high), 1.0)
        # A block is often a long strip, most of which is farther away than its nearest end.
        middle = np.linalg.norm((self._low + self._high) / 2 - at, axis=1)
        per_metre = scale / np.sqrt(near * np.maximum(middle, near))
        # Seen at a slant, points on the ground stand closer on the screen.
        slant = abs(eye.direction[2])
        per_metre *= np.sqrt(np.clip(slant, 0.2, 1.0))
        if eye.parallel:
            per_metre = np.full(len(near), eye.parallel)
        levels = np.full(len(seen), -1, np.int64)
        levels[seen] = levels_for(
            self._spacing[seen], self._size[seen], per_metre[seen], eye.points
        )
        for block, level in zip(self._blocks, levels, strict=True):
            block.show(int(level), self._colours)
            if eye.points is None:
                block.free(self.around.stage.renderer)
        if seen.any():
            apart = self._spacing[seen] * np.sqrt(np.array(STRIDES)[levels[seen]])
            wide = np.ceil(float(np.median(apart * per_metre[seen])) - 0.1)
            ends = WIDE_STILL if eye.points is None else WIDE_MOVING
            self.material.property.SetPointSize(self._style.size or float(np.clip(wide, *ends)))

    def drawn(self) -> int:
        """Points of the last frame."""
        return sum(block.count(block.level) for block in self._blocks)

    def nearest_to_ray(
        self, origin: NDArray[np.float64], direction: NDArray[np.float64], reach: float
    ) -> tuple[int, float, NDArray[np.float64]] | None:
        """Row, distance along the ray and position of the first point close to a ray, within `reach`."""
        best: tuple[float, int, float, NDArray[np.float64]] | None = None
        eye, ahead = (origin - self._shift).astype(np.float32), direction.astype(np.float32)
        for block in self._blocks if self.visible else ():
            away = block.xyz - eye
            along = away @ ahead
            across = np.einsum("ij,ij->i", away, away) - along * along
            limit = np.maximum(along * np.float32(np.tan(np.radians(PICK_DEGREES))), 0.15)
            near = np.flatnonzero((along > 0.1) & (along < reach + 1.5) & (across < limit * limit))
            if not len(near):
                continue
            cost = along[near] + 20 * np.sqrt(np.maximum(across[near], 0.0))
            first = int(near[np.argmin(cost)])
            if best is None or float(cost.min()) < best[0]:
                where = block.xyz[first].astype(np.float64) + self._shift
                best = (float(cost.min()), block.start + first, float(along[first]), where)
        return None if best is None else best[1:]

    @property
    def box(self) -> NDArray[np.float64] | None:
        """See `Visual.box`."""
        if not len(self._low):
            return None
        low, high = self._low.min(axis=0), self._high.max(axis=0)
        return np.array([low[0], high[0], low[1], high[1], low[2], high[2]], dtype=float)

    def set_visible(self, visible: bool) -> None:
        """Hide or show."""
        self.visible = visible
        if not visible:
            for block in self._blocks:
                block.actor.VisibilityOff()

    def nbytes(self) -> int:
        """Bytes of the copies held; the points themselves are the layer's."""
        return sum(block.nbytes() for block in self._blocks)

    def _clear(self) -> None:
        for block in self._blocks:
            self.around.stage.renderer.RemoveActor(block.actor)
        self._blocks = []
        self._low = self._high = np.empty((0, 3))

    def remove(self) -> None:
        """Take the points off the stage."""
        self._clear()
        self.around.stage.release(self.material)
        self._layer = None
