"""How far a still picture is refined, and what VTK is told for each step."""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum
from typing import Any

from layers.memory import give_back
from viewers.scene.breath import Breath
from viewers.scene.eye_dome import EyeDome
from viewers.scene.fewer_pixels import FewerPixels


class Step(IntEnum):
    """Each takes longer than the one before; a hand may interrupt between any two."""

    MOVING = 0
    """Within the frame's budget, plain."""
    WHOLE = 1
    """Everything in sight, plain."""
    LIT = 2
    """Shadow, open sky and outlines."""
    SMOOTH = 3
    """Smooth edges, or the depth of a point cloud made visible."""


MSAA = 4


class Smoothing:
    """Smooth edges; where points are in sight, eye-dome lighting in their stead.

    Multisampling does nothing for points and costs most with them.
    """

    def __init__(
        self, renderer: Any, window: Any, *, owes: Callable[[], bool], fewer: Callable[[], bool]
    ) -> None:
        """`owes` tells that points are still to come: a thin cloud is mostly hollows. `fewer` tells
        that a frame should have fewer pixels."""
        self._renderer, self._window = renderer, window
        self._dome = EyeDome(renderer, window, unless=owes)
        self._breath = Breath(renderer, window)
        self._pixels = FewerPixels(renderer, window, wanted=fewer)

    def set(self, step: Step, *, points: bool, quick: bool = False) -> None:
        """Prepare the next frame; `quick` smooths the picture instead of sampling it more often."""
        smooth = step >= Step.SMOOTH
        self._window.SetMultiSamples(MSAA if smooth and not points and not quick else 0)
        self._renderer.SetUseFXAA(smooth and quick and not points)
        self._dome.on = smooth and points

    def let_go(self) -> None:
        """Give back what was closed; a frame must be drawn afterwards."""
        self._breath.let_go()
        give_back()

    def close(self) -> None:
        """Give the window back as it was."""
        self._dome.close()
        self._breath.close()
        self._pixels.close()
