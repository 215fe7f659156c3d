"""What is known about a picked thing, as rows of (name, value) for the inspector; no Qt widgets."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely

from layers.errors import CityError
from layers.kinds.buildings import METHODS as METHOD_NAMES
from layers.kinds.buildings import BuildingsLayer
from layers.kinds.elevation import ElevationLayer
from layers.kinds.features import FeatureLayer
from layers.kinds.layer import Layer
from layers.kinds.pointcloud import PointCloudLayer
from layers.readers.point_window import point_shown
from twin.city import City
from viewers.i18n import number, tr, whole
from viewers.panels.kinds import METHODS, POINT_CLASSES, kind_name
from viewers.view_state import Picked

TEXT_MAX = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """One picked thing in words.

    Attributes
    ----------
    title : what it is called
    kind : what it is
    measured : (name, value with unit) pairs that we computed or that its kind always has
    attributes : (column, value) pairs as they came
    """

    title: str
    kind: str
    measured: tuple[tuple[str, str], ...] = ()
    attributes: tuple[tuple[str, str], ...] = ()


def facts_of(city: City, picked: Picked) -> Facts | None:
    """What is known about `picked`; None where it is no longer there."""
    layer = city.layers.get(picked.layer)
    if isinstance(layer, PointCloudLayer):
        return _point(layer, picked)
    if layer is None or not 0 <= picked.row < max(layer.count, 1):
        return None
    if isinstance(layer, BuildingsLayer):
        return _building(city, layer, picked.row)
    if isinstance(layer, FeatureLayer):
        return _feature(layer, picked.row)
    return _place(layer, picked)


def _building(city: City, layer: BuildingsLayer, row: int) -> Facts:
    building = city.building_at(layer.id, row)
    footprint = layer.footprints[row]
    area = float(shapely.area(footprint))
    measured = [
        (tr("Height found"), tr(METHODS[building.method])),
        (tr("Roof error (RMSE)"), metres(building.rmse) if math.isfinite(building.rmse) else "–"),
        (tr("Points used"), whole(building.points) if building.points else "–"),
        (tr("Ground height"), metres(building.ground)),
        (tr("Roof height"), metres(building.ground + building.height)),
        (tr("Footprint area"), square_metres(area)),
        (tr("Volume"), f"{number(area * building.height)} m³"),
        (tr("Level of detail"), f"LoD {int(layer.lod[row])}"),
    ]
    if "height" in building.changed:
        survey = metres(float(layer.height[row]))
        measured.insert(1, (tr("Height in the survey"), survey))
        measured.insert(2, (tr("Survey method"), tr(METHODS[METHOD_NAMES[layer.method[row]]])))
    return Facts(
        title=building.id,
        kind=tr("Building"),
        measured=tuple(measured),
        attributes=_columns(layer.columns, row),
    )


def _feature(layer: FeatureLayer, row: int) -> Facts:
    shape = layer.geometry[row]
    measured: list[tuple[str, str]] = []
    dimension = int(shapely.get_dimensions(shape))
    if dimension == 2:
        measured.append((tr("Area"), square_metres(float(shapely.area(shape)))))
        measured.append((tr("Perimeter"), metres(float(shapely.length(shape)))))
    elif dimension == 1:
        measured.append((tr("Length"), metres(float(shapely.length(shape)))))
    else:
        x, y = shapely.get_coordinates(shape)[0]
        measured.append((tr("Position"), f"{number(x, 2)}  {number(y, 2)}"))
    named = layer.columns.get(layer.id_column)
    title = cell(named[row]) if named is not None else f"{layer.name} {row + 1}"
    return Facts(
        title=title,
        kind=kind_name(layer),
        measured=tuple(measured),
        attributes=_columns(layer.columns, row),
    )


def _point(layer: PointCloudLayer, picked: Picked) -> Facts | None:
    try:
        layer = point_shown(layer, picked.row, picked.where)
    except CityError:
        return None  # its file was changed or removed meanwhile
    x, y, z = layer.xyz[0].astype(float) + layer.offset
    measured = [
        (tr("Position"), f"{number(x, 2)}  {number(y, 2)}"),
        (tr("Height"), metres(z)),
    ]
    if layer.classification is not None:
        code = int(layer.classification[0])
        word = tr(POINT_CLASSES[code]) if code in POINT_CLASSES else tr("Other")
        measured.append((tr("Class"), f"{code} · {word}"))
    if layer.intensity is not None:
        measured.append((tr("Intensity"), whole(int(layer.intensity[0]))))
    if layer.rgb is not None:
        measured.append((tr("Colour"), " ".join(str(int(c)) for c in layer.rgb[0])))
    return Facts(
        title=tr("Point {number}", number=whole(picked.row + 1)),
        kind=kind_name(layer),
        measured=tuple(measured),
    )


def _place(layer: Layer, picked: Picked) -> Facts:
    x, y, z = picked.where
    measured = [(tr("Position"), f"{number(x, 2)}  {number(y, 2)}")]
    if isinstance(layer, ElevationLayer):
        column = math.floor((x - layer.west) / layer.cell_x)
        row = math.floor((layer.north - y) / layer.cell_y)
        rows, columns = layer.heights.shape
        if 0 <= row < rows and 0 <= column < columns:
            measured.append((tr("Cell height"), metres(float(layer.heights[row, column]))))
            filled = layer.filled is not None and bool(layer.filled[row, column])
            measured.append((tr("Measured"), tr("No, filled in") if filled else tr("Yes")))
        size = f"{number(layer.cell_x, 2)} × {number(layer.cell_y, 2)} m"
        measured.append((tr("Cell size"), size))
    else:
        measured.append((tr("Height"), metres(z)))
    return Facts(title=layer.name, kind=kind_name(layer), measured=tuple(measured))


def _columns(columns: Any, row: int) -> tuple[tuple[str, str], ...]:
    return tuple((name, cell(values[row])) for name, values in columns.items())


def cell(value: Any) -> str:
    """An attribute as text; an empty one is a dash, a very long one is cut."""
    if value is None or (isinstance(value, float | np.floating) and not math.isfinite(value)):
        return "–"
    if isinstance(value, bool | np.bool_):
        return tr("Yes") if value else tr("No")
    if isinstance(value, float | np.floating):
        digits = 0 if float(value).is_integer() else 3
        return number(float(value), digits)
    text = str(value).strip()
    return (text[:TEXT_MAX] + "…") if len(text) > TEXT_MAX else text or "–"


def metres(value: float, digits: int = 2) -> str:
    """A length with its unit."""
    return f"{number(value, digits)} m" if math.isfinite(value) else "–"


def square_metres(value: float) -> str:
    """An area with the unit people use for its size."""
    if value >= 1e6:
        return f"{number(value / 1e6, 2)} km²"
    return f"{number(value / 1e4, 2)} ha" if value >= 1e5 else f"{number(value, 1)} m²"
