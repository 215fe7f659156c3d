"""A point cloud of any size: nodes of its octree come and go as the eye needs them."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

import msgspec
import numpy as np
from numpy.typing import NDArray

from layers.kinds.layer import Layer
from layers.kinds.pointcloud import PointCloudLayer, PointTiles
from layers.memory import give_back
from layers.readers.copc_tree import NodePoints, PointTree, open_tree, read_node
from twin.project.point_tiles import tiles_of
from twin.style import Style
from viewers.scene.eye import Eye
from viewers.scene.point_choice import FINEST, Boxes, shares
from viewers.scene.point_colours import PointColours
from viewers.scene.point_node import PointNode
from viewers.scene.point_pick import Blocks, blocks_of, entries, nearest_in
from viewers.scene.point_places import Places, Shown
from viewers.scene.point_size import gap_of, set_sizes
from viewers.scene.visual import Surroundings, Visual

log = logging.getLogger(__name__)
FIRST = 60_000
"""Points that are there when a cloud is shown first."""
MOST_FIRST, MOST_STILL = 200_000, 6_000_000
"""Points of the first picture, and of one that was refined."""
FINEST_MOVING = 2.0
"""Pixels between neighbours that are loaded for while something moves."""
ASKED_STILL, ASKED_MOVING = 48, 1
"""Nodes on their way at once: while something moves the cores are needed for drawing."""
Loaded = tuple[PointColours, NodePoints, Blocks, NDArray[np.uint8]]


class StreamedPoints(Visual):
    """Draws a `PointCloudLayer` from its COPC file.

    The octree adds: a node's points fill the gaps between those above it, so nothing is ever taken
    away for what is not there yet.
    """

    kind = "point"

    def __init__(self, around: Surroundings) -> None:
        super().__init__(around)
        self.version = 0
        self.material = around.stage.material("points")
        self.tree: PointTree | None = None
        self._boxes: Boxes | None = None
        self._shown: Shown | None = None
        self._tiles: PointTiles | None = None
        self._shift = np.zeros(3)
        self._gap = 1.0
        self._layer: PointCloudLayer | None = None
        self._style: Style | None = None
        self._colours: PointColours | None = None
        self._nodes: dict[int, PointNode] = {}
        self._old: set[int] = set()
        """Nodes whose colours are of the style before."""
        self._lost: set[int] = set()
        """Nodes that could not be read."""
        self._missing = 0
        self._drawn: list[int] = []
        self._eye: Eye | None = None

    # -- what to show -----------------------------------------------------------------------

    def show(self, layer: Layer, style: Style) -> bool:
        """Draw the layer; see `Visual.show`."""
        assert isinstance(layer, PointCloudLayer)
        if layer is self._layer and style == self._style:
            return False
        tiles = tiles_of(layer, self.around.folder_for(layer))
        fresh = tiles is not None and tiles != self._tiles
        repaint = fresh or self._style is None or _painted(style) != _painted(self._style)
        self._layer, self._style = layer, style
        if repaint:
            self._colours = PointColours(layer, style)
            self.legend = self._colours.legend
        if fresh and tiles is not None:
            self._put(tiles)
        elif repaint:
            self._repaint()
        self.material.set_opacity(style.opacity)
        return True

    def _put(self, tiles: PointTiles) -> None:
        self._clear()
        self.version += 1
        self._tiles = tiles
        tree = open_tree(tiles.path, metres_per_height=tiles.metres_per_height)
        self.tree = tree
        self._shift = np.asarray(tree.offset) - np.asarray(self.around.frame.origin)
        self.material.shift = self._shift
        self._boxes = Boxes(tree, self._shift)
        self._shown = Shown(tree)
        low, high = tree.low.min(axis=0), tree.high.max(axis=0)
        self._gap = gap_of((low[0], low[1], high[0], high[1]), int(tree.points.sum()))
        coarse = int(np.searchsorted(np.cumsum(tree.points), FIRST, side="right"))
        for node in range(max(coarse, 1)):
            self._take(node, self._work(node)(lambda: True))

    def _repaint(self) -> None:
        """Other colours: at once where they follow from heights, else as they are read again."""
        self.around.loader.forget(self)
        colours = self._colours
        assert colours is not None and self.tree is not None
        if colours.fields:
            self._old = set(self._nodes)
            return
        self._old = set()
        for node in self._nodes.values():
            node.recolour(_paint(colours, node.points, self.tree.offset[2]))

    # -- nodes ------------------------------------------------------------------------------

    def _work(self, node: int) -> Callable[[Callable[[], bool]], Loaded | None]:
        """Read and colour a node: what a worker does."""
        tree, colours = self.tree, self._colours
        assert tree is not None and colours is not None

        def work(wanted: Callable[[], bool]) -> Loaded | None:
            if not wanted():
                return None
            points = read_node(tree, node, colours.fields)
            if not wanted():
                return None
            painted = _paint(colours, points, tree.offset[2])
            return colours, NodePoints(xyz=points.xyz), blocks_of(points.xyz), painted

        return work

    def _take(self, node: int, loaded: Loaded | BaseException | None) -> None:
        if loaded is None or self._boxes is None:
            return
        if isinstance(loaded, BaseException):
            if not self._lost:
                log.warning("Points could not be read: %s", loaded)
            self._lost.add(node)
            return
        colours, points, blocks, painted = loaded
        if colours is not self._colours:
            return  # painted in a style that is gone
        self._drop(node)
        made = PointNode(points, blocks, painted, self.material, self._shift)
        if self._shown is not None:
            made.mark(self._shown.chosen_in(node))
            made.leave_out(self._shown.left_out_of(node))
        self._nodes[node] = made
        self._boxes.met(node, made.low + self._shift, made.high + self._shift)
        self.around.stage.renderer.AddActor(made.actor)
        self.around.memory.hold(self, node, made.nbytes(), lambda: self._drop(node))

    def _drop(self, node: int) -> None:
        gone = self._nodes.pop(node, None)
        self._old.discard(node)
        if gone is not None:
            gone.free(self.around.stage.renderer)
            self.around.memory.release(self, node)

    # -- frames -----------------------------------------------------------------------------

    def look(self, eye: Eye) -> None:
        """Draw of what is there as much as the eye allows; ask for what is not."""
        boxes, tree = self._boxes, self.tree
        if boxes is None or tree is None or self._style is None:
            return
        self._eye = eye
        finest = FINEST_MOVING if eye.moving else FINEST
        most = MOST_STILL if eye.points is None else eye.points
        chosen = boxes.choose(eye, finest=finest)
        nodes = chosen.nodes
        wanted, _ = shares(
            tree.points[nodes], chosen.pixels, tree.parent[nodes] < 0, most, finest=finest
        )
        if eye.points is not None and not eye.moving:
            # The first picture waits for what it asks for: for whole nodes, and not for many.
            order = np.argsort(-chosen.pixels)
            late = order[np.cumsum(tree.points[nodes[order]]) > MOST_FIRST]
            wanted[late] = -1
        self._ask(nodes[wanted >= 0], chosen.pixels[wanted >= 0], moving=eye.moving)
        here = np.array([node in self._nodes for node in nodes.tolist()], dtype=bool)
        nodes, pixels = nodes[here], chosen.pixels[here]
        parts, apart = shares(
            tree.points[nodes], pixels, tree.parent[nodes] < 0, most, finest=finest
        )
        drawn = nodes[parts >= 0].tolist()
        for node in set(self._drawn).difference(drawn) & self._nodes.keys():
            self._nodes[node].show(-1)
        for node, part in zip(drawn, parts[parts >= 0].tolist(), strict=True):
            self._nodes[node].show(part)
            self.around.memory.use(self, node)
        self._drawn = drawn
        window = self.around.stage.renderer.GetRenderWindow()
        size = self._style.size
        set_sizes(self.material, window, eye, gap=self._gap, apart=apart, given=size)

    def _ask(self, nodes: NDArray[np.int64], pixels: NDArray[np.float64], *, moving: bool) -> None:
        owed = [
            (apart, node)
            for node, apart in zip(nodes.tolist(), pixels.tolist(), strict=True)
            if (node not in self._nodes or node in self._old) and node not in self._lost
        ]
        self._missing = len(owed)
        first = sorted(owed, reverse=True)[: ASKED_MOVING if moving else ASKED_STILL]
        self.around.loader.want(self, [node for _, node in first])
        for apart, node in first:
            self.around.loader.ask(self, node, apart, self._work(node))

    def complete(self, seconds: float) -> bool:
        """Put on the stage what came; see `Visual.complete`."""
        loader = self.around.loader
        until = time.perf_counter() + seconds
        while seconds > 0:
            found = loader.take(self)
            if found is not None:
                key, loaded = found
                assert isinstance(key, int)
                self._take(key, loaded)
            elif not self._owes():
                break
            elif not loader.owes(self):
                self._look_again()  # what came has nodes below it
            elif seconds == float("inf"):
                loader.wait(self, 1.0)
            else:
                break
            if time.perf_counter() > until:
                break
        return not self._owes()

    def _owes(self) -> bool:
        return self.visible and (self._missing > 0 or self.around.loader.owes(self))

    def _look_again(self) -> None:
        if self._eye is not None:
            self.look(self._eye)

    def drawn(self) -> int:
        """Points of the last frame."""
        return sum(self._nodes[node].drawn for node in self._drawn if node in self._nodes)

    # -- questions --------------------------------------------------------------------------

    def nearest_to_ray(
        self, origin: NDArray[np.float64], direction: NDArray[np.float64], reach: float
    ) -> tuple[int, float, NDArray[np.float64]] | None:
        """Row, distance along the ray and position of the first point close to a ray, within `reach`.

        Rows count through the nodes of the tree; see `copc_tree.point_at`.
        """
        boxes, tree = self._boxes, self.tree
        nodes = [node for node in self._drawn if node in self._nodes] if self.visible else []
        if boxes is None or tree is None or not nodes:
            return None
        at = entries(boxes.low[nodes], boxes.high[nodes], origin, direction)
        best: tuple[float, int, float, NDArray[np.float64]] | None = None
        for place in np.argsort(at):
            if at[place] > (reach + 1.5 if best is None else best[0]):
                break  # nothing behind it can be better
            node = nodes[place]
            xyz, blocks = self._nodes[node].points.xyz, self._nodes[node].blocks
            without = self._nodes[node].left_out
            found = nearest_in(xyz, blocks, origin - self._shift, direction, reach, without)
            if found is not None and (best is None or found.cost < best[0]):
                where = xyz[found.row].astype(np.float64) + self._shift
                best = (found.cost, int(tree.starts[node]) + found.row, found.along, where)
        return None if best is None else best[1:]

    def places(self) -> Places | None:
        """See `Visual.places`."""
        if self.tree is None or self._shown is None:
            return None
        held = {number: node.points.xyz for number, node in self._nodes.items()}
        return Places(self.tree, held, self._shown.left_out_of)

    def mark(self, rows: NDArray[np.int64]) -> bool:
        """See `Visual.mark`; rows count through the nodes of the tree."""
        shown = self._shown
        if shown is None or rows is shown.chosen:
            return False
        shown.chosen = rows
        changed = [node.mark(shown.chosen_in(number)) for number, node in self._nodes.items()]
        return any(changed)

    def hide(self, rows: NDArray[np.int64]) -> bool:
        """See `Visual.hide`."""
        if self._shown is None or rows is self._shown.hidden:
            return False
        self._shown.hidden = rows
        return self._leave_out()

    def isolate(self, rows: NDArray[np.int64]) -> bool:
        """See `Visual.isolate`."""
        if self._shown is None or rows is self._shown.only:
            return False
        self._shown.only = rows
        return self._leave_out()

    def _leave_out(self) -> bool:
        shown = self._shown
        assert shown is not None
        changed = [
            node.leave_out(shown.left_out_of(number)) for number, node in self._nodes.items()
        ]
        return any(changed)

    @property
    def box(self) -> NDArray[np.float64] | None:
        """See `Visual.box`."""
        if self.tree is None:
            return None
        low, high = self.tree.low.min(axis=0), self.tree.high.max(axis=0)
        ends = np.array([low + self._shift, high + self._shift])
        return ends.T.reshape(-1)

    def set_visible(self, visible: bool) -> None:
        """Hide or show."""
        self.visible = visible
        if not visible:
            self.around.loader.forget(self)
            for node in self._drawn:
                if node in self._nodes:
                    self._nodes[node].show(-1)
            self._drawn = []

    def nbytes(self) -> int:
        """Bytes here and in the driver."""
        return sum(node.nbytes() for node in self._nodes.values())

    def _clear(self) -> None:
        self.around.loader.forget(self)
        for node in list(self._nodes):
            self._drop(node)
        self._drawn, self._missing, self._eye = [], 0, None
        self._lost.clear()

    def remove(self) -> None:
        """Take the points off the stage, and give their memory back."""
        self._clear()
        self.around.stage.release(self.material)
        self._layer = self._boxes = self.tree = self._shown = None
        give_back()


def _painted(style: Style) -> Style:
    """What of a style says how points are coloured."""
    return msgspec.structs.replace(style, opacity=1.0, size=0.0)


def _paint(colours: PointColours, points: NodePoints, offset: float) -> NDArray[np.uint8]:
    return colours.of(
        points.xyz[:, 2],
        offset,
        classification=points.classification,
        intensity=points.intensity,
        rgb_=points.rgb,
    )
