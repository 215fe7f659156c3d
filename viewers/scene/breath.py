"""Pauses in a large frame, so that a software driver never holds the whole of it at once.

Mesa's llvmpipe sorts triangles into lists of up to 36 MiB while other threads draw earlier lists. Where
sorting is quicker than drawing, a frame of a million triangles with four samples a pixel had ten such
lists waiting; and it frees a list, with all buffers that it names, only when its place among the lists
is used again (`lp_setup_get_empty_scene`), which a smaller frame never does. 300 MiB stayed so after a
city of 100 000 buildings was closed, and after flights now and then a picture or two.
"""

from __future__ import annotations

from typing import Any

from vtkmodules.vtkCommonCore import vtkCommand
from vtkmodules.vtkRenderingCore import vtkPolyDataMapper
from vtkmodules.vtkRenderingOpenGL2 import vtkOpenGLRenderTimer

from viewers.scene.copying import copying, smooth_texture, stretch
from viewers.scene.renderer_name import is_software

MOST = 30_000
"""Triangles, lines and points between two pauses: they fill no list, with four samples a pixel either.
A frame takes as long with the pauses as without."""
PLACES = 64
"""Lists that are used anew so that they let go: Mesa has no more (`MAX_SCENES`), and a resting frame used
more than eight."""
FILL = 6_000_000
"""Pixels of the list that is drawn meanwhile: some 30 ms for two cores."""
MOST_TIMES = 200
"""How often a small window is drawn over at most; one folded up to a pixel would be so millions of times."""


class Breath:
    """Has one renderer wait for the driver after each `MOST` triangles, where software draws."""

    def __init__(self, renderer: Any, window: Any) -> None:
        self._renderer, self._window = renderer, window
        self._software: bool | None = None
        self._pauses: list[tuple[Any, int]] = []
        # After everything else that is done before a frame: what is seen is known then.
        self._observers = [
            renderer.AddObserver("StartEvent", self._place, -1.0),
            renderer.AddObserver("EndEvent", self._forget),
        ]

    @property
    def pauses(self) -> int:
        """How many the frame has that is being drawn."""
        return len(self._pauses)

    def _place(self, *_: Any) -> None:
        self._forget()
        if self._software is None:
            self._software = is_software(self._window)
        if not self._software:
            return
        given = 0
        actors = self._renderer.GetActors()
        actors.InitTraversal()
        for _number in range(actors.GetNumberOfItems()):
            actor = actors.GetNextActor()
            mapper = actor.GetMapper() if actor.GetVisibility() else None
            if not isinstance(mapper, vtkPolyDataMapper):
                continue
            size = size_of(mapper)
            if given and given + size > MOST:
                self._pauses.append((mapper, mapper.AddObserver(vtkCommand.StartEvent, self._wait)))
                given = 0
            given += size

    def _wait(self, *_: Any) -> None:
        self._window.WaitForCompletion()

    def let_go(self) -> None:
        """Have the driver forget what was closed, which lists of earlier frames may still name.

        A list is only emptied when its place is used again, and the first that is free is used first.
        While one list is drawn that takes long, as many as there are places are begun and ended with
        nothing in them: a time that is asked for before it is there has the driver begin with a list,
        and nobody waits for it. What was in the window's frame is lost: draw it after this.
        """
        window = self._window
        if not self._software or not vtkOpenGLRenderTimer.IsSupported():
            return
        window.MakeCurrent()
        wide, high = window.GetSize()
        state, frame = window.GetState(), window.GetRenderFramebuffer()
        texture = smooth_texture(window, 8, 8)
        state.PushFramebufferBindings()
        frame.Bind()
        frame.ActivateDrawBuffer(0)
        begun = []
        with copying(window):
            for number in range(PLACES):
                for _ in range(1 if number else min(-(-FILL // max(wide * high, 1)), MOST_TIMES)):
                    stretch(texture, *((8, 8) if number else (wide, high)))
                timer = vtkOpenGLRenderTimer()
                timer.Start()
                timer.Stop()
                timer.Ready()
                begun.append(timer)
        window.WaitForCompletion()
        state.PopFramebufferBindings()
        for timer in begun:
            timer.ReleaseGraphicsResources()
        texture.ReleaseGraphicsResources(window)

    def _forget(self, *_: Any) -> None:
        for mapper, tag in self._pauses:
            mapper.RemoveObserver(tag)
        self._pauses.clear()

    def close(self) -> None:
        """Wait no more."""
        self._forget()
        for tag in self._observers:
            self._renderer.RemoveObserver(tag)
        self._observers.clear()


def size_of(mapper: vtkPolyDataMapper) -> int:
    """Triangles, lines and points that a mapper draws."""
    data = mapper.GetInput()
    if data is None:
        return 0
    corners = data.GetPolys().GetNumberOfConnectivityIds() // 3
    ends = data.GetLines().GetNumberOfConnectivityIds() // 2
    return int(corners + ends + data.GetVerts().GetNumberOfConnectivityIds())
