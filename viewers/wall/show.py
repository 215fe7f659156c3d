"""A story as it plays in the window's own view: full screen, by clicker, keyboard or timer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QByteArray, QCoreApplication, QEvent, QObject, QRect, Qt, QTimer, Signal
from PySide6.QtGui import QGuiApplication, QKeyEvent
from PySide6.QtWidgets import QApplication, QDockWidget, QToolBar, QWidget

from twin.story import Stop, Story
from viewers.film.telling import FADE_S, dressed, pose_of, seen
from viewers.playing import PlayRequest
from viewers.session import Session
from viewers.stage_view import StageView
from viewers.view_state import CameraPose
from viewers.wall.fade import Fade
from viewers.wall.words import Words
from viewers.window import Window

Key = Qt.Key
NEXT = frozenset({Key.Key_PageDown, Key.Key_Right, Key.Key_Down, Key.Key_Space, Key.Key_Return})
BACK = frozenset({Key.Key_PageUp, Key.Key_Left, Key.Key_Up, Key.Key_Backspace})
HOME, END, PAUSE, LEAVE = Key.Key_Home, Key.Key_End, Key.Key_P, Key.Key_Escape
KEYS = NEXT | BACK | {HOME, END, PAUSE, LEAVE}
SETTLE_MS = 60


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Before:
    """How the window was before the show."""

    docks: QByteArray
    place: QByteArray
    full: bool
    maximized: bool
    hidden: tuple[QWidget, ...]
    pose: CameraPose | None


class Show(QObject):
    """Plays `story` until `end`; then all is as it was before."""

    changed = Signal()
    """Another stop, or paused, or going on."""
    ended = Signal()

    def __init__(
        self,
        window: Window,
        session: Session,
        stage: StageView,
        words: Words,
        story: Story,
        request: PlayRequest,
    ) -> None:
        super().__init__(window)
        self.story, self.request = story, request
        self.number = -1
        self.going = request.timer or request.loop
        self._window, self._session, self._stage = window, session, stage
        self._words, self._fade = words, Fade(words.over, self)
        self._over = False
        self._arrival, self._halfway, self._rest = (
            self._timer(call) for call in (self._arrive, self._dress, self._go_on)
        )
        self._before = self._arrange()
        stage.canvas.picking = False
        _running().installEventFilter(self)
        self.go(request.start)

    def _timer(self, call: Callable[[], None]) -> QTimer:
        timer = QTimer(self)
        timer.setSingleShot(True)
        timer.timeout.connect(call)
        return timer

    @property
    def stop(self) -> Stop:
        """The stop that is shown or flown to."""
        return self.story.stops[max(self.number, 0)]

    @property
    def following(self) -> Stop | None:
        """The stop after it; None at the end."""
        after = self.number + 1
        if after < len(self.story.stops):
            return self.story.stops[after]
        return self.story.stops[0] if self.request.loop else None

    # -- going ------------------------------------------------------------------------------

    def go(self, number: int) -> None:
        """Go to a stop: by flight, or at once where it says so and at the beginning."""
        first, canvas = self.number < 0, self._stage.canvas
        self.number = min(max(number, 0), len(self.story.stops) - 1)
        for timer in (self._arrival, self._halfway, self._rest):
            timer.stop()
        self._fade.end()
        fades = not first and self.stop.transition == "fade"
        if fades:
            self._fade.begin()
        self._words.hide()
        seconds = 0.0 if first or self.stop.transition != "fly" else self.stop.flight
        if seconds:
            self._halfway.start(round(500 * seconds))
        else:
            self._dress()
        canvas.fly_to(pose_of(self.stop.camera), seconds=seconds)
        self._arrival.start(round(1000 * (FADE_S if fades else seconds)) + SETTLE_MS)
        self.changed.emit()

    def next(self) -> None:
        """On to the next stop; from the last one to the first in a kiosk."""
        if self.number + 1 < len(self.story.stops):
            self.go(self.number + 1)
        elif self.request.loop:
            self.go(0)

    def back(self) -> None:
        """To the stop before."""
        if self.number > 0:
            self.go(self.number - 1)

    def pause(self) -> None:
        """Stop going on by itself, or begin to."""
        self.going = not self.going
        self._rest.stop()
        if self.going and not self._arrival.isActive():
            self._rest.start(round(1000 * self.stop.seconds))
        self.changed.emit()

    def _dress(self) -> None:
        session, stage = self._session, self._stage
        if session.city is not None:
            stage.show(dressed(session.city, self.stop), seen(session.view, self.stop))

    def _arrive(self) -> None:
        self._words.show(self.stop, self._session.city)
        if self.going:
            self._rest.start(round(1000 * self.stop.seconds))
        self.changed.emit()

    def _go_on(self) -> None:
        if self.following is not None:
            self.next()

    # -- the window -------------------------------------------------------------------------

    def _arrange(self) -> _Before:
        """Only the view, as large as the monitor."""
        window = self._window
        bars: list[QWidget] = [*window.findChildren(QDockWidget), *window.findChildren(QToolBar)]
        bars += [window.menuBar(), window.statusBar(), window.sun]
        before = _Before(
            docks=window.saveState(),
            place=window.saveGeometry(),
            full=window.isFullScreen(),
            maximized=window.isMaximized(),
            hidden=tuple(bar for bar in bars if not bar.isHidden()),
            pose=self._stage.pose(),
        )
        for bar in before.hidden:
            bar.hide()
        screens = QGuiApplication.screens()
        if 0 <= self.request.screen < len(screens):
            _fill(window, screens[self.request.screen].geometry())
        if self.request.loop:
            window.setCursor(Qt.CursorShape.BlankCursor)
        return before

    def end(self) -> None:
        """Give the window, the view and the keys back; safe to call twice."""
        if self._over:
            return
        self._over = True
        for timer in (self._arrival, self._halfway, self._rest):
            timer.stop()
        _running().removeEventFilter(self)
        self._fade.end()
        self._words.close()
        window, stage, session = self._window, self._stage, self._session
        stage.canvas.picking = True
        window.unsetCursor()
        before = self._before
        if not before.full:
            window.showMaximized() if before.maximized else window.showNormal()
        window.restoreGeometry(before.place)
        for bar in before.hidden:
            bar.show()
        window.restoreState(before.docks)
        if session.city is not None and stage.scene is not None:
            stage.show(session.city, session.view)
            if before.pose is not None:
                stage.canvas.fly_to(before.pose)
        self.ended.emit()
        self.deleteLater()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        kind = event.type()
        if kind not in (QEvent.Type.KeyPress, QEvent.Type.ShortcutOverride):
            return False
        if not isinstance(event, QKeyEvent) or QApplication.activeModalWidget() is not None:
            return False
        key = Qt.Key.Key_Return if event.key() == Qt.Key.Key_Enter else Qt.Key(event.key())
        if key not in KEYS or event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            return False
        event.accept()
        if kind == QEvent.Type.KeyPress:
            self._act(key)
        return True

    def _act(self, key: Qt.Key) -> None:
        if key in NEXT:
            self.next()
        elif key in BACK:
            self.back()
        elif key == HOME:
            self.go(0)
        elif key == END:
            self.go(len(self.story.stops) - 1)
        elif key == PAUSE:
            self.pause()
        else:
            self.end()


def _running() -> QCoreApplication:
    app = QApplication.instance()
    assert app is not None  # a show has a window
    return app


def _fill(window: QWidget, place: QRect) -> None:
    """Full screen on the monitor at `place`."""
    if window.isFullScreen() or window.isMaximized():
        window.showNormal()
    window.setGeometry(place)
    window.showFullScreen()
