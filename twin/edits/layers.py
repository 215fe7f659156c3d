"""Edits of layers: add, remove, rename, move, restyle."""

from __future__ import annotations

import math
import re
import unicodedata
from dataclasses import replace

from layers.errors import CityError
from layers.kinds.layer import Layer
from layers.readers.registry import ReadOptions
from twin.city import City
from twin.edits.edit import Edit
from twin.style import Style

LONGEST_NAME = 200


class AddLayer(Edit, frozen=True, kw_only=True, tag="add-layer"):
    """Put `layer` into the city.

    A layer may be gigabytes, so it never goes into JSON: in memory `layer` is the whole layer, in
    JSON it is the bare header (id, name, crs, source …) and `content` names the data in the
    project file. `twin.edits.registry` changes the one into the other.

    Attributes
    ----------
    layer : the layer, in the project CRS
    index : place in the order, None for the end
    style : how it looks, None for plain
    options : how its file was read, so that it can be read again; None where it was made here
    content : key of the data in the project file, "" while it is only in memory
    """

    layer: Layer
    index: int | None = None
    style: Style | None = None
    options: ReadOptions | None = None
    content: str = ""

    @property
    def label(self) -> str:
        return f"add layer {self.layer.name}"

    def apply(self, city: City) -> City:
        if type(self.layer) is Layer:
            raise CityError(
                f"The data of {self.layer.name} is not at hand", code="layer-without-data"
            )
        if self.layer.id in city.layers:
            raise CityError(
                f"There is already a layer {self.layer.id}",
                hint="Remove it first, or give the new one another id.",
                code="layer-exists",
            )
        if _surely_differ(self.layer.crs, city.frame.crs):
            raise CityError(
                f"{self.layer.name} is in {self.layer.crs}, the project in {city.frame.crs}",
                hint="Bring it to the project's coordinate system first.",
                code="layer-other-crs",
            )
        if self.index is not None:
            _check_place(self.index, len(city.layers))
        if self.style is not None:
            check_style(self.style)
        after = city.with_layer(self.layer, index=self.index)
        return after if self.style is None else after.with_style(self.layer.id, self.style)


class RemoveLayer(Edit, frozen=True, kw_only=True, tag="remove-layer"):
    """Take a layer out of the city, with its style and what was changed in it."""

    layer: str

    @property
    def label(self) -> str:
        return f"remove layer {self.layer}"

    def apply(self, city: City) -> City:
        return city.without_layer(self.layer)


class RenameLayer(Edit, frozen=True, kw_only=True, tag="rename-layer"):
    """Give a layer another name; its id stays."""

    layer: str
    name: str

    @property
    def label(self) -> str:
        return f"rename layer {self.layer} to {self.name}"

    def apply(self, city: City) -> City:
        layer = city.layer(self.layer)
        name = unicodedata.normalize("NFC", self.name).strip()
        if not name:
            raise CityError("A layer needs a name", code="name-empty")
        if len(name) > LONGEST_NAME:
            raise CityError(
                f"A layer's name has at most {LONGEST_NAME} letters, this one has {len(name)}",
                code="name-long",
            )
        return city if name == layer.name else city.with_layer(replace(layer, name=name))


class MoveLayer(Edit, frozen=True, kw_only=True, tag="move-layer"):
    """Move a layer to place `index` of the order, counted without it from 0."""

    layer: str
    index: int

    @property
    def label(self) -> str:
        return f"move layer {self.layer}"

    def apply(self, city: City) -> City:
        city.layer(self.layer)
        others = [name for name in city.layers if name != self.layer]
        _check_place(self.index, len(others))
        order = (*others[: self.index], self.layer, *others[self.index :])
        return city if order == tuple(city.layers) else city.with_order(order)


class SetStyle(Edit, frozen=True, kw_only=True, tag="set-style"):
    """Give a layer another look."""

    layer: str
    style: Style

    @property
    def label(self) -> str:
        return f"restyle layer {self.layer}"

    def apply(self, city: City) -> City:
        city.layer(self.layer)
        check_style(self.style)
        if city.style(self.layer) == self.style:
            return city
        return city.with_style(self.layer, self.style)


def check_style(style: Style) -> None:
    """Refuse a style that cannot be drawn.

    Raises
    ------
    CityError
        Opacity outside 0 … 1, a negative size, a colour that is not "#rrggbb", a ramp without width.
    """
    if style.color and not re.fullmatch(r"#[0-9a-fA-F]{6}", style.color):
        raise CityError(f"{style.color} is not a colour", hint="Write it as #rrggbb.")
    if not 0 <= style.opacity <= 1:
        raise CityError(f"Opacity goes from 0 to 1, not {style.opacity:g}")
    if not (math.isfinite(style.size) and style.size >= 0):
        raise CityError(f"A size cannot be {style.size:g}")
    if style.low is not None and style.high is not None and not style.low < style.high:
        raise CityError(
            f"The ramp's lower end {style.low:g} must lie below its upper end {style.high:g}"
        )


def _check_place(index: int, last: int) -> None:
    if not 0 <= index <= last:
        raise CityError(f"There is no place {index}", hint=f"Places go from 0 to {last}.")


def _surely_differ(one: str, other: str) -> bool:
    # Two texts of one CRS may differ; two EPSG numbers are two systems.
    return one != other and one.startswith("EPSG:") and other.startswith("EPSG:")
