"""Reading a large source again: how it was read, and which of its layers it was."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from layers.errors import ReadError
from layers.kinds.elevation import ElevationLayer
from layers.kinds.imagery import OVERVIEW_PIXELS, ImageryLayer
from layers.kinds.layer import Layer
from layers.kinds.pointcloud import PointCloudLayer
from layers.progress import SILENT, Progress
from layers.readers import registry
from layers.readers.registry import ReadOptions


def source_path(layer: Layer) -> Path | None:
    """The file that `layer` can be read from again; None where it was made here, or is gone."""
    source = layer.source
    if source is None or not source.path or source.crs_from == "derived":
        return None
    path = Path(source.path)
    return path if path.is_file() else None


def options_for(layer: Layer) -> ReadOptions:
    """Options that read the file as `layer` was read, as far as the layer tells.

    A CRS that was given and is not the project's is not told; then the file is refused when it is
    read again, for it gives other numbers.
    """
    source = layer.source
    if source is None:
        return ReadOptions()
    given = source.crs_from == "given"
    pixels = points = 0
    if isinstance(layer, ImageryLayer) and layer.full_size not in ((0, 0), layer.pixels.shape[:2]):
        # An overview as every large picture gets is not asked for by its size: that of a warped one
        # would be another.
        usual = abs(layer.count / OVERVIEW_PIXELS - 1) < 0.5
        pixels = 0 if usual else layer.count
    if isinstance(layer, PointCloudLayer) and layer.total > layer.count:
        points = layer.count
    role = {"imagery": "imagery", "points": "lidar"}.get(layer.kind, "")
    if isinstance(layer, ElevationLayer):
        role = layer.surface
    return ReadOptions(
        role=role,
        crs=(source.file_crs or layer.crs) if given else "",
        force_crs=given,
        layer=source.layer,
        encoding=source.encoding,
        max_pixels=pixels,
        max_points=points,
        licence=source.licence,
        attribution=source.attribution,
        date=source.date,
    )


def read_again(
    path: Path,
    *,
    kind: str,
    inside: str,
    crs: str,
    options: ReadOptions,
    progress: Progress = SILENT,
) -> Layer:
    """The layer of `kind` in `path`, in the project's `crs`; `inside` is its name in the file.

    Raises
    ------
    ReadError
        The file is gone or damaged, or holds no such layer any more.
    """
    found = [one for one in registry.read(path, options, progress) if one.kind == kind]
    named = [one for one in found if one.source is not None and one.source.layer == inside]
    if not found:
        raise ReadError(
            f"{path.name} holds no {kind} layer any more",
            hint="Choose another file, or remove the layer.",
            code="source-changed",
        )
    layer = (named or found)[0]
    if layer.crs == crs:
        return layer
    from layers.builders.reproject import to_crs  # needs pyproj, rasterio; not to open a project

    return to_crs(layer, crs, progress)


def under_name(layer: Layer, head: Layer) -> Layer:
    """`layer` with the id, name, source and notices that the project knows it by."""
    return replace(
        layer,
        id=head.id,
        name=head.name,
        vertical=head.vertical,
        source=head.source,
        notices=head.notices,
    )
