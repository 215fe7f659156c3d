"""Bands of a picture as 8-bit RGB: palettes, grey, 16 bits, and what is transparent."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from layers.notices import Notice
from layers.progress import Progress
from layers.readers.raster_grid import Grid, alpha, band

PAPER = 255
"""Value of pixels where there is no picture: white, as paper is."""
_STRETCH = (0.5, 99.5)
"""Percentiles that become black and white where a picture has more than 8 bits."""
_LOOKED_AT = 1_000_000


class Picture(NamedTuple):
    """uint8 pixels (rows, cols, 3), and what happened to them."""

    pixels: NDArray[np.uint8]
    notices: tuple[Notice, ...]


class Colours:
    """How the values of one file become colours, so that each window of it gets the same."""

    def __init__(self, file: Any) -> None:
        self._palette = _palette(file)
        self.bands = [1] if self._palette is not None else _colour_bands(file)
        self.limits = None if self._palette is not None else _limits(file, self.bands)
        """Values that become black and white; None where they are colours as they are."""
        self._hides = hides(file)

    def read(self, file: Any, grid: Grid, progress: Progress) -> NDArray[np.uint8]:
        """uint8 (rows, cols, 3) of the cells of `grid`."""
        pixels = np.empty((grid.rows, grid.cols, 3), dtype=np.uint8)
        if self._palette is not None:
            index = band(file, 1, grid, progress, smooth=False)
            pixels[:] = self._palette[np.minimum(index, len(self._palette) - 1)]
            return pixels
        for place, index in enumerate(self.bands):
            part = progress.part(place / len(self.bands), (place + 1) / len(self.bands))
            values = band(file, index, grid, part)
            pixels[..., place] = values if self.limits is None else _eight_bits(values, self.limits)
        if len(self.bands) == 1:
            pixels[..., 1:] = pixels[..., :1]
        return pixels

    def seen(self, file: Any, grid: Grid) -> NDArray[np.uint8]:
        """uint8 (rows, cols): 0 where there is no picture, 255 where there is."""
        if not self._hides:
            return np.full((grid.rows, grid.cols), 255, np.uint8)
        return np.where(alpha(file, grid) == 0, 0, 255).astype(np.uint8)


def picture(name: str, file: Any, grid: Grid, progress: Progress) -> Picture:
    """The cells of `grid` as a picture."""
    colours = Colours(file)
    notices: list[Notice] = []
    if colours.limits is not None:
        low, high = colours.limits
        notices.append(
            Notice(
                code="imagery-stretched",
                what=f"Values from {low:g} to {high:g} became black to white: "
                f"the picture has {np.dtype(file.dtypes[colours.bands[0] - 1]).name} values",
                source=name,
                severity="info",
            )
        )
    pixels = colours.read(file, grid, progress)
    notices += _without_transparent(name, file, grid, pixels)
    return Picture(pixels, tuple(notices))


def _palette(file: Any) -> NDArray[np.uint8] | None:
    """Colours by index, uint8 (n, 3), where the file has a palette."""
    if file.colorinterp[0].name != "palette":
        return None
    try:
        colours = file.colormap(1)
    except ValueError:
        return None
    table = np.zeros((max(colours) + 1, 3), dtype=np.uint8)
    for index, colour in colours.items():
        table[index] = colour[:3]
    return table


def _colour_bands(file: Any) -> list[int]:
    """Band numbers of red, green, blue; one number for a grey picture."""
    by_name = {kind.name: index for index, kind in reversed(list(enumerate(file.colorinterp, 1)))}
    if {"red", "green", "blue"} <= by_name.keys():
        return [by_name[name] for name in ("red", "green", "blue")]
    plain = [i for i, kind in enumerate(file.colorinterp, 1) if kind.name != "alpha"]
    return plain[:3] if len(plain) >= 3 else plain[:1] or [1]


def _limits(file: Any, chosen: list[int]) -> tuple[float, float] | None:
    """Values that become black and white; None for 8 bits, which stay as they are."""
    if all(np.dtype(file.dtypes[index - 1]) == np.uint8 for index in chosen):
        return None
    shrink = min(1.0, (_LOOKED_AT / (file.width * file.height)) ** 0.5)
    shape = (max(1, int(file.height * shrink)), max(1, int(file.width * shrink)))
    looks = [file.read(index, out_shape=shape, masked=True) for index in chosen]
    values = np.concatenate([look.compressed() for look in looks])
    values = values[np.isfinite(values)]
    if not len(values):
        return (0.0, 1.0)
    whole = np.issubdtype(values.dtype, np.integer)
    if whole and values.min() >= 0 and values.max() <= 255:
        return (0.0, 255.0)
    low, high = (float(value) for value in np.percentile(values, _STRETCH))
    return (low, high) if high > low else (low, low + 1.0)


def _eight_bits(values: NDArray[Any], limits: tuple[float, float]) -> NDArray[np.uint8]:
    scaled = (values.astype(np.float32) - limits[0]) * (255.0 / (limits[1] - limits[0]))
    rounded = np.rint(np.clip(np.nan_to_num(scaled), 0, 255))
    pixels: NDArray[np.uint8] = rounded.astype(np.uint8)
    return pixels


def _without_transparent(
    name: str, file: Any, grid: Grid, pixels: NDArray[np.uint8]
) -> list[Notice]:
    """Paint white what an alpha band or mask hides. A stated nodata colour stays as it is:
    in an orthophoto 255 or 0 is a roof or a shadow as often as it is nothing."""
    if not hides(file):
        return []
    hidden = alpha(file, grid) == 0
    count = int(hidden.sum())
    pixels[hidden] = PAPER
    if not count:
        return []
    what = "Transparent pixels are white now"
    return [
        Notice(code="imagery-transparent", what=what, source=name, count=count, severity="info")
    ]


def hides(file: Any) -> bool:
    """Whether an alpha band or a mask says where there is no picture."""
    flags = {flag.name for flags in file.mask_flag_enums for flag in flags}
    return bool(flags & {"alpha", "per_dataset"})
