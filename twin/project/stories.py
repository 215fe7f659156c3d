"""Stories of the saved city, and the pictures that their stops show."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from layers.errors import ReadError
from twin.city import City
from twin.project.database import Database
from twin.story import Story

_TABLES = (
    """CREATE TABLE IF NOT EXISTS dothi_stories (id TEXT NOT NULL PRIMARY KEY,
       position INTEGER NOT NULL, story TEXT NOT NULL)""",
    """CREATE TABLE IF NOT EXISTS dothi_pictures (key TEXT NOT NULL PRIMARY KEY,
       data BLOB NOT NULL)""",
)


def write(database: Database, city: City) -> None:
    """Make the stories of `city` the saved ones, in the caller's transaction.

    The tables are made when there is first something to keep. Of pictures, those are written that
    a stop shows; the journal has the others.
    """
    if not city.stories and not _there(database):
        return
    for statement in _TABLES:
        database.execute(statement)
    database.execute("DELETE FROM dothi_stories")
    database.execute_many(
        "INSERT INTO dothi_stories VALUES (?,?,?)",
        [
            (story.id, place, msgspec.json.encode(story).decode())
            for place, story in enumerate(city.stories.values())
        ],
    )
    wanted = {stop.picture for story in city.stories.values() for stop in story.stops} - {""}
    known = {str(key) for (key,) in database.rows("SELECT key FROM dothi_pictures")}
    database.execute_many(
        "DELETE FROM dothi_pictures WHERE key = ?", [(key,) for key in known - wanted]
    )
    database.execute_many(
        "INSERT INTO dothi_pictures VALUES (?,?)",
        [(key, city.pictures[key]) for key in sorted(wanted - known)],
    )


def read(database: Database) -> tuple[Mapping[str, Story], Mapping[str, bytes]]:
    """Stories in their order, and pictures by key; none where none were ever saved.

    Raises
    ------
    ReadError
        A story is damaged.
    """
    if not _there(database):
        return {}, {}
    rows = database.rows("SELECT story FROM dothi_stories ORDER BY position, id")
    try:
        stories = [msgspec.json.decode(str(text), type=Story) for (text,) in rows]
    except msgspec.MsgspecError as damage:
        raise ReadError(
            f"{database.path.name} is damaged: {damage}",
            hint="Go back to a copy of it.",
            code="project-damaged",
        ) from damage
    pictures = database.rows("SELECT key, data FROM dothi_pictures")
    return {one.id: one for one in stories}, {str(key): bytes(data) for key, data in pictures}


def _there(database: Database) -> bool:
    return bool(
        database.rows("SELECT 1 FROM sqlite_master WHERE type='table' AND name='dothi_stories'")
    )
