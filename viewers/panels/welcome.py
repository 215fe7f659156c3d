"""The first page: a demo, recent projects, own files."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPainterPath, QPaintEvent, QPixmap
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from viewers.i18n import day, tr
from viewers.panels.words import Retranslated, clear, label
from viewers.theme import pixmap, token

WIDTH = 880


class WelcomePage(Retranslated, QWidget):
    """Shows what can be opened; asks to open it."""

    demo_asked = Signal()
    files_asked = Signal()
    project_asked = Signal()
    recent_asked = Signal(object)  # Path
    forget_asked = Signal(object)  # Path

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("welcome")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._recent: list[tuple[Path, Path | None]] = []
        self._hero, self._lead = label("hero"), label("muted", wrap=True)
        self._demo = Card("demo")
        self._demo.clicked.connect(self.demo_asked)
        self._files = Card("open")
        self._files.clicked.connect(self.files_asked)
        self._project = Card("file")
        self._project.clicked.connect(self.project_asked)
        starts = QHBoxLayout()
        starts.setSpacing(14)
        for card in (self._demo, self._files, self._project):
            starts.addWidget(card, 1)
        self._failed = label("value", wrap=True)
        self._failed_hint = label("", wrap=True)
        self._failure = QFrame()
        self._failure.setObjectName("warn")
        said = QVBoxLayout(self._failure)
        said.setSpacing(3)
        said.addWidget(self._failed)
        said.addWidget(self._failed_hint)
        self._failure.hide()
        self._recent_word = label("section")
        self._none = label("faint")
        self._grid = QGridLayout()
        self._grid.setSpacing(14)
        self._hint = label("faint")
        middle = QWidget()
        middle.setMaximumWidth(WIDTH)
        column = QVBoxLayout(middle)
        column.setContentsMargins(28, 40, 28, 28)
        column.setSpacing(10)
        column.addWidget(self._hero)
        column.addWidget(self._lead)
        column.addSpacing(14)
        column.addLayout(starts)
        column.addWidget(self._failure)
        column.addSpacing(20)
        column.addWidget(self._recent_word)
        column.addWidget(self._none)
        column.addLayout(self._grid)
        column.addStretch(1)
        column.addWidget(self._hint, 0, Qt.AlignmentFlag.AlignHCenter)
        inner = QWidget()
        row = QHBoxLayout(inner)
        row.setContentsMargins(0, 0, 0, 0)
        row.addStretch(1)
        row.addWidget(middle, 20)
        row.addStretch(1)
        scroll = QScrollArea()
        scroll.setObjectName("plain")
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setWidget(inner)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(scroll)
        self.retranslate()

    def show_recent(self, recent: list[tuple[Path, Path | None]]) -> None:
        """Show (project, thumbnail or None) pairs, newest first."""
        self._recent = recent
        clear(self._grid)
        for number, (path, thumbnail) in enumerate(recent[:6]):
            card = Card("buildings", picture=True)
            card.say(path.stem, self._age(path))
            card.setToolTip(str(path))
            if thumbnail is not None and thumbnail.is_file():
                card.show_picture(QPixmap(str(thumbnail)))
            card.clicked.connect(lambda p=path: self.recent_asked.emit(p))
            self._grid.addWidget(card, number // 3, number % 3)
        for number in range(3):
            self._grid.setColumnStretch(number, 1)
        self._none.setVisible(not recent)

    def tell(self, what: str, hint: str) -> None:
        """Say why something could not be opened; "" takes it away."""
        self._failed.setText(what)
        self._failed_hint.setText(hint)
        self._failure.setVisible(bool(what))

    def _age(self, path: Path) -> str:
        try:
            return tr("Saved {date}", date=day(datetime.fromtimestamp(path.stat().st_mtime)))
        except OSError:
            return ""

    def retranslate(self) -> None:
        self._hero.setText(tr("Build the city before it is built"))
        self._lead.setText(
            tr("Dothi makes a digital twin of your city from maps, LiDAR and aerial pictures.")
        )
        self._demo.say(tr("See the demo"), tr("A ward of Hanoi with houses, lake and trees"))
        self._files.say(tr("Open files…"), tr("Maps, LiDAR, rasters, CityJSON, OpenStreetMap"))
        self._project.say(tr("Open a project…"), tr("A city saved as a GeoPackage"))
        self._recent_word.setText(tr("Recent projects"))
        self._none.setText(tr("Projects you save appear here."))
        self._hint.setText(tr("You can also drop files or a folder anywhere in this window."))
        self.show_recent(self._recent)

    def restyle(self) -> None:
        self.show_recent(self._recent)


class Card(Retranslated, QFrame):
    """A large button: picture or icon, a title, a line of words."""

    clicked = Signal()

    def __init__(self, icon_name: str, *, picture: bool = False) -> None:
        super().__init__()
        self.setObjectName("card")
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._sign = _Picture(icon_name, tall=picture)
        self._title, self._words = label("value"), label("muted", wrap=True)
        self._title.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        text = QVBoxLayout()
        text.setContentsMargins(14, 8 if picture else 2, 14, 12)
        text.setSpacing(2)
        text.addWidget(self._title)
        text.addWidget(self._words)
        column = QVBoxLayout(self)
        column.setContentsMargins(1, 1, 1, 1)
        column.setSpacing(0)
        column.addWidget(self._sign)
        column.addLayout(text)
        column.addStretch(1)

    def say(self, title: str, words: str) -> None:
        """What it opens."""
        self._title.setText(title)
        self._words.setText(words)
        self.setAccessibleName(title)

    def show_picture(self, picture: QPixmap) -> None:
        """Show a picture in the place of the icon."""
        self._sign.show_picture(picture)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        inside = self.rect().contains(event.position().toPoint())
        if event.button() == Qt.MouseButton.LeftButton and inside:
            self.clicked.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.clicked.emit()
        else:
            super().keyPressEvent(event)

    def restyle(self) -> None:
        self._sign.update()


class _Picture(QWidget):
    """The upper part of a card."""

    def __init__(self, icon_name: str, *, tall: bool) -> None:
        super().__init__()
        self._icon = icon_name
        self._tall = tall
        self._picture: QPixmap | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        return QSize(220, 118 if self._tall else 58)

    def show_picture(self, picture: QPixmap) -> None:
        self._picture = None if picture.isNull() else picture
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        box = QRectF(self.rect())
        ratio = self.devicePixelRatioF()
        if self._tall:
            path = QPainterPath()
            path.addRoundedRect(box.adjusted(0, 0, 0, 14), 11, 11)
            painter.setClipPath(path)
            painter.fillRect(box, token("accent-soft"))
            if self._picture is not None:
                size = self._picture.size().scaled(
                    self.size(), Qt.AspectRatioMode.KeepAspectRatioByExpanding
                )
                target = QRectF(0, 0, size.width(), size.height())
                target.moveCenter(box.center())
                painter.drawPixmap(target, self._picture, QRectF(self._picture.rect()))
            else:
                sign = pixmap(self._icon, 40, "accent", ratio)
                painter.drawPixmap(int(box.center().x() - 20), int(box.center().y() - 20), sign)
        else:
            tile = QRectF(14, 12, 38, 38)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(token("accent-soft"))
            painter.drawRoundedRect(tile, 9, 9)
            painter.drawPixmap(22, 20, pixmap(self._icon, 22, "accent", ratio))
        painter.end()
