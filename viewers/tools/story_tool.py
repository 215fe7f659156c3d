"""Stories in the window: made of bookmarks, edited, played."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from twin.city import City
from twin.edits.edit import Edit
from twin.edits.registry import Several
from twin.edits.stories import KeepPicture, PutStop, PutStory, free_id
from twin.story import Stop, Story, Words, picture_key
from viewers.action_spec import TOOLS, ActionSpec, Table
from viewers.dialogs.stop_dialog import StopDialog
from viewers.dialogs.story_dialogs import PlayDialog, TitleDialog
from viewers.film.telling import camera_of, dressed, pose_of, seen
from viewers.i18n import mark, tr
from viewers.panels.story_panel import StoryPanel
from viewers.playing import PlayRequest
from viewers.tools.tool import Desk, Tool
from viewers.tools.views_over import over
from viewers.view_state import CameraPose
from viewers.wall import words as wall
from viewers.wall.presenter import Presenter, other_screen
from viewers.wall.show import Show

A = ActionSpec


class StoryTool(Tool):
    """Owns the panel of stories and the show while one is told."""

    ACTIONS: ClassVar[Table] = (
        A(
            id="new_story", text=mark("New story…"), icon="story", menu=TOOLS, needs="city",
            tip=mark("A list of views with your words, to be told, filmed or put into a web page"),
        ),
        A(
            id="add_stop", text=mark("Add this view to the story"), keys=("Shift+B",), icon="add",
            menu=TOOLS, needs="city",
        ),
        A(
            id="play_story", text=mark("Play the story…"), keys=("F5",), icon="play", menu=TOOLS,
            needs="city",
        ),
    )  # fmt: skip

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.show_now: Show | None = None
        self.presenter: Presenter | None = None
        self._over = over(desk)
        self.panel = StoryPanel()
        desk.window.add_panel("story", mark("Story"), self.panel, beside="bookmarks")
        panel = self.panel
        panel.asked.connect(desk.session.do)
        panel.new_asked.connect(self.new_story)
        panel.rename_asked.connect(self.rename)
        panel.add_asked.connect(self.add_stop)
        panel.marked.connect(self.add_bookmarks)
        panel.fly_asked.connect(self.fly_to)
        panel.edit_asked.connect(self.edit)
        panel.view_asked.connect(self.take_view)
        panel.play_asked.connect(self.play_story)
        desk.session.city_changed.connect(lambda _: self._show_city())
        desk.session.opened.connect(self._opened)

    def _opened(self) -> None:
        if self.show_now is not None:
            self.show_now.end()
        self._show_city()

    def _show_city(self) -> None:
        self.panel.show_city(self.desk.session.city)

    # -- making -----------------------------------------------------------------------------

    def new_story(self) -> None:
        """Ask for a title, and begin a story."""
        city = self.desk.session.city
        if city is None:
            return
        dialog = TitleDialog(Words(vi=_vi(city), en=_en(city)), self.desk.window)
        if dialog.exec():
            self.begin(dialog.chosen())
        dialog.deleteLater()

    def begin(self, title: Words) -> Story | None:
        """Put an empty story into the city."""
        city = self.desk.session.city
        if city is None:
            return None
        number = len(city.stories) + 1
        while f"story-{number}" in city.stories:
            number += 1
        story = Story(id=f"story-{number}", title=title)
        self.desk.session.do(PutStory(story=story))
        self.desk.window.show_panel("story")
        return story

    def rename(self) -> None:
        """Ask for another title."""
        story = self.panel.story
        if story is None:
            return
        dialog = TitleDialog(story.title, self.desk.window)
        if dialog.exec():
            after = msgspec.structs.replace(story, title=dialog.chosen())
            self.desk.session.do(PutStory(story=after))
        dialog.deleteLater()

    def add_stop(self) -> None:
        """Add the view that is seen behind the stop that is chosen; begins a story if there is none."""
        story, pose = self._story(), self.desk.stage.pose()
        if story is None or pose is None:
            return
        number = len(story.stops) + 1
        place = self.panel.current + 1 if self.panel.current >= 0 else None
        stop = self._made(story, tr("View {number}", number=number), pose)
        self._put(stop, place)
        self.panel.choose(stop.id)

    def add_bookmarks(self, numbers: list[int], place: int) -> None:
        """Bookmarks were dropped among the stops."""
        story, marks = self._story(), self.desk.session.bookmarks
        chosen = [marks[number] for number in numbers if number < len(marks)]
        for offset, bookmark in enumerate(chosen):
            story = self.panel.story
            if story is not None:
                self._put(self._made(story, bookmark.name, bookmark.camera), place + offset)

    def _story(self) -> Story | None:
        """The story that is shown; a new one where there is none."""
        city = self.desk.session.city
        if self.panel.story is None and city is not None:
            self.begin(Words(vi=_vi(city), en=_en(city)))
        return self.panel.story

    def _made(self, story: Story, name: str, pose: CameraPose) -> Stop:
        view = self.desk.session.view
        return Stop(
            id=free_id(story),
            name=name,
            camera=camera_of(pose),
            sun_time=view.sun_time.isoformat(),
            hidden=tuple(sorted(view.hidden)),
        )

    def _put(self, stop: Stop, place: int | None = None, picture: bytes | None = None) -> None:
        story = self.panel.story
        if story is None:
            return
        edit: Edit = PutStop(story=story.id, stop=stop, index=place)
        if picture is not None:
            keep = KeepPicture(key=picture_key(picture), data=picture)
            put = PutStop(story=story.id, stop=stop, index=place)
            edit = Several(what=put.label, edits=(keep, put))
        self.desk.session.do(edit)

    def edit(self, stop: Stop) -> None:
        """Ask for words, light, picture and time of a stop."""
        city, session = self.desk.session.city, self.desk.session
        if city is None:
            return
        dialog = StopDialog(
            stop, city, session.view, str(self.desk.settings.folder), self.desk.window
        )
        if dialog.exec():
            self._put(dialog.chosen(), picture=dialog.picture)
        dialog.deleteLater()

    def take_view(self, stop: Stop) -> None:
        """Show at this stop what is seen now: view, hour, layers."""
        story, pose = self.panel.story, self.desk.stage.pose()
        if story is not None and pose is not None:
            made = self._made(story, stop.name, pose)
            self._put(
                msgspec.structs.replace(
                    stop, camera=made.camera, sun_time=made.sun_time, hidden=made.hidden
                )
            )

    # -- showing ----------------------------------------------------------------------------

    def fly_to(self, stop: Stop) -> None:
        """Fly there, and show what is seen there until something else is shown."""
        session, stage = self.desk.session, self.desk.stage
        if session.city is not None and self.show_now is None:
            view = seen(session.view, stop)
            session.look(hidden=view.hidden, sun_time=view.sun_time)
            stage.show(dressed(session.city, stop), session.view)
            stage.fly_to(pose_of(stop.camera))

    def play_story(self) -> None:
        """Ask where and how, then tell the story."""
        story = self.panel.story
        if story is None or not story.stops:
            self.desk.window.show_panel("story")
            return
        dialog = PlayDialog(self.panel.current, self.desk.window)
        if dialog.exec():
            self.play(dialog.chosen())
        dialog.deleteLater()

    def play(self, request: PlayRequest) -> None:
        """Tell the story that is shown in the panel."""
        story = self.panel.story
        if story is None or not story.stops or self.show_now is not None:
            return
        desk = self.desk
        if desk.stage.walking:
            desk.stage.set_walking(False)
        words = wall.Words(self._over)
        self.show_now = Show(desk.window, desk.session, desk.stage, words, story, request)
        self.show_now.ended.connect(self._ended)
        if request.presenter:
            self.presenter = Presenter(self.show_now, other_screen(request.screen))
            self.presenter.show()

    def _ended(self) -> None:
        self.show_now, self.presenter = None, None

    def end(self) -> None:
        if self.show_now is not None:
            self.show_now.end()


def _vi(city: City) -> str:
    return f"Câu chuyện {len(city.stories) + 1}"


def _en(city: City) -> str:
    return f"Story {len(city.stories) + 1}"
