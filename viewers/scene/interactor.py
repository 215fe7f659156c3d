"""VTK's view as a Qt widget, as our windows want it: the only place that knows pyvistaqt."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget
from pyvistaqt import QtInteractor
from vtkmodules.vtkInteractionStyle import vtkInteractorStyleUser

View = QtInteractor


def new_interactor(parent: QWidget) -> View:
    """A view that is hidden still and draws nothing by itself.

    To be made with its window, not when a city comes: Qt makes a window anew that gets its first view
    with OpenGL while it is on screen. Shown before its panels are there it would be drawn at each size.
    """
    made = QtInteractor(
        parent, auto_update=False, multi_samples=0, line_smoothing=False, lighting="none"
    )
    # Our own hands move the camera; VTK's styles would render once more for each move.
    made.iren.interactor.SetInteractorStyle(vtkInteractorStyleUser())
    made.setMouseTracking(True)
    made.hide()
    return made
