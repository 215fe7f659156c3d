"""Point clouds of any size into one COPC file: an octree that can be read a node at a time."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO

import msgspec
import numpy as np
from numpy.typing import NDArray

from layers.atomic import write_error
from layers.builders.moved import moved
from layers.errors import ReadError
from layers.progress import SILENT, Progress
from layers.readers.laz_chunks import batches
from layers.readers.pointcloud import placed
from layers.readers.registry import ReadOptions
from layers.writers import copc_spill
from layers.writers.copc_file import Entry, Extent, Layout
from layers.writers.copc_levels import Cube, levelled, place_of
from layers.writers.copc_spill import (
    RUN,
    Cloud,
    Group,
    Outside,
    Spilled,
    groups,
    points_of,
    spill,
    whole_shift,
    world,
)
from layers.writers.copc_work import Work, Writing

_SPILLING = 0.45
"""Share of the time."""
_SCALE = 0.001
"""Metres, where points are moved to another CRS or come of several files."""


class _Placed(msgspec.Struct, frozen=True, kw_only=True):
    """One group that is in the file; `length` and `coarse` are those of the files then."""

    entries: tuple[Entry, ...]
    length: int
    coarse: int


def to_copc(
    sources: Sequence[tuple[Path, ReadOptions]],
    out: Path,
    *,
    crs: str,
    progress: Progress = SILENT,
) -> int:
    """Write all points of `sources` (LAS, LAZ, COPC) to the COPC file `out`; how many there are.

    Position, class, intensity and colour are kept, heights in metres; files in `crs` with one scale
    keep their numbers bit by bit, others are rounded to a millimetre. Memory holds about `GROUP` points,
    however many there are; the disk needs about 36 bytes a point beside `out` meanwhile. After a
    kill or a cancel, the same call goes on where it was.

    Parameters
    ----------
    crs
        Projected and in metres.

    Raises
    ------
    ReadError, CrsError
        A source is damaged, changed meanwhile, or does not say where it lies.
    WriteError
        The disk is full or may not be written.
    """
    clouds = [Cloud(*placed(path, options)) for path, options in sources]
    if not sum(cloud.las.count for cloud in clouds):
        raise ReadError(f"{sources[0][0].name} holds no points", code="no-points")
    folder = out.with_name(out.name + ".work")
    try:
        # Heads may lie about where the points are; then, and only then, all are looked at first.
        for box in (_stated_box, _measured_box):
            layout = _layout(clouds, crs, box(clouds, crs))
            work = Work(folder, _plan(clouds, crs, layout))
            try:
                found = spill(clouds, layout, crs, work, progress.part(0.0, _SPILLING))
                break
            except Outside:
                work.remove()
        else:
            raise ReadError(f"{sources[0][0].name} changed while it was read")
        name = sources[0][0].name
        _place_all(layout, work, found, out, progress.part(_SPILLING, 1.0), name)
    except OSError as damage:
        raise write_error(out, damage) from damage
    work.remove()
    progress.step(1.0, f"Wrote {out.name}")
    return found.points


def _stated_box(clouds: Sequence[Cloud], crs: str) -> NDArray[np.float64]:
    """Lowest and highest corner (2, 3) by the heads, in `crs` and metres of height."""
    corners = []
    for cloud in clouds:
        head, factor = cloud.las.header, cloud.place.metres_per_height
        low, high = np.array(head.mins, float), np.array(head.maxs, float)
        x, y = np.meshgrid(np.linspace(low[0], high[0], 9), np.linspace(low[1], high[1], 9))
        xy = np.stack([x.ravel(), y.ravel()], axis=1)
        if cloud.place.crs != crs:
            xy = moved(xy, cloud.place.crs, crs)
        corners += [np.column_stack([xy, np.full(len(xy), z * factor)]) for z in (low[2], high[2])]
    every = np.concatenate(corners)
    box = np.array([every.min(axis=0), every.max(axis=0)])
    if not (
        np.isfinite(box).all() and (box[1] >= box[0]).all() and np.ptp(box, axis=0).max() < 1e7
    ):
        return _measured_box(clouds, crs)
    grow = 0.001 * np.ptp(box, axis=0).max() + 0.1
    return np.array([box[0] - grow, box[1] + grow])


def _measured_box(clouds: Sequence[Cloud], crs: str) -> NDArray[np.float64]:
    low, high = np.full(3, np.inf), np.full(3, -np.inf)
    for cloud in clouds:
        for records in batches(cloud.las, SILENT, fields=()):
            xyz = np.stack(world(records, cloud, crs), axis=1)
            xyz = xyz[np.isfinite(xyz).all(axis=1)]
            if len(xyz):
                low, high = np.minimum(low, xyz.min(axis=0)), np.maximum(high, xyz.max(axis=0))
    if not np.isfinite(low).all():
        raise ReadError(f"{clouds[0].las.path.name}: no point of it can be mapped into {crs}")
    return np.array([low - 0.1, high + 0.1])


def _layout(clouds: Sequence[Cloud], crs: str, box: NDArray[np.float64]) -> Layout:
    side = float(np.ptp(box, axis=0).max()) * 1.0001
    corner = (float(box[0, 0]), float(box[0, 1]), float(box[0, 2]))
    head, unit = clouds[0].las.header, np.array([1.0, 1.0, clouds[0].place.metres_per_height])
    scale, shift = np.array(head.scales, float) * unit, np.array(head.offsets, float) * unit
    if any(c.place.crs != crs or whole_shift(c, scale, shift) is None for c in clouds):
        scale = np.full(3, max(_SCALE, side / 2**30))
        shift = np.floor(box.mean(axis=0))
    coloured = any("red" in (cloud.las.record.names or ()) for cloud in clouds)
    return Layout(Cube(corner, side), coloured=coloured, scale=scale, shift=shift, crs=crs)


def _plan(clouds: Sequence[Cloud], crs: str, layout: Layout) -> bytes:
    """What is to be done, so that a half-done work of another plan is not gone on with."""
    files = [
        (str(c.las.path), c.las.size, c.las.path.stat().st_mtime_ns, c.place.crs,
         c.place.metres_per_height)
        for c in clouds
    ]  # fmt: skip
    made = (
        2,
        copc_spill.GROUP,
        files,
        crs,
        layout.cube,
        layout.scale.tolist(),
        layout.shift.tolist(),
    )
    return msgspec.json.encode(made)


def _place_all(
    layout: Layout, work: Work, found: Spilled, out: Path, progress: Progress, name: str
) -> None:
    """Second walk: group after group into the octree, then the coarse nodes, then the head."""
    kept = layout.record
    coarse_kept = np.dtype([("level", "u1"), ("code", "<u8"), ("point", kept)])
    runs = work.all_rows("runs.bin", RUN)
    todo = groups(runs, name)
    rows = work.rows("place", _Placed)
    lengths = {
        out.name: rows[-1].length if rows else 0,
        "coarse.bin": rows[-1].coarse * coarse_kept.itemsize if rows else 0,
    }
    if not all(work.holds(name, length) for name, length in lengths.items()):
        rows, lengths = [], dict.fromkeys(lengths, 0)
    entries = [entry for row in rows for entry in row.entries]
    with (
        (work.folder / "points.bin").open("rb") as spilled,
        work.going_on("place", rows, lengths) as writing,
    ):
        if not rows:
            layout.begin(writing.files[out.name])
        placed_before = sum(entry.points for entry in entries)
        coarse = rows[-1].coarse if rows else 0
        for group in todo[len(rows) :]:
            progress.step(placed_before / max(found.points, 1), f"Arranging {name}")
            points = points_of(group, runs, spilled, kept)
            placed_before += len(points)
            row = _place_group(points, group, layout, writing, coarse_kept, coarse)
            coarse = row.coarse
            entries += row.entries
            writing.done(row)
        entries += _place_coarse(work, layout, writing, coarse_kept)
        low, high = found.extent
        layout.finish(writing.files[out.name], entries, Extent(low, high))
        writing.files[out.name].flush()
        os.fsync(writing.files[out.name].fileno())
    os.replace(work.folder / out.name, out)  # noqa: PTH105  Path.replace hides which name failed


def _place_group(
    points: NDArray[Any],
    group: Group,
    layout: Layout,
    writing: Writing,
    coarse_kept: np.dtype[Any],
    coarse: int,
) -> _Placed:
    file = writing.files
    code = points["code"].copy()
    rng = np.random.default_rng([group.level, group.code])
    found = levelled(code, top=group.level, rng=rng)
    del code
    # As plain bytes: numpy picks whole records almost three times slower.
    plain = points.view(np.uint8).reshape(len(points), points.dtype.itemsize)
    out = next(handle for name, handle in file.items() if name != "coarse.bin")
    entries: list[Entry] = []
    for node in range(len(found.level)):
        rows = found.order[found.starts[node] : found.starts[node + 1]]
        chosen = plain.take(rows, axis=0)
        level, place = int(found.level[node]), int(found.code[node])
        if level < group.level:
            above = np.empty(len(chosen), dtype=coarse_kept)
            above["level"], above["code"], above["point"] = (
                level,
                place,
                chosen.view(points.dtype)[:, 0],
            )
            file["coarse.bin"].write(above.tobytes())
            coarse += len(chosen)
        else:
            entries.append(_write_node(chosen, level, place, layout, out))
    return _Placed(entries=tuple(entries), length=out.tell(), coarse=coarse)


def _place_coarse(
    work: Work, layout: Layout, writing: Writing, coarse_kept: np.dtype[Any]
) -> list[Entry]:
    """Nodes above the groups: each gets what the groups below it picked for it."""
    out = next(handle for name, handle in writing.files.items() if name != "coarse.bin")
    points = work.all_rows("coarse.bin", coarse_kept)
    points = points[np.lexsort((points["code"], points["level"]))]
    new = np.flatnonzero(
        (points["code"][1:] != points["code"][:-1]) | (points["level"][1:] != points["level"][:-1])
    )
    starts = np.concatenate([[0], new + 1, [len(points)]]) if len(points) else np.zeros(1, int)
    entries = []
    for start, end in zip(starts[:-1].tolist(), starts[1:].tolist(), strict=True):
        node = points[start:end]
        inside = np.ascontiguousarray(node["point"])
        inside = inside[np.argsort(inside["code"], kind="stable")]  # neighbours compress better
        plain = inside.view(np.uint8).reshape(len(inside), inside.dtype.itemsize)
        entries.append(_write_node(plain, int(node["level"][0]), int(node["code"][0]), layout, out))
    return entries


def _write_node(
    points: NDArray[np.uint8], level: int, code: int, layout: Layout, out: BinaryIO
) -> Entry:
    data = layout.compressed(points)
    offset = out.tell()
    out.write(data)
    return Entry(level, *place_of(code, level), offset, len(data), len(points))
