"""Whether a table is as we wrote it: triggers change its mark, whoever writes, QGIS too."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from twin.project.database import Database, quoted

_TABLE = "dothi_touched"
_WHENS = ("INSERT", "UPDATE", "DELETE")


def watch(database: Database, table: str) -> None:
    """Give `table` a mark that changes with every row that is written, in the caller's transaction."""
    database.execute(
        f"CREATE TABLE IF NOT EXISTS {_TABLE} (table_name TEXT NOT NULL PRIMARY KEY,"
        " mark TEXT NOT NULL)"
    )
    database.execute(f"INSERT OR REPLACE INTO {_TABLE} VALUES (?, hex(randomblob(8)))", (table,))
    database.execute(
        f"CREATE INDEX IF NOT EXISTS {quoted(f'{table}_changed')} ON {quoted(table)} (changed)"
        " WHERE changed IS NOT NULL"
    )
    literal = table.replace("'", "''")
    for when in _WHENS:
        database.execute(
            f"CREATE TRIGGER IF NOT EXISTS {quoted(_trigger(table, when))} AFTER {when}"
            f" ON {quoted(table)} BEGIN UPDATE {_TABLE} SET mark = hex(randomblob(8))"
            f" WHERE table_name = '{literal}'; END"
        )


def mark(database: Database, table: str) -> str:
    """The table's mark; "" where nobody watches it, as in a file of an older version."""
    names = [_trigger(table, when) for when in _WHENS]
    places = ", ".join("?" * len(names))
    (found,) = database.rows(
        f"SELECT count(*) FROM sqlite_master WHERE (type = 'trigger' AND tbl_name = ?"
        f" AND name IN ({places})) OR (type = 'table' AND name = '{_TABLE}')",
        (table, *names),
    )
    if int(found[0]) != len(names) + 1:
        return ""
    rows = database.rows(f"SELECT mark FROM {_TABLE} WHERE table_name = ?", (table,))
    return str(rows[0][0]) if rows else ""


def forget(database: Database, table: str) -> None:
    """The table is gone, and its triggers with it."""
    if database.rows("SELECT 1 FROM sqlite_master WHERE name = ?", (_TABLE,)):
        database.execute(f"DELETE FROM {_TABLE} WHERE table_name = ?", (table,))


@contextlib.contextmanager
def unmarked(database: Database, table: str) -> Iterator[None]:
    """What the block writes does not count: it leaves the survey as it was."""
    before = mark(database, table)
    yield
    if before:
        database.execute(f"UPDATE {_TABLE} SET mark = ? WHERE table_name = ?", (before, table))


def _trigger(table: str, when: str) -> str:
    return f"dothi_{table}_{when.lower()}"
