"""Buildings: tiles of solids streamed from a pyramid, façades by shader, colours by style."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from layers.kinds.buildings import BuildingsLayer
from layers.kinds.layer import Layer
from layers.tiles.chunks import Chunk
from layers.tiles.pyramid import Pyramid, open_pyramid
from twin.style import Style
from viewers.scene import building_tiles as tiles
from viewers.scene.block_choice import choose_tiles, standing
from viewers.scene.budget import choose_levels
from viewers.scene.building_tiles import Uses, load
from viewers.scene.chosen import mask_of, with_chosen
from viewers.scene.chunked_mesh import ChunkedMesh
from viewers.scene.colouring import NEUTRAL, of_buildings, plain
from viewers.scene.cut import Cut
from viewers.scene.eye import Eye
from viewers.scene.levels import EDGE_PIXELS, level_of_each
from viewers.scene.rays import Hit
from viewers.scene.visual import Rays, Surroundings, Visual
from viewers.view_state import NO_ROWS

log = logging.getLogger(__name__)
SELECTED = np.array([255, 140, 40], np.uint8)
SHARE = 0.7
"""Of the triangles of a moving frame; the rest is for trees and what else stands there."""
AT_ONCE = 20_000
"""Layers up to so many buildings are planned in the window's thread: it takes a few milliseconds."""
PLAN, COLOURS = "plan", "colours"


