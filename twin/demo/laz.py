"""Writing the scan as LAZ tiles, tile row by tile row so that memory stays bounded."""

from __future__ import annotations

from collections import defaultdict
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import date
from pathlib import Path

import laspy
import numpy as np
import pyproj
from laspy.vlrs.known import WktCoordinateSystemVlr
from numpy.typing import NDArray

from layers.progress import SILENT, Progress
from twin.demo.scan import Points, Scanner

TILE = 500.0
STEP = 0.01
"""Coordinates are kept in whole centimetres."""
DAY = date(2025, 11, 22)


def write_scan(
    folder: Path,
    scanner: Scanner,
    *,
    origin: tuple[float, float],
    crs: str,
    progress: Progress = SILENT,
) -> tuple[Path, ...]:
    """Cast all strips on two threads and write `folder`/x_y.laz, LAS 1.4, point format 7.

    `origin` is the world position of the local zero; `crs` what pyproj understands, compound.
    """
    folder.mkdir(parents=True, exist_ok=True)
    wkt = pyproj.CRS(crs).to_wkt("WKT1_GDAL")
    strips = list(scanner.strips())
    _, y0, _, _ = scanner.window
    waiting: dict[tuple[int, int], list[NDArray[np.void]]] = defaultdict(list)
    written: list[Future[Path]] = []
    template = _header(origin, wkt)
    with ThreadPoolExecutor(2) as pool:
        jobs = [pool.submit(_cast, scanner, strip, template) for strip in strips[:6]]
        for number, strip in enumerate(strips):
            progress.step(number / len(strips), "Scanning from the air")
            records, columns, rows = jobs.pop(0).result()
            if number + 6 < len(strips):
                jobs.append(pool.submit(_cast, scanner, strips[number + 6], template))
            for key in sorted(set(zip(columns.tolist(), rows.tolist(), strict=True))):
                waiting[key].append(records[(columns == key[0]) & (rows == key[1])])
            done_row = int((strip[4] - y0) // TILE) - 1
            finished = [key for key in waiting if key[1] < done_row]
            written += [pool.submit(_write, folder, k, waiting.pop(k), template) for k in finished]
        rest = sorted(waiting)
        written += [pool.submit(_write, folder, k, waiting.pop(k), template) for k in rest]
    return tuple(sorted(job.result() for job in written))


def _header(origin: tuple[float, float], wkt: str) -> laspy.LasHeader:
    header = laspy.LasHeader(point_format=7, version="1.4")
    header.scales, header.offsets = np.full(3, STEP), np.array([*origin, 0.0])
    header.creation_date = DAY
    header.system_identifier = "simulated airborne scan"
    header.generating_software = "Dothi demo"
    header.vlrs.append(WktCoordinateSystemVlr(wkt))
    header.global_encoding.wkt = True
    return header


def _cast(
    scanner: Scanner, strip: tuple[int, float, float, float, float], header: laspy.LasHeader
) -> tuple[NDArray[np.void], NDArray[np.int64], NDArray[np.int64]]:
    """Records of one strip, and the tile column and row of each."""
    points = scanner.cast(*strip)
    records = _records(points, header)
    x0, y0, _, _ = scanner.window
    columns = ((points.xyz[:, 0] - x0) // TILE).astype(np.int64)
    rows = ((points.xyz[:, 1] - y0) // TILE).astype(np.int64)
    return records, columns, rows


def _records(points: Points, header: laspy.LasHeader) -> NDArray[np.void]:
    made = laspy.ScaleAwarePointRecord.zeros(len(points.kind), header=header)
    raw: NDArray[np.void] = made.array
    for name, values in zip("XYZ", points.xyz.T, strict=True):
        raw[name] = np.round(values / STEP).astype(np.int32)
    raw["intensity"], raw["classification"] = points.intensity, points.kind
    raw["gps_time"], raw["point_source_id"] = points.time, 101 + points.line
    made["return_number"], made["number_of_returns"] = points.number, points.returns
    made["scan_direction_flag"] = np.ones(len(points.kind), dtype=np.uint8)
    raw["scan_angle"] = np.round(points.angle / 0.006).astype(np.int16)
    for channel, values in zip(("red", "green", "blue"), points.rgb.T, strict=True):
        raw[channel] = values.astype(np.uint16) * 257
    return raw


def _write(
    folder: Path, key: tuple[int, int], parts: list[NDArray[np.void]], template: laspy.LasHeader
) -> Path:
    path = folder / f"{key[0]}_{key[1]}.laz"
    header = _header((template.offsets[0], template.offsets[1]), template.vlrs[0].string)
    records = np.concatenate(parts)
    parts.clear()
    las = laspy.LasData(header)
    las.points = laspy.ScaleAwarePointRecord(
        records, header.point_format, scales=header.scales, offsets=header.offsets
    )
    las.write(path, laz_backend=laspy.LazBackend.Lazrs)
    return path
