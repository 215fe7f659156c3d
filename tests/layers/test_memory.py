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
from layers.memory import LARGE, live_long

class Heap(ctypes.Structure):  # mallinfo2(3)
    _fields_ = [
        (name, ctypes.c_size_t)
        for name in "arena ordblks smblks hblks hblkhd usmblks fsmblks uordblks fordblks keepcost".split()
    ]

libc = ctypes.CDLL(None)
libc.mallinfo2.restype = Heap
if sys.argv[1] == "apart":
    live_long()
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


HEAPS = """
import ctypes
import sys
import threading
from layers.memory import live_long

libc = ctypes.CDLL(None)
if sys.argv[1] == "one":
    live_long()
together = threading.Barrier(8)

def work():
    together.wait()
    return [bytes(n) for n in range(1000, 60000, 7)]

threads = [threading.Thread(target=work) for _ in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
libc.fdopen.restype = ctypes.c_void_p
told = libc.fdopen(1, b"w")
libc.malloc_info(0, ctypes.c_void_p(told))
libc.fflush(ctypes.c_void_p(told))
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="does nothing elsewhere")
def test_threads_share_one_heap_in_a_process_that_lives_long():
    def heaps(how: str) -> int:
        out = subprocess.run(
            [sys.executable, "-c", HEAPS, how], capture_output=True, text=True, check=True
        )
        return out.stdout.count("<heap nr=")

    assert heaps("one") == 1 and heaps("many") > 1
