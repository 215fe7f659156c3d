"""The one list of all edits, and their way into and out of JSON."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import msgspec

from layers.errors import ReadError
from layers.kinds.layer import Layer
from twin.city import City
from twin.edits.buildings import SetBuildingFloors, SetBuildingHeight, SetBuildingUse
from twin.edits.edit import Edit
from twin.edits.layers import AddLayer, MoveLayer, RemoveLayer, RenameLayer, SetStyle
from twin.edits.stories import KeepPicture, MoveStop, PutStop, PutStory, RemoveStop, RemoveStory


class Several(Edit, frozen=True, kw_only=True, tag="several"):
    """Several edits as one step of undo; all of them happen or none.

    `what` is the label: lower case, English, e.g. "import 3 layers".
    """

    what: str
    edits: tuple[AnyEdit, ...]

    @property
    def label(self) -> str:
        return self.what

    def apply(self, city: City) -> City:
        for edit in self.edits:
            city = edit.apply(city)
        return city


AnyEdit = (
    AddLayer
    | RemoveLayer
    | RenameLayer
    | MoveLayer
    | SetStyle
    | SetBuildingHeight
    | SetBuildingUse
    | SetBuildingFloors
    | PutStory
    | RemoveStory
    | PutStop
    | RemoveStop
    | MoveStop
    | KeepPicture
    | Several
)
"""Every edit there is; `type` in JSON tells them apart."""

ContentOf = Callable[[AddLayer], str]
"""Where the data of an added layer is kept: a key."""

FindContent = Callable[[str], Layer]
"""The layer whose data is kept under a key; raises `CityError` where there is none."""


def encode(edit: Edit, content: ContentOf | None = None) -> bytes:
    """`edit` as JSON; `content` is asked for the key of the data of each added layer."""
    return msgspec.json.encode(_without_data(edit, content))


def decode(data: bytes | str, find: FindContent | None = None) -> Edit:
    """The edit that `encode` wrote.

    Without `find`, an added layer comes back as its bare header and cannot be applied.

    Raises
    ------
    ReadError
        It is no JSON, or no edit known here.
    CityError
        `find` has no such data.
    """
    try:
        edit = cast(Edit, msgspec.json.decode(data, type=AnyEdit))
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as damage:
        raise ReadError(
            f"An edit could not be read: {damage}",
            hint="It was written by a newer version, or the file is damaged.",
            code="edit-unknown",
        ) from damage
    return edit if find is None else _with_data(edit, find)


def layer_ids(edit: Edit) -> frozenset[str]:
    """Ids of the layers that `edit` is about."""
    if isinstance(edit, Several):
        return frozenset().union(*(layer_ids(part) for part in edit.edits))
    layer = getattr(edit, "layer", None)
    if isinstance(layer, Layer):
        return frozenset((layer.id,))
    return frozenset((layer,)) if isinstance(layer, str) else frozenset()


def header(layer: Layer) -> Layer:
    """What every layer has, without the data."""
    return Layer(
        id=layer.id,
        name=layer.name,
        crs=layer.crs,
        vertical=layer.vertical,
        source=layer.source,
        notices=layer.notices,
    )


def _without_data(edit: Edit, content: ContentOf | None) -> Edit:
    if isinstance(edit, Several):
        parts = tuple(_without_data(part, content) for part in edit.edits)
        return Several(what=edit.what, edits=cast("tuple[AnyEdit, ...]", parts))
    if isinstance(edit, AddLayer):
        key = content(edit) if content is not None else edit.content
        return msgspec.structs.replace(edit, layer=header(edit.layer), content=key)
    return edit


def _with_data(edit: Edit, find: FindContent) -> Edit:
    if isinstance(edit, Several):
        parts = tuple(_with_data(part, find) for part in edit.edits)
        return Several(what=edit.what, edits=cast("tuple[AnyEdit, ...]", parts))
    if isinstance(edit, AddLayer):
        return msgspec.structs.replace(edit, layer=find(edit.content))
    return edit


__all__ = [
    "AddLayer",
    "AnyEdit",
    "KeepPicture",
    "MoveLayer",
    "MoveStop",
    "PutStop",
    "PutStory",
    "RemoveLayer",
    "RemoveStop",
    "RemoveStory",
    "RenameLayer",
    "SetBuildingFloors",
    "SetBuildingHeight",
    "SetBuildingUse",
    "SetStyle",
    "Several",
    "decode",
    "encode",
    "header",
    "layer_ids",
]
