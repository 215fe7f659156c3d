"""One thing is said as one thing, many stay many."""

from __future__ import annotations

import pytest

from layers.plurals import agreed


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (
            "1 geometries were not valid and have been repaired (ring)",
            "1 geometry was not valid and has been repaired (ring)",
        ),
        ("1 buildings have no height; they are a layer of outlines",
         "1 building has no height; they are a layer of outlines"),
        ("1 outlines stand where dsm shows no building", "1 outline stands where dsm shows no building"),
        ("1 of 12 outlines have fewer than 4 points", "1 of 12 outlines has fewer than 4 points"),
        ("1 boxes lie outside", "1 box lies outside"),
        ("1 pairs of outlines overlap; 1 of them by more than 0.01 m²",
         "1 pair of outlines overlaps; 1 of them by more than 0.01 m²"),
        ("1 rows of the table t have no id", "1 row of the table t has no id"),
        ("1 different texts in “ten” were read", "1 different text in “ten” was read"),
    ],
)  # fmt: skip
def test_one_is_one(written, meant):
    assert agreed(written) == meant


@pytest.mark.parametrize(
    "sentence",
    [
        "11 geometries were not valid",
        "2,131 pairs of outlines overlap",
        "3.1 metres are too many",
        "0.1 buildings have no height",
        "There is 1 class in it",
        "1 was left",
        "LAS 1.1 files are read",
        "21 outlines are smaller than 1 m²",
    ],
)
def test_many_and_other_numbers_stay(sentence):
    assert agreed(sentence) == sentence
