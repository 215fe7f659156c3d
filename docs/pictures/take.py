"""Takes the pictures of the guide from the running program: `python docs/pictures/take.py [NAME …]`.

The demo needs nothing; the others need DOTHI_DATA. Pictures of the window need a display; where
there is none, Xvfb is started for them.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from twin.build import build
from twin.demo.generate import generate
from twin.first_view import first_view
from twin.project.store import Project
from viewers.rendering import RenderRequest, render

HERE = Path(__file__).parent
RECIPES = HERE.parent / "recipes"
RENDERED = {
    "demo": ("demo", "close", ""),
    "demo_overview": ("demo", "overview", ""),
    "delft": ("delft", "overview", ""),
    "goteborg": ("goteborg", "overview", "method"),
    "hoan_kiem": ("hoan_kiem", "overview", ""),
    "den_haag": ("den_haag", "close", "height"),
}
"""Picture: city, view, what its buildings are coloured by."""
SIZE = (1600, 900)


def main(names: list[str]) -> int:
    """Take the pictures called `names`, all without any; the exit status."""
    from window import SCENES

    known = [*RENDERED, *SCENES]
    if unknown := [name for name in names if name not in known]:
        print(f"There is no picture {', '.join(unknown)}; there are {', '.join(known)}")
        return 2
    wanted = [name for name in known if not names or name in names]
    with tempfile.TemporaryDirectory() as folder:
        cities = Cities(Path(folder))
        for name in wanted:
            if name in RENDERED:
                place, view, color_by = RENDERED[name]
                if city := cities.of(place):
                    out = HERE / f"{name}.jpg"
                    render(
                        RenderRequest(city=city, out=out, view=view, color_by=color_by, size=SIZE)
                    )
                    print(out, flush=True)
        scenes = [name for name in wanted if name in SCENES]
        if not scenes:
            return 0
        if len(scenes) < len(wanted):
            # Pictures without a window have Qt without one, and there is one Qt to a process.
            return subprocess.call([sys.executable, __file__, *scenes])
        with display() as found:
            if not found:
                print("Pictures of the window need a display, or Xvfb (apt install xvfb)")
                return 1
            from window import take

            return take(scenes, cities.of, HERE)


class Cities:
    """Projects by the names of their recipes, each built once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known: dict[str, Path] = {}

    def of(self, name: str) -> Path | None:
        """The project, a copy that may be changed; None where its data is not there."""
        if name not in self._known:
            if name != "demo" and "DOTHI_DATA" not in os.environ:
                print(f"{name}: set DOTHI_DATA to the folder of real data")
                return None
            self._known[name] = self._build(name)
        return self._known[name]

    def _build(self, name: str) -> Path:
        recipe = RECIPES / f"{name}.toml"
        if name == "demo":
            # Made anew, not the user's own, which may be older or changed.
            recipe = generate(self._folder / "ward").recipe
        result = build(recipe)
        path = self._folder / f"{name}.gpkg"
        view = first_view(result.city, result.hidden)
        Project.create(path, result.city, options=result.options, view=view).close()
        return path


@contextmanager
def display() -> Iterator[bool]:
    """Whether there is a display; on Linux one is started for as long as it is needed."""
    if not sys.platform.startswith("linux") or os.environ.get("DISPLAY"):
        yield True
        return
    program = shutil.which("Xvfb")
    if program is None:
        yield False
        return
    reading, writing = os.pipe()
    command = [program, "-displayfd", str(writing), "-screen", "0", "1600x1000x24"]
    server = subprocess.Popen(command, pass_fds=[writing], stderr=subprocess.DEVNULL)
    os.close(writing)
    try:
        with os.fdopen(reading) as said:
            os.environ["DISPLAY"] = f":{said.readline().strip()}"
        yield True
    finally:
        os.environ.pop("DISPLAY", None)
        server.terminate()
        server.wait()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
