"""The main window: joins panels in docks, menus and the tool bar; holds no state of the city."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from PySide6.QtCore import QByteArray, QEvent, Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent, QPixmap
from PySide6.QtWidgets import (
    QDockWidget,
    QMainWindow,
    QMenu,
    QStackedWidget,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from viewers.action_spec import MENUS, Table, shown_keys
from viewers.action_table import ACTIONS
from viewers.actions import Actions
from viewers.i18n import mark, said_error, tr
from viewers.main_bar import MainBar
from viewers.panels.bookmarks import BookmarksPanel
from viewers.panels.command_search import Command, CommandSearch
from viewers.panels.health_panel import HealthPanel
from viewers.panels.inspector import Inspector
from viewers.panels.layers_panel import LayersPanel
from viewers.panels.legend_panel import LegendPanel
from viewers.panels.notices_panel import NoticesPanel
from viewers.panels.status import StatusBar
from viewers.panels.sun_bar import SunBar
from viewers.panels.welcome import WelcomePage
from viewers.panels.words import Retranslated

WELCOME, CITY = 0, 1
FAILURE_MS = 8000
TABBED = ("legend", "bookmarks", "health", "notices")
DOCKS = {
    "layers": mark("Layers"),
    "bookmarks": mark("Bookmarks"),
    "inspector": mark("Inspector"),
    "legend": mark("Legend"),
    "health": mark("Health"),
    "notices": mark("Notices"),
}


class Window(Retranslated, QMainWindow):
    """Shows panels around the view; says what was asked, decides nothing.

    Parameters
    ----------
    may_close
        Asked before the window closes; False keeps it open.
    more
        Actions of tools, beside the window's own.
    """

    asked = Signal(str)  # id of an action
    dropped = Signal(object)  # list[Path]
    closed = Signal()

    def __init__(self, may_close: Callable[[], bool] = lambda: True, *, more: Table = ()) -> None:
        super().__init__()
        self._may_close = may_close
        self._title = ""
        self._arranged: QByteArray | None = None
        """The docks as they were around the last city; None before the first."""
        self._undo: tuple[str | None, str | None] = (None, None)
        self.setAcceptDrops(True)
        self.setDockOptions(
            QMainWindow.DockOption.AnimatedDocks | QMainWindow.DockOption.AllowTabbedDocks
        )
        self.setTabPosition(Qt.DockWidgetArea.AllDockWidgetAreas, QTabWidget.TabPosition.North)
        self.actions_table = Actions(self, (*ACTIONS, *more))
        self.actions_table.asked.connect(self.asked)
        self.layers, self.bookmarks = LayersPanel(), BookmarksPanel()
        self.inspector, self.legend = Inspector(), LegendPanel()
        self.health, self.notices = HealthPanel(), NoticesPanel()
        self.sun, self.status, self.welcome = SunBar(), StatusBar(), WelcomePage()
        self.notices.count_changed.connect(self._show_notice_count)
        self._docks: dict[str, QDockWidget] = {}
        self._titles = dict(DOCKS)
        self._on_demand: set[str] = set()
        self._make_center()
        self._make_docks()
        self._make_menus()
        self._make_bar()
        self.setStatusBar(self.status)
        self.resize(1440, 900)
        self.retranslate()
        self.show_welcome()

    # -- parts ------------------------------------------------------------------------------

    def _make_center(self) -> None:
        self._view_box = QWidget()
        self._view_column = QVBoxLayout(self._view_box)
        self._view_column.setContentsMargins(0, 0, 0, 0)
        self._view_column.setSpacing(0)
        self._view_column.addWidget(self.sun)
        self.center = QStackedWidget()
        self.center.addWidget(self.welcome)
        self.center.addWidget(self._view_box)
        self.setCentralWidget(self.center)

    def set_canvas(self, canvas: QWidget) -> None:
        """Put the 3D view in the middle."""
        self._view_column.insertWidget(0, canvas, 1)

    def _make_docks(self) -> None:
        panels: dict[str, tuple[QWidget, Qt.DockWidgetArea]] = {
            "layers": (self.layers, Qt.DockWidgetArea.LeftDockWidgetArea),
            "bookmarks": (self.bookmarks, Qt.DockWidgetArea.LeftDockWidgetArea),
            "legend": (self.legend, Qt.DockWidgetArea.LeftDockWidgetArea),
            "inspector": (self.inspector, Qt.DockWidgetArea.RightDockWidgetArea),
            "health": (self.health, Qt.DockWidgetArea.RightDockWidgetArea),
            "notices": (self.notices, Qt.DockWidgetArea.RightDockWidgetArea),
        }
        for name, (panel, area) in panels.items():
            dock = QDockWidget(self)
            dock.setObjectName(name)
            dock.setWidget(panel)
            panel.setMinimumWidth(230)
            self.addDockWidget(area, dock)
            self._docks[name] = dock
        self.tabifyDockWidget(self._docks["legend"], self._docks["bookmarks"])
        self.tabifyDockWidget(self._docks["health"], self._docks["notices"])
        for name in TABBED:
            # The tab says its name already.
            self._docks[name].setTitleBarWidget(QWidget())
        self._docks["legend"].raise_()
        self._docks["health"].raise_()

    def _proportion(self) -> None:
        """Docks as wide and high as suits a small screen; the user moves them from there."""
        sides = [self._docks[name] for name in ("layers", "inspector")]
        self.resizeDocks(sides, [270, 330], Qt.Orientation.Horizontal)
        left = [self._docks[name] for name in ("layers", "legend")]
        self.resizeDocks(left, [420, 220], Qt.Orientation.Vertical)
        right = [self._docks[name] for name in ("inspector", "health")]
        self.resizeDocks(right, [360, 340], Qt.Orientation.Vertical)

    def _make_menus(self) -> None:
        self._menus: dict[str, QMenu] = {}
        for name in MENUS:
            self._menus[name] = self.menuBar().addMenu("")
        last = MENUS[0]
        for spec in self.actions_table.table:
            if spec is None:
                self._menus[last].addSeparator()
                continue
            last = spec.menu or last
            self._menus[last].addAction(self.actions_table[spec.id])
            if spec.id == "ask_files":
                self.recent_menu = self._menus[last].addMenu("")
            self.addAction(self.actions_table[spec.id])
        self._panels_menu = self._menus["View"].addMenu("")
        for dock in self._docks.values():
            self._panels_menu.addAction(dock.toggleViewAction())

    def _make_bar(self) -> None:
        bar = MainBar(self.actions_table)
        bar.searched.connect(lambda: self.asked.emit("search"))
        self.addToolBar(Qt.ToolBarArea.TopToolBarArea, bar)

    # -- show -------------------------------------------------------------------------------

    def show_welcome(self) -> None:
        """The first page, without panels."""
        if self.center.currentIndex() == CITY:
            self._arranged = self.saveState()
        self.center.setCurrentIndex(WELCOME)
        for dock in self._docks.values():
            dock.hide()

    def show_city(self) -> None:
        """The view, with the panels around it."""
        if self.center.currentIndex() == CITY:
            return
        self.center.setCurrentIndex(CITY)
        for name, dock in self._docks.items():
            dock.setVisible(name not in self._on_demand)
        self._docks["legend"].raise_()
        self._docks["health"].raise_()
        # Docks are put back while they show: hidden ones leave a tab bar over the menus behind.
        if self._arranged is None or not self.restoreState(self._arranged):
            QTimer.singleShot(0, self._proportion)
        for name in self._on_demand:
            self._docks[name].hide()

    def add_panel(
        self,
        name: str,
        title: str,
        panel: QWidget,
        *,
        beside: str = "health",
        area: Qt.DockWidgetArea | None = None,
    ) -> None:
        """Give a tool's panel a dock of its own, in a tab with the dock `beside`.

        `title` is English, marked for translation. With `area` it has a place of its own there,
        and is shown only when the tool asks.
        """
        dock = QDockWidget(self)
        dock.setObjectName(name)
        dock.setWidget(panel)
        self._docks[name] = dock
        self._titles[name] = title
        dock.setWindowTitle(tr(title))
        self._panels_menu.addAction(dock.toggleViewAction())
        if area is not None:
            self.addDockWidget(area, dock)
            self._on_demand.add(name)
            dock.hide()
            return
        dock.setTitleBarWidget(QWidget())
        panel.setMinimumWidth(230)
        other = self._docks[beside]
        self.addDockWidget(self.dockWidgetArea(other), dock)
        self.tabifyDockWidget(other, dock)
        other.raise_()
        if self.center.currentIndex() == WELCOME:
            dock.hide()

    def hide_panel(self, name: str) -> None:
        """Put a panel away until it is asked for."""
        self._docks[name].hide()

    def show_panel(self, name: str) -> None:
        """Bring a panel to the front."""
        self._docks[name].show()
        self._docks[name].raise_()

    def show_title(self, name: str, *, saved: bool) -> None:
        """Name of the city, with a mark while it was never saved."""
        self._title = name
        mark_ = "" if saved else " •"
        self.setWindowTitle(f"Dothi – {name}{mark_}" if name else "Dothi")

    def show_state(
        self, true: frozenset[str], undo: str | None = None, redo: str | None = None
    ) -> None:
        """What can be done now, and what undo and redo would do."""
        self._undo = (undo, redo)
        self.actions_table.show_state(true)
        self.actions_table.show_labels(undo, redo)

    def show_recent(self, paths: list[Path], open_path: Callable[[Path], None]) -> None:
        """The recent projects in the File menu."""
        self.recent_menu.clear()
        for path in paths:
            action = self.recent_menu.addAction(path.name, partial(open_path, path))
            action.setToolTip(str(path))
        self.recent_menu.setEnabled(bool(paths))

    def tell_failure(self, error: BaseException) -> None:
        """Say in the status bar what went wrong, and bring the notices to the front."""
        self.status.showMessage(said_error(error)[0], FAILURE_MS)
        if self.center.currentIndex() == CITY:
            self.show_panel("notices")
        else:
            self.welcome.tell(*said_error(error))

    def grab_all(self) -> QPixmap:
        """The whole window as a picture, the 3D view included."""
        screen = self.screen()
        return screen.grabWindow(self.winId()) if screen is not None else self.grab()

    def search(self) -> CommandSearch:
        """The command search over what can be done now."""
        commands = [
            Command(
                id=spec.id,
                title=tr(spec.text),
                words=spec.text,
                hint=shown_keys(spec),
                icon=spec.icon,
            )
            for spec in self.actions_table.specs.values()
            if self.actions_table[spec.id].isEnabled() and spec.id != "search"
        ]
        found = CommandSearch(commands, self)
        found.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        found.chosen.connect(self.actions_trigger, Qt.ConnectionType.QueuedConnection)
        found.show()
        return found

    def actions_trigger(self, name: str) -> None:
        """Do what a click on the action would do."""
        self.actions_table[name].trigger()

    def state(self) -> tuple[QByteArray, QByteArray]:
        """Place and docks, to be restored later."""
        kept = self.saveState() if self.center.currentIndex() == CITY else self._arranged
        return self.saveGeometry(), QByteArray() if kept is None else kept

    def restore(self, place: QByteArray, docks: QByteArray) -> None:
        """Place now, docks when a city shows: the welcome page has none."""
        self.restoreGeometry(place)
        self._arranged = None if docks.isEmpty() else docks

    def _show_notice_count(self, count: int) -> None:
        dock = self._docks.get("notices")
        if dock is not None:
            text = tr(DOCKS["notices"])
            dock.setWindowTitle(f"{text} ({count})" if count else text)

    # -- Qt ---------------------------------------------------------------------------------

    def retranslate(self) -> None:
        self.actions_table.retranslate()
        self.actions_table.show_labels(*self._undo)
        for name, menu in self._menus.items():
            menu.setTitle(tr(name))
        self.recent_menu.setTitle(tr("Recent projects"))
        self._panels_menu.setTitle(tr("Panels"))
        for name, dock in self._docks.items():
            dock.setWindowTitle(tr(self._titles[name]))
        self._show_notice_count(len(self.notices.notices))

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if any(url.isLocalFile() for url in event.mimeData().urls()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        paths = [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]
        if paths:
            event.acceptProposedAction()
            self.dropped.emit(paths)

    def closeEvent(self, event: QCloseEvent) -> None:
        if self._may_close():
            event.accept()
            self.closed.emit()
        else:
            event.ignore()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.WindowStateChange:
            full = bool(self.windowState() & Qt.WindowState.WindowFullScreen)
            self.actions_table["full_screen"].setChecked(full)
