"""The entry point `dothi`: all commands, and the window; Qt and VTK are imported when they are needed."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from layers.errors import CityError
from twin.cli import add_commands, console_progress, new_parser, print_json, run


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command, or open the window; the exit status is 0 done, 1 not possible, 2 wrong usage."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if not given or (len(given) == 1 and Path(given[0]).suffix == ".gpkg"):
        return run(argparse.Namespace(command=_window, city=Path(given[0]) if given else None))
    parser = new_parser("dothi")
    parser.epilog = "Without a command the window opens; `dothi CITY.gpkg` opens it with a city."
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    add_commands(commands)
    _add_picture_commands(commands)
    return run(parser.parse_args(given))


def _add_picture_commands(commands: Any) -> None:
    demo = commands.add_parser("demo", help="build the bundled demo ward and open it")
    demo.add_argument("name", nargs="?", default="ward", choices=["ward"], metavar="NAME")
    demo.add_argument("--no-window", action="store_true", help="write one picture instead")
    demo.add_argument("-o", "--out", type=Path, metavar="CITY.gpkg", help="where to keep the city")
    demo.set_defaults(command=_demo)

    render = commands.add_parser("render", help="write a picture of a city; needs no display")
    render.add_argument("city", type=Path, metavar="CITY.gpkg")
    render.add_argument(
        "--view", default="", metavar="V", help="a bookmark's name, “top”, “overview” or “close”"
    )
    render.add_argument(
        "--time", default="", metavar="ISO", help="local time, e.g. 2026-06-21T09:30"
    )
    render.add_argument("--size", default="1920x1080", metavar="WxH")
    render.add_argument("--color-by", default="", metavar="ATTRIBUTE", help="colour of buildings")
    render.add_argument("--theme", default="light", choices=["light", "dark"])
    render.add_argument(
        "--lang", default="en", choices=["vi", "en"], help="language of what is written on it"
    )
    render.add_argument(
        "--over",
        default="legend,scale,north,sources,labels",
        metavar="LIST",
        help="what is drawn over it: legend, scale, north, title, sources, labels; “all”, “none”",
    )
    render.add_argument("--title", default="", metavar="TEXT", help="written over it")
    render.add_argument("-o", "--out", type=Path, required=True, metavar="OUT.png")
    render.add_argument(
        "--json", action="store_true", help="print one JSON object on standard output"
    )
    render.set_defaults(command=_render)

    _add_film(commands)
    _add_story(commands)

    bench = commands.add_parser("bench", help="measure, beside the alternatives, in one run")
    bench.add_argument("name", nargs="*", metavar="NAME", help="which; all without a name")
    bench.add_argument(
        "--json", action="store_true", help="print one JSON object on standard output"
    )
    bench.set_defaults(command=_bench)


def _add_film(commands: Any) -> None:
    film = commands.add_parser("film", help="film a flight or a story; needs no display")
    film.add_argument("city", type=Path, metavar="CITY.gpkg")
    film.add_argument(
        "--path",
        default="bookmarks",
        metavar="P",
        help="“bookmarks” (all), “turn” (once round), a story, or bookmarks' names with commas",
    )
    film.add_argument("--size", default="1920x1080", metavar="WxH")
    film.add_argument("--fps", type=int, default=30, metavar="N")
    film.add_argument("--seconds", type=float, default=0.0, metavar="S", help="how long it lasts")
    film.add_argument("--stay", type=float, default=0.0, metavar="S", help="rest at each bookmark")
    film.add_argument("--speed", default="eased", choices=["eased", "constant"])
    film.add_argument("--time", default="", metavar="ISO", help="where the sun stands")
    film.add_argument("--until", default="", metavar="ISO", help="let the sun go on to then")
    film.add_argument("--color-by", default="", metavar="ATTRIBUTE", help="colour of buildings")
    film.add_argument("--theme", default="light", choices=["light", "dark"])
    film.add_argument("--lang", default="en", choices=["vi", "en"])
    film.add_argument(
        "--over",
        default="labels,sources",
        metavar="LIST",
        help="what is drawn over it: legend, scale, north, title, sources, labels; “all”, “none”",
    )
    film.add_argument("--no-captions", action="store_true", help="a story without its words")
    film.add_argument("--draft", action="store_true", help="plain and fast, without shadows")
    film.add_argument(
        "-o", "--out", type=Path, required=True, metavar="OUT.mp4", help="or a folder for frames"
    )
    film.add_argument(
        "--json", action="store_true", help="print one JSON object on standard output"
    )
    film.set_defaults(command=_film)


def _add_story(commands: Any) -> None:
    story = commands.add_parser("story", help="a story as one HTML file that opens offline")
    story.add_argument("city", type=Path, metavar="CITY.gpkg")
    story.add_argument("--story", default="", metavar="S", help="its title; the only one without")
    story.add_argument("--lang", default="vi", choices=["vi", "en"], help="spoken first")
    story.add_argument(
        "--most-triangles",
        type=int,
        default=1_600_000,
        metavar="N",
        help="larger cities are thinned",
    )
    story.add_argument("-o", "--out", type=Path, required=True, metavar="OUT.html")
    story.add_argument(
        "--json", action="store_true", help="print one JSON object on standard output"
    )
    story.set_defaults(command=_story)


def has_display() -> bool:
    """Whether a window can be shown here."""
    if sys.platform in ("win32", "darwin"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def _window(options: argparse.Namespace) -> int:
    if not has_display():
        raise CityError(
            "There is no display to open a window on",
            hint="Try `dothi demo --no-window`, or `dothi render CITY.gpkg -o OUT.png`.",
            code="no-display",
        )
    from viewers import start

    return start.run(project=options.city)


def _demo(options: argparse.Namespace) -> int:
    from twin.demo.project import demo_city

    started = time.perf_counter()
    city = demo_city(options.out, progress=console_progress())
    print(f"{city}  ({time.perf_counter() - started:.1f} s)")
    if options.no_window or not has_display():
        from viewers.rendering import RenderRequest, render

        picture = city.with_suffix(".png")
        render(RenderRequest(city=city, out=picture, view="overview"), progress=console_progress())
        print(picture)
        return 0
    from viewers import start

    return start.run(project=city)


def _render(options: argparse.Namespace) -> int:
    from viewers.rendering import RenderRequest, render

    request = RenderRequest(
        city=options.city,
        out=options.out,
        view=options.view,
        time=_time(options.time),
        size=_size(options.size),
        color_by=options.color_by,
        theme=options.theme,
        language=options.lang,
        over=_over(options.over),
        title=options.title,
    )
    return _told(render(request, progress=console_progress()), options)


def _film(options: argparse.Namespace) -> int:
    from viewers.film.making import FilmRequest, film

    request = FilmRequest(
        city=options.city,
        out=options.out,
        path=options.path,
        size=_size(options.size),
        fps=options.fps,
        seconds=options.seconds,
        stay=options.stay,
        speed=options.speed,
        time=_time(options.time),
        until=_time(options.until),
        color_by=options.color_by,
        theme=options.theme,
        language=options.lang,
        over=_over(options.over),
        captions=not options.no_captions,
        draft=options.draft,
    )
    return _told(film(request, console_progress()), options)


def _told(report: dict[str, Any], options: argparse.Namespace) -> int:
    if options.json:
        print_json(report)
    else:
        print(report["out"])
    return 0


def _story(options: argparse.Namespace) -> int:
    from viewers.page.making import PageRequest, page

    request = PageRequest(
        city=options.city,
        out=options.out,
        story=options.story,
        language=options.lang,
        most_triangles=max(options.most_triangles, 1000),
    )
    report = page(request, console_progress())
    if options.json:
        print_json(report)
    else:
        print(f"{report['out']}  ({report['bytes'] / 2**20:.1f} MiB)")
    return 0


def _bench(options: argparse.Namespace) -> int:
    from viewers.bench.run import bench, print_table

    report = bench(options.name)
    if options.json:
        print_json(report)
    else:
        print_table(report)
    return 0


def _size(text: str) -> tuple[int, int]:
    width, _, height = text.lower().partition("x")
    if not (width.isdigit() and height.isdigit() and int(width) and int(height)):
        raise CityError(
            f"A size is written WIDTHxHEIGHT, not {text}", hint="For example 3840x2160."
        )
    return int(width), int(height)


def _over(text: str) -> tuple[str, ...]:
    from viewers.rendering import OVER

    if text in ("all", "none"):
        return OVER if text == "all" else ()
    chosen = tuple(word.strip() for word in text.split(",") if word.strip())
    unknown = [word for word in chosen if word not in OVER]
    if unknown:
        raise CityError(
            f"{unknown[0]} cannot be drawn over a picture",
            hint=f"Choose of {', '.join(OVER)}, or all, or none.",
        )
    return chosen


def _time(text: str) -> datetime | None:
    if not text:
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise CityError(
            f"{text} is not a time", hint="Write it as 2026-06-21T09:30, with +07:00 if you like."
        ) from None


if __name__ == "__main__":
    sys.exit(main())
