"""The sun's ways around the middle of the view, and the day as a film."""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from functools import partial

import numpy as np
from PySide6.QtCore import QPointF, QTimer
from PySide6.QtGui import QColor, QPainter, QPen

from layers.errors import CityError
from viewers.action_spec import VIEW, ActionSpec
from viewers.i18n import mark, tr
from viewers.scene.scene import Scene
from viewers.scene.sun import sun_vectors
from viewers.scene.sun_path import SunPath, SunWays, sun_ways
from viewers.sprites import Pixels, painted, tag
from viewers.tools.tool import Desk, Tool
from viewers.tools.views_over import over

SHARE = 0.30
"""Radius of the dome as a share of what the picture shows of its middle's height."""
FRAME_S = 0.25
"""Each step of the film is seen for so long at least."""
SUN = 26.0
WINDS = (
    (mark("North"), (0, 1)), (mark("East"), (1, 0)), (mark("South"), (0, -1)), (mark("West"), (-1, 0)),
)  # fmt: skip


def next_time(now: datetime, minutes: int, up: list[datetime]) -> datetime:
    """The next moment of the film: a step on, and in the morning again after the evening.

    `up` holds the moments of the day, in steps, at which the sun is up; without any all day is shown.
    """
    after = now + timedelta(minutes=minutes)
    if not up:
        return after if after.date() == now.date() else now.replace(hour=0, minute=0)
    if after > up[-1] or after < up[0]:
        return up[0]
    return after


def sun_sprite(ratio: float) -> Pixels:
    """A small sun."""

    def paint(painter: QPainter) -> None:
        middle = QPointF(SUN / 2, SUN / 2)
        painter.setPen(QPen(QColor(255, 255, 255, 230), 2.0))
        painter.setBrush(QColor("#f59a1b"))
        painter.drawEllipse(middle, SUN * 0.34, SUN * 0.34)

    return painted(SUN, SUN, ratio, paint)


