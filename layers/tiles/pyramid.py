"""The tiles of one layer of buildings: planned once, made when first wanted, kept on disk."""

from __future__ import annotations

import contextlib
import threading
import zlib
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from layers.builders.solids import Origin
from layers.errors import CityError, ReadError
from layers.kinds.buildings import BuildingsLayer
from layers.kinds.mesh import SolidBatch
from layers.progress import SILENT, Progress
from layers.tiles.blocks import Survey, importance, plan_of, survey_of, tile
from layers.tiles.chunks import Chunk
from layers.tiles.outlines import Outlines
from layers.tiles.quadtree import Quadtree
from layers.tiles.store import Arrays, read_tile, write_tile
from layers.tiles.stored import StoredBuildings

_CHUNK = (
    "rows", "vertices", "triangles", "face_row", "face_kind", "face_start", "vertex_row", "size",
)  # fmt: skip
_MODEL = ("vertices", "triangles", "face_solid", "face_kind")
PLAN = "plan.tile"
SHARED = "shared.tile"
VERSION = 3
"""Tiles that another version made are made again."""
BATCH = 16
"""Tiles that a worker process makes at a time."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pyramid:
    """Safe in any thread. `folder` None keeps nothing on disk.

    Attributes
    ----------
    survey, tree : what the tiles are made of, and where each lies
    origin : world position that vertices are relative to
    """

    survey: Survey
    tree: Quadtree
    origin: Origin
    folder: Path | None = None

    def tile(self, node: int) -> Chunk | None:
        """The tile of `node`, from disk where it is there and still true, else made and kept."""
        path = self._path(node)
        state = self._state(node)
        if path is not None:
            found = read_tile(path)
            if found is not None and found[1].get("state") == state:
                return _chunk(found[0])
        made = tile(self.survey, self.tree, node, origin=self.origin)
        if path is not None:
            arrays = {} if made is None else {name: getattr(made, name) for name in _CHUNK}
            try:
                write_tile(path, arrays, {"state": state})
            except CityError:
                return made  # a full disk: the next one who wants it makes it again
        return made

    def ready(self, node: int) -> bool:
        """Whether the tile lies on disk and is true."""
        path = self._path(node)
        found = read_tile(path) if path is not None else None
        return found is not None and found[1].get("state") == self._state(node)

    def changed(self, layer: BuildingsLayer) -> tuple[Pyramid, NDArray[np.int64]]:
        """The pyramid of the same buildings with other heights, and the nodes whose tiles differ."""
        before = self.survey
        rows = before.height != layer.height
        rows |= before.ground != layer.ground
        after = replace(
            before, height=layer.height, ground=layer.ground,
            size=importance(before.area, layer.height),
        )  # fmt: skip
        if layer.model is not None:
            after = survey_of(layer, before.outlines, before.area)
            if before.own is not None and after.own is not None:
                rows |= before.own != after.own
        summed = np.concatenate([[0], np.cumsum(rows[self.tree.order])])
        nodes = np.flatnonzero(summed[self.tree.last] > summed[self.tree.first])
        low, high = np.array(self.tree.low), np.array(self.tree.high)
        for node in nodes.tolist():
            part = self.tree.rows(node)
            low[node, 2] = layer.ground[part].min()
            high[node, 2] = (layer.ground[part] + layer.height[part]).max()
        tree = replace(self.tree, low=low, high=high)
        return replace(self, survey=after, tree=tree), nodes

    def build(
        self, *, workers: int = 0, progress: Progress = SILENT, nodes: Sequence[int] | None = None
    ) -> int:
        """Make every tile that is not on disk yet; how many were made.

        Parameters
        ----------
        workers : processes; 0 works here

        Raises
        ------
        Cancelled
            What was made until then stays and is not made again.
        """
        todo = [n for n in (range(len(self.tree)) if nodes is None else nodes) if not self.ready(n)]
        if self.folder is None or not todo:
            return 0
        if workers < 1 or len(todo) < 2 * BATCH:
            for done, node in enumerate(todo):
                progress.step(done / len(todo), f"Tile {done + 1} of {len(todo)}")
                self.tile(node)
            return len(todo)
        parts = [todo[i : i + BATCH] for i in range(0, len(todo), BATCH)]
        done = 0
        shared = self.folder / SHARED
        write_tile(shared, _shared(self), {"origin": self.origin})
        try:
            with ProcessPoolExecutor(
                workers, get_context("spawn"), _begin, (str(self.folder),)
            ) as pool:
                try:
                    futures = {pool.submit(_make, part): len(part) for part in parts}
                    for future in as_completed(futures):
                        future.result()
                        done += futures[future]
                        progress.step(done / len(todo), f"Tile {done} of {len(todo)}")
                except BaseException:
                    pool.shutdown(wait=True, cancel_futures=True)
                    raise
        finally:
            with contextlib.suppress(OSError):  # Windows, while a worker that was killed maps it
                shared.unlink()
        return len(todo)

    def _path(self, node: int) -> Path | None:
        return None if self.folder is None else self.folder / f"{node}.tile"

    def _state(self, node: int) -> int:
        """Changes whenever a tile made now would be another."""
        rows = self.tree.rows(node)
        sum_ = zlib.crc32(repr((VERSION, self.origin)).encode())
        sum_ = zlib.crc32(np.ascontiguousarray(self.survey.height[rows]).data, sum_)
        sum_ = zlib.crc32(np.ascontiguousarray(self.survey.ground[rows]).data, sum_)
        if self.survey.own is not None:
            sum_ = zlib.crc32(np.ascontiguousarray(self.survey.own[rows]).data, sum_)
        return sum_


def open_pyramid(
    layer: BuildingsLayer,
    *,
    origin: Origin,
    folder: Path | None = None,
    outlines: Outlines | None = None,
    still_wanted: Callable[[], bool] = lambda: True,
) -> Pyramid | None:
    """The pyramid of `layer`, its plan from `folder` or made and kept there.

    None once `still_wanted` says no. A folder that holds the plan of other outlines is emptied.
    """
    known, area, mark = outlines, None, ""
    if known is None and isinstance(layer, StoredBuildings) and layer.outlines is not None:
        stored = layer.stored
        assert stored is not None
        known, area, mark = stored.outlines, stored.areas, stored.mark
    if known is None:
        known = Outlines.of(layer.footprints)
    survey = survey_of(layer, known, area)
    if not still_wanted():
        return None
    mark = mark or known.mark()
    # A picture and the task that makes all tiles open a new city at once: who came second would empty
    # the folder under the first.
    # Each folder by itself: a small layer is planned in the window's thread.
    turn = (
        contextlib.nullcontext() if folder is None else _TURNS.setdefault(folder, threading.Lock())
    )
    with turn:
        tree, folder = _planned(survey, mark, folder, layer.count)
    return Pyramid(survey=survey, tree=tree, origin=origin, folder=folder)


_TURNS: dict[Path, threading.Lock] = {}


def _planned(
    survey: Survey, mark: str, folder: Path | None, count: int
) -> tuple[Quadtree, Path | None]:
    """The plan that is there, or a new one; the folder is None where nothing can be kept in it."""
    found = read_tile(folder / PLAN) if folder is not None else None
    if found is not None and found[1].get("outlines") == mark:
        return _with_heights(Quadtree.from_arrays(found[0]), survey), folder
    tree = plan_of(survey)
    if folder is not None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for old in folder.glob("*.tile"):
                old.unlink()
            write_tile(folder / PLAN, tree.arrays(), {"outlines": mark, "count": count})
        except (OSError, CityError):
            folder = None  # read-only or full: tiles are made as they are wanted
    return tree, folder


def _with_heights(tree: Quadtree, survey: Survey) -> Quadtree:
    """The plan was made for the heights of that day; the boxes follow those of today."""
    low, high = np.array(tree.low), np.array(tree.high)
    leaves = np.flatnonzero(tree.leaf)
    # The leaves' parts of `order` follow one another.
    leaves = leaves[np.argsort(tree.first[leaves])]
    bottom, top = survey.ground[tree.order], (survey.ground + survey.height)[tree.order]
    low[:, 2], high[:, 2] = np.inf, -np.inf
    low[leaves, 2] = np.minimum.reduceat(bottom, tree.first[leaves])
    high[leaves, 2] = np.maximum.reduceat(top, tree.first[leaves])
    for node in range(len(tree) - 1, 0, -1):
        parent = tree.parent[node]
        low[parent, 2] = min(low[parent, 2], low[node, 2])
        high[parent, 2] = max(high[parent, 2], high[node, 2])
    return replace(tree, low=low, high=high)


def _chunk(arrays: Arrays) -> Chunk | None:
    if not arrays:
        return None
    return Chunk(**{name: arrays[name] for name in _CHUNK})


def _shared(pyramid: Pyramid) -> Arrays:
    """All that worker processes need, for a file that each of them maps."""
    survey = pyramid.survey
    arrays: Arrays = {f"outlines.{k}": v for k, v in survey.outlines.arrays().items()}
    arrays |= {f"tree.{k}": v for k, v in pyramid.tree.arrays().items()}
    arrays |= {name: getattr(survey, name) for name in ("ground", "height", "area", "size")}
    if survey.model is not None and survey.own is not None:
        arrays["own"] = survey.own.view(np.uint8)
        arrays |= {f"model.{name}": getattr(survey.model, name) for name in _MODEL}
        arrays["model.origin"] = np.array(survey.model.origin, float)
    return arrays


def _of_shared(folder: Path) -> Pyramid:
    found = read_tile(folder / SHARED)
    if found is None:
        raise ReadError(f"{SHARED} is gone", hint="Try again.")
    arrays, facts = found

    def part(name: str) -> Arrays:
        return {k.partition(".")[2]: v for k, v in arrays.items() if k.startswith(f"{name}.")}

    model, own = None, None
    if "own" in arrays:
        own = arrays["own"].view(np.bool_)
        given = part("model")
        x, y, z = given.pop("origin").tolist()
        model = SolidBatch(origin=(x, y, z), **given)
    survey = Survey(
        outlines=Outlines.from_arrays(part("outlines")), model=model, own=own,
        **{name: arrays[name] for name in ("ground", "height", "area", "size")},
    )  # fmt: skip
    x, y, z = facts["origin"]
    tree = Quadtree.from_arrays(part("tree"))
    return Pyramid(survey=survey, tree=tree, origin=(x, y, z), folder=folder)


_worker: list[Pyramid] = []
"""The one pyramid that this worker process makes tiles of."""


def _begin(folder: str) -> None:
    _worker[:] = [_of_shared(Path(folder))]


def _make(nodes: list[int]) -> None:
    for node in nodes:
        _worker[0].tile(node)
