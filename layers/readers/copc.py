"""Cloud-optimised point clouds (COPC 1.0): which chunks of the octree are needed."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from layers.errors import ReadError
from layers.kinds.layer import Bounds
from layers.readers.las_file import LasFile
from layers.readers.laz_chunks import Chunk

_ENTRY = np.dtype(
    [
        ("level", "<i4"),
        ("x", "<i4"),
        ("y", "<i4"),
        ("z", "<i4"),
        ("offset", "<u8"),
        ("size", "<i4"),
        ("points", "<i4"),
    ]
)
"""One node of the hierarchy (COPC 1.0, "COPC Hierarchy VLR"); −1 points: another page."""
_DEEPEST = 30


class Octree(NamedTuple):
    """All nodes with points, coarse levels first.

    Attributes
    ----------
    nodes : records of level, x, y, z, offset, size, points
    corner : lowest x, y, z of the root cube, in the file's numbers
    side : length of the root cube's edge
    spacing : between neighbours in the root node, in the file's numbers
    """

    nodes: NDArray[Any]
    corner: tuple[float, float, float]
    side: float
    spacing: float


def octree(las: LasFile) -> Octree:
    """Read the hierarchy of `las`.

    Raises
    ------
    ReadError
        It is cut off, runs in circles, or names chunks outside the file.
    """
    centre, half, spacing, root_offset, root_size = _info(las)
    if not (np.isfinite([*centre, half, spacing]).all() and half > 0):
        raise _damaged(las, "its root cube has no size")
    pages, seen, found = [(root_offset, root_size)], set(), []
    with las.path.open("rb") as stream:
        while pages:
            offset, size = pages.pop()
            if offset in seen or size <= 0 or offset + size > las.size:
                raise _damaged(las, "its octree leads outside the file or in circles")
            seen.add(offset)
            stream.seek(offset)
            raw = stream.read(size // _ENTRY.itemsize * _ENTRY.itemsize)
            page = np.frombuffer(raw, dtype=_ENTRY)
            pages += [(int(e["offset"]), int(e["size"])) for e in page[page["points"] == -1]]
            found.append(page[page["points"] > 0])
    nodes = np.concatenate(found)
    nodes = nodes[np.lexsort((nodes["offset"], nodes["level"]))]
    _check(las, nodes)
    corner = (centre[0] - half, centre[1] - half, centre[2] - half)
    # Some writers leave the spacing at zero; most then have 128 points a side.
    spacing = spacing if 0 < spacing < half else half / 64
    return Octree(nodes, corner, 2 * half, spacing)


def chunks_for(las: LasFile, *, keep: int, bounds: Bounds | None) -> list[Chunk]:
    """Chunks to read for `keep` points (0 for all) inside `bounds` (None for all).

    Whole levels, coarse first, while they fit into `keep`; where that gives less than half of it,
    one level more, to be thinned by who reads it. With `bounds` the points of a node are counted
    by the share of the node inside.
    """
    tree = octree(las)
    nodes = tree.nodes
    counts = nodes["points"].astype(np.float64)
    if bounds is not None:
        share = _share_inside(tree, bounds)
        nodes, counts = nodes[share > 0], (counts * share)[share > 0]
    if keep and len(nodes):
        per_level = np.bincount(nodes["level"], weights=counts)
        so_far = np.cumsum(per_level)
        whole = int(np.searchsorted(so_far, keep, side="right"))
        if whole == 0 or (whole < len(so_far) and so_far[whole - 1] < keep / 2):
            whole += 1
        nodes = nodes[nodes["level"] < whole]
    return [Chunk(int(n["offset"]), int(n["size"]), int(n["points"])) for n in nodes]


def _info(las: LasFile) -> tuple[tuple[float, float, float], float, float, int, int]:
    """Centre, half size, spacing, root page's offset and size (COPC 1.0, "Info VLR")."""
    vlr = las.header.vlrs[0]
    try:
        return (
            (float(vlr.center[0]), float(vlr.center[1]), float(vlr.center[2])),
            float(vlr.halfsize),
            float(vlr.spacing),
            int(vlr.hierarchy_root_offset),
            int(vlr.hierarchy_root_size),
        )
    except AttributeError as failure:  # laspy leaves a record raw that it cannot parse
        raise _damaged(las, "its info record is cut off") from failure


def _check(las: LasFile, nodes: NDArray[Any]) -> None:
    if not len(nodes):
        raise _damaged(las, "its octree holds no points")
    ends = nodes["offset"].astype(np.float64) + nodes["size"]
    if (nodes["size"] <= 0).any() or ends.max() > las.size:
        raise _damaged(las, "its octree names chunks outside the file")
    if not (nodes["level"].min() >= 0 and nodes["level"].max() <= _DEEPEST):
        raise _damaged(las, "its octree is deeper than any")
    total = int(nodes["points"].astype(np.int64).sum())
    if total > las.count:
        raise _damaged(las, f"its octree holds {total} points, its head claims {las.count}")


def _share_inside(tree: Octree, bounds: Bounds) -> NDArray[np.float64]:
    """Share of each node's plan area inside `bounds`, 0…1."""
    side = tree.side / 2.0 ** tree.nodes["level"]
    share = np.ones(len(tree.nodes))
    for axis, name in enumerate("xy"):
        low = tree.corner[axis] + tree.nodes[name] * side
        inside = np.minimum(low + side, bounds[axis + 2]) - np.maximum(low, bounds[axis])
        # A window as thin as a line still has points on it.
        share *= np.where(inside >= 0, np.maximum(inside / side, 1e-9), 0)
    return np.minimum(share, 1.0)


def _damaged(las: LasFile, why: str) -> ReadError:
    return ReadError(
        f"{las.path.name} is damaged: {why}",
        hint="Copy or download it again.",
        code="format-damaged",
    )
