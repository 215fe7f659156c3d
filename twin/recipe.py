"""A recipe: which files make a city, what each is for, and how buildings are found."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from layers.builders.heights import LadderOptions
from layers.errors import CityError
from layers.readers.registry import ReadOptions

HeightUnit = Literal["", "m", "ft", "us-ft"]
ROLES = (
    "lidar",
    "ground",
    "surface",
    "buildings-above-ground",
    "canopy-above-ground",
    "imagery",
    "footprints",
    "roads",
    "water",
    "green",
    "trees",
    "parcels",
    "zoning",
    "city",
    "assets",
    "features",
)
"""What a source may be for. "" lets its content decide."""


class SourceRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One file, or all files that a pattern fits, and what is said about it.

    Attributes
    ----------
    path : relative to the recipe; `${VARIABLES}` and the patterns `*` and `?` are expanded
    role : one of `ROLES`, "" to decide by content
    layer : layer inside the file, "" for the only one, or all that fit the role
    name : shown to people; "" for the file's own
    crs : coordinate system where the file does not say; `force_crs` where it says wrongly
    id : column that identifies a feature
    height, floors, use : columns of footprints, where their names do not tell
    where : OGR SQL filter
    height_unit : "m", "ft" or "us-ft" where the file does not say
    max_points : thin a point cloud to at most so many; 0 for all
    hidden : not shown when the city is first opened
    """

    path: str
    role: str = ""
    layer: str = ""
    name: str = ""
    crs: str = ""
    force_crs: bool = False
    id: str = ""
    height: str = ""
    floors: str = ""
    use: str = ""
    where: str = ""
    encoding: str = ""
    height_unit: HeightUnit = ""
    max_points: Annotated[int, Meta(ge=0)] = 0
    hidden: bool = False
    licence: str = ""
    attribution: str = ""
    date: str = ""

    def options(self) -> ReadOptions:
        """What the reader needs to know of it."""
        return ReadOptions(
            crs=self.crs,
            force_crs=self.force_crs,
            role="" if self.role in ("city", "assets") else self.role,
            layer=self.layer,
            id_column=self.id,
            where=self.where,
            encoding=self.encoding,
            height_unit=self.height_unit,
            max_points=self.max_points,
            licence=self.licence,
            attribution=self.attribution,
            date=self.date,
        )


class BuildingOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How buildings are found.

    Attributes
    ----------
    lod : highest level of detail to try
    floor_height_m : metres per storey where only floors are known
    default_height_m : metres where nothing is known
    outlines : "given" needs footprints; "found" takes them from building points or an
        above-ground raster; "" finds them only where no footprints are given
    """

    lod: Literal["1", "2"] = "2"
    floor_height_m: Annotated[float, Meta(gt=0, le=100)] = 3.3
    default_height_m: Annotated[float, Meta(gt=0, le=1000)] = 6.6
    outlines: Literal["", "given", "found"] = ""

    def ladder(self, source: SourceRequest) -> LadderOptions:
        """The ladder's options for one source of footprints."""
        return LadderOptions(
            floor_height_m=self.floor_height_m,
            default_height_m=self.default_height_m,
            id_column=source.id,
            height_column=source.height,
            floors_column=source.floors,
            use_column=source.use,
        )


class Recipe(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A city to be built.

    Attributes
    ----------
    name : of the city
    crs : project CRS, projected, metres; "" for that of the first source which has one
    heights : name of the vertical datum, shown to people
    """

    name: str
    source: list[SourceRequest]
    crs: str = ""
    heights: str = ""
    buildings: BuildingOptions = BuildingOptions()


def read_recipe(path: Path) -> Recipe:
    """Read the recipe and make its paths absolute, one source per file.

    Raises
    ------
    CityError
        It is not there, is not TOML, a key is wrong, a variable is not set, or a pattern fits no
        file.
    """
    try:
        recipe = msgspec.toml.decode(path.read_bytes(), type=Recipe)
    except FileNotFoundError:
        raise CityError(
            f"The recipe {path.name} is not there",
            hint=f"Look for it: {path}",
            code="recipe-missing",
        ) from None
    except OSError as damage:
        raise CityError(
            f"The recipe {path.name} could not be read: {damage.strerror}",
            hint="Name a recipe, a text file that ends in .toml, which you may read.",
            code="recipe-unreadable",
        ) from damage
    except (msgspec.DecodeError, UnicodeDecodeError) as damage:
        raise CityError(
            f"The recipe {path.name} is not understood: {damage}",
            hint="The keys of a recipe are listed in docs/guide/recipes.md.",
            code="recipe-wrong",
        ) from damage
    return resolve(recipe, path.resolve().parent)


def resolve(recipe: Recipe, folder: Path) -> Recipe:
    """The recipe with absolute paths, patterns expanded, roles checked."""
    if not recipe.source:
        raise CityError(
            f"The recipe of {recipe.name} names no source",
            hint="Add a [[source]] with a path.",
            code="recipe-wrong",
        )
    sources = [one for source in recipe.source for one in _expand(source, folder)]
    return msgspec.structs.replace(recipe, source=sources)


def _expand(source: SourceRequest, folder: Path) -> list[SourceRequest]:
    if source.role and source.role not in ROLES:
        raise CityError(
            f"{source.path}: nothing is known of a role “{source.role}”",
            hint=f"Roles are {', '.join(ROLES)}.",
            code="recipe-wrong",
        )
    pattern = Path(_with_variables(source.path))
    whole = pattern if pattern.is_absolute() else folder / pattern
    if whole.exists() or not any(mark in str(pattern) for mark in "*?["):
        return [msgspec.structs.replace(source, path=str(whole))]
    anchor = Path(whole.anchor)
    found = sorted(anchor.glob(str(whole.relative_to(anchor))))
    if not found:
        raise CityError(
            f"No file fits {source.path}",
            hint=f"Looked in {whole.parent}.",
            code="source-missing",
        )
    return [
        msgspec.structs.replace(source, path=str(path), name=name)
        for path, name in zip(found, _names(source.name, found), strict=True)
    ]


def _names(name: str, found: list[Path]) -> list[str]:
    """One name for each file; "" leaves it to the reader."""
    if not name or len(found) == 1:
        return [name] * len(found)
    return [f"{name} {path.stem}" for path in found]


def _with_variables(text: str) -> str:
    def value(found: re.Match[str]) -> str:
        name = found.group(1)
        if name not in os.environ:
            raise CityError(
                f"The recipe uses ${{{name}}}, which is not set",
                hint=f"Set the environment variable {name}, for example to your data folder.",
                code="variable-missing",
            )
        return os.environ[name]

    return re.sub(r"\$\{(\w+)\}", value, text)
