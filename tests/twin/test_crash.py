"""A process that is killed loses nothing that was done."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest
from cities import differences, make_buildings, make_city, make_ground, make_points, make_roads

from twin.project.store import Project

BEGIN = """
    import sys
    from pathlib import Path
    from cities import *
    from layers.kinds import buildings
    from twin.edits.registry import *
    from twin.project.store import Project
    path = Path(sys.argv[1])
    def raised(to): return SetBuildingHeight(layer="buildings", building="nhà-1", height=to)
    def done(): print("done", flush=True); import time; time.sleep(600)
"""


def kill_after(script: str, path: Path, wait: float = 0.0) -> int:
    """Run `script` in a process of its own and kill it `wait` seconds after it said "done".

    The last number it said after that, 0 where there was none.
    """
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(BEGIN) + textwrap.dedent(script), str(path)],
        stdout=subprocess.PIPE,
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join(
                [str(Path(__file__).parent), str(Path(__file__).parents[2])]
            ),
            "PYTHONUTF8": "1",
        },
    )
    assert process.stdout is not None
    try:
        assert process.stdout.readline().strip() == b"done"
        time.sleep(wait)
    finally:
        process.kill()
        process.wait()
    with process.stdout:
        lines = process.stdout.read().splitlines(keepends=True)
    whole = [int(line) for line in lines if line.endswith(b"\n")]
    return whole[-1] if whole else 0


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "plan.gpkg"
    Project.create(path, make_city(make_ground(), make_buildings(), make_roads())).close()
    return path


def test_an_edit_survives_a_kill_right_after_it(path: Path) -> None:
    kill_after("Project.open(path).document.do(raised(61.5)); done()", path)
    with Project.open(path) as project:
        assert not project.read_only
        assert project.notices == []
        assert project.city.building("buildings", "nhà-1").height == 61.5
        assert project.journal_intact()
        project.document.undo()
        assert project.city.building("buildings", "nhà-1").height == pytest.approx(10.3)
    assert {found.name for found in path.parent.iterdir()} == {path.name}


def test_undo_and_redo_survive_a_kill(path: Path) -> None:
    script = """
        project = Project.open(path)
        for height in (20.0, 30.0, 40.0): project.document.do(raised(height))
        project.document.undo(); project.document.undo(); project.document.redo()
        done()
    """
    kill_after(script, path)
    with Project.open(path) as project:
        assert project.city.building("buildings", "nhà-1").height == 30
        project.document.redo()
        assert project.city.building("buildings", "nhà-1").height == 40


def test_an_added_layer_survives_a_kill_with_its_data(path: Path) -> None:
    kill_after("Project.open(path).document.do(AddLayer(layer=make_points())); done()", path)
    with Project.open(path) as project:
        assert differences(make_points(), project.city.layers["points"]) == []


def test_undo_beyond_a_save_survives_a_kill(path: Path) -> None:
    script = """
        project = Project.open(path)
        project.document.do(RemoveLayer(layer="roads"))
        project.save()
        project.document.undo()
        done()
    """
    kill_after(script, path)
    with Project.open(path) as project:
        assert differences(make_roads(), project.city.layers["roads"]) == []


def test_a_kill_in_the_middle_of_saving_leaves_the_plan_before_it(path: Path) -> None:
    script = """
        from twin.project import snapshot
        project = Project.open(path)
        project.document.do(raised(61.5))
        whole = snapshot.write
        def half(*args, **named):
            whole(*args, **named)
            project._database.execute("PRAGMA cache_spill=1")
            project._database.execute("PRAGMA cache_size=1")
            project._database.execute("UPDATE buildings SET use = hex(randomblob(20000))")
            done()  # written over the file, but not committed
        snapshot.write = half
        project.save()
    """
    kill_after(script, path)
    assert path.with_name(path.name + "-journal").exists()  # half written indeed
    with Project.open(path) as project:
        assert project.notices == []
        building = project.city.building("buildings", "nhà-1")
        assert (building.height, building.use) == (61.5, "nhà ở")
        assert project.document.undo_label == "set nhà-1 to 61.5 m"
        assert project.journal_intact()
    assert {found.name for found in path.parent.iterdir()} == {path.name}


def test_creating_over_a_half_written_project_does_not_mix_the_two(path: Path) -> None:
    script = """
        project = Project.open(path)
        with project._database.transaction():
            project._database.execute("PRAGMA cache_size=1")
            project._database.execute("UPDATE buildings SET use = hex(randomblob(20000))")
            done()
    """
    kill_after(script, path)
    assert path.with_name(path.name + "-journal").exists()
    Project.create(path, make_city(make_points())).close()
    with Project.open(path) as project:
        assert list(project.city.layers) == ["points"]
        assert project.notices == []


def test_a_kill_while_creating_leaves_the_old_project(path: Path) -> None:
    script = """
        from twin.project import writing
        writing.clear_way = lambda path: done()
        Project.create(path, make_city())
    """
    kill_after(script, path)
    with Project.open(path) as project:
        assert list(project.city.layers) == ["ground", "buildings", "roads"]


@pytest.mark.parametrize("wait", [0.0, 0.02, 0.05, 0.11, 0.2])
def test_whatever_the_moment_nothing_that_was_said_to_be_done_is_lost(
    path: Path, wait: float
) -> None:
    script = """
        project = Project.open(path)
        print("done", flush=True)
        for height in range(1, 1000):
            project.document.do(raised(float(height)))
            print(height, flush=True)
            if height % 7 == 0: project.save()
            if height % 5 == 0: project.document.undo(); project.document.redo()
    """
    said = kill_after(script, path, wait)
    with Project.open(path) as project:
        height = project.city.building("buildings", "nhà-1").height
        assert height in (said, said + 1, pytest.approx(10.3) if said == 0 else said - 1)
        assert project.journal_intact()
        assert not project.read_only
        # At most the one undo between two numbers may be what the kill left standing.
        if height == said - 1:
            assert project.journal_rows()[-1].action == "undo"
    assert {found.name for found in path.parent.iterdir()} == {path.name}


def test_the_lock_of_a_killed_process_is_open(path: Path) -> None:
    kill_after("project = Project.open(path); done()", path)
    assert path.with_name(path.name + "-lock").exists()
    with Project.open(path) as project:
        assert not project.read_only


def test_a_second_process_looks_only(path: Path) -> None:
    """The other way round: here it is open, another process wants it too."""
    script = """
        from layers.errors import CityError
        project = Project.open(path)
        assert project.read_only
        (notice,) = project.notices
        assert notice.code == "project-open-elsewhere", notice
        assert "already open on this computer (process" in notice.what, notice
        assert notice.hint
        assert project.city.building("buildings", "nhà-1").height == 33.0
        for ask in (
            lambda: project.document.do(raised(5.0)),
            project.save,
            lambda: Project.create(path, make_city()),
        ):
            try:
                ask()
            except CityError as refused:
                assert refused.hint
            else:
                raise AssertionError
        project.save_view({"a": 1})
        project.save_as(path.with_name("other.gpkg"))
        project.document.do(raised(5.0))
        project.close()
        done()
    """
    with Project.open(path) as project:
        from twin.edits.registry import SetBuildingHeight

        project.document.do(SetBuildingHeight(layer="buildings", building="nhà-1", height=33.0))
        kill_after(script, path)
        project.document.undo()
        assert project.view == {}
        assert len(project.journal_rows()) == 2
    with Project.open(path.with_name("other.gpkg")) as other:
        assert other.city.building("buildings", "nhà-1").height == 5
        assert other.journal_intact()
