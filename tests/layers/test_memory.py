"""Memory that was freed goes back to the system."""

from __future__ import annotations

import subprocess
import sys

import pytest

MANY_SMALL = """
import psutil
from layers.memory import give_back
own = psutil.Process()
kept = [bytes(50_000) for _ in range(4_000)]  # 200 MB in pieces that the heap keeps when freed
last = bytes(50_000)
full = own.memory_info().rss
del kept
give_back()
print((full - own.memory_info().rss) / 2**20)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="does nothing elsewhere")
def test_freed_memory_goes_back_to_the_system():
    out = subprocess.run(
        [sys.executable, "-c", MANY_SMALL], capture_output=True, text=True, check=True
    )
    assert float(out.stdout) > 150


LARGE_ONES = """
import ctypes
import sys
from layers.memory import LARGE, keep_large_apart

class Heap(ctypes.Structure):  # mallinfo2(3)
    _fields_ = [
        (name, ctypes.c_size_t)
        for name in "arena ordblks smblks hblks hblkhd usmblks fsmblks uordblks fordblks keepcost".split()
    ]

libc = ctypes.CDLL(None)
libc.mallinfo2.restype = Heap
if sys.argv[1] == "apart":
    keep_large_apart()
big = bytearray(4 * LARGE)
del big  # by default the C library puts blocks of this size among small ones from now on
before = libc.mallinfo2().hblkhd
kept = bytearray(2 * LARGE)
print((libc.mallinfo2().hblkhd - before) / LARGE)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="does nothing elsewhere")
@pytest.mark.parametrize(("how", "blocks_beside_the_heap"), [("apart", 2), ("among small", 0)])
def test_large_arrays_lie_beside_the_heap_also_after_some_were_freed(how, blocks_beside_the_heap):
    out = subprocess.run(
        [sys.executable, "-c", LARGE_ONES, how], capture_output=True, text=True, check=True
    )
    assert float(out.stdout) == pytest.approx(blocks_beside_the_heap, abs=0.01)
