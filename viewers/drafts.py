"""Cities not saved yet, and pictures of saved ones: in the user's own folders, crash-safe."""

from __future__ import annotations

import hashlib
import re
import shutil
import uuid
from pathlib import Path

import platformdirs

NAME_MAX = 60


def drafts_folder() -> Path:
    """Where drafts lie: each in a folder of its own, so that all of it goes at once."""
    return Path(platformdirs.user_data_dir("dothi", appauthor=False)) / "drafts"


def new_draft(name: str) -> Path:
    """A free place for a draft of the city `name`."""
    plain = re.sub(r'[\x00-\x1f<>:"/\\|?*]', " ", name).strip(" .")[:NAME_MAX] or "city"
    folder = drafts_folder() / uuid.uuid4().hex[:12]
    folder.mkdir(parents=True)
    return folder / f"{plain}.gpkg"


def is_draft(path: Path) -> bool:
    """Whether the project at `path` is a draft."""
    return path.absolute().parent.parent == drafts_folder().absolute()


def remove_draft(path: Path) -> None:
    """Take a draft away, with everything beside it; nothing else is ever touched."""
    if is_draft(path):
        shutil.rmtree(path.parent, ignore_errors=True)


def left_drafts() -> list[Path]:
    """Drafts of a session that ended badly, newest first."""
    folder = drafts_folder()
    found = [path for path in folder.glob("*/*.gpkg") if not path.name.startswith(".")]
    return sorted(found, key=lambda path: path.stat().st_mtime, reverse=True)


def thumbnail_of(project: Path) -> Path:
    """Where the picture of `project` for the welcome page is kept; it need not be there."""
    key = hashlib.sha256(str(project.absolute()).encode()).hexdigest()[:20]
    folder = Path(platformdirs.user_cache_dir("dothi", appauthor=False)) / "thumbnails"
    return folder / f"{key}.png"
