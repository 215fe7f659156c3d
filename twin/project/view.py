"""How the city was looked at: kept with the project, no part of the plan."""

from __future__ import annotations

from typing import Any

import msgspec

from twin.project.database import Database

View = dict[str, Any]


def read(database: Database) -> View:
    """What `write` kept; empty where there is nothing of use, for a plan opens without it."""
    rows = database.rows("SELECT view FROM dothi_view")
    try:
        view = msgspec.json.decode(str(rows[0][0])) if rows else {}
    except msgspec.MsgspecError:
        return {}
    return view if isinstance(view, dict) else {}


def write(database: Database, view: View) -> None:
    """Keep `view`, in the caller's transaction; what JSON does not know is written as text."""
    text = msgspec.json.encode(view, enc_hook=str).decode()
    database.execute("INSERT OR REPLACE INTO dothi_view VALUES (1, ?)", (text,))
