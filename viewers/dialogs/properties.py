"""All that is known about a layer."""

from __future__ import annotations

from datetime import datetime

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFormLayout, QFrame, QScrollArea, QWidget

from layers.kinds.layer import Layer
from layers.source import Source
from viewers.dialogs.frame import Dialog
from viewers.i18n import day, number, said_notice, tr
from viewers.panels.facts import metres
from viewers.panels.kinds import counted, kind_name
from viewers.panels.words import label


class PropertiesDialog(Dialog):
    """Shows one layer."""

    def __init__(
        self, layer: Layer, system: str, *, grade: str = "", parent: QWidget | None = None
    ) -> None:
        super().__init__(parent, only_close=True)
        self._layer, self._system, self._grade = layer, system, grade
        self._scroll = QScrollArea()
        self._scroll.setWidgetResizable(True)
        self._scroll.setFrameShape(QFrame.Shape.NoFrame)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.body.addWidget(self._scroll)
        self.resize(560, 520)
        self.retranslate()

    def rows(self) -> list[tuple[str, str]]:
        """(name, value) pairs, empty ones left out."""
        layer = self._layer
        west, south, east, north = layer.bounds
        found = [
            (tr("Kind"), kind_name(layer)),
            (tr("Content"), counted(layer)),
            (tr("Data health"), self._grade),
            (tr("Coordinate system"), self._system),
            (tr("Heights above"), layer.vertical),
            (tr("Extent"), f"{metres(east - west, 0)} × {metres(north - south, 0)}"),
            (tr("South-west corner"), f"{number(west, 1)}  {number(south, 1)}"),
        ]
        if layer.source is not None:
            found += _source_rows(layer.source)
        for notice in layer.notices:
            what, hint = said_notice(notice)
            found.append((tr("Notice"), f"{what} {hint}".strip()))
        return [(name, value) for name, value in found if value]

    def retranslate(self) -> None:
        self.say_frame(self._layer.name, tr("Close"))
        page = QWidget()
        page.setObjectName("page")
        form = QFormLayout(page)
        form.setLabelAlignment(Qt.AlignmentFlag.AlignVCenter)
        form.setContentsMargins(14, 12, 14, 12)
        form.setSpacing(8)
        form.setLabelAlignment(Qt.AlignmentFlag.AlignLeft)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        for name, value in self.rows():
            shown = label("", value, wrap=True)
            shown.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            form.addRow(label("muted", name), shown)
        self._scroll.setWidget(page)


def _source_rows(source: Source) -> list[tuple[str, str]]:
    origin = {
        "file": tr("stated in the file"),
        "given": tr("given by you"),
        "derived": tr("derived"),
    }
    return [
        (tr("File"), source.path),
        (tr("Layer in the file"), source.layer),
        (tr("Format"), source.driver),
        (tr("System of the file"), source.file_crs),
        (tr("System known from"), origin.get(source.crs_from, source.crs_from)),
        (tr("Unit of the file"), source.units),
        (tr("Text encoding"), source.encoding),
        (tr("Size"), f"{number(source.size / 1e6, 1)} MB" if source.size else ""),
        (tr("Changed on"), _day(source.modified)),
        (tr("Fingerprint (SHA-256)"), source.sha256),
        (tr("Date of the data"), source.date),
        (tr("Source"), source.attribution),
        (tr("Licence"), source.licence),
    ]


def _day(text: str) -> str:
    try:
        return day(datetime.fromisoformat(text)) if text else ""
    except ValueError:
        return text
