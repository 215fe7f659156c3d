"""The ground, and other grids of heights: tiles as fine as the eye needs, pictures or a ramp on them."""

from __future__ import annotations

import contextlib
import logging
import shutil
import tempfile
import weakref
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from layers.errors import CityError
from layers.kinds.elevation import ElevationLayer
from layers.kinds.layer import Layer
from layers.tiles.heights import LayerHeights
from layers.tiles.imagery import Picture
from layers.tiles.terrain import AT_ONCE, Key, TerrainPyramid
from twin.style import Style
from viewers.scene.colouring import by_number
from viewers.scene.eye import Eye
from viewers.scene.ground_tiles import GroundTiles
from viewers.scene.hem import SLOPE, WIDEST, skirt, vertex_normals
from viewers.scene.land_around import NOTHING, Feet, LandAround
from viewers.scene.ramps import rgb
from viewers.scene.visual import Rays, Surroundings, Visual

log = logging.getLogger(__name__)
__all__ = ["GROUND_COLOUR", "SLOPE", "WIDEST", "TerrainVisual", "skirt", "vertex_normals"]

GROUND_COLOUR = rgb("#bfbaaa")
SAMPLE = 200_000
"""Heights looked at for the ends of a ramp."""


class TerrainVisual(Visual):
    """Draws an `ElevationLayer`; heights above ground are not drawn.

    A large one is drawn of some of its cells until its pyramid is built, in the folder that
    `Surroundings.folder_for` gives or in a temporary one.
    """

    casts_shadow = True
    wears_pictures = True
    kind = "terrain"

    def __init__(self, around: Surroundings) -> None:
        super().__init__(around)
        stage = around.stage
        self._plain = stage.material("terrain", smooth_normals=True, tiled=True)
        self._pictured = stage.material("terrain", smooth_normals=True, tiled=True, pictured=True)
        self.land = LandAround(around)
        """What is drawn around it."""
        self._feet, self._plain_z = NOTHING, float("nan")
        self.is_ground = True
        self._version = 0
        self._tiles: GroundTiles | None = None
        self._finer: GroundTiles | None = None
        """Of the whole pyramid, drawn once it has what the present eye needs."""
        self._building: TerrainPyramid | None = None
        self._layer: ElevationLayer | None = None
        self._drawn: ElevationLayer | None = None
        self._style: Style | None = None
        self._pictures: tuple[Picture, ...] = ()
        self._temporary: weakref.finalize[Any, Any] | None = None
        self._sample: NDArray[np.float32] = np.empty(0, np.float32)
        self.lowest = float("nan")
        """World height of the lowest cell; not-a-number where nothing is drawn."""
        self.has_holes = False
        """Whether some cells have no height, so that the land around is seen within its box."""

    @property
    def layer(self) -> ElevationLayer | None:
        """What is shown."""
        return self._layer

    @property
    def tiles(self) -> tuple[Key, ...]:
        """Tiles that are there."""
        return () if self._tiles is None else self._tiles.keys

    @property
    def error_at_best(self) -> float:
        """Metres that the finest tiles may be off the layer; not-a-number where nothing is drawn."""
        if self._tiles is None:
            return float("nan")
        return float(self._tiles.pyramid.errors(0).max())

    @property
    def built(self) -> int:
        """Tiles of the pyramid that is drawn that were made by this, not found as they were."""
        return 0 if self._tiles is None else self._tiles.pyramid.rebuilt

    @property
    def finest_texel(self) -> float:
        """Metres that a pixel of the pictures covers in the finest tile in sight."""
        return float("nan") if self._tiles is None else self._tiles.finest_texel

    @property
    def version(self) -> int:
        """Grows whenever rays meet something else."""
        return self._version + self.land.version + (self._tiles.version if self._tiles else 0)

    def show(self, layer: Layer, style: Style) -> bool:
        """Draw the layer; see `Visual.show`."""
        assert isinstance(layer, ElevationLayer)
        drawn = self.around.drawn(layer)
        if layer is self._layer and drawn is self._drawn and style == self._style:
            return False
        if layer is not self._layer or drawn is not self._drawn:
            # Heights above ground are not a surface in space.
            if layer.surface in ("ground", "surface"):
                self._show_heights(drawn)
            else:
                self._clear()
                self._drawn = drawn
            self.is_ground = layer.surface == "ground"
        self._layer, self._style = layer, style
        self._colour(style)
        self.set_visible(self.visible)
        return True

    # -- tiles ------------------------------------------------------------------------------

    def _show_heights(self, layer: ElevationLayer) -> None:
        self._version += 1 + (self._tiles.version if self._tiles is not None else 0)
        known = layer.heights.reshape(-1)[:: max(1, layer.heights.size // SAMPLE)]
        self._sample = known[np.isfinite(known)]
        self.lowest = float(layer.heights.min())
        self.has_holes = bool(np.isnan(self.lowest))
        if self.has_holes:
            self.lowest = float(np.fmin.reduce(layer.heights, axis=None))
        self._forget_building()
        same = self._drawn is not None and _same_grid(self._drawn, layer)
        self._drawn = layer
        if layer.heights.size <= AT_ONCE:
            pyramid = TerrainPyramid(LayerHeights(layer))
            pyramid.build()
            self._use(pyramid, same=same)
        else:
            self._show_large(layer, same=same)

    def _show_large(self, layer: ElevationLayer, *, same: bool) -> None:
        try:
            pyramid = TerrainPyramid(LayerHeights(layer), self._folder(layer))
        except CityError as problem:
            log.warning("%s", problem)
            pyramid = TerrainPyramid(LayerHeights(layer))
        if pyramid.complete:
            self._use(pyramid, same=same)
        elif not same or self._tiles is None:
            coarse = TerrainPyramid(LayerHeights(thinned(layer, AT_ONCE // 4)))
            coarse.build()
            self._use(coarse, same=False)
        self._building = pyramid
        before = pyramid.rebuilt
        self.around.loader.ask(pyramid, before, 0.0, lambda wanted: pyramid.build(wanted=wanted))

    def _folder(self, layer: ElevationLayer) -> Path:
        given = self.around.folder_for(layer)
        if given is not None:
            return given / "terrain"
        if self._temporary is None:
            made = tempfile.mkdtemp(prefix="dothi-terrain-")
            self._temporary = weakref.finalize(self, shutil.rmtree, made, ignore_errors=True)
            self._made = Path(made)
        return self._made

    def _use(self, pyramid: TerrainPyramid, *, same: bool) -> None:
        if same and self._tiles is not None and self._tiles.pyramid.shapes == pyramid.shapes:
            self._tiles.set_pyramid(pyramid)
            return
        if self._tiles is not None:
            self._tiles.clear()
        self._tiles = self._new_tiles(pyramid)

    def _new_tiles(self, pyramid: TerrainPyramid) -> GroundTiles:
        made = GroundTiles(self.around, pyramid, (self._plain, self._pictured))
        made.set_pictures(self._pictures)
        made.set_colours(self._colours())
        return made

    def _take_built(self) -> None:
        """Go over to the whole pyramid once it is built."""
        pyramid = self._building
        found = None if pyramid is None else self.around.loader.take(pyramid)
        if pyramid is None or found is None:
            return
        self._building = None
        if found[1] is not True:
            log.warning("The terrain could not be prepared: %s", found[1])
        elif self._tiles is not None and self._tiles.pyramid is pyramid:
            if pyramid.rebuilt:
                self._tiles.set_pyramid(pyramid)
        else:
            self._finer = self._new_tiles(pyramid)
            self._finer.set_visible(False)

    def _forget_building(self) -> None:
        if self._building is not None:
            self.around.loader.forget(self._building)
            self._building = None
        if self._finer is not None:
            self._finer.clear()
            self._finer = None

    def _go_over(self) -> None:
        """The finer tiles have what is wanted: they stand in for the others."""
        if self._finer is None or self._tiles is None:
            return
        self._version += self._tiles.version + 1
        self._tiles.clear()
        self._tiles, self._finer = self._finer, None
        self._tiles.set_visible(self.visible)
        if self.is_ground:
            self.land.lay(self._tiles.pyramid, self._feet, self._plain_z)

    def wear(self, pictures: Sequence[Picture], strength: float) -> None:
        """Show these pictures of the ground, the last on top; none shows its own colour."""
        self._pictures = tuple(pictures)
        self._pictured.set_strength(strength)
        for tiles in self._all():
            tiles.set_pictures(self._pictures)

    def _all(self) -> list[GroundTiles]:
        return [tiles for tiles in (self._tiles, self._finer) if tiles is not None]

    def look(self, eye: Eye) -> None:
        """See `Visual.look`."""
        self._take_built()
        if self._tiles is not None:
            self._tiles.look(eye)
        if self._finer is not None:
            self._go_over()
            if self._tiles is not None:
                self._tiles.look(eye)

    def complete(self, seconds: float) -> bool:
        """See `Visual.complete`; a pyramid that is being built is waited for without a limit alone."""
        if np.isinf(seconds) and self._building is not None and self.visible:
            self.around.loader.wait(self._building, seconds)
        self._take_built()
        if self._finer is not None and np.isinf(seconds):
            self._go_over()
        done = self.land.complete(seconds)
        return done & (self._tiles.complete(seconds) if self._tiles is not None else True)

    # -- looks ------------------------------------------------------------------------------

    def surround(self, feet: Feet, plain: float) -> None:
        """Lead the ground down to the plain at scene height `plain`, under `feet` that stand outside."""
        self._feet, self._plain_z = feet, plain
        if self.is_ground and self._tiles is not None and len(self._sample):
            self.land.lay(self._tiles.pyramid, feet, plain)
        else:
            self.land.clear()

    def _colours(self) -> Callable[[NDArray[np.float64]], NDArray[np.uint8]] | None:
        style = self._style
        if style is None or style.color_by != "height" or self.legend is None:
            return None
        return self.legend.scale

    def _colour(self, style: Style) -> None:
        self.legend = None
        if self._tiles is None or self._layer is None:
            return
        if style.color_by == "height":
            _, self.legend = by_number(
                self._sample, style, layer=self._layer.id, title="Height of the ground", unit="m"
            )
        colour = rgb(style.color) if style.color else GROUND_COLOUR
        for material in (self._plain, self._pictured):
            material.property.SetColor(*(colour / 255.0))
            material.set_opacity(style.opacity)
        for tiles in self._all():
            tiles.set_colours(self._colours())

    @property
    def box(self) -> NDArray[np.float64] | None:
        """See `Visual.box`."""
        if self._tiles is None:
            return None
        p, origin = self._tiles.pyramid, self.around.frame.origin
        low, high = p.heights_of(p.levels - 1)
        if not np.isfinite(low).any():
            return None
        west, south, east, north = p.heights.bounds
        x, y, z = origin
        return np.array(
            [west - x, east - x, south - y, north - y, np.nanmin(low) - z, np.nanmax(high) - z]
        )

    def rays(self) -> Rays | None:
        """The triangles drawn, those out of sight coarser; row 0 for all."""
        ground = None if self._tiles is None else self._tiles.rays()
        land = self.land.rays()
        if ground is None or land is None:
            return ground
        far = land[1] + np.int32(len(ground[0]))
        joined = zip(ground, (land[0], far, land[2]), strict=True)
        vertices, triangles, rows = (np.concatenate(both) for both in joined)
        return vertices, triangles, rows

    def drawn(self) -> int:
        """See `Visual.drawn`."""
        return self._tiles.drawn() if self._tiles is not None and self.visible else 0

    def set_visible(self, visible: bool) -> None:
        """Hide or show."""
        self.visible = visible
        if self._tiles is not None:
            self._tiles.set_visible(visible)
        self.land.set_visible(visible)

    def nbytes(self) -> int:
        """Bytes of arrays held."""
        return sum(tiles.nbytes() for tiles in self._all())

    def _clear(self) -> None:
        self._forget_building()
        if self._tiles is not None:
            self._tiles.clear()
        self.land.clear()
        self._tiles = None

    def remove(self) -> None:
        """Take the ground off the stage."""
        self._clear()
        self._drawn = None
        self.land.remove()
        for material in (self._plain, self._pictured):
            self.around.stage.release(material)
        self._layer = None
        if self._temporary is not None:
            with contextlib.suppress(OSError):
                self._temporary()


def thinned(layer: ElevationLayer, most: int) -> ElevationLayer:
    """Every so many-th cell of `layer`, at most about `most`; without a copy."""
    step = int(np.ceil(np.sqrt(layer.heights.size / most)))
    heights = layer.heights[step // 2 :: step, step // 2 :: step]
    west, south, east, north = layer.bounds
    rows, cols = heights.shape
    return ElevationLayer(
        id=layer.id, name=layer.name, crs=layer.crs, vertical=layer.vertical, surface=layer.surface,
        heights=heights, west=west, north=north, cell_x=(east - west) / cols,
        cell_y=(north - south) / rows,
    )  # fmt: skip


def _same_grid(one: ElevationLayer, other: ElevationLayer) -> bool:
    place = (one.west, one.north, one.cell_x, one.cell_y, one.surface)
    return one.heights.shape == other.heights.shape and place == (
        other.west, other.north, other.cell_x, other.cell_y, other.surface,
    )  # fmt: skip
