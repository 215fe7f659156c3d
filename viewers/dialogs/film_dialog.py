"""Which film is wanted: path, size, time, where to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QFormLayout,
    QHBoxLayout,
    QLayout,
    QSpinBox,
    QWidget,
)

from viewers.dialogs.frame import Dialog
from viewers.film.making import BOOKMARKS, TURN, FilmRequest
from viewers.film.recorder import MOST_FPS
from viewers.i18n import locale, tr
from viewers.panels.words import field_label, label, padded

SIZES = ((1280, 720), (1920, 1080), (2560, 1440), (3840, 2160))


class FilmDialog(Dialog):
    """Returns `chosen()`, without a place to write to.

    Parameters
    ----------
    stories : (id, title) of each
    chosen : id of the story that is chosen at first; "" for the bookmarks
    """

    def __init__(
        self,
        stories: Sequence[tuple[str, str]],
        *,
        marks: int,
        chosen: str = "",
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._path = QComboBox()
        if marks:
            self._path.addItem("", BOOKMARKS)
        self._path.addItem("", TURN)
        for story, title in stories:
            self._path.addItem(title, story)
        self._path.setCurrentIndex(max(self._path.findData(chosen or BOOKMARKS), 0))
        self._stories = {story for story, _ in stories}
        self._size, self._kind = QComboBox(), QComboBox()
        for size in SIZES:
            self._size.addItem(f"{size[0]} × {size[1]}", size)
        self._size.setCurrentIndex(1)
        for suffix in (".mp4", ""):
            self._kind.addItem("", suffix)
        self._fps = padded(QSpinBox())
        self._fps.setRange(1, MOST_FPS)
        self._fps.setValue(30)
        self._seconds, self._stay = _time(3600), _time(60)
        self._eased, self._captions, self._draft = QCheckBox(), QCheckBox(), QCheckBox()
        self._eased.setChecked(True)
        self._captions.setChecked(True)
        self._note = label("muted", wrap=True)
        self._lay_out()
        self._path.currentIndexChanged.connect(lambda _: self._show_path())
        self.setMinimumWidth(480)
        self.retranslate()
        self._show_path()

    def _lay_out(self) -> None:
        self._labels = [field_label() for _ in range(6)]
        form = QFormLayout()
        form.setLabelAlignment(Qt.AlignmentFlag.AlignVCenter)
        form.setSpacing(12)
        size = QHBoxLayout()
        size.addWidget(self._size, 1)
        size.addWidget(self._fps)
        rows: tuple[QWidget | QLayout, ...] = (
            self._path,
            size,
            self._seconds,
            self._stay,
            self._kind,
        )
        for word, field in zip(self._labels, rows, strict=False):
            form.addRow(word, field)
        self.body.addLayout(form)
        for box in (self._eased, self._captions, self._draft):
            self.body.addWidget(box)
        self.body.addWidget(self._note)

    def _show_path(self) -> None:
        told = self._path.currentData() in self._stories
        for field in (self._seconds, self._stay, self._eased):
            field.setEnabled(not told)
        self._stay.setEnabled(self._path.currentData() == BOOKMARKS)
        self._captions.setEnabled(told)

    @property
    def suffix(self) -> str:
        """ ".mp4", or "" for a folder of pictures."""
        return str(self._kind.currentData())

    def chosen(self) -> FilmRequest:
        """What was chosen; `city` and `out` are still to be said."""
        request = FilmRequest(
            city=Path(),
            out=Path(),
            path=str(self._path.currentData()),
            size=self._size.currentData(),
            fps=self._fps.value(),
            captions=self._captions.isChecked(),
            draft=self._draft.isChecked(),
        )
        if request.path in self._stories:
            return request
        return replace(
            request,
            seconds=self._seconds.value(),
            stay=self._stay.value() if self._stay.isEnabled() else 0.0,
            speed="eased" if self._eased.isChecked() else "constant",
        )

    def retranslate(self) -> None:
        self.say_frame(tr("Save a film"), tr("Save…"))
        words = (tr("Along"), tr("Size"), tr("Lasts"), tr("Rest at each"), tr("Format"))
        for word, text in zip(self._labels, words, strict=False):
            word.setText(text)
        for data, text in ((BOOKMARKS, tr("All bookmarks")), (TURN, tr("Once round the city"))):
            place = self._path.findData(data)
            if place >= 0:
                self._path.setItemText(place, text)
        self._fps.setSuffix(" " + tr("frames a second"))
        self._seconds.setSpecialValueText(tr("as long as a calm flight takes"))
        self._stay.setSpecialValueText(tr("none"))
        self._kind.setItemText(0, tr("Film") + " (MP4, H.264)")
        self._kind.setItemText(1, tr("Folder of numbered pictures") + " (PNG)")
        self._eased.setText(tr("Start and end softly"))
        self._captions.setText(tr("With captions and pictures of the story"))
        self._draft.setText(tr("Draft: fast, without shadows"))
        self._note.setText(
            tr(
                "The film is made beside the window. The status bar says how far it is, and stops it."
            )
        )


def _time(most: float) -> QDoubleSpinBox:
    field = padded(QDoubleSpinBox())
    field.setLocale(locale())
    field.setRange(0.0, most)
    field.setDecimals(1)
    field.setSuffix(" s")
    return field
