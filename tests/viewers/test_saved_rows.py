"""What is hidden is kept with the project, and nonsense in its place is left out."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from viewers.saved_view import MOST_ROWS, view_from, view_to
from viewers.view_state import Rows, ViewState


def test_hidden_things_are_kept_with_the_view():
    view = ViewState(hidden=frozenset({"a"}), hidden_rows=Rows({"b": [3, 1], "c": [0]}))
    kept = json.loads(json.dumps(view_to(view, (), None)))
    again, _ = view_from(kept, ViewState())
    assert again.hidden_rows == view.hidden_rows and again.hidden == view.hidden


def test_very_many_are_not_kept():
    view = replace(ViewState(), hidden_rows=Rows({"b": range(MOST_ROWS + 1)}))
    assert view_from(view_to(view, (), None), ViewState())[0].hidden_rows == Rows()


@pytest.mark.parametrize(
    "bad",
    [None, 3, "x", [1], {"b": "x"}, {"b": [None]}, {"b": {"c": 1}}, {"b": [10**30]}, {"b": [-4]}],
)
def test_what_cannot_be_rows_is_left_out(bad):
    again, _ = view_from({"hidden_rows": bad}, ViewState())
    assert again.hidden_rows == Rows()