class BuildingsVisual(Visual):
    """Draws a `BuildingsLayer` of any size; a changed height makes only the tiles it stands in anew."""

    casts_shadow = True
    kind = "building"

    def __init__(self, around: Surroundings) -> None:
        super().__init__(around)
        self.material = around.stage.material("building")
        self._line_material = around.stage.material("line", bias=8)
        self._line_material.property.SetColor(0.20, 0.18, 0.16)
        self._line_material.property.SetOpacity(0.45)
        self.mesh = ChunkedMesh(around.stage.renderer, self.material, self._line_material)
        self.pyramid: Pyramid | None = None
        self.version = 0
        self._children: list[NDArray[np.int64]] = []
        self._shift = np.zeros(3)
        self._layer: BuildingsLayer | None = None
        self._style: Style | None = None
        self._uses: Uses | None = None
        self._colours: NDArray[np.uint8] = np.empty((0, 3), np.uint8)
        self._wish: tuple[str, int] | None = None
        self._selected: int | None = None
        self._chosen = self._hidden = NO_ROWS
        self._hidden_mask: NDArray[np.bool_] | None = None
        self._stale: set[int] = set()
        self._empty: set[int] = set()
        self._tolerance = 0.0
        self._eye: Eye | None = None
        self._bounds = (np.zeros(3), np.zeros(3))
        self._cast_from: NDArray[np.float64] | None = None
        self._casters: NDArray[np.int64] | None = None

    # -- the layer --------------------------------------------------------------------------

    def show(self, layer: Layer, style: Style) -> bool:
        """Draw the layer (changes written in); see `Visual.show`."""
        assert isinstance(layer, BuildingsLayer)
        before, same_layer = self._layer, layer is self._layer
        if same_layer and style == self._style:
            return False
        self._layer, self._style = layer, style
        if not same_layer:
            self._uses = Uses(layer)
        known = self._colours
        if layer.count <= AT_ONCE:
            self._colours, self.legend = of_buildings(layer, style)
        else:
            self._wish = (COLOURS, (self._wish or (COLOURS, 0))[1] + 1)
            if len(known) != layer.count:  # else it stays as it was until they come
                self._colours, self.legend = plain(layer.count, NEUTRAL), None
        if not same_layer:
            self._put(before, layer)
        if self._colours is not known:
            self._repaint()
        self.material.set_opacity(style.opacity)
        # Windows would compete with what a colour has to say.
        self.material.set_float("facade", 0.45 if style.color_by else 1.0)
        return True

    def _repaint(self) -> None:
        self.mesh.recolour(self._painted())
        self._mark(self._selected)

    def _put(self, before: BuildingsLayer | None, layer: BuildingsLayer) -> None:
        same_survey = before is not None and tiles.same_outlines(before, layer)
        if same_survey and self.pyramid is not None:
            self._change(layer)
            if not tiles.same_facades(before, layer):
                self._stale |= set(self.mesh.chunks)
            return
        self._clear()
        self._bounds = tiles.bounds_of(layer)
        origin = self.around.frame.origin
        folder = self.around.folder_for(layer)
        plan = partial(open_pyramid, layer, origin=origin, folder=folder)
        if layer.count <= AT_ONCE:
            self._planned(plan())
        else:
            self.around.loader.ask(self, PLAN, np.inf, lambda wanted: plan(still_wanted=wanted))

    def _planned(self, pyramid: Pyramid | None) -> None:
        if pyramid is None:
            return
        self.pyramid = pyramid
        self._shift = np.asarray(pyramid.origin)
        self._children = pyramid.tree.children()
        self._empty.clear()
        self._cast_from = self._casters = None
        self.version += 1
        if self._layer is not None and pyramid.survey.height is not self._layer.height:
            self._change(self._layer)

    def _change(self, layer: BuildingsLayer) -> None:
        """Heights differ: what stands in the touched tiles is drawn until they are made anew."""
        assert self.pyramid is not None
        self.pyramid, nodes = self.pyramid.changed(layer)
        if len(nodes):
            touched = set(nodes.tolist())
            self._stale |= touched & set(self.mesh.chunks)
            self._empty -= touched
            self.around.loader.forget(self)
            self.version += 1

    def _clear(self) -> None:
        self.around.loader.forget(self)
        for node in list(self.mesh.chunks):
            self.around.memory.release(self, node)
        self.mesh.clear()
        self.pyramid = None
        self._stale.clear()
        self._empty.clear()
        self._tolerance = 0.0

    # -- frames -----------------------------------------------------------------------------

    def look(self, eye: Eye) -> None:
        """Draw what is there of the tiles this frame should have; ask for the others."""
        self._eye = eye
        if self._wish is not None and self._layer is not None and self._style is not None:
            find = partial(of_buildings, self._layer, self._style)
            self.around.loader.ask(self, self._wish, np.inf, lambda _: find())
        if self.pyramid is None or not len(self.pyramid.survey.height):
            return
        tree = self.pyramid.tree
        budget = None if eye.triangles is None else int(SHARE * eye.triangles)
        choice = choose_tiles(tree, self._shift, eye, budget=budget, before=self._tolerance)
        self._tolerance = choice.tolerance
        self._ask(choice.wanted, choice.urgency)
        there = self.mesh.chunks.keys() | self._empty
        drawn = set(standing(tree.parent, self._children, choice.wanted.tolist(), there))
        self._draw(eye, drawn, budget, choice.tolerance)
        if not eye.moving:
            self._cast_anew(eye)

    def _ask(self, wanted: NDArray[np.int64], urgency: NDArray[np.float64]) -> None:
        loader, pyramid = self.around.loader, self.pyramid
        assert pyramid is not None and self._uses is not None
        uses = self._uses
        # The coarsest tile always: it stands for whatever is not there yet.
        nodes = dict(zip(wanted.tolist(), urgency.tolist(), strict=True)) | {0: 2e6}
        missing = [n for n in nodes if n not in self.mesh.chunks and n not in self._empty]
        missing += [n for n in self._stale if n in nodes]
        loader.want(self, [*missing, PLAN, self._wish])
        for node in missing:
            loader.ask(self, node, nodes[node], partial(load, pyramid, node, uses))

    def _draw(self, eye: Eye, drawn: set[int], budget: int | None, tolerance: float) -> None:
        assert self.pyramid is not None
        numbers = self.mesh.numbers
        levels = np.full(len(numbers), -1, np.int64)
        memory = self.around.memory
        here = [i for i, node in enumerate(numbers) if node in drawn]
        for i in here:
            memory.use(self, numbers[i])
        if here:
            index = np.array(here)
            scale = eye.pixels_per_metre(self.mesh.low[index], self.mesh.high[index])
            error = self.mesh.error[index]
            if budget is None:
                # A block is small on the screen, but all the houses that it stands for are not.
                whole = ~self.pyramid.tree.leaf[[numbers[i] for i in here]]
                levels[index] = np.where(whole, 0, level_of_each(error, scale, tolerance))
            else:
                # What stands for tiles that are not there yet may be more than was reckoned with.
                levels[index] = choose_levels(
                    error, self.mesh.triangles[index], eye.pixels_per_radian / scale,
                    pixels_per_radian=eye.pixels_per_radian, budget=budget,
                    before=self.mesh.levels()[index],
                )  # fmt: skip
        self.mesh.show_levels(levels, fine=eye.fine)
        edges = np.zeros(len(numbers), bool)
        if here and eye.edges:
            edges[index] = scale >= EDGE_PIXELS
        self.mesh.show_edges(edges)

    def complete(self, seconds: float) -> bool:
        """Put tiles that came on the stage; see `Visual.complete`."""
        loader, until = self.around.loader, time.perf_counter() + seconds
        while loader.owes(self):
            if np.isinf(seconds):
                loader.wait(self, 60.0)
            found = loader.take(self)
            if found is None:
                if not np.isinf(seconds):
                    return False
                continue
            self._take(*found)
            if time.perf_counter() > until:
                return not loader.owes(self)
        return True

    def _look_again(self) -> None:
        """What is wanted may change with what is there: a plan brings its tiles."""
        if self._eye is not None:
            self.look(self._eye)

    def _take(self, key: Any, result: Any) -> None:
        if isinstance(result, BaseException):
            log.warning("Tile %s of %s could not be made: %s", key, self._layer, result)
            if isinstance(key, int):
                self._empty.add(key)
            elif key == self._wish:
                self._wish = None
            return
        if isinstance(key, tuple):
            if key == self._wish:
                self._wish, (self._colours, self.legend) = None, result
                self._repaint()
            return
        if key == PLAN:
            self._planned(result)
            self._look_again()
            return
        if self.pyramid is None:
            return
        self._stale.discard(key)
        if result is None:
            self._empty.add(key)
            self.mesh.drop(key)
            return
        self._add(key, *result)

    def _add(self, node: int, chunk: Chunk, site: NDArray[np.float32]) -> None:
        self.mesh.put_one(node, chunk, site)
        actor = self.mesh.chunks[node]
        actor.recolour(self._painted())
        if self._hidden_mask is not None:
            actor.hide(self._hidden_mask)
        if self._selected is not None and self._selected < len(self._colours):
            actor.paint(self._selected, SELECTED)
        if node:
            # Twice: once here, once in the driver.
            cost = 2 * actor.nbytes()
            self.around.memory.hold(self, node, cost, partial(self.mesh.drop, node))

    # -- colours ----------------------------------------------------------------------------

    def highlight(self, row: int | None) -> None:
        """Mark one building."""
        if row == self._selected:
            return
        if self._selected is not None and self._selected < len(self._colours):
            self.mesh.paint(self._selected, self._painted()[self._selected])
        self._selected = row
        self._mark(row)

    def _mark(self, row: int | None) -> None:
        if row is not None and row < len(self._colours):
            self.mesh.paint(row, SELECTED)

    def _painted(self) -> NDArray[np.uint8]:
        """The colour of each building, what is chosen standing out."""
        return with_chosen(self._colours, self._chosen)

    def mark(self, rows: NDArray[np.int64]) -> bool:
        """See `Visual.mark`; only tiles with a building that changed are coloured anew."""
        if rows is self._chosen:
            return False
        touched = mask_of(np.concatenate([self._chosen, rows]), len(self._colours))
        self._chosen = rows
        colours = self._painted()
        for actor in self.mesh.chunks.values():
            if touched[actor.chunk.rows].any():
                actor.recolour(colours)
        self._mark(self._selected)
        return True

    def hide(self, rows: NDArray[np.int64]) -> bool:
        """See `Visual.hide`."""
        if rows is self._hidden:
            return False
        self._hidden = rows
        self._hidden_mask = mask_of(rows, len(self._colours)) if len(rows) else None
        none = np.zeros(len(self._colours), bool)
        changed = self.mesh.hide(none if self._hidden_mask is None else self._hidden_mask)
        self.version += 1
        return changed

    # -- questions --------------------------------------------------------------------------

    def first_hit(
        self,
        origin: NDArray[np.float64],
        direction: NDArray[np.float64],
        layer: str,
        cut: Cut | None = None,
    ) -> Hit | None:
        """The building a ray meets first, exactly, whatever tiles are drawn."""
        if self.pyramid is None:
            return None
        return tiles.first_hit(self.pyramid, origin, direction, layer, self._hidden_mask, cut)

    def part_at(self, row: int, where: NDArray[np.float64]) -> str:
        """The storey hit, counted from 1 at the ground; "roof" on top."""
        above = float(where[2]) + self.around.frame.origin[2]
        return "" if self._layer is None else tiles.part_at(self._layer, row, above)

    def rays(self) -> Rays | None:
        """What throws shadows; its tiles may have to be made: `rays_later` is for the window."""
        return self.rays_later()()

    def rays_later(self) -> Callable[[], Rays | None]:
        """See `Visual.rays_later`: tiles may have to be made."""
        if self.pyramid is None or self._eye is None:
            return lambda: None
        nodes = tiles.casters(self.pyramid, self._eye) if self._casters is None else self._casters
        return partial(tiles.solids_of_tiles, self.pyramid, nodes, self._hidden_mask)

    def _cast_anew(self, eye: Eye) -> None:
        """The eye is somewhere else: other tiles should throw the shadows."""
        if self.pyramid is None:
            return
        known, high = self._cast_from, max(float(eye.position[2]), 150.0)
        if known is not None and float(np.linalg.norm(eye.position - known)) <= 0.5 * high:
            return
        self._cast_from = eye.position
        nodes = tiles.casters(self.pyramid, eye)
        if self._casters is None or not np.array_equal(nodes, self._casters):
            self._casters = nodes
            self.version += 1

    # -- the stage --------------------------------------------------------------------------

    def set_visible(self, visible: bool) -> None:
        """Hide or show."""
        self.visible = visible
        if not visible:
            self.around.loader.forget(self)
            self.mesh.show_levels(np.full(len(self.mesh.low), -1))
            self.mesh.show_edges(np.zeros(len(self.mesh.low), bool))

    def drawn(self) -> int:
        """Triangles in the last frame."""
        return self.mesh.drawn() if self.visible else 0

    @property
    def box(self) -> NDArray[np.float64] | None:
        """See `Visual.box`; the outlines' before the plan is made."""
        if self._layer is None or not self._layer.count:
            return None
        origin = np.asarray(self.around.frame.origin)
        if self.pyramid is None:
            low, high = self._bounds
        else:
            low, high = self.pyramid.tree.low[0], self.pyramid.tree.high[0]
        return np.stack([low - origin, high - origin], axis=1).ravel()

    def nbytes(self) -> int:
        """Bytes of arrays held."""
        return self.mesh.nbytes()

    def remove(self) -> None:
        """Take all buildings off the stage."""
        self._clear()
        for material in (self.material, self._line_material):
            self.around.stage.release(material)
        self._layer = None
