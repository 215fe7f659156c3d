"""The systems that would put a file at a plausible place, each with its reason; none is chosen."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QButtonGroup, QRadioButton, QVBoxLayout, QWidget

from layers.crs import VIETNAM, explain_candidates
from layers.crs_guess import Candidate
from layers.readers.registry import SourcePreview
from viewers.dialogs.crs_field import titled
from viewers.i18n import language, say, tr
from viewers.panels.words import clear, label

MOST = 5


class CrsChoices(QWidget):
    """A line per candidate; says which was chosen by hand."""

    chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 2, 0, 2)
        self._column.setSpacing(3)
        self._buttons = QButtonGroup(self)
        self._shown: object = None

    def show_candidates(self, found: Sequence[Candidate], crs: str) -> None:
        """Show candidates best first; `crs` is what was chosen, "" for nothing yet."""
        shown = (tuple(found), language())
        if shown == self._shown:
            for button in self._buttons.buttons():
                button.setChecked(button.isEnabled() and button.property("crs") == crs)
            return
        self._shown = shown
        clear(self._column)
        self._buttons.deleteLater()
        self._buttons = QButtonGroup(self)
        if len(vietnamese(found)) > 1:
            self._column.addWidget(label("value", tr("Several systems of Vietnam fit."), wrap=True))
            self._column.addWidget(
                label(
                    "muted",
                    tr(
                        "EPSG:5897 and EPSG:3405, for example, lie about 700 m apart in Hà Nội. "
                        "The numbers alone cannot tell them apart: ask whoever made the file."
                    ),
                    wrap=True,
                )
            )
        for one in found[:MOST]:
            self._add(one, crs)

    def _add(self, one: Candidate, crs: str) -> None:
        button = QRadioButton(titled(one.crs))
        button.setProperty("crs", one.crs)
        button.setChecked(one.crs == crs and not one.swapped)
        # Nothing here can make x and y change places, so such a system is told, not offered.
        button.setEnabled(not one.swapped)
        button.clicked.connect(lambda _=False, code=one.crs: self.chosen.emit(code))
        self._buttons.addButton(button)
        self._column.addWidget(button)
        why = label("muted", say(one.reason), wrap=True)
        why.setContentsMargins(24, 0, 0, 4)
        self._column.addWidget(why)


def vietnamese(found: Sequence[Candidate]) -> list[str]:
    """Codes among `found` that are systems of Vietnam, each once."""
    return list(dict.fromkeys(c.crs for c in found[:MOST] if c.crs in VIETNAM and not c.swapped))


def candidates_of(preview: SourcePreview) -> tuple[Candidate, ...]:
    """Systems that would fit a source that states none. The first call in a thread takes seconds."""
    if preview.crs or preview.bounds is None:
        return ()
    return explain_candidates(preview.bounds)
