"""Point clouds: 100 million of them streamed, against 5.8 million, against one raw PyVista mesh; and
how fast they become an octree.

`python -m viewers.bench.points ours|beside|rival|convert PATH` prints one JSON line.
"""

from __future__ import annotations

import json
import math
import os
import shutil
import struct
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import platformdirs

from viewers.bench.measure import Figure, Ran, run_alone

if TYPE_CHECKING:
    from layers.kinds.pointcloud import PointCloudLayer
    from viewers.scene.scene import Scene
    from viewers.view_state import CameraPose

BIG = 100_000_000
SIZE = "1920×1080"
REPEATS = 3
RAW = "one raw PyVista mesh of 5.8 million points, one light, no multisampling"


def figures() -> list[Figure]:
    """First picture, memory and moving frames of 100 million points; points a second to COPC."""
    small, big = _clouds()
    runs: dict[Path, list[Ran]] = {small: [], big: []}
    for _ in range(REPEATS):  # in turns, so that a busy moment meets both
        for path, ran in runs.items():
            ran.append(run_alone(["-m", "viewers.bench.points", "ours", str(path)]))
    few, many = (
        {name: median(ran.said[name] for ran in runs[path]) for name in runs[path][0].said}
        for path in (small, big)
    )
    peak = max(ran.peak_mb for ran in runs[big])
    beside = run_alone(["-m", "viewers.bench.points", "beside", str(big)])
    rival = run_alone(["-m", "viewers.bench.points", "rival", str(small)])
    size = f"{many['total']:,} points, {SIZE}"
    made, plain = _conversions(_one_scan())
    return [
        Figure(
            name="points", size=size, metric="open to first picture",
            value=many["first_s"], unit="s", limit=2.0,
        ),
        Figure(
            name="points", size=size, metric="peak memory",
            value=peak / 1024, unit="GiB", limit=1.2,
        ),
        Figure(
            name="points", size=size, metric="median frame while moving",
            value=beside.said["many_ms"], unit="ms",
            against=f"the same of {few['total']:,} points, frame by frame in turns",
            ratio=beside.said["many_ms"] / beside.said["few_ms"], limit=1.3,
        ),
        Figure(
            name="points", size=f"{few['total']:,} points, {SIZE}", metric="median frame while moving",
            value=few["median_ms"], unit="ms", against=RAW,
            ratio=few["median_ms"] / rival.said["median_ms"], limit=1 / 3,
        ),
        Figure(
            name="points", size=size, metric="slowest pick of 100",
            value=many["pick_ms"], unit="ms", limit=30.0,
        ),
        Figure(
            name="points", size=f"{made.said['points']:,} points",
            metric="core seconds a million points, LAS to COPC",
            value=plain.said["core_s_per_million"], unit="s", limit=1.0,
        ),
        Figure(
            name="points", size=f"{made.said['points']:,} points",
            metric="core seconds a million points, LAZ to COPC",
            value=made.said["core_s_per_million"], unit="s", limit=1.0,
        ),
        Figure(
            name="points", size=f"{made.said['points']:,} points",
            metric="the same of lazrs alone, which no writer can do without",
            value=made.said["lazrs_s_per_million"], unit="s",
        ),
        Figure(
            name="points", size=f"{made.said['points']:,} points", metric="memory of that",
            value=made.peak_mb, unit="MiB",
        ),
    ]  # fmt: skip


def _conversions(scan: Path) -> tuple[Ran, Ran]:
    """`scan` to COPC as it is, and as LAS, which need not be decompressed."""
    import laspy

    work = ["-m", "viewers.bench.points", "convert"]
    with tempfile.TemporaryDirectory() as folder:
        plain = Path(folder) / f"{scan.stem}.las"
        laspy.read(scan).write(plain)
        made, of_plain = (run_alone([*work, str(one)], timeout=1200.0) for one in (scan, plain))
    return made, of_plain


# -- the clouds ------------------------------------------------------------------------------


def _one_scan() -> Path:
    """A real scan where DOTHI_DATA is set, else the largest tile of the generated ward's."""
    if "DOTHI_DATA" in os.environ:
        return Path(os.environ["DOTHI_DATA"]) / "autzen" / "autzen_south.laz"
    from twin.demo.generate import demo_folder, generate, is_ready

    folder = demo_folder()
    if not is_ready(folder):
        generate(folder)
    return max((folder / "lidar").glob("*.laz"), key=lambda path: path.stat().st_size)


