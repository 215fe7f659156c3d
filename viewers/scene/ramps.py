"""Colours of numbers and of categories: perceptual ramps, safe for colour-blind eyes."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from twin.style import Ramp

# Sampled from matplotlib's maps of the same name (BSD), at even steps; "calm" and "terrain" are our own.
_STOPS: dict[str, tuple[str, ...]] = {
    "viridis": (
        "440154",
        "472d7b",
        "3b528b",
        "2c728e",
        "21918c",
        "28ae80",
        "5ec962",
        "addc30",
        "fde725",
    ),
    "cividis": (
        "00224e",
        "123570",
        "3b496c",
        "575d6d",
        "707173",
        "8a8678",
        "a59c74",
        "c3b369",
        "fee838",
    ),
    "blues": (
        "f7fbff",
        "deebf7",
        "c6dbef",
        "9ecae1",
        "6baed6",
        "4292c6",
        "2171b5",
        "08519c",
        "08306b",
    ),
    "oranges": (
        "fff5eb",
        "fee6ce",
        "fdd0a2",
        "fdae6b",
        "fd8d3c",
        "f16913",
        "d94801",
        "a63603",
        "7f2704",
    ),
    "grey": ("f2f2f2", "d5d5d5", "b4b4b4", "939393", "727272", "525252", "333333"),
    "calm": ("e9e4d8", "dcd3bf", "c9bfa9", "aab5b3", "7fa0ae", "5a83a0", "3f6489", "2f4770"),
    "terrain": (
        "5f8f7b",
        "86ab86",
        "b4c595",
        "d9d3a4",
        "cdb288",
        "b0927a",
        "957f76",
        "c9c4c0",
        "f4f3f1",
    ),
}
# Okabe & Ito 2008, softened towards the neutral city so that they sit calmly side by side.
_CATEGORIES = (
    "7fa3c4", "e0b070", "86b39a", "cf8a6b", "b7a3c9", "d9cf7c",
    "8fc0cf", "c49aa5", "a8a595", "6f8aa0", "c9b79c", "9db07f",
)  # fmt: skip
UNKNOWN = np.array([196, 192, 184], np.uint8)


def rgb(text: str) -> NDArray[np.uint8]:
    """ "#rrggbb" as uint8 (3,); grey where it is not one."""
    text = text.lstrip("#")
    try:
        return np.frombuffer(bytes.fromhex(text), np.uint8)[:3] if len(text) == 6 else UNKNOWN
    except ValueError:
        return UNKNOWN


@lru_cache(maxsize=16)
def table(ramp: Ramp) -> NDArray[np.uint8]:
    """256 colours (256, 3) of a ramp."""
    stops = np.array([rgb(text) for text in _STOPS.get(ramp, _STOPS["viridis"])], float)
    at = np.linspace(0, len(stops) - 1, 256)
    mixed = np.stack([np.interp(at, np.arange(len(stops)), stops[:, i]) for i in range(3)], axis=1)
    return np.rint(mixed).astype(np.uint8)


def of_numbers(
    values: NDArray[np.floating], ramp: Ramp, low: float, high: float
) -> NDArray[np.uint8]:
    """Colours (n, 3); not-a-number is grey."""
    span = high - low if high > low else 1.0
    scaled = (np.asarray(values, float) - low) / span * 255.0
    index = np.clip(np.nan_to_num(scaled, nan=0.0), 0, 255).astype(np.uint8)
    colours = table(ramp)[index]
    colours[~np.isfinite(values)] = UNKNOWN
    return colours


def category(index: int) -> NDArray[np.uint8]:
    """The colour of the category with this number; they repeat after twelve."""
    return rgb(_CATEGORIES[index % len(_CATEGORIES)])
