"""What an assessment says: scores, grade, issues, and every check behind them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

import msgspec

from layers.notices import Severity

Criterion = Literal["correct", "sufficient", "clean", "live", "consistent", "shared"]
Grade = Literal["A", "B", "C", "D", "E"]

CRITERIA: tuple[Criterion, ...] = (
    "correct",
    "sufficient",
    "clean",
    "live",
    "consistent",
    "shared",
)
"""đúng, đủ, sạch, sống, thống nhất, dùng chung: the words Vietnam's data programme uses."""

GRADES: tuple[Grade, ...] = ("A", "B", "C", "D", "E")
"""Best first."""

MAX_PLACES = 1000
"""Example positions kept per issue; `count` always holds the whole number."""

Places = tuple[tuple[float, float], ...]
"""Positions (x, y) in the layer's CRS."""


class Scores(msgspec.Struct, frozen=True, kw_only=True):
    """Six scores, 0 … 100, None where no check of that criterion applies."""

    correct: float | None = None
    sufficient: float | None = None
    clean: float | None = None
    live: float | None = None
    consistent: float | None = None
    shared: float | None = None

    def of(self, criterion: Criterion) -> float | None:
        """The score of one criterion."""
        score: float | None = getattr(self, criterion)
        return score


class Issue(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is wrong with a layer.

    Attributes
    ----------
    code : code of the check that found it; `layers.health.registry.check_of` has its title
    what : what was found, one sentence with numbers
    count : how many things it concerns; total : out of how many
    where : up to `MAX_PLACES` positions (x, y) in the layer's CRS, worst first where that is known
    fix : what to do, one sentence
    severity : "error" where it limits the grade, "warning" where its check scores below 90 and
        weighs 1 or more, else "info"
    criterion : which of the six it counts against
    """

    code: str
    what: str
    count: int
    where: Places
    fix: str
    severity: Severity
    criterion: Criterion
    total: int = 0


class CheckResult(msgspec.Struct, frozen=True, kw_only=True):
    """One check that applied: its score and what it is made of.

    `bad` is the share (0 … 1) that the formula of the check speaks of; `note` says where the check
    looked at a sample only.
    """

    code: str
    criterion: Criterion
    score: float
    weight: float
    bad: float
    count: int
    total: int
    note: str = ""


class Assessment(msgspec.Struct, frozen=True, kw_only=True):
    """How healthy one layer is.

    Attributes
    ----------
    id, name, kind : of the layer
    scores : six scores
    overall : weighted mean of the scores, 0 … 100; None where nothing could be checked
    grade : from `overall`, never better than the worst critical issue allows
    limited_by : code of the check that holds the grade down, "" where none does
    issues : worst first
    checks : every check that applied
    """

    id: str
    name: str
    kind: str
    scores: Scores
    overall: float | None
    grade: Grade
    limited_by: str = ""
    issues: tuple[Issue, ...] = ()
    checks: tuple[CheckResult, ...] = ()

    def result(self, code: str) -> CheckResult | None:
        """What the check `code` said; None where it did not apply."""
        return next((check for check in self.checks if check.code == code), None)

    def issue(self, code: str) -> Issue | None:
        """The first issue of the check `code`; None where it found none."""
        return next((issue for issue in self.issues if issue.code == code), None)


def weakest(assessments: Iterable[Assessment]) -> Grade:
    """The worst grade among `assessments`, which every result made of them carries; "A" for none."""
    return max((one.grade for one in assessments), key=GRADES.index, default="A")


def as_json(assessments: Iterable[Assessment]) -> dict[str, Any]:
    """What `dothi health --json` prints: {"targets": [{name, kind, scores, grade, issues}, …]}."""
    return {"targets": [msgspec.to_builtins(one) for one in assessments]}
