"""The commands that need no picture: build, info, health, export."""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson

from layers.errors import CityError
from layers.kinds.layer import Layer
from layers.notices import Notice
from layers.plurals import agreed
from layers.progress import Progress

Command = Callable[[argparse.Namespace], int]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit status is 0 done, 1 not possible, 2 wrong usage."""
    parser = new_parser("python -m twin")
    add_commands(parser.add_subparsers(metavar="COMMAND", required=True))
    return run(parser.parse_args(arguments))


def new_parser(program: str) -> argparse.ArgumentParser:
    """A parser with what all commands share."""
    return argparse.ArgumentParser(
        prog=program, description="Dothi: plan the smart city before it is built."
    )


def run(options: argparse.Namespace) -> int:
    """Call the command chosen; a `CityError` becomes its one or two lines and status 1."""
    command: Command = options.command
    _speak_utf8()
    try:
        status = command(options)
        _flush()
    except CityError as error:
        print(f"dothi: {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:
        _say_no_more()  # who was listening has gone, as in `dothi info … | head`
        return 1
    except OSError as error:
        _say_no_more()
        about = f"{error.filename}: " if error.filename else ""
        print(
            f"dothi: {about}{error.strerror or error}\nIs the disk full, or may you not write there?",
            file=sys.stderr,
        )
        return 1
    except KeyboardInterrupt:
        print("dothi: stopped", file=sys.stderr)
        return 1
    except MemoryError:
        print(
            "dothi: there is not enough memory\nRead fewer sources, or thin points with max_points.",
            file=sys.stderr,
        )
        return 1
    return status


def _speak_utf8() -> None:
    """Names are Vietnamese and JSON is UTF-8, whatever the system writes into files and pipes."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and not stream.isatty():
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")


def _flush() -> None:
    if sys.stdout is not None:
        sys.stdout.flush()


def _say_no_more() -> None:
    """Nothing more goes to standard output: what waits there would fail again at the end."""
    with contextlib.suppress(OSError, ValueError, io.UnsupportedOperation):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


def add_commands(commands: Any) -> None:
    """Add build, info, health and export to a parser's subcommands."""
    build = commands.add_parser("build", help="build a city of a recipe")
    build.add_argument("recipe", type=Path, metavar="RECIPE.toml")
    build.add_argument("-o", "--out", type=Path, required=True, metavar="CITY.gpkg")
    build.add_argument(
        "--crs",
        default="",
        metavar="EPSG:n",
        help="project CRS instead of the recipe's, and that of files which state none",
    )
    build.add_argument(
        "--scheduler", default="", metavar="ADDR", help="Dask scheduler to share the work"
    )
    build.add_argument(
        "--workers",
        type=_whole_number,
        default=0,
        metavar="N",
        help="workers of the scheduler to use",
    )
    _json_and_command(build, _build)

    info = commands.add_parser("info", help="say what a project holds")
    info.add_argument("city", type=Path, metavar="CITY.gpkg")
    _json_and_command(info, _info)

    health = commands.add_parser("health", help="score the health of a project's or files' data")
    health.add_argument("target", type=Path, nargs="+", metavar="CITY.gpkg|FILE")
    health.add_argument("--crs", default="", metavar="EPSG:n", help="where a file does not say")
    _json_and_command(health, _health)

    export = commands.add_parser("export", help="write a city for other programs")
    export.add_argument("city", type=Path, metavar="CITY.gpkg")
    export.add_argument(
        "-o", "--out", type=Path, required=True, metavar="OUT.city.jsonl|OUT.glb|OUT.gpkg"
    )
    _json_and_command(export, _export)


def _whole_number(text: str) -> int:
    number = int(text)
    if number < 0:
        raise argparse.ArgumentTypeError(f"{number} is below zero")
    return number


def _json_and_command(parser: argparse.ArgumentParser, command: Command) -> None:
    parser.add_argument(
        "--json", action="store_true", help="print one JSON object on standard output"
    )
    parser.set_defaults(command=command)


def console_progress() -> Progress:
    """Progress on standard error: a line that renews itself on a terminal, silence elsewhere."""
    if not sys.stderr.isatty():
        return Progress()
    last = [0.0]

    def report(fraction: float, message: str) -> None:
        now = time.monotonic()
        if fraction >= 1.0 or now - last[0] > 0.1:
            last[0] = now
            end = "\n" if fraction >= 1.0 else ""
            print(f"\r{fraction:4.0%}  {message[:70]:70}", end=end, file=sys.stderr, flush=True)

    return Progress(report)


def print_json(value: Any) -> None:
    """One JSON object on standard output."""
    text = orjson.dumps(
        value, option=orjson.OPT_INDENT_2 | orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS
    )
    print(text.decode())


