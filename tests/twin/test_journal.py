"""The journal: one sealed row per change."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from twin.city import City
from twin.edits.registry import RemoveLayer, RenameLayer, SetBuildingHeight, decode
from twin.project.journal import SEED
from twin.project.store import Project

RAISE = SetBuildingHeight(layer="buildings", building="nhà-1", height=30.0)


@pytest.fixture
def path(tmp_path: Path, city: City) -> Path:
    """A project with five journal rows."""
    path = tmp_path / "plan.gpkg"
    with Project.create(path, city, author="Lan") as project:
        project.document.do(RAISE)
        project.document.do(RenameLayer(layer="roads", name="Đường phố"))
        project.document.undo()
        project.document.redo()
        project.document.do(RemoveLayer(layer="ground"))
    return path


def execute(path: Path, sql: str) -> None:
    database = sqlite3.connect(path)
    with database:
        database.execute(sql)
    database.close()


def test_each_change_is_one_row(path: Path) -> None:
    with Project.open(path) as project:
        rows = project.journal_rows()
    assert [row.seq for row in rows] == [1, 2, 3, 4, 5]
    assert [row.action for row in rows] == ["do", "do", "undo", "redo", "do"]
    assert {row.author for row in rows} == {"Lan"}
    assert decode(rows[0].edit) == RAISE
    assert decode(rows[2].edit) == RenameLayer(layer="roads", name="Đường phố")
    times = [datetime.fromisoformat(row.time) for row in rows]
    assert times == sorted(times)
    assert abs(datetime.now(UTC) - times[-1]) < timedelta(minutes=5)


def test_the_seal_can_be_worked_out_with_nothing_but_sha256_and_json(path: Path) -> None:
    database = sqlite3.connect(path)
    rows = database.execute("SELECT * FROM dothi_journal ORDER BY seq").fetchall()
    database.close()
    previous = SEED
    for *parts, seal in rows:
        assert parts[-1] == previous
        text = json.dumps(parts, ensure_ascii=False, separators=(",", ":"))
        assert hashlib.sha256(text.encode()).hexdigest() == seal
        previous = seal


def test_an_untouched_journal_is_intact(path: Path) -> None:
    with Project.open(path) as project:
        assert project.journal_intact()
        assert project.notices == []
        project.document.undo()
        project.save()
        assert project.journal_intact()


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE dothi_journal SET edit = replace(edit, '30.0', '31.0') WHERE seq = 1",
        "UPDATE dothi_journal SET author = 'Minh' WHERE seq = 4",
        "UPDATE dothi_journal SET time = '2020-01-01T00:00:00Z' WHERE seq = 5",
        "UPDATE dothi_journal SET action = 'undo' WHERE seq = 4",
        "DELETE FROM dothi_journal WHERE seq = 3",
        "DELETE FROM dothi_journal WHERE seq = 1",
        "DELETE FROM dothi_journal WHERE seq = 5",
        "DELETE FROM dothi_journal",
        "UPDATE dothi_journal SET seq = 9 WHERE seq = 5",
        "INSERT INTO dothi_journal SELECT 6, time, author, action, edit, hash, hash"
        " FROM dothi_journal WHERE seq = 5",
    ],
)
def test_whoever_changes_the_journal_is_found_out(path: Path, sql: str) -> None:
    execute(path, sql)
    with Project.open(path, read_only=True) as project:
        assert not project.journal_intact()


def test_a_changed_row_ends_the_replay_and_is_told(path: Path) -> None:
    execute(path, "UPDATE dothi_journal SET edit = replace(edit, 'phố', 'x') WHERE seq = 2")
    with Project.open(path) as project:
        assert [one.code for one in project.notices] == ["journal-broken"]
        assert project.city.building("buildings", "nhà-1").height == 30
        assert project.city.layer("roads").name == "Đường"
        assert "ground" in project.city.layers


def test_what_follows_a_changed_row_is_not_saved_over(path: Path) -> None:
    execute(path, "UPDATE dothi_journal SET edit = replace(edit, 'phố', 'x') WHERE seq = 2")
    with Project.open(path) as project:
        assert project.read_only
        project.save_as(path.with_name("rescued.gpkg"))
        project.document.do(RemoveLayer(layer="roads"))
    with Project.open(path.with_name("rescued.gpkg")) as project:
        assert project.city.building("buildings", "nhà-1").height == 30
        assert "roads" not in project.city.layers
        assert not project.journal_intact()
    with Project.open(path) as project:
        assert len(project.journal_rows()) == 5


def test_an_edit_of_a_newer_version_waits(path: Path) -> None:
    with Project.open(path) as project:
        from twin.project import journal

        with project._database.transaction():
            journal.append(project._database, author="", action="do", edit='{"type":"build-metro"}')
    with Project.open(path) as project:
        assert {one.code for one in project.notices} == {"edit-unknown", "edits-waiting"}
        assert project.city.building("buildings", "nhà-1").height == 30
        assert "ground" not in project.city.layers
        assert project.journal_intact()


def test_the_version_of_a_city_changes_with_each_change(path: Path) -> None:
    with Project.open(path) as project:
        seen = {project.version}
        project.document.undo()
        seen.add(project.version)
        project.document.redo()
        seen.add(project.version)
    assert len(seen) == 3


def test_the_login_name_is_the_author_where_none_is_stated(path: Path, city: City) -> None:
    import getpass

    with Project.open(path) as project:
        project.document.undo()
        assert project.journal_rows()[-1].author == getpass.getuser()
