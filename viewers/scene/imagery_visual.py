"""A picture of the ground: tiles of it that the terrain wears, and a small copy for all else."""

from __future__ import annotations

from itertools import product

import numpy as np
from numpy.typing import NDArray
from vtkmodules.vtkRenderingCore import vtkTexture

from layers.kinds.imagery import ImageryLayer
from layers.kinds.layer import Layer
from layers.tiles.heights import flat
from layers.tiles.imagery import Picture
from layers.tiles.picture_levels import Levels
from layers.tiles.terrain import TerrainPyramid
from twin.style import Style
from viewers.scene.eye import Eye
from viewers.scene.ground_tile import slant_samples
from viewers.scene.ground_tiles import GroundTiles
from viewers.scene.material import Material
from viewers.scene.textures import Affine2, sharp_texture
from viewers.scene.visual import Surroundings, Visual

MOST_PIXELS = 2048
"""Along a side of the copy that lies on the plain and on what has no tiles."""
LIFT_M, BIAS = 0.02, 3.0
"""Tiles that lie on the plain itself, where there is no terrain, come so much nearer than it."""


class ImageryVisual(Visual):
    """Owns the picture; the scene puts it on what lies on the ground."""

    kind = "imagery"

    def __init__(self, around: Surroundings) -> None:
        super().__init__(around)
        self.picture: Picture | None = None
        self.texture: vtkTexture | None = None
        self.affine: Affine2 | None = None
        self.strength = 1.0
        self._layer: ImageryLayer | None = None
        self._style: Style | None = None
        self._box: NDArray[np.float64] | None = None
        self._copy: NDArray[np.uint8] = np.empty((0, 0, 3), np.uint8)
        self._materials: tuple[Material, Material] | None = None
        self._tiles: GroundTiles | None = None
        self._height = np.nan

    def show(self, layer: Layer, style: Style) -> bool:
        """Make ready what is worn of the layer."""
        assert isinstance(layer, ImageryLayer)
        if layer is self._layer and style == self._style:
            return False
        if layer is not self._layer:
            self._make(layer)
        self._layer, self._style, self.strength = layer, style, style.opacity
        if self._materials is not None:
            self._materials[1].set_strength(self.strength)
        return True

    def _make(self, layer: ImageryLayer) -> None:
        self.picture = Picture(layer)
        folder = self.around.folder_for(layer)
        if folder is not None:
            self.picture.levels = Levels(self.picture, folder)
        self._copy = smaller(layer.pixels, MOST_PIXELS)
        # The copy leaves out cells that fill no whole block.
        step = max(1, -(-max(layer.pixels.shape[:2]) // MOST_PIXELS))
        rows, cols = (n // step * step for n in layer.pixels.shape[:2])
        samples = slant_samples(self.around.stage)
        self.texture = sharp_texture(np.ascontiguousarray(self._copy[::-1]), samples=samples)
        x, y, _ = self.around.frame.origin
        width, height = cols * layer.cell_x, rows * layer.cell_y
        west, south = layer.west - x, layer.north - height - y
        self.affine = Affine2((1 / width, 1 / height), (-west / width, -south / height))
        self._box = np.array([west, west + width, south, south + height, np.nan, np.nan])
        self.lie_at(None)

    def lie_at(self, height: float | None) -> None:
        """Lie on the plain at `height`, scene metres, in tiles of its own; None where it is worn by
        a terrain."""
        wanted = np.nan if height is None else height
        if wanted == self._height or (np.isnan(wanted) and self._tiles is None):
            return
        self._height = wanted
        if self._tiles is not None:
            self._tiles.clear()
            self._tiles = None
        if height is None or self.picture is None:
            return
        if self._materials is None:
            stage = self.around.stage
            plain, tiled = (
                stage.material(
                    "terrain", smooth_normals=True, bias=BIAS, of_plain=True, tiled=True,
                    pictured=pictured,
                )
                for pictured in (False, True)
            )  # fmt: skip
            self._materials = (plain, tiled)
            tiled.set_strength(self.strength)
        level = flat(self.picture.bounds, height + self.around.frame.origin[2] + LIFT_M)
        pyramid = TerrainPyramid(level)
        pyramid.build()
        self._tiles = GroundTiles(self.around, pyramid, self._materials)
        self._tiles.set_pictures([self.picture])
        self._tiles.set_visible(self.visible)

    def look(self, eye: Eye) -> None:
        """See `Visual.look`."""
        if self._tiles is not None:
            self._tiles.look(eye)

    def complete(self, seconds: float) -> bool:
        """See `Visual.complete`."""
        return self._tiles.complete(seconds) if self._tiles is not None else True

    @property
    def box(self) -> NDArray[np.float64] | None:
        """Where it lies; its height is the ground's."""
        if self._box is None:
            return None
        z = self.around.stage.ground_z
        z = 0.0 if np.isnan(z) else z
        return np.array([*self._box[:4], z, z])

    def drawn(self) -> int:
        """See `Visual.drawn`."""
        return self._tiles.drawn() if self._tiles is not None and self.visible else 0

    def set_visible(self, visible: bool) -> None:
        """Hide or show; the scene drapes again."""
        self.visible = visible
        if self._tiles is not None:
            self._tiles.set_visible(visible)

    def nbytes(self) -> int:
        """Bytes of the copy, and of its own tiles."""
        return self._copy.nbytes + (self._tiles.nbytes() if self._tiles is not None else 0)

    def remove(self) -> None:
        """Let go of all."""
        self.lie_at(None)
        for material in self._materials or ():
            self.around.stage.release(material)
        self.texture, self.affine, self._layer, self.picture = None, None, None, None
        self._copy = np.empty((0, 0, 3), np.uint8)


def smaller(pixels: NDArray[np.uint8], most: int) -> NDArray[np.uint8]:
    """`pixels` averaged in whole blocks until no side is longer than `most`."""
    step = max(1, -(-max(pixels.shape[:2]) // most))
    if step == 1:
        return pixels
    rows, cols = (n // step for n in pixels.shape[:2])
    part = pixels[: rows * step, : cols * step]
    total = np.zeros((rows, cols, 3), np.uint32)
    for row, col in product(range(step), repeat=2):
        total += part[row::step, col::step]
    mean: NDArray[np.uint8] = (total // step**2).astype(np.uint8)
    return mean
