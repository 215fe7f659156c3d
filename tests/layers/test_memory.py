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
