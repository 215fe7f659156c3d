"""About the program, and the list of shortcuts."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QGridLayout, QScrollArea, QWidget

from viewers.dialogs.frame import Dialog
from viewers.i18n import tr
from viewers.panels.words import clear, label

WIDE = 460
PARTS = ("PySide6_Essentials", "vtk", "pyvista", "pyproj", "rasterio", "pyogrio", "laspy", "numpy")


class AboutDialog(Dialog):
    """What it is, which version, of which parts."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent, only_close=True)
        self._lead, self._licence = label("", wrap=True), label("muted", wrap=True)
        self._parts = label("muted", wrap=True)
        for part in (self._lead, self._licence, self._parts):
            self.body.addWidget(part)
        self._parts.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.body.addStretch(1)
        self.setMinimumWidth(WIDE)
        self.retranslate()

    def retranslate(self) -> None:
        self.say_frame(tr("Dothi {version}", version=_version("dothi")), tr("Close"))
        self._lead.setText(
            tr("Đô thị means “the city”: a digital twin to plan the smart city before it is built.")
        )
        self._licence.setText(tr("Free software under the Apache License 2.0."))
        self._parts.setText(
            tr("Built on {parts}.", parts=", ".join(f"{p} {_version(p)}" for p in PARTS))
        )
        # Words that wrap would else be given the height of a narrow column.
        self.resize(WIDE, self.heightForWidth(WIDE))


class ShortcutsDialog(Dialog):
    """All shortcuts: (what it does, keys) pairs, and what the mouse does."""

    def __init__(self, shortcuts: Sequence[tuple[str, str]], parent: QWidget | None = None) -> None:
        super().__init__(parent, only_close=True)
        self._shortcuts = list(shortcuts)
        self._page = QWidget()
        self._page.setObjectName("page")
        self._grid = QGridLayout(self._page)
        self._grid.setContentsMargins(14, 10, 14, 10)
        self._grid.setHorizontalSpacing(30)
        self._grid.setColumnStretch(0, 1)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setWidget(self._page)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.body.addWidget(scroll)
        self.retranslate()

    def retranslate(self) -> None:
        self.say_frame(tr("Keyboard and mouse"), tr("Close"))
        clear(self._grid)
        mouse = [
            (tr("Orbit"), tr("Left button, drag")),
            (tr("Pan"), tr("Middle button, or Shift + left, drag")),
            (tr("Zoom to the cursor"), tr("Wheel, or right button, drag")),
            (tr("Select"), tr("Click")),
            (tr("Fly there"), tr("Double click")),
            (tr("Move the view"), tr("Arrow keys")),
            (tr("Turn and tilt"), tr("Shift + arrow keys")),
            (tr("Nearer, farther"), tr("Page Up, Page Down")),
            (tr("Tilt, turn, plan, elevations"), tr("Number pad")),
        ]
        for row, (what, keys) in enumerate([*self._shortcuts, *mouse]):
            self._grid.addWidget(label("", what), row, 0)
            self._grid.addWidget(label("tag", keys), row, 1, Qt.AlignmentFlag.AlignRight)
        self._page.ensurePolished()
        self.resize(max(480, self._page.sizeHint().width() + 90), 560)


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""
