"""Stories of the city: stops in their order, made of bookmarks, each edit undoable."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QSize, Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QDragMoveEvent, QDropEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QMenu,
    QPushButton,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from twin.city import City
from twin.edits.stories import MoveStop, RemoveStop, RemoveStory, duplicate
from twin.story import Stop, Story
from viewers.i18n import language, number, tr
from viewers.panels.bookmarks import MARK
from viewers.panels.words import EmptyState, Retranslated
from viewers.theme import icon, set_icon

STOP = Qt.ItemDataRole.UserRole


class _Stops(QListWidget):
    """Stops; a row dropped elsewhere moves, a bookmark dropped becomes one."""

    moved = Signal(int, int)  # from, to: places without the moved one
    marked = Signal(list, int)  # numbers of bookmarks, place

    def __init__(self) -> None:
        super().__init__()
        self.setDragDropMode(QListWidget.DragDropMode.DragDrop)
        self.setDefaultDropAction(Qt.DropAction.MoveAction)
        self.setDropIndicatorShown(True)
        self.setWordWrap(False)
        self.setTextElideMode(Qt.TextElideMode.ElideRight)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        self._take(event)

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        super().dragMoveEvent(event)
        self._take(event)

    def _take(self, event: QDragEnterEvent | QDragMoveEvent) -> None:
        if event.source() is self or event.mimeData().hasFormat(MARK):
            event.acceptProposedAction()
        else:
            event.ignore()

    def place_at(self, where: QPoint) -> int:
        """Before which stop something dropped there goes."""
        item = self.itemAt(where)
        if item is None:
            return self.count()
        middle = self.visualItemRect(item).center().y()
        return self.row(item) + (1 if where.y() > middle else 0)

    def dropEvent(self, event: QDropEvent) -> None:
        place = self.place_at(event.position().toPoint())
        if event.mimeData().hasFormat(MARK):
            text = bytes(event.mimeData().data(MARK).data()).decode()
            event.setDropAction(Qt.DropAction.CopyAction)
            event.accept()
            self.marked.emit([int(one) for one in text.split(",") if one.isdigit()], place)
        elif event.source() is self:
            row = self.currentRow()
            # The list itself must not take the row away: the edit moves it.
            event.setDropAction(Qt.DropAction.IgnoreAction)
            event.accept()
            self.moved.emit(row, place - (1 if place > row else 0))


class StoryPanel(Retranslated, QWidget):
    """Shows the stories of the city; asks for edits, to fly, to play, to export."""

    asked = Signal(object)  # Edit
    new_asked = Signal()
    rename_asked = Signal()
    add_asked = Signal()
    marked = Signal(list, int)  # numbers of bookmarks, place among the stops
    fly_asked = Signal(object)  # Stop
    edit_asked = Signal(object)  # Stop
    view_asked = Signal(object)  # Stop: take the view now
    play_asked = Signal()
    film_asked = Signal()
    page_asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._stories: dict[str, Story] = {}
        self._which = QComboBox()
        self._which.currentIndexChanged.connect(lambda _: self._show_stops())
        self._more, self._menu_of_story = QToolButton(), QMenu(self)
        set_icon(self._more, "properties")
        self._more.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self._more.setMenu(self._menu_of_story)
        self._list = _Stops()
        self._list.setIconSize(QSize(18, 18))
        self._list.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self._list.customContextMenuRequested.connect(self._menu)
        self._list.itemClicked.connect(lambda item: self.fly_asked.emit(item.data(STOP)))
        self._list.itemDoubleClicked.connect(lambda item: self.edit_asked.emit(item.data(STOP)))
        self._list.moved.connect(self._move)
        self._list.marked.connect(self.marked)
        self._empty = EmptyState()
        self._stack = QStackedWidget()
        self._stack.addWidget(self._empty)
        self._stack.addWidget(self._list)
        self._new, self._add, self._play = QPushButton(), QToolButton(), QPushButton()
        for button, name, call in (
            (self._new, "new", self.new_asked),
            (self._add, "add", self.add_asked),
            (self._play, "play", self.play_asked),
        ):
            set_icon(button, name)
            button.clicked.connect(call)
        self._keys()
        self._lay_out()
        self.retranslate()

    def _keys(self) -> None:
        here = Qt.ShortcutContext.WidgetWithChildrenShortcut
        for keys, call in (
            (QKeySequence(QKeySequence.StandardKey.Delete), self._remove),
            (QKeySequence("Ctrl+D"), self._copy),
            (QKeySequence("Alt+Up"), lambda: self._step(-1)),
            (QKeySequence("Alt+Down"), lambda: self._step(1)),
        ):
            QShortcut(keys, self, context=here).activated.connect(call)

    def _lay_out(self) -> None:
        head, foot = QHBoxLayout(), QHBoxLayout()
        head.setContentsMargins(8, 4, 8, 0)
        head.addWidget(self._which, 1)
        head.addWidget(self._more)
        foot.setContentsMargins(10, 0, 10, 8)
        for button in (self._new, self._add):
            foot.addWidget(button)
        foot.addStretch(1)
        foot.addWidget(self._play)
        column = QVBoxLayout(self)
        column.setContentsMargins(4, 4, 4, 0)
        column.addLayout(head)
        column.addWidget(self._stack, 1)
        column.addLayout(foot)

    # -- show -------------------------------------------------------------------------------

    def show_city(self, city: City | None) -> None:
        """Show the stories of `city`; the one chosen stays chosen."""
        stories = dict(city.stories) if city is not None else {}
        if stories == self._stories and self._which.count():
            return
        new = [one for one in stories if one not in self._stories]
        kept = new[-1] if new and self._stories else self._which.currentData()
        self._stories = stories
        self._which.blockSignals(True)
        self._which.clear()
        for story in stories.values():
            self._which.addItem(story.title.said(language()), story.id)
        self._which.setCurrentIndex(max(self._which.findData(kept), 0) if stories else -1)
        self._which.blockSignals(False)
        self._show_stops()

    @property
    def story(self) -> Story | None:
        """The story that is shown."""
        return self._stories.get(str(self._which.currentData()))

    @property
    def current(self) -> int:
        """Number of the stop that is chosen, −1 for none."""
        return self._list.currentRow()

    def choose(self, stop_id: str) -> None:
        """Mark a stop."""
        for row in range(self._list.count()):
            if self._list.item(row).data(STOP).id == stop_id:
                self._list.setCurrentRow(row)

    def _show_stops(self) -> None:
        story, row = self.story, self._list.currentRow()
        self._list.clear()
        for place, stop in enumerate(story.stops if story is not None else ()):
            item = QListWidgetItem(f"{place + 1}.  {stop.name}")
            item.setData(STOP, stop)
            if stop.picture:
                item.setIcon(icon("imagery"))
            words = stop.caption.said(language())
            lasts = tr(
                "{seconds} s", seconds=number(stop.seconds, 0 if stop.seconds % 1 == 0 else 1)
            )
            item.setToolTip(f"{words}\n{lasts}" if words else lasts)
            self._list.addItem(item)
        self._list.setCurrentRow(min(row, self._list.count() - 1))
        told = story is not None and bool(story.stops)
        self._stack.setCurrentIndex(1 if told else 0)
        self._play.setEnabled(told)
        for widget in (self._which, self._more, self._add):
            widget.setVisible(story is not None)
        self._new.setVisible(story is None)
        self._say_empty()

    # -- ask --------------------------------------------------------------------------------

    def _stop(self) -> Stop | None:
        item = self._list.currentItem()
        stop: Stop | None = item.data(STOP) if item is not None else None
        return stop

    def _move(self, row: int, place: int) -> None:
        story = self.story
        if story is not None and 0 <= row < len(story.stops) and row != place:
            stop = story.stops[row]
            self.asked.emit(MoveStop(story=story.id, stop=stop.id, index=place))
            self.choose(stop.id)

    def _step(self, by: int) -> None:
        row = self._list.currentRow()
        if 0 <= row + by < self._list.count() and row >= 0:
            self._move(row, row + by)

    def _copy(self) -> None:
        story, stop = self.story, self._stop()
        if story is not None and stop is not None:
            self.asked.emit(duplicate(story, stop.id))

    def _remove(self) -> None:
        story, stop = self.story, self._stop()
        if story is not None and stop is not None:
            self.asked.emit(RemoveStop(story=story.id, stop=stop.id))

    def _remove_story(self) -> None:
        if self.story is not None:
            self.asked.emit(RemoveStory(story=self.story.id))

    def _menu(self, where: QPoint) -> None:
        item = self._list.itemAt(where)
        if item is None:
            return
        stop = item.data(STOP)
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction(icon("fly"), tr("Fly there"), lambda: self.fly_asked.emit(stop))
        menu.addAction(icon("rename"), tr("Edit…"), lambda: self.edit_asked.emit(stop))
        menu.addAction(
            icon("refresh"), tr("Take the view you see"), lambda: self.view_asked.emit(stop)
        )
        menu.addSeparator()
        menu.addAction(icon("up"), tr("Move up"), lambda: self._step(-1))
        menu.addAction(icon("down"), tr("Move down"), lambda: self._step(1))
        menu.addAction(icon("copy"), tr("Duplicate"), self._copy)
        menu.addAction(icon("remove"), tr("Remove"), self._remove)
        menu.popup(self._list.viewport().mapToGlobal(where))

    # -- words ------------------------------------------------------------------------------

    def retranslate(self) -> None:
        self._say_empty()
        self._new.setText(tr("New story"))
        self._add.setToolTip(tr("Add this view") + "  (Shift+B)")
        self._play.setText(tr("Play"))
        self._play.setToolTip(tr("Play") + "  (F5)")
        self._more.setToolTip(tr("Story"))
        menu = self._menu_of_story
        menu.clear()
        menu.addAction(icon("new"), tr("New story"), self.new_asked.emit)
        menu.addAction(icon("rename"), tr("Rename…"), self.rename_asked.emit)
        menu.addAction(icon("remove"), tr("Remove the story"), self._remove_story)
        menu.addSeparator()
        menu.addAction(icon("film"), tr("Save as a film…"), self.film_asked.emit)
        menu.addAction(icon("page"), tr("Save as a web page…"), self.page_asked.emit)
        for index in range(self._which.count()):
            story = self._stories.get(str(self._which.itemData(index)))
            if story is not None:
                self._which.setItemText(index, story.title.said(language()))

    def _say_empty(self) -> None:
        if self.story is None:
            self._empty.say(
                tr("No stories yet"),
                tr("A story leads people through the city, from view to view, with your words."),
            )
        else:
            self._empty.say(
                tr("No stops yet"),
                tr("Drag bookmarks here, or press Shift+B to add the view you see."),
            )

    def restyle(self) -> None:
        self.retranslate()
        self._show_stops()
