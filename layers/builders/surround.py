"""The land around a ground model: nobody measured it, but what stands there must stand on something."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from layers.arrays import frozen
from layers.builders import rtin
from layers.builders.fill import fill_grid

MOST_NODES = 257
"""Nodes of the sheet along its longer side: two to the eighth and one, so that two sides need no seam."""
LEAST_CELL_M = 2.0
STEP_M = (0.35, 1.5)
"""The ground's edge stands out over the sheet by a six-hundredth of its length, between these."""
OFF, OFF_CELL = (0.2, 0.5), 1 / 64
"""Triangles may be off the membrane by such a share of a node's distance to the next, but by no less and no
more than these shares of that step: they are few where it is smooth."""
SLOPE, LEAST_MARGIN, MOST_MARGIN_M = 8.0, 0.15, 600.0
"""Beyond all that stands the sheet leads down to the plain one in `SLOPE`, over this share of its
width at least and so many metres at most."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sheet:
    """Land around a ground: triangles, few where it is smooth, with a hole where the ground is.

    Attributes
    ----------
    vertices : float32, shape (v, 3), metres from the origin it was made for
    normals : float32, shape (v, 3), unit vectors of the membrane itself
    triangles : int32, shape (t, 3), counter-clockwise from above
    """

    vertices: NDArray[np.float32]
    normals: NDArray[np.float32]
    triangles: NDArray[np.int32]

    def __post_init__(self) -> None:
        kinds = {"vertices": np.float32, "normals": np.float32, "triangles": np.int32}
        for name, dtype in kinds.items():
            values = frozen(getattr(self, name), dtype=dtype, ndim=2, name=name)
            object.__setattr__(self, name, values)


def sheet_around(
    nodes: NDArray[np.float32],
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    *,
    outlines: NDArray[np.object_],
    feet: NDArray[np.float64],
    plain: float,
    off: float = 0.0,
    origin: tuple[float, float, float] = (0.0, 0.0, 0.0),
) -> Sheet:
    """A smooth sheet (a membrane, `layers.builders.fill`) from the edge of a ground through the feet
    of what stands outside it, down to the plain.

    Along the ground's edge it lies a step below the lowest ground nearby, so that the ground ends in
    an edge that can be seen, and nowhere does the sheet stand through the ground.

    Parameters
    ----------
    nodes : float32, shape (rows, cols), ground heights in metres, NaN where there is none
    x, y : shape (cols,) ascending and (rows,) descending: where the nodes are, metres
    outlines : areas, shape (n,), that stand outside the ground (those within it change nothing)
    feet : metres, shape (n,), the ground height of each
    plain : metres, the height of the plain at the sheet's outer border
    off : metres that the drawn ground may lie below `nodes`
    """
    ground = _Ground(nodes, x, y)
    boxes = [shapely.total_bounds(outlines)] if len(outlines) else []
    boxes.append(np.array([x.min(), y.min(), x.max(), y.max()]))
    west, south = np.nanmin([box[:2] for box in boxes], axis=0)
    east, north = np.nanmax([box[2:] for box in boxes], axis=0)
    drop = float(np.nanpercentile(ground.border, 75)) - plain
    wide = max(east - west, north - south)
    margin = float(
        np.clip(SLOPE * drop, LEAST_MARGIN * wide, max(MOST_MARGIN_M, LEAST_MARGIN * wide))
    )
    span = wide + 2 * margin
    # No wider than the ground's nodes, so that each place of the sheet within it has one.
    cell = max(span / (MOST_NODES - 1), LEAST_CELL_M, np.diff(x).max(), -np.diff(y).min())
    gx = np.arange(west - margin, east + margin + cell, cell)
    gy = np.arange(north + margin, south - margin - cell, -cell)
    step = float(np.clip(max(np.ptp(x), np.ptp(y)) / 600, *STEP_M))
    heights = np.full((len(gy), len(gx)), np.nan, np.float32)
    _stand(heights, gx, gy, outlines, feet, cell)
    lowest, within = ground.around(gx, gy, cell)
    near = np.isfinite(lowest)
    apart = float(np.clip(OFF_CELL * cell, step * OFF[0], step * OFF[1]))
    heights[near] = lowest[near] - step - apart - off
    rim = np.ones(heights.shape, bool)
    rim[1:-1, 1:-1] = False
    heights[rim & ~near] = plain
    z = _eased(fill_grid(heights), near, plain, margin / cell)
    return _triangles(z, gx, gy, within, origin, off=apart)


class _Ground:
    """A grid of nodes: its border, and its lowest height nearby."""

    def __init__(
        self, nodes: NDArray[np.float32], x: NDArray[np.float64], y: NDArray[np.float64]
    ) -> None:
        self.nodes, self.x, self.y = nodes, x, y
        known = np.isfinite(nodes)
        inner = _spread(np.pad(known, 1), np.logical_and)[1:-1, 1:-1]
        self.border = nodes[known & ~inner]

    def around(
        self, gx: NDArray[np.float64], gy: NDArray[np.float64], reach: float
    ) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """For each place of a grid the lowest node within about 1.5 `reach` (NaN where there is
        none), and whether all within that are known."""
        shape = (len(gy), len(gx))
        col = np.rint((self.x - gx[0]) / reach).astype(int)
        row = np.rint((gy[0] - self.y) / reach).astype(int)
        first = np.flatnonzero(np.diff(row, prepend=-1)), np.flatnonzero(np.diff(col, prepend=-1))
        place = np.ix_(row[first[0]], col[first[1]])
        known = np.isfinite(self.nodes)
        filled = np.where(known, self.nodes, np.float32(np.inf))
        low = np.full(shape, np.inf, np.float32)
        low[place] = np.minimum.reduceat(np.minimum.reduceat(filled, first[0], 0), first[1], 1)
        whole = np.zeros(shape, bool)
        whole[place] = np.logical_and.reduceat(
            np.logical_and.reduceat(known, first[0], 0), first[1], 1
        )
        low, whole = _spread(low, np.minimum), _spread(whole, np.logical_and)
        return np.where(np.isinf(low), np.float32(np.nan), low), whole


def _spread(values: NDArray[Any], how: np.ufunc) -> NDArray[Any]:
    """The extreme of each place and its eight neighbours."""
    out = values
    for axis in (0, 1):
        first, last = [slice(None)] * 2, [slice(None)] * 2
        first[axis], last[axis] = slice(1, None), slice(None, -1)
        wider = out.copy()
        wider[tuple(first)] = how(wider[tuple(first)], out[tuple(last)])
        wider[tuple(last)] = how(wider[tuple(last)], out[tuple(first)])
        out = wider
    return out


def _stand(
    heights: NDArray[np.float32],
    gx: NDArray[np.float64],
    gy: NDArray[np.float64],
    outlines: NDArray[np.object_],
    feet: NDArray[np.float64],
    reach: float,
) -> None:
    """Write the height of what stands at each node, or the highest within `reach` of it."""
    if not len(outlines):
        return
    x, y = np.meshgrid(gx, gy)
    places = shapely.points(x.ravel(), y.ravel())
    tree = shapely.STRtree(places)
    which, node = tree.query(outlines, predicate="dwithin", distance=reach)
    stood = np.full(heights.size, -np.inf, np.float32)
    np.maximum.at(stood, node, feet[which].astype(np.float32))
    found = np.isfinite(stood)
    heights.reshape(-1)[found] = stood[found]


def _eased(
    z: NDArray[np.float32], near: NDArray[np.bool_], plain: float, nodes: float
) -> NDArray[np.float32]:
    """`z` that runs out level over its outer `nodes`: no crease where the plain begins."""
    rows, cols = (np.minimum(np.arange(n), np.arange(n)[::-1]) for n in z.shape)
    share = np.clip(np.minimum(rows[:, None], cols[None, :]) / max(nodes, 1.0), 0.0, 1.0)
    eased = plain + (z - plain) * share * share * (3 - 2 * share)
    return np.where(near, z, eased).astype(np.float32)


def _triangles(
    z: NDArray[np.float32],
    gx: NDArray[np.float64],
    gy: NDArray[np.float64],
    within: NDArray[np.bool_],
    origin: tuple[float, float, float],
    *,
    off: float,
) -> Sheet:
    rows, cols = z.shape
    gone = np.pad(
        within[:-1, :-1] & within[:-1, 1:] & within[1:, :-1] & within[1:, 1:],
        1, constant_values=True,
    )  # fmt: skip
    bare = gone[:-1, :-1] & gone[:-1, 1:] & gone[1:, :-1] & gone[1:, 1:]
    side = 1 << int(np.ceil(np.log2(max(rows, cols) - 1)))
    square = np.full((side + 1, side + 1), np.nan, np.float32)
    square[:rows, :cols] = np.where(bare, np.float32(np.nan), z)
    needed = rtin.kept(rtin.split_errors(square[None]), np.array([off]))[0]
    corners = rtin.triangles(needed)
    corners = corners[np.isfinite(square.reshape(-1)[corners]).all(axis=1)]
    used, triangles = np.unique(corners, return_inverse=True)
    row, col = np.divmod(used, side + 1)
    xyz = np.column_stack([gx[col], gy[row], z[row, col]]) - np.asarray(origin)
    return Sheet(
        vertices=xyz.astype(np.float32), normals=_normals(z, gx, gy)[row, col],
        triangles=triangles.reshape(-1, 3).astype(np.int32),
    )  # fmt: skip


def _normals(
    z: NDArray[np.float32], gx: NDArray[np.float64], gy: NDArray[np.float64]
) -> NDArray[np.float32]:
    north, east = np.gradient(z, gy, gx)
    normal = np.stack([-east, -north, np.ones_like(z)], axis=2)
    normal /= np.linalg.norm(normal, axis=2, keepdims=True)
    return np.asarray(normal, np.float32)
