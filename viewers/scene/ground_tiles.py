"""The tiles of one terrain on the stage: chosen by error on the screen, loaded, drawn, dropped."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from layers.tiles.imagery import Picture
from layers.tiles.terrain import Key, TerrainPyramid
from layers.tiles.terrain_mesh import TerrainTile, tile_mesh
from viewers.scene.eye import Eye, eye_of
from viewers.scene.ground_tile import TEXELS, Colours, GroundTile, Loaded, load, slant_samples
from viewers.scene.material import Material
from viewers.scene.renderer_name import is_software
from viewers.scene.tile_choice import Chooser, Cut, Limits
from viewers.scene.visual import Rays, Surroundings

STILL = Limits(error=1.0, texel=1.5, most=420)
MOVING = Limits(error=3.0, texel=3.5, most=120)
FEWEST = 7
"""Tiles that a frame may always have, in sight or not: the coarsest, its four, and four of one of them."""
COARSER = 1.6
"""What may be lost grows by so much until the tiles are few enough."""
FIRST_S = 0.15
"""How long the first frame may wait for tiles that are better than the coarsest."""
RAYS_PIXELS = 1.5
"""Rays are cast over other tiles than before where they would be off by so much on the screen."""


class GroundTiles:
    """Draws a pyramid, in its own colour, by height, or wearing pictures of the ground."""

    def __init__(
        self, around: Surroundings, pyramid: TerrainPyramid, materials: tuple[Material, Material]
    ) -> None:
        self.around = around
        self.pyramid = pyramid
        self.chooser = Chooser(pyramid, around.frame.origin)
        self.visible = True
        self.version = 0
        self._materials = materials
        self._samples: float | None = None
        self._pictures: tuple[Picture, ...] = ()
        self._colours: Colours | None = None
        self._made_of = (0, 0)
        self._tiles: dict[Key, GroundTile] = {}
        self._cut = Cut()
        self._stood: tuple[set[Key], dict[Key, float]] = (set(), {})
        self._ray_cut: tuple[Key, ...] = ()

    # -- what is shown ----------------------------------------------------------------------

    def set_pictures(self, pictures: Sequence[Picture]) -> None:
        """Wear these pictures, the last on top; what is drawn stays until they are loaded."""
        if tuple(pictures) != self._pictures:
            self._pictures = tuple(pictures)
            self._made_of = (self._made_of[0], self._made_of[1] + 1)

    def set_colours(self, colours: Colours | None) -> None:
        """Colour by height, or in the material's own colour."""
        self._colours = colours
        for tile in self._tiles.values():
            tile.remove()
        self._draw_cut()

    def set_pyramid(self, pyramid: TerrainPyramid) -> None:
        """The same raster with other heights; tiles are replaced one by one."""
        self.pyramid = pyramid
        self.chooser = Chooser(pyramid, self.around.frame.origin)
        self._made_of = (self._made_of[0] + 1, self._made_of[1])

    def set_visible(self, visible: bool) -> None:
        """Hide or show."""
        self.visible = visible
        self._draw_cut()

    # -- choosing ---------------------------------------------------------------------------

    def look(self, eye: Eye) -> None:
        """Choose what is drawn from what is there; ask for what is missing."""
        if not self.visible:
            return
        if not self._tiles:
            self._load_first(eye)
        self._know_renderer()
        self._choose(eye)
        self._ask()

    def _know_renderer(self) -> None:
        """Draw pictures sharper in a slanting look, or quicker while something moves, once it is
        known whether a graphics card draws."""
        if (
            self._samples is None
            and not self.around.stage.renderer.GetRenderWindow().GetNeverRendered()
        ):
            self._samples = slant_samples(self.around.stage)
            if is_software(self.around.stage.renderer.GetRenderWindow()):
                self._materials[1].set_quick()
            if self._samples > 1.0:
                for tile in self._tiles.values():
                    tile.remove()

    def _limits(self, eye: Eye) -> Limits:
        limits = MOVING if eye.moving else STILL
        if eye.triangles is None or not self._tiles:
            return limits
        drawn = [self._tiles[key].triangles for key in self._cut.seen if key in self._tiles]
        each = max(sum(drawn) / max(len(drawn), 1), 1.0)
        # Tiles out of sight count among those chosen, yet cost nothing.
        share = max(len(self._cut.leaves), 1) / max(len(drawn), 1)
        most = int(np.clip(eye.triangles * 0.6 / each * share, FEWEST, limits.most))
        return Limits(error=limits.error, texel=limits.texel, most=most)

    def _wanted(self, eye: Eye) -> tuple[set[Key], dict[Key, float]]:
        limits = self._limits(eye)
        while True:
            split, urgency = self.chooser.wanted(eye, limits, self._texel)
            if 3 * len(split) + 1 <= limits.most:
                return self.chooser.balanced(split), urgency
            limits = Limits(
                error=limits.error * COARSER, texel=limits.texel * COARSER, most=limits.most
            )

    def _texel(
        self, level: int, low: NDArray[np.float64], high: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Side of a picture's cell in each tile; 0 where finer ones would not show more."""
        side = max(self.pyramid.side(level)) / TEXELS
        texel = np.zeros(len(low))
        x, y, _ = self.around.frame.origin
        for picture in self._pictures:
            if side <= picture.cell * 1.01:
                continue
            west, south, east, north = np.subtract(picture.bounds, (x, y, x, y))
            inside = (low[:, 0] < east) & (high[:, 0] > west)
            texel[inside & (low[:, 1] < north) & (high[:, 1] > south)] = side
        return texel

    def _choose(self, eye: Eye) -> None:
        self._stood = self._wanted(eye)
        split, urgency = self._stood
        self._cut = self.chooser.cut(split, self._tiles.__contains__)
        by_level: dict[int, list[Key]] = {}
        for key in self._cut.leaves:
            by_level.setdefault(key.level, []).append(key)
        for level, keys in by_level.items():
            width = self.pyramid.tiles(level)[1]
            number = np.array([k.row * width + k.col for k in keys])
            low, high = self.chooser.boxes(level)
            seen = eye.sees(low[number], high[number])
            self._cut.seen.update(k for k, s in zip(keys, seen.tolist(), strict=True) if s)
        for key in (*self._cut.split, *self._cut.leaves):
            self.around.memory.use(self, key)
        self._cut.urgency = urgency
        self._draw_cut()

    def _ask(self) -> None:
        missing = self._missing()
        loader = self.around.loader
        loader.want(self, [(self._made_of, key) for key in missing])
        for key, urgency in missing.items():
            loader.ask(self, (self._made_of, key), urgency, self._work(key))

    def _missing(self) -> dict[Key, float]:
        """What is not there, or is of other heights or pictures, and how badly it is missed."""
        split, urgency = self._stood
        level = self.pyramid.levels - 1
        rows, cols = self.pyramid.tiles(level)
        wanted = {Key(level, r, c): np.inf for r in range(rows) for c in range(cols)}
        for key in split:
            for child in self.chooser.children(key):
                wanted[child] = urgency.get(key, 0.0)
        missing = {k: u for k, u in wanted.items() if k not in self._tiles}
        for key in self._cut.seen:
            tile = self._tiles.get(key)
            if tile is not None and tile.made_of != self._made_of:
                missing[key] = 1e6
        return missing

    def _work(self, key: Key) -> Callable[[Callable[[], bool]], Loaded | None]:
        return partial(load, self.pyramid, key, self.around.frame.origin, self._pictures)

    def _load_first(self, eye: Eye) -> None:
        """The coarsest tiles at once, finer ones as long as a first picture may wait."""
        until = time.perf_counter() + FIRST_S
        while True:
            self._choose(eye)
            missing = self._missing()
            roots = [key for key, urgency in missing.items() if np.isinf(urgency)]
            if not missing or (not roots and time.perf_counter() > until):
                return
            for key in roots or sorted(missing, key=lambda k: -missing[k])[:4]:
                loaded = load(
                    self.pyramid, key, self.around.frame.origin, self._pictures, lambda: True
                )
                if loaded is not None:
                    self._put(key, loaded, self._made_of)

    # -- loading ----------------------------------------------------------------------------

    def complete(self, seconds: float) -> bool:
        """See `Visual.complete`."""
        if not self.visible:
            return True
        loader = self.around.loader
        until = time.perf_counter() + seconds
        if np.isinf(seconds):
            self._complete_all()
            return True
        came = False
        while seconds > 0 and time.perf_counter() < until:
            found = loader.take(self)
            if found is None:
                break
            came |= self._take(*found)
        if came:
            self._redraw()
        done = not loader.owes(self)
        if done:
            self._renew_rays()
        return done

    def _complete_all(self) -> None:
        renderer = self.around.stage.renderer
        width, height = renderer.GetRenderWindow().GetSize()
        eye = eye_of(
            renderer.GetActiveCamera(), (max(width, 1), max(height, 1)), moving=False,
            triangles=None, points=None,
        )  # fmt: skip
        failed: set[Key] = set()
        while True:
            self._choose(eye)
            self._ask()
            missing = self._missing().keys() - failed
            if not missing or not self.around.loader.wait(self, 60.0):
                break
            while (found := self.around.loader.take(self)) is not None:
                if not self._take(*found):
                    failed.add(found[0][1])
        self._renew_rays()

    def _take(self, place: Any, result: object) -> bool:
        made_of, key = place
        if not isinstance(result, Loaded):
            if isinstance(result, Exception):  # a file that went away: the ground stays without it
                self._put(key, Loaded(self._mesh_of(key), None), self._made_of)
            return False
        self._put(key, result, made_of)
        return True

    def _mesh_of(self, key: Key) -> TerrainTile | None:
        tile = self._tiles.get(key)
        return None if tile is None else tile.mesh

    def _put(self, key: Key, loaded: Loaded, made_of: tuple[int, int]) -> None:
        self._drop(key)
        tile = self._tiles[key] = GroundTile(loaded, made_of)
        self.around.memory.hold(self, key, tile.nbytes, partial(self._drop, key))

    def _drop(self, key: Key) -> None:
        tile = self._tiles.pop(key, None)
        if tile is not None:
            tile.remove()

    # -- drawing ----------------------------------------------------------------------------

    def _redraw(self) -> None:
        """Use what came without asking where the eye is."""
        split, urgency = self._stood
        seen = self._cut.seen
        self._cut = self.chooser.cut(split, self._tiles.__contains__)
        known = set(self._cut.leaves)
        # Children of what was in sight are drawn until the next frame tells.
        self._cut.seen = {k for k in known if k in seen or _ancestor_in(k, seen, self.pyramid)}
        self._cut.urgency = urgency
        self._draw_cut()

    def _draw_cut(self) -> None:
        shown = self._cut.seen if self.visible else set()
        for key, tile in self._tiles.items():
            if key in shown:
                tile.show(
                    self.around.stage, self._materials, samples=self._samples or 1.0,
                    colours=self._colours, base=self.around.frame.origin[2],
                )  # fmt: skip
            else:
                tile.hide()

    @property
    def keys(self) -> tuple[Key, ...]:
        """Tiles that are there."""
        return tuple(self._tiles)

    @property
    def finest_texel(self) -> float:
        """Metres that a pixel of the pictures covers in the finest tile in sight that wears one."""
        worn = [
            key.level for key in self._cut.seen
            if key in self._tiles and self._tiles[key].picture is not None
        ]  # fmt: skip
        return max(self.pyramid.side(min(worn))) / TEXELS if worn else float("nan")

    def drawn(self) -> int:
        """Triangles in sight."""
        return sum(self._tiles[key].triangles for key in self._cut.seen if key in self._tiles)

    # -- questions --------------------------------------------------------------------------

    def _renew_rays(self) -> None:
        """Let rays meet what is drawn now, unless that makes no difference to be seen."""
        leaves = tuple(sorted(self._cut.leaves))
        if leaves == self._ray_cut:
            return
        had = set(self._ray_cut)
        urgency = self._cut.urgency
        off = [
            urgency.get(self._coarser(key, had), np.inf) for key in self._cut.seen if key not in had
        ]
        if not self._ray_cut or max(off, default=0.0) > RAYS_PIXELS:
            self._ray_cut = leaves
            self.version += 1

    def _coarser(self, key: Key, had: set[Key]) -> Key:
        while key not in had and key.level < self.pyramid.levels - 1:
            key = Key(key.level + 1, key.row >> 1, key.col >> 1)
        return key

    def rays(self) -> Rays | None:
        """Triangles of the whole terrain, as fine as they were drawn last; row 0 for all."""
        keys = self._ray_cut or tuple(self._cut.leaves)
        found = [self._mesh_of(key) for key in keys]
        meshes = [mesh for mesh in found if mesh is not None]
        if (
            any(
                mesh is None and key not in self._tiles
                for key, mesh in zip(keys, found, strict=True)
            )
            or not keys
        ):
            meshes = self._coarse()
        if not meshes:
            return None
        shift = np.cumsum([0, *(len(m.vertices) for m in meshes[:-1])])
        triangles = [m.triangles + np.int32(s) for m, s in zip(meshes, shift, strict=True)]
        joined = np.concatenate(triangles)
        return np.concatenate([m.vertices for m in meshes]), joined, np.zeros(len(joined), np.int32)

    def _coarse(self) -> list[TerrainTile]:
        """A level of about half a million squares, where nothing was drawn yet."""
        level = next(n for n in range(self.pyramid.levels) if np.prod(self.pyramid.tiles(n)) <= 16)
        rows, cols = self.pyramid.tiles(level)
        keys = [Key(level, r, c) for r in range(rows) for c in range(cols)]
        found = [tile_mesh(self.pyramid, key, self.around.frame.origin) for key in keys]
        return [mesh for mesh in found if mesh is not None]

    def nbytes(self) -> int:
        """Bytes of arrays held."""
        return sum(tile.nbytes for tile in self._tiles.values())

    def clear(self) -> None:
        """Take everything off the stage and forget what was asked for."""
        self.around.loader.forget(self)
        for key in list(self._tiles):
            self._drop(key)
            self.around.memory.release(self, key)
        self._cut, self._ray_cut = Cut(), ()


def _ancestor_in(key: Key, keys: set[Key], pyramid: TerrainPyramid) -> bool:
    while key.level < pyramid.levels - 1:
        key = Key(key.level + 1, key.row >> 1, key.col >> 1)
        if key in keys:
            return True
    return False
