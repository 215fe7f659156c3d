"""The user guide names every check as the registry does."""

from __future__ import annotations

from pathlib import Path

import pytest

from layers.health.grading import THRESHOLDS, WEIGHTS
from layers.health.registry import CHECKS
from layers.health.report import GRADE_MEANINGS, check_table

GUIDE = Path(__file__).parents[2] / "docs" / "guide" / "health.md"


@pytest.fixture(scope="module")
def guide() -> str:
    return GUIDE.read_text(encoding="utf-8")


def test_the_guide_holds_the_table_of_all_checks(guide):
    assert check_table() in guide, "write report.check_table() into docs/guide/health.md again"
    assert f"## All {len(CHECKS)} checks" in guide


def test_the_guide_states_the_weights_and_thresholds_that_are_used(guide):
    told = guide.split("weighted **")[1].split("**")[0]
    pairs = (part.rsplit(" ", 1) for part in told.split(", "))
    assert {name: float(weight) for name, weight in pairs} == WEIGHTS
    for grade, least in THRESHOLDS:
        assert f"| {grade} | {least:.0f} " in guide
    for grade, meaning in GRADE_MEANINGS.items():
        assert any(
            line.startswith(f"| {grade} |") and meaning.lower() in line.lower()
            for line in guide.splitlines()
        )
