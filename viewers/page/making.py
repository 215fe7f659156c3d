"""A project's story to one HTML file: what `dothi story` and the window's menu do."""

from __future__ import annotations

import base64
import contextlib
import gzip
import html
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from layers.atomic import atomic
from layers.errors import CityError
from layers.kinds.elevation import ElevationLayer
from layers.progress import SILENT, Progress
from layers.writers.gltf import GltfMesh, write_gltf
from twin.city import City
from twin.project.store import Project
from twin.story import Stop, Story, picture_type
from viewers.film.telling import dressed, named, seen
from viewers.i18n import table
from viewers.legends import legend_of
from viewers.page.geometry import (
    MOST_TRIANGLES,
    Weight,
    linear,
    meshes_of,
    recoloured,
    weigh,
)
from viewers.page.points import packed_points
from viewers.page.words import label_tables, notes
from viewers.picture import sources_of
from viewers.resource import RESOURCES
from viewers.saved_view import view_from
from viewers.scene import facade_shader
from viewers.scene.night import hour_of
from viewers.scene.sun import Atmosphere, atmosphere, sun_vector
from viewers.view_state import ViewState

FOLDER = RESOURCES / "story"
AFTERNOON = np.array([-0.55, -0.45, 0.70])


@dataclass(frozen=True, slots=True, kw_only=True)
class PageRequest:
    """Which story of which project goes where; "" for the only one."""

    city: Path
    out: Path
    story: str = ""
    language: str = "vi"
    most_triangles: int = MOST_TRIANGLES


def page(request: PageRequest, progress: Progress = SILENT) -> dict[str, Any]:
    """Write it; the object of `dothi story --json`.

    Raises
    ------
    CityError
        The project cannot be opened, has no such story, or the file cannot be written.
    """
    if request.out.suffix.lower() not in (".html", ".htm"):
        raise CityError(
            f"A page is not written as {request.out.name}",
            hint="Choose a name that ends with .html.",
            code="format-unknown",
        )
    started = time.perf_counter()
    progress.step(0.0, f"Opening {request.city.name}")
    with Project.open(request.city, read_only=True, progress=progress.part(0.0, 0.2)) as project:
        city = project.city
        view, _ = view_from(project.view, ViewState())
        story = story_of(city, request.story)
        weight = weigh(city, shown(city, story, view), most=request.most_triangles)
        say_size(weight, progress)
        text = written(city, story, view, weight, request.language, progress.part(0.2, 0.95))
    progress.step(0.95, f"Writing {request.out.name}")
    with atomic(request.out) as temporary:
        temporary.write_bytes(text)
    progress.step(1.0, f"Wrote {request.out.name}")
    return {
        "out": str(request.out),
        "bytes": len(text),
        "expected_bytes": weight.bytes,
        "kept": round(weight.kept, 3),
        "points": weight.points,
        "stops": len(story.stops),
        "complete_s": round(time.perf_counter() - started, 3),
    }


def say_size(weight: Weight, progress: Progress) -> None:
    """Tell the size before it is made."""
    progress.step(0.2, f"About {weight.bytes / 2**20:.1f} MiB")


def story_of(city: City, name: str) -> Story:
    """The story of that title or id; the only one for "".

    Raises
    ------
    CityError
        There is none, several, or it has no stops.
    """
    stories = list(city.stories.values())
    found = [one for one in stories if named(one, name)] if name else stories
    if len(found) != 1:
        titles = ", ".join(one.title.said("en") for one in stories)
        raise CityError(
            f"There is no story “{name}”" if name else f"{city.name} has {len(stories)} stories",
            hint=f"There are {titles}." if titles else "Make one in the window: Tools, New story.",
            code="story-unknown",
        )
    if not found[0].stops:
        title = found[0].title.said("en")
        raise CityError(f"The story {title} has no stops yet", code="path-empty")
    return found[0]


def shown(city: City, story: Story, view: ViewState) -> list[str]:
    """Layers that at least one stop shows, in their order."""
    hidden = [seen(view, stop).hidden for stop in story.stops]
    return [name for name in city.layers if any(name not in gone for gone in hidden)]


def written(
    city: City, story: Story, view: ViewState, weight: Weight, language: str, progress: Progress
) -> bytes:
    """The whole page."""
    layers = shown(city, story, view)
    restyled = frozenset(
        name
        for stop in story.stops
        for name in recoloured(city, stop.styles)
        if dressed(city, stop) is not city
    )
    meshes = meshes_of(
        city, layers, kept=weight.kept, numbered=restyled, progress=progress.part(0.0, 0.6)
    )
    told = _told(city, story, view, meshes, language)
    told["points"] = points = packed_points(city, layers)
    told["note"] = notes(weight.kept, points["kept"], points["total"])
    progress.step(0.6, "Packing the city")
    packed = base64.b64encode(gzip.compress(_glb(city, meshes), 6, mtime=0)).decode()
    progress.step(0.9, "Writing the page")
    parts: dict[str, str] = {
        "title": html.escape(story.title.said(language)),
        "city": packed,
        "three": (FOLDER / "three.min.js").read_text(encoding="utf-8"),
        "viewer": (FOLDER / "viewer.js").read_text(encoding="utf-8"),
        "story": _script(told),
    }
    text = (FOLDER / "page.html").read_text(encoding="utf-8")
    for name, value in parts.items():
        before, _, after = text.partition(f"@{name}")
        text = before + value + after
    return text.encode()


