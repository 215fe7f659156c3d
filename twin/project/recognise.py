"""Which files are projects of ours."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path


def is_project(path: Path) -> bool:
    """Whether the file is a project: a GeoPackage with our tables."""
    if path.suffix.lower() != ".gpkg" or not path.is_file():
        return False
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as database:
            found = database.execute(
                "SELECT count(*) FROM sqlite_master WHERE name LIKE 'dothi\\_%' ESCAPE '\\'"
            ).fetchone()
    except sqlite3.Error:
        return False
    return bool(found and found[0])
