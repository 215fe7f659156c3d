"""Takes the pictures of the guide from the running program: `python docs/pictures/take.py [NAME …]`.

The demo needs nothing; the others need DOTHI_DATA.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from layers.progress import SILENT
from twin.build import build
from twin.demo.project import demo_city
from twin.first_view import first_view
from twin.project.store import Project
from viewers.rendering import RenderRequest, render

HERE = Path(__file__).parent
RECIPES = HERE.parent / "recipes"
PLACES = {
    "delft": ("overview", ""),
    "goteborg": ("overview", "method"),
    "hoan_kiem": ("overview", ""),
    "den_haag": ("close", "height"),
}


def main(names: list[str]) -> None:
    """Take the pictures called `names`, all without any."""
    if not names or "demo" in names:
        city = demo_city(progress=SILENT)
        _take(city, HERE / "demo.jpg", "close", "")
        _take(city, HERE / "demo_overview.jpg", "overview", "")
    if "DOTHI_DATA" not in os.environ:
        return
    with tempfile.TemporaryDirectory() as folder:
        for name, (view, color_by) in PLACES.items():
            if names and name not in names:
                continue
            city = Path(folder) / f"{name}.gpkg"
            result = build(RECIPES / f"{name}.toml")
            Project.create(
                city,
                result.city,
                options=result.options,
                view=first_view(result.city, result.hidden),
            ).close()
            _take(city, HERE / f"{name}.jpg", view, color_by)


def _take(city: Path, out: Path, view: str, color_by: str) -> None:
    render(RenderRequest(city=city, out=out, view=view, color_by=color_by, size=(1600, 900)))
    print(out)


if __name__ == "__main__":
    main(sys.argv[1:])
