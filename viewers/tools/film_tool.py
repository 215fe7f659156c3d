"""Films and pages: made in a process beside the window."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

from PySide6.QtWidgets import QFileDialog

from layers.atomic import sweep
from layers.errors import CityError
from layers.progress import Progress
from viewers.action_spec import TOOLS, ActionSpec, Table
from viewers.dialogs.ask import Confirm
from viewers.dialogs.film_dialog import FilmDialog
from viewers.film.making import FilmRequest, film
from viewers.i18n import language, mark, number, tr
from viewers.page.geometry import weigh
from viewers.page.making import PageRequest, page, shown
from viewers.panels.story_panel import StoryPanel
from viewers.theme import theme
from viewers.tools.tool import Desk, Tool
from viewers.worker import in_process

A = ActionSpec


class FilmTool(Tool):
    """Asks which film or page is wanted, and has it made from the project file."""

    ACTIONS: ClassVar[Table] = (
        A(
            id="save_film", text=mark("Save a film…"), keys=("Ctrl+Shift+P",), icon="film",
            menu=TOOLS, needs="city", tip=mark("Along bookmarks, round the city, or of a story"),
        ),
        A(
            id="save_page", text=mark("Save a story as a web page…"), icon="page", menu=TOOLS,
            needs="city", tip=mark("One file that opens in a browser without a network"),
        ),
    )  # fmt: skip

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        panel = desk.window.findChild(StoryPanel)
        if panel is not None:
            panel.film_asked.connect(lambda: self.save_film(_shown(panel)))
            panel.page_asked.connect(lambda: self.save_page(_shown(panel)))

    def save_film(self, story: str = "") -> None:
        """Ask, then film `story`, or what is chosen there."""
        city, session = self.desk.session.city, self.desk.session
        if city is None:
            return
        titles = [
            (one.id, one.title.said(language())) for one in city.stories.values() if one.stops
        ]
        dialog = FilmDialog(
            titles, marks=len(session.bookmarks), chosen=story, parent=self.desk.window
        )
        if dialog.exec():
            request = dialog.chosen()
            name = dict(titles).get(request.path, city.name)
            out = self._where(tr("Save a film"), name + dialog.suffix, tr("Film") + " (*.mp4)")
            if out is not None:
                self.make_film(replace(request, out=out.with_suffix(dialog.suffix)))
        dialog.deleteLater()

    def make_film(self, request: FilmRequest) -> None:
        """Film the project as it is in its file now; `city` is set here."""
        path = self._kept()
        wanted = replace(request, city=path, language=language(), theme=theme())
        self._run(mark("Making the film"), film, wanted, wanted.out)

    def save_page(self, story: str = "") -> None:
        """Say how large the page will be, ask where to, and write it."""
        session, city = self.desk.session, self.desk.session.city
        if city is None:
            return
        told = [one for one in city.stories.values() if one.stops and story in ("", one.id)]
        if not told:
            raise CityError(
                "There is no story with stops yet",
                hint="Make one in the panel Story: drag bookmarks there.",
                code="story-unknown",
            )
        chosen = told[0]
        weight = weigh(city, shown(city, chosen, session.view))
        words = tr("The file will have about {size} MB.", size=number(weight.bytes / 1e6, 1))
        if weight.kept < 1:
            words += "\n" + tr(
                "Of buildings and trees {share} % are kept, those that are seen most.",
                share=number(100 * weight.kept),
            )
        title = chosen.title.said(language())
        question = Confirm(
            tr("Save “{name}” as a web page", name=title), words, tr("Save…"), self.desk.window
        )
        agreed = question.exec()
        question.deleteLater()
        if agreed:
            kind = tr("Web page") + " (*.html)"
            out = self._where(tr("Save a web page"), f"{title}.html", kind)
            if out is not None:
                self.make_page(chosen.id, out.with_suffix(".html"))

    def make_page(self, story: str, out: Path) -> None:
        """Write the page of a story."""
        request = PageRequest(city=self._kept(), out=out, story=story, language=language())
        self._run(mark("Writing the web page"), page, request, out)

    def _kept(self) -> Path:
        """The project file, with bookmarks and view as they are now."""
        session = self.desk.session
        if session.project is None:
            raise CityError("Nothing is open", code="nothing-open")
        session.save_view(self.desk.stage.pose())
        return session.project.path

    def _run(self, label: str, work: Callable[..., Any], request: Any, out: Path) -> None:
        def beside(progress: Progress) -> Any:
            return in_process(work, request, progress=progress)

        self.desk.tasks.run(
            label, beside, done=lambda _: self._made(out), stopped=lambda: sweep(out), key=str(out)
        )

    def _made(self, out: Path) -> None:
        self.desk.window.statusBar().showMessage(tr("Saved {name}", name=out.name), 8000)

    def _where(self, title: str, name: str, kinds: str) -> Path | None:
        settings = self.desk.settings
        safe = "".join("-" if letter in '/\\:*?"<>|' else letter for letter in name)
        chosen, _ = QFileDialog.getSaveFileName(
            self.desk.window, title, str(Path(settings.folder) / safe), kinds
        )
        if not chosen:
            return None
        settings.folder = str(Path(chosen).parent)
        return Path(chosen)


def _shown(panel: StoryPanel) -> str:
    """Id of the story that the panel shows, "" for none."""
    return panel.story.id if panel.story is not None else ""
