"""Point records out of LAS and LAZ, batch by batch, in bounded memory."""

from __future__ import annotations

import contextlib
import io
import itertools
import struct
import time
from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO, NamedTuple

import lazrs
import numpy as np
from numpy.typing import NDArray

from layers.errors import ReadError
from layers.progress import Progress
from layers.readers.las_file import FIELDS, LasFile

BATCH = 800_000
"""Points held decompressed at once: about 30 MB, so that no core waits long for another."""
_LARGEST_CHUNK = 2_000_000
_GENTLE = 2_000
_MOST_POINTS_PER_BYTE = 2_000
"""LASzip needs more than this only for records that are all alike."""
_LAYERS = {
    "classification": lazrs.SELECTIVE_DECOMPRESS_CLASSIFICATION,
    "intensity": lazrs.SELECTIVE_DECOMPRESS_INTENSITY,
    "rgb": lazrs.SELECTIVE_DECOMPRESS_RGB,
}
"""Point formats 6–10 keep each in a layer of its own; what is not asked for stays compressed."""

Records = NDArray[Any]


class Chunk(NamedTuple):
    """Compressed points: where in the file, how many bytes, how many points."""

    offset: int
    size: int
    points: int


class Damaged(Exception):  # noqa: N818  told apart from a `ReadError`, which is for people
    """A chunk cannot be decompressed."""


def batches(
    las: LasFile, progress: Progress, *, fields: tuple[str, ...] = FIELDS, skip: int = 0
) -> Iterator[Records]:
    """All records of the file in its order, at most about `BATCH` at once.

    A batch is overwritten by the next one: take from it what is to be kept. The first `skip`
    batches are left out; they are always the same.

    Raises
    ------
    ReadError
        The file is cut off, damaged, or holds fewer points than its head claims.
    """
    if not las.laszip:
        yield from _plain(las, progress, skip)
        return
    chunks = chunk_table(las)
    if chunks is None or max(chunk.points for chunk in chunks) > _LARGEST_CHUNK:
        # Each point is told by the one before it: even what is left out must be decompressed.
        found = _in_sequence(las, progress, fields, refuse_at_end=chunks is None)
        yield from itertools.islice(found, skip, None)
        return
    yield from batches_of(las, chunks, progress, fields=fields, skip=skip)


def batches_of(
    las: LasFile,
    chunks: Sequence[Chunk],
    progress: Progress,
    *,
    fields: tuple[str, ...] = FIELDS,
    skip: int = 0,
) -> Iterator[Records]:
    """Records of `chunks`, in their order; otherwise as `batches`."""
    total = sum(chunk.points for chunk in chunks)
    done = 0
    with las.path.open("rb") as stream:
        for number, group in enumerate(_groups(chunks)):
            count = sum(chunk.points for chunk in group)
            if number < skip:
                done += count
                continue
            progress.step(done / max(total, 1), f"Reading {las.path.name}")
            raw = bytearray(count * las.record.itemsize)
            try:
                _decompress(las, _bytes_of(stream, group), group, raw, fields)
            except Damaged as failure:
                raise _cut_off(las, done, total) from failure
            yield np.frombuffer(raw, dtype=las.record)
            done += count


def gently(las: LasFile, chunk: Chunk, *, fields: tuple[str, ...] = FIELDS) -> Records:
    """Records of one chunk, for a thread beside one that draws.

    lazrs holds the interpreter while it works: here it works a millisecond at a time.

    Raises
    ------
    ReadError
        The chunk is damaged, or the file is gone.
    """
    try:
        with las.path.open("rb") as stream, _decoding():
            data = _bytes_of(stream, [chunk])
            if len(data) != chunk.size:
                raise Damaged("cut off")
            vlr = lazrs.LazVlr(las.laszip)
            # A file in small: where its table is, the chunk, the table.
            small = io.BytesIO(struct.pack("<q", 8 + len(data)) + data)
            small.seek(0, io.SEEK_END)
            lazrs.write_chunk_table(small, [(chunk.points, chunk.size)], vlr)
            small.seek(0)
            reader = lazrs.LasZipDecompressor(small, las.laszip, _selection(fields))
            raw = bytearray(chunk.points * las.record.itemsize)
            step = _GENTLE * las.record.itemsize
            for start in range(0, len(raw), step):
                reader.decompress_many(memoryview(raw)[start : start + step])
                time.sleep(0)
    except OSError as failure:
        raise ReadError(
            f"{las.path.name} could not be read: {failure.strerror or failure}"
        ) from failure
    except Damaged as failure:
        raise _cut_off(las, 0, chunk.points) from failure
    return np.frombuffer(raw, dtype=las.record)


