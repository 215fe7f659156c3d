"""The tool bar of the window: actions in groups, the search, theme and language."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QSizePolicy, QToolBar, QToolButton, QWidget

from viewers.action_table import ACTIONS
from viewers.actions import Actions
from viewers.i18n import tr
from viewers.panels.words import Retranslated, label
from viewers.theme import set_icon

GROUPS: tuple[tuple[str, ...], ...] = (
    ("ask_files", "save", "undo", "redo"),
    ("show_all", "frame_selection", "north_up", "top_view", "walk", "add_bookmark"),
    ("shadows", "occlusion", "edges"),
)
"""Of the window's own actions; those of tools follow."""


class MainBar(Retranslated, QToolBar):
    """Buttons for the actions that have one; `searched` when the search is clicked."""

    searched = Signal()

    def __init__(self, actions: Actions) -> None:
        super().__init__()
        self.setObjectName("tools")
        self.setMovable(False)
        self.setIconSize(QSize(20, 20))
        self.toggleViewAction().setEnabled(False)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
        own = {spec.id for spec in ACTIONS if spec is not None}
        more = tuple(name for name, spec in actions.specs.items() if spec.bar and name not in own)
        for number, group in enumerate((*GROUPS, more)):
            if number:
                self.addSeparator()
            for name in group:
                self.addAction(actions[name])
        stretch = QWidget()
        stretch.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.addWidget(stretch)
        self._arrangement = label("tag")
        self.addWidget(self._arrangement)
        self._search = QPushButton()
        self._search.setObjectName("search")
        set_icon(self._search, "search")
        self._search.clicked.connect(self.searched)
        space = QWidget()
        row = QHBoxLayout(space)
        row.setContentsMargins(10, 0, 6, 0)
        row.addWidget(self._search)
        self.addWidget(space)
        for name in ("toggle_theme", "toggle_language"):
            button = QToolButton()
            button.setDefaultAction(actions[name])
            self.addWidget(button)
        self.retranslate()

    def retranslate(self) -> None:
        self._arrangement.setText(tr("Explore"))
        self._arrangement.setToolTip(tr("Arrangement of the window"))
        self._search.setText(tr("Find a command…") + "   Ctrl+K")
