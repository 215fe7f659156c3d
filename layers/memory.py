"""Give memory that was freed back to the system, so that it can be had by others."""

from __future__ import annotations

import contextlib
import ctypes
import functools
import linecache
import sys
from collections.abc import Callable


def give_back() -> None:
    """Return freed heap pages after something large was let go.

    The GNU C library keeps them for itself otherwise: after reading 5.8 million points tens of
    megabytes stay with the process. Elsewhere (Windows, macOS, musl) nothing more is done
    than to forget lines of source code that are kept for tracebacks.
    """
    # PySide reads the source of each module imported after it, and the lines stay: 20 MB.
    linecache.clearcache()
    trim = _trim()
    if trim is not None:
        trim(0)


LARGE = 4 * 2**20
"""Bytes from which on a block of memory is the system's again as soon as it is freed."""
SPARE = 64 * 2**20
"""Bytes at the heap's end that wait for `give_back`: all threads would wait each time they come and go."""


@functools.cache
def live_long() -> None:
    """Set up the heap for a process that opens and closes large things all day; does so once.

    The GNU C library puts blocks of up to 32 MiB among small ones once some were freed, and gives each
    thread a heap of its own; each small block that lives on keeps pages of both. After 400 flights over
    a city 80 of 540 MiB were such pages of large blocks; with one heap for all threads memory stays
    within 0.5 % where it grew by 4 and more. Heaps that threads have already stay: call it first of all.
    Elsewhere nothing is done.
    """
    if sys.platform.startswith("linux"):
        with contextlib.suppress(OSError, AttributeError):
            set_option = ctypes.CDLL(None).mallopt
            set_option(ctypes.c_int(_MMAP_THRESHOLD), ctypes.c_int(LARGE))
            set_option(ctypes.c_int(_ARENA_MAX), ctypes.c_int(1))
            set_option(ctypes.c_int(_TRIM_THRESHOLD), ctypes.c_int(SPARE))


_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8  # M_… of malloc.h


@functools.cache
def _trim() -> Callable[[int], int] | None:
    if not sys.platform.startswith("linux"):
        return None
    try:
        trim = ctypes.CDLL(None).malloc_trim
    except (OSError, AttributeError):
        return None
    trim.argtypes, trim.restype = [ctypes.c_size_t], ctypes.c_int
    return trim
