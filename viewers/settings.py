"""What the program remembers between two starts: theme, language, recent projects."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtCore import QByteArray, QSettings

from viewers.i18n import LANGUAGES, system_language
from viewers.theme import ThemeName, system_theme

RECENT_MAX = 8
LEAST_MB, USUAL_MB = 128, 768
"""MiB that tiles may take: at least, and where nothing was chosen."""


def most_mb() -> int:
    """MiB that tiles may take at most: half of the computer's memory."""
    import psutil

    return max(USUAL_MB, int(psutil.virtual_memory().total / 2**21))


class Settings:
    """Preferences of this person on this computer; `path` keeps them in a file of its own."""

    def __init__(self, path: Path | None = None) -> None:
        self._store = (
            QSettings(str(path), QSettings.Format.IniFormat)
            if path is not None
            else QSettings(QSettings.Format.IniFormat, QSettings.Scope.UserScope, "dothi", "dothi")
        )

    @property
    def theme(self) -> ThemeName:
        """ "light" or "dark"; the computer's own until one was chosen."""
        stored = self._store.value("theme")
        return stored if stored in ("light", "dark") else system_theme()

    @theme.setter
    def theme(self, name: ThemeName) -> None:
        self._store.setValue("theme", name)

    @property
    def language(self) -> str:
        """Language code; the computer's own until one was chosen."""
        stored = self._store.value("language")
        return stored if stored in LANGUAGES else system_language()

    @language.setter
    def language(self, code: str) -> None:
        self._store.setValue("language", code)

    @property
    def memory_mb(self) -> int:
        """MiB that tiles on the stage may take."""
        try:
            stored = int(str(self._store.value("memory", USUAL_MB)))
        except ValueError:
            return USUAL_MB
        return min(max(stored, LEAST_MB), most_mb())

    @memory_mb.setter
    def memory_mb(self, size: int) -> None:
        self._store.setValue("memory", size)

    @property
    def recent(self) -> list[Path]:
        """Projects opened lately, newest first; those that are gone are left out."""
        stored: Any = self._store.value("recent", [])
        names = [stored] if isinstance(stored, str) else list(stored or [])
        return [Path(name) for name in names if Path(name).is_file()]

    def add_recent(self, path: Path) -> None:
        """Put `path` first in the list of recent projects."""
        others = [str(p) for p in self.recent if p != path.absolute()]
        self._store.setValue("recent", [str(path.absolute()), *others][:RECENT_MAX])

    @property
    def folder(self) -> str:
        """Where the last file was chosen."""
        stored = str(self._store.value("folder", ""))
        return stored if stored and Path(stored).is_dir() else str(Path.home())

    @folder.setter
    def folder(self, path: str) -> None:
        self._store.setValue("folder", path)

    def geometry(self) -> tuple[QByteArray, QByteArray] | None:
        """Place and docks of the window as it was closed, or None."""
        place, docks = self._store.value("window/place"), self._store.value("window/docks")
        if isinstance(place, QByteArray) and isinstance(docks, QByteArray):
            return place, docks
        return None

    def set_geometry(self, place: QByteArray, docks: QByteArray) -> None:
        """Remember place and docks."""
        self._store.setValue("window/place", place)
        self._store.setValue("window/docks", docks)

    def sync(self) -> None:
        """Write to disk now."""
        self._store.sync()
