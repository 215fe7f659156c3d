"""What all tests share: where the real data is."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


def data_folder() -> Path | None:
    """The folder of real data: DOTHI_DATA, else ../shared/data beside the project, else None."""
    stated = os.environ.get("DOTHI_DATA")
    folder = Path(stated) if stated else Path(__file__).parents[2] / "shared" / "data"
    return folder if (folder / "delft").is_dir() else None


@pytest.fixture(scope="session")
def data() -> Path:
    """The real data; a test that asks for it is skipped without, but fails in CI."""
    folder = data_folder()
    if folder is None:
        if os.environ.get("DOTHI_REQUIRE_DATA"):
            pytest.fail("DOTHI_REQUIRE_DATA is set but the folder of real data is not there")
        pytest.skip("no real data: set DOTHI_DATA to the folder that holds delft/, hanoi/ …")
    return folder
