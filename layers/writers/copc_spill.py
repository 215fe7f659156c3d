"""First walk of a conversion: points of all sources, sorted into bins, laid down in one file."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable
from typing import Any, BinaryIO, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from layers.builders.moved import moved
from layers.errors import ReadError
from layers.progress import Progress
from layers.readers.las_file import LasFile
from layers.readers.laz_chunks import batches
from layers.readers.place import Place
from layers.writers.copc_file import Layout
from layers.writers.copc_levels import DEPTH, codes
from layers.writers.copc_work import Work

BIN = 6
"""Points are kept apart by the nodes of this level; groups are put together of whole bins."""
GROUP = 2_000_000
"""Points that are put into order at once."""
_MOST = 8 * GROUP
_CACHED = 1 << 15
"""Points whose numbers stay in a core's cache together."""
RUN = np.dtype([("bin", "<u4"), ("count", "<u4"), ("start", "<u8")])
"""Neighbouring rows of the spilled file that belong to one bin."""


_NOTHING_YET = ((2**31, 2**31, 2**31), (-(2**31), -(2**31), -(2**31)))


class Cloud(NamedTuple):
    """One source: its head, and where on Earth it lies."""

    las: LasFile
    place: Place


class Spilled(msgspec.Struct, frozen=True, kw_only=True):
    """One batch that was laid down; lengths are those of the files then.

    `extent` holds the smallest and largest X, Y, Z so far.
    """

    source: int
    points: int
    runs: int
    extent: tuple[tuple[int, int, int], tuple[int, int, int]]


class Group(NamedTuple):
    """A node of the octree with about as many points as are put into order at once."""

    level: int
    code: int
    points: int


class Outside(Exception):  # noqa: N818  the head lies about its extent: measured then
    """Points lie outside the cube that was planned for them."""


def spill(clouds: list[Cloud], layout: Layout, crs: str, work: Work, progress: Progress) -> Spilled:
    """Lay down all points of `clouds`, sorted by bin within each batch; how it stands at the end.

    Raises
    ------
    Outside
        A point lies outside the root cube of `layout`.
    """
    width = layout.record.itemsize
    rows = work.rows("spill", Spilled)
    if rows and not (
        work.holds("points.bin", rows[-1].points * width)
        and work.holds("runs.bin", rows[-1].runs * RUN.itemsize)
    ):
        rows = []
    total = sum(cloud.las.count for cloud in clouds)
    last = rows[-1] if rows else None
    lengths = {
        "points.bin": last.points * width if last else 0,
        "runs.bin": last.runs * RUN.itemsize if last else 0,
    }
    with work.going_on("spill", rows, lengths) as writing:
        for number, cloud in enumerate(clouds):
            done = sum(row.source == number for row in rows)
            before = sum(c.las.count for c in clouds[:number])
            part = progress.part(before / total, (before + cloud.las.count) / total)
            for records in batches(cloud.las, part, skip=done):
                points = _kept(records, cloud, layout, crs, alone=len(clouds) == 1)
                last = _lay_down(points, layout, writing.files, last, number)
                writing.done(last)
    assert last is not None
    return last


def _kept(
    records: NDArray[Any],
    cloud: Cloud,
    layout: Layout,
    crs: str,
    *,
    alone: bool,
) -> NDArray[Any]:
    """What is kept of `records`, in the whole numbers of `layout`; what no CRS can hold is left out."""
    points = layout.records(len(records))
    points["intensity"] = records["intensity"]
    points["classification"] = cloud.las.classes(records)
    if layout.coloured and "red" in (records.dtype.names or ()):
        for index, name in enumerate(("red", "green", "blue")):
            points["rgb"][:, index] = records[name]
        if not alone and points["rgb"].max(initial=0) <= 255:
            points["rgb"] *= 257  # 8 bits among files with 16
    by = whole_shift(cloud, layout.scale, layout.shift) if cloud.place.crs == crs else None
    if by is not None:
        for name, steps in zip("XYZ", by, strict=True):
            points[name] = records[name]
            if steps:
                points[name] += steps
        return points
    xyz = world(records, cloud, crs)
    if not all(np.isfinite(at).all() for at in xyz):
        good = np.isfinite(xyz).all(axis=0)
        points, xyz = points[good], tuple(at[good] for at in xyz)
    for axis, (name, values) in enumerate(zip("XYZ", xyz, strict=True)):
        for start in range(0, len(points), _CACHED):
            whole = values[start : start + _CACHED] - layout.shift[axis]
            whole /= layout.scale[axis]
            np.rint(whole, out=whole)
            if max(whole.max(), -whole.min()) >= 2**31:
                raise Outside()
            points[name][start : start + _CACHED] = whole
    return points


def whole_shift(
    cloud: Cloud, scale: NDArray[np.float64], shift: NDArray[np.float64]
) -> tuple[int, int, int] | None:
    """What is to be added to the whole numbers of `cloud` to have them in `scale` and `shift`; None
    where that is not whole, or too much for them."""
    head, unit = cloud.las.header, np.array([1.0, 1.0, cloud.place.metres_per_height])
    own = np.array(head.scales, float) * unit
    if not np.allclose(own, scale, rtol=1e-12, atol=0.0):
        return None
    steps = (np.array(head.offsets, float) * unit - shift) / scale
    whole = np.rint(steps)
    reach = np.array([head.mins, head.maxs], float) * unit - shift
    if np.abs(steps - whole).max() > 1e-4 or not np.abs(reach / scale).max() < 2**30:
        return None
    return (int(whole[0]), int(whole[1]), int(whole[2]))


