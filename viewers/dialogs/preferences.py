"""Preferences: theme, language, memory for what is drawn."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QFormLayout, QSpinBox, QWidget

from viewers.dialogs.frame import Dialog
from viewers.i18n import LANGUAGES, tr
from viewers.panels.words import field_label, padded
from viewers.settings import LEAST_MB, most_mb
from viewers.theme import ThemeName


@dataclass(frozen=True, slots=True, kw_only=True)
class Preferences:
    """What can be preferred."""

    theme: ThemeName
    language: str
    memory_mb: int


class PreferencesDialog(Dialog):
    """Returns `chosen()` when accepted."""

    def __init__(self, now: Preferences, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme, self._language = QComboBox(), QComboBox()
        for name in ("light", "dark"):
            self._theme.addItem("", name)
        for code, name in LANGUAGES.items():
            self._language.addItem(name, code)
        self._theme.setCurrentIndex(self._theme.findData(now.theme))
        self._language.setCurrentIndex(self._language.findData(now.language))
        self._memory = padded(QSpinBox())
        self._memory.setRange(LEAST_MB, most_mb())
        self._memory.setSingleStep(128)
        self._memory.setSuffix(" MiB")
        self._memory.setValue(now.memory_mb)
        self._words = [field_label(), field_label(), field_label()]
        form = QFormLayout()
        form.setLabelAlignment(Qt.AlignmentFlag.AlignVCenter)
        form.setSpacing(12)
        for word, field in zip(
            self._words, (self._theme, self._language, self._memory), strict=True
        ):
            form.addRow(word, field)
        self.body.addLayout(form)
        self.body.addStretch(1)
        self.setMinimumWidth(420)
        self.retranslate()

    def chosen(self) -> Preferences:
        """What was chosen."""
        return Preferences(
            theme=self._theme.currentData(),
            language=self._language.currentData(),
            memory_mb=self._memory.value(),
        )

    def retranslate(self) -> None:
        self.say_frame(tr("Preferences"), tr("OK"))
        self._theme.setItemText(0, tr("Light"))
        self._theme.setItemText(1, tr("Dark"))
        said = (tr("Theme"), tr("Language"), tr("Memory for tiles"))
        for word, text in zip(self._words, said, strict=True):
            word.setText(text)
        self._memory.setToolTip(
            tr("What is drawn may take so much; what was longest out of sight is dropped first")
        )