def _clouds() -> tuple[Path, Path]:
    """The scan and 100 million points of copies of it side by side, both as COPC; made once."""
    scan = _one_scan()
    folder = Path(platformdirs.user_cache_dir("dothi", appauthor=False)) / "bench"
    folder.mkdir(parents=True, exist_ok=True)
    stem = f"{scan.stem}-{scan.stat().st_size}"
    small, big = folder / f"{stem}.copc.laz", folder / f"{stem}-100M.copc.laz"
    if not small.exists():
        _convert([scan], small)
    if not big.exists():
        print("making 100 million points, once …", file=sys.stderr, flush=True)
        with tempfile.TemporaryDirectory(dir=folder) as room:
            _convert(_copies(scan, Path(room)), big)
    return small, big


def _convert(paths: list[Path], out: Path) -> int:
    from layers.readers.pointcloud import placed
    from layers.readers.registry import ReadOptions
    from layers.writers.copc import to_copc

    crs = placed(paths[0], ReadOptions())[1].crs
    return to_copc([(path, ReadOptions()) for path in paths], out, crs=crs)


def _copies(scan: Path, folder: Path) -> list[Path]:
    """The scan beside itself until there are 100 million points: only its offset is another."""
    from layers.readers.las_file import open_las

    las = open_las(scan)
    low_x, low_y, high_x, high_y = las.bounds
    copies = math.ceil(BIG / las.count)
    columns = math.ceil(math.sqrt(copies))
    made = []
    for number in range(copies):
        row, column = divmod(number, columns)
        by = (column * math.ceil(high_x - low_x), row * math.ceil(high_y - low_y))
        made.append(folder / f"{number}.laz")
        shutil.copyfile(scan, made[-1])
        with made[-1].open("r+b") as file:
            # LAS 1.4 R15, table 3: offsets at byte 155; max x, min x, max y, min y at 179.
            _shift(file, 155, "<2d", by)
            _shift(file, 179, "<4d", (by[0], by[0], by[1], by[1]))
    return made


def _shift(file: Any, at: int, layout: str, by: tuple[int, ...]) -> None:
    file.seek(at)
    before = struct.unpack(layout, file.read(struct.calcsize(layout)))
    file.seek(at)
    file.write(struct.pack(layout, *(a + b for a, b in zip(before, by, strict=True))))


# -- what runs alone -------------------------------------------------------------------------


def _ours(path: Path) -> dict[str, Any]:
    import numpy as np

    import twin.city  # noqa: F401  imports are not what is measured
    from viewers.rendering import without_display
    from viewers.scene.off_screen import OffScreen
    from viewers.scene.scene import Scene

    without_display()
    scene = Scene(OffScreen((1920, 1080)))
    scene.render()  # the window is there before a file is opened
    started = time.perf_counter()
    layer = _shown(scene, path)
    first = time.perf_counter() - started
    scene.set_still()
    complete = time.perf_counter() - started
    scene.set_moving()

    def look(pose: CameraPose) -> None:
        scene.camera.pose = pose

    seconds = _fly(_middle_of(layer), _ground_of(layer), look, scene.render)
    scene.set_still()
    picks = []
    for x, y in np.random.default_rng(1).random((100, 2)) * (1920, 700):
        began = time.perf_counter()
        scene.pick(float(x), float(y))
        picks.append(time.perf_counter() - began)
    return {
        "first_s": first,
        "complete_s": complete,
        "median_ms": float(np.median(seconds)) * 1000,
        "p95_ms": float(np.percentile(seconds, 95)) * 1000,
        "pick_ms": max(picks[1:]) * 1000,  # the first one builds what rays need
        "total": layer.total,
    }


def _shown(scene: Scene, path: Path) -> PointCloudLayer:
    """Show the cloud in `path` from afar, as a project that holds nothing else."""
    from layers.frame import Frame
    from layers.kinds.pointcloud import PointCloudLayer
    from layers.readers import registry
    from twin.city import City
    from viewers.view_state import ViewState

    (layer,) = registry.read(path, registry.ReadOptions(max_points=100_000, fields=("rgb",)))
    assert isinstance(layer, PointCloudLayer)
    frame = Frame.around(layer.crs, layer.bounds)
    scene.show(City(name="points", frame=frame, layers={layer.id: layer}), ViewState())
    return layer


def _beside(big: Path) -> dict[str, Any]:
    """Both clouds flown over at once, frame by frame in turns: a busy moment meets both."""
    import numpy as np

    from viewers.rendering import without_display
    from viewers.scene.off_screen import OffScreen
    from viewers.scene.scene import Scene

    without_display()
    seconds: list[list[float]] = [[], []]
    scenes = []
    for path in (_clouds()[0], big):
        scene = Scene(OffScreen((1920, 1080)))
        layer = _shown(scene, path)
        scene.set_still()
        scene.set_moving()
        poses: list[CameraPose] = []
        _fly(_middle_of(layer), _ground_of(layer), poses.append, lambda: None)
        scenes.append((scene, poses))
    for number in range(len(scenes[0][1])):
        for (scene, poses), spent in zip(scenes, seconds, strict=True):
            scene.camera.pose = poses[number]
            began = time.perf_counter()
            scene.render()
            spent.append(time.perf_counter() - began)
    few, many = (float(np.median(spent[2:])) * 1000 for spent in seconds)
    return {"few_ms": few, "many_ms": many}


