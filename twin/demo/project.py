"""The bundled demo: generated once, built once, opened at once the next time."""

from __future__ import annotations

from pathlib import Path

from layers.progress import SILENT, Progress
from twin.build import build
from twin.demo.generate import demo_folder, generate, is_ready
from twin.first_view import first_view
from twin.project.recognise import check_replaceable, is_project
from twin.project.store import Project


def demo_city(out: Path | None = None, *, progress: Progress = SILENT) -> Path:
    """The demo's project file, made where it is not there yet.

    Parameters
    ----------
    out
        Where to keep it; None for beside the generated sources, in the user's data folder.
    """
    if out is not None:
        check_replaceable(out)
    folder = demo_folder()
    if not is_ready(folder):
        generate(folder, progress=progress.part(0.0, 0.6))
    city = out or folder / "ward.dothi.gpkg"
    if not is_project(city):
        result = build(folder / "recipe.toml", progress=progress.part(0.6, 0.95))
        Project.create(
            city,
            result.city,
            options=result.options,
            view=first_view(result.city, result.hidden),
        ).close()
    progress.step(1.0, f"{city.name} is ready")
    return city