class SunPathTool(Tool):
    """Draws what `ViewState.sun_path` asks for; plays the day."""

    ACTIONS = (
        ActionSpec(
            id="sun_path", text=mark("Sun path"), keys=("Shift+P",), icon="sunpath", menu=VIEW,
            needs="city", checkable=True,
            tip=mark("The sun's day, solstices, equinox and hours around the middle of the view"),
        ),
        ActionSpec(
            id="play_day", text=mark("Play the day"), keys=("Space",), icon="play", menu=VIEW,
            needs="city", checkable=True, tip=mark("Let the sun go from morning to evening"),
        ),
    )  # fmt: skip

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._over = over(desk)
        self._path: SunPath | None = None
        self._told: tuple[object, ...] = ()
        self._wanted = False
        self._ways: SunWays | None = None
        self._playing = False
        self._shown_at = 0.0
        self._next = QTimer(self)
        self._next.setSingleShot(True)
        self._next.timeout.connect(self._advance)
        self._over.draws.append(self._draw)
        desk.session.view_changed.connect(self._show)
        desk.session.opened.connect(self.stop)
        desk.session.opened.connect(self._show)
        desk.stage.canvas.still.connect(self._rested)
        bar = desk.window.sun
        bar.play_asked.connect(self.play_day)

    # -- the path ---------------------------------------------------------------------------

    def sun_path(self) -> None:
        """Show or hide it."""
        self.desk.session.look(sun_path=not self.desk.session.view.sun_path)

    def _show(self) -> None:
        before, self._wanted = self._wanted, self.desk.session.view.sun_path
        self.set_checked("sun_path", self._wanted)
        if self._path is not None:
            self._path.set_visible(self._wanted)
        # What else is looked at otherwise, another hour too, is drawn by the scene itself.
        if self._wanted != before and self._over.scene is not None:
            self._over.again()

    def _draw(self, scene: Scene) -> None:
        labels, view = self._over.labels, self.desk.session.view
        if labels is None or scene.city is None:
            return
        names: set[str] = set()
        if view.sun_path:
            names = self._draw_path(scene)
        elif self._path is not None:
            self._path.remove()
            self._path = None
        labels.keep(names, of="sun.")

    def _draw_path(self, scene: Scene) -> set[str]:
        city, when = scene.city, self.desk.session.view.sun_time
        assert city is not None
        told = (city.frame.crs, city.frame.origin, when)
        if told != self._told:
            try:
                self._ways = sun_ways(city.frame.crs, *city.frame.origin[:2], when)
            except CityError:
                self._ways = None  # the place on Earth is not known
            self._told = told
            if self._path is not None and self._ways is not None:
                self._path.show(self._ways)
        if self._ways is None:
            return set()
        if self._path is None:
            labels = self._over.labels
            assert labels is not None
            # Over the city: its lower half would else be lost among the houses.
            labels.renderer.SetActiveCamera(scene.renderer.GetActiveCamera())
            self._path = SunPath(labels.renderer)
            self._path.show(self._ways)
        pose = scene.camera.pose
        half = pose.parallel_scale or float(
            np.linalg.norm(scene.camera.target - scene.camera.eye)
            * np.tan(np.radians(pose.view_angle) / 2)
        )
        middle = scene.camera.target.copy()
        radius = 2 * half * SHARE
        self._path.place(middle, radius)
        return self._put_labels(scene, self._ways, middle, radius)

    def _put_labels(
        self, scene: Scene, ways: SunWays, middle: np.ndarray, radius: float
    ) -> set[str]:
        labels, ratio = self._over.labels, self._over.ratio
        assert labels is not None
        where = {f"{h}": (1.06 * v, tag, f"{h} h") for h, v in ways.marks.items() if h % 2 == 0}
        for words, way in (
            ("North", (0, 1)),
            ("East", (1, 0)),
            ("South", (0, -1)),
            ("West", (-1, 0)),
        ):
            where[words] = (np.array([*way, 0.0]) * 1.13, tag, tr(words)[:1])
        names: set[str] = set()
        taken: list[tuple[float, float]] = []
        for key, (direction, make, words) in where.items():
            place = middle + direction * radius + scene.camera.origin
            pixel = scene.camera.project(place, scene.window.GetSize())
            apart = 30.0 * ratio
            if pixel is None or any(np.hypot(pixel[0] - a, pixel[1] - b) < apart for a, b in taken):
                continue
            taken.append(pixel)
            sprite = self._over.sprite(("sun", words), partial(make, words, ratio))
            x, y = pixel[0] - sprite.shape[1] / 2, pixel[1] - sprite.shape[0] / 2
            labels.image(f"sun.{key}", sprite, x, y)
            names.add(f"sun.{key}")
        pixel = scene.camera.project(
            middle + ways.now * radius + scene.camera.origin, scene.window.GetSize()
        )
        if ways.now[2] > 0 and pixel is not None:
            sprite = self._over.sprite(("sun",), lambda: sun_sprite(ratio))
            half = sprite.shape[0] / 2
            labels.image("sun.now", sprite, pixel[0] - half, pixel[1] - half)
            names.add("sun.now")
        return names

    # -- the film ---------------------------------------------------------------------------

    def play_day(self) -> None:
        """Begin or end."""
        if self._playing:
            self.stop()
        elif self.desk.session.city is not None:
            self._playing = True
            self._tell()
            self._advance()

    def stop(self) -> None:
        """Leave the sun where it is."""
        self._playing = False
        self._next.stop()
        self._tell()

    def _tell(self) -> None:
        self.set_checked("play_day", self._playing)
        self.desk.window.sun.show_playing(self._playing)

    def _advance(self) -> None:
        session = self.desk.session
        if not self._playing or session.city is None:
            return
        now, minutes = session.view.sun_time, self.desk.window.sun.step
        self._shown_at = time.perf_counter()
        session.look(sun_time=next_time(now, minutes, self._up(now, minutes)))

    def _up(self, now: datetime, minutes: int) -> list[datetime]:
        city = self.desk.session.city
        assert city is not None
        start = now.replace(hour=0, minute=0, second=0, microsecond=0)
        day = [start + timedelta(minutes=m) for m in range(0, 24 * 60, minutes)]
        try:
            high = sun_vectors(city.frame.crs, *city.frame.origin[:2], day)[:, 2]
        except CityError:
            return []
        return [when for when, z in zip(day, high, strict=True) if z > 0]

    def _rested(self) -> None:
        """The picture is fine; go on once its shadows are those of this moment."""
        scene = self.desk.stage.scene
        if not self._playing or scene is None or scene.light_job() is not None:
            return
        left = FRAME_S - (time.perf_counter() - self._shown_at)
        self._next.start(max(1, round(left * 1000)))

    def end(self) -> None:
        self._playing = False
        self._next.stop()
        if self._path is not None:
            self._path.remove()
            self._path = None
        self._over.close()
