"""A whole project written to another file: journal, data, the way to its sources, cache."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from layers.atomic import atomic
from layers.progress import Progress
from twin.city import City
from twin.project import relocation, snapshot
from twin.project.cache import Cache, cache_folder
from twin.project.contents import Contents
from twin.project.database import Database
from twin.project.opening import clear_way
from twin.project.snapshot import AbsentLayer


def write_copy(
    contents: Contents,
    city: City | None,
    absent: Sequence[AbsentLayer],
    *,
    source: Path,
    path: Path,
    progress: Progress,
) -> Database:
    """Write the project `source`, whose data is `contents`, to `path`; the new file, open.

    `city` becomes the saved one there; None leaves what was saved, for edits that wait.

    Raises
    ------
    WriteError
        It cannot be written there.
    Cancelled
        `progress` was cancelled. What was at `path`, file and cache, is as it was either way.
    """
    cache = Cache(cache_folder(path))
    with (
        contents.cached_in(cache, progress.part(0.6, 0.95)),
        atomic(path) as temporary,
    ):
        contents.database.copy_to(temporary, progress.part(0.0, 0.4))
        _rewrite(
            Database(temporary, readonly=False, fresh=True),
            contents, city, absent, folders=(source.parent, path.parent), cache=cache,
            progress=progress.part(0.4, 0.6),
        )  # fmt: skip
        progress.step(0.97)
        clear_way(path)
    return Database(path, readonly=False)


def _rewrite(
    database: Database,
    contents: Contents,
    city: City | None,
    absent: Sequence[AbsentLayer],
    *,
    folders: tuple[Path, Path],
    cache: Cache,
    progress: Progress,
) -> None:
    old, new = folders
    try:
        copied = contents.moved_to(database, folder=new, cache=cache)
        with database.transaction():
            relocation.move_paths(database, old, new)
            if city is not None:
                snapshot.write(copied, city, absent, progress=progress)
    finally:
        database.close()
