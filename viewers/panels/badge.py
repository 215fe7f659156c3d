"""Grade badges A … E: a coloured tile with its letter, in trees and as labels."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QPainter
from PySide6.QtWidgets import QLabel, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from viewers.panels.words import Retranslated
from viewers.theme import token


def paint_badge(painter: QPainter, box: QRectF, grade: str, font: QFont) -> None:
    """A tile of 20 × 18 px in the middle of `box`; the letter tells what the colour tells."""
    tile = QRectF(0, 0, 20, 18)
    tile.moveCenter(box.center())
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(grade_colour(grade))
    painter.drawRoundedRect(tile, 5, 5)
    bold = QFont(font)
    bold.setBold(True)
    bold.setPointSizeF(max(7.0, font.pointSizeF() - 1))
    painter.setFont(bold)
    painter.setPen(token("on-grade"))
    painter.drawText(tile, Qt.AlignmentFlag.AlignCenter, grade)
    painter.restore()


def grade_colour(grade: str) -> QColor:
    """Blue-green to red, told apart by colour-blind eyes as well."""
    return token(f"grade-{grade}") if grade in "ABCDE" and grade else token("strong")


class BadgeDelegate(QStyledItemDelegate):
    """Draws the grade in one column and leaves the others as they are."""

    def __init__(self, parent: QWidget, *, badge_column: int, role: int) -> None:
        super().__init__(parent)
        self._column = badge_column
        self._role = role

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        super().paint(painter, option, index)
        grade = index.data(self._role) if index.column() == self._column else ""
        if grade:
            paint_badge(painter, QRectF(option.rect), str(grade), option.font)

    # Qt takes None for "not to be edited"; the stubs of PySide6 do not say so.
    def createEditor(  # type: ignore[override]
        self,
        parent: QWidget,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> QWidget | None:
        return None if index.column() != 0 else super().createEditor(parent, option, index)


class Badge(Retranslated, QLabel):
    """A grade as a label."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("badge")
        self.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._grade = ""

    def show_grade(self, grade: str) -> None:
        """Show A … E, or a dash."""
        self._grade = grade
        self.setText(grade or "–")
        self.restyle()

    def restyle(self) -> None:
        colours = (grade_colour(self._grade).name(), token("on-grade").name())
        sheet = "background: {}; color: {};".format(*colours)
        if sheet != self.styleSheet():
            self.setStyleSheet(sheet)