def _script(value: Any) -> str:
    """JSON that can stand in a script: no end of it within, no line ends that it would trip over."""
    text = msgspec.json.encode(value).decode()
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def _glb(city: City, meshes: list[GltfMesh]) -> bytes:
    with tempfile.TemporaryDirectory(prefix="dothi-page-") as folder:
        path = Path(folder) / "city.glb"
        write_gltf(path, meshes, origin=city.frame.origin, crs=city.frame.crs, title=city.name)
        return path.read_bytes()


def _told(
    city: City, story: Story, view: ViewState, meshes: list[GltfMesh], language: str
) -> dict[str, Any]:
    """What the viewer is told of the story, beside the geometry."""
    heights = [mesh.vertices[:, 2] for mesh in meshes if len(mesh.vertices)]
    grounds = [mesh.vertices[:, 2] for mesh in meshes if mesh.extras.get("ground")]
    spans = [np.ptp(mesh.vertices[:, :2], axis=0).max() for mesh in meshes if len(mesh.vertices)]
    lowest = [float(np.nanmin(z)) for z in (grounds or heights)]
    paints: dict[str, str] = {}
    labels: dict[str, Any] = {}
    stops = [_stop(city, stop, view, paints, labels) for stop in story.stops]
    keys = {stop.picture for stop in story.stops} - {""}
    return {
        "title": {"vi": story.title.said("vi"), "en": story.title.said("en")},
        "language": language,
        "sources": sources_of(city.layers[name] for name in shown(city, story, view)),
        "plain": min(lowest, default=0.0) - 0.6,
        "top": max((float(np.nanpercentile(z, 99.9)) for z in heights), default=0.0),
        "clear": float(np.clip(max(spans, default=2000.0) * 7.0, 14_000.0, 40_000.0)),
        "stops": stops,
        "paints": paints,
        "labels": labels,
        "facade": facade_code(),
        "pictures": {key: _data_url(city.pictures[key]) for key in sorted(keys)},
    }


def _data_url(data: bytes) -> str:
    return f"data:{picture_type(data)};base64,{base64.b64encode(data).decode()}"


def _stop(
    city: City, stop: Stop, view: ViewState, paints: dict[str, str], labels: dict[str, Any]
) -> dict[str, Any]:
    looked = seen(view, stop)
    other = dressed(city, stop)
    paint = {}
    for name, colours in recoloured(city, stop.styles).items():
        key = f"{name}:{msgspec.json.encode(stop.styles[name]).decode()}"
        paints[key] = base64.b64encode(linear(colours).tobytes()).decode()
        paint[name] = key
    origin = np.asarray(city.frame.origin)
    camera = stop.camera
    try:
        sun = sun_vector(city.frame.crs, *city.frame.origin[:2], looked.sun_time)
    except CityError:
        sun = AFTERNOON / np.linalg.norm(AFTERNOON)
    return {
        "name": stop.name,
        "caption": {"vi": stop.caption.said("vi"), "en": stop.caption.said("en")},
        "pose": {
            "eye": (np.asarray(camera.eye) - origin).tolist(),
            "target": (np.asarray(camera.target) - origin).tolist(),
            "up": list(camera.up),
            "angle": camera.view_angle,
            "scale": camera.parallel_scale,
        },
        "seconds": stop.seconds,
        "flight": stop.flight,
        "transition": stop.transition,
        "hidden": sorted(looked.hidden),
        "light": _light(atmosphere(sun, theme="light", hour=hour_of(looked.sun_time))),
        "labels": label_tables(other, looked.hidden, labels),
        # Windows would compete with what a colour has to say.
        "calm": [name for name in city.layers if other.style(name).color_by],
        "picture": stop.picture,
        "paint": paint,
        "legend": _legends(other, looked),
    }


def _light(air: Atmosphere) -> dict[str, list[float]]:
    names = ("sun", "sun_light", "sky_light", "bounce_light", "zenith", "horizon", "glow")
    told = {}
    for name in names:
        first, _, rest = name.partition("_")
        told[first + rest.title()] = [round(v, 5) for v in getattr(air, name)]
    return told | {"night": [round(air.night, 4)], "lit": [round(v, 4) for v in air.lit]}


def facade_code() -> dict[str, str]:
    """The shader of façades that the program itself draws with, named as in the page."""
    corner = facade_shader.VERTEX_IMPL.replace("dtSiteMC", "_site")
    head = facade_shader.VERTEX_DEC.replace("dtSiteMC", "_site")
    return {
        "vertexHead": head + "uniform vec3 litShare;\n",
        "vertex": corner.replace("vertexMC.xy", "vec2(position.x, -position.z)"),
        "fragmentHead": facade_shader.INTO + facade_shader.FUNCTIONS,
        "fragment": facade_shader.PLAIN,
    }


def _legends(city: City, view: ViewState) -> list[dict[str, Any]]:
    made = []
    for name, layer in city.layers.items():
        if name in view.hidden or isinstance(layer, ElevationLayer):
            continue
        legend = legend_of(layer, city.style(name)) if city.style(name).color_by else None
        if legend is not None:
            entries = [
                {"color": one.color, "label": both(one.label)} for one in legend.entries[:12]
            ]
            made.append({"title": both(legend.title), "unit": legend.unit, "entries": entries})
    return made


def both(text: str) -> Mapping[str, str]:
    """A word of ours in both languages."""
    known = table("vi")
    said = known["messages"].get(text) or known["window"].get(text, text)
    with contextlib.suppress(ValueError):
        said = f"{float(text):g}".replace(".", ",")
    return {"en": text, "vi": said}
