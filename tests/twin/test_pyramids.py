"""Tiles of a project are made ahead once, in its cache, and follow what is edited."""

from __future__ import annotations

import pytest
from cities import make_buildings, make_city

from layers.errors import Cancelled
from layers.progress import Progress
from twin import pyramids
from twin.edits.buildings import SetBuildingHeight
from twin.project.store import Project
from twin.pyramids import build_pyramids, unprepared


@pytest.fixture
def path(tmp_path, monkeypatch):
    monkeypatch.setattr(pyramids, "LEAST", 1000)
    made = tmp_path / "a.gpkg"
    Project.create(made, make_city(make_buildings(6000))).close()
    return made


def test_tiles_are_made_once_and_again_where_the_plan_changed(path):
    with Project.open(path) as project:
        assert unprepared(project)
        made = build_pyramids(project)
        assert made > 8 and not unprepared(project)
        assert build_pyramids(project) == 0
        project.document.do(SetBuildingHeight(layer="buildings", building="nhà-7", height=50.0))
        assert 1 < build_pyramids(project) < made
    tiles = list((path.parent / "a.cache" / "tiles").glob("*/*.tile"))
    assert len(tiles) == made + 1  # and the plan


def test_a_stopped_making_goes_on(path):
    with Project.open(path) as project:
        stop = Progress(lambda fraction, _: stop.cancel() if fraction > 0.5 else None)
        with pytest.raises(Cancelled):
            build_pyramids(project, progress=stop)
        assert unprepared(project)
        rest = build_pyramids(project)
        assert rest > 0 and not unprepared(project)


def test_tiles_of_a_layer_that_is_gone_are_swept(path):
    from twin.edits.layers import RemoveLayer

    with Project.open(path) as project:
        build_pyramids(project)
        project.document.do(RemoveLayer(layer="buildings"))
        project.save()
    assert not list((path.parent / "a.cache").glob("tiles/*/*.tile"))