def chunk_table(las: LasFile) -> list[Chunk] | None:
    """Where the chunks of a LAZ file are; None where the table is missing.

    Raises
    ------
    ReadError
        The table contradicts the file or its head.
    """
    start = int(las.header.offset_to_point_data)
    with las.path.open("rb") as stream:
        if not _has_table(las, stream, start):
            return None
        stream.seek(start)
        try:
            with _decoding():
                vlr = lazrs.LazVlr(las.laszip)
                item_size, fixed = vlr.item_size(), not vlr.uses_variable_size_chunks()
                entries = lazrs.read_chunk_table(stream, vlr)
        except Damaged:
            return None
    if item_size != las.record.itemsize:
        raise _contradiction(las, f"records of {item_size} and of {las.record.itemsize} bytes")
    chunks, offset, left = [], start + 8, las.count
    for number, (count, size) in enumerate(entries):
        last = fixed and number == len(entries) - 1
        count = min(left, count) if last else count
        if count > left or offset + size > las.size:
            break
        if count > max(size, 1) * _MOST_POINTS_PER_BYTE:
            raise _contradiction(las, f"{count} points in {size} bytes")
        if count:
            chunks.append(Chunk(offset, size, count))
        offset, left = offset + size, left - count
    if left:
        raise _contradiction(las, f"its head claims {las.count} points, it has {las.count - left}")
    return chunks


def _has_table(las: LasFile, stream: BinaryIO, start: int) -> bool:
    """Whether a chunk table of believable length is there; lazrs would make room for any."""
    stream.seek(start)
    where = stream.read(8)
    if len(where) < 8:
        return False
    (table_at,) = struct.unpack("<q", where)
    if table_at == -1 and las.size >= 8:  # written as a stream: the last 8 bytes say where
        stream.seek(las.size - 8)
        (table_at,) = struct.unpack("<q", stream.read(8))
    if not start + 8 <= table_at <= las.size - 8:
        return False
    stream.seek(table_at)
    _, number = struct.unpack("<II", stream.read(8))
    return bool(number * las.record.itemsize <= table_at - start)


def _plain(las: LasFile, progress: Progress, skip: int) -> Iterator[Records]:
    start, width = int(las.header.offset_to_point_data), las.record.itemsize
    there = (las.size - start) // width
    if there < las.count:
        raise _cut_off(las, there, las.count)
    with las.path.open("rb") as stream:
        stream.seek(start + skip * BATCH * width)
        for done in range(skip * BATCH, las.count, BATCH):
            progress.step(done / las.count, f"Reading {las.path.name}")
            count = min(BATCH, las.count - done)
            raw = stream.read(count * width)
            if len(raw) < count * width:
                raise _cut_off(las, done + len(raw) // width, las.count)
            yield np.frombuffer(raw, dtype=las.record)


def _in_sequence(
    las: LasFile, progress: Progress, fields: tuple[str, ...], *, refuse_at_end: bool
) -> Iterator[Records]:
    """Records of a LAZ file without usable chunks; the end of a cut-off file ends in an error."""
    step = 10_000 if refuse_at_end else BATCH
    with las.path.open("rb") as stream:
        done = 0
        try:
            reader = _decompressor(las, stream, fields)
            while done < las.count:
                progress.step(done / las.count, f"Reading {las.path.name}")
                raw = bytearray(min(step, las.count - done) * las.record.itemsize)
                with _decoding():
                    reader.decompress_many(raw)
                yield np.frombuffer(raw, dtype=las.record)
                done += len(raw) // las.record.itemsize
        except Damaged as failure:
            raise _cut_off(las, done, las.count) from failure


class _Forward(io.RawIOBase):
    """A stream that cannot be sought in: lazrs then leaves the chunk table alone.

    It would make room for as many chunks as the table claims, and end the process where there is
    none.
    """

    def __init__(self, stream: BinaryIO) -> None:
        super().__init__()
        self._stream = stream

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._stream.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)


