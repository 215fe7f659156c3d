"""Colours of numbers and of categories: perceptual ramps, safe for colour-blind eyes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from layers.breaks import class_of
from twin.style import Palette, Ramp

# viridis, cividis, magma, blues, oranges, grey: sampled from matplotlib's maps (BSD) at even steps.
# batlow, vik: from Crameri's Scientific colour maps 8 (MIT; doi 10.5281/zenodo.1243862), likewise.
# calm and terrain are our own. All but vik, which has two ends, go from dark to light or back.
_STOPS: dict[Ramp, str] = {
    "calm": "e9e4d8 dcd3bf c9bfa9 aab5b3 7fa0ae 5a83a0 3f6489 2f4770",
    "viridis": "440154 472d7b 3b528b 2c728e 21918c 28ae80 5ec962 addc30 fde725",
    "cividis": "00224e 1a386f 434e6c 61656f 7d7c78 9b9476 bcae6c dec958 fee838",
    "batlow": "011959 144d62 3c6d56 828231 d29343 fdac9e faccfa",
    "magma": "000004 1d1147 51127c 832681 b73779 e75263 fc8961 fec488 fcfdbf",
    "terrain": "31564a 4f7560 76926e a0ab78 c5bb87 dccba3 ebdfc6 f8f4ec",
    "blues": "f7fbff deebf7 c6dbef 9ecae1 6baed6 4292c6 2171b5 08519c 08306b",
    "oranges": "fff5eb fee6ce fdd0a2 fdae6b fd8d3c f16913 d94801 a63603 7f2704",
    "grey": "f2f2f2 d5d5d5 b4b4b4 939393 727272 525252 333333",
    "vik": "001261 06548b 70a8c4 ece5e0 d39774 a94512 590008",
}
# calm: searched for by us, so that any two of its colours, and each and `UNKNOWN`, differ by ΔE 2000
# of 12 or more for every kind of colour vision (tests/viewers/test_ramps.py).
# okabe: Okabe & Ito 2008, Color Universal Design, without black. tol: Tol 2021, Colour Schemes
# (SRON/EPS/TN/09-002), “muted”.
_PALETTES: dict[Palette, str] = {
    "calm": "50baf2 cc9b58 209a7f b399b1 977340 4b4d7f fbd68b 756e87 8f364d cddef8 7b7bc7 5f4f03",
    "okabe": "e69f00 56b4e9 009e73 f0e442 0072b2 d55e00 cc79a7",
    "tol": "cc6677 332288 ddcc77 117733 88ccee 882255 44aa99 999933 aa4499",
}
UNKNOWN = np.array([196, 192, 184], np.uint8)


def rgb(text: str) -> NDArray[np.uint8]:
    """ "#rrggbb" as uint8 (3,); grey where it is not one."""
    text = text.lstrip("#")
    try:
        return np.frombuffer(bytes.fromhex(text), np.uint8)[:3] if len(text) == 6 else UNKNOWN
    except ValueError:
        return UNKNOWN


@lru_cache(maxsize=32)
def table(ramp: Ramp, reverse: bool = False) -> NDArray[np.uint8]:
    """256 colours (256, 3) of a ramp; not to be written to."""
    stops = np.array([rgb(text) for text in _STOPS.get(ramp, _STOPS["viridis"]).split()], float)
    at = np.linspace(0, len(stops) - 1, 256)
    mixed = np.stack([np.interp(at, np.arange(len(stops)), stops[:, i]) for i in range(3)], axis=1)
    made: NDArray[np.uint8] = np.rint(mixed).astype(np.uint8)[:: -1 if reverse else 1]
    made.flags.writeable = False
    return made


def of_numbers(
    values: NDArray[np.floating], ramp: Ramp, low: float, high: float
) -> NDArray[np.uint8]:
    """Colours (n, 3); not-a-number is grey."""
    return Scale(ramp=ramp, low=low, high=high)(values)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """Numbers to colours: continuous between `low` and `high`, or one colour per class.

    `inner` are the limits between classes, ascending; None for a continuous scale. `unknown` is the
    "#rrggbb" of what is no number, "" for grey. Made once, used by workers, too.
    """

    ramp: Ramp
    low: float
    high: float
    reverse: bool = False
    inner: tuple[float, ...] | None = None
    unknown: str = ""

    def __call__(self, values: ArrayLike) -> NDArray[np.uint8]:
        """Colours, uint8 (n, 3), of `values`, (n,)."""
        numbers = np.asarray(values, dtype=np.float64)
        known = np.isfinite(numbers)
        if self.inner is None:
            span = self.high - self.low if self.high > self.low else 1.0
            scaled = (np.where(known, numbers, self.low) - self.low) / span * 255.0
            colours = table(self.ramp, self.reverse)[np.clip(scaled, 0, 255).astype(np.uint8)]
        else:
            colours = self.steps()[np.maximum(class_of(numbers, np.array(self.inner)), 0)]
        colours[~known] = rgb(self.unknown) if self.unknown else UNKNOWN
        return colours

    def steps(self) -> NDArray[np.uint8]:
        """A colour per class, (classes, 3), from one end of the ramp to the other."""
        count = 1 if self.inner is None else len(self.inner) + 1
        at = np.linspace(0, 255, count) if count > 1 else np.array([127.5])
        found: NDArray[np.uint8] = table(self.ramp, self.reverse)[np.rint(at).astype(int)]
        return found


def palette(name: Palette) -> list[str]:
    """The colours of categories in their order, "#rrggbb"."""
    return [f"#{text}" for text in _PALETTES.get(name, _PALETTES["calm"]).split()]


def category(index: int, name: Palette = "calm") -> NDArray[np.uint8]:
    """The colour of the category with this number; they repeat when all were used."""
    colours = palette(name)
    return rgb(colours[index % len(colours)])
