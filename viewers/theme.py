"""How the window looks: two themes of colours, one style sheet, icons recoloured per theme."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from typing import Literal

from PySide6.QtCore import QByteArray, QObject, QRectF, QSize, Qt
from PySide6.QtGui import (
    QAction,
    QColor,
    QFont,
    QFontDatabase,
    QGuiApplication,
    QIcon,
    QPainter,
    QPalette,
    QPixmap,
)
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QAbstractButton, QApplication, QStyleFactory

from viewers.resource import RESOURCES

ThemeName = Literal["light", "dark"]

FONTS = ("Inter", "Segoe UI", "Noto Sans", "SF Pro Text", "Helvetica Neue", "DejaVu Sans")
"""Families with full Vietnamese diacritics; the first one installed is taken."""

TOKENS: dict[str, dict[str, str]] = {
    "light": {
        "window": "#eef2f4",
        "surface": "#ffffff",
        "raised": "#f6f8f9",
        "hover": "#e8eef1",
        "border": "#d8e0e4",
        "strong": "#b9c6cd",
        "text": "#17262e",
        "muted": "#586a74",
        "faint": "#8a9aa3",
        "accent": "#0a7285",
        "accent-hover": "#0c8499",
        "accent-soft": "#d9eef2",
        "on-accent": "#ffffff",
        "ok": "#1a7f5a",
        "warning": "#a65b00",
        "danger": "#b3261e",
        "grade-A": "#0a7285",
        "grade-B": "#3d8f8a",
        "grade-C": "#93750a",
        "grade-D": "#b3590f",
        "grade-E": "#b3261e",
        "on-grade": "#ffffff",
    },
    "dark": {
        "window": "#10161a",
        "surface": "#182126",
        "raised": "#1f2a30",
        "hover": "#26333a",
        "border": "#2b3840",
        "strong": "#41525c",
        "text": "#e4ecf0",
        "muted": "#9aabb5",
        "faint": "#6d7f89",
        "accent": "#35b6cb",
        "accent-hover": "#55c8da",
        "accent-soft": "#15414a",
        "on-accent": "#062a31",
        "ok": "#4fc08d",
        "warning": "#e0a458",
        "danger": "#f2786d",
        "grade-A": "#35b6cb",
        "grade-B": "#6fc3b8",
        "grade-C": "#d9bd52",
        "grade-D": "#e89655",
        "grade-E": "#f2786d",
        "on-grade": "#0d1519",
    },
}

_now: ThemeName = "light"
_used: set[str] = set()


def theme() -> ThemeName:
    """The theme now."""
    return _now


def token(name: str) -> QColor:
    """A colour of the theme now, by its role."""
    return QColor(TOKENS[_now][name])


def system_theme() -> ThemeName:
    """What the computer is set to."""
    hints = QGuiApplication.styleHints()
    return "dark" if hints.colorScheme() == Qt.ColorScheme.Dark else "light"


def apply_theme(name: ThemeName) -> None:
    """Dress the whole application in `name`; can be called at any time."""
    global _now
    _now = name
    app = QApplication.instance()
    if not isinstance(app, QApplication):
        return
    if app.style().objectName().lower() != "fusion":
        app.setStyle(QStyleFactory.create("Fusion"))
    sheet = style_sheet(name)
    if app.styleSheet() == sheet:
        return  # polishing every widget again takes a while
    # Dressing naked widgets takes a quarter of the time of dressing them anew.
    app.setStyleSheet("")
    app.setFont(font())
    app.setPalette(palette(name))
    app.setStyleSheet(sheet)
    _recolour_icons(app)


def font(size: float = 10.0) -> QFont:
    """The first installed family that writes Vietnamese fully."""
    installed = set(QFontDatabase.families())
    family = next((name for name in FONTS if name in installed), "")
    chosen = QFont(family) if family else QFont()
    chosen.setPointSizeF(9.0 if family == "DejaVu Sans" else size)
    chosen.setStyleStrategy(QFont.StyleStrategy.PreferAntialias)
    return chosen


def palette(name: ThemeName) -> QPalette:
    """Qt's palette for what the style sheet does not reach (native dialogs, links)."""
    colour = {key: QColor(value) for key, value in TOKENS[name].items()}
    made = QPalette()
    roles = {
        QPalette.ColorRole.Window: "window",
        QPalette.ColorRole.WindowText: "text",
        QPalette.ColorRole.Base: "surface",
        QPalette.ColorRole.AlternateBase: "raised",
        QPalette.ColorRole.Text: "text",
        QPalette.ColorRole.PlaceholderText: "faint",
        QPalette.ColorRole.Button: "surface",
        QPalette.ColorRole.ButtonText: "text",
        QPalette.ColorRole.BrightText: "danger",
        QPalette.ColorRole.Highlight: "accent",
        QPalette.ColorRole.HighlightedText: "on-accent",
        QPalette.ColorRole.Link: "accent",
        QPalette.ColorRole.LinkVisited: "accent",
        QPalette.ColorRole.ToolTipBase: "text",
        QPalette.ColorRole.ToolTipText: "surface",
        QPalette.ColorRole.Mid: "border",
        QPalette.ColorRole.Midlight: "hover",
        QPalette.ColorRole.Light: "raised",
        QPalette.ColorRole.Dark: "strong",
    }
    for role, key in roles.items():
        made.setColor(role, colour[key])
    for role in (
        QPalette.ColorRole.Text,
        QPalette.ColorRole.ButtonText,
        QPalette.ColorRole.WindowText,
    ):
        made.setColor(QPalette.ColorGroup.Disabled, role, colour["faint"])
    return made