def _decompressor(las: LasFile, stream: BinaryIO, fields: tuple[str, ...]) -> Any:
    """A reader of points one after another, from the first; `Damaged` where there can be none."""
    start = int(las.header.offset_to_point_data)
    with _decoding():
        needs_table = lazrs.LazVlr(las.laszip).uses_variable_size_chunks()
        if needs_table and not _has_table(las, stream, start):
            raise Damaged("its chunks have different sizes, and their table is missing")
        stream.seek(start)
        source = stream if needs_table else _Forward(stream)
        return lazrs.LasZipDecompressor(source, las.laszip, _selection(fields))


def first_points(las: LasFile, count: int) -> Records:
    """The first `count` records or fewer, quickly; none where even these are damaged."""
    count = min(count, las.count)
    start = int(las.header.offset_to_point_data)
    raw = bytearray(count * las.record.itemsize)
    with las.path.open("rb") as stream:
        stream.seek(start)
        try:
            with _decoding():
                if not las.laszip:
                    raw = bytearray(stream.read(len(raw)))
                else:
                    lazrs.LasZipDecompressor(stream, las.laszip, _selection(())).decompress_many(
                        raw
                    )
        except Damaged:
            raw = bytearray()
    whole = len(raw) // las.record.itemsize * las.record.itemsize
    return np.frombuffer(bytes(raw[:whole]), dtype=las.record)


def _groups(chunks: Sequence[Chunk]) -> Iterator[list[Chunk]]:
    group: list[Chunk] = []
    count = 0
    for chunk in chunks:
        if group and count + chunk.points > BATCH:
            yield group
            group, count = [], 0
        group.append(chunk)
        count += chunk.points
    if group:
        yield group


def _bytes_of(stream: BinaryIO, group: list[Chunk]) -> bytes:
    """The compressed bytes of `group`, one read for chunks that lie one behind another."""
    if all(a.offset + a.size == b.offset for a, b in itertools.pairwise(group)):
        stream.seek(group[0].offset)
        return stream.read(sum(chunk.size for chunk in group))
    parts = []
    for chunk in group:
        stream.seek(chunk.offset)
        parts.append(stream.read(chunk.size))
    return b"".join(parts)


def _decompress(
    las: LasFile, data: bytes, group: list[Chunk], into: bytearray, fields: tuple[str, ...]
) -> None:
    table = [(chunk.points, chunk.size) for chunk in group]
    if len(data) != sum(chunk.size for chunk in group):
        raise Damaged("cut off")
    with _decoding():
        lazrs.decompress_points_with_chunk_table(data, las.laszip, into, table, _selection(fields))


def _selection(fields: tuple[str, ...]) -> Any:
    chosen = lazrs.SELECTIVE_DECOMPRESS_XY_RETURNS_CHANNEL | lazrs.SELECTIVE_DECOMPRESS_Z
    for field in fields:
        chosen |= _LAYERS[field]
    return lazrs.DecompressionSelection(chosen)


@contextlib.contextmanager
def _decoding() -> Iterator[None]:
    """Turn what lazrs raises on damaged bytes into `Damaged`."""
    try:
        yield
    except (lazrs.LazrsError, OSError, ValueError, EOFError, OverflowError) as failure:
        raise Damaged(str(failure)) from failure
    except Damaged:
        raise
    except BaseException as failure:
        # lazrs panics on some bytes: no `Exception`, and its class cannot be imported by name.
        if type(failure).__name__ != "PanicException":
            raise
        raise Damaged(str(failure)) from failure


def _cut_off(las: LasFile, readable: int, total: int) -> ReadError:
    return ReadError(
        f"{las.path.name} is cut off or damaged: {readable} of {total} points could be read",
        hint="Copy or download it again.",
        code="file-truncated",
    )


def _contradiction(las: LasFile, why: str) -> ReadError:
    return ReadError(
        f"{las.path.name} contradicts itself: {why}",
        hint="Copy or download it again, or repair it with a LAS tool.",
        code="format-damaged",
    )
