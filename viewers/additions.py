"""Layers that a worker process built for the city that is open: from its file into one edit."""

from __future__ import annotations

import shutil
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from layers.notices import Notice
from layers.readers.registry import ReadOptions
from twin.edits.registry import AddLayer, Several
from twin.project.store import Project

DAY_S = 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Addition:
    """`edit` adds all layers in one step of undo; `hidden` are not shown at first."""

    edit: Several
    hidden: frozenset[str]
    notices: tuple[Notice, ...]


def new_addition() -> Path:
    """A folder of its own for layers on their way."""
    folder = _folder() / uuid.uuid4().hex[:12]
    folder.mkdir(parents=True)
    return folder


def remove_addition(folder: Path) -> None:
    """Take the folder away.

    Windows keeps files that are still read from; `sweep_additions` takes them another time.
    """
    shutil.rmtree(folder, ignore_errors=True)


def sweep_additions() -> None:
    """Take away what sessions of earlier days had to leave."""
    for folder in _folder().glob("*"):
        if time.time() - folder.stat().st_mtime > DAY_S:
            shutil.rmtree(folder, ignore_errors=True)


def read_addition(
    path: Path,
    notices: tuple[Notice, ...],
    options: Mapping[str, ReadOptions],
    hidden: frozenset[str],
) -> Addition:
    """The layers kept at `path`, as the edit that adds them."""
    with Project.open(path, read_only=True) as project:
        layers = list(project.city.layers.values())
    adds = tuple(AddLayer(layer=layer, options=options.get(layer.id)) for layer in layers)
    what = f"import {layers[0].name}" if len(layers) == 1 else f"import {len(layers)} layers"
    return Addition(edit=Several(what=what, edits=adds), hidden=hidden, notices=notices)


def _folder() -> Path:
    return Path(platformdirs.user_cache_dir("dothi", appauthor=False)) / "added"
