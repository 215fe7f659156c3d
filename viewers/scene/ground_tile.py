"""One tile of a terrain: made of numbers in a worker, put on the stage in the window's thread."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from layers.tiles.imagery import Picture, composed
from layers.tiles.terrain import Key, TerrainPyramid
from layers.tiles.terrain_mesh import TerrainTile, extent, tile_mesh
from viewers.scene.material import Material
from viewers.scene.renderer_name import SOFTWARE, renderer_name
from viewers.scene.stage import Stage, Surface
from viewers.scene.textures import sharp_texture

TEXELS = 256
"""Cells of a picture along the side of a tile."""
Origin = tuple[float, float, float]
Colours = Callable[[NDArray[np.float64]], NDArray[np.uint8]]
"""World heights (n,) → colours (n, 3)."""


@dataclass(frozen=True, slots=True, eq=False)
class Loaded:
    """What a worker made of a tile: triangles, None where it is empty, and the picture it wears."""

    mesh: TerrainTile | None
    picture: NDArray[np.uint8] | None


def load(
    pyramid: TerrainPyramid,
    key: Key,
    origin: Origin,
    pictures: tuple[Picture, ...],
    wanted: Callable[[], bool],
) -> Loaded | None:
    """A tile's triangles and what it wears; None where nobody wants it any more."""
    if not wanted():
        return None
    mesh = tile_mesh(pyramid, key, origin)
    picture = None
    if mesh is not None and pictures and wanted():
        picture = composed(pictures, extent(pyramid, key), TEXELS)
    return Loaded(mesh, picture) if wanted() else None


class GroundTile:
    """A tile that is there, and its surface once it was drawn.

    `made_of` tells heights and pictures apart that it was made of.
    """

    def __init__(self, loaded: Loaded, made_of: tuple[int, int]) -> None:
        self.mesh, self.picture = loaded.mesh, loaded.picture
        self.made_of = made_of
        self._surface: Surface | None = None

    @property
    def nbytes(self) -> int:
        """Bytes held by numpy and the driver."""
        # Vertices and faces lie in the driver's memory once more, a picture with its smaller copies.
        held = 2 * self.mesh.nbytes if self.mesh is not None else 64
        return held + (int(2.4 * self.picture.nbytes) if self.picture is not None else 0)

    @property
    def triangles(self) -> int:
        """How many there are, the skirt's among them."""
        return 0 if self.mesh is None else len(self.mesh.triangles)

    def show(
        self,
        stage: Stage,
        materials: tuple[Material, Material],
        *,
        samples: float,
        colours: Colours | None,
        base: float,
    ) -> None:
        """Put it on the stage, or show it again; `base` is the world height of the scene's zero."""
        if self.mesh is None:
            return
        if self._surface is not None:
            if not self._surface.visible:
                self._surface.set_visible(True)
            return
        of_faces = None
        if colours is not None:
            middle = self.mesh.vertices[self.mesh.triangles, 2].mean(axis=1) + base
            of_faces = colours(middle.astype(np.float64))
        worn = None if self.picture is None else sharp_texture(self.picture, samples=samples)
        self._surface = Surface(
            stage, self.mesh.vertices, self.mesh.triangles, of_faces,
            materials[worn is not None], normals=self.mesh.normals, uv=self.mesh.uv, picture=worn,
        )  # fmt: skip

    def hide(self) -> None:
        """Keep it on the stage, unseen."""
        if self._surface is not None and self._surface.visible:
            self._surface.set_visible(False)

    def remove(self) -> None:
        """Take it off the stage."""
        if self._surface is not None:
            self._surface.remove()
            self._surface = None


def slant_samples(stage: Stage) -> float:
    """Samples along a slanting look; from a street, software GL took a minute a frame for eight."""
    name = renderer_name(stage.renderer.GetRenderWindow())
    return 8.0 if name and not any(word in name.lower() for word in SOFTWARE) else 1.0
