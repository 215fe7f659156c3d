"""What workers do for the picture of buildings: numpy in, numpy out."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from layers.kinds.buildings import BuildingsLayer
from layers.tiles.blocks import MERGED
from layers.tiles.chunks import Chunk
from layers.tiles.pyramid import Pyramid
from layers.tiles.rays import first_building
from layers.tiles.stored import StoredBuildings
from viewers.scene.block_choice import choose_tiles
from viewers.scene.cut import Cut
from viewers.scene.eye import Eye
from viewers.scene.facades import STOREY_M, patterns_of, site_of
from viewers.scene.rays import Hit
from viewers.scene.visual import Rays

CASTING = 600_000
"""Triangles that throw shadows."""


class Uses:
    """The kind of façade of each building of a layer; found by the first worker that asks."""

    def __init__(self, layer: BuildingsLayer) -> None:
        self.layer = layer
        self._found: NDArray[np.uint8] | None = None
        self._lock = Lock()

    def patterns(self) -> NDArray[np.uint8]:
        """Index in `facades.PATTERNS` (n,)."""
        with self._lock:
            if self._found is None:
                self._found = patterns_of(self.layer)
            return self._found


def load(
    pyramid: Pyramid, node: int, uses: Uses, wanted: Callable[[], bool]
) -> tuple[Chunk, NDArray[np.float32]] | None:
    """A tile, and what its façades need."""
    chunk = pyramid.tile(node) if wanted() else None
    if chunk is None:
        return None
    survey, layer = pyramid.survey, uses.layer
    site = site_of(
        chunk, uses.patterns(), layer.floors, survey.ground, survey.height, survey.own,
        origin_z=pyramid.origin[2],
    )  # fmt: skip
    return chunk, site


def casters(pyramid: Pyramid, eye: Eye) -> NDArray[np.int64]:
    """Tiles that throw shadows, in order: all of the finest where they are few, else finer near `eye`.

    A small city thus casts the same from wherever it is seen, and needs to be cast but once.
    """
    tree = pyramid.tree
    finest = np.flatnonzero(tree.leaf)
    if int(tree.faces[finest].sum()) <= CASTING:
        return finest
    shift = np.asarray(pyramid.origin)
    choice = choose_tiles(tree, shift, eye, budget=CASTING, all_around=True)
    return np.sort(choice.wanted)


def solids_of_tiles(
    pyramid: Pyramid, nodes: NDArray[np.int64], hidden: NDArray[np.bool_] | None
) -> Rays | None:
    """What stands in some tiles, but for hidden rows; None where nothing does."""
    chunks = [c for n in nodes.tolist() if (c := pyramid.tile(n)) is not None]
    if not chunks:
        return None
    starts = np.cumsum([0] + [len(c.vertices) for c in chunks[:-1]])
    triangles = np.concatenate(
        [c.triangles + np.int32(s) for c, s in zip(chunks, starts, strict=True)]
    )
    rows = np.concatenate([c.face_row for c in chunks])
    # A merged block fills streets that a finer tile of the picture shows: it would darken them.
    keep = np.concatenate([c.face_kind for c in chunks]) < MERGED
    if hidden is not None:
        keep &= ~hidden[rows]
    triangles, rows = triangles[keep], rows[keep]
    return np.concatenate([c.vertices for c in chunks]), triangles, rows


def bounds_of(layer: BuildingsLayer) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Lowest and highest corner (3,) of all buildings, before they are planned."""
    if not layer.count:
        return np.zeros(3), np.zeros(3)
    west, south, east, north = layer.bounds
    bottom, top = float(layer.ground.min()), float(layer.ground.max() + layer.height.max())
    return np.array([west, south, bottom]), np.array([east, north, top])


def same_outlines(before: BuildingsLayer, after: BuildingsLayer) -> bool:
    """Whether two layers differ in heights at most."""
    return before.same_outlines(after) and before.model is after.model


def same_facades(before: BuildingsLayer | None, after: BuildingsLayer) -> bool:
    """Whether two layers of the same buildings have the same floors and uses."""
    if before is None or not np.array_equal(before.floors, after.floors):
        return False
    stored = [
        one.stored_use if isinstance(one, StoredBuildings) else None for one in (before, after)
    ]
    if stored[0] is not None and stored[0] is stored[1]:
        return True
    return before.use is after.use or np.array_equal(before.use, after.use)


def first_hit(
    pyramid: Pyramid,
    origin: NDArray[np.float64],
    direction: NDArray[np.float64],
    layer: str,
    hidden: NDArray[np.bool_] | None,
    cut: Cut | None,
) -> Hit | None:
    """The building a ray meets first, exactly, whatever tiles are drawn."""
    keeps = None if cut is None else cut.keeps
    found = first_building(pyramid, origin, direction, hidden=hidden, keeps=keeps)
    if found is None:
        return None
    where = np.asarray(origin, float) + found.distance * np.asarray(direction, float)
    return Hit(
        layer=layer, row=found.row, where=where, distance=found.distance, normal=found.normal
    )


def part_at(layer: BuildingsLayer, row: int, z: float) -> str:
    """What of a building is at the height `z` of the world: its storey, from 1 at the ground, or "roof"."""
    above, height = z - float(layer.ground[row]), float(layer.height[row])
    if above >= height - 0.05:
        return "roof"
    floors = int(layer.floors[row])
    storey = height / floors if floors > 0 else STOREY_M
    return f"storey {max(1, int(above // storey) + 1)}"
