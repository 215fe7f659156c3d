"""Many things of one layer in square cells: each cell made in a worker, finely where it is near."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from layers.tiles.chunks import Chunk
from viewers.scene.chunked_mesh import ChunkedMesh
from viewers.scene.eye import Eye
from viewers.scene.visual import Surroundings

Make = Callable[[int, int], Mapping[str, Chunk]]
"""Cell, detail (0 the finest) → chunks by the name of their mesh; called in a worker."""
AWAY = 0.75
"""A fine cell becomes coarse again at this share of the pixels a metre where it became fine."""


class Cells:
    """Keeps the chunks of some meshes as fine as the eye needs them.

    Parameters
    ----------
    low, high : float64 (n, 3), boxes of the cells, scene metres
    near
        Pixels that a metre must cover for a cell to be made in detail 0; else it has detail 1.
    made
        Called with each chunk that was put: mesh and number of the cell.
    """

    def __init__(
        self,
        around: Surroundings,
        meshes: Mapping[str, ChunkedMesh],
        low: NDArray[np.float64],
        high: NDArray[np.float64],
        make: Make,
        *,
        near: float,
        made: Callable[[ChunkedMesh, int], None],
    ) -> None:
        self._around, self._meshes = around, dict(meshes)
        self.low, self.high = low, high
        self._make, self._near, self._made = make, near, made
        self._detail = np.full(len(low), 2, np.int64)
        """Of what is there; 2 where nothing is."""
        self._wanted = np.ones(len(low), np.int64)

    def look(self, eye: Eye) -> None:
        """Ask for cells that are missing, and for those that should be finer or coarser."""
        scale = eye.pixels_per_metre(self.low, self.high)
        seen = eye.sees(self.low, self.high)
        limit = np.where(self._detail == 0, self._near * AWAY, self._near)
        self._wanted = np.where(seen & (scale >= limit), 0, 1)
        self._wanted[(self._detail == 0) & ~seen & (scale >= limit)] = 0
        memory = self._around.memory
        for cell in np.flatnonzero(seen & (self._detail < 2)).tolist():
            memory.use(self, cell)
        # What is out of sight comes last, and what is only too fine after what is missing.
        urgency = np.where(seen, 1e3, 1.0) * scale * np.where(self._detail == 2, 10.0, 1.0)
        missing = np.flatnonzero((self._wanted != self._detail) & (seen | (self._detail == 2)))
        if memory.held > 0.9 * memory.most:
            missing = missing[seen[missing]]
        loader = self._around.loader
        loader.want(self, [(int(cell), int(self._wanted[cell])) for cell in missing])
        for cell in missing.tolist():
            detail = int(self._wanted[cell])
            loader.ask(
                self, (cell, detail), float(urgency[cell]), partial(_work, self._make, cell, detail)
            )

    def complete(self, seconds: float) -> bool:
        """See `Visual.complete`."""
        loader, until = self._around.loader, time.perf_counter() + seconds
        while loader.owes(self):
            if np.isinf(seconds):
                loader.wait(self, 60.0)
            found = loader.take(self) if seconds > 0 else None
            if found is None:
                return not loader.owes(self)
            place: Any = found[0]
            if not isinstance(found[1], Exception) and found[1] is not None:
                self._put(place[0], place[1], found[1])
            else:
                self._detail[place[0]] = place[1]  # not asked for again and again
            if time.perf_counter() > until:
                return not loader.owes(self)
        return True

    def _put(self, cell: int, detail: int, chunks: Mapping[str, Chunk]) -> None:
        for name, mesh in self._meshes.items():
            chunk = chunks.get(name)
            if chunk is None:
                mesh.drop(cell)
                continue
            mesh.put_one(cell, chunk)
            self._made(mesh, cell)
        self._detail[cell] = detail
        held = sum(
            mesh.chunks[cell].nbytes() for mesh in self._meshes.values() if cell in mesh.chunks
        )
        self._around.memory.hold(self, cell, 2 * held + 64, partial(self._drop, cell))

    def _drop(self, cell: int) -> None:
        for mesh in self._meshes.values():
            mesh.drop(cell)
        self._detail[cell] = 2

    def fine(self) -> tuple[int, ...]:
        """Cells that are there in detail 0."""
        return tuple(np.flatnonzero(self._detail == 0).tolist())

    def clear(self) -> None:
        """Forget what was asked for, and let go of what was counted; meshes stay their owner's."""
        self._around.loader.forget(self)
        for cell in np.flatnonzero(self._detail < 2).tolist():
            self._around.memory.release(self, cell)
        self._detail[:] = 2


def _work(
    make: Make, cell: int, detail: int, wanted: Callable[[], bool]
) -> Mapping[str, Chunk] | None:
    return make(cell, detail) if wanted() else None


def square_cells(
    low: NDArray[np.float64], high: NDArray[np.float64], side: float
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """Cells of things with boxes (n, 2 or 3): the cell of each thing, and the cells' own boxes.

    A thing belongs to one cell only, of a side that fits it: larger things to larger cells.
    """
    if not len(low):
        return np.empty(0, np.int64), np.empty((0, low.shape[1])), np.empty((0, low.shape[1]))
    extent = (high - low)[:, :2].max(axis=1)
    size = np.ceil(np.log2(np.maximum(extent / side, 1.0))).astype(np.int64)
    place = np.floor((low + high)[:, :2] / 2 / (side * 2.0**size)[:, None]).astype(np.int64)
    keys = np.column_stack([size, place])
    _, cell = np.unique(keys, axis=0, return_inverse=True)
    cell = cell.reshape(-1).astype(np.int64)
    order = np.argsort(cell, kind="stable")
    starts = np.flatnonzero(np.diff(cell[order], prepend=-1))
    return (
        cell,
        np.minimum.reduceat(low[order], starts, axis=0),
        np.maximum.reduceat(high[order], starts, axis=0),
    )
