"""A field for a coordinate system: candidates to choose from, or a code to type."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QLineEdit, QWidget

from layers.crs import VIETNAM, describe, normalise
from layers.errors import CrsError
from viewers.i18n import tr

NAMES_MAX = 60


class CrsField(QComboBox):
    """Shows a CRS by code and name; `crs()` is normalised text, "" while the field is empty."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._needed = False
        self._line = QLineEdit()
        self.setLineEdit(self._line)
        self.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(18)
        self.activated.connect(self._tell)
        self._line.editingFinished.connect(self._tell)

    def show_crs(
        self,
        crs: str,
        candidates: Sequence[str] = (),
        *,
        needed: bool = False,
        empty: str = "",
    ) -> None:
        """Offer `candidates` first, then Vietnam's systems; `empty` is the word for no choice."""
        self._needed = needed
        self.clear()
        if empty:
            self.addItem(empty, "")
        for code in unique([crs, *candidates, *VIETNAM]):
            self.addItem(titled(code), code)
        if crs:
            self.setCurrentIndex(self.findData(crs))
        elif empty:
            self.setCurrentIndex(0)
        else:
            self.setCurrentIndex(-1)
            self.setEditText("")
        self._line.setPlaceholderText(tr("Choose, or type an EPSG code"))
        self._mark()

    def crs(self) -> str:
        """The CRS chosen or typed.

        Raises
        ------
        CrsError
            What was typed is not a coordinate system.
        """
        index = self.currentIndex()
        text = self.currentText().strip()
        if index >= 0 and self.itemText(index) == text:
            return str(self.itemData(index) or "")
        return (
            normalise(text.split(" ")[0] if text.upper().startswith("EPSG") else text)
            if text
            else ""
        )

    def problem(self) -> str:
        """Why the field cannot be taken as it is; "" if it can."""
        try:
            crs = self.crs()
        except CrsError as error:
            return error.what
        return tr("A coordinate system is needed") if self._needed and not crs else ""

    def _tell(self) -> None:
        self._mark()
        self.changed.emit()

    def _mark(self) -> None:
        self.setProperty("wrong", bool(self.problem()))
        self.style().polish(self)


def titled(crs: str) -> str:
    """A CRS as people read it: "EPSG:5897 · VN-2000 / Hanoi TM-3 zone 105"."""
    try:
        info = describe(crs)
    except CrsError:
        return crs[:NAMES_MAX]
    name = info.name[:NAMES_MAX]
    return f"{info.authority} · {name}" if info.authority else name


def unique(codes: Sequence[str]) -> list[str]:
    """Codes in their order, each once, empty ones left out."""
    return [code for code in dict.fromkeys(codes) if code]


def metric(crs: str) -> bool:
    """Whether a city can stand in `crs`: projected, in metres."""
    try:
        info = describe(crs)
    except CrsError:
        return False
    return info.is_projected and abs(info.metres_per_unit - 1) < 1e-9
