"""The panel of a profile: its plot, scale, and what to do with it."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QHBoxLayout,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from layers.measure.profile import Profile
from viewers.i18n import number, tr, whole
from viewers.panels.profile_plot import ProfilePlot
from viewers.panels.words import EmptyState, Retranslated, label
from viewers.theme import set_icon


class ProfilePanel(Retranslated, QWidget):
    """Shows one profile; asks to export it as a picture or a table, or to forget it."""

    picture_asked = Signal()
    table_asked = Signal()
    clear_asked = Signal()
    hovered = Signal(float)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._profile: Profile | None = None
        self.plot = ProfilePlot()
        self.plot.hovered.connect(self.hovered)
        self._empty = EmptyState()
        self._stack = QStackedWidget()
        self._stack.addWidget(self._empty)
        self._stack.addWidget(self.plot)
        self._words = label("muted")
        self._true = QCheckBox()
        self._true.toggled.connect(self._set_true)
        self._picture, self._table, self._clear = QPushButton(), QPushButton(), QPushButton()
        for button, name in (
            (self._picture, "screenshot"), (self._table, "table"), (self._clear, "remove"),
        ):  # fmt: skip
            set_icon(button, name)
        self._picture.clicked.connect(self.picture_asked)
        self._table.clicked.connect(self.table_asked)
        self._clear.clicked.connect(self.clear_asked)
        foot = QHBoxLayout()
        foot.setContentsMargins(12, 0, 10, 6)
        foot.addWidget(self._words, 1)
        for part in (self._true, self._picture, self._table, self._clear):
            foot.addWidget(part)
        column = QVBoxLayout(self)
        column.setContentsMargins(4, 4, 4, 0)
        column.addWidget(self._stack, 1)
        column.addLayout(foot)
        self.retranslate()

    def show_profile(self, profile: Profile | None) -> None:
        """Show it, or how to make one."""
        self._profile = profile
        self.plot.show_profile(profile)
        self._stack.setCurrentIndex(1 if profile is not None else 0)
        for part in (self._true, self._picture, self._table, self._clear):
            part.setEnabled(profile is not None)
        self._words.setText("")
        if profile is not None:
            self._words.setText(
                tr(
                    "{length} m, {count} buildings",
                    length=number(float(profile.at[-1]), 1),
                    count=whole(len(profile.blocks)),
                )
            )

    def _set_true(self, on: bool) -> None:
        self.plot.true_scale = on
        self.plot.update()

    def retranslate(self) -> None:
        self._empty.say(
            tr("No profile yet"),
            tr("Press Ctrl+M, click a line over the city, and end it with Enter."),
        )
        self._true.setText(tr("Same scale up and along"))
        self._picture.setText(tr("Picture…"))
        self._table.setText(tr("Table…"))
        self._clear.setText(tr("Clear"))
        self.show_profile(self._profile)
