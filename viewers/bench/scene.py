"""The whole city, smooth: frames, first pictures, memory and answers at 100 000 to 1 000 000 buildings."""

from __future__ import annotations

import os
import shutil
import statistics
import sys

from viewers.bench import points
from viewers.bench.measure import Figure, Ran, run_alone
from viewers.bench.scene_flights import SETTLED
from viewers.bench.scene_work import SMALL, city_file

RAW = "one PyVista mesh, one light, no multisampling"
QGIS = "QGIS 3D on two cores without a graphics card"
FIRST = {100_000: (3.2, 600.0), 400_000: (5.9, 900.0)}
"""Seconds that QGIS 3D needs to its first picture of as many buildings (docs/performance.md), and
MiB that ours may take."""
MILLION = 1_000_000
FLIGHTS = 2000
WINDOWS = 3


def figures() -> list[Figure]:
    """All that must hold of the scene; the cities are made first, once, in the user's cache."""
    for count in (SMALL, 100_000, 400_000, MILLION):
        if not city_file(count).exists():
            _work("make", count, timeout=1800.0)
    moving = {count: _work("moving", count) for count in (100_000, 400_000, MILLION)}
    found = [*_frames(moving), *_first(), _tiles(), *_memory()]
    found += [*_window(), *points.figures(), *_flights()]
    return found


def _work(what: str, count: int, *, timeout: float = 900.0) -> Ran:
    return run_alone(["-m", "viewers.bench.scene_work", what, str(count)], timeout=timeout)


def _size(count: int) -> str:
    return f"{count:,} buildings, 1920×1080"


def _frames(moving: dict[int, Ran]) -> list[Figure]:
    rival = run_alone(["-m", "viewers.bench.flight", "rival", "400000"])
    ours, few, many = (moving[n].said["median_ms"] for n in (400_000, 100_000, MILLION))
    return [
        Figure(
            name="scene", size=_size(400_000), metric="median frame while moving", value=ours,
            unit="ms", against=RAW, ratio=ours / rival.said["median_ms"], limit=1 / 6,
        ),
        Figure(
            name="scene", size=_size(MILLION), metric="median frame while moving", value=many,
            unit="ms", against="the same of 100,000 buildings", ratio=many / few, limit=1.3,
        ),
        *(
            Figure(
                name="scene", size=_size(count), metric="frames a second while moving",
                value=1000.0 / ran.said["median_ms"], unit="fps",
            )
            for count, ran in moving.items()
        ),
    ]  # fmt: skip


def _first() -> list[Figure]:
    found = []
    for count, (theirs, most) in FIRST.items():
        ran = _work("first", count)
        found += [
            Figure(
                name="scene", size=_size(count), metric="start of the process to first picture",
                value=ran.said["seconds"], unit="s", against=QGIS,
                ratio=ran.said["seconds"] / theirs, limit=0.5,
            ),
            Figure(
                name="scene", size=_size(count), metric="peak memory of that", value=ran.peak_mb,
                unit="MiB", limit=most,
            ),
        ]  # fmt: skip
    return found


def _tiles() -> Figure:
    said = _work("tiles", 100_000).said
    return Figure(
        name="scene", size="100,000 outlines", metric="20,000 buildings to tiles on disk, one core",
        value=said["core_s"] / 5, unit="s", limit=1.0,
    )  # fmt: skip


def _memory() -> list[Figure]:
    said = _work("memory", MILLION).said
    return [
        Figure(
            name="scene", size=_size(MILLION), metric="memory with the city open, looked at, still",
            value=said["open_mb"] / 1024, unit="GiB", limit=2.5,
        ),
        Figure(
            name="scene", size=_size(MILLION), metric="memory after it was closed",
            value=said["closed_mb"], unit="MiB", against="before it was opened",
            ratio=said["closed_mb"] / said["before_mb"], limit=1.1,
        ),
    ]  # fmt: skip


def _window() -> list[Figure]:
    """Nothing where no window can be shown: a display, or Xvfb, is needed."""
    command = ["-m", "viewers.bench.scene_window", str(MILLION)]
    if sys.platform.startswith("linux") and not os.environ.get("DISPLAY"):
        if shutil.which("xvfb-run") is None:
            print("No display and no xvfb-run: the window is not measured", file=sys.stderr)
            return []
        under = ["xvfb-run", "-a", "-s", "-screen 0 1920x1200x24"]
    else:
        under = []
    # A machine that is shared takes cores away for tens of milliseconds: the middle of some runs.
    runs = [run_alone(command, under=under).said for _ in range(WINDOWS)]

    def figure(metric: str, key: str, limit: float | None = None) -> Figure:
        value = statistics.median(run[key] for run in runs)
        size = f"{MILLION:,} buildings in the window, median of {WINDOWS}"
        return Figure(name="scene", size=size, metric=metric, value=value, unit="ms", limit=limit)

    return [
        figure("longest silence of the window beyond one frame", "silence_ms", 50.0),
        figure("the same, and the frame's way to the screen counted in", "with_screen_ms"),
        figure("95th percentile of a pick", "pick_ms", 30.0),
    ]


def _flights() -> list[Figure]:
    ran = run_alone(["-m", "viewers.bench.scene_flights", str(FLIGHTS)], timeout=7200.0)
    checks = {check["flights"]: check for check in ran.said["checks"]}
    return [
        Figure(
            name="scene", size=f"{FLIGHTS:,} flights, layers opened and closed between",
            metric=f"memory at the end, all {what}", value=checks[FLIGHTS][key], unit="MiB",
            against=f"after the first {SETTLED}",
            ratio=checks[FLIGHTS][key] / checks[SETTLED][key], limit=1.03,
        )
        for what, key in (("open and at rest", "open_mb"), ("closed", "closed_mb"))
    ]  # fmt: skip