def _build(options: argparse.Namespace) -> int:
    import psutil

    from twin.build import build
    from twin.first_view import first_view
    from twin.info import city_info
    from twin.project.opening import lock_for_new
    from twin.project.recognise import check_replaceable
    from twin.project.store import Project
    from twin.pyramids import build_pyramids
    from twin.recipe import read_recipe

    started = time.perf_counter()
    recipe = read_recipe(options.recipe)
    # Told before the work, not after it.
    check_replaceable(options.out, [options.recipe, *(Path(one.path) for one in recipe.source)])
    lock_for_new(options.out.absolute()).release()
    result = build(
        recipe,
        crs=options.crs,
        progress=console_progress(),
        scheduler=options.scheduler,
        workers=options.workers,
    )
    project = Project.create(
        options.out,
        result.city,
        options=result.options,
        view=first_view(result.city, result.hidden),
    )
    build_pyramids(project, progress=console_progress())
    notices = [*result.notices, *project.notices]
    rows, intact = len(project.journal_rows()), project.journal_intact()
    project.close()
    elapsed = {**result.elapsed_s, "total": time.perf_counter() - started}
    memory = psutil.Process().memory_info()
    report = city_info(result.city, rows=rows, intact=intact, grades=options.json) | {
        "elapsed_s": {name: round(value, 3) for name, value in elapsed.items()},
        "peak_rss_mb": round(_peak(memory) / 2**20, 1),
        "points_read": result.points_read,
        "notices": [
            {"code": n.code, "what": n.what, "hint": n.hint, "source": n.source, "count": n.count}
            for n in notices
        ],
    }
    if options.json:
        print_json(report)
    else:
        _print_notices(notices)
        print(_in_words(report))
        print(f"{options.out}  ({elapsed['total']:.1f} s, {report['peak_rss_mb']:.0f} MB)")
    return 0


def _print_notices(notices: Iterable[Notice]) -> None:
    for notice in notices:
        about = f"{notice.source}: " if notice.source else ""
        hint = f". {notice.hint}" if notice.hint else ""
        print(f"{about}{agreed(notice.what.rstrip('.'))}{hint}", file=sys.stderr)


def _peak(memory: Any) -> float:
    """Peak resident memory in bytes; Windows tells it directly, Linux through its counters."""
    if hasattr(memory, "peak_wset"):
        return float(memory.peak_wset)
    try:
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return float(line.split()[1]) * 1024
    except OSError:
        pass
    return float(memory.rss)


def _info(options: argparse.Namespace) -> int:
    from twin.info import city_info
    from twin.project.store import Project

    project = Project.open(options.city, read_only=True)
    report = city_info(
        project.city, rows=len(project.journal_rows()), intact=project.journal_intact()
    )
    _print_notices(project.notices)
    project.close()
    if options.json:
        print_json(report)
    else:
        print(_in_words(report))
    return 0


def _in_words(report: dict[str, Any]) -> str:
    lines = [f"{report['name']}  {report['crs']}  {report['heights']}".rstrip()]
    lines += [
        f"  {layer['kind']:10} {layer['count']:>10,}  {layer['health'] or ' '}  {layer['name']}"
        for layer in report["layers"]
    ]
    buildings = report["buildings"]
    if buildings["count"]:
        methods = ", ".join(f"{name} {n:,}" for name, n in buildings["method"].items() if n)
        lines.append(
            f"  {buildings['count']:,} buildings, {buildings['closed']:,} closed: {methods}"
        )
        median = buildings["height_rmse_m"]["median"]
        if median is not None:
            lines.append(f"  roof points against the solids' tops: median RMSE {median} m")
    return "\n".join(lines)


def _health(options: argparse.Namespace) -> int:
    from layers.health.assess import assess_city
    from layers.health.records import as_json

    groups = _groups(options.target, options.crs)
    targets = [one for layers in groups for one in as_json(assess_city(layers).values())["targets"]]
    if options.json:
        print_json({"targets": targets})
        return 0
    for target in targets:
        scores = "  ".join(
            f"{name} {'–' if value is None else round(value)}"
            for name, value in target["scores"].items()
        )
        print(f"{target['grade']}  {target['name']} ({target['kind']})  {scores}")
        for issue in target["issues"]:
            place = f" At {_place(issue['where'])}." if issue["where"] else ""
            print(
                f"     {issue['code']}: {issue['what'].rstrip('.')}. {issue['fix']}{place}".rstrip()
            )
    return 0


def _place(where: Sequence[Sequence[float]]) -> str:
    x, y = where[0][:2]
    more = f" and {len(where) - 1:,} more places" if len(where) > 1 else ""
    return f"{x:.1f}, {y:.1f}{more}"


def _groups(targets: Sequence[Path], crs: str) -> list[dict[str, Layer]]:
    """Layers that are assessed together: those of each project, and all plain files."""
    from layers.readers import registry
    from twin.gather import unique_id
    from twin.project.recognise import is_project
    from twin.project.store import Project

    groups: list[dict[str, Layer]] = []
    files: dict[str, Layer] = {}
    for target in targets:
        if is_project(target):
            project = Project.open(target, read_only=True)
            groups.append(dict(project.city.layers))
            _print_notices(project.notices)
            project.close()
            continue
        for layer in registry.read(target, registry.ReadOptions(crs=crs), console_progress()):
            identity = unique_id(layer.id, set(files))
            files[identity] = layer if layer.id == identity else replace(layer, id=identity)
    return [*groups, files] if files else groups


def _export(options: argparse.Namespace) -> int:
    from twin.export import export_city
    from twin.project.store import Project

    project = Project.open(options.city, read_only=True)
    _print_notices(project.notices)
    written = export_city(project.city, options.out, progress=console_progress())
    project.close()
    if options.json:
        print_json({"out": str(options.out), "buildings": written})
    else:
        print(f"{options.out}  ({written:,} buildings)")
    return 0
