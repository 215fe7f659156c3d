"""Point records gathered into the arrays of a layer, thinned as they come."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from layers.errors import ReadError
from layers.kinds.layer import Bounds
from layers.readers.las_file import FIELDS, LasFile

_FIRST_ROOM = 1_000_000
_WIDEST = 200_000.0
"""Units; beyond this from its middle float32 steps are over 8 mm."""


class PointSink:
    """Takes batches of records, keeps what is asked for, in file order.

    Parameters
    ----------
    las
        Whose records come.
    expected
        How many records will come.
    keep
        At most this many are kept, evenly over the records that come; 0 for all.
    bounds
        Only points inside are kept, in the file's own numbers; None for all.
    metres_per_height
        Factor for z.
    fields
        Which of `FIELDS` to keep.
    """

    def __init__(
        self,
        las: LasFile,
        *,
        expected: int,
        keep: int,
        bounds: Bounds | None,
        metres_per_height: float,
        fields: tuple[str, ...] = FIELDS,
    ) -> None:
        self._las = las
        self._expected = expected
        self._keep = min(keep or expected, expected)
        self._bounds = bounds
        self._unit = np.array([1.0, 1.0, metres_per_height])
        self._fields = fields
        self._seen = 0
        self._stride = 1
        self._offset: NDArray[np.float64] | None = None
        self._count = 0
        self._make_room()
        self._wide_colour = False
        self._low = np.full(3, np.inf)
        self._high = np.full(3, -np.inf)

    def _make_room(self) -> None:
        # With bounds nobody knows how many will be inside: room then grows as they come.
        room = self._keep if self._bounds is None else min(self._keep, _FIRST_ROOM)
        try:
            self._xyz = np.empty((room, 3), dtype=np.float32)
            self._classes = np.empty(
                room if "classification" in self._fields else 0, dtype=np.uint8
            )
            self._intensity = np.empty(room if "intensity" in self._fields else 0, dtype=np.uint16)
            coloured = "rgb" in self._fields and "red" in (self._las.record.names or ())
            self._rgb = np.empty((room if coloured else 0, 3), dtype=np.uint8)
        except (MemoryError, ValueError) as failure:
            raise ReadError(
                f"{self._las.path.name} holds {self._expected} points, more than memory has room for",
                hint="Read it thinned (max_points) or only a part of it (bounds).",
                code="too-many-points",
            ) from failure

    def take(self, records: NDArray[Any]) -> None:
        """Keep of `records` what is asked for; they may be overwritten afterwards."""
        if self._offset is None and len(records):
            self._offset = self._middle(records)
        if self._bounds is not None:
            self._seen += len(records)
            self._take_inside(records)
            return
        start, stop = self._seen, self._seen + len(records)
        self._seen = stop
        if self._keep < self._expected:
            rows = _evenly(start, stop, self._expected, self._keep)
            # As plain bytes: numpy picks whole records almost three times slower.
            plain = records.view(np.uint8).reshape(len(records), records.dtype.itemsize)
            records = plain.take(rows, axis=0).view(records.dtype)[:, 0]
        self._write(records[: self._keep - self._count])

    def _take_inside(self, records: NDArray[Any]) -> None:
        assert self._bounds is not None
        low_x, low_y, high_x, high_y = self._bounds
        x, y = self._axis(records, 0), self._axis(records, 1)
        inside = (x >= low_x) & (x <= high_x) & (y >= low_y) & (y <= high_y)
        records = records[np.flatnonzero(inside)[:: self._stride]]
        while self._keep < self._expected and self._count + len(records) > 2 * self._keep:
            # Twice too many: every other one goes, and from now on twice as few are taken.
            self._thin(np.arange(0, self._count, 2))
            records = records[::2]
            self._stride *= 2
        self._grow(self._count + len(records))
        self._write(records)

    def _grow(self, needed: int) -> None:
        if needed <= len(self._xyz):
            return
        room = max(needed, 2 * len(self._xyz))
        for name in ("_xyz", "_classes", "_intensity", "_rgb"):
            old = getattr(self, name)
            if not len(old):
                continue
            new = np.empty((room, *old.shape[1:]), dtype=old.dtype)
            new[: self._count] = old[: self._count]
            setattr(self, name, new)

    def _thin(self, rows: NDArray[np.intp]) -> None:
        for name in ("_xyz", "_classes", "_intensity", "_rgb"):
            old = getattr(self, name)
            if len(old):
                old[: len(rows)] = old[rows]
        self._count = len(rows)

    def _write(self, records: NDArray[Any]) -> None:
        if not len(records):
            return
        rows = slice(self._count, self._count + len(records))
        assert self._offset is not None
        header = self._las.header
        for axis in range(3):
            raw = np.ascontiguousarray(records["XYZ"[axis]])
            scale, shift = float(header.scales[axis]), float(header.offsets[axis])
            ends = (int(raw.min()) * scale + shift, int(raw.max()) * scale + shift)
            self._low[axis] = min(self._low[axis], *ends)
            self._high[axis] = max(self._high[axis], *ends)
            # One factor and one shift, so that float64 is walked through twice and no more.
            values = raw * (scale * self._unit[axis])
            values += shift * self._unit[axis] - self._offset[axis]
            self._xyz[rows, axis] = values
        if "classification" in self._fields:
            self._classes[rows] = self._las.classes(records)
        if "intensity" in self._fields:
            self._intensity[rows] = records["intensity"]
        if len(self._rgb):
            self._write_colour(records, rows)
        self._count += len(records)

    def _write_colour(self, records: NDArray[Any], rows: slice) -> None:
        """16-bit colours to 8 bit; many files hold 0–255 in their 16 bits all the same."""
        bands = [np.ascontiguousarray(records[name]) for name in ("red", "green", "blue")]
        if not self._wide_colour and max(int(band.max()) for band in bands) > 255:
            self._wide_colour = True
            self._rgb[: self._count] = 0  # all so far were below 256 of 65 535
        for index, band in enumerate(bands):
            self._rgb[rows, index] = band >> 8 if self._wide_colour else band

    def _axis(self, records: NDArray[Any], axis: int) -> NDArray[np.float64]:
        header = self._las.header
        values: NDArray[np.float64] = records["XYZ"[axis]] * float(header.scales[axis])
        values += float(header.offsets[axis])
        return values

    def _middle(self, first: NDArray[Any]) -> NDArray[np.float64]:
        """Whole units near the middle of the file, by its head where that can be believed."""
        header = self._las.header
        low, high = np.asarray(header.mins, float), np.asarray(header.maxs, float)
        at = np.array([np.median(self._axis(first, axis)) for axis in range(3)])
        with np.errstate(all="ignore"):
            # A head that claims half a continent would cost float32 its millimetres.
            believed = (high - low <= _WIDEST).all() and ((at >= low) & (at <= high)).all()
        middle = (low + high) / 2 if believed else at
        rounded: NDArray[np.float64] = np.round(middle * self._unit)
        return rounded

    @property
    def count(self) -> int:
        """How many points are kept so far."""
        return self._count

    @property
    def extent(self) -> Bounds:
        """Bounds of the points kept so far, in the file's own numbers."""
        return (
            float(self._low[0]),
            float(self._low[1]),
            float(self._high[0]),
            float(self._high[1]),
        )

    def arrays(self) -> dict[str, Any]:
        """Arguments of `PointCloudLayer`: offset, xyz, classification, intensity, rgb.

        What is zero throughout is None: such files were never classified, coloured or measured.
        """
        if self._bounds is not None and self._count > self._keep:
            self._thin(_evenly(0, self._count, self._count, self._keep))
        assert self._offset is not None
        kept = slice(0, self._count)
        found: dict[str, NDArray[Any]] = {
            "classification": self._classes[kept],
            "intensity": self._intensity[kept],
            "rgb": self._rgb[kept],
        }
        return {
            "offset": tuple(float(value) for value in self._offset),
            "xyz": self._xyz[kept],
            **{name: values if values.any() else None for name, values in found.items()},
        }


def _evenly(start: int, stop: int, total: int, keep: int) -> NDArray[np.intp]:
    """Rows, from `start`, of those among ⌊i·total/keep⌋ (i = 0 … keep−1) in `start`…`stop`."""
    first = -(-start * keep // total)
    last = -(-stop * keep // total)
    picked = np.arange(first, min(last, keep), dtype=np.int64) * total // keep
    return picked - start