def _rival(path: Path) -> dict[str, Any]:
    import numpy as np
    import pyvista as pv

    from layers.kinds.pointcloud import PointCloudLayer
    from layers.readers import registry

    (layer,) = registry.read(path, registry.ReadOptions())
    assert isinstance(layer, PointCloudLayer)
    plotter = pv.Plotter(off_screen=True, window_size=[1920, 1080], lighting="none")
    plotter.disable_anti_aliasing()
    window = plotter.render_window
    assert window is not None
    window.SetMultiSamples(0)
    plotter.add_light(pv.Light(light_type="headlight"))
    mesh = pv.PolyData(np.array(layer.xyz))
    colours = layer.rgb
    if colours is not None:
        mesh["colours"] = np.array(colours)
    plotter.add_mesh(mesh, style="points", point_size=2, rgb=colours is not None)
    origin = np.asarray(layer.offset)

    def look(pose: CameraPose) -> None:
        plotter.camera.position = tuple(np.asarray(pose.eye) - origin)
        plotter.camera.focal_point = tuple(np.asarray(pose.target) - origin)
        plotter.camera.up = pose.up
        plotter.renderer.ResetCameraClippingRange()

    def draw() -> None:
        window.Render()
        window.WaitForCompletion()

    seconds = _fly(_middle_of(layer), _ground_of(layer), look, draw)
    return {"median_ms": float(np.median(seconds)) * 1000}


def _middle_of(layer: Any) -> tuple[float, float, float, float]:
    """About the extent of one scan, in the middle: both clouds are then flown over alike."""
    low_x, low_y, high_x, high_y = layer.bounds
    x, y = (low_x + high_x) / 2, (low_y + high_y) / 2
    half = math.sqrt((high_x - low_x) * (high_y - low_y) * 5_800_000 / max(layer.total, 1)) / 2
    half = min(half, (high_x - low_x) / 2, (high_y - low_y) / 2)
    return (x - half, y - half, x + half, y + half)


def _ground_of(layer: Any) -> float:
    import numpy as np

    return float(np.median(layer.xyz[:, 2])) + float(layer.offset[2])


def _fly(
    bounds: tuple[float, float, float, float],
    ground: float,
    look: Callable[[Any], None],
    draw: Callable[[], None],
) -> list[float]:
    """Seconds of each frame of one round over `bounds`, coming down to it; as `flight.fly`."""
    from dataclasses import replace

    from viewers.bench.flight import fly

    def above(pose: Any) -> None:
        eye = (pose.eye[0], pose.eye[1], pose.eye[2] + ground)
        look(replace(pose, eye=eye, target=(pose.target[0], pose.target[1], ground)))

    return fly(bounds, above, draw)


def _converted(path: Path) -> dict[str, Any]:
    import layers.writers.copc  # noqa: F401  imports are not what is measured

    with tempfile.TemporaryDirectory() as folder:
        began, cores = time.perf_counter(), time.process_time()
        count = _convert([path], Path(folder) / "made.copc.laz")
        seconds, cores = time.perf_counter() - began, time.process_time() - cores
        alone = _lazrs_alone(path, Path(folder) / "made.copc.laz")
    return {
        "points": count,
        "seconds": seconds,
        "core_s_per_million": cores / count * 1e6,
        "lazrs_s_per_million": alone / count * 1e6,
    }


def _lazrs_alone(source: Path, made: Path) -> float:
    """Core seconds to decompress `source` and to compress what is in `made`, and nothing else."""
    import lazrs
    import numpy as np

    from layers.progress import SILENT
    from layers.readers.las_file import open_las
    from layers.readers.laz_chunks import batches, batches_of, chunk_table

    began = time.process_time()
    for _ in batches(open_las(source), SILENT):
        pass
    spent = time.process_time() - began
    las = open_las(made)
    vlr = lazrs.LazVlr.new_for_compression(las.format, 0, True)
    for chunk in chunk_table(las) or ():
        (records,) = batches_of(las, [chunk], SILENT)
        began = time.process_time()
        lazrs.compress_points(vlr, records.view(np.uint8), False)
        spent += time.process_time() - began
    return spent


if __name__ == "__main__":
    what, given = sys.argv[1:]
    works = {"ours": _ours, "beside": _beside, "rival": _rival, "convert": _converted}
    print(json.dumps(works[what](Path(given))))
