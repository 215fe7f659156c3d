"""Whoever steps out of a rule says why, there and then."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FLOORS = ("layers", "assets", "twin", "viewers", "tests")
FILES = [path for floor in FLOORS for path in sorted((ROOT / floor).rglob("*.py"))]
# Written in two parts, so that this file does not find itself.
EXCEPTION = re.compile(r"# (?:no" r"qa(?:: [A-Z0-9, ]+)?|type: ig" r"nore(?:\[[a-z, -]+\])?)(.*)$")


@pytest.mark.parametrize("floor", FLOORS)
def test_each_exception_from_a_rule_says_why(floor):
    silent = []
    for path in (one for one in FILES if one.is_relative_to(ROOT / floor)):
        lines = path.read_text(encoding="utf-8").splitlines()
        for number, line in enumerate(lines):
            found = EXCEPTION.search(line)
            if found is None or len(found[1].strip()) > 5:
                continue
            if number == 0 or not lines[number - 1].lstrip().startswith("#"):
                silent.append(f"{path.relative_to(ROOT)}:{number + 1}")
    assert not silent


def test_the_types_of_tests_are_not_silenced_for_nobody():
    """mypy reads the floors alone, so such a comment in a test does nothing."""
    tests = [path for path in FILES if path.is_relative_to(ROOT / "tests")]
    marker = "type: " + "ignore"
    assert not [path.name for path in tests if marker in path.read_text(encoding="utf-8")]
