"""A point cloud: blocks in the file's order, thinned with distance, coloured by what was measured."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from layers.kinds.layer import Layer
from layers.kinds.pointcloud import PointCloudLayer
from twin.style import Style
from viewers.scene.chosen import mask_of, with_chosen
from viewers.scene.eye import Eye
from viewers.scene.levels import distances
from viewers.scene.point_blocks import BLOCK, STRIDES, PointBlock, levels_for
from viewers.scene.point_colours import PointColours
from viewers.scene.point_pick import entries
from viewers.scene.point_size import gap_of, set_sizes
from viewers.scene.visual import Surroundings, Visual
from viewers.view_state import NO_ROWS


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
        self._gap = 1.0
        self._layer: PointCloudLayer | None = None
        self._style: Style | None = None
        self._colours: PointColours | None = None
        self._chosen = self._hidden = self._only = NO_ROWS

    def show(self, layer: Layer, style: Style) -> bool:
        """Draw the layer; see `Visual.show`."""
        assert isinstance(layer, PointCloudLayer)
        if layer is self._layer and style == self._style:
            return False
        if layer is not self._layer:
            self._put(layer)
        self._layer, self._style = layer, style
        self._colours = PointColours(layer, style)
        self.legend = self._colours.legend
        self.material.set_opacity(style.opacity)
        for block in self._blocks:
            block.recolour(self._colours_of)
        return True

    def _put(self, layer: PointCloudLayer) -> None:
        self._clear()
        self.version += 1
        # Actors stand at the layer's offset: the points are drawn from the layer's own array.
        self._shift = np.asarray(layer.offset) - np.asarray(self.around.frame.origin)
        self.material.shift = self._shift
        self._gap = gap_of(layer.bounds, layer.total)
        for start in range(0, len(layer.xyz), BLOCK):
            block = PointBlock(layer.xyz[start : start + BLOCK], start, self.material)
            block.actor.SetPosition(*self._shift)
            self.around.stage.renderer.AddActor(block.actor)
            self._blocks.append(block)
        self._low = np.array([block.low for block in self._blocks]) + self._shift
        self._high = np.array([block.high for block in self._blocks]) + self._shift
        self._spacing = np.array([block.spacing for block in self._blocks])
        self._size = np.array([len(block.xyz) for block in self._blocks], np.int64)
        self._leave_out()

    def mark(self, rows: NDArray[np.int64]) -> bool:
        """See `Visual.mark`."""
        if rows is self._chosen:
            return False
        self._chosen = rows
        for block in self._blocks:
            block.recolour(self._colours_of)
        return True

    def hide(self, rows: NDArray[np.int64]) -> bool:
        """See `Visual.hide`."""
        if rows is self._hidden:
            return False
        self._hidden = rows
        return self._leave_out()

    def isolate(self, rows: NDArray[np.int64]) -> bool:
        """See `Visual.isolate`."""
        if rows is self._only:
            return False
        self._only = rows
        return self._leave_out()

    def _leave_out(self) -> bool:
        count = int(self._size.sum())
        mask = ~mask_of(self._only, count) if len(self._only) else np.zeros(count, bool)
        mask |= mask_of(self._hidden, count)
        for block in self._blocks:
            part = mask[block.start : block.start + len(block.xyz)]
            if part.any() or block.left_out is not None:
                block.leave_out(part if part.any() else None)
        return True

    def _colours_of(self, which: slice) -> NDArray[np.uint8]:
        """Colours of some points of the layer, chosen ones standing out."""
        found = self._own_colours(which)
        first, last = np.searchsorted(self._chosen, (which.start, which.stop))
        rows, step = self._chosen[first:last] - which.start, which.step or 1
        found[:, :3] = with_chosen(found[:, :3], rows[rows % step == 0] // step)
        return found

    def _own_colours(self, which: slice) -> NDArray[np.uint8]:
        layer = self._layer
        assert layer is not None and self._colours is not None
        return self._colours.of(
            layer.xyz[which, 2],
            layer.offset[2],
            classification=None if layer.classification is None else layer.classification[which],
            intensity=None if layer.intensity is None else layer.intensity[which],
            rgb_=None if layer.rgb is None else layer.rgb[which],
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
            block.show(int(level), self._colours_of)
            if eye.points is None:
                block.free(self.around.stage.renderer)
        if seen.any():
            apart = self._spacing[seen] * np.sqrt(np.array(STRIDES)[levels[seen]])
            wide = float(np.median(apart * per_metre[seen]))
            set_sizes(
                self.material, self.around.stage.renderer.GetRenderWindow(), eye,
                gap=self._gap, apart=wide, given=self._style.size,
            )  # fmt: skip

    def drawn(self) -> int:
        """Points of the last frame."""
        return sum(block.count(block.level) for block in self._blocks)

    def nearest_to_ray(
        self, origin: NDArray[np.float64], direction: NDArray[np.float64], reach: float
    ) -> tuple[int, float, NDArray[np.float64]] | None:
        """Row, distance along the ray and position of the first point close to a ray, within `reach`."""
        if not self.visible or not self._blocks:
            return None
        at = entries(self._low, self._high, origin, direction)
        best: tuple[float, int, float, NDArray[np.float64]] | None = None
        for place in np.argsort(at):
            if at[place] > (reach + 1.5 if best is None else best[0]):
                break  # nothing behind it can be better
            block = self._blocks[place]
            found = block.nearest(origin - self._shift, direction, reach)
            if found is not None and (best is None or found.cost < best[0]):
                where = block.xyz[found.row].astype(np.float64) + self._shift
                best = (found.cost, block.start + found.row, found.along, where)
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
