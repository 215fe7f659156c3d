"""Finding things by what is written about them, and places by their coordinates."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from PySide6.QtCore import Qt

from layers.errors import CityError
from layers.progress import Progress
from twin.city import City
from twin.places import Place, Places
from twin.search import Answer, Found, Search
from viewers.action_spec import EDIT, ActionSpec, Table
from viewers.i18n import mark, number, said_error, tr, whole
from viewers.panels.find_box import Entry, FindBox
from viewers.panels.kinds import icon_of, kind_name
from viewers.scene.choosing import picked_of
from viewers.scene.marks import Mark
from viewers.scene.tags import Tag
from viewers.tools.marking import Marking
from viewers.tools.tool import Desk, Tool
from viewers.view_state import Picked, Rows

KEY, PIN = "find", "pin"
AROUND_M = 120.0
FARTHEST_M = 30_000.0
"""Beyond this nothing of the city is in sight, so nobody flies there."""
DIRECTIONS = {
    "N": mark("north"), "NE": mark("north-east"), "E": mark("east"), "SE": mark("south-east"),
    "S": mark("south"), "SW": mark("south-west"), "W": mark("west"), "NW": mark("north-west"),
}  # fmt: skip
TOLD_MS = 10_000


class FindTool(Tool):
    """Owns what was read of the city for searching, and the pin where something was found."""

    ACTIONS: ClassVar[Table] = (
        ActionSpec(
            id="find", text=mark("Find in the city…"), keys=("Ctrl+F",), icon="find", menu=EDIT,
            needs="city", bar=True,
            tip=mark("Names, addresses, ids; VN-2000, WGS 84, UTM; with or without accents"),
        ),
        ActionSpec(id="clear_pin", text=mark("Take the pin away"), menu=EDIT, needs="city"),
    )  # fmt: skip

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._search = Search()
        self._marking = Marking(desk)
        self._places: tuple[City, Places] | None = None
        self.box: FindBox | None = None
        desk.session.opened.connect(self._forget)

    # -- asking -----------------------------------------------------------------------------

    def find(self) -> None:
        """Open the box; what is written in the city is read meanwhile."""
        city = self.desk.session.city
        if city is None:
            return
        self.box = FindBox(self.desk.window)
        self.box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.box.asked.connect(self._ask)
        self.box.chosen.connect(self.go, Qt.ConnectionType.QueuedConnection)
        self.box.finished.connect(self._closed)
        self._ask("")
        self.box.show()

    def _closed(self) -> None:
        self.box = None

    def _ask(self, text: str) -> None:
        city = self.desk.session.city
        if city is None or self.box is None:
            return
        entries, wrong = self._places_of(city, text)
        self.box.show_entries(entries, tr("Searching…"), searching=not entries)

        def work(progress: Progress) -> Answer:
            return self._search.ask(city, text, progress)

        def done(answer: Answer) -> None:
            if self.box is not None and self.box.text == text:
                found = [*entries, *(self._entry(city, one) for one in answer.found)]
                self._tell(text, found, wrong, answer)

        self.desk.tasks.run(mark("Searching"), work, done=done, key=KEY, quiet=True)

    def _tell(self, text: str, found: list[Entry], wrong: list[Entry], answer: Answer) -> None:
        assert self.box is not None
        if not text:
            examples = "12 Hàng Bạc   ·   586513 2326256   ·   21°01'42\"N 105°51'15\"E"
            self.box.show_entries((Entry(title=tr("For example"), detail=examples),), "")
            return
        if not found:
            nothing = Entry(
                title=tr("Nothing found for “{words}”", words=text),
                detail=tr(
                    "Try fewer words, or another spelling. Layers that are hidden are searched too."
                ),
                icon="info",
            )
            self.box.show_entries(wrong or (nothing,), "")
            return
        foot = tr("{count} found", count=whole(len(found)))
        if answer.more:
            foot = tr("The best {count} of more; type on to narrow it", count=whole(len(found)))
        self.box.show_entries(found, foot)

    def _entry(self, city: City, one: Found) -> Entry:
        layer = city.layers[one.layer]
        parts = [kind_name(layer), layer.name]
        if one.value != one.title:
            parts.append(f"{one.column}: {one.value}" if one.column else one.value)
        title = one.title or f"{layer.name} {one.row + 1}"
        return Entry(title=title, detail="  ·  ".join(parts), icon=icon_of(layer), thing=one)

    def _places_of(self, city: City, text: str) -> tuple[list[Entry], list[Entry]]:
        """What coordinates mean, or why they mean nothing."""
        if self._places is None or self._places[0] is not city:
            self._places = (city, Places(city))
        try:
            found = self._places[1].read(text)
        except CityError as error:
            what, hint = said_error(error)
            return [], [Entry(title=what, detail=hint, icon="warning")]
        return [Entry(title=title_of(p), detail=detail_of(p), thing=p) for p in found], []

    # -- going ------------------------------------------------------------------------------

    def go(self, thing: object) -> None:
        """Fly to what was chosen, and mark it."""
        city = self.desk.session.city
        if city is None:
            return
        if isinstance(thing, Place):
            self._go_to_place(thing)
        elif isinstance(thing, Found) and thing.layer in city.layers:
            picked = picked_of(city, thing.layer, thing.row)
            if picked is not None:
                hidden = self.desk.session.view.hidden - {thing.layer}
                rows = self.desk.session.view.hidden_rows - rows_of(picked)
                self.desk.session.look(hidden=hidden, hidden_rows=rows, selected=picked)
                self.desk.window.layers.choose(picked.layer)
                self.desk.stage.frame_picked(city, picked)
                self._pin(picked.where, thing.title)

    def _go_to_place(self, place: Place) -> None:
        if place.away > 0:
            self.desk.window.status.showMessage(detail_of(place), TOLD_MS)
        if place.away > FARTHEST_M:
            return
        scene, city = self.desk.stage.scene, self.desk.session.city
        if scene is None or city is None:
            return
        ox, oy, oz = city.frame.origin
        z = scene.picker.ground_below(np.array([place.x - ox, place.y - oy, 0.0])) + oz
        box = (place.x - AROUND_M, place.y - AROUND_M, place.x + AROUND_M, place.y + AROUND_M)
        self._pin((place.x, place.y, float(z)), title_of(place))
        self.desk.stage.frame_box(box)

    def _pin(self, where: tuple[float, float, float], text: str) -> None:
        x, y, z = where
        tall = np.array([[x, y, z], [x, y, z + 14.0]])
        tag = Tag(where=(x, y, z + 14.0), text=text[:60], strong=True, rank=2000)
        self._marking.put(PIN, Mark(line=tall, dots=tall[:1], shape="ring", size=15, tags=(tag,)))
        self._marking.redraw()

    def clear_pin(self) -> None:
        self._marking.remove(PIN)
        self._marking.redraw()

    def _forget(self) -> None:
        self.desk.tasks.cancel_key(KEY)
        self._search.forget()
        self._places = None
        self._marking.clear()

    def end(self) -> None:
        self._marking.end()


def rows_of(picked: Picked) -> Rows:
    """One picked thing as rows."""
    return Rows({picked.layer: [picked.row]})


def title_of(place: Place) -> str:
    """The coordinates as they were understood."""
    r = place.reading
    if abs(r.x) <= 360 and r.crs == "EPSG:4326":
        north, east = (tr("N") if r.lat >= 0 else tr("S")), (tr("E") if r.lon >= 0 else tr("W"))
        return f"{number(abs(r.lat), 6)}° {north}   {number(abs(r.lon), 6)}° {east}"
    return f"{number(r.x, 2)}   {number(r.y, 2)}"


def detail_of(place: Place) -> str:
    """In which system, and where from the city."""
    parts = [place.reading.name]
    if place.reading.swapped and place.reading.crs != "EPSG:4326":
        parts.append(tr("north written first"))
    if place.away <= 0:
        parts.append(tr("in the city"))
    else:
        far = place.away >= 1000
        size = f"{number(place.away / 1000, 1)} km" if far else f"{number(place.away)} m"
        where = tr(DIRECTIONS[place.direction])
        parts.append(
            tr("outside the city: {distance} to the {direction}", distance=size, direction=where)
        )
        if place.away > FARTHEST_M:
            parts.append(tr("too far to show"))
    return "  ·  ".join(parts)
