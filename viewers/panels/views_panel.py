"""Pictures side by side, and what each shows otherwise."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QFrame,
    QHBoxLayout,
    QPushButton,
    QScrollArea,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from viewers.i18n import mark, tr, whole
from viewers.panels.words import Retranslated, label
from viewers.theme import set_icon
from viewers.view_state import PaneView, ViewState

LETTERS = "ABCD"
LAYOUTS = (
    ("one_view", "view1", mark("One picture")), ("two_views", "view2", mark("Two pictures")),
    ("three_views", "view3", mark("Three pictures")), ("four_views", "view4", mark("Four pictures")),
    ("swipe", "swipe", mark("Swipe between two states")),
)  # fmt: skip


class PaneCard(Retranslated, QFrame):
    """One picture beside the first: what it shows otherwise, in words."""

    kept = Signal(int)
    same = Signal(int)

    def __init__(self, number: int) -> None:
        super().__init__()
        self.setObjectName("note")
        self._number = number
        self._view = PaneView()
        self._title, self._words = label("value"), label("muted", wrap=True)
        self._keep, self._same = QPushButton(), QPushButton()
        self._keep.clicked.connect(lambda: self.kept.emit(number))
        self._same.clicked.connect(lambda: self.same.emit(number))
        column = QVBoxLayout(self)
        column.setContentsMargins(10, 8, 10, 8)
        column.setSpacing(6)
        column.addWidget(self._title)
        column.addWidget(self._words)
        column.addWidget(self._keep)
        column.addWidget(self._same)
        self.retranslate()

    def show_pane(self, view: PaneView) -> None:
        """Say what it shows otherwise."""
        self._view = view
        self.retranslate()

    def retranslate(self) -> None:
        view, said = self._view, []
        if view.hidden:
            said.append(tr("Layers hidden: {count}", count=whole(len(view.hidden))))
        if view.styles:
            said.append(tr("Styles as they were kept"))
        if view.sun_time is not None:
            said.append(f"{view.sun_time:%d/%m/%Y %H:%M}")
        self._title.setText(tr("Picture {letter}", letter=LETTERS[self._number + 1]))
        self._words.setText(" · ".join(said) or tr("As picture A"))
        self._keep.setText(tr("Show here what A shows now"))
        self._same.setText(tr("Follow A"))


class ViewsPanel(Retranslated, QScrollArea):
    """Shows how the window is parted; asks for another arrangement."""

    layout_asked = Signal(str)  # id of an action
    linked_asked = Signal(bool)
    kept_asked = Signal(int)
    same_asked = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        page = QWidget()
        page.setObjectName("page")
        self.setWidget(page)
        column = QVBoxLayout(page)
        column.setContentsMargins(14, 12, 14, 12)
        column.setSpacing(9)
        row = QHBoxLayout()
        row.setSpacing(4)
        self._layouts = [QToolButton() for _ in LAYOUTS]
        for button, (name, picture, _) in zip(self._layouts, LAYOUTS, strict=True):
            button.setCheckable(True)
            set_icon(button, picture)
            button.clicked.connect(lambda _=False, name=name: self.layout_asked.emit(name))
            row.addWidget(button)
        row.addStretch(1)
        column.addLayout(row)
        self._linked = QCheckBox()
        self._linked.clicked.connect(self.linked_asked)
        column.addWidget(self._linked)
        self._hint = label("muted", wrap=True)
        column.addWidget(self._hint)
        self._cards = [PaneCard(number) for number in range(3)]
        for card in self._cards:
            card.kept.connect(self.kept_asked)
            card.same.connect(self.same_asked)
            column.addWidget(card)
        column.addStretch(1)
        self.retranslate()
        self.show_view(ViewState())

    def show_view(self, view: ViewState) -> None:
        """Show how `view` parts the window."""
        chosen = "swipe" if view.swipe is not None else LAYOUTS[len(view.panes)][0]
        for button, (name, *_) in zip(self._layouts, LAYOUTS, strict=True):
            button.setChecked(name == chosen)
        self._linked.setChecked(view.linked)
        self._linked.setEnabled(bool(view.panes) and view.swipe is None)
        for card, pane in zip(self._cards, [*view.panes, None, None, None], strict=False):
            card.setVisible(pane is not None)
            if pane is not None:
                card.show_pane(pane)

    def retranslate(self) -> None:
        for button, (*_, text) in zip(self._layouts, LAYOUTS, strict=True):
            button.setToolTip(tr(text))
            button.setAccessibleName(tr(text))
        self._linked.setText(tr("All seen from the same eye"))
        self._hint.setText(
            tr("Set layers, styles and the hour as another picture is to show them, keep them there, "
               "then go on with A.")
        )  # fmt: skip
