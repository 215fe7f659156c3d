"""Which files are projects of ours, and which others must not be written over."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

from layers.errors import WriteError
from twin.city import City

_HEAD_BYTES = 1 << 20


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


def check_replaceable(path: Path, sources: Iterable[Path] = ()) -> None:
    """Whether a project may be written to `path` without asking: nothing is there, or a project,
    whole or damaged.

    Raises
    ------
    WriteError
        Something else is there, such as one of `sources`.
    """
    _check_not_among(path, sources)
    if path.is_dir():
        raise WriteError(
            f"{path.name} could not be written: it is a folder", hint="Choose another name."
        )
    if path.exists() and not is_project(path) and not _was_project(path):
        raise WriteError(
            f"{path.name} is there and is not a project of Dothi, so it is not written over",
            hint="Choose another name, or remove the file first.",
            code="would-lose-data",
        )


def check_no_source(path: Path, city: City) -> None:
    """Raises `WriteError` where a layer of `city` was read from the file `path`."""
    read = {layer.source.path for layer in city.layers.values() if layer.source is not None}
    _check_not_among(path, (Path(one) for one in read if one))


def _check_not_among(path: Path, sources: Iterable[Path]) -> None:
    for source in sources:
        try:
            same = path.samefile(source)
        except OSError:
            continue
        if same:
            raise WriteError(
                f"{path.name} is one of the files the city is read from, so it is not written over",
                hint="Choose another name.",
                code="would-lose-data",
            )


def _was_project(path: Path) -> bool:
    """Whether an empty file or a damaged project of ours is at `path`."""
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD_BYTES)
    except OSError:
        return True  # whoever may not read it will hear so when writing it
    return not head or b"dothi_" in head
