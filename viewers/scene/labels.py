"""Words over the city that do not collide: which are seen, where on the screen, and that they stay."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from viewers.scene.label_places import Labels
from viewers.scene.overlay import Overlay
from viewers.scene.projecting import project_many

MOST = 300
"""Labels at a time."""
TRIED = 1500
"""The most important ones in sight that a place is sought for."""
AGAIN_S = 0.25
"""While something moves, new labels are sought at most so often."""
FRESH = 16
"""So many new words are painted for one frame that moves."""
CELL = 6.0
"""Pixels of the grid that words are kept apart by."""
LEAST_PIXELS = 34.0
"""What is seen smaller than this is not named; what is named already, until it is a quarter smaller."""
STAY = 0.75
GAP = 4.0
"""Pixels that stay free around words."""
SAME_TEXT_PX = 260.0
"""The same words are not seen twice within so many pixels."""
BEYOND = 1500.0
"""Pixels beyond a part of a picture from where words still reach into it."""
FAINT = 0.42
"""Opacity of words whose place is behind something."""

Key = tuple[str, int]
"""Layer, number of the label in it."""
Pixels = NDArray[np.uint8]
Paint = Callable[[str, float], Pixels]
"""A text and the height of its letters in pixels at 96 dpi: uint8 (height, width, 4)."""


@dataclass(frozen=True, slots=True)
class Wish:
    """A label that would like a place: middle of its lower edge in pixels, and its size."""

    key: Key
    text: str
    x: float
    y: float
    width: float
    height: float


class Places:
    """The screen as a grid of small cells; words take whole cells, so a question costs little."""

    def __init__(self, size: tuple[int, int]) -> None:
        self._taken = np.zeros((int(size[1] / CELL) + 2, int(size[0] / CELL) + 2), dtype=bool)
        self._texts: dict[str, list[tuple[float, float]]] = {}
        self._size = size

    def take(self, wish: Wish) -> bool:
        """Give `wish` its place; False where one is taken or it would reach beyond the edge."""
        left, right = wish.x - wish.width / 2 - GAP, wish.x + wish.width / 2 + GAP
        low, high = wish.y - GAP, wish.y + wish.height + GAP
        if left < 0 or low < 0 or right > self._size[0] or high > self._size[1]:
            return False
        for x, y in self._texts.get(wish.text, ()):
            if abs(x - wish.x) < SAME_TEXT_PX and abs(y - wish.y) < SAME_TEXT_PX:
                return False
        cells = (
            slice(int(low / CELL), int(high / CELL) + 1),
            slice(int(left / CELL), int(right / CELL) + 1),
        )
        if self._taken[cells].any():
            return False
        self._taken[cells] = True
        self._texts.setdefault(wish.text, []).append((wish.x, wish.y))
        return True


def placed(
    wishes: list[Wish], size: tuple[int, int], *, before: frozenset[Key], most: int = MOST
) -> list[Wish]:
    """The wishes that get a place, in their order; those seen `before` are asked first."""
    places = Places(size)
    found: list[Wish] = []
    for stays in (True, False):
        for wish in wishes:
            if (wish.key in before) == stays and len(found) < most and places.take(wish):
                found.append(wish)
    return found


class LabelStage:
    """Chooses and draws the labels of all layers before each frame.

    Parameters
    ----------
    overlay
        Where they are drawn.
    paint
        Makes the picture of a text; asked once for each.
    """

    def __init__(self, overlay: Overlay, paint: Paint) -> None:
        self._overlay, self._paint = overlay, paint
        self._layers: dict[str, Labels] = {}
        self._pictures: dict[tuple[str, float], tuple[Pixels, Pixels]] = {}
        self._shown: dict[Key, tuple[str, float]] = {}
        self._drawn: set[str] = set()
        self._sought = 0.0
        self._hidden: dict[Key, bool] = {}
        self.on = True

    @property
    def shown(self) -> frozenset[Key]:
        """What is seen now."""
        return frozenset(self._shown)

    def set_layers(self, layers: dict[str, Labels]) -> None:
        """Labels of layers in their order; the first ones are the most important."""
        changed = [k for k in self._layers if layers.get(k) is not self._layers[k]]
        self._layers = dict(layers)
        for key in [k for k in self._shown if k[0] in changed]:
            self._shown.pop(key)
            self._hidden.pop(key, None)
        self._sought = 0.0

    def repaint(self) -> None:
        """Paint all words anew: the theme or the screen is another."""
        self._pictures.clear()
        self._clear()

    def forget_pictures(self) -> None:
        """Paint words anew in another size; which are seen stays."""
        self._pictures.clear()

    def look(
        self,
        renderer: object,
        size: tuple[int, int],
        *,
        moving: bool,
        pixels_per_radian: float,
        parallel: float = 0.0,
        frozen: bool = False,
        covered: Callable[[NDArray[np.float64]], NDArray[np.bool_]] | None = None,
    ) -> None:
        """Choose and draw for the coming frame.

        Parameters
        ----------
        size : of the picture, pixels
        moving : only what is seen already is kept in its place, and new words come now and then
        pixels_per_radian, parallel : as in `Eye`
        frozen : a part of a larger picture is drawn: what was chosen for the whole stays
        covered : which of the places (n, 3) in scene metres something stands before; None while
            that is not asked
        """
        if not self.on or not self._layers:
            self._clear()
            return
        now = time.perf_counter()
        seek = not frozen and (not moving or now - self._sought > AGAIN_S)
        wishes = self._wishes(
            renderer, size, pixels_per_radian, parallel, only_shown=not seek, frozen=frozen
        )
        chosen = wishes if frozen else placed(wishes, size, before=self.shown)
        if seek:
            self._sought = now
        if moving and seek:
            chosen = self._few_new(chosen)
        if not frozen:
            self._shown = {wish.key: self._shown_as(wish) for wish in chosen}
        if covered is not None and not frozen:
            self._ask_covered(chosen, covered)
        self._draw(chosen)

    def _shown_as(self, wish: Wish) -> tuple[str, float]:
        return wish.text, self._layers[wish.key[0]].size

    def _few_new(self, chosen: list[Wish]) -> list[Wish]:
        """Paint only some new words, so that the frame comes in time; the others come soon."""
        left, kept = FRESH, []
        for wish in chosen:
            if (wish.text, self._layers[wish.key[0]].size) not in self._pictures:
                left -= 1
                if left < 0:
                    self._sought = 0.0
                    continue
            kept.append(wish)
        return kept

    def _wishes(
        self,
        renderer: object,
        size: tuple[int, int],
        pixels_per_radian: float,
        parallel: float,
        *,
        only_shown: bool,
        frozen: bool,
    ) -> list[Wish]:
        """Labels in sight that are large enough, the most important first, layers taking turns."""
        found: list[tuple[float, Wish]] = []
        for place, (layer, labels) in enumerate(self._layers.items()):
            rows = np.arange(len(labels.texts))
            if only_shown:
                rows = np.array([k for name, k in self._shown if name == layer], dtype=np.int64)
            if not len(rows):
                continue
            pixels, depth = project_many(labels.where[rows], renderer, size)
            scale = np.full(len(rows), parallel)
            if not parallel:
                scale = pixels_per_radian / np.maximum(depth, 1.0)
            least = np.full(len(rows), LEAST_PIXELS)
            mine = [k for name, k in self._shown if name == layer]
            least[np.isin(rows, mine)] *= STAY
            with np.errstate(invalid="ignore"):
                beyond = BEYOND if frozen else 0.0
                seen = (pixels >= -beyond).all(axis=1) & (pixels < np.add(size, beyond)).all(axis=1)
                seen &= frozen | (labels.extent[rows] * scale >= least)
            for rank, k in enumerate(np.flatnonzero(seen)[:TRIED]):
                row = int(rows[k])
                text = labels.texts[row]
                width, height = self._measure(text, labels.size)
                x, y = pixels[k]
                wish = Wish((layer, row), text, float(x), float(y), width, height)
                found.append((rank + place * 0.1, wish))
        found.sort(key=lambda pair: pair[0])
        return [wish for _, wish in found[:TRIED]]

    def _measure(self, text: str, size: float) -> tuple[float, float]:
        """Width and height of the words; of what is not painted yet, about."""
        known = self._pictures.get((text, size))
        if known is None:
            return len(text) * size * 0.62 + 8, size * 1.5 + 4
        height, width, _ = known[0].shape
        return float(width), float(height)

    def _ask_covered(
        self, chosen: list[Wish], covered: Callable[[NDArray[np.float64]], NDArray[np.bool_]]
    ) -> None:
        if not chosen:
            self._hidden = {}
            return
        where = np.array([self._layers[w.key[0]].where[w.key[1]] for w in chosen])
        self._hidden = dict(
            zip((w.key for w in chosen), covered(where).astype(bool).tolist(), strict=True)
        )

    def _draw(self, chosen: list[Wish]) -> None:
        names = set()
        for wish in chosen:
            name = f"label {wish.key[0]} {wish.key[1]}"
            full, faint = self._picture(wish.text, self._layers[wish.key[0]].size)
            pixels = faint if self._hidden.get(wish.key, False) else full
            self._overlay.image(name, pixels, wish.x - pixels.shape[1] / 2, wish.y)
            names.add(name)
        for name in self._drawn - names:
            self._overlay.drop(name)
        self._drawn = names

    def _picture(self, text: str, size: float) -> tuple[Pixels, Pixels]:
        known = self._pictures.get((text, size))
        if known is None:
            if len(self._pictures) > 4 * TRIED:
                self._pictures.clear()
            full = np.ascontiguousarray(self._paint(text, size))
            faint = full.copy()
            faint[..., 3] = (faint[..., 3] * FAINT).astype(np.uint8)
            known = self._pictures[(text, size)] = (full, faint)
        return known

    def _clear(self) -> None:
        for name in self._drawn:
            self._overlay.drop(name)
        self._drawn.clear()
        self._shown.clear()
