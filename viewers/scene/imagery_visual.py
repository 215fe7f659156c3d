"""A picture of the ground: a texture that terrain and plain wear."""

from __future__ import annotations

from itertools import product

import numpy as np
from numpy.typing import NDArray
from vtkmodules.util.numpy_support import numpy_to_vtk
from vtkmodules.vtkCommonDataModel import vtkImageData
from vtkmodules.vtkRenderingCore import vtkTexture

from layers.kinds.imagery import ImageryLayer
from layers.kinds.layer import Layer
from twin.style import Style
from viewers.scene.material import Affine2
from viewers.scene.renderer_name import is_software
from viewers.scene.visual import Surroundings, Visual

MOST_PIXELS = 4096


class ImageryVisual(Visual):
    """Owns the texture; the scene puts it on what lies on the ground."""

    kind = "imagery"

    def __init__(self, around: Surroundings) -> None:
        super().__init__(around)
        self.texture: vtkTexture | None = None
        self.affine: Affine2 | None = None
        self.strength = 1.0
        self._layer: ImageryLayer | None = None
        self._style: Style | None = None
        self._box: NDArray[np.float64] | None = None
        self._pixels: NDArray[np.uint8] = np.empty((0, 0, 3), np.uint8)

    def show(self, layer: Layer, style: Style) -> bool:
        """Make the texture of the layer."""
        assert isinstance(layer, ImageryLayer)
        if layer is self._layer and style == self._style:
            return False
        if layer is not self._layer:
            self._make(layer)
        self._layer, self._style, self.strength = layer, style, style.opacity
        return True

    def _make(self, layer: ImageryLayer) -> None:
        step = max(1, -(-max(layer.pixels.shape[:2]) // MOST_PIXELS))
        rows, cols = (n // step * step for n in layer.pixels.shape[:2])
        pixels = layer.pixels[:rows, :cols]
        if step > 1:
            total = np.zeros((rows // step, cols // step, 3), np.uint32)
            for row, col in product(range(step), repeat=2):
                total += pixels[row::step, col::step]
            pixels = (total // step**2).astype(np.uint8)
        self._pixels = np.ascontiguousarray(pixels[::-1])
        image = vtkImageData()
        image.SetDimensions(self._pixels.shape[1], self._pixels.shape[0], 1)
        array = numpy_to_vtk(self._pixels.reshape(-1, 3), deep=False)
        array.SetName("rgb")
        image.GetPointData().SetScalars(array)
        self.texture = vtkTexture()
        self.texture.SetInputData(image)
        self.texture.SetColorModeToDirectScalars()
        self.texture.InterpolateOn()
        self.texture.MipmapOn()
        self.texture.SetMaximumAnisotropicFiltering(self._sharpness())
        self.texture.RepeatOff()
        self.texture.EdgeClampOn()
        x, y, _ = self.around.frame.origin
        width, height = cols * layer.cell_x, rows * layer.cell_y
        west, south = layer.west - x, layer.north - height - y
        self.affine = Affine2((1 / width, 1 / height), (-west / width, -south / height))
        self._box = np.array([west, west + width, south, south + height, np.nan, np.nan])

    def _sharpness(self) -> float:
        """Samples along a slanting look; from a street, software GL took a minute a frame for eight."""
        return 1.0 if is_software(self.around.stage.renderer.GetRenderWindow()) else 8.0

    @property
    def box(self) -> NDArray[np.float64] | None:
        """Where it lies; its height is the ground's."""
        if self._box is None:
            return None
        z = self.around.stage.ground_z
        z = 0.0 if np.isnan(z) else z
        return np.array([*self._box[:4], z, z])

    def set_visible(self, visible: bool) -> None:
        """Hide or show; the scene drapes again."""
        self.visible = visible

    def nbytes(self) -> int:
        """Bytes of the texture's pixels."""
        return self._pixels.nbytes

    def remove(self) -> None:
        """Let go of the texture."""
        self.texture, self.affine, self._layer = None, None, None
