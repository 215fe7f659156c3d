"""A new project file, written whole before it takes the place of what was there."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from pathlib import Path

from layers.atomic import atomic
from layers.progress import Progress
from layers.readers.registry import ReadOptions
from twin.city import City
from twin.project import schema, snapshot
from twin.project import view as views
from twin.project.cache import Cache, cache_folder
from twin.project.contents import Contents
from twin.project.database import Database
from twin.project.opening import Opened, clear_way, lock_for_new
from twin.project.view import View


def write_new(
    path: Path,
    city: City,
    *,
    options: Mapping[str, ReadOptions],
    view: View | None,
    progress: Progress,
) -> tuple[Opened, Contents]:
    """Write `city` to `path` (absolute) and open it.

    Raises
    ------
    WriteError
        The folder or the disk does not take it, or the project at `path` is open; what was there
        is untouched.
    """
    lock = lock_for_new(path, city)
    cache = Cache(cache_folder(path))
    try:
        with contextlib.ExitStack() as until_replaced, atomic(path) as temporary:
            database = Database(temporary, readonly=False, fresh=True)
            contents = Contents(database, folder=path.parent, cache=cache, crs=city.frame.crs)
            until_replaced.enter_context(contents.unless_failed())
            try:
                schema.lay_out(database)
                with database.transaction():
                    snapshot.write(contents, city, options=options, progress=progress)
                    views.write(database, view or {})
            finally:
                database.close()
            clear_way(path)
        opened = Opened(database=Database(path, readonly=False), lock=lock)
    except BaseException:
        lock.release()
        raise
    contents = contents.moved_to(opened.database, folder=path.parent, cache=cache)
    cache.keep_only(contents.records())
    return opened, contents