def world(records: NDArray[Any], cloud: Cloud, crs: str) -> tuple[NDArray[np.float64], ...]:
    """Coordinates x, y, z of `records` in `crs`, heights in metres, each float64 (n,)."""
    head = cloud.las.header
    xy, z = np.empty((len(records), 2)), np.empty(len(records))
    for axis, (name, values) in enumerate(zip("XYZ", (xy[:, 0], xy[:, 1], z), strict=True)):
        np.multiply(records[name], float(head.scales[axis]), out=values)
        values += float(head.offsets[axis])
    z *= cloud.place.metres_per_height
    if cloud.place.crs != crs:
        xy = moved(xy, cloud.place.crs, crs)
    return xy[:, 0], xy[:, 1], z


def _lay_down(
    points: NDArray[Any],
    layout: Layout,
    files: Any,
    last: Spilled | None,
    source: int,
) -> Spilled:
    code, inside = codes(points, layout.cube, layout.scale, layout.shift)
    if not inside:
        raise Outside()
    points["code"] = code
    start = last.points if last else 0
    bits = np.uint64(max(len(points).bit_length(), 1))
    key = (code >> np.uint64(3 * (DEPTH - BIN))) << bits
    key |= np.arange(len(points), dtype=np.uint64)
    key.sort()
    order = (key & ((np.uint64(1) << bits) - np.uint64(1))).astype(np.int64)
    # As plain bytes: numpy picks whole records almost three times slower.
    plain = points.view(np.uint8).reshape(len(points), points.dtype.itemsize)
    files["points.bin"].write(plain.take(order, axis=0).data)
    runs = _runs_of(key >> bits, start)
    files["runs.bin"].write(runs.tobytes())
    low, high = last.extent if last else (_NOTHING_YET[0], _NOTHING_YET[1])
    if len(points):
        at = [points[name] for name in "XYZ"]
        low = _three(min(int(x.min()), a) for x, a in zip(at, low, strict=True))
        high = _three(max(int(x.max()), a) for x, a in zip(at, high, strict=True))
    return Spilled(
        source=source,
        points=start + len(points),
        runs=(last.runs if last else 0) + len(runs),
        extent=(low, high),
    )


def _runs_of(bins: NDArray[np.uint64], start: int) -> NDArray[Any]:
    new = np.ones(len(bins), dtype=bool)
    new[1:] = bins[1:] != bins[:-1]
    first = np.flatnonzero(new)
    runs = np.empty(len(first), dtype=RUN)
    runs["bin"] = bins[first]
    runs["start"] = first + start
    runs["count"] = np.diff(np.append(first, len(bins)))
    return runs


def _three(values: Iterable[int]) -> tuple[int, int, int]:
    x, y, z = values
    return (x, y, z)


def groups(runs: NDArray[Any], name: str) -> list[Group]:
    """The largest nodes with at most `GROUP` points, in the order of their codes.

    Raises
    ------
    ReadError
        So many points lie in one place that no memory holds them.
    """
    bins, where = np.unique(runs["bin"], return_inverse=True)
    counts = np.bincount(where, weights=runs["count"]).astype(np.int64)
    found: list[Group] = []
    for level in range(BIN + 1):
        node = bins >> np.uint32(3 * (BIN - level))
        codes_here, inverse = np.unique(node, return_inverse=True)
        points = np.bincount(inverse, weights=counts).astype(np.int64)
        fits = (points <= GROUP) | (level == BIN)
        found += [
            Group(level, int(code), int(count))
            for code, count in zip(codes_here[fits], points[fits], strict=True)
        ]
        bins, counts = bins[~fits[inverse]], counts[~fits[inverse]]
        if not len(bins):
            break
    if max((group.points for group in found), default=0) > _MOST:
        raise ReadError(
            f"{name}: more than {_MOST} points lie in one place",
            hint="Drop repeated points when the cloud is thinned or tiled.",
            code="too-many-points",
        )
    return sorted(found, key=lambda group: group.code << (3 * (BIN - group.level)))


def points_of(
    group: Group, runs: NDArray[Any], file: BinaryIO, kept: np.dtype[Any]
) -> NDArray[Any]:
    """The points of `group`, out of the spilled file."""
    inside = runs["bin"] >> np.uint32(3 * (BIN - group.level)) == group.code
    starts = runs["start"][inside].astype(np.int64)
    ends = starts + runs["count"][inside]
    gaps = np.flatnonzero(starts[1:] != ends[:-1])
    first, last = np.append(0, gaps + 1), np.append(gaps, len(starts) - 1)
    points, there = np.empty(group.points, dtype=kept), 0
    for start, end in zip(starts[first].tolist(), ends[last].tolist(), strict=True):
        piece = points[there : there + end - start]
        file.seek(start * kept.itemsize)
        # IO[bytes] does not tell of it; every file opened in binary has it.
        if file.readinto(piece.view(np.uint8)) < piece.nbytes:  # type: ignore[attr-defined]
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        there += end - start
    return points
