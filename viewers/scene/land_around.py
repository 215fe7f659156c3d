"""The land around a ground on the stage: its cut edge, and a sheet through the feet of what stands
outside it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely
from numpy.typing import NDArray

from layers.builders.surround import Sheet, sheet_around
from layers.kinds.buildings import BuildingsLayer
from layers.kinds.elevation import ElevationLayer
from twin.city import City
from viewers.scene.hem import grid_border, straightened, vertex_normals, walls
from viewers.scene.ramps import rgb
from viewers.scene.stage import Surface
from viewers.scene.visual import Rays, Surroundings

if TYPE_CHECKING:
    # A city without a ground is drawn without the library that reads rasters.
    from layers.tiles.terrain import TerrainPyramid

MOST_NODES = 5_000_000
MOST_FEET = 20_000
"""Buildings outside the ground that the sheet goes through; of more, some."""
EDGE_COLOUR = rgb("#a09784")
EDGE_M = 0.25
"""The edge follows the ground's heights to within this: one of 8000² cells has 16 000 triangles else."""
UNDER_M = 2.5
"""The edge goes down so far below the plain, and more where the ground falls within it."""


@dataclass(frozen=True, slots=True, eq=False)
class Feet:
    """What stands outside a ground: outlines (n,), their ground heights (n,), and what tells them from
    others."""

    outlines: NDArray[np.object_]
    heights: NDArray[np.float64]
    key: tuple[object, ...] = ()


NOTHING = Feet(np.empty(0, object), np.empty(0))


def feet_outside(city: City, ground: ElevationLayer) -> Feet:
    """The buildings of `city` that reach beyond `ground`."""
    west, south, east, north = ground.bounds
    outlines, heights = [], []
    layers = [one for one in city.layers.values() if isinstance(one, BuildingsLayer) and one.count]
    for layer in layers:
        some = slice(None, None, max(1, layer.count // MOST_FEET))
        box = shapely.bounds(layer.footprints[some])
        out = (box[:, 0] < west) | (box[:, 1] < south) | (box[:, 2] > east) | (box[:, 3] > north)
        outlines.append(layer.footprints[some][out])
        heights.append(np.asarray(layer.ground[some])[out])
    if not layers:
        return NOTHING
    key = tuple((id(one.footprints), id(one.ground)) for one in layers)
    return Feet(np.concatenate(outlines), np.concatenate(heights), key)


@dataclass(frozen=True, slots=True, eq=False)
class _Made:
    """What a worker makes: the cut edge (vertices, triangles) and the sheet."""

    edge: tuple[NDArray[np.float32], NDArray[np.int32]]
    sheet: Sheet


class LandAround:
    """Owns what is drawn around one ground; a worker makes it."""

    def __init__(self, around: Surroundings) -> None:
        self._around = around
        self.material = around.stage.material("land", smooth_normals=True, of_plain=True)
        # Tiles hang skirts in the very same plane.
        self._edge_material = around.stage.material("land", smooth_normals=True, bias=8.0)
        self._edge_material.property.SetColor(*(EDGE_COLOUR / 255.0))
        self._surfaces: list[Surface] = []
        self._asked: tuple[object, ...] = ()
        self._visible = True
        self.sheet: Sheet | None = None
        self.version = 0

    def lay(self, pyramid: TerrainPyramid, feet: Feet, plain: float) -> None:
        """Draw it around the ground of `pyramid` and under `feet`; `plain` is a scene height.

        What is drawn stays until a worker has made the other.
        """
        asked = (pyramid, feet.key, plain)
        if asked == self._asked:
            return
        self._asked = asked
        origin = self._around.frame.origin
        self._around.loader.forget(self)
        self._around.loader.ask(
            self, asked, float("inf"), lambda wanted: _made(pyramid, feet, plain, origin, wanted)
        )

    def complete(self, seconds: float) -> bool:
        """Take what was made; True when nothing is owed."""
        loader = self._around.loader
        if not loader.owes(self):
            return True
        if np.isinf(seconds):
            loader.wait(self, seconds)
        found = loader.take(self)
        if found is not None and found[0] == self._asked and isinstance(found[1], _Made):
            self._put(found[1])
        return not loader.owes(self)

    def _put(self, made: _Made) -> None:
        self._drop()
        sheet = self.sheet = made.sheet
        self.version += 1
        parts = (
            (sheet.vertices, sheet.triangles, sheet.normals, self.material),
            (*made.edge, vertex_normals(*made.edge), self._edge_material),
        )
        for vertices, triangles, normals, material in parts:
            if not len(triangles):
                continue
            surface = Surface(
                self._around.stage, vertices, triangles, None, material, normals=normals
            )
            surface.hide_bounds()
            surface.set_visible(self._visible)
            self._surfaces.append(surface)

    def rays(self) -> Rays | None:
        """The sheet's triangles; row 0 for all."""
        if self.sheet is None:
            return None
        count = len(self.sheet.triangles)
        return self.sheet.vertices, self.sheet.triangles, np.zeros(count, np.int32)

    def set_visible(self, visible: bool) -> None:
        """Hide or show."""
        self._visible = visible
        for surface in self._surfaces:
            surface.set_visible(visible)

    def _drop(self) -> None:
        for surface in self._surfaces:
            surface.remove()
        self._surfaces.clear()
        self.sheet = None

    def clear(self) -> None:
        """Take it off the stage."""
        self._around.loader.forget(self)
        self._drop()
        self._asked = ()

    def remove(self) -> None:
        """Take it off the stage for good."""
        self.clear()
        for material in (self.material, self._edge_material):
            self._around.stage.release(material)


def _made(
    pyramid: TerrainPyramid,
    feet: Feet,
    plain: float,
    origin: tuple[float, float, float],
    wanted: Callable[[], bool],
) -> _Made | None:
    """Edge and sheet; None once nobody wants them any more."""
    level = next(
        n for n, shape in enumerate(pyramid.shapes)
        if shape[0] * shape[1] <= MOST_NODES or n == pyramid.levels - 1
    )  # fmt: skip
    rows, cols = pyramid.shapes[level]
    x, y = pyramid.x_of(np.arange(cols), level), pyramid.y_of(np.arange(rows), level)
    (x[0], y[-1], x[-1], y[0]) = pyramid.heights.bounds
    nodes = pyramid.nodes(level, 0, 0, rows, cols)
    if not wanted():
        return None
    # Of a very large ground every so many-th node is looked at; it is a little lower between them.
    off = 2 * float(np.median(pyramid.errors(level))) if level else 0.0
    sheet = sheet_around(
        nodes, x, y, outlines=feet.outlines, feet=feet.heights, origin=origin, off=off,
        plain=plain + origin[2] - 0.02,
    )  # fmt: skip
    if not wanted():
        return None
    top, border = grid_border(nodes, x, y)
    if not len(border):
        return _Made((np.empty((0, 3), np.float32), np.empty((0, 3), np.int32)), sheet)
    top, border = straightened(top, border, EDGE_M)
    local = top - np.asarray(origin)
    return _Made(walls(local.astype(np.float32), border, plain - UNDER_M), sheet)
