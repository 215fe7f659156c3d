"""A layer taken apart into numbers, arrays and columns, and put together again."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from layers.errors import ReadError
from layers.kinds.buildings import BuildingsLayer
from layers.kinds.elevation import ElevationLayer
from layers.kinds.features import FeatureLayer
from layers.kinds.imagery import ImageryLayer
from layers.kinds.layer import Layer
from layers.kinds.mesh import MeshLayer, SolidBatch
from layers.kinds.pointcloud import PointCloudLayer
from layers.tiles.stored import NUMBERS, StoredBuildings

_SCALARS: Mapping[type[Layer], tuple[str, ...]] = {
    ElevationLayer: ("west", "north", "cell_x", "cell_y", "surface"),
    ImageryLayer: ("west", "north", "cell_x", "cell_y", "full_size"),
    PointCloudLayer: ("offset", "total"),
    MeshLayer: ("offset",),
    FeatureLayer: ("role", "id_column"),
    BuildingsLayer: (),
}

_ARRAYS: Mapping[type[Layer], tuple[str, ...]] = {
    ElevationLayer: ("heights", "filled"),
    ImageryLayer: ("pixels",),
    PointCloudLayer: ("xyz", "classification", "intensity", "rgb"),
    MeshLayer: ("vertices", "triangles"),
    FeatureLayer: (),
    BuildingsLayer: (),
}

_MODEL = ("vertices", "triangles", "face_solid", "face_kind")

BUILDING_FIELDS = (
    "ids",
    "footprints",
    "ground",
    "height",
    "method",
    "points",
    "rmse",
    "floors",
    "use",
    "lod",
)

SAMPLES = 64
"""Values of each array in a sample."""

KINDS: Mapping[str, type[Layer]] = {kind.kind: kind for kind in _SCALARS}


class Scalars(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The single values of a layer, of whatever kind; only those of its kind are set."""

    west: float = 0.0
    north: float = 0.0
    cell_x: float = 0.0
    cell_y: float = 0.0
    surface: str = "ground"
    full_size: tuple[int, int] = (0, 0)
    offset: tuple[float, float, float] = (0.0, 0.0, 0.0)
    total: int = 0
    role: str = "features"
    id_column: str = ""
    model_origin: tuple[float, float, float] | None = None


def scalars_of(layer: Layer) -> Scalars:
    """The layer's single values."""
    if isinstance(layer, BuildingsLayer):
        model = layer.model
        return Scalars(model_origin=None if model is None else _three(model.origin))
    values: dict[str, Any] = {name: getattr(layer, name) for name in _SCALARS[_kind(layer)]}
    if "offset" in values:
        values["offset"] = _three(values["offset"])
    for name in ("west", "north", "cell_x", "cell_y"):
        if name in values:
            values[name] = float(values[name])  # numpy's own numbers do not go into JSON
    return Scalars(**values)


def arrays_of(layer: Layer) -> dict[str, NDArray[Any]]:
    """The layer's arrays, without attributes and outlines."""
    if isinstance(layer, BuildingsLayer):
        model = layer.model
        return {} if model is None else {name: getattr(model, name) for name in _MODEL}
    found = {name: getattr(layer, name) for name in _ARRAYS[_kind(layer)]}
    return {name: array for name, array in found.items() if array is not None}


def sample_of(layer: Layer) -> dict[str, tuple[float | None, ...]]:
    """A few values of each array, evenly spread, and where it lies: tells whether a layer that was
    read again is the one it was."""
    sample: dict[str, tuple[float | None, ...]] = {}
    for name, array in arrays_of(layer).items():
        places = np.linspace(0, array.size - 1, min(array.size, SAMPLES)).astype(np.int64)
        values = array.reshape(-1)[places].astype(np.float64).tolist()
        sample[name] = tuple(value if math.isfinite(value) else None for value in values)
    scalars = scalars_of(layer)
    offset = scalars.model_origin or scalars.offset
    sample["place"] = (*offset, scalars.west, scalars.north, scalars.cell_x, scalars.cell_y)
    return sample


def alike(
    one: Mapping[str, Sequence[float | None]], other: Mapping[str, Sequence[float | None]]
) -> bool:
    """Whether two samples are the same up to a centimetre, which another version of PROJ may
    make."""
    if one.keys() != other.keys() or any(len(one[name]) != len(other[name]) for name in one):
        return False
    return all(
        np.allclose(
            np.array(one[name], dtype=np.float64),
            np.array(other[name], dtype=np.float64),
            rtol=0.0,
            atol=0.01,
            equal_nan=True,
        )
        for name in one
    )


def identity_of(layer: Layer) -> tuple[Any, ...]:
    """Equal for layers that share all their data, whatever their names; only while both live."""
    arrays: list[Any] = list(arrays_of(layer).values())
    if isinstance(layer, StoredBuildings) and layer.stored is not None:
        kept = [layer.stored, *(getattr(layer, name) for name in NUMBERS), *layer.given]
        place = (layer.crs, layer.vertical)
        return (layer.kind, layer.id, place, scalars_of(layer), *map(id, [*arrays, *kept]))
    if isinstance(layer, BuildingsLayer):
        arrays += [getattr(layer, name) for name in BUILDING_FIELDS]
        arrays += layer.columns.values()
    elif isinstance(layer, FeatureLayer):
        arrays += [layer.geometry, *layer.columns.values()]
    names = tuple(getattr(layer, "columns", ()))
    place = (layer.crs, layer.vertical)
    return (layer.kind, layer.id, place, scalars_of(layer), names, *map(id, arrays))


def model_of(scalars: Scalars, arrays: Mapping[str, Any]) -> SolidBatch | None:
    """The surfaces that buildings came with; None for none."""
    if scalars.model_origin is None or not arrays:
        return None
    return SolidBatch(origin=scalars.model_origin, **{name: arrays[name] for name in _MODEL})


def put_together(
    kind: str, head: Layer, scalars: Scalars, arrays: Mapping[str, Any], fields: Mapping[str, Any]
) -> Layer:
    """The layer of `kind` with all its parts; `fields` are those that came from a table.

    Raises
    ------
    ReadError
        A part is missing or the kind is not known.
    CityError
        The parts do not fit each other.
    """
    maker: Any = KINDS.get(kind)
    if maker is None:
        raise ReadError(f"{head.name} is of a kind not known here: {kind}", code="kind-unknown")
    given: dict[str, Any] = {
        name: getattr(head, name) for name in ("id", "name", "crs", "vertical", "source", "notices")
    }
    given |= {name: getattr(scalars, name) for name in _SCALARS[maker]} | dict(fields)
    if maker is BuildingsLayer:
        given["model"] = model_of(scalars, arrays)
    else:
        given |= {name: arrays[name] for name in _ARRAYS[maker] if name in arrays}
    try:
        layer: Layer = maker(**given)
    except TypeError as damage:
        raise ReadError(f"{head.name} is not whole: {damage}", code="layer-damaged") from damage
    return layer


def _kind(layer: Layer) -> type[Layer]:
    try:
        return KINDS[layer.kind]
    except KeyError:
        raise ReadError(f"{layer.name}: a {layer.kind} layer cannot be kept in a project") from None


def _three(values: Any) -> tuple[float, float, float]:
    return (float(values[0]), float(values[1]), float(values[2]))
