"""How far a still picture is refined, and what VTK is told for each step."""

from __future__ import annotations

from enum import IntEnum
from typing import Any

from vtkmodules.vtkRenderingOpenGL2 import vtkEDLShading, vtkRenderStepsPass


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

    Multisampling does nothing for points and costs most with them. Eye-dome lighting: Boucheny
    2009, *Visualisation scientifique de grands volumes de données*, the pass that VTK has.
    """

    def __init__(self, renderer: Any, window: Any) -> None:
        self._renderer, self._window = renderer, window
        self._edl: vtkEDLShading | None = None

    def set(self, step: Step, *, points: bool, quick: bool = False) -> None:
        """Prepare the next frame; `quick` smooths the picture instead of sampling it more often."""
        smooth = step >= Step.SMOOTH
        self._window.SetMultiSamples(MSAA if smooth and not points and not quick else 0)
        self._renderer.SetUseFXAA(smooth and quick and not points)
        wanted = smooth and points
        if wanted and self._edl is None:
            self._edl = vtkEDLShading()
            self._edl.SetDelegatePass(vtkRenderStepsPass())
        if (self._renderer.GetPass() is not None) != wanted:
            self._renderer.SetPass(self._edl if wanted else None)

    def close(self) -> None:
        """Give the window back as it was."""
        if self._edl is not None:
            self._renderer.SetPass(None)
            self._edl.ReleaseGraphicsResources(self._window)
            self._edl = None
