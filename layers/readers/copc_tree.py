"""A COPC file read a node at a time: where each node stands, and its points when they are wanted."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from layers.errors import ReadError
from layers.readers.copc import octree
from layers.readers.las_file import FIELDS, LasFile, open_las
from layers.readers.laz_chunks import Chunk, gently

_LARGEST_NODE = 2_000_000
_MOST_POINTS_PER_BYTE = 2_000


@dataclass(frozen=True, kw_only=True, eq=False)
class PointTree:
    """The nodes of a COPC file, coarse ones first; float64 in metres from `offset`.

    Attributes
    ----------
    las : the head of the file
    unit : metres of one unit of its heights
    offset : world x, y, z that boxes and points are relative to
    level, points : int64 (n,)
    parent : int64 (n,), row of the nearest node above; −1 for those without
    low, high : float64 (n, 3), the box of each node, no larger than the file's extent
    spacing : float64 (n,), metres between neighbours in each node
    chunks : where each is in the file
    wide : whether colours have 16 bits
    """

    las: LasFile
    unit: float
    offset: tuple[float, float, float]
    level: NDArray[np.int64]
    points: NDArray[np.int64]
    parent: NDArray[np.int64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    spacing: NDArray[np.float64]
    chunks: tuple[Chunk, ...]
    wide: bool

    @property
    def path(self) -> Path:
        """The file."""
        return self.las.path

    def __len__(self) -> int:
        return len(self.level)

    @cached_property
    def starts(self) -> NDArray[np.int64]:
        """Row of the first point of each node among all, and how many there are: int64 (n + 1,)."""
        return np.append(0, np.cumsum(self.points))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NodePoints:
    """Points of one node, in such an order that first parts of it are thinner clouds.

    The first half is half of the points picked at random, as is the first quarter, eighth and
    sixteenth; what one of these has more than the smaller one stands in the order of the file,
    which is one of neighbours: software GL draws these more than twice as fast.

    Attributes
    ----------
    xyz : float32 (n, 3), metres from the tree's `offset`; float64 world where said so
    classification : uint8 (n,) | None
    intensity : uint16 (n,) | None
    rgb : uint8 (n, 3) | None
        None where not asked for, or where the file has none.
    """

    xyz: NDArray[Any]
    classification: NDArray[np.uint8] | None = None
    intensity: NDArray[np.uint16] | None = None
    rgb: NDArray[np.uint8] | None = None


def open_tree(path: Path, *, metres_per_height: float = 1.0) -> PointTree:
    """The octree of the COPC file `path`.

    Raises
    ------
    ReadError
        It is no COPC file, or a damaged one.
    """
    las = open_las(path)
    if not las.is_copc:
        raise ReadError(f"{path.name} is not a COPC file", code="format-damaged")
    found = octree(las)
    nodes = found.nodes
    held = [nodes[name].astype(np.int64) for name in ("offset", "size", "points")]
    if (held[2] > np.minimum(held[1] * _MOST_POINTS_PER_BYTE, _LARGEST_NODE)).any():
        raise ReadError(
            f"{path.name} is damaged: a node of its octree claims too many points",
            hint="Copy or download it again.",
            code="format-damaged",
        )
    chunks = tuple(map(Chunk._make, np.column_stack(held).tolist()))
    level = nodes["level"].astype(np.int64)
    place = np.stack([nodes["x"], nodes["y"], nodes["z"]], axis=1).astype(np.int64)
    unit = np.array([1.0, 1.0, metres_per_height])
    side = found.side / 2.0**level
    low = np.asarray(found.corner) + place * side[:, None]
    high = low + side[:, None]
    low, high = low * unit, high * unit
    ends = np.array([las.header.mins, las.header.maxs], float) * unit
    if np.isfinite(ends).all() and (ends[1] >= ends[0]).all():
        # The cube of a flat city is mostly air; without this a low eye would be in all nodes.
        inner_low, inner_high = np.maximum(low, ends[0]), np.minimum(high, ends[1])
        good = (inner_low <= inner_high).all(axis=1)
        low[good], high[good] = inner_low[good], inner_high[good]
    offset = np.round((low[0] + high[0]) / 2)
    return PointTree(
        las=las,
        unit=metres_per_height,
        offset=(float(offset[0]), float(offset[1]), float(offset[2])),
        level=level,
        points=nodes["points"].astype(np.int64),
        parent=_parents(level, place),
        low=low - offset,
        high=high - offset,
        spacing=np.asarray(found.spacing / 2.0**level, dtype=np.float64),
        chunks=chunks,
        wide=_wide(las, chunks[0]),
    )


def read_node(tree: PointTree, node: int, fields: tuple[str, ...] = FIELDS) -> NodePoints:
    """The points of the node in row `node`; needs nothing but the file, so any thread may.

    Raises
    ------
    ReadError
        The file is gone or damaged.
    """
    las = tree.las
    records = gently(las, tree.chunks[node], fields=fields)
    order = _order(len(records), node)
    unit = (1.0, 1.0, tree.unit)
    xyz = np.empty((len(records), 3), dtype=np.float32)
    for axis, name in enumerate("XYZ"):
        scale, shift = float(las.header.scales[axis]), float(las.header.offsets[axis])
        values = records[name][order] * (scale * unit[axis])
        xyz[:, axis] = values + (shift * unit[axis] - tree.offset[axis])
    return NodePoints(
        xyz=xyz,
        classification=las.classes(records)[order] if "classification" in fields else None,
        intensity=records["intensity"][order] if "intensity" in fields else None,
        rgb=_colours(records, order, tree.wide) if "rgb" in fields else None,
    )


def _order(count: int, seed: int) -> NDArray[np.int64]:
    # Always the same for the same node, so that a picture can be made again.
    order = np.random.default_rng(seed).permutation(count)
    ends = [0, *(-(-count // part) for part in (16, 8, 4, 2)), count]
    for start, end in pairwise(ends):
        order[start:end].sort()
    return order


def point_at(path: Path, row: int, *, metres_per_height: float = 1.0) -> NodePoints:
    """The one point in `row`, counted through the nodes, in world coordinates (float64).

    Raises
    ------
    ReadError
        The file is gone or damaged, or holds no such row.
    """
    tree = _opened(path, path.stat().st_mtime_ns if path.exists() else 0, metres_per_height)
    if not 0 <= row < int(tree.starts[-1]):
        raise ReadError(f"{path.name} holds no point {row}", code="no-points")
    node = int(np.searchsorted(tree.starts, row, side="right")) - 1
    place = row - int(tree.starts[node])
    found = read_node(tree, node)
    one = slice(place, place + 1)
    return NodePoints(
        xyz=found.xyz[one].astype(np.float64) + np.asarray(tree.offset),
        classification=None if found.classification is None else found.classification[one],
        intensity=None if found.intensity is None else found.intensity[one],
        rgb=None if found.rgb is None else found.rgb[one],
    )


@lru_cache(maxsize=4)
def _opened(path: Path, _modified: int, metres_per_height: float) -> PointTree:
    return open_tree(path, metres_per_height=metres_per_height)


def _colours(
    records: NDArray[Any], order: NDArray[np.int64], wide: bool
) -> NDArray[np.uint8] | None:
    if "red" not in (records.dtype.names or ()):
        return None
    rgb = np.empty((len(records), 3), dtype=np.uint8)
    for index, name in enumerate(("red", "green", "blue")):
        band = records[name][order]
        rgb[:, index] = band >> 8 if wide else band
    return rgb


def _wide(las: LasFile, root: Chunk) -> bool:
    """Whether colours fill their 16 bits; the root holds points of everywhere."""
    if "red" not in (las.record.names or ()):
        return False
    records = gently(las, root, fields=("rgb",))
    return any(int(records[name].max(initial=0)) > 255 for name in ("red", "green", "blue"))


def _parents(level: NDArray[np.int64], place: NDArray[np.int64]) -> NDArray[np.int64]:
    row_of = {
        (int(above), *at): row
        for row, (above, at) in enumerate(zip(level, place.tolist(), strict=True))
    }
    parent = np.full(len(level), -1, dtype=np.int64)
    for row, (above, at) in enumerate(zip(level.tolist(), place.tolist(), strict=True)):
        x, y, z = at
        for up in range(1, above + 1):
            found = row_of.get((above - up, x >> up, y >> up, z >> up))
            if found is not None:
                parent[row] = found
                break
    return parent
