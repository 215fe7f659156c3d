"""All benchmarks by name, and how they are told."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from layers.errors import CityError
from viewers.bench import files, points, scene, terrain
from viewers.bench.measure import Figure, run_alone
from viewers.rendering import without_display
from viewers.scene.renderer_name import renderer_name


def frames() -> list[Figure]:
    """Frame time while moving, against one raw PyVista mesh of the same city."""
    figures = []
    for count in (100_000, 400_000):
        size = f"{count:,} buildings, 1920×1080"
        rival = run_alone(["-m", "viewers.bench.flight", "rival", str(count)])
        ours = run_alone(["-m", "viewers.bench.flight", "ours", str(count)])
        figures.append(
            Figure(
                name="frames",
                size=size,
                metric="median frame while moving",
                value=ours.said["median_ms"],
                unit="ms",
                against="one PyVista mesh, one light, no multisampling",
                ratio=ours.said["median_ms"] / rival.said["median_ms"],
                limit=1.0,
            )
        )
        figures.append(
            Figure(
                name="frames",
                size=size,
                metric="peak memory",
                value=ours.peak_mb,
                unit="MB",
                against="one PyVista mesh",
                ratio=ours.peak_mb / rival.peak_mb,
            )
        )
    return figures


BENCHMARKS: dict[str, Callable[[], list[Figure]]] = {
    "extrude": files.extrude,
    "delft": files.delft,
    "autzen": files.autzen,
    "hoan_kiem": files.hoan_kiem,
    "frames": frames,
    "points": points.figures,
    "scene": scene.figures,
    "terrain": terrain.figures,
}
LONG = ("points", "scene", "terrain")
"""Run when they are named: they make clouds and pictures of a gigabyte first."""


def bench(names: Sequence[str]) -> dict[str, Any]:
    """Run the benchmarks called `names`, all without any; the object of `dothi bench --json`.

    Without DOTHI_DATA, those that need real files are left out when no name is given.
    """
    unknown = [name for name in names if name not in BENCHMARKS]
    if unknown:
        raise CityError(
            f"There is no benchmark {unknown[0]}", hint=f"There are {', '.join(BENCHMARKS)}."
        )
    chosen = list(names) or [
        name
        for name in BENCHMARKS
        if name not in LONG and ("DOTHI_DATA" in os.environ or name in ("extrude", "frames"))
    ]
    figures: list[Figure] = []
    for name in chosen:
        print(f"measuring {name} …", file=sys.stderr, flush=True)
        figures += BENCHMARKS[name]()
    return {
        "machine": machine(),
        "results": [msgspec.to_builtins(figure) | {"holds": figure.holds} for figure in figures],
    }


def machine() -> dict[str, Any]:
    """What the figures were measured on."""
    import pyvista as pv

    without_display()
    plotter = pv.Plotter(off_screen=True, window_size=[64, 64])
    window = plotter.render_window
    assert window is not None
    window.Render()
    renderer = renderer_name(window)
    plotter.close()
    return {
        "cpu": _cpu(),
        "cores": os.cpu_count(),
        "gl_renderer": renderer,
        "python": platform.python_version(),
        "system": platform.system(),
    }


def _cpu() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor()


def print_table(report: dict[str, Any]) -> None:
    """The figures as a table for people."""
    print("  ".join(str(value) for value in report["machine"].values()))
    for row in report["results"]:
        ratio = "" if row["ratio"] is None else f"{row['ratio']:.2f} × {row['against']}"
        limit = "" if row["limit"] is None else f"≤ {row['limit']:g} {'✓' if row['holds'] else '✗'}"
        print(
            f"{row['name']:10} {row['size']:34} {row['metric']:44} "
            f"{row['value']:9.2f} {row['unit']:3} {limit:10} {ratio}"
        )