def style_sheet(name: ThemeName) -> str:
    """`resources/styles/window.qss` with each @role replaced by the theme's colour."""
    text = (RESOURCES / "styles" / "window.qss").read_text(encoding="utf-8")
    tokens = TOKENS[name] | {"icons": _icon_folder(name)}
    return re.sub(r"@([\w-]+)", lambda found: tokens[found[1]], text)


# -- icons ----------------------------------------------------------------------------------------


def icon(name: str) -> QIcon:
    """The line icon `name` in the colours of the theme now."""
    _used.add(name)
    return _icon(name, _now)


def prepare_icons() -> Iterator[str]:
    """Draw the icons that were used so far for both themes; gives the name of each that was drawn."""
    for name in sorted(_used):
        for other in TOKENS:
            _icon(name, other)
        yield name


def set_icon(target: QAction | QAbstractButton, name: str) -> None:
    """Give `target` an icon that follows the theme."""
    target.setProperty("dothiIcon", name)
    target.setIcon(icon(name))


def pixmap(name: str, size: int, role: str = "text", ratio: float = 1.0) -> QPixmap:
    """The icon `name` as a picture of `size` logical pixels in the colour of `role`."""
    return _draw(name, TOKENS[_now][role], size, ratio)


@functools.cache
def _svg(name: str) -> str:
    return (RESOURCES / "icons" / f"{name}.svg").read_text(encoding="utf-8")


@functools.cache
def _icon(name: str, theme_name: str) -> QIcon:
    made = QIcon()
    tokens = TOKENS[theme_name]
    for mode, role in (
        (QIcon.Mode.Normal, "muted"),
        (QIcon.Mode.Active, "text"),
        (QIcon.Mode.Selected, "text"),
        (QIcon.Mode.Disabled, "strong"),
    ):
        for ratio in (1.0, 2.0):
            made.addPixmap(_draw(name, tokens[role], 20, ratio), mode, QIcon.State.Off)
            on = role if mode == QIcon.Mode.Disabled else "accent"
            made.addPixmap(_draw(name, tokens[on], 20, ratio), mode, QIcon.State.On)
    return made


@functools.lru_cache(maxsize=512)
def _draw(name: str, colour: str, size: int, ratio: float) -> QPixmap:
    picture = QPixmap(QSize(round(size * ratio), round(size * ratio)))
    picture.fill(Qt.GlobalColor.transparent)
    renderer = QSvgRenderer(QByteArray(_svg(name).replace("currentColor", colour).encode()))
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    renderer.render(painter, QRectF(0, 0, picture.width(), picture.height()))
    painter.end()
    picture.setDevicePixelRatio(ratio)
    return picture


def _icon_folder(name: str) -> str:
    """Where the style sheet finds its few pictures (check mark, arrows) of theme `name`."""
    with_files = RESOURCES / "icons" / name
    return str(with_files).replace("\\", "/")


def _recolour_icons(app: QApplication) -> None:
    seen: set[QObject] = set()
    for widget in app.topLevelWidgets():
        targets: list[QAction | QAbstractButton] = [
            *widget.findChildren(QAction),
            *widget.findChildren(QAbstractButton),
        ]
        for target in targets:
            name = target.property("dothiIcon")
            if name and target not in seen:
                seen.add(target)
                target.setIcon(icon(name))
