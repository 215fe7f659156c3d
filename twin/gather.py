"""Sources to layers: read every file of a recipe and bring it to the project's CRS."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import msgspec

from layers.builders.reproject import to_crs
from layers.crs import describe, horizontal, normalise
from layers.errors import CityError
from layers.kinds.layer import Layer
from layers.kinds.pointcloud import PointCloudLayer
from layers.notices import Notice
from layers.progress import Progress
from layers.readers import registry
from twin.recipe import SourceRequest

_VECTOR = ("features", "buildings", "mesh")
KINDS_OF_ROLE: Mapping[str, tuple[str, ...]] = {
    "lidar": ("points",),
    "ground": ("elevation", "mesh"),
    "surface": ("elevation",),
    "buildings-above-ground": ("elevation",),
    "canopy-above-ground": ("elevation",),
    "imagery": ("imagery",),
    "footprints": _VECTOR,
    "roads": _VECTOR,
    "water": _VECTOR,
    "green": _VECTOR,
    "trees": (*_VECTOR, "elevation"),
    "parcels": _VECTOR,
    "zoning": _VECTOR,
}
"""The kinds of layers that can be what a role says."""


@dataclass(kw_only=True)
class Gathered:
    """Layers of all sources in one CRS, with the request each came from."""

    crs: str
    pairs: list[tuple[SourceRequest, Layer]] = field(default_factory=list)
    points_read: int = 0
    notices: list[Notice] = field(default_factory=list)

    def of_role(self, *roles: str) -> list[tuple[SourceRequest, Layer]]:
        """The pairs whose role, stated or found, is one of `roles`."""
        return [
            (request, layer) for request, layer in self.pairs if role_of(request, layer) in roles
        ]


def role_of(request: SourceRequest, layer: Layer) -> str:
    """What a layer is for: as the request says, else as its reader found."""
    if request.role and request.role != "city":
        return request.role
    if isinstance(layer, PointCloudLayer):
        return "lidar"
    if layer.kind == "elevation":
        return str(getattr(layer, "surface", "ground"))
    return str(getattr(layer, "role", layer.kind))


def slug(text: str) -> str:
    """Lower-case ASCII with dashes: “Hồ Gươm 2” → "ho-guom-2"."""
    plain = unicodedata.normalize("NFD", text.replace("đ", "d").replace("Đ", "D"))
    ascii_only = plain.encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", ascii_only).strip("-") or "layer"


def unique_id(wanted: str, taken: Sequence[str] | set[str]) -> str:
    """`wanted`, or `wanted-2`, `wanted-3` … where it is taken."""
    name, number = wanted, 2
    while name in taken:
        name, number = f"{wanted}-{number}", number + 1
    return name


def gather(
    sources: Sequence[SourceRequest],
    *,
    crs: str,
    silent_crs: str = "",
    heights: str = "",
    progress: Progress,
) -> Gathered:
    """Read all sources and bring them to `crs`.

    Parameters
    ----------
    crs
        Project CRS; "" takes the first projected one in metres that a source states, else UTM.
    silent_crs
        CRS of the sources for which neither the file nor the request states one.
    heights
        Vertical datum of the sources that do not say theirs.

    Raises
    ------
    CityError
        A file cannot be read, does not say where it lies, or holds nothing.
    """
    _check(sources, crs)
    read: list[tuple[SourceRequest, Layer]] = []
    notices: list[Notice] = []
    for number, request in enumerate(sources):
        part = progress.part(0.9 * number / len(sources), 0.9 * (number + 1) / len(sources))
        part.step(0.0, f"Reading {Path(request.path).name}")
        silent = bool(silent_crs) and not request.crs
        if silent:
            request = msgspec.structs.replace(request, crs=silent_crs)
        found = registry.read(Path(request.path), request.options(), part)
        if silent and any(x.source is not None and x.source.crs_from == "given" for x in found):
            notices.append(_silent(request))
        if not found:
            raise CityError(
                f"{Path(request.path).name} holds nothing that can be used as {request.role or 'a layer'}",
                hint="Look into it with another role or layer.",
                code="source-empty",
            )
        _check_role(request, found)
        read += [(request, layer) for layer in found]
    project = normalise(crs) if crs else _common_crs([layer for _, layer in read])
    _check_project_crs(project)
    gathered = Gathered(crs=project, notices=notices)
    taken: set[str] = set()
    for number, (request, layer) in enumerate(read):
        if isinstance(layer, PointCloudLayer):
            gathered.points_read += layer.count
        progress.step(0.9 + 0.1 * number / len(read), f"Placing {layer.name}")
        placed = to_crs(layer, project)
        identity = unique_id(slug(request.name or placed.name), taken)
        taken.add(identity)
        gathered.pairs.append(
            (
                request,
                replace(
                    placed,
                    id=identity,
                    name=request.name or placed.name,
                    vertical=placed.vertical or heights,
                ),
            )
        )
    read.clear()
    return gathered


def _check(sources: Sequence[SourceRequest], crs: str) -> None:
    """Refuse at once what would else be found out after the other files were read."""
    for request in sources:
        registry.check_file(Path(request.path))
        if request.crs:
            normalise(request.crs)
    if crs:
        _check_project_crs(normalise(crs))


def _silent(request: SourceRequest) -> Notice:
    name = Path(request.path).name
    return Notice(
        code="crs-taken",
        what=f"{name} does not say where on Earth it lies; it was read as {request.crs}, as --crs says",
        hint="If that is wrong, write its own crs under its [[source]].",
        source=name,
    )


def _check_role(request: SourceRequest, layers: Sequence[Layer]) -> None:
    kinds = KINDS_OF_ROLE.get(request.role)
    if kinds is None or any(layer.kind in kinds for layer in layers):
        return
    raise CityError(
        f"{Path(request.path).name} holds {layers[0].kind}, which cannot be {request.role}",
        hint=f"{request.role.capitalize()} needs {' or '.join(kinds)}: change its role.",
        code="role-unfit",
    )


def notices_of(gathered: Gathered) -> list[Notice]:
    """All that the readers had to tell."""
    return [
        *gathered.notices,
        *(notice for _, layer in gathered.pairs for notice in layer.notices),
    ]


def each_once(notices: Iterable[Notice]) -> list[Notice]:
    """The notices without those that say the same again."""
    return list({(one.code, one.source, one.count, one.what): one for one in notices}.values())


def _common_crs(layers: Sequence[Layer]) -> str:
    for layer in layers:
        about = describe(layer.crs)
        web_mercator = about.authority == "EPSG:3857"  # its metres are not metres
        if about.is_projected and about.metres_per_unit == 1.0 and not web_mercator:
            return horizontal(layer.crs)
    return _utm_of(layers[0])


def _utm_of(layer: Layer) -> str:
    from pyproj import Transformer

    low_x, low_y, high_x, high_y = layer.bounds
    there = Transformer.from_crs(layer.crs, "EPSG:4326", always_xy=True)
    longitude, latitude = there.transform((low_x + high_x) / 2, (low_y + high_y) / 2)
    zone = int((longitude + 180) // 6) + 1
    return f"EPSG:{(32600 if latitude >= 0 else 32700) + zone}"


def _check_project_crs(crs: str) -> None:
    about = describe(crs)
    if not about.is_projected or about.metres_per_unit != 1.0:
        raise CityError(
            f"A city cannot be built in {about.name}: its unit is {about.unit_name}",
            hint="Choose a projected coordinate system in metres, in Hanoi EPSG:5897.",
            code="crs-unfit",
        )
