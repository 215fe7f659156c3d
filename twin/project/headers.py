"""A layer's header with its source's path as seen from the project, and as it is on this machine."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import msgspec

from layers.kinds.layer import Layer
from twin.project import fingerprint


def with_path(head: Layer, folder: Path) -> Layer:
    """The header with its source's path as seen from the project's folder."""
    if head.source is None or not head.source.path:
        return head
    path = fingerprint.relative(Path(head.source.path), folder)
    return replace(head, source=msgspec.structs.replace(head.source, path=path))


def with_absolute_path(head: Layer, folder: Path) -> Layer:
    """The header with its source's path as it is on this machine."""
    if head.source is None or not head.source.path:
        return head
    path = str(fingerprint.absolute(head.source.path, folder))
    return replace(head, source=msgspec.structs.replace(head.source, path=path))
