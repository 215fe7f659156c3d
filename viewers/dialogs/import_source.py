"""One source in the import dialog: what was found, and what is said about it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QFormLayout,
    QFrame,
    QLineEdit,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from layers.crs_guess import Candidate
from layers.readers.registry import SourcePreview
from layers.text import ENCODINGS
from twin.recipe import HeightUnit, SourceRequest
from viewers.dialogs.crs_choices import CrsChoices, candidates_of
from viewers.dialogs.crs_field import CrsField, titled
from viewers.dialogs.thumbnail import Thumbnail
from viewers.i18n import locale, mark, number, say, tr, whole
from viewers.panels.kinds import KINDS, ROLES
from viewers.panels.words import Retranslated, field_label, label

ROLES_OF = {
    "points": ("", "lidar"),
    "elevation": ("", "ground", "surface", "buildings-above-ground", "canopy-above-ground"),
    "imagery": ("", "imagery"),
    "buildings": ("", "city"),
    "mesh": ("", "city"),
    "features": (
        "", "footprints", "roads", "water", "green", "trees", "parcels", "zoning", "features",
    ),
}  # fmt: skip
UNITS = {
    "": mark("As the file says"),
    "m": mark("Metres"),
    "ft": mark("Feet (international)"),
    "us-ft": mark("Feet (US survey)"),
}
ENCODING_NAMES = {
    "utf-8": "UTF-8",
    "cp1258": "Windows-1258",
    "tcvn3": "TCVN3 (ABC)",
    "vni": "VNI",
    "cp1252": "Windows-1252",
    "latin-1": "Latin-1",
}


@dataclass(slots=True)
class Source:
    """One layer of one file, and the answers so far (the dialog's own, thrown away with it)."""

    path: Path
    preview: SourcePreview
    wanted: bool = True
    role: str = ""
    crs: str = ""
    height_unit: HeightUnit = ""
    encoding: str = ""
    id_column: str = ""
    height_column: str = ""
    attribution: str = ""
    wrong: str = field(default="")
    fitting: tuple[Candidate, ...] | None = None
    """Systems that would fit where the file states none; None where nobody looked yet."""

    @property
    def name(self) -> str:
        """File, and layer in it."""
        layer = self.preview.layer
        own = layer and layer != self.path.stem
        return f"{self.path.name} · {layer}" if own else self.path.name

    @property
    def layer_name(self) -> str:
        """What the layer will be called; "" leaves it to the reader, which takes the file's name."""
        layer = self.preview.layer
        if not layer or layer == self.path.stem:
            return ""
        return layer if self.path.suffix.lower() == ".gpkg" else f"{self.path.stem} · {layer}"

    @property
    def missing_crs(self) -> bool:
        """Whether it must still be asked where on Earth it lies."""
        return self.wanted and not self.preview.crs and not self.crs

    def request(self) -> SourceRequest:
        """What the builder is asked for."""
        return SourceRequest(
            path=str(self.path),
            layer=self.preview.layer,
            name=self.layer_name,
            role=self.role or self.preview.role,
            crs=self.crs if self.crs != self.preview.crs else "",
            force_crs=bool(self.crs and self.preview.crs and self.crs != self.preview.crs),
            id=self.id_column,
            height=self.height_column,
            encoding=self.encoding,
            height_unit=self.height_unit,
            attribution=self.attribution,
        )


class SourceForm(Retranslated, QWidget):
    """Shows one source, writes the answers into it, and says `changed`."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._source: Source | None = None
        self._picture = Thumbnail()
        self._facts = label("muted", wrap=True)
        self._diagnosis = label("", wrap=True)
        self._diagnosis_box = QFrame()
        self._diagnosis_box.setObjectName("warn")
        QVBoxLayout(self._diagnosis_box).addWidget(self._diagnosis)
        self._crs = CrsField()
        self._crs_why = label("muted", wrap=True)
        self._choices = CrsChoices()
        self._choices.chosen.connect(self._take_choice)
        self._role, self._unit, self._encoding = QComboBox(), QComboBox(), QComboBox()
        self._id, self._height = QComboBox(), QComboBox()
        self._attribution = QLineEdit()
        self._form = QFormLayout()
        self._form.setLabelAlignment(Qt.AlignmentFlag.AlignVCenter)
        self._form.setLabelAlignment(Qt.AlignmentFlag.AlignVCenter)
        self._form.setSpacing(9)
        self._form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        self._words = [field_label() for _ in range(7)]
        fields = (
            self._role, self._crs, self._unit, self._encoding,
            self._id, self._height, self._attribution,
        )  # fmt: skip
        for word, editor in zip(self._words, fields, strict=True):
            self._form.addRow(word, editor)
        page = QWidget()
        page.setObjectName("page")
        column = QVBoxLayout(page)
        column.setContentsMargins(14, 12, 14, 12)
        for part in (self._picture, self._facts, self._diagnosis_box, self._crs_why, self._choices):
            column.addWidget(part)
        column.addLayout(self._form)
        column.addStretch(1)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setWidget(page)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(scroll)
        for box in (self._role, self._unit, self._encoding, self._id, self._height):
            box.activated.connect(self._take)
        self._crs.changed.connect(self._take)
        self._attribution.editingFinished.connect(self._take)
        self.retranslate()

    def show_source(self, source: Source | None) -> None:
        """Show another one; None shows an empty form."""
        self._source = source
        self.setEnabled(source is not None)
        self._picture.show_preview(source.preview if source is not None else None)
        if source is None:
            self._facts.setText("")
            self._diagnosis_box.hide()
            return
        preview = source.preview
        self._facts.setText(facts(source))
        self._show_diagnosis(source)
        roles = ROLES_OF.get(preview.kind, ("",))
        extra = () if preview.role in roles else (preview.role,)
        _offer(
            self._role,
            {r: tr(ROLES.get(r, r)) for r in (*roles, *extra)},
            source.role or preview.role,
        )
        self._crs.show_crs(source.crs or preview.crs, preview.candidates, needed=not preview.crs)
        self._show_why(source)
        _offer(self._unit, {k: tr(v) for k, v in UNITS.items()}, source.height_unit)
        encodings = {"": tr("Detect")} | {e: ENCODING_NAMES.get(e, e) for e in ENCODINGS}
        _offer(self._encoding, encodings, source.encoding)
        columns = {"": tr("None")} | {c: c for c in preview.columns}
        _offer(self._id, columns, source.id_column)
        _offer(self._height, {**columns, "": tr("By its name")}, source.height_column)
        self._attribution.setText(source.attribution)
        self._show_rows(source)

    def _show_rows(self, source: Source) -> None:
        kind = source.preview.kind
        table = kind == "features"
        footprints = table and (source.role or source.preview.role) == "footprints"
        shown = (True, True, kind in ("points", "elevation"), table, table, footprints, True)
        for row, visible in enumerate(shown):
            self._form.setRowVisible(row, visible)

    def _show_diagnosis(self, source: Source) -> None:
        lines = [say(sentence) for _, sentence in source.preview.diagnosis]
        self._diagnosis.setText("\n".join(lines))
        self._diagnosis_box.setVisible(bool(lines))

    def _show_why(self, source: Source) -> None:
        if not source.preview.crs:
            text = tr(
                "This file does not say where on Earth it lies. Choose one of these systems, "
                "or type another one below."
            )
        elif source.crs and source.crs != source.preview.crs:
            text = tr("The file says {crs}; you say otherwise.", crs=titled(source.preview.crs))
        else:
            text = ""
        self._crs_why.setText(text)
        self._crs_why.setVisible(bool(text))
        if source.fitting is None:
            source.fitting = candidates_of(source.preview)
        found = source.fitting
        self._choices.show_candidates(found, source.crs)
        self._choices.setVisible(bool(found))

    def _take_choice(self, crs: str) -> None:
        if self._source is not None:
            offered = self._source.preview.candidates
            self._crs.show_crs(crs, offered, needed=not self._source.preview.crs)
            # The choices are shown anew by this; not while their button still answers its click.
            QTimer.singleShot(0, self, self._take)

    def _take(self) -> None:
        source = self._source
        if source is None:
            return
        source.role = str(self._role.currentData() or "")
        source.wrong = self._crs.problem()
        source.crs = "" if source.wrong else self._crs.crs()
        source.height_unit = self._unit.currentData() or ""
        source.encoding = str(self._encoding.currentData() or "")
        source.id_column = str(self._id.currentData() or "")
        source.height_column = str(self._height.currentData() or "")
        source.attribution = self._attribution.text().strip()
        self._show_why(source)
        self._show_rows(source)
        self.changed.emit()

    def retranslate(self) -> None:
        words = (
            tr("Used as"),
            tr("Coordinate system"),
            tr("Unit of heights"),
            tr("Text encoding"),
            tr("Identifier column"),
            tr("Height column"),
            tr("Source"),
        )
        for word, text in zip(self._words, words, strict=True):
            word.setText(text)
        self._attribution.setPlaceholderText(tr("Who made it, for example “© OpenStreetMap”"))
        self._attribution.setLocale(locale())
        if self._source is not None:
            self.show_source(self._source)


def facts(source: Source) -> str:
    """Kind, count, extent and unit in one or two lines."""
    preview = source.preview
    parts = [tr(KINDS.get(preview.kind, preview.kind))]
    if preview.count >= 0:
        parts.append(tr("{count} things", count=whole(preview.count)))
    if preview.bounds is not None and preview.units != "degree":
        west, south, east, north = preview.bounds
        parts.append(f"{number(east - west)} × {number(north - south)} {say(preview.units)}")
    if preview.crs:
        parts.append(preview.crs_name or titled(preview.crs))
    return " · ".join(parts)


def _offer(box: QComboBox, choices: dict[str, str], chosen: str) -> None:
    box.clear()
    for value, text in choices.items():
        box.addItem(text, value)
    box.setCurrentIndex(max(box.findData(chosen), 0))
