"""A city for other programs: CityJSONSeq, GeoPackage, glTF."""

from __future__ import annotations

from pathlib import Path

from layers.errors import CityError
from layers.kinds.buildings import BuildingsLayer
from layers.kinds.features import FeatureLayer
from layers.progress import SILENT, Progress
from layers.writers.cityjsonseq import write_cityjsonseq
from layers.writers.geopackage import write_geopackage
from layers.writers.gltf import write_gltf
from twin.city import City

FORMATS = (".city.jsonl", ".gpkg", ".glb")


def export_city(city: City, out: Path, *, progress: Progress = SILENT) -> int:
    """Write the buildings of `city`, and in a GeoPackage all vector layers, to `out`.

    What stands now is written, edits included. Returns the number of buildings.

    Raises
    ------
    CityError
        The suffix is not one of `FORMATS`, there is nothing to write, or it cannot be written.
    """
    name = out.name.lower()
    if not name.endswith(FORMATS):
        raise CityError(
            f"{out.name}: a city is not written in this format",
            hint=f"Choose a name that ends with {', '.join(FORMATS)}.",
            code="format-unknown",
        )
    standing: list[BuildingsLayer | FeatureLayer] = []
    for layer in city.layers.values():
        if isinstance(layer, BuildingsLayer):
            standing.append(city.standing(layer.id))
        elif isinstance(layer, FeatureLayer) and name.endswith(".gpkg"):
            standing.append(layer)
    buildings = [layer for layer in standing if isinstance(layer, BuildingsLayer)]
    if not standing:
        raise CityError(
            f"{city.name} has no buildings to write",
            hint="Add footprints first.",
            code="nothing-to-write",
        )
    if name.endswith(".gpkg"):
        write_geopackage(out, standing, progress=progress)
    elif name.endswith(".glb"):
        write_gltf(out, buildings, progress=progress)
    else:
        write_cityjsonseq(out, buildings, progress=progress)
    return sum(layer.count for layer in buildings)
