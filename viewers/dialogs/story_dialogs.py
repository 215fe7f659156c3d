"""What a story is called, and how it is told."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QCheckBox, QComboBox, QFormLayout, QLineEdit, QWidget

from twin.story import LONGEST_NAME, Words
from viewers.dialogs.frame import Dialog
from viewers.i18n import tr
from viewers.panels.words import field_label
from viewers.playing import PlayRequest

HERE = -1


class TitleDialog(Dialog):
    """A story's title in both languages; returns `chosen()`."""

    def __init__(self, title: Words, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._vi, self._en = QLineEdit(title.vi), QLineEdit(title.en)
        self._labels = [field_label(), field_label()]
        form = QFormLayout()
        form.setLabelAlignment(Qt.AlignmentFlag.AlignVCenter)
        form.setSpacing(12)
        for word, field in zip(self._labels, (self._vi, self._en), strict=True):
            field.setMaxLength(LONGEST_NAME)
            field.textChanged.connect(self._check)
            form.addRow(word, field)
        self.body.addLayout(form)
        self.setMinimumWidth(440)
        self._check()
        self.retranslate()

    def chosen(self) -> Words:
        """The title."""
        return Words(vi=self._vi.text().strip(), en=self._en.text().strip())

    def _check(self) -> None:
        self.accept_button.setEnabled(bool(self.chosen().said("vi")))

    def retranslate(self) -> None:
        self.say_frame(tr("Title of the story"), tr("Keep"))
        for word, text in zip(self._labels, (tr("Vietnamese"), tr("English")), strict=True):
            word.setText(text)


class PlayDialog(Dialog):
    """Where and how a story is told; returns `chosen()`."""

    def __init__(self, current: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._current = max(current, 0)
        self._screen, self._label = QComboBox(), field_label()
        screens = QGuiApplication.screens()
        for number, screen in enumerate(screens):
            size = screen.size() * screen.devicePixelRatio()
            name = screen.model() or screen.name()
            self._screen.addItem(f"{number + 1}: {name}  {size.width()} × {size.height()}", number)
        self._screen.addItem("", HERE)
        here = parent.screen() if parent is not None else None
        if len(screens) > 1:  # what is shown is on the other one; the speaker looks at this
            self._screen.setCurrentIndex(next(n for n, s in enumerate(screens) if s is not here))
        self._presenter, self._timer, self._loop = QCheckBox(), QCheckBox(), QCheckBox()
        self._from_here = QCheckBox()
        self._presenter.setChecked(len(screens) > 1)
        self._from_here.setEnabled(current > 0)
        self._loop.toggled.connect(self._timer.setDisabled)
        form = QFormLayout()
        form.setLabelAlignment(Qt.AlignmentFlag.AlignVCenter)
        form.addRow(self._label, self._screen)
        self.body.addLayout(form)
        for box in (self._presenter, self._timer, self._loop, self._from_here):
            self.body.addWidget(box)
        self.setMinimumWidth(460)
        self.retranslate()

    def chosen(self) -> PlayRequest:
        """What was chosen."""
        return PlayRequest(
            screen=int(self._screen.currentData()),
            presenter=self._presenter.isChecked(),
            timer=self._timer.isChecked() or self._loop.isChecked(),
            loop=self._loop.isChecked(),
            start=self._current if self._from_here.isChecked() else 0,
        )

    def retranslate(self) -> None:
        self.say_frame(tr("Play the story"), tr("Play"))
        self._label.setText(tr("On"))
        self._screen.setItemText(self._screen.count() - 1, tr("This window as it is"))
        self._presenter.setText(tr("With notes, next stop and clock in a window of their own"))
        self._timer.setText(tr("Go on by itself after each stop's time"))
        self._loop.setText(tr("Kiosk: begin again after the last stop, without a cursor"))
        self._from_here.setText(tr("Begin with the stop that is chosen"))
