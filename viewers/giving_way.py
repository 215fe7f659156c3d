"""Threads that let the window's thread, and those that draw for it, go first."""

from __future__ import annotations

import contextlib
import os
import sys
import threading

NICE = 10
"""A tenth of the share that the window gets where both want a core: while both hold Python's lock in
turns, a worker that got next to nothing would make the window wait."""
LOWEST = 19
BELOW_NORMAL = -1


def give_way() -> None:
    """Have the thread that calls this, and those it starts, take what the window leaves.

    Where cores are few, a frame that is drawn in software and brought to the screen would else share
    them with tiles that nobody sees yet. Nothing happens where the system cannot do it for a thread.
    """
    if sys.platform.startswith("linux"):
        with contextlib.suppress(OSError):
            thread = threading.get_native_id()
            own = os.getpriority(os.PRIO_PROCESS, thread)
            os.setpriority(os.PRIO_PROCESS, thread, min(own + NICE, LOWEST))
    elif sys.platform == "win32":
        import ctypes

        kernel = ctypes.windll.kernel32
        kernel.SetThreadPriority(kernel.GetCurrentThread(), BELOW_NORMAL)
